"""The queue as the page shows it: rows of the database to values for templates. Nothing here changes the queue."""

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, func, select

from renderer.manifest import duration
from renderer.studio.queue import ink_supply, job_pictures
from renderer.studio.queue.records import Job, Question, job_of, question_of
from renderer.studio.queue.states import ENDED, LEASED, WAITING, state_text
from renderer.studio.queue.tables import jobs, pictures, prompts, queues, workers

MOST_WAITING = 200  # rows of a list
MOST_ENDED = 24
MOST_FINISHED = 120
ALIVE_S = 30.0  # a worker that has not reported for longer is shown as lost
BUTTONS = {
    "pause": ("Hold", "curator"), "resume": ("Resume", "curator"), "release": ("Release", "curator"),
    "cancel": ("Cancel", "curator"), "copy": ("Copy", "curator"), "retry": ("Try again", "curator"),
    "remove": ("Remove", "curator"),
}  # fmt: skip
PLOT_BUTTONS = {"pause": ("Pause", "operator"), "resume": ("Resume", "operator"), "cancel": ("Abort", "operator")}


@dataclass(frozen=True)
class Button:
    """A button: an action that the state of a job allows."""

    name: str
    label: str
    role: str
    confirm: str = ""


@dataclass(frozen=True)
class Waiting:
    """The first jobs that wait, and how many there are."""

    jobs: list[Job]
    count: int


@dataclass(frozen=True)
class WorkerView:
    """A worker as the view of machines shows it."""

    name: str
    kind: str
    place: str
    is_alive: bool
    heard: str  # `4 s ago`


@dataclass(frozen=True)
class Station:
    """A machine that plots, or the queue of renders: its workers, the jobs at work, the jobs that wait."""

    name: str
    paused: str | None  # why it is paused; None if it is not
    sheet: str
    workers: list[WorkerView]
    at_work: list[Job]
    asked: Question | None
    waiting: Waiting
    minutes: float  # that the waiting plots take, as far as known
    dry: list[ink_supply.DryPen] = field(default_factory=list)
    inks: list[ink_supply.PenInk] = field(default_factory=list)

    @property
    def now(self) -> Job | None:
        """The plot on a machine, running or stopped; a machine has one sheet at a time."""
        return self.at_work[0] if self.at_work else None


def at_work(connection: Connection) -> list[Job]:
    """Jobs that a worker has, and plots that need a person."""
    wanted = select(jobs).where(jobs.c.state.in_(sorted(LEASED | {"needs_attention"}))).order_by(jobs.c.id)
    return [job_of(row) for row in connection.execute(wanted)]


def waiting(connection: Connection, *conditions: Any, most: int = MOST_WAITING) -> Waiting:
    """The jobs that wait, in the order in which workers take them."""
    conditions = (jobs.c.state.in_(sorted(WAITING)), *conditions)
    order = (jobs.c.priority.desc(), jobs.c.place, jobs.c.id)
    rows = connection.execute(select(jobs).where(*conditions).order_by(*order).limit(most))
    found = [job_of(row) for row in rows]
    count = len(found)
    if count == most:
        count = int(connection.execute(select(func.count()).select_from(jobs).where(*conditions)).scalar_one())
    return Waiting(found, count)


def ended(connection: Connection, *conditions: Any, most: int = MOST_ENDED) -> list[Job]:
    """Jobs that have ended, the last first."""
    wanted = select(jobs).where(jobs.c.state.in_(sorted(ENDED)), *conditions)
    rows = connection.execute(wanted.order_by(jobs.c.ended.desc(), jobs.c.id.desc()).limit(most))
    return [job_of(row) for row in rows]


def open_questions(connection: Connection) -> dict[int, Question]:
    """Open questions, by job number."""
    wanted = select(prompts).where(prompts.c.state == "open").order_by(prompts.c.id)
    return {row.job: question_of(row) for row in connection.execute(wanted)}


def asking(connection: Connection) -> list[Job]:
    """Jobs that have an open question."""
    wanted = select(jobs).where(jobs.c.id.in_(select(prompts.c.job).where(prompts.c.state == "open")))
    return [job_of(row) for row in connection.execute(wanted.order_by(jobs.c.id))]


def asked_of(connection: Connection) -> dict[str, Any]:
    """The jobs that ask, and each with its question: by it a browser notices a new one."""
    questions = [(job, asked.title) for job, asked in open_questions(connection).items()]
    return {"questions": questions, "asking": asking(connection) if questions else []}


def picture_of(connection: Connection, job: Job) -> str | None:
    """The address of the best picture of a job that a worker has sent; it changes when the picture does."""
    wanted = select(pictures.c.job, pictures.c.name, pictures.c.at).where(
        pictures.c.job.in_([job.id, job.follows or 0]), pictures.c.name.in_(job_pictures.NAMES)
    )
    names = ("progress", "preview") if job.state == "running" else ("preview", "progress")
    rows = sorted(connection.execute(wanted), key=lambda row: (names.index(row.name), row.job != job.id))
    return f"/pieces/{rows[0].job}/picture/{rows[0].name}?{rows[0].at:.1f}" if rows else None


def plots_of(connection: Connection, number: int) -> list[Job]:
    """The plots of this render."""
    return [job_of(row) for row in connection.execute(select(jobs).where(jobs.c.follows == number).order_by(jobs.c.id))]


def finished(connection: Connection) -> list[Job]:
    """Renders that are done, the last first."""
    return ended(connection, jobs.c.kind == "render", jobs.c.state == "done", most=MOST_FINISHED)


def pen_usage(job: Job) -> dict[str, Any]:
    """The pens, metres and minutes of a job, as far as they are known."""
    result = ink_supply.plot_usage(job.result) if job.kind == "render" else job.result
    pens = result.get("pens") or []
    return {"pens": pens, "minutes": result.get("minutes") or 0, "metres": sum(pen["metres"] for pen in pens)}


def dry_pens(connection: Connection, machine: str) -> list[ink_supply.DryPen]:
    """The pens that will run dry in the plots of this machine."""
    own = (jobs.c.machine == machine, jobs.c.kind == "plot", jobs.c.state.not_in(sorted(ENDED)))
    order = (jobs.c.priority.desc(), jobs.c.place, jobs.c.id)
    plots = [job_of(row) for row in connection.execute(select(jobs).where(*own).order_by(*order))]
    return ink_supply.pens_running_dry(plots, ink_supply.used_m(connection, machine))


def machine_names(connection: Connection) -> list[str]:
    """The machines of all queues, jobs and workers, by name."""
    known = {str(name) for name in connection.execute(select(queues.c.name)).scalars()}
    known |= {str(name) for name in connection.execute(select(jobs.c.machine).distinct()).scalars()}
    places = connection.execute(select(workers.c.place).where(workers.c.kind == "plot")).scalars()
    known |= {machine_of(place) for place in places}
    return sorted(known - {"", "render"}, key=str.casefold)


def stations(connection: Connection, now: float) -> list[Station]:
    """The queue of renders, then all machines by name."""
    found = all_workers(connection, now)
    return [station(connection, name, found) for name in ("render", *machine_names(connection))]


def station(connection: Connection, name: str, found: list[WorkerView]) -> Station:
    row = connection.execute(select(queues).where(queues.c.name == name)).first()
    is_render = name == "render"
    own = jobs.c.kind == "render" if is_render else (jobs.c.machine == name) & (jobs.c.kind == "plot")
    busy = select(jobs).where(own, jobs.c.state.in_(sorted(LEASED | {"needs_attention"}))).order_by(jobs.c.id)
    now = [job_of(each) for each in connection.execute(busy)]
    comes = waiting(connection, own)
    mine = [w for w in found if (w.kind == "render" if is_render else machine_of(w.place) == name)]
    asked = open_questions(connection)
    released = [job for job in comes.jobs if job.state == "queued"]
    return Station(
        name,
        row.why if row is not None and row.paused else None,
        row.sheet if row is not None else "",
        mine,
        now,
        asked.get(now[0].id) if now else None,
        comes,
        sum(job.result.get("minutes") or 0 for job in released),
        [] if is_render else ink_supply.pens_running_dry([*now, *released], ink_supply.used_m(connection, name)),
        [] if is_render else ink_supply.pens_in_use(connection, name),
    )


def machine_of(place: str) -> str:
    """The name of the machine in a worker's place."""
    return place.removeprefix("machine ")


def all_workers(connection: Connection, now: float) -> list[WorkerView]:
    rows = connection.execute(select(workers).order_by(workers.c.kind, workers.c.name))
    return [WorkerView(r.name, r.kind, r.place, now - r.seen < ALIVE_S, ago(now - r.seen)) for r in rows]


def buttons_for(job: Job) -> list[Button]:
    """The actions that the state of a job allows."""
    match job.kind, job.state:
        case _, "draft" if job.follows and not job.result.get("pens"):  # its render is not done yet
            names = ["copy", "cancel"]
        case _, "draft":
            names = ["release", "copy", "cancel"]
        case _, "queued":
            names = ["resume" if job.wanted == "pause" else "pause", "copy", "cancel"]
        case "render", "running":
            names = ["cancel", "copy"] if job.wanted != "cancel" else ["copy"]
        case _, "plotting":
            names = [] if job.wanted else ["pause", "cancel"]
        case _, "pausing" | "paused":
            names = ["resume", "cancel"] if job.wanted != "cancel" else []
        case _, "awaiting_operator" | "claimed":
            names = ["cancel"] if job.wanted != "cancel" else []
        case _, "failed" | "cancelled":
            names = ["retry", "copy", "remove"]
        case _, "done":
            names = ["copy", "remove"]
        case _:
            names = []
    return [_button(job, name) for name in names]


def operator_buttons(job: Job, asked: Question | None) -> list[Button]:
    """The buttons for the operator, without those that the answers to its question already cover."""
    said_by = {"pause": {"resume"}, "load": {"cancel"}, "clear": {"cancel"}}
    return [button for button in buttons_for(job) if asked is None or button.name not in said_by.get(asked.kind, set())]


def _button(job: Job, name: str) -> Button:
    held = job.kind == "plot" and job.state in LEASED
    label, role = (PLOT_BUTTONS if held else BUTTONS)[name]
    ends = " Its sheet is lost: the plot cannot be resumed." if held else ""
    ask = {
        "cancel": f"{label} {job.shown}?{ends}" if held or job.state == "running" else "",
        "remove": f"Remove {job.shown} from the list? Its files and its history stay.",
    }
    return Button(name, label, role, ask.get(name, ""))


def state_label(job: Job) -> str:
    """The state and the request of a job for people: `queued, held`."""
    asked = {
        "pause": "held" if job.state == "queued" else "pausing", "cancel": "stopping", "emergency": "emergency stop"
    }  # fmt: skip
    words = {"awaiting_operator": "asks", "needs_attention": "needs you"}.get(job.state, state_text(job.state))
    is_shown = job.wanted in asked and (job.state, job.wanted) not in {("paused", "pause"), ("pausing", "pause")}
    return f"{words}, {asked[job.wanted]}" if is_shown else words


def state_colour(job: Job) -> str:
    """The colour of a state: `ask`, `work`, `bad`, `good` or `wait`."""
    match job.state:
        case "awaiting_operator" | "needs_attention" | "paused":
            return "ask"
        case "failed":
            return "bad"
        case "done":
            return "good"
        case state if state in LEASED:
            return "work"
        case _:
            return "wait"


def ago(seconds: float) -> str:
    return f"{max(0, seconds):.0f} s ago" if seconds < 90 else f"{duration(seconds)} ago"


def moment_text(seconds: float | None) -> str:
    """A moment by the clock of the server: `24 Nov 14:05:10`."""
    return "" if seconds is None else time.strftime("%-d %b %H:%M:%S", time.localtime(seconds))


def clock_text(seconds: float) -> str:
    """A time of day by the clock of the server: `14:05`."""
    return time.strftime("%H:%M", time.localtime(seconds))


def has_strokes(connection: Connection, number: int) -> bool:
    """Whether the worker has sent the strokes of this plot."""
    own = (pictures.c.job == number, pictures.c.name == job_pictures.STROKES)
    return connection.execute(select(pictures.c.at).where(*own)).first() is not None


def curve(points: Iterable[tuple[float, float]], width: float = 600, height: float = 160) -> str:
    """A loss curve as the `d` of an SVG path: the share of the work to the right, the loss upwards."""
    known = [(x, y) for x, y in points if math.isfinite(y)]
    if len(known) < 2:
        return ""
    low, high = min(y for _, y in known), max(y for _, y in known)
    span = (high - low) or 1.0
    spots = (f"{x * width:.1f},{(1 - (y - low) / span) * height:.1f}" for x, y in known)
    return "M" + " L".join(spots)


def wanted_pens(plots: Iterable[Job]) -> list[dict[str, Any]]:
    """The pens that these plots take, with total metres, in the order in which they are first needed."""
    found: dict[str, dict[str, Any]] = {}
    for job in plots:
        for pen in job.result.get("pens", ()):
            one = found.setdefault(
                pen["name"], {"name": pen["name"], "colour": pen["colour"], "metres": 0.0, "strokes": 0, "plots": 0}
            )
            one["metres"] += pen["metres"]
            one["strokes"] += pen.get("strokes", 0)
            one["plots"] += 1
    return list(found.values())

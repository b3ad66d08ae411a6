"""What people do with the queue: add, see, order, hold, cancel, try again."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, Select, func, select

from renderer.studio import questions
from renderer.studio.changes import note, put, reach
from renderer.studio.records import Job, find, job_of
from renderer.studio.states import ENDED, HELD, WAITING, Refused, said
from renderer.studio.store import Store
from renderer.studio.tables import jobs, prompts, queues

STEP = 1024.0  # between the places of two jobs that were added one after the other
LEAST_STEP = 1e-6  # below it, all are given new places
Where = Literal["first", "last", "before", "after"]


@dataclass(frozen=True)
class New:
    """A job that is to be added."""

    kind: str
    name: str
    title: str
    source: str
    changes: tuple[str, ...] = ()
    out: str = "out"
    machine: str = ""
    draft: bool = False
    follows: int | None = None
    edition: int = 1
    editions: int = 1
    note: str = ""
    due: str = ""
    priority: int = 0
    result: dict[str, Any] | None = None  # of a plot: what it takes, as far as it is known


def add(store: Store, wanted: Iterable[New], who: str) -> list[Job]:
    """Adds jobs at the end of the queue, all or none."""
    with store.begin() as connection:
        return [_added(connection, store.now(connection), new, who) for new in wanted]


def add_all(store: Store, wanted: Iterable[tuple[New | None, list[New]]], who: str) -> list[Job]:
    """Adds renders, each with the plots of what it makes; plots are drafts until somebody has seen what it is."""
    made: list[Job] = []
    with store.begin() as connection:
        now = store.now(connection)
        for render, plots in wanted:
            first = None if render is None else _added(connection, now, render, who)
            made += [first] if first else []
            follows = first.id if first else None
            made += [_added(connection, now, replace(plot, follows=follows), who) for plot in plots]
    return made


def _added(connection: Connection, now: float, new: New, who: str, why: str = "added") -> Job:
    last = connection.execute(select(func.max(jobs.c.place))).scalar()
    state = "queued" if new.kind == "render" else "draft"
    values = {field.name: getattr(new, field.name) for field in fields(new)}
    values |= {"changes": json.dumps(new.changes), "draft": int(new.draft), "result": json.dumps(new.result or {})}
    values |= {
        "place": STEP + (last or 0.0), "state": state, "wanted": "", "how": "", "tries": 0, "not_before": 0.0,
        "token": 0, "worker": "", "lease_until": 0.0, "progress": "{}", "error": "", "made": now,
    }  # fmt: skip
    made = connection.execute(jobs.insert().values(**values)).inserted_primary_key
    job = find(connection, int(made[0]))  # type: ignore[index]
    note(connection, replace(job, state=""), now, who, why, after=state)
    return job


# --- to see ---


def listed(store: Store, *, kind: str | None = None, every: bool = False) -> list[Job]:
    """Jobs in the order in which they will be taken; with `every`, those that have ended come after them."""
    with store.read() as connection:
        rows = [job_of(row) for row in connection.execute(_in_order(select(jobs), kind, every))]
    return sorted(rows, key=_standing)


class Line(NamedTuple):
    """What a list shows of a job. A long queue is listed by these: quicker than whole jobs."""

    id: int
    kind: str
    state: str
    wanted: str
    due: str
    title: str
    edition: int
    editions: int
    note: str
    progress: str  # JSON


_LINE = [jobs.c[name] for name in Line._fields]


def lines(store: Store, *, every: bool = False) -> list[Line]:
    """As `listed`, of each job what a list shows."""
    with store.read() as connection:
        rows = list(map(Line._make, connection.execute(_in_order(select(*_LINE), None, every))))
    return sorted(rows, key=_standing)


def _in_order(wanted: Select[Any], kind: str | None, every: bool) -> Select[Any]:
    wanted = wanted.order_by(jobs.c.priority.desc(), jobs.c.place, jobs.c.id)
    if kind is not None:
        wanted = wanted.where(jobs.c.kind == kind)
    return wanted if every else wanted.where(jobs.c.state.not_in(sorted(ENDED)))


def _standing(job: Job | Line) -> int:
    """What is at work stands first, what has ended last."""
    return 2 if job.state in ENDED else 1 - (job.state in HELD)


def paused(connection: Connection, name: str) -> str | None:
    """Why this queue takes up nothing new; None where it does."""
    row = connection.execute(select(queues.c.paused, queues.c.why).where(queues.c.name == name)).first()
    return row.why if row is not None and row.paused else None


def asked(store: Store) -> dict[int, str]:
    """What is asked now, by the number of the job."""
    with store.read() as connection:
        rows = connection.execute(select(prompts.c.job, prompts.c.title).where(prompts.c.state == "open"))
        return {row.job: row.title for row in rows}


def sheet(connection: Connection, name: str) -> str:
    """What lies on this machine's bed; nothing where that is unknown or nothing."""
    return connection.execute(select(queues.c.sheet).where(queues.c.name == name)).scalar() or ""


def paused_queues(store: Store) -> dict[str, str]:
    """Names of queues that take up nothing, and why."""
    with store.read() as connection:
        rows = connection.execute(select(queues).where(queues.c.paused == 1).order_by(queues.c.name))
        return {row.name: row.why for row in rows}


# --- to order ---


def move(store: Store, number: int, where: Where, other: int | None, who: str) -> Job:
    """Puts a waiting job elsewhere in the queue. Beside a job of another priority, it takes that one's."""
    with store.begin() as connection:
        job = find(connection, number, to_change=True)
        if job.state not in WAITING:
            raise Refused(f"job {number} is {said(job.state)}; only one that waits can be moved")
        if other == number:
            raise Refused(f"job {number} cannot be put {where} itself")
        place, priority = _place(connection, job, where, other)
        put(connection, job, place=place, priority=priority)
        note(connection, job, store.now(connection), who, f"moved {where}" + (f" {other}" if other else ""))
        return find(connection, number)


def _place(connection: Connection, job: Job, where: Where, other: int | None) -> tuple[float, int]:
    if other is None:
        wanted = func.min(jobs.c.place) if where == "first" else func.max(jobs.c.place)
        waiting = (jobs.c.state.in_(sorted(WAITING)), jobs.c.id != job.id)
        best = func.max(jobs.c.priority) if where == "first" else func.min(jobs.c.priority)
        priority = connection.execute(select(best).where(*waiting)).scalar()
        edge = connection.execute(select(wanted).where(*waiting)).scalar()
        step = -STEP if where == "first" else STEP
        return (job.place if edge is None else edge + step), (job.priority if priority is None else priority)
    beside = find(connection, other)
    before = where == "before"
    nearest = func.max(jobs.c.place) if before else func.min(jobs.c.place)
    past = jobs.c.place < beside.place if before else jobs.c.place > beside.place
    neighbour = connection.execute(select(nearest).where(past, jobs.c.id != job.id)).scalar()
    if neighbour is None:
        return beside.place + (-STEP if before else STEP), beside.priority
    if abs(neighbour - beside.place) < LEAST_STEP:
        _spread(connection)
        return _place(connection, job, where, other)
    return (neighbour + beside.place) / 2, beside.priority


def _spread(connection: Connection) -> None:
    """New places in the same order, with room between them."""
    numbers = connection.execute(select(jobs.c.id).order_by(jobs.c.place, jobs.c.id)).scalars().all()
    for n, number in enumerate(numbers, 1):
        connection.execute(jobs.update().where(jobs.c.id == number).values(place=STEP * n))


def copy(store: Store, number: int, who: str) -> Job:
    """The same once more, at the end of the queue."""
    with store.begin() as connection:
        job = find(connection, number)
        values = {field.name: getattr(job, field.name) for field in fields(New) if field.name != "result"}
        new = New(**values, result=job.result if job.kind == "plot" else None)
        return _added(connection, store.now(connection), new, who, f"a copy of {number}")


# --- to hold, to go on, to end ---


def pause(store: Store, number: int, who: str) -> Job:
    """A job that waits is not taken up; a plot stops at the next pen-up."""
    with store.begin() as connection:
        job = find(connection, number, to_change=True)
        can = job.state in {"queued", "plotting"}
        if job.wanted or not can:
            raise Refused(f"job {number} is {_stand(job)} and cannot be paused" + _instead(job))
        put(connection, job, wanted="pause")
        note(connection, job, store.now(connection), who, "pause asked for" if job.state in HELD else "held back")
        return find(connection, number)


def _instead(job: Job) -> str:
    return "; cancel it, and add it again later" if job.state == "running" and not job.wanted else ""


def resume(store: Store, number: int, who: str) -> Job:
    """A job that was held goes on; a plot that is a draft is released."""
    with store.begin() as connection:
        job = find(connection, number, to_change=True)
        now = store.now(connection)
        if job.state == "draft":
            _release(connection, job, now, who)
        elif job.wanted == "pause":
            put(connection, job, wanted="")
            note(connection, job, now, who, "goes on")
        else:
            raise Refused(f"job {number} is {_stand(job)}; there is nothing to resume" + _attention(job))
        return find(connection, number)


def _attention(job: Job) -> str:
    return ": answer its question (render queue show)" if job.state == "needs_attention" else ""


def _release(connection: Connection, job: Job, now: float, who: str) -> None:
    if job.follows is not None:
        render = find(connection, job.follows)
        if render.state != "done":
            raise Refused(f"job {job.id} plots what job {render.id} renders, which is {said(render.state)}")
    reach(connection, job, "queued", now, who, "released")


def cancel(store: Store, number: int, who: str) -> Job:
    """A job that waits is cancelled now; the worker of one that is at work is asked to stop it."""
    with store.begin() as connection:
        job = find(connection, number, to_change=True)
        now = store.now(connection)
        if job.state in WAITING:
            reach(connection, job, "cancelled", now, who, "cancelled", wanted="", ended=now)
        elif job.state == "needs_attention":
            questions.close(connection, number, now)
            reach(connection, job, "cancelled", now, who, "abandoned", wanted="", ended=now)
        elif job.state in HELD and job.wanted != "cancel":
            put(connection, job, wanted="cancel")
            note(connection, job, now, who, "cancel asked for")
        else:
            raise Refused(f"job {number} is {_stand(job)}; there is nothing to cancel")
        return find(connection, number)


def retry(store: Store, number: int, who: str) -> Job:
    """A job that failed or was cancelled waits again; a plot as a draft."""
    with store.begin() as connection:
        job = find(connection, number, to_change=True)
        state = "queued" if job.kind == "render" else "draft"
        if job.state not in {"failed", "cancelled"}:
            raise Refused(f"job {number} is {_stand(job)}; only what failed or was cancelled is tried again")
        now = store.now(connection)
        fresh = {"tries": 0, "not_before": 0.0, "error": "", "ended": None, "progress": "{}", "wanted": ""}
        reach(connection, job, state, now, who, "to be tried again", how="", **fresh)
        return find(connection, number)


def _stand(job: Job) -> str:
    asked = {"pause": "held back" if job.state == "queued" else "asked to pause", "cancel": "asked to stop"}
    return f"{said(job.state)} and {asked[job.wanted]}" if job.wanted else said(job.state)


def pause_queue(store: Store, name: str, who: str, why: str = "") -> None:
    """Nothing new is taken from this queue; what is at work goes on."""
    set_queue(store, name, paused=1, why=why or f"paused by {who}")


def resume_queue(store: Store, name: str) -> None:
    set_queue(store, name, paused=0, why="")


def set_queue(store: Store, name: str, **values: Any) -> None:
    with store.begin() as connection:
        put_queue(connection, name, **values)


def put_queue(connection: Connection, name: str, **values: Any) -> None:
    changed = connection.execute(queues.update().where(queues.c.name == name).values(**values))
    if changed.rowcount == 0:
        connection.execute(queues.insert().values(**({"name": name, "paused": 0, "why": "", "sheet": ""} | values)))


def remove(store: Store, number: int, who: str) -> Job:
    """Takes a job that has ended out of the list. What it made stays, and so does its history."""
    with store.begin() as connection:
        job = find(connection, number, to_change=True)
        if job.state not in ENDED:
            raise Refused(f"job {number} is {_stand(job)}; cancel it first")
        follower = connection.execute(
            select(jobs.c.id).where(jobs.c.follows == number, jobs.c.state.in_(sorted(WAITING)))
        ).scalar()
        if follower is not None:
            raise Refused(f"job {number} made what job {follower} is to plot; cancel that first")
        note(connection, job, store.now(connection), who, "removed", after="")
        connection.execute(prompts.delete().where(prompts.c.job == number))
        connection.execute(jobs.delete().where(jobs.c.id == number))
        return job

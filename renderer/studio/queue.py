"""What people do with the queue: add, see, order, hold, cancel, try again."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Select, case, select

from renderer.studio import editing, pictures, questions, release
from renderer.studio.adding import New, added, again
from renderer.studio.changes import note as remark
from renderer.studio.changes import put, reach
from renderer.studio.glance import Line, standing
from renderer.studio.order import Where, place_of
from renderer.studio.records import Job, find, job_of, open_question
from renderer.studio.states import ENDED, HELD, WAITING, Refused, said
from renderer.studio.store import Store
from renderer.studio.tables import jobs, prompts, queues


def add(store: Store, wanted: Iterable[New], who: str) -> list[Job]:
    """Adds jobs at the end of the queue, all or none."""
    with store.begin() as connection:
        return [added(connection, store.now(connection), new, who) for new in wanted]


def add_all(store: Store, wanted: Iterable[tuple[New | None, list[New]]], who: str) -> list[Job]:
    """Adds renders, each with the plots of what it makes; plots are drafts until somebody has seen what it is."""
    made: list[Job] = []
    with store.begin() as connection:
        now = store.now(connection)
        for render, plots in wanted:
            first = None if render is None else added(connection, now, render, who)
            made += [first] if first else []
            follows = first.id if first else None
            made += [added(connection, now, replace(plot, follows=follows), who) for plot in plots]
    return made


# --- to see ---


def listed(store: Store, *, kind: str | None = None, every: bool = False) -> list[Job]:
    """Jobs in the order in which they will be taken; with `every`, those that have ended come after them."""
    with store.read() as connection:
        rows = [job_of(row) for row in connection.execute(_in_order(select(jobs), kind, every))]
    return sorted(rows, key=standing)


_PROGRESS = case((jobs.c.state.in_(sorted(HELD)), jobs.c.progress), else_="{}")
_LINE = [jobs.c[name] if name != "progress" else _PROGRESS for name in Line._fields]


def lines(store: Store, *, every: bool = False) -> list[Line]:
    """As `listed`, of each job what a list shows."""
    with store.read() as connection:
        rows = list(map(Line._make, connection.execute(_in_order(select(*_LINE), None, every))))
    return sorted(rows, key=standing)


def _in_order(wanted: Select[Any], kind: str | None, every: bool) -> Select[Any]:
    wanted = wanted.order_by(jobs.c.priority.desc(), jobs.c.place, jobs.c.id)
    if kind is not None:
        wanted = wanted.where(jobs.c.kind == kind)
    return wanted if every else wanted.where(jobs.c.state.not_in(sorted(ENDED)))


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
        return all_paused(connection)


def all_paused(connection: Connection) -> dict[str, str]:
    """The same within a transaction."""
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
        place, priority = place_of(connection, job, where, other)
        put(connection, job, place=place, priority=priority)
        remark(connection, job, store.now(connection), who, f"moved {where}" + (f" {other}" if other else ""))
        return find(connection, number)


def copy(store: Store, number: int, who: str) -> Job:
    """The same once more, at the end of the queue."""
    with store.begin() as connection:
        job = find(connection, number)
        return again(connection, store.now(connection), job, who)


def edit(
    store: Store,
    number: int,
    who: str,
    *,
    title: str | None = None,
    note: str | None = None,
    due: str | None = None,
    priority: int | None = None,
) -> Job:
    """Changes what is given; the history keeps from what to what. An empty `due` takes the date away."""
    with store.begin() as connection:
        job = find(connection, number, to_change=True)
        new = editing.changed(job, {"title": title, "note": note, "due": due, "priority": priority})
        if new:
            put(connection, job, **new)
            remark(connection, job, store.now(connection), who, editing.told(job, new))
        return find(connection, number)


# --- to hold, to go on, to end ---


def pause(store: Store, number: int, who: str) -> Job:
    """A job that waits is not taken up; a plot stops at the next pen-up."""
    with store.begin() as connection:
        job = find(connection, number, to_change=True)
        can = job.state in {"queued", "plotting"}
        if job.wanted or not can:
            raise Refused(f"job {number} is {_stand(job)} and cannot be paused" + _instead(job))
        put(connection, job, wanted="pause")
        remark(connection, job, store.now(connection), who, "pause asked for" if job.state in HELD else "held back")
        return find(connection, number)


def _instead(job: Job) -> str:
    return "; cancel it, and add it again later" if job.state == "running" and not job.wanted else ""


def resume(store: Store, number: int, who: str) -> Job:
    """A job that was held goes on, a paused plot by the answer that means so; a plot that is a draft is released."""
    with store.read() as connection:
        draft = find(connection, number)
        if draft.state == "draft":
            release.check(connection, draft)
    sha256 = release.sha256_of(draft) if draft.state == "draft" else ""  # outside of transactions: it reads a file
    with store.begin() as connection:
        job, now = find(connection, number, to_change=True), store.now(connection)
        asked = open_question(connection, number)
        if job.state == "draft":
            release.released(connection, job, now, who, sha256 or release.sha256_of(job))
        elif job.state == "paused" and asked is not None and asked.kind == "pause":
            questions.answered(connection, asked, job, now, asked.fallback, who)
        elif job.wanted == "pause":
            put(connection, job, wanted="")
            remark(connection, job, now, who, "goes on")
        else:
            raise Refused(f"job {number} is {_stand(job)}; there is nothing to resume" + _attention(job))
        return find(connection, number)


def _attention(job: Job) -> str:
    return ": answer its question (render queue show)" if job.state == "needs_attention" else ""


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
        elif job.state in HELD and job.wanted not in {"cancel", "emergency"}:
            put(connection, job, wanted="cancel")
            remark(connection, job, now, who, "cancel asked for")
        else:
            raise Refused(f"job {number} is {_stand(job)}; there is nothing to cancel")
        return find(connection, number)


def emergency(store: Store, number: int, who: str) -> Job:
    """The worker of a plot is asked to stop the machine this instant, whatever else was asked for."""
    with store.begin() as connection:
        job = find(connection, number, to_change=True)
        if job.kind != "plot" or job.state not in HELD or job.wanted == "emergency":
            raise Refused(
                f"job {number} is a {job.kind} and {_stand(job)}; only a plot that is at work can be stopped so"
            )
        put(connection, job, wanted="emergency")
        remark(connection, job, store.now(connection), who, "emergency stop asked for")
        return find(connection, number)


def wanted(store: Store, number: int, token: int) -> tuple[str, str] | None:
    """What people want of a job that is lent under this token, and its state; None if it is so no more. Cheap."""
    with store.read() as connection:
        own = (jobs.c.id == number, jobs.c.token == token)
        row = connection.execute(select(jobs.c.wanted, jobs.c.state).where(*own)).first()
    return (row.wanted, row.state) if row else None


def retry(store: Store, number: int, who: str) -> Job:
    """A job that failed or was cancelled waits again; a plot as a draft, shown as what it draws is now."""
    with store.read() as connection:
        job = find(connection, number)
    seen = release.seen_anew(job) if job.kind == "plot" else None  # outside of transactions: it reads files
    with store.begin() as connection:
        job = find(connection, number, to_change=True)
        state = "queued" if job.kind == "render" else "draft"
        if job.state not in {"failed", "cancelled"}:
            raise Refused(f"job {number} is {_stand(job)}; only what failed or was cancelled is tried again")
        now = store.now(connection)
        fresh = {"tries": 0, "not_before": 0.0, "error": "", "ended": None, "progress": "{}", "wanted": ""}
        fresh |= {"fault": "", "released": "{}"}
        reach(connection, job, state, now, who, "to be tried again", how="", **fresh)
        if seen is not None:
            release.show_anew(connection, job, now, seen)
        return find(connection, number)


def _stand(job: Job) -> str:
    asked = {"pause": "held back" if job.state == "queued" else "asked to pause", "cancel": "asked to stop"}
    asked["emergency"] = "asked for an emergency stop"
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
        remark(connection, job, store.now(connection), who, "removed", after="")
        connection.execute(prompts.delete().where(prompts.c.job == number))
        pictures.clear(connection, number)
        connection.execute(jobs.delete().where(jobs.c.id == number))
        return job

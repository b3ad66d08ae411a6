"""What people ask of the queue: to add, move, copy, edit, pause, resume, cancel, retry and remove jobs.

All but `add` and `add_all` raise StudioError if there is no such job, and Refused if its state does not allow it.
"""

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import select

from renderer.studio.queue import editing, ink_supply, job_pictures, questions, release
from renderer.studio.queue.adding import NewJob, add_row, copy_row
from renderer.studio.queue.changes import add_event, change_state, update_job
from renderer.studio.queue.order import Where, place_of
from renderer.studio.queue.records import Job, find, open_question
from renderer.studio.queue.states import ENDED, LEASED, WAITING, Refused, state_text
from renderer.studio.queue.store import Store
from renderer.studio.queue.tables import jobs, prompts


def add(store: Store, wanted: Iterable[NewJob], who: str) -> list[Job]:
    """Add jobs at the end of the queue, all or none. Raises StudioError if a picture is too large."""
    with store.begin() as connection:
        return [add_row(connection, store.now(connection), new, who) for new in wanted]


def add_all(store: Store, wanted: Iterable[tuple[NewJob | None, list[NewJob]]], who: str) -> list[Job]:
    """Add renders, each with its plots; a plot is a draft until a person releases it. Raises as `add` does."""
    made: list[Job] = []
    with store.begin() as connection:
        now = store.now(connection)
        for render, plots in wanted:
            first = None if render is None else add_row(connection, now, render, who)
            made += [first] if first else []
            follows = first.id if first else None
            made += [add_row(connection, now, replace(plot, follows=follows), who) for plot in plots]
    return made


def move(store: Store, number: int, where: Where, other: int | None, who: str) -> Job:
    """Move a job that waits. It takes the priority of the job that it is put beside. Raises Refused, StudioError."""
    with store.begin() as connection:
        job = find(connection, number, to_change=True)
        if job.state not in WAITING:
            raise Refused(f"job {number} is {state_text(job.state)}; only a job that waits can be moved")
        if other == number:
            raise Refused(f"job {number} cannot be put {where} itself")
        place, priority = place_of(connection, job, where, other)
        update_job(connection, job, place=place, priority=priority)
        add_event(connection, job, store.now(connection), who, f"moved {where}" + (f" {other}" if other else ""))
        return find(connection, number)


def copy(store: Store, number: int, who: str) -> Job:
    """Add a copy of a job at the end of the queue. Raises StudioError."""
    with store.begin() as connection:
        job = find(connection, number)
        return copy_row(connection, store.now(connection), job, who)


def edit(store: Store, number: int, who: str, **given: str | int | None) -> Job:
    """Change the fields that are given by name (`job_fields.FIELDS`); the history keeps the old and the new values.

    None leaves a field as it is; an empty text or date clears it. Raises StudioError if a value is not allowed, and
    Refused if it is too late to change it.
    """
    with store.begin() as connection:
        job = find(connection, number, to_change=True)
        new = editing.checked_changes(job, given)
        if new:
            update_job(connection, job, **new)
            add_event(connection, job, store.now(connection), who, editing.described(job, new))
        return find(connection, number)


def pause(store: Store, number: int, who: str) -> Job:
    """Hold back a job that waits, or stop a plot at the next pen-up. Raises Refused, StudioError."""
    with store.begin() as connection:
        job = find(connection, number, to_change=True)
        can = job.state in {"queued", "plotting"}
        if job.wanted or not can:
            raise Refused(f"job {number} is {_status(job)} and cannot be paused" + _instead(job))
        update_job(connection, job, wanted="pause")
        add_event(
            connection, job, store.now(connection), who, "pause asked for" if job.state in LEASED else "held back"
        )
        return find(connection, number)


def _instead(job: Job) -> str:
    return "; cancel it, and add it again later" if job.state == "running" and not job.wanted else ""


def resume(store: Store, number: int, who: str) -> Job:
    """Let a held or paused job go on, or release a draft. Raises Refused, StudioError."""
    with store.read() as connection:
        draft = find(connection, number)
        if draft.state == "draft":
            release.check_rendered(connection, draft)
    sha256 = release.sha256_of(draft) if draft.state == "draft" else ""  # outside transactions, because it reads a file
    with store.begin() as connection:
        job, now = find(connection, number, to_change=True), store.now(connection)
        asked = open_question(connection, number)
        if job.state == "draft":
            release.release_draft(connection, job, now, who, sha256 or release.sha256_of(job))
        elif job.state == "paused" and asked is not None and asked.kind == "pause":
            questions.record_answer(connection, asked, job, now, asked.fallback, who)
        elif job.wanted == "pause":
            update_job(connection, job, wanted="")
            add_event(connection, job, now, who, "goes on")
        else:
            raise Refused(f"job {number} is {_status(job)}; there is nothing to resume" + _attention(job))
        return find(connection, number)


def _attention(job: Job) -> str:
    return ": answer its question (render queue show)" if job.state == "needs_attention" else ""


def cancel(store: Store, number: int, who: str) -> Job:
    """Cancel a job that waits, or ask the worker of a job to stop it. Raises Refused, StudioError."""
    with store.begin() as connection:
        job = find(connection, number, to_change=True)
        now = store.now(connection)
        if job.state in WAITING:
            change_state(connection, job, "cancelled", now, who, "cancelled", wanted="", ended=now)
        elif job.state == "needs_attention":
            questions.close(connection, number, now)
            ink_supply.add_drawn(connection, job, now)
            change_state(connection, job, "cancelled", now, who, "abandoned", wanted="", ended=now)
        elif job.state in LEASED and job.wanted not in {"cancel", "emergency"}:
            update_job(connection, job, wanted="cancel")
            add_event(connection, job, now, who, "cancel asked for")
        else:
            raise Refused(f"job {number} is {_status(job)}; there is nothing to cancel")
        return find(connection, number)


def emergency(store: Store, number: int, who: str) -> Job:
    """Ask the worker of a plot to stop the machine at once, whatever else was asked. Raises Refused, StudioError."""
    with store.begin() as connection:
        job = find(connection, number, to_change=True)
        if job.kind != "plot" or job.state not in LEASED or job.wanted == "emergency":
            raise Refused(
                f"job {number} is a {job.kind} and {_status(job)}; only a plot at work can be stopped this way"
            )
        update_job(connection, job, wanted="emergency")
        add_event(connection, job, store.now(connection), who, "emergency stop asked for")
        return find(connection, number)


def retry(store: Store, number: int, who: str) -> Job:
    """Queue a job again that failed or was cancelled; a plot becomes a draft that shows its current drawing.

    Raises Refused, StudioError.
    """
    with store.read() as connection:
        job = find(connection, number)
    seen = release.reread_source(job) if job.kind == "plot" else None  # outside transactions, because it reads files
    with store.begin() as connection:
        job = find(connection, number, to_change=True)
        state = "queued" if job.kind == "render" else "draft"
        if job.state not in {"failed", "cancelled"}:
            raise Refused(f"job {number} is {_status(job)}; only a job that failed or was cancelled can be tried again")
        now = store.now(connection)
        fresh = {"tries": 0, "not_before": 0.0, "error": "", "ended": None, "progress": "{}", "wanted": ""}
        fresh |= {"fault": "", "released": "{}"}
        change_state(connection, job, state, now, who, "to be tried again", how="", **fresh)
        if seen is not None:
            release.show_reread(connection, job, now, seen)
        return find(connection, number)


def _status(job: Job) -> str:
    asked = {"pause": "held back" if job.state == "queued" else "asked to pause", "cancel": "asked to stop"}
    asked["emergency"] = "asked for an emergency stop"
    return f"{state_text(job.state)} and {asked[job.wanted]}" if job.wanted else state_text(job.state)


def remove(store: Store, number: int, who: str) -> Job:
    """Remove a job that has ended from the list. Its files and its history stay. Raises Refused, StudioError."""
    with store.begin() as connection:
        job = find(connection, number, to_change=True)
        if job.state not in ENDED:
            raise Refused(f"job {number} is {_status(job)}; cancel it first")
        follower = connection.execute(
            select(jobs.c.id).where(jobs.c.follows == number, jobs.c.state.in_(sorted(WAITING)))
        ).scalar()
        if follower is not None:
            raise Refused(f"job {number} is the render that job {follower} plots; cancel that plot first")
        add_event(connection, job, store.now(connection), who, "removed", after="")
        connection.execute(prompts.delete().where(prompts.c.job == number))
        job_pictures.clear(connection, number)
        connection.execute(jobs.delete().where(jobs.c.id == number))
        return job

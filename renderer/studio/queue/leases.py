"""What workers do with the queue. A worker leases a job for a while and gets a token, which it gives with every change.

A worker that is late, because it hung or its machine slept, finds that the token has grown: by then the job belongs to
another worker. The change is refused with LeaseLost.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from renderer.studio.queue import ink_supply, job_pictures, questions
from renderer.studio.queue.changes import add_event, change_state, leased_job, update_job
from renderer.studio.queue.pausing import pause_reason, put_queue
from renderer.studio.queue.questions import NewQuestion
from renderer.studio.queue.records import Job, find, job_of
from renderer.studio.queue.states import GOES_ON, LEASED
from renderer.studio.queue.store import Store
from renderer.studio.queue.tables import jobs

LEASE_S = 30.0
TRIES = 4  # the first, and three more
_ON_THE_BED = sorted((LEASED - {"running"}) | {"needs_attention"})
BACK_OFF_S = (5.0, 30.0, 120.0)  # before the second, third, fourth
WAYS_ON = (
    ("stroke", "resume at the stroke where it stopped"),
    ("pass", "resume, and draw this pen's strokes again"),
    ("restart", "restart on a new sheet"),
    ("accept", "accept the sheet as it is"),
    ("abandon", "abandon the plot"),
)


def claim(store: Store, kind: str, worker: str, queue: str = "render", lease_s: float = LEASE_S) -> Job | None:
    """Lease the next job of this kind to this worker; None if there is nothing to do. Each job goes to one worker."""
    with store.begin() as connection:
        now = store.now(connection)
        take_back(connection, now)
        if pause_reason(connection, queue) is not None:
            return None
        job = _next(connection, kind, queue, now)
        if job is None:
            return None
        state = "running" if kind == "render" else "claimed"
        values = {"token": job.token + 1, "worker": worker, "lease_until": now + lease_s, "tries": job.tries + 1}
        kept = job.progress if job.how in GOES_ON else {}  # what is drawn stays on the page
        change_state(connection, job, state, now, worker, "started", began=now, error="", progress=kept, **values)
        if kind == "render" and job.token:
            job_pictures.clear(connection, job.id)  # those of an earlier try
        return find(connection, job.id)


def _next(connection: Connection, kind: str, queue: str, now: float) -> Job | None:
    wanted = select(jobs).where(
        jobs.c.kind == kind, jobs.c.state == "queued", jobs.c.wanted == "", jobs.c.not_before <= now
    )
    if kind == "plot":
        busy = select(jobs.c.id).where(jobs.c.machine == queue, jobs.c.kind == "plot", jobs.c.state.in_(_ON_THE_BED))
        if connection.execute(busy).first() is not None:
            return None
        wanted = wanted.where(jobs.c.machine == queue)
        half = select(jobs.c.id).where(
            jobs.c.machine == queue, jobs.c.kind == "plot", jobs.c.state == "queued", jobs.c.how.in_(GOES_ON)
        )
        if (number := connection.execute(half).scalar()) is not None:  # its half-drawn sheet is on the bed
            wanted = wanted.where(jobs.c.id == number)
    wanted = wanted.order_by(jobs.c.priority.desc(), jobs.c.place, jobs.c.id).limit(1)
    row = connection.execute(wanted.with_for_update(skip_locked=True)).first()
    return job_of(row) if row else None


def take_back(connection: Connection, now: float) -> list[Job]:
    """Take jobs back from workers that have stopped reporting: a render is queued again, a plot needs a person."""
    late = select(jobs).where(jobs.c.state.in_(sorted(LEASED)), jobs.c.lease_until < now)
    lost = [job_of(row) for row in connection.execute(late.with_for_update(skip_locked=True))]
    for job in lost:
        why = f"worker {job.worker} has stopped reporting"
        if job.kind == "render":
            _requeue(connection, job, now, why)
        else:
            need_person(connection, job, now, "the studio", why)
    return lost


def _requeue(connection: Connection, job: Job, now: float, why: str, fault: str = "") -> None:
    """Queue a render again after a pause; fail it after too many tries, or after the same fault twice in a row."""
    free = {"token": job.token + 1, "worker": "", "lease_until": 0.0, "error": why, "fault": fault}
    if job.wanted == "cancel":
        change_state(connection, job, "cancelled", now, "the studio", why, ended=now, **(free | {"wanted": ""}))
    elif fault and fault == job.fault:
        change_state(connection, job, "failed", now, "the studio", f"{why}; the same twice in a row", ended=now, **free)
    elif job.tries >= TRIES:
        change_state(connection, job, "failed", now, "the studio", f"{why}; tried {job.tries} times", ended=now, **free)
    else:
        wait_s = BACK_OFF_S[job.tries - 1]
        text = f"{why}; next try in {wait_s:g} s"
        change_state(connection, job, "queued", now, "the studio", text, not_before=now + wait_s, **free)


def need_person(connection: Connection, job: Job, now: float, who: str, why: str, *, is_lost: bool = False) -> None:
    """Let a person decide about a plot that stopped unexpectedly: what is drawn stays drawn. Raises Refused.

    `is_lost`: the position may be lost, so no answer is suggested.
    """
    free = {"token": job.token + 1, "worker": "", "lease_until": 0.0, "wanted": "", "error": why}
    change_state(connection, job, "needs_attention", now, who, why, **free)
    job = find(connection, job.id)
    if is_lost:
        put_queue(connection, job.machine, lost=why)
    home = ". Home the machine before you resume" if is_lost else ""
    said = f"{why}. Look at the sheet and the pen, then choose how to go on{home}"
    questions.ask(connection, job, now, "attention", "the plot stopped", said, WAYS_ON, "" if is_lost else "stroke")


def heartbeat(
    store: Store, number: int, token: int, progress: dict[str, Any] | None = None, lease_s: float = LEASE_S
) -> Job:
    """Report that the worker is alive and how far it is; return the job with what people have asked of it.

    Raises LeaseLost if the lease has ended.
    """
    with store.begin() as connection:
        job = leased_job(connection, number, token)
        more = {} if progress is None else {"progress": progress}
        update_job(connection, job, lease_until=store.now(connection) + lease_s, **more)
        return job


def finish(
    store: Store,
    number: int,
    token: int,
    worker: str,
    result: dict[str, Any],
    publish: Callable[[], None],
    preview: tuple[str, bytes] | None = None,  # media type, content
) -> None:
    """Finish a render. `publish` puts its folder into place while no other worker can take the job.

    Raises LeaseLost if the lease has ended, StudioError if the preview is too large, and whatever `publish` raises.
    """
    with store.begin() as connection:
        job, now = leased_job(connection, number, token), store.now(connection)
        job_pictures.clear(connection, number)
        if preview is not None:
            job_pictures.put_row(connection, number, now, "preview", *preview)
        publish()
        done = {"result": result, "worker": "", "lease_until": 0.0, "ended": now, "wanted": ""}
        change_state(connection, job, "done", now, worker, "done", **done)
        drafts = jobs.c.follows == number, jobs.c.kind == "plot", jobs.c.state == "draft"
        for plot in connection.execute(select(jobs.c.id, jobs.c.name).where(*drafts)).all():
            connection.execute(jobs.update().where(jobs.c.id == plot.id).values(_made(job, result, plot.name)))


def _made(job: Job, result: dict[str, Any], name: str) -> dict[str, Any]:
    """The fields of a plot of what was rendered: of the sheet of this name, or of a drawing on one sheet."""
    sheet = result.get("sheets", {}).get(name, {})
    source = Path(result.get("folder", job.out)) / sheet.get("folder", "")
    return {"source": str(source), "result": json.dumps(ink_supply.plot_usage(sheet or result))}


def fail(
    store: Store, number: int, token: int, worker: str, why: str, *, can_retry: bool, is_bug: bool = False
) -> None:
    """Report that a render failed. It is tried again if it `can_retry`, and only once more if it `is_bug`.

    Raises LeaseLost if the lease has ended.
    """
    with store.begin() as connection:
        job, now = leased_job(connection, number, token), store.now(connection)
        if can_retry:
            _requeue(connection, job, now, why, why if is_bug else "")
        else:
            gone = {"token": job.token + 1, "worker": "", "lease_until": 0.0, "ended": now, "error": why, "wanted": ""}
            change_state(connection, job, "failed", now, worker, why, **gone)


def stop(store: Store, number: int, token: int, worker: str, why: str) -> None:
    """Cancel a render because a person asked for it. Raises LeaseLost if the lease has ended."""
    with store.begin() as connection:
        job, now = leased_job(connection, number, token), store.now(connection)
        gone = {"token": job.token + 1, "worker": "", "lease_until": 0.0, "ended": now, "wanted": ""}
        change_state(connection, job, "cancelled", now, worker, why, **gone)


def give_back_full(store: Store, number: int, token: int, worker: str, why: str) -> None:
    """Queue a render again because its disk is full, and pause the queue, whose next jobs would meet the same disk.

    This does not count as a try. Raises LeaseLost.
    """
    with store.begin() as connection:
        job, now = leased_job(connection, number, token), store.now(connection)
        free = {"token": job.token + 1, "worker": "", "lease_until": 0.0, "tries": job.tries - 1, "error": why}
        if job.wanted == "cancel":
            change_state(connection, job, "cancelled", now, worker, why, ended=now, **(free | {"wanted": ""}))
        else:
            change_state(connection, job, "queued", now, worker, f"given back, and the queue paused: {why}", **free)
        put_queue(connection, "render", paused=1, why=f"{why} (found by worker {worker})")


def give_back(store: Store, number: int, token: int, worker: str) -> None:
    """Queue a render again because its worker ends; this does not count as a try. Raises LeaseLost."""
    with store.begin() as connection:
        job, now = leased_job(connection, number, token), store.now(connection)
        free = {"token": job.token + 1, "worker": "", "lease_until": 0.0, "tries": job.tries - 1}
        change_state(connection, job, "queued", now, worker, "given back: the worker ends", **free)


def advance(
    store: Store,
    number: int,
    token: int,
    worker: str,
    state: str,
    why: str,
    *,
    asks: NewQuestion | None = None,
    unpaused: bool = False,
) -> int:
    """Put a plot into a state and ask a question, or none; return the question's number, or 0.

    An earlier question is closed. `unpaused` ends a pause that was asked for; any other request stays.
    Raises LeaseLost if the lease has ended, and Refused if the state cannot follow.
    """
    with store.begin() as connection:
        job, now = leased_job(connection, number, token), store.now(connection)
        if unpaused and job.wanted == "pause":
            update_job(connection, job, wanted="")
        if job.state != state:
            change_state(connection, job, state, now, worker, why)
        if asks is None:
            questions.close(connection, number, now)
            return 0
        return questions.ask(
            connection, job, now, asks.kind, asks.title, asks.said, asks.choices, asks.fallback, asks.about
        )


def end_plot(store: Store, number: int, token: int, worker: str, state: str, why: str, *, cleared: bool) -> None:
    """End a plot. `cleared`: a person has said that its sheet is off the bed. Raises LeaseLost."""
    with store.begin() as connection:
        job, now = leased_job(connection, number, token), store.now(connection)
        questions.close(connection, number, now)
        gone = {"token": job.token + 1, "worker": "", "lease_until": 0.0, "ended": now, "wanted": ""}
        change_state(connection, job, state, now, worker, why, **gone)
        job_pictures.clear_strokes(connection, number)
        ink_supply.add_drawn(connection, job, now)
        if cleared:
            put_queue(connection, job.machine, sheet="")


def report_trouble(store: Store, number: int, token: int, worker: str, why: str, *, is_lost: bool = False) -> None:
    """Report that a plot stopped unexpectedly, `is_lost` if its position may be lost; it then needs a person.

    Raises LeaseLost.
    """
    with store.begin() as connection:
        job = leased_job(connection, number, token)
        need_person(connection, job, store.now(connection), worker, why, is_lost=is_lost)


def add_remark(store: Store, number: int, token: int, worker: str, text: str) -> None:
    """Write a remark into the history of a plot. Raises LeaseLost."""
    with store.begin() as connection:
        add_event(connection, leased_job(connection, number, token), store.now(connection), worker, text)

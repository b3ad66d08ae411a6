"""What workers do with the queue. A job is lent for a while, with a token; whoever writes of it shows the token.

A worker that is late, because it hung or its machine slept, finds that the token has grown, and its word counts no
more: the job is somebody else's by then. LeaseLost.
"""

import json
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, select

from renderer.studio.queue import ink_supply, job_pictures, questions
from renderer.studio.queue.changes import add_event, change_state, leased_job, update_job
from renderer.studio.queue.pausing import pause_reason, put_queue
from renderer.studio.queue.questions import NewQuestion
from renderer.studio.queue.records import Job, find, job_of
from renderer.studio.queue.states import LEASED
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
    ("abandon", "abandon it"),
)


def claim(store: Store, kind: str, worker: str, queue: str = "render", lease_s: float = LEASE_S) -> Job | None:
    """The next job of this kind, lent to this worker; None where there is nothing to do. Each goes to one worker."""
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
        change_state(connection, job, state, now, worker, "taken up", began=now, error="", progress={}, **values)
        if kind == "render" and job.token:
            job_pictures.clear(connection, job.id)  # of an earlier try
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
            jobs.c.machine == queue, jobs.c.kind == "plot", jobs.c.state == "queued", jobs.c.how.in_(("stroke", "pass"))
        )
        if (number := connection.execute(half).scalar()) is not None:  # its half drawn sheet lies on the bed
            wanted = wanted.where(jobs.c.id == number)
    wanted = wanted.order_by(jobs.c.priority.desc(), jobs.c.place, jobs.c.id).limit(1)
    row = connection.execute(wanted.with_for_update(skip_locked=True)).first()
    return job_of(row) if row else None


def take_back(connection: Connection, now: float) -> list[Job]:
    """Takes jobs from workers that have not been heard of: a render waits again, a plot needs a person."""
    late = select(jobs).where(jobs.c.state.in_(sorted(LEASED)), jobs.c.lease_until < now)
    lost = [job_of(row) for row in connection.execute(late.with_for_update(skip_locked=True))]
    for job in lost:
        why = f"worker {job.worker} was not heard of any more"
        if job.kind == "render":
            _requeue(connection, job, now, why)
        else:
            need_person(connection, job, now, "the studio", why)
    return lost


def _requeue(connection: Connection, job: Job, now: float, why: str, fault: str = "") -> None:
    """To the queue once more after a pause, or to its end after too many tries, or at the same fault twice in a row."""
    free = {"token": job.token + 1, "worker": "", "lease_until": 0.0, "error": why, "fault": fault}
    if job.wanted == "cancel":
        change_state(connection, job, "cancelled", now, "the studio", why, ended=now, **(free | {"wanted": ""}))
    elif fault and fault == job.fault:
        change_state(connection, job, "failed", now, "the studio", f"{why}; the same twice in a row", ended=now, **free)
    elif job.tries >= TRIES:
        change_state(connection, job, "failed", now, "the studio", f"{why}; tried {job.tries} times", ended=now, **free)
    else:
        wait_s = BACK_OFF_S[job.tries - 1]
        text = f"{why}; tried again in {wait_s:g} s"
        change_state(connection, job, "queued", now, "the studio", text, not_before=now + wait_s, **free)


def need_person(connection: Connection, job: Job, now: float, who: str, why: str) -> None:
    """A plot that came to a stop nobody wanted: what was drawn stays drawn, so a person decides."""
    free = {"token": job.token + 1, "worker": "", "lease_until": 0.0, "wanted": "", "error": why}
    change_state(connection, job, "needs_attention", now, who, why, **free)
    job = find(connection, job.id)
    said = f"{why}. Look at the sheet and the pen, then say how to go on"
    questions.ask(connection, job, now, "attention", "the plot stopped", said, WAYS_ON, "stroke")


def heartbeat(
    store: Store, number: int, token: int, progress: dict[str, Any] | None = None, lease_s: float = LEASE_S
) -> Job:
    """The worker is alive; gives the job as it is, with what people want of it. LeaseLost."""
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
    """A render is done. `publish` puts its folder into place while nobody else can take the job. LeaseLost."""
    with store.begin() as connection:
        job, now = leased_job(connection, number, token), store.now(connection)
        job_pictures.clear(connection, number)
        if preview is not None:
            job_pictures.put_row(connection, number, now, "preview", *preview)
        publish()
        done = {"result": result, "worker": "", "lease_until": 0.0, "ended": now, "wanted": ""}
        change_state(connection, job, "done", now, worker, "done", **done)
        plots = jobs.update().where(jobs.c.follows == number, jobs.c.kind == "plot", jobs.c.state == "draft")
        connection.execute(
            plots.values(source=result.get("folder", job.out), result=json.dumps(ink_supply.plot_usage(result)))
        )


def fail(
    store: Store, number: int, token: int, worker: str, why: str, *, can_retry: bool, is_bug: bool = False
) -> None:
    """A render came to nothing. `again`: another try may do better; of a `bug`, only one other. LeaseLost."""
    with store.begin() as connection:
        job, now = leased_job(connection, number, token), store.now(connection)
        if can_retry:
            _requeue(connection, job, now, why, why if is_bug else "")
        else:
            gone = {"token": job.token + 1, "worker": "", "lease_until": 0.0, "ended": now, "error": why, "wanted": ""}
            change_state(connection, job, "failed", now, worker, why, **gone)


def stop(store: Store, number: int, token: int, worker: str, why: str) -> None:
    """A render was stopped because a person wanted it. LeaseLost."""
    with store.begin() as connection:
        job, now = leased_job(connection, number, token), store.now(connection)
        gone = {"token": job.token + 1, "worker": "", "lease_until": 0.0, "ended": now, "wanted": ""}
        change_state(connection, job, "cancelled", now, worker, why, **gone)


def give_back(store: Store, number: int, token: int, worker: str) -> None:
    """A worker that has to end gives its render back; that was no try. LeaseLost."""
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
    """A plot has reached this state; with a question, its number. What was asked before is closed. LeaseLost.

    `unpaused`: if a pause was wanted, it is over; whatever else is wanted stays wanted.
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
    """A plot is over; `cleared`: a person has said that its sheet is off the bed. LeaseLost."""
    with store.begin() as connection:
        job, now = leased_job(connection, number, token), store.now(connection)
        questions.close(connection, number, now)
        gone = {"token": job.token + 1, "worker": "", "lease_until": 0.0, "ended": now, "wanted": ""}
        change_state(connection, job, state, now, worker, why, **gone)
        if cleared:
            put_queue(connection, job.machine, sheet="")


def report_trouble(store: Store, number: int, token: int, worker: str, why: str) -> None:
    """A plot came to a stop that nobody wanted. LeaseLost."""
    with store.begin() as connection:
        job = leased_job(connection, number, token)
        need_person(connection, job, store.now(connection), worker, why)


def add_remark(store: Store, number: int, token: int, worker: str, text: str) -> None:
    """Something that the history of a plot should keep. LeaseLost."""
    with store.begin() as connection:
        add_event(connection, leased_job(connection, number, token), store.now(connection), worker, text)

"""The one way in which a job changes its state: checked, and noted in the history in the same transaction.

A worker shows the token of its lease with every change.
"""

import json
from typing import Any

from sqlalchemy import Connection

from renderer.studio.queue.records import Job, find
from renderer.studio.queue.states import LEASED, LeaseLost, check
from renderer.studio.queue.tables import events, jobs


def add_event(connection: Connection, job: Job, at: float, who: str, why: str, *, after: str | None = None) -> None:
    """Something that happened, with or without a change of state."""
    values = {"before": job.state, "after": job.state if after is None else after, "who": who, "why": why}
    connection.execute(events.insert().values(at=at, job=job.id, what=f"{job.kind} {job.title}", **values))


def change_state(connection: Connection, job: Job, state: str, at: float, who: str, why: str, **values: Any) -> None:
    """The job is now in this state; `values` of its row change with it. Refused where that cannot follow."""
    check(job.kind, job.state, state)
    update_job(connection, job, state=state, **values)
    add_event(connection, job, at, who, why, after=state)


def update_job(connection: Connection, job: Job, **values: Any) -> None:
    """Changes the row of a job."""
    values = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in values.items()}
    connection.execute(jobs.update().where(jobs.c.id == job.id).values(**values))


def leased_job(connection: Connection, number: int, token: int) -> Job:
    """The job, if it is still lent under this token; kept from others until the transaction ends. LeaseLost."""
    job = find(connection, number, to_change=True)
    if job.token != token or job.state not in LEASED:
        raise LeaseLost(f"job {number} is lent to somebody else by now (token {token}, it has {job.token})")
    return job

"""The only way in which a job changes its state: checked, and written into the history in the same transaction.

A worker gives the token of its lease with every change.
"""

import json
from typing import Any

from sqlalchemy import Connection

from renderer.studio.queue.records import Job, find
from renderer.studio.queue.states import LEASED, LeaseLost, check
from renderer.studio.queue.tables import events, jobs


def add_event(connection: Connection, job: Job, at: float, who: str, why: str, *, after: str | None = None) -> None:
    """Write an event of a job into the history, with or without a change of state."""
    values = {"before": job.state, "after": job.state if after is None else after, "who": who, "why": why}
    connection.execute(events.insert().values(at=at, job=job.id, what=f"{job.kind} {job.title}", **values))


def change_state(connection: Connection, job: Job, state: str, at: float, who: str, why: str, **values: Any) -> None:
    """Put a job into a state and set other `values` of its row. Raises Refused if that state cannot follow."""
    check(job.kind, job.state, state)
    update_job(connection, job, state=state, **values)
    add_event(connection, job, at, who, why, after=state)


def update_job(connection: Connection, job: Job, **values: Any) -> None:
    """Change the row of a job."""
    values = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in values.items()}
    connection.execute(jobs.update().where(jobs.c.id == job.id).values(**values))


def leased_job(connection: Connection, number: int, token: int) -> Job:
    """The job that is leased under this token, locked until the transaction ends.

    Raises LeaseLost if the lease has ended, and StudioError if there is no such job.
    """
    job = find(connection, number, to_change=True)
    if job.token != token or job.state not in LEASED:
        raise LeaseLost(f"job {number} is no longer leased to this worker (token {token}, the job has {job.token})")
    return job

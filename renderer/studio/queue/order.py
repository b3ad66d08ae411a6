"""The order of the queue: by priority, then by place, a number with room for others on both sides."""

from typing import Literal

from sqlalchemy import Connection, func, select

from renderer.studio.queue.records import Job, find
from renderer.studio.queue.states import WAITING
from renderer.studio.queue.tables import jobs

STEP = 1024.0  # between the places of two jobs that were added in succession
LEAST_STEP = 1e-6  # if two places are closer, all jobs get new places
Where = Literal["first", "last", "before", "after"]


def place_of(connection: Connection, job: Job, where: Where, other: int | None) -> tuple[float, int]:
    """The place and the priority of a job that is moved there. Raises StudioError if `other` does not exist."""
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
        return place_of(connection, job, where, other)
    return (neighbour + beside.place) / 2, beside.priority


def _spread(connection: Connection) -> None:
    """Give all jobs new places in the same order, with room between them."""
    numbers = connection.execute(select(jobs.c.id).order_by(jobs.c.place, jobs.c.id)).scalars().all()
    for n, number in enumerate(numbers, 1):
        connection.execute(jobs.update().where(jobs.c.id == number).values(place=STEP * n))

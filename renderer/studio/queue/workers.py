"""The workers that run now, as rows: each has a device or a machine exclusively."""

from collections.abc import Iterable

from sqlalchemy import select

from renderer.studio.queue.leases import LEASE_S, take_back
from renderer.studio.queue.records import Job
from renderer.studio.queue.states import LEASED, StudioError
from renderer.studio.queue.store import Store
from renderer.studio.queue.tables import jobs, workers

FORGOTTEN_S = 86400.0  # a worker that has not reported for this long


def register(store: Store, worker: str, kind: str, place: str, lease_s: float = LEASE_S) -> None:
    """Give this worker a place (a GPU, a machine) exclusively. Raises StudioError if another live worker has it."""
    with store.begin() as connection:
        now = store.now(connection)
        others = select(workers.c.name).where(
            workers.c.place == place, workers.c.name != worker, workers.c.seen > now - lease_s
        )
        other = connection.execute(others).scalar()
        if other is not None:
            raise StudioError(
                f"worker {other} has {place}, and reported in the last {lease_s:g} s; end it first, or wait"
            )
        gone = (workers.c.name == worker) | (workers.c.place == place) | (workers.c.seen < now - FORGOTTEN_S)
        connection.execute(workers.delete().where(gone))
        connection.execute(workers.insert().values(name=worker, kind=kind, place=place, seen=now))


def take_back_from(store: Store, names: Iterable[str]) -> list[Job]:
    """Take back the jobs of workers that are certainly dead, at once instead of when their leases run out."""
    with store.begin() as connection:
        now, dead = store.now(connection), list(names)
        held_by = (jobs.c.worker.in_(dead), jobs.c.state.in_(sorted(LEASED)))
        connection.execute(jobs.update().where(*held_by).values(lease_until=now - 1.0))
        connection.execute(workers.delete().where(workers.c.name.in_(dead)))
        return take_back(connection, now) if dead else []


def heard_from(store: Store, worker: str) -> None:
    with store.begin() as connection:
        connection.execute(workers.update().where(workers.c.name == worker).values(seen=store.now(connection)))


def unregister(store: Store, worker: str) -> None:
    with store.begin() as connection:
        connection.execute(workers.delete().where(workers.c.name == worker))

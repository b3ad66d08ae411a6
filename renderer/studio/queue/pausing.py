"""The queue of renders and the queue of each machine: paused or not, and which sheet is on the bed."""

from typing import Any

from sqlalchemy import Connection, select

from renderer.studio.queue.store import Store
from renderer.studio.queue.tables import queues


def pause_reason(connection: Connection, name: str) -> str | None:
    """Why this queue is paused; None if it is not."""
    row = connection.execute(select(queues.c.paused, queues.c.why).where(queues.c.name == name)).first()
    return row.why if row is not None and row.paused else None


def sheet_on_bed(connection: Connection, name: str) -> str:
    """What is on this machine's bed; empty if that is unknown or nothing is there."""
    return connection.execute(select(queues.c.sheet).where(queues.c.name == name)).scalar() or ""


def lost_position(connection: Connection, name: str) -> str:
    """Why the position of this machine may be lost; empty if it is known."""
    return connection.execute(select(queues.c.lost).where(queues.c.name == name)).scalar() or ""


def paused_queues(store: Store) -> dict[str, str]:
    """Why queues are paused, by name."""
    with store.read() as connection:
        return pause_reasons(connection)


def pause_reasons(connection: Connection) -> dict[str, str]:
    """Why queues are paused, by name, within a transaction."""
    rows = connection.execute(select(queues).where(queues.c.paused == 1).order_by(queues.c.name))
    return {row.name: row.why for row in rows}


def pause_queue(store: Store, name: str, who: str, why: str = "") -> None:
    """Pause a queue: workers take no new job from it, and jobs at work go on."""
    set_queue(store, name, paused=1, why=why or f"paused by {who}")


def resume_queue(store: Store, name: str) -> None:
    set_queue(store, name, paused=0, why="")


def set_queue(store: Store, name: str, **values: Any) -> None:
    with store.begin() as connection:
        put_queue(connection, name, **values)


def put_queue(connection: Connection, name: str, **values: Any) -> None:
    changed = connection.execute(queues.update().where(queues.c.name == name).values(**values))
    if changed.rowcount == 0:
        connection.execute(
            queues.insert().values(**({"name": name, "paused": 0, "why": "", "sheet": "", "lost": ""} | values))
        )

"""What people ask of a machine outside a plot, as rows: a worker carries each out, once, and soon or not at all."""

import json
from dataclasses import dataclass

from sqlalchemy import Connection, Row, select

from hardware.plotting.move_names import OF_A_PLOT, WITHOUT_POSITION
from renderer.studio.queue.pausing import lost_position, put_queue
from renderer.studio.queue.records import find
from renderer.studio.queue.states import LEASED, Refused, StudioError
from renderer.studio.queue.store import Store
from renderer.studio.queue.tables import jobs, moves, workers

SOON_S = 20.0  # a move that no worker has begun by then is not made: nobody expects it any more
ALIVE_S = 30.0
BESIDE_A_SHEET = ("home", "pen_up")  # moves that harm no half-drawn sheet
UNDER_WAY = ("open", "running", "stopping")


@dataclass(frozen=True)
class MoveRequest:
    """A move that somebody has asked for."""

    id: int
    machine: str
    name: str
    numbers: dict[str, float]
    job: int | None
    state: str
    said: str
    who: str
    asked: float


def ask_move(
    store: Store, machine: str, name: str, who: str, numbers: dict[str, float] | None = None, job: int | None = None
) -> MoveRequest:
    """Ask for a move. Raises Refused with the reason if the machine must not make it now, and StudioError."""
    with store.begin() as connection:
        now = store.now(connection)
        _check(connection, machine, name, job, now)
        row = {"machine": machine, "name": name, "numbers": json.dumps(numbers or {}), "job": job, "state": "open",
               "said": "", "who": who, "asked": now}  # fmt: skip
        made = connection.execute(moves.insert().values(**row)).inserted_primary_key
        return _request(connection.execute(select(moves).where(moves.c.id == made[0])).one())  # type: ignore[index]


def _check(connection: Connection, machine: str, name: str, job: int | None, now: float) -> None:
    own = (jobs.c.machine == machine, jobs.c.kind == "plot")
    if connection.execute(select(jobs.c.id).where(*own, jobs.c.state.in_(sorted(LEASED)))).first() is not None:
        raise Refused(f"{machine} plots; it obeys only that plot until its sheet is cleared")
    half = connection.execute(select(jobs.c.id).where(*own, jobs.c.state == "needs_attention")).scalar()
    if half is not None and name not in BESIDE_A_SHEET:
        raise Refused(f"the sheet of job {half} is on the bed; decide about that plot first (it needs you)")
    lost = lost_position(connection, machine)
    if lost and name not in WITHOUT_POSITION:
        raise Refused(f"{lost}: home the machine first, or set its origin by hand")
    place = (workers.c.place == f"machine {machine}", workers.c.seen > now - ALIVE_S)
    if connection.execute(select(workers.c.name).where(*place)).first() is None:
        raise Refused(f"no worker of {machine} is running; start render worker --kind plot beside it")
    running = select(moves.c.name).where(moves.c.machine == machine, moves.c.state.in_(UNDER_WAY))
    if (other := connection.execute(running.where(moves.c.asked > now - SOON_S)).scalar()) is not None:
        raise Refused(f"{machine} is still busy with: {other.replace('_', ' ')}")
    if name in OF_A_PLOT and (job is None or find(connection, job).machine != machine):
        raise StudioError("choose the plot whose drawing is meant")


def take_move(store: Store, machine: str) -> MoveRequest | None:
    """The next move for the worker of this machine; those that have waited for too long are refused."""
    with store.read() as connection:
        waits = select(moves).where(moves.c.machine == machine, moves.c.state == "open").order_by(moves.c.id)
        if connection.execute(waits).first() is None:
            return None
    with store.begin() as connection:
        now = store.now(connection)
        own = (moves.c.machine == machine, moves.c.state == "open")
        late = moves.update().where(*own, moves.c.asked < now - SOON_S)
        connection.execute(late.values(state="refused", said="no worker was free in time; ask again", ended=now))
        row = connection.execute(select(moves).where(*own).order_by(moves.c.id).with_for_update()).first()
        if row is None:
            return None
        connection.execute(moves.update().where(moves.c.id == row.id).values(state="running"))
        return _request(row)


def is_stopped(store: Store, number: int) -> bool:
    """Whether somebody has asked to stop this move."""
    with store.read() as connection:
        return connection.execute(select(moves.c.state).where(moves.c.id == number)).scalar() == "stopping"


def stop_move(store: Store, machine: str) -> None:
    """Ask to stop the move that is under way. Raises Refused if there is none."""
    with store.begin() as connection:
        own = (moves.c.machine == machine, moves.c.state.in_(("open", "running")))
        if connection.execute(moves.update().where(*own).values(state="stopping")).rowcount == 0:
            raise Refused(f"{machine} makes no move that could be stopped")


def end_move(store: Store, move: MoveRequest, state: str, said: str, lost: str | None = None) -> None:
    """Write what became of a move. `lost`: why the position may be lost, or an empty text if it is known again."""
    with store.begin() as connection:
        ended = {"state": state, "said": said, "ended": store.now(connection)}
        connection.execute(moves.update().where(moves.c.id == move.id).values(**ended))
        if lost is not None:
            put_queue(connection, move.machine, lost=lost)


def drop_moves(store: Store, machine: str, why: str) -> None:
    """Refuse the moves that are under way, because the worker has started: nothing moves unexpectedly."""
    with store.begin() as connection:
        own = (moves.c.machine == machine, moves.c.state.in_(UNDER_WAY))
        connection.execute(moves.update().where(*own).values(state="refused", said=why, ended=store.now(connection)))


def last_move(connection: Connection, machine: str) -> MoveRequest | None:
    """The move of this machine that was asked for last."""
    row = connection.execute(select(moves).where(moves.c.machine == machine).order_by(moves.c.id.desc())).first()
    return _request(row) if row else None


def _request(row: "Row[tuple[object, ...]]") -> MoveRequest:
    values = dict(row._mapping)
    values.pop("ended")
    return MoveRequest(**(values | {"numbers": json.loads(values["numbers"])}))

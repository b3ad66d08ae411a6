"""Carries out what people ask of a machine outside a plot, while its worker has no plot."""

import threading
import time
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from hardware.job.gcode_job import GcodeJob as Lines
from hardware.plotting.control import Control
from hardware.plotting.move_names import OF_A_PLOT
from hardware.plotting.steering import MachineMove, SteeringError, make_move
from renderer.studio.plotting.worker_state import WorkerState
from renderer.studio.queue import machine_moves, pausing, records, workers
from renderer.studio.queue.machine_moves import MoveRequest

LOOK_S = 0.2  # between two checks whether to stop
FOUND = ("home", "origin")  # after these the position is known


def steer_once(worker: WorkerState) -> bool:
    """Carry out the next move that somebody asks for; return whether there was one."""
    try:
        asked = machine_moves.take_move(worker.store, worker.machine.name)
    except SQLAlchemyError:
        return False
    if asked is None:
        return False
    worker.say(f"{asked.name.replace('_', ' ')}, asked for by {asked.who}")
    control, ended = Control(), list[tuple[str, str, str | None]]()
    thread = threading.Thread(target=lambda: ended.append(_outcome(worker, asked, control)), name=asked.name)
    thread.start()
    while thread.is_alive():
        thread.join(LOOK_S)
        _look(worker, asked, control)
    state, said, lost = ended[0]
    worker.say(f"{asked.name.replace('_', ' ')}: {said}")
    while not worker.write(lambda: machine_moves.end_move(worker.store, asked, state, said, lost)):
        if worker.at_once:
            break
        time.sleep(1.0)
    return True


def _look(worker: WorkerState, asked: MoveRequest, control: Control) -> None:
    """Report that the worker is alive, and stop the move if somebody asks for that or the worker has to leave."""
    try:
        workers.heard_from(worker.store, worker.name)
        is_stopped = machine_moves.is_stopped(worker.store, asked.id)
    except SQLAlchemyError:  # nobody could stop the machine from the page any more
        is_stopped = True
    if is_stopped or worker.leaving:
        control.abort()


def _outcome(worker: WorkerState, asked: MoveRequest, control: Control) -> tuple[str, str, str | None]:
    """Make the move; return the state of its row, a sentence, and what is known of the position now."""
    try:
        job = _lines(worker, asked)
        with worker.store.read() as connection:
            is_lost = bool(pausing.lost_position(connection, asked.machine))
        said = make_move(_move(asked), job, worker.machine.open_port, control, is_lost=is_lost)
    except SteeringError as error:
        return "refused", str(error), str(error) if error.is_lost else None
    except Exception as error:
        return "refused", " ".join(str(error).split()) or type(error).__name__, None
    return "done", said, "" if asked.name in FOUND else None


def _move(asked: MoveRequest) -> MachineMove:
    numbers: dict[str, Any] = asked.numbers
    return MachineMove(asked.name, numbers.get("x", 0.0), numbers.get("y", 0.0), int(numbers.get("part", 0)))  # type: ignore[arg-type]


def _lines(worker: WorkerState, asked: MoveRequest) -> Lines:
    """The drawing that the move is about, or a job without one. Raises SteeringError and the errors of reading it."""
    if asked.job is not None and (asked.name in OF_A_PLOT or asked.name == "pen_down"):
        with worker.store.read() as connection:
            job = records.find(connection, asked.job)
        if not Path(job.source).exists():
            raise SteeringError(f"the drawing of job {job.id} is not there yet")
        return worker.machine.lines(job)
    if worker.machine.bare is None:
        raise SteeringError("this worker only plots")
    return worker.machine.bare

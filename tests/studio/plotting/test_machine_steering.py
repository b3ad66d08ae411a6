"""A machine that plots nothing obeys the operator, within its own limits and never while a plot moves it."""

import time
from pathlib import Path

import pytest
from beside import QUICK, Beside, added, pen_is_down
from clock import Clock
from samples import SERVO
from simulated_plot import SimulatedPlot, small_card

from hardware.job.prepare import bare_job
from renderer.studio.plotting.worker_state import PlotMachine
from renderer.studio.queue import machine_moves, pausing, requests, workers
from renderer.studio.queue.machine_moves import MoveRequest
from renderer.studio.queue.states import Refused, StudioError
from renderer.studio.queue.store import Store


class Steered(Beside):
    """A worker that is steered, and the operator."""

    def __init__(self, store: Store, session: SimulatedPlot, folder: Path) -> None:
        super().__init__(store, session, folder)
        machine = self.worker.state.machine
        self.worker.state.machine = PlotMachine(
            machine.name, machine.port, machine.open_port, machine.lines, machine.journals, bare_job(SERVO)
        )
        self.bench = session.bench
        workers.register(store, "w", "plot", "machine gantry", QUICK.lease_s)

    def makes(self, name: str, job: int | None = None, **numbers: float) -> MoveRequest:
        asked = machine_moves.ask_move(self.store, "gantry", name, "ada", numbers, job)
        found: list[MoveRequest] = []

        def has_ended() -> bool:
            with self.store.read() as connection:
                last = machine_moves.last_move(connection, "gantry")
            found.append(last)  # type: ignore[arg-type]
            return last is not None and last.id == asked.id and last.state in {"done", "refused"}

        self.until(has_ended)
        return found[-1]

    def lost(self) -> str:
        with self.store.read() as connection:
            return pausing.lost_position(connection, "gantry")


@pytest.fixture
def session() -> SimulatedPlot:
    return SimulatedPlot(drawing=small_card())


def test_it_jogs_parks_and_moves_the_pen(there: Store, session: SimulatedPlot, tmp_path: Path) -> None:
    with Steered(there, session, tmp_path) as operator:
        assert operator.makes("jog", x=12.0, y=7.0).said == "done; the pen is at x 12.0, y 7.0 mm"
        assert operator.makes("pen_down").state == "done"
        assert pen_is_down(operator.bench)
        assert operator.makes("pen_up").state == "done"
        assert not pen_is_down(operator.bench)
        assert operator.makes("park").said == "done; the pen is at x 0.0, y 0.0 mm"
        assert operator.makes("jog", x=12.0, y=7.0).state == "done"
        assert operator.makes("origin").state == "done"
        assert operator.makes("jog", x=1.0, y=0.0).said == "done; the pen is at x 1.0, y 0.0 mm"


def test_it_refuses_what_the_machine_cannot_do_and_says_why(
    there: Store, session: SimulatedPlot, tmp_path: Path
) -> None:
    with Steered(there, session, tmp_path) as operator:
        far = operator.makes("jog", x=-80.0, y=0.0)
        assert far.state == "refused"
        assert far.said == "x -80.0, y 0.0 is not on the bed, which reaches from 0, 0 to 120, 100 mm"
        homed = operator.makes("home")
        assert (homed.state, homed.said[:41]) == ("refused", "this machine has no homing switches ($22=")
        with pytest.raises(StudioError, match=r"^choose the plot whose drawing is meant$"):
            machine_moves.ask_move(there, "gantry", "outline", "ada")


def test_an_outline_an_air_run_and_a_test_stroke_of_the_next_plot(
    there: Store, session: SimulatedPlot, tmp_path: Path, here: None
) -> None:
    (a,) = added(there, "a")
    with Steered(there, session, tmp_path) as operator:
        assert operator.makes("outline", a).said == "outline of card: done, pen up and parked"
        assert operator.makes("air", a).said == "card, in the air: done, pen up and parked"
        drawn = [each for each in operator.bench.controller.machine.trace if "Move" in type(each).__name__]
        assert drawn
        assert operator.makes("test", a).state == "done"
        assert not pen_is_down(operator.bench)


def test_while_a_plot_is_under_way_nothing_else_moves_the_machine(
    there: Store, session: SimulatedPlot, tmp_path: Path, here: None
) -> None:
    (a,) = added(there, "a")
    with Steered(there, session, tmp_path) as operator:
        operator.lets_go()
        operator.asked(a, "load")
        for name in ("home", "jog", "pen_up"):
            with pytest.raises(Refused, match=r"^gantry plots; it obeys only that plot until its sheet is cleared$"):
                machine_moves.ask_move(there, "gantry", name, "ada")
        requests.cancel(there, a, "ada")
        operator.reaches(a, "cancelled")
        assert operator.makes("pen_up").state == "done"


def test_after_an_emergency_stop_the_position_comes_first(
    there: Store, session: SimulatedPlot, tmp_path: Path, here: None
) -> None:
    (a,) = added(there, "a")
    with Steered(there, session, tmp_path) as operator:
        operator.lets_go()
        operator.answers(a, "load")
        operator.asked(a, "pen")
        requests.emergency(there, a, "ada")
        operator.reaches(a, "needs_attention")
        assert operator.lost() == "emergency stop: the position may be lost"
        with pytest.raises(Refused, match=rf"^the sheet of job {a} is on the bed; decide about that plot first"):
            machine_moves.ask_move(there, "gantry", "jog", "ada", {"x": 5.0})
        assert operator.makes("pen_up").state == "done"
        requests.cancel(there, a, "ada")
        with pytest.raises(Refused, match=r"^emergency stop: the position may be lost: home the machine first"):
            machine_moves.ask_move(there, "gantry", "park", "ada")
        assert operator.makes("origin").state == "done"
        assert operator.lost() == ""
        assert operator.makes("park").state == "done"


def test_a_locked_controller_only_homes(there: Store, session: SimulatedPlot, tmp_path: Path) -> None:
    with Steered(there, session, tmp_path) as operator:
        operator.bench.controller.alarm(1)
        locked = operator.makes("park")
        assert locked.state == "refused"
        assert locked.said.startswith("the controller is locked (alarm): the position may be lost; home the machine")
        assert operator.lost() == locked.said


def test_a_move_that_nobody_expects_any_more_is_not_made(there: Store, session: SimulatedPlot, tmp_path: Path) -> None:
    workers.register(there, "w", "plot", "machine gantry", QUICK.lease_s)
    machine_moves.ask_move(there, "gantry", "park", "ada")
    with Steered(there, session, tmp_path):
        time.sleep(0.2)
        with there.read() as connection:
            last = machine_moves.last_move(connection, "gantry")
        assert last is not None
        assert (last.state, last.said) == ("refused", "the worker has started; ask again")
    assert not session.bench.controller.machine.trace


def test_a_move_is_refused_without_a_worker_and_dropped_when_it_is_late(store: Store, clock: Clock) -> None:
    with pytest.raises(Refused, match=r"^no worker of gantry is running"):
        machine_moves.ask_move(store, "gantry", "park", "ada")
    workers.register(store, "w", "plot", "machine gantry")
    machine_moves.ask_move(store, "gantry", "park", "ada")
    with pytest.raises(Refused, match=r"^gantry is still busy with: park$"):
        machine_moves.ask_move(store, "gantry", "home", "bob")
    clock.now += machine_moves.SOON_S + 1
    assert machine_moves.take_move(store, "gantry") is None
    with store.read() as connection:
        last = machine_moves.last_move(connection, "gantry")
    assert last is not None
    assert last.said == "no worker was free in time; ask again"

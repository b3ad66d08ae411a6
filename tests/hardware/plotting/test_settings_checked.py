"""Settings that would spoil the sheet, and settings that change what reports contain."""

from collections.abc import Callable
from pathlib import Path

import pytest
from ebb_plot import EbbPlot
from hpgl_plot import HpglPlot
from plot_safety import MACHINES
from samples import ROUTER
from simulated_plot import Answer, SimulatedPlot, all_drawn_once

from hardware.job.gcode_job import JobError
from hardware.machine import Machine
from hardware.plotting.control import Control
from hardware.plotting.events import PlotProgress, Prompt
from hardware.plotting.session import PlotOptions
from hardware.simulator.firmware import FLUIDNC, GRBLHAL, Firmware

# --- settings that would spoil the sheet ---


def refused(session: SimulatedPlot) -> str:
    """The message of a plot that was refused before anything moved."""
    with pytest.raises(JobError) as caught:
        session.run()
    assert session.bench.controller.machine.trace == []
    assert session.bench.port is None
    return str(caught.value)


def test_laser_mode_is_switched_off_on_request() -> None:
    session = SimulatedPlot(settings={32: 1}, answers={"setting": ["set"]})
    assert session.run().outcome == "done"
    asked = session.prompts[0]
    assert (asked.kind, asked.title, asked.default) == ("setting", "set $32=0 now?", "")
    assert asked.text == (
        "Laser mode is on ($32=1). In it, the controller sets the spindle output to 0 in every travel, so that the pen"
        " would come down and draw over the sheet."
    )
    assert session.bench.controller.machine.values[32] == 0
    assert all_drawn_once(session)


def test_laser_mode_that_is_kept_draws_nothing(tmp_path: Path) -> None:
    session = SimulatedPlot(settings={32: 1}, answers={"setting": ["abort"]})
    finished = session.run(tmp_path / "journal")
    assert (finished.outcome, finished.text) == ("aborted", "stopped; nothing was drawn")
    assert session.bench.controller.machine.trace == []


def test_laser_mode_that_stays_on_is_refused() -> None:
    session = SimulatedPlot(settings={32: 1}, answers={"setting": ["set"]})
    session.bench.controller.machine.values = Fixed(session.bench.controller.machine.values)
    assert refused(session).endswith("The controller has not taken $32=0; set it with the board's own program")


class Fixed(dict[int, float]):
    """Settings that cannot be changed."""

    def __setitem__(self, number: int, value: float) -> None:
        pass


def test_laser_mode_does_not_concern_a_z_axis() -> None:
    session = SimulatedPlot(machine=ROUTER, settings={32: 1})
    assert session.run().outcome == "done"
    assert all_drawn_once(session)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({30: 255}, "pen_lift has up: 600 and down: 300, but the controller clips every S above $30=255; set $30 to the"
                    " value with which you measured the pen lift (often $30=1000), or measure it again below 255"),
        ({31: 400}, "pen_lift has up: 600 and down: 300, but the controller raises every S below $31=400; set $31=0, or"
                    " measure the pen lift again above 400"),
        ({30: 700, 31: 700}, "the controller's spindle range is empty ($31=700, $30=700), so that the pen never moves;"
                             " pen_lift has up: 600 and down: 300"),
        ({30: 100000}, "pen_lift has up: 600 and down: 300, which is less than two steps of an output that reaches from"
                       " $31=0 to $30=100000, so that the pen hardly moves; set $30 to the value with which you"
                       " measured the pen lift (often $30=1000)"),
    ],
)  # fmt: skip
def test_a_pen_lift_that_the_controller_clips_is_refused(settings: dict[int, float], message: str) -> None:
    assert refused(SimulatedPlot(settings=settings)) == message


@pytest.mark.parametrize(
    ("settings", "note"),
    [
        ({11: 0}, "the machine stops at every corner ($11=0), which leaves a dot of ink there; set $11=0.01"),
        ({100: 10}, "a step is longer than 0.05 mm ($100=10); check these steps per mm with a ruler"),
        ({101: 80}, "x and y have different steps per mm ($100=100, $101=80); check with a ruler that a square is"
                    " square"),
        ({100: 400, 101: 400}, "travel needs 40000 steps a second ($100=400), but an Arduino makes 30000; lower $110 to"
                               " 4500 unless the board is faster"),
    ],
)  # fmt: skip
def test_settings_that_may_spoil_a_drawing_are_reported(settings: dict[int, float], note: str) -> None:
    session = SimulatedPlot(settings=settings)
    session.run()
    assert note in session.notes()


@pytest.mark.parametrize(
    ("firmware", "settings", "message"),
    [
        (FLUIDNC, {30: 255}, "pen_lift has up: 600 and down: 300, but the controller clips every S above $30=255; set"
                             " $30 to the value with which you measured the pen lift (often $30=1000), or measure it"
                             " again below 255"),
        (FLUIDNC, {30: 0}, "the controller's spindle range is empty ($31=0, $30=0), so that the pen never moves;"
                           " pen_lift has up: 600 and down: 300"),
        (GRBLHAL, {9: 0}, "the spindle output is switched off ($9=0), so that the pen never moves; set $9=1"),
        (GRBLHAL, {9: 6}, "the spindle output is switched off ($9=6), so that the pen never moves; set $9=1"),
    ],
)  # fmt: skip
def test_settings_of_relatives_with_which_the_pen_never_moves_are_refused(
    firmware: Firmware, settings: dict[int, float], message: str
) -> None:
    assert refused(SimulatedPlot(firmware=firmware, settings=settings)) == message


@pytest.mark.parametrize(
    ("settings", "note"),
    [
        ({33: 5000}, "the spindle output has pulses of 5000 Hz ($33), but a servo usually needs 50; set $33=50 if it"
                     " hums or does not move"),
        ({394: 4}, "the controller waits 4 s after it has switched on the spindle output ($394), with the pen where it"
                   " is; set $394=0"),
        ({1: 25}, "the motors are released at rest ($1=25), so that a touch can lose the position; $1=255 keeps them"
                  " on"),
    ],
)  # fmt: skip
def test_settings_of_grblhal_that_may_spoil_a_drawing_are_reported(settings: dict[int, float], note: str) -> None:
    session = SimulatedPlot(firmware=GRBLHAL, settings=settings)
    session.run()
    assert note in session.notes()


def test_grblhal_keeps_motors_on_by_a_setting_of_its_own() -> None:
    session = SimulatedPlot(firmware=GRBLHAL, settings={1: 25, 37: 3})
    session.run()
    assert not any("released" in note for note in session.notes())


@MACHINES
def test_lathe_mode_is_switched_off_on_request(machine: Machine) -> None:
    session = SimulatedPlot(machine=machine, firmware=GRBLHAL, settings={32: 2}, answers={"setting": ["set"]})
    assert session.run().outcome == "done"
    assert session.prompts[0].text.startswith("Lathe mode is on ($32=2).")
    assert session.bench.controller.machine.values[32] == 0


def test_homing_that_is_switched_off_is_not_left_out_in_silence() -> None:
    assert refused(SimulatedPlot(options=PlotOptions(homes=True))) == (
        "homing was asked for, but it is switched off ($22=0); set $22=1 if the machine has limit switches, or plot"
        " without --home"
    )


@pytest.mark.parametrize(
    ("session", "why"),
    [
        (EbbPlot, "an EBB has no switches to home to; push the pen to the machine's 0, 0 by hand"),
        (HpglPlot, "a plotter finds its place by itself when it is switched on"),
    ],
)
def test_homing_that_a_machine_cannot_do_is_refused(session: type[SimulatedPlot], why: str) -> None:
    plot = session(options=PlotOptions(homes=True))
    with pytest.raises(JobError) as caught:
        plot.run()
    assert str(caught.value) == f"homing was asked for, but {why}, and plot without --home"
    assert plot.prompts == [] and plot.bench.port is None


def test_a_z_axis_that_soft_limits_stop_is_refused() -> None:
    session = SimulatedPlot(machine=ROUTER, settings={20: 1, 22: 1, 25: 3000}, options=PlotOptions(homes=True))
    session.bench.controller.machine.systems[0] = (-120.0, -100.0, 0.0)
    with pytest.raises(JobError) as caught:
        session.run()
    assert str(caught.value) == (
        "z goes from -0.5 to 3.0 mm in machine coordinates, but the machine from -100 to 0 ($132); set the bed's origin"
        " (G54), or move the pen in its holder"
    )


# --- what reports contain ---


@pytest.mark.parametrize("mask", [0, 1, 2, 3])
@pytest.mark.parametrize("inches", [0, 1])
@MACHINES
def test_positions_are_read_whatever_reports_contain(machine: Machine, inches: int, mask: int, tmp_path: Path) -> None:
    """$13 and $10: a nudge, a test stroke, parking, a pause at once and a resumed plot."""

    def nudge(x_mm: float) -> Answer:
        def answer(session: SimulatedPlot, prompt: Prompt) -> str:
            session.control.answer(prompt.id, "nudge", x=x_mm)
            return "none yet"

        return answer

    answers: dict[str, list[Answer]] = {"pen": [nudge(0.5), nudge(-0.5), "test", "done"]}
    session = SimulatedPlot(machine=machine, settings={13: inches, 10: mask}, answers=answers)
    stops_at(session, 2, lambda control: control.pause(now=True))
    stops_at(session, 4, lambda control: control.abort())
    assert session.run(tmp_path / "journal").outcome == "aborted"
    assert session.run(tmp_path / "journal", resumes=True).outcome == "done"
    assert len(session.drawn()) == len(session.wanted()) + 1 + sum(mended(session))
    assert all(0.98 < share < 1.02 for share in session.times_drawn())
    assert [prompt.kind for prompt in session.prompts] == [*["pen"] * 4, "pause", "resume", "pen"]
    assert session.bench.controller.machine.position(session.bench.now())[:2] == machine.changes_at_mm


def mended(session: SimulatedPlot) -> list[bool]:
    """Of each note, whether it says that a stroke was continued."""
    return ["continues within" in note for note in session.notes()]


def stops_at(session: SimulatedPlot, strokes: int, act: Callable[[Control], object]) -> None:
    """Act once so many strokes are finished and a line of the next one is being drawn."""
    done: list[bool] = []

    def look(control: Control, event: object) -> None:
        progress = isinstance(event, PlotProgress) and event.stroke >= strokes
        if not done and progress and session.pen_is_down() and session.draws_a_line():
            done.append(True)
            act(control)

    session.watchers.append(look)

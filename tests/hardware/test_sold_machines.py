"""Machines that are sold: their starter files, the G-code for them, and plots of them on the simulator."""

from pathlib import Path

import numpy as np
import pytest
from plot_safety import is_safe, nothing_is_lost
from redraw import redrawn
from samples import BLACK, RED
from simulated_plot import SimulatedPlot, all_drawn_once, wave

from hardware.drawing import Drawing, PenPass
from hardware.gcode import files, gcode
from hardware.job.prepare import from_drawing, setup_of
from hardware.machine import Machine, load_machine
from hardware.plotting.events import Prompt
from hardware.program import ProgramError, program
from hardware.sheet_placement import check_sheet
from hardware.simulator import InjectedFault
from hardware.simulator.firmware import DRAWCORE, GRBL
from hardware.simulator.trace import Move, Spindle, is_down

SOLD = ("idraw_drawcore_a3", "bachin_ta4", "eleksdraw")
PAPERS = {"idraw_drawcore_a3": (210.0, 297.0), "bachin_ta4": (210.0, 297.0), "eleksdraw": (210.0, 148.0)}


def drawing_for(name: str) -> Drawing:
    """Two pens with waves, dots, and a letter F in a corner, which no turn and no mirror maps to itself."""
    letter = tuple(np.array(part, dtype=np.float64) for part in ([(12, 40), (12, 12), (34, 12)], [(12, 24), (28, 24)]))
    waves = tuple(wave(20, 50 + 12 * n) for n in range(3))
    dots = tuple(np.array([[40.0 + 8 * n, 40.0]]) for n in range(3))
    passes = (PenPass("letter", BLACK, (*letter, *dots)), PenPass("waves", RED, waves))
    return Drawing(*PAPERS[name], "#ffffff", passes, name)


@pytest.mark.parametrize("name", SOLD)
def test_the_usual_sheet_fits_where_the_file_puts_it(name: str) -> None:
    assert check_sheet(*PAPERS[name], load_machine(name)) == []


@pytest.mark.parametrize("name", SOLD)
def test_the_gcode_draws_the_picture_upright(name: str) -> None:
    """A reader of the tests executes it: it checks that each move is on the bed, and travel with the pen up."""
    machine, drawing = load_machine(name), drawing_for(name)
    again, plot = redrawn(files(drawing, machine)["drawing.gcode"], drawing, machine)
    assert [len(part.lines) for part in again.passes] == [5, 3]
    for found, wanted in zip(again.passes[0].lines, drawing.passes[0].lines, strict=True):
        assert found == pytest.approx(wanted, abs=1e-3)
    assert plot.end == machine.park_mm


@pytest.mark.parametrize("name", SOLD)
def test_the_strokes_of_a_simulated_plot_are_the_drawing(name: str) -> None:
    plot = SimulatedPlot(load_machine(name), drawing_for(name))
    assert plot.run().outcome == "done"
    assert len(plot.drawn()) == len(plot.wanted()) == 8
    assert all_drawn_once(plot) and not plot.pen_down_at_prompts
    assert not plot.pen_is_down()


def of_its_manners(name: str, *faults: InjectedFault) -> SimulatedPlot:
    """A plot on a board as it is sold: DrawCore forgets its place and knows no arcs, Bachin releases its motors, and
    EleksDraw is a converted laser (its owners list $30=255 and $32=1).
    """
    settings: dict[int, float] = {"bachin_ta4": {1: 25}, "eleksdraw": {30: 255, 32: 1}}.get(name, {})
    firmware = DRAWCORE if name == "idraw_drawcore_a3" else GRBL
    machine, drawing = load_machine(name), drawing_for(name)
    plot = SimulatedPlot(machine, drawing, faults, settings=settings, firmware=firmware, answers={"setting": ["set"]})
    plot.bench.resets_on_open = firmware is DRAWCORE
    return plot


def in_the_second_wave(plot: SimulatedPlot) -> bool:
    """Whether it draws the wave before the last."""
    return len(plot.drawn()) == 7 and plot.pen_is_down() and plot.draws_a_line()


@pytest.mark.parametrize("name", SOLD)
@pytest.mark.parametrize("happens", ["nothing", "unplugged", "killed"])
def test_boards_as_they_are_sold_draw_each_stroke_once(name: str, happens: str, tmp_path: Path) -> None:
    plot = of_its_manners(name)
    if happens == "unplugged":
        plot.watchers.append(
            lambda _, __: plot.bench.unplug(3) if in_the_second_wave(plot) and not plot.unplugged else None
        )
    if happens == "killed":
        plot.kill_when = in_the_second_wave
        plot.killed(tmp_path / "journal", is_guarded=True)
        assert not plot.pen_is_down()
    assert plot.run(tmp_path / "journal", resumes=happens == "killed").outcome == "done"
    nothing_is_lost(plot)
    is_safe(plot)
    assert not plot.pen_is_down()
    kinds = {prompt.kind for prompt in plot.prompts}
    assert ("setting" in kinds) == (name == "eleksdraw")
    assert ("origin" in kinds) == (name == "idraw_drawcore_a3")


def test_drawcore_lowers_to_a_larger_z_and_draws_no_arcs() -> None:
    rows = gcode(program(drawing_for("idraw_drawcore_a3"), load_machine("idraw_drawcore_a3")), load_machine(SOLD[0]))
    assert "\nG1 Z5\n" in rows and "\nG1 Z0.5\n" in rows
    assert "G2 " not in rows and "G3 " not in rows
    assert {row.split(" Y")[1][0] for row in rows.splitlines() if row.startswith("G1 X")} == {"-"}


def test_bachin_keeps_its_motors_on_and_pushes_the_pen_to_9() -> None:
    rows = gcode(
        program(drawing_for("bachin_ta4"), load_machine("bachin_ta4")), load_machine("bachin_ta4")
    ).splitlines()
    assert rows[0] == "$1=255" and "G1 Z9" in rows
    plot = SimulatedPlot(load_machine("bachin_ta4"), drawing_for("bachin_ta4"), settings={1: 25})
    assert plot.run().outcome == "done"
    assert plot.bench.controller.machine.values[1] == 255


def test_eleksdraw_reaches_below_0_with_a_servo() -> None:
    machine = load_machine("eleksdraw")
    assert machine.bed_mm == (0, -40, 255, 140)
    rows = gcode(program(drawing_for("eleksdraw"), machine), machine)
    assert (
        "M3 S25" in rows
        and "M3 S40" in rows
        and " Y-"
        in gcode(
            program(Drawing(210, 148, "#ffffff", (PenPass("low", BLACK, (np.array([[5.0, 147.0]]),)),)), machine),
            machine,
        )
    )


def test_several_lines_raise_and_lower_a_z_axis_and_only_those_with_the_height_have_a_feed() -> None:
    lines = {"raise_z": ["M9", "G1 Z{z}", "G4 P0.05"], "lower_z": ["M8", "G1 Z{z}"]}
    machine = machine_with("bachin_ta4", dialect={"base": "grbl", **lines})
    rows = gcode(program(drawing_for("bachin_ta4"), machine), machine).splitlines()
    at = rows.index("M8")
    assert rows[at : at + 2] == ["M8", "G1 Z9 F6000"] or rows[at : at + 2] == ["M8", "G1 Z9"]
    assert setup_of(machine).lift == ("M9", "G1 Z0 F6000", "G4 P0.05", "G4 P0.1")
    assert setup_of(machine).header == ("G21", "G90", "G94", "G17")
    plot = SimulatedPlot(machine, drawing_for("bachin_ta4"))
    assert plot.run().outcome == "done" and all_drawn_once(plot)


def machine_with(name: str, **changes: object) -> Machine:
    return Machine.model_validate(load_machine(name).model_dump() | changes)


def test_a_pen_of_its_own_heights_is_checked_in_the_direction_of_the_machine() -> None:
    high = BLACK.model_copy(update={"up": 6.0, "down": 5.0})
    sheet = Drawing(60, 40, "#ffffff", (PenPass("a", high, (np.array([[1.0, 1.0]]),)),))
    with pytest.raises(ProgramError) as fault:
        program(sheet, load_machine("idraw_drawcore_a3"))
    assert str(fault.value) == ("pen 1 (black 0.5): its up height, z = 6 mm, must be below its down height, z = 5 mm")


@pytest.mark.parametrize(("name", "deeper"), [("idraw_drawcore_a3", 0.1), ("gantry_grbl_z", -0.1)])
def test_lowering_a_pen_a_little_moves_it_towards_the_paper(name: str, deeper: float) -> None:
    def lower(plot: SimulatedPlot, prompt: Prompt) -> str:
        plot.control.answer(prompt.id, "nudge", z=-0.1)
        return "none yet"

    as_said, lowered = (drawn_at(load_machine(name), answers) for answers in ([], [lower]))
    assert lowered - as_said == pytest.approx(deeper)


def test_raising_a_pen_a_little_lowers_the_value_of_a_servo_whose_up_is_the_smaller_one() -> None:
    def higher(plot: SimulatedPlot, prompt: Prompt) -> str:
        plot.control.answer(prompt.id, "nudge", z=3)
        return "none yet"

    plot = SimulatedPlot(load_machine("eleksdraw"), drawing_for("eleksdraw"), answers={"pen": [higher]})
    assert plot.run().outcome == "done"
    assert {event.value for event in plot.bench.controller.machine.trace if isinstance(event, Spindle)} == {25, 37, 40}
    assert "this pen is offset by x +0, y +0, z +3" in plot.notes()


def drawn_at(machine: Machine, answers: list[object]) -> float:
    """The height at which a plot of one line draws it, mm."""
    small = Drawing(60, 40, "#ffffff", (PenPass("a", BLACK, (np.array([[5.0, 5.0], [50.0, 30.0]]),)),))
    plot = SimulatedPlot(machine, small, answers={"pen": answers})  # type: ignore[dict-item]
    assert plot.run().outcome == "done"
    moves = [event for event in plot.bench.controller.machine.trace if isinstance(event, Move)]
    (height,) = {round(m.end[2], 3) for m in moves if m.start[:2] != m.end[:2] and is_down(machine, m.end[2], 0)}
    return height


def test_the_job_knows_where_the_pen_is_on_a_machine_whose_z_grows_downward() -> None:
    job = from_drawing(drawing_for("idraw_drawcore_a3"), load_machine("idraw_drawcore_a3"), "f")
    assert all(line.z_mm == 5 for line in job.lines if line.is_draw)
    assert all(line.z_mm == 0.5 for line in job.lines if line.is_travel)

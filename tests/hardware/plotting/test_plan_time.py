"""The plan is the time that a plot takes: against the simulated controller, on virtual time."""

from collections.abc import Callable

import numpy as np
import pytest
from samples import BLACK, RED, sheet
from simulated_plot import SimulatedPlot

from hardware.drawing import Drawing, Line, Pen, PenPass
from hardware.estimate import estimate
from hardware.job.gcode_parser import read
from hardware.job.prepare import setup_of
from hardware.machine import Machine, load_machine
from hardware.plotting.events import PlotProgress
from hardware.program import program
from hardware.svg_intake import prepared

WITHIN = 0.02  # of the simulated time
FINE = Pen(name="fine", colour="#202020", nib_mm=0.3, feed_mm_min=1200)
THIRSTY = BLACK.model_copy(update={"max_draw_m": 0.25})


def of(*passes: tuple[Pen, list[Line]]) -> Drawing:
    return sheet(*(PenPass("any", pen, tuple(lines)) for pen, lines in passes), width_mm=140, height_mm=100)


def random_lines(seed: int, count: int, points: int, step_mm: float) -> list[Line]:
    rng = np.random.default_rng(seed)
    walks = [rng.uniform(15, 85, 2) + np.cumsum(rng.normal(0, step_mm, (points, 2)), axis=0) for _ in range(count)]
    return [np.clip(walk, 2, (138, 98)) for walk in walks]


def rings(count: int) -> list[Line]:
    angle = np.linspace(0, 2 * np.pi, 60)
    ring = np.column_stack([np.cos(angle), np.sin(angle)])
    return [np.array([20 + 12.0 * n, 30 + 7.0 * (n % 5)]) + (3 + n) * ring for n in range(count)]


def hatch(count: int) -> list[Line]:
    return [np.array([[10.0, 10 + 2.0 * n], [100.0, 14 + 2.0 * n]]) for n in range(count)]


def dots(count: int) -> list[Line]:
    return list(np.random.default_rng(3).uniform(5, 95, (count, 1, 2)))


DRAWINGS: dict[str, Callable[[], Drawing]] = {
    "eight lines, one pen": lambda: of((BLACK, hatch(8))),
    "dots, one pen": lambda: of((BLACK, dots(30))),
    "rings, two pens": lambda: of((BLACK, rings(4)), (RED, rings(5)[2:])),
    "hatching, refilled": lambda: of((THIRSTY, hatch(20))),
    "walks, three pens": lambda: of(
        (FINE, random_lines(1, 8, 30, 1.5)), (BLACK, random_lines(2, 8, 12, 4.0)), (RED, random_lines(4, 3, 60, 0.6))
    ),
    "dots and lines, two pens": lambda: of((RED, dots(12)), (FINE, [*hatch(5), *random_lines(5, 5, 20, 2.0)])),
}
MACHINES = ("gantry_grbl_servo", "gantry_grbl_z", "idraw_drawcore_a3")


def plotted(drawing: Drawing, machine: Machine) -> tuple[float, float, SimulatedPlot]:
    """The planned and the simulated seconds. The simulated person answers at once."""
    drawing, _ = prepared(drawing, machine)
    plot = SimulatedPlot(machine, drawing)
    finished = plot.run()
    assert finished.outcome == "done"
    return estimate(program(drawing, machine), machine).seconds, finished.elapsed_s, plot


@pytest.mark.parametrize("name", DRAWINGS)
@pytest.mark.parametrize("machine", MACHINES)
def test_a_plot_takes_as_long_as_planned(name: str, machine: str) -> None:
    planned_s, took_s, plot = plotted(DRAWINGS[name](), load_machine(machine))
    assert planned_s == pytest.approx(took_s, rel=WITHIN)
    assert plot.job.seconds == pytest.approx(took_s, rel=WITHIN), "what the time left is computed from"


def test_pens_that_are_changed_far_away_are_part_of_the_plan() -> None:
    near = load_machine("gantry_grbl_servo")
    far = near.model_copy(update={"pen_change_mm": (430.0, 310.0), "park_mm": (0.0, 310.0)})
    drawing = DRAWINGS["rings, two pens"]()
    for machine in (near, far):
        planned_s, took_s, plot = plotted(drawing, machine)
        assert planned_s == pytest.approx(took_s, rel=WITHIN)
    end = plot.bench.controller.machine.bed(plot.bench.now())
    assert end[:2] == pytest.approx((0, 310), abs=0.01), "it parks where the file says, not where pens are changed"


def test_the_time_left_is_the_time_that_the_plot_still_takes() -> None:
    _, took_s, plot = plotted(DRAWINGS["rings, two pens"](), load_machine("gantry_grbl_servo"))
    reports = [event for event in plot.events if isinstance(event, PlotProgress)]
    assert reports[0].left_s == pytest.approx(took_s, rel=0.03)
    # a controller acknowledges lines a second or two before it has executed them
    assert all(event.elapsed_s + event.left_s == pytest.approx(took_s, abs=2) for event in reports)


def test_gcode_of_another_program_is_planned_with_the_way_to_its_stop_and_home() -> None:
    machine = load_machine("gantry_grbl_servo")
    text = "M3 S650\nG0 X300 Y200\nM3 S400\nG1 X310 F2400\nM3 S650\nM0\nG0 X320 Y200\nM3 S400\nG1 X330\nM3 S650\n"
    plot = SimulatedPlot(machine)
    plot.job = read(text, machine, setup_of(machine), title="theirs")
    assert plot.run().elapsed_s == pytest.approx(plot.job.seconds, rel=0.03)

"""The sender with the simulated controller: is the plot the same as the preview, the cost of latency, the estimate.

python -m benchmarks.sender                       latency, and the estimate for the specs' own drawings
python -m benchmarks.sender out/scream_pointillist   the same for finished renders, and their pictures
"""

import argparse
import math
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hardware.drawing import Drawing, PenPass
from hardware.intake import Intake
from hardware.job.gcode_job import GcodeJob
from hardware.job.prepare import from_drawing
from hardware.machine import Machine, load_machine
from hardware.pen import Pen
from hardware.plotting.control import Control
from hardware.plotting.events import PlotEvent, Prompt
from hardware.plotting.plot import Plot
from hardware.plotting.session import PlotOptions
from hardware.simulator import Bench
from hardware.simulator.settings import for_machine
from hardware.simulator.trace import Move, is_down, strokes

SPECS = Path(__file__).parents[1] / "specs"
SEGMENTS = 2000
PX_PER_MM = 8.0


class Watched:
    """Answers every question with its default, and counts the questions with the pen down."""

    def __init__(self, bench: Bench, machine: Machine) -> None:
        self.bench, self.machine, self.control = bench, machine, Control()
        self.control.watch(self._see)
        self.prompts, self.down_at_prompts = 0, 0

    def _see(self, event: PlotEvent) -> None:
        if isinstance(event, Prompt):
            state = self.bench.controller.machine
            self.prompts += 1
            self.down_at_prompts += is_down(self.machine, state.bed(self.bench.now())[2], state.pen_value)
            self.control.answer(event.id, event.default)


def plotted(
    job: GcodeJob, machine: Machine, *, latency_s: float = 0.001, waits: bool = False
) -> tuple[Plot, Bench, Watched]:
    """A complete plot in virtual time."""
    bench = Bench(for_machine(machine), latency_s=latency_s)
    watched = Watched(bench, machine)
    plot = Plot(job, bench.open, watched.control, None, PlotOptions(waits=waits))
    plot.run()
    return plot, bench, watched


# --- 1: the plot is the preview ---


def compared(folder: Path) -> None:
    """Plot a finished render, redraw the plot of the simulated machine, and print the differences."""
    from renderer.plot_source import drawing_of
    from renderer.preview import picture

    drawing, machine = drawing_of(folder, None, Intake())
    assert machine is not None
    job = from_drawing(drawing, machine, drawing.title)
    began = time.process_time()
    plot, bench, watched = plotted(job, machine)
    cpu_s = time.process_time() - began
    drawn = redrawn(drawing, bench, machine)
    difference = np.abs(picture(drawn, PX_PER_MM) - picture(drawing, PX_PER_MM)) * 255
    print(
        f"{folder.name}: {job.strokes} strokes, {len(job.lines)} lines, {watched.prompts} prompts, pen down at"
        f" {watched.down_at_prompts} of them\n"
        f"  drawn against preview at {PX_PER_MM:g} px/mm: mean {difference.mean():.3f} / 255, 99.9th percentile"
        f" {np.percentile(difference, 99.9):.1f}\n"
        f"  lost bytes {bench.controller.lost_bytes}, most outstanding {plot.session.link.most_bytes},"  # type: ignore[attr-defined]
        f" most in the controller's buffer {bench.controller.most_bytes}\n"
        f"  estimated {job.seconds / 60:.2f} min, simulated {_busy_s(bench, watched) / 60:.2f} min; {cpu_s:.1f} CPU s"
    )


def redrawn(drawing: Drawing, bench: Bench, machine: Machine) -> Drawing:
    """The plot of the simulated machine as a drawing, pass after pass in the order of its strokes."""
    from hardware.sheet_placement import sheet_placement

    placement, found, passes = sheet_placement(drawing.width_mm, drawing.height_mm, machine), 0, []
    drawn = strokes(bench.controller.machine.trace, machine)
    for part in drawing.passes:
        offset = part.pen.offset_mm or (0.0, 0.0)
        own = drawn[found : found + len(part.lines)]
        found += len(part.lines)
        lines = tuple(np.array([placement.on_sheet(x + offset[0], y + offset[1]) for x, y in stroke]) for stroke in own)
        passes.append(PenPass(part.layer, part.pen, lines))
    assert found == len(drawn), f"{len(drawn)} strokes were drawn, but there are {found}"
    return replace(drawing, passes=tuple(passes))


def _busy_s(bench: Bench, watched: Watched) -> float:
    """Simulated seconds, without those of the greeting."""
    trace = bench.controller.machine.trace
    return bench.now() - (trace[0].begun if isinstance(trace[0], Move) else getattr(trace[0], "at", 0.0))


# --- 3: the cost of latency ---


def short_segments() -> Drawing:
    """One line of 2000 short segments, a little over a millimetre each: a spiral."""
    angle = np.sqrt(np.linspace(10, 44000, SEGMENTS + 1)) * 0.35
    points: NDArray[np.float64] = np.column_stack(
        [70 + 0.85 * angle * np.cos(angle), 70 + 0.85 * angle * np.sin(angle)]
    )

    return Drawing(
        140, 140, "#ffffff", (PenPass("spiral", Pen(name="black", colour="#000000", nib_mm=0.5), (points,)),)
    )


def latencies() -> None:
    """Print the time of a plot of short segments at two latencies, for both ways of sending."""
    machine = load_machine(SPECS / "machines" / "gantry_grbl_servo.yaml").model_copy(
        update={"feed_mm_min": 6000.0, "tolerance_mm": 0.0001, "accel_mm_s2": 2000.0}
    )
    job = from_drawing(short_segments(), machine, "spiral")
    draws = [line for line in job.lines if line.is_draw]
    mean_mm = sum(line.mm for line in draws) / len(draws)
    print(f"{len(draws)} segments of {mean_mm:.2f} mm at F6000; estimated {sum(d.seconds for d in draws):.2f} s")
    print(f"{'':<16}{'1 ms':>10}{'16 ms':>10}{'more':>8}")
    for name, waits in (("counting", False), ("send and wait", True)):
        took = [_drawing_s(plotted(job, machine, latency_s=ms / 1000, waits=waits)[1]) for ms in (1, 16)]
        print(f"{name:<16}{took[0]:>8.2f} s{took[1]:>8.2f} s{took[1] / took[0] - 1:>8.1%}")


def _drawing_s(bench: Bench) -> float:
    moves = [event for event in bench.controller.machine.trace if isinstance(event, Move) and event.spindle == 400]
    return moves[-1].ended - moves[0].begun


# --- 4: the estimate against the simulated machine ---


def estimates(folders: list[Path]) -> None:
    """Print planned and simulated minutes for each finished render and each machine with GRBL."""
    from hardware.estimate import estimate
    from hardware.program import program

    print(f"{'drawing':<24}{'machine':<28}{'estimated':>10}{'simulated':>11}{'off':>8}")
    for name, drawing, machine in _works(folders):
        job = from_drawing(drawing, machine, name)
        planned_s = estimate(program(drawing, machine), machine).seconds
        _, bench, watched = plotted(job, machine)
        took_s = _busy_s(bench, watched) - 1.0 * watched.prompts  # a second per prompt, for stopping and parking
        print(
            f"{name:<24}{machine.name:<28}{planned_s / 60:>8.2f} m{took_s / 60:>9.2f} m{planned_s / took_s - 1:>8.1%}"
        )


def _works(folders: list[Path]) -> Iterator[tuple[str, Drawing, Machine]]:
    from renderer.plot_source import drawing_of

    machines = [load_machine(path) for path in sorted((SPECS / "machines").glob("*.yaml"))]
    for folder in folders:
        drawing, _ = drawing_of(folder, None, Intake())
        for machine in machines:
            if machine.dialect == "grbl" and math.isclose(_fits(drawing, machine), 1.0):
                yield folder.name, drawing, machine


def _fits(drawing: Drawing, machine: Machine) -> float:
    from hardware.sheet_placement import check_sheet

    return 0.0 if check_sheet(drawing.width_mm, drawing.height_mm, machine) else 1.0


def main() -> None:
    """Run all parts, those for finished renders if there are any."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", metavar="OUT", nargs="*", type=Path, help="finished renders")
    folders = parser.parse_args().folders
    for folder in folders:
        compared(folder)
    latencies()
    if folders:
        estimates(folders)


if __name__ == "__main__":
    main()

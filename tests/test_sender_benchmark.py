"""A whole drawing streamed to the simulated machine: what it draws is the preview, in the time that was estimated."""

import math
from pathlib import Path

import numpy as np
import pytest

from benchmarks.sender import plotted, redrawn, short_segments
from hardware.drawing import Drawing, Ink, Pen, PenPass
from hardware.estimate import estimate
from hardware.job.prepare import from_drawing
from hardware.machine import Machine, load_machine
from hardware.program import program
from hardware.svg_intake import prepared
from renderer.preview import picture

MACHINES = Path(__file__).parents[1] / "specs" / "machines"
GRBL = [load_machine(path) for path in sorted(MACHINES.glob("*grbl*.yaml"))]
PENS = (
    Pen(name="yellow", colour="#f0c020", nib_mm=4.0, feed_mm_min=1500),
    Pen(name="red", colour="#d02030", nib_mm=1.2, ink=Ink.TRANSPARENT),
    Pen(name="black", colour="#101418", nib_mm=0.5, dwell_s=0.3),
)


def sheet() -> Drawing:
    """Three pens, each with 40 dots and 40 curves, on a postcard."""
    random = np.random.default_rng(7)
    passes = []
    for pen in PENS:
        dots = [random.uniform((8, 8), (132, 92), (1, 2)) for _ in range(40)]
        along = np.linspace(0, 1, 20)[:, None]
        ends = random.uniform((8, 8), (132, 92), (40, 3, 2))
        curves = [(1 - along) ** 2 * a + 2 * along * (1 - along) * b + along**2 * c for a, b, c in ends]
        passes.append(PenPass("any", pen, (*dots, *curves)))
    return Drawing(140, 100, "#fdfbf5", tuple(passes), "postcard")


@pytest.mark.parametrize("machine", GRBL, ids=lambda machine: machine.name)
def test_what_is_drawn_is_the_preview_in_the_time_that_was_estimated(machine: Machine) -> None:
    drawing, _ = prepared(sheet(), machine)
    job = from_drawing(drawing, machine, drawing.title)
    plot, bench, watched = plotted(job, machine)
    assert (watched.prompts, watched.down_at_prompts) == (3, 0)
    assert bench.controller.lost_bytes == 0
    assert plot.session.link.most_bytes <= 127  # type: ignore[attr-defined]
    difference = np.abs(picture(redrawn(drawing, bench, machine), 8.0) - picture(drawing, 8.0)) * 255
    assert difference.mean() < 1.0
    took_s = sum(event.ended - event.begun for event in bench.controller.machine.trace if hasattr(event, "begun"))
    assert estimate(program(drawing, machine), machine).seconds == pytest.approx(took_s, rel=0.05)


# greeting, rest and parking have a part of it
@pytest.mark.parametrize(("latency_s", "waits", "most"), [(0.016, False, 1.06), (0.001, True, 1.5)])
def test_latency_costs_a_stream_of_short_segments_little(latency_s: float, waits: bool, most: float) -> None:
    """In virtual time, so the figures are not measured: they are the same each time."""
    drawing = short_segments()
    part = drawing.passes[0]
    short = Drawing(140, 140, "#ffffff", (PenPass(part.layer, part.pen, (part.lines[0][:400],)),))
    machine = GRBL[1].model_copy(update={"feed_mm_min": 6000.0, "tolerance_mm": 0.0001, "accel_mm_s2": 2000.0})
    job = from_drawing(short, machine, "spiral")
    took = []
    for delay_s, slow in ((0.001, False), (latency_s, waits)):
        _, bench, _ = plotted(job, machine, latency_s=delay_s, waits=slow)
        took.append(bench.now())
    assert took[1] / took[0] < most
    assert math.isfinite(took[0])

"""From an SVG through every stage to G-code, and the picture again from that, for every machine under specs/."""

from pathlib import Path

import numpy as np
import pytest
from redraw import redrawn

from hardware.arcs import spiral
from hardware.drawing import Drawing, Ink, Pen, PenPass
from hardware.gcode import files
from hardware.machine import Machine, load_machine
from hardware.machine_files import suffix_of
from hardware.program import ProgramError
from hardware.svg_intake import prepared, ready_drawing
from hardware.svgfile import to_svg
from renderer import preview

FILES = sorted((Path(__file__).parents[2] / "specs" / "machines").glob("*.yaml"))
MACHINES = [path for path in FILES if suffix_of(load_machine(path)) == "gcode"]  # for HP-GL, see benchmarks.hpgl
PENS = (
    Pen(name="sky", colour="#4aa3d8", nib_mm=2.5, ink=Ink.TRANSPARENT, max_draw_m=0.7),
    Pen(name="red", colour="#c0392b", nib_mm=0.8, feed_mm_min=900),
    Pen(name="black", colour="#101418", nib_mm=0.4, dwell_s=0.2),
)


def artwork() -> Drawing:
    """Dots, wide dots, lines, curves and closed lines of three pens, up to the edges of a postcard."""
    rng = np.random.default_rng(4)
    dots = [rng.uniform(6, 99, (1, 2)) * (1, 1.4) for _ in range(60)]
    wide = [place + spiral(6.0, 2.5) for place in rng.uniform(15, 85, (20, 1, 2))]
    walks = [
        np.clip(rng.uniform(8, 97, 2) * (1, 1.4) + np.cumsum(rng.normal(0, 1.2, (40, 2)), axis=0), 5.2, (99.5, 142.5))
        for _ in range(40)
    ]
    angle = np.linspace(0, 2 * np.pi, 90)
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    ring[-1] = ring[0]
    rings = [rng.uniform(25, 80, 2) + rng.uniform(2, 18) * ring for _ in range(15)]
    passes = (PenPass("ground", PENS[0], tuple(wide)), PenPass("walks", PENS[1], tuple(walks)))
    return Drawing(105, 148, "#fdfbf5", (*passes, PenPass("marks", PENS[2], tuple(dots + rings))))


def assert_same_picture(text: str, drawing: Drawing, machine: Machine) -> None:
    again, plot = redrawn(text, drawing, machine)
    wanted, seen = preview.picture(drawing, 6.0), preview.picture(again, 6.0)
    assert float(np.abs(seen - wanted).mean()) * 255 < 2
    for pen_pass in again.passes:
        for line in pen_pass.lines:
            assert (line >= -1e-3).all() and (line <= (drawing.width_mm + 1e-3, drawing.height_mm + 1e-3)).all()
    assert all(place == machine.changes_at_mm for _, place in plot.pauses)
    assert plot.end == machine.park_mm


@pytest.mark.parametrize("path", MACHINES, ids=lambda path: path.stem)
def test_the_gcode_of_every_machine_draws_the_picture(path: Path, tmp_path: Path) -> None:
    machine = load_machine(path)
    (tmp_path / "a.svg").write_text(to_svg(artwork()), encoding="utf-8")
    drawing = ready_drawing(tmp_path / "a.svg", machine).drawing
    texts = files(drawing, machine)
    assert_same_picture(texts["drawing.gcode"], drawing, machine)
    assert len(texts) == 4


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize("centre", [False, True], ids=["corner", "centre"])
def test_it_does_so_however_the_sheet_lies(rotate: int, centre: bool) -> None:
    machine = load_machine("gantry_grbl_servo")
    said = {"rotate": rotate, "centre": centre} | ({"origin_mm": (0.0, 0.0)} if centre else {})
    machine = machine.model_copy(update={**said, "margin_mm": 4.0, "arcs": True, "tolerance_mm": 0.02})
    drawing, notes = prepared(artwork(), machine)
    assert notes == ()
    assert_same_picture(files(drawing, machine)["drawing.gcode"], drawing, machine)


def test_a_sheet_that_is_too_large_is_refused_before_a_line_is_written() -> None:
    machine = load_machine("corexy_klipper_servo")
    large = Drawing(900, 900, "#ffffff", (PenPass("a", PENS[2], (np.array([[1.0, 899.0], [899.0, 1.0]]),)),))
    with pytest.raises(ProgramError, match=r"a line reaches x = 899\.0 mm, but the bed of .* ends at"):
        files(large, machine)

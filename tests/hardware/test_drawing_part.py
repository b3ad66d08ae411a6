"""A part of a drawing: a range of strokes, a region, pauses."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from samples import two_pens

from hardware.__main__ import main
from hardware.drawing import Drawing
from hardware.drawing_part import DrawingPart, PartError, part_of, region, stroke_range
from hardware.machine import load_machine
from hardware.program import Refill, program
from hardware.svgfile import to_svg


def counts(drawing: Drawing) -> list[int]:
    return [len(one.lines) for one in drawing.passes]


@pytest.mark.parametrize(("text", "found"), [("100-250", (100, 250)), ("7-", (7, None)), (" 3 ", (3, 3))])
def test_a_range_is_read(text: str, found: tuple[int, int | None]) -> None:
    assert stroke_range(text) == found


@pytest.mark.parametrize("text", ["", "a-b", "0-3", "9-3", "-4", "1,2"])
def test_what_is_not_a_range_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a range of strokes"):
        stroke_range(text)


def test_a_region_is_read() -> None:
    assert region("20, 30, 100x80") == (20, 30, 100, 80)
    for text in ("20,30", "1,2,3", "1,2,0x5", "1,2,3.4.5x5"):
        with pytest.raises(ValueError, match=r"write left,top,width x height in mm, as in 20,30,100x80"):
            region(text)


def test_strokes_are_counted_through_all_passes() -> None:
    drawing = two_pens()
    assert counts(drawing) == [4, 3]
    assert counts(part_of(drawing, DrawingPart(strokes=(3, 5)))) == [2, 1]
    assert counts(part_of(drawing, DrawingPart(strokes=(5, None)))) == [3]
    with pytest.raises(PartError, match="the drawing has 7 strokes, so there is none from 8 on"):
        part_of(drawing, DrawingPart(strokes=(8, None)))


def test_a_region_cuts_what_leaves_it() -> None:
    drawing = two_pens()
    part = part_of(drawing, DrawingPart(region_mm=(0, 0, 30, 20)))
    points = np.concatenate([line for one in part.passes for line in one.lines])
    assert (points >= 0).all()
    assert (points <= (30, 20)).all()
    assert (part.width_mm, part.height_mm) == (drawing.width_mm, drawing.height_mm)
    with pytest.raises(PartError, match=r"there is nothing in the region 500,500,1x1 of the sheet, 60 x 40 mm"):
        part_of(drawing, DrawingPart(region_mm=(500, 500, 1, 1)))


def test_pauses_come_after_so_many_metres() -> None:
    machine = load_machine("gantry_grbl_servo")
    steps = [program(part_of(two_pens(), DrawingPart(pause_every_m=every)), machine) for every in (None, 0.02)]
    assert [sum(isinstance(step, Refill) for step in each) > 0 for each in steps] == [False, True]


def test_the_command_plots_a_part(tmp_path: Path) -> None:
    file = tmp_path / "a.svg"
    file.write_text(to_svg(two_pens()), encoding="utf-8")
    words = ["plot", str(file), "-m", "gantry_grbl_servo", "--dry-run"]
    whole, part = (CliRunner().invoke(main, [*words, *more]) for more in ([], ["--strokes", "1-2"]))
    assert (whole.exit_code, part.exit_code) == (0, 0), part.output
    assert whole.output != part.output
    assert CliRunner().invoke(main, [*words, "--strokes", "x"]).exit_code == 2
    refused = CliRunner().invoke(main, [*words, "--strokes", "99"])
    assert (refused.exit_code, "has 7 strokes" in refused.output) == (1, True)

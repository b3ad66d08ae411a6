"""A drawing on several sheets: put together, the parts are the drawing again."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from samples import two_pens

from hardware.drawing import Drawing, Pen, PenPass, length_mm
from hardware.drawing_part import PartError
from hardware.svgfile import read_svg, to_svg
from hardware.tile_grid import Tiling
from hardware.tiling import tiles
from renderer import cli


def pieces(sheet: Drawing, margin_mm: float) -> list[np.ndarray]:
    """The lines without the marks, which lie in the margin."""
    low, high = margin_mm - 1.01, np.array([sheet.width_mm, sheet.height_mm]) - margin_mm + 1.01
    lines = [line for one in sheet.passes for line in one.lines]
    return [line for line in lines if (line > low).all() and (line < high).all()]


def test_the_parts_are_the_drawing_again() -> None:
    """Each line is cut 1 mm beyond the seam, so that its round end is not seen, nor bare paper beside the mark."""
    drawing = two_pens()
    sheets = tiles(drawing, Tiling(3, 2))
    assert [sheet.name for sheet in sheets] == ["r1-c1", "r1-c2", "r1-c3", "r2-c1", "r2-c2", "r2-c3"]
    assert {(sheet.drawing.width_mm, sheet.drawing.height_mm) for sheet in sheets} == {(40, 40)}
    total = sum(length_mm(line) for one in drawing.passes for line in one.lines)
    found = [pieces(sheet.drawing, 10) for sheet in sheets]
    drawn = sum(length_mm(line) for lines in found for line in lines)
    assert total <= drawn <= total + 2 * 1.5 * sum(map(len, found))


def test_a_dot_beside_a_seam_is_on_both_sheets() -> None:
    pen = Pen(name="marker", colour="#000000", nib_mm=4)
    drawing = Drawing(60, 40, "#ffffff", (PenPass("dots", pen, (np.array([[29.0, 20.0]]), np.array([[20.0, 20.0]]))),))
    counts = [
        len([line for line in pieces(sheet.drawing, 8) if len(line) == 1]) for sheet in tiles(drawing, Tiling(2, 1))
    ]
    assert counts == [2, 1]


def test_an_overlap_is_drawn_on_both_sheets() -> None:
    first, second = tiles(two_pens(), Tiling(2, 1, overlap_mm=4))
    assert (first.drawing.width_mm, second.drawing.width_mm) == (30 + 4 + 20, 30 + 20)


def test_each_corner_has_two_marks_outside_the_part() -> None:
    [sheet] = tiles(replace(two_pens(), passes=two_pens().passes[:1]), Tiling(1, 1))
    marks = [
        line for one in sheet.drawing.passes for line in one.lines if len(line) == 2 and (line < 10).any(axis=1).all()
    ]
    assert len(marks) >= 6
    assert all(0 <= point <= 80 for line in marks for point in line.ravel())


def test_marks_cost_no_pen_change() -> None:
    [sheet] = tiles(two_pens(), Tiling(1, 1))
    assert len(sheet.drawing.passes) == len(two_pens().passes)


def test_what_cannot_be_tiled_is_refused() -> None:
    with pytest.raises(PartError, match="a margin of 3 mm has no room for marks; use at least 8"):
        tiles(two_pens(), Tiling(2, 2, margin_mm=3))
    with pytest.raises(PartError, match="has no lines"):
        tiles(replace(two_pens(), passes=()), Tiling(2, 2))


def test_the_command_writes_a_file_for_each_sheet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.svg"
    file.write_text(to_svg(two_pens()), encoding="utf-8")
    assert cli.run(["tile", str(file), "--grid", "2x1"]) == 0
    said = capsys.readouterr()
    assert said.out.split() == [str(tmp_path / "a-tiles" / f"r1-c{column}.svg") for column in (1, 2)]
    assert said.err == "2 sheets of up to 50 x 60 mm; cut them along the marks\n"
    assert read_svg(Path(said.out.split()[0])).width_mm == 50
    assert cli.run(["tile", str(file), "--grid", "2"]) == 2

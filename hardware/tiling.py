"""A drawing -> sheets that are put together: each with its part, marks at the corners, and its place in words."""

from dataclasses import dataclass, replace

import numpy as np

from hardware.drawing import Drawing, Line, Pen, PenPass
from hardware.drawing_part import DrawingPart, PartError, part_of
from hardware.lettering import lettered

_MARK_MM = (2.0, 6.0)  # from the corner of the part: where a mark begins and ends
_TEXT_MM = 2.5  # height of the letters
LEAST_MARGIN_MM = 8.0  # room for marks


@dataclass(frozen=True)
class Tiling:
    """How a drawing is distributed among sheets."""

    columns: int
    rows: int
    overlap_mm: float = 0.0  # by how much a part goes on under its right and lower neighbour
    margin_mm: float = 10.0  # of each sheet, around its part


@dataclass(frozen=True)
class Tile:
    """One sheet."""

    name: str  # row and column, as in r1-c2
    drawing: Drawing


def tiles(drawing: Drawing, tiling: Tiling) -> tuple[Tile, ...]:
    """Return the sheets of a drawing, row by row. Lines are cut half a nib beyond the seams. Raises PartError.

    Sheets without a line are there too, so that the picture is complete.
    """
    if drawing.is_free:
        raise PartError("the drawing has free colours, which no pen can draw; tile a drawing with pens")
    if tiling.margin_mm < LEAST_MARGIN_MM:
        raise PartError(f"a margin of {tiling.margin_mm:g} mm has no room for marks; use at least {LEAST_MARGIN_MM:g}")
    places = [(row, column) for row in range(tiling.rows) for column in range(tiling.columns)]
    return tuple(_tile(drawing, tiling, *place) for place in places)


def _tile(drawing: Drawing, tiling: Tiling, row: int, column: int) -> Tile:
    width_mm, height_mm = drawing.width_mm / tiling.columns, drawing.height_mm / tiling.rows
    left, top = column * width_mm, row * height_mm
    more = (tiling.overlap_mm * (column + 1 < tiling.columns), tiling.overlap_mm * (row + 1 < tiling.rows))
    part_mm = width_mm + more[0], height_mm + more[1]
    shift = np.array([tiling.margin_mm - left, tiling.margin_mm - top])
    name = f"r{row + 1}-c{column + 1}"
    passes = _moved(_inside(drawing, (left, top, *part_mm)), shift)
    pen = _finest(drawing)
    marks = PenPass("marks", pen, tuple(_marks(tiling.margin_mm, *part_mm, name.upper())))
    title = f"{drawing.title}, {name}" if drawing.title else name
    sheet_mm = part_mm[0] + 2 * tiling.margin_mm, part_mm[1] + 2 * tiling.margin_mm
    return Tile(name, Drawing(*sheet_mm, drawing.paper, _with_marks(passes, marks), title))


def _inside(drawing: Drawing, region_mm: tuple[float, float, float, float]) -> tuple[PenPass, ...]:
    """Return what lies in the region, and half a nib around it, so that wide strokes at a seam are whole on both."""
    passes: tuple[PenPass, ...] = ()
    left, top, width, height = region_mm
    for one in drawing.passes:
        reach = one.pen.nib_mm / 2
        wider = (left - reach, top - reach, width + one.pen.nib_mm, height + one.pen.nib_mm)
        try:
            passes += part_of(replace(drawing, passes=(one,)), DrawingPart(region_mm=wider)).passes
        except PartError:  # nothing there
            continue
    return passes


def _moved(passes: tuple[PenPass, ...], shift: Line) -> tuple[PenPass, ...]:
    return tuple(replace(one, lines=tuple(line + shift for line in one.lines)) for one in passes)


def _with_marks(passes: tuple[PenPass, ...], marks: PenPass) -> tuple[PenPass, ...]:
    """The marks join the last pass of their pen, so that they cost no pen change."""
    last = max((at for at, one in enumerate(passes) if one.pen.is_same(marks.pen)), default=None)
    if last is None:
        return (*passes, marks)
    joined = replace(passes[last], lines=passes[last].lines + marks.lines)
    return (*passes[:last], joined, *passes[last + 1 :])


def _marks(margin_mm: float, width_mm: float, height_mm: float, text: str) -> list[Line]:
    """Return two short lines outside each corner of the part, along which sheets are cut, and the place in letters."""
    left, top, right, bottom = margin_mm, margin_mm, margin_mm + width_mm, margin_mm + height_mm
    begin, end = _MARK_MM
    lines = []
    for x, out_x in ((left, -1), (right, 1)):
        for y, out_y in ((top, -1), (bottom, 1)):
            lines.append(np.array([[x + out_x * begin, y], [x + out_x * end, y]]))
            lines.append(np.array([[x, y + out_y * begin], [x, y + out_y * end]]))
    return lines + lettered(text, left + end + 2, top - _MARK_MM[1], _TEXT_MM)


def _finest(drawing: Drawing) -> Pen:
    """The thinnest pen, and of several, the darkest."""
    pens = [one.pen for one in drawing.passes]
    if not pens:
        raise PartError("the drawing has no lines, so there is nothing to distribute")
    return min(pens, key=lambda pen: (pen.nib_mm, sum(int(pen.colour[at : at + 2], 16) for at in (1, 3, 5))))

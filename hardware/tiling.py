"""A drawing -> sheets that are put together: each with its part, marks in its margin, and its place in words."""

from dataclasses import dataclass, replace

import numpy as np

from hardware.drawing import Drawing, Line, Pen, PenPass
from hardware.drawing_part import DrawingPart, PartError, part_of
from hardware.lettering import lettered
from hardware.tile_grid import LEAST_MARGIN_MM, MARK_MM, Span, Tiling
from hardware.toolpath.cut import inside

_TEXT_MM = 2.5  # height of the letters
_BLEED_MM = 1.0  # how far lines go on beyond a cut, or half a nib, so that a cut beside the mark shows no bare paper
_CLEAR_MM = 0.5  # between a mark and ink


@dataclass(frozen=True)
class Tile:
    """One sheet."""

    name: str  # row and column, as in r1-c2
    drawing: Drawing


def tiles(drawing: Drawing, tiling: Tiling) -> tuple[Tile, ...]:
    """Return the sheets of a drawing, row by row. Lines are cut a little beyond the marks. Raises PartError.

    Sheets without a line are there too, so that the picture is complete.
    """
    if drawing.is_free:
        raise PartError("the drawing has free colours, which no pen can draw; tile a drawing with pens")
    if not drawing.passes:
        raise PartError("the drawing has no lines, so there is nothing to distribute")
    if tiling.margin_mm < LEAST_MARGIN_MM:
        raise PartError(f"a margin of {tiling.margin_mm:g} mm has no room for marks; use at least {LEAST_MARGIN_MM:g}")
    columns, rows = tiling.spans(drawing.width_mm, drawing.height_mm)
    places = ((across, down) for down in rows for across in columns)
    texts = [] if tiling.sheet_mm is None else _in_the_margin(drawing, tiling.margin_mm)
    return tuple(_tile(drawing, tiling, texts, name, *place) for name, place in zip(tiling.names, places, strict=True))


def _tile(
    drawing: Drawing, tiling: Tiling, texts: list[Line], name: str, across: Span, down: Span
) -> Tile:  # `texts`: what is in the margin of the drawing
    outside_mm = 0.0 if tiling.sheet_mm is None else tiling.margin_mm  # text in the margin around the picture
    shift = np.array([tiling.margin_mm - across.begin_mm, tiling.margin_mm - down.begin_mm])
    passes = _moved(_inside(drawing, across, down, outside_mm), shift)
    marks = [mark for mark in _marks(across, down, name.upper()) if not any(_touches(mark, text) for text in texts)]
    marked = PenPass("marks", _finest(passes or drawing.passes), tuple(mark + shift for mark in marks))
    title = f"{drawing.title}, {name}" if drawing.title else name
    width_mm, height_mm = (span.end_mm - span.begin_mm + 2 * tiling.margin_mm for span in (across, down))
    return Tile(name, Drawing(width_mm, height_mm, drawing.paper, _with_marks(passes, marked), title))


def _inside(drawing: Drawing, across: Span, down: Span, outside_mm: float) -> tuple[PenPass, ...]:
    """Return what lies on the part, and a little beyond its cuts, so that strokes there are whole."""
    passes: tuple[PenPass, ...] = ()
    for one in drawing.passes:
        beyond_mm = max(one.pen.nib_mm / 2, _BLEED_MM)
        (left, width), (top, height) = (_reach(span, beyond_mm, outside_mm) for span in (across, down))
        try:
            passes += part_of(replace(drawing, passes=(one,)), DrawingPart(region_mm=(left, top, width, height))).passes
        except PartError:  # nothing there
            continue
    return passes


def _reach(span: Span, beyond_mm: float, outside_mm: float) -> tuple[float, float]:
    """Return where ink begins on an axis, and for how long it goes on, mm."""
    begin_mm = span.begin_mm - (outside_mm if span.before_mm is None else beyond_mm)
    end_mm = span.end_mm + (outside_mm if span.after_mm is None else beyond_mm)
    return begin_mm, end_mm - begin_mm


def _moved(passes: tuple[PenPass, ...], shift: Line) -> tuple[PenPass, ...]:
    return tuple(replace(one, lines=tuple(line + shift for line in one.lines)) for one in passes)


def _with_marks(passes: tuple[PenPass, ...], marks: PenPass) -> tuple[PenPass, ...]:
    """The marks join the last pass of their pen, so that they cost no pen change."""
    last = max((at for at, one in enumerate(passes) if one.pen.is_same(marks.pen)), default=None)
    if last is None:
        return (*passes, marks)
    joined = replace(passes[last], lines=passes[last].lines + marks.lines)
    return (*passes[:last], joined, *passes[last + 1 :])


def _marks(across: Span, down: Span, text: str) -> list[Line]:
    """Return short lines outside the part, and its place in letters.

    They show its corners, along which a sheet is cut, and where the edges of its neighbours lie.
    """
    begin, end = MARK_MM
    lines = []
    for x_mm in _edges(across):
        for y_mm, out in ((down.begin_mm, -1), (down.end_mm, 1)):
            lines.append(np.array([[x_mm, y_mm + out * begin], [x_mm, y_mm + out * end]]))
    for y_mm in _edges(down):
        for x_mm, out in ((across.begin_mm, -1), (across.end_mm, 1)):
            lines.append(np.array([[x_mm + out * begin, y_mm], [x_mm + out * end, y_mm]]))
    left_mm = max(x_mm for x_mm in (across.begin_mm, across.before_mm) if x_mm is not None)
    return lines + lettered(text, left_mm + 2, down.begin_mm - end, _TEXT_MM)


def _in_the_margin(drawing: Drawing, margin_mm: float) -> list[Line]:
    """Return the lines around the picture: text of the spec."""
    low, high = np.full(2, margin_mm), np.array([drawing.width_mm, drawing.height_mm]) - margin_mm
    return [line for one in drawing.passes for line in one.lines if not inside(line, low, high)]


def _touches(mark: Line, text: Line) -> bool:
    """Whether a text is where a mark would be."""
    return bool(inside(text, mark.min(axis=0) - _CLEAR_MM, mark.max(axis=0) + _CLEAR_MM))


def _edges(span: Span) -> list[float]:
    places = (span.begin_mm, span.before_mm, span.after_mm, span.end_mm)
    return sorted({place for place in places if place is not None})


def _finest(passes: tuple[PenPass, ...]) -> Pen:
    """The thinnest pen, and of several, the darkest."""
    pens = [one.pen for one in passes]
    return min(pens, key=lambda pen: (pen.nib_mm, sum(int(pen.colour[at : at + 2], 16) for at in (1, 3, 5))))

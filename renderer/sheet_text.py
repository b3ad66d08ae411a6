"""The texts of a spec -> lines of a finished drawing."""

from dataclasses import replace

import numpy as np

from hardware.drawing import Drawing, Line, Pen, PenPass
from hardware.lettering import length_of, lettered
from renderer.colours import from_hex, oklab
from renderer.specfile.text_lines import LINE_SPACING, TextLine

LAYER = "text"


def with_text(drawing: Drawing, texts: tuple[TextLine, ...], rack: tuple[Pen, ...]) -> Drawing:
    """The drawing with texts: at the end of the last pass of their pen, or in a pass of its own if it has none."""
    for one in texts:
        pen = next((pen for pen in rack if pen.name == one.pen), None) or _darkest(drawing, rack)
        drawing = _added(drawing, pen, tuple(lines_of(one, drawing.width_mm, drawing.height_mm)))
    return drawing


def lines_of(one: TextLine, width_mm: float, height_mm: float) -> list[Line]:
    """The lines of a text on a sheet of this size, each [S, 2] in mm."""
    size_mm = one.size_mm
    top_mm = _begin(one.at, ("top", "bottom"), height_mm, size_mm[1], one.inset_mm)
    lines: list[Line] = []
    for number, line in enumerate(one.say.splitlines()):
        left_mm = _begin(one.at, ("left", "right"), width_mm, length_of(line, one.height_mm), one.inset_mm)
        lines += lettered(line, left_mm, top_mm + number * LINE_SPACING * one.height_mm, one.height_mm)
    return _on_sheet(lines, height_mm)


def _on_sheet(lines: list[Line], height_mm: float) -> list[Line]:
    """The lines, moved as far as tails or diacritics would leave the sheet at its bottom or top."""
    heights = np.concatenate([line[:, 1] for line in lines]) if lines else np.zeros(1)
    off_mm = min(float(heights.min()), 0.0) or max(float(heights.max()) - height_mm, 0.0)
    return [line - np.array([0.0, off_mm]) for line in lines]


def _begin(at: str, ends: tuple[str, str], side_mm: float, length_mm: float, inset_mm: float) -> float:
    if ends[0] in at.split():
        return inset_mm
    return side_mm - inset_mm - length_mm if ends[1] in at.split() else (side_mm - length_mm) / 2


def _darkest(drawing: Drawing, rack: tuple[Pen, ...]) -> Pen:
    pens = [one.pen for one in drawing.passes if one.pen in rack] or list(rack)
    return min(pens, key=lambda pen: float(oklab(from_hex(pen.colour))[0]))


def _added(drawing: Drawing, pen: Pen, lines: tuple[Line, ...]) -> Drawing:
    passes = list(drawing.passes)
    last = max((at for at, one in enumerate(passes) if one.pen.is_same(pen) and not one.is_free), default=None)
    if last is None:
        passes.append(PenPass(LAYER, pen, lines))
    else:
        passes[last] = replace(passes[last], lines=passes[last].lines + lines)
    return replace(drawing, passes=tuple(passes))

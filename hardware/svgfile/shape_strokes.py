"""A shape of a scene -> the lines with which a pen draws it: dashes of its stroke, hatching of its fill."""

import re
from collections.abc import Iterable, Iterator

import numpy as np

from hardware.drawing import Ink, Line, is_dot
from hardware.svgfile.clipping import clipped
from hardware.svgfile.flatten import FINE_MM, polylines, without_repeats
from hardware.svgfile.hatch import hatched
from hardware.svgfile.scene import SceneItem
from hardware.svgfile.subpath import Subpath
from hardware.svgfile.svg_layers import SvgStroke
from hardware.svgfile.svg_values import MM_PER_PX, diagonal, length, numbers, on_sheet
from hardware.toolpath.cut import dashes

FARTHEST_MM = 1e5  # from the origin: a coordinate of a hundred metres is a mistake, and would take too long to follow
WIDEST_MM = 30  # of strokes


def own_lines(item: SceneItem, subpaths: list[Subpath], tolerance_mm: float) -> list[Line]:
    """Return the outline of a shape, [S, 2] in its own units each."""
    return polylines(subpaths, item.tolerance(min(tolerance_mm, FINE_MM)))


def is_near(lines: list[Line]) -> bool:
    """Whether all lines, [S, 2] in mm, lie where they can be drawn; also rules out values that are not numbers."""
    return all((np.abs(line) <= FARTHEST_MM).all() for line in lines)


def hatching(item: SceneItem, placed: list[Line], hatch_mm: float, colour: str) -> Iterator[SvgStroke]:
    """Yield the lines that fill a shape, whose outline is [S, 2] in mm each."""
    even_odd = item.style["fill-rule"].strip().lower() == "evenodd"
    ink = ink_of(item)
    for line in clipped(hatched(placed, hatch_mm, even_odd), item.context.clips):
        yield SvgStroke(line, colour, hatch_mm, ink)


def outline_strokes(item: SceneItem, lines: list[Line], colour: str, width_mm: float) -> Iterator[SvgStroke]:
    """Yield the strokes of an outline, [S, 2] in the item's units each: dashed and clipped."""
    ink = ink_of(item)
    for line in clipped(_dashed(item, lines), item.context.clips):
        drawn = line[[0, -1]].mean(axis=0, keepdims=True) if is_dot(line) else line
        yield SvgStroke(np.ascontiguousarray(drawn), colour, width_mm, ink)


def ink_of(item: SceneItem) -> Ink:
    """Return the ink of an item: what multiplies is transparent."""
    is_multiplied = item.style["mix-blend-mode"].strip().lower() == "multiply"
    return Ink.TRANSPARENT if is_multiplied else Ink.OPAQUE


def _dashed(item: SceneItem, lines: list[Line]) -> Iterable[Line]:
    """Return the lines on the sheet, [S, 2] in mm, or their dashes by `stroke-dasharray`."""
    matrix = item.context.matrix
    given = item.style["stroke-dasharray"].strip().lower()
    if given == "none":
        return [without_repeats(on_sheet(line, matrix)) for line in lines]
    if item.style["vector-effect"].strip().lower() == "non-scaling-stroke":
        return _dashes(item, given, [on_sheet(line, matrix) for line in lines], MM_PER_PX)
    return (without_repeats(on_sheet(line, matrix)) for line in _dashes(item, given, lines, 1.0))


def _dashes(item: SceneItem, given: str, lines: list[Line], unit: float) -> Iterator[Line]:
    """Yield the dashes of lines, of which one user unit is `unit` long."""
    full, em = diagonal(item.context.viewport), item.style.em
    pattern = [length(part, full, em) for part in re.split(r"[\s,]+", given)]
    lengths = [unit * part for part in pattern if part is not None]
    if len(lengths) != len(pattern) or min(lengths) < 0 or sum(lengths) <= 0:
        yield from lines
        return
    offset = unit * (length(item.style["stroke-dashoffset"], full, em) or 0.0)
    factor = _said_length(item, lines, unit)
    pattern_of_all = [factor * part for part in lengths] * (1 + len(lengths) % 2)
    for line in lines:
        yield from dashes(line, pattern_of_all, factor * offset)


def _said_length(item: SceneItem, lines: list[Line], unit: float) -> float:
    """Return by how much a path is longer than its `pathLength` says; 1 without one."""
    said = numbers(item.element.get("pathLength", ""))
    if not said or said[0] <= 0:
        return 1.0
    total = sum(float(np.hypot(*np.diff(line, axis=0).T).sum()) for line in lines)
    return total / (said[0] * unit)

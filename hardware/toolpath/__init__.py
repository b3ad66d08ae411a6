"""Drawing -> Drawing: cut, join, order and reverse lines, so that a plot takes less time. The picture stays the same.

The lines of a free-colour pass keep their order, because it decides what each line covers.
"""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hardware.drawing import Drawing, Ink, Line, PenPass
from hardware.toolpath.cut import inside, parts
from hardware.toolpath.loops import is_loop, turned
from hardware.toolpath.seam import joined

Point = tuple[float, float]  # mm, as in a drawing: origin top left, y down

# Ends this close are joined: both round caps reach far over the gap; at its middle only 0.5 % of a nib is new ink
GAP_NIBS = 0.1


def travel_mm(drawing: Drawing, start_mm: Point | None = None) -> float:
    """Return the travel in mm: from `start_mm` through all lines and back, with a return to it for each pen change.

    `start_mm` is where the pen waits (`program.park_on_sheet`); by default the sheet's bottom left corner.
    """
    start = _start(drawing, start_mm)
    total, at, held = 0.0, start, None
    for pen_pass in drawing.passes:
        if not pen_pass.lines:
            continue
        if held is not None and not pen_pass.pen.is_same(held):
            total, at = total + math.dist(at, start), start
        last = pen_pass.lines[-1][-1]
        total += _travel_mm(pen_pass.lines, at, None)
        at, held = (float(last[0]), float(last[1])), pen_pass.pen
    return total + math.dist(at, start)


def join(drawing: Drawing) -> Drawing:
    """Join lines of one opaque pen that meet end to end, or nearly so: no lift, no travel.

    Lines of transparent ink are left unchanged, because the ink is darker where two strokes meet than within one.
    """

    def apply(pen_pass: PenPass) -> PenPass:
        if pen_pass.pen.ink is Ink.TRANSPARENT:
            return pen_pass
        return replace(pen_pass, lines=joined(pen_pass.lines, GAP_NIBS * pen_pass.pen.nib_mm))

    return _each_pass(drawing, apply)


def order(drawing: Drawing, start_mm: Point | None = None, effort: float = 1.0) -> Drawing:
    """Order and direct the lines of each pass so that travel is short; it is never longer than in the given order.

    Closed lines begin where the pen passes. The pen comes from `start_mm` and returns to it, except between successive
    passes of one pen: there it continues from where it is.

    The shortest order in millimetres is also the fastest, to within 0.1 %: travel is short, and the square root that
    acceleration brings in favours no other order. Deterministic: the work is bounded by the number of lines, not by a
    clock; `effort` multiplies it.
    """
    start = _start(drawing, start_mm)
    passes = list(drawing.passes)
    drawn = [at for at, p in enumerate(passes) if p.lines]
    ends = _meetings([passes[at] for at in drawn], start)
    for at, (begin, end) in zip(drawn, ends, strict=True):
        pen_pass = passes[at]
        if not _is_free(pen_pass):
            lines = _ordered(pen_pass.lines, begin, end, effort)
            if _travel_mm(lines, begin, end) < _travel_mm(pen_pass.lines, begin, end) - 1e-9:
                passes[at] = replace(pen_pass, lines=lines)
    return replace(drawing, passes=tuple(passes))


def split(drawing: Drawing) -> Drawing:
    """Cut lines longer than what their pen draws before a refill (`max_draw_m`) into equal parts."""

    def apply(pen_pass: PenPass) -> PenPass:
        most_m = pen_pass.pen.max_draw_m
        if most_m is None:
            return pen_pass
        return replace(pen_pass, lines=tuple(part for line in pen_pass.lines for part in parts(line, 1000 * most_m)))

    return _each_pass(drawing, apply)


def clip(drawing: Drawing, margin_mm: float = 0.0) -> Drawing:
    """Cut away what lies off the sheet or in its margin: the only step here that removes something."""
    low = np.array([margin_mm, margin_mm])
    high = np.array([drawing.width_mm, drawing.height_mm]) - margin_mm
    return replace(drawing, passes=tuple(_clipped(p, low, high) for p in drawing.passes))


def _clipped(pen_pass: PenPass, low: NDArray[np.float64], high: NDArray[np.float64]) -> PenPass:
    pieces = [(i, piece) for i, line in enumerate(pen_pass.lines) for piece in inside(line, low, high)]
    colours, widths_mm = pen_pass.colours, pen_pass.widths_mm
    return replace(
        pen_pass,
        lines=tuple(piece for _, piece in pieces),
        colours=None if colours is None else tuple(colours[i] for i, _ in pieces),
        widths_mm=None if widths_mm is None else tuple(widths_mm[i] for i, _ in pieces),
    )


def _each_pass(drawing: Drawing, apply: Callable[[PenPass], PenPass]) -> Drawing:
    def kept_or_applied(pen_pass: PenPass) -> PenPass:
        return pen_pass if _is_free(pen_pass) or not pen_pass.lines else apply(pen_pass)

    return replace(drawing, passes=tuple(kept_or_applied(p) for p in drawing.passes))


def _start(drawing: Drawing, start_mm: Point | None) -> Point:
    return (0.0, drawing.height_mm) if start_mm is None else start_mm


def _is_free(pen_pass: PenPass) -> bool:
    """Whether lines have free colours or widths: then their order decides what each covers."""
    return pen_pass.colours is not None or pen_pass.widths_mm is not None


def _meetings(passes: list[PenPass], start: Point) -> list[tuple[Point, Point]]:
    """Return where each pass begins and ends: at the start, or between passes of one pen where they are closest."""
    begins, ends = [start] * len(passes), [start] * len(passes)
    for at in range(len(passes) - 1):
        if passes[at].pen.is_same(passes[at + 1].pen):
            ends[at], begins[at + 1] = _closest(_ends(passes[at].lines), _ends(passes[at + 1].lines))
    return list(zip(begins, ends, strict=True))


def _closest(a: NDArray[np.float64], b: NDArray[np.float64]) -> tuple[Point, Point]:
    """Return the closest pair of ends, of a and b [N, 2] in mm: b's end and a's end."""
    from hardware.toolpath.start import nearest

    both = np.concatenate([a, b])
    near = nearest(both, (np.arange(len(both)) >= len(a)).astype(np.int64), 1)[: len(a), 0]
    at = int(np.hypot(*(both[near] - a).T).argmin())
    (x, y), (u, v) = both[near[at]].tolist(), a[at].tolist()
    return (x, y), (u, v)


def _ends(lines: tuple[Line, ...]) -> NDArray[np.float64]:  # [2 N, 2] mm
    """Return both ends of each line."""
    return np.array([end for line in lines for end in (line[0], line[-1])], dtype=np.float64).reshape(-1, 2)


def _travel_mm(lines: tuple[Line, ...], begin: Point, end: Point | None) -> float:
    """Return the travel in mm from `begin` through the lines to `end`, or to the last line if that is None."""
    ways = np.concatenate([[begin], _ends(lines), [end or lines[-1][-1]]]).reshape(-1, 2, 2)
    return float(np.hypot(*(ways[:, 1] - ways[:, 0]).T).sum())


def _ordered(lines: tuple[Line, ...], begin: Point, end: Point, effort: float) -> tuple[Line, ...]:
    ordered = _toured(list(lines), begin, end, effort)
    if any(map(is_loop, lines)):
        ordered = turned(_toured(turned(ordered, begin, end), begin, end, effort), begin, end)
    return tuple(ordered)


def _toured(lines: list[Line], begin: Point, end: Point, effort: float) -> list[Line]:
    """Return the lines in a short order. The stroke from `end` to `begin` closes the tour."""
    from hardware.toolpath.tour import tour  # numba is slow to import

    visits = tour(np.concatenate([[end, begin], _ends(tuple(lines))]), effort)
    if visits[0] == 1:  # reversed: the pen would come from the end
        visits = np.roll(visits[::-1], 2)
    return [lines[end // 2 - 1] if end % 2 == 0 else lines[end // 2 - 1][::-1] for end in visits[2::2].tolist()]

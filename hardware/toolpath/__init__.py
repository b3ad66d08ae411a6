"""Drawing to Drawing: cut, join, order and reverse lines, so that the pen travels less. What is seen stays the same.

The lines of a free-colour pass keep their places: there a line's place decides what it covers.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hardware.drawing import Drawing, Ink, Line, PenPass
from hardware.toolpath.cut import inside
from hardware.toolpath.seam import joined

Point = tuple[float, float]  # mm, as in a drawing: origin top left, y down

# Lines whose ends are this near are joined: both round caps reach far over the gap; at its middle 0.5 % of a nib is new
GAP_NIBS = 0.1


def travel_mm(drawing: Drawing, start_mm: Point | None = None) -> float:
    """Way with the pen up: from `start_mm` through all lines of a pass and back to it, over all passes.

    `start_mm` is where the pen waits (`program.park_on_sheet`); the sheet's bottom left corner if it is not said.
    """
    start = _start(drawing, start_mm)
    return sum(_travel_mm(p.lines, start) for p in drawing.passes)


def join(drawing: Drawing) -> Drawing:
    """Lines of one opaque pen that meet end to end, or nearly so, become one: no lift, no travel.

    Transparent ink is left alone, for where two strokes meet it is darker than within one.
    """

    def apply(pen_pass: PenPass) -> PenPass:
        if pen_pass.pen.ink is Ink.TRANSPARENT:
            return pen_pass
        return replace(pen_pass, lines=joined(pen_pass.lines, GAP_NIBS * pen_pass.pen.nib_mm))

    return _each_pass(drawing, apply)


def order(drawing: Drawing, start_mm: Point | None = None) -> Drawing:
    """Each pass's lines in an order, and each line in a direction, that make travel short; never longer than as given.

    Deterministic: the work is bounded by the number of lines, not by a clock.
    """
    start = _start(drawing, start_mm)

    def apply(pen_pass: PenPass) -> PenPass:
        lines = _ordered(pen_pass.lines, start)
        return (
            replace(pen_pass, lines=lines) if _travel_mm(lines, start) < _travel_mm(pen_pass.lines, start) else pen_pass
        )

    return _each_pass(drawing, apply)


def clip(drawing: Drawing) -> Drawing:
    """What lies off the sheet is cut away: the only step here that leaves something out, as the paper itself does."""
    return replace(drawing, passes=tuple(_clipped(p, drawing.width_mm, drawing.height_mm) for p in drawing.passes))


def _clipped(pen_pass: PenPass, width_mm: float, height_mm: float) -> PenPass:
    pieces = [(i, piece) for i, line in enumerate(pen_pass.lines) for piece in inside(line, width_mm, height_mm)]
    colours, widths_mm = pen_pass.colours, pen_pass.widths_mm
    return replace(
        pen_pass,
        lines=tuple(piece for _, piece in pieces),
        colours=None if colours is None else tuple(colours[i] for i, _ in pieces),
        widths_mm=None if widths_mm is None else tuple(widths_mm[i] for i, _ in pieces),
    )


def _each_pass(drawing: Drawing, apply: Callable[[PenPass], PenPass]) -> Drawing:
    def kept_or_applied(pen_pass: PenPass) -> PenPass:
        free = pen_pass.colours is not None or pen_pass.widths_mm is not None
        return pen_pass if free or len(pen_pass.lines) < 2 else apply(pen_pass)

    return replace(drawing, passes=tuple(kept_or_applied(p) for p in drawing.passes))


def _start(drawing: Drawing, start_mm: Point | None) -> Point:
    return (0.0, drawing.height_mm) if start_mm is None else start_mm


def _ends(lines: tuple[Line, ...], start: Point) -> NDArray[np.float64]:  # [2 (N + 1), 2] mm
    """Both ends of each line, after those of the start, which is a line of no length."""
    return np.array([start, start, *(end for line in lines for end in (line[0], line[-1]))], dtype=np.float64)


def _travel_mm(lines: tuple[Line, ...], start: Point) -> float:
    ends = _ends(lines, start)
    return float(np.hypot(*(np.roll(ends[::2], -1, axis=0) - ends[1::2]).T).sum())


def _ordered(lines: tuple[Line, ...], start: Point) -> tuple[Line, ...]:
    from hardware.toolpath.tour import tour  # numba is slow to import

    visits = tour(_ends(lines, start))[2::2]
    return tuple(lines[end // 2 - 1] if end % 2 == 0 else lines[end // 2 - 1][::-1] for end in visits.tolist())

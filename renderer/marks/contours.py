"""Lines of equal tone, for each pen at evenly spaced levels of what it has to cover."""

import numpy as np
from contourpy import contour_generator
from numpy.typing import NDArray

from renderer.marks.demand import KNOT_NIBS, LEAST, MOST, Line, MarkInput, length_px, strokes_of
from renderer.spec import Contours
from renderer.spec.kinds import LEVELS
from renderer.strokes import Strokes

SHORTEST_NIBS = 8.0


def contours(kind: Contours, canvas: MarkInput) -> Strokes:
    """Marching squares on what each pen has to cover."""
    lines = []
    for pen, wanted in enumerate(canvas.paid_demand()):
        nib_px = canvas.nib_px(pen)
        mine = _at_levels(wanted, kind.count if isinstance(kind.count, int) else LEVELS, nib_px)
        lines.append(mine)
    return strokes_of(lines, canvas, KNOT_NIBS * canvas.nib_px(0) / 2)


def _at_levels(wanted: NDArray[np.float64], levels: int, nib_px: float) -> list[Line]:
    made = contour_generator(z=wanted)
    shown = wanted[wanted > LEAST]
    if not len(shown):
        return []
    lines: list[Line] = []
    for share in (np.arange(levels) + 0.5) / levels:
        level = float(LEAST + (min(MOST, shown.max()) - LEAST) * share)
        for found in made.lines(level):
            line = np.asarray(found, np.float32) + np.float32(0.5)
            if length_px(line) > SHORTEST_NIBS * nib_px:
                lines.append(line)
    return lines

"""Closed lines can begin anywhere: each begins where the pen passes."""

import numpy as np
from numpy.typing import NDArray

from hardware.drawing import Line

Point = tuple[float, float]  # mm


def is_loop(line: Line) -> bool:
    """Whether a line, [S, 2] in mm, ends where it begins."""
    return len(line) > 3 and bool((line[0] == line[-1]).all())


def turned(lines: list[Line], begin: Point, end: Point) -> list[Line]:
    """Return the lines, [S, 2] in mm, with each closed one rotated to start at the corner closest to its neighbours.

    Works from the first line to the last, twice, because a loop's neighbours may be loops.
    """
    lines = list(lines)
    loops = [at for at, line in enumerate(lines) if is_loop(line)]
    for _ in range(2):
        for at in loops:
            before = np.array(begin if at == 0 else lines[at - 1][-1])
            after = np.array(end if at == len(lines) - 1 else lines[at + 1][0])
            lines[at] = _from_corner(lines[at], _nearest(lines[at], before, after))
    return lines


def _nearest(loop: Line, before: NDArray[np.float64], after: NDArray[np.float64]) -> int:
    corners = loop[:-1]
    way = np.hypot(*(corners - before).T) + np.hypot(*(corners - after).T)
    best = int(way.argmin())
    return best if way[best] < way[0] - 1e-9 else 0


def _from_corner(loop: Line, corner: int) -> Line:
    return loop if corner == 0 else np.concatenate([loop[corner:], loop[1 : corner + 1]])

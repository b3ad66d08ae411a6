"""A line to its pieces on the sheet."""

import numpy as np
from numpy.typing import NDArray

from hardware.drawing import Line


def inside(line: Line, width_mm: float, height_mm: float) -> list[Line]:
    """The pieces of a line within [0, width] x [0, height], in its own direction; none for a dot off the sheet."""
    size = np.array([width_mm, height_mm])
    within: NDArray[np.bool_] = np.all((line >= 0) & (line <= size), axis=1)
    if within.all():
        return [line]
    if len(line) == 1:
        return []
    pieces: list[list[Line]] = []
    for at in range(len(line) - 1):
        segment = _segment(line[at], line[at + 1], size)
        if segment is None:
            continue
        begin, end = segment
        if pieces and within[at] and np.array_equal(pieces[-1][-1], begin):
            pieces[-1].append(end)
        else:
            pieces.append([begin, end])
    return [np.array(piece) for piece in pieces if not np.array_equal(piece[0], piece[-1]) or len(piece) > 2]


def _segment(begin: Line, end: Line, size: Line) -> tuple[Line, Line] | None:
    """The part of one segment on the sheet: the range of t in [0, 1] that the edges leave (Liang and Barsky 1984)."""
    first, last = 0.0, 1.0
    for start, step, limit in zip(begin, end - begin, size, strict=True):
        if step == 0:
            if not 0 <= start <= limit:
                return None
            continue
        near, far = sorted(((0 - start) / step, (limit - start) / step))
        first, last = max(first, near), min(last, far)
    if first > last:
        return None
    cut_begin = begin if first == 0 else np.clip(begin + first * (end - begin), 0, size)
    cut_end = end if last == 1 else np.clip(begin + last * (end - begin), 0, size)
    return cut_begin, cut_end

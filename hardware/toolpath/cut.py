"""A line to its pieces: those on the sheet, or equal ones."""

import math

import numpy as np
from numpy.typing import NDArray

from hardware.drawing import Line, length_mm

Corner = NDArray[np.float64]  # [2] mm


def parts(line: Line, most_mm: float) -> list[Line]:
    """The line in as many equal parts as it takes for none to be longer."""
    length = length_mm(line)
    count = math.ceil(length / most_mm - 1e-9)
    return _cut(line, length * np.arange(1, count) / count) if count > 1 else [line]


def dashes(line: Line, pattern_mm: list[float], offset_mm: float = 0.0) -> list[Line]:
    """The line's dashes: `pattern_mm` is dash, gap, dash, gap ..., which begins `offset_mm` before the line does."""
    whole = sum(pattern_mm)
    length = length_mm(line)
    if whole <= 0 or length == 0 or length / whole * len(pattern_mm) > _MOST_DASHES:
        return [line]
    ends = np.cumsum(pattern_mm * (math.ceil(length / whole) + 1)) - offset_mm % whole
    cuts = ends[(ends > 0) & (ends < length)]
    first = int((ends <= 0).sum())  # how many parts of the pattern lie before the line
    return _cut(line, cuts)[first % 2 :: 2]


_MOST_DASHES = 100_000


def _cut(line: Line, at_mm: NDArray[np.float64]) -> list[Line]:
    """The line cut at these distances from its begin, which rise."""
    along = np.concatenate([[0.0], np.hypot(*np.diff(line, axis=0).T).cumsum()])
    points = np.stack([np.interp(at_mm, along, line[:, axis]) for axis in (0, 1)], axis=1)
    corners = np.searchsorted(along, at_mm)  # each cut lies before this corner
    pieces = []
    begin, corner = line[:1], 1
    for point, end in zip(points, corners.tolist(), strict=True):
        pieces.append(np.concatenate([begin, line[corner:end], point[None]]))
        begin, corner = point[None], end
    return [*pieces, np.concatenate([begin, line[corner:]])]


def inside(line: Line, low: Corner, high: Corner) -> list[Line]:
    """The pieces of a line between the corners, in its own direction; none for a dot beyond them."""
    within: NDArray[np.bool_] = np.all((line >= low) & (line <= high), axis=1)
    if within.all():
        return [line]
    if len(line) == 1:
        return []
    pieces: list[list[Line]] = []
    for at in range(len(line) - 1):
        segment = _segment(line[at], line[at + 1], low, high)
        if segment is None:
            continue
        begin, end = segment
        if pieces and within[at] and np.array_equal(pieces[-1][-1], begin):
            pieces[-1].append(end)
        else:
            pieces.append([begin, end])
    return [np.array(piece) for piece in pieces if not np.array_equal(piece[0], piece[-1]) or len(piece) > 2]


def _segment(begin: Line, end: Line, low: Corner, high: Corner) -> tuple[Line, Line] | None:
    """The part of a segment between the corners: the range of t in [0, 1] that the edges leave (Liang, Barsky 1984)."""
    first, last = 0.0, 1.0
    for start, step, least, most in zip(begin, end - begin, low, high, strict=True):
        if step == 0:
            if not least <= start <= most:
                return None
            continue
        near, far = sorted(((least - start) / step, (most - start) / step))
        first, last = max(first, near), min(last, far)
    if first > last:
        return None
    cut_begin = begin if first == 0 else np.clip(begin + first * (end - begin), low, high)
    cut_end = end if last == 1 else np.clip(begin + last * (end - begin), low, high)
    return cut_begin, cut_end

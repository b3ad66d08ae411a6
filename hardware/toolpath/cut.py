"""A line -> its pieces: those on the sheet, equal ones, or dashes."""

import math

import numpy as np
from numpy.typing import NDArray

from hardware.drawing import Line, length_mm

Corner = NDArray[np.float64]  # [2] mm


def parts(line: Line, most_mm: float) -> list[Line]:
    """Cut a line, [S, 2] in mm, into the fewest equal parts that are no longer than `most_mm`."""
    length = length_mm(line)
    count = math.ceil(length / most_mm - 1e-9)
    return _cut(line, length * np.arange(1, count) / count) if count > 1 else [line]


def dashes(line: Line, pattern_mm: list[float], offset_mm: float = 0.0) -> list[Line]:
    """Return the dashes of a line, [S, 2] in mm each.

    `pattern_mm` is dash, gap, dash, gap ..., and begins `offset_mm` before the line does.
    """
    period = sum(pattern_mm)
    length = length_mm(line)
    if period <= 0 or length == 0 or length / period * len(pattern_mm) > _MOST_DASHES:
        return [line]
    ends = np.cumsum(pattern_mm * (math.ceil(length / period) + 1)) - offset_mm % period
    cuts = ends[(ends > 0) & (ends < length)]
    first = int((ends <= 0).sum())  # number of parts of the pattern before the line
    return _cut(line, cuts)[first % 2 :: 2]


_MOST_DASHES = 100_000


def _cut(line: Line, at_mm: NDArray[np.float64]) -> list[Line]:
    """Return the line cut at these increasing distances from its start, [K] in mm."""
    along = np.concatenate([[0.0], np.hypot(*np.diff(line, axis=0).T).cumsum()])
    points = np.stack([np.interp(at_mm, along, line[:, axis]) for axis in (0, 1)], axis=1)
    corners = np.searchsorted(along, at_mm)  # each cut is before this corner
    pieces = []
    begin, corner = line[:1], 1
    for point, end in zip(points, corners.tolist(), strict=True):
        pieces.append(np.concatenate([begin, line[corner:end], point[None]]))
        begin, corner = point[None], end
    return [*pieces, np.concatenate([begin, line[corner:]])]


def inside(line: Line, low: Corner, high: Corner) -> list[Line]:
    """Return the pieces of a line, [S, 2] in mm, between two corners, [2] in mm; none for a dot outside."""
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
    """Return the part of a segment between the corners: the range of t in [0, 1] inside (Liang, Barsky 1984)."""
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

"""Subpaths -> polylines.

Curves are divided into equal steps of their parameter, as many as their second derivative requires.
"""

import math

import numpy as np

from hardware.drawing import Line
from hardware.svgfile.path_data import EllipseArc, Segment, Subpath

FINE_MM = 0.005
_MOST_STEPS = 20_000  # a curve a kilometre wide must not exhaust the memory


def polylines(subpaths: list[Subpath], tolerance: float) -> list[Line]:
    """Return each subpath, [S, 2] in its own units, within the tolerance of its curves.

    A subpath without segments is left out; one of length zero has several equal points. Absurd numbers in a file give
    coordinates that are not finite.
    """
    lines = []
    for subpath in subpaths:
        if subpath.segments or subpath.closed:
            points = _points(subpath, max(tolerance, 1e-12))
            lines.append(np.array(points).view(np.float64).reshape(-1, 2))
    return lines


def without_repeats(line: Line) -> Line:
    """Return the line, [S, 2], without points that are equal to the one before."""
    moved = np.concatenate([[True], (line[1:] != line[:-1]).any(axis=1)])
    kept: Line = line if moved.all() else line[moved]
    return kept


def _points(subpath: Subpath, tolerance: float) -> list[complex]:
    points = [subpath.start]
    for segment in subpath.segments:
        if isinstance(segment, complex):
            points.append(segment)
        else:
            points += _steps(points[-1], segment, tolerance)
    return [*points, subpath.start] if subpath.closed else points


def _steps(begin: complex, segment: Segment, tolerance: float) -> list[complex]:
    """Return points along a curve, without its first."""
    t = np.linspace(0, 1, _count(begin, segment, tolerance) + 1)[1:-1]
    if isinstance(segment, EllipseArc):
        return [*map(segment.at, t.tolist()), segment.end]
    u = 1 - t
    match segment:
        case (a, end):
            along = u**2 * begin + 2 * t * u * a + t**2 * end
        case (a, b, end):
            along = u**3 * begin + 3 * t * u**2 * a + 3 * t**2 * u * b + t**3 * end
        case _:
            return [segment]
    return [*along.tolist(), end]


def _count(begin: complex, segment: Segment, tolerance: float) -> int:
    """Return the steps of the parameter t for the tolerance: a chord over dt deviates by at most max |B''| dt^2 / 8."""
    match segment:
        case EllipseArc():
            bend = max(segment.rx, segment.ry) * segment.sweep**2
        case (a, end):
            bend = 2 * abs(begin - 2 * a + end)
        case (a, b, end):
            bend = 6 * max(abs(begin - 2 * a + b), abs(a - 2 * b + end))
        case _:
            return 1
    steps = math.sqrt(bend / (8 * tolerance)) if math.isfinite(bend) else 1
    return min(max(1, math.ceil(steps)), _MOST_STEPS)

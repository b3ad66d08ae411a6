"""A shape of svgelements -> polylines in mm.

The arc approximation of svgelements deviates far from the arc, so curves are divided here: each into equal steps of its
parameter, as many as its second derivative requires.
"""

import math
from collections.abc import Iterator

import numpy as np
import svgelements as se

from hardware.drawing import Line

FINE_MM = 0.005
_MOST_STEPS = 20_000  # a curve a kilometre wide must not exhaust the memory
_MM_PER_PX = 25.4 / 96


def polylines(shape: se.Shape, tolerance_mm: float = FINE_MM) -> list[Line]:
    """Return each subpath, [S, 2] in mm, transforms applied, within the tolerance of its curves.

    A subpath of length zero becomes one point. Absurd numbers in a file give coordinates that are not finite.
    """
    with np.errstate(all="ignore"):
        return list(_polylines(shape, tolerance_mm))


def px_to_mm(points: Line, m: se.Matrix) -> Line:
    """Return points, [S, 2] in an element's own px, as [S, 2] in mm on the sheet."""
    moved: Line = points @ np.array([[m.a, m.b], [m.c, m.d]]) + np.array([m.e, m.f])
    return moved * _MM_PER_PX


def _polylines(shape: se.Shape, tolerance_mm: float) -> Iterator[Line]:
    m = shape.transform
    matrix = np.array([[m.a, m.b], [m.c, m.d]]) * _MM_PER_PX
    stretch = float(np.linalg.norm(matrix, 2)) if np.isfinite(matrix).all() else 1.0
    for points in _subpaths(shape, tolerance_mm / max(stretch, 1e-12)):
        line = px_to_mm(np.array(points), m)
        moved = np.concatenate([[True], (np.diff(line, axis=0) != 0).any(axis=1)])
        yield line[moved]


def _subpaths(shape: se.Shape, tolerance: float) -> Iterator[list[tuple[float, float]]]:
    points: list[tuple[float, float]] = []
    path = shape if isinstance(shape, se.Path) else se.Path(shape)
    for segment in path.segments(transformed=False):
        if isinstance(segment, se.Move):
            if len(points) > 1:
                yield points
            points = [_xy(segment.end)]
            continue
        if not points and segment.start is not None:
            points = [_xy(segment.start)]
        points += _steps(segment, tolerance)
        if isinstance(segment, se.Close):
            if len(points) > 1:
                yield points
            points = []
    if len(points) > 1:
        yield points


def _steps(segment: se.PathSegment, tolerance: float) -> list[tuple[float, float]]:
    """Return points along a segment, without its first."""
    if isinstance(segment, se.Line | se.Close):
        return [] if segment.end is None else [_xy(segment.end)]
    if isinstance(segment, se.Arc) and (segment.rx == 0 or segment.ry == 0):
        return [_xy(segment.end)]  # the SVG standard: an arc without a radius is a straight line
    count = _count(segment, tolerance)
    along = segment.npoint(np.linspace(0, 1, count + 1)[1:])
    return [*((float(x), float(y)) for x, y in along[:-1]), _xy(segment.end)]


def _count(segment: se.PathSegment, tolerance: float) -> int:
    """Return the steps of the parameter t for the tolerance: a chord over dt deviates by at most max |B''| dt^2 / 8."""
    if isinstance(segment, se.QuadraticBezier):
        bend = 2 * abs(_bend(segment.start, segment.control, segment.end))
    elif isinstance(segment, se.CubicBezier):
        first = abs(_bend(segment.start, segment.control1, segment.control2))
        bend = 6 * max(first, abs(_bend(segment.control1, segment.control2, segment.end)))
    else:
        bend = max(segment.rx, segment.ry) * float(segment.sweep) ** 2
    steps = math.sqrt(bend / (8 * tolerance)) if math.isfinite(bend) else 1
    return min(max(1, math.ceil(steps)), _MOST_STEPS)


def _bend(p: se.Point, q: se.Point, r: se.Point) -> complex:
    return complex(p) - 2 * complex(q) + complex(r)


def _xy(point: se.Point) -> tuple[float, float]:
    return float(point.x), float(point.y)

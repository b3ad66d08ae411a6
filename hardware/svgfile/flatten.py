"""Subpaths -> polylines."""

from typing import Any

import numpy as np

from hardware.drawing import Line
from hardware.svgfile.subpath import Subpath

FINE_MM = 0.005


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
            points += _along(segment, tolerance)
    return [*points, subpath.start] if subpath.closed else points


def _along(curve: Any, tolerance: float) -> list[complex]:
    from hardware.svgfile.path_curves import curve_points

    return curve_points(curve, tolerance)

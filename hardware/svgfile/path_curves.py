"""Path data, ellipses and rounded rectangles -> subpaths, by svgelements; its curves -> points along them.

svgelements reads the commands, reflects control points and finds the centres of arcs. It is imported only for files
that have more than straight lines.
"""

import math
from itertools import pairwise
from typing import Any

import numpy as np
from svgelements import Arc, Close, CubicBezier, Ellipse, Line, Move, Path, QuadraticBezier, Rect

from hardware.svgfile.subpath import Segment, Subpath

_MOST_STEPS = 20_000  # a curve a kilometre wide must not exhaust the memory


class _StandardPath(Path):  # type: ignore[misc]  # svgelements has no types
    """A path whose smooth curves go on from curves of their own kind alone, as SVG 2, 9.3.6 and 9.3.7, says."""

    def smooth_cubic(self, *points: Any, relative: bool = False, **_: Any) -> Any:
        """Append a cubic curve. The points are its second control point and its end."""
        first = self.smooth_point if isinstance(self[-1], CubicBezier) else self.current_point
        return self.cubic(first, *points, relative=relative)

    def smooth_quad(self, *points: Any, relative: bool = False, **_: Any) -> Any:
        """Append a quadratic curve to a point."""
        control = self.smooth_point if isinstance(self[-1], QuadraticBezier) else self.current_point
        return self.quad(control, *points, relative=relative)


# --- shapes -> subpaths -----------------------------------------------------------------------------------------------


def parsed_path(text: str) -> list[Subpath]:
    """Return the subpaths of path data, which must be free of errors. Raises ArithmeticError for absurd numbers."""
    path = _StandardPath()
    path.parse(text)
    return _subpaths(path)


def ellipse(centre: complex, rx: float, ry: float) -> list[Subpath]:
    """Return an ellipse that begins at the right and runs clockwise, as SVG says."""
    return _subpaths(Ellipse(centre.real, centre.imag, rx, ry).segments())


def rounded_rectangle(corner: complex, size: complex, rx: float, ry: float) -> list[Subpath]:
    """Return a rectangle with rounded corners that begins at its top left and runs clockwise, as SVG says."""
    return _subpaths(Rect(corner.real, corner.imag, size.real, size.imag, rx, ry).segments())


def _subpaths(pieces: Any) -> list[Subpath]:
    found: list[Subpath] = []
    for piece in pieces:
        if isinstance(piece, Move):
            found.append(Subpath(complex(piece.end)))
        elif isinstance(piece, Close):
            found[-1].closed = True
        else:
            if found[-1].closed:
                found.append(Subpath(complex(piece.start)))
            found[-1].segments.append(_segment(piece))
    return found


def _segment(piece: Any) -> Segment:
    """Return a piece of a path as a segment. An arc without a radius or a length is a line (SVG 2, 9.5.1)."""
    is_line = isinstance(piece, Line) or (isinstance(piece, Arc) and piece.sweep == 0)
    return complex(piece.end) if is_line else piece


# --- along a curve ----------------------------------------------------------------------------------------------------


def curve_end(curve: Any) -> complex:
    """Return the end of a curve."""
    return complex(curve.end)


def curve_points(curve: Any, tolerance: float) -> list[complex]:
    """Return points along a curve, without its first: equal steps of its parameter, within the tolerance.

    The arcs that svgelements makes of Bezier curves deviate far from them, so curves are divided here.
    """
    along = curve.npoint(np.linspace(0.0, 1.0, _count(curve, tolerance) + 1)[1:-1])
    return [*(complex(x, y) for x, y in along.tolist()), complex(curve.end)]


def _count(curve: Any, tolerance: float) -> int:
    """Return the steps of the parameter t for the tolerance: a chord over dt deviates by at most max |B''| dt^2 / 8."""
    points = _control_points(curve)
    match len(points):
        case 4:
            bend = 6 * max(abs(a - 2 * b + c) for a, b, c in zip(points, points[1:], points[2:], strict=False))
        case 3:
            bend = 2 * abs(points[0] - 2 * points[1] + points[2])
        case _:
            bend = max(curve.rx, curve.ry) * float(curve.sweep) ** 2
    steps = math.sqrt(bend / (8 * tolerance)) if math.isfinite(bend) else 1
    return min(max(1, math.ceil(steps)), _MOST_STEPS)


def _control_points(curve: Any) -> list[complex]:
    """Return the control points of a Bezier curve with its ends; nothing for an arc."""
    if isinstance(curve, CubicBezier):
        return [complex(point) for point in (curve.start, curve.control1, curve.control2, curve.end)]
    if isinstance(curve, QuadraticBezier):
        return [complex(point) for point in (curve.start, curve.control, curve.end)]
    return []


def end_directions(curve: Any) -> tuple[complex, complex]:
    """Return the directions of travel at the begin and at the end of a curve; 0 where it stands still."""
    points = _control_points(curve)
    if not points:
        begin = float(curve.get_start_t())
        return _arc_direction(curve, begin), _arc_direction(curve, begin + float(curve.sweep))
    steps = [b - a for a, b in pairwise(points) if b != a] or [0j]
    return steps[0], steps[-1]


def _arc_direction(arc: Any, angle: float) -> complex:
    across, down = (complex(point) - complex(arc.center) for point in (arc.prx, arc.pry))
    return (down * math.cos(angle) - across * math.sin(angle)) * math.copysign(1.0, arc.sweep)

"""Curves as polylines: the fewest points that stay within a tolerance, and the spiral that fills a wide dot."""

import math

import numpy as np

from hardware.drawing import Line


def simplify(
    line: Line,  # [S, 2] mm
    tolerance_mm: float,
) -> Line:  # [T, 2] mm, T <= S
    """Some of the line's own points, first and last among them; no point is off them by more than the tolerance.

    Greedy: each piece is the longest that a cone of directions allows. From a piece's start, every point that is passed
    narrows the cone to the directions which go by it within the tolerance, so the cost grows with S alone
    (Williams 1978, "An efficient algorithm for the piecewise linear approximation of planar curves").
    """
    if tolerance_mm <= 0:
        raise ValueError(f"tolerance {tolerance_mm:g} mm must be above 0")
    if len(line) < 3:
        return line
    xy = line.tolist()
    kept = [0]
    while kept[-1] < len(xy) - 1:
        kept.append(_reach(xy, kept[-1], tolerance_mm))
    return np.ascontiguousarray(line[kept])


def _reach(xy: list[list[float]], start: int, tolerance_mm: float) -> int:
    """Index of the last point to which a straight piece from `start` is within the tolerance of all points between."""
    x0, y0 = xy[start]
    best = start + 1
    axis, low, high = 0.0, -math.inf, math.inf  # the cone: [axis + low, axis + high] rad
    furthest = 0.0  # a piece must reach at least as far as the points it passes, or it would end short of one
    for end in range(start + 1, len(xy)):
        dx, dy = xy[end][0] - x0, xy[end][1] - y0
        distance = math.hypot(dx, dy)
        open_cone = low == -math.inf
        turn = 0.0 if open_cone else math.remainder(math.atan2(dy, dx) - axis, math.tau)
        if distance >= furthest and low <= turn <= high:
            best = end
        furthest = max(furthest, distance)
        if distance <= tolerance_mm:
            continue  # all directions pass it
        spread = math.asin(tolerance_mm / distance)
        if open_cone:
            axis, low, high = math.atan2(dy, dx), -spread, spread
        else:
            low, high = max(low, turn - spread), min(high, turn + spread)
        if low > high:
            break
    return best


_TURN_NIBS, _CHORD_MM = 0.8, 0.01  # of a spiral: distance of its turns in nibs, and how far its chords may stray


def spiral(
    diameter_mm: float,
    nib_mm: float,
) -> Line:  # [S, 2] mm about the middle
    """The line by which a nib fills a dot that is wider than itself: out along Archimedes' spiral, then once round.

    Turns lie four fifths of a nib apart, so that ink meets ink; chords stay within 0.01 mm of the curve.
    """
    reach = (diameter_mm - nib_mm) / 2
    if reach <= 0:
        return np.zeros((1, 2))
    turns = reach / (_TURN_NIBS * nib_mm)
    step = 2 * np.arccos(1 - min(_CHORD_MM / reach, 0.5))
    out = np.linspace(0, 2 * np.pi * turns, max(2, int(np.ceil(2 * np.pi * turns / step)) + 1))
    round_ = out[-1] + np.linspace(0, 2 * np.pi, int(np.ceil(2 * np.pi / step)) + 1)[1:]
    angle = np.concatenate([out, round_])
    radius = np.concatenate([reach * out / out[-1], np.full(len(round_), reach)])
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1)

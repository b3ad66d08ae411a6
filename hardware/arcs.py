"""A polyline as the fewest straight moves, or arcs, within a tolerance; and the spiral that fills a wide dot."""

import math
from dataclasses import dataclass

import numpy as np

from hardware.drawing import Line


def simplify(
    line: Line,  # [S, 2] mm
    tolerance_mm: float,
) -> Line:  # [T, 2] mm, T <= S
    """Return some of the line's points, including its first and last. No other point is farther off than the tolerance.

    Greedy: each piece is as long as a cone of directions allows. Every point that a piece passes narrows the cone to
    the directions that pass this point within the tolerance, so the cost is linear in S
    (Williams 1978, "An efficient algorithm for the piecewise linear approximation of planar curves").
    Raises ValueError if the tolerance is not above 0.
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
    """Return the index of the last point that a straight piece from `start` reaches within the tolerance."""
    x0, y0 = xy[start]
    best = start + 1
    axis, low, high = 0.0, -math.inf, math.inf  # the cone: [axis + low, axis + high] rad
    furthest = 0.0  # a piece must reach as far as the points that it passes, or it would stop short of one
    for end in range(start + 1, len(xy)):
        dx, dy = xy[end][0] - x0, xy[end][1] - y0
        distance = math.hypot(dx, dy)
        open_cone = low == -math.inf
        turn = 0.0 if open_cone else math.remainder(math.atan2(dy, dx) - axis, math.tau)
        if distance >= furthest and low <= turn <= high:
            best = end
        furthest = max(furthest, distance)
        if distance <= tolerance_mm:
            continue  # every direction passes this point
        spread = math.asin(tolerance_mm / distance)
        if open_cone:
            axis, low, high = math.atan2(dy, dx), -spread, spread
        else:
            low, high = max(low, turn - spread), min(high, turn + spread)
        if low > high:
            break
    return best


Point = tuple[float, float]  # mm


@dataclass(frozen=True, slots=True)
class Arc:
    """An arc from the end of the previous piece to `end`: less than three quarters of a circle."""

    end: Point
    centre: Point
    clockwise: bool  # as seen with y up


_LEAST_RADIUS_MM, _MOST_RADIUS_MM = (
    0.05,
    2000.0,
)  # a smaller radius is lost in rounding, a larger one is a straight line
_MOST_SWEEP = 1.5 * math.pi


def arcs(
    line: Line,  # [S, 2] mm
    tolerance_mm: float,
) -> list[Arc | Point]:
    """Split the line into arcs and straight pieces, each the longest that fits; a straight piece is given by its end.

    The line and the pieces deviate from each other by at most the tolerance. All pieces begin and end at points of the
    line. Tangents need not agree where two arcs meet, so there are fewer arcs than with biarcs; within so small a
    tolerance they nearly agree. Raises ValueError if the tolerance is not above 0.
    """
    if tolerance_mm <= 0:
        raise ValueError(f"tolerance {tolerance_mm:g} mm must be above 0")
    xy = line.tolist()
    pieces: list[Arc | Point] = []
    start = 0
    while start < len(xy) - 1:
        straight = _reach(xy, start, tolerance_mm)
        end, arc = _bow(line, start, straight, tolerance_mm)
        pieces.append(arc if arc else (xy[straight][0], xy[straight][1]))
        start = end if arc else straight
    return pieces


def _bow(line: Line, start: int, straight: int, tolerance_mm: float) -> tuple[int, Arc | None]:
    """Return where the longest arc from `start` ends, and the arc; None if a straight piece reaches as far."""
    last = len(line) - 1
    good, arc, step = straight, None, 1
    while good < last:  # in steps that double
        end = min(good + step, last)
        found = _arc(line[start : end + 1], tolerance_mm)
        if found is None:
            break
        good, arc, step = end, found, 2 * step
    bad = min(good + step, last + 1)
    while bad - good > 1:
        middle = (good + bad) // 2
        found = _arc(line[start : middle + 1], tolerance_mm)
        if found is None:
            bad = middle
        else:
            good, arc = middle, found
    return good, arc


def _arc(points: Line, tolerance_mm: float) -> Arc | None:
    """Return an arc from the first point to the last that stays within the tolerance of the polyline between them.

    Its centre is m + t n, where m is the middle between the ends and n the unit normal of the chord. t is moved until
    the polyline deviates as far inwards as outwards. Then two things are checked: the polyline lies in the ring of
    radii r -+ tolerance (its corners inside the outer circle, the nearest points of its segments outside the inner
    one), and it turns in one direction only.
    """
    begin, end = points[0], points[-1]
    chord = end - begin
    half = 0.5 * math.hypot(*chord)
    if half < tolerance_mm or len(points) < 3:
        return None
    across = np.array([-chord[1], chord[0]]) / (2 * half)
    seen = points - 0.5 * (begin + end)
    along, bulge = seen @ chord / (2 * half), seen @ across
    top = int(np.abs(bulge).argmax())
    if bulge[top] == 0:
        return None
    t = (along[top] ** 2 + bulge[top] ** 2 - half**2) / (2 * bulge[top])
    for _ in range(4):
        radius = math.hypot(half, t)
        distance = np.hypot(along, bulge - t)
        off = distance - radius
        low, high = int(off.argmin()), int(off.argmax())
        slope = sum(-(bulge[at] - t) / max(distance[at], 1e-12) - t / radius for at in (low, high))
        if abs(slope) < 1e-9:
            break
        t -= (off[low] + off[high]) / slope
    radius = math.hypot(half, t)
    if not _LEAST_RADIUS_MM <= radius <= _MOST_RADIUS_MM:
        return None
    centre = 0.5 * (begin + end) + t * across
    spokes = points - centre
    if np.abs(np.hypot(*spokes.T) - radius).max() > tolerance_mm or _nearest(spokes) < radius - tolerance_mm:
        return None
    turns = np.arctan2(_cross(spokes[:-1], spokes[1:]), (spokes[:-1] * spokes[1:]).sum(axis=1))
    sweep = float(turns.sum())
    if abs(sweep) > _MOST_SWEEP or (turns * math.copysign(1, sweep)).min() < 0:
        return None
    return Arc((float(end[0]), float(end[1])), (float(centre[0]), float(centre[1])), clockwise=sweep < 0)


def arc_points(begin: Point, end: Point, centre: Point, clockwise: bool, tolerance_mm: float) -> Line:  # [S, 2] mm
    """Return points along an arc, including its ends; the chords deviate from it by at most the tolerance."""
    first = math.atan2(begin[1] - centre[1], begin[0] - centre[0])
    sweep = (math.atan2(end[1] - centre[1], end[0] - centre[0]) - first) % math.tau
    if clockwise:
        sweep -= math.tau
    radius = math.dist(begin, centre)
    step = 2 * math.acos(1 - min(tolerance_mm / max(radius, 1e-9), 0.5))
    angle = first + sweep * np.linspace(0, 1, max(1, math.ceil(abs(sweep) / step)) + 1)
    points = np.stack([centre[0] + radius * np.cos(angle), centre[1] + radius * np.sin(angle)], axis=1)
    points[0], points[-1] = begin, end
    return points


def _cross(a: Line, b: Line) -> Line:  # [S, 2], [S, 2] -> [S]
    return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]


def _nearest(spokes: Line) -> float:
    """Return the distance between a polyline and the origin."""
    step = np.diff(spokes, axis=0)
    along = np.clip(-(spokes[:-1] * step).sum(axis=1) / np.maximum((step**2).sum(axis=1), 1e-300), 0, 1)
    return float(np.hypot(*(spokes[:-1] + along[:, None] * step).T).min())


_TURN_NIBS, _CHORD_MM = 0.8, 0.01  # of a spiral: distance between its turns in nibs, and deviation of its chords


def spiral(
    diameter_mm: float,
    nib_mm: float,
) -> Line:  # [S, 2] mm, centred on the dot
    """Return the line with which a nib fills a wider dot: outwards along an Archimedean spiral, then once round.

    Turns are four fifths of a nib apart, so that the ink closes; chords stay within 0.01 mm of the curve.
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

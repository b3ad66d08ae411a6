"""Steps and a machine to seconds and millimetres, pen by pen, with acceleration and the speed of corners."""

import math
from dataclasses import dataclass, replace
from itertools import pairwise

from hardware.drawing import Pen
from hardware.machine import Machine, ZLift
from hardware.program import ChangePen, Dot, DrawTo, End, Lift, Lower, Park, Step, Travel

Point = tuple[float, float]  # mm


@dataclass(frozen=True)
class PenEstimate:
    """What one pass takes, without the time in which a person changes the pen."""

    number: int
    pen: Pen
    layer: str
    strokes: int
    drawn_mm: float = 0.0
    travel_mm: float = 0.0
    lifts: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Estimate:
    """What a whole program takes: `seconds` of the machine, `pen_change_s` of a person."""

    pens: tuple[PenEstimate, ...]
    seconds: float
    drawn_mm: float
    travel_mm: float
    lifts: int
    pen_changes: int
    pen_change_s: float

    @property
    def total_s(self) -> float:
        """Seconds until the drawing is done, pen changes included."""
        return self.seconds + self.pen_change_s


def estimate(steps: tuple[Step, ...], machine: Machine) -> Estimate:
    """Time and distance of each pen pass and of the whole."""
    pens: list[PenEstimate] = []
    changes = 0
    for change, part in _parts(steps):
        changes += change.insert
        pens.append(_pen(change, part, machine))
    return Estimate(
        pens=tuple(pens),
        seconds=sum(p.seconds for p in pens),
        drawn_mm=sum(p.drawn_mm for p in pens),
        travel_mm=sum(p.travel_mm for p in pens),
        lifts=sum(p.lifts for p in pens),
        pen_changes=changes,
        pen_change_s=changes * machine.pen_change_s,
    )


def _parts(steps: tuple[Step, ...]) -> list[tuple[ChangePen, list[Step]]]:
    parts: list[tuple[ChangePen, list[Step]]] = []
    for step in steps:
        if isinstance(step, ChangePen):
            parts.append((step, []))
        elif parts:
            parts[-1][1].append(step)
    return parts


def _pen(change: ChangePen, steps: list[Step], machine: Machine) -> PenEstimate:
    lower_s = _pen_move_s(machine)
    feed_mm_s, travel_mm_s = change.feed_mm_min / 60, machine.travel_mm_min / 60
    seconds = drawn_mm = travel_mm = 0.0
    lifts = 0
    at: Point = machine.park_mm
    run: list[Point] = []
    for step in steps:
        match step:
            case Travel(x, y) | Park(x, y):
                distance_mm = math.dist(at, (x, y))
                travel_mm += distance_mm
                seconds += straight_s(distance_mm, travel_mm_s, machine.accel_mm_s2)
                at = (x, y)
            case Lower():
                seconds += lower_s
                run = [at]
            case DrawTo(x, y):
                drawn_mm += math.dist(at, (x, y))
                at = (x, y)
                run.append(at)
            case Lift():
                seconds += run_s(run, feed_mm_s, machine.accel_mm_s2, machine.junction_deviation_mm) + lower_s
                lifts += 1
            case Dot(dwell_s):
                seconds += 2 * lower_s + dwell_s
                lifts += 1
            case ChangePen() | End():
                pass
    entry = PenEstimate(change.number, change.pen, change.layer, change.strokes)
    return replace(entry, drawn_mm=drawn_mm, travel_mm=travel_mm, lifts=lifts, seconds=seconds)


def _pen_move_s(machine: Machine) -> float:
    """Seconds to lower the pen, or to lift it."""
    lift = machine.pen_lift
    moving_s = 0.0
    if isinstance(lift, ZLift):
        moving_s = straight_s(lift.up_mm - lift.down_mm, lift.feed_mm_min / 60, machine.accel_mm_s2)
    return moving_s + lift.settle_s


def straight_s(length_mm: float, speed_mm_s: float, accel_mm_s2: float) -> float:
    """Seconds for one straight move from rest to rest."""
    return _segment_s(length_mm, 0.0, 0.0, speed_mm_s, accel_mm_s2)


def run_s(points: list[Point], speed_mm_s: float, accel_mm_s2: float, deviation_mm: float) -> float:
    """Seconds for a polyline from rest to rest, corners at the speed that the junction deviation allows.

    Letters as in GRBL's planner: v, the speeds at the points; a backward and a forward pass bring them within the
    acceleration a, v1^2 <= v0^2 + 2 a L.
    """
    points = [p for at, p in enumerate(points) if at == 0 or p != points[at - 1]]
    lengths_mm = [math.dist(p, q) for p, q in pairwise(points)]
    if not lengths_mm:
        return 0.0
    corners = zip(points, points[1:], points[2:], strict=False)
    v = [0.0, *(min(speed_mm_s, corner_mm_s(*corner, accel_mm_s2, deviation_mm)) for corner in corners), 0.0]
    for at in range(len(lengths_mm) - 1, -1, -1):
        v[at] = min(v[at], math.sqrt(v[at + 1] ** 2 + 2 * accel_mm_s2 * lengths_mm[at]))
    for at, length_mm in enumerate(lengths_mm):
        v[at + 1] = min(v[at + 1], math.sqrt(v[at] ** 2 + 2 * accel_mm_s2 * length_mm))
    return sum(_segment_s(length, v[at], v[at + 1], speed_mm_s, accel_mm_s2) for at, length in enumerate(lengths_mm))


def corner_mm_s(before: Point, corner: Point, after: Point, accel_mm_s2: float, deviation_mm: float) -> float:
    """Speed at which a corner may be taken.

    The machine is thought to go round on the circle that touches both segments and passes the corner at the distance
    delta (the deviation), at most with the acceleration a across: v^2 = a r, r = delta sin(t/2) / (1 - sin(t/2)),
    where t is the angle between the segments, pi where they are one straight line (Jeon 2011, as in GRBL's planner).
    """
    ax, ay = before[0] - corner[0], before[1] - corner[1]
    bx, by = after[0] - corner[0], after[1] - corner[1]
    cosine = (ax * bx + ay * by) / (math.hypot(ax, ay) * math.hypot(bx, by))
    sine_half = math.sqrt(max(0.0, 0.5 * (1 - cosine)))
    if sine_half > 1 - 1e-9:
        return math.inf
    return math.sqrt(accel_mm_s2 * deviation_mm * sine_half / (1 - sine_half))


def _segment_s(length_mm: float, v0: float, v1: float, speed_mm_s: float, accel_mm_s2: float) -> float:
    """Seconds for one segment entered at v0 and left at v1: speed is a trapezium, or a triangle if it is short."""
    peak = math.sqrt(accel_mm_s2 * length_mm + 0.5 * (v0 * v0 + v1 * v1))
    if peak <= speed_mm_s:
        return (2 * peak - v0 - v1) / accel_mm_s2
    ramps_mm = (2 * speed_mm_s**2 - v0 * v0 - v1 * v1) / (2 * accel_mm_s2)
    return (2 * speed_mm_s - v0 - v1) / accel_mm_s2 + (length_mm - ramps_mm) / speed_mm_s

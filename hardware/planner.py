"""Moves -> seconds, as a controller plans them: trapezoidal speeds, acceleration, corners by junction deviation.

The letters are those of GRBL's planner: a move has length L, unit vector u, maximum speed f and acceleration a; v is
the speed at its ends. A backward and a forward pass limit the speeds to v1^2 <= v0^2 + 2 a L.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hardware.dialect import dialect_of
from hardware.machine import Axes, Machine
from hardware.pen_lift import ZLift

Point = tuple[float, float]  # mm
Floats = NDArray[np.float64]
Accel = float | Axes  # mm/s^2 along the path, or of each axis


@dataclass(frozen=True)
class Limits:
    """The limits of the axes. Where x and y have separate limits, a move is limited by its direction."""

    accel_mm_s2: Accel
    deviation_mm: float
    speed_mm_s: Axes | None = None
    z_accel_mm_s2: float | None = None  # of a Z axis that raises the pen


def limits_of(machine: Machine) -> Limits:
    """Return the limits that a machine file gives. One number is that of each axis, where the axes alone set limits."""
    most, accel, lift = machine.travel_xy_mm_min, machine.accel_mm_s2, machine.pen_lift
    z_accel = None
    if isinstance(lift, ZLift):
        z_accel = lift.accel_mm_s2 or (min(accel) if isinstance(accel, tuple) else float(accel))
    if _axes_alone_limit(machine):
        most = most or (machine.travel_feed_mm_min, machine.travel_feed_mm_min)
        accel = accel if isinstance(accel, tuple) else (accel, accel)
    speed = most and (most[0] / 60, most[1] / 60)
    return Limits(accel, machine.junction_deviation_mm, speed, z_accel)


def travel_mm_s(machine: Machine) -> float:
    """Return the requested speed of travel in mm/s: that of its feed, or as fast as both axes together can be."""
    if not _axes_alone_limit(machine):
        return machine.travel_feed_mm_min / 60
    return math.hypot(*(machine.travel_xy_mm_min or 2 * (machine.travel_feed_mm_min,))) / 60


def travel_s(begin: Point, end: Point, machine: Machine) -> float:
    """Return the seconds of a travel from rest to rest between two places, mm."""
    way = np.array([[end[0] - begin[0], end[1] - begin[1]]], dtype=np.float64)
    return float(plan_s(way, np.array([travel_mm_s(machine)]), np.array([True]), limits_of(machine)).sum())


def _axes_alone_limit(machine: Machine) -> bool:
    """Whether each axis has its own greatest speed and acceleration and the path has none, as on GRBL and LinuxCNC."""
    return not dialect_of(machine.dialect).travel_has_feed


def plan_s(
    ways: Floats,  # [N, 2 or 3] mm, the displacement of each move; z is that of the pen lift
    speeds_mm_s: Floats,  # [N] mm/s, as requested
    from_rest: NDArray[np.bool_],  # [N] whether the machine is at rest before the move
    limits: Limits,
) -> Floats:  # [N] s
    """Return the seconds of each move. The machine is at rest after the last; moves of length zero take no time."""
    seconds = np.zeros(len(ways))
    if len(ways) == 0:
        return seconds
    lengths = np.sqrt((ways**2).sum(axis=1))
    real = np.flatnonzero(lengths > 0)
    if len(real) == 0:
        return seconds
    stops = np.maximum.reduceat(
        from_rest, np.concatenate([[0], real[:-1] + 1])
    )  # a stop before a move of length zero counts
    length, unit = lengths[real], ways[real] / lengths[real, None]
    fastest = speeds_mm_s[real]
    if limits.speed_mm_s is not None:
        fastest = np.minimum(fastest, _along(unit, limits.speed_mm_s, None))
    accel = _along(unit, limits.accel_mm_s2, limits.z_accel_mm_s2)
    enter = np.zeros(len(real) + 1)  # v^2 at the beginning of each move, and at the end of the last
    enter[1:-1] = np.minimum(_corners(unit, limits), np.minimum(fastest[1:], fastest[:-1]) ** 2)
    enter[:-1][stops] = 0
    enter = _reachable(enter, 2 * accel * length)
    seconds[real] = _trapezia_s(length, enter[:-1], enter[1:], fastest, accel)
    return seconds


def _along(unit: Floats, most: Accel, most_z: float | None) -> Floats:  # [N, 2 or 3] -> [N]
    """Return the most that each move may have of a quantity: the limit of the axis that reaches its own first."""
    with np.errstate(divide="ignore"):
        if isinstance(most, tuple):
            found = np.min(np.array(most) / np.abs(unit[:, :2]), axis=1)
        else:
            found = most / np.hypot(unit[:, 0], unit[:, 1])
        if unit.shape[1] == 3 and most_z is not None:
            found = np.minimum(found, most_z / np.abs(unit[:, 2]))
    return np.asarray(found, dtype=np.float64)


def _corners(unit: Floats, limits: Limits) -> Floats:  # [N, 2] -> [N - 1] v^2
    """Return the squared speed, mm^2/s^2, allowed at each corner.

    The model is a circle that touches both moves and passes the corner at the distance delta (the deviation), with at
    most the acceleration a across: v^2 = a r, r = delta sin(t/2) / (1 - sin(t/2)), where t is the angle between the
    moves, pi where they form a straight line (Jeon 2011, as in GRBL's planner).
    """
    sine_half = np.sqrt(np.maximum(0.5 * (1 + (unit[:-1] * unit[1:]).sum(axis=1)), 0))
    across = unit[1:] - unit[:-1]
    size = np.sqrt((across**2).sum(axis=1))[:, None]
    across = np.divide(across, size, out=np.ones_like(across), where=size > 0)
    accel = _along(across, limits.accel_mm_s2, limits.z_accel_mm_s2)
    straight = sine_half > 1 - 1e-9
    radius = limits.deviation_mm * sine_half / np.where(straight, 1, 1 - sine_half)
    return np.where(straight, np.inf, accel * radius)


def _reachable(enter: Floats, gain: Floats) -> Floats:  # [N + 1] v^2, [N] 2 a L -> [N + 1] v^2
    v2, gains = enter.tolist(), gain.tolist()
    for at in range(len(gains) - 1, -1, -1):
        if (most := v2[at + 1] + gains[at]) < v2[at]:
            v2[at] = most
    for at, more in enumerate(gains):
        if (most := v2[at] + more) < v2[at + 1]:
            v2[at + 1] = most
    return np.array(v2)


def _trapezia_s(length: Floats, enter: Floats, leave: Floats, fastest: Floats, accel: Floats) -> Floats:
    """Return the seconds, [N], of moves entered and left at the given v^2, with trapezoidal or triangular speeds."""
    v0, v1 = np.sqrt(enter), np.sqrt(leave)
    peak = np.sqrt(accel * length + 0.5 * (enter + leave))
    top = np.minimum(peak, fastest)
    cruise = np.maximum(length - (2 * top**2 - enter - leave) / (2 * accel), 0) / top
    return np.asarray((2 * top - v0 - v1) / accel + np.where(peak > fastest, cruise, 0), dtype=np.float64)


# --- for a single path ----------------------------------------------------------------------------------------------


def straight_s(length_mm: float, speed_mm_s: float, accel_mm_s2: float) -> float:
    """Return the seconds of one straight move from rest to rest."""
    return run_s([(0.0, 0.0), (length_mm, 0.0)], speed_mm_s, accel_mm_s2, 0.01)


def run_s(points: list[Point], speed_mm_s: float, accel_mm_s2: Accel, deviation_mm: float) -> float:
    """Return the seconds of a polyline, points in mm, from rest to rest."""
    ways = np.diff(np.array(points, dtype=np.float64), axis=0)
    from_rest = np.arange(len(ways)) == 0
    return float(plan_s(ways, np.full(len(ways), speed_mm_s), from_rest, Limits(accel_mm_s2, deviation_mm)).sum())


def corner_mm_s(before: Point, corner: Point, after: Point, accel_mm_s2: Accel, deviation_mm: float) -> float:
    """Return the speed in mm/s allowed at a corner."""
    unit = np.array([[q[0] - p[0], q[1] - p[1]] for p, q in pairwise((before, corner, after))], dtype=np.float64)
    unit /= np.hypot(unit[:, 0], unit[:, 1])[:, None]
    return math.sqrt(float(_corners(unit, Limits(accel_mm_s2, deviation_mm))[0]))

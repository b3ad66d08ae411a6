"""The duration of each line of a job, estimated by the planner."""

import math
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from hardware.job.gcode_job import Line, Point, Stop

if TYPE_CHECKING:
    from hardware.machine import Machine


def timed(lines: tuple[Line, ...], stops: tuple[Stop, ...], machine: "Machine") -> tuple[Line, ...]:
    """Return the lines with their seconds: motion without a stop in between is planned as one run.

    Moves of a Z axis that raises the pen are part of the run; the time of a servo is in the dwells. What the sender
    does before the first line counts towards that line, and what it does at a stop towards the line before the stop.
    """
    added_s = _of_the_sender(lines, stops, machine)
    return tuple(
        replace(line, seconds=moving + line.dwell_s + more) if moving or line.dwell_s or more else line
        for line, moving, more in zip(lines, _moving_s(lines, machine), added_s, strict=True)
    )


def _of_the_sender(lines: tuple[Line, ...], stops: tuple[Stop, ...], machine: "Machine") -> list[float]:
    """Return the seconds that the sender adds to each line: to raise the pen, to stop and to park."""
    from hardware.estimate import stop_s, waited_s

    added_s = [0.0] * len(lines)
    added_s[0] += waited_s(machine, machine.pen_lift.settle_s)
    for stop in sorted({stop.line for stop in stops} | {len(lines)}):
        park_mm = machine.park_mm if stop == len(lines) else machine.changes_at_mm
        added_s[max(stop - 1, 0)] += stop_s(machine) + _detour_s(lines, stop, park_mm, machine)
    return added_s


def _detour_s(lines: tuple[Line, ...], stop: int, park_mm: Point, machine: "Machine") -> float:
    """Return the seconds by which parking at a stop prolongs the way; none where the lines go there themselves."""
    from hardware.planner import travel_s

    here = _place(lines[:stop], machine)
    further = next(((line.x_mm, line.y_mm) for line in lines[stop:] if line.is_draw or line.is_travel), None)
    there_s = travel_s(here, park_mm, machine)
    if further is None:
        return there_s
    return there_s + travel_s(park_mm, further, machine) - travel_s(here, further, machine)


def _place(lines: tuple[Line, ...], machine: "Machine") -> Point:
    """Return where the machine is after these lines."""
    moves = (line for line in reversed(lines) if line.is_draw or line.is_travel)
    return next(((line.x_mm, line.y_mm) for line in moves), machine.start_mm)


def _moving_s(lines: tuple[Line, ...], machine: "Machine") -> list[float]:
    """Return the seconds in which each line moves the machine."""
    import numpy as np

    from hardware.planner import limits_of, plan_s, travel_mm_s

    ways: list[tuple[float, float, float]] = []
    speeds: list[float] = []
    from_rest: list[bool] = []
    owner: list[int] = []
    lift = machine.pen_lift
    z_mm, rest, before = 0.0, True, machine.start_mm
    fast_mm_s = travel_mm_s(machine)
    for index, line in enumerate(lines):
        rise_mm = line.z_mm - z_mm if lift.kind == "z" else 0.0
        if not (line.is_draw or line.is_travel or rise_mm):
            rest = True
            continue
        own = [(x, y, 0.0) for x, y in _ways(line, before)] if line.is_draw or line.is_travel else [(0.0, 0.0, 0.0)]
        own[-1] = (*own[-1][:2], rise_mm)
        for way in own:
            ways.append(way)
            speeds.append(_speed_mm_s(line, way, fast_mm_s, lift.feed_mm_min / 60 if lift.kind == "z" else 0.0))
            from_rest.append(rest)
            owner.append(index)
            rest = False
        before, z_mm = (line.x_mm, line.y_mm), z_mm + rise_mm
    moves = np.array(ways, dtype=np.float64).reshape(-1, 3)
    each = plan_s(moves, np.array(speeds), np.array(from_rest, dtype=np.bool_), limits_of(machine))
    seconds: list[float] = np.bincount(np.array(owner, dtype=np.int64), each, len(lines)).tolist()
    return seconds


def _speed_mm_s(line: Line, way: tuple[float, float, float], travel_mm_s: float, lift_mm_s: float) -> float:
    """Return the requested speed of a move; a pure Z move has the speed of the lift."""
    if way[2] and not (way[0] or way[1]):
        return lift_mm_s
    return travel_mm_s if line.is_travel else (line.feed_mm_min / 60 or travel_mm_s)


def _ways(line: Line, before: Point) -> list[Point]:
    """Return the displacements of a line, in mm; an arc is divided into chords."""
    end = (line.x_mm, line.y_mm)
    if line.centre_mm is None or line.mm == 0:
        return [(end[0] - before[0], end[1] - before[1])]
    x, y = line.centre_mm
    radius, begin = math.dist(line.centre_mm, before), math.atan2(before[1] - y, before[0] - x)
    turn = line.mm / radius * (-1 if line.text.startswith("G2") else 1)
    count = max(int(abs(turn) / 0.1), 1)
    points = [before]
    points += [
        (x + radius * math.cos(begin + turn * at / count), y + radius * math.sin(begin + turn * at / count))
        for at in range(1, count)
    ]
    points.append(end)
    return [(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(points)]

"""How long it takes: the planner's seconds for each line, and what the pace so far makes of them."""

import math
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from hardware.job.gcode_job import Job, Line, Point

if TYPE_CHECKING:
    from hardware.machine import Machine

TRUSTED_S = 60.0  # after this much planned work, the pace so far counts as much as the plan


def timed(lines: tuple[Line, ...], machine: "Machine") -> tuple[Line, ...]:
    """Each line with the seconds that it takes: motion without a stop in between is planned as one run.

    A Z axis that raises the pen moves in that run, too; a servo's time is in the dwells.
    """
    import numpy as np

    from hardware.planner import limits_of, plan_s

    ways: list[tuple[float, float, float]] = []
    speeds: list[float] = []
    from_rest: list[bool] = []
    owner: list[int] = []
    lift = machine.pen_lift
    z_mm, rest, before = 0.0, True, (0.0, 0.0)
    travel_mm_s = _travel_mm_s(machine)
    for index, line in enumerate(lines):
        rise_mm = line.z_mm - z_mm if lift.kind == "z" else 0.0
        if not (line.is_draw or line.is_travel or rise_mm):
            rest = True
            continue
        own = [(x, y, 0.0) for x, y in _ways(line, before)] if line.is_draw or line.is_travel else [(0.0, 0.0, 0.0)]
        own[-1] = (*own[-1][:2], rise_mm)
        for way in own:
            ways.append(way)
            speeds.append(_speed_mm_s(line, way, travel_mm_s, lift.feed_mm_min / 60 if lift.kind == "z" else 0.0))
            from_rest.append(rest)
            owner.append(index)
            rest = False
        before, z_mm = (line.x_mm, line.y_mm), z_mm + rise_mm
    moves = np.array(ways, dtype=np.float64).reshape(-1, 3)
    each = plan_s(moves, np.array(speeds), np.array(from_rest, dtype=np.bool_), limits_of(machine))
    seconds = np.bincount(np.array(owner, dtype=np.int64), each, len(lines)).tolist()
    return tuple(
        replace(line, seconds=moving + line.dwell_s) if moving or line.dwell_s else line
        for line, moving in zip(lines, seconds, strict=True)
    )


def _speed_mm_s(line: Line, way: tuple[float, float, float], travel_mm_s: float, lift_mm_s: float) -> float:
    """What is asked for along a way; one that goes up or down by itself has the speed of the lift."""
    if way[2] and not (way[0] or way[1]):
        return lift_mm_s
    return travel_mm_s if line.is_travel else (line.feed_mm_min / 60 or travel_mm_s)


def _ways(line: Line, before: Point) -> list[Point]:
    """The way of a line; of an arc, in chords."""
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


def _travel_mm_s(machine: "Machine") -> float:
    return max(machine.travel_xy_mm_min or (machine.travel_feed_mm_min,)) / 60


class Pace:
    """Seconds that are left: those planned, times how the work so far compares with its plan."""

    def __init__(self, job: Job) -> None:
        self._left_s = [0.0] * (len(job.lines) + 1)
        for at in range(len(job.lines) - 1, -1, -1):
            self._left_s[at] = self._left_s[at + 1] + job.lines[at].seconds
        self._drawn_mm = [0.0] * (len(job.lines) + 1)
        for at, line in enumerate(job.lines):
            self._drawn_mm[at + 1] = self._drawn_mm[at] + (line.mm if line.is_draw else 0.0)
        self._planned_s, self._took_s = 0.0, 0.0

    def compare(self, first: int, after: int, seconds: float) -> None:
        """The lines from one index to before another have taken this long so far."""
        self._planned_s = self._left_s[first] - self._left_s[after]
        self._took_s = seconds

    def factor(self) -> float:
        """How much longer the work takes than planned; near 1 while there is little to go by."""
        return (self._took_s + TRUSTED_S) / (self._planned_s + TRUSTED_S)

    def left_s(self, line: int) -> float:
        return self._left_s[line] * self.factor()

    def drawn_mm(self, line: int) -> float:
        """Drawn by all lines before this one."""
        return self._drawn_mm[line]


def clock(seconds: float) -> str:
    """`0:41`, `12:05`, `5:12:40`."""
    whole = max(0, math.ceil(seconds))
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"

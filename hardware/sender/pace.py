"""How long it takes: the planner's seconds for each line, and what the pace so far makes of them."""

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from hardware.sender.job import Job, Line, Point

if TYPE_CHECKING:
    from hardware.machine import Machine

TRUSTED_S = 60.0  # after this much planned work, the pace so far counts as much as the plan


def run_seconds(run: list[Line], start: Point, machine: "Machine") -> list[Line]:
    """A run of motion from rest to rest, its seconds shared out by length."""
    if not run:
        return []
    points: list[Point] = [start, *((line.x_mm, line.y_mm) for line in run)]
    total_mm = sum(line.mm for line in run)
    speed = max(line.feed_mm_min for line in run) / 60 if run[0].is_draw else _travel_mm_s(machine)
    seconds = _planned_s(points, speed or _travel_mm_s(machine), machine)
    return [replace(line, seconds=seconds * line.mm / total_mm) for line in run]


def _travel_mm_s(machine: "Machine") -> float:
    travel = machine.travel_mm_min
    return (min(travel) if isinstance(travel, tuple) else travel) / 60


def _planned_s(points: list[Point], speed_mm_s: float, machine: "Machine") -> float:
    from hardware.estimate import run_s

    accel = machine.accel_mm_s2
    return run_s(points, speed_mm_s, min(accel) if isinstance(accel, tuple) else accel, machine.junction_deviation_mm)


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

    def worked(self, first: int, after: int, seconds: float) -> None:
        """The lines from one index to before another took this long."""
        self._planned_s += self._left_s[first] - self._left_s[after]
        self._took_s += seconds

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

"""The moves that wait to be sent to a board without a planner of its own: how fast each may be, and where the head is.

The model is that of `hardware.planner`, by which a plot is estimated: trapezoids of speed, and corners limited by a
junction deviation. Only a part of the job is known at a time, so the moves are planned again whenever some were added,
so that the machine can stop at the end of the last. A test compares both.
"""

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

Point = tuple[float, float]  # mm
Most = float | tuple[float, float]  # of the path, or of each axis

LEAST_MM = 1e-6  # shorter moves are none


@dataclass(frozen=True)
class MotionLimits:
    """What the machine can do: mm/s^2 along the path or of each axis; mm at corners; mm/s, if the axes limit it."""

    accel_mm_s2: Most
    deviation_mm: float
    speed_mm_s: tuple[float, float] | None = None


@dataclass(slots=True)
class Leg:
    """A straight move. Speeds are squared: of the corner before it, as allowed, and at its beginning, as planned."""

    start: Point
    end: Point
    unit: Point
    mm: float
    fastest: float  # mm/s
    accel: float  # mm/s^2
    corner2: float = 0.0
    enter2: float = 0.0


@dataclass(slots=True)
class Piece:
    """A part of a leg at steady acceleration: where it ends, how long it takes, and whether it ends the leg."""

    end: Point
    seconds: float
    ends_leg: bool


@dataclass(slots=True)
class _Running:
    """The leg on the way: what is done of it, and the speed there."""

    leg: Leg
    done_mm: float
    speed: float
    leave2: float


class MotionPlan:
    """The legs of one run, from rest to rest. `take` returns what is sent next; `hold` slows down to a stop."""

    def __init__(self, limits: MotionLimits) -> None:
        self.limits = limits
        self.legs: deque[Leg] = deque()
        self.waiting_mm = 0.0
        self._running: _Running | None = None
        self._parts: deque[tuple[float, float, float]] = deque()  # seconds, mm of the leg by then, mm/s by then
        self._last: Leg | None = None  # the leg added last, unless the machine rests after it
        self._speed = 0.0  # at which the next leg is entered, mm/s
        self._holds = False
        self._is_stale = False  # legs were added since the speeds were planned

    @property
    def is_empty(self) -> bool:
        return not self.legs and self._running is None

    @property
    def speed(self) -> float:
        """The speed at which the next piece begins, mm/s."""
        return self._running.speed if self._running else self._speed

    def add(self, start: Point, end: Point, mm_s: float) -> bool:
        """Append a move from where the last one ended; return False if it has no length."""
        mm = math.dist(start, end)
        if mm < LEAST_MM:
            return False
        unit = ((end[0] - start[0]) / mm, (end[1] - start[1]) / mm)
        fastest, limits = mm_s, self.limits
        if limits.speed_mm_s is not None:
            fastest = min(fastest, _along(limits.speed_mm_s, unit))
        leg = Leg(start, end, unit, mm, fastest, _along(limits.accel_mm_s2, unit))
        if self._last is not None:
            leg.corner2 = min(self._corner2(self._last.unit, unit), fastest**2, self._last.fastest**2)
        self.legs.append(leg)
        self._is_stale = True
        self.waiting_mm += mm
        self._last = leg
        return True

    def take(self, slice_s: float) -> Piece | None:
        """Return the next piece, no longer than that, or twice that at a steady speed; None if no move waits."""
        if self._running is None and not self._begin():
            return None
        running = self._running
        assert running is not None
        if self._is_stale and not self._holds:
            self._parts.clear()
            running.leave2 = self._leave2(running)
        self._is_stale = False
        if not self._parts:
            self._cut(slice_s)
        seconds, running.done_mm, running.speed = self._parts.popleft()
        leg = running.leg
        if self._parts:
            return Piece(_at(leg, running.done_mm), seconds, False)
        if leg.mm - running.done_mm > 1e-9:  # it was held within the leg, so the rest of the run is given up
            self.clear()
            return Piece(_at(leg, running.done_mm), seconds, False)
        self._running, self._speed = None, running.speed
        if not self.legs or (self._holds and self._speed <= 0):
            self.clear()
        return Piece(leg.end, seconds, True)

    def hold(self) -> bool:
        """Slow down as fast as allowed, along the path, and give up the rest; return False if it already rests.

        `take` yields the way to the stop.
        """
        if self.speed <= 0:
            self.clear()
            return False
        self._holds = True
        self._parts.clear()
        return True

    def come_to_rest(self) -> None:
        """Begin the next piece from rest: the machine has stopped where the last piece ended."""
        self._speed, running = 0.0, self._running
        self._parts.clear()
        if running is not None:
            running.speed = 0.0
            left = running.leg.mm - running.done_mm
            running.leave2 = min(running.leave2, 2 * running.leg.accel * left)

    def clear(self) -> None:
        """Forget everything that waits."""
        self.legs.clear()
        self._parts.clear()
        self.waiting_mm, self._running, self._last = 0.0, None, None
        self._speed, self._holds = 0.0, False

    # --- speeds ---

    def _begin(self) -> bool:
        """Take the first leg, and plan the speeds of all that wait."""
        if not self.legs:
            return False
        leg = self.legs.popleft()
        self.waiting_mm -= leg.mm
        self._running = _Running(leg, 0.0, self._speed, 0.0)
        self._running.leave2 = self._leave2(self._running)
        return True

    def _leave2(self, running: _Running) -> float:
        """Return the squared speed at which the leg on the way is left; plan that of all that wait."""
        leave2 = 0.0
        for leg in reversed(self.legs):
            leave2 = leg.enter2 = min(leg.corner2, leave2 + 2 * leg.accel * leg.mm)
        left = running.leg.mm - running.done_mm
        return min(leave2, running.speed**2 + 2 * running.leg.accel * left)

    def _cut(self, slice_s: float) -> None:
        """Cut the rest of the leg on the way into parts: gaining speed, steady, losing speed; or to a stop."""
        running = self._running
        assert running is not None
        if self._holds:
            self._parts.append(_stopping(running))
            return
        leg, enter, leave = running.leg, running.speed, math.sqrt(running.leave2)
        left = leg.mm - running.done_mm
        peak = math.sqrt(leg.accel * left + (enter**2 + leave**2) / 2)
        top = max(min(peak, leg.fastest), enter, leave)
        up_s, down_s = (top - enter) / leg.accel, (top - leave) / leg.accel
        up_mm, down_mm = (enter + top) / 2 * up_s, (leave + top) / 2 * down_s
        steady_s = max(left - up_mm - down_mm, 0.0) / top
        done = running.done_mm
        self._parts.extend(_ramp(done, enter, leg.accel, up_s, slice_s))
        self._parts.extend(_ramp(done + up_mm, top, 0.0, steady_s, 2 * slice_s))
        self._parts.extend(_ramp(done + up_mm + top * steady_s, top, -leg.accel, down_s, slice_s))
        seconds = self._parts.pop()[0] if self._parts else left / top
        self._parts.append((seconds, leg.mm, leave))

    def _corner2(self, before: Point, after: Point) -> float:
        """Return the squared speed at a corner (Jeon 2011; see `hardware.planner`)."""
        sine_half = math.sqrt(max(0.5 * (1 + before[0] * after[0] + before[1] * after[1]), 0.0))
        if sine_half > 1 - 1e-9:
            return math.inf
        across = (after[0] - before[0], after[1] - before[1])
        size = math.hypot(*across)
        unit = (across[0] / size, across[1] / size) if size else (1.0, 1.0)
        return _along(self.limits.accel_mm_s2, unit) * self.limits.deviation_mm * sine_half / (1 - sine_half)


def _along(most: Most, unit: Point) -> float:
    """Return the limit along a direction: that of the path, or of the axis that reaches its own first."""
    if not isinstance(most, tuple):
        return most / math.hypot(*unit)
    return min(limit / abs(share) for limit, share in zip(most, unit, strict=True) if share)


def _at(leg: Leg, mm: float) -> Point:
    return leg.start[0] + leg.unit[0] * mm, leg.start[1] + leg.unit[1] * mm


def _stopping(running: _Running) -> tuple[float, float, float]:
    """Return the part in which a leg on the way is slowed down, up to a stop or to its end."""
    leg, speed = running.leg, running.speed
    left = leg.mm - running.done_mm
    after = math.sqrt(max(speed**2 - 2 * leg.accel * left, 0.0))
    way = min(left, speed**2 / (2 * leg.accel))
    return (speed - after) / leg.accel, running.done_mm + way, after


def _ramp(
    begin_mm: float, speed: float, accel: float, seconds: float, slice_s: float
) -> Iterator[tuple[float, float, float]]:
    """Yield the parts, equally long, of a time at steady acceleration: seconds, mm and mm/s at the end of each."""
    if seconds <= 1e-9:
        return
    count = max(1, math.ceil(seconds / slice_s - 1e-9))
    for number in range(1, count + 1):
        t = seconds * number / count
        yield seconds / count, begin_mm + speed * t + accel * t * t / 2, speed + accel * t

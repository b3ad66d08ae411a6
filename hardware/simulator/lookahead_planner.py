"""The look-ahead planner: blocks of motion, the speeds between them, and the position of the head at a given time.

The letters are those of GRBL: v is the speed at the start of a block, L its length, a its acceleration. Blocks are
planned backwards from a stop at the end (v1^2 + 2 a L) and forwards from the current speed, and corners are limited by
the junction deviation. The current block is planned again from its present position and speed.
"""

import math
from collections import deque
from dataclasses import dataclass

Vector = tuple[float, float, float]
STRAIGHT, REVERSAL = -0.999999, 0.999999


def limit_along(limits: Vector, unit: Vector) -> float:
    """Return the limit along a direction, where each axis has its own limit."""
    return min(limit / abs(share) for limit, share in zip(limits, unit, strict=True) if share)


@dataclass(slots=True)
class MotionBlock:
    """A straight motion in machine coordinates: mm, mm/s, mm/s^2."""

    start: Vector
    end: Vector
    unit: Vector
    length: float
    programmed: float  # requested speed
    rapid: float  # highest speed that its axes allow
    accel: float
    is_rapid: bool
    power: float = 0.0  # S in force, which laser mode outputs during this motion
    junction2: float = 0.0  # square of the speed that the corner before it allows
    limit2: float = 0.0  # the same, limited by the speeds of both blocks
    entry2: float = 0.0

    def nominal(self, feed: float, rapid: float) -> float:
        """Return the speed under overrides, given as fractions."""
        return self.rapid * rapid if self.is_rapid else min(self.programmed * feed, self.rapid)


@dataclass(slots=True)
class Profile:
    """Speed over time on the rest of a block: up to a peak, along it, down to the exit. Durations in seconds."""

    begun: float
    done: float  # mm of the block already done
    v0: float
    peak: float
    accel: float
    up_s: float
    along_s: float
    down_s: float

    @property
    def ends(self) -> float:
        return self.begun + self.up_s + self.along_s + self.down_s

    def at(self, now: float) -> tuple[float, float]:
        """Return the position along the block (mm) and the speed (mm/s)."""
        t = min(max(now, self.begun), self.ends) - self.begun
        a = self.accel
        up = min(t, self.up_s)
        mm = self.done + self.v0 * up + a * up * up / 2
        speed = self.v0 + a * up
        along = min(max(t - self.up_s, 0.0), self.along_s)
        mm += self.peak * along
        down = max(t - self.up_s - self.along_s, 0.0)
        if down > 0:
            mm += self.peak * down - a * down * down / 2
            speed = self.peak - a * down
        return mm, max(speed, 0.0)


class Planner:
    """A queue of at most `room` blocks; the first is executing once `profile` is set."""

    def __init__(self, room: int, deviation_mm: float, accel: Vector) -> None:
        self.room = room
        self.deviation_mm = deviation_mm
        self.accel = accel  # of each axis
        self.blocks: deque[MotionBlock] = deque()
        self.profile: Profile | None = None
        self.feed, self.rapid = 1.0, 1.0  # overrides
        self.holding = False

    @property
    def is_full(self) -> bool:
        return len(self.blocks) >= self.room

    def add(self, block: MotionBlock, now: float) -> None:
        """Append a block and plan the blocks that it affects again."""
        before = self.blocks[-1] if self.blocks else None
        block.junction2 = self._corner2(before, block) if before else 0.0
        self._limit(before, block)
        self.blocks.append(block)
        if before:
            self._plan(now)

    def start(self, now: float) -> None:
        """Start the first block from rest."""
        if self.blocks and self.profile is None:
            self.holding = False
            self.profile = self._profile(now, 0.0, 0.0)

    def where(self, now: float) -> tuple[Vector, float] | None:
        """Return position (mm) and speed (mm/s); None if nothing is planned."""
        if not self.blocks:
            return None
        mm, speed = self.profile.at(now) if self.profile else (0.0, 0.0)
        block = self.blocks[0]
        share = min(mm / block.length, 1.0)
        x, y, z = (s + (e - s) * share for s, e in zip(block.start, block.end, strict=True))
        return (x, y, z), speed

    def finish(self) -> MotionBlock:
        """Remove and return the first block, which is done; the next starts at its exit speed."""
        assert self.profile is not None
        speed = self.profile.at(self.profile.ends)[1]
        ended, done = self.profile.ends, self.blocks.popleft()
        self.profile = self._profile(ended, 0.0, speed) if self.blocks else None
        return done

    def hold(self, now: float) -> None:
        """Slow down to a stop at the block's acceleration, through further blocks if necessary."""
        self.holding = True
        if self.profile:
            self.profile = self._profile(now, *self.profile.at(now))

    @property
    def ends_in_a_stop(self) -> bool:
        """Whether a hold stops at the end of the profile, within this block."""
        return self.holding and self.profile is not None and self.profile.at(self.profile.ends)[1] < 1e-6

    def cut(self, now: float) -> None:
        """Complete a hold: keep the rest of the first block, at rest."""
        found = self.where(now)
        self.profile, self.holding = None, False
        if found is None:
            return
        block, left = self.blocks[0], math.dist(found[0], self.blocks[0].end)
        if left < 1e-6:
            self.blocks.popleft()
            return
        block.start, block.length, block.entry2 = found[0], left, 0.0
        self._plan(now)

    def clear(self) -> None:
        self.blocks.clear()
        self.profile, self.holding = None, False

    def override(self, feed: float, rapid: float, now: float) -> None:
        """Change the overrides and plan all speeds again."""
        self.feed, self.rapid = feed, rapid
        before = None
        for block in self.blocks:
            self._limit(before, block)
            before = block
        self._plan(now)

    def _limit(self, before: MotionBlock | None, block: MotionBlock) -> None:
        nominal = block.nominal(self.feed, self.rapid)
        if before:
            nominal = min(nominal, before.nominal(self.feed, self.rapid))
        block.limit2 = min(block.junction2, nominal * nominal)

    def _plan(self, now: float) -> None:
        blocks = list(self.blocks)
        mm, speed = self.profile.at(now) if self.profile else (0.0, 0.0)
        exit2 = 0.0
        for block in reversed(blocks[1:]):
            block.entry2 = exit2 = min(block.limit2, exit2 + 2 * block.accel * block.length)
        reach2 = speed * speed + 2 * blocks[0].accel * (blocks[0].length - mm) if blocks else 0.0
        for block in blocks[1:]:
            block.entry2 = min(block.entry2, reach2)
            reach2 = block.entry2 + 2 * block.accel * block.length
        if self.profile:
            self.profile = self._profile(now, mm, speed)

    def _profile(self, now: float, mm: float, v: float) -> Profile:
        block = self.blocks[0]
        a, left = block.accel, max(block.length - mm, 0.0)
        if self.holding:
            exit2 = max(v * v - 2 * a * left, 0.0)
            return Profile(now, mm, v, v, a, 0.0, 0.0, (v - math.sqrt(exit2)) / a)
        exit2 = min(self.blocks[1].entry2, v * v + 2 * a * left) if len(self.blocks) > 1 else 0.0
        top = block.nominal(self.feed, self.rapid)
        top = max(top, v)
        peak = min(top, math.sqrt(max(a * left + (v * v + exit2) / 2, 0.0)))
        out = math.sqrt(exit2)
        if peak < v or peak < out:  # too short to slow down as planned: it slows down as far as possible
            peak = max(v, out)
        ramps = (2 * peak * peak - v * v - exit2) / (2 * a)
        along = max(left - ramps, 0.0) / peak if peak > 0 else 0.0
        return Profile(now, mm, v, peak, a, (peak - v) / a, along, (peak - out) / a)

    def _corner2(self, before: MotionBlock, block: MotionBlock) -> float:
        """Return the squared speed at a corner by GRBL's junction deviation and the acceleration across it."""
        cosine = -sum(p * q for p, q in zip(before.unit, block.unit, strict=True))
        if cosine > REVERSAL:
            return 0.0
        if cosine < STRAIGHT:
            return math.inf
        sine = math.sqrt(0.5 * (1 - cosine))
        across = [p - q for p, q in zip(block.unit, before.unit, strict=True)]
        size = math.hypot(*across)
        accel = limit_along(self.accel, (across[0] / size, across[1] / size, across[2] / size))
        return accel * self.deviation_mm * sine / (1 - sine)

"""Estimates seconds and millimetres from steps and a machine, step by step and pen by pen."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from hardware.arcs import arc_points
from hardware.dialect import dialect_of
from hardware.drawing import Pen
from hardware.machine import Machine
from hardware.pen_lift import RelayLift, ServoLift, ZLift
from hardware.planner import limits_of, plan_s, travel_mm_s
from hardware.program import ArcTo, ChangePen, Dot, DrawTo, End, Lift, Lower, Park, Refill, Step, Travel

# How long a sender waits until it knows that a machine is at rest: a dwell of 0.05 s, then two reports within 0.4 s
AT_REST_S = 0.4
Point = tuple[float, float]  # mm


@dataclass(frozen=True)
class PenEstimate:
    """What one pass takes, without the time for changing the pen."""

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
    """What a program takes: `seconds` of the machine, `pen_change_s` of a person, who also refills pens."""

    pens: tuple[PenEstimate, ...]
    seconds: float
    drawn_mm: float
    travel_mm: float
    lifts: int
    pen_changes: int
    pen_change_s: float
    refills: int = 0

    @property
    def total_s(self) -> float:
        """Seconds until the drawing is done, pen changes included."""
        return self.seconds + self.pen_change_s


def estimate(steps: tuple[Step, ...], machine: Machine) -> Estimate:
    """Return time and distance of each pass and in total, from where the machine stands until it is parked.

    The way to the first pen counts towards that pen, the way to another pen change towards the pen before it.
    """
    pens = [_pen(change, part) for change, part in _parts(steps, timed(steps, machine))]
    changes = sum(step.insert for step in steps if isinstance(step, ChangePen))
    refills = sum(isinstance(step, Refill) for step in steps)
    return Estimate(
        pens=tuple(pens),
        seconds=sum(p.seconds for p in pens),
        drawn_mm=sum(p.drawn_mm for p in pens),
        travel_mm=sum(p.travel_mm for p in pens),
        lifts=sum(p.lifts for p in pens),
        pen_changes=changes,
        pen_change_s=(changes + refills) * machine.pen_change_s,
        refills=refills,
    )


@dataclass(frozen=True, slots=True)
class TimedStep:
    """A step, the machine's time for it in seconds, and its way in mm."""

    step: Step
    seconds: float
    way_mm: float


def stop_s(machine: Machine) -> float:
    """Return the seconds in which a sender stops for a person or at the end, apart from the way to the parking place.

    It waits until the machine is at rest, raises the pen to be sure, parks, and waits again.
    """
    return 2 * AT_REST_S + waited_s(machine, machine.pen_lift.settle_s)


def timed(steps: tuple[Step, ...], machine: Machine) -> list[TimedStep]:
    """Return each step with its time, from `Machine.start_mm` on. A pen change takes only the time to come to rest."""
    track, lift = _Track([0.0] * len(steps), partial(waited_s, machine)), _PenMove(machine)
    at = machine.start_mm
    speed_mm_s, fast_mm_s = machine.feed_mm_min / 60, travel_mm_s(machine)
    settle_s = machine.pen_lift.settle_s
    if steps:
        lift.begin(track, settle_s)
    for index, step in enumerate(steps):
        match step:
            case Travel(x, y) | Park(x, y) | DrawTo(x, y) | ArcTo(x, y):
                for point in _round(at, step) if isinstance(step, ArcTo) else [(x, y)]:
                    way = (point[0] - at[0], point[1] - at[1], 0.0)
                    track.go(index, way, speed_mm_s if isinstance(step, DrawTo | ArcTo) else fast_mm_s)
                    at = point
            case Lower():
                lift.down(track, index, settle_s)
            case Lift():
                lift.up(track, index, settle_s)
            case Dot(dwell_s):
                lift.down(track, index, settle_s + dwell_s)
                lift.up(track, index, settle_s)
            case ChangePen():
                speed_mm_s = step.feed_mm_min / 60
                lift = _PenMove(machine, step)
                track.rest(index, stop_s(machine) if step.insert else 0.0)
            case Refill() | End():
                track.rest(index, stop_s(machine))
    seconds, way_mm = track.planned(machine)
    return [TimedStep(*of) for of in zip(steps, seconds, way_mm, strict=True)]


@dataclass
class _Track:
    """The moves so far, which the controller plans as one run from stop to stop, and its waits."""

    still_s: list[float]  # waiting time of each step
    dwell: Callable[[float], float]
    ways: list[tuple[float, float, float]] = field(default_factory=list)
    speeds: list[float] = field(default_factory=list)
    from_rest: list[bool] = field(default_factory=list)
    owner: list[int] = field(default_factory=list)
    rests: bool = True

    def go(self, index: int, way: tuple[float, float, float], speed_mm_s: float) -> None:
        self.ways.append(way)
        self.speeds.append(speed_mm_s)
        self.from_rest.append(self.rests)
        self.owner.append(index)
        self.rests = False

    def wait(self, index: int, seconds: float) -> None:
        """Add a wait, before which the controller stops; zero seconds add none."""
        if seconds > 0:
            self.still_s[index] += self.dwell(seconds)
            self.stop()

    def rest(self, index: int, seconds: float) -> None:
        """Add time at rest that is not a dwell of the controller."""
        self.still_s[index] += seconds
        self.stop()

    def stop(self) -> None:
        self.rests = True

    def planned(self, machine: Machine) -> tuple[list[float], list[float]]:
        """Return seconds and millimetres of each step."""
        moves, of_step = np.array(self.ways, dtype=np.float64).reshape(-1, 3), np.array(self.owner, dtype=np.int64)
        seconds = plan_s(moves, np.array(self.speeds), np.array(self.from_rest, dtype=np.bool_), limits_of(machine))
        count = len(self.still_s)
        moving_s = np.bincount(of_step, seconds, count) + np.array(self.still_s)
        return moving_s.tolist(), np.bincount(of_step, np.hypot(moves[:, 0], moves[:, 1]), count).tolist()


@dataclass
class _PenMove:
    """Lowers and lifts a pen: a Z axis moves without a stop before it, any other lift once the machine has stopped."""

    machine: Machine
    change: ChangePen | None = None

    def begin(self, track: _Track, settle_s: float) -> None:
        """Raise the pen twice before the first step: the sender does, and then the program. A Z axis begins at 0."""
        if isinstance(self.machine.pen_lift, ZLift):
            track.go(0, (0.0, 0.0, self.machine.pen_lift.up_mm), self.machine.pen_lift.feed_mm_min / 60)
        track.wait(0, settle_s)
        track.wait(0, settle_s)

    def down(self, track: _Track, index: int, wait_s: float) -> None:
        self._moved(track, index, wait_s, -1)

    def up(self, track: _Track, index: int, wait_s: float) -> None:
        self._moved(track, index, wait_s, 1)

    def _moved(self, track: _Track, index: int, wait_s: float, way: int) -> None:
        match self.machine.pen_lift:
            case ZLift() as z:
                up, down = self._heights(z)
                track.go(index, (0.0, 0.0, way * (up - down)), z.feed_mm_min / 60)
            case ServoLift() as servo:
                track.still_s[index] += servo.ramp_s if way < 0 else 0.0
                track.stop()
            case RelayLift():
                track.stop()
        track.wait(index, wait_s)

    def _heights(self, z: ZLift) -> tuple[float, float]:
        up, down = (None, None) if self.change is None else (self.change.up, self.change.down)
        return z.up_mm if up is None else up, z.down_mm if down is None else down


def _round(at: Point, step: ArcTo) -> list[Point]:
    """Return points along an arc, as close to it as a controller's chords (GRBL's $12 is 0.002 mm)."""
    end, centre = (step.x_mm, step.y_mm), (step.centre_x_mm, step.centre_y_mm)
    return [(x, y) for x, y in arc_points(at, end, centre, step.clockwise, 0.002)[1:].tolist()]


def waited_s(machine: Machine, seconds: float) -> float:
    """Return how long the controller of this machine waits if it is asked to wait for so many seconds."""
    step_s = dialect_of(machine.dialect).dwell_step_s
    return seconds if step_s == 0 else math.ceil(seconds / step_s - 1e-6) * step_s


def _parts(steps: tuple[Step, ...], times: list[TimedStep]) -> list[tuple[ChangePen, list[TimedStep]]]:
    """Split the steps into passes. What precedes the first pass belongs to it."""
    starts = [at for at, step in enumerate(steps) if isinstance(step, ChangePen)]
    return [
        (step, times[(0 if at == starts[0] else at) : end])
        for at, end in zip(starts, [*starts[1:], len(steps)], strict=False)
        if isinstance(step := steps[at], ChangePen)
    ]


def _pen(change: ChangePen, part: list[TimedStep]) -> PenEstimate:
    return PenEstimate(
        change.number,
        change.pen,
        change.layer,
        change.strokes,
        drawn_mm=sum(t.way_mm for t in part if isinstance(t.step, DrawTo | ArcTo)),
        travel_mm=sum(t.way_mm for t in part if isinstance(t.step, Travel | Park)),
        lifts=sum(isinstance(t.step, Lift | Dot) for t in part),
        seconds=sum(t.seconds for t in part),
    )

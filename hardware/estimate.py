"""Steps and a machine to seconds and millimetres, step by step and pen by pen."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hardware.arcs import swept
from hardware.dialect import dialect_of
from hardware.drawing import Pen
from hardware.machine import Machine, RelayLift, ServoLift, ZLift
from hardware.planner import Point, limits_of, plan_s, straight_s
from hardware.program import ArcTo, ChangePen, Dot, DrawTo, Lift, Lower, Park, Refill, Step, Travel


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
    """What a whole program takes: `seconds` of the machine, `pen_change_s` of a person, who refills pens too."""

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
    """Time and distance of each pen pass and of the whole. The way to the first pen counts as that pen's."""
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
class Timed:
    """A step, how long the machine takes for it, and the way that it goes."""

    step: Step
    seconds: float
    way_mm: float


def timed(steps: tuple[Step, ...], machine: Machine) -> list[Timed]:
    """Each step with its time; a pen change takes none of the machine's."""
    ways: list[Point] = []
    speeds: list[float] = []
    from_rest: list[bool] = []
    owner: list[int] = []
    still_s = [0.0] * len(steps)
    dwell = _dwells(machine)
    at: Point | None = None  # it is where the program begins that the machine is thought to stand
    rest = True
    speed_mm_s = machine.feed_mm_min / 60
    travel_mm_s = max(machine.travel_xy_mm_min or (machine.travel_feed_mm_min,)) / 60
    pen_s = _pen_move_s(machine, None)
    for index, step in enumerate(steps):
        match step:
            case Travel(x, y) | Park(x, y) | DrawTo(x, y) | ArcTo(x, y):
                points = [(x, y)] if not isinstance(step, ArcTo) or at is None else _round(at, step)
                drawn = isinstance(step, DrawTo | ArcTo)
                for point in points:
                    ways.append((0.0, 0.0) if at is None else (point[0] - at[0], point[1] - at[1]))
                    speeds.append(speed_mm_s if drawn else travel_mm_s)
                    from_rest.append(rest or not drawn)
                    owner.append(index)
                    at, rest = point, False
                continue
            case Lower():
                still_s[index] = pen_s[0] + dwell(machine.pen_lift.settle_s)
            case Lift():
                still_s[index] = pen_s[1] + dwell(machine.pen_lift.settle_s)
            case Dot(dwell_s):
                settle_s = machine.pen_lift.settle_s
                still_s[index] = pen_s[0] + dwell(settle_s + dwell_s) + pen_s[1] + dwell(settle_s)
            case ChangePen():
                speed_mm_s = step.feed_mm_min / 60
                pen_s = _pen_move_s(machine, step)
        rest = True
    moves = np.array(ways, dtype=np.float64).reshape(-1, 2)
    seconds = plan_s(moves, np.array(speeds), np.array(from_rest, dtype=np.bool_), limits_of(machine))
    lengths = np.hypot(moves[:, 0], moves[:, 1])
    of_step = np.array(owner, dtype=np.int64)
    moving_s = np.bincount(of_step, seconds, len(steps)) + np.array(still_s)
    way_mm = np.bincount(of_step, lengths, len(steps))
    return [Timed(*of) for of in zip(steps, moving_s.tolist(), way_mm.tolist(), strict=True)]


def _round(at: Point, step: ArcTo) -> list[Point]:
    """Points along an arc, as near to it as controllers come (GRBL's $12 is 0.002 mm)."""
    end, centre = (step.x_mm, step.y_mm), (step.centre_x_mm, step.centre_y_mm)
    return [(x, y) for x, y in swept(at, end, centre, step.clockwise, 0.002)[1:].tolist()]


def _dwells(machine: Machine) -> Callable[[float], float]:
    step_s = dialect_of(machine.dialect).dwell_step_s
    return lambda seconds: seconds if step_s == 0 else math.ceil(seconds / step_s - 1e-6) * step_s


def _pen_move_s(machine: Machine, change: ChangePen | None) -> tuple[float, float]:
    """Seconds to lower the pen, and to lift it, without the settling."""
    match machine.pen_lift:
        case ZLift() as z:
            up = z.up_mm if change is None or change.up is None else change.up
            down = z.down_mm if change is None or change.down is None else change.down
            slowest = machine.accel_mm_s2 if isinstance(machine.accel_mm_s2, float | int) else min(machine.accel_mm_s2)
            one_way_s = straight_s(up - down, z.feed_mm_min / 60, z.accel_mm_s2 or slowest)
            return one_way_s, one_way_s
        case ServoLift() as servo:
            return servo.ramp_s, 0.0
        case RelayLift():
            return 0.0, 0.0


def _parts(steps: tuple[Step, ...], times: list[Timed]) -> list[tuple[ChangePen, list[Timed]]]:
    """The steps of each pass; what comes before the first is the first's, and the way to its pen change the next's."""
    starts = [at for at, step in enumerate(steps) if isinstance(step, ChangePen)]
    return [
        (step, times[(0 if at == starts[0] else at) : end])
        for at, end in zip(starts, [*starts[1:], len(steps)], strict=False)
        if isinstance(step := steps[at], ChangePen)
    ]


def _pen(change: ChangePen, part: list[Timed]) -> PenEstimate:
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

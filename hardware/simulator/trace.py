"""What a simulated machine did, in mm on the bed: motions and changes of the pen."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hardware.machine import Machine

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Move:
    """A straight motion that was executed, completely or in part."""

    begun: float
    ended: float
    start: tuple[float, float, float]
    end: tuple[float, float, float]
    spindle: float


@dataclass(frozen=True, slots=True)
class Spindle:
    """A change of the spindle output, which moves a servo."""

    at: float
    value: float  # S
    place: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Dwell:
    """A commanded time without motion."""

    begun: float
    ended: float
    place: tuple[float, float, float]
    spindle: float


Trace = list[Move | Spindle | Dwell]


def is_down(machine: "Machine", z_mm: float, spindle: float) -> bool:
    """Whether the pen touches the paper: it is closer to its down value than to its up value.

    `spindle` is S for a servo; for a relay it is whether the coolant pin is on. An unpowered servo keeps its position.
    """
    lift = machine.pen_lift
    if lift.kind == "z":
        return abs(z_mm - lift.down_mm) < abs(z_mm - lift.up_mm)
    if lift.kind == "relay":
        return (spindle > 0) == (lift.drops_when == "powered")
    up, down = lift.up, lift.down
    return abs(spindle - down) < abs(spindle - up)


def strokes(trace: Trace, machine: "Machine") -> list[list[Point]]:
    """Return each stroke drawn between a lowering and a lifting, as points on the bed in mm; a dot has one point."""
    drawn: list[list[Point]] = []
    current: list[Point] | None = None
    for event in trace:
        down, points = _touches(event, machine)
        if not down:
            current = None
            continue
        if current is None:
            current = [points[0]]
            drawn.append(current)
        current += [p for p in points if p != current[-1]]
    return drawn


def _touches(event: Move | Spindle | Dwell, machine: "Machine") -> tuple[bool, list[Point]]:
    match event:
        case Move():
            began, ended = (is_down(machine, place[2], event.spindle) for place in (event.start, event.end))
            down = began and ended
            if ended and not began:  # it comes down here
                return True, [event.end[:2]]
            return down, [event.start[:2], event.end[:2]]
        case Spindle():
            return is_down(machine, event.place[2], event.value), [event.place[:2]]
        case Dwell():
            return is_down(machine, event.place[2], event.spindle), [event.place[:2]]

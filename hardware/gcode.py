"""Writes steps as lines of G-code in a dialect. Millimetres are rounded here and nowhere else."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from hardware.dialect import DIALECTS, Dialect, dialect_of
from hardware.drawing import Drawing, file_stem
from hardware.machine import Machine
from hardware.pen_lift import RelayLift, ServoLift, ZLift
from hardware.plurals import counted
from hardware.program import (
    ArcTo,
    ChangePen,
    Dot,
    DrawTo,
    End,
    Lift,
    Lower,
    Park,
    Refill,
    Step,
    Travel,
    heights,
    program,
)

__all__ = ["DIALECTS", "Dialect", "StepLines", "files", "gcode", "lines_by_step", "per_tool", "prompt"]


@dataclass(frozen=True, slots=True)
class StepLines:
    """The lines of one step. The first entry of a program has no step: it holds the header and pen up."""

    step: Step | None
    lines: tuple[str, ...]


def gcode(steps: tuple[Step, ...], machine: Machine) -> str:
    """Return a complete program: header, pen up, all steps, end. It pauses at each pen change."""
    return _text(lines_by_step(steps, machine))


def lines_by_step(steps: tuple[Step, ...], machine: Machine, pauses: bool = True) -> Iterator[StepLines]:
    """Yield the lines of each step. Without `pauses` no line stops the controller: the sender stops at a `prompt`.

    A GRBL controller held by M0 executes nothing that is sent, so a sender must not send M0.
    """
    return _Writer(machine, pauses).lines_by_step(steps)


def prompt(step: Step) -> str | None:
    """Return what the person at the machine has to do at this step; None if nothing. The pen is up and parked."""
    match step:
        case ChangePen(insert=True):
            return f"insert pen {step.number}: {step.pen.label}"
        case Refill():
            return f"refill pen {step.number}: {step.pen.label}, it has drawn {step.drawn_mm / 1000:.1f} m"
    return None


def per_tool(steps: tuple[Step, ...]) -> tuple[tuple[ChangePen, tuple[Step, ...]], ...]:
    """Split the steps into one complete program per pass, parked at its start and its end."""
    changes = [(at, step) for at, step in enumerate(steps) if isinstance(step, ChangePen)]
    stops = [*(at for at, _ in changes[1:]), len(steps) - 2]
    parts = []
    for (at, change), stop in zip(changes, stops, strict=False):
        own = steps[at : stop - 1] if isinstance(steps[stop - 1], Park) else steps[at:stop]
        parts.append((change, (steps[0], *own, *steps[-2:])))
    return tuple(parts)


def files(drawing: Drawing, machine: Machine) -> dict[str, str]:
    """Return all G-code of a drawing by file name: `drawing.gcode`, which pauses for each pen, and one file per pass
    such as `01-black.gcode`.

    Raises ProgramError where the machine cannot draw it.
    """
    steps = program(drawing, machine)
    texts = {"drawing.gcode": gcode(steps, machine)}
    for change, part in per_tool(steps):
        texts[f"{file_stem(change.number, change.pen)}.gcode"] = _text(
            _Writer(machine, True, alone=True).lines_by_step(part)
        )
    return texts


def _text(parts: Iterator[StepLines]) -> str:
    return "".join(f"{line}\n" for step in parts for line in step.lines)


_Paced = tuple[str, float | None]  # a line and its feed, mm/min; None where the line has no feed


class _Writer:
    """Writes steps, and keeps track of the controller: its rounded position and the feed in force."""

    def __init__(self, machine: Machine, pauses: bool, alone: bool = False) -> None:
        self.machine, self.dialect, self.pauses = machine, dialect_of(machine.dialect), pauses
        self.alone = alone  # a program for one pen, which is in the holder when it begins
        self.at: tuple[float, float] | None = None
        self.speed = ""
        self.feed_mm_min = machine.feed_mm_min
        self.up, self.down = heights(None, machine)
        self.travel_feed = machine.travel_feed_mm_min if self.dialect.travel_has_feed else None

    def lines_by_step(self, steps: tuple[Step, ...]) -> Iterator[StepLines]:
        header = (line.format(tolerance=_number(self.machine.tolerance_mm)) for line in self.dialect.header)
        yield StepLines(None, (*header, *self._paced(self._lift())))
        for step in steps:
            yield StepLines(step, tuple(self._paced(self._lines(step))))

    def _paced(self, lines: Iterator[_Paced]) -> Iterator[str]:
        """Yield the lines, with the feed appended to those where it changes."""
        for text, feed_mm_min in lines:
            feed = "" if feed_mm_min is None else _number(feed_mm_min)
            if feed in ("", self.speed):
                yield text
            else:
                self.speed = feed
                yield text + self.dialect.feed.format(feed=feed)

    def _lines(self, step: Step) -> Iterator[_Paced]:
        match step:
            case ChangePen() | Refill():
                yield from self._change(step)
            case Travel(x, y) | Park(x, y):
                yield from self._moved(self.dialect.travel, x, y, self.travel_feed)
            case DrawTo(x, y):
                yield from self._moved(self.dialect.draw, x, y, self.feed_mm_min)
            case ArcTo():
                yield from self._arc(step)
            case Lower():
                yield from self._lower(0)
            case Dot(dwell_s):
                yield from self._lower(dwell_s)
                yield from self._lift()
            case Lift():
                yield from self._lift()
            case End():
                yield from ((line, None) for line in self.dialect.end)

    def _moved(self, template: str, x_mm: float, y_mm: float, feed_mm_min: float | None) -> Iterator[_Paced]:
        here = (round(x_mm, 3), round(y_mm, 3))
        if here != self.at:
            self.at = here
            yield template.format(x=_number(x_mm), y=_number(y_mm)), feed_mm_min

    def _arc(self, arc: ArcTo) -> Iterator[_Paced]:
        """Yield an arc, its centre relative to the current position; none if its ends coincide, as that is a circle."""
        end = (round(arc.x_mm, 3), round(arc.y_mm, 3))
        if self.at is None or end == self.at:
            return
        i, j = arc.centre_x_mm - self.at[0], arc.centre_y_mm - self.at[1]
        template = self.dialect.arc_cw if arc.clockwise else self.dialect.arc_ccw
        self.at = end
        text = template.format(x=_number(arc.x_mm), y=_number(arc.y_mm), i=_number(i), j=_number(j))
        yield text, self.feed_mm_min

    def _lower(self, dwell_s: float) -> Iterator[_Paced]:
        match self.machine.pen_lift:
            case ServoLift() as servo if self.up is not None and self.down is not None:
                yield from self._ramp(servo, self.up, self.down)
            case ZLift() as z if self.down is not None:
                yield from self._moved_z(self.dialect.lower_z, self.down, z.feed_mm_min)
            case RelayLift() as relay:
                yield from self._switch(on=relay.drops_when == "powered")
        yield from self._dwell(self.machine.pen_lift.settle_s + dwell_s)

    def _lift(self) -> Iterator[_Paced]:
        match self.machine.pen_lift:
            case ServoLift() if self.up is not None:
                yield from self._servo(self.up)
            case ZLift() as z if self.up is not None:
                yield from self._moved_z(self.dialect.raise_z, self.up, z.feed_mm_min)
            case RelayLift() as relay:
                yield from self._switch(on=relay.drops_when == "unpowered")
        yield from self._dwell(self.machine.pen_lift.settle_s)

    def _moved_z(self, lines: tuple[str, ...], z_mm: float, feed_mm_min: float) -> Iterator[_Paced]:
        """Yield the lines that move the Z axis. Only a line with the height is a move, and can have a feed."""
        for line in lines:
            text = line.format(z=_number(z_mm))
            yield text, None if text == line else feed_mm_min

    def _ramp(self, servo: ServoLift, up: float, down: float) -> Iterator[_Paced]:
        count = max(1, round(servo.ramp_s / _RAMP_STEP_S))
        for number in range(1, count + 1):
            yield from self._servo(up + (down - up) * number / count)
            if count > 1:
                yield from self._dwell(servo.ramp_s / count)

    def _servo(self, value: float) -> Iterator[_Paced]:
        yield from ((line.format(value=_number(value)), None) for line in self.dialect.servo)

    def _switch(self, on: bool) -> Iterator[_Paced]:
        yield from ((line, None) for line in (self.dialect.relay_on if on else self.dialect.relay_off))

    def _dwell(self, seconds: float) -> Iterator[_Paced]:
        if seconds >= 0.0005:
            yield self.dialect.dwell.format(seconds=_number(seconds), ms=f"{1000 * seconds:.0f}"), None

    def _change(self, step: ChangePen | Refill) -> Iterator[_Paced]:
        if isinstance(step, ChangePen):
            comment = f"layer {step.layer}, {counted(step.strokes, 'stroke')}, {step.drawn_mm / 1000:.2f} m"
            yield from self._text_line(self.dialect.comment, comment)
        request = prompt(step)
        if request is None and self.alone and isinstance(step, ChangePen):
            request = f"insert pen {step.number}: {step.pen.label}"
        if request is None:
            yield from self._text_line(self.dialect.comment, f"pen {step.number}: {step.pen.label} stays in")
        else:
            yield from self._text_line(self.dialect.message, request)
            if self.pauses and not (self.alone and isinstance(step, ChangePen)):
                for line in self.dialect.pause:
                    yield from self._text_line(line, request)
        if isinstance(step, ChangePen):
            self.feed_mm_min = step.feed_mm_min
            if (step.up, step.down) != (self.up, self.down):
                lifted = step.up != self.up
                self.up, self.down = step.up, step.down
                if lifted:
                    yield from self._lift()

    def _text_line(self, template: str, text: str) -> Iterator[_Paced]:
        """Yield a comment that is safe for the controller: a short line of plain ASCII without forbidden characters."""
        if not template:
            return
        plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
        plain = " ".join(re.sub(f"[{re.escape(self.dialect.forbidden)}\\x00-\\x1f\\x7f]", " ", plain).split())
        room = self.dialect.longest - len(template.format(text=""))
        yield template.format(text=plain[: max(room, 0)].rstrip()), None


_RAMP_STEP_S = 0.05  # GRBL rounds shorter dwells up to this length


def _number(value: float) -> str:
    """Return at most three decimals, without trailing zeros, an exponent or -0."""
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text

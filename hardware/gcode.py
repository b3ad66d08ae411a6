"""Steps to lines of G-code, by dialect. A dialect is data. Here, and nowhere else, millimetres are rounded."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from hardware.drawing import Drawing, file_stem
from hardware.machine import Machine, ServoLift, ZLift
from hardware.program import ChangePen, Dot, DrawTo, End, Lift, Lower, Park, Step, Travel, program

_LONGEST = 80  # characters in GRBL's line buffer


@dataclass(frozen=True)
class Dialect:
    """What a controller's G-code looks like: templates filled in with `str.format`."""

    header: tuple[str, ...]
    comment: str
    message: str  # a comment that senders show to the person
    forbidden: str  # characters that a comment must not hold
    pause: str  # stop until the person goes on
    dwell: str
    servo: str
    raise_z: str
    lower_z: str
    travel: str
    draw: str
    feed: str  # follows a movement when the speed changes
    end: str


DIALECTS = {
    "grbl": Dialect(
        # mm, absolute, feed in units a minute, the xy plane
        header=("G21", "G90", "G94", "G17"),
        comment="({text})",
        message="(MSG, {text})",
        # GRBL acts on ! ? ~ wherever they stand, also in a comment; $ and % begin its own commands
        forbidden="!?~%$()",
        pause="M0",
        dwell="G4 P{seconds}",
        # set for pen up too: M5 would let some servos drop
        servo="M3 S{value}",
        raise_z="G1 Z{z}",
        lower_z="G1 Z{z}",
        travel="G0 X{x} Y{y}",
        draw="G1 X{x} Y{y}",
        feed=" F{feed}",
        end="M2",
    )
}


def gcode(steps: tuple[Step, ...], machine: Machine) -> str:
    """One complete program: header, pen up, all steps, end. Pauses wherever a pen is to be put in."""
    return "\n".join(_lines(steps, machine, pauses=True)) + "\n"


def per_tool(steps: tuple[Step, ...]) -> tuple[tuple[ChangePen, tuple[Step, ...]], ...]:
    """The steps cut into a part for each pen pass, each complete by itself: parked at its start and its end."""
    changes = [(at, step) for at, step in enumerate(steps) if isinstance(step, ChangePen)]
    stops = [*(at for at, _ in changes[1:]), len(steps) - 1]
    return tuple(
        (change, (steps[0], *steps[at:stop], End())) for (at, change), stop in zip(changes, stops, strict=False)
    )


def files(drawing: Drawing, machine: Machine) -> dict[str, str]:
    """All G-code of a drawing by file name: `drawing.gcode`, which pauses for each pen, and `01-black.gcode` a pass.

    Raises ProgramError where the machine cannot draw it.
    """
    steps = program(drawing, machine)
    texts = {"drawing.gcode": gcode(steps, machine)}
    for change, part in per_tool(steps):
        lines = _lines(part, machine, pauses=False)
        texts[f"{file_stem(change.number, change.pen)}.gcode"] = "\n".join(lines) + "\n"
    return texts


def _lines(steps: tuple[Step, ...], machine: Machine, pauses: bool) -> Iterator[str]:
    dialect = DIALECTS[machine.dialect]
    yield from dialect.header
    speed = ""  # the last feed written: it stays in force until the next
    drawing_feed = _number(machine.feed_mm_min)
    at: tuple[str, str] | None = None
    for line in _lift(dialect, machine):
        speed, text = _paced(dialect, line, speed)
        yield text
    for step in steps:
        match step:
            case ChangePen():
                drawing_feed = _number(step.feed_mm_min)
                yield from _change(dialect, step, pauses)
            case Travel(x, y) | Park(x, y) | DrawTo(x, y):
                here = (_number(x), _number(y))
                if here == at:
                    continue
                at = here
                drawn = isinstance(step, DrawTo)
                template = dialect.draw if drawn else dialect.travel
                moved = template.format(x=here[0], y=here[1])
                speed, text = _paced(dialect, (moved, drawing_feed if drawn else None), speed)
                yield text
            case Lower() | Lift() | Dot():
                for line in _pen(dialect, step, machine):
                    speed, text = _paced(dialect, line, speed)
                    yield text
            case End():
                yield dialect.end


_Paced = tuple[str, str | None]  # a line and the feed it is to be run at; None: the feed does not matter to it


def _paced(dialect: Dialect, line: _Paced, speed: str) -> tuple[str, str]:
    """The feed now in force, and the line with the feed written on it where it has changed."""
    text, feed = line
    if feed is None or feed == speed:
        return speed, text
    return feed, text + dialect.feed.format(feed=feed)


def _pen(dialect: Dialect, step: Lower | Lift | Dot, machine: Machine) -> Iterator[_Paced]:
    if not isinstance(step, Lift):
        yield from _lower(dialect, machine)
    if isinstance(step, Dot):
        yield from _dwell(dialect, step.dwell_s)
    if not isinstance(step, Lower):
        yield from _lift(dialect, machine)


def _lower(dialect: Dialect, machine: Machine) -> Iterator[_Paced]:
    match machine.pen_lift:
        case ServoLift() as servo:
            yield dialect.servo.format(value=_number(servo.down)), None
        case ZLift() as z:
            yield dialect.lower_z.format(z=_number(z.down_mm)), _number(z.feed_mm_min)
    yield from _dwell(dialect, machine.pen_lift.settle_s)


def _lift(dialect: Dialect, machine: Machine) -> Iterator[_Paced]:
    match machine.pen_lift:
        case ServoLift() as servo:
            yield dialect.servo.format(value=_number(servo.up)), None
        case ZLift() as z:
            yield dialect.raise_z.format(z=_number(z.up_mm)), _number(z.feed_mm_min)
    yield from _dwell(dialect, machine.pen_lift.settle_s)


def _dwell(dialect: Dialect, seconds: float) -> Iterator[_Paced]:
    if seconds >= 0.0005:
        yield dialect.dwell.format(seconds=_number(seconds)), None


def _change(dialect: Dialect, change: ChangePen, pauses: bool) -> Iterator[str]:
    who = f"pen {change.number}: {change.pen.label}"
    yield _comment(
        dialect.comment, f"layer {change.layer}, {change.strokes} strokes, {change.drawn_mm / 1000:.2f} m", dialect
    )
    if not pauses or change.insert:
        yield _comment(dialect.message, f"insert {who}", dialect)
    else:
        yield _comment(dialect.comment, f"{who} stays in", dialect)
    if pauses and change.insert:
        yield dialect.pause


def _comment(template: str, text: str, dialect: Dialect) -> str:
    """A comment that no controller stumbles over: plain ASCII, without the characters it acts on, in one short line."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    plain = " ".join(re.sub(f"[{re.escape(dialect.forbidden)}\\x00-\\x1f\\x7f]", " ", plain).split())
    room = _LONGEST - len(template.format(text=""))
    return template.format(text=plain[:room].rstrip())


def _number(value: float) -> str:
    """Three decimals at most, none that are zeros, never an exponent and never -0."""
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text

"""The job that is sent: lines, each with its pass, its stroke and its target, and the stops between them."""

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from hardware.wire.ebb_setup import EbbSetup
from hardware.wire.hpgl_setup import HpglSetup

Point = tuple[float, float]  # mm, in work coordinates


class JobError(ValueError):
    """G-code that cannot or must not be sent; the message has one line per fault."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line for the controller, and the state after the controller has executed it."""

    text: str
    number: int  # in the file, from 1
    part: int  # index of its part of the job; -1 before the first
    stroke: int  # index of the stroke that it draws or leads to, counted from 0 over the job
    down: bool  # the pen touches the paper
    is_draw: bool = False  # a move with the pen down
    is_travel: bool = False  # a move with the pen up
    is_lowering: bool = False
    x_mm: float = 0.0
    y_mm: float = 0.0
    z_mm: float = 0.0
    centre_mm: Point | None = None  # of an arc
    feed_mm_min: float = 0.0  # in force after the line
    mm: float = 0.0
    dwell_s: float = 0.0
    seconds: float = 0.0  # its duration, estimated by the planner
    is_trip: bool = False  # it takes a brush to its well


@dataclass(frozen=True, slots=True)
class JobPart:
    """What one pen draws: a pass."""

    name: str
    colour: str
    strokes: int = 0
    drawn_mm: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Stop:
    """A point before which a person is asked for something: a pen, or what the G-code says."""

    line: int  # index of the line after the stop
    part: int
    is_pen: bool
    text: str = ""


@dataclass(frozen=True, slots=True)
class MachineSetup:
    """What a plot needs to know about the machine: how to lift the pen, and where to park."""

    lift: tuple[str, ...]  # lines that raise the pen
    park_mm: Point  # where pens are changed
    header: tuple[str, ...] = ("G21", "G90", "G94", "G17")  # modes that the lines rely on
    travel_mm_min: float = 6000.0
    feed_mm_min: float = 1000.0  # of a test stroke by a pen that only draws dots
    lift_kind: str = "servo"  # servo, z or relay; z moves an axis, whose position must be known
    up: float = 0.0  # height of the lift: S of a servo, Z in mm
    lower: float = 0.0  # difference between up and down, on the same scale
    end_mm: Point | None = None  # where the pen parks at the end; None: at park_mm
    bed_mm: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)  # left, bottom, right, top
    zero_text: str = "its bottom left corner"  # where on the bed the machine is at 0, 0
    sheet_mm: tuple[float, float, float, float] | None = None  # left, bottom, right, top
    needs_travel_feed: bool = False  # G0 moves at the last F
    pen_change_s: float = 0.0  # that a person takes to change a pen
    ebb: EbbSetup | None = None  # of a machine that an EBB drives
    hpgl: HpglSetup | None = None  # of a plotter that speaks HP-GL


@dataclass(frozen=True)
class GcodeJob:
    """The G-code of a plot for one machine: lines, parts and stops."""

    title: str
    machine: str
    dialect: str
    protocol: str  # how its lines are sent and answered: grbl or marlin
    lines: tuple[Line, ...]
    parts: tuple[JobPart, ...]
    stops: tuple[Stop, ...]
    setup: MachineSetup
    notes: tuple[str, ...] = field(default=())

    @property
    def slots(self) -> int:
        """Pens that the machine changes by itself; 0: a person changes them."""
        pens = self.setup.hpgl.plotter.pens if self.setup.hpgl else 1
        return pens if pens > 1 else 0

    def slot(self, part: int) -> int:
        """Return the place in the carousel, from 1, of the pen of this part."""
        number = sum(stop.is_pen and stop.part <= part for stop in self.stops)
        return (max(number, 1) - 1) % max(self.slots, 1) + 1

    @property
    def strokes(self) -> int:
        return sum(part.strokes for part in self.parts)

    @property
    def drawn_mm(self) -> float:
        return sum(part.drawn_mm for part in self.parts)

    @property
    def seconds(self) -> float:
        return sum(line.seconds for line in self.lines)

    @property
    def digest(self) -> str:
        """A hash that differs between any two jobs."""
        text = "\n".join([self.machine, *(line.text for line in self.lines), *(repr(stop) for stop in self.stops)])
        return hashlib.sha256(text.encode()).hexdigest()

    def bounds(self, *, drawn: bool = False) -> tuple[float, float, float, float] | None:
        """Return the bounds of all motion or of all drawing, in mm: left, bottom, right, top. None without motion."""
        places = [place for line, before in pairs(self.lines) for place in _reached(line, before, drawn)]
        if not places:
            return None
        xs, ys = zip(*places, strict=True)
        return min(xs), min(ys), max(xs), max(ys)

    def start_of_stroke(self, line: int) -> int:
        """Return the index of the first line that leads to this line's stroke, after the pen was last lifted."""
        stroke = self.lines[line].stroke
        while line > 0 and self.lines[line - 1].stroke == stroke and self.lines[line - 1].part == self.lines[line].part:
            line -= 1
        return line

    def start_of_part(self, line: int) -> int:
        part = self.lines[line].part
        while line > 0 and self.lines[line - 1].part == part:
            line -= 1
        return line

    def after_stroke(self, line: int) -> int:
        """Return the index of the first line that leads to the next stroke."""
        stroke = self.lines[line].stroke
        while line < len(self.lines) and self.lines[line].stroke == stroke:
            line += 1
        return line

    def finished_before(self, line: int) -> int:
        """Return how many strokes are finished once all lines before this one are executed."""
        if line >= len(self.lines):
            return self.strokes
        return self.lines[line].stroke if line else 0

    def place_before(self, line: int) -> Point | None:
        """Return the position of the head before this line; None if no line has moved it yet."""
        for at in range(line - 1, -1, -1):
            if self.lines[at].is_draw or self.lines[at].is_travel:
                return self.lines[at].x_mm, self.lines[at].y_mm
        return None


def pairs(lines: tuple[Line, ...]) -> Iterator[tuple[Line, Point | None]]:
    """Yield each line with the position of the head before it."""
    at: Point | None = None
    for line in lines:
        yield line, at
        if line.is_draw or line.is_travel:
            at = (line.x_mm, line.y_mm)


def _reached(line: Line, before: Point | None, drawn: bool) -> Iterator[Point]:
    if not (line.is_draw or line.is_lowering or (line.is_travel and not drawn)):
        return
    if line.is_lowering:
        if before is not None:
            yield before
        return
    if line.is_draw and before is not None:
        yield before
    yield line.x_mm, line.y_mm
    if line.centre_mm is not None and before is not None:  # bounded by the full circle
        radius = math.dist(line.centre_mm, before)
        yield line.centre_mm[0] - radius, line.centre_mm[1] - radius
        yield line.centre_mm[0] + radius, line.centre_mm[1] + radius

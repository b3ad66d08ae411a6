"""What is sent: lines that know their pass, their stroke and where they lead; and the stops between them."""

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass, field

Point = tuple[float, float]  # mm, in the machine's work coordinates


class JobError(ValueError):
    """G-code that cannot or must not be sent; the message has a line for every fault."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line for the controller, and what is so when it has been carried out."""

    text: str
    number: int  # in the file, from 1
    part: int  # of the job's parts; -1 before the first
    stroke: int  # that it draws or leads to, from 0, of the whole job
    down: bool  # the pen touches the paper
    is_draw: bool = False  # it moves with the pen down
    is_travel: bool = False  # it moves with the pen up
    is_lowering: bool = False
    x_mm: float = 0.0
    y_mm: float = 0.0
    z_mm: float = 0.0
    centre_mm: Point | None = None  # of an arc
    feed_mm_min: float = 0.0  # in force after it
    mm: float = 0.0
    dwell_s: float = 0.0
    seconds: float = 0.0  # that it will take, by the planner


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
    """Before this line is sent, a person is asked for something: a pen, or whatever the G-code says."""

    line: int  # index
    part: int
    is_pen: bool
    text: str = ""


@dataclass(frozen=True, slots=True)
class MachineSetup:
    """What a plot needs to know of the machine besides: how to lift the pen, and where to park."""

    lift: tuple[str, ...]  # lines that raise the pen
    park_mm: Point
    header: tuple[str, ...] = ("G21", "G90", "G94", "G17")  # modes that the lines rely on
    travel_mm_min: float = 6000.0
    feed_mm_min: float = 1000.0  # of a test stroke by a pen that only makes dots
    lift_kind: str = "servo"  # servo, z or relay; on z, raising the pen moves an axis, whose place must be known
    up: float = 0.0  # values of the lift: S of a servo, Z in mm
    lower: float = 0.0  # from up to down, on the same scale
    bed_mm: Point = (0.0, 0.0)
    sheet_mm: tuple[float, float, float, float] | None = None  # left, bottom, right, top
    needs_travel_feed: bool = False  # G0 goes at the last F


@dataclass(frozen=True)
class GcodeJob:
    """A plot: lines, parts and stops, for one machine."""

    title: str
    machine: str
    dialect: str
    lines: tuple[Line, ...]
    parts: tuple[JobPart, ...]
    stops: tuple[Stop, ...]
    setup: MachineSetup
    notes: tuple[str, ...] = field(default=())

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
        """Tells this job from every other."""
        text = "\n".join([self.machine, *(line.text for line in self.lines), *(repr(stop) for stop in self.stops)])
        return hashlib.sha256(text.encode()).hexdigest()

    def bounds(self, *, drawn: bool = False) -> tuple[float, float, float, float] | None:
        """Least and most x and y of all motion, or only of what is drawn: left, bottom, right, top."""
        places = [place for line, before in pairs(self.lines) for place in _reached(line, before, drawn)]
        if not places:
            return None
        xs, ys = zip(*places, strict=True)
        return min(xs), min(ys), max(xs), max(ys)

    def start_of_stroke(self, line: int) -> int:
        """Index of the first line that leads to the stroke of this line: where the pen was lifted before."""
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
        """Index of the first line that leads to the next stroke."""
        stroke = self.lines[line].stroke
        while line < len(self.lines) and self.lines[line].stroke == stroke:
            line += 1
        return line

    def finished_before(self, line: int) -> int:
        """How many strokes are finished when all lines before this one are carried out."""
        if line >= len(self.lines):
            return self.strokes
        return self.lines[line].stroke if line else 0

    def place_before(self, line: int) -> Point | None:
        """Where the head is before this line; None where nothing has moved it yet."""
        for at in range(line - 1, -1, -1):
            if self.lines[at].is_draw or self.lines[at].is_travel:
                return self.lines[at].x_mm, self.lines[at].y_mm
        return None


def pairs(lines: tuple[Line, ...]) -> Iterator[tuple[Line, Point | None]]:
    """Each line and where the head was before it."""
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
    if line.centre_mm is not None and before is not None:  # at most the whole circle
        radius = math.dist(line.centre_mm, before)
        yield line.centre_mm[0] - radius, line.centre_mm[1] - radius
        yield line.centre_mm[0] + radius, line.centre_mm[1] + radius

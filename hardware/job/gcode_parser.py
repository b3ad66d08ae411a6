"""G-code text, from this or another program, -> a `GcodeJob`. The meaning of a line follows from the modes in force."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hardware.controllers import speech_of
from hardware.job.gcode_job import GcodeJob, JobError, JobPart, Line, MachineSetup, Point, Stop
from hardware.job.pen_state import LiftCodes, lift_of
from hardware.job.timing import timed
from hardware.job.trips import with_trips
from hardware.wire import gcode_text

if TYPE_CHECKING:
    from hardware.machine import Machine
    from hardware.stations import Reload

MM_PER_INCH = 25.4
MOST_FAULTS = 10
_GRBL: dict[str, set[float]] = {"G": {0, 1, 2, 3, 4, 17, 20, 21, 40, 49, 54, 61, 80, 90, 91, 91.1, 94},
         "M": {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 30}}  # fmt: skip
_MARLIN: dict[str, set[float]] = {"G": {0, 1, 2, 3, 4, 17, 21, 20, 28, 90, 91, 94},
           "M": {0, 1, 2, 3, 4, 5, 6, 17, 18, 30, 42, 73, 82, 83, 84,
                 106, 107, 117, 118, 204, 205, 220, 280, 400}}  # fmt: skip
_WHY_NOT = {
    10: "moves the origin, so that the sender no longer knows where the sheet is",
    92: "moves the origin, so that the sender no longer knows where the sheet is",
    28: "goes to a position that this file does not give",
    30: "goes to a position that this file does not give",
    53: "uses machine coordinates instead of those of the sheet",
    93: "changes the unit of feeds",
    18: "draws in a plane other than the paper",
    19: "draws in a plane other than the paper",
}


@dataclass(frozen=True)
class PassInfo:
    """What is known about a pass apart from its lines."""

    name: str
    colour: str
    strokes: int
    brush: "Reload | None" = None  # how it is dipped, with the name of its station


def read(
    text: str, machine: "Machine", setup: MachineSetup, passes: tuple[PassInfo, ...] = (), title: str = ""
) -> GcodeJob:
    """Return the job. `passes` are given for G-code made from a drawing. Raises JobError with all faults."""
    reader = _Reader(machine, setup)
    if reader.protocol is None:
        raise JobError(f"a {reader.dialect} controller runs files by itself: copy the G-code to it instead of plotting")
    for number, raw in enumerate(text.splitlines(), 1):
        reader.take(number, raw)
    if reader.faults:
        more = len(reader.faults) - MOST_FAULTS
        shown = reader.faults[:MOST_FAULTS] + ([f"and {more} more"] if more > 0 else [])
        raise JobError("\n".join(shown))
    if any(line.is_draw for line in reader.lines) and not reader.lifts:
        raise JobError(
            f"this G-code never raises the pen the way {machine.name!r} does ({'; '.join(setup.lift)});"
            " it is for another machine, or pen_lift in the machine file is wrong"
        )
    if not reader.lines:
        raise JobError("there is no G-code in this file")
    found = passes or reader.passes()
    lines, stops = _into_parts(reader, found)
    lines, stops = with_trips(lines, stops, [info.brush for info in found], machine, setup)
    lines = timed(lines, stops, machine)
    parts = tuple(_part(info, at, lines) for at, info in enumerate(found))
    return GcodeJob(title, machine.name, reader.dialect, reader.protocol, lines, parts, stops, setup)


def _part(info: PassInfo, at: int, lines: tuple[Line, ...]) -> JobPart:
    own = [line for line in lines if line.part == at]
    drawn_mm = sum(line.mm for line in own if line.is_draw)
    return JobPart(info.name, info.colour, info.strokes, drawn_mm, sum(line.seconds for line in own))


class _Reader:
    """Reads line by line and keeps track of the modes."""

    def __init__(self, machine: "Machine", setup: MachineSetup) -> None:
        self.dialect, self.protocol = speech_of(machine.dialect)
        self.lift: LiftCodes = lift_of(machine)
        self.known = _MARLIN if self.protocol == "marlin" else _GRBL
        self.setup = setup
        self.lines: list[Line] = []
        self.stops: list[tuple[int, str, str]] = []  # line, kind: pause or tool, message
        self.faults: list[str] = []
        self.stroke, self.lifts = 0, 0
        self.down, self.touched = True, False  # assume the pen is down; whether it has drawn since it was lowered
        self.begun: list[tuple[int, str]] = []  # first stroke and name of each pass
        self._x = self._y = self._z = 0.0
        self._placed = False
        self._motion, self._relative, self._inches, self._feed = 0, False, False, 0.0
        self._tool, self._message = "", ""

    def take(self, number: int, raw: str) -> None:
        if message := gcode_text.message(raw):
            self._message = message
        text = gcode_text.clean(raw)
        if not text or set(raw.strip()) == {"%"}:
            return
        if text[0] == "$" or not gcode_text.is_only_words(text):
            if self.protocol == "marlin" and text.startswith(("M117", "M118", "M0 ", "M1 ")):
                if text[:2] in {"M0", "M1"} and text[2] == " ":
                    self._pause()
                return
            if text not in self.setup.header:  # which the sender sends by itself, at rest
                self._fault(number, raw, "is not G-code that can be sent")
            return
        words = gcode_text.words(text)
        if self._refused(number, raw, words):
            return
        self._modes(words)
        words = [word for word in words if not self._intercepted(word)]
        if words and (kept := self._executed(number, text, words)):
            self.lines.append(kept)

    def passes(self) -> tuple[PassInfo, ...]:
        """Return the passes found in the text: one per tool or per pen that a message asks for."""
        starts = self.begun if self.begun and self.begun[0][0] == 0 else [(0, "the current pen"), *self.begun]
        ends = [first for first, _ in starts[1:]] + [self.stroke]
        spans = zip(starts, ends, strict=True)
        return tuple(PassInfo(name, "#808080", max(end - first, 0)) for (first, name), end in spans if end > first) or (
            PassInfo(starts[-1][1], "#808080", 0),
        )

    def _fault(self, number: int, raw: str, why: str) -> None:
        self.faults.append(f"line {number}: {gcode_text.clean(raw)[:40] or raw.strip()[:40]!r} {why}")

    def _refused(self, number: int, raw: str, words: list[tuple[str, float]]) -> bool:
        for letter, value in words:
            if letter in self.known and value not in self.known[letter]:
                name = f"{letter}{value:g}"
                why = _WHY_NOT.get(int(value)) if letter == "G" else None
                self._fault(number, raw, f"contains {name}, which {why or 'this controller does not know'}")
                return True
        draws = any(letter == "G" and value in {1, 2, 3} for letter, value in words)
        if draws and not self._feed and "F" not in dict(words):
            self._fault(number, raw, "draws before a feed (F) is set")
            return True
        return False

    def _modes(self, words: list[tuple[str, float]]) -> None:
        for letter, value in words:
            if letter == "G" and value in {0, 1, 2, 3}:
                self._motion = int(value)
            elif letter == "G" and value in {90, 91}:
                self._relative = value == 91
            elif letter == "G" and value in {20, 21}:
                self._inches = value == 20
            elif letter == "F":
                self._feed = value * (MM_PER_INCH if self._inches else 1.0)
            elif letter == "T":
                self._tool = f"{value:g}"

    def _intercepted(self, word: tuple[str, float]) -> bool:
        """Whether the sender handles this word itself: stops, tools and the end. M2 would release a servo."""
        letter, value = word
        if letter == "M" and value in {0, 1}:
            self._pause()
        elif letter == "M" and value == 6:
            name = self._message or f"tool {self._tool or '?'}"
            self.stops.append((len(self.lines), "tool", name))
            self.begun.append((self.stroke, name))
            self._message = ""
        elif letter in "TN" or (letter == "M" and value in {2, 30}):
            pass
        else:
            return letter == "G" and value in {20, 91}
        return True

    def _pause(self) -> None:
        asked = re.match(r"insert pen \d+: (.+)", self._message)
        if asked:
            self.begun.append((self.stroke, asked[1]))
        self.stops.append((len(self.lines), "tool" if asked else "pause", asked[1] if asked else self._message))
        self._message = ""

    def _executed(self, number: int, text: str, words: list[tuple[str, float]]) -> Line | None:
        values = {letter: value for letter, value in words if letter not in "GM"}
        codes = {f"{letter}{value:g}" for letter, value in words if letter in "GM"}
        if "G4" in codes:
            return self._line(number, text, dwell_s=self._dwell_s(values))
        axes = values.keys() & {"X", "Y", "Z"}
        was_down = self.down
        target = self._target(values) if axes else (self._x, self._y, self._z)
        canonical = self._canonical(text, words, values, target) if axes else _joined(words)
        if not canonical:
            return None
        self.down = self.lift.is_down(self.down, codes, values, target[2] if "Z" in values else None)
        moved = bool(axes & {"X", "Y"})
        return self._motion_line(number, canonical, was_down, target, moved, values)

    def _motion_line(
        self, number: int, text: str, was_down: bool, target: tuple[float, float, float], moved: bool,
        values: dict[str, float],
    ) -> Line:  # fmt: skip
        centre = None
        if moved and self._motion in {2, 3}:
            scale = MM_PER_INCH if self._inches else 1.0
            centre = (self._x + values.get("I", 0.0) * scale, self._y + values.get("J", 0.0) * scale)
        mm = self._length(centre, target) if moved and self._placed else 0.0
        draws = moved and (was_down or self.down)
        lowering = self.down and not was_down
        if moved and self._placed and draws and not self.touched:
            self.touched = True
        self._x, self._y, self._z = target
        self._placed = self._placed or moved
        made = self._line(
            number, text, is_draw=draws, is_travel=moved and not draws, is_lowering=lowering, centre_mm=centre, mm=mm
        )
        if was_down and not self.down:
            self.lifts += 1
            if self.touched:
                self.stroke += 1
            self.touched = False
        elif lowering:
            self.touched = True
        return made

    def _line(self, number: int, text: str, **rest: Any) -> Line:
        plain = Line(text, number, -1, self.stroke, self.down, x_mm=self._x, y_mm=self._y, z_mm=self._z)
        plain = replace(plain, feed_mm_min=self._feed)
        return replace(plain, **rest)

    def _dwell_s(self, values: dict[str, float]) -> float:
        if self.known is _GRBL:
            return values.get("P", 0.0)
        return values.get("S", values.get("P", 0.0) / 1000)

    def _target(self, values: dict[str, float]) -> tuple[float, float, float]:
        scale = MM_PER_INCH if self._inches else 1.0
        now = (self._x, self._y, self._z)
        moved = [
            at + values[axis] * scale if self._relative and axis in values else values.get(axis, at / scale) * scale
            for axis, at in zip("XYZ", now, strict=True)
        ]
        return moved[0], moved[1], moved[2]

    def _canonical(
        self, text: str, words: list[tuple[str, float]], values: dict[str, float], target: tuple[float, float, float]
    ) -> str:
        """Return the line unchanged if it is complete; else in absolute millimetres with its G word."""
        has_word = any(letter == "G" and value == self._motion for letter, value in words)
        if has_word and not self._relative and not self._inches and _joined(words) == text:
            return text
        scale = MM_PER_INCH if self._inches else 1.0
        parts = [f"G{self._motion}"]
        parts += [f"{axis}{gcode_text.number(t)}" for axis, t in zip("XYZ", target, strict=True) if axis in values]
        parts += [f"{letter}{gcode_text.number(values[letter] * scale)}" for letter in "IJRF" if letter in values]
        parts += [f"{letter}{value:g}" for letter, value in words if letter in "SM"]
        return " ".join(parts)

    def _length(self, centre: Point | None, target: tuple[float, float, float]) -> float:
        start, end = (self._x, self._y), target[:2]
        if centre is None or math.dist(centre, start) == 0:
            return math.dist(start, end)
        begin = math.atan2(start[1] - centre[1], start[0] - centre[0])
        turn = math.atan2(end[1] - centre[1], end[0] - centre[0]) - begin
        turn = (-turn if self._motion == 2 else turn) % (2 * math.pi) or 2 * math.pi
        return turn * math.dist(centre, start)


def _joined(words: list[tuple[str, float]]) -> str:
    return " ".join(f"{letter}{gcode_text.number(value)}" for letter, value in words)


def _into_parts(reader: _Reader, passes: tuple[PassInfo, ...]) -> tuple[tuple[Line, ...], tuple[Stop, ...]]:
    """Give each line its part. A part begins where its pen is asked for, or with the travel to its first stroke."""
    starts, first = [], 0
    for at, info in enumerate(passes):
        asked = [line for line, kind, _ in reader.stops if kind == "tool" and _stroke_at(reader, line) == first]
        ways = [at for at, line in enumerate(reader.lines) if line.stroke == first]
        way = ways[0] if ways else len(reader.lines)
        starts.append(asked[0] if asked else way if at else _first_motion(reader.lines))
        first += info.strokes
    bounds = [*starts[1:], len(reader.lines) + 1]
    lines = [replace(line, part=-1) for line in reader.lines[: starts[0]]]
    for at, (begin, end) in enumerate(zip(starts, bounds, strict=True)):
        lines += [replace(line, part=at) for line in reader.lines[begin:end]]
    stops = tuple(_stops(reader, starts))
    return tuple(lines), stops


def _stops(reader: _Reader, starts: list[int]) -> Iterator[Stop]:
    for line, kind, text in reader.stops:
        part = max((at for at, begin in enumerate(starts) if begin <= line), default=0)
        yield Stop(line, part, kind == "tool", text)


def _stroke_at(reader: _Reader, line: int) -> int:
    return reader.lines[line].stroke if line < len(reader.lines) else reader.stroke


def _first_motion(lines: list[Line]) -> int:
    return next((at for at, line in enumerate(lines) if line.is_travel or line.is_draw), 0)

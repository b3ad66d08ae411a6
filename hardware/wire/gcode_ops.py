"""Lines of G-code as what they ask for: ways, pen moves and waits, for controllers that read no G-code."""

import math
from dataclasses import dataclass, replace

from hardware.wire import gcode_text

Point = tuple[float, float]  # mm, in work coordinates


@dataclass(frozen=True)
class WayOp:
    """Go through these points. `draws` where the line is a feed move (G1, G2, G3) and not a travel (G0)."""

    points: tuple[Point, ...]
    mm_s: float
    draws: bool

    def moved(self, x_mm: float, y_mm: float) -> "WayOp":
        return replace(self, points=tuple((x + x_mm, y + y_mm) for x, y in self.points))


@dataclass(frozen=True)
class PenOp:
    """Set the servo to a value, or switch a relay (1 or 0)."""

    value: float


@dataclass(frozen=True)
class WaitOp:
    seconds: float


@dataclass(frozen=True)
class ToolOp:
    """Take the pen of this place in a carousel."""

    number: int


@dataclass(frozen=True)
class ModeOp:
    """Nothing to do."""


Op = WayOp | PenOp | WaitOp | ToolOp | ModeOp
_MODES = {"G": {17, 21, 40, 49, 54, 61, 80, 90, 94}, "M": {2, 5, 30}}


class OpReader:
    """Reads lines one by one and keeps the modes: place, motion and feed. Arcs become chords."""

    def __init__(self, travel_mm_s: float, tolerance_mm: float) -> None:
        self.at: Point = (0.0, 0.0)
        self._travel_mm_s, self._tolerance_mm = travel_mm_s, tolerance_mm
        self._motion, self._feed_mm_s = 0, 0.0

    def read(self, text: str) -> Op:
        """Return what a line asks for. Raises ValueError for a line that is not understood."""
        words = gcode_text.words(text)
        values = {letter: value for letter, value in words if letter not in "GM"}
        op: Op | None = ModeOp() if "F" in values else None
        if "F" in values:
            self._feed_mm_s = values["F"] / 60
        for letter, value in words:
            if letter == "G" and value in {0, 1, 2, 3}:
                self._motion, op = int(value), op or ModeOp()
            elif letter == "G" and value == 4:
                return WaitOp(values.get("P", 0.0))
            elif letter == "T":
                return ToolOp(int(value))
            elif letter == "M" and value in {3, 4} and "S" in values:
                return PenOp(values["S"])
            elif letter == "M" and value in {7, 8, 9}:
                return PenOp(0.0 if value == 9 else 1.0)
            elif letter in _MODES and value in _MODES[letter]:
                op = op or ModeOp()
        if "X" in values or "Y" in values:
            return self._way(values)
        if op is None:
            raise ValueError(f"{text!r} must not be sent")
        return op

    def _way(self, values: dict[str, float]) -> WayOp:
        begin, end = self.at, (values.get("X", self.at[0]), values.get("Y", self.at[1]))
        self.at = end
        if self._motion == 0:
            return WayOp((end,), self._travel_mm_s, False)
        speed = self._feed_mm_s or self._travel_mm_s
        if self._motion == 1:
            return WayOp((end,), speed, True)
        centre = (begin[0] + values.get("I", 0.0), begin[1] + values.get("J", 0.0))
        return WayOp(_chords(begin, end, centre, self._motion == 2, self._tolerance_mm), speed, True)


def _chords(begin: Point, end: Point, centre: Point, clockwise: bool, tolerance_mm: float) -> tuple[Point, ...]:
    """Return the points after `begin` of chords along an arc, within the tolerance."""
    radius = math.dist(centre, begin)
    first = math.atan2(begin[1] - centre[1], begin[0] - centre[0])
    turn = (math.atan2(end[1] - centre[1], end[0] - centre[0]) - first) % math.tau or math.tau
    turn = turn - math.tau if clockwise else turn
    step = 2 * math.acos(1 - min(tolerance_mm / max(radius, 1e-9), 0.5))
    count = max(1, math.ceil(abs(turn) / step))
    angles = [first + turn * number / count for number in range(1, count)]
    return (*((centre[0] + radius * math.cos(a), centre[1] + radius * math.sin(a)) for a in angles), end)

"""The `d` of a path -> subpaths of lines, Bezier curves and arcs, by the grammar of SVG 2, 9.3.

Points are complex numbers, x + y i, in the path's own units.
"""

import cmath
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from hardware.svgfile.svg_values import NUMBER

_ARGUMENTS = {"m": 2, "z": 0, "l": 2, "h": 1, "v": 1, "c": 6, "s": 4, "q": 4, "t": 2, "a": 7}
_PART = re.compile(r"([MmZzLlHhVvCcSsQqTtAa])([^MmZzLlHhVvCcSsQqTtAa]*)")
_FIRST = re.compile(r"\s*[Mm]")
_NUMBER = re.compile(NUMBER)
_NUMBERS = re.compile(rf"(?>[\s,]*{NUMBER})*+[\s,]*+")
_ARC_NUMBER = re.compile(rf"[\s,]*({NUMBER})")
_ARC_FLAG = re.compile(r"[\s,]*([01])")
_POINT = rf"\s*{NUMBER}(?:\s*,\s*|\s+){NUMBER}\s*"
_PLAIN = re.compile(rf"\s*M(?>{_POINT})(?>L(?>{_POINT}))*+")  # as `to_svg` and many programs write lines


@dataclass(frozen=True)
class EllipseArc:
    """A part of an ellipse: its centre, its radii, how far it is turned, and its angles, in radians."""

    centre: complex
    rx: float
    ry: float
    turn: float
    begin: float
    sweep: float
    end: complex

    def at(self, share: float) -> complex:
        """Return the point at this share of the sweep."""
        angle = self.begin + share * self.sweep
        return self.centre + cmath.rect(1.0, self.turn) * complex(self.rx * math.cos(angle), self.ry * math.sin(angle))

    def direction(self, share: float) -> complex:
        """Return the direction of travel at this share of the sweep."""
        angle = self.begin + share * self.sweep
        along = complex(-self.rx * math.sin(angle), self.ry * math.cos(angle))
        return cmath.rect(1.0, self.turn) * along * math.copysign(1.0, self.sweep)


# a line is its end; a Bezier curve its control points and its end
Segment = complex | tuple[complex, complex] | tuple[complex, complex, complex] | EllipseArc


@dataclass
class Subpath:
    """A part of a path that is drawn without lifting the pen."""

    start: complex
    segments: list[Segment] = field(default_factory=list)
    closed: bool = False


def subpaths_of(text: str) -> tuple[list[Subpath], bool]:
    """Return the subpaths of path data up to its first error, and whether it is free of errors."""
    if _PLAIN.fullmatch(text):
        values = list(map(float, _NUMBER.findall(text)))
        points = list(map(complex, values[::2], values[1::2]))
        return [Subpath(points[0], [*points[1:]])], True
    path = _PathReader()
    if not _FIRST.match(text):
        return [], text.strip() in ("", "none")
    for command, arguments in _PART.findall(text):
        values, sound = _values(command, arguments)
        count = _ARGUMENTS[command.lower()]
        for number, at in enumerate(range(0, len(values) - count + 1, count or 1)):
            path.follow("lL"[command == "M"] if number and command in "Mm" else command, values[at : at + count])
            if not count:
                break
        if not sound or (count and (not values or len(values) % count)):
            return path.subpaths, False
    return path.subpaths, True


def _values(command: str, arguments: str) -> tuple[list[float], bool]:
    """Return the numbers after a command, and whether there is nothing else."""
    if command in "Aa":
        return _arc_values(arguments)
    if _NUMBERS.fullmatch(arguments):
        return list(map(float, _NUMBER.findall(arguments))), True
    sound = _NUMBERS.match(arguments)
    return list(map(float, _NUMBER.findall(sound[0] if sound else ""))), False


def _arc_values(arguments: str) -> tuple[list[float], bool]:
    """Return the numbers of arcs, whose flags can be written without a space: `a1 1 0 01 5 5`."""
    values: list[float] = []
    end = 0
    while found := (_ARC_FLAG if len(values) % 7 in (3, 4) else _ARC_NUMBER).match(arguments, end):
        values.append(float(found[1]))
        end = found.end()
    return values, not arguments[end:].strip(" \t\r\n,")


class _PathReader:
    """Follows commands; knows the point and the control point before the next one."""

    def __init__(self) -> None:
        self.subpaths: list[Subpath] = []
        self._point = 0j
        self._control: tuple[str, complex] = ("", 0j)  # the kind of the curve before, and its last control point

    def follow(self, command: str, values: list[float]) -> None:
        kind = command.lower()
        origin = self._point if command.islower() else 0j
        if kind == "m":
            self._point = origin + complex(*values)
            self.subpaths.append(Subpath(self._point))
        elif kind == "z":
            self.subpaths[-1].closed = True
            self._point = self.subpaths[-1].start
        else:
            self._draw(kind, command, values, origin)
        if kind not in "csqt":
            self._control = ("", 0j)

    def _draw(self, kind: str, command: str, values: list[float], origin: complex) -> None:
        if self.subpaths[-1].closed:
            self.subpaths.append(Subpath(self._point))
        segment = self._segment(kind, command, values, origin)
        self._point = segment if isinstance(segment, complex) else _end(segment)
        self.subpaths[-1].segments.append(segment)

    def _segment(self, kind: str, command: str, values: list[float], origin: complex) -> Segment:
        point = self._point
        if kind == "h":
            return complex(values[0] + origin.real, point.imag)
        if kind == "v":
            return complex(point.real, values[0] + origin.imag)
        if kind == "a":
            return arc(point, origin + complex(*values[5:]), values[0], values[1], values[2], values[3:5])
        points = [origin + complex(x, y) for x, y in zip(values[::2], values[1::2], strict=True)]
        family = {"s": "c", "t": "q"}.get(kind)
        if family:  # a smooth curve begins in the direction in which a curve of its kind ended
            points.insert(0, 2 * point - self._control[1] if self._control[0] == family else point)
        if kind != "l":
            self._control = (family or kind, points[-2])
        return points[0] if kind == "l" else tuple(points)  # type: ignore[return-value]


def _end(segment: Segment) -> complex:
    if isinstance(segment, EllipseArc):
        return segment.end
    return segment if isinstance(segment, complex) else segment[-1]


def arc(begin: complex, end: complex, rx: float, ry: float, degrees: float, flags: list[float]) -> Segment:
    """Return an arc between two points; a line where it has no radius (SVG 2, B.2.4 and B.2.5)."""
    rx, ry, turn = abs(rx), abs(ry), math.radians(degrees)
    if rx == 0 or ry == 0 or begin == end:
        return end
    half = (begin - end) / 2 * cmath.rect(1.0, -turn)
    over = (half.real / rx) ** 2 + (half.imag / ry) ** 2
    if over > 1:
        rx, ry = rx * math.sqrt(over), ry * math.sqrt(over)
    unit = complex(half.real / rx, half.imag / ry)  # on a circle of radius 1
    size = abs(unit)
    if size == 0 or not math.isfinite(size):
        return end
    off = math.sqrt(max(1 / size**2 - 1, 0.0)) * (1 if flags[0] != flags[1] else -1)
    centre = off * complex(unit.imag, -unit.real)
    first, last = cmath.phase(unit - centre), cmath.phase(-unit - centre)
    sweep = (last - first) % (2 * math.pi)
    if not flags[1] and sweep:
        sweep -= 2 * math.pi
    middle = (begin + end) / 2 + complex(rx * centre.real, ry * centre.imag) * cmath.rect(1.0, turn)
    return EllipseArc(middle, rx, ry, turn, first, sweep, end)


def ellipse(centre: complex, rx: float, ry: float) -> Subpath:
    """Return an ellipse that begins at the right and runs clockwise, as SVG says."""
    points = [centre + turn for turn in (complex(rx, 0), complex(0, ry), complex(-rx, 0), complex(0, -ry))]
    quarters: list[Segment] = [
        EllipseArc(centre, rx, ry, 0.0, number * math.pi / 2, math.pi / 2, points[(number + 1) % 4])
        for number in range(4)
    ]
    return Subpath(points[0], quarters, closed=True)


# --- where markers stand ----------------------------------------------------------------------------------------------


def vertices(subpaths: list[Subpath]) -> Iterator[tuple[complex, complex, complex]]:
    """Yield the vertices of a path, with the directions in which it arrives and leaves; 0 at its ends."""
    for subpath in subpaths:
        pieces = list(_pieces(subpath))
        arriving = [0j, *(piece[2] for piece in pieces)]
        leaving = [*(piece[1] for piece in pieces), 0j]
        if subpath.closed and pieces:
            arriving[0], leaving[-1] = arriving[-1], leaving[0]
        points = [subpath.start, *(piece[0] for piece in pieces)]
        yield from zip(points, arriving, leaving, strict=True)


def _pieces(subpath: Subpath) -> Iterator[tuple[complex, complex, complex]]:
    """Yield the end of each segment, and the directions of its begin and its end."""
    point = subpath.start
    for segment in [*subpath.segments, *([subpath.start] if subpath.closed else [])]:
        if isinstance(segment, EllipseArc):
            yield segment.end, segment.direction(0.0), segment.direction(1.0)
        else:
            points = [point, *((segment,) if isinstance(segment, complex) else segment)]
            steps = [b - a for a, b in pairwise(points) if b != a] or [0j]
            yield points[-1], steps[0], steps[-1]
        point = _end(segment)

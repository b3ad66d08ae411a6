"""A reader of G-code that shares nothing with the writer: modes, pen, place, units, arcs; as strict as the controllers.

It says what was drawn, and fails on what a controller refuses or what would spoil a sheet.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field

Point = tuple[float, float]

MODES = {
    "grbl": {"G21", "G90", "G94", "G17"},
    "linuxcnc": {"G21", "G90", "G94", "G17", "G40", "G49", "G80", "G91.1", "G64"},
    "marlin": {"G21", "G90"},
    "klipper": {"G21", "G90"},
}
KNOWN = {  # besides modes, moves and dwells
    "grbl": {"M0", "M2", "M3", "M8", "M9"},
    "linuxcnc": {"M0", "M2", "M3", "M8", "M9"},
    "marlin": {"M0", "M106", "M107", "M117", "M280", "M400"},
    "klipper": {"PAUSE", "M117", "M400", "SET_SERVO", "SET_PIN"},
}
LONGEST = {"grbl": 80, "linuxcnc": 255, "marlin": 96, "klipper": 255}
ACTS_ON = {"grbl": "!?~%$", "linuxcnc": "%", "marlin": "*", "klipper": "*#"}  # wherever it stands


@dataclass
class Plot:
    """What a program did. Coordinates as the machine has them, mm."""

    lines: list[list[Point]] = field(default_factory=list)  # with the pen down; one point: a dot
    dwells: list[float] = field(default_factory=list)  # of the dots, s
    feeds: set[float] = field(default_factory=set)  # with the pen down, mm/min
    pauses: list[tuple[str, Point | None]] = field(default_factory=list)  # message, place
    pen_of: list[int] = field(default_factory=list)  # number of pauses before each line
    travels: int = 0
    commands: int = 0  # lines that a controller does something for
    end: Point | None = None


@dataclass(frozen=True)
class Lift:
    """How the pen is moved: the word that says where it is (S, Z, or what a relay's commands are) and what it means."""

    kind: str  # servo, z, relay
    is_down: Callable[[float], bool | None]  # None: in between, where nothing may move

    @staticmethod
    def between(kind: str, up: set[float], down: set[float]) -> "Lift":
        return Lift(kind, lambda value: True if value in down else False if value in up else None)


class Reader:
    """The state of the controller."""

    def __init__(
        self, width_mm: float, height_mm: float, lift: Lift, dialect: str = "grbl", bed_min_mm: Point = (0.0, 0.0)
    ) -> None:
        self.least, self.most = bed_min_mm, (bed_min_mm[0] + width_mm, bed_min_mm[1] + height_mm)
        self.lift, self.dialect = lift, dialect
        self.plot = Plot()
        self.modes: set[str] = set()
        self.at: Point | None = None
        self.down: bool | None = None  # unknown until a line moves the pen
        self.feed: float | None = None
        self.travel_feeds: set[float | None] = set()
        self.message = ""
        self.open_line: list[Point] = []
        self.rested_s = 0.0
        self.over = self.synchronised = False

    def read(self, text: str) -> Plot:
        assert text.endswith("\n") and text.isascii() and "\r" not in text
        for row in text.splitlines():
            assert len(row) <= LONGEST[self.dialect], f"longer than the controller's buffer: {row}"
            if re.fullmatch(r"\$\d+=\d+", row) and not self.plot.commands:  # a setting, before anything moves
                continue
            assert not set(ACTS_ON[self.dialect]) & set(row), f"the controller acts on a character: {row}"
            self.row(row)
        assert self.down is False
        assert self.over or self.dialect in ("marlin", "klipper"), "LinuxCNC wants an end"
        self.plot.end = self.at
        return self.plot

    def row(self, row: str) -> None:
        assert not self.over, f"after the end: {row}"
        if self.dialect in ("grbl", "linuxcnc"):
            comment = re.fullmatch(r"\(([^()]*)\)", row)
        else:
            comment = re.fullmatch(r"; (.*)", row)
        if comment:
            self.message = comment[1]
            return
        self.plot.commands += 1
        name = row.split(maxsplit=1)[0]
        if name == "M117":
            self.message = row[5:].strip()
        elif name in ("M0", "PAUSE"):
            assert name in KNOWN[self.dialect], f"refused: {row}"
            assert name == row or self.dialect == "marlin"
            assert self.down is False, "the pen is down at a pause"
            self.plot.pauses.append((self.message, self.at))
        elif self.dialect == "klipper" and name in ("SET_SERVO", "SET_PIN"):
            value = re.fullmatch(r"SET_SERVO SERVO=pen ANGLE=(-?[\d.]+)|SET_PIN PIN=pen VALUE=([01])", row)
            assert value, row
            self.set_pen(float(value[1] or value[2]))
        else:
            self.words(row)
        self.synchronised = row == "M400"

    def words(self, row: str) -> None:
        words = re.findall(r"([A-Z])([-+]?\d*\.?\d+)(?:\s|$)", row)
        assert " ".join(letter + number for letter, number in words) == row, f"not G-code: {row}"
        assert "-0" not in [number for _, number in words]
        values = {letter: float(number) for letter, number in words}
        assert len(values) == len(words), f"a letter twice: {row}"
        head = words[0][0] + words[0][1]
        if head in MODES[self.dialect]:
            assert len(words) == 1 or (head == "G64" and set(values) == {"G", "P"} and values["P"] > 0)
            self.modes.add(head)
        elif head in {"G0", "G1", "G2", "G3"}:
            self.move(head, values)
        elif head == "G4":
            assert set(values) == {"G", "P"}
            self.rested_s += values["P"] / (1000 if self.dialect in ("marlin", "klipper") else 1)
        else:
            assert head in KNOWN[self.dialect], f"{self.dialect} would refuse {row}"
            self.order(head, values)

    def order(self, head: str, values: dict[str, float]) -> None:
        if head in ("M3", "M280"):
            assert self.lift.kind == "servo" and (head == "M3" or (self.synchronised and values["P"] == 0))
            self.set_pen(values["S"])
        elif head in ("M8", "M9", "M106", "M107"):
            assert head in ("M8", "M9") or self.synchronised, "acts before the moves are done"
            self.set_pen(1.0 if head in ("M8", "M106") else 0.0)
        elif head == "M2":
            self.over = True

    def move(self, head: str, values: dict[str, float]) -> None:
        assert self.modes == MODES[self.dialect], "the header must come first"
        assert set(values) <= set("GXYZFIJ" if head in ("G2", "G3") else "GXYZF")
        self.feed = values.get("F", self.feed)
        assert self.feed or (head == "G0" and self.dialect in ("grbl", "linuxcnc")), "error:22, no feed"
        if "Z" in values:
            assert self.lift.kind == "z" and not {"X", "Y"} & set(values)
            self.set_pen(values["Z"])
            return
        assert self.down is not None, "moved before the pen was lifted"
        assert (head != "G0") == self.down, "travel with the pen down, or drawing with the pen up"
        here = (values["X"], values["Y"])
        assert here != self.at, "a move of no length, or a whole circle"
        way = [here] if head in ("G0", "G1") else self.arc(head == "G2", here, (values["I"], values["J"]))
        for point in way:
            inside = (a - 1e-3 <= v <= b + 1e-3 for v, a, b in zip(point, self.least, self.most, strict=True))
            assert all(inside), f"off: {point}"
        self.at = here
        if self.down:
            self.open_line += way
            self.plot.feeds.add(self.feed or 0)
        else:
            self.plot.travels += 1
            self.travel_feeds.add(self.feed)

    def arc(self, clockwise: bool, end: Point, centre: Point) -> list[Point]:
        """Points of an arc; both of its ends must be as far from the centre, or the controller refuses it."""
        assert self.at is not None
        x, y = self.at[0] + centre[0], self.at[1] + centre[1]
        radius, other = math.dist(self.at, (x, y)), math.dist(end, (x, y))
        assert radius > 0.01 and abs(radius - other) < 0.005, f"error:33, radii {radius} and {other}"
        first, last = (math.atan2(p[1] - y, p[0] - x) for p in (self.at, end))
        sweep = -((first - last) % math.tau) if clockwise else (last - first) % math.tau
        count = max(2, math.ceil(abs(sweep) / (2 * math.acos(1 - min(0.0005 / radius, 0.5)))))
        angles = [first + sweep * at / count for at in range(1, count)]
        return [*((x + radius * math.cos(a), y + radius * math.sin(a)) for a in angles), end]

    def set_pen(self, value: float) -> None:
        down = self.lift.is_down(value)
        if down is None:
            assert self.down is not None and self.lift.kind == "servo", f"the pen goes to {value} for an unknown reason"
            return
        if down is False and self.down is False:
            return  # another pen, held at another height
        assert down != self.down, "the pen is there already"
        if down:
            assert self.at is not None
            self.open_line, self.rested_s = [self.at], 0.0
        elif self.down:
            self.plot.lines.append(self.open_line)
            self.plot.pen_of.append(len(self.plot.pauses))
            if len(self.open_line) == 1:
                self.plot.dwells.append(self.rested_s)
        self.down = down

"""A reader of G-code that shares nothing with the writer: modes, pen, place; and as strict as GRBL.

It says what was drawn, and fails on what a controller refuses or what would spoil a sheet.
"""

import re
from dataclasses import dataclass, field


@dataclass
class Plot:
    """What a program did. Coordinates as the machine has them, mm."""

    lines: list[list[tuple[float, float]]] = field(default_factory=list)  # with the pen down; one point: a dot
    dwells: list[float] = field(default_factory=list)  # of the dots, s
    feeds: set[float] = field(default_factory=set)  # with the pen down, mm/min
    pauses: list[tuple[str, tuple[float, float] | None]] = field(default_factory=list)  # message, place
    travels: int = 0
    end: tuple[float, float] | None = None


class Reader:
    """The state of the controller; `pen_down` says whether a value of S or Z means that the pen is down."""

    def __init__(self, width_mm: float, height_mm: float, down_s: float | None = None, down_z: float | None = None):
        self.size = (width_mm, height_mm)
        self.down_s, self.down_z = down_s, down_z
        self.plot = Plot()
        self.modes: set[str] = set()
        self.at: tuple[float, float] | None = None
        self.down: bool | None = None  # nobody knows where the pen is until it is told
        self.feed: float | None = None
        self.motion: str | None = None
        self.message = ""
        self.open_line: list[tuple[float, float]] = []
        self.rested_s = 0.0
        self.over = False

    def read(self, text: str) -> Plot:
        assert text.endswith("\n") and text.isascii() and "\r" not in text
        for row in text.splitlines():
            assert len(row) <= 80, f"longer than the controller's buffer: {row}"
            assert not set("!?~%$") & set(row), f"the controller acts on a character: {row}"
            self.row(row)
        assert self.over and self.down is False
        self.plot.end = self.at
        return self.plot

    def row(self, row: str) -> None:
        assert not self.over, f"after the end: {row}"
        if comment := re.fullmatch(r"\(([^()]*)\)", row):
            self.message = comment[1]
            return
        words = re.findall(r"([A-Z])([-+]?\d*\.?\d+)(?:\s|$)", row)
        assert " ".join(letter + number for letter, number in words) == row, f"not G-code: {row}"
        assert "-0" not in [number for _, number in words]
        values = {letter: float(number) for letter, number in words}
        assert len(values) == len(words), f"a letter twice: {row}"
        head = words[0][0] + words[0][1]
        if head in {"G21", "G90", "G94", "G17"}:
            assert len(words) == 1
            self.modes.add(head)
        elif head in {"G0", "G1"}:
            self.move(head, values)
        elif head == "G4":
            self.rested_s += values["P"]
        elif head == "M3":
            assert self.down_s is not None
            self.set_pen(values["S"] == self.down_s)
        elif head == "M0":
            assert self.down is False, "the pen is down at a pause"
            self.plot.pauses.append((self.message, self.at))
        elif head == "M2":
            self.over = True
        else:
            raise AssertionError(f"GRBL would refuse {row}")

    def move(self, head: str, values: dict[str, float]) -> None:
        assert self.modes == {"G21", "G90", "G94", "G17"}, "the header must come first"
        assert set(values) <= set("GXYZF")
        self.feed = values.get("F", self.feed)
        assert head == "G0" or self.feed, "error:22, no feed"
        if "Z" in values:
            assert self.down_z is not None and not {"X", "Y"} & set(values)
            self.set_pen(values["Z"] == self.down_z)
            return
        assert self.down is not None, "moved before the pen was lifted"
        assert head == ("G1" if self.down else "G0"), "travel with the pen down, or drawing with the pen up"
        here = (values["X"], values["Y"])
        assert all(0 <= value <= limit for value, limit in zip(here, self.size, strict=True)), f"off the bed: {here}"
        assert here != self.at, "a move of no length"
        self.at = here
        if self.down:
            self.open_line.append(here)
            self.plot.feeds.add(self.feed or 0)
        else:
            self.plot.travels += 1

    def set_pen(self, down: bool) -> None:
        assert down != self.down, "the pen is there already"
        if down:
            assert self.at is not None
            self.open_line, self.rested_s = [self.at], 0.0
        elif self.down:
            self.plot.lines.append(self.open_line)
            if len(self.open_line) == 1:
                self.plot.dwells.append(self.rested_s)
        self.down = down

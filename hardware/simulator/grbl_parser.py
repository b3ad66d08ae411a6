"""A line of G-code -> its words by modal group; refuses what GRBL refuses, with its error codes."""

import re
from dataclasses import dataclass, field

_WORD = re.compile(r"([A-Z])([+-]?(?:\d+\.?\d*|\.\d+))?")

# Modal groups with their G and M numbers, times ten: a line can have one of each group (error:21 otherwise).
_GROUPS = {
    "nonmodal": {40, 100, 280, 281, 300, 301, 530, 920, 921},
    "motion": {0, 10, 20, 30, 800},
    "plane": {170, 180, 190},
    "distance": {900, 910},
    "arc": {911},
    "feed": {930, 940},
    "units": {200, 210},
    "radius": {400},
    "length": {431, 490},
    "system": {540, 550, 560, 570, 580, 590},
}
_M_GROUPS = {"flow": {0, 1, 2, 30}, "spindle": {3, 4, 5}, "coolant": {7, 8, 9}}
_TAKES_AXES = {100, 280, 281, 300, 301, 920, 431}  # apart from motions
_VALUES = set("FIJKLNPRSTXYZ")


class GrblError(Exception):
    """A line that GRBL answers with `error:N`."""

    def __init__(self, code: int) -> None:
        super().__init__(f"error:{code}")
        self.code = code


@dataclass(slots=True)
class ParsedLine:
    """One parsed line."""

    g: dict[str, int] = field(default_factory=dict)  # modal group -> number times ten
    m: dict[str, int] = field(default_factory=dict)
    values: dict[str, float] = field(default_factory=dict)

    @property
    def axes(self) -> set[str]:
        return self.values.keys() & set("XYZ")


def strip(text: str) -> str:
    """Return what GRBL keeps of a line: no comments, spaces, control characters or `/`, and capitals."""
    kept, comment = [], ""
    for char in text:
        if comment:
            comment = "" if comment == "(" and char == ")" else comment
        elif char in "(;":
            comment = char
        elif char > " " and char != "/":
            kept.append(char.upper())
    return "".join(kept)


def parse(text: str) -> ParsedLine:
    """Return the words of a stripped line. Raises GrblError."""
    line, at = ParsedLine(), 0
    while at < len(text):
        word = _WORD.match(text, at)
        if word is None:
            raise GrblError(1)
        if word[2] is None:
            raise GrblError(2)
        _take(line, word[1], float(word[2]))
        at = word.end()
    _check(line)
    return line


def _take(line: ParsedLine, letter: str, value: float) -> None:
    if letter == "G":
        _take_code(line.g, _GROUPS, round(value * 10))
    elif letter == "M":
        if value != int(value):
            raise GrblError(23)
        _take_code(line.m, _M_GROUPS, int(value))
    elif letter not in _VALUES:
        raise GrblError(20)
    elif letter in line.values:
        raise GrblError(25)
    elif (letter in "NT" and value < 0) or (letter in "FS" and value < 0):
        raise GrblError(4)
    else:
        line.values[letter] = value


def _take_code(taken: dict[str, int], groups: dict[str, set[int]], code: int) -> None:
    group = next((name for name, codes in groups.items() if code in codes), None)
    if group is None:
        raise GrblError(20)
    if group in taken:
        raise GrblError(21)
    taken[group] = code


def _check(line: ParsedLine) -> None:
    if not 0 <= line.values.get("N", 0) <= 9_999_999:
        raise GrblError(27)
    if line.values.get("T", 0) > 255:
        raise GrblError(38)
    nonmodal = line.g.get("nonmodal")
    if nonmodal in _TAKES_AXES and line.g.get("motion", 800) != 800:
        raise GrblError(24)
    if nonmodal == 40 and "P" not in line.values:
        raise GrblError(28)
    if nonmodal == 100:
        if "P" not in line.values or "L" not in line.values:
            raise GrblError(28)
        if line.values["L"] not in (2, 20):
            raise GrblError(20)
        if line.values["P"] > 6:
            raise GrblError(29)
    if nonmodal in (100, 920) and not line.axes:
        raise GrblError(26)

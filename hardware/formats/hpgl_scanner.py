"""The text of an HPGL file -> its instructions: two letters and their arguments."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

# what programs put around HPGL for printers and serial ports: ESC.(, ESC.I81;;17:, ESC%0B, ESC&l1O, @PJL ...
_AROUND = re.compile(
    r"\x1b\.[A-Z@()](?:[\d;]*:)?|\x1b[E=9Z]|\x1b%-?\d*[A-Z]|\x1b[&*()][a-z]?[-\d]*[A-Za-z@]|@PJL[^\n]*"
)
_NAME = re.compile(r"[A-Za-z]{2}")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)")
_REST = re.compile(r"[^A-Za-z;]*")
_END_OF_LABEL = "\x03"


@dataclass(frozen=True)
class Instruction:
    """One instruction: its name in capitals, its numbers, and the text of LB, DT and PE."""

    name: str
    numbers: tuple[float, ...] = ()
    text: str = ""


def instructions(text: str) -> Iterator[Instruction]:
    """Yield the instructions of an HPGL file. What is not one is skipped."""
    text, at, end_of_label = _AROUND.sub("", text), 0, _END_OF_LABEL
    while found := _NAME.search(text, at):
        name, at = found[0].upper(), found.end()
        if name == "LB":
            end = text.find(end_of_label, at)
            end = len(text) if end < 0 else end
            yield Instruction(name, text=text[at:end])
            at = end + 1
        elif name == "DT":
            end_of_label = text[at : at + 1].strip("; \r\n") or _END_OF_LABEL
            at += 1
        elif name == "SM":
            at += 1
        elif name == "PE":
            end = text.find(";", at)
            end = len(text) if end < 0 else end
            yield Instruction(name, text=text[at:end])
            at = end + 1
        else:
            rest = _REST.match(text, at)
            at = rest.end() if rest else at
            yield Instruction(name, tuple(map(float, _NUMBER.findall(rest[0] if rest else ""))))


def encoded_moves(text: str) -> Iterator[tuple[str, float, float]]:
    """Yield what PE encodes: a kind and x and y. Kinds: `+` draws to a step away, `-` moves, `=` and `_` the same to
    a place, and `:` selects the pen x.

    Numbers are in base 64, or 32 after `7`, lowest digit first. Digits begin at `?`, and the last of a number at 191,
    or 95. The lowest bit of a number is its sign.
    """
    base, fraction, is_up, is_place, at = 64, 0, False, False, 0
    while at < len(text):
        mark = text[at]
        at += 1
        if mark == "7":
            base = 32
        elif mark in "<=":
            is_up, is_place = is_up or mark == "<", is_place or mark == "="
        elif mark in ":>":
            value, at = _encoded(text, at, base)
            if mark == ":":
                yield ":", value, 0.0
            else:
                fraction = int(value)
        elif ord(mark) >= 63:
            x, at = _encoded(text, at - 1, base)
            y, at = _encoded(text, at, base)
            yield ("_" if is_up else "=") if is_place else ("-" if is_up else "+"), x / 2**fraction, y / 2**fraction
            is_up = is_place = False


def _encoded(text: str, at: int, base: int) -> tuple[float, int]:
    """Return a number and where it ends."""
    value, factor = 0, 1
    while at < len(text):
        digit = ord(text[at]) - 63
        at += 1
        if digit < 0:  # a line break
            continue
        is_last = digit >= base
        value += factor * (digit - (128 if base == 64 else 32) if is_last else digit)
        factor *= base
        if is_last or factor > 2**60:
            break
    return float(-(value >> 1) if value & 1 else value >> 1), at

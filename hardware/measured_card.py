"""The card that a program reads in a photograph: four corner marks, a grid of crosses, and fields of every pen.

A pen draws upright strokes far apart, at other speeds and heights, and close together (so that they overlap by known
shares); dots with longer and longer dwells; and strokes between two of the first pen. Places are in mm on the sheet.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from hardware.card_sheet import DWELLS_S, STEPS, CardPage, Mark, cross, height_step, page_of
from hardware.drawing import Line, Pen
from hardware.lettering import length_of
from hardware.machine import Machine
from hardware.pen_lift import ServoLift
from hardware.program import heights

# Upper left, upper right, lower left, lower right: dark cells are 1. No two are alike, however they are turned.
CORNER_CELLS = (
    ("11101", "01000", "01110", "11001", "01100"),
    ("11010", "01101", "10010", "00011", "11101"),
    ("01100", "10110", "10110", "10011", "00000"),
    ("00100", "01011", "01000", "10111", "10000"),
)
CORNER_MM = 11.0  # side of a corner mark on A4
CODE_BITS = 24
WIDEST_NIB_MM = 8.0  # wider pens have no room
REPEATS = 3
SPEEDS = (0.5, 1.5)  # shares of the pen's own speed
OFFSET_REACH_MM = 1.0  # how far beside its place a pen's stroke is still found
_LOOSE, _DENSE = 0.75, 0.5  # distance of strokes that overlap, nibs


class FieldKind(StrEnum):
    """What a field is for."""

    STROKES = "strokes"
    SPEED = "speed"
    HEIGHT = "height"
    LOOSE = "loose"  # overlapping by a quarter of a nib
    DENSE = "dense"  # overlapping by half a nib
    OVER = "over"  # on a block of the first pen
    DOTS = "dots"
    OFFSET_X = "offset x"
    OFFSET_Y = "offset y"


@dataclass(frozen=True)
class Field:
    """A place on the card where one pen draws one thing. `box` is left, top, right, bottom, with bare paper around."""

    pen: Pen  # as it draws here: with the field's own speed, height or dwell
    kind: FieldKind
    box: tuple[float, float, float, float]
    at: tuple[float, ...]  # x of upright strokes and dots, or y of level strokes
    gap_mm: float  # bare paper beside a stroke
    setting: float = 0.0  # share of the speed, height, dwell in s, or distance of the strokes in mm

    @property
    def middle(self) -> tuple[float, float]:
        """Centre of the box in mm."""
        left, top, right, bottom = self.box
        return (left + right) / 2, (top + bottom) / 2


@dataclass(frozen=True)
class MeasuredCard:
    """One sheet: what is drawn, and where everything is. All in mm."""

    name: str
    size_mm: tuple[float, float]
    writer: Pen  # the first pen: it draws the corner marks, and the other pens are compared with it
    corners: tuple[tuple[float, float, float], ...]  # left, top and side of each corner mark
    crosses: tuple[tuple[float, float], ...]
    reach_mm: float  # of a cross
    code_at: tuple[tuple[float, float, float], ...]  # x, upper y, lower y of each stroke of the code
    code: tuple[bool, ...]  # which of these strokes are drawn; first and last always
    fields: tuple[Field, ...]
    marks: list[Mark]

    @property
    def pens(self) -> tuple[Pen, ...]:
        """The pens that have fields on this sheet, as they are in the rack."""
        return tuple(field.pen for field in self.fields if field.kind is FieldKind.STROKES)


def is_measured(pen: Pen) -> bool:
    """Whether a pen is narrow enough for the card."""
    return pen.nib_mm <= WIDEST_NIB_MM


def measured_cards(machine: Machine, pens: tuple[Pen, ...], size_mm: tuple[float, float]) -> list[MeasuredCard]:
    """Return as many cards as all pens need that are narrow enough for the sheet."""
    page = page_of(pens, *size_mm)
    rows = [(pen, _row(page, machine, pen)) for pen in pens if is_measured(pen)]
    free = page.height - _head_mm(page) - _foot_mm(page)
    parts: list[list[tuple[Pen, list[list[Field]]]]] = [[]]
    used = 0.0
    for pen, lines in rows:
        tall = sum(map(_tall, lines)) + _between(page)
        if tall > free or any(one.box[2] > page.left + page.width for line in lines for one in line):
            continue
        if used + tall > free and parts[-1]:
            parts.append([])
            used = 0.0
        parts[-1].append((pen, lines))
        used += tall
    kept = [part for part in parts if part]
    names = ["measure"] if len(kept) == 1 else [f"measure-{number}" for number in range(1, len(kept) + 1)]
    return [_card(name, page, pens, part, size_mm) for name, part in zip(names, kept, strict=True)]


def _corner_mm(page: CardPage) -> float:
    return CORNER_MM * page.scale


def _head_mm(page: CardPage) -> float:
    return _corner_mm(page) + _between(page)


def _foot_mm(page: CardPage) -> float:
    return _corner_mm(page) + 3 * page.scale


def _between(page: CardPage) -> float:
    """Height of a line of crosses."""
    return 6 * page.scale


def bare_gap_mm(scale: float, nib_mm: float) -> float:
    """Return how much bare paper is beside a stroke: room for strokes that are wider than the nib, and for blur."""
    return 1.8 * max(scale, 0.7) + 0.25 * nib_mm


# --- the fields of one pen --------------------------------------------------------------------------------------------


def _row(page: CardPage, machine: Machine, pen: Pen) -> list[list[Field]]:
    """Return the fields of a pen in lines, from y = 0 down; x is already that of the page."""
    made = [field for field in _fields(page, machine, pen) if field is not None]
    lines: list[list[Field]] = [[]]
    begin = page.left + _label_mm(page)
    x = begin
    for field in made:
        left, _, right, _ = field.box
        if x + right - left > page.left + page.width and lines[-1]:
            lines.append([])
            x = begin
        lines[-1].append(_moved(field, x - left, 0.0))
        x += right - left
    return lines


def _label_mm(page: CardPage) -> float:
    return 17 * page.scale


def _tall(line: list[Field]) -> float:
    return max(field.box[3] for field in line)


def _moved(field: Field, x: float, y: float) -> Field:
    left, top, right, bottom = field.box
    by = y if field.kind is FieldKind.OFFSET_Y else x
    box = (left + x, top + y, right + x, bottom + y)
    return replace(field, box=box, at=tuple(at + by for at in field.at))


def _fields(page: CardPage, machine: Machine, pen: Pen) -> Iterator[Field]:
    """Yield the fields of a pen, each as if it stood alone at the origin."""
    nib = pen.nib_mm
    gap = bare_gap_mm(page.scale, nib)
    tall = max(6 * page.scale + 2 * nib, nib + 2 * (gap + OFFSET_REACH_MM) + 1)

    def upright(own: Pen, kind: FieldKind, count: int, step: float, setting: float) -> Field:
        at = tuple(gap + nib / 2 + step * number for number in range(count))
        return Field(own, kind, (0.0, 0.0, at[-1] + nib / 2 + gap, tall), at, gap, setting)

    yield upright(pen, FieldKind.STROKES, REPEATS, nib + gap, 1.0)
    for share, own in _speeds(machine, pen):
        yield upright(own, FieldKind.SPEED, 2, nib + gap, share)
    for height, own in _heights(machine, pen):
        yield upright(own, FieldKind.HEIGHT, 1, nib + gap, height)
    for kind, share in ((FieldKind.LOOSE, _LOOSE), (FieldKind.DENSE, _DENSE)):
        yield upright(pen, kind, _count(pen, share), share * nib, share * nib)
    yield upright(pen, FieldKind.OVER, _count(pen, _LOOSE), _LOOSE * nib, _LOOSE * nib)
    for dwell_s in DWELLS_S:
        own = pen.model_copy(update={"dwell_s": dwell_s})
        yield upright(own, FieldKind.DOTS, REPEATS if nib <= 1.5 else 1, 2.2 * nib + gap, dwell_s)
    half = nib / 2 + gap + OFFSET_REACH_MM
    for _ in range(2):
        for kind in (FieldKind.OFFSET_X, FieldKind.OFFSET_Y):
            wide = 2 * (half + gap) if kind is FieldKind.OFFSET_X else tall + gap
            middle = (wide if kind is FieldKind.OFFSET_X else tall) / 2
            yield Field(pen, kind, (0.0, 0.0, wide, tall), (middle,), gap, half)


def _count(pen: Pen, share: float) -> int:
    """How many overlapping strokes make a patch."""
    return int(np.clip(3.0 / (share * pen.nib_mm), 4, 9))


def _speeds(machine: Machine, pen: Pen) -> Iterator[tuple[float, Pen]]:
    feed = pen.feed_mm_min or machine.feed_mm_min
    for share in SPEEDS:
        own = min(share * feed, max(machine.travel_feed_mm_min, feed))
        yield share, pen.model_copy(update={"feed_mm_min": round(own, 1)})


def _heights(machine: Machine, pen: Pen) -> Iterator[tuple[float, Pen]]:
    up, down = heights(pen, machine)
    if up is None or down is None:
        return
    for steps in STEPS:
        height = round(down + steps * height_step(machine), 3)
        if (isinstance(machine.pen_lift, ServoLift) and height < 0) or abs(height - down) > abs(up - down):
            continue
        yield height, pen.model_copy(update={"down": height, "up": up})


# --- one sheet --------------------------------------------------------------------------------------------------------


def _card(
    name: str,
    page: CardPage,
    pens: tuple[Pen, ...],
    part: list[tuple[Pen, list[list[Field]]]],
    size_mm: tuple[float, float],
) -> MeasuredCard:
    fields: list[Field] = []
    crosses: list[tuple[float, float]] = []
    marks: list[Mark] = []
    columns = np.linspace(page.left + 3 * page.scale, page.left + page.width - 3 * page.scale, 8)
    y = page.top + _corner_mm(page)
    for pen, lines in part:
        middle = y + 0.5 * _between(page)
        crosses += [(float(x), middle) for x in columns]
        y += _between(page)
        marks += _label(page, pen, pens.index(pen) + 1, y)
        for line in lines:
            fields += [_moved(field, 0.0, y) for field in line]
            y += _tall(line)
    crosses += [(float(x), y + 0.5 * _between(page)) for x in columns]
    corners = _corners(page)
    reach = 1.1 * page.scale
    code_at = _code_places(page)
    code = _code(name, fields, size_mm)
    writer = page.writer
    marks = [
        *(Mark(writer, "corners", tuple(_corner(writer, *each))) for each in zip(corners, CORNER_CELLS, strict=True)),
        *(page.drawn(*cross(x, y, reach)) for x, y in crosses),
        *(page.drawn(np.array([[x, a], [x, b]])) for (x, a, b), drawn in zip(code_at, code, strict=True) if drawn),
        *marks,
        *(mark for field in fields for mark in _drawn(field, writer)),
    ]  # fmt: skip
    return MeasuredCard(name, size_mm, writer, corners, tuple(crosses), reach, code_at, code, tuple(fields), [*marks])


def _label(page: CardPage, pen: Pen, number: int, y: float) -> Iterator[Mark]:
    s = page.scale
    yield page.text(f"{number}", page.left, y + 1.6 * s, 2.4 * s)
    room = _label_mm(page) - 2 * s
    height = min(1.6 * s, 1.6 * s * room / max(length_of(pen.name, 1.6 * s), 1e-9))
    yield page.text(pen.name, page.left, y + 5 * s, max(height, 0.8 * s))


def _corners(page: CardPage) -> tuple[tuple[float, float, float], ...]:
    side = _corner_mm(page)
    right, bottom = page.left + page.width - side, page.top + page.height - side
    return tuple((x, y, side) for y in (page.top, bottom) for x in (page.left, right))


def _corner(pen: Pen, at: tuple[float, float, float], cells: tuple[str, ...]) -> Iterator[Line]:
    """Yield the level strokes that fill the dark cells and the border of a corner mark."""
    x, y, side = at
    count = len(cells) + 2
    rows = ["1" * count, *(f"1{row}1" for row in cells), "1" * count]
    cell = side / count
    for number, row in enumerate(rows):
        tall = int(np.ceil(cell / (0.8 * pen.nib_mm)))
        for level in y + cell * (number + (np.arange(tall) + 0.5) / tall):
            for begin, end in _runs(row):
                inset = 0.5 * pen.nib_mm
                yield np.array([[x + begin * cell + inset, level], [x + end * cell - inset, level]])


def _runs(row: str) -> Iterator[tuple[int, int]]:
    begin = None
    for number, cell in enumerate(f"{row}0"):
        if cell == "1" and begin is None:
            begin = number
        elif cell == "0" and begin is not None:
            yield begin, number
            begin = None


def _code_places(page: CardPage) -> tuple[tuple[float, float, float], ...]:
    side = _corner_mm(page)
    middle = page.top + page.height - 0.5 * side
    xs = np.linspace(page.left + side + 5 * page.scale, page.left + page.width - side - 5 * page.scale, CODE_BITS + 2)
    return tuple((float(x), middle - 2 * page.scale, middle + 2 * page.scale) for x in xs)


def _code(name: str, fields: list[Field], size_mm: tuple[float, float]) -> tuple[bool, ...]:
    """Return which strokes of the code are drawn: a hash of all that is on the card, between two that always are."""
    numbers = [" ".join(f"{value:.2f}" for value in (field.setting, *field.box, *field.at)) for field in fields]
    places = [f"{field.pen.name} {field.kind} {each}" for field, each in zip(fields, numbers, strict=True)]
    text = "\n".join([name, f"{size_mm[0]:.1f} x {size_mm[1]:.1f}", *places])
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[: CODE_BITS // 8], "big")
    return (True, *(bool(number >> bit & 1) for bit in range(CODE_BITS)), True)


def _drawn(field: Field, writer: Pen) -> Iterator[Mark]:
    """Yield what the pen draws in a field, and before it what the first pen draws there."""
    left, top, right, bottom = field.box
    pen, inset, layer = field.pen, field.pen.nib_mm / 2, f"{field.kind} {field.setting:g}"
    match field.kind:
        case FieldKind.DOTS:
            yield Mark(pen, layer, tuple(np.array([[x, field.middle[1]]]) for x in field.at))
        case FieldKind.OFFSET_X:
            ends = top + 1 + inset, bottom - 1 - inset
            yield Mark(writer, layer, tuple(_upright(field.at[0] + way * field.setting, ends) for way in (-1, 1)))
            yield Mark(pen, layer, (_upright(field.at[0], ends),))
        case FieldKind.OFFSET_Y:
            ends = left + 1 + inset, right - 1 - inset
            yield Mark(writer, layer, tuple(_level(field.at[0] + way * field.setting, ends) for way in (-1, 1)))
            yield Mark(pen, layer, (_level(field.at[0], ends),))
        case _:
            if field.kind is FieldKind.OVER:
                yield Mark(writer, layer, tuple(_block(field, writer)))
            yield Mark(pen, layer, tuple(_upright(x, (top + inset, bottom - inset)) for x in field.at))


def _block(field: Field, writer: Pen) -> Iterator[Line]:
    """Yield the level strokes of the block of the first pen below a patch: its lower half."""
    top, bottom = field.middle[1], field.box[3]
    count = int(np.ceil((bottom - top) / (0.7 * writer.nib_mm)))
    for level in np.linspace(top + writer.nib_mm / 2, bottom - writer.nib_mm / 2, count):
        yield _level(float(level), (field.at[0] - field.pen.nib_mm / 2, field.at[-1] + field.pen.nib_mm / 2))


def _upright(x: float, ends: tuple[float, float]) -> Line:
    return np.array([[x, ends[0]], [x, ends[1]]])


def _level(y: float, ends: tuple[float, float]) -> Line:
    return np.array([[ends[0], y], [ends[1], y]])

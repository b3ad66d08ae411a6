"""Test cards for a machine and a rack, to plot once and pin above the desk.

`pens`: what each pen does. Two diverging lines, with white between them from where they are one nib apart; dots with
longer and longer dwells; strokes at heights from too high to deep; a cross in a frame that another pen drew.
`inks`: what each ink looks like over every other.
`measure`: fields that `render measure` reads in a photograph (measured_card.py).
"""

import math
from collections.abc import Iterator

import numpy as np

from hardware.card_sheet import (
    DWELLS_S,
    STEPS,
    CardError,
    CardPage,
    Mark,
    cross,
    drawn_files,
    head,
    height_step,
    page_of,
    sheet_size,
)
from hardware.drawing import Line, Pen
from hardware.lettering import length_of
from hardware.machine import Machine
from hardware.measured_card import measured_cards
from hardware.pen_lift import RelayLift, ServoLift, ZLift
from hardware.plurals import counted
from hardware.program import heights

__all__ = ["CardError", "card_files"]

_SPREAD = (0.5, 1.5)  # how far apart the two lines are at their ends, nibs
_LEAST_CELL_MM = 5.0


def card_files(machine: Machine, pens: tuple[Pen, ...], paper: str = "A4") -> dict[str, str]:
    """Return the SVG and G-code (or HP-GL) of the test cards, by file name.

    Raises CardError for a paper or a rack that does not fit, and ProgramError where the machine cannot lift a pen.
    """
    width_mm, height_mm = sheet_size(machine, paper)
    pages = [*_pens_pages(machine, pens, width_mm, height_mm), ("inks", _inks_page(pens, width_mm, height_mm))]
    pages += [(one.name, one.marks) for one in measured_cards(machine, pens, (width_mm, height_mm))]
    texts: dict[str, str] = {}
    for name, marks in pages:
        texts |= drawn_files(name, marks, (width_mm, height_mm), machine)
    return texts


# --- what each pen does -----------------------------------------------------------------------------------------------


def _pens_pages(
    machine: Machine, pens: tuple[Pen, ...], width_mm: float, height_mm: float
) -> Iterator[tuple[str, list[Mark]]]:
    """Yield as many cards as all pens need."""
    page = page_of(pens, width_mm, height_mm)
    s = page.scale
    free = page.height - 34 * s
    parts: list[list[Pen]] = [[]]
    used = 0.0
    for pen in pens:
        if used + _row_mm(pen, s) > free and parts[-1]:
            parts.append([])
            used = 0.0
        parts[-1].append(pen)
        used += _row_mm(pen, s)
    for number, part in enumerate(parts, 1):
        name = "pens" if len(parts) == 1 else f"pens-{number}"
        of = "" if len(parts) == 1 else f" {number}/{len(parts)}"
        subtitle = f"{machine.name}, {counted(len(pens), 'pen')}"
        marks = [*head(page, f"PENS{of}", subtitle), *_captions(page, machine)]
        y = page.top + 22 * s
        spare = min((free - sum(_row_mm(pen, s) for pen in part)) / len(part), 9 * s)
        for pen in part:
            tall = _row_mm(pen, s) + spare
            marks += _row(page, machine, pen, pens.index(pen) + 1, y + 0.5 * tall)
            y += tall
        yield name, [*marks, *_foot(page, _HINTS)]


_HINTS = (
    "white begins at the long tick if the nib is as said, left of it if it is thinner, right of it if it is thicker.",
    "take the first height that draws clean. A cross that misses its ticks: offset of that pen in its holder.",
)


def _foot(page: CardPage, hints: tuple[str, ...]) -> Iterator[Mark]:
    s = page.scale
    for number, hint in enumerate(hints):
        y = page.top + page.height - (6 - 3.2 * number) * s
        yield page.text(hint, page.left + 4 * s, y, 1.6 * s)


def _row_mm(pen: Pen, scale: float) -> float:
    return max(11 * scale, (_SPREAD[1] + 1) * pen.nib_mm + 3 * scale, 3.4 * pen.nib_mm)


_COLUMNS = {"width": 42.0, "dots": 92.0, "heights": 136.0, "place": 176.0}  # mm on A4, from the left margin


def _captions(page: CardPage, machine: Machine) -> Iterator[Mark]:
    s, y = page.scale, page.top + 16.5 * page.scale
    captions = {"width": "WHITE FROM 1.0 NIB ON", "dots": "DOTS RESTING, S", "place": "PLACE"}
    match machine.pen_lift:
        case ServoLift():
            captions["heights"] = f"HEIGHT, STEPS OF {abs(height_step(machine)):.3g}"
        case ZLift():
            captions["heights"] = f"HEIGHT, STEPS OF {abs(height_step(machine)):.3g} MM"
        case RelayLift():
            pass
    for key, text in captions.items():
        yield page.text(text, page.left + _COLUMNS[key] * s, y, 1.8 * s)


def _row(page: CardPage, machine: Machine, pen: Pen, number: int, y: float) -> Iterator[Mark]:
    s = page.scale
    yield page.text(f"{number}", page.left, y - 1.4 * s, 2.8 * s)
    name, nib = page.left + 9 * s, f"{pen.nib_mm:g} MM {pen.ink.value}"
    room = 31 * s
    height = min(2.4 * s, 2.4 * s * room / max(length_of(pen.name, 2.4 * s), 1e-9))
    yield page.text(pen.name, name, y - 3.2 * s, max(height, 1.2 * s))
    yield page.text(nib, name, y + 1.0 * s, 1.6 * s)
    yield from _spread(page, pen, page.left + _COLUMNS["width"] * s, y)
    yield from _dots(page, pen, page.left + _COLUMNS["dots"] * s, y)
    yield from _ladder(page, machine, pen, page.left + _COLUMNS["heights"] * s, y)
    yield from _frame(page, pen, page.left + _COLUMNS["place"] * s, y)


def _spread(page: CardPage, pen: Pen, x: float, y: float) -> Iterator[Mark]:
    """Yield two diverging lines, with ticks below where they are 0.8, 1.0 and 1.2 nibs apart."""
    s, length = page.scale, 42 * page.scale
    least, most = (0.5 * share * pen.nib_mm for share in _SPREAD)
    lines = (np.array([[x, y + way * least], [x + length, y + way * most]]) for way in (-1, 1))
    yield Mark(pen, "widths", tuple(lines))
    below = y + most + 0.5 * pen.nib_mm + 0.6 * s
    for share in (0.8, 1.0, 1.2):
        at = x + length * (share - _SPREAD[0]) / (_SPREAD[1] - _SPREAD[0])
        tick = 1.6 if share == 1.0 else 0.8
        yield page.drawn(np.array([[at, below], [at, below + tick * s]]))


def _dots(page: CardPage, pen: Pen, x: float, y: float) -> Iterator[Mark]:
    s = page.scale
    for number, dwell_s in enumerate(DWELLS_S):
        own = pen.model_copy(update={"dwell_s": dwell_s})
        at = x + (2 + 8 * number) * s
        yield Mark(own, f"dots {dwell_s:g} s", (np.array([[at, y - 0.8 * s]]),))
        label = f"{dwell_s:g}"
        below = y + max(0.5 * pen.nib_mm, 0.8 * s) + 0.8 * s
        yield page.text(label, at - 0.5 * length_of(label, 1.6 * s), below, 1.6 * s)


def _ladder(page: CardPage, machine: Machine, pen: Pen, x: float, y: float) -> Iterator[Mark]:
    """Yield strokes from too high to deep: the first clean one is at the pen's right height."""
    up, down = heights(pen, machine)
    if up is None or down is None:
        return
    s, step = page.scale, height_step(machine)
    for number, steps in enumerate(STEPS):
        height = round(down + steps * step, 3)
        if (isinstance(machine.pen_lift, ServoLift) and height < 0) or abs(height - down) > abs(up - down):
            continue
        own = pen.model_copy(update={"down": height, "up": up})
        at = x + (1.5 + 7.4 * number) * s
        yield Mark(own, f"height {height:g}", (np.array([[at, y - 3.4 * s], [at, y + 1.4 * s]]),))
        label = f"{height:g}"
        below = y + 1.4 * s + 0.5 * pen.nib_mm + 0.8 * s
        yield page.text(label, at - 0.5 * length_of(label, 1.6 * s), below, 1.6 * s)


def _frame(page: CardPage, pen: Pen, x: float, y: float) -> Iterator[Mark]:
    """Yield a frame by the writer, with marks that the pen's own cross must meet."""
    s, half = page.scale, 4 * page.scale
    at = x + half
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]]) * half + (at, y)
    ticks = [
        np.array([[at + a * half, y + b * half], [at + 1.25 * a * half, y + 1.25 * b * half]])
        for a, b in ((1, 0), (-1, 0), (0, 1), (0, -1))
    ]
    yield page.drawn(corners, *ticks)
    reach = max(half - 0.5 * pen.nib_mm - 0.3 * s, 0.8 * s)
    yield Mark(pen, "cross", tuple(cross(at, y, reach)))


# --- how inks mix -----------------------------------------------------------------------------------------------------


def _inks_page(pens: tuple[Pen, ...], width_mm: float, height_mm: float) -> list[Mark]:
    page = page_of(pens, width_mm, height_mm)
    s = page.scale
    names = 40 * s
    free = page.height - 28 * s
    cell = min((page.width - names) / len(pens), free / len(pens), 34 * s)
    tall = min(free / len(pens), 1.6 * cell)
    if cell < _LEAST_CELL_MM:
        most = math.floor(min(page.width - names, free) / _LEAST_CELL_MM)
        raise CardError(
            f"{len(pens)} pens do not fit on one ink card, which has room for {most};"
            " use larger paper or a smaller rack"
        )
    marks = list(head(page, "INKS", "the ink of the row over that of the column"))
    left, top = page.left + names, page.top + 22 * s
    for row, pen in enumerate(pens):
        y = top + row * tall
        middle = y + 0.5 * tall - 1.2 * s
        height = min(2.4 * s, 0.5 * cell)
        marks.append(page.text(f"{row + 1}", page.left, middle, height))
        fitted = min(1.0, (names - 11 * s) / max(length_of(pen.label, height), 1e-9))
        marks.append(page.text(pen.label, page.left + 8 * s, middle, height * fitted))
        small = min(height, 0.3 * cell)
        middle_x = left + (row + 0.5) * cell - 0.5 * length_of(f"{row + 1}", small)
        marks.append(page.text(f"{row + 1}", middle_x, page.top + 17 * s, small))
        for column in range(row + 1):
            marks += _swatch(pens[column], pen, (left + column * cell, y), (cell, tall))
    return marks


def _swatch(under: Pen, over: Pen, at: tuple[float, float], size: tuple[float, float]) -> Iterator[Mark]:
    """Yield the lower ink hatched across and the upper one upright, on three fifths of the cell each."""
    corner, area = np.array(at), np.array(size)
    gap, side = 0.08 * area, 0.6 * area
    yield Mark(under, "swatches", tuple(_filled(under, corner + gap, side, across=True)))
    yield Mark(over, "swatches", tuple(_filled(over, corner + area - gap - side, side, across=False)))


def _filled(pen: Pen, corner: Line, side: Line, across: bool) -> Iterator[Line]:
    """Yield the lines with which a nib fills a rectangle; one no larger than the nib becomes a dot."""
    reach = side - pen.nib_mm
    if (reach <= 0.05).any():
        yield (corner + 0.5 * side)[None]
        return
    along, step = (0, 1) if across else (1, 0)
    count = int(reach[step] / pen.nib_mm) + 1
    begin = corner + 0.5 * (side - reach)
    begin[step] += 0.5 * (reach[step] - (count - 1) * pen.nib_mm)
    for number in range(count):
        line = np.stack([begin, begin])
        line[:, step] += number * pen.nib_mm
        line[1, along] += reach[along]
        yield line if number % 2 == 0 else line[::-1]

"""What all test cards share: marks that a pen draws, the page with its letters, and the files of a finished card."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from hardware.drawing import Drawing, Line, Pen, PenPass
from hardware.lettering import length_of, lettered
from hardware.machine import Machine
from hardware.machine_files import program_text, suffix_of
from hardware.papers import listed, size_of
from hardware.pen_lift import ZLift
from hardware.program import heights, program
from hardware.sheet_placement import check_sheet
from hardware.svg_intake import prepared
from hardware.svgfile import to_svg

DWELLS_S = (0.0, 0.1, 0.2, 0.5, 1.0)
STEPS = (3, 2, 1, 0, -1)  # of height, from too high to deep


class CardError(ValueError):
    """A card that cannot be made; the message says why and what would work."""


@dataclass(frozen=True)
class Mark:
    """Lines that one pen draws in one way."""

    pen: Pen
    layer: str
    lines: tuple[Line, ...]


def drawn_files(name: str, marks: list[Mark], size_mm: tuple[float, float], machine: Machine) -> dict[str, str]:
    """Return the SVG and G-code (or HP-GL) of one card, by file name. Raises ProgramError."""
    title = f"Test card, {name}: {machine.name}"
    drawing, _ = prepared(Drawing(*size_mm, "#ffffff", tuple(_passes(marks)), title), machine)
    texts = {f"{name}.svg": to_svg(_merged(drawing))}
    if suffix := suffix_of(machine):
        texts[f"{name}.{suffix}"] = program_text(program(drawing, machine), machine)
    return texts


def sheet_size(machine: Machine, paper: str) -> tuple[float, float]:
    """Return width and height of the sheet in mm, in the orientation that fits the machine. Raises CardError."""
    size = size_of(paper)
    if size is None:
        raise CardError(f"{paper!r} is not a paper size; write {listed()}, or a size in mm such as 200x150")
    if min(size) < 90:
        raise CardError(f"a card of {size[0]:g} x {size[1]:g} mm is too small; use at least 90 mm each way")
    for width_mm, height_mm in (size, size[::-1]):
        if not check_sheet(width_mm, height_mm, machine):
            return width_mm, height_mm
    raise CardError(f"{'; '.join(check_sheet(size[0], size[1], machine))}; or use smaller paper: --paper A5")


def _passes(marks: list[Mark]) -> Iterator[PenPass]:
    """Yield the passes pen by pen in the order of the rack, so that each pen is inserted once."""
    pens = list(dict.fromkeys((m.pen.name, m.pen.colour, m.pen.nib_mm) for m in marks))
    for key in pens:
        for layer in dict.fromkeys((m.layer, m.pen) for m in marks if (m.pen.name, m.pen.colour, m.pen.nib_mm) == key):
            lines = [line for m in marks if (m.layer, m.pen) == layer for line in m.lines]
            yield PenPass(layer[0], layer[1], tuple(lines))


def _merged(drawing: Drawing) -> Drawing:
    """Merge the passes of each pen for the SVG, which has no heights and dwells."""
    passes: list[PenPass] = []
    for each in drawing.passes:
        if passes and each.pen.is_same(passes[-1].pen):
            passes[-1] = replace(passes[-1], lines=(*passes[-1].lines, *each.lines))
        else:
            passes.append(replace(each, layer="card"))
    return replace(drawing, passes=tuple(passes))


_FINELINER = Pen(name="any fineliner", colour="#1c1c1e", nib_mm=0.4)


def _writer(pens: tuple[Pen, ...], scale: float) -> Pen:
    """Return the pen for letters and frames: the rack's darkest thin pen, or any fineliner if the rack has none."""

    def light(pen: Pen) -> float:
        red, green, blue = (int(pen.colour[at : at + 2], 16) for at in (1, 3, 5))
        return 0.3 * red + 0.59 * green + 0.11 * blue + 60 * pen.nib_mm

    darkest = min(pens, key=light)
    return darkest if darkest.nib_mm <= 0.6 * scale and light(darkest) < 150 else _FINELINER


@dataclass(frozen=True)
class CardPage:
    """The printable area of a sheet in mm, and its scale compared with A4."""

    left: float
    top: float
    width: float
    height: float
    scale: float
    writer: Pen

    def text(self, text: str, x: float, y: float, height: float) -> Mark:
        room = self.left + self.width - x
        while text and length_of(text, height) > room + 0.01:
            text = text[:-1]
        return Mark(self.writer, "lettering", tuple(lettered(text, x, y, height)))

    def drawn(self, *lines: Line) -> Mark:
        return Mark(self.writer, "lettering", lines)


def page_of(pens: tuple[Pen, ...], width_mm: float, height_mm: float) -> CardPage:
    margin = 0.055 * width_mm
    width = width_mm - 2 * margin
    scale = width / 187
    return CardPage(margin, margin, width, height_mm - 2 * margin, scale, _writer(pens, scale))


def head(page: CardPage, title: str, subtitle: str) -> Iterator[Mark]:
    """Yield the title, the subtitle, a rule below them, and crosses at the corners."""
    s = page.scale
    yield page.text(title, page.left, page.top + 4 * s, 6 * s)
    yield page.text(subtitle, page.left + page.width - length_of(subtitle, 2.2 * s), page.top + 7.8 * s, 2.2 * s)
    rule = page.top + 13 * s
    yield page.drawn(np.array([[page.left, rule], [page.left + page.width, rule]]))
    for x in (page.left, page.left + page.width):
        for y in (page.top, page.top + page.height):
            yield page.drawn(*cross(x, y, 2 * s))


def height_step(machine: Machine) -> float:
    """Return the step between the strokes of the height ladder, upwards: 0.1 mm, or a twentieth of a servo's travel."""
    up, down = heights(None, machine)
    if isinstance(machine.pen_lift, ZLift) or up is None or down is None:
        return -0.1 if isinstance(machine.pen_lift, ZLift) and machine.pen_lift.grows == "down" else 0.1
    step = (up - down) / 20
    return float(round(step)) if abs(step) >= 2 else step


def cross(x: float, y: float, reach: float) -> list[Line]:
    return [np.array([[x - reach, y], [x + reach, y]]), np.array([[x, y - reach], [x, y + reach]])]

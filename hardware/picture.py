"""The plan of a plot as an SVG: the bed, the sheet, strokes by pen, travel dashed, and a table of the pens."""

import math
from collections.abc import Iterator
from xml.sax.saxutils import escape

from hardware.drawing import Drawing, Ink, Line, is_dot
from hardware.estimate import Estimate, PenEstimate, estimate
from hardware.machine import Machine
from hardware.program import ArcTo, ChangePen, Dot, DrawTo, Park, Step, Travel
from hardware.sheet_placement import SheetPlacement, sheet_placement

_INK, _FAINT, _BED, _GROUND, _TRAVEL = "#22262b", "#8b857a", "#e9e5dc", "#f8f6f1", "#d4145a"
_COLUMNS = (  # of the table: title, position as a share of the width, text anchor
    ("pen", 0.075, "start"),
    ("strokes", 0.52, "end"),
    ("drawn", 0.64, "end"),
    ("travel", 0.76, "end"),
    ("lifts", 0.86, "end"),
    ("time", 1.0, "end"),
)

Point = tuple[float, float]


def plan_svg(drawing: Drawing, steps: tuple[Step, ...], machine: Machine) -> str:
    """Return an SVG of the bed seen from above, in mm, with a table of the pens below it."""
    took = estimate(steps, machine)
    unit = max(machine.width_mm, 1.2 * machine.height_mm) / 100  # unit for text and margins
    head, row = 11 * unit, 4 * unit
    foot = (len(took.pens) + 3.6) * row
    width, height = machine.width_mm + 10 * unit, head + machine.height_mm + 6 * unit + foot
    placement = sheet_placement(drawing.width_mm, drawing.height_mm, machine)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_n(width)}mm" height="{_n(height)}mm"'
        f' viewBox="0 0 {_n(width)} {_n(height)}" font-family="Helvetica, Arial, sans-serif" fill="{_INK}">',
        f'<rect width="{_n(width)}" height="{_n(height)}" fill="{_GROUND}"/>',
        *_title(drawing, machine, took, unit),
        f'<g transform="translate({_n(5 * unit)} {_n(head)})">',
        *_bed(machine, unit),
        # in machine coordinates, with y up
        f'<g transform="translate({_n(-machine.bed_mm[0])} {_n(machine.bed_mm[3])}) scale(1 -1)" fill="none">',
        _sheet(drawing, placement, unit),
        *_strokes(drawing, placement),
        *_travel(steps, unit),
        "</g>",
        *_marks(machine, unit),
        "</g>",
        f'<g transform="translate({_n(5 * unit)} {_n(height - foot)})" font-size="{_n(2 * unit)}">',
        *_table(took, machine.width_mm, row, unit),
        "</g>",
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _title(drawing: Drawing, machine: Machine, took: Estimate, unit: float) -> Iterator[str]:
    size = f"{drawing.width_mm:g} x {drawing.height_mm:g} mm"
    where = f"{size} on {machine.name}, {machine.width_mm:g} x {machine.height_mm:g} mm"
    name = drawing.title or "Plan of a plot"
    room = 60 * machine.width_mm / (100 * unit)
    yield (
        f'<text x="{_n(5 * unit)}" y="{_n(5.4 * unit)}" font-size="{_n(3.2 * unit)}" font-weight="bold">'
        f"{_short(name, int(room))}</text>"
        f'<text x="{_n(5 * unit)}" y="{_n(8.6 * unit)}" font-size="{_n(1.9 * unit)}" fill="{_FAINT}">'
        f"{_short(where, int(1.4 * room))}</text>"
        f'<text x="{_n(5 * unit + machine.width_mm)}" y="{_n(5.4 * unit)}" font-size="{_n(3.2 * unit)}"'
        f' text-anchor="end">{_time(took.total_s)}</text>'
    )


def _bed(machine: Machine, unit: float) -> Iterator[str]:
    """Yield the bed, with a line every 50 mm."""
    (left, bottom, right, top), width, height = machine.bed_mm, machine.width_mm, machine.height_mm
    yield f'<rect width="{_n(width)}" height="{_n(height)}" rx="{_n(0.6 * unit)}" fill="{_BED}"/>'
    lines = [f"M{_n(x - left)},0V{_n(height)}" for x in _marks_between(left, right, 50) if x != left]
    lines += [f"M0,{_n(top - y)}H{_n(width)}" for y in _marks_between(bottom, top, 50) if y != bottom]
    yield f'<path d="{" ".join(lines)}" stroke="#ffffff" stroke-width="{_n(0.15 * unit)}" opacity="0.8"/>'
    yield f'<g font-size="{_n(1.4 * unit)}" fill="{_FAINT}">'
    step = 50 if max(width, height) <= 600 else 200
    for x in _marks_between(left, right, step):
        yield f'<text x="{_n(x - left)}" y="{_n(height + 2.2 * unit)}" text-anchor="middle">{x}</text>'
    for y in _marks_between(bottom, top, step):
        if (left, bottom, y) != (0, 0, 0):  # one 0 is enough where both axes begin there
            yield f'<text x="{_n(-0.8 * unit)}" y="{_n(top - y + 0.5 * unit)}" text-anchor="end">{y}</text>'
    yield "</g>"


def _marks_between(least: float, most: float, step: int) -> range:
    """Return the multiples of a step, in mm, from one edge of the bed to the other."""
    return range(math.ceil(least / step) * step, math.floor(most) + 1, step)


def _sheet(drawing: Drawing, placement: SheetPlacement, unit: float) -> str:
    (x, y), (width, height) = placement.corner_mm, placement.size_mm
    shadow = 0.5 * unit
    return (
        f'<rect x="{_n(x + shadow)}" y="{_n(y - shadow)}" width="{_n(width)}" height="{_n(height)}"'
        ' fill="#000000" opacity="0.12"/>'
        f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}" fill="{drawing.paper}"/>'
    )


def _strokes(drawing: Drawing, placement: SheetPlacement) -> Iterator[str]:
    for pen_pass in drawing.passes:
        pen = pen_pass.pen
        blend = ' style="mix-blend-mode:multiply"' if pen.ink is Ink.TRANSPARENT else ""
        path = " ".join(_path(line, placement) for line in pen_pass.lines)
        yield (
            f'<path d="{path}" stroke="{pen.colour}" stroke-width="{pen.nib_mm:g}" stroke-linecap="round"'
            f' stroke-linejoin="round"{blend}/>'
        )


def _path(line: Line, placement: SheetPlacement) -> str:
    if is_dot(line):
        x, y = placement.on_bed(*line.mean(axis=0).tolist())
        return f"M{_n(x)},{_n(y)}h0.01"
    return "M" + " ".join(f"{_n(x)},{_n(y)}" for x, y in (placement.on_bed(*point) for point in line.tolist()))


def _travel(steps: tuple[Step, ...], unit: float) -> Iterator[str]:
    """Yield the path of the pen's tip while the pen is up."""
    ways: list[str] = []
    at: Point | None = None
    shift = (0.0, 0.0)
    for step in steps:
        match step:
            case ChangePen():
                shift = step.pen.offset_mm or (0.0, 0.0)
            case Travel(x, y) | Park(x, y):
                here = (x + shift[0], y + shift[1])
                if at is not None and at != here:
                    ways.append(f"M{_n(at[0])},{_n(at[1])} {_n(here[0])},{_n(here[1])}")
                at = here
            case DrawTo(x, y) | ArcTo(x, y):
                at = (x + shift[0], y + shift[1])
            case Dot():
                pass
    thin = 0.14 * unit
    yield (
        f'<path d="{" ".join(ways)}" stroke="{_TRAVEL}" stroke-width="{_n(thin)}" stroke-opacity="0.75"'
        f' stroke-dasharray="{_n(5 * thin)} {_n(4 * thin)}"/>'
    )


def _marks(machine: Machine, unit: float) -> Iterator[str]:
    """Yield marks where the pen parks and where pens are changed."""
    places = {machine.park_mm: "park"}
    places[machine.changes_at_mm] = "park, pens" if machine.changes_at_mm == machine.park_mm else "pens"
    for (x_mm, y_mm), name in places.items():
        x, down, size, wide = x_mm - machine.bed_mm[0], machine.bed_mm[3] - y_mm, 0.9 * unit, 2.9 * unit
        right = x < 0.8 * machine.width_mm
        below = -1.4 * unit if down > 0.5 * machine.height_mm else 2.4 * unit
        yield (
            f'<g stroke="{_TRAVEL}" stroke-width="{_n(0.3 * unit)}" fill="none">'
            f'<circle cx="{_n(x)}" cy="{_n(down)}" r="{_n(size)}"/>'
            f'<path d="M{_n(x - wide / 2)},{_n(down)}h{_n(wide)}M{_n(x)},{_n(down - wide / 2)}v{_n(wide)}"/>'
            f'</g><text stroke="{_BED}" stroke-width="{_n(0.6 * unit)}" paint-order="stroke"'
            f'  x="{_n(x + (1.8 if right else -1.8) * unit)}" y="{_n(down + below)}" fill="{_TRAVEL}"'
            f' font-size="{_n(1.6 * unit)}" text-anchor="{"start" if right else "end"}">{name}</text>'
        )


def _table(took: Estimate, width: float, row: float, unit: float) -> Iterator[str]:
    yield _cells([title for title, _, _ in _COLUMNS], width, 0, _FAINT)
    for number, pen in enumerate(took.pens, 1):
        y = number * row
        yield (
            f'<text x="0" y="{_n(y)}" fill="{_FAINT}">{pen.number}</text>'
            f'<path d="M{_n(0.036 * width)},{_n(y - 0.7 * unit)}H{_n(0.06 * width)}" stroke="{pen.pen.colour}"'
            f' stroke-width="{_n(min(max(pen.pen.nib_mm, 0.3 * unit), 2.4 * unit))}" stroke-linecap="round"/>'
        )
        yield _cells(_row(pen, int(44 * width / (100 * unit) * 0.9)), width, y, _INK)
    y = (len(took.pens) + 1.3) * row
    yield (
        f'<path d="M0,{_n(y - 0.75 * row)}H{_n(width)}" stroke="{_FAINT}" stroke-width="{_n(0.12 * unit)}"/>'
        f'<g font-weight="bold">{_cells(_total(took), width, y, _INK)}</g>'
        f'<text x="0" y="{_n(y + row)}" fill="{_FAINT}">{_changes(took)}</text>'
    )


def _cells(texts: list[str], width: float, y: float, colour: str) -> str:
    return "".join(
        f'<text x="{_n(share * width)}" y="{_n(y)}" text-anchor="{anchor}" fill="{colour}">{text}</text>'
        for text, (_, share, anchor) in zip(texts, _COLUMNS, strict=True)
    )


def _row(pen: PenEstimate, room: int) -> list[str]:
    metres = f"{pen.drawn_mm / 1000:.1f} m", f"{pen.travel_mm / 1000:.1f} m"
    return [_short(f"{pen.pen.label} mm", room), str(pen.strokes), *metres, str(pen.lifts), _time(pen.seconds)]


def _total(took: Estimate) -> list[str]:
    metres = f"{took.drawn_mm / 1000:.1f} m", f"{took.travel_mm / 1000:.1f} m"
    return ["all", str(sum(pen.strokes for pen in took.pens)), *metres, str(took.lifts), _time(took.seconds)]


def _changes(took: Estimate) -> str:
    pens = "1 pen is put in" if took.pen_changes == 1 else f"{took.pen_changes} pens are put in"
    refills = f", {took.refills} times one is refilled" if took.refills else ""
    return f"{pens}{refills}: {_time(took.pen_change_s)} by hand; dashed: travel with the pen up"


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"


def _short(text: str, room: int) -> str:
    kept = "".join(c if c.isprintable() else " " for c in text)
    return escape(kept if len(kept) <= room else kept[: max(room - 1, 1)].rstrip() + "…")


def _n(value: float) -> str:
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text

"""Brushes that are dipped: their wells, strokes too long for one dip, the order of strokes, the number of trips."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np

from hardware import toolpath
from hardware.drawing import Drawing, Line, Pen, PenPass, length_mm
from hardware.machine import Machine
from hardware.program import ProgramError
from hardware.sheet_placement import SheetPlacement, sheet_placement
from hardware.stations import Reload

Point = tuple[float, float]  # mm on the sheet


def for_brushes(drawing: Drawing, machine: Machine) -> Drawing:
    """Return the drawing with the strokes of brushes divided, and in an order with short ways to their wells.

    Raises ProgramError for a well that the machine does not have, or that lies on the sheet.
    """
    check_wells(drawing, machine)
    if not _has_brushes(drawing):
        return drawing
    return divided(replace(drawing, passes=tuple(_near(part, drawing, machine) for part in drawing.passes)))


def check_wells(drawing: Drawing, machine: Machine) -> None:
    """Raise ProgramError for a well that the machine does not have, or that lies on the sheet."""
    pens = [part.pen for part in drawing.passes if part.lines]
    if faults := well_faults(pens, drawing.width_mm, drawing.height_mm, machine):
        raise ProgramError("\n".join(faults))


def well_faults(pens: Iterable[Pen], width_mm: float, height_mm: float, machine: Machine) -> tuple[str, ...]:
    """Return a message for each well of these pens that the machine does not have, or that lies on such a sheet."""
    return tuple(
        f"{pen.label}: {fault}"
        for pen in pens
        if pen.brush is not None
        for fault in _faults(pen.brush, sheet_placement(width_mm, height_mm, machine), machine)
    )


def _faults(brush: Reload, placement: SheetPlacement, machine: Machine) -> Iterator[str]:
    known = {station.name: station for station in machine.stations}
    (left, bottom), (width, height) = placement.corner_mm, placement.size_mm
    for name in filter(None, (brush.station, brush.wash)):
        if name not in known:
            there = f"there are {', '.join(map(repr, known))}" if known else "its file has no `stations`"
            yield f"{machine.name!r} has no station {name!r} for its `reload`; {there}"
            continue
        well = known[name]
        beside = max(left - well.x_mm, well.x_mm - left - width), max(bottom - well.y_mm, well.y_mm - bottom - height)
        if math.hypot(*(max(each, 0.0) for each in beside)) < well.radius_mm:
            yield (
                f"its station {name!r} at [{well.x_mm:g}, {well.y_mm:g}], radius {well.radius_mm:g} mm, lies on the"
                f" sheet, which reaches from [{left:g}, {bottom:g}] to [{left + width:g}, {bottom + height:g}]; move"
                " the station or the sheet (origin_mm)"
            )


def _has_brushes(drawing: Drawing) -> bool:
    return any(part.pen.reload is not None for part in drawing.passes)


# --- long strokes ---


def divided(drawing: Drawing) -> Drawing:
    """Return the drawing with the strokes of brushes divided where a dip does not last for a whole stroke."""
    if not _has_brushes(drawing):
        return drawing
    return replace(drawing, passes=tuple(map(_divided, drawing.passes)))


def _divided(part: PenPass) -> PenPass:
    if part.pen.reload is None or part.pen.reload.every_m is None:
        return part
    most_mm = 1000 * part.pen.reload.every_m
    return replace(part, lines=tuple(piece for line in part.lines for piece in _pieces(line, most_mm)))


def _pieces(line: Line, most_mm: float) -> list[Line]:
    """Return a line, [S, 2] mm, in equal pieces no longer than that."""
    total_mm = length_mm(line)
    count = int(np.ceil(total_mm / most_mm - 1e-9))
    if count <= 1:
        return [line]
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    cuts = np.linspace(0, total_mm, count + 1)
    pieces = []
    for begin, end in pairwise(cuts.tolist()):
        inner = line[(along > begin + 1e-9) & (along < end - 1e-9)]
        ends = [[float(np.interp(at, along, line[:, axis])) for axis in (0, 1)] for at in (begin, end)]
        pieces.append(np.concatenate([[ends[0]], inner, [ends[1]]]))
    return pieces


# --- trips ---


def trips(drawing: Drawing) -> dict[int, int]:
    """Return how often the brush of each pass, counted from 1, goes to its well; passes without a brush are absent."""
    return {
        number: len(due(part.pen.reload, list(map(length_mm, part.lines))))
        for number, part in enumerate(divided(drawing).passes, 1)
        if part.pen.reload is not None and part.lines
    }


def due(how: Reload, lengths_mm: list[float]) -> list[int]:
    """Return before which strokes, counted from 0, a brush is dipped, the first of which is always one."""
    found, strokes, drawn_mm = [], 0, 0.0
    for number, mm in enumerate(lengths_mm):
        if number == 0 or how.is_due(strokes, drawn_mm, mm):
            found.append(number)
            strokes, drawn_mm = 0, 0.0
        strokes, drawn_mm = strokes + 1, drawn_mm + mm
    return found


# --- the order of strokes ---


def _near(part: PenPass, drawing: Drawing, machine: Machine) -> PenPass:
    """Return a pass in which the strokes of each dip are in a short order from the well and back.

    In the given order they lie together already. A pass that would get longer, since `every_m` then ends elsewhere, is
    left as it is.
    """
    brush = part.pen.brush
    if brush is None or part.is_free or not part.lines:
        return part
    well = next(station for station in machine.stations if station.name == brush.station)
    at = sheet_placement(drawing.width_mm, drawing.height_mm, machine).on_sheet(well.x_mm, well.y_mm)
    begins = [*due(brush, list(map(length_mm, part.lines))), len(part.lines)]
    dips = (replace(part, lines=part.lines[begin:end]) for begin, end in pairwise(begins))
    ordered = replace(part, lines=tuple(line for dip in dips for line in _from_well(dip, drawing, at)))
    return min((part, ordered), key=lambda each: way_mm(each, at))


def _from_well(dip: PenPass, drawing: Drawing, at: Point) -> tuple[Line, ...]:
    return toolpath.order(replace(drawing, passes=(dip,)), at).passes[0].lines


def way_mm(part: PenPass, well: Point) -> float:
    """Return the way of a brush with the pen up: from its well, from stroke to stroke, and back for each dip."""
    pieces = _divided(part).lines
    assert part.pen.reload is not None
    dips, at, total = set(due(part.pen.reload, list(map(length_mm, pieces)))), well, 0.0
    for number, line in enumerate(pieces):
        if number in dips:
            total, at = total + math.dist(at, well), well
        total += math.dist(at, line[0])
        at = (float(line[-1][0]), float(line[-1][1]))
    return total + math.dist(at, well)

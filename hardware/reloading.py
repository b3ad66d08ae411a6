"""Trips of a brush to its well: strokes that are too long for one dip are divided, and trips are counted."""

import difflib
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np

from hardware.drawing import Drawing, Line, Pen, PenPass, length_mm
from hardware.machine import Machine, sheet_placement
from hardware.stations import Reload


def divided(drawing: Drawing, machine: Machine) -> Drawing:
    """Return the drawing with the strokes of brushes divided where a dip does not last for a whole stroke."""
    if not machine.reload:
        return drawing
    return replace(drawing, passes=tuple(_divided(part, _reload(part.pen, machine)) for part in drawing.passes))


def _reload(pen: Pen, machine: Machine) -> Reload | None:
    return machine.reload_of(pen.label, pen.name)


def _divided(part: PenPass, how: Reload | None) -> PenPass:
    if how is None or how.every_m is None:
        return part
    most_mm = 1000 * how.every_m
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


def trips(drawing: Drawing, machine: Machine) -> dict[int, int]:
    """Return how often the brush of each pass, counted from 1, goes to its well; passes without a brush are absent."""
    found = {}
    for number, part in enumerate(divided(drawing, machine).passes, 1):
        how = _reload(part.pen, machine)
        if how is not None and part.lines:
            found[number] = len(due(how, [length_mm(line) for line in part.lines]))
    return found


def due(how: Reload, lengths_mm: list[float]) -> list[int]:
    """Return before which strokes, counted from 0, a brush is dipped, the first of which is always one."""
    found, strokes, drawn_mm = [], 0, 0.0
    for number, mm in enumerate(lengths_mm):
        if number == 0 or how.is_due(strokes, drawn_mm, mm):
            found.append(number)
            strokes, drawn_mm = 0, 0.0
        strokes, drawn_mm = strokes + 1, drawn_mm + mm
    return found


def station_warnings(machine: Machine, pens: tuple[Pen, ...], width_mm: float, height_mm: float) -> tuple[str, ...]:
    """Return what is odd about wells and brushes, for these pens and a sheet of this size."""
    return (*_unknown_brushes(machine, pens), *_wells_on_the_sheet(machine, width_mm, height_mm))


def _unknown_brushes(machine: Machine, pens: tuple[Pen, ...]) -> Iterator[str]:
    names = [name for pen in pens for name in (pen.name, pen.label)]
    for how in machine.reload:
        if how.pen != "*" and how.pen not in names:
            near = difflib.get_close_matches(how.pen, names, n=1)
            instead = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(pen.name for pen in pens)}"
            yield f"reload of {machine.name}: no pen is named {how.pen!r}; {instead}"


def _wells_on_the_sheet(machine: Machine, width_mm: float, height_mm: float) -> Iterator[str]:
    on_sheet = sheet_placement(width_mm, height_mm, machine).on_sheet
    for well in machine.stations:
        x_mm, y_mm = on_sheet(well.x_mm, well.y_mm)
        beside_mm = float(np.hypot(x_mm - min(max(x_mm, 0), width_mm), y_mm - min(max(y_mm, 0), height_mm)))
        if beside_mm < well.radius_mm:
            yield (
                f"the well {well.name!r} of {machine.name} reaches {well.radius_mm - beside_mm:.0f} mm onto the sheet; "
                "move it, or the sheet by origin_mm"
            )

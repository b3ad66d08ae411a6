"""Trips of a brush to its well: strokes that are too long for one dip are divided, and trips are counted."""

from dataclasses import replace
from itertools import pairwise

import numpy as np

from hardware.drawing import Drawing, Line, Pen, PenPass, length_mm
from hardware.machine import Machine
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

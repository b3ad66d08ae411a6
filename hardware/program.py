"""A drawing and a machine to the steps that the machine takes: mm, y up, origin at the bed's bottom left corner.

Here, and nowhere else, y is flipped; and everything is checked against the bed before there is a line of G-code.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hardware.arcs import simplify
from hardware.drawing import Drawing, Line, Pen, PenPass, is_dot, length_mm
from hardware.machine import ROUNDING_MM, Machine


class ProgramError(ValueError):
    """A drawing that the machine cannot or must not draw; the message has a line for every fault."""


@dataclass(frozen=True, slots=True)
class ChangePen:
    """The pen is up and parked: a person puts this one in, unless it is there already (`insert` is false)."""

    number: int  # of the pass in the drawing, from 1
    pen: Pen
    layer: str
    strokes: int
    drawn_mm: float
    feed_mm_min: float
    insert: bool = True


@dataclass(frozen=True, slots=True)
class Travel:
    """Move with the pen up."""

    x_mm: float
    y_mm: float


@dataclass(frozen=True, slots=True)
class Lower:
    """Put the pen down."""


@dataclass(frozen=True, slots=True)
class DrawTo:
    """Move with the pen down."""

    x_mm: float
    y_mm: float


@dataclass(frozen=True, slots=True)
class Dot:
    """Put the pen down, let it rest, lift it."""

    dwell_s: float


@dataclass(frozen=True, slots=True)
class Lift:
    """Raise the pen."""


@dataclass(frozen=True, slots=True)
class Park:
    """Move, pen up, to where the pen waits."""

    x_mm: float
    y_mm: float


@dataclass(frozen=True, slots=True)
class End:
    """The program is over; the pen is up and parked."""


Step = ChangePen | Travel | Lower | DrawTo | Dot | Lift | Park | End


def program(drawing: Drawing, machine: Machine) -> tuple[Step, ...]:
    """All steps, pass after pass; a pass without lines takes none.

    Raises ProgramError where colours are free, or where a pen would leave the sheet or the bed.
    """
    if faults := _faults(drawing, machine):
        raise ProgramError("\n".join(faults))
    return tuple(_steps(drawing, machine))


def park_on_sheet(height_mm: float, machine: Machine) -> tuple[float, float]:
    """Where each pass starts and ends, the machine's park position, in a drawing's own mm (origin top left, y down)."""
    x_mm, y_mm = machine.park_mm
    left_mm, bottom_mm = machine.origin_mm
    return x_mm - left_mm, height_mm - (y_mm - bottom_mm)


def _steps(drawing: Drawing, machine: Machine) -> Iterator[Step]:
    park = Park(*machine.park_mm)
    held: Pen | None = None
    yield park
    for number, pen_pass in enumerate(drawing.passes, 1):
        if not pen_pass.lines:
            continue
        yield _change(number, pen_pass, machine, insert=pen_pass.pen != held)
        held = pen_pass.pen
        dwell_s = machine.dwell_s if held.dwell_s is None else held.dwell_s
        for line in pen_pass.lines:
            yield from _stroke(_on_bed(line, drawing, machine), dwell_s, machine.tolerance_mm)
        yield park
    yield End()


def _change(number: int, pen_pass: PenPass, machine: Machine, insert: bool) -> ChangePen:
    drawn_mm = sum(length_mm(line) for line in pen_pass.lines)
    feed_mm_min = pen_pass.pen.feed_mm_min or machine.feed_mm_min
    return ChangePen(number, pen_pass.pen, pen_pass.layer, len(pen_pass.lines), drawn_mm, feed_mm_min, insert)


def _stroke(line: Line, dwell_s: float, tolerance_mm: float) -> Iterator[Step]:
    if is_dot(line):
        x_mm, y_mm = line.mean(axis=0).tolist()
        yield Travel(x_mm, y_mm)
        yield Dot(dwell_s)
        return
    (x_mm, y_mm), *rest = simplify(line, tolerance_mm).tolist()
    yield Travel(x_mm, y_mm)
    yield Lower()
    for x_mm, y_mm in rest:
        yield DrawTo(x_mm, y_mm)
    yield Lift()


def _on_bed(points: Line, drawing: Drawing, machine: Machine) -> Line:
    left_mm, bottom_mm = machine.origin_mm
    return np.column_stack([left_mm + points[:, 0], bottom_mm + drawing.height_mm - points[:, 1]])


def _faults(drawing: Drawing, machine: Machine) -> list[str]:
    faults = []
    for number, pen_pass in enumerate(drawing.passes, 1):
        who = f"pen {number} ({pen_pass.pen.label})"
        if pen_pass.colours is not None or pen_pass.widths_mm is not None:
            faults.append(
                f"{who}: its lines have colours or widths of their own (free colours), which no pen can draw;"
                " name the pens in the spec"
            )
        elif pen_pass.lines:
            points = np.concatenate(pen_pass.lines)
            faults += [f"{who}: {fault}" for fault in _strays(points, drawing, machine)]
    return faults


def _strays(points: Line, drawing: Drawing, machine: Machine) -> list[str]:
    """Where these points, in the drawing's coordinates, leave the bed, or else the sheet."""
    if not np.isfinite(points).all():
        return ["a line has a coordinate that is not a number"]
    on_bed = _beyond(
        _on_bed(points, drawing, machine), (machine.width_mm, machine.height_mm), f"the bed of {machine.name!r}"
    )
    if on_bed:
        return [f"{stray}; use smaller paper or move origin_mm" for stray in on_bed]
    on_sheet = _beyond(points, (drawing.width_mm, drawing.height_mm), "the sheet")
    return [f"{stray}; cut the drawing at the sheet's edge or use larger paper" for stray in on_sheet]


def _beyond(points: Line, size_mm: tuple[float, float], area: str) -> list[str]:
    strays = []
    for name, limit_mm, least, most in zip("xy", size_mm, points.min(axis=0), points.max(axis=0), strict=True):
        if least < -ROUNDING_MM:
            strays.append(f"a line reaches {name} = {least:.1f} mm, {area} begins at 0 mm")
        if most > limit_mm + ROUNDING_MM:
            strays.append(f"a line reaches {name} = {most:.1f} mm, {area} ends at {limit_mm:g} mm")
    return strays

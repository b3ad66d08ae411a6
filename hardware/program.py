"""A drawing and a machine -> the steps of the machine: mm, y up, in the machine's coordinates.

Everything is checked against the machine here, before any G-code is written.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hardware.arcs import Arc, arc_points, arcs, simplify
from hardware.drawing import Drawing, Line, Pen, PenPass, is_dot, length_mm
from hardware.machine import ROUNDING_MM, Machine
from hardware.pen_lift import RelayLift, ZLift
from hardware.sheet_placement import SheetPlacement, sheet_placement


class ProgramError(ValueError):
    """A drawing that the machine cannot or must not draw; the message has one line per fault."""


@dataclass(frozen=True, slots=True)
class ChangePen:
    """A pass begins. The pen is up and parked. With `insert` a person inserts this pen; else it is already in."""

    number: int  # of the pass in the drawing, from 1
    pen: Pen
    layer: str
    strokes: int
    drawn_mm: float
    feed_mm_min: float
    insert: bool = True
    up: float | None = None  # height of this pen in the unit of the pen lift; None: a relay has no heights
    down: float | None = None


@dataclass(frozen=True, slots=True)
class Refill:
    """The pen is up and parked: a person refills or sharpens it and inserts it again."""

    number: int  # of the pass
    pen: Pen
    drawn_mm: float  # since it was inserted or refilled


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
class ArcTo:
    """Move with the pen down along an arc of less than a full circle."""

    x_mm: float
    y_mm: float
    centre_x_mm: float
    centre_y_mm: float
    clockwise: bool


@dataclass(frozen=True, slots=True)
class Dot:
    """Put the pen down, let it rest, and raise it."""

    dwell_s: float


@dataclass(frozen=True, slots=True)
class Lift:
    """Raise the pen."""


@dataclass(frozen=True, slots=True)
class Park:
    """Move with the pen up to the park position."""

    x_mm: float
    y_mm: float


@dataclass(frozen=True, slots=True)
class End:
    """The program ends; the pen is up and parked."""


Step = ChangePen | Refill | Travel | Lower | DrawTo | ArcTo | Dot | Lift | Park | End


def program(drawing: Drawing, machine: Machine) -> tuple[Step, ...]:
    """Return all steps, pass by pass; a pass without lines takes none.

    Raises ProgramError where colours are free, where a pen would leave the sheet or the bed, and where the machine
    cannot lift a pen.
    """
    if faults := _faults(drawing, machine):
        raise ProgramError("\n".join(faults))
    return tuple(_steps(drawing, machine))


def park_on_sheet(width_mm: float, height_mm: float, machine: Machine) -> tuple[float, float]:
    """Return where pens are changed, in the coordinates of a drawing of this size: mm, origin top left, y down."""
    return sheet_placement(width_mm, height_mm, machine).on_sheet(*machine.changes_at_mm)


def _steps(drawing: Drawing, machine: Machine) -> Iterator[Step]:
    change_at = Park(*machine.changes_at_mm)
    placement = sheet_placement(drawing.width_mm, drawing.height_mm, machine)
    held: Pen | None = None
    drawn_mm = 0.0  # by the current pen, since it was inserted or refilled
    for number, pen_pass in enumerate(drawing.passes, 1):
        if not pen_pass.lines:
            continue
        change = _change(number, pen_pass, machine, insert=not pen_pass.pen.is_same(held))
        if change.insert:
            yield change_at
            drawn_mm = 0.0
        held = pen_pass.pen
        yield change
        for line in pen_pass.lines:
            length = length_mm(line)
            if _runs_dry(pen_pass.pen, drawn_mm, length):
                yield change_at
                yield Refill(number, pen_pass.pen, drawn_mm)
                drawn_mm = 0.0
            yield from _stroke(line, placement, pen_pass.pen, machine)
            drawn_mm += length
    yield Park(*machine.park_mm)
    yield End()


def _runs_dry(pen: Pen, drawn_mm: float, more_mm: float) -> bool:
    """Whether a pen must be refilled before it draws this much more; a full pen draws a line of any length."""
    return pen.max_draw_m is not None and drawn_mm > 0 and drawn_mm + more_mm > 1000 * pen.max_draw_m + 1e-6


def _change(number: int, pen_pass: PenPass, machine: Machine, insert: bool) -> ChangePen:
    pen = pen_pass.pen
    drawn_mm = sum(length_mm(line) for line in pen_pass.lines)
    feed_mm_min = pen.feed_mm_min or machine.feed_mm_min
    up, down = heights(pen, machine)
    return ChangePen(number, pen, pen_pass.layer, len(pen_pass.lines), drawn_mm, feed_mm_min, insert, up, down)


def heights(pen: Pen | None, machine: Machine) -> tuple[float | None, float | None]:
    """Return the heights of this pen, up and down, in the unit of the pen lift; None where the lift has no heights."""
    lift = machine.pen_lift
    if isinstance(lift, RelayLift):
        return None, None
    up, down = (lift.up_mm, lift.down_mm) if isinstance(lift, ZLift) else (lift.up, lift.down)
    own_up, own_down = (pen.up, pen.down) if pen else (None, None)
    return up if own_up is None else own_up, down if own_down is None else own_down


def _stroke(line: Line, placement: SheetPlacement, pen: Pen, machine: Machine) -> Iterator[Step]:
    on_bed = _on_bed(line, placement, pen)
    if is_dot(line):
        x_mm, y_mm = on_bed.mean(axis=0).tolist()
        yield Travel(x_mm, y_mm)
        yield Dot(machine.dwell_s if pen.dwell_s is None else pen.dwell_s)
        return
    yield Travel(*on_bed[0].tolist())
    yield Lower()
    yield from _moves(on_bed, placement, machine)
    yield Lift()


def _moves(line: Line, placement: SheetPlacement, machine: Machine) -> Iterator[Step]:
    """Yield the moves from the line's second point on; without arcs if one would bulge off the bed or the sheet."""
    tolerance_mm = max(machine.tolerance_mm - 2 * ROUNDING_MM, 0.5 * machine.tolerance_mm)  # reduced by the rounding
    curved = _arcs(line, tolerance_mm) if machine.arcs else None
    if curved is None or not _keeps_inside(line[0].tolist(), curved, placement, machine):
        for x_mm, y_mm in simplify(line, tolerance_mm)[1:].tolist():
            yield DrawTo(x_mm, y_mm)
        return
    yield from curved


def _arcs(line: Line, tolerance_mm: float) -> list[ArcTo | DrawTo]:
    return [
        ArcTo(*piece.end, *piece.centre, piece.clockwise) if isinstance(piece, Arc) else DrawTo(*piece)
        for piece in arcs(line, tolerance_mm)
    ]


def _keeps_inside(
    at: tuple[float, float], moves: list[ArcTo | DrawTo], placement: SheetPlacement, machine: Machine
) -> bool:
    x_mm, y_mm = placement.corner_mm
    left, bottom, right, top = machine.bed_mm
    most = np.minimum((right, top), (x_mm + placement.size_mm[0], y_mm + placement.size_mm[1]))
    least = np.maximum((left, bottom), (x_mm, y_mm))
    for move in moves:
        end = (move.x_mm, move.y_mm)
        if isinstance(move, ArcTo):
            along = arc_points(at, end, (move.centre_x_mm, move.centre_y_mm), move.clockwise, ROUNDING_MM)
            if (along < least - ROUNDING_MM).any() or (along > most + ROUNDING_MM).any():
                return False
        at = end
    return True


def _on_bed(points: Line, placement: SheetPlacement, pen: Pen) -> Line:
    """Return where the machine has to be, [S, 2] mm, for this pen's tip to be at the points."""
    offset_mm = np.array(placement.offset_mm) - np.array(pen.offset_mm or (0.0, 0.0))
    turned: Line = points @ np.array(placement.rows, dtype=np.float64).T + offset_mm
    return turned


# --- what the machine cannot do ---------------------------------------------------------------------------------------


def _faults(drawing: Drawing, machine: Machine) -> list[str]:
    faults = []
    for number, pen_pass in enumerate(drawing.passes, 1):
        who = f"pen {number} ({pen_pass.pen.label})"
        if pen_pass.colours is not None or pen_pass.widths_mm is not None:
            faults.append(
                f"{who}: its lines have free colours or widths, which no pen can draw; name the pens in the spec"
            )
        elif pen_pass.lines:
            faults += [f"{who}: {fault}" for fault in _unliftable(pen_pass.pen, machine)]
            points = np.concatenate(pen_pass.lines)
            faults += [f"{who}: {fault}" for fault in _strays(points, drawing, machine, pen_pass.pen)]
    return faults


def _unliftable(pen: Pen, machine: Machine) -> Iterator[str]:
    """Yield a message for each height of this pen that the pen lift cannot reach."""
    up, down = heights(pen, machine)
    match machine.pen_lift:
        case RelayLift() if pen.up is not None or pen.down is not None:
            yield f"it has heights, but the pen lift of {machine.name!r} is a relay; leave up and down out"
        case ZLift() as lift if up is not None and down is not None and not lift.clears(up, down):
            side = "above" if lift.grows == "up" else "below"
            yield f"its up height, z = {up:g} mm, must be {side} its down height, z = {down:g} mm"
        case ZLift():
            pass
        case _:
            for name, value in (("up", up), ("down", down)):
                if value is not None and not 0 <= value <= 65535:
                    yield f"its {name} value is {value:g}, but a servo takes values from 0 to 65535"


def _strays(points: Line, drawing: Drawing, machine: Machine, pen: Pen) -> list[str]:
    """Return a message for each side where points, [S, 2] mm on the sheet, leave the bed, the sheet or the margin."""
    if not np.isfinite(points).all():
        return ["a line has a coordinate that is not a finite number"]
    sheet_mm = drawing.width_mm, drawing.height_mm
    left, bottom, right, top = machine.bed_mm
    reached = _on_bed(points, sheet_placement(*sheet_mm, machine), pen)
    on_bed = _beyond(reached, (left, bottom), (right, top), f"the bed of {machine.name!r}")
    if on_bed:
        cure = (
            "use smaller paper or move origin_mm" if pen.offset_mm is None else "move origin_mm or the pen's offset_mm"
        )
        return [f"{stray}; {cure}{_where_the_bed_lies(stray)}" for stray in on_bed]
    on_sheet = _beyond(points, (0.0, 0.0), sheet_mm, "the sheet")
    if on_sheet:
        return [f"{stray}; clip the drawing at the sheet's edge or use larger paper" for stray in on_sheet]
    margin_mm = machine.margin_mm
    inner = (sheet_mm[0] - margin_mm, sheet_mm[1] - margin_mm)
    within = _beyond(points, (margin_mm, margin_mm), inner, f"the area inside the margin of {margin_mm:g} mm")
    return [f"{stray}; clip the drawing there or make margin_mm smaller" for stray in within]


def _where_the_bed_lies(stray: str) -> str:
    """Return which fields of the machine file to correct if the bed is not where a message says."""
    return f"; if its bed lies elsewhere, correct bed_min_mm or {'width_mm' if ' x = ' in stray else 'height_mm'}"


def _beyond(points: Line, least_mm: tuple[float, float], most_mm: tuple[float, float], area: str) -> list[str]:
    strays = []
    extent = zip("xy", least_mm, most_mm, points.min(axis=0), points.max(axis=0), strict=True)
    for name, begin_mm, end_mm, least, most in extent:
        if least < begin_mm - ROUNDING_MM:
            strays.append(f"a line reaches {name} = {least:.1f} mm, but {area} begins at {begin_mm:g} mm")
        if most > end_mm + ROUNDING_MM:
            strays.append(f"a line reaches {name} = {most:.1f} mm, but {area} ends at {end_mm:g} mm")
    return strays

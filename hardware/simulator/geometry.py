"""Geometry of the simulated controller: arcs as chords, and offsets."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from hardware.simulator.grbl_parser import GrblError, ParsedLine
from hardware.simulator.lookahead_planner import Vector

if TYPE_CHECKING:
    from hardware.simulator.machine_state import MachineState

OTHER_AXIS = {170: (0, 1, 2), 180: (2, 0, 1), 190: (1, 2, 0)}


def arc(line: ParsedLine, scale: float, clockwise: bool, machine: "MachineState", target: Vector) -> Iterator[Vector]:
    """Yield the ends of chords that deviate from the arc by at most $12. Raises GrblError."""
    a, b, c = OTHER_AXIS[machine.modes.plane]
    start, values = machine.planned, line.values
    if "R" in values:
        i, j = by_radius(start[a], start[b], target[a], target[b], values["R"] * scale, clockwise)
    else:
        offsets = [values.get(letter, 0.0) * scale for letter in "IJK"]
        i, j = offsets[a], offsets[b]
    centre, radius = (start[a] + i, start[b] + j), math.hypot(i, j)
    if abs(math.dist(centre, (target[a], target[b])) - radius) > max(0.005, 0.001 * radius):
        raise GrblError(33)
    begin = math.atan2(start[b] - centre[1], start[a] - centre[0])
    turn = math.atan2(target[b] - centre[1], target[a] - centre[0]) - begin
    if clockwise:
        turn -= 2 * math.pi if turn >= -5e-7 else 0.0
    else:
        turn += 2 * math.pi if turn <= 5e-7 else 0.0
    tolerance = machine.values[12]
    chords = int(abs(0.5 * turn * radius) / math.sqrt(tolerance * (2 * radius - tolerance)))
    for at in range(1, chords):
        angle, point = begin + turn * at / chords, [0.0, 0.0, 0.0]
        point[a] = centre[0] + radius * math.cos(angle)
        point[b] = centre[1] + radius * math.sin(angle)
        point[c] = start[c] + (target[c] - start[c]) * at / chords
        yield point[0], point[1], point[2]
    yield target


def offset_after(before: Vector, given: dict[str, float], now: Vector | None, others: Vector) -> Vector:
    """Return the offsets after G10 and G92. With `now`, the current position gets the given coordinates."""
    made = list(before)
    for axis, letter in enumerate("XYZ"):
        if letter in given:
            made[axis] = given[letter] if now is None else now[axis] - others[axis] - given[letter]
    return made[0], made[1], made[2]


def by_radius(x: float, y: float, to_x: float, to_y: float, radius: float, clockwise: bool) -> tuple[float, float]:
    """Return the centre, relative to the start, of an arc given by its radius; a negative one is the longer arc.

    Raises GrblError 33 for equal ends, 34 for too small a radius.
    """
    dx, dy = to_x - x, to_y - y
    apart = math.hypot(dx, dy)
    if apart == 0:
        raise GrblError(33)
    square = 4 * radius * radius - apart * apart
    if square < 0:
        raise GrblError(34)
    side = math.sqrt(square) / apart * (1 if clockwise == (radius > 0) else -1)
    return 0.5 * (dx + dy * side), 0.5 * (dy - dx * side)

"""A drawing made again from its G-code, by the reader that shares nothing with the writer."""

from dataclasses import replace

import numpy as np
from gcode_reader import Lift, Plot, Reader

from hardware.drawing import Drawing, Line, Pen, PenPass
from hardware.machine import Machine
from hardware.pen_lift import RelayLift, ServoLift, ZLift


def reader_of(machine: Machine, *pens: Pen) -> Reader:
    """A reader that knows the machine, and pens that are held at heights of their own."""
    own_up = {pen.up for pen in pens if pen.up is not None}
    own_down = {pen.down for pen in pens if pen.down is not None}
    match machine.pen_lift:
        case ServoLift(up=up, down=down):
            lift = Lift.between("servo", {up} | own_up, {down} | own_down)
        case ZLift(up_mm=up, down_mm=down):
            lift = Lift.between("z", {up} | own_up, {down} | own_down)
        case RelayLift(drops_when=drops_when):
            lift = Lift("relay", lambda value: (value == 1) == (drops_when == "powered"))
    dialect = machine.dialect if isinstance(machine.dialect, str) else machine.dialect.base
    return Reader(machine.width_mm, machine.height_mm, lift, dialect, machine.bed_min_mm)


def on_sheet(line: list[tuple[float, float]], drawing: Drawing, machine: Machine) -> Line:
    """The machine's coordinates turned back into the drawing's, computed apart from the writer."""
    width, height = drawing.width_mm, drawing.height_mm
    turned = machine.rotate in (90, 270)
    left, bottom = machine.origin_mm
    if machine.centre:
        left = machine.bed_min_mm[0] + (machine.width_mm - (height if turned else width)) / 2
        bottom = machine.bed_min_mm[1] + (machine.height_mm - (width if turned else height)) / 2
    u, v = (np.array(line) - (left, bottom)).T
    x, y = {0: (u, height - v), 90: (v, u), 180: (width - u, v), 270: (width - v, height - u)}[machine.rotate]
    return np.stack([x, y], axis=1)


def redrawn(text: str, drawing: Drawing, machine: Machine) -> tuple[Drawing, Plot]:
    """What the machine draws of it. The pens are put in in the drawing's order, each at its pause."""
    pens = [p.pen for at, p in enumerate(drawing.passes) if p.lines]
    put_in = [pen for at, pen in enumerate(pens) if at == 0 or not pen.is_same(pens[at - 1])]
    plot = reader_of(machine, *pens).read(text)
    changes = [at for at, (message, _) in enumerate(plot.pauses) if "insert" in message]
    passes = []
    for number, pen in enumerate(put_in):
        last = changes[number + 1] if number + 1 < len(changes) else len(plot.pauses) + 1
        lines = [
            on_sheet(line, drawing, machine)
            for line, pauses in zip(plot.lines, plot.pen_of, strict=True)
            if changes[number] < pauses <= last
        ]
        passes.append(PenPass("redrawn", pen, tuple(lines)))
    return replace(drawing, passes=tuple(passes)), plot

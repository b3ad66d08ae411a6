"""`render plot`: a finished render, an SVG or G-code to the machine."""

from pathlib import Path
from typing import Any

from hardware.intake import options_of, placed
from hardware.machine import Machine, MachineError, load_machine
from hardware.sender.job import Job
from hardware.sender.prepare import from_drawing, from_gcode, is_gcode
from hardware.svgfile.layers import By
from hardware.terminal.command import Wanted, plot
from hardware.terminal.options import journal_beside
from renderer.cli.plan import drawing_of

_HOW = ("hatch_mm", "rack", "by", "keep_order", "rotate", "centre")


def plot_work(*, what: Path, machine: Path | None, **options: Any) -> int:
    """Everything is checked before the port is opened, and against the controller before anything moves."""
    how = {name: options.pop(name) for name in _HOW}
    chosen = None if machine is None else load_machine(machine)
    job, used = job_of(what, chosen, **how)
    return plot(job, used, Wanted(**options), journal_beside(what))


def job_of(
    what: Path,
    machine: Machine | None,
    rotate: str | None = None,
    centre: bool = False,
    hatch_mm: float | None = None,
    rack: Path | None = None,
    by: By | None = None,
    keep_order: bool = False,
) -> tuple[Job, Machine]:
    """What is sent for a render, an SVG or G-code, and the machine that it is for. Raises MachineError and others."""
    if is_gcode(what):
        if machine is None:
            raise MachineError(f"{what}: G-code does not say for which machine it is; name it with --machine")
        return from_gcode(what, machine), machine
    chosen = machine and placed(machine, rotate, centre)
    drawing, own = drawing_of(what, chosen, options_of(hatch_mm, rack, by, keep_order))
    used = chosen or (own and placed(own, rotate, centre))
    if used is None:
        raise MachineError(f"{what}: does not say which machine draws it; name it with --machine")
    return from_drawing(drawing, used, drawing.title or what.stem), used

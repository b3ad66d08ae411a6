"""`render plot`: a finished render, an SVG or G-code to the machine."""

from pathlib import Path
from typing import Any

from hardware.intake import options_of, placed
from hardware.machine import Machine, MachineError, load_machine
from hardware.sender.job import Job
from hardware.sender.prepare import from_drawing, from_gcode, is_gcode
from hardware.terminal.command import Wanted, plot
from hardware.terminal.options import journal_beside
from renderer.cli.plan import drawing_of

_HOW = ("hatch_mm", "rack", "by", "keep_order", "rotate", "centre")


def plot_work(*, what: Path, machine: Path | None, **options: Any) -> int:
    """Everything is checked before the port is opened, and against the controller before anything moves."""
    how = {name: options.pop(name) for name in _HOW}
    chosen = None if machine is None else load_machine(machine)
    job, used = _job(what, chosen, **how)
    return plot(job, used, Wanted(**options), journal_beside(what))


def _job(what: Path, machine: Machine | None, rotate: str | None, centre: bool, **how: Any) -> tuple[Job, Machine]:
    if is_gcode(what):
        if machine is None:
            raise MachineError(f"{what}: G-code does not say for which machine it is; name it with --machine")
        return from_gcode(what, machine), machine
    chosen = machine and placed(machine, rotate, centre)
    drawing, own = drawing_of(what, chosen, options_of(**how))
    used = chosen or (own and placed(own, rotate, centre))
    if used is None:
        raise MachineError(f"{what}: does not say which machine draws it; name it with --machine")
    return from_drawing(drawing, used, drawing.title or what.stem), used

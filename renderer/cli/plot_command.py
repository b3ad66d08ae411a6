"""`render plot`: a finished render, an SVG or G-code to the machine."""

from pathlib import Path
from typing import Any

from hardware.drawing_part import DrawingPart
from hardware.machine import load_machine
from hardware.terminal.options import journal_beside
from hardware.terminal.plot_runner import PlotArguments, plot
from renderer.cli import printing
from renderer.plot_source import lines_of

_HOW = ("hatch_mm", "rack", "by", "keep_order", "rotate", "centre")


def plot_work(*, what: Path, machine: Path | None, **options: Any) -> int:
    """Plot a drawing. It is checked before the port is opened, and against the controller before anything moves.

    Raises MachineError and other errors of `renderer.plot_source.lines_of`; errors of the plot become exit codes.
    """
    how = {name: options.pop(name) for name in _HOW}
    chosen = None if machine is None else load_machine(machine)
    part = DrawingPart(options.pop("strokes"), options.pop("region"), options.pop("pause_every_m"))
    job, used = lines_of(what, chosen, **how, part=part, tell=printing.say)
    return plot(job, used, PlotArguments(**options), journal_beside(what))

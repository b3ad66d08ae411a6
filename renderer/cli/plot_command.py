"""`render plot`: a finished render, an SVG or G-code to the machine."""

from dataclasses import fields
from pathlib import Path
from typing import Any

from hardware.drawing_part import DrawingPart, PauseEvery
from hardware.intake import intake_of
from hardware.machine import load_machine
from hardware.terminal.options import journal_beside
from hardware.terminal.plot_runner import PlotArguments, plot
from renderer.cli import printing
from renderer.plot_source import lines_of


def plot_work(*, what: Path, machine: Path | None, **options: Any) -> int:
    """Plot a drawing. It is checked before the port is opened, and against the controller before anything moves.

    Raises MachineError and other errors of `renderer.plot_source.lines_of`; errors of the plot become exit codes.
    """
    part = DrawingPart(options.pop("strokes"), options.pop("region"), options.pop("pause_every") or PauseEvery())
    own = {field.name for field in fields(PlotArguments)}
    intake = intake_of(**{name: value for name, value in options.items() if name not in own})
    chosen = None if machine is None else load_machine(machine)
    job, used = lines_of(what, chosen, intake, part, printing.say)
    return plot(job, used, PlotArguments(**{name: options[name] for name in own}), journal_beside(what))

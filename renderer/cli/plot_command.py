"""`render plot`: a finished render, an SVG or G-code to the machine."""

from dataclasses import fields
from pathlib import Path
from typing import Any

from hardware.drawing_part import DrawingPart, PauseEvery
from hardware.intake import Intake, intake_of
from hardware.machine import Machine, load_machine
from hardware.terminal.options import journal_beside
from hardware.terminal.plot_runner import PlotArguments, check_host_options, plot, plot_on_host
from hardware.wire.host_address import is_host
from renderer.cli import printing
from renderer.plot_source import hosted_program, lines_of


def plot_work(*, what: Path, machine: Path | None, **options: Any) -> int:
    """Plot a drawing. It is checked before the port is opened, and against the controller before anything moves.

    Raises MachineError and other errors of `renderer.plot_source.lines_of`; errors of the plot become exit codes.
    """
    part = DrawingPart(options.pop("strokes"), options.pop("region"), options.pop("pause_every") or PauseEvery())
    own = {field.name for field in fields(PlotArguments)}
    intake = intake_of(**{name: value for name, value in options.items() if name not in own})
    chosen = None if machine is None else load_machine(machine)
    if is_host(options["port"]):
        return _plot_on_host(what, chosen, intake, part, PlotArguments(**{name: options[name] for name in own}))
    job, used = lines_of(what, chosen, intake, part, printing.say)
    return plot(job, used, PlotArguments(**{name: options[name] for name in own}), journal_beside(what))


def _plot_on_host(
    what: Path, machine: Machine | None, intake: Intake, part: DrawingPart, arguments: PlotArguments
) -> int:
    check_host_options(arguments)
    kind = (arguments.port or "").partition("://")[0]
    return plot_on_host(hosted_program(what, machine, intake, part, kind, arguments.wanted, printing.say), arguments)

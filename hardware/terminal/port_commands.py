"""The commands of `python -m hardware` that have to do with ports: `plot`, `simulate`, `ports`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hardware.terminal.options import journal_beside, plot_options

if TYPE_CHECKING:  # the rest is imported where it is used, so that --help is quick
    from hardware.drawing import Drawing
    from hardware.machine import Machine

machine_option = click.option("--machine", "-m", "machine_file", metavar="M", required=True,
                              type=click.Path(path_type=Path), help="Machine, a YAML file.")  # fmt: skip


@click.command()
@click.argument("what", metavar="FOLDER|FILE.svg|FILE.gcode", type=click.Path(path_type=Path))
@machine_option
@plot_options
def plot(what: Path, machine_file: Path, **options: Any) -> None:
    """Draw with machine M: streams to its controller, asks for each pen, goes on after whatever happened."""
    from hardware.terminal import plot_runner

    sys.exit(plot_runner.exit_code_of(lambda: _plot(what, machine_file, options)))


def _plot(what: Path, machine_file: Path, options: dict[str, Any]) -> int:
    from hardware.job.prepare import from_drawing, from_gcode, is_gcode
    from hardware.machine import load_machine
    from hardware.terminal import plot_runner

    machine = load_machine(machine_file)
    if is_gcode(what):
        job = from_gcode(what, machine)
    else:
        drawing = _rendered(what) if what.is_dir() else _read(what, machine)
        job = from_drawing(drawing, machine, drawing.title or what.stem)
    return plot_runner.plot(job, machine, plot_runner.PlotArguments(**options), journal_beside(what))


def _rendered(folder: Path) -> "Drawing":
    """The drawing of a folder that render has made, in the order that it has."""
    from hardware.svgfile import SvgError, read_svg

    if not (folder / "drawing.svg").is_file():
        raise SvgError(f"{folder}: holds no drawing.svg; name a folder that render has written, an SVG or G-code")
    return read_svg(folder / "drawing.svg")


def _read(path: Path, machine: "Machine") -> "Drawing":
    """The drawing of any SVG, put into a good order; as it is where there is nothing to find one with."""
    from hardware.svg_intake import ready_drawing
    from hardware.svgfile import read_svg

    try:
        made = ready_drawing(path, machine)
    except ModuleNotFoundError as missing:
        click.echo(
            f"{path}: its strokes are drawn in the order of the file; pip install {missing.name} gives a shorter one",
            err=True,
        )
        return read_svg(path)
    for note in made.notes:
        click.echo(f"{path}: {note}", err=True)
    return made.drawing


@click.command()
@machine_option
@click.option("--speed", type=float, default=1.0, show_default=True, help="Times as fast as the real one.")
@click.option("--latency", metavar="MS", type=float, default=1.0, show_default=True, help="Of its USB, milliseconds.")
def simulate(machine_file: Path, speed: float, latency: float) -> None:
    """Be machine M under GRBL 1.1, on a pseudo-terminal whose name is printed, for senders of every kind."""
    from hardware.machine import MachineError, load_machine
    from hardware.simulator import Bench
    from hardware.simulator.pty import PseudoTerminal
    from hardware.simulator.settings import for_machine

    try:
        machine = load_machine(machine_file)
    except MachineError as fault:
        click.echo(str(fault), err=True)
        sys.exit(2)
    terminal = PseudoTerminal(Bench(for_machine(machine), fast=False, speed=speed, latency_s=latency / 1000))
    click.echo(terminal.name)
    click.echo("Ctrl-C ends it", err=True)
    try:
        terminal.serve()
    except KeyboardInterrupt:
        terminal.close()


@click.command()
@click.option("--no-questions", is_flag=True, help="Only list them: to be asked restarts some boards.")
def ports(no_questions: bool) -> None:
    """List the serial ports, and what answers on them."""
    from hardware.wire.port_scan import scan_ports

    found = scan_ports(asks=not no_questions)
    for port in found:
        click.echo(f"{port.name}  {port.description}{': ' + port.answer if port.answer else ''}")
    if not found:
        click.echo("no serial port: no machine is plugged in", err=True)

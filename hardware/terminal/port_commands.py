"""The commands of `python -m hardware` that use ports: `plot`, `simulate`, `ports`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hardware.terminal.options import journal_beside, part_options, plot_options

if TYPE_CHECKING:  # everything else is imported where it is used, so that --help is fast
    from hardware.drawing import Drawing
    from hardware.drawing_part import DrawingPart
    from hardware.machine import Machine
    from hardware.terminal.plot_runner import PlotArguments

machine_option = click.option("--machine", "-m", "machine_file", metavar="M", required=True,
                              type=click.Path(path_type=Path), help="Machine, a YAML file.")  # fmt: skip


@click.command()
@click.argument("what", metavar="FOLDER|FILE.svg|FILE.gcode", type=click.Path(path_type=Path))
@machine_option
@plot_options
@part_options
def plot(what: Path, machine_file: Path, **options: Any) -> None:
    """Plot with machine M: stream to its controller, ask for each pen, and recover from faults."""
    from hardware.terminal import plot_runner

    sys.exit(plot_runner.exit_code_of(lambda: _plot(what, machine_file, options)))


def _plot(what: Path, machine_file: Path, options: dict[str, Any]) -> int:
    from hardware.drawing_part import WHOLE, DrawingPart, PartError, PauseEvery, part_of
    from hardware.job.prepare import from_drawing, from_gcode, is_gcode
    from hardware.machine import load_machine
    from hardware.reloading import for_brushes
    from hardware.terminal import plot_runner
    from hardware.wire.host_address import is_host

    machine = load_machine(machine_file)
    part = DrawingPart(options.pop("strokes"), options.pop("region"), options.pop("pause_every") or PauseEvery())
    if is_host(options["port"]):
        return _plot_on_host(what, machine, part, plot_runner.PlotArguments(**options))
    if is_gcode(what):
        if part != WHOLE:
            raise PartError("--strokes, --region and --pause-every need a drawing, and this is G-code")
        job = from_gcode(what, machine)
    else:
        drawing = _rendered(what) if what.is_dir() else _read(what, machine)
        drawing = part_of(for_brushes(drawing, machine), part)
        job = from_drawing(drawing, machine, drawing.title or what.stem, part.pause_every.minutes)
    return plot_runner.plot(job, machine, plot_runner.PlotArguments(**options), journal_beside(what))


def _plot_on_host(what: Path, machine: "Machine", part: "DrawingPart", arguments: "PlotArguments") -> int:
    from hardware.drawing_part import WHOLE, PartError, part_of
    from hardware.hosts.host_program import check_host, hosted_drawing, hosted_gcode
    from hardware.job.prepare import is_gcode
    from hardware.terminal import plot_runner

    plot_runner.check_host_options(arguments)
    check_host((arguments.port or "").partition("://")[0], machine)
    if part.pause_every.minutes is not None:
        raise PartError("a host pauses after metres only; write --pause-every in metres")
    if is_gcode(what):
        if part != WHOLE or arguments.wanted(1) is not None:
            raise PartError("--strokes, --region, --pause-every and passes need a drawing, and this is G-code")
        return plot_runner.plot_on_host(hosted_gcode(what, machine), arguments)
    drawing = _rendered(what) if what.is_dir() else _read(what, machine)
    title, wanted = drawing.title or what.stem, arguments.wanted(len(drawing.passes))
    return plot_runner.plot_on_host(hosted_drawing(part_of(drawing, part), machine, title, wanted), arguments)


def _rendered(folder: Path) -> "Drawing":
    """Return the drawing of a folder that render has written, in its order. Raises SvgError."""
    from hardware.svgfile import SvgError, read_svg

    if not (folder / "drawing.svg").is_file():
        raise SvgError(f"{folder}: contains no drawing.svg; name a folder that render has written, an SVG or G-code")
    return read_svg(folder / "drawing.svg")


def _read(path: Path, machine: "Machine") -> "Drawing":
    """Return the drawing of an SVG, ordered for short travel."""
    from hardware import plain_kernels
    from hardware.intake import ready_svg
    from hardware.svgfile import Options

    if plain_kernels.use_if_needed():
        click.echo(f"note: {plain_kernels.NOTE}", err=True)
    made = ready_svg(path, machine, Options())
    for note in made.notes:
        click.echo(f"{path}: {note}", err=True)
    return made.drawing


@click.command()
@machine_option
@click.option("--speed", type=float, default=1.0, show_default=True, help="Speed relative to a real controller.")
@click.option(
    "--latency", metavar="MS", type=float, default=1.0, show_default=True, help="Latency of the simulated USB, ms."
)
def simulate(machine_file: Path, speed: float, latency: float) -> None:
    """Simulate machine M, under GRBL 1.1 or with an EBB, on a pseudo-terminal for any sender. Prints its name."""
    from hardware.machine import MachineError, load_machine

    try:
        from hardware.simulator.pty import PseudoTerminal
    except ImportError:  # Windows
        click.echo("a simulated terminal needs Linux or macOS; use plot --port sim, which works everywhere", err=True)
        sys.exit(1)
    from hardware.wire.opener import bench_of

    try:
        machine = load_machine(machine_file)
    except MachineError as fault:
        click.echo(str(fault), err=True)
        sys.exit(2)
    terminal = PseudoTerminal(bench_of(machine, fast=False, speed=speed, latency_s=latency / 1000))
    click.echo(terminal.name)
    click.echo("Ctrl-C ends it", err=True)
    try:
        terminal.serve()
    except KeyboardInterrupt:
        terminal.close()


@click.command()
@click.option("--no-questions", is_flag=True, help="Only list the ports: asking restarts some boards.")
def ports(no_questions: bool) -> None:
    """List the serial ports, and what answers on them."""
    from hardware.wire.port_scan import scan_ports

    found = scan_ports(asks=not no_questions)
    for port in found:
        click.echo(f"{port.name}  {port.description}{': ' + port.answer if port.answer else ''}")
    if not found:
        click.echo("no serial port: no machine is plugged in", err=True)

"""`python -m hardware`: G-code and plans from SVG files, on the small computer beside the robot (needs no torch)."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from hardware.terminal.options import journal_beside, plot_options

if TYPE_CHECKING:  # the rest is imported where it is used, so that --help is quick
    from hardware.drawing import Drawing
    from hardware.machine import Machine

_BAD_INPUT = 2
_ROW = "{pen:>3}  {name:<24} {strokes:>6} strokes {drawn_m:>8.2f} m drawn {travel_m:>8.2f} m travel {minutes:>7.1f} min"

svg_argument = click.argument("svg", metavar="FILE.svg", type=click.Path(path_type=Path))
machine_option = click.option(
    "--machine",
    "-m",
    "machine_file",
    metavar="M",
    required=True,
    type=click.Path(path_type=Path),
    help="Machine, a YAML file.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """G-code, plans and plots for pen plotters, from any SVG file made of strokes."""


@main.command()
@svg_argument
@machine_option
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Also write one file a pen, all into DIR.",
)
def gcode(svg: Path, machine_file: Path, out: Path | None) -> None:
    """Turn FILE.svg into G-code for machine M: on standard output, or as files in DIR."""
    from hardware.gcode import files
    from hardware.program import ProgramError

    machine, drawing = _read(machine_file, svg)
    try:
        texts = files(drawing, machine)
    except ProgramError as fault:
        _fail(fault)
    if out is None:
        click.echo(texts["drawing.gcode"], nl=False)
        return
    try:
        _write(texts, out)
    except OSError as fault:
        click.echo(f"{out}: cannot be written: {fault.strerror}", err=True)
        sys.exit(1)
    for name in texts:
        click.echo(str(out / name))


@main.command()
@svg_argument
@machine_option
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def plan(svg: Path, machine_file: Path, as_json: bool) -> None:
    """Say what drawing FILE.svg on machine M takes: strokes, metres, pen lifts, minutes. Moves nothing."""
    from hardware.estimate import estimate
    from hardware.program import ProgramError, program

    machine, drawing = _read(machine_file, svg)
    try:
        took = estimate(program(drawing, machine), machine)
    except ProgramError as fault:
        _fail(fault)
    rows = [
        {
            "pen": pen.number,
            "name": pen.pen.label,
            "strokes": pen.strokes,
            "drawn_m": round(pen.drawn_mm / 1000, 3),
            "travel_m": round(pen.travel_mm / 1000, 3),
            "lifts": pen.lifts,
            "minutes": round(pen.seconds / 60, 2),
        }
        for pen in took.pens
    ]
    if as_json:
        whole = {"minutes": round(took.total_s / 60, 2), "pen_changes": took.pen_changes, "pens": rows}
        click.echo(json.dumps(whole, ensure_ascii=False))
        return
    for row in rows:
        click.echo(_ROW.format(**row))
    click.echo(
        f"{took.total_s / 60:.0f} min in all, of which {took.pen_change_s / 60:.0f} min"
        f" for putting in {took.pen_changes} pens"
    )


@main.command()
@click.argument("what", metavar="FOLDER|FILE.svg|FILE.gcode", type=click.Path(path_type=Path))
@machine_option
@plot_options
def plot(what: Path, machine_file: Path, **options: Any) -> None:
    """Draw with machine M: streams to its controller, asks for each pen, goes on after whatever happened."""
    from hardware.terminal import command

    sys.exit(command.guarded(lambda: _plot(what, machine_file, options)))


def _plot(what: Path, machine_file: Path, options: dict[str, Any]) -> int:
    from hardware.machine import load_machine
    from hardware.sender.prepare import from_drawing, from_gcode, is_gcode
    from hardware.terminal import command

    machine = load_machine(machine_file)
    if is_gcode(what):
        job = from_gcode(what, machine)
    else:
        drawing = _rendered(what) if what.is_dir() else _read(machine_file, what)[1]
        job = from_drawing(drawing, machine, drawing.title or what.stem)
    return command.plot(job, machine, command.Wanted(**options), journal_beside(what))


def _rendered(folder: Path) -> "Drawing":
    """The drawing of a folder that render has made, in the order that it has."""
    from hardware.svgfile import SvgError, read_svg

    if not (folder / "drawing.svg").is_file():
        raise SvgError(f"{folder}: holds no drawing.svg; name a folder that render has written, an SVG or G-code")
    return read_svg(folder / "drawing.svg")


@main.command()
@machine_option
@click.option("--speed", type=float, default=1.0, show_default=True, help="Times as fast as the real one.")
@click.option("--latency", metavar="MS", type=float, default=1.0, show_default=True, help="Of its USB, milliseconds.")
def simulate(machine_file: Path, speed: float, latency: float) -> None:
    """Be machine M under GRBL 1.1, on a pseudo-terminal whose name is printed, for senders of every kind."""
    from hardware.machine import MachineError, load_machine
    from hardware.simulator import Bench
    from hardware.simulator.pty import Terminal
    from hardware.simulator.settings import for_machine

    try:
        machine = load_machine(machine_file)
    except MachineError as fault:
        _fail(fault)
    terminal = Terminal(Bench(for_machine(machine), fast=False, speed=speed, latency_s=latency / 1000))
    click.echo(terminal.name)
    click.echo("Ctrl-C ends it", err=True)
    try:
        terminal.serve()
    except KeyboardInterrupt:
        terminal.close()


@main.command()
@click.option("--no-questions", is_flag=True, help="Only list them: to be asked restarts some boards.")
def ports(no_questions: bool) -> None:
    """List the serial ports, and what answers on them."""
    from hardware.sender.ports import look

    found = look(asks=not no_questions)
    for port in found:
        click.echo(f"{port.name}  {port.description}{': ' + port.answer if port.answer else ''}")
    if not found:
        click.echo("no serial port: no machine is plugged in", err=True)


def _read(machine_file: Path, svg: Path) -> "tuple[Machine, Drawing]":
    """The machine and the drawing, cut at the sheet's edge and in a good order for that machine."""
    from hardware.machine import MachineError, load_machine
    from hardware.program import park_on_sheet
    from hardware.svgfile import SvgError, read_svg
    from hardware.toolpath import clip, join, order

    try:
        machine = load_machine(machine_file)
        drawing = read_svg(svg)
    except (MachineError, SvgError) as fault:
        _fail(fault)
    cut = clip(drawing)
    if _is_smaller(cut, drawing):
        click.echo(f"{svg}: what lies off its {drawing.width_mm:g} x {drawing.height_mm:g} mm is left out", err=True)
    return machine, order(join(cut), park_on_sheet(drawing.width_mm, drawing.height_mm, machine))


def _is_smaller(cut: "Drawing", whole: "Drawing") -> bool:
    from hardware.drawing import length_mm

    return any(
        len(a.lines) != len(b.lines) or sum(map(length_mm, a.lines)) < sum(map(length_mm, b.lines)) - 1e-6
        for a, b in zip(cut.passes, whole.passes, strict=True)
    )


def _fail(fault: ValueError) -> NoReturn:
    click.echo(str(fault), err=True)
    sys.exit(_BAD_INPUT)


def _write(texts: dict[str, str], folder: Path) -> None:
    """Each file is whole or not there: written beside its place, then renamed."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        beside = folder / f".{name}.part"
        beside.write_text(text, encoding="ascii", newline="\n")
        beside.replace(folder / name)


if __name__ == "__main__":
    main(prog_name="python -m hardware")

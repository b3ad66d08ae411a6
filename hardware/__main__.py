"""`python -m hardware`: G-code, plans and plots from SVG files, on the computer beside the machine. Needs no torch."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from hardware.plurals import counted
from hardware.terminal.options import reading_options
from hardware.terminal.port_commands import plot as plot_command
from hardware.terminal.port_commands import ports, simulate

if TYPE_CHECKING:  # everything else is imported where it is used, so that --help is fast
    from hardware.drawing import Drawing
    from hardware.machine import Machine

F = TypeVar("F", bound=Callable[..., Any])
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


main.add_command(plot_command)
main.add_command(simulate)
main.add_command(ports)


@main.command()
@svg_argument
@machine_option
@reading_options
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Also write one file per pen, all into DIR.",
)
def gcode(svg: Path, machine_file: Path, out: Path | None, **how: Any) -> None:
    """Turn FILE.svg into G-code for machine M (or HP-GL): on standard output, or as files in DIR."""
    from hardware.machine_files import needed_files
    from hardware.program import ProgramError

    machine, drawing = _read(machine_file, svg, how)
    try:
        texts = needed_files(drawing, machine)
    except ProgramError as fault:
        _fail(fault)
    if out is None:
        click.echo(next(iter(texts.values())), nl=False)
        return
    _write(texts, out)


@main.command()
@svg_argument
@machine_option
@reading_options
@click.option(
    "--plot", metavar="FILE.svg", type=click.Path(path_type=Path), help="Also draw the plan: strokes and travel."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def plan(svg: Path, machine_file: Path, plot: Path | None, as_json: bool, **how: Any) -> None:
    """Report what plotting FILE.svg on machine M takes: strokes, metres, pen lifts, minutes. Moves nothing."""
    from hardware.estimate import estimate
    from hardware.job.prepare import trips_of
    from hardware.picture import plan_svg
    from hardware.program import ProgramError, program

    machine, drawing = _read(machine_file, svg, how)
    try:
        steps = program(drawing, machine)
    except ProgramError as fault:
        _fail(fault)
    took = estimate(steps, machine)
    if plot is not None:
        _write({plot.name: plan_svg(drawing, steps, machine)}, plot.parent, say=False)
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
        summary = {"minutes": round(took.total_s / 60, 2), "pen_changes": took.pen_changes, "refills": took.refills}
        click.echo(json.dumps(summary | {"pens": rows}, ensure_ascii=False))
        return
    for row in rows:
        click.echo(_ROW.format(**row))
    click.echo(
        f"{took.total_s / 60:.0f} min in all, including {took.pen_change_s / 60:.0f} min"
        f" to insert {counted(took.pen_changes, 'pen')}"
    )
    count, seconds = trips_of(drawing, machine)
    if count:
        click.echo(f"and {counted(count, 'trip')} of the brushes to their wells, {seconds / 60:.0f} min more")


@main.command()
@machine_option
@click.option("--pens", "rack", metavar="RACK", required=True, type=click.Path(path_type=Path),
              help="The pens to test, a YAML file.")  # fmt: skip
@click.option(
    "--paper", default="A4", show_default=True, metavar="SIZE", help="A5, A4, A3, or a size in mm such as 200x150."
)
@click.option("--out", default="card", show_default=True, metavar="DIR",
              type=click.Path(path_type=Path, file_okay=False), help="Folder for SVG and G-code files.")  # fmt: skip
def card(machine_file: Path, rack: Path, paper: str, out: Path) -> None:
    """Write test cards for machine M and the pens of RACK: widths, dots, heights, registration, and how inks mix."""
    _use_plain_kernels_if_needed()
    from hardware.card import CardError, card_files
    from hardware.machine import MachineError, load_machine
    from hardware.program import ProgramError
    from hardware.rack import RackError, load_rack

    try:
        texts = card_files(load_machine(machine_file), load_rack(rack), paper)
    except (MachineError, RackError, CardError, ProgramError) as fault:
        _fail(fault)
    _write(texts, out)


def _read(machine_file: Path, svg: Path, how: dict[str, Any]) -> "tuple[Machine, Drawing]":
    """Return the machine and the drawing, clipped to the sheet and ordered for that machine."""
    _use_plain_kernels_if_needed()
    from hardware.intake import intake_of, ready_svg
    from hardware.machine import MachineError, load_machine
    from hardware.rack import RackError
    from hardware.svgfile import SvgError

    try:
        asked = intake_of(**how)
        machine = asked.placed(load_machine(machine_file))
        made = ready_svg(svg, machine, asked.options)
    except (MachineError, RackError, SvgError) as fault:
        _fail(fault)
    for note in made.notes:
        click.echo(f"{svg}: {note}", err=True)
    return machine, made.drawing


def _use_plain_kernels_if_needed() -> None:
    from hardware import plain_kernels

    if plain_kernels.use_if_needed():
        click.echo(f"note: {plain_kernels.NOTE}", err=True)


def _fail(fault: ValueError) -> NoReturn:
    click.echo(str(fault), err=True)
    sys.exit(_BAD_INPUT)


def _write(texts: dict[str, str], folder: Path, say: bool = True) -> None:
    """Write each file completely or not at all: under a temporary name first, then renamed."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            beside = folder / f".{name}.part"
            beside.write_text(text, encoding="utf-8", newline="\n")
            beside.replace(folder / name)
            if say:
                click.echo(str(folder / name))
    except OSError as fault:
        click.echo(f"{folder}: cannot be written: {fault.strerror}", err=True)
        sys.exit(1)


def command() -> None:
    """Run the console script `plotter` of the small package."""
    main(prog_name="plotter")


if __name__ == "__main__":
    main(prog_name="python -m hardware")

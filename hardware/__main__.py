"""`python -m hardware`: G-code and plans from SVG files, on the small computer beside the robot (needs no torch)."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

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
    """G-code and plans for pen plotters, from any SVG file made of strokes."""


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

"""The options of `plot` and of commands that read an SVG, shared by `render` and `python -m hardware`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--port", "-p", metavar="PORT",
                 help="Serial port of the controller, such as /dev/ttyUSB0 or COM3; socket://HOST:PORT is a controller"
                 " in the network, moonraker://HOST and octoprint://HOST a program that runs the machine; sim is a"
                 " simulated one, sim:fast the same without waiting."),
    click.option("--baud", metavar="N", type=click.IntRange(1200, 4_000_000), default=115200, show_default=True,
                 help="Speed of the port; Marlin often uses 250000."),
    click.option("--dry-run", "-n", is_flag=True, help="Print the plan; open no port."),
    click.option("--air", is_flag=True, help="Run with the pen up."),
    click.option("--outline", is_flag=True, help="Go once around the drawing with the pen up."),
    click.option("--only-pen", "only_pens", metavar="N", multiple=True, type=click.IntRange(1),
                 help="Draw only the pass of this number. Can be given several times."),
    click.option("--from-pass", metavar="N", type=click.IntRange(1), default=1,
                 help="Begin with the pass of this number."),
    click.option("--resume", is_flag=True, help="Resume a plot that ended early."),
    click.option("--check", is_flag=True, help="Let the controller check all lines first, without moving ($C)."),
    click.option("--home", is_flag=True, help="Home the machine first, where it can ($H)."),
    click.option("--send-and-wait", "wait", is_flag=True, help="Send line by line: slower, for unreliable cables."),
    click.option("--journal", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False),
                 help="File of the journal.  [default: beside the drawing]"),
    click.option("--json", "as_json", is_flag=True, help="JSON lines on stdout; answers as JSON lines on stdin."),
)  # fmt: skip


def plot_options(command: F) -> F:
    """Add the options of `plot` to a command, in this order."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def _read_by(function: str) -> Callable[[click.Context, click.Parameter, str | None], Any]:
    """Return a callback that reads an option's text by a function of `drawing_part`."""

    def read(ctx: click.Context, param: click.Parameter, text: str | None) -> Any:
        from hardware import drawing_part  # imports arrays, which --help does not need

        try:
            return None if text is None else getattr(drawing_part, function)(text)
        except ValueError as fault:
            raise click.BadParameter(str(fault), ctx, param) from None

    return read


def part_options(command: F) -> F:
    """Add the options for plotting a part of a drawing."""
    for option in (
        click.option("--strokes", metavar="N-M", callback=_read_by("stroke_range"),
                     help="Draw only these strokes, counted through all passes: 100-250, or 100- for the rest."),
        click.option("--region", metavar="X,Y,WxH", callback=_read_by("region"),
                     help="Draw only what lies in this region of the sheet, mm from its top left corner."),
        click.option("--pause-every", metavar="M|Tmin", callback=_read_by("pause_every"),
                     help="Pause after so many metres or minutes of each pen, to shake or sharpen it: 5, or 12min."),
    )[::-1]:  # fmt: skip
        command = option(command)
    return command


def reading_options(command: F) -> F:
    """Add the options for reading an SVG to a command."""
    for option in (
        click.option("--hatch", "hatch_mm", type=click.FloatRange(0.05, 50), metavar="MM",
                     help="Fill filled shapes with lines this far apart, mm."),
        click.option("--pens", "rack", metavar="RACK", type=click.Path(path_type=Path),
                     help="Draw with the pens of this rack: a file, or a starter such as fineliners. The file can map"
                     " layers to pens."),
        click.option("--by", type=click.Choice(["name", "number", "colour"]),
                     help="How layers name pens of the rack.  [default: name, else number, else colour]"),
        click.option("--keep-order", is_flag=True,
                     help="Keep strokes above those that they cover, at the cost of more pen changes."),
        click.option("--rotate", type=click.Choice(["0", "90", "180", "270"]),
                     help="Turn the sheet on the bed, anticlockwise.  [default: the machine's own]"),
        click.option("--centre", is_flag=True, help="Place the sheet in the centre of the bed."),
        click.option("--fit", is_flag=True, help="Make the sheet, and the drawing on it, as large as the bed allows."),
        click.option("--width", "width_mm", type=click.FloatRange(1, 10000), metavar="MM",
                     help="Width of the sheet, mm; the drawing is scaled with it."),
        click.option("--height", "height_mm", type=click.FloatRange(1, 10000), metavar="MM",
                     help="Height of the sheet, mm; the drawing is scaled with it."),
        click.option("--scale", type=click.FloatRange(0.001, 1000), metavar="FACTOR",
                     help="Enlarge the sheet and the drawing by this factor."),
        click.option("--margin", "margin_mm", type=click.FloatRange(0, 1000), metavar="MM",
                     help="Keep this border of the sheet clear, mm.  [default: the machine's own]"),
        click.option("--layer-order", type=click.Choice(["file", "number"]),
                     help="Draw layers in the order of the file, or by the numbers of their names."
                     "  [default: by number, if each has one]"),
        click.option("--text", type=click.Choice(["line", "outline"]), default="line", show_default=True,
                     help="Draw texts in single-line letters, or in the outlines of their own typeface."),
        click.option("--strict", is_flag=True, help="Refuse a file with anything that cannot be drawn as it is shown."),
    )[::-1]:  # fmt: skip
        command = option(command)
    return command


def journal_beside(what: Path) -> Path:
    """Return the path of the journal: inside a folder, beside a file."""
    return what / "plot.journal" if what.is_dir() else what.with_name(f"{what.name}.journal")

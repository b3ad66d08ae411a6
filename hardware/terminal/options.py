"""The options of `plot`, and of all that reads an SVG: the same for `render` and for `python -m hardware`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--port", "-p", metavar="PORT",
                 help="Serial port of the controller, such as /dev/ttyUSB0 or COM3; sim is a simulated one, sim:fast"
                 " the same without the waiting."),
    click.option("--baud", metavar="N", type=click.IntRange(1200, 4_000_000), default=115200, show_default=True,
                 help="Speed of the port; Marlin often has 250000."),
    click.option("--dry-run", "-n", is_flag=True, help="Say what would be drawn; open no port."),
    click.option("--air", is_flag=True, help="Carry it out with the pen up."),
    click.option("--outline", is_flag=True, help="Go once round what is drawn, with the pen up."),
    click.option("--only-pen", "only_pens", metavar="N", multiple=True, type=click.IntRange(1),
                 help="Draw only the pass of this number. May be given several times."),
    click.option("--from-pass", metavar="N", type=click.IntRange(1), default=1,
                 help="Begin with the pass of this number."),
    click.option("--resume", is_flag=True, help="Go on with a plot that ended early."),
    click.option("--check", is_flag=True, help="Let the controller check all lines first, without moving ($C)."),
    click.option("--home", is_flag=True, help="Home the machine first, where it can ($H)."),
    click.option("--send-and-wait", "wait", is_flag=True, help="One line at a time: slower, for troubled cables."),
    click.option("--journal", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False),
                 help="Where the journal goes.  [default: beside the drawing]"),
    click.option("--json", "as_json", is_flag=True, help="JSON lines on stdout; answers as JSON lines on stdin."),
)  # fmt: skip


def plot_options(command: F) -> F:
    """Adds them, in this order."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def reading_options(command: F) -> F:
    """How a foreign SVG is to be read."""
    for option in (
        click.option("--hatch", "hatch_mm", type=click.FloatRange(0.05, 50), metavar="MM",
                     help="Fill filled shapes with lines this far apart, mm."),
        click.option("--pens", "rack", metavar="RACK", type=click.Path(path_type=Path),
                     help="Draw with the pens of this rack: a file, or a starter such as fineliners."),
        click.option("--by", type=click.Choice(["name", "number", "colour"]),
                     help="How layers name pens of the rack.  [default: name, else number, else colour]"),
        click.option("--keep-order", is_flag=True,
                     help="Keep strokes above what they cover, at the price of more pen changes."),
        click.option("--rotate", type=click.Choice(["0", "90", "180", "270"]),
                     help="Turn the sheet on the bed, anticlockwise.  [default: as the machine says]"),
        click.option("--centre", is_flag=True, help="Lay the sheet in the middle of the bed."),
    )[::-1]:  # fmt: skip
        command = option(command)
    return command


def journal_beside(what: Path) -> Path:
    """The journal of a folder lies in it, that of a file beside it."""
    return what / "plot.journal" if what.is_dir() else what.with_name(f"{what.name}.journal")

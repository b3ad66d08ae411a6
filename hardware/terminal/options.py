"""The options of `plot`, the same for `render plot` and `python -m hardware plot`."""

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


def journal_beside(what: Path) -> Path:
    """The journal of a folder lies in it, that of a file beside it."""
    return what / "plot.journal" if what.is_dir() else what.with_name(f"{what.name}.journal")

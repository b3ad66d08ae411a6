"""Text for people on stderr, data on stdout, and how numbers are written."""

import json
import sys
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # rich takes a moment to import, and most commands only print when something is wrong
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from hardware.drawing import Pen


@cache
def console() -> "Console":
    """The console for people, on stderr. rich obeys NO_COLOR, and writes no colours unless stderr is a terminal."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


def say(text: str) -> None:
    """Print a line for people, on stderr."""
    console().print(text, markup=False)


def data(text: str) -> None:
    """Print a line for programs, on stdout."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def as_json(document: Any) -> None:
    """Print the JSON document of a command, on stdout."""
    data(json.dumps(document, indent=2, ensure_ascii=False))


def table(*columns: str) -> "Table":
    """A table without frames; columns whose name starts with < are set flush left."""
    from rich.table import Table

    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        left = column.startswith("<")
        made.add_column(column.removeprefix("<"), justify="left" if left else "right", overflow="fold")
    return made


def show_table(table: "Table") -> None:
    console().print(table, soft_wrap=False)


def swatch(pen: "Pen", free: bool = False) -> "Text":
    """The pen's name after a spot of its colour, which is left out on a console without colours."""
    from rich.text import Text

    if free:
        return Text("free colours")
    spot = Text("● ", style=pen.colour) if console().color_system else Text("")
    return spot + Text(pen.name)


def clock(seconds: float) -> str:
    """`0:41`, `12:05`."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def size(count: float) -> str:
    """A number of bytes for people: `1.5 MB`."""
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} GB"

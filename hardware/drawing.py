"""What a machine is asked to draw: pens, passes of lines, the sheet. Millimetres, origin top left, y down."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hardware.pen import Colour, Ink, Pen

__all__ = ["Colour", "Drawing", "Ink", "Line", "Pen", "PenPass", "is_dot", "length_mm"]

Line = NDArray[np.float64]  # [S, 2] mm; S = 1 is a dot


@dataclass(frozen=True)
class PenPass:
    """All lines that one pen draws between two pen changes, in drawing order.

    `colours` and `widths_mm`, one a line, are there only for free-colour works, which no single pen can draw.
    """

    layer: str
    pen: Pen
    lines: tuple[Line, ...]
    colours: tuple[str, ...] | None = None
    widths_mm: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        for name in ("colours", "widths_mm"):
            each = getattr(self, name)
            if each is not None and len(each) != len(self.lines):
                raise ValueError(f"{name} has {len(each)} entries for {len(self.lines)} lines")
        for line in self.lines:
            if line.ndim != 2 or line.shape[1] != 2 or len(line) == 0:
                raise ValueError(f"a line is [S, 2] with S >= 1, not {list(line.shape)}")

    @property
    def is_free(self) -> bool:
        """Whether every line has a colour of its own."""
        return self.colours is not None

    def styled(self) -> Iterator[tuple[Line, str, float]]:
        """Each line with its colour and its width in mm."""
        colours = self.colours or (self.pen.colour,) * len(self.lines)
        widths_mm = self.widths_mm or (self.pen.nib_mm,) * len(self.lines)
        return zip(self.lines, colours, widths_mm, strict=True)


@dataclass(frozen=True)
class Drawing:
    """A sheet of paper and the passes that go on it, first to last."""

    width_mm: float
    height_mm: float
    paper: str  # colour, #rrggbb
    passes: tuple[PenPass, ...]
    title: str = ""

    @property
    def is_free(self) -> bool:
        """Whether some pass has free colours, so that no set of pens can draw it."""
        return any(p.is_free for p in self.passes)


def length_mm(line: Line) -> float:
    """Length drawn with the pen down."""
    return float(np.hypot(*np.diff(line, axis=0).T).sum()) if len(line) > 1 else 0.0


DOT_MM = 0.01  # readers of SVG drop strokes of no length, so a dot is written as one of this length


def is_dot(line: Line) -> bool:
    """Whether the whole line is too small for a pen to move: it is drawn by touching the paper."""
    return float(np.ptp(line, axis=0).max()) <= 1.5 * DOT_MM


def file_stem(number: int, pen: Pen) -> str:
    """Name of a file that holds the pass of this number, plain in every file system: `01-black`."""
    plain = unicodedata.normalize("NFKD", pen.name).encode("ascii", "ignore").decode().lower()
    return f"{number:02d}-{re.sub('[^a-z0-9]+', '-', plain).strip('-') or 'pen'}"

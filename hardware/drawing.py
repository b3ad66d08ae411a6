"""The drawing that a machine plots: pens, passes of lines, the sheet. Millimetres, origin top left, y down."""

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

    `lines` are arrays [S, 2] in mm. `colours` and `widths_mm` have one entry per line; only free-colour works, which no
    single pen can draw, have them. Raises ValueError where an entry is missing or an array has another shape.
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
        """Whether each line has its own colour."""
        return self.colours is not None

    def styled(self) -> Iterator[tuple[Line, str, float]]:
        """Yield each line, [S, 2] in mm, with its colour and its width in mm."""
        colours = self.colours or (self.pen.colour,) * len(self.lines)
        widths_mm = self.widths_mm or (self.pen.nib_mm,) * len(self.lines)
        return zip(self.lines, colours, widths_mm, strict=True)


@dataclass(frozen=True)
class Drawing:
    """A sheet of paper and the passes drawn on it, first to last."""

    width_mm: float
    height_mm: float
    paper: str  # colour, #rrggbb
    passes: tuple[PenPass, ...]
    title: str = ""

    @property
    def is_free(self) -> bool:
        """Whether a pass has free colours, so that no set of pens can draw it."""
        return any(p.is_free for p in self.passes)


def length_mm(line: Line) -> float:
    """Return the length in mm of a line, [S, 2] in mm: what is drawn with the pen down."""
    return float(np.hypot(*np.diff(line, axis=0).T).sum()) if len(line) > 1 else 0.0


DOT_MM = 0.01  # SVG readers drop strokes of length zero, so a dot is written with this length


def is_dot(line: Line) -> bool:
    """Whether a line, [S, 2] in mm, is too small for a pen to move: it is drawn by touching the paper."""
    return float(np.ptp(line, axis=0).max()) <= 1.5 * DOT_MM


def file_stem(number: int, pen: Pen) -> str:
    """Return the stem of the file for this pass, safe in every file system: `01-black`."""
    plain = unicodedata.normalize("NFKD", pen.name).encode("ascii", "ignore").decode().lower()
    return f"{number:02d}-{re.sub('[^a-z0-9]+', '-', plain).strip('-') or 'pen'}"

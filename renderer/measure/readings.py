"""What the card shows of one pen: each value with its spread, or why it is refused."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hardware.pen import Ink, Pen
from renderer.colours import to_hex


@dataclass(frozen=True)
class FieldReading:
    """What was read, and how far repeats are apart; or why nothing could be read."""

    value: float = 0.0
    spread: float = 0.0
    refused: str = ""


@dataclass(frozen=True)
class ColourReading:
    """A colour in sRGB on white paper, `[3]`, and the spread of its channels; or why nothing could be read."""

    srgb: NDArray[np.float64]
    spread: float = 0.0
    refused: str = ""

    @property
    def hex(self) -> str:
        """The colour as #rrggbb."""
        return to_hex(self.srgb)


@dataclass(frozen=True)
class PenReadings:
    """All that the card shows of one pen."""

    pen: Pen
    width: FieldReading  # mm
    colour: ColourReading  # of one stroke
    second: ColourReading  # of two strokes over each other
    over: ColourReading  # on a block of the first pen
    ink: Ink | None  # which of both the ink is closer to; None where the colours do not show it
    offset: tuple[FieldReading, FieldReading]  # mm to the right and down
    dots: dict[float, FieldReading]  # diameter in mm by dwell in s
    speeds: dict[float, FieldReading]  # width in mm by share of the pen's speed
    heights: dict[float, FieldReading]  # width in mm by height

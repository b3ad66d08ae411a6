"""A pen that somebody owns: its colour, its nib, its ink. Knows nothing of arrays, so that it loads fast."""

import re
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


class Ink(StrEnum):
    """How a stroke mixes with what lies below it, as an SVG viewer shows `mix-blend-mode`."""

    OPAQUE = "opaque"  # normal: covers what lies below
    TRANSPARENT = "transparent"  # multiply: a filter over what lies below; order does not matter


def _hex_colour(text: str) -> str:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        raise ValueError(f"{text!r} is not a colour; write #rrggbb, as in '#1e6ebe'")
    return text.lower()


Colour = Annotated[str, AfterValidator(_hex_colour)]


class Pen(BaseModel):
    """A pen that somebody owns."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=60, description="What people call it; names differ within a rack.")
    colour: Colour = Field(description="Colour of its ink on white paper, `#rrggbb`.")
    nib_mm: float = Field(gt=0, le=30, description="Width of its stroke, mm.")
    ink: Ink = Field(Ink.OPAQUE, description="`opaque` covers what lies below; `transparent` multiplies it.")
    feed_mm_min: float | None = Field(
        None, gt=0, description="Speed with the pen down, mm/min. Default: the machine's own."
    )
    dwell_s: float | None = Field(
        None, ge=0, description="Time a dot's tip rests on the paper, s. Default: the machine's own."
    )
    down: float | None = Field(
        None, description="Servo value, or Z in mm, with this pen's tip on the paper. Default: the machine's own."
    )
    up: float | None = Field(
        None, description="Servo value, or Z in mm, with this pen clear of the paper. Default: the machine's own."
    )
    offset_mm: tuple[float, float] | None = Field(
        None,
        description="[x, y], mm: how far right of, and above, the other pens' tips this one's sits in its holder.",
    )
    max_draw_m: float | None = Field(
        None, gt=0, description="Metres after which it is refilled or sharpened: the plot pauses there. Default: never."
    )

    @property
    def label(self) -> str:
        """Name and nib, as people write it on a drawer: `black 0.5`."""
        return f"{self.name} {self.nib_mm:g}"

    def is_same(self, other: "Pen | None") -> bool:
        """Whether both are one thing to hold in the hand, however it is moved."""
        return other is not None and (self.name, self.colour, self.nib_mm) == (other.name, other.colour, other.nib_mm)

"""A pen: its colour, its nib, its ink. Imports no arrays, so that it loads fast."""

import re
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from hardware.stations import Reload


class Ink(StrEnum):
    """How a stroke mixes with what is below it, as an SVG viewer shows `mix-blend-mode`."""

    OPAQUE = "opaque"  # normal: covers what is below
    TRANSPARENT = "transparent"  # multiply: filters what is below; the order does not matter


def _hex_colour(text: str) -> str:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        raise ValueError(f"{text!r} is not a colour; write #rrggbb, such as '#1e6ebe'")
    return text.lower()


Colour = Annotated[str, AfterValidator(_hex_colour)]


class Pen(BaseModel):
    """A pen of a rack."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=60, description="Name of the pen, unique within its rack.")
    colour: Colour = Field(description="Colour of its ink on white paper, `#rrggbb`.")
    nib_mm: float = Field(gt=0, le=30, description="Width of its stroke, mm.")
    ink: Ink = Field(Ink.OPAQUE, description="`opaque` covers what is below; `transparent` multiplies it.")
    feed_mm_min: float | None = Field(
        None, gt=0, description="Speed with the pen down, mm/min. Default: the machine's."
    )
    dwell_s: float | None = Field(
        None, ge=0, description="Time the tip rests on the paper for a dot, s. Default: the machine's."
    )
    down: float | None = Field(
        None, description="Servo value, or Z in mm, with this pen's tip on the paper. Default: the machine's."
    )
    up: float | None = Field(
        None, description="Servo value, or Z in mm, with this pen clear of the paper. Default: the machine's."
    )
    offset_mm: tuple[float, float] | None = Field(
        None,
        description="[x, y], mm: how far to the right of and above the other pens' tips this tip sits in the holder.",
    )
    max_draw_m: float | None = Field(
        None, gt=0, description="Metres after which the plot pauses to refill or sharpen it. Default: never."
    )
    reload: Reload | None = Field(
        None, description="For a brush: when it returns to a station of the machine, and what it does there."
    )

    @property
    def brush(self) -> Reload | None:
        """How it returns to its well, with the name of the station; None if it is not a brush that is dipped."""
        return self.reload and self.reload.model_copy(update={"station": self.reload.station or self.name})

    @property
    def label(self) -> str:
        """Name and nib, as on the label of a drawer: `black 0.5`."""
        return f"{self.name} {self.nib_mm:g}"

    def is_same(self, other: "Pen | None") -> bool:
        """Whether both are the same physical pen, even if their feeds, heights or dwells differ."""
        return other is not None and (self.name, self.colour, self.nib_mm) == (other.name, other.colour, other.nib_mm)

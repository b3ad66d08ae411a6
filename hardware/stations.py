"""Stations beside the sheet, such as wells of paint, and how often a brush returns to them."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

_STRICT = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
_Millimetres = Annotated[float, Field(ge=-10000, le=10000)]


class PaintWell(BaseModel):
    """A well of paint or water, or a sponge: a round place on the bed."""

    model_config = _STRICT

    name: str = Field(min_length=1, max_length=60, description="Its name, to which the `reload` of a pen refers.")
    x_mm: _Millimetres = Field(description="x of its centre in mm, in the machine's coordinates.")
    y_mm: _Millimetres = Field(description="y of its centre in mm.")
    radius_mm: float = Field(10, gt=0, le=500, description="Radius in mm inside which the brush may move.")


class Reload(BaseModel):
    """When and how a brush returns to its well."""

    model_config = _STRICT

    station: str | None = Field(
        None, min_length=1, description="The station of the machine with its paint. Default: the one with its own name."
    )
    every_m: float | None = Field(
        None, gt=0, le=1000, description="Metres that a dip lasts. Longer strokes are divided. Default: no limit."
    )
    strokes: int | None = Field(None, ge=1, le=100000, description="Strokes that a dip lasts. Default: no limit.")
    dip_s: float = Field(0.5, ge=0, le=60, description="Seconds (s) for which it rests in the well.")
    stir: bool = Field(False, description="Whether it goes round in the well.")
    wipe: Literal["edge", "none"] = Field(
        "none", description="`edge`: it leaves the well over its edge, still lowered, so that it does not drip."
    )
    wash: str | None = Field(None, description="The station with water, where it is washed before its first dip.")

    def is_due(self, strokes: int, drawn_mm: float, more_mm: float) -> bool:
        """Whether a brush must be dipped before a stroke: after so many strokes and mm since the last dip."""
        if self.strokes is not None and strokes >= self.strokes:
            return True
        return self.every_m is not None and drawn_mm > 0 and drawn_mm + more_mm > 1000 * self.every_m + 1e-6

"""What a drawing may cost a person: time, ink or strokes."""

from typing import Self

from pydantic import Field, model_validator

from renderer.spec.base import SpecModel, exactly_one_of


class Budget(SpecModel):
    """What a drawing may cost: exactly one of minutes, metres or strokes."""

    minutes: float | None = Field(
        None, gt=0, le=100_000, description="Minutes of plotting, pen lifts and pen changes included."
    )
    metres: float | None = Field(None, gt=0, le=1_000_000, description="Metres drawn with the pen down.")
    strokes: int | None = Field(None, ge=1, le=1_000_000, description="Strokes of all layers together.")

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        exactly_one_of(self, ("minutes", "metres", "strokes"))
        return self

    @property
    def unit(self) -> str:
        """`minutes`, `metres` or `strokes`."""
        return next(name for name in ("minutes", "metres", "strokes") if getattr(self, name) is not None)

    @property
    def amount(self) -> float:
        """The number of units."""
        return float(getattr(self, self.unit))

"""Racks of pens, and free colours."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, Tag, model_validator

from hardware.pen import Ink, Pen
from renderer.spec.base import MisfitError, Path, SpecModel, either, unknown_pens


class Rack(SpecModel):
    """A rack: the pens at hand."""

    name: str = Field("pens", description="Name of the rack.")
    pens: tuple[Pen, ...] = Field(min_length=1, description="The pens: `name`, `colour`, `nib_mm`, `ink`.")

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [pen.name for pen in self.pens]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            again = max(index for index, name in enumerate(names) if name in twice)
            text = f"two pens are named {' and two '.join(map(repr, twice))}; give each pen a different name"
            raise MisfitError((("pens", again, "name"), text))
        return self

    @model_validator(mode="after")
    def _one_kind_of_ink(self) -> Self:
        inks = [pen.ink for pen in self.pens]
        if len(set(inks)) > 1:
            other = next(index for index, ink in enumerate(inks) if ink is not inks[0])
            text = f"this ink is {inks[other]}, the others are {inks[0]}; make two racks, and give each layer its own"
            raise MisfitError((("pens", other, "ink"), text))
        return self


class RackPens(SpecModel):
    """Pens from a rack."""

    rack: Rack = Field(
        description="A file with a rack of pens, relative to the spec; or the name of a starter; or the rack itself."
    )
    only: tuple[str, ...] | None = Field(
        None, min_length=1, description="Names of the pens to choose from. Default: all of the rack."
    )
    use: int | None = Field(
        None, ge=1, le=64, description="How many pens to choose for this target. Default: all of the rack."
    )

    @property
    def pens(self) -> tuple[Pen, ...]:
        """The pens to choose from."""
        return tuple(pen for pen in self.rack.pens if self.only is None or pen.name in self.only)

    @model_validator(mode="after")
    def _only_owned_pens(self) -> Self:
        faults = tuple(unknown_pens(self.only or (), [pen.name for pen in self.rack.pens]))
        if faults:
            told: list[tuple[Path, str]] = [(("only", *path), text) for path, text in faults]
            raise MisfitError(*told)
        return self

    @model_validator(mode="after")
    def _there_are_as_many(self) -> Self:
        if self.use is not None and self.use > len(self.pens):
            among = "a rack of" if self.only is None else "the"
            named = "" if self.only is None else " named"
            raise MisfitError((("use",), f"cannot use {self.use} pens out of {among} {len(self.pens)}{named}"))
        return self


class WidthRange(SpecModel):
    """A range of widths within which each stroke's width is fitted."""

    min_mm: float = Field(gt=0, le=30, description="Thinnest stroke, mm.")
    max_mm: float = Field(gt=0, le=30, description="Widest stroke, mm.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min_mm > self.max_mm:
            raise MisfitError((("min_mm",), f"{self.min_mm:g} is above max_mm, which is {self.max_mm:g}"))
        return self


class FreeColours(SpecModel):
    """Any colour for any stroke, for screens and print, as in the paper's figures. There is no G-code."""

    colours: Literal["free"] = Field(description="`free`: each stroke has a colour of its own.")
    nib_mm: Annotated[
        Annotated[float, Field(gt=0, le=30), Tag("width")] | Annotated[WidthRange, Tag("WidthRange")],
        either("WidthRange", "width"),
    ] = Field(
        1.0,
        description="Width of every stroke, mm; or a mapping of `min_mm` and `max_mm`, between which each width is "
        "fitted.",
    )
    ink: Ink = Field(Ink.OPAQUE, description="`opaque` strokes cover what is below; `transparent` ones multiply it.")

    @property
    def widths_mm(self) -> tuple[float, float]:
        """The thinnest and the widest stroke, mm."""
        if isinstance(self.nib_mm, WidthRange):
            return self.nib_mm.min_mm, self.nib_mm.max_mm
        return self.nib_mm, self.nib_mm


def pens_tag(value: Any) -> str:
    free = "colours" in value if isinstance(value, dict) else isinstance(value, FreeColours)
    return "FreeColours" if free else "RackPens"


def layer_pens_tag(value: Any) -> str:
    return "RackPens" if isinstance(value, dict | RackPens) else "names"

"""The artwork spec: every field with its unit, its default and its limits. Nothing is read or written here.

A spec file can name other files (a rack of pens, a machine); `specfile` reads them and puts their content in place.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from hardware.machine import Machine
from hardware.pen import Ink, Pen
from renderer.spec.base import AUTO, MisfitError, Path, SpecModel, not_exactly_one, unknown_pens
from renderer.spec.budget import Budget
from renderer.spec.kinds import (
    KINDS,
    Areas,
    Contours,
    Curves,
    Flow,
    Halftone,
    Hatching,
    Kind,
    Lines,
    OneLine,
    Points,
    Scribble,
    Spiral,
    Traits,
    Waves,
    counted,
    kind_name,
    traits,
)
from renderer.spec.layers import Cost, Edge, Layer, Rates, Refine, Temperature
from renderer.spec.losses import (
    MSE,
    SSIM,
    Augment,
    BlurredMSE,
    DogMSE,
    Edges,
    Features,
    Gram,
    Loss,
    LossTerm,
    Lpips,
    PyramidMSE,
)
from renderer.spec.pens import FreeColours, Rack, RackPens, WidthRange, pens_tag
from renderer.spec.sheet import PAPERS_MM, Canvas, Crop, RemoteImage, Sheet, Spot, Target, Tone

__all__ = [
    "AUTO",
    "KINDS",
    "MSE",
    "PAPERS_MM",
    "SSIM",
    "Areas",
    "Artwork",
    "Augment",
    "BlurredMSE",
    "Budget",
    "Canvas",
    "Contours",
    "Cost",
    "Crop",
    "Curves",
    "DogMSE",
    "Edge",
    "Edges",
    "Features",
    "Flow",
    "FreeColours",
    "Gram",
    "Halftone",
    "Hatching",
    "Ink",
    "Kind",
    "Layer",
    "Lines",
    "Loss",
    "LossTerm",
    "Lpips",
    "Machine",
    "MisfitError",
    "OneLine",
    "Pen",
    "Points",
    "PyramidMSE",
    "Rack",
    "RackPens",
    "Rates",
    "Refine",
    "RemoteImage",
    "Scribble",
    "Sheet",
    "SpecModel",
    "Spiral",
    "Spot",
    "Target",
    "Temperature",
    "Tone",
    "Traits",
    "Waves",
    "WidthRange",
    "counted",
    "kind_name",
    "not_exactly_one",
    "traits",
    "unknown_pens",
]


class Artwork(SpecModel):
    """A complete artwork, with its defaults filled in."""

    version: Literal[1] = Field(description="Version of this format: 1.")
    title: str = Field(min_length=1, max_length=200, description="Title of the artwork.")
    target: Target = Field(description="What the drawing should look like.")
    canvas: Canvas = Field(Canvas(), description="The sheet of paper.")
    pens: Annotated[
        Annotated[RackPens, Tag("RackPens")] | Annotated[FreeColours, Tag("FreeColours")], Discriminator(pens_tag)
    ] = Field(description="The pens to draw with, or `colours: free`.")
    machine: Machine | None = Field(
        None,
        description="A file that describes the machine, relative to the spec; or the name of a starter; or the machine "
        "itself. Without a machine there is no G-code.",
    )
    seed: int = Field(1, ge=0, lt=2**31, description="Seed of all randomness.")
    layers: tuple[Layer, ...] = Field(min_length=1, description="Layers of strokes, bottom first.")
    budget: Budget | None = Field(
        None,
        description="What the drawing may cost. Every `count` of `auto` is planned within it. Default: what the "
        "picture needs, within a sensible time for the paper.",
    )
    refine: Refine = Field(Refine(), description="Fitting all layers together at the end.")
    matrix: dict[str, tuple[Any, ...]] = Field(
        {},
        description="Several artworks from one spec: a mapping from dotted fields to lists of values. "
        "Each combination is an artwork.",
    )

    @model_validator(mode="after")
    def _layers_fit_the_pens(self) -> Self:
        owned = None if isinstance(self.pens, FreeColours) else [pen.name for pen in self.pens.rack.pens]
        faults: tuple[tuple[Path, str], ...] = tuple(
            (("layers", number, "pens", *path), text)
            for number, layer in enumerate(self.layers)
            if isinstance(layer.pens, tuple)
            for path, text in unknown_pens(layer.pens, owned)
        )
        if faults:
            raise MisfitError(*faults)
        return self

    @model_validator(mode="after")
    def _areas_have_pens(self) -> Self:
        faults: list[tuple[Path, str]] = [
            (("layers", number, "areas"), "needs the pens of a rack, but the colours are free; give a rack")
            for number, layer in enumerate(self.layers)
            if layer.areas is not None and isinstance(self.pens_of(layer), FreeColours)
        ]
        if faults:
            raise MisfitError(*faults)
        return self

    @model_validator(mode="after")
    def _dots_are_no_smaller_than_their_pens(self) -> Self:
        faults: list[tuple[Path, str]] = []
        for number, layer in enumerate(self.layers):
            spot_mm = layer.traits.spot_mm
            pens = self.pens_of(layer)
            thickest_mm = max(pen.nib_mm for pen in pens.pens) if isinstance(pens, RackPens) else pens.widths_mm[0]
            if spot_mm is not None and spot_mm < thickest_mm:
                text = f"{spot_mm:g} is less than the nib, {thickest_mm:g} mm; a dot cannot be smaller than its nib"
                faults.append((("layers", number, layer.kind_name, "diameter_mm"), text))
        if faults:
            raise MisfitError(*faults)
        return self

    @model_validator(mode="after")
    def _pens_may_draw_enough(self) -> Self:
        faults: list[tuple[Path, str]] = []
        for number, layer in enumerate(self.layers):
            pens, most = self.pens_of(layer), layer.cost.most_per_pen
            if most is None or (layer.is_auto and not isinstance(pens, FreeColours)):
                continue
            where: Path = ("layers", number, "cost", "most_per_pen")
            if isinstance(pens, FreeColours):
                faults.append((where, "caps pens, but the colours are free; give a rack, or leave this out"))
            elif most * (pens.use or len(pens.pens)) < layer.count:
                count, fewest = pens.use or len(pens.pens), -(-layer.count // (pens.use or len(pens.pens)))
                text = f"{count} pens of at most {most} strokes cannot draw {layer.count}; use at least {fewest}"
                faults.append((where, text))
        if faults:
            raise MisfitError(*faults)
        return self

    def pens_of(self, layer: Layer) -> RackPens | FreeColours:
        """The pens that a layer may use, before the best are chosen."""
        match layer.pens, self.pens:
            case RackPens() as own, _:
                return own
            case tuple() as names, RackPens(rack=rack):
                return RackPens(rack=rack, only=names)
            case _:
                return self.pens

"""Fit all layers of a finished stack together."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from renderer.losses import Sum
from renderer.optimise.descent import adam_for, checked, project
from renderer.optimise.layer_drawing import Ground, draw
from renderer.raster import Workspace
from renderer.spec import Layer
from renderer.strokes import Strokes

_REFINE_RATE = 0.3  # of a layer's own rates


@dataclass(frozen=True)
class FittedLayer:
    """One layer of a finished stack. Only the lowest layer's background is used."""

    layer: Layer
    strokes: Strokes
    ground: Ground

    def to(self, device: torch.device | str) -> "FittedLayer":
        """The same layer on another device."""
        return FittedLayer(self.layer, self.strokes.to(device), self.ground.to(device))


def refine(
    parts: list[FittedLayer], loss: Sum, steps: int
) -> Iterator[tuple[list[FittedLayer], float, dict[str, float]]]:
    """Fit the strokes of all layers together; pens and passes stay. Yield the layers, the loss and its terms each step.

    Raises FitError where the loss is no longer a number.
    """
    parts = [replace(part, strokes=part.strokes.with_gradient(part.ground.palette.widths_vary)) for part in parts]
    starts = [part.strokes.knots.detach().clone() for part in parts]
    adams = [adam_for(part.layer, part.strokes, part.ground) for part in parts]
    workspaces = [Workspace() for _ in parts]
    for step in range(steps):
        terms = loss.each(stacked(parts, workspaces))
        total = loss.total(terms)
        for adam in adams:
            adam.clear()
        total.backward()  # type: ignore[no-untyped-call]
        numbers = checked([(part.layer, part.strokes) for part in parts], total, terms, step, steps)
        for part, adam, start in zip(parts, adams, starts, strict=True):
            adam.step(_REFINE_RATE * (1 + math.cos(math.pi * step / steps)) / 2)
            with torch.no_grad():
                project(part.layer, part.strokes, part.ground, start)
        yield parts, *numbers


def stacked(parts: list[FittedLayer], workspaces: list[Workspace] | None = None) -> Tensor:  # [3, H, W]
    """The picture of all layers, each over the one below."""
    picture = parts[0].ground.background
    for part, workspace in zip(parts, workspaces or [Workspace() for _ in parts], strict=True):
        ground = replace(part.ground, background=picture)
        picture = draw(part.layer, part.strokes, ground, workspace=workspace)
    return picture

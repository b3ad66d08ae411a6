"""Losses: small callables that hold their target, can be combined, and take a picture to a number.

Each change to the plain mean squared error is a wrapper, so that any loss can be weighted, blurred and summed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from renderer.assets.weights import Trunk
from renderer.encoders import Network
from renderer.losses.network_comparison import AugmentedLoss, NetworkLoss
from renderer.losses.network_loss import network_loss
from renderer.losses.pixels import Blurred, LossFunction, SquaredError, pixel_loss
from renderer.losses.views import as_mask
from renderer.spec import Features, Gram, Loss, LossTerm, Lpips

__all__ = [
    "AugmentedLoss",
    "Blurred",
    "LossFunction",
    "NetworkLoss",
    "Sources",
    "SquaredError",
    "Sum",
    "build",
    "windowed",
]


@dataclass(frozen=True)
class Sources:
    """What terms need besides the target, read before the fit: on any device, float32."""

    networks: Mapping[Trunk, Network] = field(default_factory=dict)
    regions: Mapping[str, Tensor] = field(default_factory=dict)  # [H, W] of the frame, by the name in the spec
    styles: Mapping[str, Tensor] = field(default_factory=dict)  # [3, h, w]
    seed: int = 0  # of the random views
    importance: Tensor | None = None  # [H, W] of the frame, of mean 1: for terms on pixels that have no region


@dataclass(frozen=True)
class Sum:
    """Weighted sum of named terms."""

    terms: Mapping[str, tuple[float, LossFunction]]
    device: torch.device  # the device that pictures must be on

    def each(self, picture: Tensor) -> dict[str, Tensor]:  # [3, H, W] -> [] by name
        """Every term by name, unweighted, as a step sees it: in the next random view where the spec has `augment`."""
        return {
            name: term.step(picture) if isinstance(term, AugmentedLoss) else term(picture)
            for name, (_, term) in self.terms.items()
        }

    def total(self, each: Mapping[str, Tensor]) -> Tensor:  # [] by name -> []
        """The weighted sum of what `each` returned."""
        weighted = [weight * each[name] for name, (weight, _) in self.terms.items()]
        return sum(weighted[1:], start=weighted[0])

    def __call__(self, picture: Tensor) -> Tensor:  # [3, H, W] -> []
        """The weighted sum for the complete picture, so that two pictures can be compared."""
        return self.total({name: term(picture) for name, (_, term) in self.terms.items()})


def build(
    losses: tuple[Loss, ...],
    target: Tensor,  # [3, H, W]
    px_per_mm: float,
    sources: Sources = Sources(),
) -> Sum:
    """The loss of a layer, as its spec says. A number distinguishes terms with the same name."""
    terms: dict[str, tuple[float, LossFunction]] = {}
    for number, loss in enumerate(losses):
        name, term = loss.term
        key = name if name not in terms else f"{name} {len(terms) + 1}"
        terms[key] = (term.weight, _function(term, target, px_per_mm, sources, number))
    return Sum(terms, target.device)


def windowed(
    losses: tuple[Loss, ...],
    target: Tensor,  # [3, H, W]
    px_per_mm: float,
    sources: Sources,
    rows: slice,
    columns: slice,
) -> Sum:
    """The same loss for a tile of these pixels, with its own random views."""
    height, width = target.shape[1:]
    regions = {name: as_mask(region, (height, width))[rows, columns] for name, region in sources.regions.items()}
    importance = None if sources.importance is None else sources.importance[rows, columns]
    seen = replace(
        sources,
        regions=regions,
        importance=importance,
        seed=hash((sources.seed, rows.start, columns.start)) & 0x7FFFFFFF,
    )
    return build(losses, target[:, rows, columns], px_per_mm, seen)


def _function(term: LossTerm, target: Tensor, px_per_mm: float, sources: Sources, number: int) -> LossFunction:
    region = None if term.region is None else sources.regions[term.region].to(target)
    match term:
        case Lpips() | Features() | Gram():
            style = sources.styles[term.style].to(target) if isinstance(term, Gram) and term.style is not None else None
            generator = np.random.default_rng([sources.seed, number])
            return network_loss(term, sources.networks[Trunk(*term.trunk)], target, region, style, generator)
        case _:
            shown = region if region is not None else sources.importance
            mask = None if shown is None else as_mask(shown.to(target), (target.shape[1], target.shape[2]))
            return pixel_loss(term, target, px_per_mm, mask)

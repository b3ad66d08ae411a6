"""Losses: small callables that hold their target and compose. A picture goes in, a number comes out.

Each departure from a plain mean squared error is a wrapper, so that any loss can be weighted, blurred and summed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from renderer.blur import blur
from renderer.difference import mean_square
from renderer.spec import MSE, BlurredMSE, Loss, LossTerm

LossFunction = Callable[[Tensor], Tensor]  # [3, H, W] -> []


@dataclass(frozen=True)
class SquaredError:
    """Mean squared difference from the target, over pixels and channels."""

    target: Tensor  # [3, H, W]

    def __call__(self, picture: Tensor) -> Tensor:
        return mean_square(picture, self.target)


@dataclass(frozen=True)
class Blurred:
    """Another loss of the picture as it looks from afar. The inner loss holds a target blurred alike."""

    inner: LossFunction
    sigma_px: float

    def __call__(self, picture: Tensor) -> Tensor:
        return self.inner(blur(picture, self.sigma_px))


@dataclass(frozen=True)
class Sum:
    """Weighted sum of named terms."""

    terms: Mapping[str, tuple[float, LossFunction]]
    device: torch.device  # where pictures must be

    def each(self, picture: Tensor) -> dict[str, Tensor]:
        """Every term by name, unweighted."""
        return {name: term(picture) for name, (_, term) in self.terms.items()}

    def total(self, each: Mapping[str, Tensor]) -> Tensor:
        """The weighted sum of what `each` returned."""
        weighted = [weight * each[name] for name, (weight, _) in self.terms.items()]
        return sum(weighted[1:], start=weighted[0])

    def __call__(self, picture: Tensor) -> Tensor:
        return self.total(self.each(picture))


def build(
    losses: tuple[Loss, ...],
    target: Tensor,  # [3, H, W]
    px_per_mm: float,
) -> Sum:
    """The loss of a layer, as its spec says. Terms that are named twice are told apart by a number."""
    terms: dict[str, tuple[float, LossFunction]] = {}
    for loss in losses:
        name, term = loss.term
        key = name if name not in terms else f"{name} {len(terms) + 1}"
        terms[key] = (term.weight, _function(term, target, px_per_mm))
    return Sum(terms, target.device)


def _function(term: LossTerm, target: Tensor, px_per_mm: float) -> LossFunction:
    match term:
        case MSE():
            return SquaredError(target)
        case BlurredMSE(sigma_mm=sigma_mm):
            sigma_px = sigma_mm * px_per_mm
            return Blurred(SquaredError(blur(target, sigma_px)), sigma_px)

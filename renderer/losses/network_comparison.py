"""Losses that use a network: distances of feature maps, LPIPS, and style. Networks are frozen, targets encoded once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from renderer.encoders import Encoder
from renderer.losses.distance import distance, plain, unit
from renderer.losses.views import Size, as_mask, random_view, resized
from renderer.spec import Augment

Depths = Mapping[str, Tensor]  # by layer: feature maps [C, h, w], or Gram matrices [C, C]


class NetworkComparison(Protocol):
    """A loss that uses a network: the encoding of a target, and the distance of a picture from it."""

    def of_target(self, target: Tensor) -> Depths:  # [3, H, W]
        """What the loss remembers of a target."""

    def distances(self, picture: Tensor, wanted: Depths) -> dict[str, Tensor]:  # [3, H, W] -> [] by layer
        """The loss of each layer; their sum is the total."""

    def maps(self, picture: Tensor, wanted: Depths) -> dict[str, Tensor]:  # [3, H, W] -> [h, w] by layer
        """What each place adds to each layer's loss; empty where the loss has no places."""


@dataclass(frozen=True)
class FeatureExtractor:
    """A network with the size of its input."""

    encoder: Encoder
    size: Size

    def __call__(self, picture: Tensor) -> dict[str, Tensor]:  # [3, H, W] -> [C, h, w] by layer
        return self.encoder(resized(picture, self.size))


@dataclass(frozen=True)
class FeatureDistance:
    """Squared distance of feature maps, summed over channels, averaged over places, summed over layers with weights.

    With unit vectors and a weight for each channel, it is LPIPS (Zhang et al. 2018, equation 1). With unit vectors but
    no such weights, it is the paper's loss with Stylised-ImageNet weights. Without unit vectors, it is a mean over
    channels.
    """

    eye: FeatureExtractor
    weights: Mapping[str, Tensor]  # [C] by layer
    normalise: bool
    region: Tensor | None  # [H, W]

    def of_target(self, target: Tensor) -> Depths:  # [3, H, W] -> [C, h, w] by layer
        found = {name: _real(value) for name, value in self.eye(target).items()}
        return {name: unit(value) if self.normalise else value for name, value in found.items()}

    def maps(self, picture: Tensor, wanted: Depths) -> dict[str, Tensor]:  # [3, H, W] -> [h, w] by layer
        found = self.eye(picture)
        return {
            name: plain(found[name], wanted[name], weights, normalise=self.normalise)
            for name, weights in self.weights.items()
        }

    def distances(self, picture: Tensor, wanted: Depths) -> dict[str, Tensor]:  # [3, H, W] -> [] by layer
        found = self.eye(picture)
        return {name: self._apart(name, found[name], wanted[name]) for name in self.weights}

    def _apart(self, name: str, found: Tensor, wanted: Tensor) -> Tensor:
        mask = None if self.region is None else as_mask(self.region, (found.shape[1], found.shape[2]))
        return distance(found, wanted, self.weights[name], mask, normalise=self.normalise)


def _real(features: Tensor) -> Tensor:
    """The features in at least float32: sums of squares in bfloat16 would have three digits."""
    return features.float() if features.dtype == torch.bfloat16 else features


@dataclass(frozen=True)
class StyleDistance:
    """Squared distance of Gram matrices (Gatys, Ecker and Bethge 2016, equations 3 and 4).

    Unlike in Gatys et al., each layer's distance is relative to the style's own matrix, so that no layer dominates the
    others, whatever the size of its features, and pictures of any size can be compared.
    """

    eye: FeatureExtractor
    weights: Mapping[str, float]  # by layer
    region: Tensor | None  # [H, W], of the picture; the complete style counts

    def of_target(self, target: Tensor) -> Depths:  # [3, H, W] -> [C, C] by layer
        return {name: gram(_real(value), None) for name, value in self.eye(target).items()}

    def distances(self, picture: Tensor, wanted: Depths) -> dict[str, Tensor]:  # [3, H, W] -> [] by layer
        found = self.eye(picture)
        return {name: weight * self._layer(found[name], wanted[name]) for name, weight in self.weights.items()}

    def _layer(self, found: Tensor, wanted: Tensor) -> Tensor:
        own = gram(_real(found), self.region)
        return ((own - wanted) ** 2).mean(-1).mean() / (wanted**2).mean().clamp_min(1e-12)

    def maps(self, picture: Tensor, wanted: Depths) -> dict[str, Tensor]:  # [3, H, W] -> [h, w] by layer
        """No map: style has no places."""
        return {}


def gram(features: Tensor, region: Tensor | None) -> Tensor:  # [C, h, w] -> [C, C]
    """The Gram matrix: how often features occur together, as a mean over places, within `region [H, W]` if given."""
    if region is not None:
        features = features * as_mask(region, (features.shape[1], features.shape[2])).clamp_min(0).sqrt()
    flat = features.flatten(1)
    return flat @ flat.T / flat.shape[1]


@dataclass(frozen=True)
class NetworkLoss:
    """A loss that uses a network, with what it remembers of its target, which is encoded once."""

    comparison: NetworkComparison
    target_maps: Depths

    def each(self, picture: Tensor) -> dict[str, Tensor]:  # [3, H, W] -> [] by layer
        """The loss of each layer."""
        return self.comparison.distances(picture, self.target_maps)

    def __call__(self, picture: Tensor) -> Tensor:  # [3, H, W] -> []
        return torch.stack(list(self.each(picture).values())).sum()


@dataclass(frozen=True)
class AugmentedLoss:
    """A loss that uses a network and sees picture and target in the same random view, another one in each step.

    Judging, comparing and reporting use the complete picture: `inner`.
    """

    inner: NetworkLoss
    target: Tensor | None  # [3, H, W]; None for a style, which does not change with the view
    augment: Augment
    size: Size
    generator: np.random.Generator = field(compare=False)

    def step(self, picture: Tensor) -> Tensor:  # [3, H, W] -> []
        """The loss in the next view."""
        view = random_view(self.augment, self.size, self.generator)
        wanted = self.inner.target_maps
        if self.target is not None:
            with torch.no_grad():
                wanted = self.inner.comparison.of_target(view(self.target))
        return torch.stack(list(self.inner.comparison.distances(view(picture), wanted).values())).sum()

    def __call__(self, picture: Tensor) -> Tensor:  # [3, H, W] -> []
        return self.inner(picture)

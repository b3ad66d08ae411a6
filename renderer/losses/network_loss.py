"""A term of a spec that uses a network -> the loss, with what it remembers of its target."""

import importlib.util
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from renderer.encoders import LEAST_PX, Encoder, Network, quick_in_bfloat16
from renderer.losses.network_comparison import (
    AugmentedLoss,
    FeatureDistance,
    FeatureExtractor,
    NetworkLoss,
    StyleDistance,
)
from renderer.losses.views import Size, resized
from renderer.spec import Features, Gram, Lpips
from renderer.spec.networks import LPIPS_NETS, STYLE_LAYERS, USUAL_LAYERS

USUAL_PX = 224  # default for the longer side of a network's input: the size that they were trained on


def network_loss(
    term: Lpips | Features | Gram,
    network: Network,
    target: Tensor,  # [3, H, W]
    region: Tensor | None,  # [H, W]
    style: Tensor | None,  # [3, h, w]
    generator: np.random.Generator,
) -> NetworkLoss | AugmentedLoss:
    """The loss of a term, on the target's device."""
    device, size = target.device, network_size(target, term.scale, network.trunk.net)
    dtype = _dtype(term.precision, device)

    def eye(layers: tuple[str, ...]) -> FeatureExtractor:
        return FeatureExtractor(Encoder.of(network, layers, device, dtype), size)

    match term:
        case Lpips(net=net):
            layers = USUAL_LAYERS[LPIPS_NETS[net]]
            channels = {name: weights.to(device) for name, weights in zip(layers, linear_layers(net), strict=True)}
            loss: FeatureDistance | StyleDistance = FeatureDistance(eye(layers), channels, True, region)
        case Features(normalise=normalise):
            depths = dict(term.depths(USUAL_LAYERS))
            look = eye(tuple(depths))
            counts = {name: len(value) for name, value in look(target).items()}
            even = {
                name: torch.full((count,), depths[name] / (1 if normalise else count), device=device)
                for name, count in counts.items()
            }
            loss = FeatureDistance(look, even, normalise, region)
        case Gram():
            depths = dict(term.depths(STYLE_LAYERS))
            loss = StyleDistance(eye(tuple(depths)), depths, region)
    with torch.no_grad():
        seen = NetworkLoss(loss, loss.of_target(target if style is None else _as_large(style, size, network.trunk.net)))
    if term.augment is None:
        return seen
    turned = None if style is not None else target
    return AugmentedLoss(seen, turned, term.augment, (target.shape[1], target.shape[2]), generator)


def network_size(picture: Tensor, scale: float | None, net: str) -> Size:  # picture: [3, H, W]
    """The size of a network's input for a picture: large enough that something is left at the last layer."""
    height, width = picture.shape[1:]
    scale = scale or min(1.0, USUAL_PX / max(height, width))
    scale = max(scale, LEAST_PX[net] / min(height, width))
    return round(height * scale), round(width * scale)


def _as_large(style: Tensor, size: Size, net: str) -> Tensor:
    """A style picture in its own proportions, as long as the network's input, so that strokes have the same scale."""
    scale = max(size) / max(style.shape[1:])
    height, width = (max(LEAST_PX[net], round(side * scale)) for side in style.shape[1:])
    return resized(style, (height, width))


def _dtype(precision: str, device: torch.device) -> torch.dtype:
    if precision == "bfloat16" or (precision == "auto" and quick_in_bfloat16(device)):
        return torch.bfloat16
    return torch.float32


@lru_cache
def linear_layers(net: str) -> tuple[Tensor, ...]:  # [C] each
    """LPIPS' weights for each channel of each layer, version 0.1, from the lpips package."""
    spec = importlib.util.find_spec("lpips")  # the package itself would import half of scipy
    assert spec is not None and spec.origin is not None
    path = Path(spec.origin).parent / "weights" / "v0.1" / f"{net}.pth"
    state = torch.load(path, map_location="cpu", weights_only=True)
    return tuple(state[f"lin{n}.model.1.weight"].flatten() for n in range(len(state)))

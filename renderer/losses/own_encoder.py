"""An encoder of the caller's own -> a loss for `renderer.render`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from renderer.losses.distance import unit

# a picture [3, H, W] sRGB -> feature maps [C, h, w] or [1, C, h, w], or vectors [D]: one, several, or several by name
OwnEncoder = Callable[[Tensor], Tensor | Sequence[Tensor] | Mapping[str, Tensor]]


@dataclass
class EncoderLoss:
    """How far the features of a drawing are from those of its target; remembers the features of the last target."""

    encoder: OwnEncoder
    pixels: float
    _target: Tensor | None = field(default=None, repr=False)
    _wanted: list[Tensor] = field(default_factory=list, repr=False)

    def __call__(
        self,
        drawing: Tensor,  # [3, H, W]
        target: Tensor,  # [3, H, W]
    ) -> Tensor:  # []
        """The mean over all maps, and `pixels` times the mean squared difference."""
        if self._target is not target:
            with torch.no_grad():
                self._wanted = _units(self.encoder(target))
            self._target = target
        apart = [((a - b) ** 2).sum(0).mean() for a, b in zip(_units(self.encoder(drawing)), self._wanted, strict=True)]
        total = torch.stack(apart).mean()
        return total + self.pixels * (drawing - target).square().mean() if self.pixels else total


def encoder_loss(encoder: OwnEncoder, *, pixels: float = 0.0) -> EncoderLoss:
    """A loss that compares what an encoder sees of the drawing and of the target, `[3, H, W]` each.

    The features of each place are scaled to length 1, as in LPIPS; a vector has one place. `pixels` adds so much of the
    mean squared difference of the pictures. Freeze the encoder yourself: its parameters are not changed, but their
    gradients cost time.
    """
    return EncoderLoss(encoder, pixels)


def _units(found: Tensor | Sequence[Tensor] | Mapping[str, Tensor]) -> list[Tensor]:
    """Features as maps [C, h, w] of length 1 at each place. Raises ValueError for other shapes."""
    if isinstance(found, Tensor):
        found = [found]
    maps = list(found.values() if isinstance(found, Mapping) else found)
    return [unit(_map(one)) for one in maps]


def _map(features: Tensor) -> Tensor:
    shape = tuple(features.shape)
    match len(shape), shape[:1]:
        case 1, _:
            return features[:, None, None]
        case 2, (1,):
            return features[0, :, None, None]
        case 3, _:
            return features
        case 4, (1,):
            return features[0]
    raise ValueError(f"the encoder returned a tensor of shape {shape}; return maps [C, h, w] or vectors [D]")

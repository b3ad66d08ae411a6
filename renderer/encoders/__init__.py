"""A network's name and its weights -> a frozen encoder: a picture goes in, feature maps of chosen depths come out."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from renderer.assets import sha256_of
from renderer.assets.weights import Trunk
from renderer.encoders.checkpoint import WeightsError, loaded
from renderer.spec.networks import LAYERS

__all__ = ["Encoder", "Network", "WeightsError", "networks", "quick_in_bfloat16"]

# What torchvision's networks were trained on; Stylised-ImageNet ones and LPIPS' trunks too.
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
# The shortest side that leaves something of a picture at the last layer.
LEAST_PX = {"vgg16": 32, "alexnet": 64, "squeezenet1_1": 32}


@dataclass(frozen=True)
class Network:
    """Frozen weights, float32, on the processor."""

    trunk: Trunk
    features: nn.Sequential
    sha256: str  # of their file


def networks(files: Mapping[Trunk, Path]) -> dict[Trunk, Network]:
    """Each network with its weights. WeightsError."""
    return {trunk: Network(trunk, loaded(path, trunk.net), sha256_of(path)) for trunk, path in files.items()}


@dataclass(frozen=True)
class Encoder:
    """A network as far as the deepest layer that is asked for, on a device, in some precision."""

    slices: tuple[tuple[str, nn.Sequential], ...]  # each ends at a layer that is asked for
    mean: Tensor  # [3, 1, 1]
    deviation: Tensor
    dtype: torch.dtype

    @staticmethod
    def of(network: Network, layers: tuple[str, ...], device: torch.device, dtype: torch.dtype) -> "Encoder":
        """Of a network, as deep as the deepest of `layers`."""
        names = LAYERS[network.trunk.net]
        ends = sorted(names.index(layer) + 1 for layer in layers)
        slices: list[tuple[str, nn.Sequential]] = []
        for begin, end in zip([0, *ends], ends, strict=False):
            part = network.features[begin:end]
            copies = [deepcopy(module).to(device, dtype).to(memory_format=torch.channels_last) for module in part]
            if begin and isinstance(copies[0], nn.ReLU):
                copies[0] = nn.ReLU()  # in place it would spoil the layer before, which was asked for
            slices.append((names[end - 1], nn.Sequential(*copies)))
        mean, deviation = (torch.tensor(value, device=device)[:, None, None] for value in (MEAN, DEVIATION))
        return Encoder(tuple(slices), mean, deviation, dtype)

    def __call__(self, picture: Tensor) -> dict[str, Tensor]:  # [3, h, w] sRGB -> [C, h', w'] by layer
        """Feature maps, in the encoder's precision."""
        x = ((picture - self.mean) / self.deviation)[None].to(self.dtype, memory_format=torch.channels_last)
        found = {}
        for name, part in self.slices:
            x = part(x)
            found[name] = x.squeeze(0)  # not x[0], whose way back fills a whole map with zeros
        return found


def quick_in_bfloat16(device: torch.device) -> bool:
    """Whether the device has instructions for bfloat16; without them it is slower than float32."""
    if device.type == "cuda":
        return bool(torch.cuda.get_device_capability(device) >= (8, 0))
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())

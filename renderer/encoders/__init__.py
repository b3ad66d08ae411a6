"""A network's name and weights -> a frozen encoder, which takes a picture to feature maps at chosen depths."""

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

# The normalisation that torchvision's networks were trained with; Stylised-ImageNet ones and LPIPS' trunks too.
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
# The shortest side of a picture that still reaches the last layer.
LEAST_PX = {"vgg16": 32, "alexnet": 64, "squeezenet1_1": 32}


@dataclass(frozen=True)
class Network:
    """A network with frozen weights, float32, on the CPU."""

    trunk: Trunk
    features: nn.Sequential
    sha256: str  # of their file


def networks(files: Mapping[Trunk, Path]) -> dict[Trunk, Network]:
    """Each network with its weights. Raises WeightsError."""
    return {trunk: Network(trunk, loaded(path, trunk.net), sha256_of(path)) for trunk, path in files.items()}


@dataclass(frozen=True)
class Encoder:
    """A network up to the deepest layer that is wanted, on a device, in some precision."""

    slices: tuple[tuple[str, nn.Sequential], ...]  # each ends at a layer that is wanted
    mean: Tensor  # [3, 1, 1]
    deviation: Tensor  # [3, 1, 1]
    dtype: torch.dtype

    @staticmethod
    def of(network: Network, layers: tuple[str, ...], device: torch.device, dtype: torch.dtype) -> "Encoder":
        """The encoder of a network, up to the deepest of `layers`."""
        names = LAYERS[network.trunk.net]
        ends = sorted(names.index(layer) + 1 for layer in layers)
        slices: list[tuple[str, nn.Sequential]] = []
        for begin, end in zip([0, *ends], ends, strict=False):
            part = network.features[begin:end]
            copies = [deepcopy(module).to(device, dtype).to(memory_format=torch.channels_last) for module in part]
            if begin and isinstance(copies[0], nn.ReLU):
                copies[0] = nn.ReLU()  # in place it would overwrite the layer before, which is wanted
            slices.append((names[end - 1], nn.Sequential(*copies)))
        mean, deviation = (torch.tensor(value, device=device)[:, None, None] for value in (MEAN, DEVIATION))
        return Encoder(tuple(slices), mean, deviation, dtype)

    def __call__(self, picture: Tensor) -> dict[str, Tensor]:  # [3, h, w] sRGB -> [C, h', w'] by layer
        """The feature maps, in the encoder's precision."""
        x = ((picture - self.mean) / self.deviation)[None].to(self.dtype, memory_format=torch.channels_last)
        found = {}
        for name, part in self.slices:
            x = part(x)
            found[name] = x.squeeze(0)  # not x[0], whose gradient would fill a map with zeros first
        return found


def quick_in_bfloat16(device: torch.device) -> bool:
    """Whether the device has instructions for bfloat16; without them it is slower than float32."""
    if device.type == "cuda":
        return bool(torch.cuda.get_device_capability(device) >= (8, 0))
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())

"""The distance of feature maps from a target's. On the CPU one numba kernel computes value and gradient together.

Feature maps are large: VGG16's first has 3.2 million numbers at 224 px. As a dozen operations of torch, each a walk
through memory with its own gradient, the distance costs half as much as the network; as one kernel, a twentieth. With f
the features of a place, |f| their length, u = f / |f|, t the target's and w the weights of the channels:

    d = sum w (u - t)^2      g = 2 w (u - t)      dd/df = (g - u (u . g)) / |f|

The plain reference version is `plain`, which runs on any device in any precision.
"""

from typing import Any

import numpy as np
import torch
from numba import njit
from torch import Tensor
from torch.autograd import Function

from renderer.cores import share

_jit = njit(cache=True, nogil=True, fastmath={"nsz", "arcp", "contract", "reassoc"}, error_model="numpy")
_part = njit(
    forceinline=True, nogil=True, fastmath={"nsz", "arcp", "contract", "reassoc"}, error_model="numpy"
)  # why: raster/cpu.py

_LEAST = 1e-10  # added to lengths, as in lpips


def distance(
    found: Tensor,  # [C, h, w], the layout of channels_last, float32 or bfloat16
    wanted: Tensor,  # [C, h, w] float32; of length 1 where `normalise`
    weights: Tensor,  # [C]
    mask: Tensor | None,  # [h, w], of mean 1
    *,
    normalise: bool,
) -> Tensor:  # []
    """Weighted squared distance, summed over channels, averaged over places."""
    if found.device.type != "cpu" or found.dtype not in (torch.float32, torch.bfloat16):
        values = plain(found, wanted, weights, normalise=normalise)
        return (values if mask is None else values * mask).mean(-1).mean()
    result: Tensor = _Distance.apply(found, wanted, weights, mask, normalise)
    return result


def plain(
    found: Tensor,  # [C, h, w]
    wanted: Tensor,  # [C, h, w]
    weights: Tensor,  # [C]
    *,
    normalise: bool,
) -> Tensor:  # [h, w]
    """The distance at each place."""
    found = found if found.dtype == torch.float64 else found.float()
    apart = ((unit(found) if normalise else found) - wanted) ** 2
    return (apart * weights[:, None, None]).sum(0)


def unit(features: Tensor) -> Tensor:  # [C, h, w] -> [C, h, w]
    """The features of each place, scaled to length 1; zeros stay zeros."""
    length: Tensor = torch.linalg.vector_norm(features, dim=0, keepdim=True)
    return features / (length + _LEAST)


class _Distance(Function):
    """The kernel as an autograd function: `forward` computes the gradient, `backward` scales it."""

    @staticmethod
    def forward(
        ctx: Any, found: Tensor, wanted: Tensor, weights: Tensor, mask: Tensor | None, normalise: bool
    ) -> Tensor:
        places = found.detach().permute(1, 2, 0).contiguous()
        gradient = torch.empty_like(places)
        height, width, _ = places.shape
        shares = torch.ones(height, width) if mask is None else mask
        rows = np.empty(height, np.float32)
        arrays = (
            _bits(places),
            wanted.permute(1, 2, 0).contiguous().numpy(),
            weights.float().contiguous().numpy(),
            (shares.float() / (height * width)).contiguous().numpy(),
            _bits(gradient),
            rows,
            normalise,
        )
        share(_walk, *arrays)
        ctx.gradient = gradient
        return torch.tensor(rows.sum())

    @staticmethod
    def backward(ctx: Any, outer: Tensor) -> tuple[Tensor | None, ...]:
        gradient = ctx.gradient if outer.item() == 1 else ctx.gradient * outer.to(ctx.gradient.dtype)
        return gradient.permute(2, 0, 1), None, None, None, None


def _bits(values: Tensor) -> Any:
    """The values as a numpy array; bfloat16, which numpy does not know, as bits."""
    return values.view(torch.int16).numpy().view(np.uint16) if values.dtype == torch.bfloat16 else values.numpy()


@_part
def _read(found, y, x, numbers, bits):
    """Read the features of a place as float32. `bits` is a view of `numbers` as integers: bfloat16 is their upper half.

    By index, here and below: slicing an array counts a reference, which takes as long as a place does.
    """
    if found.itemsize == 2:
        for c in range(len(bits)):
            bits[c] = np.uint32(found[y, x, c]) << np.uint32(16)
    else:
        for c in range(len(bits)):
            numbers[c] = found[y, x, c]


@_part
def _write(gradient, y, x, numbers, bits):
    """Write the features of a place, rounded to the nearest, ties to even."""
    if gradient.itemsize == 2:
        for c in range(len(bits)):
            half = np.uint32(0x7FFF) + ((bits[c] >> np.uint32(16)) & np.uint32(1))
            gradient[y, x, c] = np.uint16((bits[c] + half) >> np.uint32(16))
    else:
        for c in range(len(bits)):
            gradient[y, x, c] = numbers[c]


@_jit
def _walk(thread, threads, found, wanted, weights, shares, gradient, rows, normalise):
    """Every `threads`-th row of `found [h, w, C]`: its distance into `rows`, its gradient into `gradient`."""
    height, width, channels = found.shape
    own = np.empty(channels, np.float32)
    bits = own.view(np.uint32)
    for y in range(thread, height, threads):
        row = np.float32(0.0)
        for x in range(width):
            _read(found, y, x, own, bits)
            share = shares[y, x]
            inverse = np.float32(1.0)
            if normalise:
                square = np.float32(0.0)
                for c in range(channels):
                    square += own[c] * own[c]
                inverse = np.float32(1.0) / (np.sqrt(square) + np.float32(_LEAST))
            apart, along = np.float32(0.0), np.float32(0.0)
            for c in range(channels):
                u = own[c] * inverse
                pull = weights[c] * (u - wanted[y, x, c])
                apart += pull * (u - wanted[y, x, c])
                along += pull * u
            row += share * apart
            outward = along if normalise else np.float32(0.0)
            factor = np.float32(2.0) * share * inverse
            for c in range(channels):
                u = own[c] * inverse
                own[c] = factor * (weights[c] * (u - wanted[y, x, c]) - u * outward)
            _write(gradient, y, x, own, bits)
        rows[y] = row

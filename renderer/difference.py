"""The mean squared difference of two pictures, and its gradient.

The CPU uses a numba kernel that walks over the pixels once. Other devices, and the plain reference version, use torch.
"""

from typing import Any

import numpy as np
import torch
from numba import njit
from torch import Tensor
from torch.autograd import Function

from renderer.cores import picture as as_picture
from renderer.cores import pixels, share

_jit = njit(cache=True, nogil=True, fastmath={"contract", "reassoc", "nsz", "arcp"}, error_model="numpy")
_part = njit(forceinline=True, nogil=True, fastmath={"contract", "reassoc", "nsz", "arcp"}, error_model="numpy")


def mean_square(
    picture: Tensor,  # [3, H, W]
    target: Tensor,  # [3, H, W]
    mask: Tensor | None = None,  # [H, W], how much each pixel counts
    *,
    plain: bool = False,
) -> Tensor:  # []
    """Mean squared difference over pixels and channels. Neither the target nor the mask gets a gradient.

    `plain` takes the reference version.
    """
    if plain or picture.dtype != torch.float32 or picture.device.type != "cpu":
        # Rows first: torch splits a sum over everything among threads, so its last digits would depend on them.
        squares = (picture - target) ** 2
        return (squares if mask is None else squares * mask).mean(-1).mean()
    difference: Tensor = _MeanSquare.apply(picture, target, mask)
    return difference


class _MeanSquare(Function):
    """The numba kernel as an autograd function."""

    @staticmethod
    def forward(ctx: Any, picture: Tensor, target: Tensor, mask: Tensor | None) -> Tensor:
        mine, right = pixels(picture), pixels(target)
        counts = np.empty((0, 0), np.float32) if mask is None else mask.detach().contiguous().numpy()
        sums = np.empty(len(mine), np.float64)  # one for each row, so that no sum depends on the threads
        slope = np.empty_like(mine if ctx.needs_input_grad[0] else mine[:0])
        share(_squares, mine, right, counts, np.float32(2 / mine.size), sums, slope, work=mine.size)
        ctx.slope = slope
        return torch.tensor(sums.sum() / mine.size, dtype=torch.float32)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        slope, ctx.slope = ctx.slope, None  # scaled in place, so the gradient can be taken once
        slope *= gradient.item()
        return as_picture(slope), None, None


@_part
def _masked(picture, target, mask, factor, slope):
    """One row of `_squares` with a mask; `slope` is that row, or empty."""
    total = np.float32(0.0)
    for x in range(len(picture)):
        for c in range(picture.shape[1]):
            d = picture[x, c] - target[x, c]
            total += mask[x] * d * d
            if len(slope):
                slope[0, x, c] = factor * mask[x] * d
    return total


@_jit
def _squares(thread, threads, picture, target, mask, factor, sums, slope):
    """Sum of squared differences of each row of [H, W, C], times the mask [H, W] if it has rows.

    slope = factor mask (picture - target), if it has rows.
    """
    if len(mask):
        for y in range(thread, len(picture), threads):
            sums[y] = _masked(picture[y], target[y], mask[y], factor, slope[y : y + 1])
        return
    for y in range(thread, len(picture), threads):
        mine, right = picture[y].reshape(-1), target[y].reshape(-1)
        total = np.float32(0.0)
        if len(slope):
            result = slope[y].reshape(-1)
            for i in range(len(mine)):
                d = mine[i] - right[i]
                result[i] = factor * d
                total += d * d
        else:
            for i in range(len(mine)):
                total += (mine[i] - right[i]) * (mine[i] - right[i])
        sums[y] = total

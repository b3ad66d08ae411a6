"""How far apart two pictures are: the mean squared difference, with its way back.

On the processor a numba kernel, one walk over the pixels; elsewhere, and as the plain twin, plain torch.
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


def mean_square(
    picture: Tensor,  # [3, H, W]
    target: Tensor,  # [3, H, W]
    *,
    plain: bool = False,
) -> Tensor:  # []
    """Mean squared difference over pixels and channels. The target takes no gradient."""
    if plain or picture.dtype != torch.float32 or picture.device.type != "cpu":
        # Rows first: a sum over everything at once is split among threads, and its last digits with it.
        return ((picture - target) ** 2).mean(-1).mean()
    difference: Tensor = _MeanSquare.apply(picture, target)
    return difference


class _MeanSquare(Function):
    """The numba kernel as an autograd function."""

    @staticmethod
    def forward(ctx: Any, picture: Tensor, target: Tensor) -> Tensor:
        mine, right = pixels(picture), pixels(target)
        sums = np.empty(len(mine), np.float64)  # one a row, so that no sum depends on the threads
        slope = np.empty_like(mine if ctx.needs_input_grad[0] else mine[:0])
        share(_squares, mine, right, np.float32(2 / mine.size), sums, slope, work=mine.size)
        ctx.slope = slope
        return torch.tensor(sums.sum() / mine.size, dtype=torch.float32)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        slope, ctx.slope = ctx.slope, None  # scaled where it lies, so there is one way back
        slope *= gradient.item()
        return as_picture(slope), None


@_jit
def _squares(thread, threads, picture, target, factor, sums, slope):
    """Sum of squared differences of each row of [H, W, C]; slope = factor (picture - target), where it has rows."""
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

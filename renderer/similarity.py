"""The structural similarity of two pictures (SSIM), and its gradient.

Wang, Bovik, Sheikh and Simoncelli 2004, "Image Quality Assessment: From Error Visibility to Structural Similarity",
equation 13: K1 = 0.01, K2 = 0.03, a Gaussian window. The edges repeat outwards.

The CPU uses numba kernels that blur the three moments together and know the gradient. Other devices, and the plain
reference version, use torch.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd import Function

from renderer.blur import blur, gathered, scattered, taps
from renderer.cores import picture as as_picture
from renderer.cores import pixels, share

C1, C2 = 0.01**2, 0.03**2
_FAST = {"contract", "reassoc", "nsz", "arcp"}
_jit = njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy")
_part = njit(forceinline=True, nogil=True, fastmath=_FAST, error_model="numpy")  # why: raster/cpu.py


def similarity(
    a: Tensor,  # [C, H, W] in [0, 1]
    b: Tensor,  # [C, H, W] in [0, 1]
    sigma_px: float,
) -> Tensor:  # [C, H, W]
    """SSIM at each pixel."""
    return Model(b, sigma_px).similarity(a)


@dataclass(frozen=True)
class Model:
    """A picture that many others are compared with: what does not depend on them is computed once."""

    picture: Tensor  # [C, H, W] in [0, 1]
    sigma_px: float
    mask: Tensor | None = None  # [H, W], of mean 1

    def mean(self, other: Tensor, *, plain: bool = False) -> Tensor:  # [C, H, W] in [0, 1] -> []
        """The mean SSIM, weighted by the mask if there is one. `plain` takes the reference version."""
        if plain or other.dtype != torch.float32 or other.device.type != "cpu":
            similar = self.similarity(other)
            return (similar if self.mask is None else similar * self.mask).mean(-1).mean()
        mean: Tensor = _MeanSimilarity.apply(other, self)
        return mean

    def similarity(self, other: Tensor) -> Tensor:  # [C, H, W] in [0, 1] -> [C, H, W]
        """SSIM at each pixel."""
        (mean, square), own = self.moments, self.picture
        means, squares, both = (blur(x, self.sigma_px) for x in (other, other * other, other * own))
        variances = squares - means**2 + square - mean**2
        return ((2 * means * mean + C1) * (2 * (both - means * mean) + C2)) / (
            (means**2 + mean**2 + C1) * (variances + C2)
        )

    @cached_property
    def moments(self) -> tuple[Tensor, Tensor]:
        """The local means of the picture and of its square, [C, H, W] each."""
        return blur(self.picture, self.sigma_px), blur(self.picture * self.picture, self.sigma_px)


class _MeanSimilarity(Function):
    """The numba kernels as an autograd function.

    They work on [H, W, C], and on three moments as [H, 3, W, C]: the picture, its square, its product with the model.
    """

    @staticmethod
    def forward(ctx: Any, other: Tensor, model: Model) -> Tensor:
        mine, right, weights = pixels(other), pixels(model.picture), taps(model.sigma_px)
        raw = np.empty((len(mine), 3, *mine.shape[1:]), np.float32)
        share(_products, _rows(mine), _rows(right), _moments(raw), work=raw.size)
        local = gathered(raw, weights)
        counts = np.empty((0, 0), np.float32) if model.mask is None else model.mask.detach().contiguous().numpy()
        slopes = raw if ctx.needs_input_grad[0] else raw[:0]
        sums = np.empty(len(mine), np.float64)  # one for each row, so that no sum depends on the threads
        own = (_rows(pixels(part)) for part in model.moments)
        share(_compared, _moments(local), *own, counts, sums, _moments(slopes), work=raw.size)
        ctx.kept = (mine, right, slopes, weights)
        return torch.tensor(sums.sum() / mine.size, dtype=torch.float32)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        mine, right, slopes, weights = ctx.kept
        result = np.empty_like(mine)
        factor = np.float32(gradient.item() / mine.size)
        returned = _moments(scattered(slopes, weights))
        share(_returned, returned, _rows(mine), _rows(right), factor, _rows(result), work=slopes.size)
        return as_picture(result), None


def _rows(picture: NDArray[np.float32]) -> NDArray[np.float32]:  # [H, W, C] -> [H, W C]
    return picture.reshape(len(picture), -1)


def _moments(three: NDArray[np.float32]) -> NDArray[np.float32]:  # [H, 3, W, C] -> [H, 3, W C]
    return three.reshape(len(three), 3, three.shape[2] * three.shape[3])


@_jit
def _products(thread, threads, mine, right, raw):
    """raw [H, 3, N]: the rows [H, N] of the picture, their squares, and their products with those of the model."""
    for y in range(thread, len(mine), threads):
        own, other, (value, square, product) = mine[y], right[y], (raw[y, 0], raw[y, 1], raw[y, 2])
        for i in range(len(own)):
            value[i] = own[i]
            square[i] = own[i] * own[i]
            product[i] = own[i] * other[i]


@_jit
def _compared(thread, threads, local, mean, square, mask, sums, slopes):
    """The sum of each row's similarities, times the mask [H, W] if it has rows, from the local moments [H, 3, N].

    The slopes [H, 3, N] are those of the similarities along each moment, if they have rows, times the mask.

    With A = 2 m n + C1, B = 2 (p - m n) + C2, C = m^2 + n^2 + C1 and D = (s - m^2) + (t - n^2) + C2, a similarity is
    A B / (C D); m, s and p are the local means of the picture, its square and the product, n and t those of the model.
    """
    for y in range(thread, len(sums), threads):
        if len(slopes):
            sums[y] = _sloping(local[y], mean[y], square[y], slopes[y])
        if len(slopes) and len(mask):
            _weighted(slopes[y], mask[y])
        if len(mask) or not len(slopes):
            sums[y] = _sum_of(local[y], mean[y], square[y], mask[y : y + 1])


@_part
def _sum_of(local, mean, square, mask):
    """The sum of the similarities of one row; `mask` is [1, W], or empty."""
    one, two, double = np.float32(C1), np.float32(C2), np.float32(2.0)
    total = np.float32(0.0)
    channels = len(mean) // mask.shape[1] if len(mask) else 1
    for i in range(len(mean)):
        m, s, p, n = local[0, i], local[1, i], local[2, i], mean[i]
        lower, spread = m * m + n * n + one, (s - m * m) + (square[i] - n * n) + two
        value = (double * m * n + one) * (double * (p - m * n) + two) / (lower * spread)
        total += value * mask[0, i // channels] if len(mask) else value
    return total


@_part
def _sloping(local, mean, square, slopes):
    """The sum of the similarities of one row without a mask, and their slopes [3, N]."""
    one, two, double = np.float32(C1), np.float32(C2), np.float32(2.0)
    total = np.float32(0.0)
    for i in range(len(mean)):
        m, s, p, n = local[0, i], local[1, i], local[2, i], mean[i]
        a, b = double * m * n + one, double * (p - m * n) + two
        lower, spread = m * m + n * n + one, (s - m * m) + (square[i] - n * n) + two
        inverse = np.float32(1.0) / (lower * spread)
        value = a * b * inverse
        total += value
        # 1 / D - 1 / C = (C - D) / (C D)
        slopes[0, i] = double * inverse * (n * (b - a) + value * m * (lower - spread))
        slopes[1, i] = -value * lower * inverse
        slopes[2, i] = double * a * inverse
    return total


@_part
def _weighted(slopes, mask):
    """Multiply the slopes [3, N] of one row by its mask [W]."""
    channels = slopes.shape[1] // len(mask)
    for moment in range(3):
        for x in range(len(mask)):
            for c in range(channels):
                slopes[moment, x * channels + c] *= mask[x]


@_jit
def _returned(thread, threads, slopes, mine, right, factor, result):
    """The gradient [H, N] of the picture from those [H, 3, N] of its moments, times a factor."""
    for y in range(thread, len(mine), threads):
        own, other, found = mine[y], right[y], result[y]
        by_value, by_square, by_product = slopes[y, 0], slopes[y, 1], slopes[y, 2]
        for i in range(len(own)):
            slope = by_value[i] + np.float32(2.0) * own[i] * by_square[i] + other[i] * by_product[i]
            found[i] = factor * slope

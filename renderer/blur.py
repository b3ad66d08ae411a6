"""A picture seen from afar: Gaussian blur with its way back, edges repeated.

On the processor a numba kernel (torch's own convolution takes ten times as long on the way back); elsewhere, and as the
plain twin, two products with band matrices.
"""

from typing import Any

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd import Function

_jit = njit(cache=True, nogil=True, fastmath={"contract", "reassoc", "nsz", "arcp"})
_part = njit(nogil=True, fastmath={"contract", "reassoc", "nsz", "arcp"})  # why: raster/cpu.py


def blur(
    picture: Tensor,  # [C, H, W]
    sigma_px: float,
    *,
    plain: bool = False,
) -> Tensor:  # [C, H, W]
    """Gaussian blur with standard deviation `sigma_px`, cut off at 3.5 sigma; beyond the edge the edge repeats."""
    if plain or picture.dtype != torch.float32 or picture.device.type != "cpu":
        rows, columns = (_matrix(size, sigma_px).to(picture) for size in picture.shape[1:])
        return rows @ picture @ columns.T
    blurred: Tensor = _Blur.apply(picture, sigma_px)
    return blurred


def taps(sigma_px: float) -> NDArray[np.float32]:  # [2 R + 1]
    """Weights of the blur, middle at R."""
    reach = max(1, int(3.5 * sigma_px + 0.5))
    weights = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * sigma_px**2))
    return (weights / weights.sum()).astype(np.float32)


def _matrix(size: int, sigma_px: float) -> Tensor:  # [size, size]
    """The blur of a row of pixels as a matrix."""
    weights = taps(sigma_px)
    reach = len(weights) // 2
    matrix = np.zeros((size, size))
    for k, weight in enumerate(weights):
        np.add.at(matrix, (np.arange(size), np.clip(np.arange(size) + k - reach, 0, size - 1)), weight)
    return torch.from_numpy(matrix)


class _Blur(Function):
    """The numba kernel as an autograd function. Works on [H, W, C], where the rasteriser's pictures lie anyway."""

    @staticmethod
    def forward(ctx: Any, picture: Tensor, sigma_px: float) -> Tensor:
        ctx.weights = taps(sigma_px)
        return _apply(_gather, picture, ctx.weights)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return _apply(_scatter, gradient, ctx.weights), None


def _apply(kernel: Any, picture: Tensor, weights: NDArray[np.float32]) -> Tensor:
    pixels = picture.detach().permute(1, 2, 0).contiguous().numpy()
    height, width, channels = pixels.shape
    between, result = np.empty_like(pixels), np.empty_like(pixels)
    # Along a row a neighbour is `channels` numbers away, along a column a whole row.
    kernel(pixels.reshape(height, width, channels), between.reshape(height, width, channels), weights)
    kernel(between.reshape(1, height, width * channels), result.reshape(1, height, width * channels), weights)
    return torch.from_numpy(result).permute(2, 0, 1)


@_part
def _convolve(padded, result, weights, stride):
    """result[i] = sum over k of weights[k] padded[i + k stride], a block that fits the cache at a time."""
    block = 4096
    for begin in range(0, len(result), block):
        part = result[begin : begin + block]
        part[:] = np.float32(0.0)
        for k in range(len(weights)):
            weight, source = weights[k], padded[begin + k * stride : begin + k * stride + len(part)]
            for i in range(len(part)):
                part[i] += weight * source[i]


@_jit
def _gather(source, result, weights):
    """Blur along the middle axis of [A, S, C]: each number becomes the weighted sum of its neighbours."""
    rows, size, channels = source.shape
    reach = len(weights) // 2
    padded = np.empty((size + 2 * reach, channels), np.float32)
    for a in range(rows):
        padded[reach : reach + size] = source[a]
        padded[:reach] = source[a, 0]
        padded[reach + size :] = source[a, size - 1]
        _convolve(padded.reshape(-1), result[a].reshape(-1), weights, channels)


@_jit
def _scatter(source, result, weights):
    """The transpose of _gather: what fell on the repeated edges comes back to the edge pixels."""
    rows, size, channels = source.shape
    reach = len(weights) // 2
    padded = np.zeros((size + 4 * reach, channels), np.float32)
    spread = np.empty((size + 2 * reach, channels), np.float32)
    for a in range(rows):
        padded[2 * reach : 2 * reach + size] = source[a]
        _convolve(padded.reshape(-1), spread.reshape(-1), weights, channels)
        result[a] = spread[reach : reach + size]
        for k in range(reach):
            result[a, 0] += spread[k]
            result[a, size - 1] += spread[reach + size + k]

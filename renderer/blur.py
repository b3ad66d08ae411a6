"""A picture seen from afar: Gaussian blur and its gradient, with repeated edges.

The CPU uses a numba kernel, because the gradient of torch's own convolution takes ten times as long. Other devices, and
the plain reference version, use two products with band matrices.
"""

from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd import Function

from renderer.cores import picture as as_picture
from renderer.cores import pixels, share

_jit = njit(cache=True, nogil=True, fastmath={"contract", "reassoc", "nsz", "arcp"})
_part = njit(forceinline=True, nogil=True, fastmath={"contract", "reassoc", "nsz", "arcp"})  # why: raster/cpu.py


def blur(
    picture: Tensor,  # [C, H, W]
    sigma_px: float,
    *,
    plain: bool = False,
) -> Tensor:  # [C, H, W]
    """Gaussian blur with standard deviation `sigma_px`, pixels, cut off at 3.5 sigma; the edges repeat outwards.

    `plain` takes the reference version.
    """
    if plain or picture.dtype != torch.float32 or picture.device.type != "cpu":
        rows, columns = (_matrix(size, sigma_px, picture.dtype, picture.device) for size in picture.shape[1:])
        return rows @ picture @ columns.T
    blurred: Tensor = _Blur.apply(picture, sigma_px)
    return blurred


def taps(sigma_px: float) -> NDArray[np.float32]:  # [2 R + 1]
    """Weights of the blur, centred at R."""
    reach = max(1, int(3.5 * sigma_px + 0.5))
    weights = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * sigma_px**2))
    return (weights / weights.sum()).astype(np.float32)


@lru_cache(maxsize=16)
def _matrix(size: int, sigma_px: float, dtype: torch.dtype, device: torch.device) -> Tensor:  # [size, size]
    """The blur of a row of pixels as a matrix."""
    weights = taps(sigma_px)
    reach = len(weights) // 2
    matrix = np.zeros((size, size))
    for k, weight in enumerate(weights):
        np.add.at(matrix, (np.arange(size), np.clip(np.arange(size) + k - reach, 0, size - 1)), weight)
    return torch.from_numpy(matrix).to(device, dtype)


class _Blur(Function):
    """The numba kernels as an autograd function. They work on [H, W, C], the layout of the rasteriser's pictures."""

    @staticmethod
    def forward(ctx: Any, picture: Tensor, sigma_px: float) -> Tensor:
        ctx.weights = taps(sigma_px)
        return as_picture(gathered(pixels(picture), ctx.weights))

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return as_picture(scattered(pixels(gradient), ctx.weights)), None


def gathered(
    source: NDArray[np.float32],  # [H, ..., W, C]
    weights: NDArray[np.float32],  # [2 R + 1]
) -> NDArray[np.float32]:  # [H, ..., W, C]
    """The blur of one picture, or of several that share their rows."""
    return _applied(_gather_along, _gather_across, source, weights)


def scattered(
    source: NDArray[np.float32],  # [H, ..., W, C]
    weights: NDArray[np.float32],  # [2 R + 1]
) -> NDArray[np.float32]:  # [H, ..., W, C]
    """The transpose of `gathered`, which takes a gradient back through it."""
    return _applied(_scatter_along, _scatter_across, source, weights)


def _applied(along: Any, across: Any, source: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows first, then columns."""
    between, result = np.empty_like(source), np.empty_like(source)
    work = source.size * len(weights)
    lines = (-1, *source.shape[-2:])
    share(along, source.reshape(lines), between.reshape(lines), weights, work=work)
    share(across, between.reshape(len(source), -1), result.reshape(len(source), -1), weights, work=work)
    return result


# --- along a row: a neighbour is as many numbers away as there are channels -------------------------------------------


@_part
def _convolve(padded, result, weights, stride):
    """result[i] = sum over k of weights[k] padded[i + k stride], one block that fits the cache at a time."""
    block, reach = 4096, len(weights) // 2
    middle, last = reach * stride, len(weights) * stride - stride
    for begin in range(0, len(result), block):
        part = result[begin : begin + block]
        source = padded[begin : begin + last + len(part)]
        _set(part, weights[reach], source[middle:])
        for k in range(0, reach - 1, 2):
            near, far = source[k * stride :], source[last - k * stride :]
            nearer, farther = source[(k + 1) * stride :], source[last - (k + 1) * stride :]
            _add_pairs(part, weights[k], near, far, weights[k + 1], nearer, farther)
        if reach % 2:
            _add_pair(part, weights[reach - 1], source[middle - stride :], source[middle + stride :])


# A tap and its mirror image weigh the same. Two such pairs at a time need half the loads and stores of four taps.


@_part
def _set(row, weight, other):
    for i in range(len(row)):
        row[i] = weight * other[i]


@_part
def _add(row, weight, other):
    for i in range(len(row)):
        row[i] += weight * other[i]


@_part
def _add_pair(row, weight, one, two):
    for i in range(len(row)):
        row[i] += weight * (one[i] + two[i])


@_part
def _add_pairs(row, weight, one, two, other_weight, three, four):
    for i in range(len(row)):
        row[i] += weight * (one[i] + two[i]) + other_weight * (three[i] + four[i])


@_part
def _copied(source, result):
    for i in range(len(source)):
        result[i] = source[i]


@_jit
def _gather_along(thread, threads, source, result, weights):
    """Blur the rows of [H, W, C]: each number becomes the weighted sum of its neighbours."""
    rows, size, channels = source.shape
    reach = len(weights) // 2
    padded = np.empty((size + 2 * reach) * channels, np.float32)
    for a in range(thread, rows, threads):
        _copied(source[a].reshape(-1), padded[reach * channels :])
        for k in range(reach):
            _copied(source[a, 0], padded[k * channels :])
            _copied(source[a, size - 1], padded[(reach + size + k) * channels :])
        _convolve(padded, result[a].reshape(-1), weights, channels)


@_jit
def _scatter_along(thread, threads, source, result, weights):
    """The transpose of _gather_along: what fell on the repeated edges returns to the edge pixels."""
    rows, size, channels = source.shape
    reach = len(weights) // 2
    padded = np.zeros((size + 2 * reach) * channels, np.float32)
    for a in range(thread, rows, threads):
        _copied(source[a].reshape(-1), padded[reach * channels :])
        _convolve(padded, result[a].reshape(-1), weights, channels)
        beyond = np.float32(0.0)  # the weight that a pixel gave to the repeated ones, from the farthest to the edge
        for k in range(reach - 1, -1, -1):
            beyond += weights[reach + 1 + k]
            if k < size:
                _add(result[a, 0], beyond, source[a, k])
                _add(result[a, size - 1], beyond, source[a, size - 1 - k])


# --- across the rows --------------------------------------------------------------------------------------------------


@_jit
def _gather_across(thread, threads, source, result, weights):
    """Blur the columns of [H, W C]."""
    for y in range(thread, len(source), threads):
        _across(result[y], source, weights, y)


@_part
def _across(row, source, weights, y):
    """Row y of the blur of the columns."""
    last, reach = len(source) - 1, len(weights) // 2
    _set(row, weights[reach], source[y])
    for k in range(reach, 1, -2):
        near, far = source[max(y - k, 0)], source[min(y + k, last)]
        nearer, farther = source[max(y - k + 1, 0)], source[min(y + k - 1, last)]
        _add_pairs(row, weights[reach - k], near, far, weights[reach - k + 1], nearer, farther)
    if reach % 2:
        _add_pair(row, weights[reach - 1], source[max(y - 1, 0)], source[min(y + 1, last)])


@_jit
def _scatter_across(thread, threads, source, result, weights):
    """The transpose of _gather_across. Row y gives weights[k] to row y + k - reach, or to the edge row before it."""
    rows = len(source)
    reach = len(weights) // 2
    for y in range(thread, rows, threads):
        if reach <= y < rows - reach:
            _across(result[y], source, weights, y)
            continue
        result[y] = np.float32(0.0)
        for k in range(len(weights)):
            other = y + k - reach
            if 0 <= other < rows:
                _add(result[y], weights[k], source[other])
        if y in (0, rows - 1):
            _add_repeated(result[y], source, weights, y == 0, y == rows - 1)


@_part
def _add_repeated(row, source, weights, first, last):
    """Add what every row gave to rows beyond the edge, which repeat this one."""
    rows = len(source)
    reach = len(weights) // 2
    for other in range(rows):
        weight = np.float32(0.0)
        for k in range(len(weights)):
            to = other + k - reach
            if (first and to < 0) or (last and to >= rows):
                weight += weights[k]
        if weight > np.float32(0.0):
            _add(row, weight, source[other])

"""The error by which strokes are placed and valued, as the eye sees it, and its residual in a picture.

The letters are those of placement/search.py.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from renderer.blur import blur, taps

Floats = NDArray[np.float32]

SOFT_PX = 1.3 * (1 / 2 - 13 / 35)  # a hard edge is a smooth step of 1.3 px; its square is narrower by so much


@dataclass(frozen=True)
class Objective:
    """The error that the search lowers, and the cost of a stroke. By default the squared error, and no cost."""

    weight: Floats | None = None  # [H, W] above 0: how much a pixel counts
    far_share: float = 0.0  # share of the error that is seen from afar; the rest is pixel by pixel
    far_px: float = 0.0  # standard deviation of the blur from afar
    along: float = 0.0  # share of the first guesses that follow the form
    crossing: float = 0.0  # share of its gain that a stroke across the form loses
    crossing_price: float = 0.0  # loss for each share of the frame under ink that runs across the form
    form_px: float = 3.0  # width over which the form is averaged
    lift_px: float = 0.0  # length that takes as long as lifting the pen; 0: only a stroke's gain counts, not its length
    longest_px: float = 0.0  # longest stroke of the search; 0: twice the usual length for the count
    worth: float = -math.inf  # error that a square pixel of ink must save, the lift counted as ink


PLAIN = Objective()


@dataclass(frozen=True)
class Residual:
    """The quantities defined at the top of placement/search.py, for each pixel."""

    residual: Floats  # [H, W, 3], r
    weight: Floats  # [H, W], w
    near: Floats  # [H, W], what a changed pixel adds to r at its own place
    far: Floats  # [H, W], factor in r of the error that is seen from afar
    taps: Floats  # [2 R + 1], the blur h * h along one axis


def residual(
    target: Floats,  # [H, W, 3]
    canvas: Floats,  # [H, W, 3]
    objective: Objective,
) -> Residual:
    """The residual of a picture. At its edges, the blur sees only the picture."""
    height, width, _ = canvas.shape
    weight = np.ones((height, width), np.float32) if objective.weight is None else objective.weight
    share = objective.far_share if objective.far_px > 0 else 0.0
    near = np.float32(1 - share) * weight
    error = canvas - target
    if not share:
        return Residual(near[..., None] * error, weight, near, np.zeros_like(weight), np.ones(1, np.float32))
    sigma_px = math.sqrt(2) * objective.far_px
    both = taps(sigma_px)
    mass = np.outer(_mass(both, height), _mass(both, width))
    far = (np.float32(share) * weight / mass).astype(np.float32)
    seen = _spread(error, sigma_px)
    return Residual(near[..., None] * error + far[..., None] * seen, weight, near, far, both)


def energies(
    radius_px: Floats,  # [N]
    length_px: Floats,  # [N]
    objective: Objective,
) -> Floats:  # [N]
    """q of strokes: the share of their energy that the error from afar keeps. Reference version of search.energy."""
    if objective.far_share <= 0 or objective.far_px <= 0:
        return np.ones(len(radius_px), np.float32)
    sigma = math.sqrt(2) * objective.far_px
    width = 2 * radius_px.astype(np.float64)
    kept = _kept(width, sigma) * _kept(length_px + 0.8 * width, sigma)
    seen = np.minimum(kept / _soft(width, length_px), 1)
    return (1 - objective.far_share + objective.far_share * seen).astype(np.float32)


def _soft(width: NDArray[np.float64], length: Floats) -> NDArray[np.float64]:
    """Reference version of search._soft."""
    edge, area = 2 * length + math.pi * width, width * (length + math.pi / 4 * width)
    return np.maximum(1 - SOFT_PX * edge / area, 0.5)


def _kept(size: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    """Reference version of search.blurred_energy."""
    ratio = np.maximum(size / sigma, 1e-6)
    tail = -np.expm1(-(ratio**2) / 2) / ratio
    kept: NDArray[np.float64] = np.array([math.erf(r / math.sqrt(2)) for r in ratio]) - math.sqrt(2 / math.pi) * tail
    return kept


def _mass(weights: Floats, size: int) -> NDArray[np.float64]:
    """The share of the blur that falls inside, at each place of an axis."""
    return np.convolve(np.ones(size), weights, "same" if size >= len(weights) else "full")[_middle(weights, size)]


def _middle(weights: Floats, size: int) -> slice:
    reach = len(weights) // 2
    return slice(0, size) if size >= len(weights) else slice(reach, reach + size)


def _spread(error: Floats, sigma_px: float) -> Floats:
    """The blur of an error that is 0 beyond the picture's edges."""
    reach = len(taps(sigma_px)) // 2
    padded = np.pad(error, ((reach, reach), (reach, reach), (0, 0)))
    seen = blur(torch.from_numpy(padded).permute(2, 0, 1), sigma_px)[:, reach:-reach, reach:-reach]
    return np.ascontiguousarray(seen.permute(1, 2, 0).numpy())

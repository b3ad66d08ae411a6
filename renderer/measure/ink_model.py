"""How ink lies on paper, and the fit of a pen to the profiles across its strokes.

A coat of ink turns light R of what is below into S + T R, channel by channel in linear light. On white paper one coat
hides c = 1 - S - T of the light, and n coats hide c (1 + T + ... + T^(n-1)): T is 0 for ink that covers, and 1 - c for
ink that multiplies. A stroke is as wide as its ink is, if its edge were sharp; the camera and the paper blur it by a
Gaussian. Strokes that overlap by known shares show width, colour and T separately, where blur alone would confuse them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.optimize import least_squares
from scipy.special import ndtr

Profile = NDArray[np.float64]  # [X, 3] share of the paper's light that ink hides

_LUMA = np.array([0.299, 0.587, 0.114])  # of sRGB values, as in JPEG
_SIGMA_PRIOR = 0.3  # natural logarithm: how far a pen's blur is from that of the corner marks


@dataclass(frozen=True)
class StrokeGroup:
    """A profile across parallel strokes."""

    x_mm: NDArray[np.float64]  # [X]
    hidden: Profile
    at_mm: tuple[float, ...]  # where the strokes should be


@dataclass(frozen=True)
class InkFit:
    """A pen's width and ink."""

    width_mm: float
    blur_mm: float
    coat: NDArray[np.float64]  # [3] share of light that one coat hides, c
    through: NDArray[np.float64]  # [3] share of the light from below that passes, T
    error: float  # root mean square of what is left, as a share of the step from paper to ink


def hidden_by(
    x_mm: NDArray[np.float64],
    at_mm: NDArray[np.float64],
    width_mm: float,
    blur_mm: float,
    coat: NDArray[np.float64],
    through: NDArray[np.float64],
) -> Profile:
    """Return the share of light that strokes at `at_mm` [N] hide at each x [X], `[X, 3]`; `coat` [3], `through` [3]."""
    edges = np.concatenate([at_mm - width_mm / 2, at_mm + width_mm / 2])
    steps = np.repeat([1, -1], len(at_mm))
    order = np.argsort(edges, kind="stable")
    coats = np.cumsum(steps[order])
    levels = _stacked(np.concatenate([[0], coats]), coat, through)
    risen = ndtr((x_mm[:, None] - edges[order]) / blur_mm)
    hidden: Profile = risen @ np.diff(levels, axis=0)
    return hidden


def _stacked(coats: NDArray[np.integer], coat: NDArray[np.float64], through: NDArray[np.float64]) -> Profile:
    """Return what so many coats hide, `[N, 3]`."""
    sums = np.vstack([np.zeros(3), np.cumsum(through ** np.arange(max(coats.max(), 1))[:, None], axis=0)])
    stacked: Profile = coat * sums[coats]
    return stacked


def in_jpeg(hidden: Profile, spread: Profile) -> Profile:
    """Return a profile in sRGB `[X, 3]` as a JPEG stores it: colours blurred by `spread` [X, X], lightness not.

    The blur is in sRGB values, not in light, so that a thin stroke of a strong colour looks wider than it is.
    """
    values = srgb(1 - hidden)
    luma = (values @ _LUMA)[:, None]
    stored: Profile = luma + spread @ (values - luma)
    return stored


def chroma_spread(x_mm: NDArray[np.float64], chroma_mm: float) -> Profile:
    """Return the matrix `[X, X]` that blurs a profile by a standard deviation in mm; that of 0 changes nothing."""
    if chroma_mm == 0:
        return np.eye(len(x_mm))
    apart = (x_mm[:, None] - x_mm) / chroma_mm
    weights = np.exp(-0.5 * apart**2)
    spread: Profile = weights / weights.sum(axis=1, keepdims=True)
    return spread


def srgb(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return linear light as sRGB, `[..., 3] -> [..., 3]`; what is brighter than white stays so."""
    light = np.maximum(light, 0)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055)


def linear(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return sRGB as linear light, `[..., 3] -> [..., 3]`, in [0, 1]."""
    values = np.clip(values, 0, 1)
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def fitted(groups: list[StrokeGroup], nib_mm: float, blur_mm: float, shift_mm: float, chroma_mm: float) -> InkFit:
    """Fit width, blur, coat and what passes through to all groups together, by robust least squares.

    `blur_mm` is the blur to expect, and `chroma_mm` that of colours in a JPEG.
    """
    spreads = [chroma_spread(group.x_mm, chroma_mm) for group in groups]
    shown = [srgb(1 - group.hidden) for group in groups]
    count = len(groups)
    deepest = np.clip(np.max([np.percentile(group.hidden, 95, axis=0) for group in groups], axis=0), 0.02, 0.99)
    start = np.concatenate([[np.log(nib_mm), np.log(blur_mm)], deepest, np.full(3, 0.3), np.full(count, shift_mm)])
    low = np.concatenate([[np.log(nib_mm / 4), np.log(blur_mm / 4)], np.full(3, 1e-3), np.zeros(3), start[8:] - 0.4])
    high = np.concatenate(
        [[np.log(nib_mm * 3), np.log(blur_mm * 4)], np.full(3, 1.0), np.full(3, 0.99), start[8:] + 0.4]
    )

    def apart(values: NDArray[np.float64]) -> NDArray[np.float64]:
        wide, blur = float(np.exp(values[0])), float(np.exp(values[1]))
        parts = [
            in_jpeg(hidden_by(one.x_mm, np.array(one.at_mm) + shift, wide, blur, values[2:5], values[5:8]), spread)
            - seen
            for one, seen, shift, spread in zip(groups, shown, values[8:], spreads, strict=True)
        ]
        prior = 0.3 * (values[1] - np.log(blur_mm)) / _SIGMA_PRIOR
        return np.append(np.concatenate([part.ravel() for part in parts]) / 0.02, prior * np.sqrt(count))

    found = least_squares(apart, start, bounds=(low, high), loss="soft_l1", max_nfev=60)
    values = found.x
    error = float(np.sqrt(np.mean((0.02 * apart(values)[:-1]) ** 2))) / float(1 - srgb(1 - values[2:5]).min())
    return InkFit(float(np.exp(values[0])), float(np.exp(values[1])), values[2:5], values[5:8], error)


def true_dot_mm(seen_mm: float, fit: InkFit, chroma_mm: float, px_per_mm: float) -> float:
    """Return the diameter of the dot whose ink has the area of a dot of `seen_mm` after the blurs of `in_jpeg`."""
    true_mm = seen_mm
    for _ in range(4):
        true_mm = max(true_mm + seen_mm - _seen_dot_mm(true_mm, fit, chroma_mm, px_per_mm), 0.1 * seen_mm)
    return true_mm


def _seen_dot_mm(dot_mm: float, fit: InkFit, chroma_mm: float, px_per_mm: float) -> float:
    reach = dot_mm / 2 + 4 * (fit.blur_mm + chroma_mm)
    at = np.arange(-reach, reach, 1 / px_per_mm)
    edge = dot_mm / 2 - np.hypot(*np.meshgrid(at, at))
    cover = gaussian_filter(np.clip(edge * px_per_mm + 0.5, 0, 1), fit.blur_mm * px_per_mm)
    values = srgb(1 - cover[..., None] * fit.coat)
    luma = (values @ _LUMA)[..., None]
    sigma = chroma_mm * px_per_mm
    hidden = 1 - linear(luma + gaussian_filter(values - luma, (sigma, sigma, 0)))
    area = float((hidden @ fit.coat).sum() / (fit.coat @ fit.coat)) / px_per_mm**2
    return float(np.sqrt(4 * max(area, 0.0) / np.pi))


def edge_blur(x_mm: NDArray[np.float64], hidden: NDArray[np.float64]) -> float:
    """Return the standard deviation in mm of an edge from paper to ink: `x_mm` [X], `hidden` [X]."""

    def apart(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(values[2] * ndtr((x_mm - values[0]) / np.exp(values[1])) - hidden)

    found = least_squares(apart, [0.0, np.log(0.1), float(hidden.max())], loss="soft_l1", f_scale=0.05)
    return float(np.exp(found.x[1]))

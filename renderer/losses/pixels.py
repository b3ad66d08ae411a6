"""Losses on pixels and on structure: callables that hold their target. A mask, where there is one, has mean 1."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from renderer.blur import blur
from renderer.difference import mean_square
from renderer.losses.views import as_mask, masked_mean
from renderer.similarity import Model
from renderer.spec.losses import MSE, SSIM, BlurredMSE, DogMSE, Edges, PixelTerm, PyramidMSE

LossFunction = Callable[[Tensor], Tensor]  # [3, H, W] -> []

LUMA = (0.299, 0.587, 0.114)  # ITU-R 601


def pixel_loss(
    term: PixelTerm,
    target: Tensor,  # [3, H, W]
    px_per_mm: float,
    mask: Tensor | None,  # [H, W], of mean 1
) -> LossFunction:
    """The loss that a term of a spec asks for."""

    def px(sigma_mm: float | None, usual_px: float) -> float:
        return usual_px if sigma_mm is None else sigma_mm * px_per_mm

    match term:
        case MSE():
            return SquaredError(target, mask)
        case BlurredMSE(sigma_mm=sigma_mm):
            return Blurred(SquaredError(blur(target, px(sigma_mm, 1)), mask), px(sigma_mm, 1))
        case PyramidMSE(levels=levels):
            return pyramid(target, mask, levels)
        case DogMSE(octaves=octaves, sigma_mm=sigma_mm):
            sigmas_px = tuple(px(sigma_mm, 1) * 2**octave for octave in range(octaves + 1))
            return Bands(bands(target, sigmas_px), sigmas_px, mask)
        case SSIM(sigma_mm=sigma_mm):
            return Structure(Model(target, px(sigma_mm, 1.5), mask))
        case Edges(sigma_mm=sigma_mm):
            return EdgeStrength(strength(target, px(sigma_mm, 1)), px(sigma_mm, 1), mask)


@dataclass(frozen=True)
class SquaredError:
    """Mean squared difference from the target, over pixels and channels."""

    target: Tensor  # [C, H, W]
    mask: Tensor | None = None  # [H, W]

    def __call__(self, picture: Tensor) -> Tensor:  # [C, H, W] -> []
        return mean_square(picture, self.target, self.mask)


@dataclass(frozen=True)
class Blurred:
    """Another loss, of the picture as seen from afar. The target of the inner loss has the same blur."""

    inner: LossFunction
    sigma_px: float

    def __call__(self, picture: Tensor) -> Tensor:  # [3, H, W] -> []
        return self.inner(blur(picture, self.sigma_px))


@dataclass(frozen=True)
class Pyramid:
    """Mean of another loss at several sizes, one for each, largest first."""

    levels: tuple[LossFunction, ...]

    def __call__(self, picture: Tensor) -> Tensor:  # [3, H, W] -> []
        terms = []
        for level in self.levels:
            terms.append(level(picture))
            picture = halved(picture)
        return torch.stack(terms).mean()


def pyramid(target: Tensor, mask: Tensor | None, levels: int) -> Pyramid:
    """The squared error at `levels` sizes, fewer where a side would be less than a pixel.

    `target [C, H, W]`, `mask [H, W]`.
    """
    errors: list[LossFunction] = []
    for _ in range(levels):
        errors.append(SquaredError(target, None if mask is None else as_mask(mask, _size(target))))
        if min(target.shape[1:]) < 2:
            break
        target = halved(target)
    return Pyramid(tuple(errors))


def halved(picture: Tensor) -> Tensor:  # [C, H, W] -> [C, H / 2, W / 2], rounded up
    """The picture at half the size: means of four pixels, of fewer at an odd edge."""
    return functional.avg_pool2d(picture[None], 2, ceil_mode=True, count_include_pad=False)[0]


@dataclass(frozen=True)
class Bands:
    """Mean squared difference of bands of detail: the differences between one blur and the next."""

    target: tuple[Tensor, ...]  # [C, H, W] for each band, finest first
    sigmas_px: tuple[float, ...]  # one more than there are bands
    mask: Tensor | None  # [H, W]

    def __call__(self, picture: Tensor) -> Tensor:  # [C, H, W] -> []
        found = bands(picture, self.sigmas_px)
        errors = [masked_mean((a - b) ** 2, self.mask) for a, b in zip(found, self.target, strict=True)]
        return torch.stack(errors).mean()


def bands(picture: Tensor, sigmas_px: tuple[float, ...]) -> tuple[Tensor, ...]:  # [C, H, W] -> [C, H, W] each
    """Differences of Gaussians, finest first."""
    blurred = [blur(picture, sigma_px) for sigma_px in sigmas_px]
    return tuple(fine - coarse for fine, coarse in itertools.pairwise(blurred))


@dataclass(frozen=True)
class Structure:
    """1 - SSIM (renderer/similarity.py)."""

    target: Model

    def __call__(self, picture: Tensor) -> Tensor:  # [3, H, W] -> []
        return 1 - self.target.mean(picture)


@dataclass(frozen=True)
class EdgeStrength:
    """Mean squared difference of the strength of edges: how fast grey changes from pixel to pixel."""

    target: Tensor  # [1, H, W]
    sigma_px: float
    mask: Tensor | None  # [H, W]

    def __call__(self, picture: Tensor) -> Tensor:  # [3, H, W] -> []
        return masked_mean((strength(picture, self.sigma_px) - self.target) ** 2, self.mask)


def strength(picture: Tensor, sigma_px: float) -> Tensor:  # [3, H, W] -> [1, H, W]
    """Length of the Sobel gradient of grey values, after a blur. A sharp edge from black to white gives about 1."""
    grey = blur(as_grey(picture), sigma_px)
    padded = functional.pad(grey[None], (1, 1, 1, 1), mode="replicate")[0]
    rows = (padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]) / 4
    columns = (padded[:, :, :-2] + 2 * padded[:, :, 1:-1] + padded[:, :, 2:]) / 4
    across, down = rows[:, :, 2:] - rows[:, :, :-2], columns[:, 2:] - columns[:, :-2]
    # The root has no gradient at 0; a thousandth is not an edge.
    return (across**2 + down**2 + 1e-6).sqrt()


def as_grey(picture: Tensor) -> Tensor:  # [3, H, W] -> [1, H, W]
    """ITU-R 601 luma."""
    red, green, blue = (channel * weight for weight, channel in zip(LUMA, picture, strict=True))
    grey: Tensor = red + green + blue
    return grey[None]


def _size(picture: Tensor) -> tuple[int, int]:
    return picture.shape[-2], picture.shape[-1]

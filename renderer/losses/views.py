"""What happens to a picture before a loss: another size, a mask, a random crop and warp."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from renderer.spec import Augment

Size = tuple[int, int]  # height, width


def resized(
    picture: Tensor,  # [C, H, W]
    size: Size,
) -> Tensor:  # [C, h, w]
    """The picture at another size, by a triangle filter as wide as a new pixel, so that every old pixel counts.

    It is two products with band matrices, which are the same on every device and for any number of threads.
    """
    if tuple(picture.shape[-2:]) == size:
        return picture
    old_and_new = zip(picture.shape[-2:], size, strict=True)
    rows, columns = (_filter(old, new, picture.dtype, picture.device) for old, new in old_and_new)
    return rows @ picture @ columns.T


@lru_cache(maxsize=64)
def _filter(old: int, new: int, dtype: torch.dtype, device: torch.device) -> Tensor:  # [new, old]
    """The matrix that resizes a row of pixels."""
    step = old / new
    middles = (np.arange(new) + 0.5) * step - 0.5
    distance = np.abs(np.arange(old) - middles[:, None]) / max(step, 1.0)
    weights = np.maximum(1 - distance, 0)
    return torch.from_numpy((weights / weights.sum(1, keepdims=True)).astype(np.float32)).to(device, dtype)


def masked_mean(
    values: Tensor,  # [..., h, w]
    mask: Tensor | None,  # [h, w], of mean 1
) -> Tensor:  # []
    """The mean, weighted by the mask if there is one."""
    if mask is not None:
        values = values * mask
    return values.mean(-1).mean()  # rows first: a single sum over everything would depend on the number of threads


def as_mask(region: Tensor, size: Size) -> Tensor:  # [H, W] -> [h, w]
    """A region as a mask: at the size of the values that it weights, with mean 1."""
    small = resized(region[None], size)[0]
    return small / small.mean(-1).mean().clamp_min(1e-6)  # rows first: as in masked_mean


# --- random views -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class View:
    """A crop whose corners are moved a little, resampled to a picture of some size."""

    grid: Tensor  # [1, h, w, 2], places in the picture, -1 to 1

    def __call__(self, picture: Tensor) -> Tensor:  # [C, H, W] -> [C, h, w]
        grid = self.grid.to(picture)
        # One picture at a time: one thread then samples it, and computes its gradient, in one order.
        seen = functional.grid_sample(picture[None], grid, padding_mode="border", align_corners=False)
        return seen[0]


def random_view(augment: Augment, size: Size, generator: np.random.Generator) -> View:
    """A random view within the limits of the spec."""
    share = generator.uniform(augment.crop, 1.0)
    left, top = generator.uniform(0, 1 - share, 2)
    square = np.array([[left, top], [left + share, top], [left, top + share], [left + share, top + share]])
    corners = square + share * augment.warp * generator.uniform(-1, 1, (4, 2))
    across = ((np.arange(size[1]) + 0.5) / size[1])[None, :, None]
    down = ((np.arange(size[0]) + 0.5) / size[0])[:, None, None]
    upper, lower = corners[0] * (1 - across) + corners[1] * across, corners[2] * (1 - across) + corners[3] * across
    places = upper * (1 - down) + lower * down
    return View(torch.from_numpy((2 * places - 1).astype(np.float32))[None])

"""Pictures and maps at other sizes, and blurred."""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from renderer.blur import blur

Map = NDArray[np.float32]  # [H, W], a number for each place


def reduced(
    picture: NDArray[np.float32],  # [H, W, C]
    side_px: int,
) -> NDArray[np.float32]:  # [h, w, C]
    """The picture, with an area of at most a square of this side, each pixel a mean."""
    height, width = picture.shape[:2]
    scale = side_px / math.sqrt(height * width)
    if scale >= 1:
        return picture
    return resized(picture, (max(1, round(height * scale)), max(1, round(width * scale))))


def resized(
    picture: NDArray[np.float32],  # [H, W, C]
    size_px: tuple[int, int],  # height, width
) -> NDArray[np.float32]:  # [h, w, C]
    """The picture at another size: linear between pixels, a mean where it shrinks. No value leaves the range."""
    if picture.shape[:2] == size_px:
        return picture
    channels = [
        Image.fromarray(np.ascontiguousarray(channel)).resize((size_px[1], size_px[0]), Image.Resampling.BILINEAR)
        for channel in picture.transpose(2, 0, 1)
    ]
    return np.stack([np.asarray(channel, np.float32) for channel in channels], 2)


def places(size_px: tuple[int, int]) -> tuple[Map, Map]:  # [1, W], [H, 1]
    """The centres of a map's pixels, as shares of its width and height."""
    height, width = size_px
    x, y = ((np.arange(size) + 0.5) / size for size in (width, height))
    return x[None].astype(np.float32), y[:, None].astype(np.float32)


def blurred(
    picture: NDArray[np.float32],  # [H, W] or [C, H, W]
    sigma_px: float,
) -> NDArray[np.float32]:  # as `picture`
    """Gaussian blur with repeated edges; no change where it would not reach the next pixel."""
    if sigma_px < 0.3:
        return picture
    planes = torch.from_numpy(np.ascontiguousarray(picture.reshape(-1, *picture.shape[-2:]), np.float32))
    result: NDArray[np.float32] = blur(planes, sigma_px).numpy().reshape(picture.shape)
    return result

"""YuNet, a small network that finds faces: a picture -> boxes, each with five points and a confidence.

Wu, Peng and Yu, "YuNet: a tiny millisecond-level face detector" (2023); the weights are those of the OpenCV Zoo
(yunet.LICENSE). It runs in torch, so that faces need no further dependency.
"""

from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional

WEIGHTS_SHA256 = "ae2dee0a599ad71ce83ccc418db3265e36cce6e4933b5710f1dd31fd960ec1d2"  # other weights, other drawings
WEIGHTS = Path(__file__).with_name("yunet.safetensors")
STRIDES = (8, 16, 32)  # px between the cells that find small, medium and large faces

Found = NDArray[np.float32]  # [N, 15]: left, top, width, height, five points x y, confidence in [0, 1]


def detect(
    picture: Tensor,  # [3, H, W] sRGB in [0, 1]
    least: float,
) -> Found:  # [N, 15]
    """What looks like a face in a picture, with a confidence of at least `least`, in pixels.

    Several cells can find the same face. The points are the right eye, the left eye, the nose and the corners of the
    mouth. It uses one thread, because the sums of a convolution can depend on the number of threads.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.inference_mode():
            return _detect(picture, least)
    finally:
        torch.set_num_threads(threads)


def _detect(picture: Tensor, least: float) -> Found:
    height_px, width_px = picture.shape[1:]
    size_px = height_px + -height_px % 32, width_px + -width_px % 32
    padded = torch.zeros((1, 3, *size_px)).contiguous(memory_format=torch.channels_last)  # twice as fast as planes
    padded[0, :, :height_px, :width_px] = picture.flip(0)  # blue, green, red
    levels = _neck(_backbone(padded.mul_(255)))
    found = [_decoded(features, stride, least) for stride, features in zip(STRIDES, levels, strict=True)]
    return np.concatenate(found)


# --- the network ------------------------------------------------------------------------------------------------------


HEADS = ("class", "object", "box", "points")


@cache
def _weights() -> dict[str, Tensor]:
    """The weights by name. The four heads of a level are joined, since they all use the same features."""
    weights = load_file(WEIGHTS)
    for stride in STRIDES:
        for part in ("point.weight", "point.bias", "depth.weight", "depth.bias"):
            weights[f"heads.{stride}.{part}"] = torch.cat([weights[f"{head}.{stride}.{part}"] for head in HEADS])
    return weights


def _unit(x: Tensor, name: str) -> Tensor:
    """A convolution in two parts: across the channels, which is a product of matrices, then within each channel."""
    weights = _weights()
    across = functional.linear(
        x.movedim(1, -1), weights[f"{name}.point.weight"].flatten(1), weights[f"{name}.point.bias"]
    )
    depth = weights[f"{name}.depth.weight"]
    return functional.conv2d(across.movedim(-1, 1), depth, weights[f"{name}.depth.bias"], padding=1, groups=len(depth))


def _stage(x: Tensor, number: int) -> Tensor:
    for part in (0, 1):
        x = _unit(x, f"stage{number}.{part}").relu_()
    return x


def _backbone(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Features at an eighth, a sixteenth and a thirty-second of the size."""
    weights = _weights()
    x = functional.conv2d(x, weights["stem.0.weight"], weights["stem.0.bias"], stride=2, padding=1).relu_()
    x = _unit(x, "stem.1").relu_()
    fine = _stage(_halved(_stage(_stage(_halved(x), 1), 2)), 3)
    middle = _stage(_halved(fine), 4)
    return fine, middle, _stage(_halved(middle), 5)


def _halved(x: Tensor) -> Tensor:
    return functional.max_pool2d(x, 2)


def _neck(levels: tuple[Tensor, Tensor, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """Add the coarse features to the fine ones."""
    fine, middle, coarse = levels
    coarse = _unit(coarse, "neck.32").relu_()
    middle = _unit(middle + _doubled(coarse), "neck.16").relu_()
    return _unit(fine + _doubled(middle), "neck.8").relu_(), middle, coarse


def _doubled(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="nearest")


# --- cells to faces ---------------------------------------------------------------------------------------------------


def _decoded(features: Tensor, stride: int, least: float) -> Found:
    """The faces that the cells of a level found."""
    heads = _unit(features, f"heads.{stride}")[0].movedim(0, -1)  # [h, w, 16]
    sure = (heads[..., 0].sigmoid() * heads[..., 1].sigmoid()).sqrt()
    rows, columns = torch.nonzero(sure >= least, as_tuple=True)
    found = heads[rows, columns]
    box, points = found[:, 2:6], found[:, 6:]
    place = torch.stack((columns, rows), 1)  # [N, 2]
    size = box[:, 2:].exp()
    corner = box[:, :2] + place - size / 2
    spots = points.reshape(-1, 5, 2) + place[:, None]
    faces = torch.cat((stride * corner, stride * size, stride * spots.flatten(1), sure[rows, columns, None]), 1)
    result: Found = faces.numpy()
    return result

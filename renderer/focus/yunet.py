"""YuNet, a small network that finds faces: a picture -> boxes, five points of each, and how sure it is.

Wu, Peng and Yu, "YuNet: a tiny millisecond-level face detector" (2023); the weights are those of the OpenCV Zoo
(yunet.LICENSE). It is run here, in torch, so that a face needs no further dependency.
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
STRIDES = (8, 16, 32)  # px between the cells in which small, middling and large faces are looked for

Found = NDArray[np.float32]  # [N, 15]: left, top, width, height, five points x y, how sure in [0, 1]


def detect(
    picture: Tensor,  # [3, H, W] sRGB in [0, 1]
    least: float,
) -> Found:
    """What in a picture looks like a face, in pixels; the same face is found by several cells.

    The points are the right eye, the left eye, the nose and the corners of the mouth. One thread alone: the sums of a
    convolution may depend on the number of threads.
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
    padded = functional.pad(255 * picture.flip(0), (0, -width_px % 32, 0, -height_px % 32))  # blue, green, red
    levels = _neck(_backbone(padded[None].contiguous(memory_format=torch.channels_last)))  # twice as quick as planes
    found = [_decoded(features, stride, least) for stride, features in zip(STRIDES, levels, strict=True)]
    return np.concatenate(found)


# --- the network ------------------------------------------------------------------------------------------------------


@cache
def _weights() -> dict[str, Tensor]:
    return load_file(WEIGHTS)


def _unit(x: Tensor, name: str) -> Tensor:
    """A convolution in two: across the channels, then of each channel alone."""
    weights = _weights()
    x = functional.conv2d(x, weights[f"{name}.point.weight"], weights[f"{name}.point.bias"])
    depth = weights[f"{name}.depth.weight"]
    return functional.conv2d(x, depth, weights[f"{name}.depth.bias"], padding=1, groups=len(depth))


def _stage(x: Tensor, number: int) -> Tensor:
    for part in (0, 1):
        x = _unit(x, f"stage{number}.{part}").relu()
    return x


def _backbone(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Features at an eighth, a sixteenth and a thirty-second of the size."""
    weights = _weights()
    x = functional.conv2d(x, weights["stem.0.weight"], weights["stem.0.bias"], stride=2, padding=1).relu()
    x = _unit(x, "stem.1").relu()
    fine = _stage(_halved(_stage(_stage(_halved(x), 1), 2)), 3)
    middle = _stage(_halved(fine), 4)
    return fine, middle, _stage(_halved(middle), 5)


def _halved(x: Tensor) -> Tensor:
    return functional.max_pool2d(x, 2)


def _neck(levels: tuple[Tensor, Tensor, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """What is seen in the large is added to what is seen in the small."""
    fine, middle, coarse = levels
    coarse = _unit(coarse, "neck.32").relu()
    middle = _unit(middle + _doubled(coarse), "neck.16").relu()
    return _unit(fine + _doubled(middle), "neck.8").relu(), middle, coarse


def _doubled(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="nearest")


# --- cells to faces ---------------------------------------------------------------------------------------------------


def _decoded(features: Tensor, stride: int, least: float) -> Found:
    """The faces that the cells of a level have found."""
    kind, thing, box, points = (
        _unit(features, f"{head}.{stride}")[0].movedim(0, -1) for head in ("class", "object", "box", "points")
    )  # [h, w, 1], [h, w, 1], [h, w, 4], [h, w, 10]
    sure = (kind.sigmoid() * thing.sigmoid()).sqrt()[..., 0]
    rows, columns = torch.meshgrid(torch.arange(sure.shape[0]), torch.arange(sure.shape[1]), indexing="ij")
    place = torch.stack((columns, rows), -1)  # [h, w, 2]
    size = box[..., 2:].exp()
    corner = box[..., :2] + place - size / 2
    spots = points.reshape(*sure.shape, 5, 2) + place[:, :, None]
    found = torch.cat((stride * corner, stride * size, stride * spots.flatten(-2), sure[..., None]), -1)
    faces: Found = found[sure >= least].numpy()
    return faces

"""How much each place of a picture counts: faces most, then whatever else draws the eye, then edges.

A drawing has fewer strokes than a picture has details. A mouth of three strokes is worth more than a cloud, and no
measure of pixels knows that.
"""

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from renderer.focus.faces import Face, faces
from renderer.focus.saliency import edges, saliency
from renderer.focus.shapes import face_weight, spots_weight
from renderer.focus.size import Map, blurred, resized
from renderer.spec import Spot, Target
from renderer.target import Fit, Frame, TargetError, fit_picture, load_picture, stretched
from renderer.tone import cropped

__all__ = ["LEAST", "MOST", "Face", "Focus", "faces", "importance", "of_target", "weights"]

Focus = str | tuple[Spot, ...] | Map  # `auto`, `none`, spots, or a picture's light [H, W] in [0, 1]

LEAST, MOST = 0.3, 12.0  # bounds of a weight that was detected, not given; the mean is 1
GROUND, SALIENT, EDGE = (
    0.4,
    1.5,
    0.25,
)  # weight of any place, and the most that is added where it draws the eye, and at an edge
LIGHT = 11.0  # weight that white has above the 1 of black, where a picture says what counts
MOST_PX = 1000  # side of a square with the area of the largest map; larger ones are enlarged from it
SOFT = 0.008  # blur of a picture that says what counts, as a share of its shorter side: brushes have hard rims


def of_target(
    target: Target,
    folder: Path,  # of the spec
    painting: NDArray[np.float32],  # [H, W, 3] sRGB, cropped
    area: Frame,
) -> Map:  # [H, W] of the frame's pixels
    """The weight of each pixel of the frame, mean 1, as the spec says. Raises TargetError."""
    name = target.focus_picture
    if name is None:
        return importance(painting, area, target.fit, target.focus)
    path = folder / name
    light = stretched(cropped(load_picture(path, "#000000"), target.crop), painting.shape[:2])
    if fit_picture(light, area, target.fit).mean(0).max() < 1 / 255:
        raise TargetError(f"{path}: is black everywhere in the drawn area; paint white what counts")
    return importance(painting, area, target.fit, light.mean(2))


def importance(
    picture: NDArray[np.float32],  # [H, W, 3] sRGB in [0, 1], cropped
    area: Frame,
    fit: Fit,
    focus: Focus,
) -> Map:  # [H, W] of the frame's pixels
    """The weight of each pixel of the frame, mean 1 and smooth.

    The complete picture is searched, including what `cover` cuts off: half a face is a face.
    """
    whole = weights(picture, _size_px(picture.shape[0], picture.shape[1], area, fit), focus)
    top = whole.max()
    fitted = top * fit_picture((whole / top)[:, :, None], area, fit)[0]
    return _of_mean_one(fitted, LEAST, MOST) if isinstance(focus, str) else _of_mean_one(fitted, 0, np.inf)


def _size_px(height: int, width: int, area: Frame, fit: Fit) -> tuple[int, int]:
    """Height and width at which the complete picture has the frame's pixels, or fewer, as the map is smooth."""
    across, down = area.width_px / width, area.height_px / height
    if fit == "cover":
        across = down = max(across, down)
    size = height * down, width * across
    scale = min(1.0, MOST_PX / math.sqrt(size[0] * size[1]))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def weights(
    picture: NDArray[np.float32],  # [H, W, 3] sRGB in [0, 1]
    size_px: tuple[int, int],  # height, width
    focus: Focus,
) -> Map:  # of size_px
    """The weights of the complete picture at a size. They are relative: their mean is not 1.

    Raises ValueError for a word other than `auto` and `none`.
    """
    aspect = picture.shape[1] / picture.shape[0]
    match focus:
        case np.ndarray():
            soft = blurred(resized(focus[:, :, None], size_px)[:, :, 0], SOFT * min(size_px))
            return 1 + np.float32(LIGHT) * soft
        case "auto":
            return _found(picture, aspect, size_px)
        case "none":
            return np.ones(size_px, np.float32)
        case tuple():
            return spots_weight(focus, aspect, size_px)
    raise ValueError(f"{focus!r} is neither auto nor none; load the picture, as of_target does")


def _found(picture: NDArray[np.float32], aspect: float, size_px: tuple[int, int]) -> Map:
    ground = GROUND + SALIENT * saliency(picture, size_px) + EDGE * edges(picture, size_px)
    return ground + face_weight(faces(picture), aspect, size_px)


def _of_mean_one(weight: Map, least: float, most: float) -> Map:
    """The weight with mean 1 and between bounds, as far as both are possible: cutting off peaks lowers the mean."""
    for _ in range(8):
        weight = np.clip(weight / weight.mean(dtype=np.float64), least, most)
    result: Map = (weight / weight.mean(dtype=np.float64)).astype(np.float32)
    return result

"""Faces in a picture, from the front and the side, photographed and painted.

A single look of a small network misses painted faces and takes galaxies for faces. So it looks several times: at
several sizes, mirrored, and without colour. What nearly all looks find is a face; a sketched face, as in The Scream, is
found by some of them.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from renderer.focus import yunet
from renderer.focus.size import reduced

SIDES_PX = (150, 270, 420, 540, 660, 800)  # of a square of the same area, in which faces of 12 to 300 px are found
MOST_ENLARGED = 1.6
LEAST_PX = 12  # of the shorter side: no face is found in less
LEAST_LOOK = 0.15  # confidence from which one look counts
LEAST = 0.25  # confidence of all looks together from which there is a face
SAME = 0.35  # intersection over union from which two boxes are of one face
MIRRORED = [1, 0, 2, 4, 3]  # swaps right and left: eyes, nose, corners of the mouth

Found = NDArray[np.float32]  # [N, 15], as yunet's


@dataclass(frozen=True)
class Face:
    """A face. Places and sizes are shares of the picture's width and height."""

    x: float  # of the centre
    y: float
    width: float
    height: float
    confidence: float  # 0 to 1: the mean of the looks, each at the size at which it is most sure
    points: tuple[tuple[float, float], ...]  # right eye, left eye, nose, right and left corner of the mouth


def faces(
    picture: NDArray[np.float32],  # [H, W, 3] sRGB in [0, 1]
) -> tuple[Face, ...]:
    """The faces of a picture, the surest first."""
    picture = reduced(picture, SIDES_PX[-1])
    looks = list(_looks(picture))
    if not looks:
        return ()
    size_px = np.array([picture.shape[1], picture.shape[0]], np.float32)
    found = np.concatenate([one for _, one in looks])
    seen_by = np.concatenate([np.full(len(one), view) for view, one in looks])
    groups = _grouped(found)
    views = 1 + max(view for view, _ in looks)
    together = (_together(found[group], seen_by[group], views, size_px) for group in groups)
    return tuple(sorted((face for face in together if face.confidence >= LEAST), key=lambda face: -face.confidence))


def _looks(picture: NDArray[np.float32]) -> Iterator[tuple[int, Found]]:
    """The findings of each look, in the picture's pixels, with the number of its view: 0 to 3, or 0 and 1."""
    height_px, width_px = picture.shape[:2]
    image = Image.fromarray(np.uint8(np.round(255 * picture.clip(0, 1))))
    is_grey = bool((np.ptp(picture, axis=2) < 1 / 255).all())  # then the look without colour would be the same
    for side_px in SIDES_PX:
        scale = side_px / math.sqrt(height_px * width_px)
        if scale > MOST_ENLARGED and side_px != SIDES_PX[0]:
            break
        size = round(width_px * scale), round(height_px * scale)
        if min(size) < LEAST_PX:
            continue
        small = torch.from_numpy(np.array(image.resize(size, Image.Resampling.BICUBIC), np.float32)).movedim(2, 0) / 255
        grey = small.mean(0).expand(3, -1, -1)
        for view, seen in enumerate((small, small.flip(2), grey, grey.flip(2))[: 2 if is_grey else 4]):
            found = yunet.detect(seen, LEAST_LOOK)
            found = _mirrored(found, size[0]) if view % 2 else found
            yield view, found * np.array([width_px / size[0], height_px / size[1]] * 7 + [1], np.float32)


def _mirrored(found: Found, width_px: int) -> Found:
    """Findings in the mirrored picture, mirrored back."""
    points = found[:, 4:14].reshape(-1, 5, 2)[:, MIRRORED]
    points[:, :, 0] = width_px - points[:, :, 0]
    left = width_px - found[:, :1] - found[:, 2:3]
    return np.concatenate([left, found[:, 1:4], points.reshape(-1, 10), found[:, 14:]], 1)


def _grouped(found: Found) -> list[NDArray[np.intp]]:
    """The rows of each face, the surest of each group first."""
    left = np.argsort(-found[:, 14], kind="stable")
    groups = []
    while len(left):
        same = _overlap(found[left[0]], found[left]) > SAME
        same[0] = True
        groups.append(left[same])
        left = left[~same]
    return groups


def _overlap(one: Found, others: Found) -> NDArray[np.float32]:  # [15], [N, 15] -> [N]
    """Intersection over union."""
    low = np.maximum(one[:2], others[:, :2])
    high = np.minimum(one[:2] + one[2:4], others[:, :2] + others[:, 2:4])
    shared = (high - low).clip(0).prod(1)
    union = one[2:4].prod() + others[:, 2:4].prod(1) - shared
    result: NDArray[np.float32] = shared / np.maximum(union, np.float32(1e-6))
    return result


def _together(found: Found, seen_by: NDArray[np.intp], views: int, size_px: NDArray[np.float32]) -> Face:
    """One face from many findings: their mean place, where confident findings count most."""
    confidence = np.mean([found[seen_by == view, 14].max(initial=0) for view in range(views)])
    weights = found[:, 14].astype(np.float64) ** 3
    mean = (weights[:, None] * found[:, :14]).sum(0) / weights.sum()
    (x, y), (width, height) = (mean[:2] + mean[2:4] / 2) / size_px, mean[2:4] / size_px
    points = (mean[4:].reshape(5, 2) / size_px).tolist()
    place = (float(x), float(y), float(width), float(height))
    return Face(*place, float(confidence), tuple((float(x), float(y)) for x, y in points))

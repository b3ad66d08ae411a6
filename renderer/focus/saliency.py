"""What draws the eye where there is no face: an animal's eyes, a boat, a rocket, but not the sky."""

import numpy as np
from numpy.typing import NDArray

from renderer.colours import oklab
from renderer.focus.size import Map, blurred, reduced, resized

SIDE_PX = 200  # of a square of the same area, to which a picture is reduced
# Standard deviations of a centre and its surround, as shares of the shorter side: an eye, a head, a figure.
PAIRS = ((0.006, 0.04), (0.015, 0.08), (0.04, 0.2))
DETAIL, NEIGHBOURHOOD = 0.01, 0.12  # likewise: the size of fine detail, and of its surroundings
GRID = 10  # samples of a picture's colours, each way
UNLIKE = 0.15  # OKLab distance at which two colours are simply different

Lab = NDArray[np.float32]  # [3, H, W]


def saliency(
    picture: NDArray[np.float32],  # [H, W, 3] sRGB in [0, 1]
    size_px: tuple[int, int],
) -> Map:  # of size_px, in [0, 1]
    """How much a place differs from its surroundings, in colour and in detail.

    Centre and surround at several sizes, after Itti, Koch and Niebur (1998), in OKLab. An outline differs on both
    sides, and one side can be the sky: so colours that most of the picture has count less (Cheng and others, 2011).
    Places near the middle count more, as photographs and paintings have their subject there.
    """
    lab = _lab(picture, SIDE_PX)
    shorter_px = min(lab.shape[1:])
    differing = [_apart(lab, inner * shorter_px, outer * shorter_px) for inner, outer in PAIRS]
    together = np.sum([_rare(one) for one in (*differing, _detail(lab, shorter_px))], axis=0)
    weighed = together * (0.35 + 0.65 * _unusual(lab)) * _middle(together.shape)
    return resized(_scaled(blurred(weighed, 0.012 * shorter_px))[:, :, None], size_px)[:, :, 0]


def edges(
    picture: NDArray[np.float32],  # [H, W, 3] sRGB in [0, 1]
    size_px: tuple[int, int],
) -> Map:  # of size_px, in [0, 1]
    """The gradient of lightness, scaled."""
    light = _lab(picture, 2 * SIDE_PX)[0]
    soft = np.pad(blurred(light, 0.004 * min(light.shape)), 1, mode="edge")
    steep = np.hypot(soft[1:-1, 2:] - soft[1:-1, :-2], soft[2:, 1:-1] - soft[:-2, 1:-1])
    return resized(_scaled(blurred(steep, 0.008 * min(light.shape)))[:, :, None], size_px)[:, :, 0]


def _lab(picture: NDArray[np.float32], side_px: int) -> Lab:
    lab = oklab(reduced(picture, side_px).astype(np.float64))
    return np.ascontiguousarray(lab.transpose(2, 0, 1), np.float32)


def _apart(lab: Lab, inner_px: float, outer_px: float) -> Map:
    """The distance in colour between a place and its surround."""
    difference = blurred(lab, inner_px) - blurred(lab, outer_px)
    apart: Map = np.sqrt((difference**2).sum(0))
    return apart


def _detail(lab: Lab, shorter_px: int) -> Map:
    """How much more detail there is at a place than around it."""
    rough = ((lab - blurred(lab, 2 * DETAIL * shorter_px)) ** 2).sum(0)
    busy = np.sqrt(blurred(rough, DETAIL * shorter_px), dtype=np.float32)
    return np.maximum(busy - blurred(busy, NEIGHBOURHOOD * shorter_px), np.float32(0))


def _unusual(lab: Lab) -> Map:
    """In [0, 1]: the share of the picture that has another colour."""
    height, width = lab.shape[1:]
    rows, columns = (((np.arange(GRID) + 0.5) * size / GRID).astype(int) for size in (height, width))
    soft = blurred(lab, DETAIL * min(height, width))
    others = soft[:, rows[:, None], columns].reshape(3, -1)
    share = np.zeros((height, width), np.float32)
    for other in others.T:
        squared = ((soft - other[:, None, None]) ** 2).sum(0)
        share += squared / (squared + np.float32(UNLIKE**2))
    return _scaled(share / np.float32(others.shape[1]), 0)


def _rare(map_: Map) -> Map:
    """In [0, 1] and weighted: a map with few peaks counts, one that is busy everywhere does not, as with Itti."""
    scaled = _scaled(map_)
    return scaled * np.float32((1 - scaled.mean(dtype=np.float64)) ** 2)


def _scaled(map_: Map, nothing: float = 40) -> Map:
    """In [0, 1]: the lowest `nothing` hundredths are 0, the highest hundredth is 1. A nearly even map stays low."""
    low, high = np.percentile(map_, (nothing, 99))
    scaled: Map = ((map_ - low) / max(high - low, 0.01)).clip(0, 1).astype(np.float32)
    return scaled


def _middle(shape: tuple[int, ...]) -> Map:
    """1 in the middle, 0.4 in the corners."""
    rows, columns = (np.linspace(-1, 1, size) for size in shape)
    return (1 - 0.3 * (rows[:, None] ** 2 + columns**2)).astype(np.float32)

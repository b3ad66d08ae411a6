"""Strokes over each other -> the visible area of each on the finished sheet."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from renderer.raster.cpu import cover

PX_PER_MM = 8.0  # a fifteenth of a fine nib
MOST_PX = 6000  # of the longer side, on large sheets

_jit = njit(cache=True, nogil=True)


def visible_mm2(
    lines: list[NDArray[np.floating]],  # [S, 2] mm each, bottom first, opaque
    widths_mm: NDArray[np.floating],  # [N]
    corner_mm: tuple[float, float],  # of the frame
    size_mm: tuple[float, float],
    least_mm2: float = 0.0,  # a stroke with less visible area hides nothing: it will be left out
) -> NDArray[np.float64]:  # [N]
    """The area of each stroke that no later stroke covers, within the frame."""
    px_per_mm = min(PX_PER_MM, MOST_PX / max(size_mm))
    offsets = np.concatenate([[0], np.cumsum([len(line) for line in lines])]).astype(np.int64)
    points = np.concatenate([np.asarray(line, np.float64) for line in lines] or [np.empty((0, 2))])
    points = ((points - np.array(corner_mm)) * px_per_mm).astype(np.float32)
    height, width = (max(1, int(np.ceil(mm * px_per_mm))) for mm in (size_mm[1], size_mm[0]))
    radius = (np.asarray(widths_mm) * px_per_mm / 2).astype(np.float32)
    px2 = px_per_mm**2
    return np.asarray(_free(points, offsets, radius, height, width, least_mm2 * px2)) / px2


@_jit
def _free(points, offsets, radius, height, width, least):  # type: ignore[no-untyped-def]
    """From the top down, count the pixels of each stroke that are still free, and take them."""
    count = len(radius)
    areas = np.zeros(count)
    taken = np.zeros(height * width, np.bool_)
    stamp = np.full(height * width, -1, np.int32)
    square = np.empty(height * width, np.float32)
    nearest = np.empty(height * width, np.int32)
    pixels = np.empty(height * width, np.int32)
    for n in range(count - 1, -1, -1):
        found = cover(
            points, offsets[n], offsets[n + 1], radius[n], 0, height, width, stamp, square, nearest, pixels, n
        )
        free = 0
        for k in range(found):
            if not taken[(pixels[k] >> 16) * width + (pixels[k] & 0xFFFF)]:
                free += 1
        areas[n] = free
        if free < least:
            continue
        for k in range(found):
            taken[(pixels[k] >> 16) * width + (pixels[k] & 0xFFFF)] = True
    return areas

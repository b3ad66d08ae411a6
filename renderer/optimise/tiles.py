"""Pages too large to be looked at whole: each step sees one window of the page, at a random place."""

from collections.abc import Callable

import numpy as np

from renderer.losses import Sum
from renderer.target import Frame

LossAt = Callable[[slice, slice], Sum]  # rows and columns of a window -> the loss of what is seen through it


def window(frame: Frame, side_mm: float, generator: np.random.Generator) -> tuple[slice, slice]:
    """Rows and columns of a square window somewhere on the page.

    Windows may begin beyond the page by half of their side and are then moved in: else its edge would hardly be seen.
    So it is half as often as the middle, a corner a quarter.
    """
    side_px = max(1, round(side_mm * frame.px_per_mm))
    rows, columns = (_span(size_px, side_px, generator) for size_px in (frame.height_px, frame.width_px))
    return rows, columns


def _span(size_px: int, side_px: int, generator: np.random.Generator) -> slice:
    side_px = min(side_px, size_px)
    first = int(generator.integers(-(side_px // 2), size_px - side_px + side_px // 2 + 1))
    first = min(max(first, 0), size_px - side_px)
    return slice(first, first + side_px)

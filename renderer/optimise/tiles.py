"""Tiles, for frames too large to fit at once: each step sees one tile of the frame, at a random place."""

from collections.abc import Callable

import numpy as np

from renderer.losses import Sum
from renderer.target import Frame

LossAt = Callable[[slice, slice], Sum]  # rows and columns of a tile -> its loss


def window(frame: Frame, side_mm: float, generator: np.random.Generator) -> tuple[slice, slice]:
    """Rows and columns of a square tile at a random place in the frame.

    A tile can begin up to half its side beyond the frame and is then moved in; otherwise the edges would hardly be
    seen. So the edges are seen half as often as the middle, the corners a quarter as often.
    """
    side_px = max(1, round(side_mm * frame.px_per_mm))
    rows, columns = (_span(size_px, side_px, generator) for size_px in (frame.height_px, frame.width_px))
    return rows, columns


def _span(size_px: int, side_px: int, generator: np.random.Generator) -> slice:
    side_px = min(side_px, size_px)
    first = int(generator.integers(-(side_px // 2), size_px - side_px + side_px // 2 + 1))
    first = min(max(first, 0), size_px - side_px)
    return slice(first, first + side_px)

"""The sheet seen from above as the share of light that ink hides, and profiles across parts of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from renderer.measure.registration import Picture

Box = tuple[float, float, float, float]  # left, top, right, bottom, mm
Hidden = NDArray[np.float64]  # [..., 3]


@dataclass(frozen=True)
class InkSheet:
    """The share of the paper's light that ink hides, `[H, W, 3]`."""

    hidden: Picture
    px_per_mm: float
    chroma_mm: float  # blur of colours in the photograph's file, a standard deviation

    def window(self, box: Box) -> tuple[NDArray[np.float64], NDArray[np.float64], Hidden]:
        """Return x `[X]` and y `[Y]` in mm of the pixels in a box, and what is hidden there, `[Y, X, 3]`."""
        rate = self.px_per_mm
        height, width = self.hidden.shape[:2]
        left, top, right, bottom = (round(side * rate) for side in box)
        columns, rows = range(max(left, 0), min(right, width)), range(max(top, 0), min(bottom, height))
        part = self.hidden[rows.start : rows.stop, columns.start : columns.stop].astype(np.float64)
        return (np.array(columns) + 0.5) / rate, (np.array(rows) + 0.5) / rate, part

    def across(self, box: Box, level: bool = False) -> tuple[NDArray[np.float64], Hidden]:
        """Return a profile along x, or along y if `level`: places in mm `[X]`, and what is hidden there `[X, 3]`."""
        x, y, part = self.window(box)
        return (y, part.mean(axis=1)) if level else (x, part.mean(axis=0))


def above_paper(x: NDArray[np.float64], hidden: Hidden, bare_mm: float) -> Hidden:
    """Remove what the paper itself hides, `[X, 3]`: a line through the median of each end, `bare_mm` long."""
    first, last = x < x[0] + bare_mm, x > x[-1] - bare_mm
    begin, end = np.median(hidden[first], axis=0), np.median(hidden[last], axis=0)
    at = ((x - x[first].mean()) / (x[last].mean() - x[first].mean()))[:, None]
    # what is hidden is 1 - R / paper: where the paper is not 1, the ink hides a share of what it is
    paper = 1 - (begin + (end - begin) * at)
    lifted: Hidden = 1 - (1 - hidden) / paper
    return lifted


def centre(x: NDArray[np.float64], ink: NDArray[np.float64]) -> float:
    """Return the centre of ink along a profile, `x` [X] and `ink` [X], without what is fainter than a tenth."""
    strong = np.clip(ink - 0.1 * ink.max(), 0, None)
    return float((strong * x).sum() / max(strong.sum(), 1e-9))

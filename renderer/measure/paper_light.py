"""The bare paper around the marks -> the light on each place, so that ink is a share of the paper beside it."""

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.measured_card import MeasuredCard
from renderer.measure.registration import Picture

_RATE = 4  # pixels for each mm in which the light is estimated
_CLEAR_MM = 0.9  # from everything that is drawn
_SMOOTH_MM = 5.0


def relative(sheet: Picture, card: MeasuredCard, px_per_mm: float) -> Picture:
    """Return what each pixel reflects as a share of bare paper, `[H, W, 3]` in linear light."""
    size = tuple(round(side * _RATE) for side in card.size_mm)
    small = cv2.resize(sheet, size, interpolation=cv2.INTER_AREA)
    bare = _bare(card, size).astype(np.float32)
    level = np.median(small[bare > 0], axis=0)
    bare *= (np.abs(small / level - 1).max(axis=2) < 0.6).astype(np.float32)  # dirt is not paper
    sigma = _SMOOTH_MM * _RATE
    weight = cv2.GaussianBlur(bare, (0, 0), sigma)[..., None] + 1e-6
    light = (cv2.GaussianBlur(small * bare[..., None], (0, 0), sigma) + 1e-6 * level) / weight
    whole = cv2.resize(light.astype(np.float32), sheet.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    share: Picture = sheet / np.maximum(whole, 1e-4)
    return share


def _bare(card: MeasuredCard, size: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return where nothing is drawn, `[H, W]`; the edges of the sheet count as drawn."""
    drawn = np.zeros(size[::-1], np.uint8)
    for mark in card.marks:
        wide = max(1, round((1.5 * mark.pen.nib_mm + 2 * _CLEAR_MM) * _RATE))
        for line in mark.lines:
            points = np.round(line * _RATE * 16).astype(np.int32)
            cv2.polylines(drawn, [points.reshape(-1, 1, 2)], False, 1, wide, shift=4)
    edge = 2 * _RATE
    drawn[:edge], drawn[-edge:], drawn[:, :edge], drawn[:, -edge:] = 1, 1, 1, 1
    bare: NDArray[np.bool_] = drawn == 0
    return bare

"""A target's tones to those that pens can show: ink on paper is lighter, flatter and coarser than a photograph."""

import numpy as np
from numpy.typing import NDArray

from renderer.spec import Crop, Tone

# Radius of what counts as local, as a share of the shorter side: about the size of a mouth in a portrait.
LOCAL_SHARE = 0.03
PLAIN = 0.05  # a range of tones below which a picture is one even area, whose noise nobody wants to see


def cropped(
    picture: NDArray[np.float32],  # [H, W, 3]
    crop: Crop,
) -> NDArray[np.float32]:  # [h, w, 3]
    """The picture without what is cut off its sides; at least a pixel is left."""
    height, width = picture.shape[:2]
    left, top = int(crop.left * width), int(crop.top * height)
    right, bottom = int(crop.right * width), int(crop.bottom * height)
    return picture[top : max(height - bottom, top + 1), left : max(width - right, left + 1)]


def toned(
    picture: NDArray[np.float32],  # [3, H, W] sRGB in [0, 1]
    tone: Tone,
) -> NDArray[np.float32]:  # [3, H, W]
    """Levels first, then saturation about the mean of the channels, then local contrast of that mean (unsharp mask)."""
    levels = ((picture - tone.black) / (tone.white - tone.black)).clip(0, 1) ** np.float32(1 / tone.gamma)
    grey = levels.mean(0, keepdims=True)
    result = grey + tone.saturation * (levels - grey)
    if tone.local_contrast:
        sigma_px = max(LOCAL_SHARE * min(picture.shape[1:]), 0.5)
        result = result + tone.local_contrast * (grey - _blurred(grey[0], sigma_px))
    return np.ascontiguousarray(result.clip(0, 1), dtype=np.float32)


def suited(
    picture: NDArray[np.float32],  # [3, H, W] sRGB in [0, 1]
    inks: tuple[str, ...],  # colours, #rrggbb
    paper: str,
) -> Tone:
    """The tone that suits a picture drawn with these inks on this paper: black and white points for now."""
    black, white = np.percentile(picture.mean(0), (1, 99))
    if white - black < PLAIN:
        return Tone()
    return Tone(black=round(float(black), 3), white=round(float(white), 3))


def greyed(
    picture: NDArray[np.float32],  # [3, H, W]
) -> NDArray[np.float32]:  # [3, H, W]
    """The mean of the channels on each: what grey inks come nearest to, and what `saturation: 0` makes."""
    if not np.ptp(picture, axis=0).any():
        return picture  # whose last digits a mean would change
    return np.ascontiguousarray(np.broadcast_to(picture.mean(0), picture.shape), dtype=np.float32)


def _blurred(grey: NDArray[np.float32], sigma_px: float) -> NDArray[np.float64]:  # [H, W]
    """Gaussian blur, edges repeated; once a work, and without torch, so that a plan is quick."""
    reach = int(3.5 * sigma_px + 0.5)
    weights = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * sigma_px**2))
    weights /= weights.sum()
    padded = np.pad(grey, reach, mode="edge")
    rows = np.array([np.convolve(row, weights, "valid") for row in padded])
    return np.array([np.convolve(column, weights, "valid") for column in rows.T]).T

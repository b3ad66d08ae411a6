"""A target's tones -> tones that pens can show: ink on paper is lighter, flatter and coarser than a photograph."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from renderer.colours import from_hex
from renderer.spec import Crop, Tone

# Radius of what counts as local, as a share of the shorter side: about the size of a mouth in a portrait.
LOCAL_SHARE = 0.03
DARKEST, LIGHTEST = 1.0, 98.0  # per cent of the pixels that become black, and that do not become white
GROUND, GROUND_FROM = 0.12, 0.6  # an even ground: share of the pixels with the same tone, and how light it is
LEAST_WHITE, MOST_BLACK = 0.5, 0.3  # a night stays a night
FINE_MM = 0.8  # strokes up to this width make tones by hatching
FINE_INK, BROAD_INK = (0.3, 0.42), (0.25, 0.65)  # bounds of the mean share of ink in the drawn area
BARE, SOLID = 0.04, 0.85  # shares of ink beyond which paper is bare, or black whatever the gamma is
PALE = 0.04  # ink that is too little for hatching with fine pens: single lines would be visible
GAMMAS = (0.7, 1.7)
LIFT = 0.15  # of black, towards paper: open hatching is dark enough, and spares pen and paper
FEATURES = 2.0  # by which thin dark features in the focus are darkened, in their own depths
FEATURE_SHARE = 0.015  # of the shorter side: an eye of a face that is a sixth of the picture
FOCUSED = (3.0, 8.0)  # importance at which features begin to be darkened, and at which they are fully darkened
COLOURFUL = 90.0  # percentile of the chroma that decides the saturation
INK_CHROMA = 0.6  # share of the most colourful ink's chroma that this percentile should reach
MOST_SATURATION = 1.6
GREYISH = 0.06
LOCAL_DETAIL = 0.05  # mean distance from the surroundings at which a picture needs a local contrast of 1
LOCAL_CONTRASTS = (0.4, 1.0)
PAINT_DETAIL, PAINT_CONTRASTS = 0.09, (0.5, 1.2)  # broad strokes on light paper flatten shapes; on black they cover it
_BINS = 64
PLAIN = 0.05  # a range of tones below which a picture is one even area, whose noise should not be drawn


def cropped(
    picture: NDArray[np.float32],  # [H, W, 3]
    crop: Crop,
) -> NDArray[np.float32]:  # [h, w, 3]
    """The picture without what the crop cuts off; at least a pixel is left."""
    height, width = picture.shape[:2]
    left, top = int(crop.left * width), int(crop.top * height)
    right, bottom = int(crop.right * width), int(crop.bottom * height)
    return picture[top : max(height - bottom, top + 1), left : max(width - right, left + 1)]


def toned(
    picture: NDArray[np.float32],  # [3, H, W] sRGB in [0, 1]
    tone: Tone,
) -> NDArray[np.float32]:  # [3, H, W]
    """The toned picture: levels, saturation about the mean of the channels, local contrast of that mean, lift."""
    levels = ((picture - tone.black) / (tone.white - tone.black)).clip(0, 1) ** np.float32(1 / tone.gamma)
    grey = levels.mean(0, keepdims=True)
    result = grey + _colourfulness(tone.saturation, grey) * (levels - grey)
    if tone.local_contrast:
        sigma_px = max(LOCAL_SHARE * min(picture.shape[1:]), 0.5)
        result = result + tone.local_contrast * (grey - _blurred(grey[0], sigma_px))
    if tone.lift:
        result = tone.lift + (1 - tone.lift) * result.clip(0, 1)
    return np.ascontiguousarray(result.clip(0, 1), dtype=np.float32)


def _colourfulness(saturation: float, grey: NDArray[np.float32]) -> float | NDArray[np.float32]:
    """The saturation of each place. Above 1 it falls towards white, so that yellowed paper does not turn orange."""
    return saturation if saturation <= 1 else 1 + (saturation - 1) * (1 - grey**4)


def stressed(
    picture: NDArray[np.float32],  # [3, H, W] sRGB in [0, 1], toned
    importance: NDArray[np.float32],  # [H, W], of mean 1
    tone: Tone,
) -> NDArray[np.float32]:  # [3, H, W]
    """The picture with its thin dark features darkened, more where they count more.

    Such features are what a grey closing fills in: the black top-hat (Meyer 1979).
    """
    if not tone.features:
        return picture
    grey = Image.fromarray((picture.mean(0) * 255 + 0.5).clip(0, 255).astype(np.uint8))
    size = 2 * max(1, round(FEATURE_SHARE * min(picture.shape[1:]) / 2)) + 1
    filled = grey.filter(ImageFilter.MaxFilter(size)).filter(ImageFilter.MinFilter(size))
    thin = (np.asarray(filled, np.float32) - np.asarray(grey, np.float32)) / np.float32(255)
    low, high = FOCUSED
    share = ((importance - low) / (high - low)).clip(0, 1)
    return np.ascontiguousarray((picture - tone.features * share * thin).clip(0, 1), dtype=np.float32)


def suited(
    picture: NDArray[np.float32],  # [3, H, W] sRGB in [0, 1]
    inks: tuple[str, ...],  # colours, #rrggbb
    paper: str,
    width_mm: float,  # of most strokes
) -> Tone:
    """The tone that suits a picture drawn with these inks on this paper.

    The paper's end of the scale is at the picture's lightest tones, or its even ground; the ink's end is at its darkest
    tones. Between them the gamma is changed until the picture needs neither too much nor too little ink.
    """
    grey = picture.mean(0)
    is_light = float(from_hex(paper).mean()) >= 0.5
    black, white = _ends(grey) if is_light else tuple(1 - end for end in reversed(_ends(1 - grey)))
    if np.ptp(np.percentile(grey, (DARKEST, LIGHTEST))) < PLAIN:
        return Tone()
    fine = width_mm <= FINE_MM
    if fine and is_light:
        white -= PALE * (white - black)
    levels = ((grey - black) / (white - black)).clip(0, 1)
    return Tone(
        black=round(black, 3),
        white=round(white, 3),
        gamma=round(_gamma(levels, is_light, FINE_INK if fine else BROAD_INK), 2),
        saturation=round(_saturation(picture, inks), 2),
        local_contrast=round(_local_contrast(levels, flattens=is_light and not fine), 2),
        lift=LIFT if fine and is_light else 0.0,
        features=FEATURES if is_light else 0.0,
    )


def _ends(grey: NDArray[np.float32]) -> tuple[float, float]:
    """The values that become black and white, on light paper."""
    black, white = (float(end) for end in np.percentile(grey, (DARKEST, LIGHTEST)))
    counts, edges = np.histogram(grey, _BINS, (0.0, 1.0))
    shares = np.convolve(counts / grey.size, np.ones(3), "same")
    for at in range(_BINS - 1, int(GROUND_FROM * _BINS), -1):
        if shares[at] >= GROUND and shares[at] == shares[max(at - 2, 0) : at + 3].max():
            white = min(white, float(edges[at]) - 1 / _BINS)  # an even light ground is left bare
            break
    white = max(white, LEAST_WHITE)
    return min(black, MOST_BLACK, white), white


def _gamma(levels: NDArray[np.float32], is_light: bool, wanted: tuple[float, float]) -> float:
    """The gamma that brings the mean share of ink in the drawn area between two bounds."""
    ink = 1 - levels if is_light else levels
    drawn = levels[(ink > BARE) & (ink < SOLID)]
    if not drawn.size:
        return 1.0

    def share(gamma: float) -> float:
        light = float((drawn ** (1 / gamma)).mean())
        return 1 - light if is_light else light

    low, high = wanted
    if low <= share(1.0) <= high:
        return 1.0
    aim = high if share(1.0) > high else low
    gammas = np.geomspace(*GAMMAS, 60)
    return float(gammas[np.argmin([abs(share(gamma) - aim) for gamma in gammas])])


def _saturation(picture: NDArray[np.float32], inks: tuple[str, ...]) -> float:
    """How much more colourful a pale picture can become, if the inks can show it."""
    chroma = np.percentile(np.ptp(picture, axis=0), COLOURFUL)
    pens = max(float(np.ptp(from_hex(ink))) for ink in inks)
    if pens < GREYISH or chroma < GREYISH:
        return 1.0
    return float(np.clip(INK_CHROMA * pens / chroma, 1.0, MOST_SATURATION))


def _local_contrast(levels: NDArray[np.float32], *, flattens: bool) -> float:
    """The local contrast: the flatter the shapes are, in the picture or in strokes, the more they must stand out."""
    wanted, (least, most) = (PAINT_DETAIL, PAINT_CONTRASTS) if flattens else (LOCAL_DETAIL, LOCAL_CONTRASTS)
    detail = np.abs(levels - _blurred(levels, max(LOCAL_SHARE * min(levels.shape), 0.5))).mean()
    return float(np.clip(wanted / max(float(detail), 1e-6), least, most))


def greyed(
    picture: NDArray[np.float32],  # [3, H, W]
) -> NDArray[np.float32]:  # [3, H, W]
    """The picture with the mean of its channels in each: the nearest to grey inks, and the same as `saturation: 0`."""
    if not np.ptp(picture, axis=0).any():
        return picture  # a mean would change its last digits
    return np.ascontiguousarray(np.broadcast_to(picture.mean(0), picture.shape), dtype=np.float32)


def _blurred(grey: NDArray[np.float32], sigma_px: float) -> NDArray[np.float64]:  # [H, W]
    """Gaussian blur with repeated edges; used once for each artwork, and without torch, so that planning is fast."""
    reach = int(3.5 * sigma_px + 0.5)
    weights = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * sigma_px**2))
    weights /= weights.sum()
    padded = np.pad(grey, reach, mode="edge")
    rows = np.array([np.convolve(row, weights, "valid") for row in padded])
    return np.array([np.convolve(column, weights, "valid") for column in rows.T]).T

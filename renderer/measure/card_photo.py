"""A photograph of a card -> the readings of its pens. Refuses what is cropped, blurred, or another card."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.JpegImagePlugin import JpegImageFile, get_sampling

from hardware.measured_card import MeasuredCard
from renderer.measure import MeasureError
from renderer.measure.ink_model import edge_blur, linear
from renderer.measure.measured_pen import pen_readings
from renderer.measure.paper_light import relative
from renderer.measure.readings import PenReadings
from renderer.measure.registration import (
    Picture,
    Registration,
    corner_view,
    rectified,
    registered,
    wrong_bits,
)
from renderer.measure.sheet_windows import InkSheet

_WORST_BLUR_MM = 0.2
_RATES = (10.0, 24.0)  # least and most pixels for each mm of the sheet seen from above
_MOST_WRONG_BITS = 1
_HALF_CHROMA_PX = 1.0  # a mean of two pixels, then weights of 3/4 and 1/4: a variance of 1/4 + 3/4


@dataclass(frozen=True)
class CardReadings:
    """What one photograph shows."""

    card: MeasuredCard
    sheet: InkSheet
    registration: Registration
    blur_mm: float
    pens: tuple[PenReadings, ...]


def card_readings(photo: Path, cards: list[MeasuredCard]) -> CardReadings:
    """Find which of the cards a photograph shows, and read it. Raises MeasureError."""
    picture, chroma_px = linear_photo(photo)
    view = corner_view(picture, cards[0])  # corner marks and code are at the same places on all cards of a rack
    card = min(cards, key=lambda one: wrong_bits(view, one))
    if wrong_bits(view, card) > _MOST_WRONG_BITS:
        raise MeasureError(
            "the strokes between the lower corner marks are those of another card; name the rack, the machine and the"
            " paper with which this card was made, or make and plot the card again"
        )
    registration = registered(view, card)
    rate = float(np.clip(round(1.3 * registration.px_per_mm), *_RATES))
    flat = rectified(picture, registration, card.size_mm, rate)
    sheet = InkSheet(1 - relative(flat, card, rate), rate, chroma_px / registration.px_per_mm)
    blur_mm = _blur_mm(sheet, card)
    pens = tuple(pen_readings(sheet, card, pen, blur_mm) for pen in card.pens)
    return CardReadings(card, sheet, registration, blur_mm, pens)


def linear_photo(path: Path) -> tuple[Picture, float]:
    """Return a photograph in linear light, `[H, W, 3]`, turned as its EXIF says, and the blur of its colours in pixels.

    Raises MeasureError.
    """
    try:
        with Image.open(path) as image:
            chroma_px = _HALF_CHROMA_PX if _has_half_chroma(image) else 0.0
            pixels = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    except (OSError, UnidentifiedImageError) as fault:
        raise MeasureError(f"{path}: cannot be read as a picture: {fault}") from None
    photo: Picture = linear(np.arange(256) / 255).astype(np.float32)[pixels]
    return photo, chroma_px


def _has_half_chroma(image: Image.Image) -> bool:
    """Whether a file holds its colours at half the resolution of its lightness, as most JPEGs do."""
    return isinstance(image, JpegImageFile) and get_sampling(image) in (1, 2)


def _blur_mm(sheet: InkSheet, card: MeasuredCard) -> float:
    """Return the blur of the upper and lower edges of the corner marks. Raises MeasureError where it is too strong."""
    found = []
    for left, top, side in card.corners:
        for edge, way in ((top, 1), (top + side, -1)):
            near = 0.13 * side
            y, hidden = sheet.across((left + 0.15 * side, edge - near, left + 0.85 * side, edge + near), level=True)
            found.append(edge_blur(way * (y - edge), hidden.mean(axis=1)))
    blur_mm = float(np.median(found))
    if blur_mm > _WORST_BLUR_MM:
        raise MeasureError(
            f"the photograph is blurred by {blur_mm:.2f} mm, of which at most {_WORST_BLUR_MM:g} mm can be measured:"
            " hold the camera still, focus on the card, and go closer"
        )
    return blur_mm

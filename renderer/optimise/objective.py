"""A layer, its pens and the frame -> the error by which its strokes are placed and valued."""

import numpy as np
from numpy.typing import NDArray

from renderer.error import Objective
from renderer.palette import Palette
from renderer.spec import MSE, BlurredMSE, Layer
from renderer.spec.losses import FAR_MM
from renderer.target import Frame

ALONG = 0.8  # share of the first guesses that follow the form; the rest find what it misses
CROSSING = 0.8  # share of its gain that a stroke straight across the form loses
CROSSING_PRICE = 0.05  # loss for a frame full of ink that runs across the form: about a tenth of a usual loss
FORM_NIBS = 4.0  # width over which the form is averaged, in nibs: with less, hatching follows the grain of a photograph
LEAST_FORM_PX = 2.0


def objective_of(
    layer: Layer,
    palette: Palette,
    area: Frame,
    importance: NDArray[np.float32] | None,  # [H, W], of mean 1
    lift_mm: float,  # length that costs as much as a pen lift; 0: strokes are as long as helps most
    longest_mm: float,  # longest stroke of the search
    worth: float,  # error that a square pixel of ink must save
) -> Objective:
    """The objective of a layer. The share of the error from afar depends on its share of the layer's loss."""
    share, sigma_mm = (0.0, FAR_MM) if palette.free else _far(layer)  # free colours are exact: there is nothing to mix
    nib_px = sum(palette.width_mm) / 2 * area.px_per_mm
    follows = _follows(layer, palette)
    return Objective(
        weight=importance,
        far_share=share,
        far_px=sigma_mm * area.px_per_mm,
        along=ALONG * follows,
        crossing=CROSSING * follows,
        crossing_price=CROSSING_PRICE * follows,
        form_px=max(LEAST_FORM_PX, FORM_NIBS * nib_px),
        lift_px=lift_mm * area.px_per_mm,
        longest_px=longest_mm * area.px_per_mm,
        worth=worth,
    )


def _follows(layer: Layer, palette: Palette) -> float:
    """How strictly strokes follow the form. In free colours they paint, and paint best in any direction."""
    if layer.traits.is_dots:
        return 0.0
    usual = 0.0 if palette.free or not layer.traits.follows else 1.0
    return usual if layer.form is None else layer.form


def _far(layer: Layer) -> tuple[float, float]:
    """The share of the error that is seen from afar, and the blur, mm.

    The share is less than in the loss. Where that is half and half, strokes cover the paper and are best placed pixel
    by pixel; gradients do the rest (measured: SSIM +0.08, PSNR +0.5 dB, from afar -1 dB).
    """
    near = sum(term.weight for term in (loss.term[1] for loss in layer.terms) if isinstance(term, MSE))
    far = [term for term in (loss.term[1] for loss in layer.terms) if isinstance(term, BlurredMSE)]
    weight = sum(term.weight for term in far)
    if not near and not far:
        return 0.0, FAR_MM  # a loss without terms on pixels: the search must use pixels anyway
    sigma_mm = sum(term.weight * term.sigma_mm for term in far) / weight if far else FAR_MM
    return max(0.0, 1.5 * weight / (near + weight) - 0.5), sigma_mm

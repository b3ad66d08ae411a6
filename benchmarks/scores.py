"""The similarity of an exported drawing and its picture: the SVG is drawn as pixels with hard pen edges, and compared.

The SVG is drawn twice: by our own reader and preview, and by cairosvg as an independent check.
"""

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

if TYPE_CHECKING:  # torch and numba are imported only when there is something to draw
    from renderer.target import Frame

Pixels = NDArray[np.float64]  # [H, W, 3] sRGB in [0, 1]
BLUR_PX = 2.0


@dataclass(frozen=True)
class Scores:
    """The figures of one drawing."""

    psnr: float  # dB
    psnr_blurred: float  # dB, of both pictures as seen from afar
    ssim: float


def scores(drawn: Pixels, wanted: Pixels) -> Scores:
    """Compare two pictures `[H, W, 3]` of the same size."""
    return Scores(psnr(drawn, wanted), psnr(blurred(drawn), blurred(wanted)), ssim(drawn, wanted))


def psnr(drawn: Pixels, wanted: Pixels) -> float:
    """Peak signal to noise ratio over all pixels and channels, dB; the peak is 1."""
    return float(-10 * np.log10(np.mean((drawn - wanted) ** 2)))


def blurred(picture: Pixels) -> Pixels:
    """The picture as seen from afar: a Gaussian of sigma 2 px, with repeated edges."""
    from scipy.ndimage import gaussian_filter

    result: Pixels = gaussian_filter(picture, sigma=(BLUR_PX, BLUR_PX, 0), mode="nearest")
    return result


def ssim(drawn: Pixels, wanted: Pixels) -> float:
    """Structural similarity: Wang et al. 2004, Gaussian window of sigma 1.5 px, mean over channels."""
    from skimage.metrics import structural_similarity

    return float(
        structural_similarity(
            drawn, wanted, channel_axis=2, data_range=1, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
        )
    )


def by_preview(svg: str, frame: "Frame") -> Pixels:
    """The part of the SVG inside the frame, read back and drawn by our own preview."""
    from hardware.svgfile import read_svg
    from renderer.preview import framed

    return framed(read_svg(svg), frame).transpose(1, 2, 0).astype(np.float64)


def by_cairo(svg: str, frame: "Frame", sheet_mm: tuple[float, float]) -> Pixels | None:
    """The same, drawn by cairosvg; None where it, or the library that it needs, is not installed.

    The frame must begin at a whole pixel.
    """
    try:
        import cairosvg
    except (ImportError, OSError):
        return None
    width_px, height_px = (round(length_mm * frame.px_per_mm) for length_mm in sheet_mm)
    data = cairosvg.svg2png(bytestring=svg.encode(), output_width=width_px, output_height=height_px)
    left, top = round(frame.x_mm * frame.px_per_mm), round(frame.y_mm * frame.px_per_mm)
    box = (left, top, left + frame.width_px, top + frame.height_px)
    return pixels(Image.open(io.BytesIO(data)).crop(box))


def pixels(image: Image.Image) -> Pixels:
    """The values of an opaque image."""
    return np.asarray(image.convert("RGB"), np.float64) / 255

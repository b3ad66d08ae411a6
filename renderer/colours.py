"""Colours as numbers, and a rack of pens + a target -> the pens in the order of their worth."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hardware.pen import Ink, Pen

Colours = NDArray[np.float64]  # [..., 3] sRGB in [0, 1]
Pixels = NDArray[np.float64]  # [N], a number for each pixel

_MOST_GROUNDS = 32  # colours on which a further transparent ink is tried: five inks and all their overlaps


def from_hex(colour: str) -> Colours:
    """`#rrggbb` as sRGB in [0, 1], `[3]`."""
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255


def to_hex(colour: NDArray[np.floating]) -> str:
    """sRGB in [0, 1], `[3]`, as `#rrggbb`."""
    return "#" + "".join(f"{round(float(np.clip(value, 0, 1)) * 255):02x}" for value in colour)


def oklab(srgb: Colours) -> Colours:
    """OKLab of sRGB colours, both `[..., 3]`. Equal distances in OKLab look about equally large.

    Bjorn Ottosson, "A perceptual color space for image processing" (2020): one matrix takes linear light to cones,
    then comes the cube root, and another matrix takes cones to lightness and two opponent channels.
    """
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    lab: Colours = np.cbrt(linear @ _RGB_TO_CONES.T) @ _CONES_TO_LAB.T
    return lab


_RGB_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_CONES_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


@dataclass(frozen=True)
class Choice:
    """All pens of a rack, in order: each lowers the remaining difference from a target most."""

    pens: tuple[Pen, ...]
    errors: tuple[float, ...]  # with no pen, one, ... all: root mean square OKLab distance to the nearest colour
    used: int

    @property
    def chosen(self) -> tuple[Pen, ...]:
        """The pens that are used, in the order in which they were picked."""
        return self.pens[: self.used]

    @property
    def shares(self) -> tuple[float, ...]:
        """The errors, as shares of the error without any pen; 0 where that is 0."""
        return tuple(error / self.errors[0] if self.errors[0] > 0 else 0.0 for error in self.errors)


def choose(
    pens: tuple[Pen, ...],
    count: int,
    target: Colours,  # [3, H, W]
    below: Colours,  # [3, H, W]
    importance: NDArray[np.float32] | None = None,  # [H, W], how much each pixel counts
) -> Choice:
    """The `count` pens that match the target best, by forward selection, and the errors with more or fewer pens.

    Each pick lowers the mean squared OKLab distance from a pixel to the nearest available colour most. The colours
    below, such as the paper, are available from the start. A transparent ink also adds its overlaps with the inks
    picked before.
    """
    counts = None if importance is None else thinned(importance.reshape(-1, 1).astype(np.float64))[:, 0]
    target, below = (thinned(picture.reshape(3, -1).T) for picture in (target, below))
    pixels = np.ascontiguousarray(oklab(target).T)
    nearest = _distances(pixels, below)
    brought = [np.full_like(nearest, np.inf) for _ in pens]  # distance to the nearest of the colours a pen would add
    left = list(range(len(pens)))
    grounds, fresh = [_single(below)], [_single(below)]  # colours below a further ink, and the new ones among them
    picked: list[int] = []
    errors = [_root_mean(nearest, counts)]
    while left:
        for k in left:
            brought[k] = _with(brought[k], pixels, pens[k], fresh)
        best = left.pop(int(np.argmin([_root_mean(np.minimum(nearest, brought[k]), counts) for k in left])))
        nearest = np.minimum(nearest, brought[best])
        fresh = _on(pens[best], grounds)[: _MOST_GROUNDS - len(grounds)]
        grounds = grounds + fresh
        picked.append(best)
        errors.append(_root_mean(nearest, counts))
    return Choice(tuple(pens[k] for k in picked), tuple(errors), min(count, len(pens)))


def left_over(
    colours: Colours,  # [C, 3] sRGB
    pixels: Colours,  # [N, 3] sRGB
) -> Pixels:
    """The squared OKLab distance from each pixel to the nearest of these colours, `[N]`."""
    lab = np.ascontiguousarray(oklab(pixels).T)
    nearest = np.full(len(pixels), np.inf)
    for colour in colours:
        nearest = np.minimum(nearest, _distances(lab, colour))
    return nearest


def thinned(pixels: Colours, most: int = 5_000) -> Colours:
    """At most `most` of the pixels `[N, ...]`, evenly spread."""
    # Not every n-th pixel for a whole number n, as they may all lie in a few columns.
    few: Colours = pixels[np.linspace(0, len(pixels) - 1, min(most, len(pixels))).astype(int)]
    return few


def _single(colours: Colours) -> Colours:
    """One colour where all are the same, as on bare paper: much less to compute."""
    return colours[0] if (colours == colours[0]).all() else colours


def _on(pen: Pen, grounds: list[Colours]) -> list[Colours]:
    """The new grounds that a picked pen makes of the earlier ones: none if it is opaque, as it covers them all."""
    return [from_hex(pen.colour) * ground for ground in grounds] if pen.ink is Ink.TRANSPARENT else []


def _with(nearest: Pixels, pixels: Colours, pen: Pen, grounds: list[Colours]) -> Pixels:
    """`nearest`, updated with the colours of a pen on further grounds."""
    own = from_hex(pen.colour)
    for ground in grounds:
        nearest = np.minimum(nearest, _distances(pixels, own if pen.ink is Ink.OPAQUE else own * ground))
    return nearest


def _distances(
    pixels: Colours,  # [3, N] OKLab
    colours: Colours,  # [3] or [N, 3] sRGB
) -> Pixels:
    lab = oklab(colours).T
    distances: Pixels = (pixels[0] - lab[0]) ** 2 + (pixels[1] - lab[1]) ** 2 + (pixels[2] - lab[2]) ** 2
    return distances


def _root_mean(squares: Pixels, counts: Pixels | None = None) -> float:
    return float(np.sqrt(np.average(squares, weights=counts)))

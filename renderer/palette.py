"""Colours: which pens of a rack to use for a target, and how a stroke's inks become a colour while it is fitted."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hardware.drawing import Ink, Pen
from renderer.spec import FreeColours, RackPens

Colours = NDArray[np.float64]  # [..., 3] sRGB in [0, 1]


def from_hex(colour: str) -> Colours:
    """`#rrggbb` as sRGB in [0, 1]."""
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255


def to_hex(colour: NDArray[np.floating]) -> str:
    """sRGB in [0, 1] as `#rrggbb`."""
    return "#" + "".join(f"{round(float(np.clip(value, 0, 1)) * 255):02x}" for value in colour)


def oklab(srgb: Colours) -> Colours:
    """OKLab of sRGB colours, in which equal distances look about equally large.

    Bjorn Ottosson, "A perceptual color space for image processing" (2020): linear light to cones by one matrix, cube
    root, cones to lightness and two opponents by another.
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
class Palette:
    """What the strokes of a layer may be drawn with: pens in the order of their passes, or any colour."""

    pens: tuple[Pen, ...]  # one made-up pen where colours are free
    free: bool
    ink: Ink
    width_mm: tuple[float, float]  # thinnest and widest stroke that may be asked for
    spot_mm: float | None = None  # diameter of dots that are wider than their pens

    @property
    def inks(self) -> int:
        """P, the length of a stroke's ink vector."""
        return 3 if self.free else len(self.pens)

    @property
    def widths_vary(self) -> bool:
        """Whether widths are fitted."""
        return self.free and self.width_mm[0] < self.width_mm[1]

    def table(self) -> Tensor:  # [P, 3]
        """The pens' colours, sRGB."""
        return torch.tensor(np.stack([from_hex(pen.colour) for pen in self.pens]), dtype=torch.float32)

    def colours(
        self,
        inks: Tensor,  # [N, P]
        temperature: float,
    ) -> Tensor:  # [N, 3]
        """Each stroke's colour: its own where colours are free, else a mixture of pens that hardens as it cools."""
        if self.free:
            return inks
        return _softmax(inks / temperature) @ self.table().to(inks)

    def hard(
        self,
        inks: Tensor,  # [N, P]
    ) -> Tensor:  # [N, P]
        """Inks whose colour, at any temperature near zero, is exactly that of the likeliest pen."""
        if self.free:
            return inks
        return torch.nn.functional.one_hot(inks.argmax(1), self.inks).to(inks) * 1e4

    def widths(
        self,
        inks: Tensor,  # [N, P]
        width_mm: Tensor,  # [N]
    ) -> Tensor:  # [N]
        """Each stroke's width: the dot that is asked for, else the nib of its pen, or its own where it may vary."""
        if self.spot_mm is not None:
            return torch.full_like(width_mm, self.spot_mm)
        if self.free:
            return width_mm
        nibs = torch.tensor([pen.nib_mm for pen in self.pens]).to(width_mm)
        return nibs[inks.detach().argmax(1)]

    def order(
        self,
        inks: Tensor,  # [N, P]
    ) -> Tensor:  # [N]
        """Strokes from bottom to top as they will be drawn: pen after pen, or as they come where colours are free."""
        if self.free:
            return torch.arange(len(inks))
        return torch.argsort(inks.detach().argmax(1), stable=True)

    def reordered(self, order: tuple[int, ...]) -> "Palette":
        """The same pens in another order of passes."""
        return replace(self, pens=tuple(self.pens[k] for k in order))


def _softmax(
    logits: Tensor,  # [N, P]
) -> Tensor:  # [N, P]
    """Softmax over the pens. Torch's own shares even a few numbers out among threads, and waits for them."""
    shares = (logits - logits.detach().amax(1, keepdim=True)).exp()
    return shares / shares.sum(1, keepdim=True)


def palette(
    pens: RackPens | FreeColours,
    target: Colours,  # [3, H, W]
    below: Colours,  # [3, H, W]
) -> Palette:
    """The palette for a target over what lies below (paper, or other layers): the best `use` pens, lightest first."""
    match pens:
        case FreeColours(widths_mm=widths_mm):
            pen = Pen(name="free", colour="#000000", nib_mm=widths_mm[1], ink=pens.ink)
            return Palette((pen,), True, pens.ink, widths_mm)
        case RackPens():
            chosen = choose(pens.pens, pens.use or len(pens.pens), target, below)
            nibs = [pen.nib_mm for pen in chosen]
            return Palette(lightest_first(chosen), False, chosen[0].ink, (min(nibs), max(nibs)))


def lightest_first(pens: tuple[Pen, ...]) -> tuple[Pen, ...]:
    """The order in which pens spoil each other least: a dark ink covers a light one and soils no tip."""
    return tuple(sorted(pens, key=lambda pen: (-oklab(from_hex(pen.colour))[0], pen.name)))


def choose(
    pens: tuple[Pen, ...],
    count: int,
    target: Colours,  # [3, H, W]
    below: Colours,  # [3, H, W]
) -> tuple[Pen, ...]:
    """The `count` pens with which the target can be told best, by forward selection, in the order they were picked.

    All of them, as they come, where so many are wanted.

    Each pick lowers most the mean squared OKLab distance from a pixel to the nearest colour at hand; what lies below,
    first of all the paper, is one. Transparent inks bring along their overlaps with the inks picked before.
    """
    if count >= len(pens):
        return pens
    target, below = (_thinned(picture.reshape(3, -1).T) for picture in (target, below))
    pixels = oklab(target)
    grounds = [below]  # what a further ink may lie on, per pixel
    nearest = ((pixels - oklab(below)) ** 2).sum(1)
    picked: list[Pen] = []
    for _ in range(count):
        left = [pen for pen in pens if pen not in picked]
        trials = [np.minimum(nearest, _nearest(pixels, _brought(pen, grounds))) for pen in left]
        best = int(np.argmin([trial.mean() for trial in trials]))
        nearest = trials[best]
        grounds += _brought(left[best], grounds)
        picked.append(left[best])
    return tuple(picked)


def _thinned(pixels: Colours, most: int = 5_000) -> Colours:
    # Not every n-th pixel, which may fall into a few columns: n is no whole number.
    thinned: Colours = pixels[np.linspace(0, len(pixels) - 1, min(most, len(pixels))).astype(int)]
    return thinned


def _brought(pen: Pen, grounds: list[Colours]) -> list[Colours]:
    """The colours that a further pen adds, each one for all pixels or one a pixel."""
    colour = from_hex(pen.colour)
    return [colour] if pen.ink is Ink.OPAQUE else [colour * ground for ground in grounds[:32]]


def _nearest(pixels: Colours, colours: list[Colours]) -> NDArray[np.float64]:
    away = np.stack([((pixels - oklab(colour)) ** 2).sum(1) for colour in colours])
    nearest: NDArray[np.float64] = away.min(0)
    return nearest

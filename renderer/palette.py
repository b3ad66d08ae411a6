"""Palettes: the pens to draw with, and how a stroke's inks become a colour during the fit."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hardware.drawing import Ink, Pen
from renderer.colours import Choice, Colours, choose, from_hex, oklab
from renderer.cores import constant
from renderer.spec import FreeColours, RackPens

CPU = torch.device("cpu")


@dataclass(frozen=True)
class Palette:
    """The pens that can draw the strokes of a layer, in the order of their passes, or any colour."""

    pens: tuple[Pen, ...]  # one made-up pen where colours are free
    free: bool
    ink: Ink
    width_mm: tuple[float, float]  # thinnest and widest possible stroke
    spot_mm: float | None = None  # diameter of dots that are wider than their pens
    has_sizes: bool = False  # dots have diameters of their own, drawn as spirals
    choice: Choice | None = None  # how the pens were chosen; None where colours are free

    @property
    def inks(self) -> int:
        """P, the length of the ink vector of a stroke."""
        return 3 if self.free else len(self.pens)

    @property
    def widths_vary(self) -> bool:
        """Whether widths are fitted."""
        return self.has_sizes or (self.free and self.width_mm[0] < self.width_mm[1])

    def table(self, device: torch.device = CPU) -> Tensor:  # [P, 3]
        """The pens' colours, sRGB."""
        return constant(tuple(tuple(from_hex(pen.colour).tolist()) for pen in self.pens), device)

    def colours(
        self,
        inks: Tensor,  # [N, P]
        temperature: float,
    ) -> Tensor:  # [N, 3]
        """Each stroke's colour: its own where colours are free, else a mixture of pens, purer at lower temperatures."""
        if self.free:
            return inks
        return _softmax(inks / temperature) @ self.table(inks.device).to(inks.dtype)

    def hard(
        self,
        inks: Tensor,  # [N, P]
    ) -> Tensor:  # [N, P]
        """Inks with exactly the colour of the likeliest pen, at any temperature of 1 or less."""
        if self.free:
            return inks
        return torch.nn.functional.one_hot(inks.argmax(1), self.inks).to(inks) * 1e4

    def widths(
        self,
        inks: Tensor,  # [N, P]
        width_mm: Tensor,  # [N]
    ) -> Tensor:  # [N]
        """Each stroke's width: that of the dot if the spec gives one, else the nib of its pen, or its own if free."""
        if self.spot_mm is not None:
            return torch.full_like(width_mm, self.spot_mm)
        if self.free or self.has_sizes:
            return width_mm
        nibs = constant(tuple(pen.nib_mm for pen in self.pens), width_mm.device).to(width_mm.dtype)
        return nibs[inks.detach().argmax(1)]

    def order(
        self,
        inks: Tensor,  # [N, P]
    ) -> Tensor:  # [N]
        """The strokes from bottom to top, as they will be drawn: pen after pen, or as they are if colours are free."""
        if self.free:
            return torch.arange(len(inks), device=inks.device)
        return torch.argsort(inks.detach().argmax(1), stable=True)

    def reordered(self, order: tuple[int, ...]) -> "Palette":
        """The same pens in another order of passes."""
        return replace(self, pens=tuple(self.pens[k] for k in order))


def _softmax(
    logits: Tensor,  # [N, P]
) -> Tensor:  # [N, P]
    """Softmax over the pens. Torch's own distributes even a few numbers among threads, and waits for them."""
    shares = (logits - logits.detach().amax(1, keepdim=True)).exp()
    return shares / shares.sum(1, keepdim=True)


def palette(
    pens: RackPens | FreeColours,
    target: Colours,  # [3, H, W]
    below: Colours,  # [3, H, W]
    importance: NDArray[np.float32] | None = None,  # [H, W], how much each pixel counts
) -> Palette:
    """The palette for a target over what is below (paper or other layers): the best `use` pens, lightest first."""
    match pens:
        case FreeColours(widths_mm=widths_mm):
            pen = Pen(name="free", colour="#000000", nib_mm=widths_mm[1], ink=pens.ink)
            return Palette((pen,), True, pens.ink, widths_mm)
        case RackPens():
            # The square root: a small face needs its colours, but a strong focus must not take all the pens.
            counts = None if importance is None else np.sqrt(importance)
            choice = choose(pens.pens, pens.use or len(pens.pens), target, below, counts)
            nibs = [pen.nib_mm for pen in choice.chosen]
            ink = choice.chosen[0].ink
            return Palette(lightest_first(choice.chosen), False, ink, (min(nibs), max(nibs)), choice=choice)


def lightest_first(pens: tuple[Pen, ...]) -> tuple[Pen, ...]:
    """The order in which pens spoil each other least: a dark ink covers a light one and no light tip gets dirty."""
    return tuple(sorted(pens, key=lambda pen: (-oklab(from_hex(pen.colour))[0], pen.name)))

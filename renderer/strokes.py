"""The strokes of a layer during the fit: the parameters that the gradient moves."""

from dataclasses import dataclass

import torch
from torch import Tensor

from renderer.ragged import Ragged


@dataclass(frozen=True)
class Strokes:
    """N strokes of one kind. Millimetres on the sheet, origin top left, x right, y down.

    `inks` are logits over P pens, or the sRGB colours themselves (P = 3) where colours are free.
    """

    knots: Tensor  # [N, K, 2] mm; K = 1 a dot, 2 a line, >= 3 a Catmull-Rom curve
    width_mm: Tensor  # [N]
    inks: Tensor  # [N, P]
    ragged: Ragged | None = None  # where strokes have knots of their own number; None: each has K

    def __post_init__(self) -> None:
        count = len(self.knots)
        assert self.knots.ndim == 3 and self.knots.shape[2] == 2, self.knots.shape
        assert self.width_mm.shape == (count,), self.width_mm.shape
        assert self.inks.ndim == 2 and len(self.inks) == count, self.inks.shape

    def __len__(self) -> int:
        return len(self.knots)

    def __getitem__(self, which: Tensor) -> "Strokes":
        ragged = None if self.ragged is None else self.ragged[which]
        return Strokes(self.knots[which], self.width_mm[which], self.inks[which], ragged)

    def without(self, which: Tensor) -> "Strokes":
        """These strokes, except those at `which [M]`."""
        return self[torch.ones(len(self), dtype=torch.bool, device=which.device).index_fill(0, which, False)]

    @property
    def tensors(self) -> tuple[Tensor, Tensor, Tensor]:
        """Knots `[N, K, 2]`, widths `[N]`, inks `[N, P]`."""
        return self.knots, self.width_mm, self.inks

    def detached(self) -> "Strokes":
        """The same numbers in tensors of their own, without a gradient."""
        knots, width_mm, inks = (tensor.detach().clone() for tensor in self.tensors)
        return Strokes(knots, width_mm, inks, self.ragged)

    def with_gradient(self, widths: bool) -> "Strokes":
        """The strokes as leaves of a new graph; their widths only where the spec lets them vary."""
        leaves = self.detached()
        for tensor in (leaves.knots, leaves.inks, *([leaves.width_mm] if widths else [])):
            tensor.requires_grad_()
        return leaves

    def replaced(self, which: Tensor, new: "Strokes") -> "Strokes":
        """These strokes, with those at `which [M]` replaced by `new` (M strokes)."""
        mine = self.detached()
        for tensor, other in zip(mine.tensors, new.tensors, strict=True):
            tensor[which] = other
        return mine

    def joined(self, more: "Strokes") -> "Strokes":
        """These strokes and more, in new tensors."""
        both = zip(self.detached().tensors, more.detached().tensors, strict=True)
        assert self.ragged is None and more.ragged is None  # only strokes of equal length are added
        knots, width_mm, inks = (torch.cat(pair) for pair in both)
        return Strokes(knots, width_mm, inks)

    def to(self, where: torch.dtype | torch.device | str) -> "Strokes":
        """The same strokes in another precision, or on another device."""
        ragged = self.ragged if self.ragged is None or isinstance(where, torch.dtype) else self.ragged.to(where)
        knots, width_mm, inks = (tensor.to(where) for tensor in self.tensors)
        return Strokes(knots, width_mm, inks, ragged)

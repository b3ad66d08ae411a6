"""The strokes of a layer during the fit: the parameters that the gradient moves."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Strokes:
    """N strokes of one kind. Millimetres on the sheet, origin top left, x right, y down.

    `inks` are logits over P pens, or the sRGB colours themselves (P = 3) where colours are free.
    """

    knots: Tensor  # [N, K, 2] mm; K = 1 a dot, 2 a line, >= 3 a Catmull-Rom curve
    width_mm: Tensor  # [N]
    inks: Tensor  # [N, P]

    def __post_init__(self) -> None:
        count = len(self.knots)
        assert self.knots.ndim == 3 and self.knots.shape[2] == 2, self.knots.shape
        assert self.width_mm.shape == (count,), self.width_mm.shape
        assert self.inks.ndim == 2 and len(self.inks) == count, self.inks.shape

    def __len__(self) -> int:
        return len(self.knots)

    def __getitem__(self, which: Tensor) -> "Strokes":
        return Strokes(self.knots[which], self.width_mm[which], self.inks[which])

    def without(self, which: Tensor) -> "Strokes":
        """These strokes, except those at `which [M]`."""
        return self[torch.ones(len(self), dtype=torch.bool, device=which.device).index_fill(0, which, False)]

    @property
    def tensors(self) -> tuple[Tensor, Tensor, Tensor]:
        """Knots `[N, K, 2]`, widths `[N]`, inks `[N, P]`."""
        return self.knots, self.width_mm, self.inks

    def detached(self) -> "Strokes":
        """The same numbers in new tensors, without a gradient."""
        return Strokes(*(tensor.detach().clone() for tensor in self.tensors))

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
        return Strokes(*(torch.cat(pair) for pair in both))

    def to(self, where: torch.dtype | torch.device | str) -> "Strokes":
        """The same strokes in another precision, or on another device."""
        return Strokes(*(tensor.to(where) for tensor in self.tensors))

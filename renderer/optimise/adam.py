"""Adam's method, as far as fits use it, with a memory whose strokes can be added and forgotten.

`torch.optim` computes the same, but importing it loads torch's compiler, which costs every render a second and 150 MB.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

# Adam's memory is short, as the objective sharpens all the time. Its epsilon is far below the gradients, which are
# small because the loss is a mean over all pixels.
BETAS = (0.9, 0.98)
EPSILON = 1e-12


@dataclass
class Moments:
    """Running means of a leaf's gradient and of its square, of the leaf's shape, and the number of steps in them."""

    mean: Tensor
    square: Tensor
    steps: int = 0

    def lengthened(self, leaf: Tensor) -> Moments:
        """The same memory of a leaf `[N + M, ...]` to which M strokes were added."""
        added = torch.zeros_like(leaf[len(self.mean) :])
        return Moments(torch.cat([self.mean, added]), torch.cat([self.square, added]), self.steps)


@dataclass(frozen=True)
class Adam:
    """Algorithm 1 of Kingma and Ba, "Adam: A Method for Stochastic Optimization" (2015), over leaves of any shape.

    A leaf without a gradient stays as it is.
    """

    leaves: Sequence[Tensor]
    rates: Sequence[float]  # of each leaf, at the first step
    moments: dict[int, Moments] = field(default_factory=dict)  # by the number of the leaf

    def clear(self) -> None:
        """Forget the gradients of the last step."""
        for leaf in self.leaves:
            leaf.grad = None

    @torch.no_grad()
    def step(self, share: float) -> None:
        """Move each leaf against its gradient, at a share of its first rate."""
        for number, (leaf, rate) in enumerate(zip(self.leaves, self.rates, strict=True)):
            if leaf.grad is None:
                continue
            if number not in self.moments:
                self.moments[number] = Moments(torch.zeros_like(leaf), torch.zeros_like(leaf))
            now = self.moments[number]
            now.steps += 1
            now.mean.lerp_(leaf.grad, 1 - BETAS[0])
            now.square.mul_(BETAS[1]).addcmul_(leaf.grad, leaf.grad, value=1 - BETAS[1])
            unbiased, unbiased_square = (1 - beta**now.steps for beta in BETAS)
            divisor = (now.square.sqrt() / unbiased_square**0.5).add_(EPSILON)
            leaf.addcdiv_(now.mean, divisor, value=-(share * rate / unbiased))

    def over(self, leaves: Sequence[Tensor]) -> Adam:
        """The same memory over longer leaves `[N + M, ...]`, which begin with the present ones `[N, ...]`."""
        longer = {number: now.lengthened(leaves[number]) for number, now in self.moments.items()}
        return Adam(leaves, self.rates, longer)

    def forget(self, strokes: Tensor) -> None:  # [S] numbers
        """Forget what these strokes did: the memory of a stroke is not valid elsewhere."""
        for now in self.moments.values():
            now.mean[strokes] = 0
            now.square[strokes] = 0

    def rearrange(self, leaf: int, places: Tensor) -> None:  # [N, K, ...] numbers along K
        """Give the memory of a leaf, by its number, the order along its second axis that the leaf has now."""
        if leaf in self.moments:
            now = self.moments[leaf]
            now.mean, now.square = now.mean.gather(1, places), now.square.gather(1, places)

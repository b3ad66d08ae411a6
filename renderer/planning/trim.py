"""Strokes and their usefulness -> the strokes within a budget: the least useful are left out."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Kept = NDArray[np.bool_]  # [N]

NEAR = 0.05  # share of the budget that may be left over


def trimmed(
    usefulness: NDArray[np.floating],  # [N]: the lowest are left out first
    budget: float,
    cost: Callable[[Kept], float],  # of a subset, in the budget's unit
    near: float = NEAR,
) -> Kept:  # [N]
    """The strokes to keep, so that their cost is within `near` below the budget; all of them if that is enough for all.

    Each call of `cost` halves the uncertainty, so there are about ten calls; the cost should grow with the subset.
    Where no subset is within the budget (pen changes alone cost more), the most useful stroke is kept.
    """
    order = np.argsort(-np.asarray(usefulness), kind="stable")  # the most useful first

    def best(count: int) -> Kept:
        kept = np.zeros(len(order), np.bool_)
        kept[order[:count]] = True
        return kept

    everything = best(len(order))
    if len(order) == 0 or cost(everything) <= budget:
        return everything
    fits, exceeds = 0, len(order)  # counts of strokes
    while exceeds - fits > 1:
        count = (fits + exceeds) // 2
        found = cost(best(count))
        fits, exceeds = (count, exceeds) if found <= budget else (fits, count)
        if (1 - near) * budget <= found <= budget:
            break
    return best(max(fits, 1))

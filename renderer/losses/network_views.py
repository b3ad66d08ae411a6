"""A finished drawing as the networks of a loss see it: the distance from the target at each depth, and where it is."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from renderer.blur import blur
from renderer.losses import AugmentedLoss, NetworkLoss, Sum
from renderer.result import NetworkView

_PULL_PX = 2.0  # blur of the map of a loss that has no places


def network_views(layer_name: str, loss: Sum, drawn: Tensor) -> Iterator[NetworkView]:
    """The view of each term that uses a network. `drawn` is `[3, H, W]`, on the loss's device."""
    for name, (_, term) in loss.terms.items():
        seen = term.inner if isinstance(term, AugmentedLoss) else term
        if isinstance(seen, NetworkLoss):
            yield _look(layer_name, name, seen, drawn)


def _look(layer_name: str, name: str, seen: NetworkLoss, drawn: Tensor) -> NetworkView:
    with torch.no_grad():
        depths = tuple((layer, value.item()) for layer, value in seen.each(drawn).items())
        places = seen.comparison.maps(drawn, seen.target_maps)
    size = (drawn.shape[1], drawn.shape[2])
    values = torch.zeros(size, device=drawn.device) if places else _pull(seen, drawn)
    for place in places.values():
        values += functional.interpolate(place.float()[None, None], size, mode="bilinear", align_corners=False)[0, 0]
    return NetworkView(layer_name, name, depths, _relative(values), not places)


def _pull(seen: NetworkLoss, drawn: Tensor) -> Tensor:  # [H, W]
    """The strength of the loss's gradient at each place."""
    leaf = drawn.clone().requires_grad_()
    seen(leaf).backward()  # type: ignore[no-untyped-call]
    assert leaf.grad is not None
    return blur(leaf.grad.norm(dim=0, keepdim=True), _PULL_PX)[0]


def _relative(values: Tensor) -> NDArray[np.float32]:  # [H, W]
    """The values as shares of the highest, without the top half per cent: a single spot would darken the rest."""
    found = values.detach().float().cpu().numpy()
    highest = float(np.quantile(found, 0.995))
    return np.ascontiguousarray((found / max(highest, 1e-12)).clip(0, 1), dtype=np.float32)

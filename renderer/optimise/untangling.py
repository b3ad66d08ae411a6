"""Long lines drawn in another order of their knots, so that they cross themselves less: a move, as no step can."""

import torch
from torch import Tensor

from renderer.losses import Sum
from renderer.optimise.adam import Adam
from renderer.optimise.descent import segments_of
from renderer.optimise.layer_drawing import Ground, judged
from renderer.optimise.neatness import crossings, untangled
from renderer.raster import Workspace
from renderer.spec import Layer
from renderer.strokes import Strokes

_KNOTS = 0  # their number among the leaves


@torch.no_grad()
def untangle(
    layer: Layer,
    leaves: Strokes,
    adam: Adam,
    start: Tensor,  # [N, K, 2] mm, the knots where they were placed; follows the new order
    ground: Ground,
    loss: Sum,
    workspace: Workspace,
) -> None:
    """Give the knots of each line an order without crossings, where loss and price together gain by it."""
    assert leaves.ragged is not None
    knots, order = leaves.knots.detach(), torch.arange(leaves.knots.shape[1]).repeat(len(leaves), 1)
    for n, count in enumerate(leaves.ragged.counts.tolist()):
        order[n, :count] = torch.from_numpy(untangled(knots[n, :count].cpu().double().numpy()))
    places = order.to(knots.device)[:, :, None].expand(-1, -1, 2)

    def price() -> float:
        crossed = crossings(segments_of(layer, leaves, ground))
        return judged(layer, leaves, ground, loss, workspace) + layer.cost.crossing * crossed.item() / 1000

    before, kept = price(), knots.clone()
    leaves.knots.copy_(kept.gather(1, places))
    if price() >= before:
        leaves.knots.copy_(kept)
        return
    start.copy_(start.gather(1, places))
    adam.rearrange(_KNOTS, places)

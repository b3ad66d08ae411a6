"""Which pen draws a stroke, and in which order the pens draw: the discrete half of the fit."""

import math
from dataclasses import replace

import torch
from torch import Tensor

from renderer import placement
from renderer.losses import Sum
from renderer.optimise.layer_drawing import Ground, judged, raster, shown, weights
from renderer.palette import Palette
from renderer.raster import Workspace
from renderer.spec import Layer
from renderer.strokes import Strokes

# Of the strokes that would gain by another pen, the share that gets it at once, for each trial.
_REPENNED = (0.5, 0.5, 0.25, 0.25, 0.1)


@torch.no_grad()
def settle(layer: Layer, leaves: Strokes, ground: Ground, loss: Sum, workspace: Workspace) -> Ground:
    """Put the pens into the order in which the finished drawing fits best, and the leaves' inks with them.

    The search starts with the lightest pen first, tries each swap of two passes, and keeps what helps. It swaps
    neighbours first and again at the end, as they gain most.
    """

    def turned(order: list[int]) -> tuple[Strokes, Ground]:
        palette = ground.palette.reordered(tuple(order))
        return replace(leaves, inks=leaves.inks[:, torch.tensor(order).to(leaves.inks.device)]), replace(
            ground, palette=palette
        )

    best = list(range(len(ground.palette.pens)))
    least = judged(layer, leaves, ground, loss, workspace)
    for reach in (*range(1, len(best)), 1):
        for low in range(len(best) - reach):
            order = best.copy()
            order[low], order[low + reach] = order[low + reach], order[low]
            found = judged(layer, *turned(order), loss, workspace)
            if found < least:
                best, least = order, found
    strokes, ground = turned(best)
    leaves.inks.copy_(strokes.inks)
    return ground


def repen(layer: Layer, leaves: Strokes, ground: Ground, loss: Sum, workspace: Workspace) -> None:
    """Give strokes another pen where that lowers the loss, many at a time.

    Those that gain most change first. Where many changes at once do not help, fewer are tried.
    """
    before, gains, refused = 0.0, None, math.inf
    for part in _REPENNED:
        if gains is None:
            before, gains = _gains(layer, leaves, ground, loss, workspace)
        with torch.no_grad():
            least, pen = gains.min(1)
            count = math.ceil(part * int((least < 0).sum()))
            if not 0 < count < refused:
                continue
            chosen = torch.argsort(least, stable=True)[:count]
            tried = leaves.detached()
            tried.inks[chosen] = _only(pen[chosen], ground.palette)
            if judged(layer, tried, ground, loss, workspace) < before:
                leaves.inks.copy_(tried.inks)
                gains, refused = None, math.inf
            else:
                refused = count


def ration(layer: Layer, leaves: Strokes, ground: Ground, loss: Sum, workspace: Workspace) -> None:
    """Take strokes from pens that draw more than `cost.most_per_pen`, first those that lose least with another pen."""
    most = layer.cost.most_per_pen
    if most is None:
        return
    _, gains = _gains(layer, leaves, ground, loss, workspace)
    with torch.no_grad():
        gains, pen_of = gains.cpu(), leaves.inks.argmax(1).cpu()  # a loop over strokes follows
        drawn = torch.bincount(pen_of, minlength=ground.palette.inks)
        room = (most - drawn).clamp(min=0)
        losses = gains - gains.gather(1, pen_of[:, None])
        for place in torch.argsort(losses.flatten(), stable=True).tolist():
            stroke, pen = divmod(place, ground.palette.inks)
            old = int(pen_of[stroke])
            if drawn[old] > most and room[pen] > 0:
                pen_of[stroke] = pen
                drawn[old] -= 1
                room[pen] -= 1
        leaves.inks.copy_(_only(pen_of, ground.palette))  # to their device


def _gains(layer: Layer, strokes: Strokes, ground: Ground, loss: Sum, workspace: Workspace) -> tuple[float, Tensor]:
    """The loss as it would be plotted now, and its change if each stroke alone had each pen, [N, P].

    To second order, a stroke whose colour changes by d changes the loss by g.d + h f.d^2 / 2, with g the gradient for
    its colour, f how far the picture follows it and h the curvature of the loss, taken from the mean squared error:
    2 / (3 H W) each.
    """
    shapes = shown(layer, strokes.detached(), ground, None)
    colours = shapes.colours.requires_grad_()
    total = loss(raster(shapes, ground, workspace=workspace))
    (gradient,) = torch.autograd.grad(total, colours)
    with torch.no_grad():
        step = ground.palette.table(colours.device) - colours[:, None]  # [N, P, 3]
        curvature = weights(layer, strokes, ground, workspace).follows * (2 / ground.target.numel())
        return total.item(), (step * gradient[:, None]).sum(-1) + (step**2 * curvature[:, None]).sum(-1) / 2


def _only(pens: Tensor, palette: Palette) -> Tensor:  # [N] -> [N, P]
    """The inks of strokes that have just these pens."""
    return placement.SURE * torch.nn.functional.one_hot(pens, palette.inks).float()

"""Strokes that are added, moved and left out: stages, and what happens to useless strokes."""

import math
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from hardware.drawing import Ink
from renderer import placement
from renderer.losses import Sum
from renderer.optimise.adam import Adam
from renderer.optimise.layer_drawing import Ground, draw, judged, shown, weights
from renderer.raster import EdgeRamp, Workspace
from renderer.spec import Layer
from renderer.strokes import Strokes

SPECK_NIBS = 4.0  # length of a mark, below which it is a speck
MOVED = 0.05  # share of the strokes, the least useful, that are moved at a time
_PRUNINGS = 8  # rounds in which useless strokes are left out at the end
_SHARP_PX = 1e-3  # an edge so sharp that a pixel is covered or not


@torch.no_grad()
def more_strokes(
    layer: Layer,
    there: Strokes,
    count: int,
    ground: Ground,
    generator: np.random.Generator,
    workspace: Workspace,
) -> Strokes:
    """Further strokes, placed by the greedy search over the present ones."""
    canvas = draw(layer, there, ground, workspace=workspace)
    top = _top_pens(layer, there, ground, workspace)
    place = (layer.kind, count, ground.palette, ground.frame, ground.target.cpu(), canvas.cpu(), generator)
    found = placement.greedy(*place, objective=ground.objective, form=ground.form, top=top)
    return found.to(canvas.device)


def grown(
    layer: Layer,
    leaves: Strokes,
    adam: Adam,
    ground: Ground,
    count: int,
    generator: np.random.Generator,
    workspace: Workspace,
) -> tuple[Strokes, Adam]:
    """The strokes and `count` more, with Adam's memory of the old ones."""
    more = more_strokes(layer, leaves, count, ground, generator, workspace)
    grown = leaves.joined(more).with_gradient(ground.palette.widths_vary)
    return grown, adam.over(grown.tensors)


@torch.no_grad()
def move(
    layer: Layer,
    leaves: Strokes,
    adam: Adam,
    ground: Ground,
    loss: Sum,
    generator: np.random.Generator,
    workspace: Workspace,
) -> None:
    """Remove the least useful strokes and place as many by the greedy search, if that lowers the loss.

    The use of a stroke is the growth of the squared error without it: 0 where others cover it.
    """
    count = math.ceil(MOVED * len(leaves))
    idle = torch.argsort(weights(layer, leaves, ground, workspace).removal, stable=True)[:count]
    rest = leaves.without(idle)
    found = more_strokes(layer, rest, count, ground, generator, workspace)
    idle = idle[: len(found)]  # no further stroke is worth its ink
    if not len(found):
        return
    moved = leaves.replaced(idle, found)
    before = judged(layer, leaves, ground, loss, workspace)
    if judged(layer, moved, ground, loss, workspace) >= before:
        return
    for leaf, new in zip(leaves.tensors, moved.tensors, strict=True):
        leaf.copy_(new)
    adam.forget(idle)


@torch.no_grad()
def without_specks(layer: Layer, strokes: Strokes, ground: Ground) -> Strokes:
    """Marks without those that the fit has drawn together to hardly more than a dot."""
    if strokes.ragged is None or not len(strokes):
        return strokes
    drawn = shown(layer, strokes, ground, None)
    return strokes[drawn.lengths_mm() >= SPECK_NIBS * drawn.width_mm]


@torch.no_grad()
def pruned(layer: Layer, strokes: Strokes, ground: Ground, loss: Sum) -> Strokes:
    """The strokes without the useless ones, which others cover or which make the drawing worse.

    Half of them are removed at a time, the worst first, since of two in the same place one may be good alone.
    """
    workspace = Workspace()
    least = judged(layer, strokes, ground, loss, workspace)
    for _ in range(_PRUNINGS):
        use = weights(layer, strokes, ground, workspace).removal
        useless = int((use <= 0).sum())
        if useless == 0:
            break
        worst = torch.argsort(use, stable=True)[: -(-useless // 2)]
        fewer = strokes.without(worst)
        found = judged(layer, fewer, ground, loss, workspace)
        if found > least:
            break
        strokes, least = fewer, found
    return strokes


def _top_pens(layer: Layer, strokes: Strokes, ground: Ground, workspace: Workspace) -> NDArray[np.int32]:  # [H, W]
    """The latest pen on each pixel, -1 for none: the strokes are drawn again, in shades that number their pens."""
    number = (strokes.inks.argmax(1) + 1).float() / 255
    shades = replace(ground.palette, free=True, ink=Ink.OPAQUE)
    blank = replace(ground, background=torch.zeros_like(ground.background), palette=shades)
    order = ground.palette.order(strokes.inks)
    widths = ground.palette.widths(strokes.inks, strokes.width_mm)
    numbered = Strokes(strokes.knots, widths, number[:, None].expand(-1, 3))[order]
    picture = draw(layer, numbered, blank, edges=EdgeRamp(_SHARP_PX), workspace=workspace)
    return (picture[0] * 255).round().int().cpu().numpy() - 1

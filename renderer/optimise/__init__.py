"""Fit the strokes of one layer by gradient descent, over the picture of the layers below."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from renderer.losses import Sum
from renderer.optimise.adam import Adam
from renderer.optimise.descent import SETTLED, FitError, adam_for, annealed, checked, costs, project
from renderer.optimise.layer_drawing import Ground, draw, lines_mm
from renderer.optimise.pen_choice import ration, repen, settle
from renderer.optimise.relocation import grown, move, pruned, without_specks
from renderer.optimise.tiles import LossAt, window
from renderer.optimise.together import FittedLayer, refine, stacked
from renderer.optimise.untangling import untangle
from renderer.raster import Workspace
from renderer.spec import Layer
from renderer.strokes import Strokes

__all__ = [
    "FitError",
    "FittedLayer",
    "Ground",
    "LossAt",
    "State",
    "draw",
    "fit",
    "lines_mm",
    "pruned",
    "refine",
    "shares",
    "stacked",
    "without_specks",
]

MOVES = 15  # how many times the least useful strokes are moved
LAST_RATE = 0.1  # of the first learning rate, along a cosine
PATIENCE = 0.1  # share of the steps in which the loss must fall, once edges are hard and pens chosen,
FALL = 2e-4  # by this share of itself; dots are often done after two thirds of the steps, lines never
_FEWEST = 20  # least patience, in steps


@dataclass(frozen=True)
class State:
    """The fit after a step."""

    step: int  # done so far
    strokes: Strokes
    ground: Ground
    loss: float
    terms: dict[str, float]


def fit(
    layer: Layer,
    strokes: Strokes,
    ground: Ground,
    loss: Sum,
    generator: np.random.Generator,
    loss_at: LossAt | None = None,
) -> Iterator[State]:
    """Yield the state after each gradient step. The strokes of the last state that the caller takes are the result.

    Every picture is composed in the order of the export, pen after pen, so the fit optimises what will be plotted. Half
    way through, each stroke gets its likeliest pen, and the best order of the pens is searched; `ground.palette` of the
    later states has it. Strokes that have become useless are moved to where they help. The fit ends early where the
    loss stops falling (`layer.patience`). Where the layer is fitted tile by tile, `loss_at` gives each tile's loss.
    Raises FitError where the loss is no longer a number.
    """
    workspace, when = Workspace(), _timetable(layer)
    leaves = strokes.with_gradient(ground.palette.widths_vary)
    start = leaves.knots.detach().clone() if layer.traits.is_mark else None
    now = _Fit(leaves, adam_for(layer, leaves, ground), ground, start)
    losses: list[float] = []
    is_still = layer.traits.is_fixed and not ground.palette.widths_vary
    for step in range(0 if is_still or not len(leaves) else layer.steps):
        now = _rearranged(layer, now, when, step, loss, generator, workspace)
        picture_of, judge = now.ground, loss
        if layer.tile_mm is not None and loss_at is not None:
            where = window(now.ground.frame, layer.tile_mm, generator)
            picture_of, judge = now.ground.tile(*where), loss_at(*where)
        numbers = _descended(layer, now, picture_of, judge, step, is_settled=step >= when.settling, workspace=workspace)
        yield State(step + 1, now.leaves, now.ground, *numbers)
        losses += [numbers[0]] if step >= when.settling else []
        if resting(losses, layer):
            return


@dataclass(frozen=True)
class _Fit:
    """The state of a fit: each step changes the leaves, and new strokes replace them."""

    leaves: Strokes
    adam: Adam
    ground: Ground  # with the order of the pens, once they are settled
    start: Tensor | None = None  # [N, K, 2] mm, the knots of marks where they were placed


@dataclass(frozen=True)
class _Timetable:
    """The steps before which the strokes are rearranged."""

    settling: int  # each stroke gets a single pen
    arrivals: Mapping[int, int]  # step -> number of strokes that are added
    moves: frozenset[int]  # useless strokes are moved


def _timetable(layer: Layer) -> _Timetable:
    settling, counts = int(SETTLED * layer.steps), shares(layer)
    return _Timetable(
        settling,
        {settling * stage // len(counts): count for stage, count in enumerate(counts) if stage},
        frozenset({round(layer.steps * (k + 1) / (MOVES + 1)) for k in range(MOVES)} | {settling}),
    )


def _rearranged(
    layer: Layer,
    now: _Fit,
    when: _Timetable,
    step: int,
    loss: Sum,
    generator: np.random.Generator,
    workspace: Workspace,
) -> _Fit:
    """Rearrange as the timetable says for this step: add strokes, give them their pens, move them, reorder the pens."""
    leaves, adam, ground = now.leaves, now.adam, now.ground
    chooses = not ground.palette.free and len(ground.palette.pens) > 1
    if step in when.arrivals:
        leaves, adam = grown(layer, leaves, adam, ground, when.arrivals[step], generator, workspace)
    if step == when.settling and chooses:
        ground = settle(layer, leaves, ground, loss, workspace)
    if step in when.moves:
        if not layer.traits.is_mark:
            move(layer, leaves, adam, ground, loss, generator, workspace)
        if layer.traits.is_long and layer.cost.crossing and now.start is not None:
            untangle(layer, leaves, adam, now.start, ground, loss, workspace)
        if step >= when.settling and chooses and not (layer.traits.keeps or layer.traits.is_long):
            repen(layer, leaves, ground, loss, workspace)
            ration(layer, leaves, ground, loss, workspace)
    return _Fit(leaves, adam, ground, now.start)


def _descended(
    layer: Layer,
    now: _Fit,
    picture_of: Ground,  # the complete frame, or a tile
    judge: Sum,
    step: int,
    *,
    is_settled: bool,
    workspace: Workspace,
) -> tuple[float, dict[str, float]]:
    """Take one gradient step. Returns the loss before it, and its terms by name. Raises FitError."""
    done = step / max(layer.steps - 1, 1)
    rate = LAST_RATE + (1 - LAST_RATE) * (1 + math.cos(math.pi * done)) / 2
    edges, temperature = annealed(layer, done)
    mixing = None if is_settled else temperature
    picture = draw(layer, now.leaves, picture_of, edges=edges, temperature=mixing, workspace=workspace)
    terms = judge.each(picture)
    total = judge.total(terms)
    for name, price in costs(layer, now.leaves, now.ground, now.start).items():
        terms[name] = price
        total = total + price
    now.adam.clear()
    total.backward()  # type: ignore[no-untyped-call]
    numbers = checked([(layer, now.leaves)], total, terms, step, layer.steps)
    now.adam.step(rate)
    with torch.no_grad():
        project(layer, now.leaves, now.ground, now.start)
    return numbers


def resting(losses: list[float], layer: Layer) -> bool:
    """Whether the loss has stopped falling: the least of the last losses is hardly below the least before them."""
    patience = layer.patience if layer.patience is not None else max(_FEWEST, round(PATIENCE * layer.steps))
    if not patience or layer.tile_mm is not None or len(losses) < 2 * patience:
        return False
    return min(losses[-patience:]) > (1 - FALL) * min(losses[-2 * patience : -patience])


def shares(layer: Layer) -> list[int]:
    """The number of strokes placed in each stage. No more stages than strokes, or than steps before they settle."""
    count = layer.count
    if layer.traits.is_mark:
        return [count]  # placed all at once
    stages = max(1, min(layer.stages, count, int(SETTLED * layer.steps)))
    return [count * (stage + 1) // stages - count * stage // stages for stage in range(stages)]

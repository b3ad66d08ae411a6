"""Fit the strokes of one layer by gradient descent, over the picture of the layers below."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from renderer.losses import Sum
from renderer.optimise.descent import SETTLED, FitError, adam_for, annealed, checked, costs, project
from renderer.optimise.moves import grown, move, pruned
from renderer.optimise.pens import ration, repen, settle
from renderer.optimise.show import Ground, draw, lines_mm
from renderer.optimise.tiles import LossAt, window
from renderer.optimise.together import Part, refine, stacked
from renderer.raster import Workspace
from renderer.spec import Layer
from renderer.strokes import Strokes

__all__ = [
    "FitError",
    "Ground",
    "LossAt",
    "Part",
    "State",
    "draw",
    "fit",
    "lines_mm",
    "pruned",
    "refine",
    "shares",
    "stacked",
]

MOVES = 15  # how often the least useful strokes are moved
LAST_RATE = 0.1  # of the first learning rate, along a cosine
PATIENCE = 0.1  # share of the steps in which the loss must fall, once edges are hard and pens chosen,
FALL = 2e-4  # by this share of itself; dots are often done after two thirds of the steps, lines never
_FEWEST = 20  # steps to be patient for, however few there are


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
    """Yield the state after each gradient step; stop asking and the strokes of the last state are the result.

    Every picture on the way is composed in the order of the export, pen after pen, so what is optimised is what will be
    plotted. Part of the way through, each stroke is given its likeliest pen and the best order of the pens is searched;
    `ground.palette` of the states after that has it. Strokes that have become useless are moved to where they help.
    Ends early where the loss falls no more (`layer.patience`). Where the layer is fitted tile by tile, `loss_at` gives
    each tile's loss. Raises FitError where the loss is no longer a number.
    """
    workspace = Workspace()
    settling = int(SETTLED * layer.steps)
    stages = len(shares(layer))
    arrivals = {settling * stage // stages: count for stage, count in enumerate(shares(layer)) if stage}
    moves = {round(layer.steps * (k + 1) / (MOVES + 1)) for k in range(MOVES)} | {settling}
    leaves = strokes.with_gradient(ground.palette.widths_vary)
    adam = adam_for(layer, leaves, ground)
    chooses = not ground.palette.free and len(ground.palette.pens) > 1
    fallen: list[float] = []
    for step in range(layer.steps if len(leaves) else 0):
        done = step / max(layer.steps - 1, 1)
        if step in arrivals:
            leaves, adam = grown(layer, leaves, adam, ground, arrivals[step], generator, workspace)
        if step == settling and chooses:
            ground = settle(layer, leaves, ground, loss, workspace)
        if step in moves:
            move(layer, leaves, adam, ground, loss, generator, workspace)
            if step >= settling and chooses:
                repen(layer, leaves, ground, loss, workspace)
                ration(layer, leaves, ground, loss, workspace)
        rate = LAST_RATE + (1 - LAST_RATE) * (1 + math.cos(math.pi * done)) / 2
        for group in adam.param_groups:
            group["lr"] = rate * group["first"]
        edges, temperature = annealed(layer, done)
        mixing = None if step >= settling else temperature
        seen, judge = ground, loss
        if layer.tile_mm is not None and loss_at is not None:
            where = window(ground.frame, layer.tile_mm, generator)
            seen, judge = ground.tile(*where), loss_at(*where)
        picture = draw(layer, leaves, seen, edges=edges, temperature=mixing, workspace=workspace)
        terms = judge.each(picture)
        total = judge.total(terms)
        for name, price in costs(layer, leaves, ground).items():
            terms[name] = price
            total = total + price
        adam.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        numbers = checked([(layer, leaves)], total, terms, step, layer.steps)
        adam.step()
        with torch.no_grad():
            project(layer, leaves, ground)
        yield State(step + 1, leaves, ground, *numbers)
        fallen += [numbers[0]] if step >= settling else []
        if resting(fallen, layer):
            return


def resting(losses: list[float], layer: Layer) -> bool:
    """Whether the least of the last losses is hardly below the least of as many before them."""
    patience = layer.patience if layer.patience is not None else max(_FEWEST, round(PATIENCE * layer.steps))
    if not patience or layer.tile_mm is not None or len(losses) < 2 * patience:
        return False
    return min(losses[-patience:]) > (1 - FALL) * min(losses[-2 * patience : -patience])


def shares(layer: Layer) -> list[int]:
    """How many strokes are placed in each stage. No more stages than strokes, or than steps before they settle."""
    count = layer.count
    stages = max(1, min(layer.stages, count, int(SETTLED * layer.steps)))
    return [count * (stage + 1) // stages - count * stage // stages for stage in range(stages)]

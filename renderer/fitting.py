"""The layers of an artwork, fitted one over another."""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from renderer import losses, placement, warm_fit
from renderer.colours import from_hex
from renderer.cores import placed
from renderer.error import Objective
from renderer.fit_log import FitLog
from renderer.fitted_strokes import LayerStrokes
from renderer.form import directions
from renderer.marks import MarkInput, OwnMark, marks, own_mark
from renderer.optimise import (
    FitError,
    FittedLayer,
    Ground,
    LossAt,
    State,
    draw,
    fit,
    pruned,
    refine,
    shares,
    without_specks,
)
from renderer.optimise.objective import objective_of
from renderer.palette import Palette, palette
from renderer.planning import Planned
from renderer.primitives import Primitive
from renderer.sources import RenderError
from renderer.spec import FreeColours, Layer, RackPens
from renderer.spec.kinds import strokes_noun
from renderer.stipple import stipple
from renderer.strokes import Strokes
from renderer.target import Frame


@dataclass(frozen=True)
class OwnStrokes:
    """Strokes of the caller's own."""

    primitive: Primitive | None = None  # the shape of a stroke, for layers of points, lines and curves
    mark: OwnMark | None = None  # where strokes start, for layers of a mark


AS_IN_THE_SPEC = OwnStrokes()


def fit_layers(
    plan: Planned,
    target: Tensor,  # [3, H, W]
    area: Frame,
    importance: NDArray[np.float32] | None,  # [H, W], how much each pixel counts
    log: FitLog,
    judges: list[tuple[losses.Sum, LossAt]],
    start: tuple[LayerStrokes, ...] = (),
    own: OwnStrokes = AS_IN_THE_SPEC,
) -> list[FittedLayer]:
    """Fit each layer over the frozen picture of those below, then, if the spec says so, all together.

    `judges` has each layer's loss, for the complete frame and for a tile. The first layers begin with the strokes of
    an earlier fit, if `start` has them. Strokes and pictures are on the target's device during the fit, and on the CPU
    when they are returned. Raises RenderError where the loss is no longer a number, and StrokesError.
    """
    artwork = plan.artwork
    warm_fit.check(start, artwork)
    seed = [artwork.seed, sum(one.step for one in start)] if start else artwork.seed
    generator = np.random.default_rng(seed)
    paper = torch.from_numpy(from_hex(artwork.canvas.colour)).float()
    below = placed(paper[:, None, None].expand_as(target), target.device)
    chosen: dict[RackPens | FreeColours, Palette] = {}  # layers with the same pens share the choice among them
    parts: list[FittedLayer] = []
    for number, layer in enumerate(artwork.layers):
        if parts and log.stopped():
            log.notes.append(f"interrupted: {len(artwork.layers) - number} of {len(artwork.layers)} layers are missing")
            return [part.to("cpu") for part in parts]
        pens = artwork.pens_of(layer)
        if pens not in chosen:
            chosen[pens] = palette(pens, target.cpu().numpy(), below.cpu().numpy(), importance)
        inks = replace(chosen[pens], spot_mm=layer.traits.spot_mm, has_sizes=layer.traits.has_sizes)
        priced = (plan.lifts_mm[number], plan.longest_mm[number], plan.worths[number])
        objective = objective_of(layer, inks, area, importance, *priced)
        ground = Ground(area, target, below, inks, objective, _form(target, objective))
        if not layer.traits.is_mark:
            ground = replace(ground, primitive=own.primitive)
        loss, loss_at = judges[number]
        if number < len(start):
            fitted = warm_fit.remaining(layer, start[number])
            begun: Strokes | None = warm_fit.strokes_of(start[number], inks).to(target.device)
        else:
            fitted, begun = layer, _of_own_mark(own.mark, layer, ground, plan.inks_mm[number], generator)
        state = _fit_layer(fitted, number, ground, loss, loss_at, plan.inks_mm[number], generator, log, begun)
        parts.append(_pruned(layer, state, loss, log))
        with torch.no_grad():
            below = draw(layer, parts[-1].strokes, state.ground)
    return [part.to("cpu") for part in _refined(parts, loss, artwork.refine.steps, log)]


def _form(target: Tensor, objective: Objective) -> Tensor | None:  # [2, H, W]
    """Unit vectors along the form of the target; None where strokes do not follow it."""
    if not objective.along:
        return None
    return placed(directions(target.cpu(), objective.form_px), target.device)


def _pruned(layer: Layer, state: State, loss: losses.Sum, log: FitLog) -> FittedLayer:
    if layer.start == "stipple" and layer.steps == 0:  # its evenness would be lost
        return FittedLayer(layer, state.strokes, state.ground)
    if layer.traits.keeps:
        return FittedLayer(layer, state.strokes, state.ground)
    strokes = without_specks(layer, state.strokes, state.ground)
    strokes = pruned(layer, strokes, state.ground, loss)
    if len(strokes) < len(state.strokes):
        idle = len(state.strokes) - len(strokes)
        of = f"{idle} of {len(state.strokes)} {strokes_noun(layer.kind)}"
        log.notes.append(f"{of} left out because the drawing is better without them")
    return FittedLayer(layer, strokes, state.ground)


def _refined(parts: list[FittedLayer], loss: losses.Sum, steps: int, log: FitLog) -> list[FittedLayer]:
    try:
        for step, (moved, total, terms) in enumerate(refine(parts, loss, steps), 1):
            parts = moved
            log.refined(step, steps, parts, total, terms)
            if log.stopped():
                log.notes.append(f"interrupted: stopped after {step} of {steps} steps of all layers together")
                break
    except FitError as error:
        raise RenderError(str(error)) from error
    return parts


def _fit_layer(
    layer: Layer,
    number: int,
    ground: Ground,
    loss: losses.Sum,
    loss_at: LossAt,
    ink_mm: float | None,  # length of line that was planned for the layer
    generator: np.random.Generator,
    log: FitLog,
    begun: Strokes | None = None,  # of an earlier fit; None: they are placed
) -> State:
    """Place the strokes of a layer and move them until the steps are done or the caller stops the fit."""
    log.placing(number, layer, 0)
    strokes = begun or _placed(layer, number, ground, ink_mm, generator, log)
    wanted = shares(layer)[0]
    if begun is None and len(strokes) < wanted and not layer.traits.is_mark and not log.interrupted:
        few = f"{wanted - len(strokes)} of {wanted}"
        log.notes.append(
            f"{layer.name or layer.kind_name}: {few} strokes not placed because they would not be worth their ink"
        )
    with torch.no_grad():
        state = State(0, strokes, ground, loss(draw(layer, strokes, ground)).item(), {})
    log.step(number, layer, state)
    try:
        for state in fit(layer, strokes, ground, loss, generator, loss_at):
            log.step(number, layer, state)
            if log.stopped():
                log.notes.append(f"interrupted: layer {number + 1} stopped after {state.step} of {layer.steps} steps")
                break
    except FitError as error:
        raise RenderError(str(error)) from error
    if 0 < state.step < layer.steps and not log.interrupted:
        log.rests(number, layer, state)
    return state


def _of_own_mark(
    mark: OwnMark | None, layer: Layer, ground: Ground, ink_mm: float | None, generator: np.random.Generator
) -> Strokes | None:
    """The strokes of the caller's own mark; None where the layer is not a mark of strokes, or there is none."""
    if mark is None or not layer.traits.is_mark or layer.traits.has_sizes:
        return None
    return own_mark(mark, _mark_input(ground, ink_mm, generator)).to(ground.target.device)


def _mark_input(ground: Ground, ink_mm: float | None, generator: np.random.Generator) -> MarkInput:
    target, below = ground.target.cpu(), ground.background.cpu()
    form = ground.form.cpu() if ground.form is not None else directions(target, ground.objective.form_px)
    return MarkInput(ground.palette, ground.frame, target, below, form, ink_mm, generator)


def _placed(
    layer: Layer, number: int, ground: Ground, ink_mm: float | None, generator: np.random.Generator, log: FitLog
) -> Strokes:
    """The strokes of a layer's first stage, where they start."""
    target, below = ground.target.cpu(), ground.background.cpu()  # places are sought on the processor
    if layer.traits.is_mark:
        return marks(layer.kind, _mark_input(ground, ink_mm, generator)).to(ground.target.device)
    where = (layer.kind, shares(layer)[0], ground.palette, ground.frame, target, below, generator)
    match layer.start:
        case "greedy":
            usual = layer.traits.fill if ground.palette.free else 0.0
            fill = usual if layer.fill is None else layer.fill
            report = partial(log.placing, number, layer)
            strokes = placement.greedy(*where, objective=ground.objective, form=ground.form, fill=fill, placed=report)
        case "random":
            strokes = placement.scatter(*where)
        case "stipple":
            strokes = stipple(*where)
    return strokes.to(ground.target.device)

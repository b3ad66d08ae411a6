"""`pipeline.render` for people who look into the fit: strokes to start from, a loss of their own, a call each step.

Without any of these the drawing is the one of `pipeline.render`, to the byte. The steps are those of `pipeline` and
`fitting`, whose parts are used here; those modules decide the bytes of a gallery, and know nothing of callers' wishes.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from renderer import assets, fitting, losses, pipeline, preview
from renderer.colours import from_hex
from renderer.cores import placed
from renderer.finish import within_budget, without_hidden
from renderer.fit_log import FitLog, Stop, likeness_to, name_of
from renderer.fitted_strokes import LayerStrokes, StrokesError
from renderer.losses import Sum
from renderer.optimise import FitError, FittedLayer, Ground, LossAt, State, draw, fit
from renderer.optimise.descent import annealed
from renderer.optimise.objective import objective_of
from renderer.palette import Palette, palette
from renderer.pipeline import Noted
from renderer.planning import Planned
from renderer.progress import Report, silent
from renderer.ragged import Ragged
from renderer.result import Result
from renderer.sheet_text import with_text
from renderer.sources import RenderError
from renderer.spec import Artwork, Edge, Layer, RackPens, Temperature
from renderer.spec.losses import FAR_MM
from renderer.specfile import Work
from renderer.strokes import Strokes
from renderer.target import Frame

_ABSENT = -1e4  # logit of a pen that the earlier fit did not have

Loss = Callable[[Tensor, Tensor], Tensor]  # drawing [3, H, W], target [3, H, W] -> []


@dataclass(frozen=True)
class FitStep:
    """What a call each step gets: the state of one layer."""

    layer: int  # from 0
    layer_name: str
    step: int  # done so far; 0 where the strokes start
    steps: int
    loss: float
    terms: dict[str, float]
    strokes: Strokes  # on the device of the fit; copy what you keep


EachStep = Callable[[FitStep], None]


@dataclass
class _Log(FitLog):
    """Remembers how many steps each layer took, and calls the caller each step."""

    each_step: EachStep | None = None
    taken: dict[int, int] = field(default_factory=dict)

    def step(self, number: int, layer: Layer, state: State) -> None:
        super().step(number, layer, state)
        self.taken[number] = state.step
        if self.each_step is not None:
            name = name_of(self.artwork, number)
            self.each_step(FitStep(number, name, state.step, layer.steps, state.loss, state.terms, state.strokes))


def render(
    work: Work,
    report: Report = silent,
    *,
    device: str = "cpu",
    draft: bool = False,
    stop: Stop = pipeline.never,
    noted: Noted = pipeline.ignore_note,
    fetched: assets.Report | None = None,
    start: tuple[LayerStrokes, ...] = (),
    loss: Loss | None = None,
    each_step: EachStep | None = None,
) -> Result:
    """Fit an artwork like `pipeline.render`, and keep its strokes in the result.

    `start` has strokes of an earlier fit, layer by layer; layers that it does not have are placed as usual. `loss`
    replaces the losses of all layers: a function of the drawing and the target, `[3, H, W]` sRGB each, that returns a
    number to lower. `each_step` is called after each gradient step.

    Raises RenderError, TargetError, ProgramError, AssetError and StrokesError.
    """
    job = pipeline._prepared(work, draft=draft, noted=noted, fetched=fetched)
    artwork, area = job.plan.artwork, job.area
    wanted = placed(torch.from_numpy(job.target), device)
    judges = _judges(artwork, wanted, area.px_per_mm, job.sources, loss)
    paper = torch.from_numpy(from_hex(artwork.canvas.colour)).float()
    log = _Log(artwork, report, stop, likeness_to(wanted, paper, FAR_MM * area.px_per_mm), each_step=each_step)
    given = (job.plan, wanted, area, job.importance, log, judges)
    layers = _continued(start, *given) if start else fitting.fit_layers(*given)
    layers = within_budget(job.plan, without_hidden(artwork, layers, log), log)
    result = pipeline._result(replace(work, artwork=artwork), job, layers, _views(judges, loss), log, device)
    return replace(_lettered(result), strokes=_kept(artwork, layers, log, start))


def _lettered(result: Result) -> Result:
    """The result with the texts of its spec, which are drawn beside the fit."""
    pens = result.work.artwork.pens
    if not result.work.texts or not isinstance(pens, RackPens):
        return result
    drawing = with_text(result.drawing, result.work.texts, pens.rack.pens)
    px_per_mm = result.preview.shape[2] / drawing.width_mm
    metrics = preview.metrics(drawing, result.frame, result.target)
    return replace(result, drawing=drawing, preview=preview.picture(drawing, px_per_mm), metrics=metrics)


def _judges(
    artwork: Artwork, wanted: Tensor, px_per_mm: float, sources: losses.Sources, own: Loss | None
) -> list[tuple[Sum, LossAt]]:
    """Each layer's loss, for the complete frame and for a tile."""
    if own is not None:
        return [(_sum(own, wanted), partial(_tile_of, own, wanted)) for _ in artwork.layers]
    return [
        (
            losses.build(layer.terms, wanted, px_per_mm, sources),
            partial(losses.windowed, layer.terms, wanted, px_per_mm, sources),
        )
        for layer in artwork.layers
    ]


def _sum(own: Loss, wanted: Tensor) -> Sum:
    return Sum({"own": (1.0, partial(_against, own, wanted))}, wanted.device)


def _against(own: Loss, wanted: Tensor, picture: Tensor) -> Tensor:
    return own(picture, wanted)


def _tile_of(own: Loss, wanted: Tensor, rows: slice, columns: slice) -> Sum:
    return _sum(own, wanted[:, rows, columns])


def _views(judges: list[tuple[Sum, LossAt]], own: Loss | None) -> list[Sum]:
    """The losses whose networks the report shows; of a loss of the caller's own it shows nothing."""
    return [Sum({}, judge.device) if own is not None else judge for judge, _ in judges]


def _kept(
    artwork: Artwork, layers: list[FittedLayer], log: _Log, start: tuple[LayerStrokes, ...]
) -> tuple[LayerStrokes, ...]:
    """The strokes of the layers, with all steps that they took, in this fit and the earlier one."""
    kept = []
    for number, part in enumerate(layers):
        earlier = start[number].step if number < len(start) else 0
        complete = artwork.layers[number].steps if not log.interrupted else 0  # it may have rested before its last step
        taken = max(earlier + log.taken.get(number, 0), complete)
        wanted = replace(part, layer=artwork.layers[number])
        kept.append(layer_strokes(name_of(artwork, number), wanted, taken))
    return tuple(kept)


# --- a fit that starts from strokes -----------------------------------------------------------------------------------


def _continued(
    start: tuple[LayerStrokes, ...],
    plan: Planned,
    target: Tensor,  # [3, H, W]
    area: Frame,
    importance: NDArray[np.float32] | None,  # [H, W]
    log: _Log,
    judges: list[tuple[Sum, LossAt]],
) -> list[FittedLayer]:
    """Fit each layer as `fitting.fit_layers` does, from the strokes of an earlier fit where there are any."""
    artwork = plan.artwork
    _check(start, artwork)
    generator = np.random.default_rng([artwork.seed, sum(one.step for one in start)])
    paper = torch.from_numpy(from_hex(artwork.canvas.colour)).float()
    below = placed(paper[:, None, None].expand_as(target), target.device)
    parts: list[FittedLayer] = []
    for number, layer in enumerate(artwork.layers):
        if parts and log.stopped():
            log.notes.append(f"interrupted: {len(artwork.layers) - number} of {len(artwork.layers)} layers are missing")
            break
        chosen = palette(artwork.pens_of(layer), target.cpu().numpy(), below.cpu().numpy(), importance)
        inks = replace(chosen, spot_mm=layer.traits.spot_mm, has_sizes=layer.traits.has_sizes)
        priced = (plan.lifts_mm[number], plan.longest_mm[number], plan.worths[number])
        objective = objective_of(layer, inks, area, importance, *priced)
        ground = Ground(area, target, below, inks, objective, fitting._form(target, objective))
        loss, loss_at = judges[number]
        if number < len(start):
            state = _resumed(start[number], layer, number, ground, judges[number], generator, log)
        else:
            state = fitting._fit_layer(layer, number, ground, loss, loss_at, plan.inks_mm[number], generator, log)
        parts.append(fitting._pruned(layer, state, loss, log))
        with torch.no_grad():
            below = draw(layer, parts[-1].strokes, state.ground)
    steps = 0 if log.interrupted else artwork.refine.steps
    return [part.to("cpu") for part in fitting._refined(parts, judges[len(parts) - 1][0], steps, log)]


def _check(start: tuple[LayerStrokes, ...], artwork: Artwork) -> None:
    """Raise StrokesError where the strokes are not those of this artwork's layers."""
    for number, (one, layer) in enumerate(zip(start, artwork.layers, strict=False)):
        if one.kind != layer.kind_name:
            text = f"layer {number + 1} was {one.kind} and is {layer.kind_name} now; render the spec afresh"
            raise StrokesError(text)
    if len(start) > len(artwork.layers):
        raise StrokesError(f"had {len(start)} layers, the spec has {len(artwork.layers)}; render the spec afresh")


def _resumed(
    earlier: LayerStrokes,
    layer: Layer,
    number: int,
    ground: Ground,
    judges: tuple[Sum, LossAt],
    generator: np.random.Generator,
    log: _Log,
) -> State:
    loss, loss_at = judges
    rest = remaining(layer, earlier)
    strokes = strokes_of(earlier, ground.palette).to(ground.target.device)
    log.placing(number, layer, 0)
    with torch.no_grad():
        state = State(0, strokes, ground, loss(draw(layer, strokes, ground)).item(), {})
    log.step(number, rest, state)
    try:
        for state in fit(rest, strokes, ground, loss, generator, loss_at):
            log.step(number, rest, state)
            if log.stopped():
                log.notes.append(f"interrupted: layer {number + 1} stopped after {state.step} of {rest.steps} steps")
                break
    except FitError as error:
        raise RenderError(str(error)) from error
    return state


def remaining(layer: Layer, earlier: LayerStrokes) -> Layer:
    """The layer with the steps that are left, or, after a finished fit, all its steps, from where edges and pens were.

    All strokes are there already, so there is one stage.
    """
    left = layer.steps - earlier.step
    done = min(earlier.step / layer.steps, 1.0) if layer.steps else 1.0
    edges, hot = annealed(layer, done)
    _, cold = annealed(layer, 1.0)
    edge = Edge(profile=layer.edge.profile, from_px=max(edges.softness_px, 0.5), to_px=layer.edge.to_px)
    temperature = Temperature(start=hot, end=min(hot, cold))
    steps = left if left > 0 else layer.steps
    return layer.model_copy(update={"steps": steps, "stages": 1, "edge": edge, "temperature": temperature})


def strokes_of(earlier: LayerStrokes, inks: Palette) -> Strokes:
    """Earlier strokes, for a fit with these pens. Raises StrokesError where none of the pens is the same."""
    arrays = (earlier.knots, earlier.width_mm, earlier.inks)
    knots, width_mm, logits = (torch.from_numpy(array.copy()) for array in arrays)
    ragged = None
    if earlier.kind not in ("points", "lines", "curves"):
        ragged = Ragged(torch.from_numpy(earlier.counts.copy()), earlier.knots.shape[1])
    return Strokes(knots, width_mm, _matched(earlier, logits, inks), ragged)


def _matched(earlier: LayerStrokes, logits: Tensor, inks: Palette) -> Tensor:  # [N, P] -> [N, Q]
    """The logits in the order of another palette."""
    if inks.free != (not earlier.pens):
        had = "pens" if earlier.pens else "free colours"
        raise StrokesError(f"layer {earlier.name!r} had {had}; render the spec afresh")
    if inks.free:
        return logits
    names = [pen.name for pen in inks.pens]
    if not set(names) & set(earlier.pens):
        listed = ", ".join(earlier.pens)
        raise StrokesError(f"layer {earlier.name!r}: its pens were {listed}, and none of them is there now")
    found = torch.full((len(logits), inks.inks), _ABSENT)
    for column, name in enumerate(earlier.pens):
        if name in names:
            found[:, names.index(name)] = logits[:, column]
    return found


def layer_strokes(name: str, part: FittedLayer, step: int) -> LayerStrokes:
    """The strokes of a fitted layer, on the CPU."""
    strokes, layer = part.strokes.to("cpu").detached(), part.layer
    count, most = strokes.knots.shape[:2]
    counts = np.full(count, most) if strokes.ragged is None else strokes.ragged.counts.cpu().numpy()
    palette = part.ground.palette
    return LayerStrokes(
        name=name,
        kind=layer.kind_name,
        pens=() if palette.free else tuple(pen.name for pen in palette.pens),
        knots=strokes.knots.numpy(),
        counts=counts.astype(np.int64),
        width_mm=strokes.width_mm.numpy(),
        inks=strokes.inks.numpy(),
        step=step,
        steps=layer.steps,
    )

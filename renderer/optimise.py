"""Fit the strokes of one layer by gradient descent, over the picture of the layers below."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hardware.drawing import Ink
from renderer import placement
from renderer.losses import Sum
from renderer.palette import Palette
from renderer.primitives import polylines, shortened, turns
from renderer.raster import Edges, Shapes, Weights, Workspace, rasterise, weigh
from renderer.spec import Layer, Points
from renderer.strokes import Strokes
from renderer.target import Frame


class FitError(Exception):
    """The fit broke down; the message says where and what would do."""


@dataclass(frozen=True)
class Ground:
    """What a layer is fitted on."""

    frame: Frame
    target: Tensor  # [3, H, W]
    background: Tensor  # [3, H, W], the layers below
    palette: Palette


@dataclass(frozen=True)
class State:
    """The fit after a step."""

    step: int  # done so far
    strokes: Strokes
    ground: Ground
    loss: float
    terms: dict[str, float]


# Share of the steps after which edges are hard and every stroke has its one pen. A mixture of pens can show any colour,
# so however cold, the fit leans on it; the rest of the steps make the best of the pens as they are.
_SETTLED = 0.5
# How often, and which share of the strokes, the least useful are taken up and put where the error is largest.
_MOVES, _MOVED = 15, 0.05
# Shares of the strokes that would gain by another pen that get it at once, one trial after the other.
_REPENNED = (0.5, 0.5, 0.25, 0.25, 0.1)
_SHARP_PX = 1e-3  # an edge so sharp that a pixel is covered or not
_PRUNINGS = 8  # rounds in which strokes that nobody would miss are left out at the end
# Adam's memory: short, as the objective sharpens all the time. Its epsilon lies far below the gradients, which are
# small because the loss is a mean over all pixels.
_BETAS = (0.9, 0.98)
_EPSILON = 1e-12
_LAST_RATE = 0.1  # of the first, along a cosine
_REFINE_RATE = 0.3  # of a layer's own rates, where all layers are refined together


def fit(
    layer: Layer,
    strokes: Strokes,
    ground: Ground,
    loss: Sum,
    generator: np.random.Generator,
) -> Iterator[State]:
    """Yield the state after each gradient step; stop asking and the strokes of the last state are the result.

    Every picture on the way is composed in the order of the export, pen after pen, so what is optimised is what will be
    plotted. Part of the way through, each stroke is given its likeliest pen and the best order of the pens is searched;
    `ground.palette` of the states after that has it. Strokes that have become useless are moved to where they help.
    Raises FitError where the loss is no longer a number.
    """
    workspace = Workspace()
    settling = int(_SETTLED * layer.steps)
    stages = len(shares(layer))
    arrivals = {settling * stage // stages: count for stage, count in enumerate(shares(layer)) if stage}
    moves = {round(layer.steps * (k + 1) / (_MOVES + 1)) for k in range(_MOVES)} | {settling}
    leaves = strokes.with_gradient(ground.palette.widths_vary)
    adam = _adam(layer, leaves, ground)
    for step in range(layer.steps):
        done = step / max(layer.steps - 1, 1)
        if step in arrivals:
            leaves, adam = _grown(layer, leaves, adam, ground, arrivals[step], generator, workspace)
        if step == settling and not ground.palette.free:
            ground = _settle(layer, leaves, ground, loss, workspace)
        if step in moves:
            _move(layer, leaves, adam, ground, loss, generator, workspace)
            if step >= settling and not ground.palette.free:
                _repen(layer, leaves, ground, loss, workspace)
                _ration(layer, leaves, ground, loss, workspace)
        rate = _LAST_RATE + (1 - _LAST_RATE) * (1 + math.cos(math.pi * done)) / 2
        for group in adam.param_groups:
            group["lr"] = rate * group["first"]
        edges, temperature = _annealed(layer, done)
        mixing = None if step >= settling else temperature
        picture = draw(layer, leaves, ground, edges=edges, temperature=mixing, workspace=workspace)
        terms = loss.each(picture.to(loss.device))
        total = loss.total(terms)
        for name, (weight, amount) in _costs(layer, leaves, ground).items():
            terms[name], total = amount, total + weight * amount.to(loss.device)
        adam.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        _check(layer, leaves, total, step)
        adam.step()
        with torch.no_grad():
            _project(layer, leaves, ground)
        yield State(step + 1, leaves, ground, total.item(), {name: term.item() for name, term in terms.items()})


@dataclass(frozen=True)
class Part:
    """One layer of a finished stack; its ground's background is not looked at but for the lowest."""

    layer: Layer
    strokes: Strokes
    ground: Ground


def refine(parts: list[Part], loss: Sum, steps: int) -> Iterator[tuple[list[Part], float, dict[str, float]]]:
    """Fit the strokes of all layers together, pens and passes as they are; the parts, the loss and its terms a step.

    Raises FitError where the loss is no longer a number.
    """
    parts = [replace(part, strokes=part.strokes.with_gradient(part.ground.palette.widths_vary)) for part in parts]
    adams = [_adam(part.layer, part.strokes, part.ground) for part in parts]
    workspaces = [Workspace() for _ in parts]
    for step in range(steps):
        terms = loss.each(stacked(parts, workspaces).to(loss.device))
        total = loss.total(terms)
        for adam in adams:
            adam.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        for part, adam in zip(parts, adams, strict=True):
            _check(part.layer, part.strokes, total, step)
            for group in adam.param_groups:
                group["lr"] = group["first"] * _REFINE_RATE * (1 + math.cos(math.pi * step / steps)) / 2
            adam.step()
            with torch.no_grad():
                _project(part.layer, part.strokes, part.ground)
        yield parts, total.item(), {name: term.item() for name, term in terms.items()}


def stacked(parts: list[Part], workspaces: list[Workspace] | None = None) -> Tensor:  # [3, H, W]
    """The picture of all layers, each over the one below."""
    picture = parts[0].ground.background
    for part, workspace in zip(parts, workspaces or [Workspace() for _ in parts], strict=True):
        ground = replace(part.ground, background=picture)
        picture = draw(part.layer, part.strokes, ground, workspace=workspace)
    return picture


def _costs(layer: Layer, leaves: Strokes, ground: Ground) -> dict[str, tuple[float, Tensor]]:
    """What the strokes cost beside the loss, by name: weight, and metres drawn or full turns."""
    cost, costs = layer.cost, {}
    if isinstance(layer.kind, Points) or not (cost.length or cost.curvature):
        return {}
    lines = lines_mm(layer, leaves, ground)
    if cost.length:
        # The square root has no gradient at nothing; a hundredth of a millimetre is nothing to a pen.
        metres = ((lines[:, 1:] - lines[:, :-1]).square().sum(-1) + 1e-4).sqrt().sum() / 1000
        costs["metres"] = (cost.length, metres)
    if cost.curvature:
        costs["turns"] = (cost.curvature, turns(lines))
    return costs


def _judged(layer: Layer, strokes: Strokes, ground: Ground, loss: Sum, workspace: Workspace) -> float:
    """The loss of the strokes as they would be plotted now."""
    return loss(draw(layer, strokes, ground, workspace=workspace).to(loss.device)).item()


def shares(layer: Layer) -> list[int]:
    """How many strokes are placed in each stage. No more stages than strokes, or than steps before they settle."""
    count = layer.kind.count
    stages = max(1, min(layer.stages, count, int(_SETTLED * layer.steps)))
    return [count * (stage + 1) // stages - count * stage // stages for stage in range(stages)]


@torch.no_grad()
def _anew(
    layer: Layer,
    there: Strokes,
    count: int,
    ground: Ground,
    generator: np.random.Generator,
    workspace: Workspace,
) -> Strokes:
    """Further strokes, placed by the greedy search over those that are there."""
    canvas = draw(layer, there, ground, workspace=workspace)
    top = _top_pens(layer, there, ground, workspace)
    place = (layer.kind, count, ground.palette, ground.frame, ground.target, canvas, generator)
    return placement.greedy(*place, top=top)


def _grown(
    layer: Layer,
    leaves: Strokes,
    adam: torch.optim.Adam,
    ground: Ground,
    count: int,
    generator: np.random.Generator,
    workspace: Workspace,
) -> tuple[Strokes, torch.optim.Adam]:
    """The strokes and `count` more, and what Adam knows of the older ones."""
    more = _anew(layer, leaves, count, ground, generator, workspace)
    grown = leaves.joined(more).with_gradient(ground.palette.widths_vary)
    heir = _adam(layer, grown, ground)
    for old, new in zip(leaves.tensors, grown.tensors, strict=True):
        if old in adam.state:
            heir.state[new] = {
                name: torch.cat([memory, torch.zeros_like(new[len(old) :])]) if memory.shape == old.shape else memory
                for name, memory in adam.state[old].items()
            }
    return grown, heir


@torch.no_grad()
def _settle(layer: Layer, leaves: Strokes, ground: Ground, loss: Sum, workspace: Workspace) -> Ground:
    """Put the pens into the order in which the finished drawing fits best, the leaves' inks along with them.

    Starts from lightest first; tries each swap of two passes, keeps what helps. Neighbours come first and last: most of
    what is to be gained lies there.
    """

    def turned(order: list[int]) -> tuple[Strokes, Ground]:
        palette = ground.palette.reordered(tuple(order))
        return replace(leaves, inks=leaves.inks[:, order]), replace(ground, palette=palette)

    best = list(range(len(ground.palette.pens)))
    least = _judged(layer, leaves, ground, loss, workspace)
    for reach in (*range(1, len(best)), 1):
        for low in range(len(best) - reach):
            order = best.copy()
            order[low], order[low + reach] = order[low + reach], order[low]
            found = _judged(layer, *turned(order), loss, workspace)
            if found < least:
                best, least = order, found
    strokes, ground = turned(best)
    leaves.inks.copy_(strokes.inks)
    return ground


@torch.no_grad()
def _move(
    layer: Layer,
    leaves: Strokes,
    adam: torch.optim.Adam,
    ground: Ground,
    loss: Sum,
    generator: np.random.Generator,
    workspace: Workspace,
) -> None:
    """Place the least useful strokes anew by the greedy search, if that lowers the loss.

    A stroke's use is what the squared error would grow by without it: nothing, where others have covered it.
    """
    count = math.ceil(_MOVED * len(leaves))
    idle = torch.argsort(weights(layer, leaves, ground, workspace).removal, stable=True)[:count]
    rest = leaves[torch.ones(len(leaves), dtype=torch.bool).index_fill(0, idle, False)]
    moved = leaves.replaced(idle, _anew(layer, rest, count, ground, generator, workspace))
    before = _judged(layer, leaves, ground, loss, workspace)
    if _judged(layer, moved, ground, loss, workspace) >= before:
        return
    for leaf, new in zip(leaves.tensors, moved.tensors, strict=True):
        leaf.copy_(new)
        for memory in adam.state.get(leaf, {}).values():
            if memory.shape == leaf.shape:
                memory[idle] = 0  # what Adam knew of a stroke does not hold elsewhere


@torch.no_grad()
def pruned(layer: Layer, strokes: Strokes, ground: Ground, loss: Sum) -> Strokes:
    """The strokes without those that nobody would miss: covered by others, or doing harm.

    Half of them at a time, the worst first, since of two that spoil the same place one may be good alone.
    """
    workspace = Workspace()
    least = _judged(layer, strokes, ground, loss, workspace)
    for _ in range(_PRUNINGS):
        use = weights(layer, strokes, ground, workspace).removal
        useless = int((use <= 0).sum())
        if useless == 0:
            break
        worst = torch.argsort(use, stable=True)[: -(-useless // 2)]
        fewer = strokes[torch.ones(len(strokes), dtype=torch.bool).index_fill(0, worst, False)]
        found = _judged(layer, fewer, ground, loss, workspace)
        if found > least:
            break
        strokes, least = fewer, found
    return strokes


def weights(layer: Layer, strokes: Strokes, ground: Ground, workspace: Workspace) -> Weights:
    """How much each stroke matters as they would be plotted now."""
    return weigh(
        _shown(layer, strokes, ground, None),
        ground.background,
        ground.target,
        px_per_mm=ground.frame.px_per_mm,
        ink=ground.palette.ink,
        workspace=workspace,
    )


def _gains(layer: Layer, strokes: Strokes, ground: Ground, loss: Sum, workspace: Workspace) -> tuple[float, Tensor]:
    """The loss as it would be plotted now, and its change were each stroke drawn with each pen alone, [N, P].

    To second order a stroke whose colour changes by d changes the loss by g.d + h f.d^2 / 2, with g the gradient for
    its colour, f how far the picture follows it and h the curvature of the loss, that of the mean squared error:
    2 / (3 H W) each.
    """
    shapes = _shown(layer, strokes.detached(), ground, None)
    colours = shapes.colours.requires_grad_()
    total = loss(_raster(shapes, ground, workspace=workspace).to(loss.device))
    (gradient,) = torch.autograd.grad(total, colours)
    with torch.no_grad():
        step = ground.palette.table() - colours[:, None]  # [N, P, 3]
        curvature = weights(layer, strokes, ground, workspace).follows * (2 / ground.target.numel())
        return total.item(), (step * gradient[:, None]).sum(-1) + (step**2 * curvature[:, None]).sum(-1) / 2


def _repen(layer: Layer, leaves: Strokes, ground: Ground, loss: Sum, workspace: Workspace) -> None:
    """Give strokes another pen where that lowers the loss, many at a time.

    Those that gain most change first; where they get in each other's way, fewer of them are tried.
    """
    for part in _REPENNED:
        before, gains = _gains(layer, leaves, ground, loss, workspace)
        with torch.no_grad():
            least, pen = gains.min(1)
            count = math.ceil(part * int((least < 0).sum()))
            chosen = torch.argsort(least, stable=True)[:count]
            tried = leaves.detached()
            tried.inks[chosen] = _only(pen[chosen], ground.palette)
            if count and _judged(layer, tried, ground, loss, workspace) < before:
                leaves.inks.copy_(tried.inks)


def _ration(layer: Layer, leaves: Strokes, ground: Ground, loss: Sum, workspace: Workspace) -> None:
    """Take strokes from pens that draw more than `cost.most_per_pen`, those first that lose least by another pen."""
    most = layer.cost.most_per_pen
    if most is None:
        return
    _, gains = _gains(layer, leaves, ground, loss, workspace)
    with torch.no_grad():
        pen_of = leaves.inks.argmax(1)
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
        leaves.inks.copy_(_only(pen_of, ground.palette))


def _only(pens: Tensor, palette: Palette) -> Tensor:  # [N] -> [N, P]
    """Inks of strokes that have just these pens."""
    return placement.SURE * torch.nn.functional.one_hot(pens, palette.inks).float()


def _top_pens(layer: Layer, strokes: Strokes, ground: Ground, workspace: Workspace) -> NDArray[np.int32]:  # [H, W]
    """The latest pen on each pixel, -1 for none: the strokes drawn once more in shades that number their pens."""
    number = (strokes.inks.argmax(1) + 1).float() / 255
    shades = replace(ground.palette, free=True, ink=Ink.OPAQUE)
    blank = replace(ground, background=torch.zeros_like(ground.background), palette=shades)
    order = ground.palette.order(strokes.inks)
    widths = ground.palette.widths(strokes.inks, strokes.width_mm)
    numbered = Strokes(strokes.knots, widths, number[:, None].expand(-1, 3))[order]
    picture = draw(layer, numbered, blank, edges=Edges(_SHARP_PX), workspace=workspace)
    return (picture[0] * 255).round().int().numpy() - 1


def draw(
    layer: Layer,
    strokes: Strokes,
    ground: Ground,
    *,
    edges: Edges = Edges(),  # noqa: B008  frozen
    temperature: float | None = None,
    workspace: Workspace | None = None,
) -> Tensor:  # [3, H, W]
    """The picture of a layer over its ground. Without a temperature every stroke has its one pen."""
    return _raster(_shown(layer, strokes, ground, temperature), ground, edges, workspace)


def _raster(
    shapes: Shapes,
    ground: Ground,
    edges: Edges = Edges(),  # noqa: B008  frozen
    workspace: Workspace | None = None,
) -> Tensor:  # [3, H, W]
    return rasterise(
        shapes,
        ground.background,
        px_per_mm=ground.frame.px_per_mm,
        ink=ground.palette.ink,
        edges=edges,
        workspace=workspace,
    )


def lines_mm(layer: Layer, strokes: Strokes, ground: Ground) -> Tensor:  # [N, S, 2] mm on the sheet
    """What the strokes draw, kept inside the frame: a curve may swing out between two knots, a pen must not."""
    low, high = _bounds_mm(strokes, ground)
    return polylines(layer.kind, strokes.knots).clamp(low, high)


def _bounds_mm(strokes: Strokes, ground: Ground) -> tuple[Tensor, Tensor]:  # [N, 1, 2] each
    """Where the middle of each stroke's line may be, so that its ink stays inside the frame."""
    frame = ground.frame
    size = torch.tensor([frame.width_mm, frame.height_mm])
    corner = torch.tensor([frame.x_mm, frame.y_mm])
    reach = 0.0 if frame.overhang else 0.5
    inset = reach * ground.palette.widths(strokes.inks, strokes.width_mm).detach()[:, None, None]
    inset = torch.minimum(inset, size / 2)
    return corner + inset, corner + size - inset


def _shown(layer: Layer, strokes: Strokes, ground: Ground, temperature: float | None) -> Shapes:
    """What the rasteriser is given. Millimetres from the frame's corner."""
    palette, frame = ground.palette, ground.frame
    inks = palette.hard(strokes.inks) if temperature is None else strokes.inks
    return Shapes(
        lines_mm(layer, strokes, ground) - torch.tensor([frame.x_mm, frame.y_mm]),
        palette.widths(strokes.inks, strokes.width_mm),
        palette.colours(inks, temperature or 1.0),
        palette.order(strokes.inks),
    )


def _adam(layer: Layer, leaves: Strokes, ground: Ground) -> torch.optim.Adam:
    px_mm = 1 / ground.frame.px_per_mm
    rates = layer.rates
    groups = [
        {"params": [leaves.knots], "first": rates.position_mm or 0.5 * px_mm},
        {"params": [leaves.inks], "first": rates.pens * (0.2 if ground.palette.free else 1.0)},
    ]
    if ground.palette.widths_vary:
        groups.append({"params": [leaves.width_mm], "first": rates.width_mm or 0.1 * px_mm})
    return torch.optim.Adam(groups, betas=_BETAS, eps=_EPSILON, foreach=False)


def _annealed(layer: Layer, done: float) -> tuple[Edges, float]:
    """Softness of edges and temperature of pens: geometric from first to last."""
    share = min(done / _SETTLED, 1.0)
    edge = layer.edge
    hot = layer.temperature.start or (0.1 if isinstance(layer.kind, Points) else 0.3)
    cold = layer.temperature.end or hot / 100
    softness_px = edge.from_px * (edge.to_px / edge.from_px) ** share
    return Edges(softness_px, edge.profile == "gaussian"), hot * (cold / hot) ** share


def _project(layer: Layer, leaves: Strokes, ground: Ground) -> None:
    """Bring the leaves back to what can be drawn: inside the frame, not too long, a width and a colour that exist."""
    palette = ground.palette
    if palette.free:
        leaves.inks.clamp_(0, 1)
    if palette.widths_vary:
        leaves.width_mm.clamp_(*palette.width_mm)
    leaves.knots.copy_(shortened(leaves.knots, layer.kind))
    leaves.knots.copy_(leaves.knots.clamp(*_bounds_mm(leaves, ground)))


def _check(layer: Layer, leaves: Strokes, total: Tensor, step: int) -> None:
    gradients = [leaf.grad for leaf in (leaves.knots, leaves.inks, leaves.width_mm) if leaf.grad is not None]
    if math.isfinite(total.item()) and all(bool(gradient.isfinite().all()) for gradient in gradients):
        return
    raise FitError(
        f"layer {layer.name or layer.kind_name!r}: the loss is no longer a number at step {step + 1} of {layer.steps}; "
        "lower layer.rates or the weights of its loss"
    )

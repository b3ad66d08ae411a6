"""Fitted layers -> the drawing to plot: without strokes that later ones hide, and within the budget."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from hardware.arcs import spiral
from hardware.drawing import Drawing, Ink, PenPass, length_mm
from hardware.estimate import estimate
from hardware.machine import Machine
from hardware.program import program
from hardware.svg_intake import prepared
from renderer.fit_log import FitLog, name_of
from renderer.optimise import FittedLayer, lines_mm
from renderer.optimise.layer_drawing import drawn_lines, weights
from renderer.passes import passes
from renderer.planning import Planned, trimmed
from renderer.planning.cost import USUAL, unit_text
from renderer.raster import Workspace
from renderer.spec import Artwork
from renderer.visible import visible_mm2

LEAST_SEEN_MM2 = 0.05  # visible area of a stroke; with less, it counts as hidden
NEARLY = 0.9  # share of a budget that counts as met
_TRIALS = 4  # at a budget in minutes: leaving strokes out changes the way between the others


def drawing_of(artwork: Artwork, parts: list[FittedLayer]) -> Drawing:
    """The drawing on its sheet, in an order with short pen-up moves."""
    return prepared(unordered(artwork, parts), artwork.machine)[0]


def unordered(artwork: Artwork, parts: list[FittedLayer]) -> Drawing:
    """The drawing on its sheet, pass by pass, with the strokes of each in the order of the fit."""
    width_mm, height_mm = artwork.canvas.size_mm
    drawn: list[PenPass] = []
    for number, part in enumerate(parts):
        lines = drawn_lines(part.layer, part.strokes, part.ground)
        drawn += passes(name_of(artwork, number), lines, part.strokes, part.ground.palette)
    return Drawing(width_mm, height_mm, artwork.canvas.colour, tuple(drawn), artwork.title)


# --- what cannot be seen --------------------------------------------------------------------------------------------


@torch.no_grad()
def without_hidden(artwork: Artwork, parts: list[FittedLayer], log: FitLog) -> list[FittedLayer]:
    """The layers without the strokes that later ones hide, in any layer; notes say how many were left out."""
    opaque = [n for n, part in enumerate(parts) if part.ground.palette.ink is Ink.OPAQUE and len(part.strokes)]
    if not opaque:
        return parts
    lines: list[NDArray[np.floating]] = []
    widths, whose = [], []
    for number in opaque:
        part = parts[number]
        order = part.ground.palette.order(part.strokes.inks)
        drawn_by = drawn_lines(part.layer, part.strokes, part.ground)
        lines += [drawn_by[k] for k in order.tolist()]
        widths.append(part.ground.palette.widths(part.strokes.inks, part.strokes.width_mm)[order].numpy())
        whose += [(number, int(k)) for k in order]
    frame = parts[0].ground.frame
    corner_mm, size_mm = (frame.x_mm, frame.y_mm), (frame.width_mm, frame.height_mm)
    seen = visible_mm2(lines, np.concatenate(widths), corner_mm, size_mm, LEAST_SEEN_MM2)
    result = list(parts)
    for number in opaque:
        kept = torch.ones(len(parts[number].strokes), dtype=torch.bool)
        kept[[k for (n, k), area in zip(whose, seen, strict=True) if n == number and area < LEAST_SEEN_MM2]] = False
        result[number] = replace(parts[number], strokes=parts[number].strokes[kept])
        hidden, count = int((~kept).sum()), len(kept)
        if hidden:
            name = name_of(artwork, number)
            log.notes.append(f"{name}: {hidden} of {count} strokes left out because later strokes hide them")
    return result


# --- within a budget --------------------------------------------------------------------------------------------------


@torch.no_grad()
def within_budget(plan: Planned, parts: list[FittedLayer], log: FitLog) -> list[FittedLayer]:
    """The layers within the budget: those whose count was planned lose their least useful strokes.

    The usefulness of a stroke is the error that it saves for each millimetre of its length and its lift.
    """
    budget, artwork = plan.artwork.budget, plan.artwork
    is_free = any(part.ground.palette.free for part in parts)
    if plan.costs is None or budget is None or log.interrupted or (is_free and budget.unit == "minutes"):
        return parts
    open_ = [n for n in range(len(parts)) if plan.lengths_mm[n] is not None and len(parts[n].strokes)]
    if not open_:
        return parts
    lengths = np.concatenate([_lengths_mm(parts[n]) for n in open_])
    use = np.concatenate([_usefulness(plan, parts[n], n) for n in open_])
    taken, each = _rates(plan, parts, open_, lengths)

    def cost(kept: NDArray[np.bool_]) -> float:
        return _cost(artwork, _kept(parts, open_, kept), budget.unit)

    def best(among: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return _best(use, among, budget.amount, lambda some: taken + float(each[some].sum()), cost)

    kept = best(np.ones(len(lengths), np.bool_))
    if not kept.all() and cost(kept) < NEARLY * budget.amount:
        # The next stroke would need another pen, whose change costs too much: take more of the pens in use.
        pens = np.concatenate([_pens(parts[n], n) for n in open_])
        kept = best(np.isin(pens, pens[kept]))
    left = len(kept) - int(kept.sum())
    if left:
        log.notes.append(
            f"{left} of {len(kept)} strokes, the least useful, left out to keep within {unit_text(budget)}"
        )
    return _kept(parts, open_, kept)


def _best(
    use: NDArray[np.float64],  # [N]
    among: NDArray[np.bool_],  # [N], the strokes that may be kept
    budget: float,
    estimated: Callable[[NDArray[np.bool_]], float],
    cost: Callable[[NDArray[np.bool_]], float],
) -> NDArray[np.bool_]:  # [N]
    """The most useful strokes within the budget, at least one. `estimated` is fast, `cost` exact."""
    where = np.flatnonzero(among)

    def spread(some: NDArray[np.bool_]) -> NDArray[np.bool_]:
        whole = np.zeros(len(among), np.bool_)
        whole[where[some]] = True
        return whole

    def chosen(aim: float) -> NDArray[np.bool_]:
        return spread(trimmed(use[where], aim, lambda some: estimated(spread(some)), near=0.01))

    aim, low, high = budget, 0.0, math.inf  # of the estimates: one within the budget, one beyond it
    kept = chosen(0.0)
    for _ in range(_TRIALS):
        tried = chosen(aim)
        found = cost(tried)
        if found <= budget:
            low, kept = aim, tried
        else:
            high = aim
        if NEARLY * budget <= found <= budget or tried[among].all() or tried.sum() <= 1:
            break
        # More than estimated where the way between strokes grows, less where a pen is not used at all.
        aim = (low + high) / 2 if low and high < math.inf else aim * 0.995 * budget / found
    return kept


def _pens(part: FittedLayer, number: int) -> NDArray[np.int64]:  # [N]
    """A number for the layer and pen of each stroke."""
    pens: NDArray[np.int64] = part.strokes.inks.argmax(1).numpy() + 1000 * number
    return pens


def _kept(parts: list[FittedLayer], which: list[int], kept: NDArray[np.bool_]) -> list[FittedLayer]:
    result, at = list(parts), 0
    for number in which:
        count = len(parts[number].strokes)
        result[number] = replace(parts[number], strokes=parts[number].strokes[torch.from_numpy(kept[at : at + count])])
        at += count
    return result


def _lengths_mm(part: FittedLayer) -> NDArray[np.float64]:  # [N]
    if part.strokes.ragged is not None:
        lines_of = drawn_lines(part.layer, part.strokes, part.ground)
        return np.array([np.hypot(*np.diff(line, axis=0).T).sum() for line in lines_of])
    if part.ground.palette.has_sizes:
        return _spirals_mm(part)
    lines = lines_mm(part.layer, part.strokes, part.ground).double()
    lengths: NDArray[np.float64] = (lines[:, 1:] - lines[:, :-1]).norm(dim=-1).sum(1).numpy()
    return lengths


def _spirals_mm(part: FittedLayer) -> NDArray[np.float64]:  # [N]
    """The way of the pen in dots of sizes of their own."""
    nibs = [pen.nib_mm for pen in part.ground.palette.pens]
    pens = [0] * len(part.strokes) if part.ground.palette.free else part.strokes.inks.argmax(1).tolist()
    sizes = part.strokes.width_mm.tolist()
    return np.array([length_mm(spiral(size, nibs[pen])) for size, pen in zip(sizes, pens, strict=True)])


def _usefulness(plan: Planned, part: FittedLayer, number: int) -> NDArray[np.float64]:  # [N]
    saved = weights(part.layer, part.strokes, part.ground, Workspace()).removal.double().numpy()
    lift_mm = 1.0 if part.layer.traits.is_dots else plan.lifts_mm[number]
    useful: NDArray[np.float64] = saved / (_lengths_mm(part) + lift_mm)
    return useful


def _rates(
    plan: Planned, parts: list[FittedLayer], open_: list[int], lengths: NDArray[np.float64]
) -> tuple[float, NDArray[np.float64]]:
    """The fixed cost, and the cost of each stroke `[N]`: the way between strokes is shared evenly among them."""
    assert plan.artwork.budget is not None
    unit = plan.artwork.budget.unit
    whole = _cost(plan.artwork, parts, unit)
    match unit:
        case "strokes":
            each = np.ones(len(lengths))
        case "metres":
            each = lengths / 1000
        case _:
            machine = plan.artwork.machine or USUAL
            drawn = lengths / machine.feed_mm_min
            rest = _kept(parts, open_, np.zeros(len(lengths), np.bool_))
            others = _cost(plan.artwork, rest, unit) if any(len(part.strokes) for part in rest) else 0.0
            changes = _still_minutes(plan.artwork, parts) - _still_minutes(plan.artwork, rest)
            moving = max(whole - others - changes, 0.0)
            each = drawn + max(moving - drawn.sum(), 0.0) / max(len(lengths), 1)
    return max(whole - float(each.sum()), 0.0), each


def _cost(artwork: Artwork, parts: list[FittedLayer], unit: str) -> float:
    """The cost of a drawing, in `unit`, in the order in which it would be plotted."""
    match unit:
        case "strokes":
            return float(sum(len(part.strokes) for part in parts))
        case "metres":
            return float(sum(_lengths_mm(part).sum() for part in parts if len(part.strokes))) / 1000
    machine = artwork.machine or _ample(artwork)
    return estimate(program(prepared(unordered(artwork, parts), machine)[0], machine), machine).total_s / 60


def _still_minutes(artwork: Artwork, parts: list[FittedLayer]) -> float:
    """The minutes for changing pens."""
    machine = artwork.machine or USUAL
    return len(unordered(artwork, parts).passes) * machine.pen_change_s / 60


def _ample(artwork: Artwork) -> Machine:
    """A usual gantry with the sheet at its corner."""
    return USUAL.model_copy(update={"origin_mm": (0.0, 0.0)})

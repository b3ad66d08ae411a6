"""One gradient step: rates, annealing, costs, and the limits of what can be drawn."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from renderer.cores import constant
from renderer.optimise.adam import Adam
from renderer.optimise.layer_drawing import Ground, inside, lines_mm, points_mm
from renderer.optimise.neatness import Segments, crossings, unevenness
from renderer.primitives import shortened, turns
from renderer.ragged import Ragged
from renderer.raster.edge_ramp import EdgeRamp
from renderer.spec import Layer
from renderer.strokes import Strokes

# Share of the steps after which edges are hard and every stroke has a single pen. A mixture of pens can show any
# colour, so the fit relies on it even at a low temperature; the remaining steps make the best of single pens.
SETTLED = 0.5
_CLOSED_MM = 1e-3  # a stroke whose ends started nearer than this to each other is closed


class FitError(Exception):
    """The fit failed; the message says where and what would work."""


def adam_for(layer: Layer, leaves: Strokes, ground: Ground) -> Adam:
    """The optimiser of a layer, with the learning rates of its spec."""
    px_mm = 1 / ground.frame.px_per_mm
    rates = layer.rates
    moves = 0.0 if layer.traits.is_fixed else 1.0
    has_its_pen = layer.traits.is_long or layer.traits.keeps
    pens = 0.2 if ground.palette.free else 0.0 if has_its_pen else 1.0
    widths_mm = (rates.width_mm or 0.1 * px_mm) if ground.palette.widths_vary else 0.0
    return Adam(leaves.tensors, (moves * (rates.position_mm or 0.5 * px_mm), widths_mm, pens * rates.pens))


def annealed(layer: Layer, done: float) -> tuple[EdgeRamp, float]:
    """Softness of edges and temperature of pens when a share `done` of the steps is done: geometric progressions."""
    share = min(done / SETTLED, 1.0)
    edge = layer.edge
    hot = layer.temperature.start or layer.traits.temperature
    cold = layer.temperature.end or hot / 100
    softness_px = edge.from_px * (edge.to_px / edge.from_px) ** share
    return EdgeRamp(softness_px, edge.profile == "gaussian"), hot * (cold / hot) ** share


def costs(
    layer: Layer,
    leaves: Strokes,
    ground: Ground,
    start: Tensor | None = None,  # [N, K, 2] mm, the knots of marks as they were placed
) -> dict[str, Tensor]:  # [] each
    """What crossings, metres, turns and bends add to the loss, by name."""
    cost = layer.cost
    crossing = ground.objective.crossing_price if ground.form is not None else 0.0
    prices: dict[str, Tensor] = {}
    if leaves.ragged is not None and start is not None and layer.traits.stiffness:
        prices["bending"] = layer.traits.stiffness * bent(leaves, start)
    if layer.traits.is_dots:
        return prices
    if cost.crossing or cost.evenness:
        prices |= _neatness(layer, segments_of(layer, leaves, ground), ground)
    if not (cost.length or cost.curvature or crossing):
        return prices
    if leaves.ragged is not None:
        return prices | _mark_costs(layer, leaves, leaves.ragged, ground, crossing)
    lines = lines_mm(layer, leaves, ground)
    if crossing:
        prices["crossing"] = crossing * crossed(lines, leaves, ground)
    if cost.length:
        # The square root has no gradient at 0; a hundredth of a millimetre is negligible for a pen.
        metres = ((lines[:, 1:] - lines[:, :-1]).square().sum(-1) + 1e-4).sqrt().sum() / 1000
        prices["length"] = cost.length * metres
    if cost.curvature:
        prices["curvature"] = cost.curvature * turns(lines)
    return prices


def _mark_costs(layer: Layer, leaves: Strokes, ragged: Ragged, ground: Ground, crossing: float) -> dict[str, Tensor]:
    """The same for strokes that lie behind each other."""
    points, layout = points_mm(layer, leaves, ragged, ground), ragged.layout(layer.traits.samples)
    within = (layout.owner[1:] == layout.owner[:-1]).nonzero()[:, 0]
    steps = points[within + 1] - points[within]
    prices: dict[str, Tensor] = {}
    if crossing:
        middles = (points[within + 1] + points[within]) / 2
        prices["crossing"] = crossing * _across(steps, middles, layout.owner[within], leaves, ground)
    if layer.cost.length:
        prices["length"] = layer.cost.length * (steps.square().sum(-1) + 1e-4).sqrt().sum() / 1000
    if layer.cost.curvature:
        follow = (layout.owner[within][1:] == layout.owner[within][:-1]).nonzero()[:, 0]
        prices["curvature"] = layer.cost.curvature * turns(
            torch.stack([points[within][follow], points[within + 1][follow], points[within + 1][follow + 1]], 1)
        )
    return prices


def _neatness(layer: Layer, segments: Segments, ground: Ground) -> dict[str, Tensor]:
    """What lines cost that cross, or lie unevenly between their neighbours."""
    cost, prices = layer.cost, {}
    if cost.crossing and not layer.traits.is_long:  # `untangle` redraws long lines: no step can part two that cross
        prices["crossings"] = cost.crossing * crossings(segments) / 1000
    if cost.evenness:
        prices["evenness"] = cost.evenness * unevenness(segments, sum(ground.palette.width_mm) / 2)
    return prices


def segments_of(layer: Layer, leaves: Strokes, ground: Ground) -> Segments:
    """The segments of the lines that the strokes draw."""
    if leaves.ragged is not None:
        points = points_mm(layer, leaves, leaves.ragged, ground)
        owner = leaves.ragged.layout(layer.traits.samples).owner
        within = (owner[1:] == owner[:-1]).nonzero()[:, 0]
        return Segments(points[within], points[within + 1], owner[within])
    lines = lines_mm(layer, leaves, ground)
    owner = torch.arange(len(lines), device=lines.device).repeat_interleave(lines.shape[1] - 1)
    return Segments(lines[:, :-1].flatten(0, 1), lines[:, 1:].flatten(0, 1), owner)


def bent(
    leaves: Strokes,
    start: Tensor,  # [N, K, 2] mm
) -> Tensor:  # []
    """Mean square of how far each knot has left the middle of its neighbours, against the start, mm^2."""
    ragged = leaves.ragged
    assert ragged is not None
    moved, at = ragged.knots(leaves.knots - start), ragged.layout(1).interior
    off = moved[at] - (moved[at + 1] + moved[at - 1]) / 2
    return off.square().sum(-1).sum() / max(len(at), 1)


def crossed(
    lines: Tensor,  # [N, S, 2] mm
    leaves: Strokes,
    ground: Ground,
) -> Tensor:  # []
    """Area of ink that runs across the form, as a share of the frame: ink times the sine squared of its angle to it."""
    steps, middles = lines[:, 1:] - lines[:, :-1], (lines[:, 1:] + lines[:, :-1]) / 2
    owner = torch.arange(len(lines), device=lines.device)[:, None]
    return _across(steps, middles, owner, leaves, ground)


def _across(steps: Tensor, middles: Tensor, owner: Tensor, leaves: Strokes, ground: Ground) -> Tensor:  # []
    """Steps [..., 2] mm about these middles, of strokes `owner` [...]."""
    frame, form = ground.frame, ground.form
    assert form is not None
    with torch.no_grad():
        places = ((middles - constant((frame.x_mm, frame.y_mm), middles.device)) * frame.px_per_mm).long()
        row, column = places[..., 1].clamp(0, form.shape[1] - 1), places[..., 0].clamp(0, form.shape[2] - 1)
        along = form[:, row, column]  # [2, ...]
        widths = ground.palette.widths(leaves.inks, leaves.width_mm)[owner]
    side = steps[..., 0] * along[1] - steps[..., 1] * along[0]
    # The square root has no gradient at 0; a thousandth of a millimetre is negligible.
    lengths = (steps.square().sum(-1) + 1e-6).sqrt()
    share: Tensor = (side.square() / lengths * widths).sum(-1).sum() / (frame.width_mm * frame.height_mm)
    return share


def project(
    layer: Layer,
    leaves: Strokes,
    ground: Ground,
    start: Tensor | None = None,  # [N, K, 2] mm, the knots of marks as they were placed
) -> None:
    """Limit the leaves to what can be drawn: inside the frame, not too long, with possible widths and colours.

    Marks with a leash stay within it, so that a line of equal tone does not cross others to fill a dark area.
    """
    palette = ground.palette
    if palette.free:
        leaves.inks.clamp_(0, 1)
    if palette.widths_vary:
        leaves.width_mm.clamp_(palette.width_mm[0], _widest_mm(layer, ground))
    if not layer.traits.is_mark:
        leaves.knots.copy_(shortened(leaves.knots, layer.kind))
    if layer.traits.leash_nibs is not None and start is not None:
        leash_mm = layer.traits.leash_nibs * palette.widths(leaves.inks, leaves.width_mm)
        leaves.knots.copy_(leashed(leaves, start, leash_mm, hatches_slide=layer.traits.keeps))
    leaves.knots.copy_(inside(layer, leaves, ground))


def _widest_mm(layer: Layer, ground: Ground) -> float:
    """The widest stroke; of a screen, the dot that just covers its place: larger ones would stand in for others."""
    palette, frame = ground.palette, ground.frame
    if not palette.has_sizes:
        return palette.width_mm[1]
    pitch_mm = math.sqrt(frame.width_mm * frame.height_mm / layer.count)
    return max(math.sqrt(2) * pitch_mm, palette.width_mm[0])


def leashed(
    leaves: Strokes,
    start: Tensor,  # [N, K, 2] mm
    leash_mm: Tensor,  # [N]
    *,
    hatches_slide: bool = False,
) -> Tensor:  # [N, K, 2] mm
    """The knots at most `leash_mm` from where they started; strokes that were closed stay closed.

    `hatches_slide` lets strokes of two knots move only along themselves, so that a hatch stays even.
    """
    ragged = leaves.ragged
    assert ragged is not None
    moved = leaves.knots - start
    if hatches_slide:
        along = (start[:, 1] - start[:, 0]) / (start[:, 1] - start[:, 0]).norm(dim=1, keepdim=True).clamp(min=1e-6)
        slid = (moved * along[:, None]).sum(2, keepdim=True) * along[:, None]
        moved = torch.where((ragged.counts == 2)[:, None, None], slid, moved)
    share = (leash_mm[:, None, None] / moved.norm(dim=2, keepdim=True).clamp(min=1e-6)).clamp(max=1.0)
    knots: Tensor = start + moved * share
    strokes, last = torch.arange(len(knots), device=knots.device), ragged.counts - 1
    is_closed = (start[:, 0] - start[strokes, last]).norm(dim=1) < _CLOSED_MM
    ends = torch.where(is_closed[:, None], (knots[:, 0] + knots[strokes, last]) / 2, knots[:, 0])
    knots[strokes, last] = torch.where(is_closed[:, None], ends, knots[strokes, last])
    knots[:, 0] = ends
    return knots


def checked(
    fitted: Sequence[tuple[Layer, Strokes]],
    total: Tensor,
    terms: dict[str, Tensor],
    step: int,
    steps: int,
) -> tuple[float, dict[str, float]]:
    """The loss `[]` and its terms `[]` as numbers: the only time in a step that the program waits for a device.

    Raises FitError where the loss, or the gradient of some layer, is no longer a number.
    """
    healthy = [_healthy(leaves) for _, leaves in fitted]
    numbers = [
        total.detach(),
        *(term.detach() for term in terms.values()),
        *(sound.to(total.dtype) for sound in healthy),
    ]
    loss, *rest = torch.stack(numbers).cpu().tolist()
    for (layer, _), sound in zip(fitted, rest[len(terms) :], strict=True):
        if not (sound and math.isfinite(loss)):
            raise FitError(
                f"layer {layer.name or layer.kind_name!r}: the loss is no longer a number at step {step + 1} of "
                f"{steps}; lower layer.rates or the weights of its loss"
            )
    return loss, dict(zip(terms, rest, strict=False))


def _healthy(leaves: Strokes) -> Tensor:  # [], bool
    gradients = [leaf.grad for leaf in leaves.tensors if leaf.grad is not None]
    return torch.stack([gradient.isfinite().all() for gradient in gradients]).all()

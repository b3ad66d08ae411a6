"""Knots -> polylines: the shapes of dots, lines and curves. Every primitive becomes a polyline of S points."""

from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor

from renderer.spec import Kind, traits

Primitive = Callable[[Tensor], Tensor]  # knots [N, K, 2] mm -> polylines [N, S, 2] mm

# Points per span of a curve. A span of 10 mm bent through a right angle then differs by 0.05 mm from its polyline.
SAMPLES_PER_SPAN = 8
# Least distance of knots, mm: nearer knots count as so far apart, which keeps the gradient of the parameter finite.
_NEAREST_MM = 0.01


def polylines(
    kind: Kind,
    knots: Tensor,  # [N, K, 2] mm
) -> Tensor:  # [N, S, 2] mm
    """The polylines that strokes of a kind draw."""
    of = traits(kind)
    return catmull_rom(knots, closed=of.is_closed, samples_per_span=of.samples) if of.is_curved else knots


def catmull_rom(
    knots: Tensor,  # [N, K, 2], K >= 3
    *,
    closed: bool = False,
    samples_per_span: int = SAMPLES_PER_SPAN,
) -> Tensor:  # [N, S, 2]
    """Points of centripetal Catmull-Rom curves, which pass through each of their knots.

    Catmull and Rom 1974, with the knot spacing |p_i+1 - p_i|^(1/2) of Yuksel et al., "Parameterization and applications
    of Catmull-Rom curves" (2011), under which a span has neither cusps nor loops. An open curve's ends are continued by
    reflecting their neighbours.

    Each span is a cubic in Hermite form, from p1 to p2 over a parameter interval t12, with the tangents

        m1 = t12 ((p1 - p0) / t01 - (p2 - p0) / (t01 + t12) + (p2 - p1) / t12),     m2 likewise from p1, p2, p3
    """
    if closed:
        ring = torch.cat([knots[:, -1:], knots, knots[:, :2]], 1)
    else:
        before = 2 * knots[:, :1] - knots[:, 1:2]
        after = 2 * knots[:, -1:] - knots[:, -2:-1]
        ring = torch.cat([before, knots, after], 1)
    chords = ring[:, 1:] - ring[:, :-1]  # [N, spans + 2, 2]
    t = ((chords**2).sum(-1, keepdim=True) + _NEAREST_MM**2) ** 0.25
    slopes = chords / t
    t01, t12, t23 = t[:, :-2], t[:, 1:-1], t[:, 2:]
    over_two = chords[:, 1:] + chords[:, :-1]  # p2 - p0 of each span, then p3 - p1 of the last
    m1 = t12 * (slopes[:, :-2] - over_two[:, :-1] / (t01 + t12) + slopes[:, 1:-1])
    m2 = t12 * (slopes[:, 1:-1] - over_two[:, 1:] / (t12 + t23) + slopes[:, 2:])
    spans = torch.stack([ring[:, 1:-2], m1, ring[:, 2:-1], m2], 2)  # [N, spans, 4, 2]
    points = hermite(samples_per_span, knots.dtype, knots.device) @ spans  # [N, spans, samples, 2]
    return torch.cat([points.flatten(1, 2), ring[:, -2:-1]], 1)


def spans_of(
    p0: Tensor,  # [L, 2]
    p1: Tensor,  # [L, 2]
    p2: Tensor,  # [L, 2]
    p3: Tensor,  # [L, 2]
) -> Tensor:  # [L, 4, 2]
    """Spans from p1 to p2 in Hermite form, p1, m1, p2, m2: as in `catmull_rom`, one row each."""
    c01, c12, c23 = p1 - p0, p2 - p1, p3 - p2
    t01, t12, t23 = (((c**2).sum(-1, keepdim=True) + _NEAREST_MM**2) ** 0.25 for c in (c01, c12, c23))
    m1 = t12 * (c01 / t01 - (c01 + c12) / (t01 + t12) + c12 / t12)
    m2 = t12 * (c12 / t12 - (c12 + c23) / (t12 + t23) + c23 / t23)
    return torch.stack([p1, m1, p2, m2], 1)


@cache
def hermite(samples: int, dtype: torch.dtype, device: torch.device) -> Tensor:  # [samples, 4]
    """Weights of p1, m1, p2 and m2 at evenly spread parameters of a span, its end left out."""
    u = torch.arange(samples, dtype=torch.float64) / samples
    rows = [2 * u**3 - 3 * u**2 + 1, u**3 - 2 * u**2 + u, -2 * u**3 + 3 * u**2, u**3 - u**2]
    return torch.stack(rows, 1).to(device, dtype)


def shortened(
    knots: Tensor,  # [N, K, 2] mm
    kind: Kind,
) -> Tensor:  # [N, K, 2] mm
    """The knots; strokes whose polygon is longer than their kind allows are shrunk about their middle."""
    of = traits(kind)
    if of.limit_mm is None:
        return knots
    ring = torch.cat([knots, knots[:, :1]], 1) if of.is_closed else knots
    length_mm = (ring[:, 1:] - ring[:, :-1]).norm(dim=-1).sum(1)[:, None, None]
    middle = knots.mean(1, keepdim=True)
    share: Tensor = (of.limit_mm / length_mm.clamp(min=1e-9)).clamp(max=1.0)
    return middle + (knots - middle) * share


def turns(
    lines: Tensor,  # [N, S, 2]
) -> Tensor:  # []
    """The number of full turns of all lines together: the angles between their segments, summed."""
    steps = lines[:, 1:] - lines[:, :-1]
    before, after = steps[:, :-1], steps[:, 1:]
    cross = before[..., 0] * after[..., 1] - before[..., 1] * after[..., 0]
    dot = (before * after).sum(-1)
    # A segment without length has no angle, and its gradient no direction.
    angle = torch.atan2(cross, dot + _NEAREST_MM**4)
    total: Tensor = angle.abs().sum() / (2 * torch.pi)
    return total

"""Strokes with knots of their own number: where each knot, span and point lies when all are behind each other."""

from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor

from renderer.primitives import hermite, spans_of


@dataclass(frozen=True)
class Ragged:
    """N strokes of `counts` knots each, stored as `[N, K, 2]`; what is beyond a stroke's count is not looked at."""

    counts: Tensor  # [N] whole numbers, at least 2
    most: int  # K
    _layouts: dict[int, "Layout"] = field(default_factory=dict, compare=False, repr=False)

    def __getitem__(self, which: Tensor) -> "Ragged":
        return Ragged(self.counts[which], self.most)

    def to(self, device: torch.device | str) -> "Ragged":
        """The same on another device."""
        return Ragged(self.counts.to(device), self.most)

    @cached_property
    def is_knot(self) -> Tensor:  # [N, K] bool
        """Which places of `[N, K]` hold a knot."""
        return torch.arange(self.most, device=self.counts.device)[None] < self.counts[:, None]

    @cached_property
    def places(self) -> Tensor:  # [M]
        """Of all knots, one behind the other, the place in `[N K]`."""
        return self.is_knot.flatten().nonzero()[:, 0]

    @cached_property
    def firsts(self) -> Tensor:  # [N]
        """Where each stroke's knots begin among all knots."""
        return self.counts.cumsum(0) - self.counts

    def knots(self, knots: Tensor) -> Tensor:  # [N, K, 2] -> [M, 2]
        """All knots behind each other."""
        return knots.reshape(-1, 2).index_select(0, self.places)

    def layout(self, samples: int) -> "Layout":
        """Where spans and points lie, with so many points a span."""
        if samples not in self._layouts:
            self._layouts[samples] = Layout.of(self, samples)
        return self._layouts[samples]


@dataclass(frozen=True)
class Layout:
    """Index tensors by which splines of all strokes are drawn at once."""

    samples: int
    starts: Tensor  # [L], the knot at which each span starts
    before: Tensor  # [L], the knot before it; itself where there is none
    after: Tensor  # [L], the knot after the span's end; the end where there is none
    order: Tensor  # [T], of (points of spans, then last knots) each point's place, stroke after stroke
    offsets: Tensor  # [N + 1], where each stroke's points begin
    owner: Tensor  # [T], each point's stroke
    interior: Tensor  # [I], knots with a neighbour on both sides

    @staticmethod
    def of(ragged: Ragged, samples: int) -> "Layout":
        counts, firsts, device = ragged.counts, ragged.firsts, ragged.counts.device
        strokes = torch.arange(len(counts), device=device)
        knot_owner = strokes.repeat_interleave(counts)
        within = torch.arange(len(knot_owner), device=device) - firsts[knot_owner]
        is_first, is_last = within == 0, within == counts[knot_owner] - 1
        starts = (~is_last).nonzero()[:, 0]
        before = torch.where(is_first[starts], starts, starts - 1)
        after = torch.where(is_last[starts + 1], starts + 1, starts + 2)
        points = (counts - 1) * samples + 1
        offsets = torch.cat([points.new_zeros(1), points.cumsum(0)])
        owner = strokes.repeat_interleave(points)
        at = torch.arange(len(owner), device=device) - offsets[owner]
        spans_before = (counts - 1).cumsum(0) - (counts - 1)
        is_end = at == points[owner] - 1
        order = torch.where(is_end, len(starts) * samples + owner, spans_before[owner] * samples + at)
        return Layout(samples, starts, before, after, order, offsets, owner, (~(is_first | is_last)).nonzero()[:, 0])


def splines(
    ragged: Ragged,
    knots: Tensor,  # [N, K, 2]
    samples: int,
) -> Tensor:  # [T, 2]
    """Points of the strokes' Catmull-Rom curves, behind each other as `Layout.offsets` says."""
    layout, flat = ragged.layout(samples), ragged.knots(knots)
    p1, p2 = flat[layout.starts], flat[layout.starts + 1]
    p0, p3 = flat[layout.before], flat[layout.after]
    p0 = torch.where((layout.before == layout.starts)[:, None], 2 * p1 - p2, p0)
    p3 = torch.where((layout.after == layout.starts + 1)[:, None], 2 * p2 - p1, p3)
    spans = spans_of(p0, p1, p2, p3)  # [L, 4, 2]
    points = (hermite(samples, flat.dtype, flat.device) @ spans).flatten(0, 1)  # [L samples, 2]
    lasts = flat[ragged.firsts + ragged.counts - 1]
    return torch.cat([points, lasts]).index_select(0, layout.order)


def tied(
    knots: Tensor,  # [N, K, 2]
    counts: Tensor,  # [N]
) -> Tensor:  # [N, K, 2]
    """Knots beyond the end of a stroke are its last one, for values and gradients both."""
    at = torch.arange(knots.shape[1], device=knots.device)
    at = torch.minimum(at[None], counts[:, None] - 1)
    return knots.gather(1, at[:, :, None].expand(-1, -1, 2))

"""Lines that do not cross, and lie evenly between their neighbours: what makes marks look drawn with care.

Which segments meet is sought again at each step, by a tree of boxes; the prices are differentiable in their places.
"""

from dataclasses import dataclass

import numpy as np
import shapely
import torch
from numpy.typing import NDArray
from torch import Tensor

NEIGHBOUR_NIBS = 8.0  # how far off a neighbour is sought
ALONGSIDE = 0.8  # least cosine between neighbours; lines of another family are none
ITSELF = 12  # segments along a line within which it is not a neighbour of its own
_LEAST_MM = 1e-3
_ROUNDS = 400  # of turning parts of a line round

Places = NDArray[np.float64]  # [S, 2] mm


@dataclass(frozen=True)
class Segments:
    """The segments of all lines."""

    starts: Tensor  # [S, 2] mm
    ends: Tensor  # [S, 2] mm
    owner: Tensor  # [S], the stroke of each; its segments are behind each other


def crossings(segments: Segments) -> Tensor:  # []
    """How many times lines cross, each time by how far they do: 1 halfway along a segment, 0 where they just touch."""
    one, other = _crossing_pairs(segments)
    if not len(one):
        return segments.starts.sum() * 0
    reaches = torch.stack([*_reach(segments, one, other), *_reach(segments, other, one)])
    return reaches.amin(0).sum()


def _reach(segments: Segments, one: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
    """How far each end of a segment is from the line of another, in halves of its length."""
    a, b = segments.starts[one], segments.ends[one]
    way = segments.ends[other] - segments.starts[other]
    normal = torch.stack([-way[:, 1], way[:, 0]], 1) / way.norm(dim=1, keepdim=True).clamp(min=_LEAST_MM)
    half = (b - a).detach().norm(dim=1).clamp(min=_LEAST_MM) / 2
    first, last = (((end - segments.starts[other]) * normal).sum(1).abs() / half for end in (a, b))
    return first, last


def _crossing_pairs(segments: Segments) -> tuple[Tensor, Tensor]:
    starts, ends = (each.detach().cpu().double().numpy() for each in (segments.starts, segments.ends))
    boxes = shapely.box(*np.minimum(starts, ends).T, *np.maximum(starts, ends).T)
    one, other = shapely.STRtree(boxes).query(boxes)
    one, other = one[one < other], other[one < other]
    order = np.lexsort((other, one))
    one, other = one[order], other[order]
    crosses = _parts(starts[one], ends[one], starts[other], ends[other])
    crosses &= _parts(starts[other], ends[other], starts[one], ends[one])
    device = segments.starts.device
    return torch.from_numpy(one[crosses]).to(device), torch.from_numpy(other[crosses]).to(device)


def _parts(starts: Places, ends: Places, others: Places, other_ends: Places) -> NDArray[np.bool_]:
    """Whether the line through each segment has the ends of another on different sides."""
    way = ends - starts
    first, last = (way[:, 0] * off[:, 1] - way[:, 1] * off[:, 0] for off in (others - starts, other_ends - starts))
    apart: NDArray[np.bool_] = first * last < 0
    return apart


def untangled(
    line: Places,  # [K, 2] mm
) -> NDArray[np.int64]:  # [K]
    """An order of the points in which their polygon crosses itself nowhere, or hardly.

    Where it does, the part between is drawn the other way round (a move of 2-opt, Croes 1958), which is always shorter.
    """
    order = np.arange(len(line))
    for _ in range(_ROUNDS):
        path = torch.from_numpy(line[order])
        first, last = _crossing_pairs(Segments(path[:-1], path[1:], torch.zeros(len(path) - 1)))
        if not len(first):
            break
        pairs = np.stack([first.numpy(), last.numpy()], 1)
        is_turned = np.zeros(len(line), bool)
        for a, b in pairs[np.argsort(pairs[:, 1] - pairs[:, 0], kind="stable")]:  # the shortest parts first
            if not is_turned[a : b + 1].any():
                order[a + 1 : b + 1] = order[a + 1 : b + 1][::-1]
                is_turned[a : b + 1] = True
    return order


def unevenness(segments: Segments, nib_mm: float) -> Tensor:  # []
    """How far lines are from the middle between their neighbours: 0 where all are there, 1 where each touches one.

    The mean of ((l - r) / (l + r))^2 with l and r the distances to the next line on the left and on the right, over
    every second segment that has a neighbour on both sides.
    """
    found = _beside(segments, NEIGHBOUR_NIBS * nib_mm)
    if not len(found[0]):
        return segments.starts.sum() * 0
    at, left, right = (torch.from_numpy(each).to(segments.starts.device) for each in found)
    middles, way = (segments.starts + segments.ends) / 2, (segments.ends - segments.starts).detach()
    normal = torch.stack([-way[at, 1], way[at, 0]], 1) / way[at].norm(dim=1, keepdim=True).clamp(min=_LEAST_MM)
    to_left, to_right = (((middles[side] - middles[at]) * normal).sum(1).abs() for side in (left, right))
    share: Tensor = ((to_left - to_right) / (to_left + to_right).clamp(min=_LEAST_MM)).square().mean()
    return share


def _beside(segments: Segments, reach_mm: float) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Every second segment with neighbours on both sides, and the nearest one on each side."""
    starts, ends = (each.detach().cpu().double().numpy() for each in (segments.starts, segments.ends))
    owner = segments.owner.cpu().numpy()
    middles, way = (starts + ends) / 2, ends - starts
    lengths = np.maximum(np.hypot(*way.T), _LEAST_MM)
    along = way / lengths[:, None]
    asked = np.arange(0, len(middles), 2)
    boxes = shapely.box(*(middles[asked] - reach_mm).T, *(middles[asked] + reach_mm).T)
    at, other = shapely.STRtree(shapely.points(middles)).query(boxes)
    at = asked[at]
    off = middles[other] - middles[at]
    across = along[at, 0] * off[:, 1] - along[at, 1] * off[:, 0]
    is_other = (owner[at] != owner[other]) | (np.abs(at - other) > ITSELF)
    is_beside = np.abs((along[at] * off).sum(1)) <= (lengths[at] + lengths[other]) / 2
    is_parallel = np.abs((along[at] * along[other]).sum(1)) >= ALONGSIDE
    kept = is_other & is_beside & is_parallel & (np.abs(across) <= reach_mm) & (across != 0)
    at, other, across = at[kept], other[kept], across[kept]
    nearest = np.full((2, len(middles)), -1)
    order = np.lexsort((other, -np.abs(across)))  # the nearest last, which stays
    for side, chosen in enumerate((across[order] > 0, across[order] < 0)):
        nearest[side, at[order][chosen]] = other[order][chosen]
    both = np.flatnonzero((nearest >= 0).all(0))
    return both, nearest[0, both], nearest[1, both]

"""Where dots start when their density shows the picture: weighted centroidal Voronoi stippling.

Adrian Secord, "Weighted Voronoi stippling" (NPAR 2002): dots are sampled by demand. Then each dot moves repeatedly to
the weighted centroid of its Voronoi cell, until dots are evenly spread, and close together where much ink is needed.

In the plane the sites of such a tessellation settle at a density of the square root of the weight (Gersho,
"Asymptotically optimal block quantization", 1979), which would make pictures pale. Cells are therefore weighted by the
demand's square, so that the density of the dots is the demand.

Demand is the share of the paper that a pen has to cover. With several pens, each pixel's demand is the mixture of pens
over the ground that is nearest to the target. Dots are relaxed both among those of their pen and among all, so that
each colour is evenly spread and no two colours overlap.
"""

import math

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import Tensor

from hardware.drawing import Ink
from renderer.colours import oklab
from renderer.palette import Palette
from renderer.placement import SURE
from renderer.spec import Kind, traits
from renderer.strokes import Strokes
from renderer.target import Frame

_jit = njit(cache=True, nogil=True, error_model="numpy")

ITERATIONS = 30
# Cells are made of samples, each a part of a pixel: so many for each dot that centroids do not snap to the grid, but in
# total never more than the second number.
_SAMPLES_A_DOT, _MOST_SAMPLES = 120, 6_000_000
_LEAST_DEMAND = 1e-2  # share of a pixel; a picture with less everywhere is blank except for rounding
_OWN = 0.5  # weight of the centroid among its pen's dots; the rest is the centroid among all dots

Grid = NDArray[np.float64]  # [H, W]
Sites = NDArray[np.float64]  # [N, 2] x, y in samples


def stipple(
    kind: Kind,
    count: int,
    palette: Palette,
    frame: Frame,
    target: Tensor,  # [3, H, W]
    background: Tensor,  # [3, H, W], the picture below the layer
    generator: np.random.Generator,
) -> Strokes:
    """Exactly `count` dots, spread evenly, denser where the target differs more from the picture below. Only points."""
    assert traits(kind).is_dots, kind
    goal, below = (_pixels(picture) for picture in (target, background))
    demand = _distance(goal, below) if palette.free else demanded(goal, below, palette)
    if demand.max() < _LEAST_DEMAND:
        demand = np.ones_like(demand)
    dot_mm2 = np.array([1.0]) if palette.free else _widths_mm(palette) ** 2
    demand /= dot_mm2[:, None, None]  # dots of a wide pen cover more, so fewer are needed
    counts = apportioned(count, demand.sum((1, 2)))
    fine = _fineness(count, demand.shape[1:])
    demand = demand.repeat(fine, 1).repeat(fine, 2)
    sites = [sampled(part, number, generator) for part, number in zip(demand, counts, strict=True)]
    sites = relaxed(sites, demand, ITERATIONS)
    pens = np.repeat(np.arange(len(counts)), counts)
    if palette.free:
        inks = _cell_colours(np.concatenate(sites), demand[0], goal, below, palette.ink)
    else:
        inks = SURE * np.eye(palette.inks)[pens]
    inset_mm = _widths_mm(palette)[pens, None] / 2
    size_mm = np.array([frame.width_mm, frame.height_mm])
    middle = np.concatenate(sites) / (fine * frame.px_per_mm)
    middle = middle.clip(np.minimum(inset_mm, size_mm / 2), np.maximum(size_mm - inset_mm, size_mm / 2))
    knots = torch.from_numpy(middle + np.array([frame.x_mm, frame.y_mm])).float()[:, None]
    return Strokes(knots, torch.full((count,), sum(palette.width_mm) / 2), torch.from_numpy(inks).float())


def _pixels(
    picture: Tensor,  # [3, H, W]
) -> NDArray[np.float64]:  # [H, W, 3]
    return np.array(picture.detach().permute(1, 2, 0).numpy(), np.float64, order="C")


def _widths_mm(palette: Palette) -> NDArray[np.float64]:
    """The diameter of the dots of each pen, [P] mm; a single one where colours are free."""
    widths_mm = [sum(palette.width_mm) / 2] if palette.free else [pen.nib_mm for pen in palette.pens]
    return np.array(widths_mm if palette.spot_mm is None else [palette.spot_mm] * len(widths_mm))


# --- demand -----------------------------------------------------------------------------------------------------------


def demanded(
    target: NDArray[np.float64],  # [H, W, 3]
    below: NDArray[np.float64],  # [H, W, 3]
    palette: Palette,
) -> NDArray[np.float64]:  # [P, H, W] in [0, 1]
    """The share of each pixel that each pen has to cover so that the picture looks like the target from afar."""
    found = np.zeros((*target.shape[:2], palette.inks))
    transparent = palette.ink is Ink.TRANSPARENT
    table = palette.table().double().numpy()
    _mix(target.reshape(-1, 3), below.reshape(-1, 3), table, transparent, found.reshape(-1, palette.inks))
    return np.ascontiguousarray(found.transpose(2, 0, 1))


def _distance(target: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:  # [1, H, W]
    """The visible difference between the target and the picture below."""
    away: NDArray[np.float64] = np.sqrt(((oklab(target) - oklab(below)) ** 2).sum(-1))
    return away[None]


def _cell_colours(
    sites: Sites,
    demand: Grid,  # [f H, f W]
    target: NDArray[np.float64],  # [H, W, 3]
    below: NDArray[np.float64],
    ink: Ink,
) -> NDArray[np.float64]:  # [N, 3]
    """The target's mean colour over each dot's cell, weighted by demand; transparent ink: divided by the ground's."""
    fine = demand.shape[0] // target.shape[0]
    cell = cells(sites, demand)
    wanted = cell >= 0
    cell, weight = cell[wanted], demand[wanted]
    mass = np.bincount(cell, weight, len(sites))

    def means(picture: NDArray[np.float64]) -> NDArray[np.float64]:
        channels = [picture[:, :, c].repeat(fine, 0).repeat(fine, 1)[wanted] for c in range(3)]
        sums = np.stack([np.bincount(cell, weight * values, len(sites)) for values in channels], -1)
        mean: NDArray[np.float64] = sums / np.maximum(mass, 1e-12)[:, None]
        return mean

    colours = means(target)
    if ink is Ink.TRANSPARENT:
        return (colours / np.maximum(means(below), 1e-3)).clip(0, 1)
    return colours


# --- positions --------------------------------------------------------------------------------------------------------


def apportioned(
    count: int,
    amounts: NDArray[np.float64],  # [P], not all 0
) -> NDArray[np.int64]:  # [P]
    """`count`, divided into parts proportional to amounts, by largest remainders."""
    exact = count * amounts / amounts.sum()
    parts = np.floor(exact).astype(np.int64)
    parts[np.argsort(parts - exact, kind="stable")[: count - parts.sum()]] += 1
    return parts


def _fineness(count: int, size: tuple[int, ...]) -> int:
    """The number of samples along a pixel's side."""
    pixels = size[0] * size[1]
    wanted = math.ceil(math.sqrt(_SAMPLES_A_DOT * count / pixels))
    return max(1, min(wanted, math.isqrt(_MOST_SAMPLES // pixels)))


def sampled(demand: Grid, count: int, generator: np.random.Generator) -> Sites:
    """Places sampled by demand.

    They are stratified along Morton's curve, which passes through squares of each size one after another, so that every
    part of the picture gets its share, exact to one or two.
    """
    if count == 0:
        return np.empty((0, 2))
    height, width = demand.shape
    code = _spread(np.arange(width))[None] | (_spread(np.arange(height)) << 1)[:, None]
    order = np.argsort(code, axis=None)
    sums = np.cumsum(demand.ravel()[order])
    at = (np.arange(count) + generator.random(count)) / count * sums[-1]
    sample = order[np.searchsorted(sums, at, side="right").clip(0, np.searchsorted(sums, sums[-1]))]
    return np.stack([sample % width, sample // width], -1) + generator.random((count, 2))


def _spread(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """The numbers with a zero between every two of their lowest 16 bits."""
    for shift, mask in ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555)):
        numbers = (numbers | (numbers << shift)) & mask
    return numbers


def relaxed(
    sites: list[Sites],  # of each pen
    demand: NDArray[np.float64],  # [P, H, W]
    iterations: int,
) -> list[Sites]:
    """The sites after `iterations` of Lloyd's: each pen's dots are evenly spread, and so are all dots together."""
    together = demand.sum(0) ** 2
    own = [part**2 for part in demand]
    bounds = np.cumsum([len(part) for part in sites])[:-1]
    for _ in range(iterations):
        among_all = np.split(centroids(np.concatenate(sites), together), bounds)
        if len(sites) == 1:
            sites = among_all
            continue
        alone = [centroids(part, weight) for part, weight in zip(sites, own, strict=True)]
        sites = [_OWN * mine + (1 - _OWN) * ours for mine, ours in zip(alone, among_all, strict=True)]
    return sites


def centroids(sites: Sites, weight: Grid) -> Sites:
    """The weighted centroid of each site's cell; the site itself where the weight of its cell is 0."""
    moments = np.zeros((len(sites), 3))
    if len(sites):
        _sum_moments(cells(sites, weight), weight, moments)
    mass = moments[:, 2:]
    return np.where(mass > 0, moments[:, :2] / np.where(mass > 0, mass, 1), sites)


def cells(sites: Sites, weight: Grid) -> NDArray[np.int32]:  # [H, W]
    """The site nearest to the centre of each sample; -1 where the weight of the sample is 0."""
    height, width = weight.shape
    side = max(1.0, math.sqrt(height * width / len(sites)))  # of squares with about one site each
    columns, rows = math.ceil(width / side), math.ceil(height / side)
    column = np.minimum((sites[:, 0] / side).astype(np.int64), columns - 1)
    row = np.minimum((sites[:, 1] / side).astype(np.int64), rows - 1)
    square = row * columns + column
    order = np.argsort(square, kind="stable")
    first = np.searchsorted(square[order], np.arange(rows * columns + 1))
    found = np.full((height, width), -1, np.int32)
    _find_nearest(sites[order], order.astype(np.int32), first, side, rows, columns, weight, found)
    return found


# --- kernels ----------------------------------------------------------------------------------------------------------


@_jit
def _find_nearest(sites, names, first, side, rows, columns, weight, found):
    """Fill `found [H, W]` with the names of the nearest sites, which are sorted by squares of a grid.

    Squares are searched in rings until no further one can hold a nearer site. The site of the sample to the left is a
    good first guess.
    """
    height, width = weight.shape
    for y in range(height):
        guess = 0
        for x in range(width):
            if weight[y, x] <= 0:
                continue
            px, py = x + 0.5, y + 0.5
            best = guess
            least = (sites[best, 0] - px) ** 2 + (sites[best, 1] - py) ** 2
            column, row = min(int(px / side), columns - 1), min(int(py / side), rows - 1)
            for ring in range(max(rows, columns)):
                # no site of this ring is nearer than the edge of the block of squares inside it
                left, top = px - (column - ring + 1) * side, py - (row - ring + 1) * side
                right, bottom = (column + ring) * side - px, (row + ring) * side - py
                gap = min(left, right, top, bottom)
                if ring > 0 and gap > 0 and gap * gap > least:
                    break
                for r in range(max(row - ring, 0), min(row + ring, rows - 1) + 1):
                    step = 1 if ring == 0 or r == row - ring or r == row + ring else 2 * ring
                    for c in range(column - ring, column + ring + 1, step):
                        if c < 0 or c >= columns:
                            continue
                        dx = max(c * side - px, px - (c + 1) * side, 0.0)
                        dy = max(r * side - py, py - (r + 1) * side, 0.0)
                        if dx * dx + dy * dy > least:
                            continue
                        for k in range(first[r * columns + c], first[r * columns + c + 1]):
                            away = (sites[k, 0] - px) ** 2 + (sites[k, 1] - py) ** 2
                            if away < least:
                                least, best = away, k
            found[y, x] = names[best]
            guess = best


@_jit
def _sum_moments(cell, weight, moments):
    """Add weight times x, weight times y and weight of each sample to the moments `[N, 3]` of its site."""
    for y in range(cell.shape[0]):
        for x in range(cell.shape[1]):
            n = cell[y, x]
            if n >= 0:
                w = weight[y, x]
                moments[n, 0] += w * (x + 0.5)
                moments[n, 1] += w * (y + 0.5)
                moments[n, 2] += w


_SWEEPS = 60
_CLOSE = 1e-4  # a change of shares that no longer counts
_DISTINCT = 1e-3  # square of the least distance between pen and ground
_LIKENESS = 0.1  # how much a pen's own likeness to the target counts beside the mixture's: less gives more grain


@_jit
def _mix(target, below, table, transparent, shares):
    """Fill `shares [N, P]`: for each pixel, the mixture of pens over the ground that is nearest to the target.

    Least squares with shares in [0, 1], by coordinate descent from the single pen that is best alone:

        |sum_k s_k a_k - d|^2 + L sum_k s_k (|a_k - d|^2 - min_j |a_j - d|^2),   a_k = pen k - below, d = target - below

    A pen that cannot be distinguished from the ground gets 0.
    """
    pens = len(table)
    reach, rest = np.empty((pens, 3)), np.empty(3)
    square, unlike = np.empty(pens), np.empty(pens)
    for n in range(len(target)):
        best, gain, likest = -1, 0.0, np.inf
        for k in range(pens):
            dot, square[k], unlike[k] = 0.0, 0.0, 0.0
            for c in range(3):
                d = target[n, c] - below[n, c]
                a = (table[k, c] * below[n, c] if transparent else table[k, c]) - below[n, c]
                reach[k, c], rest[c] = a, d
                dot += a * d
                square[k] += a * a
                unlike[k] += (a - d) ** 2
            if square[k] > _DISTINCT:
                likest = min(likest, unlike[k])
                share = min(max(dot / square[k], 0.0), 1.0)
                if share * (2 * dot - share * square[k]) > gain:
                    best, gain = k, share * (2 * dot - share * square[k])
                    shares[n, k] = share
        if best < 0:
            continue
        for k in range(pens):
            shares[n, k] = shares[n, k] if k == best else 0.0
        for c in range(3):
            rest[c] -= shares[n, best] * reach[best, c]
        for _ in range(_SWEEPS):
            changed = 0.0
            for k in range(pens):
                if square[k] <= _DISTINCT:
                    continue
                dot = reach[k, 0] * rest[0] + reach[k, 1] * rest[1] + reach[k, 2] * rest[2]
                step = (dot - _LIKENESS / 2 * (unlike[k] - likest)) / square[k]
                step = min(max(shares[n, k] + step, 0.0), 1.0) - shares[n, k]
                shares[n, k] += step
                for c in range(3):
                    rest[c] -= step * reach[k, c]
                changed = max(changed, abs(step))
            if changed < _CLOSE:
                break

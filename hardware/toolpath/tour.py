"""Ends of strokes -> a short closed tour through all strokes: the greedy tour, shortened region by region.

Within a region of the sheet, the rest of the tour is fixed: each way out of the region and back is one long stroke,
which can be taken in either direction. So a region is a small tour of its own, and shortening it shortens the complete
tour by as much. Small tours fit into the processor's cache and are fast to reverse. Later rounds cut the sheet
elsewhere, so that strokes on a border are then inside a region.
"""

import numpy as np
from numpy.typing import NDArray

from hardware.toolpath.local_search import improve
from hardware.toolpath.start import Ends, Points, greedy, nearest

_REGION = 1500  # strokes
_KICKS_PER_STROKE, _FEWEST_KICKS, _MOST_KICKS = 40, 4000, 1_000_000
_STRETCH = 30  # strokes in one part of a kick, at most
_HEAT = 0.4  # of the mean gap: by how much a kick may lengthen the tour at first
_SEED = 1

# The share of the strokes that the first cut separates, and its axis; each round of a big tour has its own
_CUTS = ((0.5, 0), (0.36, 1), (0.29, 0))


def tour(points: Points, effort: float = 1.0) -> Ends:  # points [2 N, 2] mm -> [2 N]
    """Return a short tour through the N strokes with these ends, stroke 0 first.

    `effort` multiplies the work, which depends on the number of strokes only, so that the result is reproducible.
    """
    count = len(points) // 2
    if count < 3:
        return np.arange(len(points))
    visits = greedy(points)
    if count > 3:
        fair = np.clip(_KICKS_PER_STROKE * count, _FEWEST_KICKS, _MOST_KICKS)
        visits = _improved(points, visits, int(effort * fair))
    first = int(np.flatnonzero(visits // 2 == 0)[0])
    return np.roll(visits, -first)


def _improved(points: Points, visits: Ends, kicks: int) -> Ends:
    count = len(points) // 2
    middles = 0.5 * (points[::2] + points[1::2])
    rounds = _CUTS if count > 1.5 * _REGION else _CUTS[:1]
    for number, (share, axis) in enumerate(rounds):
        for region in _regions(middles, np.arange(count), share, axis):
            its_kicks = kicks * len(region) // (count * len(rounds))
            visits = _within(points, visits, region, its_kicks, _SEED + number)
    return visits


def _regions(middles: Points, strokes: Ends, share: float, axis: int) -> list[Ends]:
    """Split the strokes into groups of neighbours, none much larger than _REGION, by alternating cuts."""
    if len(strokes) <= 1.5 * _REGION:
        return [strokes]
    along = np.argsort(middles[strokes, axis], kind="stable")
    at = int(share * len(strokes))
    width, height = np.ptp(middles[strokes], axis=0)
    parts = strokes[along[:at]], strokes[along[at:]]
    return [region for part in parts for region in _regions(middles, part, 0.5, int(width < height))]


def _within(points: Points, visits: Ends, region: Ends, kicks: int, seed: int) -> Ends:
    """Return the tour, shortened within a region."""
    begin, end = _items(visits, region, len(points) // 2)
    own = points[visits[np.stack([begin, end - 1], axis=1).ravel()]]
    if len(begin) < 4:
        return visits
    order = np.arange(len(own))
    dots = (own[::2] == own[1::2]).all(axis=1).mean()
    near = nearest(own, order // 2, 10 if dots > 0.5 else 8)  # both ends of a dot coincide
    gap_mm = float(np.hypot(*(own[2::2] - own[1:-1:2]).T).mean())
    improve(own, near, order, kicks, _STRETCH, seed, _HEAT * gap_mm)
    parts = []
    for enter in order[::2].tolist():
        item = enter // 2
        run = visits[begin[item] : end[item]]
        parts.append(run if enter % 2 == 0 else run[::-1])
    return np.concatenate(parts)


def _items(visits: Ends, region: Ends, count: int) -> tuple[Ends, Ends]:
    """Return where in the tour each stroke of the region, and each run of other strokes, begins and ends."""
    inside: NDArray[np.bool_] = np.zeros(count, dtype=np.bool_)
    inside[region] = True
    here = inside[visits[::2] // 2]
    starts = np.flatnonzero(
        here | np.concatenate([[True], here[:-1]])
    )  # other strokes begin a run after one of the region
    return 2 * starts, 2 * np.concatenate([starts[1:], [count]])

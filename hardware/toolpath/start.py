"""The start of a tour: the near points of each point, found by a grid, and the greedy tour, shortest gaps first.

A tour is an array of ends: see `local_search`.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ends = NDArray[np.int64]
Points = NDArray[np.float64]

_NEIGHBOURS, _MANY = 8, 100_000


def greedy(points: Points) -> Ends:
    """Return a tour [2 N] of ends [2 N, 2] in mm, shortest gaps first: fragments grow until one is left."""
    partner = np.full(len(points), -1, dtype=np.int64)
    while True:
        fragment = np.full(len(points), -1, dtype=np.int64)
        fragments(partner, fragment)
        free = np.flatnonzero(partner < 0)
        if len(free) == 2:
            partner[free[0]], partner[free[1]] = free[1], free[0]
            visits = np.empty_like(partner)
            _walk(partner, visits)
            return visits
        a, b, _ = pairs(points, free, fragment, np.inf)
        match(partner, fragment, np.arange(len(points)), a, b)


def pairs(points: Points, free: Ends, fragment: Ends, most_mm: float) -> tuple[Ends, Ends, Points]:
    """Return near pairs of `free` ends in different fragments, at most `most_mm` apart, shortest first.

    `points` are [2 N, 2] in mm, `free` [F] and `fragment` [2 N] indices. Returns a [P], b [P] and lengths [P] in mm.
    """
    k = (
        _NEIGHBOURS if len(free) < _MANY else _NEIGHBOURS // 2
    )  # saves memory; what is missed is found in the next round
    near = nearest(points[free], fragment[free], k)
    rows, columns = np.nonzero(near >= 0)
    a, b = free[rows], free[near[rows, columns]]
    del near, rows, columns
    lengths = np.hypot(*(points[a] - points[b]).T)
    a, b = np.minimum(a, b), np.maximum(a, b)
    if np.isfinite(most_mm):
        within = lengths <= most_mm
        a, b, lengths = a[within], b[within], lengths[within]
    shortest = np.lexsort((b, a, lengths))
    return a[shortest], b[shortest], lengths[shortest]


@njit(cache=True, nogil=True)
def fragments(partner: Ends, fragment: Ends) -> None:
    """Write for each end the number of its stroke's fragment; arrays [2 N] of indices, `fragment` initially -1."""
    for end in range(len(partner)):
        if partner[end] >= 0 or fragment[end] >= 0:
            continue
        at = end
        while True:
            fragment[at] = end
            fragment[at ^ 1] = end
            if partner[at ^ 1] < 0:
                break
            at = partner[at ^ 1]


@njit(cache=True, nogil=True)
def match(partner: Ends, fragment: Ends, root: Ends, a: Ends, b: Ends) -> None:
    """Turn pairs of ends a [P], b [P], in this order, into travel moves if both are free and in different fragments."""
    for pair in range(len(a)):
        p, q = a[pair], b[pair]
        if partner[p] >= 0 or partner[q] >= 0:
            continue
        i, j = fragment[p], fragment[q]
        while root[i] != i:
            root[i] = root[root[i]]
            i = root[i]
        while root[j] != j:
            root[j] = root[root[j]]
            j = root[j]
        if i != j:
            partner[p], partner[q] = q, p
            root[max(i, j)] = min(i, j)


@njit(cache=True, nogil=True)
def _walk(partner: Ends, visits: Ends) -> None:
    at = 0
    for place in range(0, len(partner), 2):
        visits[place] = at
        visits[place + 1] = at ^ 1
        at = partner[at ^ 1]


def nearest(points: Points, group: Ends, k: int) -> Ends:  # [M, 2] mm, [M] -> [M, k]
    """Return for each point its k nearest points of other groups, nearest first, -1 if there are fewer. Uses a grid."""
    corner = points.min(axis=0)
    width, height = (points.max(axis=0) - corner).tolist()
    # two points per cell; a long thin set must not get endless rows of empty cells
    cell_mm = max(np.sqrt(2 * width * height / len(points)), max(width, height) / np.sqrt(64.0 * len(points)), 1e-9)
    column, row = ((points - corner) / cell_mm).astype(np.int64).T.copy()
    columns, rows = int(column.max()) + 1, int(row.max()) + 1
    cell = row * columns + column
    member = np.argsort(cell, kind="stable")
    begin = np.searchsorted(cell[member], np.arange(columns * rows + 1))
    near = np.full((len(points), k), -1, dtype=np.int64)
    _search(points, group, column, row, columns, rows, begin, member, cell_mm, near, np.empty(k))
    return near


@njit(cache=True, nogil=True)
def _search(
    points: Points, group: Ends, column: Ends, row: Ends, columns: int, rows: int, begin: Ends, member: Ends,
    cell_mm: float, near: Ends, squared: Points,
) -> None:  # fmt: skip
    """Fill `near`: search ring after ring of cells around each point until no nearer point is possible."""
    k = len(squared)
    for i in range(len(points)):
        for slot in range(k):
            squared[slot] = np.inf
        ring = 0
        # a point in ring r is at least r - 1 cells away
        while ring <= max(columns, rows) and (ring < 1 or squared[k - 1] > ((ring - 1) * cell_mm) ** 2):
            for y in range(max(row[i] - ring, 0), min(row[i] + ring, rows - 1) + 1):
                edge = y == row[i] - ring or y == row[i] + ring
                step = 1 if edge else 2 * ring
                for x in range(column[i] - ring, column[i] + ring + 1, step):
                    if x < 0 or x >= columns:
                        continue
                    for m in range(begin[y * columns + x], begin[y * columns + x + 1]):
                        j = member[m]
                        if group[j] == group[i]:
                            continue
                        d = (points[j, 0] - points[i, 0]) ** 2 + (points[j, 1] - points[i, 1]) ** 2
                        slot = k - 1
                        if d >= squared[slot]:
                            continue
                        while slot > 0 and squared[slot - 1] > d:
                            squared[slot] = squared[slot - 1]
                            near[i, slot] = near[i, slot - 1]
                            slot -= 1
                        squared[slot] = d
                        near[i, slot] = j
            ring += 1

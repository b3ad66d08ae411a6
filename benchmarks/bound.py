"""A lower bound on the travel of any order of strokes: Held and Karp's, for strokes instead of cities.

A plot is a round through all strokes, one of which is the park point. If one stroke is left out, the rest of the
round's travel is a tree over the others. So the shortest such tree, plus the two shortest ways to the stroke left out,
is not longer than the shortest round. Now give each end of a stroke a price that every travel to it pays. A round pays
each price once, whatever its order, so prices do not change which round is the shortest, but they do change which tree
is. Prices that rise where the tree has too many ways, and fall where it has none, raise the bound towards the shortest
round (Held and Karp 1971).

During the search for prices the tree uses only ways between near neighbours. The bound itself is taken from the
shortest tree over all ways, by Prim's algorithm.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial import cKDTree

Points = NDArray[np.float64]


def bound_mm(
    ends: Points,  # [2 N, 2] mm: both ends of each stroke
    known_mm: float,
    rounds: int = 400,
    near: int = 24,
) -> float:
    """A lower bound on the travel of any order of the strokes, there and back; stroke 0 is the park point.

    `known_mm` is the travel of some order; it determines how far prices are moved (Polyak's rule).
    """
    count = len(ends) // 2
    a, b = _ways(ends, near)
    length = np.hypot(*(ends[a] - ends[b]).T)
    # both ends of a dot are one place with one price, to which two ways lead
    node = np.arange(len(ends))
    is_dot = (ends[::2] == ends[1::2]).all(axis=1)
    node[1::2][is_dot] = node[::2][is_dot]
    wanted = np.bincount(node, minlength=len(ends)).astype(np.float64)
    best, price = -np.inf, np.zeros(len(ends))
    best_price, last_excess = price, np.zeros(len(ends))
    for number in range(rounds):
        of_end = price[node]
        total, used = _tree(a, b, length + of_end[a] + of_end[b], count)
        lone, at = _to_first(ends, of_end)
        value = total + lone - float((wanted * price).sum())
        if value > best:
            best, best_price = value, price
        excess = np.bincount(node[np.concatenate([a[used], b[used], at])], minlength=len(ends)) - wanted
        step = 0.99**number * max(known_mm - value, 0.001 * known_mm) / float((excess**2).sum())
        price = price + step * (0.7 * excess + 0.3 * last_excess)
        last_excess = excess
    lone, _ = _to_first(ends, best_price[node])
    return float(_prim(ends, best_price[node]) + lone - (wanted * best_price).sum())


def _ways(ends: Points, near: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of near ends of different strokes, [W] each, without those of stroke 0."""
    found = cKDTree(ends).query(ends, near + 2)[1]
    a = np.repeat(np.arange(len(ends)), near + 2)
    b = found.ravel()
    a, b = np.minimum(a, b), np.maximum(a, b)
    kept = (a // 2 != b // 2) & (a >= 2)
    pairs = np.unique(np.stack([a[kept], b[kept]], axis=1), axis=0)
    return pairs[:, 0], pairs[:, 1]


def _tree(
    a: NDArray[np.int64], b: NDArray[np.int64], paid: Points, count: int
) -> tuple[float, NDArray[np.int64]]:  # fmt: skip
    """The price of the shortest tree over strokes, and the ways that it uses."""
    shift = 1.0 - paid.min()  # the library takes a weight of 0 for no way at all
    order = np.argsort(paid, kind="stable")
    i, j = np.minimum(a // 2, b // 2)[order], np.maximum(a // 2, b // 2)[order]
    _, first = np.unique(i * count + j, return_index=True)  # the shortest of several ways between two strokes
    chosen = order[first]
    graph = coo_matrix((paid[chosen] + shift, (i[first], j[first])), shape=(count, count)).tocsr()
    tree = minimum_spanning_tree(graph).tocoo()
    key = {(int(p), int(q)): int(w) for p, q, w in zip(i[first], j[first], chosen, strict=True)}
    used = np.array([key[int(p), int(q)] for p, q in zip(tree.row, tree.col, strict=True)])
    return float(paid[used].sum()), used


def _to_first(ends: Points, price: Points) -> tuple[float, NDArray[np.int64]]:
    """The two shortest ways to stroke 0, one to each of its ends, and the ends that they join."""
    total, at = 0.0, []
    for end in (0, 1):
        paid = np.hypot(*(ends[2:] - ends[end]).T) + price[2:] + price[end]
        total += float(paid.min())
        at += [end, int(paid.argmin()) + 2]
    return total, np.array(at)


@njit(cache=True)
def _prim(ends: Points, price: Points) -> float:
    """The price of the shortest tree over all strokes but the first, with all ways allowed."""
    count = len(ends) // 2
    cost = np.full(count, np.inf)
    done = np.zeros(count, dtype=np.bool_)
    total = 0.0
    at = 1
    for _ in range(count - 2):
        done[at] = True
        for e in (2 * at, 2 * at + 1):
            x, y, p = ends[e, 0], ends[e, 1], price[e]
            for other in range(2, 2 * count):
                stroke = other >> 1
                if not done[stroke]:
                    d = np.sqrt((ends[other, 0] - x) ** 2 + (ends[other, 1] - y) ** 2) + p + price[other]
                    cost[stroke] = min(cost[stroke], d)
        nearest = np.inf
        for stroke in range(1, count):
            if not done[stroke] and cost[stroke] < nearest:
                nearest = cost[stroke]
                at = stroke
        total += nearest
    return total

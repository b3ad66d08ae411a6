"""Ends of strokes to a short round tour through all strokes: greedy matching of ends, then 2-opt, Or-opt, small kicks.

A tour is an array of ends: each stroke is entered at an even place and left at the odd place after it; between an odd
place and the next even one the pen travels, from the last place back to the first. Ends 2 i and 2 i + 1 are stroke i's.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ends = NDArray[np.int64]
Points = NDArray[np.float64]
Flags = NDArray[np.bool_]

_NEIGHBOURS = 8
_KICKS_PER_STROKE = 2  # beyond: some 2 % shorter at ten times the time
_FEWEST_KICKS, _MOST_KICKS = 300, 50_000
_LONGEST = 1000  # places that one move may shift after a kick
_SEED = 1


def tour(points: Points) -> Ends:  # points [2 N, 2] mm -> [2 N]
    """A short tour through the N strokes whose ends these are, stroke 0 first."""
    count = len(points) // 2
    if count < 3:
        return np.arange(len(points))
    visits = _greedy(points)
    if count > 3:
        near = _nearest(points, np.arange(len(points)) // 2, _NEIGHBOURS)
        kicks = min(max(_KICKS_PER_STROKE * count, _FEWEST_KICKS), _MOST_KICKS)
        _improve(
            points, near, visits, np.argsort(visits), visits.copy(), np.ones(len(visits), dtype=np.bool_),
            np.empty(0, dtype=np.int64), np.empty(32 * _LONGEST + 2000, dtype=np.int64), np.empty(128, dtype=np.int64),
            np.empty(12, dtype=np.int64), _LONGEST, 0, kicks, _SEED,
        )  # fmt: skip
    first = int(np.flatnonzero(visits // 2 == 0)[0])
    return np.roll(visits, -first)


def _greedy(points: Points) -> Ends:
    """Shortest gaps first: fragments of the tour grow until one is left."""
    partner = np.full(len(points), -1, dtype=np.int64)
    while True:
        fragment = np.full(len(points), -1, dtype=np.int64)
        _fragments(partner, fragment)
        free = np.flatnonzero(partner < 0)
        if len(free) == 2:
            partner[free[0]], partner[free[1]] = free[1], free[0]
            visits = np.empty_like(partner)
            _walk(partner, visits)
            return visits
        near = _nearest(points[free], fragment[free], _NEIGHBOURS)
        rows, columns = np.nonzero(near >= 0)
        a, b = free[rows], free[near[rows, columns]]
        a, b = np.minimum(a, b), np.maximum(a, b)
        lengths = np.hypot(*(points[a] - points[b]).T)
        shortest = np.lexsort((b, a, lengths))
        _match(partner, fragment, np.arange(len(points)), a[shortest], b[shortest])


@njit(cache=True, nogil=True)
def _fragments(partner: Ends, fragment: Ends) -> None:
    """Write for each end the number of the fragment that its stroke belongs to; -1 stands there before."""
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
def _match(partner: Ends, fragment: Ends, root: Ends, a: Ends, b: Ends) -> None:
    """Pairs of ends, in the order given, become travel moves where both are free and in different fragments."""
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


def _nearest(points: Points, group: Ends, k: int) -> Ends:  # [M, 2] mm, [M] -> [M, k]
    """For each point its k nearest ones of other groups, nearest first, -1 where there are fewer; by a grid."""
    corner = points.min(axis=0)
    width, height = (points.max(axis=0) - corner).tolist()
    # two points a cell; a long thin set must not get endless rows of empty cells
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
    """Fill `near`: ring after ring of cells round each point, until no nearer one can come."""
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


@njit(cache=True, nogil=True)
def _gap(points: Points, a: int, b: int) -> float:
    return np.sqrt((points[a, 0] - points[b, 0]) ** 2 + (points[a, 1] - points[b, 1]) ** 2)


@njit(cache=True, nogil=True)
def _wrap(at: int, size: int) -> int:
    """A place at most one round off, on the round tour (a division would take most of the time)."""
    if at >= size:
        return at - size
    return at + size if at < 0 else at


@njit(cache=True, nogil=True)
def _put(visits: Ends, place: Ends, log: Ends, logged: int, at: int, end: int) -> int:
    """Write an end at a place; what stood there is noted, if there is a log, so that it can be undone."""
    if len(log) > 0:
        log[2 * logged] = at
        log[2 * logged + 1] = visits[at]
    visits[at] = end
    place[end] = at
    return logged + 1


@njit(cache=True, nogil=True)
def _reverse(visits: Ends, place: Ends, log: Ends, logged: int, i: int, j: int) -> int:
    """Turn the places i..j (cyclic) round, or else all others, which is the same tour."""
    size = len(visits)
    length = _wrap(j - i, size) + 1
    if 2 * length > size:
        i, j, length = _wrap(j + 1, size), _wrap(i - 1, size), size - length
    for _ in range(length // 2):
        a, b = visits[i], visits[j]
        logged = _put(visits, place, log, logged, i, b)
        logged = _put(visits, place, log, logged, j, a)
        i = i + 1 if i + 1 < size else 0
        j = j - 1 if j > 0 else size - 1
    return logged


@njit(cache=True, nogil=True)
def _move(
    visits: Ends, place: Ends, log: Ends, logged: int, p: int, count: int, forward: int, backward: int,
    turned: bool, hand: Ends,
) -> int:  # fmt: skip
    """Take `count` places (at most 6) out at p, and put them in `forward` places later, or else `backward` earlier."""
    size = len(visits)
    for t in range(count):
        hand[6 + t] = visits[_wrap(p + (count - 1 - t if turned else t), size)]
    if forward > 0:
        for t in range(forward):
            logged = _put(visits, place, log, logged, _wrap(p + t, size), visits[_wrap(p + count + t, size)])
        p = p + forward
    else:
        for t in range(backward):
            logged = _put(visits, place, log, logged, _wrap(p + count - 1 - t, size), visits[_wrap(p - 1 - t, size)])
        p = p - backward
    for t in range(count):
        logged = _put(visits, place, log, logged, _wrap(p + t, size), hand[6 + t])
    return logged


@njit(cache=True, nogil=True)
def _descend(
    points: Points, near: Ends, visits: Ends, place: Ends, queue: Ends, queued: Flags, waiting: int,
    longest: int, log: Ends, logged: int, hand: Ends,
) -> tuple[float, int]:  # fmt: skip
    """Take every move that shortens the tour, for the ends in the queue and those that the moves touch.

    No move shifts more than `longest` places. Returns the length gained and the size of the log; the queue is empty.
    """
    size = len(visits)
    gained = 0.0
    head = 0
    while waiting > 0:
        e = queue[head]
        head = head + 1 if head + 1 < size else 0
        waiting -= 1
        queued[e] = False
        if len(log) > 0 and 2 * (logged + 2 * longest + 16) > len(log):
            continue  # no room to undo more: leave it at that
        i = place[e]
        leaves = i % 2 == 1  # the pen leaves the stroke at e, and travels on to a; else it has come from a
        step = 1 if leaves else -1
        a = visits[_wrap(i + step, size)]
        e_to_a = _gap(points, e, a)
        gain = 0.0

        # 2-opt: travel e-a and c-d becomes e-c and a-d
        for column in range(near.shape[1]):
            c = near[e, column]
            if c < 0 or _gap(points, e, c) >= e_to_a:
                break
            j = place[c]
            if (j % 2 == 1) != leaves or c == a:
                continue
            d = visits[_wrap(j + step, size)]
            g = e_to_a + _gap(points, c, d) - _gap(points, e, c) - _gap(points, a, d)
            if g < 1e-9:
                continue
            first, last = (_wrap(i + 1, size), j) if leaves else (i, _wrap(j - 1, size))
            length = _wrap(last - first, size) + 1
            if min(length, size - length) > longest:
                continue
            logged = _reverse(visits, place, log, logged, first, last)
            gain = g
            hand[0], hand[1], hand[2], hand[3] = e, a, c, d
            hand[4], hand[5] = e, a
            break

        # Or-opt: one to three strokes, from e to f, go from between a and b to between c and d
        strokes = 1
        while gain == 0.0 and strokes <= 3 and 2 * strokes < size - 2:
            f = visits[_wrap(i - step * (2 * strokes - 1), size)]
            b = visits[_wrap(i - step * 2 * strokes, size)]
            freed = e_to_a + _gap(points, f, b) - _gap(points, a, b)
            if freed > 1e-9:
                for column in range(near.shape[1]):
                    c = near[e, column]
                    if c < 0 or _gap(points, e, c) >= freed:
                        break
                    j = place[c]
                    other = _wrap(j + (1 if j % 2 == 1 else -1), size)
                    d = visits[other]
                    if _wrap((i - j) * step, size) < 2 * strokes or _wrap((i - other) * step, size) < 2 * strokes:
                        continue  # c-d is a-e or f-b
                    g = freed + _gap(points, c, d) - _gap(points, e, c) - _gap(points, f, d)
                    if g < 1e-9:
                        continue
                    p = _wrap(i - 2 * strokes + 1, size) if leaves else i
                    x = j if j % 2 == 1 else other  # the pen leaves a stroke at x: the chain comes after it
                    forward = _wrap(x - (p + 2 * strokes - 1), size)
                    backward = _wrap(p - 1 - x, size)
                    if min(forward, backward) > longest:
                        continue
                    turned = (visits[p] == e) != (x == j)
                    if forward <= backward:
                        backward = 0
                    else:
                        forward = 0
                    logged = _move(visits, place, log, logged, p, 2 * strokes, forward, backward, turned, hand)
                    gain = g
                    hand[0], hand[1], hand[2] = a, b, c
                    hand[3], hand[4], hand[5] = d, e, f
                    break
            strokes += 1

        if gain > 0.0:
            gained += gain
            for t in range(6):
                end = hand[t]
                if not queued[end]:
                    queued[end] = True
                    queue[_wrap(head + waiting, size)] = end
                    waiting += 1
    return gained, logged


@njit(cache=True, nogil=True)
def _improve(
    points: Points, near: Ends, visits: Ends, place: Ends, queue: Ends, queued: Flags, no_log: Ends, log: Ends,
    stretch: Ends, hand: Ends, longest: int, none: int, kicks: int, seed: int,
) -> None:  # fmt: skip
    """Shorten a tour in place: down to where no move helps, then on from small disturbances, keeping what gained.

    A kick swaps two neighbouring stretches of the tour (a double bridge within some sixty strokes), so that little has
    to be repaired, or undone where it did not help.
    """
    size = len(visits)
    _descend(points, near, visits, place, queue, queued, size, size, no_log, none, hand)
    most = min(30, (size // 2 - 2) // 2)
    random = np.uint64(seed)
    for _ in range(kicks):
        random = random * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)  # Knuth's MMIX
        dice = np.int64(random >> np.uint64(33))
        n, m = 2 * (1 + dice % most), 2 * (1 + dice // most % most)
        i = (2 * (dice // (most * most)) + 1) % size
        stretch[0], stretch[1] = visits[i], visits[_wrap(i + 1, size)]
        stretch[2], stretch[3] = visits[_wrap(i + n, size)], visits[_wrap(i + n + 1, size)]
        stretch[4], stretch[5] = visits[_wrap(i + n + m, size)], visits[_wrap(i + n + m + 1, size)]
        waiting = none
        gain = 0.0
        for t in range(6):
            # travel a-b, c-d, e-f becomes a-d, e-b, c-f
            if t % 2 == 0:
                gain += _gap(points, stretch[t], stretch[t + 1]) - _gap(points, stretch[t], stretch[(t + 3) % 6])
            queued[stretch[t]] = True
            queue[t] = stretch[t]
            waiting += 1
        for t in range(n + m):
            stretch[t] = visits[_wrap(i + 1 + _wrap(n + t, n + m), size)]
        logged = none
        for t in range(n + m):
            logged = _put(visits, place, log, logged, _wrap(i + 1 + t, size), stretch[t])
        more, logged = _descend(points, near, visits, place, queue, queued, waiting, longest, log, logged, hand)
        if gain + more < 0.0:
            for entry in range(logged - 1, -1, -1):
                visits[log[2 * entry]] = log[2 * entry + 1]
                place[log[2 * entry + 1]] = log[2 * entry]

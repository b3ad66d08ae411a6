"""Local search that shortens a tour: exchanges of two and three travel moves between near ends, and small kicks.

A tour is an array of ends: each stroke is entered at an even place and left at the odd place after it. The pen travels
between an odd place and the next even one, and from the last place back to the first. Ends 2 i and 2 i + 1 belong to
stroke i.

The letters are those of Lin and Kernighan (1973): the travel moves t1-t2, t3-t4 and t5-t6 are removed, t2-t3, t4-t5 and
t6-t1 are added. Distances along the tour count from t1 in the direction in which the pen leaves it: t1 is at 0, t2 at
1, and so on. Ends at odd distances are entered, ends at even ones left.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ends = NDArray[np.int64]
Points = NDArray[np.float64]
Flags = NDArray[np.bool_]

_LEAST = 1e-7  # mm that a move must save


@njit(nogil=True)
def _gap(points: Points, a: int, b: int) -> float:
    return np.sqrt((points[a, 0] - points[b, 0]) ** 2 + (points[a, 1] - points[b, 1]) ** 2)


@njit(nogil=True)
def _reverse(visits: Ends, place: Ends, i: int, j: int) -> None:
    """Reverse the places i..j (cyclic), or all others, which gives the same tour. Doing it twice undoes it."""
    size = len(visits)
    length = (j - i + size if j < i else j - i) + 1
    if 2 * length > size:
        i, j, length = (j + 1 if j + 1 < size else 0), (i - 1 if i > 0 else size - 1), size - length
    for _ in range(length // 2):
        a, b = visits[i], visits[j]
        visits[i], visits[j] = b, a
        place[b], place[a] = i, j
        i = i + 1 if i + 1 < size else 0
        j = j - 1 if j > 0 else size - 1


@njit(nogil=True)
def _exchange(visits: Ends, place: Ends, done: Ends, count: int, a: int, b: int, d: int) -> int:
    """Replace the travel moves a-b and d-c by a-d and b-c, where c follows d as b follows a. Recorded in `done`."""
    first, last = (place[b], place[d]) if place[a] % 2 == 1 else (place[d], place[b])
    _reverse(visits, place, first, last)
    done[2 * count], done[2 * count + 1] = first, last
    return count + 1


@njit(nogil=True)
def _best_move(points: Points, near: Ends, visits: Ends, place: Ends, t1: int, found: Ends) -> float:
    """Return what the best exchange that begins at t1 saves, in mm. `found` receives its kind and t2 to t6.

    Kind 0 exchanges two moves. Kind 1 removes t1-t4 again, with t5-t6 anywhere. In kinds 2 and 3, t3 is left, not
    entered, so that t2..t3 becomes a separate tour, which t5-t6 within it joins to the rest, reversed or not.
    """
    size = len(visits)
    k = near.shape[1]
    at1 = place[t1]
    step = 1 if at1 % 2 == 1 else -1
    at2 = at1 + step
    if at2 == size:
        at2 = 0
    elif at2 < 0:
        at2 = size - 1
    t2 = visits[at2]
    d12 = _gap(points, t1, t2)
    best = _LEAST
    for m in range(k):
        t3 = near[t2, m]
        if t3 < 0:
            break
        g1 = d12 - _gap(points, t2, t3)
        if g1 <= _LEAST:
            break
        q3 = (place[t3] - at1) * step
        if q3 < 0:
            q3 += size
        if q3 % 2 == 1:  # entered
            if q3 == 1:
                continue
            at4 = place[t3] - step
            if at4 == size:
                at4 = 0
            elif at4 < 0:
                at4 = size - 1
            t4 = visits[at4]
            g2 = g1 + _gap(points, t3, t4)
            closed = g2 - _gap(points, t4, t1)
            if closed > best:
                best = closed
                found[0], found[1], found[2], found[3] = 0, t2, t3, t4
            for n in range(k):
                t5 = near[t4, n]
                if t5 < 0:
                    break
                g3 = g2 - _gap(points, t4, t5)
                if g3 <= best:
                    break
                q5 = (place[t5] - at1) * step
                if q5 < 0:
                    q5 += size
                if q5 > q3 and q5 % 2 == 1:
                    at6 = place[t5] - step
                elif 0 < q5 < q3 - 1 and q5 % 2 == 0:
                    at6 = place[t5] + step
                else:
                    continue
                if at6 == size:
                    at6 = 0
                elif at6 < 0:
                    at6 = size - 1
                t6 = visits[at6]
                closed = g3 + _gap(points, t5, t6) - _gap(points, t6, t1)
                if closed > best:
                    best = closed
                    found[0], found[1], found[2], found[3], found[4], found[5] = 1, t2, t3, t4, t5, t6
        else:  # left
            if q3 == 0:
                continue
            at4 = place[t3] + step
            if at4 == size:
                at4 = 0
            elif at4 < 0:
                at4 = size - 1
            t4 = visits[at4]
            g2 = g1 + _gap(points, t3, t4)
            for n in range(k):
                t5 = near[t4, n]
                if t5 < 0:
                    break
                g3 = g2 - _gap(points, t4, t5)
                if g3 <= best:
                    break
                q5 = (place[t5] - at1) * step
                if q5 < 0:
                    q5 += size
                if q5 == 0 or q5 > q3:
                    continue
                if q5 % 2 == 1:
                    if q5 == 1:
                        continue
                    kind = 2
                    at6 = place[t5] - step
                else:
                    if q5 == q3:
                        continue
                    kind = 3
                    at6 = place[t5] + step
                if at6 == size:
                    at6 = 0
                elif at6 < 0:
                    at6 = size - 1
                t6 = visits[at6]
                closed = g3 + _gap(points, t5, t6) - _gap(points, t6, t1)
                if closed > best:
                    best = closed
                    found[0], found[1], found[2], found[3], found[4], found[5] = kind, t2, t3, t4, t5, t6
    return best if best > _LEAST else 0.0


@njit(nogil=True)
def _apply(visits: Ends, place: Ends, done: Ends, count: int, t1: int, found: Ends) -> int:
    kind, t2, t3, t4, t5, t6 = found[0], found[1], found[2], found[3], found[4], found[5]
    if kind == 0:
        return _exchange(visits, place, done, count, t1, t2, t4)
    if kind == 1:
        count = _exchange(visits, place, done, count, t1, t2, t4)
        return _exchange(visits, place, done, count, t1, t4, t6)
    if kind == 2:
        count = _exchange(visits, place, done, count, t1, t2, t6)
        return _exchange(visits, place, done, count, t2, t5, t3)
    count = _exchange(visits, place, done, count, t1, t2, t3)
    count = _exchange(visits, place, done, count, t1, t3, t6)
    return _exchange(visits, place, done, count, t3, t5, t2)


@njit(nogil=True)
def _descend(
    points: Points, near: Ends, visits: Ends, place: Ends, queue: Ends, queued: Flags, waiting: int,
    done: Ends, count: int, found: Ends,
) -> tuple[float, int]:  # fmt: skip
    """Apply every exchange that shortens the tour, for the ends in the queue and those that they affect.

    Returns the length gained and the number of recorded reversals; it stops when there is no room for more.
    """
    size = len(visits)
    gained = 0.0
    head = 0
    while waiting > 0:
        t1 = queue[head]
        head = head + 1 if head + 1 < size else 0
        waiting -= 1
        queued[t1] = False
        if 2 * (count + 4) > len(done):
            continue
        gain = _best_move(points, near, visits, place, t1, found)
        if gain == 0.0:
            continue
        gained += gain
        count = _apply(visits, place, done, count, t1, found)
        found[6] = t1
        for t in range(1, 7):
            if t > 3 and t < 6 and found[0] == 0:
                continue
            end = found[t]
            if not queued[end]:
                queued[end] = True
                at = head + waiting
                queue[at - size if at >= size else at] = end
                waiting += 1
    return gained, count


@njit(nogil=True)
def _kick(points: Points, visits: Ends, place: Ends, done: Ends, queue: Ends, at: int, n: int, m: int, k: int) -> float:
    """Reorder three sections of n, m and k places after place `at` in the opposite order, without reversing them.

    This is the double bridge of Martin, Otto and Felten (1991), which no single chain of exchanges undoes. Puts the
    eight ends with a new neighbour into the queue, records four reversals, and returns what it saves in mm (mostly a
    negative number).
    """
    size = len(visits)
    i = at + 1 if at + 1 < size else 0
    cuts = (0, n, n + m, n + m + k)
    saved = 0.0
    for c in range(4):
        a, b = (at + cuts[c]) % size, (i + cuts[c]) % size
        queue[2 * c], queue[2 * c + 1] = visits[a], visits[b]
        saved += _gap(points, visits[a], visits[b])
    spans = ((0, n + m + k), (0, k), (k, k + m), (k + m, k + m + n))
    for c in range(4):
        first, last = (i + spans[c][0]) % size, (i + spans[c][1] - 1) % size
        _reverse(visits, place, first, last)
        done[2 * c], done[2 * c + 1] = first, last
    cuts = (0, k, k + m, n + m + k)
    for c in range(4):
        saved -= _gap(points, visits[(at + cuts[c]) % size], visits[(i + cuts[c]) % size])
    return saved


@njit(cache=True, nogil=True)
def improve(
    points: Points, near: Ends, visits: Ends, kicks: int, most: int, seed: int, heat: float
) -> float:  # fmt: skip
    """Shorten a tour in place: to a local optimum, then by small kicks, keeping those that gain.

    `points` are the ends, [2 N, 2] in mm; `near` [2 N, k] their near ends; `visits` [2 N] the tour. The sections of a
    kick have up to `most` strokes each, so that little has to be repaired, or undone if it does not help. At first a
    kick may make the tour longer by about `heat` mm, later by less and less, so that the search leaves local optima.
    Returns the length gained in mm.
    """
    size = len(visits)
    place = np.empty(size, dtype=np.int64)
    for at in range(size):
        place[visits[at]] = at
    queue = np.empty(size, dtype=np.int64)
    queued = np.zeros(size, dtype=np.bool_)
    done = np.empty(2000, dtype=np.int64)
    found = np.empty(7, dtype=np.int64)
    gained = 0.0
    gain = 1.0
    while gain > 0.0:  # more than once, since `done` may fill up
        queue[:] = visits
        queued[:] = True
        gain, count = _descend(points, near, visits, place, queue, queued, size, done, 0, found)
        gained += gain
    most = min(most, size // 12)
    if most < 1:
        return gained
    random = np.uint64(seed)
    for kick in range(kicks):
        random = random * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)  # Knuth's MMIX
        dice = np.int64(random >> np.uint64(33))
        behind = (2 * (dice % (size // 2)) + 1) % size
        random = random * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
        dice = np.int64(random >> np.uint64(33))
        n, m = 2 * (1 + dice % most), 2 * (1 + dice // most % most)
        k = 2 * (1 + dice // (most * most) % most)
        gain = _kick(points, visits, place, done, queue, behind, n, m, k)
        for t in range(8):
            queued[queue[t]] = True
        more, count = _descend(points, near, visits, place, queue, queued, 8, done, 4, found)
        bar = -1e-9
        if heat > 0:
            bar += heat * (1 - kick / kicks) * np.log(((random >> np.uint64(11)) % np.uint64(1000003) + 1) / 1000004.0)
        if gain + more < bar:
            for entry in range(count - 1, -1, -1):
                _reverse(visits, place, done[2 * entry], done[2 * entry + 1])
        else:
            gained += gain + more
    return gained

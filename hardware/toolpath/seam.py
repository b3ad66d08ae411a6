"""Joins lines whose ends meet into longer lines."""

from itertools import pairwise

import numpy as np

from hardware.drawing import Line

End = int  # 2 i is the first point of line i, 2 i + 1 its last


def joined(lines: tuple[Line, ...], gap_mm: float) -> tuple[Line, ...]:
    """Return the lines, [S, 2] in mm, joined where two ends are within the gap, nearest first.

    Each joined line takes the place of its earliest part. Dots are left unchanged, and no line is joined to itself.
    """
    partner = _partners(lines, gap_mm)
    done: set[int] = set()
    result = []
    for i in range(len(lines)):
        if i not in done:
            chain = _chain(i, partner)
            done.update(end // 2 for end in chain)
            result.append(_concatenated([lines[e // 2] if e % 2 == 0 else lines[e // 2][::-1] for e in chain]))
    return tuple(result)


def _partners(lines: tuple[Line, ...], gap_mm: float) -> dict[End, End]:
    """Return the pairs of ends, nearest first, each end once, never closing a ring."""
    from hardware.toolpath.start import fragments, match, pairs  # numba is slow to import

    points = np.array([end for line in lines for end in (line[0], line[-1])], dtype=np.float64).reshape(-1, 2)
    lone = np.repeat([len(line) < 2 for line in lines], 2)
    partner = np.full(len(points), -1, dtype=np.int64)
    while True:
        fragment = np.full(len(points), -1, dtype=np.int64)
        fragments(partner, fragment)
        free = np.flatnonzero((partner < 0) & ~lone)
        if len(free) < 2:
            break
        a, b, _ = pairs(points, free, fragment, gap_mm)
        if len(a) == 0:
            break
        match(partner, fragment, np.arange(len(points)), a, b)
    met = np.flatnonzero(partner >= 0)
    return dict(zip(met.tolist(), partner[met].tolist(), strict=True))


def _chain(i: int, partner: dict[End, End]) -> list[End]:
    """Return the ends at which the lines of i's chain are entered, from one end of the chain to the other."""
    enter = 2 * i
    while enter in partner:  # back to the start of the chain: leave the previous line by its other end
        enter = partner[enter] ^ 1
    chain = [enter]
    while (leave := chain[-1] ^ 1) in partner:
        chain.append(partner[leave])
    return chain


def _concatenated(parts: list[Line]) -> Line:
    if len(parts) == 1:
        return parts[0]
    rest = [part[1:] if np.array_equal(before[-1], part[0]) else part for before, part in pairwise(parts)]
    return np.concatenate([parts[0], *rest])

"""Lines whose ends meet to longer lines."""

import math
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from hardware.drawing import Line

End = int  # 2 i is the first point of line i, 2 i + 1 its last


def joined(lines: tuple[Line, ...], gap_mm: float) -> tuple[Line, ...]:
    """Lines joined wherever two ends, and no nearer ones, lie within the gap; each in the place of its earliest part.

    Dots stay as they are, and a line does not close on itself: it is closed already.
    """
    ends = {
        end: (float(x), float(y))
        for i, line in enumerate(lines)
        if len(line) > 1
        for end, (x, y) in ((2 * i, line[0]), (2 * i + 1, line[-1]))
    }
    partner = _partners(sorted(_near(ends, gap_mm)), len(lines))
    done: set[int] = set()
    result = []
    for i in range(len(lines)):
        if i not in done:
            chain = _chain(i, partner)
            done.update(end // 2 for end in chain)
            result.append(_concatenated([lines[e // 2] if e % 2 == 0 else lines[e // 2][::-1] for e in chain]))
    return tuple(result)


def _near(ends: dict[End, tuple[float, float]], gap_mm: float) -> Iterator[tuple[float, End, End]]:
    """Each two ends of different lines within the gap, with their distance."""
    cells: dict[tuple[int, int], list[End]] = defaultdict(list)
    for end, (x, y) in ends.items():
        column, row = math.floor(x / gap_mm), math.floor(y / gap_mm)
        for cell in ((column + dx, row + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)):
            for other in cells.get(cell, ()):
                distance = math.dist(ends[other], (x, y))
                if distance <= gap_mm and other // 2 != end // 2:
                    yield distance, other, end
        cells[column, row].append(end)


def _partners(pairs: list[tuple[float, End, End]], count: int) -> dict[End, End]:
    """The nearest pairs first, each end once, never closing a ring."""
    root = list(range(count))

    def find(i: int) -> int:
        while root[i] != i:
            root[i] = root[root[i]]
            i = root[i]
        return i

    partner: dict[End, End] = {}
    for _, a, b in pairs:
        chain_a, chain_b = find(a // 2), find(b // 2)
        if a not in partner and b not in partner and chain_a != chain_b:
            partner[a], partner[b] = b, a
            root[max(chain_a, chain_b)] = min(chain_a, chain_b)
    return partner


def _chain(i: int, partner: dict[End, End]) -> list[End]:
    """The ends at which the lines of i's chain are entered, from one end of the chain to the other."""
    enter = 2 * i
    while enter in partner:  # back to the chain's beginning: leave the line before by its other end
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

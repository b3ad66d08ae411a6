"""Rows and spirals that wave: the darker the place, the wider and the closer the waves."""

import math

import numpy as np
from numpy.typing import NDArray

from renderer.marks.demand import LEAST, MOST, Line, MarkInput, strokes_of
from renderer.spec import Spiral, Waves
from renderer.spec.kinds import ROW_NIBS, TURN_NIBS
from renderer.strokes import Strokes

REACH = 0.42  # of the way to the next row: how far a wave swings at most
SHORTEST_NIBS = 2.2  # wave: shorter, and its flanks run into each other
SQUARE = 5.0  # power of the superellipse along the frame: its corners are hardly round
CALM_NIBS = 8.0  # way between two knots where a row runs straight


def waves(kind: Waves, canvas: MarkInput) -> Strokes:
    """Parallel rows, cut where nothing is wanted."""
    height, width = canvas.size_px
    angle = math.radians(kind.angle)
    across = abs(width * math.sin(angle)) + abs(height * math.cos(angle))
    demand = canvas.paid_demand()
    lines: list[list[Line]] = []
    for pen, wanted in enumerate(demand):
        gap_px = across / kind.count if isinstance(kind.count, int) else ROW_NIBS * canvas.nib_px(pen)
        mine: list[Line] = []
        for row in range(int(across / gap_px)):
            offset = (row + 0.5 + pen / len(demand)) * gap_px - across / 2
            straight = _row(offset, angle, width, height)
            if straight is not None:
                mine += _waving(straight, wanted, gap_px, canvas.nib_px(pen), breaks=True)
        lines.append(mine)
    return strokes_of(lines, canvas)


def spiral(kind: Spiral, canvas: MarkInput) -> Strokes:
    """For each pen one spiral from the middle outwards, round within and ever more like the frame."""
    height, width = canvas.size_px
    demand = canvas.paid_demand()
    lines: list[list[Line]] = []
    for pen, wanted in enumerate(demand):
        nib_px = canvas.nib_px(pen)
        reach = min(width, height) / 2 - nib_px
        gap_px = reach / kind.count if isinstance(kind.count, int) else TURN_NIBS * nib_px
        path = _spiral_path(width, height, reach / gap_px, nib_px, 2 * math.pi * pen / len(demand))
        lines.append(_waving(path, wanted, gap_px, nib_px, breaks=False))
    return strokes_of(lines, canvas)


def _spiral_path(
    width: int, height: int, turns: float, nib_px: float, start: float
) -> NDArray[np.float64]:  # [S, 2] px
    """A superellipse |x / a|^n + |y / b|^n = 1 that grows with each turn: n is 2 in the middle, `SQUARE` outside."""
    middle = np.array([width, height]) / 2
    outer = middle - nib_px
    count = int(turns * turns * math.pi * math.hypot(*outer) / turns / nib_px) + 64
    theta = 2 * math.pi * turns * np.sqrt(np.linspace(0, 1, count))
    share = theta / (2 * math.pi * turns)
    power = 2 + (SQUARE - 2) * share**2
    cos, sin = np.cos(theta + start), np.sin(theta + start)
    radius = share / (np.abs(cos) ** power + np.abs(sin) ** power) ** (1 / power)
    path: NDArray[np.float64] = middle + outer * (radius[:, None] * np.stack([cos, sin], 1))
    return path


def _row(offset: float, angle: float, width: int, height: int) -> NDArray[np.float64] | None:
    """The part within the picture of a straight line at this distance from the middle."""
    along, normal = np.array([math.cos(angle), -math.sin(angle)]), np.array([math.sin(angle), math.cos(angle)])
    middle = np.array([width / 2, height / 2]) + offset * normal
    reach = math.hypot(width, height)
    at = np.linspace(-reach / 2, reach / 2, int(reach) + 2)[:, None]
    path = middle + at * along
    inside = path[(path >= 0).all(1) & (path < [width, height]).all(1)]
    return inside if len(inside) > 4 else None


def _waving(
    path: NDArray[np.float64], wanted: NDArray[np.float64], gap_px: float, nib_px: float, *, breaks: bool
) -> list[Line]:
    """Knots at the crests of waves about a path: as much longer than it as ink is wanted beyond a straight line."""
    steps = np.hypot(*np.diff(path, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    height, width = wanted.shape

    def at(s: float) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
        x, y = np.interp(s, along, path[:, 0]), np.interp(s, along, path[:, 1])
        ahead = min(s + 1.0, along[-1])
        tangent = np.array([np.interp(ahead, along, path[:, 0]) - x, np.interp(ahead, along, path[:, 1]) - y])
        size = math.hypot(*tangent) or 1.0
        tone = wanted[min(int(y), height - 1), min(int(x), width - 1)]
        return np.array([x, y]), np.array([-tangent[1], tangent[0]]) / size, min(float(tone), MOST)

    pieces: list[Line] = []
    knots: list[NDArray[np.float64]] = []
    s, side = 0.0, 1.0
    while s <= along[-1]:
        place, normal, tone = at(s)
        if breaks and tone < LEAST:
            if len(knots) > 1:
                pieces.append(np.array(knots, np.float32))
            knots = []
            s += nib_px
            continue
        times = tone * gap_px / nib_px  # longer than the straight row
        if times <= 1.02:
            knots.append(place)
            s += min(CALM_NIBS * nib_px, gap_px)
            continue
        swing = REACH * gap_px * min(1.0, 2 * (times - 1))
        wave = max(SHORTEST_NIBS * nib_px, 4 * swing / math.sqrt(times**2 - 1))
        knots.append(place + side * swing * normal)
        side, s = -side, s + wave / 2
    if len(knots) > 1:
        pieces.append(np.array(knots, np.float32))
    return pieces

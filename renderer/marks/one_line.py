"""One line, and one scribble, for each pen: stipples, joined by a short tour."""

import math

import numpy as np
from numpy.typing import NDArray

from hardware.toolpath.tour import tour
from renderer.marks.demand import LEAST, MOST, Line, MarkInput, strokes_of
from renderer.spec import OneLine, Scribble
from renderer.spec.kinds import LOOP, MOST_POINTS, RADIUS_NIBS, TOUR
from renderer.stipple import apportioned, relaxed, sampled
from renderer.strokes import Strokes

LOOP_KNOTS = 6  # knots of a loop
LOOSE, LOOSE_SHARE = 5.0, 0.02  # gaps, in usual ones, that are too long near an end; share of points that are near it
_ITERATIONS = 20
_SIDE_PX = 1200  # of the picture that stipples are counted on


def one_line(kind: OneLine, canvas: MarkInput) -> Strokes:
    """For each pen one line, closer to itself the more ink is wanted: its density is the square of the tone."""
    demand = canvas.demand()
    demand = np.where(demand > LEAST, np.minimum(demand, MOST), 0.0)
    count = _count(kind.count, demand, canvas)
    sites = _stippled(demand**2, count, canvas)
    return strokes_of([[_toured(points)] if len(points) > 1 else [] for points in sites], canvas)


def _count(count: int | str, demand: NDArray[np.float64], canvas: MarkInput) -> int:
    """As many points as make a tour cover the demand: one through n points is TOUR sqrt(n A) long."""
    if canvas.ink_mm is None and isinstance(count, int):
        return count
    lines_px = sum(one.sum() / canvas.nib_px(pen) for pen, one in enumerate(demand))
    wanted_px = lines_px if canvas.ink_mm is None else canvas.ink_mm * canvas.frame.px_per_mm
    area_px = max(float((demand.sum(0) > LEAST).sum()), 1.0)
    return int(np.clip((wanted_px / TOUR) ** 2 / area_px, 50, MOST_POINTS))


def _stippled(demand: NDArray[np.float64], count: int, canvas: MarkInput) -> list[NDArray[np.float64]]:
    """Points of each pen, evenly spread by the square root of the density."""
    if not demand.any():
        return [np.empty((0, 2)) for _ in demand]
    counts = apportioned(count, demand.sum((1, 2)))
    fine = max(1, min(4, round(_SIDE_PX / max(canvas.size_px))))
    fined = demand.repeat(fine, 1).repeat(fine, 2)
    sites = [sampled(one, n, canvas.generator) for one, n in zip(fined, counts, strict=True)]
    return [one / fine for one in relaxed(sites, fined, _ITERATIONS)]


def _toured(points: NDArray[np.float64]) -> Line:  # [N, 2]
    ends = np.repeat(points, 2, 0)
    order = tour(ends)[::2] // 2
    path = points[order]
    gaps = np.hypot(*(path - np.roll(path, 1, 0)).T)
    line: Line = np.roll(path, -int(gaps.argmax()), 0).astype(np.float32)  # open where it is longest
    return _without_loose_ends(line)


def _without_loose_ends(line: Line) -> Line:
    """The line without a few last points far out in a blank area: its ends would dangle there."""
    gaps = np.hypot(*np.diff(line, axis=0).T)
    far = gaps > LOOSE * np.median(gaps)
    some = round(LOOSE_SHARE * len(line))
    begin = int(np.flatnonzero(far[:some]).max(initial=-1)) + 1
    end = int(np.flatnonzero(far[::-1][:some]).max(initial=-1)) + 1
    return line[begin : len(line) - end]


def scribble(kind: Scribble, canvas: MarkInput) -> Strokes:
    """For each pen one line of loops: the tighter they follow each other, the darker."""
    demand = canvas.demand()
    demand = np.where(demand > LEAST, np.minimum(demand, MOST), 0.0)
    lines: list[list[Line]] = []
    for pen, wanted in enumerate(demand):
        nib_px = canvas.nib_px(pen)
        radius_px = (kind.radius_mm * canvas.frame.px_per_mm) if kind.radius_mm else RADIUS_NIBS * nib_px
        lines.append(_looped(kind, wanted, demand.sum(), radius_px, nib_px, canvas))
    return strokes_of(lines, canvas)


def _kept_inside(middles: NDArray[np.float64], radius_px: float, canvas: MarkInput) -> NDArray[np.float64]:  # [N, 2]
    """The middles moved inwards where a loop would be cut off by the edge, and would run along it."""
    size = np.array(canvas.size_px[::-1], np.float64)
    inset = np.minimum(radius_px, size / 2)
    inside: NDArray[np.float64] = middles.clip(inset, size - inset)
    return inside


def _looped(
    kind: Scribble, wanted: NDArray[np.float64], total: float, radius_px: float, nib_px: float, canvas: MarkInput
) -> list[Line]:
    """A tour through the middles of the loops, and a loop about each."""
    if canvas.ink_mm is None and isinstance(kind.count, int):
        count = round(kind.count * wanted.sum() / max(total, 1e-9))
    else:
        ink_px = wanted.sum() / nib_px
        if canvas.ink_mm is not None:
            ink_px = canvas.ink_mm * canvas.frame.px_per_mm * wanted.sum() / max(total, 1e-9)
        count = int(ink_px / (LOOP * radius_px))
    if count < 2:
        return []
    [middles] = _stippled(wanted[None], count, canvas)
    path = _toured(_kept_inside(middles, radius_px, canvas))
    heading = np.arctan2(*np.gradient(path, axis=0).T[::-1])
    turn = np.arange(LOOP_KNOTS) / LOOP_KNOTS * 2 * math.pi
    angle = heading[:, None] - math.pi / 2 + turn[None]
    onward = np.diff(path, axis=0, append=path[-1:])[:, None] * (turn / (2 * math.pi))[None, :, None]
    loops = path[:, None] + onward + radius_px * np.stack([np.cos(angle), np.sin(angle)], -1)
    line: Line = loops.reshape(-1, 2).astype(np.float32)
    height, width = canvas.size_px
    return [line.clip([0, 0], [width, height]).astype(np.float32)]

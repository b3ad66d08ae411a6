"""Hatching and flow lines: evenly spaced lines along the form, or at an angle, at the spacing that the tone wants."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from renderer.marks.demand import KNOT_NIBS, LEAST, MOST, Line, MarkInput, length_px, strokes_of
from renderer.marks.streamlines import trace
from renderer.spec import Flow, Hatching
from renderer.strokes import Strokes

ONE_FAMILY = 0.55  # most that one family of a cross-hatching covers; the next begins where more is wanted
SHORTEST_NIBS = 5.0
USUAL_NIBS = 60.0  # longest stroke of a hatching, where nothing is planned
_TRIALS = 7  # spacings that are tried for a count, or for a length of ink
_MOST_POINTS = 6_000_000

DirectionField = NDArray[np.float32]


def hatching(kind: Hatching, canvas: MarkInput) -> Strokes:
    """Families of nearly parallel strokes."""
    longest_mm = kind.max_length_mm or USUAL_NIBS * sum(canvas.palette.width_mm) / 2
    return _fitted(kind.count, canvas, lambda scale: _families(kind, canvas, longest_mm, scale))


def flow(kind: Flow, canvas: MarkInput) -> Strokes:
    """Long lines along the form."""
    longest_mm = kind.max_length_mm or max(canvas.frame.width_mm, canvas.frame.height_mm) / 2
    whole = Hatching(max_length_mm=longest_mm)
    return _fitted(kind.count, canvas, lambda scale: _families(whole, canvas, longest_mm, scale))


def _fitted(count: int | str, canvas: MarkInput, placed: Callable[[float], list[list[Line]]]) -> Strokes:
    """The lines at the scale of ink at which they are as long as was planned, or as many as the spec says."""

    def amount(lines: list[list[Line]]) -> float:
        if canvas.ink_mm is None:
            return sum(len(mine) for mine in lines)
        return sum(length_px(line) for mine in lines for line in mine) / canvas.frame.px_per_mm

    wanted = float(count) if canvas.ink_mm is None else canvas.ink_mm
    low, high, best = 0.0, 3.0, placed(1.0)
    scale = 1.0
    for _ in range(_TRIALS):
        found = amount(best)
        if abs(found - wanted) < 0.02 * wanted:
            break
        low, high = (scale, high) if found < wanted else (low, scale)
        scale = (low + high) / 2 if low else high / 2
        best = placed(scale)
    return strokes_of(best, canvas, KNOT_NIBS * canvas.nib_px(0))


def _families(kind: Hatching, canvas: MarkInput, longest_mm: float, scale: float) -> list[list[Line]]:
    """The lines of each pen, for demand times `scale`."""
    lines: list[list[Line]] = []
    for pen, wanted in enumerate(canvas.demand()):
        nib_px, left = canvas.nib_px(pen), np.minimum(scale * wanted, MOST)
        mine: list[Line] = []
        for family in range(kind.cross):
            share = left if family == kind.cross - 1 else np.minimum(left, ONE_FAMILY)
            mine += _lines(_field(kind, family, canvas), share, nib_px, longest_mm * canvas.frame.px_per_mm)
            left = 1 - (1 - left) / (1 - share)
        lines.append(mine)
    return lines


def _field(kind: Hatching, family: int, canvas: MarkInput) -> DirectionField:  # [H, W, 2]
    turned = math.pi * family / kind.cross
    if kind.angle is None and canvas.form is not None:
        along = canvas.form.permute(1, 2, 0).numpy()
        cos, sin = math.cos(turned), math.sin(turned)
        return np.ascontiguousarray(
            np.stack([cos * along[..., 0] - sin * along[..., 1], sin * along[..., 0] + cos * along[..., 1]], -1),
            dtype=np.float32,
        )
    angle = math.radians(kind.angle if kind.angle is not None else 45) + turned
    field = np.empty((*canvas.size_px, 2), np.float32)
    field[:] = math.cos(angle), -math.sin(angle)
    return field


def _lines(field: DirectionField, share: NDArray[np.float64], nib_px: float, longest_px: float) -> list[Line]:
    """Evenly spaced lines that cover this share of each place."""
    spacing = np.where(share > LEAST, nib_px / np.maximum(share, 1e-6), np.inf).astype(np.float32)
    step = max(2, round(1.5 * nib_px))
    rows, columns = np.mgrid[step // 2 : share.shape[0] : step, step // 2 : share.shape[1] : step]
    order = np.argsort(-share[rows, columns], axis=None, kind="stable")  # where most is wanted first
    seeds = np.stack([columns.ravel(), rows.ravel()], 1)[order].astype(np.float32) + 0.5
    points = np.empty((min(_MOST_POINTS, 40 + int(6 * share.sum() / nib_px * 2) + 4 * share.size), 2), np.float32)
    starts = np.empty(200_001, np.int64)
    count = trace(field, spacing, seeds, SHORTEST_NIBS * nib_px, longest_px, 4.0, points, starts)
    return [points[starts[n] : starts[n + 1]].copy() for n in range(count)]

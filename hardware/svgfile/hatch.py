"""A filled shape -> the parallel lines with which a pen fills it."""

from collections.abc import Iterator

import numpy as np

from hardware.drawing import Line

_ANGLE = np.pi / 4


def hatched(
    outlines: list[Line],  # [S, 2] mm each; open ones are closed
    nib_mm: float,
    even_odd: bool = False,
) -> Iterator[Line]:  # [2, 2] mm each
    """Yield lines one nib apart, at 45 degrees, in alternating directions. They end half a nib inside the outline.

    The winding number decides what is inside, or with `even_odd` the number of outlines, as in SVG's `fill-rule`.
    """
    turn = np.array([[np.cos(_ANGLE), -np.sin(_ANGLE)], [np.sin(_ANGLE), np.cos(_ANGLE)]])
    rings = [np.concatenate([ring, ring[:1]]) @ turn for ring in outlines if len(ring) > 2]
    if not rings:
        return
    begin = np.concatenate([ring[:-1] for ring in rings])
    end = np.concatenate([ring[1:] for ring in rings])
    low, high = begin[:, 1].min(), begin[:, 1].max()
    forward = True
    for y in np.arange(low + 0.5 * nib_mm, high, nib_mm).tolist():
        spans = [(a + 0.5 * nib_mm, b - 0.5 * nib_mm) for a, b in _inside(begin, end, y, even_odd)]
        for a, b in spans if forward else spans[::-1]:
            if a <= b:
                line = np.array([[a, y], [b, y]] if forward else [[b, y], [a, y]]) @ turn.T
                yield np.ascontiguousarray(line)
        forward = not forward


def _inside(begin: Line, end: Line, y: float, even_odd: bool) -> Iterator[tuple[float, float]]:
    """Yield the spans of a horizontal line that are inside, from left to right."""
    up = (begin[:, 1] <= y) & (end[:, 1] > y)
    down = (begin[:, 1] > y) & (end[:, 1] <= y)
    crossed = np.flatnonzero(up | down)
    a, b = begin[crossed], end[crossed]
    x = a[:, 0] + (y - a[:, 1]) / (b[:, 1] - a[:, 1]) * (b[:, 0] - a[:, 0])
    order = np.argsort(x, kind="stable")
    winding, entered = 0, 0.0
    for at, rises in zip(x[order].tolist(), up[crossed][order].tolist(), strict=True):
        was = winding % 2 if even_odd else winding
        winding += 1 if rises else -1
        now = winding % 2 if even_odd else winding
        if was == 0 and now != 0:
            entered = at
        elif was != 0 and now == 0:
            yield entered, at

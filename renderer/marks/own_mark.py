"""A mark of the caller's own -> strokes."""

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from renderer.marks.demand import MarkInput, strokes_of
from renderer.strokes import Strokes

# what the strokes are placed on -> knots [K, 2] in mm on the sheet, and the number of the pen, for each stroke
OwnMark = Callable[[MarkInput], Iterable[tuple[ArrayLike, int]]]


def own_mark(mark: OwnMark, canvas: MarkInput) -> Strokes:
    """The strokes where the mark puts them. Raises ValueError where one is not a stroke, or its pen is unknown."""
    frame, count = canvas.frame, 1 if canvas.palette.free else len(canvas.palette.pens)
    lines: list[list[NDArray[np.float32]]] = [[] for _ in range(count)]
    for number, (knots, pen) in enumerate(mark(canvas), 1):
        points = np.asarray(knots, np.float32)
        if points.ndim != 2 or points.shape[1] != 2 or len(points) < 2 or not np.isfinite(points).all():
            raise ValueError(f"stroke {number} of the mark has knots {points.shape}; return [K, 2] mm, K at least 2")
        if not 0 <= pen < count:
            raise ValueError(f"stroke {number} of the mark has pen {pen}, but the pens are numbered 0 to {count - 1}")
        lines[pen].append((points - np.array([frame.x_mm, frame.y_mm], np.float32)) * np.float32(frame.px_per_mm))
    return strokes_of(lines, canvas)

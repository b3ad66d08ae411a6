"""Which strokes cover which, and passes that keep every stroke above those that it covers."""

import numpy as np
from numpy.typing import NDArray

from hardware.drawing import Line

_MOST_CELLS = 2_000_000


class CoverageGrid:
    """A grid over the sheet for each pen: strokes overlap if they share a cell.

    Cells are half a nib wide, so that strokes that nearly touch count as overlapping too.
    """

    def __init__(self, size_mm: tuple[float, float], pens: int, thinnest_mm: float) -> None:
        width_mm, height_mm = (max(side, 1.0) for side in size_mm)
        fair_mm = (width_mm * height_mm * pens / _MOST_CELLS) ** 0.5
        self.cell_mm = max(0.5 * thinnest_mm, fair_mm, 0.05)
        self.columns, self.rows = int(width_mm / self.cell_mm) + 1, int(height_mm / self.cell_mm) + 1
        self.drawn = np.zeros((pens, self.columns * self.rows), dtype=np.int32)

    def cells(self, line: Line, width_mm: float) -> NDArray[np.int64]:
        """Return the indices, [K], of the cells that a stroke, [S, 2] in mm, touches."""
        reach = max(0.5 * width_mm, 0.5 * self.cell_mm)
        along = np.concatenate([[0.0], np.hypot(*np.diff(line, axis=0).T).cumsum()])
        at = np.linspace(0, along[-1], int(along[-1] / (0.5 * self.cell_mm)) + 2)
        points = np.stack([np.interp(at, along, line[:, axis]) for axis in (0, 1)], axis=1)
        steps = np.arange(-int(reach / self.cell_mm) - 1, int(reach / self.cell_mm) + 2) * self.cell_mm
        disc = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
        disc = disc[np.hypot(*disc.T) <= reach]
        where = ((points[:, None] + disc) / self.cell_mm).astype(np.int64).reshape(-1, 2)
        where = where[((where >= 0) & (where < (self.columns, self.rows))).all(axis=1)]
        return np.unique(where[:, 1] * self.columns + where[:, 0])


def in_order(
    lines: list[Line],
    widths_mm: list[float],
    pen_of: list[int],
    clear: list[bool],
    size_mm: tuple[float, float],
) -> tuple[list[int], list[list[int]], int]:
    """Return passes that show the strokes in the given order, bottom first: the pen and the strokes of each pass.

    Each line is [S, 2] in mm. `pen_of` numbers the pen of each stroke from 0; `clear` says of each pen whether its ink
    is transparent: such inks mix in any order. A stroke goes into the first pass of its pen after all strokes that it
    covers; or, from the top down, into the last one before all strokes that cover it: whichever needs fewer passes.

    The third value is how many strokes would end up below those that they cover if each pen drew everything at once.
    """
    grid = CoverageGrid(size_mm, len(clear), min(widths_mm))
    cells = [grid.cells(line, width_mm) for line, width_mm in zip(lines, widths_mm, strict=True)]
    upwards = _stacked(cells, pen_of, clear, grid, range(len(lines)))
    downwards = _stacked(cells, pen_of, clear, grid, range(len(lines) - 1, -1, -1))
    buried = upwards[2]
    if len(downwards[0]) < len(upwards[0]):
        return downwards[0][::-1], [sorted(part) for part in downwards[1][::-1]], buried
    return upwards


def _stacked(
    cells: list[NDArray[np.int64]], pen_of: list[int], clear: list[bool], grid: CoverageGrid, order: range
) -> tuple[list[int], list[list[int]], int]:
    drawn = np.zeros_like(grid.drawn)  # 1 + the latest pass that drew there, pen by pen; 0: none
    passes: list[int] = []
    strokes: list[list[int]] = []
    buried = 0
    for number in order:
        pen = pen_of[number]
        others = [p for p in range(len(clear)) if p != pen and not (clear[p] and clear[pen])]
        tops = [int(drawn[other, cells[number]].max(initial=0)) for other in others]
        buried += any(top and other > pen for top, other in zip(tops, others, strict=True))
        fitting = [at for at in range(max(tops, default=0), len(passes)) if passes[at] == pen]
        if not fitting:
            fitting = [len(passes)]
            passes.append(pen)
            strokes.append([])
        strokes[fitting[0]].append(number)
        drawn[pen, cells[number]] = np.maximum(drawn[pen, cells[number]], fitting[0] + 1)
    return passes, strokes, buried

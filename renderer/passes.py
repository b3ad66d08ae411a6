"""Fitted strokes -> passes: the lines that each pen draws, in the order of the pens."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hardware.arcs import spiral
from hardware.drawing import Line, Pen, PenPass
from renderer.colours import to_hex
from renderer.palette import Palette
from renderer.strokes import Strokes


def passes(
    layer_name: str,
    lines_mm: Sequence[NDArray[np.float64]],  # [S, 2] mm on the sheet each, what the strokes draw
    strokes: Strokes,
    palette: Palette,
) -> tuple[PenPass, ...]:
    """One pass for each pen that draws something; at most one for the whole layer where colours are free."""
    lines = tuple(_tidy(line) for line in lines_mm)
    if palette.free:
        colours = tuple(to_hex(colour) for colour in strokes.inks.detach().cpu().numpy())
        widths_mm = tuple(round(float(width), 3) for width in palette.widths(strokes.inks, strokes.width_mm).detach())
        return (PenPass(layer_name, palette.pens[0], lines, colours, widths_mm),) if lines else ()
    pen_of = strokes.inks.detach().argmax(1).tolist()
    if palette.spot_mm is not None:
        lines = tuple(
            _filled(line, palette.pens[pen], palette.spot_mm) for line, pen in zip(lines, pen_of, strict=True)
        )
    if palette.has_sizes:
        sizes_mm = strokes.width_mm.detach().tolist()
        lines = tuple(
            _filled(line, palette.pens[pen], size_mm)
            for line, pen, size_mm in zip(lines, pen_of, sizes_mm, strict=True)
        )
    by_pen = [
        tuple(line for line, pen in zip(lines, pen_of, strict=True) if pen == k) for k in range(len(palette.pens))
    ]
    return tuple(PenPass(layer_name, pen, mine) for pen, mine in zip(palette.pens, by_pen, strict=True) if mine)


def _filled(dot: Line, pen: Pen, spot_mm: float) -> Line:
    """The spiral that a pen draws for a dot wider than its nib."""
    line: Line = dot + spiral(spot_mm, pen.nib_mm)
    return line


def _tidy(line: Line) -> Line:
    """A line without points that repeat their predecessor; a line without length becomes a dot."""
    keep = np.ones(len(line), bool)
    keep[1:] = (np.abs(np.diff(line, axis=0)) > 1e-6).any(1)
    return line[keep]

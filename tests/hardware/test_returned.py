"""Our own drawing after Inkscape and vpype have rewritten it: pens, order, widths, inks and pauses are the same.

The files in `returned` are `drawn()` as `to_svg` writes it, saved by Inkscape 1.2 (its own format, plain SVG) or by
vpype 1.15.
"""

from pathlib import Path

import numpy as np
import pytest
from samples import SERVO, line

from hardware.drawing import Drawing, Ink, Pen, PenPass
from hardware.program import ChangePen, program
from hardware.svgfile import Options, reading

FOLDER = Path(__file__).parent / "returned"
YELLOW = Pen(name="bright yellow", colour="#ffdd00", nib_mm=1.2)
DYE = Pen(name="magenta dye", colour="#ff00aa", nib_mm=0.8, ink=Ink.TRANSPARENT)
BLACK = Pen(name="black", colour="#101418", nib_mm=0.5)


def drawn() -> Drawing:
    """Return four passes with three pens, dots among their strokes."""
    strokes = [
        (line((5, 5), (50, 30), (12.346, 8)), line((9, 30))),
        (line((0, 20), (60, 20)),),
        (line((30, 2), (30, 38)),),
    ]
    passes = [PenPass("ink", pen, lines) for pen, lines in zip((YELLOW, BLACK, DYE), strokes, strict=True)]
    return Drawing(60, 40, "#fdfbf5", (*passes, PenPass("ink", BLACK, (line((20, 1), (40, 39)),))), "A test")


@pytest.mark.parametrize("name", ["inkscape", "inkscape_plain", "vpype"])
def test_our_drawing_comes_back_as_it_was(name: str) -> None:
    made = reading(FOLDER / f"{name}.svg", Options(strict=True))
    assert made.notes == ()
    assert (made.drawing.width_mm, made.drawing.height_mm) == pytest.approx((60, 40), abs=1e-3)
    for back, own in zip(made.drawing.passes, drawn().passes, strict=True):
        assert (back.pen.name, back.pen.colour, back.pen.ink) == (own.pen.name, own.pen.colour, own.pen.ink)
        assert back.pen.nib_mm == pytest.approx(own.pen.nib_mm, abs=1e-3)
        for line_back, line_own in zip(back.lines, own.lines, strict=True):
            np.testing.assert_allclose(line_back, line_own, atol=2e-3)


@pytest.mark.parametrize("name", ["inkscape", "inkscape_plain", "vpype"])
def test_the_plot_of_what_comes_back_changes_pens_where_ours_does(name: str) -> None:
    steps = (program(each, SERVO) for each in (drawn(), reading(FOLDER / f"{name}.svg", Options()).drawing))
    own, back = ([step.pen.name for step in each if isinstance(step, ChangePen)] for each in steps)
    assert own == back == ["bright yellow", "black", "magenta dye", "black"]

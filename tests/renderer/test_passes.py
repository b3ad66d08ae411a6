import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from hardware.drawing import Drawing, Ink, Pen
from renderer import preview
from renderer.palette import Palette
from renderer.passes import passes
from renderer.strokes import Strokes

pytestmark = pytest.mark.usefixtures("one_thread")

OWNED = tuple(Pen(name=name, colour="#123456", nib_mm=nib_mm) for name, nib_mm in (("a", 1), ("b", 0.5), ("c", 3)))
PALETTE = Palette(OWNED, False, Ink.OPAQUE, (0.5, 3))
FREE = Palette((Pen(name="free", colour="#000000", nib_mm=2),), True, Ink.OPAQUE, (0.5, 2))


def rows(lines: Tensor) -> list[NDArray[np.float64]]:
    """Each line [S, 2] of [N, S, 2]."""
    return list(lines.detach().double().numpy())


def strokes_of(pens: list[int]) -> tuple[Tensor, Strokes]:
    """Lines, each of which begins at (its number, 0), and their strokes."""
    count = len(pens)
    lines = torch.stack([torch.tensor([[n, 0.0], [n, 5.0]]) for n in range(count)]) if count else torch.zeros(0, 2, 2)
    inks = torch.nn.functional.one_hot(torch.tensor(pens, dtype=torch.long), 3).float()
    return lines, Strokes(lines, torch.full((count,), 0.7), inks)


@given(st.lists(st.integers(0, 2), max_size=12))
def test_each_pen_that_draws_something_has_one_pass_in_the_palettes_order(pens: list[int]) -> None:
    lines, strokes = strokes_of(pens)
    made = passes("hatching", rows(lines), strokes, PALETTE)
    assert [one.pen for one in made] == [OWNED[k] for k in sorted(set(pens))]
    for one in made:
        mine = [n for n, k in enumerate(pens) if OWNED[k] is one.pen]
        assert [line[0, 0] for line in one.lines] == mine
        assert (one.layer, one.colours, one.widths_mm) == ("hatching", None, None)


def test_free_colours_make_one_pass_in_which_each_line_has_its_own() -> None:
    lines, strokes = strokes_of([0, 1, 2])
    own = Strokes(
        strokes.knots, torch.tensor([0.51234, 1.0, 2.0]), torch.tensor([[1, 0, 0], [0, 0.5, 1], [0.2, 0.2, 0.2]])
    )
    [one] = passes("free", rows(lines), own, FREE)
    assert one.is_free
    assert one.colours == ("#ff0000", "#0080ff", "#333333")
    assert one.widths_mm == (0.512, 1.0, 2.0)
    assert [line[0, 0] for line in one.lines] == [0, 1, 2]


def test_no_strokes_make_no_passes() -> None:
    lines, strokes = strokes_of([])
    assert passes("none", rows(lines), strokes, PALETTE) == ()
    assert passes("none", rows(lines), strokes, FREE) == ()


def test_dots_wider_than_their_nib_are_filled_by_it() -> None:
    dots, inks = torch.tensor([[[10.0, 10.0]], [[25.0, 10.0]]]), torch.eye(3)[[0, 2]]
    wide = replace(PALETTE, spot_mm=8.0)
    fine, broad = passes("dots", rows(dots), Strokes(dots, torch.ones(2), inks), wide)
    assert (fine.pen, broad.pen) == (OWNED[0], OWNED[2])
    for one, x_mm in ((fine, 10.0), (broad, 25.0)):
        [line] = one.lines
        away_mm = np.hypot(*(line - [x_mm, 10.0]).T)
        assert away_mm.max() == pytest.approx((8.0 - one.pen.nib_mm) / 2)
        ink = 1 - preview.picture(Drawing(40, 20, "#ffffff", (one,)), 5.0)[0]
        assert ink.sum() / (1 - 0x12 / 255) / 25 == pytest.approx(math.pi * 4**2, rel=0.02)


def test_free_dots_wider_than_their_nib_are_that_wide() -> None:
    dots = torch.tensor([[[10.0, 10.0]]])
    [one] = passes("dots", rows(dots), Strokes(dots, torch.ones(1), torch.ones(1, 3)), replace(FREE, spot_mm=8.0))
    assert one.widths_mm == (8.0,)
    assert one.lines[0].tolist() == [[10, 10]]


@pytest.mark.parametrize(
    ("line", "tidy"),
    [
        ([[1, 2], [1, 2], [1, 2]], [[1, 2]]),
        ([[1, 2], [1, 2], [3, 4], [3, 4]], [[1, 2], [3, 4]]),
        ([[1, 2], [3, 4], [1, 2]], [[1, 2], [3, 4], [1, 2]]),
        ([[1, 2], [1, 2.5]], [[1, 2], [1, 2.5]]),
        ([[1, 2]], [[1, 2]]),
    ],
)
def test_points_that_stand_still_are_left_out(line: list[list[float]], tidy: list[list[float]]) -> None:
    knots = torch.tensor([line], dtype=torch.float32, requires_grad=True)
    [one] = passes("x", rows(knots), Strokes(knots, torch.ones(1), torch.tensor([[1.0, 0, 0]])), PALETTE)
    assert one.lines[0].dtype == np.float64
    assert one.lines[0].tolist() == tidy

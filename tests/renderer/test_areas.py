"""Areas: without fringes along soft edges, straight, and fitted within a leash."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from hardware.drawing import Ink, Pen
from renderer.marks import MarkInput, marks
from renderer.marks.areas import without_fringes
from renderer.optimise import Ground
from renderer.optimise.descent import leashed, project
from renderer.optimise.layer_drawing import drawn_lines
from renderer.palette import Palette
from renderer.spec import Areas, Layer
from renderer.strokes import Strokes
from renderer.target import Frame

pytestmark = pytest.mark.usefixtures("one_thread")
FRAME = Frame(10.0, 5.0, 60.0, 45.0, 3.0)
PENS = (Pen(name="grey", colour="#808080", nib_mm=0.5), Pen(name="black", colour="#000000", nib_mm=0.5))
KIND = Areas(count=5)


def square() -> Tensor:  # [3, H, W]
    """A black square on white whose edges are soft, so that a ring about it is grey."""
    y, x = torch.meshgrid(torch.arange(FRAME.height_px), torch.arange(FRAME.width_px), indexing="ij")
    inside = torch.minimum((45 - (x - 90).abs()), (45 - (y - 68).abs())).float()
    return (1 - (inside / 4 + 0.5).clamp(0, 1)).expand(3, -1, -1).contiguous()


def placed() -> tuple[Strokes, Ground]:
    target = square()
    below, palette = torch.ones_like(target), Palette(PENS, False, Ink.OPAQUE, (0.5, 0.5))
    on = MarkInput(palette, FRAME, target, below, None, None, np.random.default_rng(1))
    return marks(KIND, on), Ground(FRAME, target, below, palette)


def test_a_soft_edge_makes_no_area_of_its_own() -> None:
    strokes, _ = placed()
    assert (strokes.inks.argmax(1) == 1).all()  # black alone, no ring of grey


def test_a_thin_line_of_its_own_colour_stays() -> None:
    found, target = np.zeros((40, 40), np.int64), np.ones((3, 40, 40), np.float32)
    found[:, 20:22] = 1
    target[:, :, 20:22] = 0.0
    assert np.array_equal(without_fringes(found, target, 1.5), found)


def test_the_edges_of_a_square_are_straight() -> None:
    strokes, ground = placed()
    lines = drawn_lines(Layer(areas=KIND), strokes, ground)
    outline = max(lines, key=len)
    assert len(outline) <= 40  # corners and little else


def test_outlines_move_within_a_leash_and_hatches_only_along_themselves() -> None:
    strokes, ground = placed()
    start = strokes.knots.clone()
    strokes.knots.add_(torch.rand(start.shape, generator=torch.Generator().manual_seed(2)) - 0.5)
    project(Layer(areas=KIND), strokes, ground, start)
    assert strokes.ragged is not None
    moved, known = strokes.knots - start, strokes.ragged.is_knot
    assert moved.norm(dim=2)[known].max() <= 0.75 * 0.5 + 1e-4
    assert moved.norm(dim=2)[known].max() > 0.1
    hatches = strokes.ragged.counts == 2
    along = start[hatches, 1] - start[hatches, 0]
    off = moved[hatches, :2, 0] * along[:, None, 1] - moved[hatches, :2, 1] * along[:, None, 0]
    assert hatches.sum() > 20
    assert (off.abs() / along.norm(dim=1)[:, None]).max() < 1e-4


def test_other_strokes_of_two_knots_move_freely() -> None:
    strokes, _ = placed()
    start = strokes.knots.clone()
    far = replace(strokes, knots=start + torch.tensor([0.0, 0.2]))
    free = leashed(far, start, torch.full((len(start),), 1.0))
    assert (free - start - torch.tensor([0.0, 0.2])).abs()[strokes.ragged.is_knot].max() < 1e-5

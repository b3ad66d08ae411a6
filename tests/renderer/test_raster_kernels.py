"""The numba kernels and the reference version, value and gradient; and what the kernels keep for the gradient."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from test_raster import BOTH_INKS, USUAL, drawn, ground, line, scattered, together
from torch import Tensor

from hardware.drawing import Ink
from renderer.raster import EdgeRamp, Shapes, Workspace, cpu, rasterise, weigh

pytestmark = pytest.mark.usefixtures("one_thread")

Result = tuple[Tensor, ...]  # picture, then gradients for polylines, widths, colours and background


def way_and_back(
    shapes: Shapes,
    background: Tensor,
    ink: Ink,
    edges: EdgeRamp = USUAL,
    *,
    px_per_mm: float = 1.0,
    dtype: torch.dtype = torch.float32,
    workspace: Workspace | None = None,
) -> Result:
    """A picture, and the gradients of a loss that weights each pixel and channel differently."""
    leaves = [
        tensor.to(dtype).detach().requires_grad_()
        for tensor in (shapes.polylines, shapes.width_mm, shapes.colours, background)
    ]
    strokes = Shapes(leaves[0], leaves[1], leaves[2], shapes.order)
    picture = rasterise(strokes, leaves[3], px_per_mm=px_per_mm, ink=ink, edges=edges, workspace=workspace)
    weights = torch.from_numpy(np.random.default_rng(7).normal(size=picture.shape)).to(dtype)
    (picture * weights).sum().backward()
    gradients = [leaf.grad for leaf in leaves if leaf.grad is not None]
    assert len(gradients) == 4
    return picture.detach(), *gradients


def assert_twins_agree(
    shapes: Shapes,
    background: Tensor,
    ink: Ink,
    edges: EdgeRamp = USUAL,
    *,
    px_per_mm: float = 1.0,
    within: float = 1e-3,
) -> None:
    fast = way_and_back(shapes, background, ink, edges, px_per_mm=px_per_mm)
    plain = way_and_back(shapes, background, ink, edges, px_per_mm=px_per_mm, dtype=torch.float64)
    for name, mine, right in zip(("picture", "points", "widths", "colours", "background"), fast, plain, strict=True):
        assert mine.dtype == torch.float32
        scale = max(right.abs().max().item(), 1e-3) if right.numel() else 1.0
        torch.testing.assert_close(
            mine.double(), right, rtol=within, atol=within * scale, msg=lambda m, n=name: f"{n}: {m}"
        )


SOFT, HARD, PAPER = EdgeRamp(4.0), EdgeRamp(0.5), EdgeRamp(1.3, gaussian=True)
ALL_EDGES = pytest.mark.parametrize("edges", [USUAL, SOFT, HARD, PAPER], ids=["usual", "soft", "hard", "gaussian"])


@BOTH_INKS
@ALL_EDGES
@pytest.mark.parametrize("samples", [1, 2, 9], ids=["dots", "lines", "curves"])
@pytest.mark.parametrize("widest_px", [0.6, 3.0, 14.0])
def test_kernels_agree_with_the_plain_twin(widest_px: float, samples: int, edges: EdgeRamp, ink: Ink) -> None:
    size = (35, 27)
    assert_twins_agree(scattered(14, samples, size, samples, widest_px=widest_px), ground(size), ink, edges)


@BOTH_INKS
@pytest.mark.parametrize("size", [(1, 40), (40, 1), (1, 1), (15, 20), (16, 20), (17, 20), (48, 5), (65, 3)])
def test_kernels_agree_on_pictures_of_any_height(size: tuple[int, int], ink: Ink) -> None:
    assert_twins_agree(scattered(10, 3, size, 3), ground(size), ink)


@BOTH_INKS
@pytest.mark.parametrize("px_per_mm", [0.25, 3.7])
def test_kernels_agree_in_millimetres(px_per_mm: float, ink: Ink) -> None:
    assert_twins_agree(scattered(8, 4, (24, 24), 4), ground((30, 22)), ink, px_per_mm=px_per_mm)


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 10_000),
    samples=st.sampled_from([1, 2, 5]),
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    widest_px=st.floats(0.55, 12),
    softness_px=st.floats(0.5, 6),
    ink=st.sampled_from(list(Ink)),
)
def test_kernels_agree_on_any_scene(
    seed: int, samples: int, height: int, width: int, widest_px: float, softness_px: float, ink: Ink
) -> None:
    size = (height, width)
    assert_twins_agree(scattered(8, samples, size, seed, widest_px=widest_px), ground(size), ink, EdgeRamp(softness_px))


@BOTH_INKS
@ALL_EDGES
def test_kernels_agree_on_strokes_that_are_no_usual_ones(edges: EdgeRamp, ink: Ink) -> None:
    odd = {
        "no length": line((8.3, 9.1), (8.3, 9.1), (8.3, 9.1), width=3, colour=(0.9, 0.1, 0.3)),
        "a point twice": line((2.2, 3.1), (9.7, 12.9), (9.7, 12.9), colour=(0.2, 0.6, 0.3)),
        "horizontal": line((1.3, 20.2), (14.1, 20.2), (14.6, 20.2), width=1, colour=(0, 0.4, 0.8)),
        "vertical": line((12.4, -3.0), (12.4, 9.0), (12.4, 60.0), width=0.3, colour=(0.7, 0.7, 0)),
        "there and back": line((3.1, 30.2), (16.2, 31.1), (5.7, 30.5), width=2, colour=(0.3, 0, 0)),
        "leaves the page": line((5.0, 5.0), (-30.0, 70.0), (50.0, 80.0), width=3, colour=(0, 0.9, 0.2)),
        "passes by": line((-40.0, -5.0), (60.0, -9.0), (70.0, 90.0), width=4, colour=(1, 0, 0)),
        "through a pixel's centre": line((4.5, 6.5), (4.5, 6.5), (4.5, 6.5), width=1.5, colour=(0.5, 0.2, 0.9)),
        "minute": line((7.0, 15.0), (7.0002, 15.0001), (7.0001, 15.0), width=2, colour=(0.1, 0.9, 0.9)),
    }
    assert_twins_agree(together(*odd.values()), ground((37, 21)), ink, edges)


@BOTH_INKS
@pytest.mark.parametrize(("far_px", "within"), [(1e3, 2e-3), (1e5, 5e-2)])
def test_kernels_agree_on_strokes_from_far_away(far_px: float, within: float, ink: Ink) -> None:
    scene = together(
        line((-far_px, -0.7 * far_px), (far_px + 9, 0.7 * far_px + 11), width=3, colour=(0.8, 0.2, 0)),
        line((10.0, -far_px), (13.0, far_px), width=1.5, colour=(0, 0.3, 0.9)),
        line((5.0, 7.0), (far_px, 2 * far_px), width=2, colour=(0.1, 0.8, 0.3)),
    )
    # float32 holds a point at 1e5 px to 0.01 px
    assert_twins_agree(scene, ground((33, 24)), ink, within=within)


@BOTH_INKS
@pytest.mark.parametrize(
    "broken",
    [
        line((float("nan"), 5.0), (9.0, 9.0)),
        line((5.0, float("inf")), (9.0, 9.0)),
        line((5.0, 5.0), (float("-inf"), 9.0)),
        line((5.0, 5.0), (1e30, 1e30)),
        line((-1e30, 5.0), (1e20, 5.0)),
        line((5.0, 5.0), (9.0, 9.0), width=float("nan")),
        line((5.0, 5.0), (9.0, 9.0), width=float("inf")),
    ],
    ids=["nan", "inf", "-inf", "1e30", "-1e30", "nan wide", "inf wide"],
)
def test_a_stroke_that_cannot_be_drawn_is_left_out(broken: Shapes, ink: Ink) -> None:
    rest = line((2.0, 3.0), (11.0, 30.0), width=3, colour=(0.2, 0.5, 0.1))
    background = ground((40, 14))
    with_it = way_and_back(together(rest, broken), background, ink)
    without = way_and_back(rest, background, ink)
    for mine, right in zip(with_it, without, strict=True):
        torch.testing.assert_close(mine[: len(right)], right, rtol=0, atol=0)
        assert not mine[len(right) :].any()
    worth = weigh(together(rest, broken), background, background, px_per_mm=1.0, ink=ink)
    assert worth.removal[1] == 0
    assert not worth.follows[1].any()


# --- workspaces -------------------------------------------------------------------------------------------------------


def identical(one: Result, other: Result) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


@BOTH_INKS
def test_a_workspace_that_is_used_again_changes_nothing(ink: Ink) -> None:
    workspace = Workspace()
    scenes = [
        (scattered(40, 3, (50, 20), 1), (50, 20)),
        (scattered(5, 1, (50, 20), 2), (50, 20)),  # fewer strokes than before
        (scattered(60, 4, (50, 31), 3), (50, 31)),  # wider
        (scattered(30, 2, (18, 31), 4), (18, 31)),  # with other bands
        (scattered(40, 3, (50, 20), 1), (50, 20)),
    ]
    for scene, size in scenes:
        with_one = way_and_back(scene, ground(size), ink, workspace=workspace)
        assert identical(with_one, way_and_back(scene, ground(size), ink))


@BOTH_INKS
def test_many_strokes_on_one_spot_make_the_buffers_grow(ink: Ink) -> None:
    heap = scattered(120, 2, (4, 4), 8, widest_px=9.0, beyond_px=0)
    pale = Shapes(heap.polylines + 6, heap.width_mm, 0.5 + heap.colours / 2, heap.order)
    workspace = Workspace()
    way_and_back(scattered(3, 2, (20, 18), 1), ground((20, 18)), ink, workspace=workspace)
    before = len(workspace.entries[0])
    grown = way_and_back(pale, ground((20, 18)), ink, workspace=workspace)
    assert len(workspace.entries[0]) > before
    assert identical(grown, way_and_back(pale, ground((20, 18)), ink, workspace=workspace))
    assert_twins_agree(pale, ground((20, 18)), ink)


# --- what is kept -----------------------------------------------------------------------------------------------------


def entries(shapes: Shapes, size: tuple[int, int]) -> int:
    """The number of pairs of a stroke and a pixel that the kernels keep for the gradient."""
    count, samples, _ = shapes.polylines.shape
    scene = cpu.Scene(
        points=shapes.polylines.reshape(-1, 2).numpy(),
        offsets=np.arange(0, count * samples + 1, samples, dtype=np.int32),
        radius=shapes.width_mm.numpy() / 2,
        colours=shapes.colours.numpy(),
        order=shapes.order.int().numpy(),
        softness=1.3,
        gaussian=False,
        transparent=False,
    )
    _, tape = cpu.forward(scene, np.ones((*size, 3), np.float32), Workspace())
    return sum(
        int(tape.ends[stop - 1]) for start, stop in zip(tape.starts, tape.starts[1:], strict=False) if stop > start
    )


def test_what_is_kept_grows_with_covered_pixels_alone() -> None:
    scene = scattered(50, 3, (60, 60), 2, beyond_px=-10)
    small, large = entries(scene, (60, 60)), entries(scene, (240, 240))
    assert small < 0.1 * 50 * 60 * 60
    assert small <= large < 1.2 * small  # larger by what ran over the edges of the small picture


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.sampled_from([1, 2, 6]))
def test_one_entry_is_kept_for_each_covered_pixel(seed: int, samples: int) -> None:
    scene = scattered(6, samples, (33, 20), seed)
    covered = 0
    for n in range(6):
        alone = Shapes(scene.polylines[n : n + 1], scene.width_mm[n : n + 1], torch.zeros(1, 3), torch.arange(1))
        picture = drawn(alone, torch.ones(3, 33, 20), Ink.OPAQUE, plain=True)
        covered += int((picture[0] < 1).sum())
    assert covered <= entries(scene, (33, 20)) <= covered + 3  # a pixel just out of reach by rounding

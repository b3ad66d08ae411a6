"""The reference rasteriser, compared with finite differences and closed forms; and what both rasterisers must obey."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from hardware.drawing import Ink
from renderer.raster import EdgeRamp, Shapes, Workspace, rasterise, reference, weigh

pytestmark = pytest.mark.usefixtures("one_thread")

USUAL = EdgeRamp()
BOTH_INKS = pytest.mark.parametrize("ink", list(Ink))
BOTH_WAYS = pytest.mark.parametrize("plain", [True, False], ids=["plain", "kernels"])


def scattered(
    count: int, samples: int, size_px: tuple[int, int], seed: int, *, widest_px: float = 6.0, beyond_px: float = 5.0
) -> Shapes:
    """Strokes on and around a picture, in pixels."""
    rng = np.random.default_rng(seed)
    height, width = size_px
    corner = np.array([-beyond_px, -beyond_px])
    first = corner + rng.random((count, 1, 2)) * [width + 2 * beyond_px, height + 2 * beyond_px]
    walk = rng.normal(0, 4, (count, samples - 1, 2)).cumsum(1)
    points = np.concatenate([first, first + walk], 1)
    return Shapes(
        torch.from_numpy(points).float(),
        torch.from_numpy(rng.uniform(0.5, widest_px, count)).float(),
        torch.from_numpy(rng.random((count, 3))).float(),
        torch.from_numpy(rng.permutation(count)),
    )


def ground(size_px: tuple[int, int], seed: int = 0) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).random((3, *size_px))).float()


def line(*points: tuple[float, float], width: float = 2.0, colour: tuple[float, float, float] = (0, 0, 0)) -> Shapes:
    return Shapes(
        torch.tensor([points]).float(), torch.tensor([width]), torch.tensor([colour]).float(), torch.arange(1)
    )


def together(*shapes: Shapes) -> Shapes:
    fields = (torch.cat([getattr(one, name) for one in shapes]) for name in ("polylines", "width_mm", "colours"))
    return Shapes(*fields, torch.arange(len(shapes)))


def drawn(
    shapes: Shapes, background: Tensor, ink: Ink, edges: EdgeRamp = USUAL, *, plain: bool = False, **options: Workspace
) -> Tensor:
    return rasterise(shapes, background, px_per_mm=1.0, ink=ink, edges=edges, plain=plain, **options)


# --- gradients of the reference version -------------------------------------------------------------------------------


@BOTH_INKS
@pytest.mark.parametrize("gaussian", [False, True], ids=["smooth", "gaussian"])
@pytest.mark.parametrize("samples", [1, 2, 5], ids=["dots", "lines", "curves"])
def test_plain_gradients_are_those_of_finite_differences(samples: int, gaussian: bool, ink: Ink) -> None:
    shapes = scattered(3, samples, (6, 8), seed=samples, widest_px=3.0, beyond_px=1.5)
    leaves = [
        tensor.double().requires_grad_()
        for tensor in (shapes.polylines, shapes.width_mm, shapes.colours, ground((6, 8)))
    ]

    def picture(polylines: Tensor, width: Tensor, colours: Tensor, background: Tensor) -> Tensor:
        strokes = Shapes(polylines, width, colours, shapes.order)
        return rasterise(strokes, background, px_per_mm=0.9, ink=ink, edges=EdgeRamp(1.7, gaussian))

    assert torch.autograd.gradcheck(picture, leaves, atol=1e-6)


@BOTH_INKS
def test_a_stroke_of_no_length_moves_like_a_dot(ink: Ink) -> None:
    """Pulling its ends apart has no derivative, since it grows either way; moving all of it has one."""
    where = torch.tensor([[3.2, 2.7]] * 4, dtype=torch.float64)[None]
    width, colour = torch.tensor([2.0]).double(), torch.tensor([[0.9, 0.1, 0.4]]).double()

    def moved(shift: Tensor, points: Tensor = where) -> Tensor:
        return rasterise(
            Shapes(points + shift, width, colour, torch.arange(1)), ground((6, 7)).double(), px_per_mm=1.0, ink=ink
        )

    shift = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(moved, [shift])
    torch.testing.assert_close(moved(shift), moved(shift, where[:, :1]))


# --- coverage ---------------------------------------------------------------------------------------------------------


@BOTH_WAYS
@pytest.mark.parametrize(
    ("width_px", "softness_px", "rows"),
    [
        (2, 1, [1, 0.5, 0]),  # of the pixels 0, 1 and 2 px from the middle line
        (4, 2, [1, 1, 0.5]),
        (3, 2, [1, 0.5 + 0.25 * (3 - 0.25) / 2, 0.15625]),
        (1, 2, [0.84375 - 0.15625, 0.15625, 0]),  # thinner than its edges
    ],
)
def test_a_line_covers_each_row_as_the_formula_says(
    width_px: float, softness_px: float, rows: list[float], plain: bool
) -> None:
    picture = drawn(
        line((-9, 5.5), (19, 5.5), width=width_px),
        torch.ones(3, 11, 10),
        Ink.OPAQUE,
        EdgeRamp(softness_px),
        plain=plain,
    )
    ink = 1 - picture[0]
    torch.testing.assert_close(ink, ink[:, :1].expand_as(ink))
    torch.testing.assert_close(ink, ink.flip(0))
    torch.testing.assert_close(ink[5:8, 0], torch.tensor(rows))


@given(width_px=st.floats(0.05, 20), softness_px=st.floats(0.5, 10))
def test_coverage_across_a_stroke_adds_up_to_its_width(width_px: float, softness_px: float) -> None:
    distance = torch.linspace(0, 16, 20_001, dtype=torch.float64)
    radius = torch.tensor(width_px / 2, dtype=torch.float64)
    ink = reference.coverage(distance, radius, softness_px, gaussian=False)
    assert 2 * torch.trapezoid(ink, distance).item() == pytest.approx(width_px, rel=1e-4)
    assert ink.min() >= 0
    assert ink.max() <= 1


@given(st.floats(0.1, 8))
def test_the_papers_profile_adds_up_to_nearly_the_width(width_px: float) -> None:
    distance = torch.linspace(0, 16, 20_001, dtype=torch.float64)
    ink = reference.coverage(distance, torch.tensor(width_px / 2, dtype=torch.float64), 1.0, gaussian=True)
    area = math.sqrt(math.pi) * 0.54925 * width_px
    assert 2 * torch.trapezoid(ink, distance).item() == pytest.approx(area, rel=3e-3)


@BOTH_WAYS
def test_a_wide_dot_covers_a_disc(plain: bool) -> None:
    picture = drawn(line((20.3, 19.8), width=24), torch.ones(3, 40, 40), Ink.OPAQUE, plain=plain)
    # the ramp adds a second-order ring, 2 pi times its variance of softness^2 / 20
    assert (1 - picture[0]).sum().item() == pytest.approx(math.pi * 144, rel=2e-3)


# --- composition ------------------------------------------------------------------------------------------------------

HALF = ((-9.0, 1.5), (19.0, 1.5))  # with width 2 and softness 1, row 0 and row 2 are covered by half, row 1 wholly


@BOTH_WAYS
def test_opaque_ink_covers_what_lies_below(plain: bool) -> None:
    scene = together(line(*HALF, colour=(1, 0, 0.5)), line(*HALF, colour=(0, 0.2, 0.4)))
    picture = drawn(scene, torch.full((3, 3, 4), 0.8), Ink.OPAQUE, EdgeRamp(1.0), plain=plain)
    # 0.8 -> half red 0.9, 0.4, 0.65 -> half of the other colour
    torch.testing.assert_close(picture[:, 0, 0], torch.tensor([0.45, 0.3, 0.525]))
    torch.testing.assert_close(picture[:, 1, 0], torch.tensor([0.0, 0.2, 0.4]))


@BOTH_WAYS
def test_transparent_ink_multiplies_what_lies_below(plain: bool) -> None:
    scene = together(line(*HALF, colour=(1, 0, 0.5)), line(*HALF, colour=(0, 0.2, 0.4)))
    picture = drawn(scene, torch.full((3, 3, 4), 0.8), Ink.TRANSPARENT, EdgeRamp(1.0), plain=plain)
    torch.testing.assert_close(picture[:, 1, 0], torch.tensor([0.0, 0.0, 0.8 * 0.5 * 0.4]))
    torch.testing.assert_close(picture[:, 0, 0], 0.8 * torch.tensor([1.0 * 0.5, 0.5 * 0.6, 0.75 * 0.7]))


@BOTH_WAYS
def test_the_order_of_transparent_strokes_does_not_matter_and_that_of_opaque_ones_does(plain: bool) -> None:
    scene, background = scattered(12, 3, (20, 20), seed=5, beyond_px=0), ground((20, 20))
    turned = Shapes(scene.polylines, scene.width_mm, scene.colours, scene.order.flip(0))
    for ink, alike in ((Ink.TRANSPARENT, True), (Ink.OPAQUE, False)):
        one, other = (drawn(shapes, background, ink, plain=plain) for shapes in (scene, turned))
        assert torch.allclose(one, other, atol=1e-5) is alike


@BOTH_WAYS
@BOTH_INKS
def test_order_says_which_stroke_comes_when(ink: Ink, plain: bool) -> None:
    scene, background = scattered(9, 2, (18, 13), seed=6), ground((18, 13))
    order = scene.order
    sorted_scene = Shapes(scene.polylines[order], scene.width_mm[order], scene.colours[order], torch.arange(9))
    torch.testing.assert_close(
        drawn(scene, background, ink, plain=plain), drawn(sorted_scene, background, ink, plain=plain)
    )


@BOTH_WAYS
@BOTH_INKS
def test_no_strokes_leave_the_background(ink: Ink, plain: bool) -> None:
    nothing = Shapes(torch.zeros(0, 4, 2), torch.zeros(0), torch.zeros(0, 3), torch.arange(0))
    background = ground((17, 9)).requires_grad_()
    picture = drawn(nothing, background, ink, plain=plain)
    torch.testing.assert_close(picture, background, rtol=0, atol=0)
    picture.sum().backward()
    torch.testing.assert_close(background.grad, torch.ones_like(background))


@settings(deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(list(Ink)), st.sampled_from([1, 2, 7]))
def test_a_picture_stays_between_its_colours(seed: int, ink: Ink, samples: int) -> None:
    scene = scattered(15, samples, (19, 23), seed)
    picture = drawn(scene, ground((19, 23), seed), ink)
    assert picture.min() >= 0
    assert picture.max() <= 1


# --- what a stroke is worth -------------------------------------------------------------------------------------------


@BOTH_INKS
@pytest.mark.parametrize("samples", [1, 2, 6])
def test_removal_is_what_the_error_grows_by_without_a_stroke(samples: int, ink: Ink) -> None:
    scene = scattered(12, samples, (37, 30), seed=samples)
    background, target = ground((37, 30), 1), ground((37, 30), 2)

    def error(order: Tensor) -> float:
        shapes = Shapes(scene.polylines.double(), scene.width_mm.double(), scene.colours.double(), order)
        return ((drawn(shapes, background.double(), ink) - target.double()) ** 2).sum().item()

    whole = error(scene.order)
    growth = [error(scene.order[scene.order != n]) - whole for n in range(12)]
    found = weigh(scene, background, target, px_per_mm=1.0, ink=ink).removal
    torch.testing.assert_close(found.double(), torch.tensor(growth).double(), rtol=1e-3, atol=2e-3)


@BOTH_INKS
def test_follows_is_how_far_the_picture_goes_with_a_strokes_colour(ink: Ink) -> None:
    scene, background = scattered(7, 3, (21, 18), seed=3), ground((21, 18), 1)

    def picture(colours: Tensor) -> Tensor:
        shapes = Shapes(scene.polylines.double(), scene.width_mm.double(), colours, scene.order)
        return drawn(shapes, background.double(), ink)

    slopes = torch.autograd.functional.jacobian(picture, scene.colours.double())  # [3, H, W, N, 3]
    found = weigh(scene, background, ground((21, 18), 2), px_per_mm=1.0, ink=ink).follows
    torch.testing.assert_close(found.double(), (slopes**2).sum((0, 1, 2)), rtol=1e-3, atol=1e-3)


# --- threads ----------------------------------------------------------------------------------------------------------


@BOTH_INKS
def test_results_do_not_depend_on_the_number_of_threads(ink: Ink) -> None:
    scene, background, target = scattered(150, 4, (101, 60), seed=9), ground((101, 60)), ground((101, 60), 1)

    def everything(threads: int) -> list[bytes]:
        torch.set_num_threads(threads)
        leaves = [
            tensor.clone().requires_grad_() for tensor in (scene.polylines, scene.width_mm, scene.colours, background)
        ]
        picture = drawn(Shapes(*leaves[:3], scene.order), leaves[3], ink)
        ((picture - target) ** 2).sum(0).sum(0).sum().backward()
        worth = weigh(scene, background, target, px_per_mm=1.0, ink=ink)
        gradients = [leaf.grad for leaf in leaves if leaf.grad is not None]
        assert len(gradients) == 4
        return [
            tensor.detach().contiguous().numpy().tobytes()
            for tensor in (picture, worth.removal, worth.follows, *gradients)
        ]

    assert everything(1) == everything(2) == everything(3)

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from renderer.placement import search
from renderer.primitives import SAMPLES_PER_SPAN, catmull_rom, polylines, shortened, turns
from renderer.spec import KINDS, Curves, Lines, Points, kind_name, traits

pytestmark = pytest.mark.usefixtures("one_thread")


def some_knots(count: int, knots: int, seed: int = 0, size_mm: float = 100.0) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).random((count, knots, 2)) * size_mm)


def test_dots_and_lines_are_their_knots() -> None:
    for kind, knots in ((Points(count=3), 1), (Lines(count=3), 2)):
        assert traits(kind).knots == knots
        given_knots = some_knots(3, knots)
        assert torch.equal(polylines(kind, given_knots), given_knots)


@settings(deadline=None)
@given(st.integers(3, 9), st.booleans(), st.integers(0, 1000))
def test_a_curve_passes_through_each_of_its_knots(knots: int, closed: bool, seed: int) -> None:
    kind = Curves(count=2, knots=knots, closed=closed)
    assert traits(kind).knots == knots
    through = some_knots(2, knots, seed)
    line = polylines(kind, through)
    spans = knots if closed else knots - 1
    assert line.shape == (2, spans * SAMPLES_PER_SPAN + 1, 2)
    at_knots = line[:, ::SAMPLES_PER_SPAN]
    torch.testing.assert_close(at_knots, torch.cat([through, through[:, :1]], 1) if closed else through)


def test_evenly_spaced_knots_on_a_line_give_that_line() -> None:
    knots = torch.tensor([[[0.0, 0.0], [3.0, 1.0], [6.0, 2.0], [9.0, 3.0]]]).double()
    line = catmull_rom(knots)[0]
    torch.testing.assert_close(line[:, 0] / 9, torch.linspace(0, 1, len(line)).double(), atol=1e-3, rtol=0)
    torch.testing.assert_close(line[:, 1], line[:, 0] / 3)


def test_a_span_is_the_barry_and_goldman_pyramid() -> None:
    """Barry and Goldman, "A recursive evaluation algorithm for a class of Catmull-Rom splines" (1988)."""
    p = torch.tensor([[0.0, 0.0], [10.0, 4.0], [13.0, 15.0], [40.0, 20.0]]).double()
    t = [0.0]
    for a, b in itertools.pairwise(p):
        t.append(t[-1] + math.sqrt((b - a).norm().item()))

    def mixed(a: Tensor, b: Tensor, ta: float, tb: float, at: float) -> Tensor:
        return ((tb - at) * a + (at - ta) * b) / (tb - ta)

    def pyramid(at: float) -> Tensor:
        a = [mixed(p[i], p[i + 1], t[i], t[i + 1], at) for i in range(3)]
        b = [mixed(a[i], a[i + 1], t[i], t[i + 2], at) for i in range(2)]
        return mixed(b[0], b[1], t[1], t[2], at)

    middle = catmull_rom(p[None])[0, SAMPLES_PER_SPAN : 2 * SAMPLES_PER_SPAN]
    expected = [pyramid(t[1] + (t[2] - t[1]) * k / SAMPLES_PER_SPAN) for k in range(SAMPLES_PER_SPAN)]
    torch.testing.assert_close(middle, torch.stack(expected), atol=1e-4, rtol=0)


def test_a_curve_has_no_corner_at_a_knot() -> None:
    knots = some_knots(1, 6, seed=3)
    fine = catmull_rom(knots, samples_per_span=20_000)[0]
    steps = torch.nn.functional.normalize(fine[1:] - fine[:-1], dim=1)
    turns = (steps[1:] * steps[:-1]).sum(1)
    assert turns.min() > math.cos(0.02)


@pytest.mark.parametrize("closed", [False, True])
def test_gradients_are_those_of_finite_differences(closed: bool) -> None:
    knots = some_knots(2, 5, size_mm=10).requires_grad_()
    assert torch.autograd.gradcheck(lambda k: catmull_rom(k, closed=closed, samples_per_span=3), [knots])


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("same", [(0, 1), (1, 2), (0, 1, 2, 3)], ids=["first two", "middle two", "all"])
def test_knots_on_one_spot_do_no_harm(same: tuple[int, ...], closed: bool) -> None:
    knots = some_knots(1, 4, size_mm=10).float()
    knots[:, list(same)] = torch.tensor([4.0, 5.0])
    knots.requires_grad_()
    line = catmull_rom(knots, closed=closed)
    assert line.isfinite().all()
    assert (line.min() >= -10) and (line.max() <= 20)
    (line**2).sum().backward()
    assert knots.grad is not None
    assert knots.grad.isfinite().all()


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("knots", [1, 2, 3, 4, 7])
def test_placement_draws_the_same_curves(knots: int, closed: bool) -> None:
    """The search has its own kernel with other points per span; those of both are on the same curve."""
    through = some_knots(1, knots, seed=5, size_mm=60).float()
    points = np.empty(((knots + 1) * search.SPAN + 2, 2), np.float32)
    length = search._trace(through[0].numpy(), closed, points)
    if knots <= 2:
        expected = through[0]
    else:
        expected = catmull_rom(through, closed=closed, samples_per_span=search.SPAN)[0]
    np.testing.assert_allclose(points[:length], expected.numpy(), atol=2e-3)


# --- lengths ----------------------------------------------------------------------------------------------------------


def lengths_mm(knots: Tensor, closed: bool) -> Tensor:
    ring = torch.cat([knots, knots[:, :1]], 1) if closed else knots
    return (ring[:, 1:] - ring[:, :-1]).norm(dim=-1).sum(1)


@given(st.integers(3, 6), st.floats(0.1, 300), st.booleans(), st.integers(0, 1000))
def test_long_strokes_are_shrunk_about_their_middle_and_short_ones_left_alone(
    knots: int, limit_mm: float, closed: bool, seed: int
) -> None:
    before = some_knots(5, knots, seed)
    after = shortened(before, Curves(count=5, knots=knots, closed=closed, max_length_mm=limit_mm))
    torch.testing.assert_close(lengths_mm(after, closed), lengths_mm(before, closed).clamp(max=limit_mm))
    torch.testing.assert_close(after.mean(1), before.mean(1))
    short = lengths_mm(before, closed) <= limit_mm
    torch.testing.assert_close(after[short], before[short])


def test_what_has_no_length_or_no_limit_is_left_alone() -> None:
    dots, spot = some_knots(3, 1), torch.full((1, 4, 2), 7.0)
    assert torch.equal(shortened(dots, Points(count=3)), dots)
    assert torch.equal(shortened(spot, Curves(count=1, max_length_mm=1)), spot)
    assert torch.equal(shortened(some_knots(3, 4), Curves(count=3)), some_knots(3, 4))


def test_dots_have_no_limit_and_others_the_one_they_are_given() -> None:
    assert traits(Points(count=1)).limit_mm is None
    assert traits(Lines(count=1)).limit_mm is None
    assert traits(Curves(count=1, max_length_mm=24)).limit_mm == 24


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_stroke_draws_as_many_knots_as_it_says(name: str) -> None:
    kind = KINDS[name](count=5)
    assert kind_name(kind) == name
    knots = some_knots(5, traits(kind).knots or 7)  # marks have as many as they need
    line = polylines(kind, knots)
    assert line.shape[0] == 5
    assert line.shape[2] == 2
    assert torch.equal(line[:, 0], knots[:, 0])


def test_turns_are_angles_over_a_full_circle() -> None:
    square = torch.tensor([[[0.0, 0.0], [5, 0], [5, 5], [0, 5], [0, 0]]])
    assert float(turns(square)) == pytest.approx(0.75)  # three corners of a quarter each
    assert float(turns(square.flip(1))) == pytest.approx(0.75)
    assert float(turns(torch.tensor([[[0.0, 0.0], [1, 0], [4, 0]]]))) == 0


def test_turns_of_a_stroke_on_one_spot_do_no_harm() -> None:
    spot = torch.full((1, 5, 2), 3.0, requires_grad=True)
    turns(spot).backward()
    assert spot.grad is not None
    assert spot.grad.isfinite().all()

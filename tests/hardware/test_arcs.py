import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import curve, line

from hardware.arcs import simplify, spiral
from hardware.drawing import Line


def off_mm(points: Line, path: Line) -> float:
    """Distance of the point that is furthest from the path."""
    begin, step = path[:-1], np.diff(path, axis=0)
    squared = np.maximum((step**2).sum(axis=1), 1e-300)
    along = np.clip(((points[:, None] - begin) * step).sum(axis=2) / squared, 0, 1)
    return float(np.linalg.norm(points[:, None] - begin - along[..., None] * step, axis=2).min(axis=1).max())


def dense(path: Line) -> Line:
    return np.concatenate([np.linspace(a, b, 20) for a, b in itertools.pairwise(path)])


walks = st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1)), min_size=2, max_size=60).map(
    lambda steps: np.cumsum(np.array(steps, dtype=np.float64), axis=0)
)


@settings(deadline=None)
@given(walks, st.floats(0.001, 2))
def test_no_point_of_either_line_is_further_from_the_other_than_the_tolerance(path: Line, tolerance_mm: float) -> None:
    simple = simplify(path, tolerance_mm)
    assert (simple[0] == path[0]).all() and (simple[-1] == path[-1]).all()
    assert {tuple(p) for p in simple.tolist()} <= {tuple(p) for p in path.tolist()}
    assert off_mm(path, simple) <= tolerance_mm + 1e-9
    assert off_mm(dense(simple), path) <= tolerance_mm + 1e-9


def test_a_straight_line_of_many_points_needs_two() -> None:
    assert simplify(np.linspace((0, 0), (30, 17), 200), 0.01).tolist() == [[0, 0], [30, 17]]


def test_an_ellipse_needs_about_as_many_points_as_its_bend_asks_for() -> None:
    path = curve(turns=1, points=2000)
    # a chord of an arc of radius r within a tolerance t spans 2 acos(1 - t / r); the radii lie between 6.75 and 16
    most = 2 * np.pi / (2 * np.arccos(1 - 0.05 / 16))
    assert len(simplify(path, 0.05)) <= most + 2


def test_a_line_that_turns_back_keeps_its_turning_point() -> None:
    assert simplify(line((0, 0), (10, 0), (3, 0)), 0.05).tolist() == [[0, 0], [10, 0], [3, 0]]


@pytest.mark.parametrize("short", [line((1, 2)), line((1, 2), (3, 4))])
def test_lines_of_one_or_two_points_stay_as_they_are(short: Line) -> None:
    assert simplify(short, 0.05) is short


def test_a_tolerance_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^tolerance 0 mm must be above 0$"):
        simplify(line((0, 0)), 0)


@given(st.floats(0.2, 5), st.floats(1, 8))
@settings(max_examples=50, deadline=None)
def test_a_spiral_leaves_no_gap_and_goes_no_further_than_its_dot(nib_mm: float, nibs: float) -> None:
    path = spiral(nib_mm * nibs, nib_mm)
    radius_mm = nib_mm * nibs / 2
    assert np.hypot(*path.T).max() <= radius_mm - nib_mm / 2 + 1e-9
    rings = np.linspace(0, 1, 9)[:, None] * np.stack([np.cos(a := np.linspace(0, 6.2, 24)), np.sin(a)])[:, None, :]
    points = (rings * (radius_mm - 1e-6)).reshape(2, -1).T
    assert off_mm(points, path if len(path) > 1 else np.repeat(path, 2, 0)) <= nib_mm / 2 + 0.02


def test_a_dot_of_the_nibs_own_width_is_one_touch() -> None:
    assert spiral(0.5, 0.5).tolist() == [[0, 0]]

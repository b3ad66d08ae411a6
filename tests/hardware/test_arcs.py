import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import curve, line

from hardware.arcs import Arc, arc_points, arcs, simplify, spiral
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


# Arcs


def redrawn(path: Line, pieces: list[Arc | tuple[float, float]]) -> Line:
    """The points that a machine goes through."""
    at, points = tuple(path[0].tolist()), [path[:1]]
    for piece in pieces:
        end = piece.end if isinstance(piece, Arc) else piece
        points.append(arc_points(at, end, piece.centre, piece.clockwise, 1e-5)[1:] if isinstance(piece, Arc) else [end])
        at = end
    return np.concatenate([np.asarray(each, dtype=np.float64) for each in points])


smooth = st.lists(st.floats(-0.4, 0.4), min_size=2, max_size=80).map(
    lambda turns: np.cumsum(np.stack([np.cos(a := np.cumsum(turns)), np.sin(a)], axis=1), axis=0)
)


@settings(deadline=None)
@given(st.one_of(smooth, walks), st.floats(0.005, 1))
def test_arcs_and_line_are_no_further_from_each_other_than_the_tolerance(path: Line, tolerance_mm: float) -> None:
    pieces = arcs(path, tolerance_mm)
    drawn = redrawn(path, pieces)
    assert (drawn[-1] == path[-1]).all()
    assert off_mm(path, drawn) <= tolerance_mm + 1e-4
    assert off_mm(drawn, path) <= tolerance_mm + 1e-4
    begins = [tuple(path[0].tolist()), *(p.end if isinstance(p, Arc) else p for p in pieces)]
    for begin, piece in zip(begins, pieces, strict=False):
        if isinstance(piece, Arc):
            radii = [np.hypot(*np.subtract(p, piece.centre)) for p in (begin, piece.end)]
            assert 0.05 <= radii[0] <= 2000 and abs(radii[0] - radii[1]) < 1e-6
            assert np.hypot(*np.subtract(begin, piece.end)) > 0


def test_a_circle_takes_two_arcs_that_go_its_way_round() -> None:
    angle = np.linspace(0, 2 * np.pi, 400)
    path = 20 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    for line_, clockwise in ((path, False), (path[::-1], True)):
        pieces = arcs(np.ascontiguousarray(line_), 0.01)
        assert [isinstance(p, Arc) and p.clockwise for p in pieces] == [clockwise] * 2
        assert all(isinstance(p, Arc) and np.hypot(*p.centre) < 0.01 for p in pieces)


def test_arcs_are_fewer_than_straight_pieces_where_the_tolerance_is_small() -> None:
    path = curve(turns=1, points=800)
    assert len(arcs(path, 0.01)) <= 0.5 * (len(simplify(path, 0.01)) - 1)


def test_a_straight_line_stays_one_piece() -> None:
    assert arcs(np.linspace((0, 0), (30, 17), 200), 0.01) == [(30, 17)]
    assert arcs(line((1, 2)), 0.01) == []


def test_a_square_stays_a_square() -> None:
    assert arcs(line((0, 0), (5, 0), (5, 5), (0, 5)), 0.05) == [(5, 0), (5, 5), (0, 5)]

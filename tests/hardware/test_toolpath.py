import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from samples import BLACK, RED, curve, line, passes, segments, sheet

from hardware.drawing import Drawing, PenPass, length_mm
from hardware.toolpath import GAP_NIBS, clip, join, order, split, travel_mm
from hardware.toolpath.local_search import improve
from hardware.toolpath.start import greedy, nearest
from hardware.toolpath.tour import tour


def scattered(count: int, seed: int = 0) -> Drawing:
    rng = np.random.default_rng(seed)
    begin = rng.uniform((5, 5), (55, 35), (count, 2))
    lines = tuple(np.stack([b, b + rng.normal(0, 2, 2)]) for b in begin)
    return sheet(PenPass("lines", BLACK, lines))


def shuffled_pieces(count: int, pieces: int) -> Drawing:
    rng = np.random.default_rng(3)
    cut = []
    for _ in range(count):
        walk = rng.uniform(0, 40, 2) + np.cumsum(rng.normal(0, 0.4, (pieces * 4 + 1, 2)), axis=0)
        cut += [walk[at * 4 : at * 4 + 5][:: rng.choice([1, -1])] for at in range(pieces)]
    rng.shuffle(cut)
    return sheet(PenPass("curves", BLACK, tuple(cut)))


@settings(deadline=None)
@given(passes())
def test_ordering_changes_nothing_that_is_seen_and_never_lengthens_travel(pen_pass: PenPass) -> None:
    drawing = sheet(pen_pass)
    ordered = order(drawing)
    assert segments(ordered) == segments(drawing)
    assert len(ordered.passes[0].lines) == len(pen_pass.lines)
    assert travel_mm(ordered) <= travel_mm(drawing)


def test_two_thousand_strokes_in_random_order_come_out_near_the_shortest_tour() -> None:
    rng = np.random.default_rng(0)
    drawing = sheet(PenPass("dots", BLACK, tuple(rng.uniform(0, 1, (2000, 1, 2)) * 40)), width_mm=40)
    # a shortest tour through N random points of an area A is about 0.7124 sqrt(N A) (Beardwood, Halton, Hammersley)
    assert travel_mm(order(drawing)) < 1.04 * 0.7124 * np.sqrt(2000 * 40 * 40)


def test_lines_are_turned_round_where_that_saves_travel() -> None:
    drawing = sheet(PenPass("comb", BLACK, tuple(line((x, 40), (x, 10)) for x in range(10))))
    assert travel_mm(drawing) == pytest.approx(9 * np.hypot(1, 30) + np.hypot(9, 30))
    assert travel_mm(order(drawing)) == pytest.approx(9 + 9)


def test_ordering_twice_gives_the_same_bytes() -> None:
    first, second = order(scattered(300)), order(scattered(300))
    assert all((a == b).all() for a, b in zip(first.passes[0].lines, second.passes[0].lines, strict=True))


def test_travel_is_counted_from_the_park_position_and_back_to_it() -> None:
    drawing = sheet(PenPass("a", BLACK, (line((0, 30), (10, 30)),)), PenPass("b", RED, (line((0, 0)),)))
    assert travel_mm(drawing) == pytest.approx(10 + np.hypot(10, 10) + 40 + 40)
    assert travel_mm(drawing, start_mm=(0, 30)) == pytest.approx(0 + 10 + 30 + 30)


def test_lines_with_colours_or_widths_of_their_own_keep_their_order() -> None:
    lines = scattered(20).passes[0].lines
    coloured = PenPass("free", BLACK, lines, colours=("#ff0000", "#00ff00") * 10)
    wide = PenPass("free", BLACK, lines, widths_mm=(0.5, 1.0) * 10)
    drawing = sheet(coloured, wide)
    assert order(drawing) == drawing and join(drawing) == drawing


@pytest.mark.parametrize("passes", [(), (PenPass("none", BLACK, ()),), (PenPass("one", BLACK, (line((1, 1)),)),)])
def test_drawings_with_nothing_to_order_stay_as_they_are(passes: tuple[PenPass, ...]) -> None:
    drawing = sheet(*passes)
    assert order(drawing) == drawing and join(drawing) == drawing and clip(drawing) == drawing


@settings(deadline=None)
@given(passes(), st.integers(0, 2**32 - 1))
def test_joining_keeps_every_segment_and_adds_only_gaps_that_the_nib_covers(pen_pass: PenPass, seed: int) -> None:
    shift = np.random.default_rng(seed).uniform(-0.02, 0.02, (len(pen_pass.lines), 2))
    drawing = sheet(PenPass("any", BLACK, tuple(a + b for a, b in zip(pen_pass.lines, shift, strict=True))))
    before, after = segments(drawing)[0], segments(join(drawing))[0]
    for piece in before:
        after.remove(piece)  # fails where it is missing
    assert all(np.hypot(*np.subtract(*piece)) <= GAP_NIBS * BLACK.nib_mm for piece in after)


def test_curves_cut_into_pieces_and_shuffled_come_back_whole() -> None:
    drawing = shuffled_pieces(count=300, pieces=8)
    joined = join(drawing)
    assert len(joined.passes[0].lines) == 300
    assert segments(joined) == segments(drawing)


def test_ends_further_apart_than_the_gap_are_not_joined() -> None:
    gap = GAP_NIBS * BLACK.nib_mm
    near = PenPass("a", BLACK, (line((0, 0), (1, 0)), line((2, 0), (1 + 0.99 * gap, 0))))
    far = PenPass("b", BLACK, (line((0, 0), (1, 0)), line((2, 0), (1 + 1.01 * gap, 0))))
    joined = join(sheet(near, far))
    assert [len(p.lines) for p in joined.passes] == [1, 2]
    assert joined.passes[0].lines[0].tolist() == [[0, 0], [1, 0], [1 + 0.99 * gap, 0], [2, 0]]


def test_a_ring_of_lines_becomes_one_closed_line() -> None:
    square = [(0, 0), (5, 0), (5, 5), (0, 5), (0, 0)]
    ring = PenPass("ring", BLACK, tuple(line(a, b) for a, b in itertools.pairwise(square)))
    (closed,) = join(sheet(ring)).passes[0].lines
    assert len(closed) == 5 and (closed[0] == closed[-1]).all()


def test_transparent_strokes_are_not_joined_for_they_are_darker_where_they_meet() -> None:
    drawing = sheet(PenPass("glaze", RED, (line((0, 0), (1, 0)), line((1, 0), (2, 0)))))
    assert join(drawing) == drawing


def test_what_lies_off_the_sheet_is_cut_away_at_its_edge() -> None:
    lines = (line((-10, 10), (70, 10)), line((61, 1)), line((5, 39), (5, 45), (8, 45), (8, 39)), line((70, 0), (70, 9)))
    pen_pass = PenPass(
        "wide", BLACK, (*lines, curve()), colours=("#000001", "#000002", "#000003", "#000004", "#000005")
    )
    (cut,) = clip(sheet(pen_pass)).passes
    assert [each.tolist() for each in cut.lines[:3]] == [
        [[0, 10], [60, 10]],
        [[5, 39], [5, 40]],
        [[8, 40], [8, 39]],
    ]
    assert (cut.lines[3] == curve()).all()
    assert cut.colours == ("#000001", "#000003", "#000003", "#000005")


@given(passes())
def test_cutting_keeps_lines_on_the_sheet_whole_and_all_else_within_it(pen_pass: PenPass) -> None:
    drawing = sheet(pen_pass)
    assert clip(drawing).passes[0].lines == pen_pass.lines
    small = sheet(pen_pass, width_mm=25, height_mm=15)
    for each in clip(small).passes[0].lines:
        assert (each >= 0).all() and (each <= (25, 15)).all()
    assert sum(map(length_mm, clip(small).passes[0].lines)) <= sum(map(length_mm, pen_pass.lines)) + 1e-9


# The search itself


def round_mm(points: NDArray[np.float64], visits: NDArray[np.int64]) -> float:
    """Travel of a tour, as its definition says: from each odd place to the even one after it, and back to the first."""
    size = len(visits)
    return sum(float(np.hypot(*(points[visits[at]] - points[visits[(at + 1) % size]]))) for at in range(1, size, 2))


def shortest_mm(points: NDArray[np.float64]) -> float:
    """Of all tours through five strokes or so, one by one."""
    count = len(points) // 2
    return min(
        round_mm(
            points,
            np.array([end for s, way in zip((0, *rest), ways, strict=True) for end in (2 * s + way, 2 * s + 1 - way)]),
        )
        for rest in itertools.permutations(range(1, count))
        for ways in itertools.product((0, 1), repeat=count)
        if ways[0] == 0
    )


@pytest.mark.parametrize("seed", range(8))
def test_a_few_strokes_come_out_in_the_shortest_of_all_orders(seed: int) -> None:
    points = np.random.default_rng(seed).uniform(0, 40, (10, 2))
    assert round_mm(points, tour(points)) == pytest.approx(shortest_mm(points))


@pytest.mark.parametrize("kind", ["lines", "dots"])
@pytest.mark.parametrize("kicks", [0, 2000])
def test_what_the_search_says_it_gained_is_what_the_tour_lost(kind: str, kicks: int) -> None:
    rng = np.random.default_rng(5)
    points = rng.uniform(0, 100, (400, 2))
    points[1::2] = points[::2] if kind == "dots" else points[::2] + rng.normal(0, 4, (200, 2))
    visits = greedy(points)
    before = round_mm(points, visits)
    gained = improve(points, nearest(points, np.arange(400) // 2, 8), visits, kicks, 30, 1, 0.5)
    assert sorted(visits.tolist()) == list(range(400)) and (visits[::2] // 2 == visits[1::2] // 2).all()
    assert before - round_mm(points, visits) == pytest.approx(gained) and gained > 0


def test_the_compiled_search_does_what_its_python_does() -> None:
    rng = np.random.default_rng(6)
    points = rng.uniform(0, 30, (80, 2))
    near = nearest(points, np.arange(80) // 2, 8)
    compiled, plain = greedy(points), greedy(points)
    improve(points, near, compiled, 60, 5, 1, 0.3)
    with np.errstate(over="ignore"):  # the dice wrap round
        improve.py_func(points, near, plain, 60, 5, 1, 0.3)
    assert (compiled == plain).all()


def test_a_point_s_nearest_are_those_that_a_search_through_all_finds() -> None:
    points = np.random.default_rng(7).uniform(0, (50, 3), (300, 2))
    group = np.arange(300) // 2
    away = np.hypot(*(points[:, None] - points).transpose(2, 0, 1)) + 1e9 * (group[:, None] == group)
    assert (nearest(points, group, 6) == np.argsort(away, axis=1)[:, :6]).all()


def test_many_strokes_are_ordered_region_by_region_and_none_is_lost() -> None:
    drawing = scattered(4000)
    ordered = order(drawing)
    assert segments(ordered) == segments(drawing)
    # the same search on the complete tour at once is better by 4 % at most
    points = np.array([end for each in drawing.passes[0].lines for end in each])
    whole = greedy(points)
    improve(points, nearest(points, np.arange(len(points)) // 2, 8), whole, 40_000, 30, 1, 0.2)
    assert travel_mm(ordered) < 1.04 * round_mm(points, whole)


# Loops, passes of one pen, long lines


def test_a_closed_line_begins_where_the_pen_comes_by() -> None:
    square = line((20, 20), (30, 20), (30, 30), (20, 30), (20, 20))
    drawing = sheet(PenPass("a", BLACK, (square,)))
    assert travel_mm(drawing) == pytest.approx(2 * np.hypot(20, 20))
    ordered = order(drawing)
    assert travel_mm(ordered) == pytest.approx(2 * np.hypot(20, 10))
    assert segments(ordered) == segments(drawing)
    assert ordered.passes[0].lines[0][0].tolist() == [20, 30]


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.integers(2, 50), st.integers(2, 30), st.integers(1, 6)), min_size=2, max_size=12))
def test_turned_loops_are_the_same_loops_and_never_cost_travel(circles: list[tuple[int, int, int]]) -> None:
    angle = np.linspace(0, 2 * np.pi, 13)
    ring = np.round(np.stack([np.cos(angle), np.sin(angle)], axis=1), 6)
    ring[-1] = ring[0]
    drawing = sheet(PenPass("a", BLACK, tuple((x, y) + r * ring for x, y, r in circles)))
    ordered = order(drawing)
    assert segments(ordered) == segments(drawing)
    assert travel_mm(ordered) <= travel_mm(drawing) + 1e-9


def test_passes_of_one_pen_follow_each_other_where_they_are_nearest() -> None:
    left = tuple(line((x, 10), (x, 20)) for x in (2, 6, 10))
    right = tuple(line((x, 10), (x, 20)) for x in (14, 18, 22))
    one, other = sheet(PenPass("a", BLACK, left), PenPass("b", BLACK, right)), None
    other = sheet(PenPass("a", BLACK, left), PenPass("b", RED, right))
    assert travel_mm(order(one)) < travel_mm(order(other)) - 20
    assert segments(order(one)) == segments(one)


def test_a_line_longer_than_its_pen_draws_is_cut_into_equal_parts() -> None:
    pen = BLACK.model_copy(update={"max_draw_m": 0.03})
    path = line((0, 0), (50, 0), (50, 20))
    (cut,) = split(sheet(PenPass("a", pen, (path, line((1, 1)))))).passes
    assert [length_mm(each) for each in cut.lines] == pytest.approx([70 / 3] * 3 + [0])
    assert [each.tolist()[-1] for each in cut.lines[:3]] == [
        pytest.approx(end) for end in ([70 / 3, 0], [140 / 3, 0], [50, 20])
    ]
    assert cut.lines[2].tolist()[1] == [50, 0]
    assert split(sheet(PenPass("a", BLACK, (path,)))) == sheet(PenPass("a", BLACK, (path,)))


@given(passes())
def test_cutting_at_a_margin_leaves_nothing_in_it(pen_pass: PenPass) -> None:
    for each in clip(sheet(pen_pass), margin_mm=7).passes[0].lines:
        assert (each >= 7).all() and (each <= (53, 33)).all()

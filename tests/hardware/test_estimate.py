import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import BLACK, RED, ROUTER, SERVO, line, sheet, two_pens

from hardware.drawing import PenPass, length_mm
from hardware.estimate import estimate
from hardware.planner import corner_mm_s, run_s, straight_s
from hardware.program import program
from hardware.toolpath import travel_mm


def test_a_long_move_speeds_up_runs_and_slows_down() -> None:
    # v / a up and down again, the rest of the way at v
    assert straight_s(100, speed_mm_s=50, accel_mm_s2=500) == pytest.approx(2 * 50 / 500 + (100 - 50**2 / 500) / 50)


def test_a_short_move_never_reaches_its_speed() -> None:
    assert straight_s(3, speed_mm_s=50, accel_mm_s2=500) == pytest.approx(2 * math.sqrt(3 / 500))
    assert straight_s(0, speed_mm_s=50, accel_mm_s2=500) == 0


def test_points_on_a_straight_line_cost_no_time() -> None:
    points = [(x, 0.5 * x) for x in np.linspace(0, 80, 33).tolist()]
    assert run_s(points, 40, 300, 0.01) == pytest.approx(straight_s(math.hypot(80, 40), 40, 300))


def test_a_right_angle_is_taken_at_the_speed_of_the_inscribed_circle() -> None:
    a, deviation = 500.0, 0.02
    sine = math.sqrt(0.5)
    corner = math.sqrt(a * deviation * sine / (1 - sine))
    assert corner_mm_s((0, 0), (10, 0), (10, 10), a, deviation) == pytest.approx(corner)
    # both legs are too short for 50 mm/s: up to the peak, down to the corner's speed, and the same again backwards
    peak = math.sqrt(a * 4 + corner**2 / 2)
    assert run_s([(0, 0), (4, 0), (4, 4)], 50, a, deviation) == pytest.approx(2 * (2 * peak - corner) / a)


def test_turning_right_back_means_to_stop() -> None:
    assert corner_mm_s((0, 0), (10, 0), (0, 0), 500, 0.02) == 0
    assert run_s([(0, 0), (10, 0), (0, 0)], 50, 500, 0.02) == pytest.approx(2 * straight_s(10, 50, 500))


def circle(radius: float, count: int) -> list[tuple[float, float]]:
    angles = np.linspace(0, 2 * np.pi, count + 1)
    return [(float(x), float(y)) for x, y in radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)]


def test_a_circle_below_its_corner_speed_is_drawn_without_slowing_down() -> None:
    way = 72 * 2 * 20 * math.sin(math.pi / 72)
    assert run_s(circle(20, 72), 20, 400, 0.01) == pytest.approx(straight_s(way, 20, 400))


def test_a_circle_of_few_corners_is_slowed_down_at_each() -> None:
    a, deviation, count = 400.0, 0.01, 36
    side = 2 * 20 * math.sin(math.pi / count)
    # the corners bend by 2 pi / n: the half angle between the sides has the sine s
    s = math.cos(math.pi / count)
    corner = math.sqrt(a * deviation * s / (1 - s))
    inner = 2 * (math.sqrt(a * side + corner**2) - corner) / a
    outer = (2 * math.sqrt(a * side + corner**2 / 2) - corner) / a
    assert run_s(circle(20, count), 300, a, deviation) == pytest.approx((count - 2) * inner + 2 * outer)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=2, max_size=20), st.integers(1, 300))
def test_a_run_takes_no_less_than_its_way_and_no_more_than_stopping_at_each_point(
    points: list[tuple[int, int]], speed: int
) -> None:
    ways = [math.dist(p, q) for p, q in itertools.pairwise(points)]
    seconds = run_s([(float(x), float(y)) for x, y in points], speed, 500, 0.01)
    assert seconds >= straight_s(sum(ways), speed, 500) - 1e-9
    assert seconds <= sum(straight_s(way, speed, 500) for way in ways) + 1e-9


def test_lifts_dots_travel_and_changes_of_pen_add_up() -> None:
    drawing = sheet(PenPass("a", BLACK, (line((0, 40), (30, 40)), line((30, 40)))))
    took = estimate(program(drawing, SERVO), SERVO)
    travel = straight_s(math.hypot(10, 5), 100, 500), straight_s(math.hypot(40, 5), 100, 500)
    assert took.seconds == pytest.approx(sum(travel) + straight_s(30, 30, 500) + 4 * 0.15 + 0.1)
    assert (took.lifts, took.drawn_mm) == (2, 30)
    assert took.travel_mm == pytest.approx(math.hypot(10, 5) + math.hypot(40, 5))
    assert (took.pen_changes, took.pen_change_s, took.total_s) == (1, 60, took.seconds + 60)


def test_a_z_axis_takes_its_own_time_to_lower_and_lift() -> None:
    took = estimate(program(sheet(PenPass("a", BLACK, (line((0, 0)),))), ROUTER), ROUTER)
    travel_s = 2 * straight_s(math.hypot(9, 43), 100, 500)
    assert took.seconds == pytest.approx(travel_s + 2 * straight_s(3.5, 8, 500) + 0.1)


def test_each_pen_has_its_own_row_and_they_sum_up() -> None:
    drawing = two_pens()
    took = estimate(program(drawing, SERVO), SERVO)
    assert [(p.number, p.pen, p.layer, p.strokes) for p in took.pens] == [
        (1, BLACK, "lines & dots", 4),
        (2, RED, "curves", 3),
    ]
    assert took.seconds == pytest.approx(sum(p.seconds for p in took.pens))
    assert took.drawn_mm == pytest.approx(sum(length_mm(each) for p in drawing.passes for each in p.lines), rel=1e-3)
    assert took.travel_mm == pytest.approx(travel_mm(drawing, start_mm=(-10, 45)), abs=0.1)
    assert took.pen_changes == 2


def test_nothing_takes_no_time() -> None:
    took = estimate(program(sheet(), SERVO), SERVO)
    assert (took.pens, took.total_s, took.lifts) == ((), 0, 0)

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import BLACK, RED, ROUTER, SERVO, line, sheet, two_pens

from hardware.drawing import PenPass, length_mm
from hardware.estimate import AT_REST_S, estimate, timed
from hardware.planner import corner_mm_s, run_s, straight_s
from hardware.program import ArcTo, ChangePen, Lift, Lower, Travel, program
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
    travel = travel_s((10, 5)), travel_s((40, 5))
    start_s, stops_s = 2 * 0.15, 2 * (2 * AT_REST_S + 0.15)  # for the pen, and at the end
    moving_s = sum(travel) + straight_s(30, 30, 500) + 4 * 0.15 + 0.1
    assert took.seconds == pytest.approx(start_s + moving_s + stops_s)
    assert (took.lifts, took.drawn_mm) == (2, 30)
    assert took.travel_mm == pytest.approx(math.hypot(10, 5) + math.hypot(40, 5))
    assert (took.pen_changes, took.pen_change_s, took.total_s) == (1, 60, took.seconds + 60)


def travel_s(way: tuple[float, float], speed: float = 100.0, accel: float = 500.0) -> float:
    """Seconds of a travel from rest to rest, by hand: each axis has its own greatest speed and acceleration."""
    length = math.hypot(*way)
    along = min(length / abs(part) for part in way if part)
    return straight_s(length, speed * along, accel * along)


def test_a_z_axis_takes_its_own_time_to_lower_and_lift_and_no_stop_at_the_corner() -> None:
    steps = program(sheet(PenPass("a", BLACK, (line((0, 0)),))), ROUTER)
    took = sum(step.seconds for step in timed(steps, ROUTER)[2:])  # from the parking place on
    # There and down, from rest to the dwell; up and back, from the dwell to rest. Across a right angle both ways
    # are planned as one, by hand: at v the corner, each leg gains by v from what it takes from rest to rest
    deviation, sine = ROUTER.junction_deviation_mm, math.sqrt(0.5)
    steep = math.hypot(9, 43) / 43  # along the way, for a limit of the y axis
    across = math.sqrt(2) * min(steep, 1.0)
    corner = math.sqrt(500 * across * deviation * sine / (1 - sine))
    legs_s = 0.0
    for length, fast, a in ((math.hypot(9, 43), 100.0 * steep, 500.0 * steep), (3.5, 8.0, 500.0)):
        v = min(corner, 8.0)
        top = min(fast, math.sqrt(a * length + v * v / 2))
        ramps_mm = (2 * top * top - v * v) / (2 * a)
        legs_s += (2 * top - v) / a + (length - ramps_mm) / top
    assert took == pytest.approx(2 * legs_s + 0.1 + 2 * AT_REST_S)


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


# Axes, arcs, dialects


def test_axes_with_accelerations_of_their_own_limit_each_direction_by_the_axis_that_is_spent_first() -> None:
    across, up, diagonal = [(0.0, 0.0), (3.0, 0.0)], [(0.0, 0.0), (0.0, 3.0)], [(0.0, 0.0), (3.0, 3.0)]
    assert run_s(across, 50, (500, 200), 0.01) == pytest.approx(2 * math.sqrt(3 / 500))
    assert run_s(up, 50, (500, 200), 0.01) == pytest.approx(2 * math.sqrt(3 / 200))
    # along a diagonal each axis gets 1 / sqrt(2) of the way: y, at 200, is spent at 200 sqrt(2)
    length, accel = 3 * math.sqrt(2), 200 * math.sqrt(2)
    assert run_s(diagonal, 500, (500, 200), 0.01) == pytest.approx(2 * math.sqrt(length / accel))


def test_the_corner_of_two_axes_is_as_fast_as_the_weaker_allows() -> None:
    sine = math.sqrt(0.5)
    corner = corner_mm_s((0, 0), (10, 0), (10, 10), (500, 200), 0.02)
    assert corner == pytest.approx(math.sqrt(200 * math.sqrt(2) * 0.02 * sine / (1 - sine)))


def test_travel_is_as_fast_as_both_axes_together() -> None:
    machine = SERVO.model_copy(update={"travel_mm_min": (6000, 3000), "accel_mm_s2": (1e5, 1e5)})
    away = {"park_mm": (0.0, 0.0), "origin_mm": (0.0, 0.0)}
    drawing = sheet(PenPass("a", BLACK, (line((60, 0)),)))
    took = estimate(program(drawing, machine.model_copy(update=away)), machine)
    # y, 40 mm at 50 mm/s, takes longer than x, 60 mm at 100 mm/s: all is done in its time
    still_s = 2 * 0.15 + 2 * 0.15 + 0.1 + 2 * (2 * AT_REST_S + 0.15)
    assert took.seconds - still_s == pytest.approx(2 * 40 / 50, rel=0.01)


def test_one_number_for_travel_is_the_limit_of_each_axis_unless_the_dialect_gives_travel_a_feed() -> None:
    drawing = sheet(PenPass("a", BLACK, (line((60, 0)),)))
    machine = SERVO.model_copy(update={"park_mm": (10.0, 5.0)})
    grbl, marlin = (
        timed(program(drawing, made), made) for made in (machine, machine.model_copy(update={"dialect": "marlin"}))
    )
    way = next(step.way_mm for step in grbl if isinstance(step.step, Travel))
    seconds = [next(step.seconds for step in made if isinstance(step.step, Travel)) for made in (grbl, marlin)]
    assert seconds == pytest.approx([travel_s((60, 40)), straight_s(way, 100, 500)])


def test_an_arc_takes_as_long_as_its_way_at_full_speed() -> None:
    steps = (
        ChangePen(1, BLACK, "a", 1, 0, feed_mm_min=600),
        Travel(30, 10),
        Lower(),
        ArcTo(10, 30, 10, 10, clockwise=False),
        Lift(),
    )
    took = estimate(steps, SERVO.model_copy(update={"junction_deviation_mm": 0.05}))
    way_mm = 20 * math.pi / 2
    assert took.drawn_mm == pytest.approx(way_mm, abs=0.01)
    still_s = 4 * 0.15 + 2 * AT_REST_S + 0.15
    assert took.seconds - still_s - travel_s((30, 10)) == pytest.approx(straight_s(way_mm, 10, 500), rel=1e-3)


def test_dwells_are_rounded_as_the_controller_does() -> None:
    drawing = sheet(PenPass("a", BLACK, (line((0, 0)),)))
    odd = SERVO.model_copy(update={"dwell_s": 0.11})
    exact = odd.model_copy(update={"dialect": "linuxcnc"})
    seconds = [estimate(program(drawing, machine), machine).seconds for machine in (odd, exact)]
    assert seconds[0] - seconds[1] == pytest.approx(0.3 - (0.15 + 0.11))


def test_each_step_has_its_time_and_all_of_them_make_up_the_estimate() -> None:
    steps = program(two_pens(), SERVO)
    times = timed(steps, SERVO)
    assert [t.step for t in times] == list(steps)
    took = estimate(steps, SERVO)
    assert sum(t.seconds for t in times) == pytest.approx(took.seconds)
    assert sum(t.way_mm for t in times) == pytest.approx(took.drawn_mm + took.travel_mm)


def test_refilling_a_pen_takes_a_person_as_long_as_changing_it() -> None:
    pen = BLACK.model_copy(update={"max_draw_m": 0.025})
    lines = tuple(line((0, y), (10, y)) for y in range(5))
    took = estimate(program(sheet(PenPass("a", pen, lines)), SERVO), SERVO)
    assert (took.pen_changes, took.refills, took.pen_change_s) == (1, 2, 180)

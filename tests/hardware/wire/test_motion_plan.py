"""The planner of boards that plan nothing, against the one by which plots are estimated."""

import itertools
import math

import numpy as np
import pytest

from hardware.planner import Limits, plan_s
from hardware.wire.motion_plan import MotionLimits, MotionPlan, Piece

LIMITS = [MotionLimits(1000.0, 0.01), MotionLimits((600.0, 400.0), 0.02, (120.0, 90.0))]


def taken(plan: MotionPlan, slice_s: float = 0.025) -> list[Piece]:
    pieces = []
    while (piece := plan.take(slice_s)) is not None:
        pieces.append(piece)
    return pieces


def walk(count: int, step_mm: float, seed: int = 0) -> list[tuple[float, float]]:
    points = np.cumsum(np.random.default_rng(seed).normal(0, step_mm, (count + 1, 2)), axis=0)
    return [(x, y) for x, y in points.tolist()]


@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize(("count", "step_mm"), [(60, 10.0), (400, 0.3), (200, 2.0)])
def test_each_move_takes_as_long_as_estimated(limits: MotionLimits, count: int, step_mm: float) -> None:
    points = walk(count, step_mm)
    speeds = np.random.default_rng(1).choice([30.0, 60.0], count)
    plan = MotionPlan(limits)
    for (begin, end), speed in zip(itertools.pairwise(points), speeds.tolist(), strict=True):
        assert plan.add(begin, end, speed)
    seconds = [0.0]
    for piece in taken(plan):
        seconds[-1] += piece.seconds
        seconds += [0.0] if piece.ends_leg else []
    known = Limits(limits.accel_mm_s2, limits.deviation_mm, limits.speed_mm_s)
    wanted = plan_s(np.diff(np.array(points), axis=0), speeds, np.arange(count) == 0, known)
    assert np.allclose(seconds[:-1], wanted, atol=1e-9)


def test_pieces_follow_the_path_and_are_short() -> None:
    points = walk(40, 5.0)
    plan = MotionPlan(LIMITS[0])
    for begin, end in itertools.pairwise(points):
        plan.add(begin, end, 60.0)
    pieces = taken(plan, 0.02)
    assert [piece.end for piece in pieces if piece.ends_leg] == points[1:]
    assert max(piece.seconds for piece in pieces) <= 0.04 + 1e-9
    assert plan.is_empty
    assert plan.speed == 0


def test_a_move_that_is_added_late_continues_without_a_stop() -> None:
    plan = MotionPlan(LIMITS[0])
    plan.add((0, 0), (30, 0), 50.0)
    first = [plan.take(0.025) for _ in range(4)]
    plan.add((30, 0), (60, 0), 50.0)
    assert sum(piece.seconds for piece in [*first, *taken(plan)] if piece) < 60 / 50 + 2 * 50 / 1000


def test_a_hold_slows_down_along_the_path_through_a_corner() -> None:
    plan = MotionPlan(MotionLimits(1000.0, 5.0))
    plan.add((0, 0), (20, 0), 100.0)
    plan.add((20, 0), (40, 2), 100.0)
    while plan.legs or plan.speed < 99:
        plan.take(0.025)
        if not plan.legs:
            break
    assert plan.hold()
    pieces = taken(plan)
    assert plan.is_empty
    x, y = pieces[-1].end
    assert y == pytest.approx(max(x - 20, 0) / 10)
    assert x < 40


def test_a_hold_takes_the_way_that_the_acceleration_needs() -> None:
    plan = MotionPlan(LIMITS[0])
    plan.add((0, 0), (100, 0), 100.0)
    while plan.speed < 99.9:
        at = plan.take(0.025)
    assert at is not None
    assert plan.hold()
    [stop] = taken(plan)
    assert stop.end[0] - at.end[0] == pytest.approx(100**2 / 2000)
    assert stop.seconds == pytest.approx(0.1)
    assert not plan.hold()


def test_a_move_without_length_is_none() -> None:
    plan = MotionPlan(LIMITS[0])
    assert not plan.add((1, 1), (1, 1), 50.0)
    assert plan.take(0.025) is None


def test_after_an_unforeseen_stop_the_rest_begins_slowly() -> None:
    plan = MotionPlan(LIMITS[0])
    plan.add((0, 0), (100, 0), 100.0)
    done = [plan.take(0.025) for _ in range(6)]
    plan.come_to_rest()
    rest = taken(plan)
    assert done[-1] is not None
    way = math.dist(done[-1].end, rest[0].end)
    assert way == pytest.approx(0.5 * 1000 * rest[0].seconds ** 2)
    assert rest[-1].end == (100, 0)

"""The visible part of strokes under others."""

import math

import numpy as np
import pytest

from renderer.visible import PX_PER_MM, visible_mm2

CORNER_MM, SIZE_MM = (5.0, 3.0), (40.0, 30.0)


def seen(*strokes: tuple[list[list[float]], float], least_mm2: float = 0.0) -> list[float]:
    lines = [np.array(line) for line, _ in strokes]
    return visible_mm2(lines, np.array([width for _, width in strokes]), CORNER_MM, SIZE_MM, least_mm2).tolist()


BAR = [[10.0, 15.0], [30.0, 15.0]]
CROSSING = [[20.0, 8.0], [20.0, 25.0]]
BAR_MM2 = 20 * 2 + math.pi


def test_a_stroke_alone_is_seen_whole() -> None:
    assert seen((BAR, 2.0), ([[20.0, 25.0]], 4.0)) == pytest.approx([BAR_MM2, 4 * math.pi], rel=0.02)


def test_what_a_later_stroke_covers_is_not_seen() -> None:
    assert seen((BAR, 2.0), (CROSSING, 3.0))[0] == pytest.approx(BAR_MM2 - 2 * 3, rel=0.02)
    assert seen((CROSSING, 3.0), (BAR, 2.0)) == pytest.approx([17 * 3 + 2.25 * math.pi - 2 * 3, BAR_MM2], rel=0.02)


def test_what_lies_wholly_below_is_not_seen_at_all() -> None:
    assert seen((BAR, 2.0), (BAR, 2.0)) == pytest.approx([0, BAR_MM2], rel=0.02)
    assert seen((BAR, 2.0), (BAR, 2.5))[0] == 0
    assert seen((BAR, 2.0), ([[10.0, 15.0], [20.0, 15.0]], 2.5), ([[30.0, 15.0], [20.0, 15.0]], 2.5))[0] == 0


def test_what_lies_beyond_the_frame_is_not_seen() -> None:
    assert seen(([[5.0, 20.0]], 4.0)) == pytest.approx([2 * math.pi], rel=0.03)
    assert seen(([[100.0, 20.0], [120.0, 20.0]], 4.0)) == [0]


def test_a_stroke_that_crosses_itself_is_counted_once() -> None:
    there_and_back = [[10.0, 15.0], [30.0, 15.0], [10.0, 15.0]]
    assert seen((there_and_back, 2.0)) == pytest.approx([BAR_MM2], rel=0.02)


def test_a_stroke_that_will_be_left_out_hides_nothing() -> None:
    """The middle one of three is almost covered; without it, a little of the lowest is visible beside the top one."""
    low, middle, top = ([[20.0, 15.0]], 4.0), ([[20.0, 15.0]], 4.2), ([[20.0, 15.0]], 4.1)
    with_it = seen(low, middle, top)
    assert with_it[0] == 0
    beside = ([[20.0, 15.0], [20.3, 15.0]], 4.1)
    sliver = seen(low, beside, ([[20.15, 15.0], [20.4, 15.0]], 4.1), least_mm2=2.0)
    assert sliver[1] < 2.0
    assert sliver[0] > seen(low, beside, ([[20.15, 15.0], [20.4, 15.0]], 4.1))[0]


def test_nothing_is_nothing() -> None:
    assert seen() == []


def test_a_large_sheet_is_looked_at_more_coarsely() -> None:
    lines = [np.array([[100.0, 100.0], [1500.0, 100.0]])]
    assert visible_mm2(lines, np.array([3.0]), (0, 0), (1600, 200)).tolist() == pytest.approx(
        [4200 + 2.25 * math.pi], rel=0.08
    )
    assert PX_PER_MM > 6000 / 1600

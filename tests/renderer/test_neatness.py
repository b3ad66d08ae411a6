"""Lines that cross, and lines that lie unevenly: found, priced, and fewer after a fit with that price."""

import numpy as np
import pytest
import torch
from torch import Tensor

from renderer.optimise.neatness import Segments, crossings, unevenness


def segments(*lines: list[tuple[float, float]]) -> Segments:
    points = [torch.tensor(line, dtype=torch.float32) for line in lines]
    owner = torch.cat([torch.full((len(line) - 1,), n) for n, line in enumerate(points)])
    return Segments(torch.cat([line[:-1] for line in points]), torch.cat([line[1:] for line in points]), owner)


def rows(*heights: float) -> Segments:
    return segments(*[[(float(x), y) for x in range(10)] for y in heights])


def test_lines_that_meet_only_at_their_ends_do_not_cross() -> None:
    assert crossings(segments([(0, 0), (2, 0), (2, 2)], [(2, 2), (4, 0)])) == 0
    assert crossings(rows(0, 1, 2)) == 0


def test_a_crossing_counts_by_how_far_it_reaches() -> None:
    half = crossings(segments([(-1, 0), (1, 0)], [(0, -1), (0, 1)]))
    little = crossings(segments([(-1, 0), (1, 0)], [(0, -0.1), (0, 1.9)]))
    assert float(half) == pytest.approx(1)
    assert float(little) == pytest.approx(0.1)


def test_crossings_are_those_that_a_comparison_of_all_pairs_finds() -> None:
    generator = np.random.default_rng(4)
    starts = generator.uniform(0, 20, (150, 2))
    ends = starts + generator.normal(0, 2, (150, 2))
    found = crossings(Segments(torch.from_numpy(starts), torch.from_numpy(ends), torch.arange(150)))
    total = 0.0
    for i in range(150):
        for j in range(i):
            total += _reach(starts[i], ends[i], starts[j], ends[j])
    assert float(found) == pytest.approx(total)


def _reach(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray) -> float:
    def sides(p: np.ndarray, q: np.ndarray, u: np.ndarray, v: np.ndarray) -> tuple[float, float]:
        normal = np.array([p[1] - q[1], q[0] - p[0]]) / np.hypot(*(q - p))
        return float((u - p) @ normal), float((v - p) @ normal)

    one, other = sides(c, d, a, b), sides(a, b, c, d)
    if one[0] * one[1] >= 0 or other[0] * other[1] >= 0:
        return 0.0
    return min(min(map(abs, one)) / (np.hypot(*(b - a)) / 2), min(map(abs, other)) / (np.hypot(*(d - c)) / 2))


def test_rows_in_the_middle_between_others_are_even() -> None:
    assert float(unevenness(rows(0, 1, 2, 3), 1.0)) == pytest.approx(0, abs=1e-9)
    assert float(unevenness(rows(0, 0.5, 2), 1.0)) == pytest.approx(0.25)  # (1.5 - 0.5) / 2, squared


def test_lines_across_or_far_off_are_no_neighbours() -> None:
    across = segments([(0, 0), (9, 0)], [(4, 1), (4, 9)], [(4, -1), (4, -9)])
    assert float(unevenness(across, 1.0)) == 0
    assert float(unevenness(rows(0, 2, 30), 1.0)) == 0


def descended(price: object, places: Tensor, shape: list[int]) -> Tensor:
    places = places.clone().requires_grad_()
    adam = torch.optim.Adam([places], lr=0.02)
    for _ in range(120):
        adam.zero_grad()
        lines = [places[a:b] for a, b in zip(np.cumsum([0, *shape]), np.cumsum(shape), strict=False)]
        owner = torch.cat([torch.full((len(line) - 1,), n) for n, line in enumerate(lines)])
        total = price(Segments(torch.cat([x[:-1] for x in lines]), torch.cat([x[1:] for x in lines]), owner))
        total.backward()
        adam.step()
    return places.detach()


def test_the_price_of_crossings_untangles_a_loop() -> None:
    loop = torch.tensor([[0.0, 0], [2, 0], [2.5, 1], [1.5, 1.2], [1.6, -0.4], [4, -0.5]])
    moved = descended(crossings, loop, [6])
    assert float(crossings(segments([tuple(p) for p in loop.tolist()]))) > 0
    assert float(crossings(segments([tuple(p) for p in moved.tolist()]))) < 0.01


def test_the_price_of_unevenness_moves_lines_to_the_middle() -> None:
    lines = torch.cat([torch.tensor([[float(x), y] for x in range(10)]) for y in (0.0, 0.5, 2.0)])
    moved = descended(lambda found: unevenness(found, 1.0), lines, [10, 10, 10])
    heights = moved[:, 1].reshape(3, 10).mean(1)
    assert abs(float(heights[1] - (heights[0] + heights[2]) / 2)) < 0.1

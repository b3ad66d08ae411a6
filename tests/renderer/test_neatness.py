"""Lines that cross, and lines that lie unevenly: found, priced, and fewer after a fit with that price."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from hardware.drawing import Ink, Pen
from renderer import losses, pipeline
from renderer.optimise import Ground
from renderer.optimise.descent import adam_for, segments_of
from renderer.optimise.neatness import Segments, crossings, unevenness, untangled
from renderer.optimise.untangling import untangle
from renderer.palette import Palette
from renderer.ragged import Ragged
from renderer.raster import Workspace
from renderer.spec import Cost, Layer, OneLine
from renderer.specfile import load
from renderer.strokes import Strokes
from renderer.target import Frame


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


def test_a_line_is_untangled_and_becomes_shorter() -> None:
    line = np.random.default_rng(3).uniform(0, 100, (120, 2))
    order = untangled(line)
    assert sorted(order) == list(range(120))
    assert _crossed([line]) > 1000
    assert _crossed([line[order]]) == 0
    assert np.hypot(*np.diff(line[order], axis=0).T).sum() < 0.5 * np.hypot(*np.diff(line, axis=0).T).sum()


def _crossed(lines: list[np.ndarray]) -> int:
    """Crossings, counted by comparing all pairs."""
    starts, ends = (np.concatenate([line[part] for line in lines]) for part in (slice(None, -1), slice(1, None)))
    n = len(starts)
    return sum(_reach(starts[i], ends[i], starts[j], ends[j]) > 0 for i in range(n) for j in range(i))


SPEC = """\
version: 1
title: Neat
target: {image: blob.png}
canvas: {paper: A6, px_per_mm: 2.5}
pens: [{name: black, colour: "#000000", nib_mm: 0.5}]
machine: gantry_grbl_servo
layers: [{KIND, steps: 40, cost: COST}]
"""


def drawn(folder: Path, kind: str, cost: str) -> Segments:
    y, x = np.mgrid[:90, :120]
    tones = 40 + 215 * (((x - 60) / 50) ** 2 + ((y - 45) / 38) ** 2).clip(0, 1)
    Image.fromarray(tones.astype(np.uint8)).save(folder / "blob.png")
    (folder / "spec.yaml").write_text(SPEC.replace("KIND", kind).replace("COST", cost))
    [part] = pipeline.render(load(folder / "spec.yaml")[0]).drawing.passes
    return segments(*[line.tolist() for line in part.lines])


@pytest.mark.usefixtures("one_thread")
def test_a_long_line_that_is_priced_by_its_crossings_is_drawn_in_another_order() -> None:
    frame = Frame(0, 0, 60, 45, 2.0)
    layer = Layer(one_line=OneLine(count=40), cost=Cost(crossing=10.0))
    target = torch.full((3, 90, 120), 0.7)
    palette = Palette((Pen(name="black", colour="#000000", nib_mm=0.5),), False, Ink.OPAQUE, (0.5, 0.5))
    ground = Ground(frame, target, torch.ones_like(target), palette)
    knots = 5 + 35 * torch.rand(1, 40, 2, generator=torch.Generator().manual_seed(1))
    tangled = Strokes(knots, torch.full((1,), 0.5), torch.ones(1, 1), Ragged(torch.tensor([40]), 40))
    leaves, start = tangled.with_gradient(False), knots.clone()
    before = crossings(segments_of(layer, leaves, ground))
    loss = losses.build(layer.terms, target, frame.px_per_mm)
    untangle(layer, leaves, adam_for(layer, leaves, ground), start, ground, loss, Workspace())
    assert crossings(segments_of(layer, leaves, ground)).item() < 0.2 * before.item()
    assert torch.equal(start, leaves.knots.detach())  # follows the new order


@pytest.mark.usefixtures("one_thread")
def test_a_fit_with_a_price_on_unevenness_is_more_even(tmp_path: Path) -> None:
    free, priced = (unevenness(drawn(tmp_path, "flow: {}", cost), 0.5) for cost in ("{}", "{evenness: 0.02}"))
    assert float(priced) < 0.7 * float(free)

"""Marks: the constructions, their strokes of unequal length, and what the fit and the plan make of them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from hardware.drawing import Ink, Pen
from renderer import pipeline
from renderer.marks import MarkInput, marks
from renderer.marks.one_line import _without_detours
from renderer.marks.streamlines import TOO_NEAR, trace
from renderer.optimise import Ground
from renderer.optimise.descent import project
from renderer.optimise.layer_drawing import draw, drawn_lines, inside
from renderer.palette import Palette
from renderer.primitives import catmull_rom
from renderer.ragged import Ragged, splines
from renderer.raster import Shapes, rasterise
from renderer.spec import KINDS, Layer, OneLine, kind_name, traits
from renderer.specfile import SpecErrors, load
from renderer.target import Frame

pytestmark = pytest.mark.usefixtures("one_thread")
MARKS = [name for name, kind in KINDS.items() if traits(kind(count=6)).is_mark]
FRAME = Frame(10.0, 5.0, 60.0, 45.0, 3.0)
PENS = (
    Pen(name="red", colour="#c02020", nib_mm=0.5),
    Pen(name="black", colour="#000000", nib_mm=0.5),
)


def palette(*pens: Pen, sizes: bool = False) -> Palette:
    nibs = [pen.nib_mm for pen in pens]
    return Palette(pens, False, Ink.OPAQUE, (min(nibs), max(nibs)), has_sizes=sizes)


def disc() -> Tensor:  # [3, H, W]
    """A dark disc on white, with a soft edge."""
    y, x = torch.meshgrid(torch.arange(FRAME.height_px), torch.arange(FRAME.width_px), indexing="ij")
    away = ((x - 90) ** 2 + (y - 68) ** 2).float().sqrt()
    return (0.15 + 0.85 * ((away - 35) / 20).clamp(0, 1)).expand(3, -1, -1).contiguous()


def mark_input(target: Tensor, *pens: Pen, name: str = "flow") -> MarkInput:
    sizes = traits(KINDS[name](count=6)).has_sizes
    return MarkInput(
        palette(*(pens or PENS[1:]), sizes=sizes), FRAME, target, torch.ones_like(target), None, None,
        np.random.default_rng(1),
    )  # fmt: skip


COUNTS = {"one_line": 400, "scribble": 60, "spiral": 14, "waves": 16, "halftone": 900, "contours": 6, "areas": 3}


def placed(name: str, target: Tensor, *pens: Pen):
    kind = KINDS[name](count=COUNTS.get(name, 60))
    on = mark_input(target, *pens, name=name)
    return kind, on, marks(kind, on)


# --- constructions ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MARKS)
def test_a_mark_shows_the_picture_and_leaves_blank_what_is_blank(name: str) -> None:
    target = disc()
    kind, on, strokes = placed(name, target)
    assert len(strokes)
    ground = Ground(FRAME, target, on.below, on.palette)
    layer = Layer.model_validate({name: kind})
    picture = draw(layer, strokes, ground)
    inside, outside = picture[:, 50:85, 75:105].mean(), picture[:, :12, :20].mean()
    assert inside < 0.75 or name == "contours"  # which has lines only where tones change
    assert outside > 0.9 or name in {"spiral"}  # whose line goes on where it does not wave
    for line in drawn_lines(layer, strokes, ground):
        assert (line >= [FRAME.x_mm, FRAME.y_mm]).all()
        assert (line <= [FRAME.x_mm + FRAME.width_mm, FRAME.y_mm + FRAME.height_mm]).all()


@pytest.mark.parametrize("name", MARKS)
def test_a_blank_picture_gets_no_ink(name: str) -> None:
    kind, on, strokes = placed(name, torch.ones(3, FRAME.height_px, FRAME.width_px))
    picture = draw(Layer.model_validate({name: kind}), strokes, Ground(FRAME, on.target, on.below, on.palette))
    assert picture.mean() > (0.7 if name == "spiral" else 0.999)


@pytest.mark.parametrize("name", MARKS)
def test_a_mark_is_the_same_each_time(name: str) -> None:
    one, other = (placed(name, disc(), *PENS)[2] for _ in range(2))
    assert torch.equal(one.knots, other.knots)
    assert torch.equal(one.inks, other.inks)


@pytest.mark.parametrize("name", ["one_line", "scribble", "spiral"])
def test_one_line_is_one_stroke_for_each_pen(name: str) -> None:
    target = disc()
    target[0, :, 90:] = 0.8  # half of the disc is red
    _, _, strokes = placed(name, target, *PENS)
    assert sorted(strokes.inks.argmax(1).tolist()) == [0, 1]


@pytest.mark.parametrize("name", [name for name in MARKS if name != "areas"])
def test_in_free_colours_a_mark_has_the_colour_of_what_it_runs_over(name: str) -> None:
    blue = torch.ones(3, FRAME.height_px, FRAME.width_px)
    blue[:, 30:100, 40:140] = torch.tensor([0.1, 0.2, 0.8])[:, None, None]
    free = Palette(PENS[1:], True, Ink.OPAQUE, (0.5, 0.5), has_sizes=name == "halftone")
    kind = KINDS[name](count=COUNTS.get(name, 60))
    on = replace(mark_input(blue, name=name), palette=free)
    inks = marks(kind, on).inks
    assert inks.shape[1] == 3
    assert ((inks >= 0) & (inks <= 1)).all()
    assert (inks[:, 2] > inks[:, 0] + 0.1).any()  # some are blue


def test_a_scribble_does_not_run_along_the_edge() -> None:
    dark = torch.full((3, FRAME.height_px, FRAME.width_px), 0.2)
    kind, on, strokes = placed("scribble", dark)
    inset = on.nib_px(0) / FRAME.px_per_mm / 2
    low = torch.tensor([FRAME.x_mm + inset, FRAME.y_mm + inset])
    edge = (strokes.knots[0] < low).sum(0) / len(strokes.knots[0])
    assert (edge < 0.02).all()
    assert kind.count == 60


def test_a_long_line_does_not_run_along_the_frame() -> None:
    kind, on, strokes = placed("one_line", disc())
    outside = replace(strokes, knots=strokes.knots - 200)  # all of it beyond a corner
    ground = Ground(FRAME, on.target, on.below, on.palette)
    knots = inside(Layer.model_validate({"one_line": kind}), outside, ground)
    assert (knots[0, ::2] - knots[0, 1::2][: len(knots[0, ::2])]).abs().min() > 0.5
    assert (knots >= torch.tensor([FRAME.x_mm, FRAME.y_mm])).all()


def test_contours_stay_near_where_they_were_placed_and_closed() -> None:
    kind, on, strokes = placed("contours", disc())
    ground = Ground(FRAME, on.target, on.below, on.palette)
    start = strokes.knots.clone()
    strokes.knots.add_(9 * torch.rand(strokes.knots.shape, generator=torch.Generator().manual_seed(2)) - 4.5)
    project(Layer.model_validate({"contours": kind}), strokes, ground, start)
    assert strokes.ragged is not None
    known = strokes.ragged.is_knot
    assert (strokes.knots - start).norm(dim=2)[known].max() <= traits(
        KINDS["contours"](count=6)
    ).leash_nibs * 0.5 + 1e-4
    last = strokes.knots[torch.arange(len(strokes)), strokes.ragged.counts - 1]
    assert torch.equal(strokes.knots[:, 0], last)  # the contours of a disc are circles


def test_a_line_has_no_loose_ends_and_no_detours() -> None:
    line = np.stack([np.arange(300.0), np.zeros(300)], 1).astype(np.float32)
    line[:2] -= 40  # two points far out
    assert len(_without_detours(line)) == 298
    assert len(_without_detours(line[2:])) == 298
    line[150] += 40  # there and back
    assert len(_without_detours(line[2:])) == 297


def test_lines_keep_their_distance() -> None:
    size = 120
    angle = np.linspace(0, 2, size)[None] + np.linspace(0, 1, size)[:, None]
    form = np.stack([np.cos(angle), np.sin(angle)], -1).astype(np.float32)
    spacing = np.full((size, size), 6.0, np.float32)
    spacing[:, 60:] = 12.0
    seeds = np.random.default_rng(0).uniform(0, size, (400, 2)).astype(np.float32)
    points, starts = np.empty((200_000, 2), np.float32), np.empty(2000, np.int64)
    count = trace(form, spacing, seeds, 8.0, 100.0, 4.0, points, starts)
    assert count > 20
    owner = np.repeat(np.arange(count), np.diff(starts[: count + 1]))
    points = points[: starts[count]]
    for n in range(count):
        mine, others = points[owner == n], points[owner != n]
        gaps = np.hypot(*(mine[:, None] - others[None]).transpose(2, 0, 1)).min(1)
        assert gaps.min() > 0.9 * TOO_NEAR * 6.0


def test_lines_are_closer_where_the_picture_is_darker() -> None:
    ramp = torch.linspace(0.1, 1, FRAME.width_px).expand(3, FRAME.height_px, -1).contiguous()
    kind, on, strokes = placed("hatching", ramp)
    layer = Layer.model_validate({"hatching": kind})
    picture = draw(layer, strokes, Ground(FRAME, ramp, on.below, on.palette))
    tones = [picture[:, :, at : at + 36].mean().item() for at in range(0, 180, 36)]
    assert tones == sorted(tones)


# --- strokes of unequal length ----------------------------------------------------------------------------------------


def unequal() -> tuple[Ragged, Tensor]:
    counts = torch.tensor([2, 5, 3, 9])
    return Ragged(counts, 9), torch.rand(4, 9, 2, generator=torch.Generator().manual_seed(3)) * 20


@pytest.mark.parametrize("samples", [1, 4])
def test_splines_of_all_strokes_are_those_of_each(samples: int) -> None:
    ragged, knots = unequal()
    knots.requires_grad_()
    flat = splines(ragged, knots, samples)
    offsets = ragged.layout(samples).offsets.tolist()
    for n, count in enumerate(ragged.counts.tolist()):
        own = knots[n : n + 1, :count]
        plain = own[0] if count == 2 and samples == 1 else catmull_rom(own, samples_per_span=samples)[0]
        torch.testing.assert_close(flat[offsets[n] : offsets[n + 1]], plain)
    flat.square().sum().backward()
    assert knots.grad is not None
    assert (knots.grad[0, 2:] == 0).all()  # what is beyond a stroke's count is not looked at
    assert (knots.grad[0, :2] != 0).all()


def test_strokes_behind_each_other_are_drawn_as_in_a_table() -> None:
    lines = torch.rand(5, 7, 2, generator=torch.Generator().manual_seed(5)) * 40
    paper = torch.ones(3, 40, 40)
    made = []
    for flat in (False, True):
        points = lines.clone().requires_grad_()
        colours = torch.rand(5, 3, generator=torch.Generator().manual_seed(1))
        offsets = torch.arange(0, 36, 7) if flat else None
        lying = points.flatten(0, 1) if flat else points
        shapes = Shapes(lying, torch.full((5,), 2.0), colours, torch.arange(5), offsets)
        picture = rasterise(shapes, paper, px_per_mm=1.0, ink=Ink.OPAQUE)
        picture.square().sum().backward()
        made.append((picture.detach(), points.grad, shapes.lengths_mm()))
    for one, other in zip(*made, strict=True):
        torch.testing.assert_close(one, other)


# --- in a work --------------------------------------------------------------------------------------------------------

SPEC = """\
version: 1
title: Marks
target: {image: disc.png}
canvas: {paper: A6, px_per_mm: 3}
pens: PENS
machine: gantry_grbl_servo
layers: [LAYER]
"""
ONE_PEN = '[{name: black, colour: "#000000", nib_mm: 0.5}]'
TWO_PENS = '[{name: grey, colour: "#909090", nib_mm: 0.5}, {name: black, colour: "#000000", nib_mm: 0.5}]'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from PIL import Image

    folder = tmp_path_factory.mktemp("marks")
    pixels = (disc().permute(1, 2, 0).numpy() * 255).astype(np.uint8)
    Image.fromarray(pixels).save(folder / "disc.png")
    return folder


def rendered(folder: Path, layer: str, pens: str = ONE_PEN):
    (folder / "spec.yaml").write_text(SPEC.replace("LAYER", layer).replace("PENS", pens))
    return pipeline.render(load(folder / "spec.yaml")[0])


@pytest.mark.parametrize("name", MARKS)
def test_a_mark_alone_is_planned_fitted_and_drawn(name: str, folder: Path) -> None:
    result = rendered(folder, "{" + name + ": {}, steps: 12}")
    assert result.drawing.passes
    assert 0.02 < result.metrics.coverage < 0.7
    assert all(np.isfinite(line).all() for each in result.drawing.passes for line in each.lines)


def test_the_fit_brings_a_mark_nearer_to_its_picture(folder: Path) -> None:
    before, after = (rendered(folder, f"{{flow: {{}}, steps: {steps}}}").metrics for steps in (0, 60))
    assert after.psnr_blurred > before.psnr_blurred + 0.5


def test_one_line_lowers_the_pen_once(folder: Path) -> None:
    result = rendered(folder, "{one_line: 300, steps: 12}")
    [one] = result.drawing.passes
    assert len(one.lines) == 1


@pytest.mark.parametrize("mark", ["one_line", "scribble"])
def test_a_long_line_stays_with_its_pen(folder: Path, mark: str) -> None:
    result = rendered(folder, f"{{{mark}: 300, steps: 30}}", TWO_PENS)
    assert len(result.drawing.passes) == 2
    assert all(len(each.lines) == 1 for each in result.drawing.passes)


def test_marks_and_other_layers_lie_over_each_other(folder: Path) -> None:
    result = rendered(folder, "{hatching: {cross: 2}, steps: 8}, {curves: 20, steps: 8}")
    assert {each.layer for each in result.drawing.passes} == {"hatching", "curves"}


def test_a_count_is_met(folder: Path) -> None:
    result = rendered(folder, "{hatching: 80, steps: 0}")
    assert 70 <= sum(len(each.lines) for each in result.drawing.passes) <= 90


def test_the_name_of_a_kind_is_its_key() -> None:
    assert kind_name(OneLine(count=3)) == "one_line"
    assert replace(traits(OneLine(count=3)), knots=0).is_long


@pytest.mark.parametrize(
    ("layer", "pens", "text"),
    [
        ("{flow: {}, start: random}", None, "flow has its own construction; leave start out"),
        (
            "{areas: {}}",
            "{colours: free, nib_mm: 1}",
            "needs the pens of a rack, but the colours are free; give a rack",
        ),
    ],
)
def test_what_a_mark_cannot_do_is_refused(folder: Path, layer: str, pens: str | None, text: str) -> None:
    spec = SPEC.replace("LAYER", layer).replace("PENS", pens or ONE_PEN)
    if pens:
        spec = spec.replace("machine: gantry_grbl_servo\n", "")
    (folder / "wrong.yaml").write_text(spec)
    with pytest.raises(SpecErrors, match=text):
        load(folder / "wrong.yaml")


def test_notes_call_the_strokes_of_a_mark_strokes(folder: Path) -> None:
    notes = rendered(folder, "{hatching: {cross: 2}, steps: 12}").notes
    assert not [note for note in notes if "hatching left out" in note]
    assert not [note for note in rendered(folder, "areas").notes if "done after 0" in note]

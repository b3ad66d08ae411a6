"""From a spec file to a small finished drawing: what is true for every artwork."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from hardware.drawing import length_mm
from hardware.gcode import files
from hardware.svgfile import to_svg
from renderer import optimise, preview
from renderer.pipeline import RenderError, never, render
from renderer.progress import Progress
from renderer.result import Result
from renderer.specfile import Work, load

pytestmark = pytest.mark.usefixtures("one_thread")

HEAD = """
version: 1
title: A house by the sea
target: {image: house.png}
canvas: {paper: {width_mm: 70, height_mm: 60}, margin_mm: 5, colour: "#fbf7ee", px_per_mm: 1.5}
"""
PENS = """
pens:
  rack:
    pens:
      - {name: black, colour: "#151515", nib_mm: 0.8}
      - {name: red, colour: "#c8302a", nib_mm: 2}
      - {name: sand, colour: "#e6c88c", nib_mm: 3}
      - {name: blue, colour: "#3a78c2", nib_mm: 3}
      - {name: green, colour: "#3c8c50", nib_mm: 2}
      - {name: violet, colour: "#8020a0", nib_mm: 2}
  use: 4
"""
MACHINE = """
machine:
  name: a gantry
  width_mm: 300
  height_mm: 300
  accel_mm_s2: 500
  pen_lift: {kind: servo, up: 0, down: 500, settle_s: 0.15}
"""
LAYERS = """
layers:
  - points: 40
    steps: 12
  - curves: {count: 20, max_length_mm: 15}
    name: outlines
    steps: 12
"""
SPEC = HEAD + PENS + MACHINE + LAYERS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    image = Image.new("RGB", (180, 150), "#4a88d0")
    pencil = ImageDraw.Draw(image)
    pencil.rectangle((0, 95, 180, 150), fill="#e8cc90")
    pencil.polygon([(60, 70), (95, 35), (130, 70)], fill="#c02820")
    pencil.rectangle((68, 70, 122, 118), fill="#f4efe0", outline="#101010", width=4)
    pencil.rectangle((86, 88, 104, 118), fill="#181818")
    image.save(tmp_path / "house.png")
    return tmp_path


def work_of(folder: Path, text: str = SPEC, *changes: str) -> Work:
    (folder / "house.yaml").write_text(text.lstrip(), encoding="utf-8")
    [work] = load(folder / "house.yaml", changes)
    return work


def bytes_of(result: Result) -> list[str]:
    assert result.work.artwork.machine is not None
    return [to_svg(result.drawing), *files(result.drawing, result.work.artwork.machine).values()]


def assert_whole(result: Result) -> None:
    """What is true for every result: it is inside its frame, and metrics and pictures are those of the drawing."""
    frame, drawing = result.frame, result.drawing
    assert result.target.shape == (3, frame.height_px, frame.width_px)
    assert max(result.preview.shape[1:]) == 1600
    assert result.metrics == preview.metrics(drawing, frame, result.target)
    for part in drawing.passes:
        assert part.lines
        for line, _, width_mm in part.styled():
            assert np.isfinite(line).all()
            assert (line >= [frame.x_mm + width_mm / 2 - 1e-3, frame.y_mm + width_mm / 2 - 1e-3]).all()
            corner = [frame.x_mm + frame.width_mm - width_mm / 2, frame.y_mm + frame.height_mm - width_mm / 2]
            assert (line <= np.array(corner) + 1e-3).all()


def of_the_fit(result: Result) -> tuple[str, ...]:
    """The notes without the warnings, which come first."""
    return tuple(note for note in result.notes if "under ink" not in note)


# --- from spec to drawing ---------------------------------------------------------------------------------------------


def test_a_work_becomes_a_drawing_like_its_target(folder: Path) -> None:
    result = render(work_of(folder))
    assert_whole(result)
    drawing = result.drawing
    assert (drawing.width_mm, drawing.height_mm, drawing.paper) == (70, 60, "#fbf7ee")
    assert drawing.title == "A house by the sea"
    assert not result.interrupted
    assert all("left out" in note for note in of_the_fit(result))
    assert {part.layer for part in drawing.passes} == {"points", "outlines"}
    assert "violet" not in {part.pen.name for part in drawing.passes}
    assert len({part.pen.name for part in drawing.passes}) <= 4
    assert all(length_mm(line) == 0 for part in drawing.passes if part.layer == "points" for line in part.lines)
    blank = -10 * np.log10(((result.target - np.array([251, 247, 238])[:, None, None] / 255) ** 2).mean())
    assert result.metrics.psnr > blank + 1
    assert 0.2 < result.metrics.coverage < 1


def test_what_a_spec_leaves_open_is_worked_out_first(folder: Path) -> None:
    text = HEAD + PENS + MACHINE + "layers: [{points: auto, steps: 4}]\nbudget: {strokes: 90}"
    told: list[str] = []
    work = work_of(folder, text)
    result = render(work, noted=told.append)
    assert_whole(result)
    assert result.work.artwork.layers[0].count == 99  # a tenth over, from which the least useful may be left out
    assert [decision.field for decision in result.decisions][-2:] == ["layers.0.points.count", "budget"]
    assert told == list(result.notes[: len(told)])
    assert any("under ink" in note for note in told)
    assert work.artwork.layers[0].is_auto


def test_the_loss_at_the_end_is_that_of_the_drawing(folder: Path) -> None:
    """For one layer, and for the export itself: joined, ordered and rasterised again."""
    result = render(
        work_of(folder, HEAD + PENS + "layers: [{lines: 60, steps: 40, loss: [{mse: {}}]}]", "target.focus=none")
    )
    assert 10 ** (-result.metrics.psnr / 10) == pytest.approx(result.believed, rel=0.05)


@pytest.mark.parametrize("start", ["greedy", "random"])
def test_the_same_spec_gives_the_same_bytes_whatever_the_number_of_threads(folder: Path, start: str) -> None:
    work, found = work_of(folder, SPEC, f"layers.0.start={start}", f"layers.1.start={start}"), []
    for threads in (2, 1):
        torch.set_num_threads(threads)
        found.append(bytes_of(render(work)))
    assert found[0] == found[1]
    assert len(found[0]) > 3
    assert bytes_of(render(work_of(folder, SPEC, f"layers.0.start={start}", "seed=2"))) != found[0]


ALONE = """
import hashlib, sys, torch
from pathlib import Path
from hardware.svgfile import to_svg
from renderer.pipeline import render
from renderer.specfile import load

torch.set_num_threads(int(sys.argv[2]))
[work] = load(Path(sys.argv[1]), ())
print(hashlib.sha256(to_svg(render(work).drawing).encode()).hexdigest())
"""


@pytest.mark.slow
def test_every_process_draws_the_same_whether_its_kernels_are_compiled_yet_or_not(folder: Path, tmp_path: Path) -> None:
    """The first render compiles all kernels, the others find them, with one thread and with two."""
    work_of(folder, HEAD + PENS + MACHINE + "layers: [{points: auto, steps: 6}, {curves: auto, steps: 6}]")
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "kernels")}
    command = [sys.executable, "-c", ALONE, str(folder / "house.yaml")]
    found = [
        subprocess.run([*command, threads], env=environment, check=True, capture_output=True, text=True).stdout
        for threads in ("2", "2", "1")
    ]
    assert len(found[0].strip()) == 64
    assert found[1:] == found[:1] * 2


# --- what a spec may ask for ------------------------------------------------------------------------------------------


def test_a_draft_is_smaller_and_quicker_and_of_the_same_size_on_paper(folder: Path) -> None:
    work = work_of(folder, SPEC, "layers.0.steps=10")
    draft = render(work, draft=True)
    assert_whole(draft)
    assert [layer.steps for layer in draft.work.artwork.layers] == [3, 3]
    assert draft.frame.px_per_mm == pytest.approx(0.9)
    assert draft.target.shape == (3, 45, 54)
    assert (draft.drawing.width_mm, draft.drawing.height_mm) == (70, 60)


def test_a_draft_is_smaller_where_the_resolution_is_not_given(folder: Path) -> None:
    text = HEAD.replace(", px_per_mm: 1.5", "") + PENS + "layers: [{points: 5, steps: 1}]"
    whole, draft = (render(work_of(folder, text), draft=draft) for draft in (False, True))
    assert draft.frame.px_per_mm == pytest.approx(0.6 * whole.frame.px_per_mm)


def test_no_steps_keep_the_strokes_where_they_start(folder: Path) -> None:
    result = render(work_of(folder, SPEC, "layers.0.steps=0", "layers.1.steps=0"))
    assert_whole(result)
    assert result.history == ()
    assert result.film.frames
    assert result.metrics.coverage > 0.1


@pytest.mark.parametrize("pens", [PENS, "pens: {colours: free, ink: transparent}\n"], ids=["pens", "free"])
def test_without_steps_every_stippled_dot_is_kept(folder: Path, pens: str) -> None:
    result = render(work_of(folder, HEAD + pens + "layers: [{points: 150, start: stipple, steps: 0}]"))
    assert_whole(result)
    assert sum(len(part.lines) for part in result.drawing.passes) == 150
    assert of_the_fit(result) == ()


def test_stippled_dots_may_be_fitted(folder: Path) -> None:
    spec = HEAD + PENS + MACHINE + "layers: [{points: 60, start: stipple, stages: 2, steps: 6}]"
    first, again = (render(work_of(folder, spec)) for _ in range(2))
    assert_whole(first)
    assert bytes_of(first) == bytes_of(again)
    assert first.history[-1].loss < first.history[0].loss


BLANK = {  # free colours are also placed where bare ground would be good enough, and then left out
    PENS: (
        "points: 40 of 40 strokes not placed because they would not be worth their ink",
        "outlines: 20 of 20 strokes not placed because they would not be worth their ink",
    ),
    "pens: {colours: free, ink: transparent}\n": (
        "40 of 40 points left out because the drawing is better without them",
        "20 of 20 curves left out because the drawing is better without them",
    ),
}


@pytest.mark.parametrize("pens", BLANK, ids=["pens", "free"])
def test_a_target_as_blank_as_the_paper_leaves_nothing_to_draw(folder: Path, pens: str) -> None:
    Image.new("RGB", (180, 150), "#fbf7ee").save(folder / "house.png")
    result = render(work_of(folder, HEAD + pens + MACHINE + LAYERS))
    assert_whole(result)
    assert result.drawing.passes == ()
    assert result.metrics.coverage == 0
    assert of_the_fit(result) == BLANK[pens]
    assert len(bytes_of(result)) == 2  # a picture, and a program that draws nothing


def test_a_blank_picture_takes_hardly_a_stroke_where_all_is_open(folder: Path) -> None:
    """Not the paper's own white, and with the grain of a scan."""
    grain = np.random.default_rng(0).normal(250, 2, (150, 180, 1)).clip(0, 255).astype(np.uint8)
    Image.fromarray(np.repeat(grain, 3, 2)).save(folder / "house.png")
    text = (
        HEAD.replace("#fbf7ee", "#ffffff")
        + PENS
        + MACHINE
        + "layers: [{points: auto, steps: 4}, {curves: auto, steps: 4}]"
    )
    result = render(work_of(folder, text))
    assert_whole(result)
    assert sum(len(part.lines) for part in result.drawing.passes) <= 3
    assert result.metrics.coverage < 0.02


def test_layers_that_are_refined_together_may_have_no_strokes(folder: Path) -> None:
    """Dots that would only make it worse, below lines in the picture's own colour."""
    Image.new("RGB", (180, 150), "#d0e0f4").save(folder / "house.png")
    layers = """
layers:
  - {points: 9, steps: 2, pens: [black]}
  - {lines: 20, steps: 2, pens: {rack: {pens: [{name: sky, colour: "#d0e0f4", nib_mm: 2}]}}}
refine: {steps: 2}
"""
    result = render(work_of(folder, HEAD + PENS + MACHINE + layers, "target.tone=none"))
    assert_whole(result)
    assert {part.pen.name for part in result.drawing.passes} == {"sky"}
    assert "points: 9 of 9 strokes not placed because they would not be worth their ink" in result.notes


def test_dots_may_be_wider_than_the_nib(folder: Path) -> None:
    result = render(
        work_of(folder, HEAD + PENS + MACHINE + "layers: [{points: {count: 30, diameter_mm: 6}, steps: 8}]")
    )
    assert_whole(result)
    sizes_mm = {
        float(np.ptp(line[:, 0]).round(2)) + part.pen.nib_mm for part in result.drawing.passes for line in part.lines
    }
    np.testing.assert_allclose(sorted(sizes_mm), 6, atol=0.02)


def test_transparent_pens_multiply(folder: Path) -> None:
    text = SPEC.replace("nib_mm: 2}", "nib_mm: 2, ink: transparent}").replace(
        "nib_mm: 3}", "nib_mm: 3, ink: transparent}"
    )
    result = render(work_of(folder, text.replace("nib_mm: 0.8}", "nib_mm: 0.8, ink: transparent}")))
    assert_whole(result)
    assert "mix-blend-mode:multiply" in to_svg(result.drawing)
    assert result.metrics.psnr > 8


def test_free_colours_with_a_range_of_widths(folder: Path) -> None:
    text = HEAD + "pens: {colours: free, nib_mm: {min_mm: 0.5, max_mm: 3}}" + LAYERS
    result = render(work_of(folder, text, "layers.0.rates.width_mm=0.3"))
    assert_whole(result)
    assert result.drawing.is_free
    assert [part.layer for part in result.drawing.passes] == ["points", "outlines"]
    widths_mm = result.drawing.passes[0].widths_mm
    assert widths_mm is not None
    assert min(widths_mm) >= 0.5
    assert max(widths_mm) <= 3
    assert max(widths_mm) - min(widths_mm) > 0.1


@pytest.mark.parametrize(
    ("fit", "size_mm"), [("cover", (60, 50)), ("stretch", (60, 50)), ("contain", (60, 25)), ("contain", (20, 50))]
)
def test_the_picture_fills_its_frame_as_wanted(folder: Path, fit: str, size_mm: tuple[float, float]) -> None:
    wide = size_mm[0] > size_mm[1]
    picture = Image.new("RGB", (240, 100) if wide else (40, 100), "#c8302a")
    picture.save(folder / "house.png")
    result = render(work_of(folder, HEAD + PENS + "layers: [{points: 30, steps: 4}]", f"target.fit={fit}"))
    assert_whole(result)
    assert (result.frame.width_mm, result.frame.height_mm) == pytest.approx(size_mm)
    np.testing.assert_allclose(
        result.target, np.broadcast_to([[[200 / 255]], [[48 / 255]], [[42 / 255]]], result.target.shape), atol=1e-3
    )


def test_crop_and_tone_make_the_target(folder: Path) -> None:
    text = HEAD + PENS + "layers: [{points: 3, steps: 0}]"
    plain = render(work_of(folder, text, "target.fit=contain"))
    assert plain.frame.width_mm / plain.frame.height_mm == pytest.approx(180 / 150)
    cut = render(work_of(folder, text, "target.fit=contain", "target.crop.left=0.5", "target.tone.saturation=0"))
    assert cut.frame.width_mm / cut.frame.height_mm == pytest.approx(90 / 150)
    assert np.ptp(cut.target, axis=0).max() < 1e-5
    assert np.ptp(plain.target, axis=0).max() > 0.3


# --- layers -----------------------------------------------------------------------------------------------------------


def pens_by_layer(result: Result) -> dict[str, set[str]]:
    layers = {part.layer for part in result.drawing.passes}
    return {layer: {part.pen.name for part in result.drawing.passes if part.layer == layer} for layer in layers}


def test_layers_share_the_choice_of_the_artworks_pens(folder: Path) -> None:
    layers = "layers: [{lines: 60, steps: 4, name: a}, {points: 60, steps: 4, name: b}, {lines: 60, steps: 4, name: c}]"
    found = pens_by_layer(render(work_of(folder, HEAD + PENS + layers)))
    assert len(set().union(*found.values())) <= 4


def test_a_layer_draws_with_the_pens_that_it_names_and_no_others(folder: Path) -> None:
    """Four layers with their own pens: none may inherit another's."""
    names = ["black", "red", "blue", "green"]
    layers = "layers:\n" + "".join(f"  - {{points: 6, steps: 1, name: of {name}, pens: [{name}]}}\n" for name in names)
    found = pens_by_layer(render(work_of(folder, HEAD + PENS + layers)))
    assert found == {f"of {name}": {name} for name in names}


def test_a_layer_may_have_another_rack(folder: Path) -> None:
    layers = """
layers:
  - points: 30
    steps: 4
  - lines: 5
    steps: 4
    pens: {rack: {pens: [{name: silver, colour: "#c0c0c8", nib_mm: 1}]}}
"""
    found = pens_by_layer(render(work_of(folder, HEAD + PENS + layers)))
    assert found["lines"] == {"silver"}
    assert "silver" not in found["points"]


def test_a_layer_is_fitted_over_the_layers_below_as_they_will_be_plotted(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grounds: list[tuple[str, torch.Tensor]] = []
    whole_fit = optimise.fit

    def watched(layer, strokes, ground, *rest):  # type: ignore[no-untyped-def]
        yield from whole_fit(layer, strokes, ground, *rest)
        grounds.append((layer.kind_name, ground.background.clone()))

    monkeypatch.setattr("renderer.fitting.fit", watched)
    result = render(work_of(folder))
    [(_, paper), (_, second)] = grounds
    np.testing.assert_allclose(paper[:, 7, 7], np.array([251, 247, 238]) / 255, atol=1e-6)
    assert paper.std(dim=(1, 2)).max() < 1e-6
    bottom = tuple(part for part in result.drawing.passes if part.layer == "points")
    drawn = preview.framed(type(result.drawing)(70, 60, result.drawing.paper, bottom), result.frame)
    np.testing.assert_allclose(second, drawn, atol=2e-3)


# --- stopping ---------------------------------------------------------------------------------------------------------


class StopAfter:
    """Returns True from the given call on."""

    def __init__(self, questions: int) -> None:
        self.left = questions

    def __call__(self) -> bool:
        self.left -= 1
        return self.left < 0


@pytest.mark.parametrize(
    ("questions", "layers", "notes"),
    [
        (0, {"points"}, ("layer 1 stopped after 1 of 12 steps", "1 of 2 layers are missing")),
        (6, {"points"}, ("layer 1 stopped after 7 of 12 steps", "1 of 2 layers are missing")),
        (12, {"points"}, ("1 of 2 layers are missing",)),
        (13, {"points", "outlines"}, ("layer 2 stopped after 1 of 12 steps",)),
    ],
)
def test_what_there_is_when_somebody_stops_it_is_finished(
    folder: Path, questions: int, layers: set[str], notes: tuple[str, ...]
) -> None:
    result = render(work_of(folder), stop=StopAfter(questions))
    assert result.interrupted
    said = tuple(note for note in of_the_fit(result) if " left out because " not in note)
    assert said == tuple(f"interrupted: {note}" for note in notes)
    assert {part.layer for part in result.drawing.passes} == layers
    assert_whole(result)
    assert bytes_of(result)
    assert len(result.history) == min(questions + 1, 12 + 1) - (questions == 12)


def test_a_layer_whose_loss_falls_no_more_is_done_early(folder: Path) -> None:
    still = ("layers.0.steps=60", "layers.0.patience=5", "layers.0.rates.position_mm=1e-9", "layers.0.rates.pens=1e-9")
    result = render(work_of(folder, SPEC, *still))
    steps = [step.step for step in result.history if step.layer == 0]
    assert 30 + 2 * 5 <= steps[-1] < 60  # it settles half way, and may then be done
    assert f"points: done after {steps[-1]} of 60 steps; the loss stopped falling" in result.notes
    assert f"points {steps[-1]}/60" in result.film.captions
    assert not result.interrupted


def test_without_patience_every_step_is_taken(folder: Path) -> None:
    still = ("layers.0.steps=60", "layers.0.patience=0", "layers.0.rates.position_mm=1e-9", "layers.0.rates.pens=1e-9")
    result = render(work_of(folder, SPEC, *still))
    assert max(step.step for step in result.history if step.layer == 0) == 60


def test_nobody_stops_it_unless_asked_to() -> None:
    assert not never()


def test_a_fit_that_breaks_down_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("renderer.losses.SquaredError.__call__", lambda self, picture: picture.sum() * float("nan"))
    with pytest.raises(RenderError) as caught:
        render(work_of(folder))
    assert str(caught.value) == (
        "layer 'points': the loss is no longer a number at step 1 of 12; lower layer.rates or the weights of its loss"
    )


# --- progress ---------------------------------------------------------------------------------------------------------


def test_progress_tells_each_step_of_each_layer(folder: Path) -> None:
    told: list[Progress] = []
    result = render(work_of(folder), told.append)
    fitting = [one for one in told if one.stage == "fitting"]
    assert [(one.layer, one.step) for one in fitting] == [(layer, step) for layer in (0, 1) for step in range(13)]
    assert {(one.layer, one.layers, one.layer_name, one.steps) for one in fitting} == {
        (0, 2, "points", 12),
        (1, 2, "outlines", 12),
    }
    assert [one.seconds for one in told] == sorted(one.seconds for one in told)
    assert all(np.isfinite(one.loss) for one in fitting)
    assert set(fitting[3].terms) == {"mse", "blurred_mse", "ssim"}
    likeness = [one.likeness() for one in fitting]
    assert all(0 <= share <= 1 for share in likeness)
    assert likeness[0] < likeness[12] < likeness[25]
    assert all(np.isnan(one.likeness()) for one in told if one.stage == "placing")
    assert [one.stage for one in told].index("placing") < [one.stage for one in told].index("fitting")
    assert [(step.layer, step.step, step.loss) for step in result.history] == [
        (one.layer, one.step, one.loss) for one in fitting if one.step
    ]
    assert result.believed == fitting[-1].loss


def test_progress_shows_the_picture_when_asked(folder: Path) -> None:
    shown: list[tuple[str, tuple[int, ...], float]] = []

    def look(progress: Progress) -> None:
        picture = progress.picture()
        assert picture.dtype == np.float32
        shown.append((progress.stage, picture.shape, float(picture.std())))

    render(work_of(folder), look)
    assert all(shape == (3, 75, 90) and spread > 0.05 for stage, shape, spread in shown if stage == "fitting")


def test_looking_on_changes_nothing(folder: Path) -> None:
    def look(progress: Progress) -> None:
        progress.picture()

    work = work_of(folder)
    assert bytes_of(render(work, look)) == bytes_of(render(work))


def test_the_film_shows_each_layer_from_its_first_step_to_its_last(folder: Path) -> None:
    film = render(work_of(folder)).film
    assert len(film.frames) == len(film.captions) >= 12
    assert film.captions[0] == "points 0/12"
    assert film.captions[-1] == "outlines 12/12"
    assert all(frame.shape == (3, 75, 90) for frame in film.frames)
    assert len({frame.tobytes() for frame in film.frames}) == len(film.frames)


def test_the_film_of_a_large_sheet_is_no_larger_than_a_screen(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("renderer.fit_log.FRAME_PX", 45)
    film = render(work_of(folder)).film
    assert all(frame.shape == (3, 38, 45) and frame.dtype == np.float32 for frame in film.frames)

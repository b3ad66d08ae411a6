"""A fit that keeps its strokes, starts from strokes, takes another loss, and calls the caller each step."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from renderer import cli, fitted_strokes, pipeline
from renderer.fit_log import FitStep
from renderer.fitted_strokes import StrokesError
from renderer.specfile import Work, load
from renderer.warm_fit import remaining

pytestmark = pytest.mark.usefixtures("one_thread")

SPEC = """\
version: 1
title: A house
target: {image: house.png, focus: none, tone: none}
canvas: {paper: {width_mm: 50, height_mm: 40}, margin_mm: 4, px_per_mm: 1.5}
pens:
  rack:
    pens:
      - {name: black, colour: "#151515", nib_mm: 1}
      - {name: red, colour: "#c8302a", nib_mm: 2}
layers:
  - points: 20
    steps: 12
  - curves: {count: 10, max_length_mm: 15}
    steps: 12
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    pixels = np.full((32, 42, 3), 255, np.uint8)
    pixels[12:28, 8:30] = (200, 48, 42)
    pixels[18:28, 15:20] = (20, 20, 20)
    Image.fromarray(pixels).save("house.png")
    return tmp_path


def work(*changes: str, text: str = SPEC) -> Work:
    Path("house.yaml").write_text(text, encoding="utf-8")
    [one] = load("house.yaml", changes)
    return one


def test_the_strokes_are_those_of_the_drawing(folder: Path) -> None:
    result = pipeline.render(work())
    points, curves = result.strokes
    assert (points.name, points.kind, points.step, points.steps) == ("points", "points", 12, 12)
    assert points.knots.shape == (len(points), 1, 2)
    for number, pen in enumerate(points.pens):
        passes = [one for one in result.drawing.passes if (one.layer, one.pen.name) == ("points", pen)]
        drawn = np.array([line[0] for one in passes for line in one.lines]).reshape(-1, 2)
        mine = points.knots[points.pen == number, 0]
        assert len(drawn) == len(mine)
        assert all(np.hypot(*(drawn - knot).T).min() < 0.01 for knot in mine)
    assert curves.knots.shape[1] >= 3


def test_a_file_of_strokes_is_read_as_it_was_written(folder: Path) -> None:
    strokes = pipeline.render(work()).strokes
    (folder / "strokes.npz").write_bytes(fitted_strokes.to_bytes(strokes))
    for one, read in zip(strokes, fitted_strokes.read(folder), strict=True):
        assert (one.name, one.pens, one.step) == (read.name, read.pens, read.step)
        for name in ("knots", "counts", "width_mm", "inks"):
            np.testing.assert_array_equal(getattr(one, name), getattr(read, name))
    assert fitted_strokes.to_bytes(strokes) == fitted_strokes.to_bytes(strokes)


@pytest.mark.parametrize("content", [b"", b"PK no zip", b"\x93NUMPY"])
def test_a_file_that_is_not_strokes_is_one_message(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "strokes.npz").write_bytes(content)
    with pytest.raises(StrokesError, match=r"strokes.npz: cannot be read"):
        fitted_strokes.read(tmp_path)


def test_a_fit_starts_where_another_ended(folder: Path) -> None:
    first = pipeline.render(work())
    starts: list[FitStep] = []
    second = pipeline.render(work(), start=first.strokes, each_step=starts.append)
    begin = next(step for step in starts if step.step == 0)
    torch.testing.assert_close(begin.strokes.knots, torch.from_numpy(first.strokes[0].knots))
    torch.testing.assert_close(begin.strokes.inks, torch.from_numpy(first.strokes[0].inks))
    assert [one.step for one in second.strokes] == [24, 24]


def test_a_stopped_fit_takes_the_steps_that_are_left(folder: Path) -> None:
    seen: list[FitStep] = []
    stopped = pipeline.render(work(), each_step=seen.append, stop=lambda: len(seen) == 6)
    assert [(one.name, one.step) for one in stopped.strokes] == [("points", 5)]
    went: list[tuple[int, int]] = []
    done = pipeline.render(work(), start=stopped.strokes, each_step=lambda step: went.append((step.layer, step.step)))
    assert [step for layer, step in went if layer == 0] == list(range(8))
    assert [(one.name, one.step) for one in done.strokes] == [("points", 12), ("curves", 12)]
    assert not done.interrupted


def test_edges_and_pens_go_on_where_they_were(folder: Path) -> None:
    layer = pipeline.planned(work().artwork, np.ones((4, 4, 3), np.float32)).artwork.layers[0]
    earlier = pipeline.render(work()).strokes[0]
    soft, hard = remaining(layer, replace(earlier, step=2)), remaining(layer, replace(earlier, step=12))
    assert (soft.steps, hard.steps) == (10, 12)
    assert layer.edge.from_px > soft.edge.from_px > soft.edge.to_px
    assert hard.edge.from_px == pytest.approx(hard.edge.to_px)
    assert hard.temperature.start == hard.temperature.end


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("points: 20", "lines: 20", "layer 1 was points and is lines now"),
        ("name: black", "name: ink", None),
        ("- {name: red", "- {name: green", None),
    ],
)
def test_strokes_of_another_spec(folder: Path, old: str, new: str, text: str | None) -> None:
    """A layer of another kind is refused; strokes of a pen that is gone get another pen."""
    start = pipeline.render(work()).strokes
    changed = work(text=SPEC.replace(old, new))
    if text is None:
        assert len(pipeline.render(changed, start=start).strokes[0])
        return
    with pytest.raises(StrokesError, match=text):
        pipeline.render(changed, start=start)


def test_a_rack_without_the_pens_is_refused(folder: Path) -> None:
    start = pipeline.render(work()).strokes
    other = work(text=SPEC.replace("name: black", "name: ink").replace("name: red", "name: rust"))
    with pytest.raises(StrokesError, match=r"its pens were .*, and none of them is there now"):
        pipeline.render(other, start=start)


def test_a_loss_of_the_callers_own_is_lowered(folder: Path) -> None:
    shapes: list[tuple[int, ...]] = []

    def dark(picture: Tensor, target: Tensor) -> Tensor:
        shapes.append(tuple(target.shape))
        return (picture - target).abs().mean()

    result = pipeline.render(work(), loss=dark)
    assert set(shapes) == {tuple(result.target.shape)}
    losses = [step.loss for step in result.history if step.layer == 1]
    assert losses[-1] < losses[0]
    assert {name for step in result.history for name, _ in step.terms} == {"own", "crossing"}


def test_a_loss_of_the_callers_own_sees_tiles(folder: Path) -> None:
    shapes: set[tuple[int, ...]] = set()

    def measured(picture: Tensor, target: Tensor) -> Tensor:
        assert picture.shape == target.shape
        shapes.add(tuple(target.shape))
        return (picture - target).square().mean()

    pipeline.render(work("layers.0.tile_mm=20"), loss=measured)
    assert len(shapes) > 1


# --- render --resume ---


def run(*words: str) -> int:
    return cli.run(list(words))


def record(folder: str = "out/house") -> dict[str, object]:
    return dict(json.loads((Path(folder) / "manifest.json").read_bytes()))


def test_resume_continues_a_render_in_its_folder(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    work()
    assert run("house.yaml", "--set", "seed=3") == 0
    assert run("--resume", "out/house") == 0
    said = capsys.readouterr()
    assert said.out == "out/house\nout/house\n"
    assert "note: the finished drawing that was in out/house is kept in out/house.1" in said.err
    assert [one.step for one in fitted_strokes.read(Path("out/house"))] == [24, 24]
    assert [one.step for one in fitted_strokes.read(Path("out/house.1"))] == [12, 12]


def test_resume_refuses_what_it_cannot_continue(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    work()
    assert run("house.yaml") == 0
    assert run("--resume", "out/house", "house.yaml") == 2
    Path("house.yaml").rename("home.yaml")
    assert run("--resume", "out/house") == 2
    Path("out/house/strokes.npz").unlink()
    assert run("--resume", "out/house") == 2
    assert run() == 0  # the help
    assert [line for line in capsys.readouterr().err.splitlines() if line.startswith("render:")] == [
        "render: --resume out/house continues that render; leave out house.yaml",
        "render: out/house: was made from house.yaml, which is not there; run this where it was rendered",
        "render: out/house: has no strokes.npz; render it again, from the spec, with this version of the program",
    ]

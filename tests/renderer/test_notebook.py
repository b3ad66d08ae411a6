"""render from Python: the interface that docs/python.md describes."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import renderer as r
from renderer.notebook import SeveralWorksError, load

pytestmark = pytest.mark.usefixtures("one_thread")
ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
SPEC = {
    "version": 1,
    "title": "Two squares",
    "target": {"image": "x.png", "focus": "none", "tone": "none"},
    "canvas": {"paper": {"width_mm": 40, "height_mm": 30}, "margin_mm": 2, "px_per_mm": 2},
    "pens": {"rack": "posca_1mr", "only": ["black", "red"]},
    "layers": [{"curves": {"count": 12, "max_length_mm": 12}, "steps": 8}],
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    pixels = np.full((52, 72, 3), 255, np.uint8)
    pixels[10:30, 10:30], pixels[25:45, 40:60] = (20, 20, 20), (210, 40, 40)
    Image.fromarray(pixels).save("x.png")
    return tmp_path


def test_the_import_is_light() -> None:
    code = "import sys, renderer as r; assert 'torch' not in sys.modules and 'numpy' not in sys.modules; print(dir(r))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "'rasterise'" in done.stdout


def test_every_name_is_there_and_documented() -> None:
    for name in r.__all__:
        assert getattr(r, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'rendr'; its names are Artwork"):
        r.rendr  # noqa: B018
    wanted = {
        "render",
        "rasterise",
        "catmull_rom",
        "Shapes",
        "EdgeRamp",
        "Ink",
        "read_strokes",
        "FitStep",
        "SpecErrors",
        "encoder_loss",
        "MarkInput",
    }
    assert all(f"r.{name}" in PAGE or f"`{name}`" in PAGE for name in wanted)


@pytest.mark.parametrize("how", ["dict", "file", "artwork"])
def test_a_spec_is_a_dict_a_file_or_an_artwork(folder: Path, how: str) -> None:
    (folder / "x.yaml").write_text(json.dumps(SPEC), encoding="utf-8")
    [work] = load(SPEC)
    forms = {"dict": SPEC, "file": "x.yaml", "artwork": work.artwork}
    result = r.render(forms[how])
    assert (result.artwork.title, len(result.strokes)) == ("Two squares", 1)
    assert sorted(one.pen.name for one in result.drawing.passes) == ["black", "red"]
    assert re.fullmatch(r"<'Two squares': \d+ strokes, [\d.]+ dB from afar>", repr(result))


def test_a_rendering_is_shown_and_saved(folder: Path) -> None:
    result = r.render(SPEC, changes=("seed=4",))
    assert result._repr_png_().startswith(b"\x89PNG")
    assert "<svg" in (result.preview._repr_svg_() or "")
    assert max(result.preview.image.size) == 1600
    place = result.save("out/two")
    assert json.loads((place / "manifest.json").read_bytes())["spec"]["changes"] == ["seed=4"]
    np.testing.assert_array_equal(r.read_strokes(place)[0].knots, result.strokes[0].knots)


@pytest.mark.parametrize("of", ["rendering", "strokes", "folder"])
def test_a_fit_starts_from_an_earlier_one(folder: Path, of: str) -> None:
    first = r.render(SPEC)
    starts = {"rendering": first, "strokes": first.strokes, "folder": first.save("out/two")}
    seen: list[np.ndarray] = []
    r.render(SPEC, start=starts[of], each_step=lambda step: seen.append(step.strokes.knots.detach().numpy().copy()))
    np.testing.assert_array_equal(seen[0], first.strokes[0].knots)


def half_the_brightness(picture: torch.Tensor) -> torch.Tensor:
    """An encoder that sees only where the left half is bright."""
    return picture[:, :, : picture.shape[2] // 2]


@pytest.mark.parametrize("form", ["map", "list", "dict", "batch"])
def test_an_encoder_of_the_callers_own_judges_the_drawing(form: str) -> None:
    forms = {
        "map": half_the_brightness,
        "list": lambda picture: [half_the_brightness(picture)],
        "dict": lambda picture: {"left": half_the_brightness(picture)},
        "batch": lambda picture: half_the_brightness(picture)[None],
    }
    loss = r.encoder_loss(forms[form])
    target = torch.rand(3, 8, 10, generator=torch.Generator().manual_seed(1))
    drawing = target.clone().requires_grad_()
    loss(drawing.flip(0), target).backward()
    assert drawing.grad is not None
    assert drawing.grad[:, :, :5].abs().min() > 0
    assert drawing.grad[:, :, 5:].abs().max() == 0
    assert loss(target, target).item() == 0
    assert r.encoder_loss(forms[form], pixels=2.0)(target * 0.5, target).item() == pytest.approx(
        2 * (target * 0.5).square().mean().item(), abs=1e-5
    )


def test_features_of_a_target_are_computed_once_and_vectors_are_compared() -> None:
    seen: list[int] = []

    def embed(picture: torch.Tensor) -> torch.Tensor:
        seen.append(1)
        return picture.flatten(1).mean(1)[None]  # [1, 3]

    loss = r.encoder_loss(embed)
    red, blue = (torch.tensor(colour)[:, None, None].expand(3, 4, 4) for colour in ([1.0, 0, 0], [0, 0, 1.0]))
    assert loss(red, blue).item() == pytest.approx(2)  # two unit vectors at a right angle
    loss(red, blue)
    assert len(seen) == 3
    with pytest.raises(ValueError, match=r"a tensor of shape \(2, 3, 4, 4\); return maps \[C, h, w\] or vectors"):
        r.encoder_loss(lambda picture: torch.stack([picture, picture]))(red, blue)


def test_an_encoder_guides_a_fit(folder: Path) -> None:
    """The square in the half that it sees is drawn; with the other half, the other one."""

    def right(picture: torch.Tensor) -> torch.Tensor:
        return picture.flip(2)[:, :, : picture.shape[2] // 2]

    steps: list[float] = []
    r.render(SPEC, loss=r.encoder_loss(right), each_step=lambda step: steps.append(step.loss))
    assert steps[-1] < steps[0]


def test_a_primitive_of_the_callers_own_is_fitted_and_drawn(folder: Path) -> None:
    """A stamp of two strokes of the pen about each dot: five points, of which the gradient moves the place."""
    stamp = torch.tensor([[-1.0, -1], [0, 0], [1, 1], [1, -1], [-1, 1]])
    points = {"layers": [{"points": 9, "steps": 6}]}
    places: list[np.ndarray] = []
    result = r.render(
        SPEC | points,
        primitive=lambda knots: knots + stamp,
        each_step=lambda step: places.append(step.strokes.knots.detach().numpy().copy()),
    )
    lines = [line for one in result.drawing.passes for line in one.lines]
    assert {len(line) for line in lines} == {5}
    np.testing.assert_allclose(np.ptp(lines[0], axis=0), (2, 2), atol=1e-3)
    assert len(places[0]) == len(places[-1])
    assert np.abs(places[0] - places[-1]).max() > 0.05


def test_a_mark_of_the_callers_own_decides_where_strokes_start(folder: Path) -> None:
    def ladder(view: r.MarkInput) -> list[tuple[np.ndarray, int]]:
        assert view.target.shape == (3, view.frame.height_px, view.frame.width_px)
        assert view.demand().shape[0] == len(view.palette.pens) == 2
        return [(np.array([[8.0, y], [14.0, y], [20.0, y]]), n % 2) for n, y in enumerate(range(8, 24, 4))]

    seen: list[tuple[np.ndarray, np.ndarray]] = []
    r.render(
        SPEC | {"layers": [{"hatching": 50, "steps": 5}]},
        mark=ladder,
        each_step=lambda step: seen.append(
            (step.strokes.knots.detach().numpy().copy(), step.strokes.inks.argmax(1).numpy())
        ),
    )
    (placed, pens), (moved, _) = seen[0], seen[-1]
    assert sorted(zip(pens.tolist(), placed[:, :, 1].mean(1).tolist(), strict=True)) == [
        (0, 8),
        (0, 16),
        (1, 12),
        (1, 20),
    ]
    np.testing.assert_allclose(placed[:, [0, -1], 0], [[8, 20]] * 4)
    assert np.abs(placed - moved).max() > 0.01


@pytest.mark.parametrize(
    ("strokes", "why"),
    [
        ([([[1.0, 2.0]], 0)], r"stroke 1 of the mark has knots \(1, 2\); return \[K, 2\] mm, K at least 2"),
        ([([[1.0, 2], [3, 4]], 0), ([[1.0, 2], [3, 4]], 2)], "stroke 2 of the mark has pen 2, but .* 0 to 1"),
    ],
)
def test_a_mark_that_returns_something_else_is_told(folder: Path, strokes: list[object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        r.render(SPEC | {"layers": [{"flow": 50}]}, mark=lambda _: strokes)


def test_progress_is_printed_or_given(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stages: list[str] = []
    r.render(SPEC, progress=lambda progress: stages.append(progress.stage))
    assert {"placing", "fitting"} <= set(stages)
    assert capsys.readouterr() == ("", "")
    r.render(SPEC, progress=True)
    assert "curves: fitting 8/8, loss 0." in capsys.readouterr().err


def test_a_stopped_fit_is_finished_from_what_there_is(folder: Path) -> None:
    steps: list[int] = []
    result = r.render(SPEC, each_step=lambda step: steps.append(step.step), stop=lambda: len(steps) > 3)
    assert result.result.interrupted
    assert max(steps) < 8


def test_faults_of_a_dict_are_those_of_a_spec(folder: Path) -> None:
    with pytest.raises(r.SpecErrors) as caught:
        r.render(SPEC | {"layers": [{"curves": {"cuont": 3}}]})
    assert "layers.0.curves.cuont: unknown key 'cuont'; did you mean 'count'?" in str(caught.value)
    with pytest.raises(SeveralWorksError, match=r"the spec has 2 works \(artwork-seed-1, artwork-seed-2\)"):
        r.render(SPEC | {"matrix": {"seed": [1, 2]}})


def test_the_code_of_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it, one piece after another."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scream_study.png").write_bytes((ROOT / "specs" / "targets" / "scream_study.png").read_bytes())
    names: dict[str, object] = {}
    for code in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(code, names)
    assert (tmp_path / "out" / "twenty" / "drawing.svg").is_file()
    knots = names["knots"]
    assert isinstance(knots, torch.Tensor)
    assert knots.grad is not None
    assert knots.grad.abs().sum() > 0


def test_losses_are_logged_for_tensorboard(folder: Path) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    losses: list[float] = []
    with r.TensorBoardLog("runs/two") as log:

        def both(step: r.FitStep) -> None:
            losses.append(step.loss)
            log(step)

        r.render(SPEC, each_step=both)
    events = accumulator.EventAccumulator("runs/two").Reload()
    logged = events.Scalars("1-curves/loss")
    assert [each.value for each in logged] == pytest.approx(losses)
    assert [each.step for each in logged] == list(range(9))
    assert any(tag.startswith("1-curves/terms/") for tag in events.Tags()["scalars"])


def test_a_missing_tensorboard_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ImportError, match="TensorBoardLog needs one more package: pip install tensorboard"):
        r.TensorBoardLog("runs/two")


@pytest.mark.slow
@pytest.mark.parametrize(("name", "outputs"), [("own_loss", 4), ("variants", 3)])
def test_the_notebooks_run(name: str, outputs: int) -> None:
    """From its folder, as a reader would run it; the kernel keeps its files elsewhere."""
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    place = ROOT / "docs" / "notebooks"
    notebook = nbformat.read(place / f"{name}.ipynb", as_version=4)
    nbclient.NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": place}}
    ).execute()
    assert sum(bool(cell.get("outputs")) for cell in notebook.cells) == outputs

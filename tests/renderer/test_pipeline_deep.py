"""A complete render whose loss uses a network, with weights from a file beside the spec."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.torch import save_file
from test_encoders import made_up

from hardware.svgfile import to_svg
from renderer import cli
from renderer.assets import AssetError
from renderer.manifest import manifest
from renderer.output.contents import contents
from renderer.pipeline import RenderError, is_grey, render
from renderer.plan import plan
from renderer.result import Result
from renderer.specfile import load

pytestmark = pytest.mark.usefixtures("one_thread")

FEATURES = "layers.0.loss={features: {net: squeezenet1_1, weights: own.safetensors, layers: [relu1, fire3]}}"


@pytest.fixture
def seeing(spec: Path) -> Path:
    """The small spec, with a file of weights beside it."""
    save_file(made_up("squeezenet1_1"), spec.with_name("own.safetensors"))
    return spec


def rendered(path: Path, *changes: str) -> Result:
    return render(load(path, changes)[0])


def test_a_loss_through_a_network_falls_and_is_looked_at(seeing: Path) -> None:
    result = rendered(seeing, FEATURES, "layers.0.start=random", "layers.0.steps=30")
    losses = [dict(step.terms)["features"] for step in result.history]
    assert losses[-1] < losses[0]
    [look] = result.network_views
    assert (look.layer_name, look.term, [name for name, _ in look.depths]) == ("points", "features", ["relu1", "fire3"])
    assert look.map.shape == result.target.shape[1:]
    made = manifest(result, {})
    assert [one["name"] for one in made["weights"]] == ["squeezenet1_1-own.safetensors"]
    assert made["looks"][0]["loss"] == pytest.approx(look.loss, rel=1e-5)
    files, _ = contents(result, (), False)
    assert b"What the loss sees" in files["report.html"]


def test_the_same_spec_gives_the_same_bytes_augmented_or_not(seeing: Path) -> None:
    for term in ("", ", augment: {}"):
        change = FEATURES.replace("]}}", f"]{term}}}}}")
        first, second = (to_svg(rendered(seeing, change).drawing) for _ in range(2))
        assert first == second


def test_a_region_is_where_the_strokes_go(seeing: Path) -> None:
    mask = Image.new("L", (30, 42))
    mask.paste(255, (0, 0, 15, 42))
    mask.save(seeing.with_name("left.png"))
    changes = ("layers.0.loss={mse: {region: left.png}}", "layers.0.points.count=20", "pens.rack.pens.1.nib_mm=8")
    result = rendered(seeing, *changes, "layers.0.steps=40", "target.focus=none")
    errors = ((result.target - _framed(result)) ** 2).mean(0)
    assert errors[:, :40].mean() < 0.7 * errors[:, 50:].mean()


def _framed(result: Result) -> np.ndarray:
    from renderer.preview import framed

    return framed(result.drawing, result.frame)


def test_a_region_that_shows_nothing_is_refused(seeing: Path) -> None:
    Image.new("L", (30, 42)).save(seeing.with_name("black.png"))
    with pytest.raises(RenderError) as caught:
        rendered(seeing, "layers.0.loss={mse: {region: black.png}}")
    black = seeing.with_name("black.png")
    assert str(caught.value) == f"{black}: is black everywhere in the drawn area; paint white what counts"


def test_weights_that_are_none_are_told(seeing: Path) -> None:
    seeing.with_name("own.safetensors").write_bytes(b"none")
    with pytest.raises(RenderError, match=r"own\.safetensors: is damaged or cut off; fetch or copy it again"):
        rendered(seeing, FEATURES)


def test_a_style_picture_is_read(seeing: Path) -> None:
    change = "layers.0.loss={gram: {net: squeezenet1_1, weights: own.safetensors, style: disc.png, layers: [relu1]}}"
    [look] = rendered(seeing, change).network_views
    assert look.is_pull


# --- grey works -------------------------------------------------------------------------------------------------------


def test_a_work_without_colours_is_judged_by_greys(spec: Path) -> None:
    grey = 'pens=[{name: black, colour: "#111111", nib_mm: 4}, {name: ash, colour: "#a9aaa8", nib_mm: 4}]'
    [coloured], [colourless] = load(spec), load(spec, (grey, 'canvas.colour="#fdfbf5"'))
    assert not is_grey(coloured.artwork)
    assert is_grey(colourless.artwork)
    assert not is_grey(load(spec, ("pens={colours: free}",))[0].artwork)
    assert np.ptp(render(colourless).target, axis=0).max() == 0
    assert np.ptp(render(coloured).target, axis=0).max() > 0.3


# --- missing weights --------------------------------------------------------------------------------------------------


def test_missing_weights_are_told_before_any_work(
    spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RENDER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("RENDER_OFFLINE", "1")
    monkeypatch.setattr("renderer.pipeline.render", lambda *_, **__: pytest.fail("work was begun"))
    assert cli.run([str(spec), "--set", "layers.0.loss=lpips", "--out", str(tmp_path / "out")]) == 1
    assert capsys.readouterr().err == (
        "render: disc: the weights vgg16-imagenet (553 MB) are missing. To get them: render assets fetch "
        "vgg16-imagenet, or, with a copy of them, render assets add FILE\n"
    )
    assert not (tmp_path / "out").exists()


def test_a_plan_warns_of_missing_weights(spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RENDER_CACHE", str(tmp_path / "cache"))
    [work] = load(spec, ("layers.0.loss={features: {weights: stylised_imagenet}}",))
    assert any("vgg16-stylised_imagenet (554 MB) are missing" in warning for warning in plan(work).warnings)


def test_a_matrix_renders_what_has_its_weights(
    seeing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RENDER_CACHE", str(tmp_path / "cache"))
    seeing.write_text(
        seeing.read_text() + "matrix:\n  layers.0.loss: [mse, {features: {weights: stylised_imagenet}}]\n"
    )
    assert cli.run([str(seeing), "--out", str(tmp_path / "out")]) == 1
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["disc-loss-mse"]
    assert (
        "disc-loss-features-stylised_imagenet: the weights vgg16-stylised_imagenet (554 MB) are missing"
        in capsys.readouterr().err
    )


def test_the_pipeline_itself_says_so_too(spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RENDER_CACHE", str(tmp_path / "cache"))
    with pytest.raises(AssetError, match="stylised_imagenet"):
        rendered(spec, "layers.0.loss={features: {weights: stylised_imagenet}}")

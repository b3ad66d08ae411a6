"""The benchmarks' specs load, their dots just cover the page, and their figures mean what README.md says."""

import math
from pathlib import Path

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from benchmarks import perceptual, scores
from benchmarks.bars import BARS, Bar, verdict
from benchmarks.quality import Run, row, summary
from benchmarks.squares import PictureError, prepared, written
from hardware.drawing import Drawing, Pen, PenPass
from hardware.svgfile import to_svg
from renderer.spec import FreeColours, Lines, Points
from renderer.specfile import load
from renderer.target import Frame, fit_picture, frame, load_picture

SPECS = sorted((Path(__file__).parents[1] / "benchmarks" / "specs").glob("*.yaml"))


def noise(seed: int) -> scores.Pixels:
    return np.random.default_rng(seed).random((48, 40, 3))


def test_there_is_a_spec_for_every_work_and_no_other() -> None:
    assert {path.stem.upper() for path in SPECS} == set(BARS)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_a_spec_loads_and_asks_for_256_px_of_half_a_millimetre(path: Path) -> None:
    [work] = load(path)
    area = frame(work.artwork.canvas, work.artwork.target.fit, 1.0, 1.0)
    assert (area.x_mm, area.y_mm, area.width_px, area.height_px, area.px_per_mm) == (0, 0, 256, 256, 2)


@pytest.mark.parametrize(
    "path", [path for path in SPECS if path.stem in ("p1", "p2", "k2")], ids=lambda path: path.stem
)
def test_the_dots_of_a_work_have_the_area_of_the_page(path: Path) -> None:
    [work] = load(path)
    [layer] = work.artwork.layers
    pens = work.artwork.pens_of(layer)
    nibs_mm = {pens.widths_mm[0]} if isinstance(pens, FreeColours) else {pen.nib_mm for pen in pens.pens}
    assert isinstance(layer.kind, Points)
    [nib_mm] = nibs_mm
    assert layer.kind.count * math.pi * (nib_mm / 2) ** 2 == pytest.approx(128 * 128, rel=1e-3)


@pytest.mark.parametrize(
    ("name", "count", "nib_px"), [("l1", 1000, 2), ("l2", 2000, 2), ("k1", 2000, 2), ("b1", 1000, 1)]
)
def test_the_strokes_of_a_work_are_as_many_and_as_wide_as_defined(name: str, count: int, nib_px: int) -> None:
    [work] = load(SPECS[0].with_name(f"{name}.yaml"))
    [layer] = work.artwork.layers
    pens = work.artwork.pens_of(layer)
    nibs_mm = {pens.widths_mm[0]} if isinstance(pens, FreeColours) else {pen.nib_mm for pen in pens.pens}
    assert isinstance(layer.kind, Lines)
    assert (layer.kind.count, layer.kind.max_length_mm, nibs_mm) == (count, 32, {nib_px / 2})


def test_the_racks_hold_the_same_24_opaque_pens() -> None:
    colours = []
    for name in ("k1", "k2"):
        artwork = load(SPECS[0].with_name(f"{name}.yaml"))[0].artwork
        assert not isinstance(artwork.pens, FreeColours)
        assert artwork.pens.use == 8
        assert {pen.ink.value for pen in artwork.pens.pens} == {"opaque"}
        colours.append([pen.colour for pen in artwork.pens.pens])
    assert colours[0] == colours[1]
    assert len(set(colours[0])) == 24


# --- pictures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["astronaut", "chelsea", "grey astronaut"])
def test_the_renderer_fits_to_the_very_pixels_that_are_scored(name: str, tmp_path: Path) -> None:
    path = written(name, tmp_path)
    artwork = load(SPECS[0], (f"target.image={path}",))[0].artwork
    target = fit_picture(load_picture(path, artwork.canvas.colour), frame(artwork.canvas, "cover", 1.0, 1.0), "cover")
    np.testing.assert_allclose(target.transpose(1, 2, 0), scores.pixels(prepared(name)), atol=1e-6)


def test_a_grey_picture_has_three_equal_channels_and_a_coloured_one_has_not() -> None:
    assert np.ptp(scores.pixels(prepared("grey astronaut")), axis=2).max() == 0
    assert np.ptp(scores.pixels(prepared("astronaut")), axis=2).max() > 0.5


def test_a_folder_without_china_is_named_with_what_would_do(tmp_path: Path) -> None:
    with pytest.raises(PictureError) as error:
        prepared("china", tmp_path)
    assert str(error.value) == (f"{tmp_path / 'china.jpg'} does not exist; --pictures names the folder with china.jpg")


# --- figures ----------------------------------------------------------------------------------------------------------


def test_psnr_and_ssim_are_those_of_scikit_image() -> None:
    a, b = noise(1), noise(2)
    assert scores.psnr(a, b) == pytest.approx(peak_signal_noise_ratio(b, a, data_range=1))
    channels = [
        structural_similarity(
            a[..., c], b[..., c], data_range=1, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
        )
        for c in range(3)
    ]
    assert scores.ssim(a, b) == pytest.approx(np.mean(channels))


def test_blurring_is_a_gaussian_of_two_pixels_that_mixes_no_channels_and_repeats_the_edge() -> None:
    point = np.zeros((41, 41, 3))
    point[20, 20, 1] = 1
    seen = scores.blurred(point)
    across = np.exp(-((np.arange(41) - 20) ** 2) / (2 * 2.0**2))
    across[np.abs(np.arange(41) - 20) > 8] = 0  # cut off at four sigma
    np.testing.assert_allclose(seen[:, :, 1], np.outer(across, across) / across.sum() ** 2, atol=1e-12)
    assert not seen[:, :, [0, 2]].any()
    flat = np.full((30, 30, 3), 0.3)
    np.testing.assert_allclose(scores.blurred(flat), flat)


def test_from_afar_noise_about_a_tone_is_worth_more_than_a_wrong_tone() -> None:
    grey = np.full((64, 64, 3), 0.5)
    checks = np.indices((64, 64)).sum(0)[..., None] % 2 * np.ones(3)
    wrong = grey + 0.1
    assert scores.scores(checks, grey).psnr < scores.scores(wrong, grey).psnr
    assert scores.scores(checks, grey).psnr_blurred > scores.scores(wrong, grey).psnr_blurred


def test_the_preview_and_cairosvg_draw_the_same_picture_of_an_svg() -> None:
    lines = (np.array([[5.0, 5.0], [25.0, 20.0]]), np.array([[20.0, 8.0]]))
    inner = Frame(2, 1, 28, 30, 2)
    drawing = Drawing(32, 32, "#ffffff", (PenPass("x", Pen(name="red", colour="#cc2211", nib_mm=3), lines),))
    svg = to_svg(drawing)
    ours, theirs = scores.by_preview(svg, inner), scores.by_cairo(svg, inner, (32, 32))
    assert theirs is not None
    assert ours.shape == theirs.shape == (60, 56, 3)
    assert np.abs(ours - theirs).mean() < 1 / 255
    assert scores.psnr(ours, np.ones_like(ours)) == pytest.approx(scores.psnr(theirs, np.ones_like(ours)), abs=0.1)


# --- verdicts ---------------------------------------------------------------------------------------------------------

WITH_SSIM = Bar(20.0, 30.0, 0.5, (4, 8))
WITHOUT = Bar(20.0, 30.0, None, (4, 8))


@pytest.mark.parametrize(
    ("bar", "psnr", "psnr_blurred", "ssim", "cpu_s", "word"),
    [
        (WITH_SSIM, 10.0, 30.1, 0.51, 16.0, "beaten"),  # PSNR does not count where there is an SSIM
        (WITH_SSIM, 25.0, 29.8, 0.51, 5.0, "met"),
        (WITH_SSIM, 25.0, 29.6, 0.51, 5.0, "missed"),
        (WITH_SSIM, 25.0, 31.0, 0.495, 5.0, "met"),
        (WITH_SSIM, 25.0, 31.0, 0.48, 5.0, "missed"),
        (WITHOUT, 20.1, 30.1, 0.1, 5.0, "beaten"),
        (WITHOUT, 19.8, 30.1, 0.9, 5.0, "met"),
        (WITHOUT, 19.6, 31.0, 0.9, 5.0, "missed"),
        (WITHOUT, 20.1, 30.1, 0.1, 16.1, "beaten, slow"),
        (Bar(None, 30.0, None, (4, 8)), 5.0, 30.1, 0.1, 5.0, "beaten"),
    ],
)
def test_a_verdict_wants_the_picture_from_afar_and_in_detail(
    bar: Bar, psnr: float, psnr_blurred: float, ssim: float, cpu_s: float, word: str
) -> None:
    assert verdict(bar, psnr, psnr_blurred, ssim, cpu_s) == word


def test_a_row_holds_means_and_spreads_over_its_seeds_and_the_summary_counts_rows() -> None:
    def run(seed: int, psnr: float, believed: float | None) -> Run:
        return Run("P1", "astronaut", seed, psnr, 31.0, 0.5, believed, 0.01, 1000, 1, 0.0, 1000, 19.0, 5.0, 400.0)

    one = row(WITHOUT, [run(1, 20.0, 20.5), run(2, 21.0, None)])
    assert (one.seeds, one.mean["psnr"], one.spread["psnr"], one.verdict) == (2, 20.5, 1.0, "beaten")
    assert "psnr_believed" not in one.mean
    missed = row(WITHOUT, [run(1, 10.0, None)])
    assert summary([one, missed]) == "1 of 2 rows reach the best known figures, 1 are above them"


# --- losses through networks ------------------------------------------------------------------------------------------


def test_the_best_of_each_column_is_marked_among_like_strokes() -> None:
    rows = [
        perceptual.Row("lines", "mse", 0.01, 0.5, 0.4, 3.0),
        perceptual.Row("lines", "lpips vgg", 0.02, 0.3, 0.2, 60.0),
        perceptual.Row("points", "mse", 0.03, 0.6, 0.5, 3.0),
    ]
    cells = [list(column.cells) for column in perceptual.losses_table(rows).columns[2:5]]
    assert cells == [
        ["0.0100*", "0.0200 ", "0.0300*"],
        ["0.5000 ", "0.3000*", "0.6000*"],
        ["0.4000 ", "0.2000*", "0.5000*"],
    ]


def test_every_loss_of_the_benchmark_is_one_that_a_spec_takes() -> None:
    for term in perceptual.losses().values():
        assert load(perceptual.PAPER / "figure3_lines.yaml", (f"layers.0.loss={term}",))


def test_a_steps_share_is_of_the_network() -> None:
    cost = perceptual.Cost("vgg", 224, "float32", 0.2, 0.198, 0.19, 900.0)
    assert (cost.share, cost.rest) == (pytest.approx(0.95), pytest.approx(0.01))

import io
import math

import cairosvg
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from skimage.filters import gaussian
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from hardware.drawing import Drawing, Ink, Line, Pen, PenPass
from hardware.svgfile import to_svg
from renderer import preview
from renderer.colours import from_hex
from renderer.target import Frame

pytestmark = pytest.mark.usefixtures("one_thread")

Picture = NDArray[np.float32]
BLACK = Pen(name="black", colour="#000000", nib_mm=4.0)


def sheet(*passes: PenPass, paper: str = "#ffffff", size_mm: tuple[float, float] = (60.0, 40.0)) -> Drawing:
    return Drawing(*size_mm, paper, passes)


def line(*points: tuple[float, float]) -> Line:
    return np.array(points, np.float64)


def scribble(seed: int = 0, ink: Ink = Ink.OPAQUE) -> Drawing:
    """Dots, lines and bent lines of several pens, some over the edge of the sheet."""
    rng = np.random.default_rng(seed)
    passes = []
    for name, colour, nib_mm in (
        ("a", "#e0b020", 3.0),
        ("b", "#c02040", 1.2),
        ("c", "#103060", 0.5),
        ("d", "#ffffff", 2.0),
    ):
        lines = [rng.random((1, 2)) * [60, 40] for _ in range(15)]
        lines += [rng.random((1, 2)) * [60, 40] + rng.normal(0, 3, (9, 2)).cumsum(0) for _ in range(12)]
        passes.append(PenPass(name, Pen(name=name, colour=colour, nib_mm=nib_mm, ink=ink), tuple(lines)))
    return sheet(*passes, paper="#f4efe2")


def noise(seed: int, *shape: int) -> Picture:
    return np.random.default_rng(seed).random(shape, np.float32)


# --- the picture ------------------------------------------------------------------------------------------------------


def test_a_dot_leaves_a_disc_of_ink() -> None:
    picture = preview.picture(sheet(PenPass("dots", BLACK, (line((20.13, 17.42)),))), 5.0)
    assert picture.shape == (3, 200, 300)
    assert (1 - picture).sum() / 3 == pytest.approx(math.pi * 10**2, rel=0.01)


def test_a_line_leaves_its_length_of_ink_and_two_round_ends() -> None:
    drawn = sheet(PenPass("lines", BLACK, (line((10.3, 8.8), (40.3, 28.8), (46.3, 36.8)),)))
    one, other = math.hypot(30, 20), math.hypot(6, 8)
    picture = preview.picture(drawn, 5.0)
    turn = math.acos((30 * 6 + 20 * 8) / (one * other))
    # at the bend, what both parts cover: their overlap, less the sector that the round join fills
    overlap = 4 * (math.tan(turn / 2) - turn / 2)
    area_mm2 = 4 * (one + other) + math.pi * 4 - overlap
    assert (1 - picture).sum() / 3 / 25 == pytest.approx(area_mm2, rel=0.01)


def test_a_frame_is_a_part_of_the_sheet() -> None:
    drawn = scribble()
    whole = preview.picture(drawn, 3.0)
    part = preview.framed(drawn, Frame(10.0, 5.0, 40.0, 20.0, 3.0))
    np.testing.assert_allclose(part, whole[:, 15:75, 30:150], atol=1e-3)
    assert part.flags.c_contiguous


def test_passes_are_drawn_in_order_and_inks_mix_as_they_should() -> None:
    below, above = (Pen(name=name, colour=colour, nib_mm=8) for name, colour in (("b", "#ff8000"), ("a", "#0080ff")))
    cross = (line((30, -9), (30, 60)),)
    middle = (slice(None), 40, 60)
    opaque = preview.picture(sheet(PenPass("x", below, cross), PenPass("x", above, cross), paper="#808080"), 2.0)
    np.testing.assert_allclose(opaque[middle], from_hex("#0080ff"), atol=1e-6)
    inks = tuple(pen.model_copy(update={"ink": Ink.TRANSPARENT}) for pen in (below, above))
    mixed = preview.picture(sheet(*(PenPass("x", pen, cross) for pen in inks), paper="#808080"), 2.0)
    grey = 128 / 255
    np.testing.assert_allclose(mixed[middle], [0, grey**3, 0], atol=1e-6)


def test_free_lines_have_colours_and_widths_of_their_own() -> None:
    lines = (line((-9, 10), (99, 10)), line((-9, 30), (99, 30)))
    drawn = sheet(PenPass("free", BLACK, lines, ("#ff0000", "#0000ff"), (2.0, 8.0)))
    column = preview.picture(drawn, 4.0)[:, :, 100]
    np.testing.assert_allclose(column[:, 40], [1, 0, 0], atol=1e-6)
    np.testing.assert_allclose(column[:, 120], [0, 0, 1], atol=1e-6)
    assert (1 - column[1]).sum() == pytest.approx(10 * 4, rel=1e-3)


def test_an_empty_drawing_is_its_paper() -> None:
    nothing = np.broadcast_to(from_hex("#f4efe2")[:, None, None], (3, 80, 120))
    np.testing.assert_allclose(preview.picture(sheet(paper="#f4efe2"), 2.0), nothing)
    empty = sheet(PenPass("x", BLACK, ()), paper="#f4efe2")
    np.testing.assert_allclose(preview.picture(empty, 2.0), nothing)


def viewed(drawing: Drawing, width_px: int, height_px: int) -> Picture:  # [3, H, W]
    """The picture of an independent viewer."""
    png = cairosvg.svg2png(to_svg(drawing).encode(), output_width=width_px, output_height=height_px)
    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), np.float32)
    return pixels.transpose(2, 0, 1) / 255


@pytest.mark.parametrize("px_per_mm", [4.0, 10.0])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_viewer_shows_the_same_picture(seed: int, px_per_mm: float) -> None:
    drawing = scribble(seed)
    mine = preview.picture(drawing, px_per_mm)
    other = viewed(drawing, mine.shape[2], mine.shape[1])
    assert np.abs(mine - other).mean() < 0.5 / 255
    blank = np.broadcast_to(from_hex(drawing.paper)[:, None, None], mine.shape)
    assert np.abs(blank - other).mean() > 30 / 255  # so a comparison that sees nothing would fail


def test_pixels_are_rounded_to_eight_bits() -> None:
    values = np.array([-0.2, 0.0, 0.4999 / 255, 0.5001 / 255, 1.0, 1.7], np.float32)
    picture = np.broadcast_to(values, (3, 2, 6))
    assert preview.pixels(picture)[0, :, 0].tolist() == [0, 0, 0, 1, 255, 255]
    assert preview.pixels(picture).shape == (2, 6, 3)


# --- metrics ----------------------------------------------------------------------------------------------------------

FRAME = Frame(5.0, 5.0, 50.0, 30.0, 2.0)


def test_metrics_are_those_of_scikit_image() -> None:
    drawn = preview.framed(scribble(), FRAME)
    target = np.clip(0.7 * drawn + 0.3 * noise(1, *drawn.shape), 0, 1)
    found = preview.metrics(scribble(), FRAME, target)
    assert found.psnr == pytest.approx(peak_signal_noise_ratio(target, drawn, data_range=1), abs=1e-3)
    expected = structural_similarity(
        target, drawn, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1, channel_axis=0
    )
    assert 0.2 < expected < 0.99
    assert found.ssim == pytest.approx(expected, abs=1e-3)
    from_afar = [gaussian(one, sigma=2, mode="nearest", truncate=3.5, channel_axis=0) for one in (target, drawn)]
    assert found.psnr_blurred == pytest.approx(peak_signal_noise_ratio(*from_afar, data_range=1), abs=1e-3)


def test_a_drawing_that_is_its_target_has_the_best_metrics() -> None:
    found = preview.metrics(scribble(), FRAME, preview.framed(scribble(), FRAME))
    assert (found.psnr, found.psnr_blurred) == (100, 100)
    assert found.ssim == pytest.approx(1, abs=1e-5)


def test_pictures_smaller_than_the_window_have_a_similarity_too() -> None:
    tiny = Frame(5.0, 5.0, 4.0, 4.0, 2.0)
    target = noise(2, 3, 8, 8)
    assert -1 <= preview.metrics(scribble(), tiny, target).ssim <= 1


@pytest.mark.parametrize("colour", ["#000000", "#ffffff", "#fdfbf5"])
@pytest.mark.parametrize("ink", list(Ink))
def test_coverage_is_the_share_of_the_frame_under_ink_of_whatever_colour(colour: str, ink: Ink) -> None:
    pen = Pen(name="x", colour=colour, nib_mm=6, ink=ink)
    bar = PenPass("bar", pen, (line((-9, 20), (99, 20)),))
    assert preview.metrics(sheet(bar), FRAME, noise(0, 3, 60, 100)).coverage == pytest.approx(6 / 30, abs=1e-3)
    twice = sheet(bar, bar)
    assert preview.metrics(twice, FRAME, noise(0, 3, 60, 100)).coverage == pytest.approx(6 / 30, abs=5e-3)

"""The study after The Scream is what its script paints, and looks as its specs expect."""

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

SCRIPT = Path(__file__).parents[2] / "specs" / "targets" / "scream_study.py"
Pixels = NDArray[np.float64]  # [H, W, 3] 0..255


def pixels_of(picture: Image.Image) -> Pixels:
    return np.asarray(picture.convert("RGB"), dtype=np.float64)


@pytest.fixture(scope="module")
def study() -> ModuleType:
    found = importlib.util.spec_from_file_location("scream_study", SCRIPT)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def painted(study: ModuleType) -> Image.Image:
    picture: Image.Image = study.paint()
    return picture


@pytest.fixture(scope="module")
def committed() -> Pixels:
    with Image.open(SCRIPT.with_suffix(".png")) as picture:
        return pixels_of(picture)


def mean_colour(pixels: Pixels, left: int, top: int, right: int, bottom: int) -> Pixels:
    colour: Pixels = pixels[top:bottom, left:right].mean(axis=(0, 1))
    return colour


def test_painting_it_again_gives_the_committed_picture(painted: Image.Image, committed: Pixels) -> None:
    # not bit for bit: another Pillow may round a polygon's edge, or choose the file's colours, a little differently
    assert np.abs(pixels_of(painted) - committed).mean() < 1.0


def test_the_committed_file_is_small_and_has_the_aspect_of_the_painting(committed: Pixels) -> None:
    height_px, width_px, _ = committed.shape
    assert (width_px, height_px) == (900, 1146)
    assert width_px / height_px == pytest.approx(1200 / 1528, abs=0.001)
    assert SCRIPT.with_suffix(".png").stat().st_size < 600_000


def test_check_accepts_the_picture_it_wrote_and_refuses_one_changed_pixel(
    study: ModuleType, painted: Image.Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(study, "PICTURE", tmp_path / "study.png")
    monkeypatch.setattr(study, "paint", lambda: painted)
    assert study.main([]) == 0
    assert study.main(["--check"]) == 0
    spoilt = painted.convert("RGB")
    spoilt.putpixel((450, 600), (0, 255, 0))
    spoilt.save(study.PICTURE)
    assert study.main(["--check"]) == 1


def test_the_sky_is_warm_and_the_bay_is_cold(committed: Pixels) -> None:
    red, green, blue = mean_colour(committed, 0, 0, 900, 280)
    assert red > 1.4 * green > 2 * blue
    red, _, blue = mean_colour(committed, 150, 520, 370, 560)
    assert blue > 1.3 * red


def test_the_face_and_hands_stand_out_pale_with_a_dark_mouth_and_dark_sockets(committed: Pixels) -> None:
    light = committed.mean(axis=2, keepdims=True)

    def lightness(left: int, top: int, right: int, bottom: int) -> float:
        return float(mean_colour(light, left, top, right, bottom)[0])

    skin = min(
        lightness(430, 540, 530, 600),  # forehead
        lightness(325, 660, 365, 740),  # left hand
        lightness(593, 660, 633, 740),  # right hand
    )
    dark = max(
        lightness(462, 740, 496, 780),  # mouth
        lightness(405, 620, 455, 668),  # left eye and its socket
        lightness(503, 620, 553, 668),  # right eye and its socket
        lightness(340, 960, 620, 1100),  # coat
    )
    assert skin > 170
    assert skin > dark + 60


def test_the_face_still_reads_at_sixty_pixels_wide(committed: Pixels) -> None:
    small = Image.fromarray(committed.astype(np.uint8)).resize((60, 76), Image.Resampling.BOX).convert("L")
    light = np.asarray(small, dtype=np.float64)
    forehead, mouth = light[36:40, 29:35].mean(), light[49:52, 31:33].mean()
    eyes = light[42:44, 28:30].mean(), light[42:44, 34:36].mean()
    assert mouth < 60
    assert max(eyes) < forehead - 60

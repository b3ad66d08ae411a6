import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from renderer.spec import Crop, Tone
from renderer.tone import cropped, greyed, suited, toned

Picture = NDArray[np.float32]


def noise(seed: int = 0) -> Picture:  # [3, H, W]
    return np.random.default_rng(seed).random((3, 20, 30), np.float32)


def even(*colour: float) -> Picture:
    return np.broadcast_to(np.array(colour, np.float32)[:, None, None], (3, 8, 8))


# --- crop -------------------------------------------------------------------------------------------------------------


def test_a_crop_cuts_shares_off_each_side() -> None:
    picture = np.moveaxis(np.mgrid[0:40, 0:50], 0, 2).astype(np.float32)  # each pixel holds its row and column
    part = cropped(picture, Crop(left=0.1, top=0.25, right=0.2, bottom=0.5))
    assert part.shape == (10, 35, 2)
    assert part[0, 0].tolist() == [10, 5]
    assert part[-1, -1].tolist() == [19, 39]


def test_no_crop_leaves_the_picture() -> None:
    picture = np.random.default_rng(0).random((7, 9, 3), np.float32)
    np.testing.assert_array_equal(cropped(picture, Crop()), picture)


@given(st.integers(1, 12), st.integers(1, 12), st.floats(0, 0.9))
def test_a_pixel_is_always_left(height: int, width: int, share: float) -> None:
    picture = np.zeros((height, width, 3), np.float32)
    for crop in (Crop(left=share, top=share), Crop(right=share, bottom=share)):
        assert min(cropped(picture, crop).shape) >= 1


# --- tone -------------------------------------------------------------------------------------------------------------


def test_without_a_tone_the_picture_is_as_it_was() -> None:
    np.testing.assert_allclose(toned(noise(), Tone()), noise(), atol=1e-6)


@pytest.mark.parametrize(
    ("tone", "colour", "expected"),
    [
        (Tone(black=0.2, white=0.7), (0.2, 0.45, 0.7), (0, 0.5, 1)),
        (Tone(black=0.2, white=0.7), (0.1, 0.3, 0.9), (0, 0.2, 1)),
        (Tone(gamma=2), (0.25, 0.81, 0), (0.5, 0.9, 0)),
        (Tone(saturation=0), (0.3, 0.6, 0), (0.3, 0.3, 0.3)),
        (Tone(saturation=2), (0.4, 0.5, 0.6), (0.3, 0.5, 0.7)),
        (Tone(saturation=5), (0.1, 0.5, 0.9), (0, 0.5, 1)),
        (Tone(black=0.5, gamma=2, saturation=0.5), (0.5, 0.625, 1), (0.25, 0.5, 0.75)),
    ],
)
def test_levels_then_saturation(
    tone: Tone, colour: tuple[float, float, float], expected: tuple[float, float, float]
) -> None:
    np.testing.assert_allclose(toned(even(*colour), tone), even(*expected), atol=1e-6)


def test_local_contrast_steepens_an_edge_and_leaves_even_parts() -> None:
    step = np.full((3, 60, 60), 0.4, np.float32)
    step[:, :, 30:] = 0.6
    result = toned(step, Tone(local_contrast=1.0))
    assert result[0, 30, 29] < 0.35
    assert result[0, 30, 30] > 0.65
    np.testing.assert_allclose(result[:, :, :5], 0.4, atol=1e-4)
    np.testing.assert_allclose(toned(even(0.2, 0.5, 0.9), Tone(local_contrast=3)), even(0.2, 0.5, 0.9), atol=1e-5)


def test_local_contrast_adds_the_same_to_all_channels() -> None:
    change = toned(0.3 + 0.4 * noise(), Tone(local_contrast=0.3)) - (0.3 + 0.4 * noise())
    np.testing.assert_allclose(change[0], change[1], atol=1e-5)
    np.testing.assert_allclose(change[0], change[2], atol=1e-5)
    assert np.abs(change).max() > 0.02


@given(st.floats(0, 0.45), st.floats(0.5, 1), st.floats(0.2, 9), st.floats(0, 5), st.floats(0, 5), st.integers(0, 1000))
def test_a_toned_picture_is_one(
    black: float, white: float, gamma: float, saturation: float, local_contrast: float, seed: int
) -> None:
    tone = Tone(black=black, white=white, gamma=gamma, saturation=saturation, local_contrast=local_contrast)
    result = toned(noise(seed), tone)
    assert result.dtype == np.float32
    assert result.shape == (3, 20, 30)
    assert result.flags.c_contiguous
    assert result.min() >= 0
    assert result.max() <= 1


def test_grey_is_what_no_saturation_makes_and_grey_stays_as_it_is() -> None:
    picture = np.random.default_rng(0).random((3, 8, 9), np.float32)
    grey = greyed(picture)
    assert np.allclose(grey, toned(picture, Tone(saturation=0)))
    assert greyed(grey) is grey


def test_a_flat_picture_gets_its_black_and_its_white_back() -> None:
    grey = np.linspace(0.2, 0.7, 3 * 101 * 101, dtype=np.float32).reshape(3, 101, 101)
    picture = np.broadcast_to(grey.mean(0), grey.shape)
    tone = suited(picture, ("#000000",), "#ffffff")
    flat = picture.mean(0)
    assert (tone.black, tone.white) == pytest.approx(tuple(np.percentile(flat, (1, 99))), abs=1e-3)
    assert toned(np.ascontiguousarray(picture), tone).min() == 0


def test_an_even_picture_stays_as_it_is() -> None:
    assert suited(np.full((3, 8, 8), 0.5, np.float32), ("#000000",), "#ffffff") == Tone()

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from renderer.spec import Crop, Tone
from renderer.tone import cropped, greyed, stressed, suited, toned

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
        (Tone(saturation=2), (0.4, 0.5, 0.6), (0.30625, 0.5, 0.69375)),  # 1 + (1 - 0.5^4) times as colourful
        (Tone(saturation=3), (0.98, 0.96, 0.88), (0.99754, 0.96877, 0.85369)),  # nearly white
        (Tone(saturation=5), (0.1, 0.5, 0.9), (0, 0.5, 1)),
        (Tone(black=0.5, gamma=2, saturation=0.5), (0.5, 0.625, 1), (0.25, 0.5, 0.75)),
        (Tone(lift=0.2), (0, 0.5, 1), (0.2, 0.6, 1)),
        (Tone(black=0.5, saturation=5, lift=0.4), (0.5, 0.75, 1), (0.4, 0.7, 1)),
    ],
)
def test_levels_then_saturation_then_lift(
    tone: Tone, colour: tuple[float, float, float], expected: tuple[float, float, float]
) -> None:
    np.testing.assert_allclose(toned(even(*colour), tone), even(*expected), atol=1e-5)


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


@given(
    st.floats(0, 0.45), st.floats(0.5, 1), st.floats(0.2, 9), st.floats(0, 5), st.floats(0, 5), st.floats(0, 0.5),
    st.integers(0, 1000),
)  # fmt: skip
def test_a_toned_picture_is_one(
    black: float, white: float, gamma: float, saturation: float, local_contrast: float, lift: float, seed: int
) -> None:
    tone = Tone(black=black, white=white, gamma=gamma, saturation=saturation, local_contrast=local_contrast, lift=lift)
    result = toned(noise(seed), tone)
    assert result.dtype == np.float32
    assert result.shape == (3, 20, 30)
    assert result.flags.c_contiguous
    assert result.min() >= np.float32(lift)
    assert result.max() <= 1


def test_grey_is_what_no_saturation_makes_and_grey_stays_as_it_is() -> None:
    picture = np.random.default_rng(0).random((3, 8, 9), np.float32)
    grey = greyed(picture)
    assert np.allclose(grey, toned(picture, Tone(saturation=0)))
    assert greyed(grey) is grey


# --- thin dark features -----------------------------------------------------------------------------------------------


def face() -> Picture:
    """A thin dark line, as a mouth, and a broad dark shape, as hair."""
    tones = np.full((100, 120), 0.7, np.float32)
    tones[30, 20:60] = 0.5
    tones[60:, 70:] = 0.3
    return grey(tones)


def test_thin_dark_features_are_darkened_where_they_count() -> None:
    importance = np.where(np.arange(120) < 40, np.float32(10), np.float32(0.5))[None].repeat(100, 0)
    result = stressed(face(), importance, Tone(features=1.0))
    assert result[0, 30, 20:40] == pytest.approx(0.3, abs=0.01)  # as dark again as it was
    np.testing.assert_allclose(result[:, :, 40:], face()[:, :, 40:], atol=1e-6)  # beyond the focus
    np.testing.assert_allclose(result[:, :29], face()[:, :29], atol=5e-3)
    everywhere = stressed(face(), np.full((100, 120), 10, np.float32), Tone(features=1.0))
    np.testing.assert_allclose(everywhere[:, 62:, 72:], face()[:, 62:, 72:], atol=5e-3)  # broad shapes stay


def test_without_the_wish_no_feature_is_darkened() -> None:
    picture = face()
    assert stressed(picture, np.full((100, 120), 10, np.float32), Tone()) is picture


def test_features_are_darkened_on_light_paper_alone() -> None:
    assert suited(ramp(0.1, 0.9), INK, PAPER, BROAD_MM).features > 0
    assert suited(ramp(0.1, 0.9), ("#ffffff",), "#000000", BROAD_MM).features == 0


# --- the tone that suits ----------------------------------------------------------------------------------------------

INK, PAPER, FINE_MM, BROAD_MM = ("#000000",), "#ffffff", 0.45, 3.0


def grey(tones: NDArray[np.floating]) -> Picture:  # [H, W] -> [3, H, W]
    return np.ascontiguousarray(np.broadcast_to(tones, (3, *tones.shape)), np.float32)


def ramp(low: float, high: float, power: float = 1.0) -> Picture:
    """All tones from `low` to `high`; with a higher power more of the dark ones."""
    return grey((low + (high - low) * np.linspace(0, 1, 101 * 101) ** power).reshape(101, 101))


def test_a_flat_picture_gets_its_black_and_its_white_back() -> None:
    picture = ramp(0.2, 0.7)
    tone = suited(picture, INK, PAPER, BROAD_MM)
    assert (tone.black, tone.white) == pytest.approx(tuple(np.percentile(picture[0], (1, 98))), abs=1e-3)
    assert toned(picture, tone).min() == 0
    assert toned(picture, tone).max() == 1


@pytest.mark.parametrize("width_mm", [FINE_MM, BROAD_MM])
@pytest.mark.parametrize("paper", ["#ffffff", "#000000"])
@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_an_even_picture_stays_as_it_is(level: float, paper: str, width_mm: float) -> None:
    """Otherwise its noise would be amplified, and would be all that is left."""
    assert suited(np.full((3, 8, 8), level, np.float32), INK, paper, width_mm) == Tone()
    assert suited(level * 0.96 + 0.02 * noise(), INK, paper, width_mm) == Tone()


def test_an_even_light_ground_becomes_bare_paper() -> None:
    """A drawing on yellowed paper: the paper is 0.8, and must not be hatched."""
    tones = np.linspace(0, 1, 100 * 100).reshape(100, 100)
    tones[:, 40:] = 0.8 + np.random.default_rng(0).normal(0, 0.003, (100, 60))
    tone = suited(grey(tones), INK, PAPER, BROAD_MM)
    assert 0.7 < tone.white < 0.8
    result = toned(grey(tones), tone.model_copy(update={"local_contrast": 0.0}))
    assert (result[0, :, 40:] == 1).all()


def test_a_dark_picture_is_lightened_and_a_night_stays_a_night() -> None:
    dark, light = (suited(ramp(0, 1, power), INK, PAPER, FINE_MM) for power in (4.0, 0.2))
    assert dark.gamma > 1.2
    assert light.gamma < 1
    assert dark.white - dark.black == pytest.approx(0.96 * np.percentile(ramp(0, 1, 4.0), 98), abs=2e-3)
    night = suited(ramp(0, 0.2), INK, PAPER, FINE_MM)
    assert night.white > 0.45  # not drawn out to white


def test_fine_pens_leave_black_open_and_pale_tones_bare() -> None:
    fine, broad = (suited(ramp(0.1, 0.9), INK, PAPER, width_mm) for width_mm in (FINE_MM, BROAD_MM))
    assert (fine.lift, broad.lift) == (0.15, 0.0)
    assert fine.white < broad.white
    assert fine.black == broad.black


@pytest.mark.parametrize("power", [0.4, 1.0, 3.0])
def test_on_black_paper_a_picture_is_looked_at_as_its_negative(power: float) -> None:
    """For light ink on dark paper, the same share of ink in the drawn area."""
    picture = ramp(0.1, 0.8, power)
    light = suited(picture, INK, PAPER, BROAD_MM)
    dark = suited(1 - picture, ("#ffffff",), "#000000", BROAD_MM)
    assert (1 - dark.white, 1 - dark.black) == pytest.approx((light.black, light.white), abs=2e-3)
    for gamma, ink in ((light.gamma, 1), (dark.gamma, -1)):
        assert ink * (gamma - 1) >= 0 or gamma == pytest.approx(1, abs=0.7)
    drawn_light = 1 - toned(picture, light.model_copy(update={"local_contrast": 0.0}))
    drawn_dark = toned(1 - picture, dark.model_copy(update={"local_contrast": 0.0}))
    assert drawn_dark.mean() == pytest.approx(drawn_light.mean(), abs=0.06)
    assert dark.lift == 0.0


def test_pale_colours_are_strengthened_where_the_inks_can_show_them() -> None:
    pale = np.stack([0.6 + 0.1 * noise()[0], 0.5 + 0.1 * noise(1)[0], 0.4 + 0.3 * noise(2)[0]])
    assert suited(pale, ("#ff0000", "#0000ff"), PAPER, BROAD_MM).saturation > 1.2
    assert suited(pale, INK, PAPER, BROAD_MM).saturation == 1
    assert suited(grey(pale.mean(0)), ("#ff0000",), PAPER, BROAD_MM).saturation == 1


def test_flat_shapes_are_made_to_stand_out_more() -> None:
    smooth, busy = ramp(0, 1), grey(np.random.default_rng(0).random((101, 101)))
    assert suited(smooth, INK, PAPER, FINE_MM).local_contrast == 1.0
    assert suited(busy, INK, PAPER, FINE_MM).local_contrast == 0.4


def test_broad_strokes_want_more_local_contrast_but_not_on_black_paper() -> None:
    smooth, busy = ramp(0, 1), grey(np.random.default_rng(0).random((101, 101)))
    assert [suited(picture, INK, PAPER, BROAD_MM).local_contrast for picture in (smooth, busy)] == [1.2, 0.5]
    assert [suited(picture, ("#ffffff",), "#000000", BROAD_MM).local_contrast for picture in (smooth, busy)] == [1, 0.4]

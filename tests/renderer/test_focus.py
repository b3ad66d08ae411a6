import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from skimage import data

from renderer import focus
from renderer.assets import find
from renderer.focus import LEAST, MOST, faces, yunet
from renderer.focus.saliency import saliency
from renderer.spec import Crop, Spot, Target
from renderer.target import Frame, TargetError, load_picture

ROOT = Path(__file__).parents[2]
Map = NDArray[np.float32]


def picture_of(pixels: NDArray[np.uint8]) -> Map:  # [H, W] or [H, W, 3] -> [H, W, 3]
    colours = np.repeat(pixels[:, :, None], 3, 2) if pixels.ndim == 2 else pixels
    return colours.astype(np.float32) / 255


@pytest.fixture(scope="module")
def astronaut() -> Map:
    return picture_of(data.astronaut())


@pytest.fixture(scope="module")
def photographer() -> Map:
    return picture_of(data.camera())


def area(width_px: int, height_px: int) -> Frame:
    return Frame(0, 0, width_px / 2, height_px / 2, 2)


def grey(width: int, height: int) -> Map:
    return np.full((height, width, 3), 0.5, np.float32)


def noise(width: int, height: int) -> Map:
    return np.random.default_rng(1).random((height, width, 3), np.float32)


def steepest(weight: Map) -> float:
    """The greatest share by which the weight changes from one pixel to the next."""
    return max(float(np.abs(np.diff(np.log(weight), axis=axis)).max()) for axis in (0, 1))


# --- nothing, spots, a picture ----------------------------------------------------------------------------------------


def test_without_focus_all_pixels_count_alike() -> None:
    np.testing.assert_array_equal(focus.importance(noise(40, 30), area(80, 60), "cover", "none"), np.ones((60, 80)))


def test_a_spot_has_its_weight_in_the_middle_and_half_of_what_it_adds_at_its_radius() -> None:
    weight = focus.weights(grey(101, 101), (101, 101), (Spot(x=0.5, y=0.5, radius=0.2, weight=9),))
    assert weight[50, 50] == 9
    np.testing.assert_allclose(weight[50, 50 + 20], 5, atol=0.25)  # 20.2 px are its radius
    assert weight[50, 50 + 33] == 1
    np.testing.assert_allclose(weight, weight.T, atol=1e-5)


def test_a_spot_is_round_where_the_picture_is_not() -> None:
    weight = focus.weights(grey(300, 100), (100, 300), (Spot(x=0.5, y=0.5, radius=0.3, weight=9),))
    above_five = weight > 5
    assert above_five.any(1).sum() == above_five.any(0).sum() == 60


def test_of_spots_that_overlap_the_greatest_weight_counts() -> None:
    one = Spot(x=0.5, y=0.5, radius=0.2, weight=9)
    same = (one, one, Spot(x=0.5, y=0.5, radius=0.2, weight=3))
    np.testing.assert_array_equal(
        focus.weights(grey(50, 50), (50, 50), same), focus.weights(grey(50, 50), (50, 50), (one,))
    )


def test_a_spot_of_less_than_one_lowers_what_lies_under_it() -> None:
    weight = focus.weights(grey(101, 101), (101, 101), (Spot(x=0.5, y=0.5, radius=0.2, weight=0.25),))
    assert weight[50, 50] == 0.25
    assert weight[0, 0] == 1


def test_what_spots_say_holds_on_the_frame() -> None:
    spots = (Spot(x=0.25, y=0.5, radius=0.1, weight=40),)
    weight = focus.importance(grey(200, 100), area(200, 100), "contain", spots)
    np.testing.assert_allclose(weight.mean(), 1, atol=1e-5)
    np.testing.assert_allclose(weight[50, 50] / weight[5, 190], 40, rtol=0.02)


def test_a_frame_that_cuts_the_picture_off_shows_its_middle() -> None:
    spots = (Spot(x=0.5, y=0.5, radius=0.2, weight=9),)
    whole = focus.importance(grey(300, 100), area(300, 100), "contain", spots)
    middle = focus.importance(grey(300, 100), area(100, 100), "cover", spots)
    np.testing.assert_allclose(middle / middle[0, 0], whole[:, 100:200] / whole[0, 0], atol=0.02)


def painted(folder: Path, light: NDArray[np.uint8]) -> Target:
    Image.fromarray(light).save(folder / "focus.png")
    return Target(image="x.png", focus="focus.png")


def test_white_in_a_picture_counts_twelve_times_as_much_as_black(tmp_path: Path) -> None:
    light = np.zeros((60, 80), np.uint8)
    light[:, :40] = 255
    weight = focus.of_target(painted(tmp_path, light), tmp_path, grey(160, 120), area(80, 60))
    np.testing.assert_allclose(weight[:, 3] / weight[:, -3], 12, rtol=0.01)
    np.testing.assert_allclose(weight.mean(), 1, atol=1e-5)
    assert steepest(weight) < 1.3  # and not log 12 = 2.5, the rim that was painted


def test_a_picture_that_says_what_counts_is_cropped_like_the_target(tmp_path: Path) -> None:
    light = np.zeros((60, 80), np.uint8)
    light[:, :40] = 255
    target = painted(tmp_path, light).model_copy(update={"crop": Crop(left=0.25)})
    weight = focus.of_target(target, tmp_path, grey(60, 60), area(60, 60))
    assert np.flatnonzero(weight[30] > weight[30].max() / 2)[-1] == pytest.approx(20, abs=1)


def test_a_picture_that_says_that_nothing_counts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TargetError) as caught:
        focus.of_target(painted(tmp_path, np.zeros((60, 80), np.uint8)), tmp_path, grey(80, 60), area(80, 60))
    assert (
        str(caught.value) == f"{tmp_path / 'focus.png'}: is black everywhere in the drawn area; paint white what counts"
    )


def test_a_picture_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "focus.png").write_text("no picture")
    with pytest.raises(TargetError, match=r"focus\.png: is not a picture that can be read"):
        focus.of_target(Target(image="x.png", focus="focus.png"), tmp_path, grey(80, 60), area(80, 60))


# --- what is found ----------------------------------------------------------------------------------------------------


def test_the_weights_are_those_that_the_engine_s_key_names() -> None:
    assert hashlib.sha256(yunet.WEIGHTS.read_bytes()).hexdigest() == yunet.WEIGHTS_SHA256


def test_a_face_is_found_with_its_eyes_and_mouth(astronaut: Map) -> None:
    (face,) = faces(astronaut)
    assert face.confidence > 0.9
    assert (face.x, face.y) == pytest.approx((0.44, 0.23), abs=0.02)
    assert (face.width, face.height) == pytest.approx((0.18, 0.22), abs=0.03)
    right_eye, left_eye, nose, right_corner, left_corner = face.points
    assert right_eye == pytest.approx((0.40, 0.21), abs=0.02)
    assert left_eye == pytest.approx((0.48, 0.21), abs=0.02)
    assert right_eye[0] < nose[0] < left_eye[0]
    assert right_eye[1] < nose[1] < min(right_corner[1], left_corner[1])
    assert right_corner[0] < left_corner[0]


def test_a_face_is_found_from_the_side_and_without_colour(photographer: Map) -> None:
    face = faces(photographer)[0]
    assert face.confidence > 0.7
    assert (face.x, face.y) == pytest.approx((0.44, 0.30), abs=0.03)


def test_a_face_that_is_painted_is_found() -> None:
    study = picture_of(np.asarray(Image.open(ROOT / "specs" / "targets" / "scream_study.png").convert("RGB")))
    face = faces(study)[0]
    assert face.confidence > 0.6
    assert (face.x, face.y) == pytest.approx((0.53, 0.60), abs=0.03)


SCREAM = find("f3075cddeb974a9ee1d6418f7f33fd05185a7ac7dcb4288bd2805d499a9dcaee")


@pytest.mark.skipif(SCREAM is None, reason="The Scream is not in the asset cache")
def test_the_face_of_the_scream_is_found_and_is_what_counts_most() -> None:
    assert SCREAM is not None
    weight = focus.importance(load_picture(SCREAM, "#ffffff"), area(200, 255), "contain", "auto")
    y, x = np.unravel_index(weight.argmax(), weight.shape)
    assert (x / 200, y / 255) == pytest.approx((0.53, 0.60), abs=0.04)
    assert weight.max() > 8


def test_a_mirrored_picture_has_mirrored_faces(astronaut: Map) -> None:
    (face,), (other,) = faces(astronaut), faces(np.ascontiguousarray(astronaut[:, ::-1]))
    assert (1 - other.x, other.y) == pytest.approx((face.x, face.y), abs=0.005)
    assert 1 - other.points[1][0] == pytest.approx(face.points[0][0], abs=0.005)


def test_no_face_is_seen_in_what_has_none() -> None:
    assert faces(picture_of(data.page())) == ()
    assert faces(grey(300, 200)) == ()


def test_eyes_count_more_than_the_face_the_face_more_than_the_wall(astronaut: Map) -> None:
    weight = focus.importance(astronaut, area(256, 256), "contain", "auto")
    (face,) = faces(astronaut)
    eye, cheek, wall = (weight[int(256 * y), int(256 * x)] for x, y in (face.points[0], (0.37, 0.25), (0.62, 0.05)))
    assert eye > 1.3 * cheek > 3 * wall
    assert eye > 10 * wall


def test_a_small_face_has_more_weight_than_one_that_fills_the_page(astronaut: Map) -> None:
    small = focus.importance(astronaut, area(256, 256), "contain", "auto").max()
    large = focus.importance(astronaut[40:190, 150:300], area(256, 256), "contain", "auto").max()
    assert small > 7
    assert large < 4


def test_the_photographer_counts_more_than_the_sky(photographer: Map) -> None:
    weight = focus.importance(photographer, area(256, 256), "contain", "auto")
    assert weight[60:90, 100:130].mean() > 8 * weight[:60, 170:].mean()


def test_a_cat_s_eye_counts_more_than_its_fur() -> None:
    weight = focus.importance(picture_of(data.chelsea()), area(226, 150), "contain", "auto")
    eye, fur, room = weight[53:65, 79:93], weight[85:105, 55:75], weight[100:140, 195:220]
    assert eye.mean() > 1.8 * fur.mean()
    assert eye.mean() > 3 * room.mean()


def test_a_rocket_counts_more_than_the_sky() -> None:
    seen = saliency(picture_of(data.rocket()), (107, 160))
    assert seen[60:95, 80:82].mean() > 0.5 > 4 * seen[5:40, 50:110].mean()


# --- what holds for any picture ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "picture",
    [
        grey(8, 8),
        noise(8, 8),
        noise(900, 9),
        noise(9, 900),
        noise(120, 90),
        grey(120, 90),
        np.zeros((60, 60, 3), np.float32),
    ],
    ids=["tiny grey", "tiny", "wide", "tall", "noise", "grey", "black"],
)
@pytest.mark.parametrize("fit", ["cover", "contain", "stretch"])
def test_any_picture_has_weights_of_mean_one_between_bounds(picture: Map, fit: str) -> None:
    weight = focus.importance(picture, area(64, 48), fit, "auto")  # type: ignore[arg-type]
    assert weight.shape == (48, 64)
    assert weight.dtype == np.float32
    np.testing.assert_allclose(weight.mean(), 1, atol=1e-4)
    assert LEAST * 0.95 < weight.min() <= weight.max() < MOST * 1.05


@pytest.mark.parametrize("picture", [grey(120, 90), np.ones((60, 60, 3), np.float32)], ids=["grey", "white"])
def test_where_there_is_nothing_to_see_all_counts_alike(picture: Map) -> None:
    np.testing.assert_allclose(focus.importance(picture, area(64, 64), "cover", "auto"), 1, atol=1e-3)


@pytest.mark.parametrize("size_px", [128, 256, 512])
def test_what_is_found_has_no_hard_rim(size_px: int, astronaut: Map, photographer: Map) -> None:
    for picture in (astronaut, photographer):
        weight = focus.importance(picture, area(size_px, size_px), "contain", "auto")
        assert steepest(weight) < 0.5 * 128 / size_px


def test_a_strip_that_a_page_cuts_a_square_from_takes_no_more_memory_than_others() -> None:
    weight = focus.importance(noise(9000, 9), area(256, 256), "cover", "auto")
    assert weight.shape == (256, 256)


def test_a_large_frame_has_the_same_weights_as_a_small_one(astronaut: Map) -> None:
    small, large = (focus.importance(astronaut, area(px, px), "contain", "auto") for px in (250, 2000))
    assert large.shape == (2000, 2000)
    np.testing.assert_allclose(large.reshape(250, 8, 250, 8).mean((1, 3)), small, rtol=0.15)


def test_half_a_face_at_the_rim_of_the_frame_is_still_a_face(astronaut: Map) -> None:
    weight = focus.importance(astronaut[100:], area(80, 256), "cover", "auto")
    assert weight[:40].max() > 3


def test_the_same_picture_has_the_same_weights_with_any_number_of_threads(astronaut: Map) -> None:
    before, results = torch.get_num_threads(), []
    try:
        for threads in (1, 2, 1):
            torch.set_num_threads(threads)
            results.append(focus.importance(astronaut, area(200, 200), "cover", "auto").tobytes())
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert results[0] == results[1] == results[2]


def test_the_picture_is_left_as_it_was(astronaut: Map) -> None:
    before = astronaut.copy()
    focus.importance(astronaut, area(100, 100), "cover", "auto")
    np.testing.assert_array_equal(astronaut, before)

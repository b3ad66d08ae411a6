"""Pictures of every kind, and their place on the sheet."""

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from renderer.spec import Canvas
from renderer.target import Fit, Frame, Picture, TargetError, fit_picture, frame, load_picture

WHITE = "#ffffff"
GREY_16 = np.arange(256, dtype=np.uint16).reshape(16, 16) * 257


def loaded(folder: Path, image: Image.Image, name: str, paper: str = WHITE, **options: object) -> Picture:
    image.save(folder / name, **options)
    picture = load_picture(folder / name, paper)
    assert picture.dtype == np.float32
    assert picture.shape[2] == 3
    return picture


def png(width_px: int, height_px: int, depth: int, kind: int, rows: bytes) -> bytes:
    """A PNG file of raw rows, of a depth and kind that Pillow does not write."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", width_px, height_px, depth, kind, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def failure(path: Path, **options: int) -> str:
    with pytest.raises(TargetError) as caught:
        load_picture(path, WHITE, **options)
    return str(caught.value)


# --- kinds of picture -------------------------------------------------------------------------------------------------


def test_colours_are_read_as_they_are(tmp_path: Path) -> None:
    values = np.random.default_rng(1).integers(0, 256, (9, 11, 3), np.uint8)
    for name in ("x.png", "x.bmp", "x.tif", "x.ppm"):
        np.testing.assert_allclose(loaded(tmp_path, Image.fromarray(values), name), values / 255, atol=1e-7)


@pytest.mark.parametrize(("orientation", "corner"), [(1, (0, 0)), (3, (-1, -1)), (6, (0, -1)), (8, (-1, 0))])
def test_a_photograph_is_turned_as_its_camera_says(tmp_path: Path, orientation: int, corner: tuple[int, int]) -> None:
    image = Image.new("L", (16, 24), 255)
    image.putpixel((0, 0), 0)
    exif = image.getexif()
    exif[0x112] = orientation
    picture = loaded(tmp_path, image, "x.png", exif=exif)
    assert picture.shape[:2] == ((16, 24) if orientation in (6, 8) else (24, 16))
    assert picture[corner].max() == 0
    assert picture.sum() == 3 * (16 * 24 - 1)


def test_what_is_transparent_shows_the_paper(tmp_path: Path) -> None:
    paper = np.array([0xF0, 0x80, 0x10]) / 255
    for mode, ink, colour in (("RGBA", (0, 0, 255), (0, 0, 1)), ("LA", (0,), (0, 0, 0))):
        image = Image.new(mode, (8, 8), (*ink, 0))
        image.putpixel((1, 0), (*ink, 255))
        image.putpixel((2, 0), (*ink, 51))
        picture = loaded(tmp_path, image, "x.png", "#f08010")
        np.testing.assert_allclose(picture[0, 0], paper, atol=1e-6)
        np.testing.assert_allclose(picture[0, 1], colour, atol=1e-6)
        np.testing.assert_allclose(picture[0, 2], 0.8 * paper + 0.2 * np.array(colour), atol=1e-6)


@pytest.mark.parametrize("name", ["x.png", "x.gif"])
def test_a_palette_may_have_a_transparent_colour(tmp_path: Path, name: str) -> None:
    image = Image.new("P", (8, 8))
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.putpixel((3, 0), 1)
    picture = loaded(tmp_path, image, name, "#0000ff", transparency=1)
    np.testing.assert_allclose(picture[0, 2], [1, 0, 0])
    np.testing.assert_allclose(picture[0, 3], [0, 0, 1])


@pytest.mark.parametrize(("mode", "colour"), [("L", 100), ("RGB", (10, 20, 30))])
def test_one_colour_of_a_picture_may_be_transparent(tmp_path: Path, mode: str, colour: int | tuple[int, ...]) -> None:
    image = Image.new(mode, (8, 8), colour)
    image.putpixel((0, 0), 0)
    picture = loaded(tmp_path, image, "x.png", "#00ff00", transparency=colour)
    np.testing.assert_allclose(picture[1, 1], [0, 1, 0])
    np.testing.assert_allclose(picture[0, 0], [0, 0, 0])


@pytest.mark.parametrize("name", ["x.png", "x.tif"])
def test_grey_of_16_bits_keeps_its_steps(tmp_path: Path, name: str) -> None:
    picture = loaded(tmp_path, Image.fromarray(GREY_16), name)
    np.testing.assert_allclose(picture, np.repeat(GREY_16[:, :, None] / 65535, 3, axis=2), atol=1e-6)


def test_grey_of_16_bits_with_transparency_lies_on_the_paper(tmp_path: Path) -> None:
    rows = b"".join(
        b"\0" + b"".join(struct.pack(">HH", int(v), 65535 * (x % 2)) for x, v in enumerate(row)) for row in GREY_16
    )
    (tmp_path / "x.png").write_bytes(png(16, 16, 16, 4, rows))
    picture = load_picture(tmp_path / "x.png", "#0000ff")
    np.testing.assert_allclose(picture[:, 1::2], np.repeat(GREY_16[:, 1::2, None] / 65535, 3, axis=2), atol=0.003)
    np.testing.assert_allclose(picture[:, ::2], np.broadcast_to([0, 0, 1], (16, 8, 3)))


@pytest.mark.parametrize(
    ("values", "grey"), [(np.full((8, 8), 0.5, np.float32), 0.5), (np.full((8, 8), 51, np.float32), 0.2)]
)
def test_grey_in_floating_point_is_scaled_to_its_white(tmp_path: Path, values: Picture, grey: float) -> None:
    np.testing.assert_allclose(loaded(tmp_path, Image.fromarray(values), "x.tif"), grey, atol=1e-6)


def test_black_and_white_is_read(tmp_path: Path) -> None:
    image = Image.new("1", (8, 8), 1)
    image.putpixel((0, 0), 0)
    picture = loaded(tmp_path, image, "x.png")
    assert picture[0, 0].max() == 0
    assert picture.mean() == pytest.approx(63 / 64)


@pytest.mark.parametrize("name", ["x.tif", "x.jpg"])
def test_the_colours_of_a_printing_press_are_converted(tmp_path: Path, name: str) -> None:
    picture = loaded(tmp_path, Image.new("CMYK", (8, 8), (0, 255, 255, 0)), name)
    np.testing.assert_allclose(picture, np.broadcast_to([1, 0, 0], (8, 8, 3)), atol=0.01)


def other_profile() -> bytes:
    """SRGB with red and blue swapped, and another name."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for at in range(132, 132 + 12 * struct.unpack(">I", profile[128:132])[0], 12):
        name = bytes(profile[at : at + 4])
        profile[at : at + 4] = {b"rXYZ": b"bXYZ", b"bXYZ": b"rXYZ"}.get(name, name)
    return bytes(profile).replace("sRGB".encode("utf-16-be"), "odd!".encode("utf-16-be"))


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_an_embedded_profile_is_obeyed(tmp_path: Path, mode: str) -> None:
    image = Image.new("RGB", (8, 8), (255, 0, 0)).convert(mode)
    picture = loaded(tmp_path, image, "x.png", icc_profile=other_profile())
    np.testing.assert_allclose(picture, np.broadcast_to([0, 0, 1], (8, 8, 3)), atol=0.01)


@pytest.mark.parametrize(
    "profile", [b"", b"no profile at all", ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()]
)
def test_a_profile_that_says_nothing_new_changes_nothing(tmp_path: Path, profile: bytes) -> None:
    picture = loaded(tmp_path, Image.new("RGB", (8, 8), (255, 0, 0)), "x.png", icc_profile=profile)
    np.testing.assert_allclose(picture, np.broadcast_to([1, 0, 0], (8, 8, 3)))


def test_of_a_moving_picture_the_first_frame_is_drawn(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    picture = loaded(tmp_path, frames[0], "x.gif", save_all=True, append_images=frames[1:])
    np.testing.assert_allclose(picture, np.broadcast_to([1, 0, 0], (8, 8, 3)))


@pytest.mark.parametrize(
    ("mode", "name"), [("RGB", "x.jpg"), ("RGBA", "x.png"), ("P", "x.png"), ("I;16", "x.png"), ("1", "x.png")]
)
def test_a_large_picture_is_shrunk_as_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, name: str
) -> None:
    monkeypatch.setattr("renderer.target.WORKING_PIXELS", 5000)
    picture = loaded(tmp_path, Image.new(mode, (300, 200)), name, "#000000")
    assert picture.shape == (50, 75, 3)
    assert picture.max() == 0


# --- files that are not pictures --------------------------------------------------------------------------------------


def test_a_file_that_cannot_be_drawn_is_refused_with_what_would_do(tmp_path: Path) -> None:
    whole = io.BytesIO()
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (64, 64), np.uint8)).save(whole, "PNG")
    contents = {
        "cut.png": (
            whole.getvalue()[:2000],
            "is damaged or cut off; fetch or save it again",
        ),
        "empty.png": (b"", "is empty; fetch or save it again"),
        "x.svg": (b"<svg/>", "is not a picture that can be read; use PNG, JPEG, WebP, TIFF, GIF, BMP, PPM or AVIF"),
        "x.eps": (
            b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
            "is not a picture that can be read; use PNG, JPEG, WebP, TIFF, GIF, BMP, PPM or AVIF",
        ),
        "bomb.png": (png(20000, 20000, 8, 2, b""), "has more than 178 megapixels; make it smaller"),
        "large.png": (png(10000, 9000, 1, 0, b""), "has 10000 x 9000 px, more than 50 megapixels; make it smaller"),
        "tiny.png": (png(7, 100, 1, 0, b""), "has 7 x 100 px; at least 8 x 8 are needed"),
    }
    for name, (content, text) in contents.items():
        (tmp_path / name).write_bytes(content)
        assert failure(tmp_path / name, max_pixels=50_000_000) == f"{tmp_path / name}: {text}"


def test_only_ordinary_files_are_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert failure(tmp_path) == f"{tmp_path}: is a folder; name a picture in it"
    assert failure(tmp_path / "pipe") == f"{tmp_path / 'pipe'}: is not an ordinary file; name a picture"
    assert failure(Path("/dev/zero")) == "/dev/zero: is not an ordinary file; name a picture"
    assert (
        failure(tmp_path / "none.png")
        == f"{tmp_path / 'none.png'}: cannot be read (No such file or directory); name a picture"
    )


@given(st.data())
def test_a_damaged_file_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(["PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP"]))
    whole = io.BytesIO()
    Image.new("RGB", (16, 16), "red").save(whole, kind)
    content = bytearray(whole.getvalue())
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(content[: data.draw(st.integers(1, len(content)))])
    try:
        picture = load_picture(path, WHITE, max_pixels=1_000_000)
    except TargetError:
        return
    assert np.isfinite(picture).all()


# --- on the sheet -----------------------------------------------------------------------------------------------------


def test_cover_and_stretch_fill_the_margins() -> None:
    canvas = Canvas(paper="A5", margin_mm=8)
    for fit in ("cover", "stretch"):
        assert frame(canvas, fit, 3.0, 1.0) == Frame(8, 8, 132, 194, 2.0)


def test_contain_leaves_wider_margins_at_two_sides() -> None:
    canvas = Canvas(paper="A5", margin_mm=8, px_per_mm=3)
    assert frame(canvas, "contain", 2.0, 1.0) == Frame(8, 72, 132, 66, 3)
    assert frame(canvas, "contain", 0.5, 1.0) == Frame(25.5, 8, 97, 194, 3)


@pytest.mark.parametrize(
    ("nib_mm", "longer_px"),
    [(4.5, 256), (1.0, 388), (0.1, 512)],
)
def test_the_thinnest_nib_is_two_pixels_wide_within_limits(nib_mm: float, longer_px: int) -> None:
    drawn = frame(Canvas(paper="A5", margin_mm=8), "cover", 1.0, nib_mm)
    assert (drawn.height_px, drawn.width_px) == (longer_px, round(longer_px * 132 / 194))


def test_a_picture_that_would_vanish_is_refused() -> None:
    with pytest.raises(TargetError) as caught:
        frame(Canvas(paper="A5"), "contain", 1000.0, 1.0)
    assert str(caught.value) == "the complete picture would be 128 x 0.128 mm on this sheet; crop it, or use fit: cover"


@given(
    st.sampled_from(["cover", "contain", "stretch"]),
    st.floats(0.1, 10),
    st.floats(0.05, 30),
    st.floats(0, 60),
)
def test_a_frame_lies_in_the_middle_and_inside_the_margins(
    fit: Fit, aspect: float, nib_mm: float, margin_mm: float
) -> None:
    canvas = Canvas(paper="A5", margin_mm=margin_mm)
    drawn = frame(canvas, fit, aspect, nib_mm)
    assert drawn.x_mm >= margin_mm - 1e-9
    assert drawn.y_mm >= margin_mm - 1e-9
    assert 2 * drawn.x_mm + drawn.width_mm == pytest.approx(148)
    assert 2 * drawn.y_mm + drawn.height_mm == pytest.approx(210)
    assert 256 - 1 <= max(drawn.width_px, drawn.height_px) <= 512 + 1
    if fit == "contain":
        assert drawn.width_mm / drawn.height_mm == pytest.approx(aspect)


SQUARE = Frame(0, 0, 10, 10, 2)


def test_cover_crops_the_middle() -> None:
    picture = np.zeros((30, 90, 3), np.float32)
    picture[:, 30:60] = 1
    fitted = fit_picture(picture, SQUARE, "cover")
    assert fitted.shape == (3, 20, 20)
    np.testing.assert_allclose(fitted[:, :, 2:-2], 1, atol=0.02)
    np.testing.assert_allclose(fit_picture(picture, SQUARE, "stretch").mean(), 1 / 3, atol=0.01)


def test_every_pixel_of_a_large_picture_counts() -> None:
    stripes = np.zeros((400, 400, 3), np.float32)
    stripes[::2] = 1
    np.testing.assert_allclose(fit_picture(stripes, SQUARE, "cover"), 0.5, atol=0.02)


@given(
    st.floats(0, 1, width=32), st.integers(8, 70), st.integers(8, 70), st.sampled_from(["cover", "contain", "stretch"])
)
def test_an_even_picture_stays_even(value: float, height_px: int, width_px: int, fit: Fit) -> None:
    drawn = frame(Canvas(paper="A6"), fit, width_px / height_px, 1.0)
    fitted = fit_picture(np.full((height_px, width_px, 3), value, np.float32), drawn, fit)
    assert fitted.shape == (3, drawn.height_px, drawn.width_px)
    assert fitted.dtype == np.float32
    np.testing.assert_allclose(fitted, value, atol=1e-5)


def test_edges_do_not_overshoot() -> None:
    picture = np.zeros((50, 50, 3), np.float32)
    picture[:, 25:] = 1
    fitted = fit_picture(picture, SQUARE, "cover")
    assert fitted.min() >= 0
    assert fitted.max() <= 1

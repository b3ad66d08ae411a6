"""Pictures that other packages convert, and faults that a header shows before anything slow is imported."""

import importlib.util
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from renderer import assets, cli
from renderer.assets import conversions
from renderer.specfile.pictures import converted_kind, picture_fault
from renderer.target import load_picture

SVG = (
    '<?xml version="1.0"?>\n<!-- a drawing -->\n'
    '<svg xmlns="http://www.w3.org/2000/svg" width="40mm" height="20mm" viewBox="0 0 40 20">'
    '<rect width="40" height="20" fill="white"/><rect width="20" height="20" fill="#ff0000"/></svg>'
)
SPEC = "version: 1\ntitle: x\ntarget: {{image: {}}}\npens: {{rack: pencil}}\nlayers: [curves]\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RENDER_CACHE", str(tmp_path / "cache"))
    half = np.full((60, 120, 3), 255, np.uint8)
    half[:, :60] = (255, 0, 0)
    picture = Image.fromarray(half)
    picture.save("x.pdf")
    pillow_heif.register_heif_opener()
    picture.save("x.heic")
    picture.save("x.jpg", quality=95)
    Path("x.svg").write_text(SVG, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(("name", "kind"), [("x.heic", "HEIC"), ("x.pdf", "PDF"), ("x.svg", "SVG"), ("x.jpg", None)])
def test_the_kind_of_a_picture_is_known_by_its_content(folder: Path, name: str, kind: str | None) -> None:
    Path("disguised.png").write_bytes(Path(name).read_bytes())
    assert converted_kind(Path("disguised.png")) == kind
    assert picture_fault(Path(name)) is None


@pytest.mark.parametrize("name", ["x.heic", "x.pdf", "x.svg"])
def test_such_a_picture_is_drawn(folder: Path, name: str) -> None:
    """Red on the left and white on the right, and twice as wide as high."""
    found = assets.resolve(name, folder)
    picture = load_picture(found.path, "#ffffff")
    height_px, width_px = picture.shape[:2]
    assert width_px / height_px == pytest.approx(2, rel=0.01)
    np.testing.assert_allclose(picture[height_px // 2, width_px // 4], (1, 0, 0), atol=0.06)
    np.testing.assert_allclose(picture[height_px // 2, 3 * width_px // 4], (1, 1, 1), atol=0.06)
    assert found.sha256 == assets.sha256_of(folder / name)


def test_a_picture_is_converted_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = assets.resolve("x.svg", folder)
    monkeypatch.setitem(conversions._WAYS, "SVG", lambda _: pytest.fail("converted again"))
    assert assets.resolve("x.svg", folder).path == first.path
    assert first.note == f"{folder / 'x.svg'}: drawn from a picture of it, 3000 px long"


def test_a_huge_jpeg_is_decoded_at_a_reduced_size(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("RGB", (4000, 2000), "#00ff00").save("large.jpg")
    monkeypatch.setattr(conversions, "_LARGEST_PX", 1_000_000)
    monkeypatch.setattr(conversions, "_REDUCED_PX", 400)
    decoded: list[tuple[int, int]] = []
    load = JpegImageFile.load
    monkeypatch.setattr(JpegImageFile, "load", lambda image: decoded.append(image.size) or load(image))
    path, note = assets.readable(Path("large.jpg"))
    with Image.open(path) as image:
        assert image.size == (1000, 500)  # a quarter, as an eighth would be smaller than 400 px high
    assert set(decoded) == {(1000, 500)}
    assert note is None


@pytest.mark.parametrize(
    ("name", "package", "text"),
    [
        ("x.heic", "pillow_heif", "is an HEIC file, which needs one more package: pip install pillow-heif; or export"
         " it as JPEG"),
        ("x.svg", "resvg_py", "is an SVG file, which needs one more package: pip install resvg-py; or export"
         " it as PNG"),
        ("x.pdf", "pypdfium2", "is a PDF file, which needs one more package: pip install pypdfium2; or export its page"
         " as PNG"),
    ],
)  # fmt: skip
def test_without_its_package_there_is_one_message(
    folder: Path,
    name: str,
    package: str,
    text: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda module: None if module == package else find(module))
    Path("x.yaml").write_text(SPEC.format(name), encoding="utf-8")
    assert cli.run(["validate", "x.yaml"]) == 2
    assert capsys.readouterr().err == f"x.yaml:3:17: target.image: {name!r} {text}\n"
    with pytest.raises(assets.AssetError, match=package.replace("_", "-")):
        assets.resolve(name, folder)
    assert cli.run(["new", name]) == 2
    assert capsys.readouterr().err == f"render: {name}: {text}\n"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "is empty; fetch or save it again"),
        (b"no picture", "is not a picture that can be read; use PNG, JPEG, WebP, TIFF, GIF, BMP, PPM or AVIF"),
    ],
)
def test_validate_finds_a_picture_that_cannot_be_read(
    folder: Path, content: bytes, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("y.png").write_bytes(content)
    Path("x.yaml").write_text(SPEC.format("y.png"), encoding="utf-8")
    for command in (["validate", "x.yaml"], ["x.yaml"], ["plan", "x.yaml"]):
        assert cli.run(command) == 2
        assert capsys.readouterr().err == f"x.yaml:3:17: target.image: 'y.png' {text}\n"


@pytest.mark.parametrize("name", ["x.heic", "x.pdf", "x.svg"])
def test_a_damaged_file_is_one_message(folder: Path, name: str) -> None:
    head = Path(name).read_bytes()[:80]
    Path(name).write_bytes(head)
    with pytest.raises(assets.AssetError, match=r"x\.\w+: the (HEIC|PDF|SVG) file cannot be read; export"):
        assets.readable(Path(name))


def test_the_home_folder_is_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder / "home"))
    (folder / "home").mkdir()
    (folder / "x.jpg").rename(folder / "home" / "x.jpg")
    (folder / "home" / "x.yaml").write_text(SPEC.format("~/x.jpg"), encoding="utf-8")
    assert cli.run(["validate", "~/x.yaml"]) == 0

"""Papers by name, and the specs that use them."""

from pathlib import Path

import pytest
from PIL import Image

from hardware.papers import PAPERS_MM, listed, name_of, size_of, turned
from renderer.spec import PAPERS_MM as KNOWN_TO_THE_SPEC
from renderer.spec import Sheet
from renderer.specfile import SpecErrors, load, sheets

SPEC = (
    "version: 1\ntitle: x\ntarget: {{image: {image}}}\ncanvas: {{{canvas}}}\npens: {{rack: pencil}}\nlayers: [curves]\n"
)


def test_the_papers_of_the_spec_are_the_same() -> None:
    assert {name: PAPERS_MM[name] for name in KNOWN_TO_THE_SPEC} == KNOWN_TO_THE_SPEC


@pytest.mark.parametrize(
    ("text", "size_mm"),
    [
        ("A0", (841, 1189)),
        ("b4", (250, 353)),
        ("jis-b5", (182, 257)),
        ("Legal", (215.9, 355.6)),
        ("arch c", (457.2, 609.6)),
        ("Pad 9x12", (228.6, 304.8)),
        ("200x150", (200, 150)),
        ("9 x 12 in", (228.6, 304.8)),
        ("24x32cm", (240, 320)),
        ("21,5 x 30,2 cm", (215, 302)),
        ("A9", None),
        ("200", None),
    ],
)
def test_a_name_or_numbers_are_a_size(text: str, size_mm: tuple[float, float] | None) -> None:
    assert size_of(text) == size_mm


def test_each_size_of_a_series_is_half_of_the_one_before() -> None:
    for letter in ("A", "B", "JIS B"):
        for number in range(6):
            (width, height), smaller = PAPERS_MM[f"{letter}{number}"], PAPERS_MM[f"{letter}{number + 1}"]
            assert smaller == (height // 2, width)


def test_the_message_lists_papers_that_exist() -> None:
    assert all(name_of(name) for part in listed().split(", ") for name in part.split(" to "))
    assert turned("a3 Landscape") == ("A3", "landscape")
    assert turned("A3") is None


@pytest.mark.parametrize(
    ("canvas", "px", "size_mm"),
    [
        ("paper: B4", (40, 60), (250, 353)),
        ("paper: B4", (60, 40), (353, 250)),
        ("paper: b4, orientation: portrait", (60, 40), (250, 353)),
        ("paper: Arch A, orientation: landscape", (40, 60), (304.8, 228.6)),
        ("paper: 9 x 12 in", (60, 40), (228.6, 304.8)),
    ],
)
def test_a_spec_takes_any_paper(tmp_path: Path, canvas: str, px: tuple[int, int], size_mm: tuple[float, float]) -> None:
    Image.new("RGB", px).save(tmp_path / "x.png")
    (tmp_path / "x.yaml").write_text(SPEC.format(image="x.png", canvas=canvas))
    [work] = load(tmp_path / "x.yaml")
    assert work.artwork.canvas.size_mm == size_mm


def test_a_photo_on_its_side_lies_as_it_is_seen(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned
    Image.new("RGB", (60, 40)).save(tmp_path / "x.jpg", exif=exif)
    (tmp_path / "x.yaml").write_text(SPEC.format(image="x.jpg", canvas="paper: B5"))
    [work] = load(tmp_path / "x.yaml")
    assert work.artwork.canvas.paper == Sheet(width_mm=176, height_mm=250)


def test_a_picture_outside_the_folder_of_the_specs_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    specs = tmp_path / "specs"
    specs.mkdir()
    Image.new("RGB", (60, 40)).save(tmp_path / "x.png")
    (specs / "x.yaml").write_text(SPEC.format(image="../x.png", canvas="paper: B4"))
    monkeypatch.setattr(sheets, "picture_size", lambda _: pytest.fail("opened"))
    with pytest.raises(SpecErrors, match="is outside the folder of the specs"):
        load(specs / "x.yaml", within=specs)


def test_a_name_of_the_spec_may_have_any_case(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "x.png")
    (tmp_path / "x.yaml").write_text(SPEC.format(image="x.png", canvas="paper: a4"))
    [work] = load(tmp_path / "x.yaml")
    assert work.artwork.canvas.paper == "A4"


@pytest.mark.parametrize(
    ("canvas", "bed_mm", "size_mm"),
    [
        ("paper: 9 x 12 in", (320, 260), (304.8, 228.6)),
        ("paper: 9 x 12 in", (260, 320), (228.6, 304.8)),
        ("paper: 9 x 12 in, orientation: portrait", (500, 320), (228.6, 304.8)),
        ("paper: legal", (400, 300), (355.6, 215.9)),
    ],
)
def test_a_paper_is_turned_where_only_that_fits_the_machine(
    tmp_path: Path, canvas: str, bed_mm: tuple[int, int], size_mm: tuple[float, float]
) -> None:
    """As one of the A series is."""
    Image.new("RGB", (40, 60)).save(tmp_path / "x.png")
    lift = "{kind: servo, up: 650, down: 400}"
    machine = f"machine: {{name: m, dialect: grbl, width_mm: {bed_mm[0]}, height_mm: {bed_mm[1]}, pen_lift: {lift}}}\n"
    (tmp_path / "x.yaml").write_text(SPEC.format(image="x.png", canvas=canvas) + machine)
    [work] = load(tmp_path / "x.yaml")
    assert work.artwork.canvas.size_mm == size_mm

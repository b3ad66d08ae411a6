"""Photographs of cards whose pens are known: what is read, what is refused, and the rack that comes of it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from benchmarks.measured_cards import LIMITS, errors
from benchmarks.paper_photo import Camera, Light, TruePen, drawn_sheet, photographed, true_pen
from hardware.machine import load_machine
from hardware.measured_card import MeasuredCard, measured_cards
from hardware.pen import Pen
from hardware.rack import load_rack
from renderer import cli, measure
from renderer.measure import MeasureError
from renderer.measure.card_photo import CardReadings, card_readings

Capture = pytest.CaptureFixture[str]

MACHINE = load_machine("gantry_grbl_servo")
NAMES = ("black", "yellow", "red", "azure")
PENS = tuple(pen for pen in load_rack("fineliners") if pen.name in NAMES)
PAPER, SIZE_MM = "148x100", (148.0, 100.0)
HELD = Camera(
    tilt_deg=(14.0, -10.0), turn_deg=95.0, lens=(-0.08, 0.01), blur_px=0.8, uneven=0.25, cast=(1.0, 0.95, 0.82)
)


def card_of(pens: tuple[Pen, ...]) -> MeasuredCard:
    (card,) = measured_cards(MACHINE, pens, SIZE_MM)
    return card


@pytest.fixture(scope="module")
def true() -> dict[str, TruePen]:
    rng = np.random.default_rng(5)
    pens = {pen.name: true_pen(pen, rng, pen.name == "black") for pen in PENS}
    pens["azure"] = replace(pens["azure"], dry_from=0.4)
    return pens


@pytest.fixture(scope="module")
def sheet(true: dict[str, TruePen]) -> Light:
    card = card_of(PENS)
    return drawn_sheet(card.size_mm, card.marks, true, np.random.default_rng(6))


@pytest.fixture(scope="module")
def photo(sheet: Light, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photo") / "card.jpg"
    path.write_bytes(photographed(sheet, HELD, np.random.default_rng(7)))
    return path


@pytest.fixture(scope="module")
def found(photo: Path) -> CardReadings:
    return card_readings(photo, [card_of(PENS)])


def test_each_value_is_near_the_truth(found: CardReadings, true: dict[str, TruePen]) -> None:
    colours = []
    for one in found.pens[:3]:
        apart = errors(one, true[one.pen.name])
        assert apart["width, mm"][0] < LIMITS["width, mm"]
        assert max(apart["offset, mm"]) < LIMITS["offset, mm"]
        assert np.median(apart["dots, %"]) < LIMITS["dots, %"]
        colours += apart["colour, dE2000"]
    assert np.median(colours) < LIMITS["colour, dE2000"]
    assert max(colours) < 2 * LIMITS["colour, dE2000"]  # of black, where a little light is many levels


def test_a_dry_pen_is_named_and_its_values_are_refused(found: CardReadings) -> None:
    azure = found.pens[3]
    assert "dried out" in azure.width.refused
    assert azure.colour.refused == azure.width.refused
    assert all(dot.refused for dot in azure.dots.values())


@pytest.mark.parametrize(
    ("camera", "message"),
    [
        (replace(HELD, kept=(0.0, 0.0, 0.75, 1.0)), "corner mark"),
        (replace(HELD, blur_px=4.5), r"corner mark|blurred|crosses"),
        (replace(HELD, px_per_mm=5.5), "pixels for each mm"),
    ],
    ids=["cropped", "blurred", "small"],
)
def test_a_poor_photograph_is_refused(sheet: Light, camera: Camera, message: str, tmp_path: Path) -> None:
    path = tmp_path / "poor.jpg"
    path.write_bytes(photographed(sheet, camera, np.random.default_rng(8)))
    with pytest.raises(MeasureError, match=message):
        card_readings(path, [card_of(PENS)])


def test_the_card_of_another_rack_is_refused(photo: Path) -> None:
    with pytest.raises(MeasureError, match="those of another card"):
        card_readings(photo, [card_of((*PENS[:3], PENS[3].model_copy(update={"nib_mm": 0.5})))])


def test_a_file_that_is_not_a_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "card.jpg").write_text("no picture")
    with pytest.raises(MeasureError, match=r"card\.jpg: cannot be read as a picture"):
        card_readings(tmp_path / "card.jpg", [card_of(PENS)])


@pytest.fixture(scope="module")
def rack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rack") / "mine.yaml"
    path.write_text(yaml.safe_dump({"pens": [pen.model_dump(mode="json", exclude_none=True) for pen in PENS]}))
    return path


def test_the_command_writes_a_rack_and_a_page(
    photo: Path, rack: Path, true: dict[str, TruePen], tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "measured.yaml"
    options = ["-m", "gantry_grbl_servo", "--pens", str(rack), "--paper", PAPER, "--out", str(out)]
    assert cli.run(["measure", str(photo), *options]) == 0
    said = capsys.readouterr()
    assert said.out.split() == [str(out), str(tmp_path / "measured.html")]
    assert "azure: nib_mm: it leaves" in said.err
    black, yellow, _, azure = load_rack(out)
    assert black.nib_mm == pytest.approx(true["black"].width_mm, abs=0.02)
    right, down = true["yellow"].offset_mm
    assert yellow.offset_mm == pytest.approx((right, -down), abs=0.05)  # the machine's y is upwards
    assert (azure.nib_mm, azure.colour) == (PENS[3].nib_mm, PENS[3].colour)
    page = (tmp_path / "measured.html").read_text()
    assert all(f"<h2>{name}</h2>" in page for name in NAMES)
    assert "dots, 0.5 s: " in page and "dried out" in page and "it is the first pen" in page


def test_a_spec_draws_with_a_measured_rack(tmp_path: Path) -> None:
    from renderer.specfile import load

    (tmp_path / "measured.yaml").write_text(
        "pens: [{name: black, colour: '#101010', nib_mm: 0.43}]\nmeasured: {black: {width_mm: [0.43, 0.01]}}\n"
    )
    (tmp_path / "picture.png").write_bytes((Path("specs/targets/scream_study.png")).read_bytes())
    spec = tmp_path / "spec.yaml"
    spec.write_text(
        "version: 1\ntitle: t\ntarget: {image: picture.png}\npens: {rack: measured.yaml}\nlayers: [{lines: 10}]\n"
    )
    (work,) = load(spec)
    assert work.artwork.pens.pens[0].nib_mm == 0.43  # type: ignore[union-attr]


def test_without_the_extra_one_line_shows_how_to_install_it(
    photo: Path, rack: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr(measure, "find_spec", lambda name: None)
    assert cli.run(["measure", str(photo), "-m", "gantry_grbl_servo", "--pens", str(rack)]) == 1
    assert "pip install 'artwork-renderer[measure]'" in capsys.readouterr().err

"""The plan as a picture, and the test cards."""

import io
from pathlib import Path
from string import ascii_lowercase
from xml.etree import ElementTree

import cairosvg
import numpy as np
import pytest
from PIL import Image
from redraw import redrawn
from samples import BLACK, RED, ROUTER, SERVO, line, sheet, two_pens

from hardware.card import CardError, card_files
from hardware.drawing import PenPass
from hardware.lettering import length_of, lettered
from hardware.machine import Machine, load_machine
from hardware.machine_files import suffix_of
from hardware.pen_lift import RelayLift
from hardware.picture import plan_svg
from hardware.program import program
from hardware.rack import load_rack
from hardware.svg_intake import prepared
from hardware.svgfile import read_svg

SPECS = Path(__file__).parents[2] / "specs"
FINE = load_rack(SPECS / "pens" / "fineliners.yaml")
MARKERS = load_rack(SPECS / "pens" / "paint_markers_24.yaml")
GANTRY = load_machine(SPECS / "machines" / "gantry_grbl_servo.yaml")


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_a_plan_says_what_each_pen_takes_and_shows_strokes_and_travel() -> None:
    drawing = two_pens()
    svg = plan_svg(drawing, program(drawing, SERVO), SERVO)
    said = texts(svg)
    assert 'A "small" <test> & more' in said and "60 x 40 mm on gantry, 120 x 100 mm" in said
    assert "black 0.5 mm" in said and "Größe (rouge)! 1.2 mm" in said
    assert "2 pens are put in: 2 min by hand; dashed: travel with the pen up" in said
    seen = np.asarray(Image.open(io.BytesIO(cairosvg.svg2png(bytestring=svg.encode(), scale=4))).convert("RGB"))
    for colour in ((0x10, 0x14, 0x18), (0xD0, 0x20, 0x30)):
        assert (np.abs(seen.astype(int) - colour).sum(axis=2) < 30).sum() > 50


def test_a_plan_shows_travel_of_the_tip_that_sits_elsewhere() -> None:
    pen = BLACK.model_copy(update={"offset_mm": (-2.0, 1.0)})
    drawing = sheet(PenPass("a", pen, (line((10, 10), (20, 10)), line((30, 30), (40, 30)))))
    assert "M30,35 40,15" in plan_svg(drawing, program(drawing, SERVO), SERVO)


def test_letters_stand_where_they_should_and_what_has_no_glyph_is_left_out() -> None:
    (bar, top) = lettered("T", 10, 20, 6)
    assert (bar.tolist(), top.tolist()) == ([[10, 20], [14, 20]], [[12, 20], [12, 26]])
    assert lettered("日本", 0, 0, 6) == [] and len(lettered("é", 0, 0, 6)) == 1 + len(lettered("e", 0, 0, 6)) == 2
    points = np.concatenate(lettered("GROESSE 0.5 (ROT)", 5, 5, 3))
    assert np.ptp(points[:, 0]) == pytest.approx(length_of("GROESSE 0.5 (ROT)", 3), abs=0.01)
    assert points[:, 1].min() == 5 and points[:, 1].max() <= 8.5


def test_small_letters_have_a_form_of_their_own() -> None:
    """They are 4 high where capitals are 6, reach up to 0 or down to 8, and do not touch their neighbours."""

    def extent(letter: str) -> tuple[float, float]:
        rows = np.concatenate(lettered(letter, 0, 0, 6))[:, 1]
        return float(rows.min()), float(rows.max())

    assert {extent(letter) for letter in "acemnorsuvwxz"} == {(2, 6)}
    assert {extent(letter) for letter in "bdfhiklt"} == {(0, 6)}
    assert {extent(letter) for letter in "pqgy"} == {(2, 8)}
    for letter in ascii_lowercase:
        columns = np.concatenate(lettered(letter, 0, 0, 6))[:, 0]
        assert (columns.min(), columns.max()) == pytest.approx((0, length_of(letter, 6)))


@pytest.mark.parametrize("path", sorted((SPECS / "machines").glob("*.yaml")), ids=lambda path: path.stem)
def test_cards_are_drawn_by_every_machine(path: Path) -> None:
    machine, suffix = load_machine(path), suffix_of(load_machine(path))
    size_mm = [148, 210] if min(machine.width_mm, machine.height_mm) > 148 else [95, 150]
    made = card_files(machine, FINE[:4], "x".join(map(str, size_mm)))
    assert set(made) == {f"{name}.{kind}" for name in ("pens", "inks", "measure") for kind in ("svg", suffix) if kind}
    for name in ("pens", "inks", "measure"):
        drawing = read_svg(made[f"{name}.svg"])
        size = drawing.width_mm, drawing.height_mm
        assert sorted(size) == size_mm  # in the orientation that fits the bed
        assert [p.pen.name for p in drawing.passes] == [pen.name for pen in FINE[:4]]
        if suffix == "gcode":
            assert made[f"{name}.gcode"].count("insert pen") in (4, 8)  # said once or, on Marlin, at the pause too
        assert all((each >= 0).all() and (each <= size).all() for p in drawing.passes for each in p.lines)


def test_a_rack_of_broad_markers_takes_several_cards_and_a_pen_for_the_letters() -> None:
    made = card_files(GANTRY, MARKERS)
    assert {"pens-1.svg", "pens-2.svg", "inks.svg"} <= set(made)
    names = [p.pen.name for p in read_svg(made["pens-1.svg"]).passes]
    assert names[0] == "any fineliner" and set(names[1:]) <= {pen.name for pen in MARKERS}


def test_dots_rest_and_strokes_are_pressed_as_the_card_says() -> None:
    text = card_files(SERVO, (BLACK,), "100x95")["pens.gcode"]
    dwells = {row for row in text.splitlines() if row.startswith("G4 P")}
    assert {f"G4 P{0.15 + rest:g}" for rest in (0.1, 0.2, 0.5, 1.0)} <= dwells
    heights = {float(row[4:]) for row in text.splitlines() if row.startswith("M3 S")}
    assert heights == {600, 345, 330, 315, 300, 285}
    assert text.count("\nM0\n") == 2  # for letters; and one pen, put in once, however high it is held


def test_a_relay_has_no_ladder_of_heights() -> None:
    text = card_files(ROUTER.model_copy(update={"pen_lift": RelayLift(kind="relay")}), (BLACK, RED), "100x95")[
        "pens.gcode"
    ]
    assert "height" not in text and "M8" in text


@pytest.mark.parametrize(
    ("paper", "count", "message"),
    [
        (
            "A9",
            1,
            "'A9' is not a paper size; write A0 to A7, B0 to B7, JIS B4, letter, legal, tabloid, ANSI C, Arch C, "
            "pad 9x12, or a size in mm such as 200x150",
        ),
        ("80x100", 1, "a card of 80 x 100 mm is too small; use at least 90 mm each way"),
        (
            "A2",
            1,
            "the sheet is 594 mm high, but from origin_mm the bed of 'gantry with a servo' has only 310 mm;"
            " use smaller paper, rotate the sheet, or move origin_mm; or use smaller paper: --paper A5",
        ),
        ("90x90", 20, "20 pens do not fit on one ink card, which has room for 12; use larger paper or a smaller rack"),
    ],
)
def test_a_card_that_cannot_be_made_is_refused_with_the_reason(paper: str, count: int, message: str) -> None:
    with pytest.raises(CardError) as fault:
        card_files(GANTRY, FINE[:count], paper)
    assert str(fault.value) == message


def test_a_card_lies_the_way_that_fits_the_bed() -> None:
    wide = Machine.model_validate(SERVO.model_dump() | {"width_mm": 230.0, "height_mm": 160.0, "origin_mm": (5, 5)})
    drawing = read_svg(card_files(wide, (BLACK,), "A5")["inks.svg"])
    assert (drawing.width_mm, drawing.height_mm) == (210, 148)


def test_the_reader_finds_every_mark_of_a_card() -> None:
    made = card_files(GANTRY, FINE[:3], "A5")
    drawing = read_svg(made["inks.svg"])
    again, _ = redrawn(made["inks.gcode"], prepared(drawing, GANTRY)[0], GANTRY)
    assert [len(p.lines) for p in again.passes] == [len(p.lines) for p in drawing.passes]

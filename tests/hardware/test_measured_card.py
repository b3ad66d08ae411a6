"""The card that a program reads: its fields are on the sheet and apart, pens are inserted once, its code names it."""

from itertools import combinations

import numpy as np
import pytest

from hardware.card import card_files
from hardware.machine import load_machine
from hardware.measured_card import CORNER_CELLS, FieldKind, MeasuredCard, measured_cards
from hardware.pen import Pen
from hardware.rack import load_rack
from hardware.svgfile import read_svg

MACHINE = load_machine("gantry_grbl_servo")
FINE = load_rack("fineliners")


def cards(rack: str, size_mm: tuple[float, float]) -> list[MeasuredCard]:
    return measured_cards(MACHINE, load_rack(rack), size_mm)


@pytest.mark.parametrize("rack", ["fineliners", "paint_markers_24", "gelly_roll"])
@pytest.mark.parametrize("size_mm", [(210.0, 297.0), (148.0, 210.0), (95.0, 150.0)])
def test_fields_are_on_the_sheet_and_do_not_overlap(rack: str, size_mm: tuple[float, float]) -> None:
    for card in cards(rack, size_mm):
        boxes = np.array([field.box for field in card.fields])
        assert (boxes >= 0).all() and (boxes[:, [2, 3]] <= size_mm).all()
        for a, b in combinations(boxes, 2):
            assert (np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]) < 1e-6).any()
        for x, y in card.crosses:
            assert not ((boxes[:, 0] < x) & (x < boxes[:, 2]) & (boxes[:, 1] < y) & (y < boxes[:, 3])).any()


def test_every_pen_of_a_rack_has_all_kinds_of_fields_on_one_of_the_cards() -> None:
    made = cards("fineliners", (148.0, 210.0))
    assert [pen.name for card in made for pen in card.pens] == [pen.name for pen in FINE]
    for card in made:
        assert {field.kind for field in card.fields} == set(FieldKind)


def test_a_pen_that_is_too_wide_is_not_on_the_card() -> None:
    wide = Pen(name="brush", colour="#202020", nib_mm=9)
    (card,) = measured_cards(MACHINE, (*FINE[:2], wide), (148.0, 210.0))
    assert card.pens == FINE[:2]


def test_a_pen_is_inserted_once_and_the_first_one_first() -> None:
    drawing = read_svg(card_files(MACHINE, FINE[3:7], "A5")["measure.svg"])
    names = [one.pen.name for one in drawing.passes]
    assert len(names) == len(set(names)) == 4
    assert names[0] == "crimson"  # the darkest of them draws the marks


def test_the_code_differs_for_another_rack_machine_and_page() -> None:
    pages = cards("fineliners", (148.0, 210.0))
    finer = measured_cards(MACHINE, (*FINE[:-1], FINE[-1].model_copy(update={"nib_mm": 0.3})), (148.0, 210.0))
    other = measured_cards(load_machine("gantry_grbl_z"), FINE, (148.0, 210.0))
    codes = [card.code for card in (*pages, finer[-1], *other)]
    assert min(sum(a != b for a, b in zip(*pair, strict=True)) for pair in combinations(codes, 2)) > 2


def test_no_corner_mark_looks_like_another_however_it_is_turned() -> None:
    marks = [np.array([[int(cell) for cell in row] for row in rows]) for rows in CORNER_CELLS]
    turned = [np.rot90(mark, turn) for mark in marks for turn in range(4)]
    assert min(int((a != b).sum()) for a, b in combinations(turned, 2)) >= 8

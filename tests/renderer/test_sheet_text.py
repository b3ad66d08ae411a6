"""Text on the sheet: where its lines are, whose pass they join, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hardware.drawing import Drawing, Pen, PenPass
from hardware.lettering import lettered
from renderer import pipeline
from renderer.sheet_text import lines_of, with_text
from renderer.specfile import SpecErrors, load
from renderer.specfile.text_lines import TextLine

BLACK = Pen(name="black", colour="#000000", nib_mm=0.5)
RED = Pen(name="red", colour="#c02020", nib_mm=0.5)
LINE = np.array([[20.0, 20.0], [30.0, 20.0]])
SPEC = """\
version: 1
title: A square
target: {image: x.png, focus: none, tone: none}
canvas: {paper: {width_mm: 60, height_mm: 50}, margin_mm: 12, px_per_mm: 1}
pens: {rack: posca_1mr, only: [black, red]}
layers: [{points: 6, steps: 2}]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (36, 26), "#c02020").save("x.png")
    return tmp_path


def faults(text: str) -> list[str]:
    Path("x.yaml").write_text(SPEC + text, encoding="utf-8")
    with pytest.raises(SpecErrors) as caught:
        load("x.yaml")
    return str(caught.value).splitlines()


@pytest.mark.parametrize(
    ("at", "corner"),
    [
        ("top left", (6, 6)),
        ("bottom right", (94 - 9.6, 44 - 6)),
        ("centre", (50 - 4.8, 25 - 3)),
        ("top", (50 - 4.8, 6)),
        ("left", (6, 25 - 3)),
    ],
)
def test_a_text_stands_at_its_place(at: str, corner: tuple[float, float]) -> None:
    """`HO` of 6 mm is 9.6 mm wide: two letters of 4, and 1.6 between them."""
    one = TextLine.model_validate({"say": "HO", "at": at, "height_mm": 6})
    points = np.concatenate(lines_of(one, 100, 50))
    assert points.min(axis=0) == pytest.approx(corner)
    assert np.ptp(points, axis=0) == pytest.approx((9.6, 6))


def test_lines_of_text_stand_below_each_other() -> None:
    one = TextLine(say="A\nA", at="top left", height_mm=6)
    first, second = lettered("A", 6, 6, 6), lettered("A", 6, 6 + 1.6 * 6, 6)
    for line, expected in zip(lines_of(one, 100, 100), first + second, strict=True):
        np.testing.assert_allclose(line, expected)


@pytest.mark.parametrize("say", ["og", "oo"])
def test_tails_of_letters_stay_on_the_sheet(say: str) -> None:
    one = TextLine.model_validate({"say": say, "at": "bottom", "height_mm": 6, "inset_mm": 0})
    points = np.concatenate(lines_of(one, 100, 50))
    assert points[:, 1].max() == pytest.approx(50)


def test_diacritics_stay_on_the_sheet() -> None:
    points = np.concatenate(lines_of(TextLine(say="Été", at="top left", height_mm=6, inset_mm=0), 100, 50))
    assert points[:, 1].min() == pytest.approx(0)
    assert points[:, 1].max() == pytest.approx(6 + 1.9)  # a capital, and what stands above it


def test_a_text_joins_the_last_pass_of_its_pen() -> None:
    passes = (PenPass("a", RED, (LINE,)), PenPass("a", BLACK, (LINE,)), PenPass("b", RED, (LINE,)))
    drawing = Drawing(100, 50, "#ffffff", passes)
    lettered_by = [with_text(drawing, (TextLine(say="I", pen=pen),), (BLACK, RED)) for pen in (None, "red")]
    assert [[len(one.lines) for one in each.passes] for each in lettered_by] == [[1, 2, 1], [1, 1, 2]]


def test_a_pen_that_draws_nothing_else_gets_a_pass() -> None:
    drawing = Drawing(100, 50, "#ffffff", (PenPass("a", RED, (LINE,)),))
    made = with_text(drawing, (TextLine(say="I", pen="black"),), (BLACK, RED))
    assert [(one.layer, one.pen.name) for one in made.passes] == [("a", "red"), ("text", "black")]


@pytest.mark.parametrize("text", ["text: OK\n", "text: {say: OK}\n", "text: [OK]\n", "text:\n  - {say: OK}\n"])
def test_a_text_is_short_to_write(folder: Path, text: str) -> None:
    Path("x.yaml").write_text(SPEC + text, encoding="utf-8")
    [work] = load("x.yaml")
    assert [(one.say, one.at, one.pen) for one in work.texts] == [("OK", "bottom right", None)]


def test_a_render_has_its_text_in_drawing_and_preview(folder: Path) -> None:
    Path("x.yaml").write_text(SPEC, encoding="utf-8")
    plain = pipeline.render(load("x.yaml")[0])
    result = pipeline.render(load("x.yaml", ("text={say: OK, at: top left, height_mm: 4}",))[0])
    drawn = sum(len(one.lines) for one in result.drawing.passes) - sum(len(one.lines) for one in plain.drawing.passes)
    assert drawn == len(lettered("OK", 0, 0, 4))
    corner = np.s_[:, : result.preview.shape[1] // 4, : result.preview.shape[2] // 3]
    assert plain.preview[corner].min() == 1
    assert result.preview[corner].min() < 0.5


def test_what_is_wrong_with_a_text_is_said(folder: Path) -> None:
    assert faults("text: {say: Жил, pen: blakc}\n") == [
        "x.yaml:7:7: text.0: the lettering has no Ж и л; write Latin letters, also with diacritics, digits and "
        ". , : ; - + / ( ) = # % & * _ ' ! ?",
        "x.yaml:7:7: text.0: the rack has no pen named 'blakc'; did you mean 'black'?",
    ]
    assert faults("text: {say: A LONG TITLE, height_mm: 9}\n") == [
        "x.yaml:7:7: text.0: 'A LONG TITLE' is 86 mm long, but the sheet has 48 mm for it; use height_mm: 5 or break "
        "the line"
    ]
    [unknown] = faults("text: {saw: A}\n")[:1]
    assert unknown == "x.yaml:7:8: text.0.saw: unknown key 'saw'; did you mean 'say'?"

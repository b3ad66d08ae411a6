"""Texts in the outlines of their own typeface."""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from test_svg_cases import read, refused

from hardware.svgfile import typefaces

TEXT = '<text x="10" y="50" font-size="20" font-family="Boxes" stroke="none" fill="red">{}</text>'


def box(width: int) -> object:
    """Return the glyph of a box 1000 units high that begins at 100."""
    pen = TTGlyphPen(None)
    pen.moveTo((100, 0))
    for point in ((100, 1000), (100 + width, 1000), (100 + width, 0)):
        pen.lineTo(point)
    pen.closePath()
    return pen.glyph()


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Install a typeface with a broad A and a narrow B; return the file of what fontconfig was asked for."""
    font = FontBuilder(2000, isTTF=True)
    font.setupGlyphOrder([".notdef", "A", "B", "space"])
    font.setupCharacterMap({65: "A", 66: "B", 32: "space"})
    font.setupGlyf({".notdef": box(500), "A": box(1000), "B": box(500), "space": TTGlyphPen(None).glyph()})
    font.setupHorizontalMetrics({".notdef": (700, 0), "A": (1200, 100), "B": (600, 100), "space": (400, 0)})
    font.setupHorizontalHeader(ascent=1500, descent=-500)
    font.setupNameTable({"familyName": "Boxes", "styleName": "Regular"})
    font.setupOS2()
    font.setupPost()
    font.save(tmp_path / "boxes.ttf")
    program = tmp_path / "fc-match"
    found = f'printf "{tmp_path}/boxes.ttf\\n0\\nBoxes"'
    asks = f'for last; do :; done; echo "$last" >> {tmp_path}/asked'
    program.write_text(f"#!/bin/sh\n{asks}\n{found}\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    typefaces._found.cache_clear()
    yield tmp_path / "asked"
    typefaces._found.cache_clear()


def boxes(text: str, **options: object) -> list[list[float]]:
    lines = [line for each in read(text, text="outline", **options).drawing.passes for line in each.lines]
    return [np.round([*line.min(axis=0), *line.max(axis=0)], 3).tolist() for line in lines]


def test_letters_are_drawn_in_outline_where_the_typeface_puts_them(asked: Path) -> None:
    assert boxes(TEXT.format("AB")) == [[11, 40, 21, 50], [23, 40, 28, 50]]
    assert boxes(TEXT.format("A B")) == [[11, 40, 21, 50], [27, 40, 32, 50]]
    middle = TEXT.format("AB").replace("<text", '<text text-anchor="middle"')
    assert boxes(middle) == [[2, 40, 12, 50], [14, 40, 19, 50]]
    assert asked.read_text(encoding="utf-8").splitlines() == ["Boxes:weight=80:slant=0"]


def test_weight_and_slant_are_asked_for(asked: Path) -> None:
    boxes(TEXT.format("A").replace("<text", '<text font-weight="bold"'))
    boxes('<text y="20" style="font: italic 700 8px/2 \'Bo-xes\', serif">A</text>')
    assert asked.read_text(encoding="utf-8").splitlines() == [
        "Boxes:weight=200:slant=0",
        "Bo\\-xes:weight=200:slant=100",
    ]


def test_outlines_of_texts_are_hatched_on_request(asked: Path) -> None:
    found = boxes(TEXT.format("A"), hatch_mm=1.0)
    assert len(found) >= 10 and all(left >= 10.9 and right <= 21.1 for left, _, right, _ in found)


def test_letters_and_typefaces_that_are_missing_are_named(asked: Path) -> None:
    made = read(TEXT.format("AX").replace("Boxes", "Garamond"), text="outline")
    assert made.notes == (
        "1 shape is drawn in outline only; --hatch fills them",
        "<text> 'AX' (line 1): drawn in the typeface 'Boxes', as 'Garamond' is not installed",
        "<text> 'AX' (line 1): has letters that are left out, as the typeface lacks them: X",
    )


def test_what_outlines_need_is_named(asked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fontTools.ttLib", None)
    assert refused(TEXT.format("A"), text="outline") == (
        "--text outline needs fontTools: pip install 'artwork-renderer[text]'; --text line draws single-line letters"
    )
    monkeypatch.setenv("PATH", "/nowhere")
    typefaces._found.cache_clear()
    assert "--text outline needs fontconfig's fc-match" in refused(TEXT.format("A"), text="outline")

"""DXF, HPGL and PDF: their strokes are read like those of an SVG."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import ezdxf
import numpy as np
import pytest

from hardware.drawing import Drawing, is_dot
from hardware.formats import pdf_file
from hardware.svgfile import Options, Reading, SvgError, reading

BORDER = 0.01  # mm around the strokes


def boxes(drawing: Drawing) -> list[tuple[str, list[float]]]:
    """Return the colour of each line and its box: left, top, right, bottom, without the border."""
    found = []
    for each in drawing.passes:
        for line in each.lines:
            box = np.round(np.concatenate([line.min(axis=0), line.max(axis=0)]) - BORDER, 2)
            found.append((each.pen.colour, (box + 0.0).tolist()))
    return found


# HPGL: units of 0.025 mm, y up


def hpgl(tmp_path: Path, text: str, **options: Any) -> Reading:
    path = tmp_path / "drawing.plt"
    path.write_text(text, encoding="latin-1", newline="")
    return reading(path, Options(**options))


def drawn(tmp_path: Path, text: str) -> list[list[float]]:
    return [box for _, box in boxes(hpgl(tmp_path, text).drawing)]


FRAME = "PU0,0;PD4000,0;PU0,2000;PD0,2000;PU;"  # a line below and a dot above: the page is 100 x 50 mm
BELOW, DOT = [0.0, 50.0, 100.0, 50.0], [0.0, 0.0, 0.0, 0.0]
HPGL = {
    "lines": ("PU400,400;PD800,400,800,800;PU;", [[10, 30, 20, 40]]),
    "no separators": ("PU400 400PD800 400PU", [[10, 40, 20, 40]]),
    "absolute": ("PU400,400;PD;PA800,400;PU;", [[10, 40, 20, 40]]),
    "relative": ("PA400,400;PD;PR400,0,0,400;PU;PA;", [[10, 30, 20, 40]]),
    "a dot": ("PU400,400;PD;PU;", [[10, 40, 10, 40]]),
    "a circle": ("PA800,800;CI400;", [[10, 20, 30, 40]]),
    "an arc": ("PU1200,800;PD;AA800,800,90;PU;", [[20, 20, 30, 30]]),
    "an arc about a point away": ("PU1200,800;PD;AR-400,0,-90;PU;", [[20, 30, 30, 40]]),
    "an arc through a point": ("PU1200,800;PD;AT800,1200,400,800;PU;", [[10, 20, 30, 30]]),
    "an arc through a point away": ("PU1200,800;PD;RT-400,-400,-800,0;PU;", [[10, 30, 30, 40]]),
    "a rectangle": ("PA400,400;EA800,600;", [[10, 35, 20, 40]]),
    "a rectangle away": ("PA400,400;ER400,200;", [[10, 35, 20, 40]]),
    "a wedge": ("PA800,800;EW400,0,90;", [[20, 20, 30, 30]]),
    "a Bezier curve": ("PU400,400;PD;BZ400,800,800,800,800,400;PU;", [[10, 32.5, 20, 40]]),
    "a Bezier curve away": ("PU400,400;PD;BR0,400,400,400,400,0;PU;", [[10, 32.5, 20, 40]]),
    "a polygon of two parts": (
        "PA400,400;PM0;PD800,400,800,800;PM1;PU400,1200;PD800,1200,800,1600;PM2;EP;",
        [[10, 30, 20, 40], [10, 10, 20, 20]],
    ),
    "a scale": ("IP0,0,4000,2000;SC0,100,0,50;PU10,10;PD20,10;PU;SC;", [[10, 40, 20, 40]]),
    "a word of a printer": ("\x1bE\x1b%0BPU400,400;PD800,400;PU;\x1b%0A", [[10, 40, 20, 40]]),
    "a word of a serial port": ("\x1b.(\x1b.I81;;17:PU400,400;PD800,400;PU;\x1b.)", [[10, 40, 20, 40]]),
    "what cannot be seen": ("VS10;FS2;PU400,400;PD800,400;PU;", [[10, 40, 20, 40]]),
}


@pytest.mark.parametrize(("text", "right"), HPGL.values(), ids=HPGL)
def test_an_instruction_of_hpgl(tmp_path: Path, text: str, right: list[list[float]]) -> None:
    found = drawn(tmp_path, f"IN;SP1;{FRAME}{text}SP0;")
    assert sorted(found) == sorted([BELOW, DOT, *right])


def encoded(*steps: tuple[int, int]) -> str:
    """Return steps as PE encodes them in base 64."""
    return "".join(number(value) for step in steps for value in step)


def number(value: int) -> str:
    bits = 2 * abs(value) + (value < 0)
    digits = []
    while bits >= 64:
        digits.append(chr(63 + bits % 64))
        bits //= 64
    return "".join([*digits, chr(191 + bits)])


def test_encoded_polylines_draw_steps_and_move_with_the_pen_up(tmp_path: Path) -> None:
    moves = "<=" + encoded((400, 400)) + encoded((400, 0), (0, 400)) + "<" + encoded((-400, 0)) + encoded((0, -200))
    path = tmp_path / "encoded.hpgl"
    path.write_bytes(f"IN;SP1;{FRAME}PE{moves};SP0;".encode("latin-1"))
    found = [box for _, box in boxes(reading(path, Options()).drawing)]
    assert sorted(found) == sorted([BELOW, DOT, [10, 30, 20, 40], [10, 30, 10, 35]])


def test_each_pen_of_hpgl_is_a_layer_with_its_width(tmp_path: Path) -> None:
    made = hpgl(tmp_path, "SP2;PW0.7;PU0,0PD4000,0;SP1;PW0.3,1;PU0,400;PD0,0;SP2;PU0,400PD400,400;SP;")
    assert [(p.pen.name, p.pen.colour, p.pen.nib_mm, len(p.lines)) for p in made.drawing.passes] == [
        ("pen 1", "#000000", 0.3, 1),
        ("pen 2", "#ff0000", 0.7, 2),
    ]


def test_dashes_and_areas_of_hpgl(tmp_path: Path) -> None:
    made = hpgl(tmp_path, "SP1;LT2;PU0,0;PD400,0;PU;LT;PA0,0;RA400,400;", hatch_mm=1.0)
    lines = [line for each in made.drawing.passes for line in each.lines]
    assert len([line for line in lines if line[:, 1].min() > 10]) == 3  # 2 mm drawn, 2 mm free
    assert len(lines) > 10


def test_a_label_of_hpgl_is_lettered_where_it_stands(tmp_path: Path) -> None:
    made = hpgl(tmp_path, f"SP1;{FRAME}PU400,400;SI0.2,0.4;LBHI\x03;")
    letters = [box for _, box in boxes(made.drawing) if box not in (BELOW, DOT)]
    assert min(box[0] for box in letters) > 10 and min(box[1] for box in letters) == pytest.approx(36, abs=0.05)
    assert max(box[3] for box in letters) == pytest.approx(40, abs=0.05)


def test_what_of_hpgl_is_not_drawn_is_reported_and_strict_refuses_it(tmp_path: Path) -> None:
    text = f"SP1;{FRAME}IW0,0,9,9;QQ;IW;"
    note = "the instruction IW is left out (2 times)"
    assert hpgl(tmp_path, text).notes == (note, "the instruction QQ is left out")
    with pytest.raises(SvgError, match=r"IW is left out \(2 times\) \(an error because of --strict\)"):
        hpgl(tmp_path, text, strict=True)


@pytest.mark.parametrize("text", ["", "IN;SP1;PU0,0;", "\x00\xff nothing", "SC0,0,0,0;PU1,1;"])
def test_hpgl_that_draws_nothing_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SvgError, match="has no strokes"):
        hpgl(tmp_path, text)


@pytest.mark.parametrize(
    "text", ["PU0,0;PD9999999999999,1;", "PA0,0;CI1e400;", "PD5,5;SC0,1,0,1;IP0,0,99999999999999,9;PD9,9;"]
)
def test_absurd_numbers_of_hpgl_are_refused_with_a_message(tmp_path: Path, text: str) -> None:
    with pytest.raises(SvgError, match=r"drawing.plt: "):
        hpgl(tmp_path, f"SP1;PD{10**30},{10**30};{text}")


# DXF


def dxf(tmp_path: Path, unit: int = 4, **options: Any) -> tuple[Any, Any]:
    """Return a new model space in millimetres, and what reads its file."""
    document = ezdxf.new("R2010", setup=True)  # type: ignore[attr-defined]
    document.units = unit

    def read() -> Reading:
        document.saveas(tmp_path / "drawing.dxf")
        return reading(tmp_path / "drawing.dxf", Options(**options))

    return document, read


def test_shapes_of_dxf_lie_where_they_are_with_y_up(tmp_path: Path) -> None:
    document, read = dxf(tmp_path)
    space = document.modelspace()
    space.add_line((0, 0), (100, 50))
    space.add_circle((50, 25), 10)
    space.add_arc((50, 25), 20, 0, 90)
    space.add_ellipse((20, 25), (10, 0), 0.5)
    space.add_lwpolyline([(60, 0, 0, 0, 1), (80, 0, 0, 0, 0)])
    space.add_point((5, 45))
    made = read()
    assert (made.drawing.width_mm, made.drawing.height_mm) == pytest.approx((100.02, 60.02), abs=1e-6)
    assert made.notes == ()
    found = [box for _, box in boxes(made.drawing)]
    assert found[:5] == [[0, 0, 100, 50], [40, 15, 60, 35], [50, 5, 70, 25], [10, 20, 30, 30], [60, 50, 80, 60]]
    (dot,) = [line for each in made.drawing.passes for line in each.lines if is_dot(line)]
    assert dot[0] - BORDER == pytest.approx([5, 5])
    circle = made.drawing.passes[0].lines[1] - BORDER
    assert np.abs(np.hypot(circle[:, 0] - 50, circle[:, 1] - 25) - 10).max() < 0.005


def test_layers_colours_and_weights_of_dxf_become_pens(tmp_path: Path) -> None:
    document, read = dxf(tmp_path)
    document.layers.add("cut", color=1, lineweight=50)
    document.layers.add("hidden", color=3).off()
    space = document.modelspace()
    space.add_line((0, 0), (9, 0), dxfattribs={"layer": "cut"})
    space.add_line((0, 1), (9, 1), dxfattribs={"color": 5, "lineweight": 70})
    space.add_line((0, 2), (9, 2), dxfattribs={"layer": "hidden"})
    passes = read().drawing.passes
    assert [(p.layer, p.pen.colour, p.pen.nib_mm) for p in passes] == [
        ("cut", "#ff0000", 0.5),
        ("drawing", "#0000ff", 0.7),
    ]


def test_blocks_of_dxf_are_drawn_where_they_are_inserted(tmp_path: Path) -> None:
    document, read = dxf(tmp_path)
    block = document.blocks.new("flag")
    block.add_line((0, 0), (0, 10))
    document.modelspace().add_blockref("flag", (20, 0), dxfattribs={"rotation": 90, "xscale": 2, "yscale": 2})
    document.modelspace().add_line((0, 0), (30, 0))
    assert [box for _, box in boxes(read().drawing)] == [[0, 0, 20, 0], [0, 0, 30, 0]]


@pytest.mark.parametrize(("unit", "side"), [(4, 10.0), (1, 254.0), (5, 100.0)])
def test_the_unit_of_a_dxf_counts(tmp_path: Path, unit: int, side: float) -> None:
    document, read = dxf(tmp_path, unit)
    document.modelspace().add_line((0, 0), (10, 10))
    assert read().drawing.width_mm == pytest.approx(side + 0.02, abs=1e-3)


def test_a_dxf_without_a_unit_is_in_millimetres_and_says_so(tmp_path: Path) -> None:
    document, read = dxf(tmp_path, 0)
    document.modelspace().add_line((0, 0), (10, 10))
    assert read().notes == ("gives no unit: a unit is taken as 1 mm; --scale 25.4 takes inches",)


def test_texts_and_areas_of_dxf(tmp_path: Path) -> None:
    document, read = dxf(tmp_path, hatch_mm=1.0)
    space = document.modelspace()
    space.add_text("HI", height=7).set_placement((0, 0))
    space.add_mtext("A\\PB", dxfattribs={"insert": (0, 40), "char_height": 3})
    space.add_hatch(color=1).paths.add_polyline_path([(50, 0), (60, 0), (60, 10), (50, 10)], is_closed=True)
    made = read()
    red = [box for colour, box in boxes(made.drawing) if colour == "#ff0000"]
    assert len(red) >= 9 and all(box[0] >= 49.9 and box[2] <= 60.1 for box in red)
    letters = [box for colour, box in boxes(made.drawing) if colour == "#000000"]
    assert max(box[3] for box in letters) == pytest.approx(40, abs=0.05)
    assert min(box[1] for box in letters) == pytest.approx(0, abs=0.05)


def test_what_of_a_dxf_cannot_be_drawn_is_reported(tmp_path: Path) -> None:
    document, read = dxf(tmp_path)
    document.modelspace().add_line((0, 0), (10, 10))
    document.modelspace().add_ray((0, 0), (1, 0))
    assert read().notes == ("RAY is left out: pens cannot draw it",)


def test_a_dxf_of_which_something_is_lost_is_drawn_with_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document, read = dxf(tmp_path)
    document.modelspace().add_line((0, 0), (10, 10))
    lossy = SimpleNamespace(has_errors=True)
    monkeypatch.setattr("ezdxf.recover.readfile", lambda _: (document, lossy))
    assert read().notes == ("is damaged; what could be recovered is drawn",)


def test_a_file_that_is_not_dxf_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.dxf").write_text("no", encoding="utf-8")
    with pytest.raises(SvgError, match=r"a.dxf: is not a DXF file that can be read: "):
        reading(tmp_path / "a.dxf", Options())
    with pytest.raises(SvgError, match=r"none.dxf: cannot be read: No such file or directory"):
        reading(tmp_path / "none.dxf", Options())


def test_a_dxf_without_ezdxf_names_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ezdxf", None)
    (tmp_path / "a.dxf").write_text("", encoding="utf-8")
    with pytest.raises(SvgError, match=r"reading DXF needs ezdxf: pip install 'artwork-renderer\[dxf\]'"):
        reading(tmp_path / "a.dxf", Options())


# PDF

PAGE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="9mm" height="9mm"><path fill="none" stroke="red" d="M0 0H9"/></svg>'
)
WRITES = f'for target; do :; done\ncat > "$target" <<\'END\'\n{PAGE}\nEND\necho "$@" > "$(dirname $0)/asked"\n'


def program(folder: Path, name: str, body: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{body}", encoding="utf-8")
    (folder / name).chmod(0o755)


def pdf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a file that a program on the path is asked to convert."""
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7")
    return tmp_path / "a.pdf"


def test_the_first_page_of_a_pdf_is_read_through_pdftocairo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = pdf(tmp_path, monkeypatch)
    program(tmp_path, "pdftocairo", WRITES)
    program(tmp_path, "pdfinfo", "echo 'Pages:   3'\n")
    made = reading(path, Options())
    assert [p.pen.colour for p in made.drawing.passes] == ["#ff0000"]
    assert made.notes == ("has 3 pages; the first one is read",)
    assert (tmp_path / "asked").read_text(encoding="utf-8").startswith(f"-svg -f 1 -l 1 {path} ")


def test_a_pdf_is_read_through_inkscape_where_there_is_no_pdftocairo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = pdf(tmp_path, monkeypatch)
    program(tmp_path, "inkscape", WRITES.replace('"$target"', '"${target#*=}"'))
    assert [p.pen.colour for p in reading(path, Options()).drawing.passes] == ["#ff0000"]


def test_a_pdf_without_a_program_that_reads_it_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = pdf(tmp_path, monkeypatch)
    with pytest.raises(SvgError) as fault:
        reading(path, Options())
    assert str(fault.value) == f"{path}: {pdf_file._NEITHER}"
    program(tmp_path, "pdftocairo", "echo 'Syntax Error' >&2\nexit 1\n")
    with pytest.raises(SvgError, match=r"a.pdf: is not a PDF that can be read: Syntax Error"):
        reading(path, Options())

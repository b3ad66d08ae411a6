"""How large a drawing becomes, and what a command refuses: --fit, --width, --height, --scale, --margin, --strict."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from samples import BLACK, SERVO, line, sheet
from test_svg_cases import sheet as svg_sheet
from test_svg_cases import strokes

from hardware.__main__ import main
from hardware.drawing import PenPass
from hardware.gcode import files
from hardware.intake import intake_of, ready_svg
from hardware.machine import Machine
from hardware.svg_intake import ReadyDrawing
from hardware.svgfile import Options, SvgError, reading, to_svg
from hardware.svgfile.sizing import Sizing, fitted

MACHINE = Path(__file__).parents[2] / "specs" / "machines" / "gantry_grbl_servo.yaml"
BODY = '<path fill="none" stroke="black" d="M0 0H100V80"/>'
HEAD = 'width="100mm" height="80mm" viewBox="0 0 100 80"'
SIZES = {  # what is asked for, the sheet, and the box of the line
    "nothing": ({}, (100, 80), (0, 0, 100, 80)),
    "width": ({"width_mm": 50.0}, (50, 40), (0, 0, 50, 40)),
    "height": ({"height_mm": 160.0}, (200, 160), (0, 0, 200, 160)),
    "both": ({"width_mm": 120.0, "height_mm": 80.0}, (120, 80), (10, 0, 110, 80)),
    "scale": ({"scale": 0.5}, (50, 40), (0, 0, 50, 40)),
    "width with a margin": ({"width_mm": 100.0, "margin_mm": 10.0}, (100, 80), (12.5, 10, 87.5, 70)),
    "fit": ({"fit": True}, (110, 88), (0, 0, 110, 88)),
    "fit with a margin": ({"fit": True, "margin_mm": 4.0}, (110, 88), (5, 4, 105, 84)),
    "fit in the centre": ({"fit": True, "centre": True}, (120, 96), (0, 0, 120, 96)),
    "fit, rotated": ({"fit": True, "rotate": "90"}, (95, 76), (0, 0, 95, 76)),
}


def ready(
    tmp_path: Path, body: str = BODY, head: str = HEAD, machine: Machine | None = SERVO, **asked: object
) -> ReadyDrawing:
    path = tmp_path / "a.svg"
    path.write_text(svg_sheet(body, head), encoding="utf-8")
    intake = intake_of(**asked)
    return ready_svg(path, machine and intake.placed(machine), intake.options)


@pytest.mark.parametrize(("asked", "size", "box"), SIZES.values(), ids=SIZES)
def test_a_sheet_becomes_as_large_as_asked(
    tmp_path: Path, asked: dict[str, object], size: tuple[float, float], box: tuple[float, ...]
) -> None:
    made = ready(tmp_path, **asked)
    assert (made.drawing.width_mm, made.drawing.height_mm) == pytest.approx(size, abs=1e-3)
    [(_, *drawn)] = strokes(made.drawing)
    assert drawn == pytest.approx(box, abs=2e-3)
    assert made.notes == ()


def test_a_sheet_that_was_fitted_can_be_drawn(tmp_path: Path) -> None:
    for rotate in ("0", "90"):
        intake = intake_of(fit=True, rotate=rotate)
        made = ready(tmp_path, fit=True, rotate=rotate)
        assert "G1" in files(made.drawing, intake.placed(SERVO))["drawing.gcode"]


@given(st.floats(1, 2000), st.floats(1, 2000), st.floats(50, 900), st.floats(50, 900), st.floats(0, 20))
def test_a_page_always_lies_within_its_sheet(w: float, h: float, wide: float, high: float, margin: float) -> None:
    try:
        fit = fitted((w, h), Sizing(within_mm=(wide, high), margin_mm=margin))
    except SvgError:
        return
    assert fit.sheet_mm[0] <= wide and fit.sheet_mm[1] <= high
    for side, page, offset in zip(fit.sheet_mm, (w, h), fit.offset_mm, strict=True):
        assert offset >= margin - 1e-6 and offset + fit.scale * page <= side - margin + 1e-6


def test_hatching_and_curves_are_made_at_the_size_of_the_sheet(tmp_path: Path) -> None:
    made = ready(tmp_path, '<rect x="10" y="10" width="20" height="20" fill="red"/>', scale=0.5, hatch_mm=1.0)
    (hatched,) = made.drawing.passes
    assert hatched.pen.nib_mm == 1 and len(hatched.lines) == 14  # 10 mm wide, at 45 degrees


def test_a_pen_of_our_own_file_keeps_its_nib(tmp_path: Path) -> None:
    path = tmp_path / "own.svg"
    path.write_text(to_svg(sheet(PenPass("a", BLACK, (line((5, 5), (50, 30)),)))), encoding="utf-8")
    made = reading(path, Options(sizing=Sizing(scale=2.0)))
    assert [p.pen for p in made.drawing.passes] == [BLACK]
    assert np.allclose(made.drawing.passes[0].lines[0], [[10, 10], [100, 60]])


def test_a_margin_alone_keeps_the_border_clear_and_reports_it(tmp_path: Path) -> None:
    made = ready(tmp_path, '<path fill="none" stroke="black" d="M0 20H100"/>', margin_mm=5.0)
    assert strokes(made.drawing) == [("#000000", 5, 20, 95, 20)]
    assert made.notes == ("what lies outside its 100 x 80 mm, or within 5 mm of its edge, is left out",)
    with pytest.raises(SvgError, match=r"within 5 mm of its edge, is left out \(an error because of --strict\)"):
        ready(tmp_path, '<path fill="none" stroke="black" d="M0 20H100"/>', margin_mm=5.0, strict=True)


@pytest.mark.parametrize(
    ("asked", "machine", "message"),
    [
        ({"fit": True, "scale": 2.0}, SERVO, "--fit and --scale each set the size of the sheet; choose one"),
        (
            {"width_mm": 9.0, "scale": 2.0},
            SERVO,
            "--scale and --width or --height each set the size of the sheet; choose one",
        ),
        ({"fit": True}, None, "--fit needs a machine, whose bed the sheet must fit; name it with --machine"),
        (
            {"width_mm": 50.0, "margin_mm": 20.0},
            SERVO,
            "a margin of 20 mm leaves no room on a sheet of 50 x 40 mm; choose a smaller --margin or a larger sheet",
        ),
    ],
)
def test_sizes_that_cannot_be_are_refused(
    tmp_path: Path, asked: dict[str, object], machine: Machine | None, message: str
) -> None:
    with pytest.raises(SvgError) as fault:
        ready(tmp_path, machine=machine, **asked)
    assert str(fault.value).removeprefix(f"{tmp_path / 'a.svg'}: ") == message


@pytest.mark.parametrize(
    ("head", "size"),
    [
        ('width="100%" height="100%" viewBox="0 0 2481 3508"', "656.431 x 928.158"),
        ('width="96" height="48" viewBox="0 0 96 48"', "25.4 x 12.7"),
        ('viewBox="0 0 96 48"', "25.4 x 12.7"),
    ],
)
def test_a_file_without_units_says_which_size_it_took(head: str, size: str) -> None:
    text = svg_sheet('<path fill="none" stroke="black" d="M0 0H10"/>', head)
    assert reading(text, Options()).notes == (
        f"gives its size without a unit: {size} mm is taken, 96 px an inch;"
        " --width, --height, --scale or --fit sets another",
    )
    assert reading(text, Options(sizing=Sizing(width_mm=50.0))).notes == ()


def test_the_size_of_the_sheet_can_stand_in_css() -> None:
    drawing = reading(svg_sheet(BODY, 'style="width:50mm;height:40mm" viewBox="0 0 100 80"'), Options()).drawing
    assert (drawing.width_mm, drawing.height_mm) == (50, 40)


def test_a_drawing_off_its_sheet_is_an_error_not_an_empty_program(tmp_path: Path) -> None:
    with pytest.raises(SvgError) as fault:
        ready(tmp_path, '<path fill="none" stroke="black" d="M-30 20H-10"/>')
    assert str(fault.value) == (
        f"{tmp_path / 'a.svg'}: has nothing to draw: its sheet is 100 x 80 mm, and its strokes lie between"
        " x -30.0 and -10.0, y 20.0 and 20.0 mm; correct its viewBox, or move them"
    )


def run(tmp_path: Path, body: str, *words: str) -> Result:
    path = tmp_path / "a.svg"
    path.write_text(svg_sheet(body), encoding="utf-8")
    return CliRunner().invoke(main, ["gcode", str(path), "--machine", str(MACHINE), *words])


def test_the_commands_take_these_options(tmp_path: Path) -> None:
    body = '<text x="10" y="20">A</text><path fill="none" stroke="black" d="M10 40H90"/>'
    plain, strict = run(tmp_path, body), run(tmp_path, body, "--strict")
    assert (plain.exit_code, strict.exit_code, strict.stdout) == (0, 2, "")
    assert strict.stderr == plain.stderr.rstrip() + " (an error because of --strict)\n"
    assert "drawn in single-line letters" in plain.stderr
    large = run(tmp_path, body, "--width", "200", "--margin", "0")
    assert "X190 Y90" in large.stdout or "X30 Y90" in large.stdout  # the origin is at 10, 10; y is up
    assert run(tmp_path, '<image width="9" height="9" href="a.png"/>').exit_code == 2

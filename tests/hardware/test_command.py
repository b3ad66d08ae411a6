import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from samples import BLACK, line, sheet, two_pens

from hardware.__main__ import main
from hardware.drawing import PenPass
from hardware.gcode import files
from hardware.machine import load_machine
from hardware.program import park_on_sheet
from hardware.svgfile import read_svg, to_svg
from hardware.toolpath import clip, join, order

MACHINE = Path(__file__).parents[2] / "specs" / "machines" / "gantry_grbl_servo.yaml"


@pytest.fixture
def svg(tmp_path: Path) -> Path:
    path = tmp_path / "a.svg"
    path.write_text(to_svg(two_pens()), encoding="utf-8")
    return path


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def test_gcode_goes_to_standard_output(svg: Path) -> None:
    result = run("gcode", svg, "--machine", MACHINE)
    machine = load_machine(MACHINE)
    drawing = order(join(clip(read_svg(svg))), park_on_sheet(60, 40, machine))
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == files(drawing, machine)["drawing.gcode"]


def test_gcode_goes_to_files_where_a_folder_is_named(svg: Path, tmp_path: Path) -> None:
    result = run("gcode", svg, "-m", MACHINE, "--out", tmp_path / "new" / "gcode")
    names = ["drawing.gcode", "01-black.gcode", "02-groe-rouge.gcode"]
    assert result.stdout.split() == [str(tmp_path / "new" / "gcode" / name) for name in names]
    assert sorted(path.name for path in (tmp_path / "new" / "gcode").iterdir()) == sorted(names)
    assert (tmp_path / "new" / "gcode" / "drawing.gcode").read_text() == run("gcode", svg, "-m", MACHINE).stdout


def test_a_plan_says_what_each_pen_takes(svg: Path) -> None:
    result = run("plan", svg, "--machine", MACHINE)
    assert result.exit_code == 0
    black, rouge, whole = result.stdout.splitlines()
    assert black.split()[:5] == ["1", "black", "0.5", "4", "strokes"]
    assert rouge.split()[0] == "2"
    assert whole == "2 min in all, including 2 min to insert 2 pens"


def test_a_plan_comes_as_json_too(svg: Path) -> None:
    plan = json.loads(run("plan", svg, "--machine", MACHINE, "--json").stdout)
    assert (plan["pen_changes"], [pen["strokes"] for pen in plan["pens"]]) == (2, [4, 3])


def test_what_lies_off_the_sheet_is_left_out_with_a_word(tmp_path: Path) -> None:
    path = tmp_path / "off.svg"
    path.write_text(to_svg(sheet(PenPass("a", BLACK, (line((1, 1), (99, 1)),)))), encoding="utf-8")
    result = run("gcode", path, "--machine", MACHINE)
    assert result.exit_code == 0
    assert result.stderr == f"{path}: what lies outside its 60 x 40 mm is left out\n"


def test_bad_files_end_with_2_and_a_message(svg: Path, tmp_path: Path) -> None:
    missing = run("gcode", tmp_path / "no.svg", "--machine", MACHINE)
    assert missing.exit_code == 2
    assert missing.stderr == f"{tmp_path / 'no.svg'}: cannot be read: No such file or directory\n"
    (tmp_path / "m.yaml").write_text("name: x\n")
    bad = run("plan", svg, "--machine", tmp_path / "m.yaml")
    assert (bad.exit_code, len(bad.stderr.splitlines())) == (2, 3)
    assert run("gcode", svg).exit_code == 2


def test_a_drawing_that_does_not_fit_ends_with_2(svg: Path, tmp_path: Path) -> None:
    small = tmp_path / "small.yaml"
    text = MACHINE.read_text(encoding="utf-8").replace("width_mm: 440", "width_mm: 60")
    small.write_text(text, encoding="utf-8")
    result = run("gcode", svg, "--machine", small)
    assert result.exit_code == 2
    assert "the bed of 'gantry with a servo' ends at 60 mm; use smaller paper or move origin_mm" in result.stderr


def test_a_folder_that_cannot_be_made_ends_with_1(svg: Path) -> None:
    result = run("gcode", svg, "-m", MACHINE, "--out", svg / "gcode")
    assert (result.exit_code, result.stderr) == (1, f"{svg / 'gcode'}: cannot be written: Not a directory\n")


def test_a_plan_is_drawn_and_a_foreign_file_read_as_asked(svg: Path, tmp_path: Path) -> None:
    pens = MACHINE.parents[1] / "pens" / "fineliners.yaml"
    plot = tmp_path / "plots" / "plan.svg"
    result = run("plan", svg, "-m", MACHINE, "--pens", pens, "--rotate", "90", "--plot", plot)
    assert result.exit_code == 0 and "black 0.4" in result.stdout and "red 0.4" in result.stdout
    assert "red 0.4 mm" in plot.read_text(encoding="utf-8")
    missing = run("plan", svg, "-m", MACHINE, "--pens", tmp_path / "no.yaml")
    assert (missing.exit_code, missing.stderr) == (
        2,
        f"{tmp_path / 'no.yaml'}: cannot be read: No such file or directory\n",
    )


def test_cards_are_written_without_torch(tmp_path: Path) -> None:
    pens = MACHINE.parents[1] / "pens" / "micron_black.yaml"
    result = run("card", "--machine", MACHINE, "--pens", pens, "--paper", "A5", "--out", tmp_path / "card")
    names = [f"{card}.{kind}" for card in ("pens", "inks", "measure") for kind in ("svg", "gcode")]
    assert (result.exit_code, result.stdout.split()) == (0, [str(tmp_path / "card" / name) for name in names])
    assert run("card", "--machine", MACHINE, "--pens", pens, "--paper", "A9").exit_code == 2

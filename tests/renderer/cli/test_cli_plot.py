"""`render plot`: what is to be plotted, and where it cannot be."""

import io
import json
from pathlib import Path

import numpy as np
import pytest

from hardware.drawing import Drawing, Pen, PenPass
from hardware.svgfile import to_svg
from renderer import cli

Capture = pytest.CaptureFixture[str]
MACHINE = str(Path(__file__).parents[3] / "specs/machines/gantry_grbl_servo.yaml")


@pytest.fixture
def svg(tmp_path: Path) -> str:
    pens = Pen(name="black", colour="#101418", nib_mm=0.5), Pen(name="red", colour="#d02030", nib_mm=1.2)
    lines = np.array([[10.0, 10.0], [60.0, 20.0]]), np.array([[20.0, 30.0]])
    drawing = Drawing(100, 70, "#ffffff", tuple(PenPass("any", pen, lines) for pen in pens), "two lines")
    (tmp_path / "two.svg").write_text(to_svg(drawing))
    return str(tmp_path / "two.svg")


def test_a_dry_run_says_what_would_be_drawn(svg: str, capsys: Capture) -> None:
    assert cli.run(["plot", svg, "-m", MACHINE, "--dry-run", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert [(row["pen"], row["colour"], row["strokes"]) for row in record["passes"]] == [
        ("black 0.5", "#101418", 2),
        ("red 1.2", "#d02030", 2),
    ]
    assert record["bounds_mm"][2:] == [70.0, 70.0]


def test_only_some_pens(svg: str, capsys: Capture) -> None:
    assert cli.run(["plot", svg, "-m", MACHINE, "--dry-run", "--only-pen", "2"]) == 0
    printed = capsys.readouterr().out
    assert "red 1.2" in printed
    assert "black" not in printed


def test_it_plots_and_is_then_done(svg: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("\n\n"))
    assert cli.run(["plot", svg, "-m", MACHINE, "--port", "sim:fast"]) == 0
    assert "done: the pen is up and parked; 4 of 4 strokes" in capsys.readouterr().err
    assert cli.run(["plot", svg, "-m", MACHINE, "--port", "sim:fast", "--resume"]) == 1
    assert capsys.readouterr().err == f"render: {svg}.journal: that plot is finished; there is nothing to resume\n"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (
            ["FILE.gcode"],
            2,
            "render: FILE.gcode: G-code does not say for which machine it is; name it with --machine\n",
        ),
        (["SVG"], 2, "render: SVG: does not say which machine draws it; name it with --machine\n"),
        (["SVG", "-m", MACHINE, "--port", "/dev/ttyNOPE"], 3, "render: /dev/ttyNOPE: no such port; "),
        (["SVG", "-m", MACHINE, "--only-pen", "9", "--dry-run"], 1, "render: the job has passes 1 to 2, but not 9\n"),
        (["SVG", "-m", MACHINE], 2, "render: name the port with --port: "),
    ],
)
def test_what_is_missing_is_reported(svg: str, arguments: list[str], code: int, message: str, capsys: Capture) -> None:
    assert cli.run(["plot", *(svg if each == "SVG" else each for each in arguments)]) == code
    assert capsys.readouterr().err.startswith(message.replace("SVG", svg))

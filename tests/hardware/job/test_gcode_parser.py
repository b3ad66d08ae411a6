"""What may go on the wire, and what a line of G-code means: pass, stroke, place, pen."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import RELAY, ROUTER, SERVO
from simulated_plot import card

from hardware.gcode import gcode
from hardware.job import variants
from hardware.job.gcode_job import GcodeJob, JobError
from hardware.job.prepare import from_drawing, from_gcode, setup_of
from hardware.machine import Machine
from hardware.program import program
from hardware.wire import gcode_text

PRINTER = SERVO.model_copy(update={"name": "printer", "dialect": "marlin"})
MACHINES = pytest.mark.parametrize("machine", [SERVO, ROUTER, RELAY, PRINTER], ids=lambda machine: machine.name)


def read(text: str, tmp_path: Path, machine: Machine = SERVO) -> GcodeJob:
    path = tmp_path / "file.gcode"
    path.write_text(text, encoding="utf-8")
    return from_gcode(path, machine)


def refused(text: str, tmp_path: Path, machine: Machine = SERVO) -> str:
    with pytest.raises(JobError) as caught:
        read(text, tmp_path, machine)
    return str(caught.value).replace(str(tmp_path / "file.gcode"), "file.gcode")


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("G1 X1 (is it? yes!) Y2 ; ~ no", "G1 X1 Y2"),
        ("n20 g1x1.5y-.5*71", "G1 X1.5 Y-.5"),
        ("G1 X1\u00e9\x91\x18 Y2!", "G1 X1 Y2"),
        ("(only a comment)", ""),
        ("\tG0  X1\r", "G0 X1"),
    ],
)
def test_a_line_is_cleaned(text: str, clean: str) -> None:
    assert gcode_text.clean(text) == clean


@given(st.text())
def test_nothing_is_left_that_acts_by_accident(text: str) -> None:
    left = gcode_text.clean(text)
    assert left.isascii()
    assert left.isprintable()
    assert not set(left) & set("!?~;(")


@MACHINES
def test_a_drawing_is_read_as_what_it_is(machine: Machine) -> None:
    job = from_drawing(card(), machine, "card")
    assert [(part.name, part.strokes) for part in job.parts] == [("black 0.5", 6), ("Größe (rouge)! 1.2", 6)]
    assert [stop.is_pen for stop in job.stops] == [True, True]
    assert [stop.part for stop in job.stops] == [0, 1]
    assert job.strokes == 12
    assert not job.lines[-1].down
    lowered = [line.stroke for line in job.lines if line.is_lowering]
    assert sorted(set(lowered)) == list(range(12))
    assert job.bounds(drawn=True) is not None
    for line in job.lines:
        assert not (line.is_draw and line.is_travel)
        assert line.down or not line.is_draw


@MACHINES
def test_the_lines_are_those_of_the_file(machine: Machine) -> None:
    text = gcode(program(card(), machine), machine)
    wanted = [gcode_text.clean(line) for line in text.splitlines()]
    wanted = [line for line in wanted if line and line not in {"M0", "M2"} and not line.startswith(("M0 ", "M117"))]
    assert [line.text for line in from_drawing(card(), machine, "card").lines] == wanted


@MACHINES
def test_how_the_pen_is_lifted_is_found(machine: Machine) -> None:
    setup = setup_of(machine)
    assert setup.header[:2] == ("G21", "G90")
    assert {
        "gantry": ("M3 S600", "G4 P0.15"),
        "router": ("G1 Z3 F480",),
        "drawbot": ("M9", "G4 P0.1"),
        "printer": ("M400", "M280 P0 S600", "G4 P150"),
    }[machine.name] == setup.lift


FOREIGN = """%
(made elsewhere)
G20 G91
M3 S600
G4 P0.1
M6 T1 (first pen)
G0 X1 Y1
M3 S300
G1 X1 F40
Y0.5
M3 S600
M0 (turn the sheet)
G0 X-1
T2 M6
M3 S300
G1 Y1
M3 S600
M30
%
"""


def test_another_programs_file_is_read_too(tmp_path: Path) -> None:
    job = read(FOREIGN, tmp_path)
    texts = [line.text for line in job.lines]
    assert texts == [
        "M3 S600", "G4 P0.1", "G0 X25.4 Y25.4", "M3 S300", "G1 X50.8 F1016", "G1 Y38.1", "M3 S600", "G0 X25.4",
        "M3 S300", "G1 Y63.5", "M3 S600",
    ]  # fmt: skip
    assert [(part.name, part.strokes) for part in job.parts] == [("first pen", 1), ("tool 2", 1)]
    assert [(stop.is_pen, stop.text) for stop in job.stops] == [
        (True, "first pen"),
        (False, "turn the sheet"),
        (True, "tool 2"),
    ]


def test_the_file_that_we_write_asks_for_the_same_pens(tmp_path: Path) -> None:
    job = read(gcode(program(card(), SERVO), SERVO), tmp_path)
    assert [part.strokes for part in job.parts] == [6, 6]
    assert job.parts[0].name == "black 0.5"
    assert [stop.is_pen for stop in job.stops] == [True, True]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("M3 S600\nG92 X0\n", "file.gcode: line 2: 'G92 X0' contains G92, which moves the origin, so that the sender no"
         " longer knows where the sheet is"),
        ("$H\n", "file.gcode: line 1: '$H' is not G-code that can be sent"),
        ("M3 S600\nG1 X5\n", "file.gcode: line 2: 'G1 X5' draws before a feed (F) is set"),
        ("G5 X1\nM104 S200\n", "file.gcode: line 1: 'G5 X1' contains G5, which this controller does not know\n"
         "file.gcode: line 2: 'M104 S200' contains M104, which this controller does not know"),
        ("(nothing)\n", "file.gcode: there is no G-code in this file"),
    ],
)  # fmt: skip
def test_what_cannot_be_sent_is_refused_before_anything_moves(text: str, message: str, tmp_path: Path) -> None:
    assert refused(text, tmp_path) == message


def test_a_file_for_another_pen_lift_is_refused(tmp_path: Path) -> None:
    text = "M3 S30\nG0 X1\nM3 S90\nG1 X5 F100\nM3 S30\n"
    assert refused(text, tmp_path) == (
        "file.gcode: this G-code never raises the pen the way 'gantry' does (M3 S600; G4 P0.15); it is for another"
        " machine, or pen_lift in the machine file is wrong"
    )


def test_a_controller_that_runs_files_by_itself_is_no_port(tmp_path: Path) -> None:
    machine = SERVO.model_copy(update={"dialect": "linuxcnc"})
    assert refused("G21\n", tmp_path, machine) == (
        "file.gcode: a linuxcnc controller runs files by itself: copy the G-code to it instead of plotting"
    )


@MACHINES
def test_in_the_air_nothing_is_lowered(machine: Machine) -> None:
    job = from_drawing(card(), machine, "card")
    air = variants.in_the_air(job)
    assert not any(line.down or line.is_lowering or line.is_draw for line in air.lines[8:])
    assert len(air.stops) == 2
    moves = [line.text for line in job.lines if line.is_draw or line.is_travel]
    assert [line.text for line in air.lines if line.is_travel] == moves


def test_the_outline_goes_once_round() -> None:
    job = variants.outlined(from_drawing(card(), SERVO, "card"))
    assert [line.text for line in job.lines] == [
        "G0 X20.000 Y25.000", "G0 X90.000 Y25.000", "G0 X90.000 Y73.000", "G0 X20.000 Y73.000", "G0 X20.000 Y25.000",
        "G0 X0.000 Y0.000",
    ]  # fmt: skip


@pytest.mark.parametrize("wanted", [{1}, {2}, {1, 2}])
def test_some_passes_only(wanted: set[int]) -> None:
    whole = from_drawing(card(), SERVO, "card")
    some = variants.only_parts(whole, wanted)
    assert some.strokes == 6 * len(wanted)
    assert len(some.stops) == len(wanted)
    assert {line.stroke for line in some.lines if line.is_lowering} == set(range(6 * len(wanted)))
    assert [line.text for line in some.lines if line.is_draw] == [
        line.text for line in whole.lines if line.is_draw and line.part + 1 in wanted
    ]


def test_a_pass_that_is_not_there_is_reported() -> None:
    with pytest.raises(JobError, match="the job has passes 1 to 2, but not 7"):
        variants.only_parts(from_drawing(card(), SERVO, "card"), {7})


@MACHINES
def test_the_seconds_of_the_lines_are_those_of_the_estimate(machine: Machine) -> None:
    from hardware.estimate import estimate

    job = from_drawing(card(), machine, "card")
    assert job.seconds == pytest.approx(estimate(program(card(), machine), machine).seconds, rel=0.03)

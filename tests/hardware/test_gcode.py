import re
from collections.abc import Callable
from typing import get_args

import numpy as np
import pytest
from gcode_reader import Plot
from hypothesis import given, settings
from hypothesis import strategies as st
from redraw import reader_of
from samples import BLACK, RED, ROUTER, SERVO, curve, line, passes, sheet, two_pens

from hardware.arcs import simplify
from hardware.dialect import Dialect, DialectName
from hardware.drawing import Drawing, Line, PenPass, is_dot
from hardware.gcode import files, gcode, lines_by_step, per_tool, prompt
from hardware.machine import Machine
from hardware.pen_lift import RelayLift, ServoLift, ZLift
from hardware.program import ChangePen, program

Golden = Callable[[str, str], None]
MACHINES = pytest.mark.parametrize("machine", [SERVO, ROUTER], ids=lambda machine: machine.name)
LIFTS = {
    "servo": ServoLift(kind="servo", up=60, down=30, settle_s=0.15),
    "ramp": ServoLift(kind="servo", up=60, down=30, settle_s=0.1, ramp_s=0.2),
    "z": ZLift(kind="z", up_mm=3, down_mm=-0.5, feed_mm_min=480),
    "relay": RelayLift(kind="relay"),
    "solenoid": RelayLift(kind="relay", drops_when="unpowered"),
}


def read(text: str, machine: Machine) -> Plot:
    return reader_of(machine).read(text)


def expected(drawing: Drawing, machine: Machine) -> list[Line]:
    """The drawing's lines as the machine should draw them, computed apart from the writer."""
    lines = [each for p in drawing.passes for each in p.lines]
    lines = [np.mean(each, axis=0, keepdims=True) if is_dot(each) else simplify(each, 0.049) for each in lines]
    return [each * (1, -1) + (machine.origin_mm[0], machine.origin_mm[1] + drawing.height_mm) for each in lines]


def same(drawn: list[list[tuple[float, float]]], wanted: list[Line]) -> bool:
    """Equal but for rounding, where a move of no length is left out."""
    for a, b in zip(drawn, wanted, strict=True):
        kept = [p for at, p in enumerate(np.round(b, 3).tolist()) if at == 0 or p != np.round(b[at - 1], 3).tolist()]
        if len(a) != len(kept) or not np.allclose(a, kept, atol=0.0011):
            return False
    return True


@MACHINES
def test_the_program_of_two_pens_is_as_it_was(machine: Machine, golden: Golden) -> None:
    for name, text in files(two_pens(), machine).items():
        golden(f"{machine.name}/{name}", text)


@pytest.mark.xfail(reason="proves that the comparison with a golden file can fail", raises=AssertionError)
def test_a_changed_number_is_noticed(golden: Golden, request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-golden"):
        pytest.skip("must not be written")
    golden("gantry/drawing.gcode", files(two_pens(), SERVO)["drawing.gcode"].replace("X15", "X16"))


@MACHINES
@settings(deadline=None)
@given(st.lists(st.sampled_from([BLACK, RED]).flatmap(lambda pen: passes(pen, most=8)), max_size=4))
def test_a_reader_redraws_all_lines_from_the_gcode(machine: Machine, several: list[PenPass]) -> None:
    drawing = sheet(*several)
    plot = read(files(drawing, machine)["drawing.gcode"], machine)
    assert same(plot.lines, expected(drawing, machine))
    assert plot.end == machine.park_mm
    assert all(place == machine.park_mm for _, place in plot.pauses)


@MACHINES
def test_the_file_of_each_tool_is_complete_and_draws_its_pass_alone(machine: Machine) -> None:
    drawing = two_pens()
    texts = files(drawing, machine)
    assert list(texts) == ["drawing.gcode", "01-black.gcode", "02-groe-rouge.gcode"]
    for pen_pass, text in zip(drawing.passes, list(texts.values())[1:], strict=True):
        plot = read(text, machine)
        assert plot.pauses == []
        assert same(plot.lines, expected(sheet(pen_pass), machine))
        assert plot.feeds == {pen_pass.pen.feed_mm_min or 1800}


def test_the_one_file_pauses_for_each_pen_and_says_which() -> None:
    plot = read(files(two_pens(), SERVO)["drawing.gcode"], SERVO)
    assert plot.pauses == [("MSG, insert pen 1: black 0.5", (0, 0)), ("MSG, insert pen 2: Groe rouge 1.2", (0, 0))]


def test_there_is_no_pause_for_a_pen_that_stays_in() -> None:
    drawing = sheet(PenPass("a", BLACK, (line((1, 1)),)), PenPass("b", BLACK, (line((2, 2)),)))
    texts = files(drawing, SERVO)
    assert len(read(texts["drawing.gcode"], SERVO).pauses) == 1
    assert "(pen 2: black 0.5 stays in)" in texts["drawing.gcode"]
    assert "(MSG, insert pen 2: black 0.5)" in texts["02-black.gcode"]


def test_dots_rest_for_as_long_as_pen_or_machine_say() -> None:
    drawing = sheet(PenPass("a", BLACK, (line((1, 1)),)), PenPass("b", RED, (line((2, 2)),)))
    assert read(files(drawing, SERVO)["drawing.gcode"], SERVO).dwells == pytest.approx([0.15 + 0.1, 0.15 + 0.3])
    assert read(files(drawing, ROUTER)["drawing.gcode"], ROUTER).dwells == pytest.approx([0.1, 0.3])


def test_a_servo_without_settling_time_is_not_waited_for() -> None:
    quick = SERVO.model_copy(update={"pen_lift": ServoLift(kind="servo", up=1, down=2, settle_s=0)})
    assert "G4" not in files(sheet(PenPass("a", BLACK, (line((1, 1), (2, 2)),))), quick)["drawing.gcode"]


@pytest.mark.parametrize("empty", [sheet(), sheet(PenPass("none", BLACK, ()))])
def test_a_drawing_without_lines_lifts_parks_and_ends(empty: Drawing) -> None:
    assert files(empty, SERVO) == {
        "drawing.gcode": "G21\nG90\nG94\nG17\nM3 S600\nG4 P0.15\nG0 X0 Y0\nM2\n",
    }


@given(st.floats(0, 60), st.floats(0, 40))
def test_numbers_have_three_decimals_at_most_and_no_exponent(x: float, y: float) -> None:
    text = files(sheet(PenPass("a", BLACK, (line((x, y)),))), SERVO)["drawing.gcode"]
    words = re.sub(r"\(.*\)", "", text).split()
    assert all(re.fullmatch(r"[A-Z]-?\d+(\.\d{1,3})?", word) for word in words)


@given(st.text(min_size=1, max_size=60), st.text(max_size=200))
def test_no_name_of_a_pen_or_layer_can_break_the_program(name: str, layer: str) -> None:
    pen = BLACK.model_copy(update={"name": name})
    drawing = sheet(PenPass(layer, pen, (line((1, 1)),)))
    assert len(read(files(drawing, SERVO)["drawing.gcode"], SERVO).pauses) == 1


def test_each_tool_has_its_steps_between_two_parkings() -> None:
    steps = program(two_pens(), SERVO)
    tools = per_tool(steps)
    assert [change.number for change, _ in tools] == [1, 2]
    for change, part in tools:
        assert [step for step in part if isinstance(step, ChangePen)] == [change]
        assert (part[0], part[-2:]) == (steps[0], steps[-2:])


def test_equal_drawings_give_equal_bytes() -> None:
    assert gcode(program(two_pens(), SERVO), SERVO) == gcode(program(two_pens(), SERVO), SERVO)


# Dialects


@pytest.mark.parametrize("arcs", [False, True], ids=["lines", "arcs"])
@pytest.mark.parametrize("lift", LIFTS)
@pytest.mark.parametrize("dialect", get_args(DialectName))
@settings(deadline=None, max_examples=10)
@given(st.lists(st.sampled_from([BLACK, RED]).flatmap(lambda pen: passes(pen, most=6)), max_size=3))
def test_every_dialect_draws_every_line_with_every_pen_lift(
    dialect: DialectName, lift: str, arcs: bool, several: list[PenPass]
) -> None:
    machine = SERVO.model_copy(update={"dialect": dialect, "pen_lift": LIFTS[lift], "arcs": arcs})
    drawing = sheet(*several, PenPass("curve", BLACK, (curve(),)))
    reader = reader_of(machine)
    plot = reader.read(files(drawing, machine)["drawing.gcode"])
    assert same(plot.lines, expected(drawing, machine)) or arcs
    assert len(plot.lines) == sum(len(p.lines) for p in drawing.passes)
    assert all(place == machine.park_mm for _, place in plot.pauses) and plot.end == machine.park_mm
    assert plot.feeds <= {1800, 900}
    if dialect in ("marlin", "klipper"):  # whose travel goes at the last F
        assert reader.travel_feeds == {6000}


@pytest.mark.parametrize("dialect", get_args(DialectName))
def test_the_program_of_each_dialect_is_as_it_was(dialect: DialectName, golden: Golden) -> None:
    lift = LIFTS["z"] if dialect == "linuxcnc" else LIFTS["ramp"]
    machine = SERVO.model_copy(update={"dialect": dialect, "pen_lift": lift, "arcs": dialect == "linuxcnc"})
    golden(f"dialects/{dialect}.gcode", files(two_pens(), machine)["drawing.gcode"])


def test_an_own_dialect_says_only_what_differs() -> None:
    own = Dialect(base="marlin", pause=("@pause",), message="", comment="", servo=("M280 P1 S{value}",))
    machine = SERVO.model_copy(update={"dialect": own})
    text = files(sheet(PenPass("a", BLACK, (line((1, 1), (2, 2)),))), machine)["drawing.gcode"]
    assert text.splitlines() == [
        *("G21", "G90", "M280 P1 S600", "G4 P150", "G0 X0 Y0 F6000", "@pause", "G0 X11 Y44", "M280 P1 S300", "G4 P150"),
        *("G1 X12 Y43 F1800", "M280 P1 S600", "G4 P150", "G0 X0 Y0 F6000", "M400"),
    ]


def test_marlin_shows_the_pen_at_the_pause_too() -> None:
    machine = SERVO.model_copy(update={"dialect": "marlin"})
    text = files(two_pens(), machine)["drawing.gcode"]
    assert "M117 insert pen 1: black 0.5\nM0 insert pen 1: black 0.5\n" in text


def test_linuxcnc_rounds_corners_by_no_more_than_the_tolerance() -> None:
    machine = ROUTER.model_copy(update={"dialect": "linuxcnc", "tolerance_mm": 0.02})
    assert "\nG64 P0.02\n" in files(two_pens(), machine)["drawing.gcode"]


def test_a_ramp_lowers_the_pen_step_by_step() -> None:
    machine = SERVO.model_copy(update={"pen_lift": LIFTS["ramp"]})
    text = files(sheet(PenPass("a", BLACK, (line((1, 1)),))), machine)["drawing.gcode"]
    steps = "M3 S52.5\nG4 P0.05\nM3 S45\nG4 P0.05\nM3 S37.5\nG4 P0.05\nM3 S30\nG4 P0.05\nG4 P0.2\nM3 S60\n"
    assert steps in text


# Pens with settings of their own


def test_each_pen_is_held_at_its_own_height_and_fed_at_its_own_speed() -> None:
    thick = RED.model_copy(update={"down": 320.0, "up": 640.0})
    drawing = sheet(PenPass("a", BLACK, (line((1, 1), (9, 9)),)), PenPass("b", thick, (line((2, 2), (8, 2)),)))
    text = files(drawing, SERVO)["drawing.gcode"]
    plot = reader_of(SERVO, thick).read(text)
    assert plot.feeds == {1800, 900}
    after = text.split("(MSG, insert pen 2: Groe rouge 1.2)\nM0\n")[1]
    assert after.startswith("M3 S640\nG4 P0.15\nG0 X12 Y43\nM3 S320\nG4 P0.15\nG1 X18 Y43 F900\nM3 S640\n")


def test_a_pen_whose_tip_sits_elsewhere_is_moved_so_that_its_tip_is_right() -> None:
    left = BLACK.model_copy(update={"offset_mm": (-2.0, 1.5)})
    plot = read(files(sheet(PenPass("a", left, (line((10, 10), (20, 10)),))), SERVO)["drawing.gcode"], SERVO)
    assert plot.lines == [[(22, 33.5), (32, 33.5)]]


def test_a_pen_that_runs_dry_is_refilled_before_it_does() -> None:
    short = BLACK.model_copy(update={"max_draw_m": 0.025})
    lines = tuple(line((0, y), (10, y)) for y in range(1, 6))
    for name, text in files(sheet(PenPass("a", short, lines)), SERVO).items():
        plot = read(text, SERVO)
        assert [message for message, _ in plot.pauses if "refill" in message] == [
            "MSG, refill pen 1: black 0.5, it has drawn 0.0 m"
        ] * 2, name
        assert len(plot.lines) == 5 and all(place == SERVO.park_mm for _, place in plot.pauses)


# For those who send lines themselves


def test_blocks_are_the_lines_of_each_step_and_without_pauses_none_stops_the_controller() -> None:
    steps = program(two_pens(), SERVO)
    parts = list(lines_by_step(steps, SERVO))
    assert [part.step for part in parts] == [None, *steps]
    assert "".join(f"{row}\n" for part in parts for row in part.lines) == gcode(steps, SERVO)
    streamed = [row for part in lines_by_step(steps, SERVO, pauses=False) for row in part.lines]
    assert "M0" not in streamed and len(streamed) == len(gcode(steps, SERVO).splitlines()) - 2
    assert [text for step in steps if (text := prompt(step))] == [
        "insert pen 1: black 0.5",
        "insert pen 2: Größe (rouge)! 1.2",
    ]

import re
from collections.abc import Callable

import numpy as np
import pytest
from gcode_reader import Plot, Reader
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import BLACK, RED, ROUTER, SERVO, line, passes, sheet, two_pens

from hardware.arcs import simplify
from hardware.drawing import Drawing, Line, PenPass, is_dot
from hardware.gcode import files, gcode, per_tool
from hardware.machine import Machine, ServoLift, ZLift
from hardware.program import ChangePen, program

Golden = Callable[[str, str], None]
MACHINES = pytest.mark.parametrize("machine", [SERVO, ROUTER], ids=lambda machine: machine.name)


def read(text: str, machine: Machine) -> Plot:
    match machine.pen_lift:
        case ServoLift(down=down):
            reader = Reader(machine.width_mm, machine.height_mm, down_s=down)
        case ZLift(down_mm=down):
            reader = Reader(machine.width_mm, machine.height_mm, down_z=down)
    return reader.read(text)


def expected(drawing: Drawing, machine: Machine) -> list[Line]:
    """The drawing's lines as the machine should draw them, reckoned apart from the writer."""
    lines = [each for p in drawing.passes for each in p.lines]
    lines = [np.mean(each, axis=0, keepdims=True) if is_dot(each) else simplify(each, 0.05) for each in lines]
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

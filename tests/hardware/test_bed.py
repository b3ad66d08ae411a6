"""Where a bed lies: machines that work at negative coordinates, and homes in any corner."""

from pathlib import Path

import numpy as np
import pytest
from redraw import redrawn
from samples import BLACK, SERVO, sheet
from simulated_plot import SimulatedPlot, all_drawn_once

from hardware.drawing import Drawing, Line, PenPass
from hardware.gcode import files
from hardware.job.prepare import from_drawing, from_gcode
from hardware.machine import Machine, MachineError, load_machine
from hardware.picture import plan_svg
from hardware.plotting import preflight
from hardware.program import ProgramError, program
from hardware.sheet_placement import check_sheet
from hardware.svg_intake import with_sheet_placed
from hardware.wire.link import Greeting

# As GRBL works without any setting of its origin: it homes to the top right, and all coordinates are negative
NEGATIVE = """\
name: neg
width_mm: 440
height_mm: 320
origin_mm: [-430, -310]
park_mm: [-440, -320]
accel_mm_s2: [600, 600]
pen_lift: {kind: servo, up: 650, down: 400}
"""
CORNERS = {"bottom left": (0.0, 0.0), "bottom right": (-120.0, 0.0), "top left": (0.0, -100.0)} | {
    "top right": (-120.0, -100.0),
    "none: 0, 0 lies within": (-50.0, -40.0),
}


def letter_f() -> tuple[Line, ...]:
    """A letter F, which no turn and no mirror maps to itself. y down."""
    return tuple(np.array(part, dtype=np.float64) for part in ([(8, 34), (8, 6), (30, 6)], [(8, 18), (24, 18)]))


def drawing() -> Drawing:
    return sheet(PenPass("f", BLACK, letter_f()))


def machine_at(bed_min_mm: tuple[float, float], **more: object) -> Machine:
    """SERVO with its bed here, the sheet 10 and 5 mm from its corner, parked in the corner."""
    left, bottom = bed_min_mm
    own = {"bed_min_mm": bed_min_mm, "origin_mm": (left + 10, bottom + 5), "park_mm": bed_min_mm}
    return Machine.model_validate(SERVO.model_dump() | own | more)


def loaded(tmp_path: Path, text: str) -> Machine:
    (tmp_path / "m.yaml").write_text(text, encoding="utf-8")
    return load_machine(tmp_path / "m.yaml")


def test_a_bed_ends_at_0_on_an_axis_where_a_point_is_negative(tmp_path: Path) -> None:
    assert loaded(tmp_path, NEGATIVE).bed_mm == (-440, -320, 0, 0)
    only_y = NEGATIVE.replace("[-430, -310]", "[10, -310]").replace("[-440, -320]", "[0, 0]")
    assert loaded(tmp_path, only_y).bed_mm == (0, -320, 440, 0)


def test_a_bed_lies_where_the_file_says(tmp_path: Path) -> None:
    said = NEGATIVE + "bed_min_mm: [-445, -330]\n"
    assert loaded(tmp_path, said).bed_mm == (-445, -330, -5, -10)
    with pytest.raises(MachineError, match=r"origin_mm \[-430, -310\] is off the bed, which is 440 x 320 mm; bed_min"):
        loaded(tmp_path, NEGATIVE + "bed_min_mm: [0, 0]\n")


def test_a_bed_stays_where_it_is_when_the_sheet_is_placed_in_its_centre(tmp_path: Path) -> None:
    only_origin = NEGATIVE.replace("park_mm: [-440, -320]\n", "")
    machine = with_sheet_placed(loaded(tmp_path, only_origin), None, True)
    assert machine.bed_mm == (-440, -320, 0, 0)
    job = from_drawing(drawing(), machine, "f")
    assert job.setup.sheet_mm == (-250, -180, -190, -140)


@pytest.mark.parametrize("bed_min_mm", CORNERS.values(), ids=CORNERS)
@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_the_drawing_is_upright_on_the_sheet_for_each_corner(bed_min_mm: tuple[float, float], rotate: int) -> None:
    """The G-code is read by a controller of the tests, which checks each move against the bed."""
    machine = machine_at(bed_min_mm, rotate=rotate)
    again, _ = redrawn(files(drawing(), machine)["drawing.gcode"], drawing(), machine)
    for found, wanted in zip(again.passes[0].lines, letter_f(), strict=True):
        assert found == pytest.approx(wanted, abs=1e-3)


@pytest.mark.parametrize("bed_min_mm", CORNERS.values(), ids=CORNERS)
def test_a_larger_coordinate_is_further_right_and_further_up_for_each_corner(bed_min_mm: tuple[float, float]) -> None:
    job = from_drawing(drawing(), machine_at(bed_min_mm), "f")
    stem_end, foot = (next((line.x_mm, line.y_mm) for line in job.lines if getattr(line, which)) for which in (
        "is_draw", "is_lowering"))  # fmt: skip
    assert (stem_end[0] - foot[0], stem_end[1] - foot[1]) == pytest.approx((0, 28)), "the stem goes up from its foot"


@pytest.mark.parametrize("bed_min_mm", CORNERS.values(), ids=CORNERS)
def test_a_plot_draws_each_stroke_once_for_each_corner(bed_min_mm: tuple[float, float]) -> None:
    plot = SimulatedPlot(machine_at(bed_min_mm), drawing())
    assert plot.run().outcome == "done"
    assert all_drawn_once(plot)
    end = plot.bench.controller.machine.bed(plot.bench.now())
    assert end[:2] == pytest.approx(bed_min_mm, abs=0.01), "it is parked"


def test_a_machine_that_homes_to_the_top_right_draws_in_its_negative_space() -> None:
    """Homing is on, and so are soft limits: GRBL itself refuses each move outside -120..0 and -100..0."""
    machine = machine_at((-120.0, -100.0), park_mm=(-1.0, -1.0))
    plot = SimulatedPlot(machine, drawing(), settings={20: 1, 22: 1}, answers={"origin": ["home"]})
    assert plot.run().outcome == "done"
    moved = [(x - 120, y - 100) for stroke in plot.drawn() for x, y in stroke]  # the trace counts from the bed's corner
    wanted = [point for stroke in plot.wanted() for point in stroke]
    assert len(plot.drawn()) == 2
    assert np.min(moved, axis=0) == pytest.approx(np.min(wanted, axis=0), abs=0.05)
    assert np.max(moved, axis=0) == pytest.approx(np.max(wanted, axis=0), abs=0.05)


def test_a_sheet_and_a_line_beyond_a_negative_bed_are_refused(tmp_path: Path) -> None:
    machine = loaded(tmp_path, NEGATIVE)
    assert check_sheet(420, 297, machine) == []
    assert check_sheet(431, 297, machine) == [
        "the sheet is 431 mm wide, but from origin_mm the bed of 'neg' has only 430 mm;"
        " use smaller paper, rotate the sheet, or move origin_mm"
    ]
    far = Drawing(450, 300, "#ffffff", (PenPass("a", BLACK, (np.array([[1.0, 1.0], [440.0, 1.0]]),)),))
    with pytest.raises(ProgramError) as fault:
        program(far, machine)
    assert str(fault.value) == (
        "pen 1 (black 0.5): a line reaches x = 10.0 mm, but the bed of 'neg' ends at 0 mm;"
        " use smaller paper or move origin_mm; if its bed lies elsewhere, correct bed_min_mm or width_mm"
    )


def test_gcode_that_leaves_a_negative_bed_is_refused_before_anything_moves(tmp_path: Path) -> None:
    machine = loaded(tmp_path, NEGATIVE)
    text = "G21\nG90\nM3 S650\nG0 X{x} Y-10\nM3 S400\nG1 X-20 Y-20 F900\nM3 S650\n"
    for x, faults in ((-30, 0), (5, 1)):
        (tmp_path / "a.gcode").write_text(text.format(x=x), encoding="utf-8")
        found, _ = preflight.check(from_gcode(tmp_path / "a.gcode", machine), Greeting("Grbl 1.1h", False))
        assert len(found) == faults
    assert found == [
        "line 4: G0 X5 Y-10 goes to x = 5 mm, but the bed of 'neg' reaches from -440 to 0 mm;"
        " if that is wrong, correct bed_min_mm or width_mm"
    ]


def test_the_plan_picture_shows_the_coordinates_of_the_machine(tmp_path: Path) -> None:
    machine = loaded(tmp_path, NEGATIVE)
    text = plan_svg(drawing(), program(drawing(), machine), machine)
    assert '<g transform="translate(440 0) scale(1 -1)" fill="none">' in text
    labels = [f">{mm}</text>" for mm in (-400, -50, 0, -300)]
    assert all(label in text for label in labels) and ">50</text>" not in text
    assert '<rect x="-430" y="-310"' in text  # the sheet


def test_a_machine_whose_bed_begins_at_0_is_the_same_value_as_before_there_was_the_field(tmp_path: Path) -> None:
    dumped = SERVO.model_dump(mode="json")
    assert "bed_min_mm" not in dumped
    assert Machine.model_validate(dumped) == SERVO
    negative = loaded(tmp_path, NEGATIVE)
    assert Machine.model_validate(negative.model_dump(mode="json")) == negative


@pytest.mark.parametrize(
    ("bed_min_mm", "text"),
    [
        ((0.0, 0.0), "its bottom left corner"),
        ((-120.0, -100.0), "its top right corner"),
        ((0.0, -100.0), "its top left corner"),
        ((-120.0, 0.0), "its bottom right corner"),
        ((0.0, -40.0), "0 mm to the right of its left edge and 40 mm above its bottom edge"),
    ],
)
def test_a_person_is_asked_to_move_the_pen_to_where_the_machine_is_at_0(
    bed_min_mm: tuple[float, float], text: str
) -> None:
    plot = SimulatedPlot(machine_at(bed_min_mm), drawing(), answers={"origin": ["here"]})
    plot.bench.resets_on_open = True
    assert plot.run().outcome == "done"
    assert f"the origin of the bed, {text}, from which origin_mm counts." in plot.prompts[0].text
    assert all_drawn_once(plot)

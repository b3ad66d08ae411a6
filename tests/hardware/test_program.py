import numpy as np
import pytest
from samples import BLACK, RED, ROUTER, SERVO, curve, line, sheet, two_pens

from hardware.drawing import Drawing, PenPass
from hardware.machine import check_sheet
from hardware.program import (
    ChangePen,
    Dot,
    DrawTo,
    End,
    Lift,
    Lower,
    Park,
    ProgramError,
    Travel,
    park_on_sheet,
    program,
)


def message(drawing: Drawing) -> str:
    with pytest.raises(ProgramError) as fault:
        program(drawing, SERVO)
    return str(fault.value)


def test_a_line_and_a_dot_become_steps_on_the_bed_with_y_up() -> None:
    drawing = sheet(PenPass("a", BLACK, (line((1, 2), (5, 2)), line((60, 40)))))
    assert program(drawing, SERVO) == (
        Park(0, 0),
        ChangePen(1, BLACK, "a", strokes=2, drawn_mm=4, feed_mm_min=1800, insert=True, up=600, down=300),
        Travel(11, 43),
        Lower(),
        DrawTo(15, 43),
        Lift(),
        Travel(70, 5),
        Dot(dwell_s=0.1),
        Park(0, 0),
        End(),
    )


def test_a_pen_brings_its_own_feed_and_dwell() -> None:
    steps = program(sheet(PenPass("a", RED, (line((1, 1)),))), SERVO)
    assert steps[1] == ChangePen(1, RED, "a", 1, 0, feed_mm_min=900, up=600, down=300)
    assert Dot(dwell_s=0.3) in steps


def test_the_pen_is_up_and_parked_at_every_change() -> None:
    steps = program(two_pens(), ROUTER)
    for at, step in enumerate(steps):
        if isinstance(step, ChangePen | End):
            assert steps[at - 1] == Park(1, 2)
            assert at == 1 or isinstance(steps[at - 2], Lift | Dot)


def test_a_pen_that_is_in_already_is_not_asked_for_again() -> None:
    lines = (line((1, 1)),)
    drawing = sheet(*(PenPass("a", pen, lines) for pen in (BLACK, BLACK, RED, BLACK)))
    changes = [step for step in program(drawing, SERVO) if isinstance(step, ChangePen)]
    assert [(c.number, c.insert) for c in changes] == [(1, True), (2, False), (3, True), (4, True)]


def test_a_pass_without_lines_takes_no_steps_but_keeps_its_number() -> None:
    drawing = sheet(PenPass("none", RED, ()), PenPass("a", BLACK, (line((1, 1)),)))
    changes = [step for step in program(drawing, SERVO) if isinstance(step, ChangePen)]
    assert [c.number for c in changes] == [2]


def test_a_drawing_without_passes_only_parks() -> None:
    assert program(sheet(), SERVO) == (Park(0, 0), End())


def test_curves_become_few_moves_within_the_machines_tolerance() -> None:
    drawing = sheet(PenPass("a", BLACK, (curve(points=400),)))
    fine, coarse = (
        sum(isinstance(step, DrawTo) for step in program(drawing, SERVO.model_copy(update={"tolerance_mm": t})))
        for t in (0.005, 0.2)
    )
    assert coarse < fine < 100


def test_a_line_too_small_to_move_is_a_dot() -> None:
    steps = program(sheet(PenPass("a", BLACK, (line((5, 5), (5.01, 5), (5, 5.005)),))), SERVO)
    assert sum(isinstance(step, Dot) for step in steps) == 1 and not any(isinstance(step, Lower) for step in steps)


def test_a_dot_at_the_corner_of_the_bed_is_drawn_and_one_beyond_is_not() -> None:
    wide = {"width_mm": 110, "height_mm": 95}
    assert Travel(120, 100) in program(sheet(PenPass("a", BLACK, (line((110, 0)),)), **wide), SERVO)
    assert message(sheet(PenPass("a", BLACK, (line((110.1, 0)),)), **wide)) == (
        "pen 1 (black 0.5): a line reaches x = 120.1 mm, the bed of 'gantry' ends at 120 mm;"
        " use smaller paper or move origin_mm"
    )


def test_everything_that_leaves_the_bed_is_said_at_once() -> None:
    far = PenPass("far", RED, (line((0, 0), (200, 0)), line((0, 90), (-50, -113))))
    where = "pen 2 (Größe (rouge)! 1.2): a line reaches"
    cure = "use smaller paper or move origin_mm"
    assert message(sheet(PenPass("ok", BLACK, (line((1, 1)),)), far, height_mm=90)).splitlines() == [
        f"{where} x = -40.0 mm, the bed of 'gantry' begins at 0 mm; {cure}",
        f"{where} x = 210.0 mm, the bed of 'gantry' ends at 120 mm; {cure}",
        f"{where} y = 208.0 mm, the bed of 'gantry' ends at 100 mm; {cure}",
    ]


def test_a_line_that_leaves_the_sheet_would_mark_the_bed() -> None:
    assert message(sheet(PenPass("a", BLACK, (line((1, 1), (61, 1)),)))) == (
        "pen 1 (black 0.5): a line reaches x = 61.0 mm, the sheet ends at 60 mm;"
        " cut the drawing at the sheet's edge or use larger paper"
    )


def test_coordinates_that_are_no_numbers_are_refused() -> None:
    bad = sheet(PenPass("a", BLACK, (line((1, np.nan)),)))
    assert message(bad) == "pen 1 (black 0.5): a line has a coordinate that is not a number"


@pytest.mark.parametrize("own", [{"colours": ("#ff0000",)}, {"widths_mm": (0.7,)}])
def test_free_colours_are_refused_with_the_reason(own: dict[str, tuple[str, ...]]) -> None:
    assert message(sheet(PenPass("a", BLACK, (line((1, 1)),), **own))) == (
        "pen 1 (black 0.5): its lines have colours or widths of their own (free colours), which no pen can draw;"
        " name the pens in the spec"
    )


def test_a_sheet_larger_than_the_bed_is_named_side_by_side() -> None:
    assert check_sheet(110, 95, SERVO) == []
    assert check_sheet(148, 95.5, SERVO) == [
        "the sheet is 148 mm wide, but the bed of 'gantry' has 110 mm from origin_mm on;"
        " use smaller paper, turn it, or move origin_mm",
        "the sheet is 95.5 mm high, but the bed of 'gantry' has 95 mm from origin_mm on;"
        " use smaller paper, turn it, or move origin_mm",
    ]


def test_the_park_position_as_the_drawing_sees_it() -> None:
    assert park_on_sheet(60, 40, ROUTER) == (-9, 43)

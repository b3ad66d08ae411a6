import numpy as np
import pytest
from samples import BLACK, RED, ROUTER, SERVO, curve, line, sheet, two_pens

from hardware.drawing import Drawing, PenPass
from hardware.machine import Machine
from hardware.pen_lift import PenLift, RelayLift
from hardware.program import (
    ArcTo,
    ChangePen,
    Dot,
    DrawTo,
    End,
    Lift,
    Lower,
    Park,
    ProgramError,
    Refill,
    Travel,
    park_on_sheet,
    program,
)
from hardware.sheet_placement import check_sheet, sheet_placement


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
        "pen 1 (black 0.5): a line reaches x = 120.1 mm, but the bed of 'gantry' ends at 120 mm;"
        " use smaller paper or move origin_mm; if its bed lies elsewhere, correct bed_min_mm or width_mm"
    )


def test_everything_that_leaves_the_bed_is_said_at_once() -> None:
    far = PenPass("far", RED, (line((0, 0), (200, 0)), line((0, 90), (-50, -113))))
    where = "pen 2 (Größe (rouge)! 1.2): a line reaches"
    cure = "use smaller paper or move origin_mm; if its bed lies elsewhere, correct bed_min_mm or"
    assert message(sheet(PenPass("ok", BLACK, (line((1, 1)),)), far, height_mm=90)).splitlines() == [
        f"{where} x = -40.0 mm, but the bed of 'gantry' begins at 0 mm; {cure} width_mm",
        f"{where} x = 210.0 mm, but the bed of 'gantry' ends at 120 mm; {cure} width_mm",
        f"{where} y = 208.0 mm, but the bed of 'gantry' ends at 100 mm; {cure} height_mm",
    ]


def test_a_line_that_leaves_the_sheet_would_mark_the_bed() -> None:
    assert message(sheet(PenPass("a", BLACK, (line((1, 1), (61, 1)),)))) == (
        "pen 1 (black 0.5): a line reaches x = 61.0 mm, but the sheet ends at 60 mm;"
        " clip the drawing at the sheet's edge or use larger paper"
    )


def test_coordinates_that_are_no_numbers_are_refused() -> None:
    bad = sheet(PenPass("a", BLACK, (line((1, np.nan)),)))
    assert message(bad) == "pen 1 (black 0.5): a line has a coordinate that is not a finite number"


@pytest.mark.parametrize("own", [{"colours": ("#ff0000",)}, {"widths_mm": (0.7,)}])
def test_free_colours_are_refused_with_the_reason(own: dict[str, tuple[str, ...]]) -> None:
    assert message(sheet(PenPass("a", BLACK, (line((1, 1)),), **own))) == (
        "pen 1 (black 0.5): its lines have free colours or widths, which no pen can draw; name the pens in the spec"
    )


def test_a_sheet_larger_than_the_bed_is_named_side_by_side() -> None:
    assert check_sheet(110, 95, SERVO) == []
    assert check_sheet(148, 95.5, SERVO) == [
        "the sheet is 148 mm wide, but from origin_mm the bed of 'gantry' has only 110 mm;"
        " use smaller paper, rotate the sheet, or move origin_mm",
        "the sheet is 95.5 mm high, but from origin_mm the bed of 'gantry' has only 95 mm;"
        " use smaller paper, rotate the sheet, or move origin_mm",
    ]


def test_the_park_position_as_the_drawing_sees_it() -> None:
    assert park_on_sheet(60, 40, ROUTER) == (-9, 43)


def moved(**said: object) -> Machine:
    return Machine.model_validate({**SERVO.model_dump(), "origin_mm": (0, 0), **said})


@pytest.mark.parametrize(
    ("said", "corners"),
    [
        ({}, [(0, 40), (60, 40), (60, 0)]),
        ({"rotate": 90}, [(0, 0), (0, 60), (40, 60)]),
        ({"rotate": 180}, [(60, 0), (0, 0), (0, 40)]),
        ({"rotate": 270}, [(40, 60), (40, 0), (0, 0)]),
        ({"centre": True}, [(30, 70), (90, 70), (90, 30)]),
        ({"centre": True, "rotate": 90}, [(40, 20), (40, 80), (80, 80)]),
    ],
)
def test_a_sheet_may_be_turned_and_put_in_the_middle(said: dict[str, object], corners: list[tuple[int, int]]) -> None:
    machine = moved(**said)
    path = line((0, 0), (60, 0), (60, 40))
    steps = program(sheet(PenPass("a", BLACK, (path,))), machine)
    assert [(s.x_mm, s.y_mm) for s in steps if isinstance(s, Travel | DrawTo)] == corners
    x_mm, y_mm = park_on_sheet(60, 40, machine)
    assert sheet_placement(60, 40, machine).on_bed(x_mm, y_mm) == machine.park_mm


def test_a_sheet_that_fits_when_turned_is_said_so_by_no_fault() -> None:
    assert check_sheet(95, 110, SERVO.model_copy(update={"rotate": 90})) == []
    assert check_sheet(110, 95, SERVO.model_copy(update={"rotate": 90})) == [
        "the sheet is 110 mm high, but from origin_mm the bed of 'gantry' has only 95 mm;"
        " use smaller paper, rotate the sheet, or move origin_mm",
    ]


def test_what_lies_in_the_margin_is_refused_with_pen_coordinate_and_limit() -> None:
    machine = SERVO.model_copy(update={"margin_mm": 5.0})
    assert program(sheet(PenPass("a", BLACK, (line((5, 5), (55, 35)),))), machine)
    with pytest.raises(ProgramError) as fault:
        program(sheet(PenPass("a", BLACK, (line((4, 5), (55, 36)),))), machine)
    free = "the area inside the margin of 5 mm"
    assert str(fault.value).splitlines() == [
        f"pen 1 (black 0.5): a line reaches x = 4.0 mm, but {free} begins at 5 mm;"
        " clip the drawing there or make margin_mm smaller",
        f"pen 1 (black 0.5): a line reaches y = 36.0 mm, but {free} ends at 35 mm;"
        " clip the drawing there or make margin_mm smaller",
    ]


def test_an_offset_that_takes_the_machine_off_its_bed_is_refused() -> None:
    pen = BLACK.model_copy(update={"offset_mm": (12.0, 0.0)})
    assert message(sheet(PenPass("a", pen, (line((1, 1), (9, 9)),)))) == (
        "pen 1 (black 0.5): a line reaches x = -1.0 mm, but the bed of 'gantry' begins at 0 mm;"
        " move origin_mm or the pen's offset_mm; if its bed lies elsewhere, correct bed_min_mm or width_mm"
    )


@pytest.mark.parametrize(
    ("lift", "own", "what"),
    [
        (
            RelayLift(kind="relay"),
            {"down": 1.0},
            "it has heights, but the pen lift of 'gantry' is a relay; leave up and down out",
        ),
        (
            ROUTER.pen_lift,
            {"down": 3.0},
            "its up height, z = 3 mm, must be above its down height, z = 3 mm",
        ),
        (SERVO.pen_lift, {"up": -1.0}, "its up value is -1, but a servo takes values from 0 to 65535"),
    ],
)
def test_heights_that_a_lift_cannot_reach_are_refused(lift: PenLift, own: dict[str, float], what: str) -> None:
    pen = BLACK.model_copy(update=own)
    with pytest.raises(ProgramError) as fault:
        program(sheet(PenPass("a", pen, (line((1, 1)),))), SERVO.model_copy(update={"pen_lift": lift}))
    assert str(fault.value) == f"pen 1 (black 0.5): {what}"


def test_pens_are_changed_where_the_machine_says_and_it_parks_elsewhere() -> None:
    machine = SERVO.model_copy(update={"pen_change_mm": (0.0, 100.0), "park_mm": (5.0, 5.0)})
    parks = [s for s in program(two_pens(), machine) if isinstance(s, Park)]
    assert parks == [Park(0, 100), Park(0, 100), Park(5, 5)]


def test_a_pass_with_the_pen_that_is_in_goes_on_without_parking() -> None:
    drawing = sheet(PenPass("a", BLACK, (line((1, 1)),)), PenPass("b", BLACK, (line((2, 2)),)))
    steps = program(drawing, SERVO)
    assert [type(s) for s in steps] == [Park, ChangePen, Travel, Dot, ChangePen, Travel, Dot, Park, End]


def test_a_pen_is_refilled_before_a_line_that_it_could_not_end() -> None:
    pen = BLACK.model_copy(update={"max_draw_m": 0.025})
    lines = tuple(line((0, y), (10, y)) for y in range(5))
    steps = program(sheet(PenPass("a", pen, lines)), SERVO)
    refills = [(at, s) for at, s in enumerate(steps) if isinstance(s, Refill)]
    assert [s for _, s in refills] == [Refill(1, pen, 20.0)] * 2
    assert all(steps[at - 1] == Park(0, 0) for at, _ in refills)


def test_arcs_take_fewer_steps_and_none_bulges_off_the_sheet() -> None:
    machine = SERVO.model_copy(update={"arcs": True, "tolerance_mm": 0.02, "origin_mm": (0, 0)})
    circle = 20 + 20 * np.stack([np.cos(a := np.linspace(0, 2 * np.pi, 200)), np.sin(a)], axis=1)
    steps = program(sheet(PenPass("a", BLACK, (circle[:100],))), machine)
    assert sum(isinstance(s, ArcTo) for s in steps) == 1 and not any(isinstance(s, DrawTo) for s in steps)
    # within a quarter of the tolerance the ring's chords are drawn outside it, and so off the sheet
    bare = 20 + 19.9999 * np.stack([np.cos(a := np.linspace(0, 6, 61)), np.sin(a)], axis=1)
    bare[:, 0] -= bare[:, 0].min()
    flat = program(sheet(PenPass("a", BLACK, (bare,))), machine)
    assert not any(isinstance(s, ArcTo) for s in flat) and all(s.x_mm >= 0 for s in flat if isinstance(s, DrawTo))

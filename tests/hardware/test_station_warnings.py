"""Wells that stand on the sheet, and reloads of pens that are not there."""

from hardware.machine import Machine
from hardware.pen import Pen
from hardware.reloading import station_warnings

BRUSH = Pen(name="round brush", colour="#204080", nib_mm=3)
MACHINE = {
    "name": "wet",
    "dialect": "grbl",
    "width_mm": 300,
    "height_mm": 300,
    "origin_mm": [50, 50],
    "pen_lift": {"kind": "servo", "up": 650, "down": 400},
}


def warnings(well: tuple[float, float], pen: str = "round brush") -> tuple[str, ...]:
    wells = [{"name": "ultramarine", "x_mm": well[0], "y_mm": well[1], "radius_mm": 15}]
    reload = [{"pen": pen, "station": "ultramarine", "strokes": 5}]
    machine = Machine.model_validate(MACHINE | {"stations": wells, "reload": reload})
    return station_warnings(machine, (BRUSH,), 100, 80)


def test_a_well_beside_the_sheet_is_fine() -> None:
    assert warnings((30, 60)) == ()
    assert warnings((161, 141)) == ()  # nearer than 15 mm on each axis, but the well is round


def test_a_well_on_the_sheet_is_noticed() -> None:
    assert warnings((40, 60)) == (
        "the well 'ultramarine' of wet reaches 5 mm onto the sheet; move it, or the sheet by origin_mm",
    )
    assert "reaches 15 mm" in warnings((100, 80))[0]


def test_a_reload_of_an_unknown_pen_is_noticed() -> None:
    assert warnings((30, 60), "round brsh") == (
        "reload of wet: no pen is named 'round brsh'; did you mean 'round brush'?",
    )
    assert warnings((30, 60), "9") == ("reload of wet: no pen is named '9'; there are round brush",)
    assert warnings((30, 60), "*") == warnings((30, 60), "round brush 3") == ()

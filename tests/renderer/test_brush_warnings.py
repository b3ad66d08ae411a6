"""Wells that a spec's brushes need: missing ones, and ones that lie on the sheet."""

import re
from pathlib import Path

import pytest
import yaml

from renderer.specfile import load
from renderer.specfile.brush_warnings import brush_warnings

MACHINE = {
    "name": "wet",
    "dialect": "grbl",
    "width_mm": 400,
    "height_mm": 400,
    "origin_mm": [50, 50],
    "pen_lift": {"kind": "servo", "up": 650, "down": 400},
}


def warnings(spec: Path, well: tuple[float, float], station: str = "blue") -> tuple[str, ...]:
    stations = [{"name": "blue", "x_mm": well[0], "y_mm": well[1], "radius_mm": 15}]
    spec.with_name("wet.yaml").write_text(yaml.safe_dump(MACHINE | {"stations": stations}))
    brush = {"name": "round brush", "colour": "#204080", "nib_mm": 3, "reload": {"station": station, "strokes": 5}}
    spec.with_name("brushes.yaml").write_text(yaml.safe_dump({"pens": [brush]}))
    (work,) = load(spec, ("machine=wet.yaml", "pens={rack: brushes.yaml}"))
    return brush_warnings(work)


def test_a_well_beside_the_sheet_is_fine(spec: Path) -> None:
    assert warnings(spec, (30, 60)) == ()


@pytest.mark.parametrize(
    ("well", "station", "fault"),
    [
        ((40, 60), "blue", r"round brush 3: its station 'blue' at \[40, 60\], radius 15 mm, lies on the sheet"),
        ((30, 60), "red", r"round brush 3: 'wet' has no station 'red' for its `reload`; there are 'blue'"),
    ],
)
def test_a_well_that_no_brush_can_use_is_noticed(
    spec: Path, well: tuple[float, float], station: str, fault: str
) -> None:
    (found,) = warnings(spec, well, station)
    assert re.match(fault, found)

"""The fit of strokes to profiles, and the rack that readings make, without photographs."""

import numpy as np
import pytest

from hardware.machine import Machine, load_machine
from hardware.pen import Ink, Pen
from renderer.measure.ink_model import (
    StrokeGroup,
    chroma_spread,
    edge_blur,
    fitted,
    hidden_by,
    in_jpeg,
    linear,
    srgb,
    true_dot_mm,
)
from renderer.measure.measured_rack import measured_pens
from renderer.measure.readings import ColourReading, FieldReading, PenReadings

COAT, THROUGH = np.array([0.3, 0.8, 0.95]), np.array([0.5, 0.15, 0.03])
GROUPS = ((0.0,), (0.0, 0.3, 0.6, 0.9), (0.0, 0.2, 0.4, 0.6))


def groups(width_mm: float, blur_mm: float, chroma_mm: float) -> list[StrokeGroup]:
    made = []
    for at in GROUPS:
        x = np.arange(-1.2, at[-1] + 1.2, 0.06)
        hidden = hidden_by(x, np.array(at), width_mm, blur_mm, COAT, THROUGH)
        made.append(StrokeGroup(x, 1 - linear(in_jpeg(hidden, chroma_spread(x, chroma_mm))), at))
    return made


@pytest.mark.parametrize("width_mm", [0.32, 0.4, 0.5])
@pytest.mark.parametrize("chroma_mm", [0.0, 0.09])
def test_width_and_ink_are_found_behind_a_blur_that_was_guessed_wrong(width_mm: float, chroma_mm: float) -> None:
    fit = fitted(groups(width_mm, 0.1, chroma_mm), 0.4, 0.12, 0.0, chroma_mm)
    assert fit.width_mm == pytest.approx(width_mm, abs=0.005)
    assert fit.coat == pytest.approx(COAT, abs=0.01)
    assert fit.through == pytest.approx(THROUGH, abs=0.06)


def test_two_coats_hide_what_one_does_and_of_the_rest_what_passes() -> None:
    hidden = hidden_by(np.zeros(1), np.zeros(2), 1.0, 0.01, COAT, THROUGH)
    assert hidden[0] == pytest.approx(COAT * (1 + THROUGH))


def test_a_jpeg_makes_a_thin_stroke_of_a_strong_colour_look_wider() -> None:
    x = np.arange(-2, 2, 0.05)
    yellow = np.array([0.01, 0.05, 0.95])
    hidden = hidden_by(x, np.zeros(1), 0.3, 0.05, yellow, np.zeros(3))
    stored = 1 - linear(in_jpeg(hidden, chroma_spread(x, 0.1)))
    assert stored[:, 2].sum() > 1.05 * hidden[:, 2].sum()


def test_the_same_is_undone_for_dots() -> None:
    fit = fitted(groups(0.4, 0.1, 0.09), 0.4, 0.1, 0.0, 0.09)
    assert true_dot_mm(0.5, fit, 0.0, 16.0) == pytest.approx(0.5, abs=0.005)
    assert true_dot_mm(0.5, fit, 0.09, 16.0) < 0.498


def test_the_blur_of_an_edge_is_found() -> None:
    x = np.arange(-0.8, 0.8, 0.05)
    hidden = hidden_by(x, np.array([5.0]), 10.0, 0.13, np.ones(3), np.zeros(3))[:, 0]
    assert edge_blur(x, hidden) == pytest.approx(0.13, abs=0.003)


def test_light_and_srgb_are_each_others_inverse() -> None:
    values = np.linspace(0, 1, 50)
    assert srgb(linear(values)) == pytest.approx(values)


# --- the rack ---

PEN = Pen(name="red", colour="#d02020", nib_mm=0.4, ink=Ink.TRANSPARENT, offset_mm=(0.1, 0.0))


def readings(**changed: object) -> PenReadings:
    colour = ColourReading(np.array([0.8, 0.1, 0.1]))
    usual = {
        "pen": PEN, "width": FieldReading(0.5, 0.01), "colour": colour, "second": colour, "over": colour,
        "ink": Ink.TRANSPARENT, "offset": (FieldReading(0.2), FieldReading(0.3)),
        "dots": {0.0: FieldReading(0.4), 0.5: FieldReading(0.5), 1.0: FieldReading(0.6)}, "speeds": {}, "heights": {},
    }  # fmt: skip
    return PenReadings(**(usual | changed))  # type: ignore[arg-type]


def rack_of(read: PenReadings, machine: Machine | None = None) -> tuple[Pen, dict[str, str]]:
    (one,) = measured_pens((PEN,), {"red": read}, machine or load_machine("gantry_grbl_servo"), (100.0, 90.0))
    return one.pen, one.kept


def test_the_rest_makes_a_dot_as_wide_as_a_stroke() -> None:
    assert rack_of(readings())[0].dwell_s == 0.5
    dots = {0.0: FieldReading(0.7), 1.0: FieldReading(0.9)}
    pen, kept = rack_of(readings(dots=dots))
    assert pen.dwell_s == 0.0 and "0.70 to 0.90 mm" in kept["dots"]


@pytest.mark.parametrize(("rotate", "offset_mm"), [(0, (0.3, -0.3)), (90, (0.4, 0.2)), (180, (-0.1, 0.3))])
def test_an_offset_is_in_the_directions_of_the_machine(rotate: int, offset_mm: tuple[float, float]) -> None:
    """A stroke that is .2 mm too far right and .3 mm too low on the sheet, by a pen that had an offset of .1 mm."""
    machine = load_machine("gantry_grbl_servo").model_copy(update={"rotate": rotate})
    assert rack_of(readings(), machine)[0].offset_mm == pytest.approx(offset_mm)


def test_what_is_refused_is_kept_with_the_reason() -> None:
    refused = FieldReading(refused="dry"), ColourReading(np.zeros(3), refused="dry")
    pen, kept = rack_of(readings(width=refused[0], colour=refused[1], offset=(refused[0], refused[0]), ink=None))
    assert (pen, kept["nib_mm"], kept["colour"], kept["offset_mm"]) == (PEN, "dry", "dry", "dry")

"""The sheet and its card -> what each pen really does."""

from collections.abc import Callable

import numpy as np

from hardware.measured_card import Field, FieldKind, MeasuredCard
from hardware.pen import Pen
from renderer.measure.field_fits import (
    added_mm,
    dot_reading,
    ink_fit,
    ink_of,
    offset_reading,
    over_reading,
    why_dry,
    why_no_fit,
    width_reading,
)
from renderer.measure.ink_model import InkFit, srgb
from renderer.measure.readings import ColourReading, FieldReading, PenReadings
from renderer.measure.sheet_windows import InkSheet


def pen_readings(sheet: InkSheet, card: MeasuredCard, pen: Pen, blur_mm: float) -> PenReadings:
    """Read all fields of a pen. `blur_mm` is the blur of the corner marks."""
    fields = [field for field in card.fields if field.pen.name == pen.name]
    across, down = (
        FieldReading() if pen.name == card.writer.name else offset_reading(sheet, _of(kind, fields), card.writer)
        for kind in (FieldKind.OFFSET_X, FieldKind.OFFSET_Y)
    )
    shift = (across.value, down.value)
    fit, parts = ink_fit(fields, sheet, blur_mm, shift)
    strokes = _of(FieldKind.STROKES, fields)[0]
    why = why_no_fit(fit, parts, blur_mm) or why_dry(sheet, strokes, fit, shift)
    added = added_mm(sheet, strokes, fit, shift)

    def by_setting(kind: FieldKind, read: Callable[[Field], FieldReading]) -> dict[float, FieldReading]:
        return {field.setting: FieldReading(refused=why) if why else read(field) for field in _of(kind, fields)}

    def width(field: Field) -> FieldReading:
        return width_reading(sheet, field, fit, shift, added)

    over = over_reading(sheet, _of(FieldKind.OVER, fields)[0], shift)
    return PenReadings(
        pen=pen,
        width=FieldReading(fit.width_mm, float(np.std([one.width_mm for one in parts])), why),
        colour=_colour(fit, parts, 1, why),
        second=_colour(fit, parts, 2, why),
        over=ColourReading(over.srgb, over.spread, why),
        ink=None if why else ink_of(fit),
        offset=(across, down),
        dots=by_setting(FieldKind.DOTS, lambda field: dot_reading(sheet, field, fit, shift)),
        speeds=by_setting(FieldKind.SPEED, width),
        heights=by_setting(FieldKind.HEIGHT, width),
    )


def _of(kind: FieldKind, fields: list[Field]) -> list[Field]:
    return [field for field in fields if field.kind is kind]


def _colour(fit: InkFit, parts: list[InkFit], coats: int, why: str) -> ColourReading:
    """Return the colour of one or two coats on white paper."""

    def shown(one: InkFit) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
        return srgb(1 - one.coat * (1 if coats == 1 else 1 + one.through))

    return ColourReading(shown(fit), float(np.std([shown(one) for one in parts], axis=0).mean()), why)

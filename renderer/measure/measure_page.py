"""Readings -> one HTML page that shows every field with what was read, so that a person can trust or reject it."""

import base64
import io
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from PIL import Image

from hardware import __version__
from hardware.measured_card import Field, FieldKind
from renderer.measure.card_photo import CardReadings
from renderer.measure.ink_model import srgb
from renderer.measure.measured_rack import MeasuredPen
from renderer.measure.readings import FieldReading, PenReadings
from renderer.measure.sheet_windows import InkSheet

_SHOWN_MM = 0.6  # paper around a field
_SWATCHES = ("one stroke", "two strokes", "on the first pen")
_CAPTIONS = {
    FieldKind.STROKES: "strokes",
    FieldKind.LOOSE: "¼ over each other",
    FieldKind.DENSE: "½ over each other",
    FieldKind.OVER: "on the first pen",
    FieldKind.OFFSET_X: "beside, across",
    FieldKind.OFFSET_Y: "beside, down",
}


def measure_page(title: str, photos: list[tuple[str, CardReadings]], measured: tuple[MeasuredPen, ...]) -> str:
    """Return the page: self-contained, without requests or scripts."""
    environment = Environment(
        loader=PackageLoader("renderer.measure", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    by_name = {pen.pen.name: (found, pen) for _, found in photos for pen in found.pens}
    return environment.get_template("measure_page.html.j2").render(
        title=title,
        photos=[_photo(name, found) for name, found in photos],
        pens=[_pen(one, *by_name[one.pen.name]) for one in measured if one.pen.name in by_name],
        missing=[one.pen.name for one in measured if one.pen.name not in by_name],
        version=__version__,
    )


def _photo(name: str, found: CardReadings) -> dict[str, str]:
    seen = found.registration
    return {
        "name": name,
        "card": found.card.name,
        "resolution": f"{seen.px_per_mm:.1f} px for each mm",
        "tilt": f"{seen.tilt_deg:.0f}°",
        "error": f"{seen.error_mm:.3f} mm",
        "blur": f"{found.blur_mm:.2f} mm",
    }


def _pen(one: MeasuredPen, found: CardReadings, read: PenReadings) -> dict[str, Any]:
    fields = [field for field in found.card.fields if field.pen.name == read.pen.name]
    return {
        "name": read.pen.name,
        "rows": _rows(one, read, read.pen.name == found.card.writer.name),
        "kept": one.kept,
        "swatches": [] if read.width.refused else [
            {"name": name, "colour": each.hex}
            for name, each in zip(_SWATCHES, (read.colour, read.second, read.over), strict=True)
        ],
        "fields": [
            {"caption": _caption(field, read), "source": _picture(found.sheet, field)}
            for field in fields
        ],
    }  # fmt: skip


def _rows(one: MeasuredPen, read: PenReadings, is_first: bool) -> list[dict[str, str]]:
    """Return what the rack said, what was read and what the rack says now, row by row."""
    old, new = read.pen, one.pen
    colour = "" if read.colour.refused else f"{read.colour.hex} ± {255 * read.colour.spread:.0f}"
    beside = "" if any(each.refused for each in read.offset) else ", ".join(_shown(each) for each in read.offset)
    beside = "it is the first pen" if is_first else beside
    return [
        {"name": "width, mm", "old": f"{old.nib_mm:g}", "read": _shown(read.width), "new": f"{new.nib_mm:g}"},
        {"name": "colour", "old": old.colour, "read": colour, "new": new.colour},
        {"name": "ink", "old": old.ink.value, "read": read.ink.value if read.ink else "", "new": new.ink.value},
        {"name": "beside, mm", "old": _pair(old.offset_mm), "read": beside, "new": _pair(new.offset_mm)},
        {"name": "rest for a dot, s", "old": _rest(old.dwell_s), "read": "", "new": _rest(new.dwell_s)},
    ]


def _shown(reading: FieldReading) -> str:
    return "" if reading.refused else f"{reading.value:.3f} ± {reading.spread:.3f}"


def _pair(value: tuple[float, float] | None) -> str:
    return "none" if value is None else f"{value[0]:g}, {value[1]:g}"


def _rest(value: float | None) -> str:
    return "the machine's" if value is None else f"{value:g}"


def _caption(field: Field, read: PenReadings) -> str:
    match field.kind:
        case FieldKind.DOTS:
            return f"dots, {field.setting:g} s: {_short(read.dots.get(field.setting))}"
        case FieldKind.SPEED:
            return f"speed x {field.setting:g}: {_short(read.speeds.get(field.setting))}"
        case FieldKind.HEIGHT:
            return f"height {field.setting:g}: {_short(read.heights.get(field.setting))}"
        case _:
            return _CAPTIONS[field.kind]


def _short(reading: FieldReading | None) -> str:
    return "not read" if reading is None or reading.refused else f"{reading.value:.2f} mm"


def _picture(sheet: InkSheet, field: Field) -> str:
    left, top, right, bottom = field.box
    _, _, part = sheet.window((left - _SHOWN_MM, top - _SHOWN_MM, right + _SHOWN_MM, bottom + _SHOWN_MM))
    pixels = (srgb(1 - part).clip(0, 1) * 255 + 0.5).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "WEBP", quality=82)
    return "data:image/webp;base64," + base64.b64encode(file.getvalue()).decode()

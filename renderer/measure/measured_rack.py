"""Readings -> a rack: measured values where they are trusted, the old ones where not, and a record of both."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import yaml

from hardware.machine import Machine
from hardware.pen import Ink, Pen
from hardware.sheet_placement import sheet_placement
from renderer.measure.readings import ColourReading, FieldReading, PenReadings

_SAME_DOT = 0.08  # share of the width by which a dot can differ before its rest is changed


@dataclass(frozen=True)
class MeasuredPen:
    """A pen with its measured values, and what was kept, by the name of its field, with the reason."""

    pen: Pen
    readings: PenReadings | None  # None where the pen is not in any photograph
    kept: dict[str, str]


def measured_pens(
    pens: tuple[Pen, ...], readings: dict[str, PenReadings], machine: Machine, size_mm: tuple[float, float]
) -> tuple[MeasuredPen, ...]:
    """Return all pens of a rack with what was measured, by their names."""
    ink = _common_ink(list(readings.values()))
    return tuple(_measured(pen, readings.get(pen.name), machine, size_mm, ink) for pen in pens)


def _measured(
    pen: Pen, read: PenReadings | None, machine: Machine, size_mm: tuple[float, float], ink: Ink | None
) -> MeasuredPen:
    if read is None:
        return MeasuredPen(pen, None, {"all": "it is not on the cards that were measured"})
    found: dict[str, Any] = {}
    kept: dict[str, str] = {}
    if read.width.refused:
        kept |= {"nib_mm": read.width.refused, "colour": read.colour.refused, "dwell_s": read.width.refused}
    else:
        found |= {"nib_mm": round(read.width.value, 3), "colour": read.colour.hex}
        found |= _rest(pen, read, machine, kept)
    if refused := [one.refused for one in read.offset if one.refused]:
        kept["offset_mm"] = refused[0]
    else:
        found |= _offset(pen, read, machine, size_mm)
    if ink is not None:
        found["ink"] = ink
    elif read.ink is not pen.ink:
        kept["ink"] = "its colours do not show which kind of ink it is" if read.ink is None else (
            f"it acts as {read.ink}, but the pens of a rack have one kind of ink; put it into another rack"
        )  # fmt: skip
    return MeasuredPen(pen.model_copy(update=found), read, kept)


def _common_ink(readings: list[PenReadings]) -> Ink | None:
    """Return the kind of ink that all pens agree on which show one; None where they do not."""
    seen = {one.ink for one in readings if one.ink is not None}
    return seen.pop() if len(seen) == 1 else None


def _offset(pen: Pen, read: PenReadings, machine: Machine, size_mm: tuple[float, float]) -> dict[str, Any]:
    """Return the offset that puts the pen's strokes where the first pen's are, in the directions of the machine."""
    rows = np.array(sheet_placement(*size_mm, machine).rows, float)
    beside = rows @ np.array([one.value for one in read.offset])
    total = np.array(pen.offset_mm or (0.0, 0.0)) + beside
    if pen.offset_mm is None and np.abs(beside).max() < 0.005:
        return {}
    return {"offset_mm": tuple(round(float(value), 3) for value in total)}


def _rest(pen: Pen, read: PenReadings, machine: Machine, kept: dict[str, str]) -> dict[str, float]:
    """Return the rest that makes a dot as wide as a stroke, which is how the renderer and the preview draw it."""
    dots = {dwell: one.value for dwell, one in sorted(read.dots.items()) if not one.refused}
    if len(dots) < 2:
        kept["dwell_s"] = "too few dots can be seen"
        return {}
    dwells, wide = np.array(list(dots)), np.maximum.accumulate(list(dots.values()))
    usual = machine.dwell_s if pen.dwell_s is None else pen.dwell_s
    if abs(np.interp(usual, dwells, wide) / read.width.value - 1) <= _SAME_DOT:
        return {}
    if wide[0] > read.width.value * (1 + _SAME_DOT) or wide[-1] < read.width.value * (1 - _SAME_DOT):
        nearest = float(dwells[0] if wide[0] > read.width.value else dwells[-1])
        kept["dots"] = f"at any rest they are {wide[0]:.2f} to {wide[-1]:.2f} mm, which is not the width of a stroke"
        return {"dwell_s": nearest}
    return {"dwell_s": round(float(np.interp(read.width.value, wide, dwells)), 3)}


# --- the file ---------------------------------------------------------------------------------------------------------


def rack_text(name: str, measured: tuple[MeasuredPen, ...], photos: list[str]) -> str:
    """Return a rack as YAML, with all readings, their spread and what was kept under `measured`."""
    pens = "".join(f"  - {_flow(_fields(one.pen))}\n" for one in measured)
    records = "".join(f"  {_flow(one.pen.name)}: {_flow(_record(one))}\n" for one in measured)
    return (
        f"# Pens measured by `render measure` on {', '.join(photos)}. Values that could not be read are the old ones.\n"
        f"name: {_flow(name)}\npens:\n{pens}"
        f"# What was read: mm, colours on white paper, and how far repeats are apart. Only people read this part.\n"
        f"measured:\n{records}"
    )


def _fields(pen: Pen) -> dict[str, Any]:
    return pen.model_dump(mode="json", exclude_none=True)


def _record(one: MeasuredPen) -> dict[str, Any]:
    kept = {"kept": one.kept} if one.kept else {}
    read = one.readings
    if read is None or read.width.refused:
        return kept
    return {
        "width_mm": _number(read.width),
        "one_stroke": _colour(read.colour),
        "two_strokes": _colour(read.second),
        "on_the_first_pen": _colour(read.over),
        "beside_mm": [_number(each) for each in read.offset if not each.refused],
        "dots_mm": {dwell: _number(each) for dwell, each in read.dots.items() if not each.refused},
        "width_at_speed_mm": {share: _number(each) for share, each in read.speeds.items()},
        "width_at_height_mm": {height: _number(each) for height, each in read.heights.items()},
    } | kept


def _number(reading: FieldReading) -> list[float]:
    return [round(reading.value, 3), round(reading.spread, 3)]


def _colour(reading: ColourReading) -> list[Any]:
    return [reading.hex, round(reading.spread, 3)]


def _flow(value: Any) -> str:
    """Return a value as YAML in one line."""
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=100_000)
    return text.removesuffix("\n").removesuffix("\n...")

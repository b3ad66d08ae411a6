"""The fields of a pen on the sheet -> numbers: the fit of its strokes, widths, dots, offset, and the ink on ink."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hardware.measured_card import OFFSET_REACH_MM, Field, FieldKind
from hardware.pen import Ink, Pen
from renderer.measure.ink_model import InkFit, StrokeGroup, fitted, srgb, true_dot_mm
from renderer.measure.readings import ColourReading, FieldReading
from renderer.measure.sheet_windows import Box, Hidden, InkSheet, above_paper, centre

Shift = tuple[float, float]  # of a pen's strokes on the sheet, to the right and down, mm

_BANDS = 3  # parts of the length of strokes that are measured apart
_FAINTEST = 0.04  # share of light that ink must hide in some channel
_THINNEST_BLURS = 1.6  # width of a stroke that can be measured, in standard deviations of the blur
_WORST_FIT = 0.2  # share of a coat
_WIDEST_SPREAD = 0.12  # share of the width
_GAPS = 0.12  # share of a stroke's length without ink, from which a pen is dry
_SAME_INK = 0.12  # difference of what passes through below which the two kinds of ink look alike


# --- width and ink ----------------------------------------------------------------------------------------------------


def ink_fit(fields: list[Field], sheet: InkSheet, blur_mm: float, shift: Shift) -> tuple[InkFit, list[InkFit]]:
    """Fit a pen to its strokes and overlapping strokes: along all their length, and along each part of it."""
    patches = [field for field in fields if field.kind in (FieldKind.LOOSE, FieldKind.DENSE)]
    chosen = [*_single(next(field for field in fields if field.kind is FieldKind.STROKES)), *patches]
    nib_mm = chosen[0].pen.nib_mm

    def fit(begin: float, end: float) -> InkFit:
        groups = [_group(sheet, field, (begin, end), shift) for field in chosen]
        return fitted(groups, nib_mm, blur_mm, shift[0], sheet.chroma_mm)

    return fit(0.0, 1.0), [fit(part / _BANDS, (part + 1) / _BANDS) for part in range(_BANDS)]


def _single(field: Field) -> Iterator[Field]:
    """Yield each stroke of a field as a field of its own, as machines do not draw all of them exactly in place."""
    reach = 0.5 * (field.pen.nib_mm + field.gap_mm) + 0.2 * field.gap_mm
    for at in field.at:
        yield replace(field, at=(at,), box=(at - reach, field.box[1], at + reach, field.box[3]))


def _group(sheet: InkSheet, field: Field, part: tuple[float, float], shift: Shift) -> StrokeGroup:
    top, bottom = _inner(field, shift)
    left, _, right, _ = field.box
    trim = 0.2 * field.gap_mm
    begin, end = (top + share * (bottom - top) for share in part)
    x, hidden = sheet.across((left + trim + shift[0], begin, right - trim + shift[0], end))
    return StrokeGroup(x, above_paper(x, hidden, 0.2 * field.gap_mm), field.at)


def _inner(field: Field, shift: Shift) -> tuple[float, float]:
    """Return the top and bottom of the part of strokes that is far from their ends, mm."""
    clear = 0.7 * field.pen.nib_mm + 0.4
    return field.box[1] + clear + shift[1], field.box[3] - clear + shift[1]


def why_no_fit(fit: InkFit, parts: list[InkFit], blur_mm: float) -> str:
    """Return why a fit cannot be trusted; empty where it can."""
    if fit.coat.max() < _FAINTEST:
        return "its ink hardly differs from this paper, or the pen did not draw"
    if fit.width_mm < _THINNEST_BLURS * blur_mm:
        return f"its strokes are {fit.width_mm:.2f} mm wide, too thin for a photograph with a blur of {blur_mm:.2f} mm"
    if fit.error > _WORST_FIT:
        return "its strokes do not look like strokes beside each other; are they smudged, or is something on the card?"
    spread = float(np.std([one.width_mm for one in parts]))
    if spread > _WIDEST_SPREAD * fit.width_mm:
        return f"its width differs by {spread:.2f} mm along the strokes"
    return ""


def why_dry(sheet: InkSheet, field: Field, fit: InkFit, shift: Shift) -> str:
    """Return that a pen is dry, from the gaps along its strokes; empty where it is not."""
    top, bottom = _inner(field, shift)
    edges = np.linspace(top, bottom, max(6, int((bottom - top) / 0.4)))
    widths = np.array(
        [list(stroke_widths(sheet, field, fit, shift, part)) for part in pairwise(edges)]
    )  # fmt: skip
    bare = float((widths < 0.4 * field.pen.nib_mm).mean())
    return (
        f"it leaves {bare:.0%} of its strokes bare: it has dried out, or does not touch the paper"
        if bare > _GAPS
        else ""
    )


def stroke_widths(
    sheet: InkSheet, field: Field, fit: InkFit, shift: Shift, part: tuple[float, float] | None = None
) -> Iterator[float]:
    """Yield the width of each upright stroke of a field: its ink divided by that of a coat."""
    top, bottom = part or _inner(field, shift)
    reach = 0.5 * (field.pen.nib_mm + field.gap_mm)
    for at in field.at:
        x, hidden = sheet.across((at - reach + shift[0], top, at + reach + shift[0], bottom))
        ink = _coats(above_paper(x, hidden, 0.2 * field.gap_mm), fit)
        yield float(ink.sum()) / sheet.px_per_mm


def _coats(hidden: Hidden, fit: InkFit) -> NDArray[np.float64]:
    """Return how much ink there is, in coats: the projection of what is hidden, `[..., 3]`, on one coat."""
    coats: NDArray[np.float64] = hidden @ fit.coat / float(fit.coat @ fit.coat)
    return coats


def added_mm(sheet: InkSheet, field: Field, fit: InkFit, shift: Shift) -> float:
    """Return by how much ink looks wider than in the fit where only its amount is measured: what a JPEG adds."""
    return float(np.mean(list(stroke_widths(sheet, field, fit, shift)))) - fit.width_mm


def width_reading(sheet: InkSheet, field: Field, fit: InkFit, shift: Shift, added: float) -> FieldReading:
    """Return the width of a field's strokes, mm."""
    return _of_repeats(width - added for width in stroke_widths(sheet, field, fit, shift))


def _of_repeats(values: Iterable[float]) -> FieldReading:
    listed = list(values)
    return FieldReading(float(np.mean(listed)), float(np.std(listed, ddof=1)) if len(listed) > 1 else 0.0)


# --- dots, offset, ink on ink -----------------------------------------------------------------------------------------


def dot_reading(sheet: InkSheet, field: Field, fit: InkFit, shift: Shift) -> FieldReading:
    """Return the diameter of a field's dots in mm, from the area of their ink."""
    reach = 1.1 * field.pen.nib_mm + 0.45 * field.gap_mm
    found = []
    for at in field.at:
        x, y = at + shift[0], field.middle[1] + shift[1]
        columns, rows, part = sheet.window((x - reach, y - reach, x + reach, y + reach))
        far = np.hypot(*np.meshgrid(columns - x, rows - y))
        diameter = 2 * reach - 0.4 * field.gap_mm
        for _ in range(2):  # the second time, only as far as the dot reaches: less of the paper's grain is counted
            inside = far < min(0.5 * diameter + 3 * fit.blur_mm, reach - 0.15 * field.gap_mm)
            paper = 1 - part[~inside].mean(axis=0)
            ink = _coats(1 - (1 - part[inside]) / paper, fit)
            diameter = float(np.sqrt(4 * max(ink.sum(), 0.0) / np.pi)) / sheet.px_per_mm
        found.append(true_dot_mm(diameter, fit, sheet.chroma_mm, sheet.px_per_mm))
    dots = _of_repeats(found)
    if dots.value < 0.3 * fit.width_mm:
        return FieldReading(refused="no dots are to be seen: the pen must rest longer or draw dots as short lines")
    return dots


def offset_reading(sheet: InkSheet, fields: list[Field], writer: Pen) -> FieldReading:
    """Return how far the pen's stroke is from the middle of two strokes of the first pen, mm right or down."""
    found = []
    for field in fields:
        level = field.kind is FieldKind.OFFSET_Y
        middle, half, nib = field.at[0], field.setting, field.pen.nib_mm
        x, hidden = sheet.across(_offset_box(field, writer), level)
        ink = above_paper(x, hidden, 0.25 * field.gap_mm).max(axis=1)
        near = 0.5 * writer.nib_mm + 0.3 * field.gap_mm
        pair = [_centre_near(x, ink, middle + way * half, near) for way in (-1, 1)]
        room = half - 0.8 * writer.nib_mm - 0.25 * field.gap_mm
        own = np.where(np.abs(x - np.mean(pair)) < room, ink, 0.0)
        if own.max() < _FAINTEST or min(np.interp(pair, x, ink)) < _FAINTEST:
            return FieldReading(refused="a stroke of the pair cannot be seen")
        found.append(centre(x, own) - float(np.mean(pair)))
        if abs(found[-1]) > OFFSET_REACH_MM - 0.05 or abs(pair[1] - pair[0] - 2 * half) > 0.15:
            return FieldReading(
                refused=f"its tip is more than {OFFSET_REACH_MM:g} mm beside the others, or {nib:g} mm is wrong"
            )
    return _of_repeats(found)


def _offset_box(field: Field, writer: Pen) -> Box:
    left, top, right, bottom = field.box
    middle, clear = field.at[0], 1.4 + field.pen.nib_mm
    reach = field.setting + 0.5 * writer.nib_mm + 0.55 * field.gap_mm
    if field.kind is FieldKind.OFFSET_Y:
        return left + clear, middle - reach, right - clear, middle + reach
    return middle - reach, top + clear, middle + reach, bottom - clear


def _centre_near(x: NDArray[np.float64], ink: NDArray[np.float64], at: float, reach: float) -> float:
    return centre(x, np.where(np.abs(x - at) < reach, ink, 0.0))


def over_reading(sheet: InkSheet, field: Field, shift: Shift) -> ColourReading:
    """Return the colour of a patch on the block of the first pen, where both are."""
    left, right = field.at[0] + max(shift[0], 0.0), field.at[-1] + min(shift[0], 0.0)
    bottom = field.box[3] - 0.5 * field.pen.nib_mm - 0.4 + min(shift[1], 0.0)
    _, _, part = sheet.window((left, field.middle[1] + 0.6, right, bottom))
    pixels = srgb(1 - part.reshape(-1, 3))
    low, middle, high = np.percentile(pixels, [16, 50, 84], axis=0)
    return ColourReading(middle, float((high - low).mean()) / 2)


def ink_of(fit: InkFit) -> Ink | None:
    """Return which kind of ink the fit is closer to; None where a coat looks the same in both."""
    multiplied = 1 - fit.coat
    seen = multiplied > _SAME_INK
    if not seen.any():
        return None
    share = float((fit.through[seen] / multiplied[seen]).mean())
    return Ink.TRANSPARENT if share > 0.5 else Ink.OPAQUE

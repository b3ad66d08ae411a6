"""The `clip-path` and the `mask` of an element -> the part of the sheet that they leave of it."""

import re
from typing import Any
from xml.etree import ElementTree

import numpy as np

from hardware.drawing import Line
from hardware.svgfile.clipping import Box, Clip, Region, area_of, as_area, box_of, stroked
from hardware.svgfile.flatten import FINE_MM
from hardware.svgfile.outline import SHAPES, Lengths
from hardware.svgfile.scene import Context, SceneItem, SvgScene, local_name, rectangle
from hardware.svgfile.svg_paint import Paint
from hardware.svgfile.svg_values import on_sheet, share, times

_URL = re.compile(r"\s*url\(\s*[\"']?#([^\"')]+)[\"']?\s*\)\s*")
_UNKNOWN = "has the {} {!r}, which is not applied: only url(#...) of a <{}> in the file is"
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])  # as masks weigh red, green and blue


def clips_of(scene: SvgScene, element: ElementTree.Element, inner: Context) -> tuple[Clip, ...]:
    """Return the clips of an element's own `clip-path` and `mask`. Those that cannot be applied are found."""
    clips: tuple[Clip, ...] = ()
    for name, tag in (("clip-path", "clipPath"), ("mask", "mask")):
        text = inner.style.own.get(name, "none").strip()
        if text.lower() in ("", "none"):
            continue
        given = _URL.fullmatch(text)
        target = scene.named.get(given[1]) if given else None
        if target is None or local_name(target) != tag or given is None:
            scene.findings.lost(element, _UNKNOWN.format(name, text[:60], tag))
        elif given[1] in scene.open:
            scene.findings.lost(element, f"has the {name} {text!r}, which refers to itself and is not applied")
        else:
            clips += _followed(scene, given[1], target, element, inner)
    return clips


def _followed(
    scene: SvgScene, name: str, target: ElementTree.Element, element: ElementTree.Element, inner: Context
) -> tuple[Clip, ...]:
    """Return the clips of a <clipPath> or <mask>; those of the same place are made once."""
    is_clip = local_name(target) == "clipPath"
    units = ("clipPathUnits",) if is_clip else ("maskUnits", "maskContentUnits")
    by_box = any(target.get(unit, _units_of(unit)) == "objectBoundingBox" for unit in units)
    box = scene.bounds(element, inner) if by_box else None
    key = name, inner.matrix, box, inner.viewport
    if key not in scene.regions:
        scene.open.add(name)
        make = _clip_path if is_clip else _mask
        scene.regions[key] = make(scene, target, element, inner, box)
        scene.open.discard(name)
    made: tuple[Clip, ...] = scene.regions[key]
    return made


def _units_of(name: str) -> str:
    return "objectBoundingBox" if name == "maskUnits" else "userSpaceOnUse"


def _in_units(target: ElementTree.Element, unit: str, inner: Context, box: Box | None) -> Context:
    """Return the context of what a clip path or mask holds: in user units, or in shares of the element's box."""
    matrix, viewport = inner.matrix, inner.viewport
    if target.get(unit, _units_of(unit)) == "objectBoundingBox":
        left, top, right, bottom = box or (0.0, 0.0, 0.0, 0.0)
        matrix, viewport = times(matrix, (right - left, 0.0, 0.0, bottom - top, left, top)), (1.0, 1.0)
    return Context(inner.style, matrix, viewport)


def _clip_path(
    scene: SvgScene, target: ElementTree.Element, _: ElementTree.Element, inner: Context, box: Box | None
) -> tuple[Clip, ...]:
    context = _in_units(target, "clipPathUnits", inner, box)
    entered = scene.entered(target, Context(scene.styles.in_place(target), context.matrix, context.viewport))
    if entered is None:
        return (Region(area_of([], even_odd=False)),)
    level = Context(scene.styles.in_place(target), entered.matrix, entered.viewport)
    items = []
    for item in (item for child in target for item in scene.items(child, level) if item.style.is_visible):
        if item.tag in SHAPES:
            items.append(item)
        else:
            scene.findings.lost(item.element, "does not clip: only shapes do")
    outlines = [_outlines(item) for item in items]
    if len(items) == 1 and not items[0].context.clips and (upright := box_of(outlines[0])):
        return (*entered.clips, upright)
    import shapely

    areas = [_cut(_filled(lines, item, "clip-rule"), item) for lines, item in zip(outlines, items, strict=True)]
    return (*entered.clips, Region(shapely.union_all(areas)))


def _outlines(item: SceneItem) -> list[Line]:
    lines = [on_sheet(line, item.context.matrix) for line in item.lines(FINE_MM)]
    return [line for line in lines if np.isfinite(line).all()]


def _filled(lines: list[Line], item: SceneItem, rule: str) -> Any:
    return area_of(lines, item.style[rule].strip().lower() == "evenodd")


def _cut(area: Any, item: SceneItem) -> Any:
    for clip in item.context.clips:
        area = area & as_area(clip)
    return area


# --- masks ------------------------------------------------------------------------------------------------------------


def _mask(
    scene: SvgScene, target: ElementTree.Element, element: ElementTree.Element, inner: Context, box: Box | None
) -> tuple[Clip, ...]:
    """Return the region where a mask of plain shapes is light, limited to the mask's own rectangle."""
    style = scene.styles.in_place(target)
    context = _in_units(target, "maskContentUnits", inner, box)
    level = Context(style, context.matrix, context.viewport)
    items = [item for child in target for item in scene.items(child, level) if item.style.is_visible]
    if any(item.tag not in SHAPES or _has_reference(item) for item in items):
        scene.findings.lost(element, "has a mask of pictures, texts, gradients or patterns, which is not applied")
        return ()
    light = area_of([], even_odd=False)
    for item in items:
        light = _painted(light, item, by_alpha=style["mask-type"].strip().lower() == "alpha")
    if any(0 < _lightness(paint, item, by_alpha=False) < 1 for item in items for paint in _paints(item)):
        scene.findings.lost(element, "has a mask with greys: what it shows by half or more is drawn in full strength")
    limit = _mask_rectangle(target, inner, box)
    return (Region(light),) if limit is None else (Region(light), limit)


def _has_reference(item: SceneItem) -> bool:
    return any(paint.reference is not None for paint in _paints(item))


def _paints(item: SceneItem) -> tuple[Paint, Paint]:
    return item.style.fill, item.style.stroke


def _painted(light: Any, item: SceneItem, by_alpha: bool) -> Any:
    """Return the light area after a shape has been painted on it."""
    lines = _outlines(item)
    width_mm = item.stroke_mm
    areas = []
    if item.style.fill.is_seen:
        areas.append((item.style.fill, _filled(lines, item, "fill-rule")))
    if item.style.stroke.is_seen and width_mm > 0:
        areas.append((item.style.stroke, stroked(lines, width_mm)))
    for paint, area in areas:
        part = _cut(area, item)
        light = light | part if _lightness(paint, item, by_alpha) >= 0.5 else light if by_alpha else light - part
    return light


def _lightness(paint: Paint, item: SceneItem, by_alpha: bool) -> float:
    """Return how much a mask shows below a paint, from 0 to 1; 1 for a paint that is not seen."""
    if paint.colour is None or paint.alpha == 0:
        return 1.0
    rgb = np.array([int(paint.colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return paint.alpha * share(item.style["opacity"]) * (1.0 if by_alpha else round(float(rgb @ _LUMINANCE), 6))


def _mask_rectangle(target: ElementTree.Element, inner: Context, box: Box | None) -> Clip | None:
    """Return the rectangle that limits a mask; None for shares of the box of a straight line, which mean nothing."""
    by_box = target.get("maskUnits", "objectBoundingBox") == "objectBoundingBox"
    left, top, right, bottom = (box or (0.0, 0.0, 0.0, 0.0)) if by_box else (0.0, 0.0, *inner.viewport)
    if right <= left or bottom <= top:
        return None
    lengths = Lengths(target, inner.style, (1.0, 1.0) if by_box else inner.viewport)
    full = (1.0, 1.0) if by_box else inner.viewport
    x, y = (lengths(name, axis, -0.1 * full[axis]) for axis, name in enumerate(("x", "y")))
    width, height = (lengths(name, axis, 1.2 * full[axis]) for axis, name in enumerate(("width", "height")))
    if by_box:
        x, width = left + x * (right - left), width * (right - left)
        y, height = top + y * (bottom - top), height * (bottom - top)
    return rectangle(x, y, x + width, y + height, inner.matrix)

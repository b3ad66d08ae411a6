"""Any SVG file to a drawing: layers, transforms, units, strokes; a pen for each colour and width in a layer."""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import svgelements as se

from hardware.drawing import Drawing, Ink, Line, Pen, PenPass, is_dot
from hardware.svgfile.flatten import polylines
from hardware.svgfile.xml import SvgError, checked_root, file_text, size_px, tidied

_MM_PER_PX = 25.4 / 96  # CSS: 96 px an inch
_LABEL = "{http://www.inkscape.org/namespaces/inkscape}label"
_VIEW = "{http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd}namedview"
_FAULTS_SHOWN = 3


@dataclass(frozen=True)
class _Stroke:
    line: Line
    colour: str
    width_mm: float
    ink: Ink


@dataclass
class _Layer:
    label: str
    attributes: dict[str, str]
    strokes: list[_Stroke] = field(default_factory=list)


def read_svg(source: str | Path) -> Drawing:
    """The drawing in an SVG file, or in the text of one (which begins with `<`).

    Each top-level group is a layer; in it, each colour and stroke width becomes a pen, in the order in which they first
    occur. Curves become lines within 0.02 mm. Layers whose label begins with `%` are not drawn. Raises SvgError, which
    names what cannot be drawn: fills without a stroke, text, pictures, dashes.
    """
    if isinstance(source, str) and (not source.strip() or source.lstrip("\ufeff \t\r\n").startswith("<")):
        text, name = source, "the SVG text"
    else:
        text, name = file_text(Path(source)), str(source)
    root = checked_root(text, name)
    size = size_px(root, name)
    width_mm, height_mm = (round(length * _MM_PER_PX, 4) for length in size)
    svg = _parsed(root, size, name)
    faults: list[str] = []
    layers, background = _layers(svg, (width_mm, height_mm), faults)
    if faults:
        more = [f"and {len(faults) - _FAULTS_SHOWN} more"] if len(faults) > _FAULTS_SHOWN else []
        raise SvgError("\n".join(f"{name}: {fault}" for fault in [*faults[:_FAULTS_SHOWN], *more]))
    passes = tuple(p for layer in layers for p in _passes(layer, name))
    if not passes:
        raise SvgError(f"{name}: has no strokes; give its shapes a stroke colour")
    title = root.findtext("{http://www.w3.org/2000/svg}title") or ""
    return Drawing(width_mm, height_mm, background or _pagecolour(root), passes, title)


def _parsed(root: ElementTree.Element, size: tuple[float, float], name: str) -> se.SVG:
    try:
        svg = se.SVG.parse(io.StringIO(tidied(root, size)), reify=False, ppi=96)
    except RecursionError:
        raise SvgError(f"{name}: its groups are nested too deeply") from None
    except Exception as fault:  # svgelements raises anything at all on mangled attributes
        raise SvgError(f"{name}: is damaged ({type(fault).__name__}: {fault})") from None
    if not isinstance(svg, se.SVG):
        raise SvgError(f"{name}: has nothing to draw")
    return svg


def _pagecolour(root: ElementTree.Element) -> str:
    view = root.find(_VIEW)
    colour = "" if view is None else view.get("pagecolor", "")
    return colour.lower() if re.fullmatch("#[0-9a-fA-F]{6}", colour) else "#ffffff"


def _layers(svg: se.SVG, size_mm: tuple[float, float], faults: list[str]) -> tuple[list[_Layer], str | None]:
    """Layers with their strokes, and the colour of the paper if a shape that fills the page stands for it."""
    loose = _Layer("", {})  # what stands in no group
    layers = [loose]
    background: str | None = None
    for element in svg:
        layer = loose
        if isinstance(element, se.Group | se.Use):
            layer = _Layer(*_named(element))
            layers.append(layer)
        for shape in _drawn([element]):
            if background is None and not any(each.strokes for each in layers) and _fills_page(shape, size_mm):
                background = shape.fill.hexrgb
                continue
            fault = _fault(shape)
            if fault:
                faults.append(f"{_who(shape)} {fault}")
            else:
                layer.strokes += _strokes(shape, faults)
    return layers, background


def _named(group: se.Group | se.Use) -> tuple[str, dict[str, str]]:
    attributes = {str(key): str(value) for key, value in group.values.get("attributes", {}).items()}
    return attributes.get(_LABEL, ""), attributes


def _drawn(elements: list[object]) -> Iterator[se.Shape]:
    """Shapes, texts and pictures that are visible, in drawing order. Works without recursion."""
    stack = [iter(elements)]
    while stack:
        element = next(stack[-1], None)
        if element is None:
            stack.pop()
        elif isinstance(element, se.Group | se.Use):
            if not _named(element)[0].lstrip().startswith("%"):
                stack.append(iter(element))
        elif isinstance(element, se.Shape | se.Text | se.Image) and _is_visible(element):
            yield element


def _is_visible(element: se.Shape) -> bool:
    values = element.values
    if values.get("visibility") in ("hidden", "collapse") or _number(values.get("opacity", "1")) == 0:
        return False
    if isinstance(element, se.Text):
        return bool((element.text or "").strip())
    if isinstance(element, se.Image):
        return True
    return _has_stroke(element) or (
        not isinstance(element, se.SimpleLine) and _is_paint(element.fill, values.get("fill"))
    )


def _has_stroke(shape: se.Shape) -> bool:
    width = shape.implicit_stroke_width
    return _is_paint(shape.stroke, shape.values.get("stroke")) and not (width is not None and width == 0)


def _is_paint(colour: se.Color | None, text: str | None) -> bool:
    """Whether a fill or stroke shows. Gradients do, although svgelements has no colour for them."""
    if text is not None and text.strip().startswith("url("):
        return True
    return colour is not None and colour.value is not None and colour.alpha > 0


def _fills_page(shape: se.Shape, size_mm: tuple[float, float]) -> bool:
    """Whether this is a plain rectangle without a stroke that covers the sheet: it stands for the paper."""
    if not isinstance(shape, se.Shape) or _has_stroke(shape) or shape.fill is None or shape.fill.value is None:
        return False
    lines = polylines(shape)
    if len(lines) != 1 or len(lines[0]) not in (4, 5):
        return False
    low, high = lines[0].min(axis=0), lines[0].max(axis=0)
    corners = (np.isclose(lines[0], low) | np.isclose(lines[0], high)).all()
    return bool(corners and (low <= 0.5).all() and (high >= np.array(size_mm) - 0.5).all())


def _fault(shape: se.Shape) -> str | None:
    """Why this cannot be drawn with a pen."""
    if isinstance(shape, se.Text):
        return "cannot be drawn; turn text into paths (Inkscape: Path > Object to Path) and give them a stroke"
    if isinstance(shape, se.Image):
        return "cannot be drawn; pens draw strokes only; remove or hide the picture"
    if not _has_stroke(shape):
        return "has a fill but no stroke; pens draw strokes only: give it a stroke, or remove it"
    if str(shape.values.get("stroke", "")).strip().startswith("url("):
        return f"has the stroke {shape.values['stroke']!r}; give it one plain colour"
    if re.search("[1-9]", str(shape.values.get("stroke-dasharray", "none"))):
        return "has a dashed stroke; turn dashes into paths of their own"
    return None


def _who(shape: se.Shape) -> str:
    tag = shape.values.get("tag", "shape")
    if isinstance(shape, se.Text):
        return f"<{tag}> {shape.text.strip()[:30]!r}"
    return f"<{tag}> {shape.id!r}" if shape.id else f"<{tag}> without an id"


def _strokes(shape: se.Shape, faults: list[str]) -> Iterator[_Stroke]:
    width = shape.implicit_stroke_width
    width_mm = round(float(1 if width is None else width) * _MM_PER_PX, 4)
    ink = Ink.TRANSPARENT if shape.values.get("mix-blend-mode") == "multiply" else Ink.OPAQUE
    for line in polylines(shape):
        if not np.isfinite(line).all() or not 0 < width_mm <= 30:
            faults.append(f"{_who(shape)} has a coordinate or a stroke width ({width_mm:g} mm) that cannot be drawn")
            return
        drawn = line[[0, -1]].mean(axis=0, keepdims=True) if is_dot(line) else line
        yield _Stroke(np.ascontiguousarray(drawn), shape.stroke.hexrgb.lower(), width_mm, ink)


def _passes(layer: _Layer, name: str) -> Iterator[PenPass]:
    if not layer.strokes:
        return
    groups: dict[tuple[str, float, Ink], list[Line]] = {}
    for stroke in layer.strokes:
        groups.setdefault((stroke.colour, stroke.width_mm, stroke.ink), []).append(stroke.line)
    if "data-layer" in layer.attributes and (len(groups) == 1 or "data-colours" in layer.attributes):
        yield _own_pass(layer, name)
        return
    plain = re.sub(r"(?i)^\s*(layer|ebene|calque)?[\s\d_:.-]*", "", layer.label).strip()
    for (colour, width_mm, ink), lines in groups.items():
        pen_name = plain if plain and len(groups) == 1 else f"{plain} {colour}".strip()
        pen = Pen(name=pen_name[-60:], colour=colour, nib_mm=width_mm, ink=ink)
        yield PenPass(plain or "drawing", pen, tuple(lines))


def _own_pass(layer: _Layer, name: str) -> PenPass:
    """A layer that `to_svg` wrote: one pass, whose pen is on the group."""
    attributes, strokes = layer.attributes, layer.strokes
    free_colours, free_widths = "data-colours" in attributes, "data-widths" in attributes
    try:
        pen = Pen(
            name=re.sub(r"^\d+ (.*) \S+$", r"\1", layer.label, flags=re.DOTALL),
            colour=attributes["stroke"] if free_colours else strokes[0].colour,
            nib_mm=float(attributes["stroke-width"]) if free_widths else strokes[0].width_mm,
            ink=strokes[0].ink,
            feed_mm_min=_number(attributes.get("data-feed-mm-min")),
            dwell_s=_number(attributes.get("data-dwell-s")),
        )
    except (KeyError, ValueError) as fault:
        raise SvgError(f"{name}: the layer {layer.label!r} is damaged: {' '.join(str(fault).split())}") from None
    return PenPass(
        layer=attributes["data-layer"],
        pen=pen,
        lines=tuple(s.line for s in strokes),
        colours=tuple(s.colour for s in strokes) if free_colours else None,
        widths_mm=tuple(s.width_mm for s in strokes) if free_widths else None,
    )


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None

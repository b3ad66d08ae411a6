"""Any SVG file -> a drawing: layers, transforms, units, strokes; a pen for each colour and width in a layer."""

import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import svgelements as se

from hardware.drawing import Drawing, Ink, Line, is_dot
from hardware.svgfile.flatten import FINE_MM, polylines, px_to_mm
from hardware.svgfile.hatch import hatched
from hardware.svgfile.svg_layers import LABEL, Options, SvgLayer, SvgStroke, known_pens, passes_of
from hardware.svgfile.xml import SvgError, checked_root, clip_boxes, file_text, size_px, tidied
from hardware.toolpath.cut import dashes, inside

FARTHEST_MM = 1e5  # from the origin: a coordinate of a hundred metres is a mistake, and would take too long to follow
_MM_PER_PX = 25.4 / 96  # CSS: 96 px an inch
_VIEW = "{http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd}namedview"
_FAULTS_SHOWN = 3
_FILL_ONLY = "has a fill but no stroke; pens draw strokes only: give it a stroke, hatch it (--hatch), or remove it"

Box = tuple[float, float, float, float]  # left, top, right, bottom
Clips = tuple[Box, ...]  # mm


@dataclass(frozen=True)
class Reading:
    """A drawing, and notes on how its file was read."""

    drawing: Drawing
    notes: tuple[str, ...]


@dataclass
class _Findings:
    """Faults, and counts of shapes for the notes."""

    faults: list[str] = field(default_factory=list)
    unfilled: int = 0
    blank: int = 0
    unclipped: int = 0


def read_svg(source: str | Path, options: Options | None = None) -> Drawing:
    """Return the drawing in an SVG file or in an SVG text (which begins with `<`).

    Each top-level group is a layer; in it, each colour and stroke width becomes a pen, in the order in which they first
    occur. Curves become lines within 0.005 mm. Layers whose label begins with `%` are not drawn. Raises SvgError, which
    names what cannot be drawn: fills without a stroke (unless they are hatched), text, pictures.
    """
    return reading(source, options or Options()).drawing


def reading(source: str | Path, options: Options) -> Reading:
    """Return the drawing as `read_svg` does, with notes. Raises SvgError."""
    if isinstance(source, str) and (not source.strip() or source.lstrip("\ufeff \t\r\n").startswith("<")):
        text, name = source, "the SVG text"
    else:
        text, name = file_text(Path(source)), str(source)
    root = checked_root(text, name)
    size = size_px(root, name)
    width_mm, height_mm = (round(length * _MM_PER_PX, 4) for length in size)
    known, title = known_pens(root), root.findtext("{http://www.w3.org/2000/svg}title") or ""
    boxes, page = clip_boxes(root), _pagecolour(root)
    svg = _parsed(root, size, name)
    findings = _Findings()
    layers, background = _layers(svg, (width_mm, height_mm), page, boxes, options, findings)
    if findings.faults:
        more = [f"and {len(findings.faults) - _FAULTS_SHOWN} more"] if len(findings.faults) > _FAULTS_SHOWN else []
        raise SvgError("\n".join(f"{name}: {fault}" for fault in [*findings.faults[:_FAULTS_SHOWN], *more]))
    passes, notes = passes_of(layers, (width_mm, height_mm), known, options, name)
    if not passes:
        raise SvgError(f"{name}: has no strokes; give its shapes a stroke colour")
    return Reading(Drawing(width_mm, height_mm, background or page, passes, title), (*_notes(findings), *notes))


def _notes(findings: _Findings) -> Iterator[str]:
    if findings.unfilled:
        yield f"{_shapes(findings.unfilled)} drawn in outline only; --hatch fills them"
    if findings.blank:
        yield f"{_shapes(findings.blank)} left out: filled with the colour of the paper and without a stroke"
    if findings.unclipped:
        yield f"{_shapes(findings.unclipped)} drawn without clipping: the clip path is not an upright rectangle"


def _shapes(count: int) -> str:
    return "1 shape is" if count == 1 else f"{count} shapes are"


def _parsed(root: ElementTree.Element, size: tuple[float, float], name: str) -> se.SVG:
    try:
        svg = se.SVG.parse(io.StringIO(tidied(root, size)), reify=False, ppi=96)
    except RecursionError:
        raise SvgError(f"{name}: its groups are nested too deeply") from None
    except Exception as fault:  # svgelements raises any exception for damaged attributes
        raise SvgError(f"{name}: is damaged ({type(fault).__name__}: {fault})") from None
    if not isinstance(svg, se.SVG):
        raise SvgError(f"{name}: has nothing to draw")
    return svg


def _pagecolour(root: ElementTree.Element) -> str:
    view = root.find(_VIEW)
    colour = "" if view is None else view.get("pagecolor", "")
    return colour.lower() if re.fullmatch("#[0-9a-fA-F]{6}", colour) else "#ffffff"


def _layers(
    svg: se.SVG, size_mm: tuple[float, float], page: str, boxes: dict[str, Box], options: Options, findings: _Findings
) -> tuple[list[SvgLayer], str | None]:
    """Return the layers with their strokes, and the colour of a shape that fills the page and stands for the paper."""
    loose = SvgLayer("", {})  # elements outside all groups
    layers = [loose]
    background: str | None = None
    for element in svg:
        layer = loose
        if isinstance(element, se.Group | se.Use):
            layer = SvgLayer(*_named(element))
            layers.append(layer)
        for shape, clips in _drawn(element, boxes, findings):
            if background is None and not any(each.strokes for each in layers) and _fills_page(shape, size_mm):
                background = shape.fill.hexrgb
            elif _is_blank(shape, background or page):
                findings.blank += 1
            elif fault := _fault(shape, options):
                findings.faults.append(f"{_named_shape(shape)} {fault}")
            else:
                layer.strokes += _strokes(shape, clips, options, findings)
    return layers, background


def _named(group: se.Group | se.Use) -> tuple[str, dict[str, str]]:
    attributes = {str(key): str(value) for key, value in group.values.get("attributes", {}).items()}
    return attributes.get(LABEL, ""), attributes


def _drawn(element: object, boxes: dict[str, Box], findings: _Findings) -> Iterator[tuple[se.Shape, Clips]]:
    """Yield visible shapes, texts and pictures in drawing order, with their clips. Works without recursion."""
    stack: list[tuple[Iterator[object], Clips]] = [(iter([element]), ())]
    while stack:
        elements, clips = stack[-1]
        element = next(elements, None)
        if element is None:
            stack.pop()
        elif isinstance(element, se.Group | se.Use):
            if not _named(element)[0].lstrip().startswith("%"):
                stack.append((iter(element), (*clips, *_clips(element, boxes, findings))))
        elif isinstance(element, se.Shape | se.Text | se.Image) and _is_visible(element):
            yield element, (*clips, *_clips(element, boxes, findings))


def _clips(element: se.Group | se.Use | se.Shape, boxes: dict[str, Box], findings: _Findings) -> Clips:
    """Return the rectangle on the sheet of an element's own `clip-path`, if it has an upright one."""
    given = re.fullmatch(r"\s*url\(\s*[\"']?#(.+?)[\"']?\s*\)\s*", str(element.values.get("clip-path", "")))
    if given is None:
        return ()
    box, turn = boxes.get(given[1]), element.transform
    upright = abs(turn.b) + abs(turn.c) < 1e-9 * (abs(turn.a) + abs(turn.d))
    if box is None or not upright:
        findings.unclipped += 1
        return ()
    (x0, y0), (x1, y1) = px_to_mm(np.array([[box[0], box[1]], [box[2], box[3]]]), turn).tolist()
    return ((min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)),)


def _is_visible(element: se.Shape) -> bool:
    values = element.values
    if values.get("visibility") in ("hidden", "collapse") or _number(values.get("opacity", "1")) == 0:
        return False
    if isinstance(element, se.Text):
        return bool((element.text or "").strip())
    if isinstance(element, se.Image):
        return True
    return _has_stroke(element) or _has_fill(element)


def _has_stroke(shape: se.Shape) -> bool:
    width = shape.implicit_stroke_width
    return _is_paint(shape.stroke, shape.values.get("stroke")) and not (width is not None and width == 0)


def _has_fill(shape: se.Shape) -> bool:
    return not isinstance(shape, se.SimpleLine) and _is_paint(shape.fill, shape.values.get("fill"))


def _is_paint(colour: se.Color | None, text: str | None) -> bool:
    """Whether a fill or stroke is visible. Gradients are, although svgelements has no colour for them."""
    if text is not None and text.strip().startswith("url("):
        return True
    return colour is not None and colour.value is not None and colour.alpha > 0


def _is_blank(shape: se.Shape, paper: str) -> bool:
    """Whether a shape has only a fill of the paper's colour, so that there is nothing to draw."""
    if isinstance(shape, se.Text | se.Image) or _has_stroke(shape):
        return False
    return shape.fill is not None and shape.fill.value is not None and shape.fill.hexrgb.lower() == paper.lower()


def _fills_page(shape: se.Shape, size_mm: tuple[float, float]) -> bool:
    """Whether this is a plain rectangle without a stroke that covers the sheet, and so stands for the paper."""
    if not isinstance(shape, se.Shape) or _has_stroke(shape) or shape.fill is None or shape.fill.value is None:
        return False
    lines = polylines(shape)
    if len(lines) != 1 or len(lines[0]) not in (4, 5):
        return False
    low, high = lines[0].min(axis=0), lines[0].max(axis=0)
    corners = (np.isclose(lines[0], low) | np.isclose(lines[0], high)).all()
    return bool(corners and (low <= 0.5).all() and (high >= np.array(size_mm) - 0.5).all())


def _fault(shape: se.Shape, options: Options) -> str | None:
    """Return why a pen cannot draw this shape; None if it can."""
    if isinstance(shape, se.Text):
        return "cannot be drawn; turn text into paths (Inkscape: Path > Object to Path) and give them a stroke"
    if isinstance(shape, se.Image):
        return "cannot be drawn; pens draw strokes only; remove or hide the picture"
    if not _has_stroke(shape) and options.hatch_mm is None:
        return _FILL_ONLY
    for kind, seen in (("stroke", _has_stroke(shape)), ("fill", options.hatch_mm is not None)):
        if seen and str(shape.values.get(kind, "")).strip().startswith("url("):
            return f"has the {kind} {shape.values[kind]!r}; give it one plain colour"
    return None


def _named_shape(shape: se.Shape) -> str:
    tag = shape.values.get("tag", "shape")
    if isinstance(shape, se.Text):
        return f"<{tag}> {shape.text.strip()[:30]!r}"
    return f"<{tag}> {shape.id!r}" if shape.id else f"<{tag}> without an id"


def _strokes(shape: se.Shape, clips: Clips, options: Options, findings: _Findings) -> Iterator[SvgStroke]:
    """Yield the lines with which a pen draws a shape: its hatching, if requested, then its outline."""
    ink = Ink.TRANSPARENT if shape.values.get("mix-blend-mode") == "multiply" else Ink.OPAQUE
    lines = polylines(shape, min(options.tolerance_mm, FINE_MM))
    sound = all((np.abs(line) <= FARTHEST_MM).all() for line in lines)  # also rules out values that are not numbers
    if _has_fill(shape) and options.hatch_mm is not None and sound:
        even_odd = shape.values.get("fill-rule") == "evenodd"
        for line in _clipped(hatched(lines, options.hatch_mm, even_odd), clips):
            yield SvgStroke(line, shape.fill.hexrgb.lower(), options.hatch_mm, ink)
    elif _has_fill(shape):
        findings.unfilled += _has_stroke(shape)
    if not _has_stroke(shape):
        return
    width = shape.implicit_stroke_width
    width_mm = round(float(1 if width is None else width) * _MM_PER_PX, 4)
    if not sound or not 0 < width_mm <= 30:
        findings.faults.append(
            f"{_named_shape(shape)} has a coordinate or a stroke width ({width_mm:g} mm) that cannot be drawn"
        )
        return
    for line in _clipped(_dashed(shape, lines), clips):
        drawn = line[[0, -1]].mean(axis=0, keepdims=True) if is_dot(line) else line
        yield SvgStroke(np.ascontiguousarray(drawn), shape.stroke.hexrgb.lower(), width_mm, ink)


def _clipped(lines: Iterable[Line], clips: Clips) -> Iterator[Line]:
    for line in lines:
        pieces = [line]
        for left, top, right, bottom in clips:
            corners = np.array([left, top]), np.array([right, bottom])
            pieces = [piece for line_part in pieces for piece in inside(line_part, *corners)]
        yield from pieces


def _dashed(shape: se.Shape, lines: list[Line]) -> Iterable[Line]:
    """Return the lines, or their dashes by `stroke-dasharray`."""
    given = str(shape.values.get("stroke-dasharray", "none"))
    lengths = [_number(part) for part in re.findall(r"[-+.\deE]+", given)] if re.search("[1-9]", given) else []
    if not lengths or any(length is None or length < 0 for length in lengths):
        return lines
    turn = shape.transform
    scale = _MM_PER_PX * abs(turn.a * turn.d - turn.b * turn.c) ** 0.5
    offset = _number(str(shape.values.get("stroke-dashoffset", "0")).removesuffix("px")) or 0.0
    pattern = [scale * (length or 0.0) for length in lengths] * (1 + len(lengths) % 2)
    return (piece for line in lines for piece in dashes(line, pattern, scale * offset))


def _number(text: object) -> float | None:
    try:
        return None if text is None else float(str(text))
    except ValueError:
        return None

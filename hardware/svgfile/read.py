"""Any SVG file -> a drawing: layers, transforms, units, strokes; a pen for each colour and width in a layer."""

import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from hardware.drawing import Drawing, Line
from hardware.formats import FormatError, Imported, imported
from hardware.svgfile.cascade import Style
from hardware.svgfile.clip_regions import clips_of
from hardware.svgfile.clipping import clipped
from hardware.svgfile.findings import Findings, named
from hardware.svgfile.flatten import FINE_MM, without_repeats
from hardware.svgfile.markers import marked
from hardware.svgfile.paint_servers import PLAIN_ADVICE, solid
from hardware.svgfile.plain_image import only_colour
from hardware.svgfile.scene import LABEL, SVG, Context, SceneItem, SvgScene, href_of, local_name
from hardware.svgfile.shape_strokes import WIDEST_MM, hatching, ink_of, is_near, outline_strokes, own_lines
from hardware.svgfile.sizing import PageFit, fitted
from hardware.svgfile.svg_layers import Options, SvgLayer, SvgStroke, known_pens, passes_of
from hardware.svgfile.svg_paint import Paint
from hardware.svgfile.svg_text import lettered_text
from hardware.svgfile.svg_values import MM_PER_PX, Size, matrix_of, on_sheet, scaling, times, view_box, view_matrix
from hardware.svgfile.xml import SvgError, checked_root, file_text, lacks_units, size_px

_VIEW = "{http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd}namedview"
_FILL_ONLY = "has a fill but no stroke; pens draw strokes only: give it a stroke, hatch it (--hatch), or remove it"
_LEFT_OUT_FILLS = "left out: filled and without a stroke; --hatch fills them"
_MOVING = {f"{SVG}{tag}" for tag in ("animate", "animateMotion", "animateTransform", "set")}
_SVG = Imported("")  # nothing was imported
_LETTER_MM = 0.35  # width of letters in a file without strokes


@dataclass(frozen=True)
class Reading:
    """A drawing, and notes on how its file was read."""

    drawing: Drawing
    notes: tuple[str, ...]


def read_svg(source: str | Path, options: Options | None = None) -> Drawing:
    """Return the drawing in an SVG file or in an SVG text (which begins with `<`).

    Each top-level group is a layer; in it, each colour and stroke width becomes a pen, in the order in which they first
    occur. Curves become lines within 0.005 mm. Layers whose label begins with `%` are not drawn. Raises SvgError if
    nothing can be drawn, and with `options.strict` for whatever cannot be drawn as the file shows it.
    """
    return reading(source, options or Options()).drawing


def reading(source: str | Path, options: Options) -> Reading:
    """Return the drawing as `read_svg` does, with notes. Raises SvgError."""
    if isinstance(source, str) and (not source.strip() or source.lstrip("\ufeff \t\r\n").startswith("<")):
        text, name, found = source, "the SVG text", _SVG
    else:
        name, found = str(source), _file_of_another_kind(Path(source))
        text = found.text or file_text(Path(source))
    text = text.removeprefix("\ufeff")
    reader = _Reader(checked_root(text, name), text, name, options, found)
    try:
        with np.errstate(all="ignore"):  # absurd numbers give coordinates that are not finite, which are found later
            return reader.reading()
    except (ArithmeticError, ValueError, RecursionError) as fault:  # absurd numbers
        if isinstance(fault, SvgError):
            raise
        raise SvgError(f"{name}: is damaged ({type(fault).__name__}: {fault})") from None


def _file_of_another_kind(path: Path) -> Imported:
    """Return a DXF, HPGL or PDF as SVG; without text for SVG. Raises SvgError."""
    try:
        return imported(path) or _SVG
    except FormatError as fault:
        raise SvgError(f"{path}: {fault}") from None


class _Reader:
    """Reads one file."""

    def __init__(self, root: ElementTree.Element, text: str, name: str, options: Options, found: Imported) -> None:
        self._root, self._name, self._options = root, name, options
        self._findings = Findings(root, text, found.losses, found.notes)
        self._is_svg = found is _SVG
        if "<?xml-stylesheet" in text:
            self._findings.lost(root, "refers to a style sheet in another file, which is not read")
        self._scene = SvgScene(root, self._findings, clips_of)
        self._layers = [SvgLayer("", {})]  # the first is for elements outside all groups
        self._unstroked: list[ElementTree.Element] = []
        self._background: str | None = None
        self._page = _pagecolour(root)

    def reading(self) -> Reading:
        style = self._scene.styles.of(self._root, Style())
        given = self._given_size(style)
        size = size_px(given, self._root.get("viewBox", ""), self._name)
        page_mm = round(size[0] * MM_PER_PX, 4), round(size[1] * MM_PER_PX, 4)
        try:
            fit = fitted(page_mm, self._options.sizing)
            self._read_layers(self._whole(style, size, page_mm, fit), fit.sheet_mm)
        except SvgError as fault:
            raise SvgError(f"{self._name}: {fault}") from None
        self._refuse()
        known, options = known_pens(self._root), self._options
        passes, notes = passes_of(self._layers, fit.sheet_mm, known, options, self._name, fit.scale)
        if not passes:
            raise SvgError(self._in_lines(self._nothing()))
        if self._is_svg and options.sizing is None and lacks_units(given):
            self._findings.notes.append(_size_note(page_mm))
        title = self._root.findtext(f"{SVG}title") or ""
        drawing = Drawing(*fit.sheet_mm, self._background or self._page, passes, title)
        return Reading(drawing, (*self._findings.all_notes(), *notes))

    def _given_size(self, style: Style) -> tuple[str, str]:
        """Return width and height of <svg> as text: CSS wins over attributes."""
        width, height = (style.own.get(name) or self._root.get(name) or "100%" for name in ("width", "height"))
        return width, height

    def _whole(self, style: Style, size: Size, page_mm: Size, fit: PageFit) -> Context:
        """Return the context of the root's children: user units -> mm on the sheet."""
        box = view_box(self._root.get("viewBox"))
        viewport = size if box is None else box[2:]
        scale, (left, top) = fit.scale, fit.offset_mm
        matrix = (scale, 0.0, 0.0, scale, left, top)
        aspect = self._root.get("preserveAspectRatio", "")
        # without a view box, a unit is a pixel. With one in mm, no factor is left that could round coordinates
        own_view = scaling(MM_PER_PX, MM_PER_PX) if box is None else view_matrix(box, aspect, page_mm)
        matrix = times(matrix, own_view)
        if own := matrix_of(style.own.get("transform") or self._root.get("transform") or "", viewport, style.em):
            matrix = times(matrix, own)
        if style.problems or style.own:
            self._scene.report(self._root, style)
        width, height = (scale * length for length in page_mm)
        clips = ((left, top, left + width, top + height),) if left > 0 or top > 0 else ()
        return Context(style, matrix, viewport, clips)

    # --- layers ---

    def _read_layers(self, whole: Context, sheet_mm: Size) -> None:
        for element in self._root:
            layer = self._layers[0]
            if local_name(element) in ("g", "use", "svg", "a", "switch"):
                layer = SvgLayer(element.get(LABEL, ""), dict(element.attrib))
                self._layers.append(layer)
            for item in self._scene.items(element, whole):
                self._add(item, layer, sheet_mm)
        for element in self._root.iter():
            if element.tag in _MOVING:
                self._findings.lost(element, "left out: what moves is drawn as it is before it moves")
        self._find_widths()

    def _add(self, item: SceneItem, layer: SvgLayer, sheet_mm: Size) -> None:
        try:
            if item.tag == "image":
                self._add_image(item, sheet_mm)
            elif item.tag == "text":
                self._add_text(item, layer)
            else:
                self._add_shape(item, layer, sheet_mm)
        except (ArithmeticError, ValueError) as fault:  # numbers that overflow
            if isinstance(fault, SvgError):
                raise
            self._findings.faults.append(f"{named(item.element)} has numbers that cannot be drawn ({fault})")

    def _has_strokes(self) -> bool:
        return any(layer.strokes for layer in self._layers)

    # --- shapes ---

    def _add_shape(self, item: SceneItem, layer: SvgLayer, sheet_mm: Size) -> None:
        subpaths, is_whole = item.outline()
        if not is_whole:
            self._findings.lost(item.element, "has a damaged outline; it is drawn up to the damage")
        if item.style.is_visible:
            lines = own_lines(item, subpaths, self._options.tolerance_mm)
            self._add_outline(item, layer, lines, sheet_mm)
            for shown in marked(self._scene, item, subpaths):
                self._add(shown, layer, sheet_mm)

    def _add_outline(self, item: SceneItem, layer: SvgLayer, lines: list[Line], sheet_mm: Size) -> None:
        stroke, fill = (self._paint(item, kind) for kind in ("stroke", "fill"))
        width_mm = round(item.stroke_mm, 4)
        has_stroke = stroke.is_seen and width_mm > 0
        if not lines or not (has_stroke or fill.is_seen):
            return
        placed = [on_sheet(line, item.context.matrix) for line in lines]
        if not is_near(placed) or (has_stroke and width_mm > WIDEST_MM):
            self._findings.faults.append(
                f"{named(item.element)} has a coordinate or a stroke width ({width_mm:g} mm) that cannot be drawn"
            )
        elif has_stroke:
            self._fill(item, layer, placed, fill, has_stroke)
            if stroke.colour is None:
                self._findings.lost(item.element, f"left out: its stroke is a pattern; {PLAIN_ADVICE}")
            else:
                layer.strokes += outline_strokes(item, lines, stroke.colour, width_mm)
        elif not self._is_paper(placed, fill, sheet_mm):
            self._fill(item, layer, placed, fill, has_stroke)
            if item.context.marked is not None and fill.colour is not None and self._options.hatch_mm is None:
                nib_mm = round(item.context.marked.width_mm, 4)
                layer.strokes += outline_strokes(item, lines, fill.colour, min(max(nib_mm, 0.05), WIDEST_MM))

    def _paint(self, item: SceneItem, kind: str) -> Paint:
        paint = solid(self._scene, item, kind)
        if kind == "fill" and item.tag == "line":
            return Paint()
        if paint.is_seen and paint.alpha < 1 and (kind == "stroke" or self._options.hatch_mm is not None):
            self._findings.lost(item.element, "is see-through; pens draw it in full strength")
        return paint

    def _is_paper(self, placed: list[Line], fill: Paint, sheet_mm: Size) -> bool:
        """Whether a shape without a stroke stands for the paper, or cannot be seen on it."""
        paper = self._background or self._page
        if fill.colour is None:
            return False
        if self._background is None and not self._has_strokes() and _covers(placed, sheet_mm):
            self._background = fill.colour
            return True
        if fill.colour == paper:
            self._findings.counted("left out: filled with the colour of the paper and without a stroke", is_loss=False)
        return fill.colour == paper

    def _fill(self, item: SceneItem, layer: SvgLayer, placed: list[Line], fill: Paint, has_stroke: bool) -> None:
        """Add the hatching of a shape, or note that its fill is not drawn."""
        if not fill.is_seen:
            return
        if fill.colour is None and (self._options.hatch_mm is not None or not has_stroke):
            what = "drawn without its fill, which is" if has_stroke else "left out: its fill is"
            self._findings.lost(item.element, f"{what} a gradient or a pattern; {PLAIN_ADVICE}")
        elif self._options.hatch_mm is not None and fill.colour is not None:
            layer.strokes += hatching(item, placed, self._options.hatch_mm, fill.colour)
        elif has_stroke or item.context.marked is not None:
            self._findings.counted("drawn in outline only; --hatch fills them")
        else:
            self._findings.counted(_LEFT_OUT_FILLS)
            self._unstroked.append(item.element)

    # --- texts and pictures ---

    def _add_text(self, item: SceneItem, layer: SvgLayer) -> None:
        if not "".join(item.element.itertext()).strip():
            return
        is_outline = self._options.text == "outline"
        if not is_outline:
            self._findings.lost(item.element, "drawn in single-line letters, not in its own typeface")
        elif self._options.hatch_mm is None:
            self._findings.counted("drawn in outline only; --hatch fills them")
        tolerance = item.tolerance(min(self._options.tolerance_mm, FINE_MM))
        for style, lines in lettered_text(self._scene, item, is_outline, tolerance):
            if not style.is_visible:
                continue
            own = replace(item, context=replace(item.context, style=style))
            paint = next((p for p in (self._paint(own, "fill"), self._paint(own, "stroke")) if p.colour), Paint())
            placed = [without_repeats(on_sheet(line, item.context.matrix)) for line in lines]
            if not is_near(placed):
                self._findings.faults.append(f"{named(item.element)} has a coordinate that cannot be drawn")
                return
            if paint.is_seen and paint.colour is not None:
                if is_outline and self._options.hatch_mm is not None:
                    layer.strokes += hatching(own, placed, self._options.hatch_mm, paint.colour)
                pieces = clipped(placed, item.context.clips)
                layer.strokes += [SvgStroke(piece, paint.colour, 0.0, ink_of(own)) for piece in pieces]

    def _find_widths(self) -> None:
        """Give letters the width of other strokes, so that they need no pen of their own."""
        known = [[s for s in layer.strokes if s.width_mm > 0] for layer in self._layers]
        of_all = Counter((s.colour, s.width_mm) for strokes in known for s in strokes)
        for layer, strokes in zip(self._layers, known, strict=True):
            if len(strokes) == len(layer.strokes):
                continue
            of_layer = Counter((s.colour, s.width_mm) for s in strokes)
            layer.strokes = [
                s if s.width_mm > 0 else replace(s, width_mm=_usual(s.colour, of_layer, of_all)) for s in layer.strokes
            ]

    def _add_image(self, item: SceneItem, sheet_mm: Size) -> None:
        href = href_of(item.element)
        if not href or not item.style.is_visible:
            return
        placed = [on_sheet(line, item.context.matrix) for line in item.lines(0.1)]
        if _covers(placed, sheet_mm) and (colour := only_colour(href)) is not None:
            if self._background is None and not self._has_strokes():
                self._background = colour
            return
        self._findings.lost(item.element, "left out: pens draw strokes only; trace the picture, or render it by a spec")

    # --- the end ---

    def _refuse(self) -> None:
        """Raise SvgError for faults, and with --strict for losses."""
        if self._findings.faults:
            raise SvgError(self._in_lines(self._findings.shown_faults()))
        if self._options.strict and (losses := self._findings.losses()):
            raise SvgError(self._in_lines([f"{loss} (an error because of --strict)" for loss in losses]))

    def _nothing(self) -> list[str]:
        """Return why there is nothing to draw."""
        self._findings.faults += [f"{named(element)} {_FILL_ONLY}" for element in self._unstroked]
        losses = [loss for loss in self._findings.losses() if _LEFT_OUT_FILLS not in loss]
        reasons = [*self._findings.shown_faults(), *losses]
        return reasons or ["has no strokes; give its shapes a stroke colour"]

    def _in_lines(self, reasons: list[str]) -> str:
        return "\n".join(f"{self._name}: {reason}" for reason in reasons)


def _size_note(size_mm: Size) -> str:
    return (
        f"gives its size without a unit: {size_mm[0]:g} x {size_mm[1]:g} mm is taken, 96 px an inch;"
        " --width, --height, --scale or --fit sets another"
    )


def _pagecolour(root: ElementTree.Element) -> str:
    view = root.find(_VIEW)
    colour = "" if view is None else view.get("pagecolor", "")
    return colour.lower() if re.fullmatch("#[0-9a-fA-F]{6}", colour) else "#ffffff"


def _covers(placed: list[Line], sheet_mm: Size) -> bool:
    """Whether an outline is an upright rectangle that covers the sheet."""
    if len(placed) != 1 or len(placed[0]) not in (4, 5):
        return False
    low, high = placed[0].min(axis=0), placed[0].max(axis=0)
    corners = (np.isclose(placed[0], low) | np.isclose(placed[0], high)).all()
    return bool(corners and (low <= 0.5).all() and (high >= np.array(sheet_mm) - 0.5).all())


def _usual(colour: str, *counters: Counter[tuple[str, float]]) -> float:
    """Return the most common width of strokes: of this colour if possible, of the layer if possible."""
    for same in (True, False):
        for counter in counters:
            for (other, width_mm), _ in counter.most_common():
                if other == colour or not same:
                    return width_mm
    return _LETTER_MM

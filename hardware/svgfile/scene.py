"""The elements of a file -> the shapes, texts and pictures that it shows, each with its style, place and clips.

Groups, `use`, nested <svg>, <symbol> and <switch> are followed here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from xml.etree import ElementTree

import numpy as np

from hardware.drawing import Line
from hardware.svgfile.cascade import Style, Styles
from hardware.svgfile.clipping import Box, Clip, Region, area_of, box_of
from hardware.svgfile.findings import Findings
from hardware.svgfile.flatten import polylines
from hardware.svgfile.outline import SHAPES, Lengths, Outline, outline_of
from hardware.svgfile.svg_paint import Paint, is_shown
from hardware.svgfile.svg_values import (
    IDENTITY,
    MM_PER_PX,
    Matrix,
    Size,
    about,
    diagonal,
    is_length,
    largest_stretch,
    length,
    matrix_of,
    on_sheet,
    share,
    stretch,
    times,
    translation,
    view_box,
    view_matrix,
)
from hardware.svgfile.xml import SvgError

SVG = "{http://www.w3.org/2000/svg}"
LABEL = "{http://www.inkscape.org/namespaces/inkscape}label"
_HREFS = ("href", "{http://www.w3.org/1999/xlink}href")
_LEAVES = SHAPES | {"text", "image"}
_CANNOT = {
    "foreignObject": "left out: pens cannot draw what is not SVG",
    "flowRoot": "left out: few programs show flowed text; turn it into plain text (Inkscape: Text > Convert to Text)",
    "video": "left out: pens cannot draw films",
    "iframe": "left out: pens cannot draw what is not SVG",
    "canvas": "left out: pens cannot draw what is not SVG",
}
_DEEPEST = 900  # levels of groups
_MOST_ITEMS = 10_000_000  # with those of markers and clip paths, which repeat
_CORNERS = {"left": "0%", "top": "0%", "center": "50%", "right": "100%", "bottom": "100%"}


@dataclass(frozen=True)
class MarkedShape:
    """What a marker knows of the shape that it stands on."""

    fill: Paint
    stroke: Paint
    width_mm: float  # of its stroke


@dataclass(frozen=True)
class Context:
    """What an element gets from those around it. After it has been entered: what it hands on."""

    style: Style
    matrix: Matrix  # user units -> mm on the sheet
    viewport: Size  # in user units: what 100 % means
    clips: tuple[Clip, ...] = ()  # mm
    size: tuple[float | None, float | None] = (None, None)  # that a `use` gives to a <symbol> or <svg>
    marked: MarkedShape | None = None  # inside a marker: the shape that it stands on
    is_measured: bool = False  # only its bounds matter, which clips do not change


@dataclass(frozen=True)
class SceneItem:
    """A shape, a text or a picture that a file shows."""

    element: ElementTree.Element
    tag: str
    context: Context

    @property
    def style(self) -> Style:
        """Its computed style."""
        return self.context.style

    def lengths(self) -> Lengths:
        """Return what reads its lengths."""
        return Lengths(self.element, self.style, self.context.viewport)

    @property
    def stroke_mm(self) -> float:
        """Width of its stroke on the sheet."""
        width = length(self.style["stroke-width"], diagonal(self.context.viewport), self.style.em)
        is_scaled = self.style["vector-effect"].strip().lower() != "non-scaling-stroke"
        return (1.0 if width is None else width) * (stretch(self.context.matrix) if is_scaled else MM_PER_PX)

    def outline(self) -> Outline:
        """Return the outline of a shape, and whether all of it could be read."""
        if self.tag == "image":
            return outline_of("rect", self.lengths(), self.element, self.style)
        return outline_of(self.tag, self.lengths(), self.element, self.style)

    def lines(self, tolerance_mm: float) -> list[Line]:
        """Return its outline in its own units, within a tolerance on the sheet."""
        return polylines(self.outline()[0], self.tolerance(tolerance_mm))

    def tolerance(self, tolerance_mm: float) -> float:
        """Return a tolerance on the sheet in the item's own units."""
        return tolerance_mm / max(largest_stretch(self.context.matrix), 1e-12)


ClipsOf = Callable[["SvgScene", ElementTree.Element, Context], tuple[Clip, ...]]


class SvgScene:
    """Follows the elements of a file. `clips_of` finds what clips and masks an element leave of it."""

    def __init__(self, root: ElementTree.Element, findings: Findings, clips_of: ClipsOf) -> None:
        self.root, self.findings = root, findings
        self.styles = Styles(root, findings)
        self.open: set[str] = set()  # clip paths and masks that are being followed
        self.regions: dict[Any, Any] = {}  # those that have been
        self._bounds: dict[Any, Box | None] = {}
        self._shown = 0
        self._clips_of = clips_of

    @cached_property
    def named(self) -> dict[str, ElementTree.Element]:
        """The elements by their id; of several with the same id, the first."""
        return {element.attrib["id"]: element for element in reversed([*self.root.iter()]) if "id" in element.attrib}

    def items(self, element: ElementTree.Element, context: Context) -> Iterator[SceneItem]:
        """Yield what an element shows, in drawing order. Works without recursion. Raises SvgError."""
        inner = self.entered(element, context)
        return iter(()) if inner is None else self.items_inside(element, inner)

    def items_inside(self, element: ElementTree.Element, inner: Context) -> Iterator[SceneItem]:
        """Yield what an element shows that has been entered."""
        stack: list[Iterator[tuple[ElementTree.Element, Context]]] = []
        while True:
            tag = local_name(element)
            if tag in _LEAVES:
                self._shown += 1
                if self._shown > _MOST_ITEMS:
                    raise SvgError(f"shows more than {_MOST_ITEMS} shapes; its markers or clip paths repeat too often")
                yield SceneItem(element, tag, inner)
            else:
                stack.append(self._children(element, tag, inner))
            if len(stack) > _DEEPEST:
                raise SvgError("its groups are nested too deeply")
            found = self._next(stack)
            if found is None:
                return
            element, inner = found

    def _next(
        self, stack: list[Iterator[tuple[ElementTree.Element, Context]]]
    ) -> tuple[ElementTree.Element, Context] | None:
        while stack:
            for child, context in stack[-1]:
                inner = self.entered(child, context)
                if inner is not None:
                    return child, inner
            stack.pop()
        return None

    def entered(self, element: ElementTree.Element, context: Context) -> Context | None:
        """Return the context inside an element; None if it is not shown."""
        tag = local_name(element)
        if not tag or (tag == "g" and element.get(LABEL, "").lstrip().startswith("%")):
            return None
        style = self.styles.of(element, context.style)
        if style.problems or style.own:
            if style["display"].strip().lower() == "none" or not is_shown(style["opacity"]):
                return None
            self.report(element, style)
        if not self._is_allowed(element):
            return None
        matrix = self._placed(element, tag, style, context)
        inner = Context(
            style, matrix, context.viewport, context.clips, context.size, context.marked, context.is_measured
        )
        if not context.is_measured and ("clip-path" in style.own or "mask" in style.own):
            clips = (*context.clips, *self._clips_of(self, element, inner))
            inner = Context(style, matrix, context.viewport, clips, context.size, context.marked, context.is_measured)
        return inner

    def report(self, element: ElementTree.Element, style: Style) -> None:
        """Note what of an element's own style cannot be drawn."""
        for problem in style.problems:
            self.findings.lost(element, problem)
        if style["filter"].strip().lower() != "none":
            self.findings.lost(element, "has a filter, which pens cannot draw")
        if share(style["opacity"]) < 1:
            self.findings.lost(element, "is see-through; pens draw it in full strength")

    def _is_allowed(self, element: ElementTree.Element) -> bool:
        """Whether the conditions of an element are met: we know no extensions, and read English."""
        if element.get("requiredExtensions", "").strip():
            return False
        languages = element.get("systemLanguage")
        if languages is None or any(each.strip().lower().startswith("en") for each in languages.split(",")):
            return True
        self.findings.lost(element, f"left out: it is for readers of {languages!r}, and English is read here")
        return False

    # --- where it lies ---

    def _placed(self, element: ElementTree.Element, tag: str, style: Style, context: Context) -> Matrix:
        matrix = context.matrix
        text = style.own.get("transform") or element.get("transform")
        if text:
            own = matrix_of(text, context.viewport, style.em)
            if own is None:
                self.findings.lost(element, f"has the transform {text[:60]!r}, which cannot be read; it is left out")
            else:
                x, y = self._origin(element, style, context)
                matrix = times(matrix, about(own, x, y) if x or y else own)
        if tag == "use":
            lengths = Lengths(element, style, context.viewport)
            matrix = times(matrix, translation(lengths("x", 0), lengths("y", 1)))
        return matrix

    def _origin(self, element: ElementTree.Element, style: Style, context: Context) -> tuple[float, float]:
        """Return the `transform-origin` in user units."""
        words = style["transform-origin"].lower().replace(",", " ").split()[:2]
        box: Box | None = (0.0, 0.0, *context.viewport)
        if style["transform-box"].strip().lower() in ("fill-box", "content-box", "stroke-box", "border-box"):
            box = self.bounds(element, Context(style, context.matrix, context.viewport))
        if not words or box is None:
            return 0.0, 0.0
        if words[0] in ("top", "bottom") or (len(words) == 2 and words[1] in ("left", "right")):
            words = [*words[1:], words[0]] if len(words) == 2 else ["center", words[0]]
        given = [_CORNERS.get(word, word) for word in [*words, "center"][:2]]
        if not all(map(is_length, given)):
            self.findings.lost(element, f"has the transform-origin {' '.join(words)!r}, which cannot be read")
            return 0.0, 0.0
        at = [length(text, box[2 + axis] - box[axis], style.em) or 0.0 for axis, text in enumerate(given)]
        return box[0] + at[0], box[1] + at[1]

    def bounds(self, element: ElementTree.Element, inner: Context) -> Box | None:
        """Return left, top, right and bottom of what an element holds, in its own units; None if it holds nothing."""
        key = element, inner.style, inner.viewport, inner.size
        if key not in self._bounds:
            self._bounds[key] = self._measured(element, inner)
        return self._bounds[key]

    def _measured(self, element: ElementTree.Element, inner: Context) -> Box | None:
        level = Context(inner.style, IDENTITY, inner.viewport, size=inner.size, is_measured=True)
        found = []
        for item in self.items_inside(element, level):
            if item.tag in SHAPES or item.tag == "image":
                matrix = item.context.matrix
                found += [on_sheet(line, matrix) for line in item.lines(0.005)]
        points = np.concatenate([line for line in found if np.isfinite(line).all()] or [np.empty((0, 2))])
        if not len(points):
            return None
        (left, top), (right, bottom) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
        return left, top, right, bottom

    # --- what it holds ---

    def _children(
        self, element: ElementTree.Element, tag: str, inner: Context
    ) -> Iterator[tuple[ElementTree.Element, Context]]:
        if tag in ("g", "a"):
            return ((child, inner) for child in element)
        if tag == "svg":
            return self.through_viewport(element, inner)
        if tag == "switch":
            return iter([(child, inner) for child in element if self._is_chosen(child)][:1])
        if tag == "use":
            return self._used(element, inner)
        if tag in _CANNOT:
            self.findings.lost(element, _CANNOT[tag])
        return iter(())

    def _is_chosen(self, child: ElementTree.Element) -> bool:
        tag = local_name(child)
        return (tag in _LEAVES or tag in ("g", "a", "svg", "use", "switch")) and self._is_allowed(child)

    def _used(self, use: ElementTree.Element, inner: Context) -> Iterator[tuple[ElementTree.Element, Context]]:
        href = href_of(use)
        target = self.named.get(href[1:]) if href.startswith("#") else None
        if target is None:
            if href:
                self.findings.lost(use, f"left out: it refers to {href[:60]!r}, which is not in the file")
            return
        lengths = Lengths(use, inner.style, inner.viewport)
        size = lengths.read("width", 0), lengths.read("height", 1)
        context = Context(inner.style, inner.matrix, inner.viewport, inner.clips, size, inner.marked, inner.is_measured)
        if local_name(target) != "symbol":
            yield target, context
        elif (entered := self.entered(target, context)) is not None:
            yield from self.through_viewport(target, entered)

    def through_viewport(
        self, element: ElementTree.Element, inner: Context
    ) -> Iterator[tuple[ElementTree.Element, Context]]:
        """Yield the children of a nested <svg> or a <symbol>, in a viewport of its own that clips them."""
        lengths = Lengths(element, inner.style, inner.viewport)
        width, height = (
            lengths(name, axis, inner.viewport[axis]) if inner.size[axis] is None else inner.size[axis] or 0.0
            for axis, name in enumerate(("width", "height"))
        )
        if width <= 0 or height <= 0:
            return
        corner = times(inner.matrix, translation(lengths("x", 0), lengths("y", 1)))
        context = viewed(
            element,
            Context(inner.style, corner, (width, height), inner.clips, (None, None), inner.marked, inner.is_measured),
        )
        yield from ((child, context) for child in element)


def viewed(element: ElementTree.Element, outer: Context) -> Context:
    """Return the context of an element's children: its viewport, of the outer context's size, clips and scales them."""
    size, box = outer.viewport, view_box(element.get("viewBox"))
    clips = outer.clips
    if outer.style["overflow"].strip().lower() not in ("visible", "auto"):
        clips = (*clips, rectangle(0.0, 0.0, *size, outer.matrix))
    matrix = outer.matrix
    if box is not None:
        matrix = times(matrix, view_matrix(box, element.get("preserveAspectRatio", ""), size))
        size = box[2:]
    return Context(outer.style, matrix, size, clips, (None, None), outer.marked, outer.is_measured)


def rectangle(left: float, top: float, right: float, bottom: float, matrix: Matrix) -> Clip:
    """Return a rectangle in user units as a clip on the sheet."""
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    outline = [on_sheet(corners, matrix)]
    return box_of(outline) or Region(area_of(outline, even_odd=False))


def local_name(element: ElementTree.Element) -> str:
    """Return the tag of an SVG element; nothing for other namespaces."""
    tag = element.tag
    return tag[len(SVG) :] if tag.startswith(SVG) else ""


def href_of(element: ElementTree.Element) -> str:
    """Return what an element refers to, such as `#a`."""
    return next((element.get(key, "").strip() for key in _HREFS if element.get(key)), "")

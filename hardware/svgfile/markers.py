"""The markers of a shape, such as arrow heads -> the items that they show."""

import cmath
import math
import re
from collections.abc import Iterator
from xml.etree import ElementTree

from hardware.svgfile.cascade import Style
from hardware.svgfile.outline import MARKED, Lengths
from hardware.svgfile.path_data import vertices
from hardware.svgfile.scene import Context, MarkedShape, SceneItem, SvgScene, local_name, viewed
from hardware.svgfile.subpath import Subpath
from hardware.svgfile.svg_values import (
    Matrix,
    diagonal,
    length,
    numbers,
    rotation,
    scaling,
    times,
    translation,
    view_box,
)

_URL = re.compile(r"\s*url\(\s*[\"']?#([^\"')]+)[\"']?\s*\)\s*")
_PLACES = ("marker-start", "marker-mid", "marker-end")
_EDGES = {"left": 0.0, "top": 0.0, "center": 0.5, "right": 1.0, "bottom": 1.0}


def marked(scene: SvgScene, item: SceneItem, subpaths: list[Subpath]) -> Iterator[SceneItem]:
    """Yield what the markers of a shape show, in drawing order. Markers have no markers."""
    if item.tag not in MARKED or item.context.marked is not None or not subpaths:
        return
    kinds = [_marker(scene, item, name) for name in _PLACES]
    if not any(kind is not None for kind in kinds):
        return
    corners = list(vertices(subpaths))
    for number, (point, arriving, leaving) in enumerate(corners):
        place = 0 if number == 0 else 2 if number == len(corners) - 1 else 1
        if (marker := kinds[place]) is not None:
            yield from _shown(scene, item, marker, point, _angle(marker, arriving, leaving, place))
            if place == 0 and len(corners) == 1 and kinds[2] is not None:
                yield from _shown(scene, item, kinds[2], point, _angle(kinds[2], arriving, leaving, 2))


def _marker(scene: SvgScene, item: SceneItem, name: str) -> ElementTree.Element | None:
    text = item.style[name].strip()
    if text.lower() == "none":
        return None
    given = _URL.fullmatch(text)
    marker = scene.named.get(given[1]) if given else None
    if marker is None or local_name(marker) != "marker":
        scene.findings.lost(item.element, f"has the {name} {text[:60]!r}, which is not a <marker> of the file")
        return None
    return marker


def _angle(marker: ElementTree.Element, arriving: complex, leaving: complex, place: int) -> float:
    """Return the direction of a marker in degrees: given, or half way between the two directions of the path."""
    orient = marker.get("orient", "0").strip()
    if orient not in ("auto", "auto-start-reverse"):
        given = re.fullmatch(r"([-+.\deE]+?)\s*(deg|grad|rad|turn)?", orient)
        value = numbers(orient)
        factor = {"grad": 0.9, "rad": 180 / math.pi, "turn": 360.0}.get(given[2] or "", 1.0) if given else 1.0
        return value[0] * factor if value else 0.0
    ways = [way / abs(way) for way in (arriving, leaving) if way]
    middle = sum(ways, 0j)
    direction = ways[-1] * 1j if ways and abs(middle) < 1e-9 else middle
    turned = 180.0 if orient == "auto-start-reverse" and place == 0 else 0.0
    return math.degrees(cmath.phase(direction)) + turned if ways else turned


def _shown(
    scene: SvgScene, item: SceneItem, marker: ElementTree.Element, point: complex, degrees: float
) -> Iterator[SceneItem]:
    style = scene.styles.in_place(marker)
    if style["display"].strip().lower() == "none":
        return
    lengths = Lengths(marker, style, item.context.viewport)
    size = lengths("markerWidth", 0, 3.0), lengths("markerHeight", 1, 3.0)
    if size[0] <= 0 or size[1] <= 0:
        return
    around = MarkedShape(item.style.fill, item.style.stroke, item.stroke_mm)
    matrix = times(times(item.context.matrix, translation(point.real, point.imag)), rotation(degrees))
    if marker.get("markerUnits", "strokeWidth") != "userSpaceOnUse":
        width = length(item.style["stroke-width"], diagonal(item.context.viewport), item.style.em) or 0.0
        matrix = times(matrix, scaling(width, width))
    outer = Context(style, _referred(marker, style, matrix, size), size, item.context.clips, marked=around)
    inner = viewed(marker, outer)
    for child in marker:
        yield from scene.items(child, inner)


def _referred(marker: ElementTree.Element, style: Style, matrix: Matrix, size: tuple[float, float]) -> Matrix:
    """Return the matrix with which the marker's reference point lies on the vertex."""
    x, y = (_reference(marker, style, size, axis) for axis in (0, 1))
    plain = viewed(marker, Context(_VISIBLE, (1.0, 0.0, 0.0, 1.0, 0.0, 0.0), size)).matrix
    return times(matrix, translation(-(plain[0] * x + plain[4]), -(plain[3] * y + plain[5])))


_VISIBLE = Style(own={"overflow": "visible"})


def _reference(marker: ElementTree.Element, style: Style, size: tuple[float, float], axis: int) -> float:
    """Return refX or refY in the units of the marker's view box."""
    box = view_box(marker.get("viewBox")) or (0.0, 0.0, *size)
    text = marker.get(("refX", "refY")[axis], "0").strip()
    if text in _EDGES:
        return box[axis] + _EDGES[text] * box[2 + axis]
    return length(text, box[2 + axis], style.em) or 0.0

"""The bytes of an SVG file -> checked XML. Files that are not SVG, or would fill the memory, are refused here."""

import codecs
import math
import re
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

_MOST_BYTES = 200_000_000
_MOST_ELEMENTS = 5_000_000  # after all `use` elements have been followed
_MOST_ENTITY_CHARACTERS = 10_000_000
_MOST_PX = 1e7
_PX = {
    "": 1,
    "px": 1,
    "mm": 96 / 25.4,
    "cm": 96 / 2.54,
    "q": 96 / 101.6,
    "in": 96,
    "pt": 96 / 72,
    "pc": 16,
}  # CSS: 96 px an inch
_SVG = "{http://www.w3.org/2000/svg}"
_HREFS = ("href", "{http://www.w3.org/1999/xlink}href")
_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_NOT_DRAWN_IN_PLACE = {f"{_SVG}{tag}" for tag in ("symbol", "marker", "mask", "filter")}


class SvgError(ValueError):
    """An SVG file that cannot be drawn; the message names the file, what is wrong, and what would work."""


def file_text(path: Path) -> str:
    """Return the text of a file in any encoding. Raises SvgError."""
    try:
        size = path.stat().st_size
        if size > _MOST_BYTES:
            raise SvgError(f"{path}: {size / 1e6:.0f} MB is too large; at most {_MOST_BYTES / 1e6:.0f} MB are read")
        raw = path.read_bytes()
    except OSError as fault:
        raise SvgError(f"{path}: cannot be read: {fault.strerror}") from None
    if raw[:2] == b"\x1f\x8b":
        raise SvgError(f"{path}: is compressed (svgz); unpack it with gunzip or save it as plain SVG")
    encoding = next((name for mark, name in _BOMS.items() if raw.startswith(mark)), None)
    if encoding is None:
        declared = re.match(rb"\s*<\?xml[^>]*encoding\s*=\s*[\"']([\w.-]+)", raw)
        encoding = declared[1].decode("ascii") if declared else "utf-8"
    try:
        return raw.decode(encoding)
    except (LookupError, UnicodeError):
        raise SvgError(f"{path}: is not text in {encoding}; is it really an SVG file?") from None


def checked_root(text: str, name: str) -> ElementTree.Element:
    """Return the root element of an SVG text. Raises SvgError for text that is not XML, not SVG, or malicious."""
    if not text.strip("\ufeff \t\r\n"):
        raise SvgError(f"{name}: is empty")
    _refuse_entities(text, name)
    try:
        root = ElementTree.fromstring(text.removeprefix("\ufeff"))
    except (ElementTree.ParseError, ValueError, LookupError) as fault:
        raise SvgError(f"{name}: is not XML ({fault}); is it really an SVG file?") from None
    if root.tag not in (f"{_SVG}svg", "svg"):
        raise SvgError(
            f"{name}: begins with <{root.tag.rpartition('}')[2]}>, not with <svg>; is it really an SVG file?"
        )
    if root.tag == "svg":
        raise SvgError(f'{name}: its <svg> has no namespace; write <svg xmlns="http://www.w3.org/2000/svg" ...>')
    if _expanded(root) > _MOST_ELEMENTS:
        raise SvgError(f"{name}: its <use> elements repeat more than {_MOST_ELEMENTS} times, or without end")
    return root


def size_px(root: ElementTree.Element, name: str) -> tuple[float, float]:
    """Return width and height of the picture in CSS pixels. Raises SvgError if the file does not give them."""
    given = [root.get("width", "100%"), root.get("height", "100%")]
    box = re.split(r"[\s,]+", root.get("viewBox", "").strip())
    size = [_length_px(length, box[2 + axis] if len(box) == 4 else None) for axis, length in enumerate(given)]
    if any("%" in length for length in given) and len(box) != 4:
        raise SvgError(f'{name}: does not give its size; give <svg> a width and a height, such as width="210mm"')
    if not all(math.isfinite(length) and 0 < length <= _MOST_PX for length in size):
        raise SvgError(f'{name}: its size, {given[0]!r} by {given[1]!r}, is not valid; write it as in width="210mm"')
    return size[0], size[1]


def clip_boxes(root: ElementTree.Element) -> dict[str, tuple[float, float, float, float]]:
    """Return the clip paths that are one upright rectangle: by id, left, top, right and bottom in user units."""
    boxes = {}
    for element in root.iter(f"{_SVG}clipPath"):
        shapes = list(element)
        plain = element.get("clipPathUnits", "userSpaceOnUse") == "userSpaceOnUse" and len(shapes) == 1
        if plain and not any(each.get("transform") for each in (element, *shapes)):
            box = _box(shapes[0])
            if box:
                boxes[element.get("id", "")] = box
    return boxes


def _box(shape: ElementTree.Element) -> tuple[float, float, float, float] | None:
    """Return left, top, right, bottom of a rectangle, or of a rectangular path as cairo writes it; else None."""
    try:
        if shape.tag == f"{_SVG}rect":
            x, y, width, height = (float(shape.get(name, "0")) for name in ("x", "y", "width", "height"))
            return x, y, x + width, y + height
        if shape.tag == f"{_SVG}path" and re.fullmatch(r"[MLHVZz\s,\d.eE+-]*", given := shape.get("d", "")):
            return _box_of_path(given)
    except ValueError:
        pass
    return None


def _box_of_path(given: str) -> tuple[float, float, float, float] | None:
    x = y = 0.0
    points = []
    for command, numbers in re.findall(r"([MLHV])([^MLHVZz]*)", given):
        values = [float(number) for number in re.findall(r"[-+]?(?:\d*\.)?\d+(?:[eE][-+]?\d+)?", numbers)]
        if command in "HV":
            for value in values:
                x, y = (value, y) if command == "H" else (x, value)
                points.append((x, y))
            continue
        for x, y in zip(values[::2], values[1::2], strict=True):
            points.append((x, y))
    xs, ys = sorted({x for x, _ in points}), sorted({y for _, y in points})
    on_corners = len(xs) == len(ys) == 2 and len(points) in (4, 5)
    sides = all((p[0] == q[0]) != (p[1] == q[1]) for p, q in pairwise(points))
    return (xs[0], ys[0], xs[1], ys[1]) if on_corners and sides else None


def _length_px(text: str, full: str | None) -> float:
    given = re.fullmatch(r"\s*\+?([\d.]+(?:[eE][-+]?\d+)?)\s*(%|[a-zA-Z]*)\s*", text)
    try:
        if given is None or (given[2] == "%" and full is None):
            return math.nan
        return float(given[1]) * (float(full or 0) / 100 if given[2] == "%" else _PX.get(given[2].lower(), math.nan))
    except ValueError:
        return math.nan


def tidied(root: ElementTree.Element, size: tuple[float, float]) -> str:
    """Return the text in a form that svgelements reads correctly.

    The size is in pixels, because svgelements' millimetre is wrong by 0.5 millionths. Symbols, markers, masks and
    filters are within <defs>, because it draws them anywhere else. Entities are resolved.
    """
    root.set("width", repr(size[0]))
    root.set("height", repr(size[1]))
    parents = {child: parent for parent in root.iter() for child in parent}
    stray = [e for e in root.iter() if e.tag in _NOT_DRAWN_IN_PLACE and parents[e].tag != f"{_SVG}defs"]
    for element in root.iter():
        if "d" in element.attrib:
            element.set("d", _unsmoothed(element.get("d", "")))
    defs = ElementTree.SubElement(root, f"{_SVG}defs")
    for element in stray:
        parents[element].remove(element)
        defs.append(element)
    return ElementTree.tostring(root, encoding="unicode")


_NO_COMMAND = "[^MmZzLlHhVvCcSsQqTtAa]*"
_OTHER_KIND = re.compile(f"([CcSs]{_NO_COMMAND})(?=[Tt])|([QqTt]{_NO_COMMAND})(?=[Ss])")


def _unsmoothed(path: str) -> str:
    """Return the path with a line of length zero between smooth curves of two kinds.

    A T continues the curve of a Q or T before it, and an S that of a C or S, but of no other kind (SVG 2, 9.3.6 and
    9.3.7). svgelements confuses them.
    """
    return _OTHER_KIND.sub(lambda found: f"{found[0]} l0 0 ", path)


def _refuse_entities(text: str, name: str) -> None:
    """Raise SvgError for entities that can make a small file huge. Those of Illustrator are short and plain."""
    expanded = 0
    for kind, key, value in re.findall(r"<!ENTITY\s+(%\s+)?(\S+)\s+([^>]*)", text):
        plain = re.fullmatch(r"(?:\"([^\"&%]{0,200})\"|'([^'&%]{0,200})')\s*", value)
        if kind or not plain:
            raise SvgError(
                f"{name}: declares the XML entity {key[:40]!r}, which could expand without end; save it as plain SVG"
            )
        expanded += text.count(f"&{key};") * len(plain[1] or plain[2] or "")
    if expanded > _MOST_ENTITY_CHARACTERS:
        raise SvgError(f"{name}: its XML entities expand to {expanded / 1e6:.0f} MB; save it as plain SVG")


def _expanded(root: ElementTree.Element) -> float:
    """Return how many elements there are once every `use` is followed; infinite if one contains itself.

    Works without recursion, children before parents: deep nesting must not overflow the stack.
    """
    named = {element.get("id"): element for element in root.iter() if element.get("id")}
    counts: dict[ElementTree.Element, float] = {}
    open_elements: set[ElementTree.Element] = set()
    stack = [root]
    while stack:
        element = stack[-1]
        if element in counts:
            stack.pop()
            continue
        parts = [*element, *_used(element, named)]
        waiting = [part for part in parts if part not in counts]
        if not waiting:
            counts[element] = 1 + sum(counts[part] for part in parts)
            open_elements.discard(element)
            stack.pop()
        elif any(part in open_elements for part in waiting):
            return float("inf")
        else:
            open_elements.add(element)
            stack += waiting
    return counts[root]


def _used(element: ElementTree.Element, named: dict[str | None, ElementTree.Element]) -> list[ElementTree.Element]:
    if element.tag != f"{_SVG}use":
        return []
    href = next((element.get(key) for key in _HREFS if element.get(key)), "") or ""
    target = named.get(href[1:]) if href.startswith("#") else None
    return [] if target is None else [target]

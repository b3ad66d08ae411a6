"""The bytes of an SVG file -> checked XML. Files that are not SVG, or would fill the memory, are refused here."""

import codecs
import math
import re
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


def size_px(given: tuple[str, str], view_box: str, name: str) -> tuple[float, float]:
    """Return width and height of the picture in CSS pixels, from those of <svg>. Raises SvgError without a size."""
    box = re.split(r"[\s,]+", view_box.strip())
    size = [_length_px(length, box[2 + axis] if len(box) == 4 else None) for axis, length in enumerate(given)]
    if any("%" in length for length in given) and len(box) != 4:
        raise SvgError(f'{name}: does not give its size; give <svg> a width and a height, such as width="210mm"')
    if not all(math.isfinite(length) and 0 < length <= _MOST_PX for length in size):
        raise SvgError(f'{name}: its size, {given[0]!r} by {given[1]!r}, is not valid; write it as in width="210mm"')
    return size[0], size[1]


def lacks_units(given: tuple[str, str]) -> bool:
    """Whether the size of a file means nothing on paper: it is a share of a window, or has no unit."""
    return any(re.fullmatch(r"[\s\d.eE+-]*%?\s*", length) is not None for length in given)


def _length_px(text: str, full: str | None) -> float:
    given = re.fullmatch(r"\s*\+?([\d.]+(?:[eE][-+]?\d+)?)\s*(%|[a-zA-Z]*)\s*", text)
    try:
        if given is None or (given[2] == "%" and full is None):
            return math.nan
        return float(given[1]) * (float(full or 0) / 100 if given[2] == "%" else _PX.get(given[2].lower(), math.nan))
    except ValueError:
        return math.nan


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

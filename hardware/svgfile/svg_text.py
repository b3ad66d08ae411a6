"""A <text> -> single-line letters, as wide as those of a common typeface without serifs; or outlines of its own."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from xml.etree import ElementTree

import numpy as np

from hardware.drawing import Line
from hardware.lettering import can_write, length_of, lettered
from hardware.svgfile.cascade import Style
from hardware.svgfile.flatten import polylines
from hardware.svgfile.scene import SceneItem, SvgScene, local_name
from hardware.svgfile.svg_values import Size, length
from hardware.svgfile.typefaces import family_of, typeface_of

_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
_CAPITAL = 0.7  # height of capitals, in em
_ADVANCES = {  # width of letters in thousandths of the font's size
    191: "'",
    222: "ijl",
    278: " !,./:;It",
    333: "()-r",
    500: "Jckxsvyz",
    556: "#0123456789?L_abdeghnopqu",
    584: "+=<>",
    611: "FTZ",
    667: "&ABEKPSVXY",
    722: "CDHNRUw",
    778: "GOQ",
    833: "Mm",
    944: "W",
}
_ADVANCE = {letter: width / 1000 for width, letters in _ADVANCES.items() for letter in letters}
_GENERIC = {"sans-serif", "serif", "monospace", "cursive", "fantasy", "system-ui", "sans"}  # any typeface will do
_ANCHORS = {"start": 0.0, "middle": 0.5, "end": 1.0}


@dataclass(frozen=True)
class Letter:
    """A letter of a text: its style, and where it stands if the file gives that."""

    text: str
    style: Style
    x: float | None = None
    y: float | None = None
    dx: float = 0.0
    dy: float = 0.0

    def advance(self, is_outline: bool) -> float:
        """Return the width of the letter, in user units."""
        spacing = length(self.style["letter-spacing"], em=self.style.em) or 0.0
        wide = typeface_of(self.style).advance(self.text) if is_outline else _usual_advance(self.text)
        return wide * self.style.em + spacing


def _usual_advance(letter: str) -> float:
    """Return the width of a letter in em; a diacritic has none of its own."""
    return _ADVANCE.get(unicodedata.normalize("NFD", letter)[0], 0.556)


def lettered_text(
    scene: SvgScene, item: SceneItem, is_outline: bool = False, tolerance: float = 0.005
) -> Iterator[tuple[Style, list[Line]]]:
    """Yield each letter's style and lines, [S, 2] in the text's units. What cannot be lettered is found.

    The lines are those of single-line letters, or within a tolerance the outlines of the text's own typeface. Raises
    SvgError without typefaces.
    """
    letters = _collapsed(list(_letters(scene, item.element, item.style, item.context.viewport)))
    _find_missing(scene, item, letters, is_outline)
    at = (0.0, 0.0)
    for chunk in _chunks(letters):
        x, y = chunk[0].x if chunk[0].x is not None else at[0], chunk[0].y if chunk[0].y is not None else at[1]
        wide = sum(letter.advance(is_outline) + letter.dx for letter in chunk)
        x -= _ANCHORS.get(chunk[0].style["text-anchor"].strip().lower(), 0.0) * wide
        for letter in chunk:
            x, y = x + letter.dx, y + letter.dy
            yield letter.style, _outline(letter, x, y, tolerance) if is_outline else _lines(letter, x, y)
            x += letter.advance(is_outline)
        at = (x, y)


def _find_missing(scene: SvgScene, item: SceneItem, letters: list[Letter], is_outline: bool) -> None:
    """Find the letters that cannot be drawn, and the typefaces that are replaced."""
    seen = [each for each in letters if each.text.strip()]
    if not is_outline:
        missing = sorted({each.text for each in seen if not can_write(each.text)})
        why = "as they have no single-line form"
    else:
        missing = sorted({each.text for each in seen if not typeface_of(each.style).has(each.text)})
        why = "as the typeface lacks them"
        for style in {id(each.style): each.style for each in seen}.values():
            wanted, used = family_of(style), typeface_of(style).family
            if wanted.casefold() not in (used.casefold(), *_GENERIC):
                scene.findings.lost(item.element, f"drawn in the typeface {used!r}, as {wanted!r} is not installed")
    if missing:
        scene.findings.lost(item.element, f"has letters that are left out, {why}: {''.join(missing)}")


def _outline(letter: Letter, x: float, y: float, tolerance: float) -> list[Line]:
    """Return the outline of a letter whose baseline begins at x, y."""
    face = typeface_of(letter.style)
    if not face.has(letter.text):
        return []
    scale = letter.style.em / face.units
    lines = polylines(face.outline(letter.text), tolerance / max(scale, 1e-12))
    return [line * np.array([scale, -scale]) + np.array([x, y]) for line in lines]


def _lines(letter: Letter, x: float, y: float) -> list[Line]:
    """Return the lines of a letter whose baseline begins at x, y."""
    em = letter.style.em
    high = em * _CAPITAL
    drawn = lettered(letter.text, 0.0, 0.0, high)
    advance = _usual_advance(letter.text) * em
    wide = length_of(letter.text, high)
    squeezed = min(0.78 * advance / wide, 1.3) if wide > 0 else 1.0
    left = (advance - wide * squeezed) / 2
    return [line * np.array([squeezed, 1.0]) + np.array([x + left, y - high]) for line in drawn]


def _chunks(letters: list[Letter]) -> Iterator[list[Letter]]:
    """Yield the parts of a text that are anchored together: each begins where the file gives a place."""
    chunk: list[Letter] = []
    for letter in letters:
        if chunk and (letter.x is not None or letter.y is not None):
            yield chunk
            chunk = []
        chunk.append(letter)
    if chunk:
        yield chunk


def _letters(
    scene: SvgScene, element: ElementTree.Element, style: Style, viewport: Size, keeps: bool = False
) -> Iterator[Letter]:
    """Yield the letters of a <text> or <tspan>; a line break or a tabulator is a space."""
    keeps = element.get(_SPACE) == "preserve" or style["white-space"].strip().startswith("pre") or keeps
    found = [Letter(_space(one, keeps), style) for one in _composed(element.text)]
    parts: list[Letter] = found
    for child in element:
        parts += _child_letters(scene, child, style, viewport, keeps)
        parts += [Letter(_space(one, keeps), style) for one in _composed(child.tail)]
    yield from _placed(parts, element, style, viewport)


def _composed(text: str | None) -> str:
    """Return a text with each letter and its diacritics as one character."""
    return unicodedata.normalize("NFC", text or "")


def _space(letter: str, keeps: bool) -> str:
    """Return a space that is kept as one that is not collapsed."""
    return ("\u00a0" if keeps else " ") if letter in " \t\r\n" else letter


def _child_letters(
    scene: SvgScene, child: ElementTree.Element, style: Style, viewport: Size, keeps: bool
) -> list[Letter]:
    tag = local_name(child)
    if tag == "textPath":
        scene.findings.lost(child, "left out: text along a path cannot be lettered")
    if tag not in ("tspan", "a", "tref"):
        return []
    own = scene.styles.of(child, style)
    for problem in own.problems:
        scene.findings.lost(child, problem)
    if own["display"].strip().lower() == "none":
        return []
    return list(_letters(scene, child, own, viewport, keeps))


def _placed(letters: list[Letter], element: ElementTree.Element, style: Style, viewport: Size) -> Iterator[Letter]:
    """Yield the letters of an element with the places that its x, y, dx and dy give them, one each."""
    lists = {name: _list(element.get(name), style, viewport["xy".index(name[-1])]) for name in ("x", "y", "dx", "dy")}
    number = 0
    for letter in letters:
        if not number and letter.text == " " and len(letters) > 1:  # collapses, so it takes no place
            yield letter
            continue
        given = {name: values[number] for name, values in lists.items() if number < len(values)}
        number += 1
        own = {name: value for name, value in given.items() if getattr(letter, name) in (None, 0.0)}
        yield replace(letter, **own) if own else letter  # type: ignore[arg-type]


def _list(text: str | None, style: Style, full: float) -> list[float]:
    parts = re.split(r"[\s,]+", text.strip()) if text else []
    return [length(part, full, style.em) or 0.0 for part in parts]


def _collapsed(letters: list[Letter]) -> list[Letter]:
    """Return the letters without spaces at both ends and after other spaces."""
    kept: list[Letter] = []
    for letter in letters:
        starts = not kept or kept[-1].text == " " or letter.x is not None
        if letter.text != " " or not starts:
            kept.append(letter)
    while kept and kept[-1].text == " ":
        kept.pop()
    return [replace(letter, text=" ") if letter.text == "\u00a0" else letter for letter in kept]

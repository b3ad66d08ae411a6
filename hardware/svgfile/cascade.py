"""An element and the style of its parent -> its own style, as CSS says: cascade, inheritance, variables."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from xml.etree import ElementTree

from hardware.svgfile.findings import Findings
from hardware.svgfile.stylesheet import Declarations, declarations_in, declared_by_sheets
from hardware.svgfile.svg_paint import NO_PAINT, Paint, paint
from hardware.svgfile.svg_values import NUMBER, is_length, length

# what descendants inherit, with its first value. CSS does not inherit mix-blend-mode; ink has no groups, so here it is
_INHERITED = {
    "clip-rule": "nonzero",
    "color": "black",
    "fill": "black",
    "fill-opacity": "1",
    "fill-rule": "nonzero",
    "font-family": "sans-serif",
    "font-size": "16",
    "font-style": "normal",
    "font-weight": "normal",
    "letter-spacing": "0",
    "marker-end": "none",
    "marker-mid": "none",
    "marker-start": "none",
    "mix-blend-mode": "normal",
    "stroke": "none",
    "stroke-dasharray": "none",
    "stroke-dashoffset": "0",
    "stroke-opacity": "1",
    "stroke-width": "1",
    "text-anchor": "start",
    "visibility": "visible",
    "white-space": "normal",
}
_OWN = {
    "clip-path": "none",
    "display": "inline",
    "filter": "none",
    "mask": "none",
    "mask-type": "luminance",
    "opacity": "1",
    "overflow": "",
    "stop-color": "black",
    "stop-opacity": "1",
    "transform": "",
    "transform-box": "view-box",
    "transform-origin": "",
    "vector-effect": "none",
}
_GEOMETRY = dict.fromkeys(("cx", "cy", "d", "height", "r", "rx", "ry", "width", "x", "y"), "")  # by CSS alone
_INITIAL = _INHERITED | _OWN | _GEOMETRY
_SHORTHANDS = {
    "marker": ("marker-start", "marker-mid", "marker-end"),
    "font": ("font-size", "font-family", "font-style", "font-weight"),
}
_KNOWN = frozenset({*_INITIAL, *_SHORTHANDS})
_READ = frozenset({*_INHERITED, *_OWN, "style"} - {"transform"})  # the attributes that style an element
_PAINTS = {"fill", "stroke", "color", "stop-color"}
_LENGTHS = {"stroke-width", "stroke-dashoffset", "letter-spacing"}
_SHARES = {"opacity", "fill-opacity", "stroke-opacity", "stop-opacity"}
_FONT_SIZES = dict(
    zip(
        ("xx-small", "x-small", "small", "medium", "large", "x-large", "xx-large"),
        (9, 10, 13, 16, 18, 24, 32),
        strict=True,
    )
)
_WEIGHTS = {"bold", "bolder", "lighter"}
_MOST_CHARACTERS = 10_000  # of a value whose variables are replaced
_DEEPEST = 20


@dataclass(frozen=True, eq=False)
class Style:
    """The computed style of an element: values that it hands on, values of its own, and what could not be resolved."""

    inherited: Mapping[str, str] = field(default_factory=dict)
    own: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> str:
        """Return the value of a property that is known here."""
        return self.inherited.get(name) or self.own.get(name) or _INITIAL[name]

    @cached_property
    def em(self) -> float:
        """Size of the font in user units."""
        return float(self.inherited.get("font-size", 16.0))

    @cached_property
    def stroke(self) -> Paint:
        """Paint of the stroke, with its opacity."""
        return self._paint("stroke")

    @cached_property
    def fill(self) -> Paint:
        """Paint of the fill, with its opacity."""
        return self._paint("fill")

    @cached_property
    def is_visible(self) -> bool:
        """Whether the element itself is drawn; descendants can be visible where it is not."""
        return self["visibility"].lower() not in ("hidden", "collapse")

    @cached_property
    def without_own(self) -> "Style":
        """The style of a child that has none of its own."""
        return Style(self.inherited) if self.own or self.problems else self

    def _paint(self, name: str) -> Paint:
        return self.colour(self[name], self[f"{name}-opacity"])

    def colour(self, text: str, opacity: str = "1") -> Paint:
        """Return a paint with an opacity; `currentcolor` is replaced."""
        found = paint(text) or NO_PAINT
        if found.word == "currentcolor":
            found = paint(self["color"]) or NO_PAINT
        share = length(opacity, full=1.0)
        return Paint(
            found.colour,
            found.alpha * (1.0 if share is None else min(max(share, 0.0), 1.0)),
            found.reference,
            found.fallback,
            found.word,
        )


class Styles:
    """Computes styles, each combination once."""

    def __init__(self, root: ElementTree.Element, findings: Findings) -> None:
        self._root = root
        self._sheets = declared_by_sheets(root, _KNOWN, findings)
        self._made: dict[tuple[Style, tuple[tuple[str, str], ...], Declarations], Style] = {}

    def of(self, element: ElementTree.Element, parent: Style) -> Style:
        """Return the style of an element whose parent has this style."""
        given = tuple([item for item in element.attrib.items() if item[0] in _READ])
        sheets = self._sheets.get(element, ())
        if not given and not sheets:
            return parent.without_own
        key = (parent, given, sheets)
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = _computed(dict(given), sheets, parent)
        return made

    def in_place(self, element: ElementTree.Element) -> Style:
        """Return the style of an element by its own ancestors: that of a marker or a clip path."""
        chain = [element]
        while chain[-1] in self._parents:
            chain.append(self._parents[chain[-1]])
        style = Style()
        for each in reversed(chain):
            style = self.of(each, style)
        return style

    @cached_property
    def _parents(self) -> dict[ElementTree.Element, ElementTree.Element]:
        return {child: parent for parent in self._root.iter() for child in parent}


# --- the cascade ------------------------------------------------------------------------------------------------------


def _computed(given: dict[str, str], sheets: Declarations, parent: Style) -> Style:
    inline = declarations_in(given.pop("style", ""))
    ordered = list(given.items())
    for important in (False, True):
        ordered += [(d.name, d.value) for part in (sheets, inline) for d in part if d.important == important]
    inherited, own = dict(parent.inherited), dict[str, str]()
    problems: list[str] = []
    longhands = [pair for name, value in ordered for pair in _longhands(name, value)]
    variables = {name: value for name, value in longhands if name.startswith("--")}
    inherited |= {name: value for name, value in variables.items() if value.lower() != "inherit"}
    for name, value in _winners(longhands, inherited, problems).items():
        resolved = _keyword(name, value, parent)
        if name in _INHERITED:
            inherited[name] = _absolute(name, resolved, parent)
        else:
            own[name] = resolved
    if "font-size" in inherited:
        _in_user_units(inherited, float(inherited["font-size"]))
    return Style(inherited, own, tuple(dict.fromkeys(problems)))


def _longhands(name: str, value: str) -> Iterator[tuple[str, str]]:
    if name == "font" and "var(" not in value:
        if size := re.search(rf"(?:^|\s)(({NUMBER})(%|[a-z]+))(?:\s*/\s*\S+)?\s", value):
            words = value[: size.start()].split()
            yield "font-style", next((word for word in words if word in ("italic", "oblique")), "normal")
            yield "font-weight", next((word for word in words if word in _WEIGHTS or word.isdecimal()), "normal")
            yield "font-size", size[1]
            yield "font-family", value[size.end() :].strip()
    elif name in _SHORTHANDS:
        yield from ((longhand, value) for longhand in _SHORTHANDS[name])
    elif name in _INITIAL or name.startswith("--"):
        yield name, value


def _winners(longhands: list[tuple[str, str]], variables: Mapping[str, str], problems: list[str]) -> dict[str, str]:
    """Return the last valid value of each property."""
    won: dict[str, str] = {}
    for name, value in longhands:
        if name.startswith("--"):
            continue
        if "var(" in value:
            replaced = _replaced(value, variables)
            if replaced is None or not _is_valid(name, replaced):  # such a declaration still beats those before it
                problems.append(f"has the {name} {value!r}, whose variable has no usable value; it is left out")
                won[name] = "unset"
            else:
                won[name] = replaced
        elif _is_valid(name, value):
            won[name] = value
        else:
            problems.append(f"has the {name} {value[:60]!r}, which cannot be resolved; it is left out")
    return won


def _keyword(name: str, value: str, parent: Style) -> str:
    """Return the value that `inherit`, `initial`, `unset` and `revert` stand for; others unchanged."""
    word = value.strip().lower()
    if word in ("unset", "revert", "revert-layer"):
        word = "inherit" if name in _INHERITED else "initial"
    if word == "initial":
        return _INITIAL[name]
    if word == "inherit":
        return parent[name]
    return value


_KEYWORDS = {"inherit", "initial", "unset", "revert", "revert-layer"}


@lru_cache(maxsize=65536)
def _is_valid(name: str, value: str) -> bool:
    word = value.strip().lower()
    if word in _KEYWORDS:
        return True
    if name in _PAINTS:
        return paint(value) is not None
    if name in _LENGTHS:
        return (is_length(word) and not (name == "stroke-width" and word.startswith("-"))) or word == "normal"
    if name in _SHARES:
        return is_length(word)
    if name == "font-size":
        return is_length(word) or word in _FONT_SIZES or word in ("smaller", "larger")
    if name == "stroke-dasharray":
        return word == "none" or all(is_length(part) for part in re.split(r"[\s,]+", word))
    return bool(word)


def _absolute(name: str, value: str, parent: Style) -> str:
    """Return the size of a font in user units; other values unchanged."""
    if name != "font-size":
        return value
    word = value.strip().lower()
    factor = {"smaller": 1 / 1.2, "larger": 1.2}.get(word)
    size = parent.em * factor if factor else _FONT_SIZES.get(word, length(word, full=parent.em, em=parent.em))
    return repr(float(16.0 if size is None else size))


def _in_user_units(inherited: dict[str, str], em: float) -> None:
    """Replace lengths in em, which children with another font would understand differently."""
    for name in ("stroke-width", "stroke-dashoffset", "letter-spacing"):
        if inherited.get(name, "").lower().endswith(("em", "ex", "ch")):
            inherited[name] = repr(length(inherited[name], em=em) or 0.0)


# --- variables --------------------------------------------------------------------------------------------------------


def _replaced(value: str, variables: Mapping[str, str], depth: int = 0) -> str | None:
    """Return a value with each `var(--name, fallback)` replaced; None if one has no value, or for a circle."""
    import tinycss2

    if depth > _DEEPEST or len(value) > _MOST_CHARACTERS:
        return None
    parts = []
    for token in tinycss2.parse_component_value_list(value, skip_comments=True):
        text: str = token.serialize()
        part: str | None = text
        if token.type == "function" and token.lower_name == "var":
            part = _variable(token.arguments, variables, depth)
        elif token.type == "function" and "var(" in text:
            inner = _replaced(tinycss2.serialize(token.arguments), variables, depth + 1)
            part = None if inner is None else f"{token.name}({inner})"
        if part is None:
            return None
        parts.append(part)
    replaced = "".join(parts).strip()
    return replaced if len(replaced) <= _MOST_CHARACTERS else None


def _variable(arguments: list[object], variables: Mapping[str, str], depth: int) -> str | None:
    import tinycss2

    name, comma, fallback = tinycss2.serialize(arguments).partition(",")
    value = variables.get(name.strip())
    found = None if value is None else _replaced(value, variables, depth + 1)
    if found is None and comma:
        return _replaced(fallback, variables, depth + 1)
    return found

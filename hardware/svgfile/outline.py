"""A shape of SVG -> the subpaths of its outline, in its own units."""

from collections.abc import Callable
from xml.etree import ElementTree

from hardware.svgfile.cascade import Style
from hardware.svgfile.path_data import subpaths_of
from hardware.svgfile.subpath import Segment, Subpath
from hardware.svgfile.svg_values import Size, diagonal, length, numbers

MARKED = {"path", "line", "polyline", "polygon"}  # the shapes that can have markers


class Lengths:
    """Reads the lengths of an element: from its attributes, or from CSS, which wins."""

    def __init__(self, element: ElementTree.Element, style: Style, viewport: Size) -> None:
        self._element, self._style, self._viewport = element, style, viewport

    def given(self, name: str) -> str | None:
        """Return the text of a length; None for `auto` or none."""
        text = self._style.own.get(name) or self._element.get(name)
        return None if text is None or text.strip() == "auto" else text

    def read(self, name: str, along: int | None) -> float | None:
        """Return a length in user units; None without a valid one. `along` is 0 for x, 1 for y, None for both."""
        text = self.given(name)
        full = diagonal(self._viewport) if along is None else self._viewport[along]
        return None if text is None else length(text, full, self._style.em)

    def __call__(self, name: str, along: int | None, default: float = 0.0) -> float:
        """Return a length in user units."""
        value = self.read(name, along)
        return default if value is None else value


Outline = tuple[list[Subpath], bool]  # and whether all of it could be read


def outline_of(tag: str, lengths: Lengths, element: ElementTree.Element, style: Style) -> Outline:
    """Return the outline of a shape, and whether all of it could be read. `tag` is one of SHAPES."""
    if tag == "path":
        return subpaths_of(_path_data(element, style))
    if tag in ("polyline", "polygon"):
        return _polygon(element.get("points", ""), closed=tag == "polygon")
    return _SHAPES[tag](lengths), True


def _path_data(element: ElementTree.Element, style: Style) -> str:
    given = style.own.get("d", "")
    return given[5:-1].strip("\"' ") if given.startswith("path(") else element.get("d", "")


def _polygon(text: str, closed: bool) -> Outline:
    values = numbers(text)
    points: list[complex] = [complex(x, y) for x, y in zip(values[::2], values[1::2], strict=False)]
    if not points:
        return [], not text.strip()
    segments: list[Segment] = [*points[1:]]
    return [Subpath(points[0], segments, closed)], len(values) % 2 == 0


def _line(lengths: Lengths) -> list[Subpath]:
    begin, end = (complex(lengths(f"x{n}", 0), lengths(f"y{n}", 1)) for n in (1, 2))
    return [Subpath(begin, [end])]


def _circle(lengths: Lengths) -> list[Subpath]:
    r = lengths("r", None)
    return _round(lengths, r, r)


def _ellipse(lengths: Lengths) -> list[Subpath]:
    return _round(lengths, *_radii(lengths))


def _round(lengths: Lengths, rx: float, ry: float) -> list[Subpath]:
    from hardware.svgfile.path_curves import ellipse

    return ellipse(complex(lengths("cx", 0), lengths("cy", 1)), rx, ry) if rx > 0 and ry > 0 else []


def _radii(lengths: Lengths) -> tuple[float, float]:
    """Return both radii; one that is missing or negative is like the other."""
    rx, ry = lengths.read("rx", 0), lengths.read("ry", 1)
    rx = None if rx is not None and rx < 0 else rx
    ry = None if ry is not None and ry < 0 else ry
    return (ry if rx is None else rx) or 0.0, (rx if ry is None else ry) or 0.0


def _rectangle(lengths: Lengths) -> list[Subpath]:
    x, y, width, height = (lengths(name, at % 2) for at, name in enumerate(("x", "y", "width", "height")))
    if width <= 0 or height <= 0:
        return []
    rx, ry = _radii(lengths)
    rx, ry = min(rx, width / 2), min(ry, height / 2)
    if rx == 0 or ry == 0:
        corner, right, down = complex(x, y), complex(width, 0), complex(0, height)
        return [Subpath(corner, [corner + right, corner + right + down, corner + down], closed=True)]
    from hardware.svgfile.path_curves import rounded_rectangle

    return rounded_rectangle(complex(x, y), complex(width, height), rx, ry)


_SHAPES: dict[str, Callable[[Lengths], list[Subpath]]] = {
    "line": _line,
    "circle": _circle,
    "ellipse": _ellipse,
    "rect": _rectangle,
}
SHAPES = {*_SHAPES, "path", "polyline", "polygon"}

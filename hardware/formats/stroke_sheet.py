"""Strokes of a file whose y points up -> SVG: a layer for each of its layers, a page that fits around them."""

import math
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

_NAMESPACES = (
    'xmlns="http://www.w3.org/2000/svg" xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape"'
    ' xmlns:sodipodi="http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd"'
)
_BORDER_MM = 0.01  # so that rounding leaves strokes on the page
CAP_HEIGHT = 0.7  # of letters, in em


class FormatError(ValueError):
    """A file that cannot be read; the message says what is wrong and what would work, without the file's name."""


@dataclass(frozen=True)
class Imported:
    """A file as SVG, notes, and which of its contents are not drawn."""

    text: str
    losses: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Look:
    """How a stroke looks."""

    colour: str  # #rrggbb
    width_mm: float
    dashes_mm: tuple[float, ...] = ()


@dataclass
class StrokeSheet:
    """Collects the strokes of a file, in its own units."""

    mm: float  # length of a unit
    losses: dict[str, int] = field(default_factory=dict)
    _layers: dict[str, list[str]] = field(default_factory=dict)
    _box: list[float] = field(default_factory=lambda: [math.inf, math.inf, -math.inf, -math.inf])

    def reach(self, x: float, y: float) -> None:
        """Make the page reach a point."""
        box = self._box
        box[:] = min(box[0], x), min(box[1], y), max(box[2], x), max(box[3], y)

    def path(self, layer: str, data: str, look: Look, is_filled: bool = False) -> None:
        """Add a path: its outline, or its area. The page does not reach it by itself."""
        if is_filled:
            paint = f'fill="{look.colour}" fill-rule="evenodd" stroke="none"'
        else:
            paint = f'fill="none" stroke="{look.colour}" stroke-width="{look.width_mm / self.mm!r}"'
            if look.dashes_mm:
                lengths = " ".join(repr(length / self.mm) for length in look.dashes_mm)
                paint += f' stroke-dasharray="{lengths}"'
        self._layers.setdefault(layer, []).append(f'<path d="{data}" {paint}/>')

    def line(self, layer: str, points: list[complex], look: Look) -> None:
        """Add a line through points; one point alone is a dot."""
        self.path(layer, self._data(points if len(points) > 1 else 2 * points), look)

    def area(self, layer: str, outlines: list[list[complex]], look: Look, is_filled: bool) -> None:
        """Add the area inside outlines, or the outlines alone."""
        if outlines:
            self.path(layer, "".join(f"{self._data(each)}Z" for each in outlines), look, is_filled)

    def _data(self, points: list[complex]) -> str:
        for point in points:
            self.reach(point.real, point.imag)
        return "M" + " L".join(f"{point.real!r},{point.imag!r}" for point in points)

    def text(self, layer: str, at: complex, text: str, height: float, degrees: float, look: Look) -> None:
        """Add a line of text whose baseline begins at a point and whose capitals have a height."""
        turn = complex(math.cos(math.radians(degrees)), math.sin(math.radians(degrees)))
        for corner in (0j, turn * height * 0.8 * len(text), turn * height * 1j):
            self.reach((at + corner).real, (at + corner).imag)
        place = f"translate({at.real!r} {at.imag!r}) rotate({degrees!r}) scale(1 -1)"
        self._layers.setdefault(layer, []).append(
            f'<text transform="{place}" font-size="{height / CAP_HEIGHT!r}" fill="{look.colour}">{escape(text)}</text>'
        )

    def lost(self, what: str) -> None:
        """Count something that is not drawn."""
        self.losses[what] = self.losses.get(what, 0) + 1

    def imported(self, notes: tuple[str, ...] = ()) -> Imported:
        """Return all that was added as SVG. Raises FormatError if that is nothing, or is not finite."""
        losses = tuple(f"{what}{f' ({count} times)' if count > 1 else ''}" for what, count in self.losses.items())
        if not self._layers:
            raise FormatError("; ".join(("has no strokes", *losses)))
        left, bottom, right, top = self._box
        if not all(map(math.isfinite, self._box)):
            raise FormatError("has coordinates that are not numbers")
        border = _BORDER_MM / self.mm
        wide, high = (self.mm * length + 2 * _BORDER_MM for length in (right - left, top - bottom))
        wide, high = (math.ceil(length * 1000) / 1000 for length in (wide, high))
        place = f"scale({self.mm!r}) translate({border - left!r} {top + border!r}) scale(1 -1)"
        body = "".join(
            f'<g inkscape:groupmode="layer" inkscape:label={quoteattr(layer)} transform="{place}"'
            f' stroke-linecap="round" stroke-linejoin="round">{"".join(parts)}</g>\n'
            for layer, parts in self._layers.items()
        )
        head = f'<svg {_NAMESPACES} width="{wide}mm" height="{high}mm" viewBox="0 0 {wide} {high}">'
        return Imported(f"{head}\n{body}</svg>\n", losses, notes)

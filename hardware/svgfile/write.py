"""A drawing to the text of an SVG file that viewers show, and plotters' programs read, as it is meant.

The paper is an `image` of one pixel (a PNG: Inkscape shows no SVG inside an SVG) in a layer whose name begins with `%`.
A rectangle would show as well, but vpype and others draw the outline of every shape, filled or not; an image they leave
out, and AxiDraw's software skips `%` layers.
"""

import re
import struct
import zlib
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from xml.sax.saxutils import escape, quoteattr

from hardware.drawing import DOT_MM, Drawing, Ink, Line, PenPass, is_dot

_NAMESPACES = (
    'xmlns="http://www.w3.org/2000/svg"'
    ' xmlns:xlink="http://www.w3.org/1999/xlink"'
    ' xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape"'
    ' xmlns:sodipodi="http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd"'
)
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_svg(drawing: Drawing) -> str:
    """The whole drawing: one top-level layer a pass, labelled number, pen, nib: `1 black 0.5`."""
    return "\n".join(_lines(drawing, range(len(drawing.passes)))) + "\n"


def pass_svg(drawing: Drawing, index: int) -> str:
    """One pass alone, under the same number, on the same paper."""
    alone = replace(drawing, title=f"{drawing.title} ({drawing.passes[index].pen.label})".strip())
    return "\n".join(_lines(alone, [index])) + "\n"


def _lines(drawing: Drawing, indices: range | list[int]) -> Iterator[str]:
    width, height = _number(drawing.width_mm), _number(drawing.height_mm)
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield f'<svg {_NAMESPACES} width="{width}mm" height="{height}mm" viewBox="0 0 {width} {height}">'
    if drawing.title:
        yield f"<title>{escape(_plain(drawing.title))}</title>"
    yield f'<sodipodi:namedview pagecolor="{drawing.paper}" inkscape:document-units="mm"/>'
    yield from _paper(width, height, drawing.paper)
    for index in indices:
        yield from _layer(index + 1, drawing.passes[index])
    yield "</svg>"


def _paper(width: str, height: str, colour: str) -> Iterator[str]:
    yield '<g id="paper" inkscape:groupmode="layer" inkscape:label="% paper" sodipodi:insensitive="true">'
    yield (
        f'<image width="{width}" height="{height}" preserveAspectRatio="none" image-rendering="optimizeSpeed"'
        f' xlink:href="data:image/png;base64,{b64encode(_one_pixel(colour)).decode()}"/>'
    )
    yield "</g>"


def _one_pixel(colour: str) -> bytes:
    """A PNG file of a single pixel, #rrggbb (ISO/IEC 15948: signature, then chunks of length, type, data, CRC)."""
    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)  # 1 x 1, 8 bits, RGB
    pixel = zlib.compress(b"\0" + bytes.fromhex(colour[1:]), 0)  # stored: the same bytes whatever the library
    chunks = ((b"IHDR", header), (b"IDAT", pixel), (b"IEND", b""))
    parts = (
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _layer(number: int, pen_pass: PenPass) -> Iterator[str]:
    pen = pen_pass.pen
    blend = ' style="mix-blend-mode:multiply"' if pen.ink is Ink.TRANSPARENT else ""
    kept = {
        "layer": pen_pass.layer,
        "feed-mm-min": None if pen.feed_mm_min is None else f"{pen.feed_mm_min!r}",
        "dwell-s": None if pen.dwell_s is None else f"{pen.dwell_s!r}",
        "colours": None if pen_pass.colours is None else "free",
        "widths": None if pen_pass.widths_mm is None else "free",
    }
    yield (
        f'<g id="pass-{number}" inkscape:groupmode="layer" inkscape:label={_quoted(f"{number} {pen.label}")}'
        + "".join(f" data-{name}={_quoted(value)}" for name, value in kept.items() if value is not None)
        + f' fill="none" stroke="{pen.colour}" stroke-width="{pen.nib_mm!r}"'
        + ' stroke-linecap="round" stroke-linejoin="round">'
    )
    for line, colour, width_mm in pen_pass.styled():
        own = "" if pen_pass.colours is None else f' stroke="{colour}"'
        if pen_pass.widths_mm is not None:
            own += f' stroke-width="{_number(width_mm)}"'
        # multiply stands on each path, not on the layer: every stroke darkens what lies below, also its own pass
        yield f'<path d="{_path(line)}"{own}{blend}/>'
    yield "</g>"


def _path(line: Line) -> str:
    if is_dot(line):
        x, y = line.mean(axis=0).tolist()
        return f"M{_number(x - DOT_MM / 2)},{_number(y)} L{_number(x + DOT_MM / 2)},{_number(y)}"
    return "M" + " L".join(f"{_number(x)},{_number(y)}" for x, y in line.tolist())


def _number(value: float) -> str:
    """Three decimals at most: far below what a pen shows."""
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _plain(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)


def _quoted(text: str) -> str:
    return quoteattr(_plain(text))

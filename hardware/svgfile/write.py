"""A drawing -> the text of an SVG file, which viewers show and plotter programs read correctly.

The paper is an `image` of one pixel (a PNG: Inkscape shows no SVG inside an SVG) in a layer whose name begins with `%`.
A rectangle would be visible too, but vpype and others draw the outline of every shape, filled or not. They ignore an
image, and AxiDraw's software skips `%` layers.
"""

import json
import re
import struct
import zlib
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from xml.sax.saxutils import escape, quoteattr

from hardware.drawing import DOT_MM, Drawing, Ink, Line, Pen, PenPass, is_dot

_NAMESPACES = (
    'xmlns="http://www.w3.org/2000/svg"'
    ' xmlns:xlink="http://www.w3.org/1999/xlink"'
    ' xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape"'
    ' xmlns:sodipodi="http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd"'
)
DRAWING = "urn:artwork-renderer:drawing"  # the namespace of our <metadata>
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_svg(drawing: Drawing, key: str = "", pauses: bool = True) -> str:
    """Return the complete drawing as SVG: one top-level layer per pass, labelled number, pen, nib: `1 black 0.5`.

    `key` identifies what the drawing was made from. With `pauses` the names of layers with another pen than before
    begin with `!`, as in `!2 red 0.7`: AxiDraw's software stops before such layers, and at no others.
    """
    return "\n".join(_lines(drawing, range(len(drawing.passes)), key, pauses)) + "\n"


def pass_svg(drawing: Drawing, index: int, key: str = "") -> str:
    """Return one pass as SVG, with the same number and paper."""
    alone = replace(drawing, title=f"{drawing.title} ({drawing.passes[index].pen.label})".strip())
    return "\n".join(_lines(alone, [index], key, pauses=False)) + "\n"


def _lines(drawing: Drawing, indices: range | list[int], key: str, pauses: bool) -> Iterator[str]:
    width, height = _number(drawing.width_mm), _number(drawing.height_mm)
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield f'<svg {_NAMESPACES} width="{width}mm" height="{height}mm" viewBox="0 0 {width} {height}">'
    if drawing.title:
        yield f"<title>{escape(_plain(drawing.title))}</title>"
    yield from _metadata(drawing, indices, key)
    yield f'<sodipodi:namedview pagecolor="{drawing.paper}" inkscape:document-units="mm"/>'
    yield from _paper(width, height, drawing.paper)
    held: Pen | None = None
    for index in indices:
        pen = drawing.passes[index].pen
        mark = "!" if pauses and held is not None and not pen.is_same(held) else ""
        yield from _layer(index + 1, drawing.passes[index], mark)
        held = pen
    yield "</svg>"


def _metadata(drawing: Drawing, indices: range | list[int], key: str) -> Iterator[str]:
    """Yield what layers cannot hold: what the drawing was made from, and all fields of its pens."""
    own = "".join(f" {name}={_quoted(value)}" for name, value in (("title", drawing.title), ("key", key)) if value)
    yield f'<metadata><drawing xmlns="{DRAWING}"{own}>'
    for index in indices:
        pen = drawing.passes[index].pen.model_dump(mode="json", exclude_none=True)
        said = {"pass": f"pass-{index + 1}", "layer": drawing.passes[index].layer, **pen}
        yield "<pen" + "".join(f" {name}={_quoted(_said(value))}" for name, value in said.items()) + "/>"
    yield "</drawing></metadata>"


def _said(value: object) -> str:
    if isinstance(value, dict):
        return json.dumps(value)
    return " ".join(map(repr, value)) if isinstance(value, list) else value if isinstance(value, str) else repr(value)


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
    pixel = zlib.compress(b"\0" + bytes.fromhex(colour[1:]), 0)  # stored: the same bytes with any zlib
    chunks = ((b"IHDR", header), (b"IDAT", pixel), (b"IEND", b""))
    parts = (
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _layer(number: int, pen_pass: PenPass, mark: str) -> Iterator[str]:
    pen = pen_pass.pen
    blend = ' style="mix-blend-mode:multiply"' if pen.ink is Ink.TRANSPARENT else ""
    free = {"colours": pen_pass.colours is not None, "widths": pen_pass.widths_mm is not None}
    ink = " transparent" if pen.ink is Ink.TRANSPARENT else ""  # vpype keeps names, but no blend modes
    label = f"{mark}{number} {pen.label}{ink}".replace("+", " ")  # AxiDraw's software reads +S30 in a name as a speed
    yield (
        f'<g id="pass-{number}" inkscape:groupmode="layer" inkscape:label={_quoted(label)}'
        + "".join(f' data-{name}="free"' for name, is_free in free.items() if is_free)
        + f' fill="none" stroke="{pen.colour}" stroke-width="{pen.nib_mm!r}"'
        + ' stroke-linecap="round" stroke-linejoin="round">'
    )
    for line, colour, width_mm in pen_pass.styled():
        own = "" if pen_pass.colours is None else f' stroke="{colour}"'
        if pen_pass.widths_mm is not None:
            own += f' stroke-width="{_number(width_mm)}"'
        # multiply is on each path, not on the layer: every stroke darkens what is below, including its own pass
        yield f'<path d="{_path(line)}"{own}{blend}/>'
    yield "</g>"


def _path(line: Line) -> str:
    if is_dot(line):
        x, y = line.mean(axis=0).tolist()
        return f"M{_number(x - DOT_MM / 2)},{_number(y)} L{_number(x + DOT_MM / 2)},{_number(y)}"
    return "M" + " L".join(f"{_number(x)},{_number(y)}" for x, y in line.tolist())


def _number(value: float) -> str:
    """Return at most three decimals: far finer than a pen draws."""
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _plain(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)


def _quoted(text: str) -> str:
    return quoteattr(_plain(text))

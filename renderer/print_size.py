"""A drawing -> PDF or PNG at print size, by Cairo, which mixes transparent inks as the preview does."""

import io
import math
from typing import TYPE_CHECKING, Any

from hardware.drawing import DOT_MM, Drawing, Ink, Line, is_dot

if TYPE_CHECKING:
    import cairocffi

_MM_PER_INCH = 25.4
_POINTS_PER_INCH = 72
_MOST_PX = 32_000  # Cairo counts pixels in 16 bits


class PrintError(Exception):
    """A drawing that cannot be written at print size; the message says why and what would work."""


def as_pdf(drawing: Drawing) -> bytes:
    """Return the drawing as a PDF of the sheet's size, all lines as vectors. Raises PrintError without cairocffi."""
    cairo = _cairo()
    scale = _POINTS_PER_INCH / _MM_PER_INCH
    into = io.BytesIO()
    surface = cairo.PDFSurface(into, drawing.width_mm * scale, drawing.height_mm * scale)
    _paint(cairo, surface, drawing, scale)
    surface.finish()
    return into.getvalue()


def as_png(drawing: Drawing, dpi: int) -> bytes:
    """Return the drawing as a PNG that prints at the sheet's size. Raises PrintError if that has too many pixels."""
    cairo = _cairo()
    scale = dpi / _MM_PER_INCH
    wide, high = (max(1, round(length * scale)) for length in (drawing.width_mm, drawing.height_mm))
    if max(wide, high) > _MOST_PX:
        fits = math.floor(_MOST_PX * _MM_PER_INCH / max(drawing.width_mm, drawing.height_mm))
        raise PrintError(
            f"--dpi {dpi}: a sheet of {drawing.width_mm:g} x {drawing.height_mm:g} mm would have {wide} x {high} px;"
            f" at most {_MOST_PX} a side can be drawn: choose --dpi {fits} or less, or --pdf"
        )
    surface = cairo.ImageSurface(cairo.FORMAT_RGB24, wide, high)
    _paint(cairo, surface, drawing, scale)
    surface.flush()
    return _encoded(surface, wide, high, dpi)


def _encoded(surface: Any, wide: int, high: int, dpi: int) -> bytes:
    from PIL import Image

    into = io.BytesIO()
    pixels = bytes(surface.get_data())  # native order: blue, green, red, unused, on all machines that we know
    picture = Image.frombuffer("RGB", (wide, high), pixels, "raw", "BGRX", surface.get_stride(), 1)
    picture.save(into, "PNG", dpi=(dpi, dpi))
    return into.getvalue()


def _cairo() -> Any:
    try:
        import cairocffi
    except (ImportError, OSError) as missing:  # OSError: the Cairo library itself is missing
        raise PrintError(
            f"PDF and PNG at print size need cairocffi and the Cairo library ({missing}):"
            " pip install 'artwork-renderer[export]', and install Cairo (libcairo2)"
        ) from None
    return cairocffi


def _paint(cairo: Any, surface: "cairocffi.Surface", drawing: Drawing, scale: float) -> None:
    context = cairo.Context(surface)
    context.scale(scale, scale)
    context.set_source_rgb(*_rgb(drawing.paper))
    context.paint()
    context.set_line_cap(cairo.LINE_CAP_ROUND)
    context.set_line_join(cairo.LINE_JOIN_ROUND)
    for each in drawing.passes:
        context.set_operator(cairo.OPERATOR_MULTIPLY if each.pen.ink is Ink.TRANSPARENT else cairo.OPERATOR_OVER)
        for line, colour, width_mm in each.styled():
            context.set_source_rgb(*_rgb(colour))
            context.set_line_width(width_mm)
            _trace(context, line)
            context.stroke()


def _trace(context: Any, line: Line) -> None:
    if is_dot(line):
        x, y = line.mean(axis=0).tolist()
        context.move_to(x - DOT_MM / 2, y)
        context.line_to(x + DOT_MM / 2, y)
        return
    context.move_to(*line[0].tolist())
    for point in line[1:].tolist():
        context.line_to(*point)


def _rgb(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue

"""A finished render -> what of it is kept in a gallery: a preview of at most 320 kB, and the compact drawing."""

import io

from PIL import Image

from hardware.svgfile.write import to_svg
from renderer.gallery.names import DRAWING, PREVIEW
from renderer.preview import pixels
from renderer.result import Result

MOST_BYTES = 320_000  # of a preview
LONGER_PX = 1400


def exhibit(result: Result, made_from: str) -> dict[str, bytes]:
    """The files that hang, by their names. `made_from` is told in the drawing."""
    return {
        PREVIEW: shrunk(Image.fromarray(pixels(result.preview))),
        DRAWING: to_svg(result.drawing, made_from).encode(),
    }


def shrunk(image: Image.Image) -> bytes:
    """A WebP file of at most MOST_BYTES: first of less quality, then smaller."""
    longer_px = LONGER_PX
    while True:
        small = image.copy()
        small.thumbnail((longer_px, longer_px), Image.Resampling.LANCZOS)
        for quality in (84, 78, 72, 66):
            file = io.BytesIO()
            small.save(file, "WEBP", quality=quality, method=6)
            if file.tell() <= MOST_BYTES:
                return file.getvalue()
        longer_px = longer_px * 4 // 5

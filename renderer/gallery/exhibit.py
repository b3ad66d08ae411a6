"""A finished render -> the files that a gallery keeps: a preview of at most 320 kB, the compact drawing, and a small
copy of the original picture if the spec credits it.
"""

import io

import numpy as np
from PIL import Image

from hardware.svgfile.write import to_svg
from renderer import assets
from renderer.gallery.names import DRAWING, ORIGINAL, PREVIEW
from renderer.preview import pixels
from renderer.result import Result
from renderer.target import load_picture
from renderer.tone import cropped

MOST_BYTES = 320_000  # of a preview
LONGER_PX = 1400
ORIGINAL_BYTES = 40_000  # of the small original, at most
ORIGINAL_PX = 320  # its longer side


def exhibit(result: Result, made_from: str) -> dict[str, bytes]:
    """The files of a work, by name. `made_from` is written into the drawing. Raises AssetError, TargetError."""
    files = {
        PREVIEW: shrunk(Image.fromarray(pixels(result.preview))),
        DRAWING: to_svg(result.drawing, made_from).encode(),
    }
    return files if result.work.artwork.target.credit is None else files | {ORIGINAL: original(result)}


def original(result: Result) -> bytes:
    """The picture as the spec crops it, before any tone, as a small JPEG file. Raises AssetError, TargetError."""
    work = result.work
    target = work.artwork.target
    path = assets.resolve(target.image, work.folder, None).path
    picture = cropped(load_picture(path, work.artwork.canvas.colour), target.crop)
    image = Image.fromarray((255 * picture).round().clip(0, 255).astype(np.uint8))
    return shrunk(image, "JPEG", ORIGINAL_PX, ORIGINAL_BYTES)


def shrunk(image: Image.Image, kind: str = "WEBP", longer_px: int = LONGER_PX, most_bytes: int = MOST_BYTES) -> bytes:
    """An image file of at most `most_bytes`: the quality is lowered first, then the size."""
    options = {"method": 6} if kind == "WEBP" else {"optimize": True}
    while True:
        small = image.copy()
        small.thumbnail((longer_px, longer_px), Image.Resampling.LANCZOS)
        for quality in (84, 78, 72, 66):
            file = io.BytesIO()
            small.save(file, kind, quality=quality, **options)
            if file.tell() <= most_bytes:
                return file.getvalue()
        longer_px = longer_px * 4 // 5

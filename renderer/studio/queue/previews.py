"""Small pictures of jobs as WebP files."""

import io
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

    from renderer.progress import Picture

PREVIEW_PX = 1000
MOST_BYTES = 900_000
MEDIA = "image/webp"


def webp_of(picture: "Picture", longer_px: int) -> bytes:
    """A WebP file of a picture `[3, H, W]`, whose longer side has at most `longer_px` pixels."""
    from renderer.report import to_image

    return shrunk_webp(to_image(picture), longer_px)


def shrunk_webp(image: "Image.Image", longer_px: int) -> bytes:
    """A WebP file of an 8-bit RGB image, which is shrunk in place."""
    from PIL import Image

    image.thumbnail((longer_px, longer_px), Image.Resampling.BOX)
    for quality in (80, 60, 40, 10):
        file = io.BytesIO()
        image.save(file, "WEBP", quality=quality, method=2)
        if file.tell() <= MOST_BYTES:
            break
    return file.getvalue()


def preview_of(folder: Path) -> tuple[str, bytes] | None:
    """The preview of a finished render as media type and content; None if it has none that can be read."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(folder / "preview.png") as image:
            return MEDIA, shrunk_webp(image.convert("RGB"), PREVIEW_PX)
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError, ValueError):
        return None

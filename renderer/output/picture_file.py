"""A picture -> the bytes of a PNG file."""

import io

from PIL import Image

LEVEL = 7  # 9, the best, takes ten times as long to save 4 %
MM_PER_INCH = 25.4


def png(image: Image.Image, px_per_mm: float | None = None) -> bytes:
    """The file; with `px_per_mm`, it also says how large the picture is."""
    file = io.BytesIO()
    density = {} if px_per_mm is None else {"dpi": (px_per_mm * MM_PER_INCH, px_per_mm * MM_PER_INCH)}
    image.save(file, "PNG", compress_level=LEVEL, **density)
    return file.getvalue()

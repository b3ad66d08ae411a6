"""A picture inside an SVG -> its one colour, if it has only one: as a sheet of paper has."""

import base64
import binascii
import io
import re
from urllib.parse import unquote_to_bytes

_DATA = re.compile(r"data:image/(?:png|gif|bmp)(;base64)?,(.*)", re.DOTALL | re.IGNORECASE)
_MOST_CHARACTERS = 100_000
_MOST_PIXELS = 4_000_000


def only_colour(href: str) -> str | None:
    """Return the colour of a picture that has one alone, #rrggbb; None for other pictures and for links."""
    given = _DATA.match(href) if len(href) <= _MOST_CHARACTERS else None
    if given is None:
        return None
    from PIL import Image, UnidentifiedImageError

    try:
        raw = base64.b64decode(given[2]) if given[1] else unquote_to_bytes(given[2])
        with Image.open(io.BytesIO(raw)) as picture:
            if picture.width * picture.height > _MOST_PIXELS:
                return None
            colours = picture.convert("RGBA").getcolors(maxcolors=1)
    except (OSError, ValueError, SyntaxError, binascii.Error, UnidentifiedImageError):
        return None
    if colours is None:
        return None
    red, green, blue, alpha = (int(value) for value in colours[0][1])  # type: ignore[union-attr]
    return f"#{red:02x}{green:02x}{blue:02x}" if alpha == 255 else None

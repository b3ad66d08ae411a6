"""What is wrong with a picture, found in its header, before anything slow is imported."""

import importlib.util
import re
import warnings
from pathlib import Path

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP", "PPM", "AVIF")
LEAST_PX = 2
READABLE = "use PNG, JPEG, WebP, TIFF, GIF, BMP, PPM or AVIF"

# by kind: the module that converts it, the package that has the module, and what to do without it
CONVERTERS = {
    "HEIC": ("pillow_heif", "pillow-heif", "export it as JPEG"),
    "SVG": ("resvg_py", "resvg-py", "export it as PNG"),
    "PDF": ("pypdfium2", "pypdfium2", "export its page as PNG"),
}
_HEIC = (b"ftypheic", b"ftypheix", b"ftyphevc", b"ftyphevx", b"ftypmif1", b"ftypmsf1")
_SVG = re.compile(
    rb"\A(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*|<!DOCTYPE[^>]*>\s*)*<(?:\w+:)?svg\b", re.S
)
_LOOKED_AT_BYTES = 4096


def converted_kind(path: Path) -> str | None:
    """`HEIC`, `SVG` or `PDF`, by the file's content; None for a picture that is read as it is, or no picture."""
    try:
        with path.open("rb") as file:
            head = file.read(_LOOKED_AT_BYTES)
    except OSError:
        return None
    if head[4:12] in _HEIC:
        return "HEIC"
    if head.startswith(b"%PDF-"):
        return "PDF"
    return "SVG" if _SVG.match(head) else None


def not_converted(path: Path, kind: str) -> str | None:
    """Why a picture of this kind cannot be converted here; None where it can be."""
    module, package, instead = CONVERTERS[kind]
    if importlib.util.find_spec(module) is not None:
        return None
    return f"is {_article(kind)} {kind} file, which needs one more package: pip install {package}; or {instead}"


def _article(kind: str) -> str:
    return "a" if kind == "PDF" else "an"


def picture_fault(path: Path) -> str | None:
    """What is wrong with a picture, as far as its header shows; None where nothing is."""
    kind = converted_kind(path)
    if kind is not None:
        return not_converted(path, kind)
    from PIL import Image, UnidentifiedImageError  # 40 ms

    try:
        if path.stat().st_size == 0:
            return "is empty; fetch or save it again"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about damaged metadata, and about sizes
            with Image.open(path, formats=FORMATS) as image:
                size = image.size
    except UnidentifiedImageError:
        return f"is not a picture that can be read; {READABLE}"
    except Image.DecompressionBombError:
        return None if path.suffix.lower() in (".jpg", ".jpeg") else "has more than 178 megapixels; make it smaller"
    except (OSError, ValueError, SyntaxError, EOFError):
        return "is damaged or cut off; fetch or save it again"
    if min(size) < LEAST_PX:
        return f"has {size[0]} x {size[1]} px; at least {LEAST_PX} x {LEAST_PX} are needed"
    return None

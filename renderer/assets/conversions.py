"""Pictures that are not read as they are (HEIC, SVG, PDF, huge JPEGs) -> PNG files in the cache."""

import io
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from renderer.assets.cache import AssetError, cache_folder, sha256_of, writing
from renderer.specfile.pictures import CONVERTERS, converted_kind, not_converted

LONGER_PX = 3000  # of a drawing or a page
_LARGEST_PX = 178_000_000  # of a JPEG that is read as it is
_DPI = 96  # px an inch in an SVG, as in CSS
_REDUCED_PX = 3000  # a larger JPEG is decoded at a half, a quarter or an eighth of its size, but no smaller than this


def readable(path: Path) -> tuple[Path, str | None]:
    """A file that `target.load_picture` reads, and a note for the user if that is a copy. Raises AssetError."""
    kind = converted_kind(path)
    if kind is None:
        return (path, None) if not _is_huge_jpeg(path) else _converted(path, "JPEG")
    why = not_converted(path, kind)
    if why is not None:
        raise AssetError(f"{path}: {why}")
    return _converted(path, kind)


def _converted(path: Path, kind: str) -> tuple[Path, str | None]:
    """The converted copy of a picture, from the cache if it is there."""
    place = cache_folder() / "converted" / f"{sha256_of(path)}.png"
    if not place.is_file():
        try:
            content = _WAYS[kind](path)
        except Exception:  # of other people's libraries, whose errors have no common base
            instead = CONVERTERS[kind][2] if kind in CONVERTERS else "fetch or save it again"
            raise AssetError(f"{path}: the {kind} file cannot be read; {instead}") from None
        with writing():
            _keep(place, content)
    return place, None if kind in ("HEIC", "JPEG") else f"{path}: drawn from a picture of it, {LONGER_PX} px long"


def _keep(place: Path, content: bytes) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=place.parent)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    Path(name).replace(place)


def _from_heic(path: Path) -> bytes:
    import pillow_heif

    return _png(pillow_heif.read_heif(path).to_pillow())


def _from_svg(path: Path) -> bytes:
    import resvg_py

    svg = path.read_text(encoding="utf-8-sig")
    wide = resvg_py.svg_to_bytes(svg_string=svg, width=LONGER_PX, dpi=_DPI)
    from PIL import Image

    with Image.open(io.BytesIO(bytes(wide))) as image:
        if image.height <= LONGER_PX:
            return bytes(wide)
    return bytes(resvg_py.svg_to_bytes(svg_string=svg, height=LONGER_PX, dpi=_DPI))


def _from_pdf(path: Path) -> bytes:
    import pypdfium2

    with pypdfium2.PdfDocument(path) as document:
        page = document[0]
        return _png(page.render(scale=LONGER_PX / max(page.get_size())).to_pil())


def _from_jpeg(path: Path) -> bytes:
    image = _opened(path)
    image.draft(None, (_REDUCED_PX, _REDUCED_PX))
    return _png(image)


def _is_huge_jpeg(path: Path) -> bool:
    if path.suffix.lower() not in (".jpg", ".jpeg") or not path.is_file():
        return False
    from PIL import UnidentifiedImageError

    try:
        with _opened(path) as image:
            return bool(image.width * image.height > _LARGEST_PX)
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError):
        return False  # load_picture says what is wrong


def _opened(path: Path) -> Any:
    """A JPEG of any size, of which only the header is read. Its decoder reduces it, so that memory suffices."""
    from PIL.JpegImagePlugin import JpegImageFile

    return JpegImageFile(path)


def _png(image: Any) -> bytes:
    from PIL import ImageOps

    file = io.BytesIO()
    ImageOps.exif_transpose(image).save(file, "PNG", compress_level=1)
    return file.getvalue()


_WAYS: dict[str, Callable[[Path], bytes]] = {
    "HEIC": _from_heic,
    "SVG": _from_svg,
    "PDF": _from_pdf,
    "JPEG": _from_jpeg,
}

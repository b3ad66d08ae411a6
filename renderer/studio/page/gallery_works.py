"""The works in a gallery's folder, as the page shows them; read again when a manifest changes."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from renderer.gallery.label import pens
from renderer.gallery.names import MANIFEST, PREVIEW
from renderer.gallery.state import finished
from renderer.gallery.statement import read


@dataclass(frozen=True)
class GalleryWork:
    """One finished work."""

    name: str
    title: str
    width_mm: float
    height_mm: float
    strokes: int
    metres: float
    minutes: float | None
    pens: tuple[dict[str, Any], ...]
    preview: str


def gallery_works(gallery: Path | None) -> list[GalleryWork]:
    """All works by name, except those whose manifest cannot be read."""
    if gallery is None or not gallery.is_dir():
        return []
    found = []
    for folder in finished(gallery):
        try:
            found.append(_gallery_work(folder, (folder / MANIFEST).stat().st_mtime_ns))
        except (OSError, KeyError, TypeError, ValueError):
            continue
    return [one for one in found if one is not None]


@lru_cache(maxsize=512)
def _gallery_work(folder: Path, _changed: int) -> GalleryWork | None:
    made = read(folder)
    if made is None:
        return None
    said = made.predicate
    sheet, totals = said["render_sheet"], said["render_totals"]
    return GalleryWork(
        folder.name, said["render_title"], sheet["width_mm"], sheet["height_mm"], totals["strokes"], totals["metres"],
        totals["minutes"], tuple(pens(said["render_passes"])), PREVIEW,
    )  # fmt: skip

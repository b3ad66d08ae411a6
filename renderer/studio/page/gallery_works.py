"""The works of a gallery's folder, as the page shows them; read anew when a manifest changes."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from renderer.gallery.label import pens
from renderer.gallery.names import MANIFEST, PREVIEW
from renderer.gallery.state import finished
from renderer.gallery.statement import read


@dataclass(frozen=True)
class Exhibit:
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


def exhibits(gallery: Path | None) -> list[Exhibit]:
    """All of them, by name; those whose manifest cannot be read are left out."""
    if gallery is None or not gallery.is_dir():
        return []
    found = []
    for folder in finished(gallery):
        try:
            found.append(_exhibit(folder, (folder / MANIFEST).stat().st_mtime_ns))
        except (OSError, KeyError, TypeError, ValueError):
            continue
    return [one for one in found if one is not None]


@lru_cache(maxsize=512)
def _exhibit(folder: Path, _changed: int) -> Exhibit | None:
    made = read(folder)
    if made is None:
        return None
    said = made.predicate
    sheet, totals = said["render_sheet"], said["render_totals"]
    return Exhibit(
        folder.name, said["render_title"], sheet["width_mm"], sheet["height_mm"], totals["strokes"], totals["metres"],
        totals["minutes"], tuple(pens(said["render_passes"])), PREVIEW,
    )  # fmt: skip

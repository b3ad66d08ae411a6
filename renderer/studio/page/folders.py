"""The folders that the page can read: specs, finished works, a gallery. Nothing else is read or written."""

import hashlib
import os
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from renderer.specfile.files import PICTURE_SUFFIXES, YAML_SUFFIXES, leads_within, not_a_file
from renderer.studio.queue.states import StudioError

UPLOADS = "uploads"  # in the folder of specs
SKIPPED = {"pens", "machines", "targets"}  # folders among the specs whose files are not specs
DRAWING_SUFFIXES = (".svg",)
MOST_LISTED = 2000
MOST_KEPT_BYTES = 2_000_000_000  # of all uploads
SHOWN = ("preview.png", "drawing.svg", "report.html", "manifest.json", "progress.gif", "loss.csv")  # of a work
PUBLISHED = ("preview.webp", "drawing.svg", "manifest.json")  # of a work in a gallery


class NotFound(StudioError):
    """A file that the page does not show. HTTP status 404, whether or not there is such a file."""


@dataclass(frozen=True)
class Folders:
    """The folders of the page's files."""

    specs: Path
    out: Path
    gallery: Path | None = None

    def spec(self, name: str) -> Path:
        """The spec with this name, as in `spec_names`. Raises NotFound."""
        return self._inside(self.specs, name, YAML_SUFFIXES)

    def holds_spec(self, path: Path) -> bool:
        """Whether this is the path of a spec of the folder."""
        return path.suffix.lower() in YAML_SUFFIXES and leads_within(path, self.specs) and not not_a_file(path)

    def machine(self, name: str) -> Path:
        """The machine file with this name, as in `machine_names`. Raises NotFound."""
        return self._inside(self.specs, name, YAML_SUFFIXES)

    def work_file(self, folder: str, name: str) -> Path:
        """A file of a finished work. Raises NotFound."""
        path = Path(folder) / name
        if not folder or name not in SHOWN or not leads_within(path, self.out) or not_a_file(path):
            raise NotFound("there is no such file")
        return path

    shown_files: ClassVar[tuple[str, ...]] = SHOWN

    def has_work_file(self, folder: str, name: str) -> bool:
        """Whether a finished work has this file and the page can show it."""
        try:
            self.work_file(folder, name)
        except NotFound:
            return False
        return True

    def gallery_file(self, work: str, name: str) -> Path:
        """A file of a work in the gallery. Raises NotFound."""
        if self.gallery is None or name not in PUBLISHED:
            raise NotFound("there is no such file")
        return self._inside(self.gallery, f"{work}/{name}", (Path(name).suffix,))

    def _inside(self, folder: Path, name: str, suffixes: tuple[str, ...]) -> Path:
        path = folder / name
        hides = any(part.startswith(".") for part in Path(name).parts)
        if hides or path.suffix.lower() not in suffixes or not leads_within(path, folder) or not_a_file(path):
            raise NotFound(f"there is no file {name[:80]!r} in the folder")
        return path

    def spec_names(self) -> list[str]:
        """All specs, relative to their folder."""
        found = (path for path in _yaml_files(self.specs) if not SKIPPED & set(path.relative_to(self.specs).parts[:-1]))
        return [path.relative_to(self.specs).as_posix() for path in found]

    def machine_names(self) -> list[str]:
        return [path.relative_to(self.specs).as_posix() for path in _yaml_files(self.specs / "machines")]

    def rack_names(self) -> list[str]:
        return [path.relative_to(self.specs).as_posix() for path in _yaml_files(self.specs / "pens")]

    def photo(self, name: str) -> Path:
        """The uploaded picture with this name. Raises NotFound."""
        return self._uploaded(name, PICTURE_SUFFIXES)

    def uploaded_drawing(self, name: str) -> Path:
        """The uploaded SVG with this name. Raises NotFound."""
        return self._uploaded(name, DRAWING_SUFFIXES)

    def _uploaded(self, name: str, suffixes: tuple[str, ...]) -> Path:
        if "/" in name or "\\" in name:
            raise NotFound("there is no such upload")
        return self._inside(self.specs, f"{UPLOADS}/{name}", suffixes)

    def upload_names(self, suffixes: tuple[str, ...]) -> list[str]:
        """The uploads with these endings, the newest first."""
        folder = self.specs / UPLOADS
        found = [path for path in folder.glob("[!.]*") if path.suffix.lower() in suffixes] if folder.is_dir() else []
        newest = sorted(found, key=lambda path: (-path.lstat().st_mtime, path.name))
        return [path.name for path in newest[:MOST_LISTED] if not not_a_file(path)]

    # --- what comes from browsers ---

    def upload_place(self, name: str, content: bytes) -> Path:
        """The path of an upload: its name is unique to its content, so that no file is ever replaced.

        Raises StudioError if it is neither a spec nor a picture, or if the folder of uploads leads elsewhere.
        """
        clean = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(name.replace("\\", "/")).name).lstrip(".-")[-80:]
        suffix = Path(clean).suffix.lower()
        taken = (*YAML_SUFFIXES, *PICTURE_SUFFIXES, *DRAWING_SUFFIXES)
        if suffix not in taken:
            raise StudioError(f"{name[:80]!r} is neither a spec nor a picture; upload one of {', '.join(taken)}")
        stem = Path(clean).stem
        folder = self.specs / UPLOADS
        if folder.is_symlink() or (folder.exists() and not leads_within(folder, self.specs)):
            raise StudioError(f"{folder}: leads out of the folder of specs; nothing is written there")
        place = folder / f"{stem}{suffix}"
        if place.exists() and place.read_bytes() != content:
            place = folder / f"{stem}-{hashlib.sha256(content).hexdigest()[:8]}{suffix}"
        return place

    def save(self, place: Path, content: bytes, check: Callable[[Path], None] | None = None) -> None:
        """Write an upload, complete or not at all; an existing file stays. `check` raises if it is bad.

        Raises StudioError if the upload cannot be written or the folder is full.
        """
        kept = sum(path.lstat().st_size for path in place.parent.glob("*")) if place.parent.is_dir() else 0
        if kept + len(content) > MOST_KEPT_BYTES:
            raise StudioError(
                f"{place.parent.name}/ holds {kept / 1e6:.0f} MB, and at most {MOST_KEPT_BYTES / 1e6:.0f} MB are"
                " allowed; delete files there that no spec needs"
            )
        beside = place.with_name(f".{threading.get_ident()}{place.name}")
        try:
            place.parent.mkdir(exist_ok=True)
            beside.write_bytes(content)
            if check is not None:
                check(beside)
            if not place.exists():
                beside.replace(place)
        except OSError as error:
            raise StudioError(f"{place}: cannot be written ({error.strerror})") from error
        finally:
            beside.unlink(missing_ok=True)


def _yaml_files(folder: Path) -> Iterator[Path]:
    """YAML files in a folder by name; links and hidden folders are not followed."""
    count = 0
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if Path(name).suffix.lower() in YAML_SUFFIXES and not name.startswith("."):
                yield Path(place) / name
                count += 1
                if count == MOST_LISTED:
                    return

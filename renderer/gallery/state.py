"""A gallery's folder and the works that belong there -> what is missing, stale, changed by hand or left over.

Nothing is rendered, and torch is not needed: keys are computed again and compared with those of the manifests.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from renderer.gallery.key import key
from renderer.gallery.names import MANIFEST
from renderer.gallery.statement import WorkManifest, read
from renderer.specfile import Work

_TEXTS = (".svg", ".html", ".md")  # version control may have changed their line endings


@dataclass(frozen=True)
class WorkState:
    """The state of one work."""

    name: str
    work: Work | None  # None: an orphan
    missing: bool = False
    stale: tuple[str, ...] = ()  # parts of the key
    modified: tuple[str, ...] = ()  # files

    @property
    def is_due(self) -> bool:
        """Whether it has to be rendered."""
        return self.missing or bool(self.stale)

    @property
    def is_up_to_date(self) -> bool:
        return self.work is not None and not self.is_due and not self.modified

    @property
    def text(self) -> str:
        """`stale: spec, engine; modified: preview.webp`."""
        parts = ["missing"] if self.missing else []
        parts += [f"stale: {', '.join(self.stale)}"] if self.stale else []
        parts += [f"modified: {', '.join(self.modified)}"] if self.modified else []
        return "; ".join(parts or (["orphan"] if self.work is None else ["up to date"]))


def states(works: Iterable[Work], gallery: Path) -> list[WorkState]:
    """The state of each work. Raises EngineError."""
    return [state(work, gallery) for work in works]


def state(work: Work, gallery: Path) -> WorkState:
    """The state of one work. Raises EngineError."""
    folder = gallery / work.name
    if not folder.is_dir():
        return WorkState(work.name, work, missing=True)
    made = read(folder)
    if made is None:
        return WorkState(work.name, work, missing=True, modified=(MANIFEST,) if any(folder.iterdir()) else ())
    return WorkState(work.name, work, stale=key(work).stale(made.parts), modified=modified(folder, made))


def orphans(works: Iterable[Work], gallery: Path) -> list[WorkState]:
    """Finished works in the folder whose spec is gone."""
    wanted = {work.name for work in works}
    return [WorkState(folder.name, None) for folder in finished(gallery) if folder.name not in wanted]


def finished(gallery: Path) -> list[Path]:
    """The folders of works, by name."""
    if not gallery.is_dir():
        return []
    return sorted(path.parent for path in gallery.glob(f"*/{MANIFEST}") if not path.parent.name.startswith("."))


def modified(folder: Path, made: WorkManifest) -> tuple[str, ...]:
    """Files that were changed or are gone."""
    changed = [name for name, sha256 in made.subjects.items() if not _is(folder / name, sha256)]
    return (*changed, *(() if made.is_intact else (MANIFEST,)))


def _is(path: Path, sha256: str) -> bool:
    try:
        content = path.read_bytes()
    except OSError:
        return False
    if hashlib.sha256(content).hexdigest() == sha256:
        return True
    unix = content.replace(b"\r\n", b"\n")
    return path.suffix in _TEXTS and hashlib.sha256(unix).hexdigest() == sha256

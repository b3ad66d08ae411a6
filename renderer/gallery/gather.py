"""A work that is due here and up to date in another gallery -> its folder here."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from renderer.gallery.state import state
from renderer.output.place import explained, fill, recover, swap
from renderer.specfile import Work


def take_from(work: Work, sources: Iterable[Path], gallery: Path) -> Path | None:
    """Copy a work from the first gallery in which it is intact and up to date; return that gallery, or None.

    Raises OutputError if it cannot be written, and EngineError if the program's sources cannot be read.
    """
    source = next((source for source in sources if state(work, source).is_up_to_date), None)
    if source is not None:
        write(gallery / work.name, {path.name: path.read_bytes() for path in (source / work.name).iterdir()})
    return source


def write(folder: Path, files: dict[str, bytes]) -> None:
    """Write a work's folder, complete or not at all; an older one is replaced. Raises OutputError."""
    with explained(folder):
        place = folder.resolve()
        place.parent.mkdir(parents=True, exist_ok=True)
        recover(place)
        beside = place.with_name(f".{place.name}.tmp-{os.getpid()}")
        try:
            fill(beside, files)
            swap(beside, place)
        finally:
            shutil.rmtree(beside, ignore_errors=True)

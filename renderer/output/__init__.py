"""A finished render -> a folder of files, built beside its place and then renamed, so that a folder is complete."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from renderer.output.folder_lock import locked
from renderer.output.place import OutputError, earlier_to_keep, explained, fill, recover, refuse_others_work, swap
from renderer.result import Result

__all__ = ["OutputError", "check", "earlier_to_keep", "locked", "write"]

LEAST_FREE_BYTES = 30_000_000  # a large render takes about a third


def check(folder: Path, *, force: bool = False) -> None:
    """Check, before time is spent on it, that a render can be written there; leave no trace. Raises OutputError."""
    with explained(folder):
        place = folder.resolve()
        recover(place)
        if not force:
            refuse_others_work(folder)
        parent = next(p for p in place.parents if p.exists())
        with tempfile.TemporaryDirectory(dir=parent, prefix=f".{folder.name[:40]}.check-"):
            free = shutil.disk_usage(parent).free
    if free < LEAST_FREE_BYTES:
        left, needed = f"{free / 1e6:.0f} MB", f"{LEAST_FREE_BYTES / 1e6:.0f} MB"
        raise OutputError(f"{folder}: the disk has {left} left, but {needed} are needed; free some space, or use --out")


def write(
    result: Result,
    folder: Path,
    *,
    changes: tuple[str, ...] = (),  # to the spec, like `layers.0.steps=50`
    draft: bool = False,
    force: bool = False,
    kept: Path | None = None,  # where an older render moves, as `earlier_to_keep` says
) -> dict[str, Any]:
    """Write everything and return the manifest. An older render is replaced, or kept; it stays if this one fails.

    Raises OutputError where the folder cannot be written, and, unless `force`, where it has files of other origin.
    """
    from renderer.output.contents import contents  # imports torch, which `check` does not need

    check(folder, force=force)
    files, record = contents(result, changes, draft)
    with explained(folder):
        place = folder.resolve()
        place.parent.mkdir(parents=True, exist_ok=True)
        beside = place.with_name(f".{place.name}.tmp-{os.getpid()}")
        try:
            fill(beside, files)
            swap(beside, place, kept and place.with_name(kept.name))
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    return record

"""A finished render -> a folder of files, built beside its place and then renamed: a folder that is there is whole."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from renderer.output.place import OutputError, explained, fill, recover, refuse_others_work, swap
from renderer.result import Result

__all__ = ["OutputError", "check", "write"]

LEAST_FREE_BYTES = 30_000_000  # a large work takes about a third


def check(folder: Path, *, force: bool = False) -> None:
    """Whether a render could be written there, asked before time is spent on it. Leaves no trace. OutputError."""
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
        raise OutputError(f"{folder}: the disk has {left} left, and {needed} are needed; make room, or use --out")


def write(
    result: Result,
    folder: Path,
    *,
    changes: tuple[str, ...] = (),  # to the spec, like `layers.0.steps=50`
    draft: bool = False,
    force: bool = False,
) -> dict[str, Any]:
    """Writes everything and gives the manifest. An older render is replaced, and stays if this one fails.

    OutputError where it cannot be written, and where the folder holds work that is not ours, unless `force`.
    """
    from renderer.output.contents import contents  # torch, which to check needs not

    check(folder, force=force)
    files, record = contents(result, changes, draft)
    with explained(folder):
        place = folder.resolve()
        place.parent.mkdir(parents=True, exist_ok=True)
        beside = place.with_name(f".{place.name}.tmp-{os.getpid()}")
        try:
            fill(beside, files)
            swap(beside, place)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    return record

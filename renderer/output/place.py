"""The place where a folder is written: whether it is free, and how a new folder gets there completely or not at all."""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any

from renderer.manifest import MADE_BY

JOURNAL = "plot.journal"  # of a plot of the drawing
_LITTER = {".DS_Store", "Thumbs.db", "desktop.ini"}  # from file managers; can be deleted


class OutputError(Exception):
    """A folder that cannot be written; the message says why and what would work. What was there is unchanged."""


def fill(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Create a folder with these files, by path, and flush them to the disk. An existing folder is replaced."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for path, content in contents.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
    for directory in {(folder / path).parent for path in contents}:
        _sync(directory)


def swap(new: Path, folder: Path, kept: Path | None = None) -> None:
    """Put `new` in the folder's place, and what was there in that of `kept`, or away.

    If that fails half way, or is interrupted, the old one is put back.
    """
    old = folder.with_name(f".{folder.name}.old-{os.getpid()}")
    try:
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
        if kept is not None and old.exists():
            old.rename(kept)
        _sync(folder.parent)
    finally:
        if old.exists() and not folder.exists():
            old.rename(folder)
        shutil.rmtree(old, ignore_errors=True)


def _sync(directory: Path) -> None:
    """Flush a folder's entries to the disk, where the file system supports it."""
    with suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def recover(folder: Path) -> None:
    """Clean up after a program that was killed while it wrote here, and restore what it had moved aside."""
    for left in _left_behind(folder, "old"):
        if folder.exists():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.rename(folder)
    for left in _left_behind(folder, "tmp"):
        shutil.rmtree(left, ignore_errors=True)


def _left_behind(folder: Path, what: str) -> Iterator[Path]:
    start = f".{folder.name}.{what}-"
    entries = sorted(folder.parent.iterdir()) if folder.parent.is_dir() else []
    for path in entries:
        number = path.name.removeprefix(start)
        if path.name.startswith(start) and number.isdecimal() and not _lives(int(number)):
            yield path


def _lives(process: int) -> bool:
    if process == os.getpid() or os.name == "nt":  # on Windows, os.kill would end the process
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it belongs to another user
        return True
    return True


# --- what is in the way ---


def earlier_to_keep(folder: Path, interrupted: bool, changes: tuple[str, ...]) -> Path | None:
    """Where the render in a folder moves before a trial or an interrupted render takes its place; None if it need not.

    A finished render is replaced by another finished one of the same changes, as the user asked for it again. A draft
    is always replaced. A drawing that was plotted, wholly or in part, is always kept with its journal.
    """
    if (folder / JOURNAL).exists() or any(folder.glob(f"sheets/*/{JOURNAL}")):
        return _free_place(folder)
    record = _record(folder) or {}
    spec = record.get("spec") or {}
    if record.get("interrupted") is not False or spec.get("draft"):
        return None
    earlier = spec.get("changes")
    if not interrupted and (not changes or earlier == list(changes)):
        return None
    return _free_place(folder)


def _free_place(folder: Path) -> Path:
    return next(place for number in range(1, 10_000) if not (place := _numbered(folder, number)).exists())


def _numbered(folder: Path, number: int) -> Path:
    return folder.with_name(f"{folder.name}.{number}")


def refuse_others_work(folder: Path) -> None:
    """Raise OutputError where the folder holds anything that no render made, or that was changed since."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise OutputError(f"{folder}: is a file; move it away, or write elsewhere with --out")
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir() and p.name not in _LITTER}
    if not there:
        return
    made = _made(folder)
    if made is None:
        raise OutputError(
            f"{folder}: exists and is not a finished render; use another --out, or replace it with --force"
        )
    journals = {(PurePosixPath(path).parent / JOURNAL).as_posix() for path in made if path.endswith("drawing.svg")}
    strange = _some(there - {*made, "manifest.json", *journals})
    if strange:
        what = f"holds files that render did not make ({strange})"
        raise OutputError(f"{folder}: {what}; move them away, or replace all with --force")
    changed = _some({path for path in there & made.keys() if _sha256(folder / path) != made[path]})
    if changed:
        what = f"holds files that were changed since they were made ({changed})"
        raise OutputError(f"{folder}: {what}; copy them away, or replace all with --force")


def _made(folder: Path) -> dict[str, str] | None:
    """The files and hashes in the folder's manifest; None where there is no manifest of ours."""
    record = _record(folder)
    try:
        return None if record is None else dict(record["files"])
    except (ValueError, KeyError, TypeError):
        return None


def _record(folder: Path) -> dict[str, Any] | None:
    """The folder's manifest; None where there is none of ours."""
    try:
        record = json.loads((folder / "manifest.json").read_bytes())
        return dict(record) if record["made_by"] == MADE_BY else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _some(names: set[str]) -> str:
    first = ", ".join(sorted(names)[:3])
    return f"{first} and {len(names) - 3} more" if len(names) > 3 else first


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_disk_full(error: BaseException | None) -> bool:
    """Whether an error comes from a disk without space, whatever it was turned into."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
            return True
        error = error.__cause__ or error.__context__
    return False


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turn an error of the file system into an OutputError that says what would work."""
    try:
        yield
    except OSError as error:
        match error.errno:
            case errno.ENOSPC | errno.EDQUOT:
                why = "the disk is full; free some space, or write elsewhere with --out"
            case errno.EACCES | errno.EPERM | errno.EROFS:
                why = "cannot be written there; change the permissions, or write elsewhere with --out"
            case errno.ENOTDIR | errno.EEXIST:
                why = "there is a file where a folder is needed; move it away, or write elsewhere with --out"
            case errno.ENAMETOOLONG:
                why = "the name is too long for this disk; give the spec a shorter name"
            case _:
                why = f"cannot be written ({error.strerror or error}); write elsewhere with --out"
        raise OutputError(f"{folder}: {why}") from error

"""A sha256 -> a verified file. The cache holds files in `sha256/<hex>`, partial downloads and records in `state/`."""

import errno
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import platformdirs

try:
    import fcntl
except ImportError:  # Windows has none; two programs may then fetch the same file, and the last one stays
    fcntl = None  # type: ignore[assignment,unused-ignore]

PUBLISHED = 8  # digits of a sha256 that torchvision and others put into a file's name
PATIENCE_S = 600.0  # longest wait for another program that fetches the same file


class AssetError(Exception):
    """A file that cannot be obtained; the message says why, and how to get it."""


def cache_folder() -> Path:
    """`$RENDER_CACHE`, or else `render/` in the platform's cache folder."""
    named = os.environ.get("RENDER_CACHE")
    return Path(named).expanduser() if named else Path(platformdirs.user_cache_dir("render", appauthor=False))


def find(sha256: str) -> Path | None:
    """The file of a sha256, if the cache has it intact. A damaged one is removed; see `look_up`. Raises AssetError."""
    return look_up(sha256)[0]


def find_start(start: str) -> Path | None:
    """The file whose sha256 begins with `start`, if the cache has it intact. AssetError if that is not a sha256."""
    if len(start) == 64:
        return find(start)
    names = sorted(path.name for path in (cache_folder() / "sha256").glob(f"{start}*") if len(path.name) == 64)
    return next((path for path in map(find, names) if path is not None), None)


def look_up(sha256: str) -> tuple[Path | None, str | None]:
    """The file of a sha256 if the cache has it, and a note if it was damaged.

    A file is read again only where its size or time of change differs from when it was last read. Raises AssetError
    where the text is not a sha256.
    """
    path, stamp = _place(sha256), state(sha256, "stamp")
    try:
        seen = _stamp(path)
    except OSError:
        return None, None
    if _text(stamp) == seen:
        return path, None
    try:
        actual = sha256_of(path)
    except OSError as error:
        return None, f"the cached file {path} cannot be read ({error.strerror})"
    if actual == sha256:
        with suppress(OSError):  # a read-only cache is fine
            _write(stamp, seen)
        return path, None
    with suppress(OSError):
        path.unlink()
    gone = "could not be removed" if path.exists() else "was removed"
    return None, f"the cached file {path} was damaged and {gone} (its sha256 is {actual})"


def store(path: Path) -> str:
    """Copy a file into the cache and return its sha256. Raises AssetError."""
    if not path.is_file():
        raise AssetError(f"{path}: {'is not an ordinary file' if path.exists() else 'no such file'}")
    try:
        sha256 = sha256_of(path)
    except OSError as error:
        raise AssetError(f"{path}: cannot be read: {error.strerror}") from None
    if find(sha256) is None:
        with writing():
            _place(sha256).parent.mkdir(parents=True, exist_ok=True)
            with _temporary(_place(sha256).parent) as copy:
                shutil.copyfile(path, copy)
                if sha256_of(copy) != sha256:
                    raise AssetError(f"{path}: changed while it was copied; add it again")
                keep(copy, sha256)
    return sha256


def keep(file: Path, sha256: str) -> Path:
    """Move a verified file to its place in the cache, in one step, and return its path. AssetError for a bad sha256."""
    path = _place(sha256)
    path.parent.mkdir(parents=True, exist_ok=True)
    file.replace(path)
    with suppress(OSError):
        _write(state(sha256, "stamp"), _stamp(path))
    return path


def state(sha256: str, what: str) -> Path:
    """The path of a file about an asset: its `part`, `lock` or `stamp`."""
    return cache_folder() / "state" / f"{sha256}.{what}"


def sha256_of(path: Path) -> str:
    """The sha256 of a file, as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checked_sha256(text: str, *, start: bool = False) -> str:
    """The hash in lower case; it becomes part of a path. AssetError where it is not a hash. `start` allows 8 digits."""
    if not (len(text) == 64 or (start and len(text) == PUBLISHED)) or not set(text.lower()) <= set("0123456789abcdef"):
        raise AssetError(f"{text[:80]!r} is not a sha256; write 64 hexadecimal digits")
    return text.lower()


@contextmanager
def writing() -> Iterator[None]:
    """Turn the error of a cache that cannot be written to into an AssetError that says what would work."""
    try:
        yield
    except OSError as error:
        folder = cache_folder()
        match error.errno:
            case errno.ENOSPC | errno.EDQUOT:
                why = f"there is no space left for the asset cache {folder}; free some space"
            case errno.EACCES | errno.EPERM | errno.EROFS:
                why = f"the asset cache {folder} is not writable; change its permissions"
            case errno.ENOTDIR | errno.EEXIST:
                why = f"the asset cache {folder} is not a folder; remove what is there"
            case _:
                why = f"the asset cache {folder} cannot be written to ({error.strerror or error}); repair it"
        raise AssetError(f"{why}, or name another folder in RENDER_CACHE") from None


@contextmanager
def alone(sha256: str) -> Iterator[None]:
    """Keep other programs from fetching the same file at the same time. A lock ends with the program that holds it.

    Raises AssetError after PATIENCE_S seconds of waiting.
    """
    path = state(sha256, "lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        if fcntl is not None:
            _wait_for(file.fileno(), path)
        yield


def _wait_for(descriptor: int, path: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                waited = f"another program has been fetching the same file for {PATIENCE_S / 60:g} minutes"
                raise AssetError(f"{waited}; end it and start again ({path})") from None
            time.sleep(0.05)


def _place(sha256: str) -> Path:
    return cache_folder() / "sha256" / checked_sha256(sha256)


def _stamp(path: Path) -> str:
    status = path.stat()
    return f"{status.st_size} {status.st_mtime_ns}"


def _text(path: Path) -> str | None:
    try:
        return path.read_text()
    except (OSError, ValueError):
        return None


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with _temporary(path.parent) as file:
        file.write_text(text)
        file.replace(path)


@contextmanager
def _temporary(folder: Path) -> Iterator[Path]:
    """A new empty file, which is removed afterwards unless it was moved."""
    descriptor, name = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=folder)
    os.close(descriptor)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)

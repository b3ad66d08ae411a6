"""The folder where numba keeps compiled kernels, for a program whose own folders cannot be written.

numba writes beside the sources, or else into the user's cache folder. In a container that runs as another user, neither
may be possible, and numba then refuses to compile.
"""

import os
import stat
import tempfile
from pathlib import Path

_SOURCES = Path(__file__).parents[1]  # the folder of the packages


def ensure_writable() -> None:
    """Set NUMBA_CACHE_DIR to a temporary folder if numba could write nowhere. Call it before numba is imported."""
    if os.environ.get("NUMBA_CACHE_DIR"):
        return
    if not any(map(_is_writable, (_SOURCES / "hardware", _user_folder()))):
        os.environ["NUMBA_CACHE_DIR"] = str(_temporary_folder())


def _user_folder() -> Path:
    """Return the user's cache folder, as numba finds it on Linux; elsewhere, one in the same home."""
    named = os.environ.get("XDG_CACHE_HOME")
    return Path(named) if named else Path(os.path.expanduser("~/.cache"))  # noqa: PTH111  (raises without a home)


def _is_writable(folder: Path) -> bool:
    """Whether a folder, or the nearest existing one above it, can be written."""
    try:
        there = next(path for path in (folder, *folder.parents) if path.exists())
        with tempfile.TemporaryFile(dir=there):
            return True
    except OSError:
        return False


def _temporary_folder() -> Path:
    """Return a folder that only this user can write, because kernels that are read from it are executed."""
    shared = Path(tempfile.gettempdir()) / f"render-kernels-{os.getuid() if hasattr(os, 'getuid') else 'user'}"
    try:
        shared.mkdir(mode=0o700, exist_ok=True)
        if _is_private(shared):
            return shared
    except OSError:
        pass
    return Path(tempfile.mkdtemp(prefix="render-kernels-"))


def _is_private(folder: Path) -> bool:
    if not hasattr(os, "getuid"):  # Windows: the temporary folder is the user's own
        return True
    status = folder.lstat()
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and not status.st_mode & 0o077

"""Which workers of this machine are gone: each holds a lock on a file as long as it lives, whatever ends it.

The queue learns that a worker is lost when its lease runs out. One that starts anew beside it need not wait so long:
what the system has let go of is dead for certain.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ModuleNotFoundError:  # Windows: the leases run out
    fcntl = None  # type: ignore[assignment,unused-ignore]


@contextmanager
def alive_lock(folder: Path, name: str) -> Iterator[None]:
    """This worker lives as long as the block lasts. OSError where its file cannot be kept."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.alive"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if fcntl is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
        path.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def dead_workers(folder: Path) -> list[str]:
    """Workers that have ended without a word. Each is told of once."""
    return [path.stem for path in sorted(folder.glob("*.alive")) if fcntl is not None and _is_free(path)]


def _is_free(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:  # it has just left by itself
        return False
    try:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink(missing_ok=True)
            return True
        return False
    finally:
        os.close(descriptor)

"""Which workers of this machine have died: each holds a lock on a file as long as it lives, however it ends.

The queue notices that a worker is lost when its lease runs out. A worker that starts on the same machine need not wait
that long: if the system has released the lock, the other worker is certainly dead.
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
    """Mark this worker as alive for the duration of the block. Raises OSError if its file cannot be written."""
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
    """Names of workers that died without leaving the queue. Each is reported once."""
    return [path.stem for path in sorted(folder.glob("*.alive")) if fcntl is not None and _is_free(path)]


def _is_free(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:  # it has just left the queue itself
        return False
    try:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink(missing_ok=True)
            return True
        return False
    finally:
        os.close(descriptor)

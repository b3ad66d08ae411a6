"""Keeps the computer awake during a plot, where the system allows it."""

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_CONTINUOUS, _SYSTEM = 0x80000000, 0x00000001


@contextmanager
def awake(why: str = "a plot is running") -> Iterator[str | None]:
    """Yield what keeps the computer awake; None where nothing can."""
    if sys.platform == "win32":
        ctypes.windll.kernel32.SetThreadExecutionState(_CONTINUOUS | _SYSTEM)
        try:
            yield "Windows"
        finally:
            ctypes.windll.kernel32.SetThreadExecutionState(_CONTINUOUS)
        return
    command = _inhibitor(why)
    if command is None:
        yield None
        return
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    except OSError:
        yield None
        return
    try:
        yield None if _failed(process) else os.path.basename(command[0])  # noqa: PTH119
    finally:
        process.terminate()
        process.wait(5)


def _inhibitor(why: str) -> list[str] | None:
    """Return a command that keeps the system awake while it runs, and ends with this process."""
    if sys.platform == "darwin":
        return ["caffeinate", "-i", "-s", "-w", str(os.getpid())]
    if shutil.which("systemd-inhibit") and os.path.isdir("/run/systemd/system"):  # noqa: PTH112
        waits = f"while kill -0 {os.getpid()} 2>/dev/null; do sleep 5; done"
        return ["systemd-inhibit", "--what=sleep:idle:handle-lid-switch", "--who=render plot", f"--why={why}", "sh",
                "-c", waits]  # fmt: skip
    return None


def _failed(process: "subprocess.Popen[bytes]") -> bool:
    try:
        process.wait(0.2)
    except subprocess.TimeoutExpired:
        return False
    return True

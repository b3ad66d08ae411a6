"""A small process that also holds the port: if the plotting program is killed, it lifts the pen.

It waits on a pipe whose other end closes when the program dies. Then it stops the machine at once by a feed hold and a
reset, which keep the position, and sends only the lines that raise the pen, so that the plot can be resumed. It is
started as `python -m hardware.plotting.pen_guard`, needs only Python's standard library, and ends by itself.
"""

import contextlib
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Protocol

PATIENCE_S = 10.0  # until a machine has stopped
ASK_S = 0.05
BANNER_S = 1.0
HOLD, RESET = b"!", b"\x18"


class PenGuard:
    """The plotting program's side."""

    def __init__(self, port: int, lift: tuple[str, ...], journal: Path | None) -> None:
        """Start the guard, unless the system cannot pass on open files."""
        self._process: subprocess.Popen[bytes] | None = None
        if sys.platform == "win32":
            return
        there, self._pipe = os.pipe()
        command = [
            sys.executable,
            "-m",
            "hardware.plotting.pen_guard",
            str(port),
            str(there),
            str(journal or "-"),
            *lift,
        ]
        try:
            self._process = subprocess.Popen(
                command, pass_fds=(port, there), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, start_new_session=True, env=os.environ | {"PYTHONPATH": _path()},
            )  # fmt: skip
        except OSError:
            self._process = None
        os.close(there)

    def dismiss(self) -> None:
        """End the guard: the program ends normally."""
        if self._process is None:
            return
        with contextlib.suppress(OSError):
            os.write(self._pipe, b"x")
        os.close(self._pipe)
        self._process.wait(5)
        self._process = None


def _path() -> str:
    return os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)


class FilePort:
    """An open file as a port."""

    def __init__(self, number: int) -> None:
        self._number = number

    def write(self, content: bytes) -> None:
        os.write(self._number, content)

    def listen(self, seconds: float) -> str:
        """Return what arrives within this time."""
        import select

        heard, until = b"", time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if select.select([self._number], [], [], left)[0]:
                heard += os.read(self._number, 4096)
        return heard.decode("latin-1")


class HeardPort(Protocol):
    """The port of a guard: a file, except in tests."""

    def write(self, content: bytes) -> None: ...

    def listen(self, seconds: float) -> str: ...


def main(arguments: list[str]) -> int:
    number, pipe, journal, lift = int(arguments[0]), int(arguments[1]), arguments[2], arguments[3:]
    try:
        if os.read(pipe, 1):  # the program ends normally
            return 0
        return rescue(FilePort(number), journal, lift)
    except OSError:  # the cable is unplugged too
        return 1


def rescue(port: HeardPort, journal: str, lift: list[str]) -> int:
    """Stop the machine by a feed hold, which keeps its position, discard its lines by a reset, and lift the pen."""
    status = _held(port)
    if status is None:
        return 1
    _note(journal, status)
    port.write(RESET)
    heard = ""
    for _ in range(round(BANNER_S / ASK_S)):
        heard += port.listen(ASK_S)
        if "for help" in heard:
            break
    port.write("".join(f"{line}\n" for line in lift).encode("ascii"))
    port.listen(1.0)
    return 0


def _held(port: HeardPort) -> str | None:
    """Hold; return the report of a controller that has stopped, or None if it does not stop or is locked."""
    port.write(HOLD)
    for _ in range(round(PATIENCE_S / ASK_S)):
        port.write(b"?")
        found = re.findall(r"<[A-Z][^>]*>", port.listen(ASK_S))
        if not found:
            continue
        if found[-1].startswith("<Hold:0"):
            return str(found[-1])
        if not re.match(r"<(Idle|Run|Jog|Hold)", found[-1]):
            return None
    return None


def _note(journal: str, status: str) -> None:
    if journal != "-":
        with Path(journal).open("ab") as file:
            file.write(b"\n" + json.dumps({"j": "guard", "status": status, "held": True}).encode() + b"\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""A small process that also holds the port: if the plotting program is killed, it lifts the pen.

It waits on a pipe whose other end closes when the program dies. Then it lets the controller finish its lines, and sends
only the lines that raise the pen. The position is kept, so that the plot can be resumed. It is started as
`python -m hardware.plotting.pen_guard`, needs only Python's standard library, and ends by itself.
"""

import contextlib
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

PATIENCE_S = 600.0  # the longest line on the largest bed
ASK_S = 0.25


class PenGuard:
    """The plotting program's side."""

    def __init__(
        self, port: int, lift: tuple[str, ...], journal: Path | None, module: str = "hardware.plotting.pen_guard"
    ) -> None:
        """Start the guard, a program of this module, unless the system cannot pass on open files."""
        self._process: subprocess.Popen[bytes] | None = None
        if sys.platform == "win32":
            return
        there, self._pipe = os.pipe()
        command = [
            sys.executable,
            "-m",
            module,
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


def main(arguments: list[str]) -> int:
    port, pipe, journal, lift = int(arguments[0]), int(arguments[1]), arguments[2], arguments[3:]
    try:
        if os.read(pipe, 1):  # the program ends normally
            return 0
        status = _at_rest(port)
        if status is None:
            return 1
        os.write(port, b"$\n")  # turns half a line into one that the controller discards
        _listen(port, 0.5)
        os.write(port, "".join(f"{line}\n" for line in lift).encode("ascii"))
        _note(journal, status)
        _listen(port, 1.0)
    except OSError:  # the cable is unplugged too
        return 1
    return 0


def _at_rest(port: int) -> str | None:
    """Return the status report of a controller that has executed its lines; None if it does not come to rest."""
    until, rested = time.monotonic() + PATIENCE_S, 0
    while time.monotonic() < until:
        os.write(port, b"?")
        heard = _listen(port, ASK_S)
        found = re.findall(r"<[A-Z][^>]*>", heard)
        if not found:
            continue
        if not re.match(r"<(Idle|Run|Jog)", found[-1]):
            return None
        rested = rested + 1 if found[-1].startswith("<Idle") else 0
        if "ok" in heard:
            rested = min(rested, 1)
        if rested >= 4:  # a dwell reports Idle too
            return str(found[-1])
    return None


def _listen(port: int, seconds: float) -> str:
    import select

    heard, until = b"", time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if select.select([port], [], [], left)[0]:
            heard += os.read(port, 4096)
    return heard.decode("latin-1")


def _note(journal: str, status: str) -> None:
    if journal != "-":
        with Path(journal).open("ab") as file:
            file.write(b"\n" + json.dumps({"j": "guard", "status": status}).encode() + b"\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

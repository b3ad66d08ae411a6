"""A small process that also holds the port: if the plotting program is killed, it lifts the pen.

It waits on a pipe whose other end closes when the program dies. Then it stops the machine at once by a feed hold and a
reset, which keep the position, and sends only the lines that raise the pen, so that the plot can be resumed. Only a pen
move that has begun, and the wait in which the pen makes a dot, are left to end first. It is started as
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
from typing import Protocol

PATIENCE_S = 10.0  # until a machine has stopped
ASK_S = 0.05
BANNER_S = 1.0
WAIT_S = 0.5  # the longest wait that is left to end
PEN_MOVE_S = 2.0  # the longest time in which the pen may come down, make a dot and go up
HOLD, RESET = b"!", b"\x18"


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
    heard = _after_a_pen_move(port, lift)
    status, more = _held(port)
    if status is None:
        return 1
    _note(journal, status, _acknowledged(heard + more))
    port.write(RESET)
    heard = ""
    for _ in range(round(BANNER_S / ASK_S)):
        heard += port.listen(ASK_S)
        if "for help" in heard:
            break
    port.write("".join(f"{line}\n" for line in lift).encode("ascii"))
    port.listen(1.0)
    return 0


def _after_a_pen_move(port: HeardPort, lift: list[str]) -> str:
    """Listen while only the pen moves, or waits: in a wait, GRBL reports Idle. Return what was heard."""
    up = next(iter(re.findall(r"S([\d.]+)", " ".join(lift))), "")
    heard, before, waited = "", "", 0
    for _ in range(round(PEN_MOVE_S / ASK_S)):
        port.write(b"?")
        heard += port.listen(ASK_S)
        last = (_reports(heard) or [""])[-1]
        waited = waited + 1 if last.startswith("<Idle") else 0
        is_up = bool(up) and re.search(rf"\|FS:[^,]*,{up}\b", last) is not None
        travels = last.startswith("<Run") and _xy(before) not in {"", _xy(last)}
        is_known = not last or last.startswith(("<Idle", "<Run"))
        if travels or not is_known or waited * ASK_S >= WAIT_S or (waited and is_up):
            break
        before = last
    return heard


def _held(port: HeardPort) -> tuple[str | None, str]:
    """Hold; return the report of a controller that has stopped, and all that was heard.

    The report is None if it does not stop, or is locked.
    """
    heard = ""
    port.write(HOLD)
    for _ in range(round(PATIENCE_S / ASK_S)):
        port.write(b"?")
        found = _reports(more := port.listen(ASK_S))
        heard += more
        if found and found[-1].startswith("<Hold:0"):
            return found[-1], heard
        if found and not re.match(r"<(Idle|Run|Jog|Hold)", found[-1]):
            break
    return None, heard


def _reports(heard: str) -> list[str]:
    return re.findall(r"<[A-Z][^>]*>", heard)


def _xy(report: str) -> str:
    return "".join(re.findall(r"Pos:([^,]*,[^,]*)", report))


def _acknowledged(heard: str) -> int:
    """Return how many lines these replies acknowledge. After an error it is not known which lines they are."""
    return re.sub(r"(?s)error:.*", "", heard).splitlines().count("ok")


def _note(journal: str, status: str, acknowledged: int) -> None:
    if journal != "-":
        row = {"j": "guard", "status": status, "held": True, "oks": acknowledged}
        with Path(journal).open("ab") as file:
            file.write(b"\n" + json.dumps(row).encode() + b"\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

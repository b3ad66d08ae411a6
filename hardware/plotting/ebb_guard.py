"""The guard of a plot on an EBB: if the plotting program is killed, it lifts the pen. See `pen_guard`.

The board carries out the few moves that it has. Then the pen is raised where it stands; the counters keep the position.
It is started as `python -m hardware.plotting.ebb_guard`, and its lift is the value of the servo with the pen down.
"""

import json
import os
import re
import select
import sys
import time
from pathlib import Path

PATIENCE_S = 30.0
ASK_S = 0.1
BUSY, PEN_UP = 0x0F, 0x10  # bits of QG (evil-mad.github.io/EggBot/ebb.html#QG)


def main(arguments: list[str]) -> int:
    port, pipe, journal, down = int(arguments[0]), int(arguments[1]), arguments[2], float(arguments[3])
    try:
        if os.read(pipe, 1):  # the program ends normally
            return 0
        bits = _at_rest(port)
        if bits is None:
            return 1
        os.write(port, b"SP,1\r")
        if not bits & PEN_UP:  # as GRBL would report it
            _note(journal, f"<Idle|MPos:0,0,0|FS:0,{down:g}>")
        _listen(port, 0.5)
    except OSError:  # the cable is unplugged too
        return 1
    return 0


def _at_rest(port: int) -> int | None:
    """Return the state of a board that has carried out all its moves; None if it does not come to rest."""
    os.write(port, b"\r")  # ends half a command
    _listen(port, ASK_S)
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        os.write(port, b"QG\r")
        found = re.findall(r"^([0-9A-F]{2})\r?$", _listen(port, ASK_S), re.MULTILINE)
        if found and not int(found[-1], 16) & BUSY:
            return int(found[-1], 16)
    return None


def _listen(port: int, seconds: float) -> str:
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

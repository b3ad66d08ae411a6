"""Whether an uploaded file is a picture: looked at by a process of its own, which is given back whole.

A picture of a megabyte can take a gigabyte to decode, and what decodes it is the part of the server that foreign bytes
reach deepest.
"""

import subprocess
import sys
import threading
from pathlib import Path

from renderer.studio.queue.states import StudioError

MOST_PIXELS = 64_000_000
PATIENCE_S = 60.0
_ONE = threading.Lock()  # at a time


def check_picture(path: Path) -> None:
    """StudioError where it is none that can be drawn."""
    command = [sys.executable, "-m", __name__, str(path)]
    try:
        with _ONE:
            done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise StudioError(f"the picture is not decoded within {PATIENCE_S:.0f} s; save it as PNG") from error
    if done.returncode:
        raise StudioError(f"the picture {done.stdout.strip() or 'cannot be decoded; save it as PNG'}")


def main(path: Path) -> int:
    """Says what is wrong."""
    from renderer.target import TargetError, load_picture

    try:
        load_picture(path, "#ffffff", MOST_PIXELS)
    except TargetError as error:
        sys.stdout.write(str(error).removeprefix(f"{path}: "))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

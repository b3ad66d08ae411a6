"""Whether an uploaded file is a picture. A process of its own decodes it and then ends.

A picture of a megabyte can take a gigabyte to decode, and a decoder is the part of a server that is most exposed to
hostile data.
"""

import subprocess
import sys
import threading
from pathlib import Path

from renderer.studio.queue.states import StudioError

MOST_PIXELS = 64_000_000
PATIENCE_S = 60.0
_LOCK = threading.Lock()  # for one picture at a time


def check_picture(path: Path) -> None:
    """Raise StudioError if the file is not a picture that can be drawn."""
    command = [sys.executable, "-m", __name__, str(path)]
    try:
        with _LOCK:
            done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise StudioError(f"the picture was not decoded within {PATIENCE_S:.0f} s; save it as PNG") from error
    if done.returncode:
        raise StudioError(f"the picture {done.stdout.strip() or 'cannot be decoded; save it as PNG'}")


def main(path: Path) -> int:
    """Print what is wrong with a picture and return the exit code."""
    from renderer.target import TargetError, load_picture

    try:
        load_picture(path, "#ffffff", MOST_PIXELS)
    except TargetError as error:
        sys.stdout.write(str(error).removeprefix(f"{path}: "))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

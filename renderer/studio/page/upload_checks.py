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
SMALL_PX = 640  # longer side of the small copy
PATIENCE_S = 60.0
_LOCK = threading.Lock()  # for one picture at a time


def check_picture(path: Path, small: Path | None = None) -> None:
    """Write a small copy of a picture, upright. Raises StudioError if the file is not a picture that can be drawn."""
    command = [sys.executable, "-m", __name__, str(path), *([str(small)] if small else [])]
    try:
        with _LOCK:
            done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise StudioError(f"the picture was not decoded within {PATIENCE_S:.0f} s; save it as PNG") from error
    if done.returncode:
        raise StudioError(f"the picture {done.stdout.strip() or 'cannot be decoded; save it as PNG'}")


def main(path: Path, small: Path | None = None) -> int:
    """Print what is wrong with a picture, or write its small copy; return the exit code."""
    from renderer.target import TargetError, load_picture

    try:
        picture = load_picture(path, "#ffffff", MOST_PIXELS)
    except TargetError as error:
        sys.stdout.write(str(error).removeprefix(f"{path}: "))
        return 1
    if small is not None:
        from renderer.studio.queue.previews import webp_of

        small.parent.mkdir(exist_ok=True)
        small.write_bytes(webp_of(picture.transpose(2, 0, 1), SMALL_PX))
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))

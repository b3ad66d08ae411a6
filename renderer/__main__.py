"""The console script `render`, and `python -m renderer`: Ctrl-C ends it without a traceback from the start."""

import os
import signal
import sys
from types import FrameType
from typing import NoReturn


def main() -> NoReturn:
    """Load the command line and run it."""
    signal.signal(signal.SIGINT, _leave)
    signal.signal(signal.SIGTERM, _leave)
    from renderer.cli import main as run

    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    run()


def _leave(_number: int, _frame: FrameType | None) -> None:
    """End at once: an exception here could become another error in the module that is being imported."""
    os.write(sys.stderr.fileno(), b"render: interrupted; nothing was written\n")
    os._exit(130)


if __name__ == "__main__":
    main()

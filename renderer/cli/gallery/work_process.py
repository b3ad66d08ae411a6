"""One work of a gallery, rendered in a process of its own.

`python -m renderer.cli.gallery.work_process SPEC NAME GALLERY THREADS [OUT [DEVICE]]`

It writes one JSON document per line to stdout: its progress, and how it ended. When the process that started it ends,
its stdin is closed and it ends too, so that no render goes on alone.
"""

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

from renderer.cli.codes import code_of
from renderer.cli.process import prepare
from renderer.progress import Progress
from renderer.specfile import load

EVERY_S = 0.5  # between two progress messages

Send = Callable[[Mapping[str, Any]], None]


def main(spec: str, name: str, gallery: str, threads: str, out: str = "", device: str = "cpu") -> int:
    """Render and write the work, or send the reason why not; return the exit code."""
    send = _sender(sys.stdout)
    sys.stdout = sys.stderr  # what a library prints is not a message
    try:
        work = next(work for work in load(spec) if work.name == name)
        import torch

        from renderer.gallery.work import publish

        torch.set_num_threads(int(threads))
        done = publish(work, Path(gallery), _reporter(send), Path(out) if out else None, device)
    except Exception as error:
        foreseen = code_of(error) is not None
        send({"failed": str(error) if foreseen else f"unexpected {type(error).__name__}: {error}"})
        return 1
    send({"done": done})
    return 0


def _sender(stream: IO[str]) -> Send:
    def send(document: Mapping[str, Any]) -> None:
        stream.write(json.dumps(document) + "\n")
        stream.flush()

    return send


def _reporter(send: Send) -> Callable[[Progress], None]:
    said = 0.0

    def report(progress: Progress) -> None:
        nonlocal said
        if time.monotonic() - said > EVERY_S:
            said = time.monotonic()
            names = ("stage", "layer", "layers", "layer_name", "step", "steps")
            send({name: getattr(progress, name) for name in names})

    return report


def end_with(stdin: IO[bytes]) -> None:
    """End this process when the other end of its stdin is closed."""

    def watch() -> None:
        while stdin.read(1):
            pass
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    prepare()
    end_with(sys.stdin.buffer)
    sys.exit(main(*sys.argv[1:]))

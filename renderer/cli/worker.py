"""`render worker`: takes jobs from the queue until it is told to leave."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from renderer.cli import show
from renderer.cli.codes import DONE
from renderer.cli.queue import opened
from renderer.studio import leases
from renderer.studio.worker import Manner, Worker


def take_renders(*, db: str | None, device: str, threads: int | None, drain: bool, as_json: bool) -> int:
    """Renders until it is told to leave; then the job at hand is finished, or given back at the second signal."""
    from renderer.cli.render import device_of

    device = device_of(device)
    name = f"{socket.gethostname()}-{os.getpid()}"
    gpu = os.environ.get("CUDA_VISIBLE_DEVICES") or "0"
    place = f"GPU {gpu} of {socket.gethostname()}" if device == "cuda" else f"worker {name}"
    with opened(db) as store:
        leases.register(store, name, "render", place)
        worker = Worker(store, name, Manner(device, threads), show.say)
        show.say(f"worker {name} takes renders from {store.shown}; Ctrl-C ends it after the job at hand")
        try:
            with _leaving(worker):
                done = worker.run(drains=drain)
        finally:
            leases.unregister(store, name)
    if as_json:
        show.as_json({"worker": name, "done": done})
    else:
        show.say(f"worker {name} has left; {show.counted(done, 'job')} done")
    return DONE


@contextmanager
def _leaving(worker: Worker) -> Iterator[None]:
    """SIGINT and SIGTERM ask the worker to leave."""

    def take(_number: int, _frame: Any) -> None:
        worker.leave()

    before = {number: signal.signal(number, take) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

"""A dask worker in a process of its own: one work at a time, until it is asked to stop or its scheduler is gone."""

import asyncio
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from distributed import Status, Worker
from distributed.utils import get_ip, get_ipv6

from renderer.gallery.cluster.scheduler import GPU, check_certificates, no_scheduler
from renderer.gallery.cluster.worker_plugin import RenderPlugin

PATIENCE_S = 60.0  # to wait for a scheduler
FETCHED_S = 60.0  # to wait until the last result is collected
LOOK_S = 0.1

Say = Callable[[str], None]


def run_worker(address: str, plugin: RenderPlugin, say: Say) -> str:
    """Render until SIGINT or SIGTERM, or until the scheduler is gone; return the worker's name. Raises ClusterError."""
    name = f"{socket.gethostname()}-{os.getpid()}"
    asyncio.run(_serve(address, name, plugin, say))
    return name


async def _serve(address: str, name: str, plugin: RenderPlugin, say: Say) -> None:
    check_certificates(address, "worker")
    with _asking() as asked:
        worker = _worker(address, name, plugin)
        try:
            starting = asyncio.ensure_future(_started(worker, address))
            while not starting.done() and not asked:
                await asyncio.sleep(LOOK_S)
            if not starting.done():
                starting.cancel()
                return
            await starting
            does = "a GPU" if plugin.device == "cuda" else "its processor"
            say(f"worker {name} renders for {address} with {does}; Ctrl-C ends it after the current work")
            await _until_asked_to_leave(worker, plugin, asked, say)
        finally:
            await worker.close(timeout=5, nanny=False, reason="asked to leave")


def _worker(address: str, name: str, plugin: RenderPlugin) -> Worker:
    host = str(urlsplit(address).hostname)
    local = get_ipv6(host) if ":" in host else get_ip(host)  # the address of the interface that leads to the scheduler
    return Worker(
        address,
        name=name,
        host=local,
        protocol=urlsplit(address).scheme,
        dashboard_address="127.0.0.1:0",
        nthreads=1,
        memory_limit=0,  # a process of its own needs the memory
        resources=GPU if plugin.device == "cuda" else None,
        plugins=(plugin,),
        death_timeout=PATIENCE_S,
    )


async def _started(worker: Worker, address: str) -> None:
    try:
        await worker
    except (OSError, ValueError) as error:
        raise no_scheduler(address, PATIENCE_S, error) from error


async def _until_asked_to_leave(worker: Worker, plugin: RenderPlugin, asked: list[int], say: Say) -> None:
    """Wait until asked to leave, then for the current work; if asked again, give that work back."""
    while not asked:
        if worker.status != Status.running:
            say("the scheduler is gone, or has sent this worker away")
            return
        await asyncio.sleep(LOOK_S)
    worker.status = Status.paused
    if plugin.is_busy:
        say("leaves after the current work; Ctrl-C again gives it back")
    until = time.monotonic() + FETCHED_S
    while worker.status == Status.paused and len(asked) < 2:
        if plugin.is_busy:
            until = time.monotonic() + FETCHED_S
        elif not worker.data or time.monotonic() > until:
            return
        await asyncio.sleep(LOOK_S)
    plugin.give_back()
    while plugin.is_busy:
        await asyncio.sleep(LOOK_S)


@contextmanager
def _asking() -> Iterator[list[int]]:
    """The signals to leave, as they come."""
    asked: list[int] = []

    def take(number: int, _frame: Any) -> None:
        asked.append(number)

    before = {number: signal.signal(number, take) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

"""`render worker`: takes jobs from the queue until it is asked to stop."""

import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import click

from hardware.job.gcode_job import GcodeJob as Lines
from hardware.machine import Machine, load_machine
from hardware.plurals import counted
from renderer.cli import printing
from renderer.cli.codes import DONE
from renderer.cli.queue.database import opened
from renderer.studio.queue import liveness, workers
from renderer.studio.queue.location import data_folder
from renderer.studio.queue.records import Job
from renderer.studio.queue.store import Store


class JobWorker(Protocol):
    """A worker of the queue."""

    def begin(self) -> None: ...

    def run(self, *, drains: bool = False) -> int: ...

    def leave(self) -> None: ...


Make = Callable[[Store, str], tuple[JobWorker, str]]  # the worker with this name, and the place that it has exclusively


def run_worker(
    *,
    kind: str,
    device: str,
    threads: int | None,
    machine: Path | None,
    port: str | None,
    baud: int,
    cluster: str | None,
    private_addresses: bool,
    **options: Any,
) -> int:
    """Run a worker for the queue or for a cluster until it is asked to stop.

    Raises UsageError if options do not fit together, DeviceError, MachineError, StudioError and ClusterError.
    """
    if cluster is not None:
        from renderer.cli.gallery.cluster_options import run_cluster_worker

        if kind != "render" or machine is not None or port is not None or options["drain"]:
            raise click.UsageError("a worker of a cluster only renders: use --cluster only with --device and --threads")
        return run_cluster_worker(cluster, device, threads, as_json=options["as_json"])
    if kind == "render":
        return _run(kind, _render_worker(device, threads, private_addresses=private_addresses), **options)
    if machine is None or port is None:
        raise click.UsageError("a worker that plots needs --machine and --port; sim:fast is a simulated port")
    return _run(kind, _plot_worker(load_machine(machine), port, baud), **options)


def _render_worker(device: str, threads: int | None, *, private_addresses: bool) -> Make:
    from renderer.cli.render import device_of
    from renderer.studio.rendering.attempt import RenderSettings
    from renderer.studio.rendering.render_worker import RenderWorker

    device = device_of(device)
    gpu = os.environ.get("CUDA_VISIBLE_DEVICES") or "0"

    def make(store: Store, name: str) -> tuple[RenderWorker, str]:
        place = f"GPU {gpu} of {socket.gethostname()}" if device == "cuda" else f"a processor, as {name}"
        return RenderWorker(store, name, RenderSettings(device, threads, private_addresses), printing.say), place

    return make


def _plot_worker(machine: Machine, port: str, baud: int) -> Make:
    from hardware.job.prepare import bare_job
    from hardware.wire.opener import opener
    from renderer.plot_source import lines_of
    from renderer.studio.plotting import plot_worker, worker_state

    def lines(job: Job) -> Lines:
        return lines_of(Path(job.source), machine, tell=printing.say)[0]

    def make(store: Store, name: str) -> tuple[plot_worker.PlotWorker, str]:
        journals = (store.file.absolute().parent if store.file else data_folder()) / "journals"
        opens = opener(port, machine, baud)
        uses = worker_state.PlotMachine(machine.name, port, opens, lines, journals, bare_job(machine))
        printing.say(f"render queue resume --queue {machine.name!r} resumes its queue")
        return plot_worker.PlotWorker(store, name, uses, say=printing.say), f"machine {machine.name}"

    return make


def _run(kind: str, make: Make, *, db: str | None, drain: bool, as_json: bool) -> int:
    """Run a worker until it is asked to stop: the first signal lets it finish the current job, the second does not."""
    name = f"{socket.gethostname()}-{os.getpid()}"
    with opened(db) as store:
        worker, place = make(store, name)
        worker.begin()
        folder = (store.file.absolute().parent if store.file else data_folder()) / "workers"
        for job in workers.take_back_from(store, liveness.dead_workers(folder)):
            printing.say(f"{job.shown}: its worker {job.worker} is gone")
        workers.register(store, name, kind, place)
        printing.say(f"worker {name} takes {kind}s from {store.shown}; Ctrl-C ends it after the current job")
        try:
            with liveness.alive_lock(folder, name), _stop_signals(worker):
                done = worker.run(drains=drain)
        finally:
            workers.unregister(store, name)
    if as_json:
        printing.as_json({"worker": name, "done": done})
    else:
        printing.say(f"worker {name} has left; {counted(done, 'job')} done")
    return DONE


@contextmanager
def _stop_signals(worker: JobWorker) -> Iterator[None]:
    """Let SIGINT and SIGTERM ask the worker to leave."""

    def leave(_number: int, _frame: Any) -> None:
        worker.leave()

    before = {number: signal.signal(number, leave) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

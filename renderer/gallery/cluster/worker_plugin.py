"""What a dask worker does for a gallery: it says which program it runs, takes files into its cache, and renders works.

A work is rendered in a process of its own, which is killed if the task is cancelled. Dask does not end a running task,
but it reports each change of a task's state to plug-ins, even when the client is gone.
"""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from distributed import Reschedule, Worker, WorkerPlugin, get_worker

from hardware import __version__
from renderer.assets import AssetError, sha256_of
from renderer.assets.cache import checked_sha256, keep, state, writing
from renderer.gallery.build import Builder
from renderer.gallery.cluster.payload import Payload, lacking, unpacked
from renderer.gallery.engine import ENGINE, engine_sha256

PLUGIN = "render"
Say = Callable[[str], None]


def program() -> dict[str, str]:
    """Version and engine, which show whether two machines draw the same. Raises EngineError."""
    return {"version": __version__, "engine": f"{ENGINE}-{engine_sha256()}"}


class RenderPlugin(WorkerPlugin):
    """Lets a dask worker render."""

    name = PLUGIN

    def __init__(self, device: str = "cpu", threads: int | None = None, say: Say = lambda _: None) -> None:
        self.device, self.threads, self.say = device, threads, say
        self.program = program()  # when the worker starts
        self.done = 0
        self.is_leaving = False
        self._wanted: set[Any] = set()  # keys of running tasks that are not cancelled
        self._building: dict[Any, Builder] = {}
        self._lock = threading.Lock()  # tasks run in threads of their own

    @property
    def is_busy(self) -> bool:
        """Whether a task runs or dask does not have its result yet."""
        return bool(self._wanted or self._building)

    def setup(self, worker: Worker) -> None:
        self.worker = worker

    def teardown(self, worker: Worker) -> None:
        self.give_back()

    def transition(self, key: Any, start: str, finish: str, **_: Any) -> None:
        """Called by dask when the state of a task changes."""
        with self._lock:
            if finish == "executing":
                self._wanted.add(key)
            elif start == "executing":
                self._wanted.discard(key)
                if key in self._building:
                    self._building[key].stop()

    def give_back(self) -> None:
        """End the renders of this worker; the scheduler gives them to another worker."""
        with self._lock:
            self.is_leaving = True
            for builder in self._building.values():
                builder.stop()

    def make(self, key: Any, payload: Payload, device: str, topic: str) -> dict[str, Any]:
        """Render a work; return `done` and `files`, or `failed`. Raises Reschedule if it was stopped."""
        self.say(f"{payload.name}: started")
        with TemporaryDirectory(prefix="render-", dir=self.worker.local_directory) as folder:
            gallery = Path(folder) / payload.gallery
            builder = Builder(gallery, 1, device=device, threads=self.threads)
            try:
                self._begin(key, builder)
                result = self._built(builder, payload, Path(folder), topic)
                files = _read(gallery / payload.name) if "done" in result else {}
            except Reschedule:
                self.say(f"{payload.name}: {'given back' if key in self._wanted else 'cancelled'}")
                raise
            except Exception as error:  # of the payload or of this machine's disk
                result, files = {"failed": f"{type(error).__name__}: {error}"}, {}
            finally:
                with self._lock:
                    del self._building[key]
        self.done += "done" in result
        result = _with_original_paths(result, folder, payload.root)
        self.say(f"{payload.name}: {result.get('failed', 'done')}")
        return {**result, "files": files}

    def _begin(self, key: Any, builder: Builder) -> None:
        with self._lock:
            self._building[key] = builder
            if self.is_leaving or key not in self._wanted:
                raise Reschedule

    def _built(self, builder: Builder, payload: Payload, folder: Path, topic: str) -> dict[str, Any]:
        work = unpacked(payload, folder)
        for message in builder.build([work]):
            if message.is_last:
                return message.content
            self.worker.log_event(topic, [payload.name, message.content])
        raise Reschedule


def _read(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def _with_original_paths(result: dict[str, Any], folder: str, root: str) -> dict[str, Any]:
    """A result whose paths are those of the machine that the work comes from."""
    if "failed" not in result:
        return result
    return {"failed": result["failed"].replace(folder + os.sep, root.rstrip("/\\") + "/")}


# --- called by other machines -----------------------------------------------------------------------------------------


def make(payload: Payload, device: str, topic: str) -> dict[str, Any]:
    """The task. A worker with a GPU renders on the processor if asked to, because devices give different bytes."""
    worker = get_worker()
    return _plugin(worker).make(worker.get_current_task(), payload, device, topic)


def worker_program(dask_worker: Worker) -> dict[str, str] | None:
    """The program of this worker; None if it does not render."""
    return _plugin(dask_worker).program if PLUGIN in dask_worker.plugins else None


def lacks(starts: tuple[tuple[str, ...], ...]) -> tuple[int, ...]:
    """The numbers of needs that the asset cache of this machine does not meet."""
    return lacking(starts)


def receive(sha256: str, sender: str, start: int, piece: bytes, total: int) -> None:
    """Take a piece of a file; keep the complete file in the asset cache if its sha256 is right. Raises AssetError."""
    part = state(checked_sha256(sha256), f"{checked_sha256(sender, start=True)}-{os.getpid()}")
    with writing():
        part.parent.mkdir(parents=True, exist_ok=True)
        with part.open("ab" if start else "wb") as file:
            have = file.tell()
            file.write(piece)
        if start + len(piece) < total and have == start:
            return
        try:
            actual = sha256_of(part)
            if actual != sha256:
                raise AssetError(f"the file that was sent has the sha256 {actual}, not {sha256}")
            keep(part, sha256)
        finally:
            part.unlink(missing_ok=True)


def _plugin(worker: Worker) -> RenderPlugin:
    plugin = worker.plugins[PLUGIN]
    assert isinstance(plugin, RenderPlugin)
    return plugin

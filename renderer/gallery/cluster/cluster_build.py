"""Works that are due -> finished folders, as in `build`, but each rendered by a worker of a dask cluster."""

import queue
import uuid
from collections.abc import Generator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from distributed import Future, KilledWorker

from renderer.assets import AssetError
from renderer.gallery.build import BuildMessage
from renderer.gallery.cluster import worker_plugin
from renderer.gallery.cluster.cluster_workers import LOOK_S, ClusterWorkers, Say
from renderer.gallery.cluster.payload import Payload, PayloadError, packed
from renderer.gallery.cluster.result_checks import ResultError, verified
from renderer.gallery.cluster.scheduler import GPU, ClusterError, connected
from renderer.gallery.gather import write
from renderer.gallery.key import key
from renderer.output.place import OutputError, recover
from renderer.specfile import SpecErrors, Work

RESULT_S = 60.0  # to wait for a result from its worker


@dataclass
class SubmittedWork:
    """A work that was submitted to the cluster."""

    work: Work
    future: "Future[dict[str, Any]]"
    to: frozenset[str]  # addresses of the workers that can render it


@dataclass
class ClusterBuilder:
    """Gives works to workers and reads their messages. However a build ends, no worker goes on rendering."""

    gallery: Path
    address: str
    device: str = "cpu"
    say: Say = lambda _: None
    patience_s: float = 60.0  # to wait for a worker
    _submitted: dict[str, SubmittedWork] = field(default_factory=dict)
    _messages: "queue.SimpleQueue[BuildMessage | str]" = field(
        default_factory=queue.SimpleQueue
    )  # str: the name of a work whose future has ended

    def build(self, works: Iterable[Work]) -> Generator[BuildMessage, None, None]:
        """Render all works and yield the messages of each. If a work fails, the others are still rendered.

        Closing the generator ends the renders that are not finished; they leave no files. Raises ClusterError if the
        scheduler does not answer or no worker comes, and OutputError if an interrupted write cannot be undone.
        """
        waiting = list(works)
        for work in waiting:
            recover((self.gallery / work.name).resolve())
        with connected(self.address) as client:
            topic = f"render-{uuid.uuid4().hex}"
            client.subscribe_topic(topic, self._receive)
            workers = ClusterWorkers(client, self.address, self.device, self.say, self.patience_s)
            try:
                while waiting or self._submitted:
                    workers.look()
                    self._take_back_stranded(workers, waiting)
                    while waiting and len(self._submitted) < len(workers.fit):
                        yield from self._send(waiting, workers, topic)
                    with suppress(queue.Empty):
                        yield from self._passed_on(self._messages.get(timeout=LOOK_S))
            finally:
                with suppress(OSError):
                    client.cancel([submitted.future for submitted in self._submitted.values()], force=True)
                self._submitted.clear()

    def _receive(self, event: tuple[float, Any]) -> None:
        """Take a progress message from a worker."""
        name, result = event[1]
        self._messages.put(BuildMessage(str(name), dict(result)))

    def _take_back_stranded(self, workers: "ClusterWorkers", waiting: list[Work]) -> None:
        """Queue works again if every worker that could render them is gone."""
        for name, submitted in list(self._submitted.items()):
            if not submitted.to & workers.fit.keys() and not submitted.future.done():
                del self._submitted[name]
                submitted.future.cancel()
                waiting.insert(0, submitted.work)

    def _send(self, waiting: list[Work], workers: "ClusterWorkers", topic: str) -> Iterator[BuildMessage]:
        work = waiting.pop(0)
        try:
            payload, needs = packed(work, self.gallery)
            workers.supply(needs)
        except (PayloadError, SpecErrors, AssetError) as error:
            yield BuildMessage(work.name, {"failed": str(error)})
            return
        if workers.fit:
            self._submitted[work.name] = self._submit(work, payload, workers, topic)
        else:  # the workers have left meanwhile
            waiting.insert(0, work)

    def _submit(self, work: Work, payload: Payload, workers: "ClusterWorkers", topic: str) -> SubmittedWork:
        to = frozenset(workers.fit)
        future = workers.client.submit(
            worker_plugin.make,
            payload,
            self.device,
            topic,
            key=f"render-{work.name}-{uuid.uuid4().hex}",
            workers=sorted(to),
            allow_other_workers=False,
            resources=GPU if self.device == "cuda" else None,
            retries=0,
            pure=False,
        )
        future.add_done_callback(lambda _: self._messages.put(work.name))
        return SubmittedWork(work, future, to)

    def _passed_on(self, message: BuildMessage | str) -> Iterator[BuildMessage]:
        """The messages to pass on."""
        name = message if isinstance(message, str) else message.name
        submitted = self._submitted.get(name)
        if submitted is None:  # it has sent its last message
            return
        if isinstance(message, BuildMessage):
            yield message
        elif submitted.future.done():
            try:
                result = self._ended(submitted)
            except TimeoutError:  # its worker died with the result; another worker renders it again
                return
            del self._submitted[name]
            yield BuildMessage(name, result)

    def _ended(self, submitted: SubmittedWork) -> dict[str, Any]:
        """How a work ended; its files are then in the gallery. Raises ClusterError if the scheduler is gone."""
        future = submitted.future
        if future.status == "cancelled":
            raise ClusterError(
                f"the scheduler at {self.address} is gone; start it and build again, finished works are kept"
            )
        try:
            result = future.result(timeout=RESULT_S)
            if "failed" in result:
                return {"failed": str(result["failed"])}
            files = verified(result["files"], key(submitted.work))
            write(self.gallery / submitted.work.name, files)
        except TimeoutError:
            raise
        except KilledWorker as error:
            times = error.allowed_failures + 1
            return {"failed": f"{times} workers died while they rendered it; check their memory and their output"}
        except (ResultError, OutputError) as error:
            return {"failed": str(error)}
        except Exception as error:
            return {"failed": f"unexpected {type(error).__name__} on a worker: {error}"}
        return {"done": result["done"]}

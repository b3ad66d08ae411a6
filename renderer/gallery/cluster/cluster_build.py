"""Works that are due -> finished folders, as `build` makes them, each rendered by a worker of a dask cluster."""

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
from renderer.gallery.cluster.cluster_workers import LOOK_S, ClusterWorkers, Tell
from renderer.gallery.cluster.payload import Payload, PayloadError, packed
from renderer.gallery.cluster.result_checks import ResultError, verified
from renderer.gallery.cluster.scheduler import GPU, ClusterError, connected
from renderer.gallery.gather import write
from renderer.gallery.key import key
from renderer.output.place import OutputError, recover
from renderer.specfile import SpecErrors, Work

RESULT_S = 60.0  # for a result to come from its worker


@dataclass
class SubmittedWork:
    """A work that a worker has, or will have."""

    work: Work
    future: "Future[dict[str, Any]]"
    to: frozenset[str]  # addresses of the workers that may have it


@dataclass
class ClusterBuilder:
    """Gives works to workers and hears what they say. Whatever ends it, no worker renders on."""

    gallery: Path
    address: str
    device: str = "cpu"
    tell: Tell = lambda _: None
    patience_s: float = 60.0  # without a worker
    _flying: dict[str, SubmittedWork] = field(default_factory=dict)
    _words: "queue.SimpleQueue[BuildMessage | str]" = field(
        default_factory=queue.SimpleQueue
    )  # str: the future has ended

    def build(self, works: Iterable[Work]) -> Generator[BuildMessage, None, None]:
        """Renders all, and passes on what is said of each. One that fails stops no other. ClusterError.

        Close it, and what is still being rendered ends without a trace.
        """
        waiting = list(works)
        for work in waiting:
            recover((self.gallery / work.name).resolve())
        with connected(self.address) as client:
            topic = f"render-{uuid.uuid4().hex}"
            client.subscribe_topic(topic, self._hear)
            workers = ClusterWorkers(client, self.address, self.device, self.tell, self.patience_s)
            try:
                while waiting or self._flying:
                    workers.look()
                    self._strand(workers, waiting)
                    while waiting and len(self._flying) < len(workers.fit):
                        yield from self._send(waiting, workers, topic)
                    with suppress(queue.Empty):
                        yield from self._heard(self._words.get(timeout=LOOK_S))
            finally:
                with suppress(OSError):
                    client.cancel([flight.future for flight in self._flying.values()], force=True)
                self._flying.clear()

    def _hear(self, event: tuple[float, Any]) -> None:
        """Takes a progress message from a worker."""
        name, told = event[1]
        self._words.put(BuildMessage(str(name), dict(told)))

    def _strand(self, workers: "ClusterWorkers", waiting: list[Work]) -> None:
        """Takes back the works of which no worker is left that might have them."""
        for name, flight in list(self._flying.items()):
            if not flight.to & workers.fit.keys() and not flight.future.done():
                del self._flying[name]
                flight.future.cancel()
                waiting.insert(0, flight.work)

    def _send(self, waiting: list[Work], workers: "ClusterWorkers", topic: str) -> Iterator[BuildMessage]:
        work = waiting.pop(0)
        try:
            payload, needs = packed(work, self.gallery)
            workers.supply(needs)
        except (PayloadError, SpecErrors, AssetError) as error:
            yield BuildMessage(work.name, {"failed": str(error)})
            return
        if workers.fit:
            self._flying[work.name] = self._flight(work, payload, workers, topic)
        else:  # they have gone meanwhile
            waiting.insert(0, work)

    def _flight(self, work: Work, payload: Payload, workers: "ClusterWorkers", topic: str) -> SubmittedWork:
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
        future.add_done_callback(lambda _: self._words.put(work.name))
        return SubmittedWork(work, future, to)

    def _heard(self, message: BuildMessage | str) -> Iterator[BuildMessage]:
        """What is to be passed on."""
        name = message if isinstance(message, str) else message.name
        flight = self._flying.get(name)
        if flight is None:  # it has said its last message
            return
        if isinstance(message, BuildMessage):
            yield message
        elif flight.future.done():
            try:
                told = self._ended(flight)
            except TimeoutError:  # its worker died with the result, and another renders it again
                return
            del self._flying[name]
            yield BuildMessage(name, told)

    def _ended(self, flight: SubmittedWork) -> dict[str, Any]:
        """How a work ended; what came back is in its place. ClusterError where the scheduler has gone."""
        future = flight.future
        if future.status == "cancelled":
            raise ClusterError(
                f"the scheduler at {self.address} has gone; start it and build again, what is done stays"
            )
        try:
            told = future.result(timeout=RESULT_S)
            if "failed" in told:
                return {"failed": str(told["failed"])}
            files = verified(told["files"], key(flight.work))
            write(self.gallery / flight.work.name, files)
        except TimeoutError:
            raise
        except KilledWorker as error:
            times = error.allowed_failures + 1
            return {
                "failed": f"{times} workers died while they rendered it; look at their memory, and at what they said"
            }
        except (ResultError, OutputError) as error:
            return {"failed": str(error)}
        except Exception as error:
            return {"failed": f"unexpected {type(error).__name__} on a worker: {error}"}
        return {"done": told["done"]}

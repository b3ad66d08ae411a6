"""Works that are due -> finished folders, as `build` makes them, each rendered by a worker of a dask cluster."""

import os
import queue
import time
import uuid
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from distributed import Client, Future, KilledWorker

from renderer.assets import AssetError
from renderer.gallery import crew
from renderer.gallery.build import Word
from renderer.gallery.gather import write
from renderer.gallery.key import key
from renderer.gallery.parcel import Need, Parcel, ParcelError, packed
from renderer.gallery.returned import ReturnError, checked
from renderer.gallery.scheduler import GPU, ClusterError, connected
from renderer.output.place import OutputError, recover
from renderer.specfile import SpecErrors, Work

LOOK_S = 1.0  # between two looks at who is there
RESULT_S = 60.0  # for a result to come from its worker
PIECE_BYTES = 16_000_000

Tell = Callable[[str], None]


@dataclass
class Flight:
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
    _flying: dict[str, Flight] = field(default_factory=dict)
    _words: "queue.SimpleQueue[Word | str]" = field(default_factory=queue.SimpleQueue)  # str: the future has ended

    def build(self, works: Iterable[Work]) -> Generator[Word, None, None]:
        """Renders all, and passes on what is said of each. One that fails stops no other. ClusterError.

        Close it, and what is still being rendered ends without a trace.
        """
        waiting = list(works)
        for work in waiting:
            recover((self.gallery / work.name).resolve())
        with connected(self.address) as client:
            topic = f"render-{uuid.uuid4().hex}"
            client.subscribe_topic(topic, self._hear)
            hands = Crew(client, self.address, self.device, self.tell, self.patience_s)
            try:
                while waiting or self._flying:
                    hands.look()
                    self._strand(hands, waiting)
                    while waiting and len(self._flying) < len(hands.fit):
                        yield from self._send(waiting, hands, topic)
                    with suppress(queue.Empty):
                        yield from self._heard(self._words.get(timeout=LOOK_S))
            finally:
                with suppress(OSError):
                    client.cancel([flight.future for flight in self._flying.values()], force=True)
                self._flying.clear()

    def _hear(self, event: tuple[float, Any]) -> None:
        """A worker tells how a work stands."""
        name, told = event[1]
        self._words.put(Word(str(name), dict(told)))

    def _strand(self, hands: "Crew", waiting: list[Work]) -> None:
        """Takes back the works of which no worker is left that might have them."""
        for name, flight in list(self._flying.items()):
            if not flight.to & hands.fit.keys() and not flight.future.done():
                del self._flying[name]
                flight.future.cancel()
                waiting.insert(0, flight.work)

    def _send(self, waiting: list[Work], hands: "Crew", topic: str) -> Iterator[Word]:
        work = waiting.pop(0)
        try:
            parcel, needs = packed(work, self.gallery)
            hands.supply(needs)
        except (ParcelError, SpecErrors, AssetError) as error:
            yield Word(work.name, {"failed": str(error)})
            return
        if hands.fit:
            self._flying[work.name] = self._flight(work, parcel, hands, topic)
        else:  # they have gone meanwhile
            waiting.insert(0, work)

    def _flight(self, work: Work, parcel: Parcel, hands: "Crew", topic: str) -> Flight:
        to = frozenset(hands.fit)
        future = hands.client.submit(
            crew.make,
            parcel,
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
        return Flight(work, future, to)

    def _heard(self, word: Word | str) -> Iterator[Word]:
        """What is to be passed on."""
        name = word if isinstance(word, str) else word.name
        flight = self._flying.get(name)
        if flight is None:  # it has said its last word
            return
        if isinstance(word, Word):
            yield word
        elif flight.future.done():
            try:
                told = self._ended(flight)
            except TimeoutError:  # its worker died with the result, and another makes it anew
                return
            del self._flying[name]
            yield Word(name, told)

    def _ended(self, flight: Flight) -> dict[str, Any]:
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
            files = checked(told["files"], key(flight.work))
            write(self.gallery / flight.work.name, files)
        except TimeoutError:
            raise
        except KilledWorker as error:
            times = error.allowed_failures + 1
            return {
                "failed": f"{times} workers died while they rendered it; look at their memory, and at what they said"
            }
        except (ReturnError, OutputError) as error:
            return {"failed": str(error)}
        except Exception as error:
            return {"failed": f"unexpected {type(error).__name__} on a worker: {error}"}
        return {"done": told["done"]}


def _short(program: Mapping[str, str]) -> str:
    return f"{program['version']} (engine {program['engine'][:10]})"


# --- workers ----------------------------------------------------------------------------------------------------------


@dataclass
class Crew:
    """The workers of a cluster that may be given works: of this very program, with a GPU where one is asked for."""

    client: Client
    address: str
    device: str
    tell: Tell
    patience_s: float
    fit: dict[str, set[tuple[str, ...]]] = field(default_factory=dict)  # address -> needs that it has met
    _refused: dict[str, str] = field(default_factory=dict)
    _program: dict[str, str] = field(default_factory=crew.program)
    _looked: float = float("-inf")
    _alone_since: float | None = None
    _was_there: bool = False  # whether anybody has ever fitted

    def look(self) -> None:
        """Sees who has come and who has gone, now and then. ClusterError where nobody comes, or nobody fits."""
        while True:
            if time.monotonic() - self._looked < LOOK_S and self.fit:
                return
            self._look()
            if self.fit:
                self._alone_since, self._was_there = None, True
                return
            self._alone(time.monotonic())
            time.sleep(LOOK_S / 4)

    def _look(self) -> None:
        there = self._there()
        self._looked = time.monotonic()
        self.fit = {address: met for address, met in self.fit.items() if address in there}
        self._refused = {address: why for address, why in self._refused.items() if address in there}
        new = [address for address in there if address not in self.fit and address not in self._refused]
        if not new:
            return
        for address, answer in self._asked(crew.introduced, new).items():
            why = self._unfit(answer, there[address])
            if why is None:
                self.fit[address] = set()
            elif why:
                self._refused[address] = f"the worker at {address} {why}"
        told = [self._refused[address] for address in new if address in self._refused]
        for text in told if self.fit else ():
            self.tell(f"{text}. It gets no work")

    def _there(self) -> dict[str, Mapping[str, float]]:
        """The resources of all workers, by address."""
        found = self.client.scheduler_info(n_workers=-1)["workers"]
        if self.client.status != "running":
            raise ClusterError(
                f"the scheduler at {self.address} has gone; start it and build again, what is done stays"
            )
        return {str(address): dict(one.get("resources") or {}) for address, one in found.items()}

    def _asked(self, call: Callable[..., Any], addresses: list[str], *arguments: Any) -> dict[str, Any]:
        answers: dict[str, Any] = self.client.run(call, *arguments, workers=addresses, on_error="return")
        return answers

    def _unfit(self, answer: Any, resources: Mapping[str, float]) -> str | None:
        """Why a worker gets no work; empty where it has only just gone."""
        ours = self._program
        if isinstance(answer, OSError):
            return ""
        if not isinstance(answer, dict):
            return f"is none of render's; start one there with render worker --cluster {self.address}"
        if answer != ours:
            return (
                f"has render {_short(answer)}, and here is {_short(ours)}; install the same on both, and start it again"
            )
        if self.device == "cuda" and resources.get("GPU", 0) < 1:
            return "has no GPU, and --device cuda asks for one; start it on a machine that has, or build without"
        return None

    def _alone(self, now: float) -> None:
        """Nobody is there that fits. ClusterError once that has lasted."""
        if self._refused and not self._was_there:
            raise ClusterError(f"no worker at {self.address} can render this: {'; '.join(self._refused.values())}")
        start = f"render worker --cluster {self.address}"
        if self._alone_since is None:
            self._alone_since = now
            self.tell(f"no worker at {self.address}; waiting {self.patience_s:g} s for one: {start}")
        if now - self._alone_since >= self.patience_s:
            raise ClusterError(
                f"no worker has come to {self.address} within {self.patience_s:g} s; start some, one on each machine, "
                f"with {start}"
            )

    def supply(self, needs: Iterable[Need]) -> None:
        """Sends each worker what a work needs, and it lacks, and we have. AssetError."""
        for address, met in list(self.fit.items()):
            asked = [need for need in needs if need.starts not in met]
            if not asked:
                continue
            answer = self._asked(crew.lacks, [address], tuple(need.starts for need in asked)).get(address)
            if not isinstance(answer, tuple | list):
                del self.fit[address]  # it has gone, or will be looked at again
                continue
            for need in (asked[number] for number in answer):
                if need.here is not None:  # or else it tries to fetch it, as we should have done
                    self._give(address, need, need.here)
            met |= {need.starts for need in asked}

    def _give(self, address: str, need: Need, path: Path) -> None:
        """Sends a file to a worker's asset cache, in pieces. AssetError."""
        total, sender = path.stat().st_size, os.urandom(4).hex()
        self.tell(f"sending {path.name[:16]} ({total / 1e6:.1f} MB) to {address}")
        with path.open("rb") as file:
            while piece := file.read(PIECE_BYTES):
                start = file.tell() - len(piece)
                (answer,) = self._asked(crew.receive, [address], need.sha256, sender, start, piece, total).values()
                if isinstance(answer, OSError):
                    return
                if isinstance(answer, Exception):
                    raise AssetError(f"the worker at {address} cannot take {path}: {answer}")

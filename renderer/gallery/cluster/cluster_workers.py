"""The workers of a dask cluster: which of them can render, and which files they need for a work."""

import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from distributed import Client

from renderer.assets import AssetError
from renderer.gallery.cluster import worker_plugin
from renderer.gallery.cluster.payload import Need
from renderer.gallery.cluster.scheduler import ClusterError

LOOK_S = 1.0  # between two checks of the workers
PIECE_BYTES = 16_000_000
Say = Callable[[str], None]


def _short(program: Mapping[str, str]) -> str:
    return f"{program['version']} (engine {program['engine'][:10]})"


@dataclass
class ClusterWorkers:
    """The workers of a cluster that can render: those with this version of the program, and with a GPU if asked for."""

    client: Client
    address: str
    device: str
    say: Say
    patience_s: float
    fit: dict[str, set[tuple[str, ...]]] = field(default_factory=dict)  # address -> needs that it meets
    _refused: dict[str, str] = field(default_factory=dict)
    _program: dict[str, str] = field(default_factory=worker_plugin.program)
    _looked: float = float("-inf")
    _empty_since: float | None = None
    _was_there: bool = False  # whether a worker has ever been usable

    def look(self) -> None:
        """Check now and then which workers have come and gone. Raises ClusterError if none comes or none can render."""
        while True:
            if time.monotonic() - self._looked < LOOK_S and self.fit:
                return
            self._look()
            if self.fit:
                self._empty_since, self._was_there = None, True
                return
            self._wait_for_workers(time.monotonic())
            time.sleep(LOOK_S / 4)

    def _look(self) -> None:
        there = self._connected()
        self._looked = time.monotonic()
        self.fit = {address: met for address, met in self.fit.items() if address in there}
        self._refused = {address: why for address, why in self._refused.items() if address in there}
        new = [address for address in there if address not in self.fit and address not in self._refused]
        if not new:
            return
        for address, answer in self._call_workers(worker_plugin.worker_program, new).items():
            why = self._why_unfit(answer, there[address])
            if why is None:
                self.fit[address] = set()
            elif why:
                self._refused[address] = f"the worker at {address} {why}"
        new_refusals = [self._refused[address] for address in new if address in self._refused]
        for text in new_refusals if self.fit else ():
            self.say(f"{text}. It gets no work")

    def _connected(self) -> dict[str, Mapping[str, float]]:
        """The resources of all workers, by address."""
        found = self.client.scheduler_info(n_workers=-1)["workers"]
        if self.client.status != "running":
            raise ClusterError(
                f"the scheduler at {self.address} is gone; start it and build again, finished works are kept"
            )
        return {str(address): dict(one.get("resources") or {}) for address, one in found.items()}

    def _call_workers(self, call: Callable[..., Any], addresses: list[str], *arguments: Any) -> dict[str, Any]:
        answers: dict[str, Any] = self.client.run(call, *arguments, workers=addresses, on_error="return")
        return answers

    def _why_unfit(self, answer: Any, resources: Mapping[str, float]) -> str | None:
        """Why a worker gets no work; empty if it has just left, None if it can render."""
        ours = self._program
        if isinstance(answer, OSError):
            return ""
        if not isinstance(answer, dict):
            return f"does not belong to render; start one there with render worker --cluster {self.address}"
        if answer != ours:
            return f"has render {_short(answer)}, but here is {_short(ours)}; install the same on both and restart it"
        if self.device == "cuda" and resources.get("GPU", 0) < 1:
            return "has no GPU, and --device cuda asks for one; start it on a machine with a GPU, or build without it"
        return None

    def _wait_for_workers(self, now: float) -> None:
        """Wait for a usable worker. Raises ClusterError if none comes in time."""
        if self._refused and not self._was_there:
            raise ClusterError(f"no worker at {self.address} can render this: {'; '.join(self._refused.values())}")
        start = f"render worker --cluster {self.address}"
        if self._empty_since is None:
            self._empty_since = now
            self.say(f"no worker at {self.address}; waiting {self.patience_s:g} s for one: {start}")
        if now - self._empty_since >= self.patience_s:
            raise ClusterError(
                f"no worker has come to {self.address} within {self.patience_s:g} s; start some, one on each machine, "
                f"with {start}"
            )

    def supply(self, needs: Iterable[Need]) -> None:
        """Send each worker the files that a work needs and the worker lacks, if they are here. Raises AssetError."""
        for address, met in list(self.fit.items()):
            asked = [need for need in needs if need.starts not in met]
            if not asked:
                continue
            answer = self._call_workers(worker_plugin.lacks, [address], tuple(need.starts for need in asked)).get(
                address
            )
            if not isinstance(answer, tuple | list):
                del self.fit[address]  # it has left, or will be checked again
                continue
            for need in (asked[number] for number in answer):
                if need.here is not None:  # otherwise the worker tries to fetch it
                    self._send_file(address, need, need.here)
            met |= {need.starts for need in asked}

    def _send_file(self, address: str, need: Need, path: Path) -> None:
        """Send a file to a worker's asset cache, in pieces. Raises AssetError."""
        total, sender = path.stat().st_size, os.urandom(4).hex()
        self.say(f"sending {path.name[:16]} ({total / 1e6:.1f} MB) to {address}")
        with path.open("rb") as file:
            while piece := file.read(PIECE_BYTES):
                start = file.tell() - len(piece)
                (answer,) = self._call_workers(
                    worker_plugin.receive, [address], need.sha256, sender, start, piece, total
                ).values()
                if isinstance(answer, OSError):
                    return
                if isinstance(answer, Exception):
                    raise AssetError(f"the worker at {address} cannot take {path}: {answer}")

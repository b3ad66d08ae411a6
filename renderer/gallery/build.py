"""Works that are due -> finished folders, each work rendered in a process of its own, some at a time."""

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Generator, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from renderer.output.place import recover
from renderer.specfile import Work

CHILD = ("-m", "renderer.cli.gallery.work_process")
GRACE_S = 5.0  # for a child that was asked to end


@dataclass(frozen=True)
class BuildMessage:
    """What a work's process says: how it stands, or how it ended."""

    name: str
    content: dict[str, Any]  # `failed`: why; `done`: metrics, cost, totals, bytes; or else a step of the fit

    @property
    def is_last(self) -> bool:
        """Whether the work has ended."""
        return "failed" in self.content or "done" in self.content


@dataclass
class Builder:
    """Starts processes and hears what they say. Whatever ends it, no process of its own outlives it."""

    gallery: Path
    jobs: int
    out: Path | None = None
    device: str = "cpu"
    threads: int | None = None  # of each; None: the cores, shared out
    _running: dict[str, "subprocess.Popen[str]"] = field(default_factory=dict)
    _readers: dict[str, threading.Thread] = field(default_factory=dict)
    _messages: "queue.SimpleQueue[BuildMessage | None]" = field(default_factory=queue.SimpleQueue)

    def build(self, works: Iterable[Work]) -> Generator[BuildMessage, None, None]:
        """Renders all, and passes on what is said of each. One that fails stops no other.

        Close it, and what is still being rendered ends without a trace.
        """
        waiting = list(works)
        for work in waiting:
            recover((self.gallery / work.name).resolve())
        try:
            while waiting or self._running:
                while waiting and len(self._running) < self.jobs:
                    self._start(waiting.pop(0))
                message = self._messages.get()
                if message is None:
                    return
                if message.name not in self._running:  # it has said its last message
                    continue
                if message.is_last:
                    self._end(message.name)
                yield message
        finally:
            self._end_all()

    def stop(self) -> None:
        """Ends the build without a trace of what is still being rendered; from any thread, and it does not wait."""
        self._messages.put(None)

    def _start(self, work: Work) -> None:
        threads = self.threads or max(1, (os.cpu_count() or 1) // self.jobs)
        arguments = [str(work.path), work.name, str(self.gallery), str(threads), str(self.out or ""), self.device]
        process = subprocess.Popen(
            [sys.executable, *CHILD, *arguments],
            stdin=subprocess.PIPE,  # held open: its end tells the process that we are gone
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,  # so that Ctrl-C comes to us alone
        )
        self._running[work.name] = process
        self._readers[work.name] = threading.Thread(target=self._read_output, args=(work.name, process), daemon=True)
        self._readers[work.name].start()

    def _read_output(self, name: str, process: "subprocess.Popen[str]") -> None:
        """Passes on what a process says; one that ends without a message has failed too."""
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None
        stderr, complaints = process.stderr, list[str]()
        stderr_reader = threading.Thread(target=lambda: complaints.extend(stderr), daemon=True)
        stderr_reader.start()
        for line in process.stdout:
            self._messages.put(BuildMessage(name, json.loads(line)))
        code = process.wait()
        stderr_reader.join(GRACE_S)
        last = next((line.strip() for line in reversed(complaints) if line.strip()), "")
        why = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
        for pipe in (process.stdin, process.stdout, *(() if stderr_reader.is_alive() else (stderr,))):
            with suppress(OSError):
                pipe.close()
        self._messages.put(BuildMessage(name, {"failed": f"its process {why}{f': {last}' if last else ''}"}))

    def _end(self, name: str) -> None:
        """Waits for a process that has sent its last message, and for the thread that reads it."""
        self._running.pop(name).wait()
        self._readers.pop(name).join()

    def _end_all(self) -> None:
        for process in self._running.values():
            process.terminate()
        for name, process in self._running.items():
            try:
                process.wait(GRACE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            self._readers.pop(name).join()
            recover((self.gallery / name).resolve())
        self._running.clear()

"""Works that are due -> finished folders. Each work is rendered in a process of its own, some at a time."""

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
GRACE_S = 5.0  # until a child that was asked to end is killed


@dataclass(frozen=True)
class BuildMessage:
    """A message of a work's process: its progress, or how it ended."""

    name: str
    content: dict[str, Any]  # `failed`: why; `done`: metrics, cost, totals, bytes; otherwise a step of the fit

    @property
    def is_last(self) -> bool:
        """Whether the work has ended."""
        return "failed" in self.content or "done" in self.content


@dataclass
class Builder:
    """Starts processes and reads their messages. However a build ends, none of its processes outlives it."""

    gallery: Path
    jobs: int
    out: Path | None = None
    device: str = "cpu"
    threads: int | None = None  # of each process; None: an equal share of the cores
    _running: dict[str, "subprocess.Popen[str]"] = field(default_factory=dict)
    _readers: dict[str, threading.Thread] = field(default_factory=dict)
    _messages: "queue.SimpleQueue[BuildMessage | None]" = field(default_factory=queue.SimpleQueue)

    def build(self, works: Iterable[Work]) -> Generator[BuildMessage, None, None]:
        """Render all works and yield the messages of each. If a work fails, the others are still rendered.

        Closing the generator ends the renders that are not finished; they leave no files. Raises OutputError if an
        interrupted write cannot be undone.
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
                if message.name not in self._running:  # it has sent its last message
                    continue
                if message.is_last:
                    self._end(message.name)
                yield message
        finally:
            self._end_all()

    def stop(self) -> None:
        """End the build from any thread, without waiting; unfinished renders leave no files."""
        self._messages.put(None)

    def _start(self, work: Work) -> None:
        threads = self.threads or max(1, (os.cpu_count() or 1) // self.jobs)
        arguments = [str(work.path), work.name, str(self.gallery), str(threads), str(self.out or ""), self.device]
        process = subprocess.Popen(
            [sys.executable, *CHILD, *arguments],
            stdin=subprocess.PIPE,  # kept open: if it closes, the process knows that we are gone
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,  # so that Ctrl-C reaches only this process
        )
        self._running[work.name] = process
        self._readers[work.name] = threading.Thread(target=self._read_output, args=(work.name, process), daemon=True)
        self._readers[work.name].start()

    def _read_output(self, name: str, process: "subprocess.Popen[str]") -> None:
        """Pass on the messages of a process; a process that ends without one has failed too."""
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
        """Wait for a process that has sent its last message, and for the thread that reads it."""
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

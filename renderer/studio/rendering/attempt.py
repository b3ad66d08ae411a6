"""One try at a job: a process that renders it and can be killed."""

import base64
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO, Any

from renderer.studio.queue import leases
from renderer.studio.queue.records import Job, folder_of

CHILD = (sys.executable, "-m", "renderer.studio.rendering.render_process")
LOOK_S = 0.05  # between two checks of the child
LAST_WORDS = 2000  # bytes of the last output of a child that died


@dataclass(frozen=True)
class RenderSettings:
    """How a worker renders. Times are in seconds."""

    device: str = "cpu"
    threads: int | None = None
    private_addresses: bool = False  # whether a spec may fetch from this machine and its own network
    lease_s: float = leases.LEASE_S
    beat_s: float = 1.0  # between two reports to the queue, which also ask for requests of people
    grace_s: float = 10.0  # until a child that was asked to stop is killed
    poll_s: float = 1.0  # between two tries to lease a job
    child: Sequence[str] = CHILD


def staged_of(job: Job) -> Path:
    """The folder in which a render is made first: beside its final place, under a name that only this lease uses."""
    folder = folder_of(job)
    return folder.with_name(f".{folder.name}.job{job.id}-{job.token}")


class Attempt:
    """A child process that works on a job. At the end of the block it is gone, and so are its unfinished files."""

    def __init__(self, job: Job, settings: RenderSettings) -> None:
        self.job, self.settings = job, settings
        self.staged = staged_of(job)
        self.progress: dict[str, Any] | None = None
        self.pictures: dict[str, tuple[str, bytes]] = {}  # by name: media type, content
        self.asked_at: float | None = None
        self.killed = False
        self._last: tuple[str, dict[str, Any]] | None = None
        self._lines: SimpleQueue[str] = SimpleQueue()

    def __enter__(self) -> "Attempt":
        self.staged.parent.mkdir(parents=True, exist_ok=True)
        self._sweep()
        self._errors: IO[bytes] = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            list(self.settings.child),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            encoding="utf-8",
            start_new_session=True,  # Ctrl-C goes to the worker, which then decides
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._say(json.dumps(self._instructions()))
        return self

    def _instructions(self) -> dict[str, Any]:
        job = self.job
        return {
            "job": job.id, "token": job.token, "source": job.source, "name": job.name, "changes": job.changes,
            "draft": job.draft, "folder": str(folder_of(job)), "staged": str(self.staged),
            "device": self.settings.device, "threads": self.settings.threads,
            "private_addresses": self.settings.private_addresses,
        }  # fmt: skip

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._process.wait()
        self._reader.join()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            with suppress(OSError):
                stream.close()  # type: ignore[union-attr]
        shutil.rmtree(self.staged, ignore_errors=True)

    def _sweep(self) -> None:
        """Delete what earlier attempts at this job have left, if they were killed."""
        start = self.staged.name.rpartition("-")[0]
        for left in self.staged.parent.glob(f"{_escaped(start)}-*"):
            shutil.rmtree(left, ignore_errors=True)

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def look(self, wait_s: float) -> None:
        """Read what the child reports, and kill it if it was asked to stop and does not."""
        if self.asked_at is not None and time.monotonic() - self.asked_at > self.settings.grace_s:
            self.kill()
        with suppress(Empty):
            self._take(self._lines.get(timeout=wait_s))
            while True:
                self._take(self._lines.get_nowait())

    def ask_to_stop(self) -> None:
        if self.asked_at is None:
            self.asked_at = time.monotonic()
            self._say("stop")

    def kill(self) -> None:
        if self.is_alive():
            self.killed = True
            if hasattr(os, "killpg"):  # and every process that it has started
                with suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)
            else:  # Windows
                self._process.kill()

    def outcome(self) -> tuple[str, dict[str, Any]]:
        """How it ended: `done` with the result, `stopped`, or `failed` with the reason."""
        code = self._process.wait()
        self._reader.join()
        self.look(0.0)
        if self._last is not None and (self._last[0] != "done" or self.staged.is_dir()):
            return self._last
        died = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
        return "failed", {"why": f"the renderer {died}{self._last_words()}", "again": True}

    def _last_words(self) -> str:
        self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, self._errors.tell() - LAST_WORDS))
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        return f": {lines[-1]}" if lines else ""

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)

    def _take(self, line: str) -> None:
        try:
            ((what, word),) = json.loads(line).items()
        except (ValueError, AttributeError):
            return  # killed in the middle of a line
        if what == "progress":
            self.progress = word
        elif what == "picture":
            self.pictures[word["name"]] = word["media"], base64.b64decode(word["base64"])
        else:
            self._last = (what, word)

    def _say(self, text: str) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):  # it has died; `outcome` finds out why
            self._process.stdin.write(text + "\n")
            self._process.stdin.flush()


def _escaped(name: str) -> str:
    import glob

    return glob.escape(name)

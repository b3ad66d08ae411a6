"""A worker: takes renders from the queue, one at a time, each into a process of its own that can be killed."""

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
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO, Any

from sqlalchemy.exc import SQLAlchemyError

from renderer.output import OutputError
from renderer.output.place import explained, recover, refuse_others_work, swap
from renderer.studio import leases, pictures, queue
from renderer.studio.records import Job, folder_of
from renderer.studio.states import LeaseLost
from renderer.studio.store import Store

CHILD = (sys.executable, "-m", "renderer.studio.child")
LOOK_S = 0.05  # between two looks at the child
LAST_WORDS = 2000  # bytes of what a child that died had said


@dataclass(frozen=True)
class Manner:
    """How a worker works. Seconds."""

    device: str = "cpu"
    threads: int | None = None
    lease_s: float = leases.LEASE_S
    beat_s: float = 1.0  # between two words to the queue: how far it is, and whether somebody wants something
    grace_s: float = 10.0  # for a child that was asked to stop
    poll_s: float = 1.0  # between two looks for a job
    child: Sequence[str] = CHILD


def staged_of(job: Job) -> Path:
    """Where it is made first: beside its place, under a name that only this lease has."""
    folder = folder_of(job)
    return folder.with_name(f".{folder.name}.job{job.id}-{job.token}")


class Worker:
    """Runs in one thread; `leave` may be called from any other, or from a signal's handler."""

    def __init__(
        self, store: Store, name: str, manner: Manner = Manner(), tell: Callable[[str], None] = lambda _: None
    ) -> None:
        self.store, self.name, self.manner, self.tell = store, name, manner, tell
        self._leaving = self._at_once = False

    def leave(self) -> None:
        """Takes up nothing more; called once more, it gives back what it works at, too."""
        self._at_once = self._leaving
        self._leaving = True

    def run(self, *, drains: bool = False) -> int:
        """Works until it is told to leave, or with `drains` until nothing is queued. How many jobs it has done."""
        done, sought = 0, 0.0
        while not self._leaving:
            try:
                job = leases.claim(self.store, "render", self.name, lease_s=self.manner.lease_s)
                if time.monotonic() - sought > self.manner.lease_s / 3:
                    leases.seen(self.store, self.name)
                    sought = time.monotonic()
                if job is None and drains and not self._awaited():
                    break
            except SQLAlchemyError as error:
                self.tell(f"the queue does not answer ({_short(error)}); trying again")
                job = None
            if job is not None:
                done += self.work(job)
            else:
                time.sleep(self.manner.poll_s)
        return done

    def _awaited(self) -> bool:
        """Whether there will be something to do: jobs that rest before another try, or that others may yet lose."""
        with self.store.read() as connection:
            is_paused = queue.paused(connection, "render") is not None
        jobs = [job for job in queue.lines(self.store) if job.kind == "render"]
        return any(job.state == "running" or not (job.wanted or is_paused) for job in jobs)

    def work(self, job: Job) -> bool:
        """Renders one job; whether it is done. What goes wrong is written into the queue."""
        self.tell(f"{job.shown}: taken up" + (f" (try {job.tries})" if job.tries > 1 else ""))
        try:
            with Attempt(job, self.manner) as attempt:
                self._watch(job, attempt)
                return self._ended(job, attempt)
        except LeaseLost as lost:
            self.tell(f"{job.shown}: {lost}; what was made of it is thrown away")
        except SQLAlchemyError as error:  # the lease will run out, and it is rendered again
            self.tell(f"{job.shown}: the queue does not answer ({_short(error)})")
        return False

    def _watch(self, job: Job, attempt: "Attempt") -> None:
        """Until the child has ended: tells the queue how far it is, and the child what people want."""
        beaten = 0.0
        while attempt.is_alive():
            if self._at_once:
                attempt.kill()
                return
            now = time.monotonic()
            if now - beaten >= self.manner.beat_s:
                beaten = now
                try:
                    wanted = leases.beat(
                        self.store, job.id, job.token, attempt.progress, lease_s=self.manner.lease_s
                    ).wanted
                    if (picture := attempt.pictures.pop("progress", None)) is not None:
                        pictures.put(self.store, job.id, job.token, "progress", *picture)
                except SQLAlchemyError as error:
                    self.tell(f"{job.shown}: the queue does not answer ({_short(error)}); the work goes on")
                else:
                    if wanted == "cancel":
                        attempt.ask_to_stop()
            attempt.look(LOOK_S)

    def _ended(self, job: Job, attempt: "Attempt") -> bool:
        name, store = self.name, self.store
        match attempt.outcome():
            case "done", result:
                folder = folder_of(job)
                try:
                    result = {"folder": str(folder), **result}
                    leases.beat(
                        store, job.id, job.token, attempt.progress, lease_s=self.manner.lease_s
                    )  # its last word
                    preview = attempt.pictures.get("preview")
                    place = partial(_publish, attempt.staged, folder)
                    leases.finish(store, job.id, job.token, name, result, place, preview)
                except OutputError as error:
                    leases.fail(store, job.id, job.token, name, str(error), again=False)
                    self.tell(f"{job.shown}: {error}")
                    return False
                self.tell(f"{job.shown}: done, see {folder}")
                return True
            case _ if attempt.asked_at is not None:
                leases.stop(store, job.id, job.token, name, "stopped" if not attempt.killed else "killed")
                self.tell(f"{job.shown}: cancelled")
            case _ if self._at_once:
                leases.give_back(store, job.id, job.token, name)
                self.tell(f"{job.shown}: given back")
            case _, why:
                again, bug = why["again"], why.get("bug", False)
                leases.fail(store, job.id, job.token, name, why["why"], again=again, bug=bug)
                self.tell(f"{job.shown}: {why['why']}")
        return False


def _publish(staged: Path, folder: Path) -> None:
    """Into its place, whole or not at all. OutputError where somebody else's work is there."""
    with explained(folder):
        place = folder.resolve()
        recover(place)
        refuse_others_work(folder)
        swap(staged, place)


class Attempt:
    """A child process at work on a job. At the end of the block it is gone, and so is what it has left half made."""

    def __init__(self, job: Job, manner: Manner) -> None:
        self.job, self.manner = job, manner
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
            list(self.manner.child),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            encoding="utf-8",
            start_new_session=True,  # Ctrl-C is for the worker, which then decides
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._say(json.dumps(self._order()))
        return self

    def _order(self) -> dict[str, Any]:
        job = self.job
        return {
            "job": job.id, "token": job.token, "source": job.source, "name": job.name, "changes": job.changes,
            "draft": job.draft, "folder": str(folder_of(job)), "staged": str(self.staged),
            "device": self.manner.device, "threads": self.manner.threads,
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
        """What earlier attempts at this job have left that were killed."""
        start = self.staged.name.rpartition("-")[0]
        for left in self.staged.parent.glob(f"{_escaped(start)}-*"):
            shutil.rmtree(left, ignore_errors=True)

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def look(self, wait_s: float) -> None:
        """Takes in what the child says, and kills it if it was asked to stop and does not."""
        if self.asked_at is not None and time.monotonic() - self.asked_at > self.manner.grace_s:
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
            if hasattr(os, "killpg"):  # and whatever it has started
                with suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)
            else:  # Windows
                self._process.kill()

    def outcome(self) -> tuple[str, dict[str, Any]]:
        """`done` with what was made, or how it failed."""
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
            return  # killed while it spoke
        if what == "progress":
            self.progress = word
        elif what == "picture":
            self.pictures[word["name"]] = word["media"], base64.b64decode(word["base64"])
        else:
            self._last = (what, word)

    def _say(self, text: str) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):  # it has died; its end is looked at elsewhere
            self._process.stdin.write(text + "\n")
            self._process.stdin.flush()


def _escaped(name: str) -> str:
    import glob

    return glob.escape(name)


def _short(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error).strip().splitlines()[0]

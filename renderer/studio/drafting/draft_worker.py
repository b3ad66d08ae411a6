"""The page's side of drafts: one warm process, one draft at a time, the newest request of each place on a page.

The process is started when somebody opens a view that shows drafts, killed if it takes too long, and ended if nobody
asks for a while. A thread talks to it, so that no request of the page waits for anything but its own answer.
"""

import base64
import json
import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any

from renderer.studio.queue.states import Refused, StudioError

CHILD = (sys.executable, "-m", "renderer.studio.drafting.draft_process")
MOST_WAITING = 24  # of all people
KEPT = 32  # drafts that can be shown again at once
START_S = 120.0  # until the process must be ready: it can have kernels to compile


@dataclass(frozen=True)
class MadeDraft:
    """A draft as the page shows it."""

    media: str
    content: bytes
    said: dict[str, Any]  # strokes, sheets, pens, what the finished drawing will hold, warnings


@dataclass
class _Request:
    """A request that waits or is at work."""

    place: str  # on the page of a person; a newer request for it replaces this one
    key: str
    answer: "Future[dict[str, Any]]" = field(default_factory=Future)


class DraftWorker:
    """Asks the process for drafts."""

    def __init__(self, child: Sequence[str] = CHILD, *, patience_s: float = 45.0, idle_s: float = 600.0) -> None:
        self._child, self._patience_s, self._idle_s = child, patience_s, idle_s
        self._lock = threading.Lock()
        self._waiting: OrderedDict[str, _Request] = OrderedDict()
        self._now: _Request | None = None
        self._made: OrderedDict[str, MadeDraft] = OrderedDict()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._process: subprocess.Popen[str] | None = None
        self._lines: SimpleQueue[str] = SimpleQueue()
        self._is_closed = False

    @property
    def process_id(self) -> int | None:
        """The number of the process, while there is one."""
        process = self._process
        return process.pid if process is not None else None

    def warm(self) -> None:
        """Start the process, because drafts will be wanted soon."""
        with self._lock:
            self._start_thread()
        self._wake.set()

    def kept(self, wanted: dict[str, Any]) -> MadeDraft | None:
        """A draft that was made before."""
        with self._lock:
            return self._made.get(_key(wanted))

    def ask(self, place: str, wanted: dict[str, Any]) -> "Future[dict[str, Any]]":
        """Ask for a draft or a spec. The future raises StudioError if it fails, Refused if a newer one replaces it."""
        request = _Request(place, _key(wanted))
        with self._lock:
            older = self._waiting.pop(place, None)
            if len(self._waiting) >= MOST_WAITING:
                raise StudioError("too many drafts are wanted at once; try again in a moment")
            self._waiting[place] = request
            if self._now is not None and self._now.place == place:
                self._say("stop")
            self._start_thread()
        if older is not None and older.answer.set_running_or_notify_cancel():
            older.answer.set_exception(Refused("a newer draft was wanted"))
        self._wake.set()
        return request.answer

    def keep(self, wanted: dict[str, Any], answer: dict[str, Any]) -> MadeDraft:
        """Keep a draft, so that it is shown again without being made."""
        content = base64.b64decode(answer["base64"])
        made = MadeDraft(answer["media"], content, {k: v for k, v in answer.items() if k != "base64"})
        with self._lock:
            self._made[_key(wanted)] = made
            while len(self._made) > KEPT:
                self._made.popitem(last=False)
        return made

    def close(self) -> None:
        """End the process and the thread, because the server ends."""
        self._is_closed = True
        self._wake.set()
        self._kill()
        if self._thread is not None:
            self._thread.join()
        while (request := self._next()) is not None:
            if request.answer.set_running_or_notify_cancel():
                request.answer.set_exception(StudioError("the page is closed"))

    # --- the thread ---

    def _start_thread(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while not self._is_closed:
            self._wake.clear()
            with suppress(StudioError):  # the next request reports it
                self._started()
            while not self._is_closed and (request := self._next()) is not None:
                self._serve(request)
            if not self._wake.wait(self._idle_s):
                self._kill()
                self._wake.wait()
        self._kill()

    def _next(self) -> _Request | None:
        with self._lock:
            self._now = self._waiting.popitem(last=False)[1] if self._waiting else None
            return self._now

    def _serve(self, request: _Request) -> None:
        if not request.answer.set_running_or_notify_cancel():  # the browser has gone
            return
        try:
            self._started()
            with self._lock:
                is_alone = request.place not in self._waiting
                if is_alone:
                    self._say(request.key)
            what, answer = self._heard(self._patience_s) if is_alone else ("stopped", {})
        except StudioError as error:
            request.answer.set_exception(error)
            return
        match what:
            case "made":
                request.answer.set_result(answer)
            case "stopped":
                request.answer.set_exception(Refused("a newer draft was wanted"))
            case _:
                request.answer.set_exception(StudioError(str(answer)))

    # --- the process ---

    def _started(self) -> None:
        """Start the process if it does not run. Raises StudioError if it cannot be started."""
        if self._is_closed or (self._process is not None and self._process.poll() is None):
            return
        self._kill()
        self._lines = SimpleQueue()
        try:
            self._process = subprocess.Popen(
                list(self._child), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8",
                start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise StudioError(f"the process that makes drafts cannot be started ({error.strerror})") from error
        threading.Thread(target=_read, args=(self._process, self._lines), daemon=True).start()
        self._heard(START_S)

    def _heard(self, patience_s: float) -> tuple[str, Any]:
        """The next line of the process. Raises StudioError if it dies or takes too long, and then kills it."""
        try:
            line = self._lines.get(timeout=patience_s)
        except Empty:
            self._kill()
            raise StudioError(f"the draft was not made within {patience_s:.0f} s; choose fewer minutes") from None
        if not line:
            self._kill()
            raise StudioError("the process that makes drafts has ended; change a value, and it starts again")
        ((what, answer),) = json.loads(line).items()
        return what, answer

    def _say(self, text: str) -> None:
        if self._process is not None and self._process.stdin is not None:
            with suppress(OSError):  # it has died; `_heard` finds out
                self._process.stdin.write(text + "\n")
                self._process.stdin.flush()

    def _kill(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                with suppress(OSError):
                    stream.close()  # type: ignore[union-attr]


def _read(process: "subprocess.Popen[str]", lines: "SimpleQueue[str]") -> None:
    """Pass on the lines of a process; an empty one when it has ended."""
    assert process.stdout is not None
    with suppress(OSError, ValueError):
        for line in process.stdout:
            lines.put(line)
    lines.put("")


def _key(wanted: dict[str, Any]) -> str:
    return json.dumps(wanted, sort_keys=True)

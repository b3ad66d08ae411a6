"""One sheet on a machine, from the claim until it is off the bed: events of the sender to rows, answers to commands.

The plot itself runs in a thread of this process, on `hardware.sender`; nothing that happens to the database or to
whoever watches it stops a pen. What the sender asks becomes a row; an answer to that row becomes a command.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from hardware.sender import Control, Options, Plot
from hardware.sender import Job as Lines
from hardware.sender.awake import awake
from hardware.sender.events import Answered, Event, Fault, Finished, Note, PassBegun, Progress, Prompt
from hardware.sender.journal import JournalError, Known, read
from hardware.sender.port import Opener, PortError
from hardware.sender.resume import Resume
from hardware.sender.trouble import CableOut, Silent
from renderer.studio import leases, questions, queue
from renderer.studio.leases import Asked
from renderer.studio.records import Job
from renderer.studio.states import LeaseLost

if TYPE_CHECKING:
    from renderer.studio.plotting import PlotWorker

LOOK_S = 0.1  # between two looks for events
PORT_S = 20.0  # how long a port that is taken or not there is waited for
ANSWER_S = 0.25  # between two looks for an answer
KEPT = {"only": [], "first": 1, "air": False, "outline": False}  # what `render plot --resume` asks of a journal
LOADED = (("done", "a new sheet is in place"), ("abort", "do not plot it"))
CLEARED = (("done", "the sheet is off the bed"),)


@dataclass(frozen=True)
class Machine:
    """What this worker plots with."""

    name: str  # of its queue
    port: str
    open_port: Opener
    lines: Callable[[Job], Lines]  # what is sent for a job; raises where the machine cannot draw it
    journals: Path  # a folder


@dataclass(frozen=True)
class Times:
    """Seconds."""

    lease_s: float = leases.LEASE_S
    beat_s: float = 1.0
    poll_s: float = 1.0


class Left(Exception):
    """The worker was told to leave while it waited for a person."""


class Sheet:
    """One sheet, from the claim until it is off the bed."""

    def __init__(self, worker: "PlotWorker", job: Job) -> None:
        self.worker, self.job, self.store, self.name = worker, job, worker.store, worker.name
        self.journal = worker.machine.journals / f"plot-{job.id}-{int(job.made)}.journal"
        self.control = Control()
        self.events: SimpleQueue[Event | BaseException] = SimpleQueue()
        self.how = job.how
        self.progress: dict[str, Any] | None = None
        self.wanted = ""
        self.prompt: Prompt | None = None
        self.question = 0
        self.faults: list[str] = []
        self._beaten = self._sought = 0.0
        self._thread: threading.Thread | None = None

    # --- from the claim to the end ---

    def drawn(self) -> bool:
        """Whether it is done; else the queue says what became of it."""
        try:
            lines, known = self._prepared()
        except LeaseLost:
            raise
        except Exception as error:  # whatever is wrong with a drawing, nothing has moved
            self._refused(error)
            return False
        if known is None and not self._loaded():
            return False
        self._reach("plotting", "the plot begins" if known is None else f"goes on by {self.how}")
        self._start(lines, known)
        end = self._watch()
        if isinstance(end, Finished) and end.outcome == "done":
            self._clear("done", "finished")
            return True
        if isinstance(end, Finished) and end.outcome == "aborted" and self.wanted == "cancel":
            self._clear("cancelled", "stopped")
            return False
        self._stopped(_why(end, self.faults))
        return False

    def _prepared(self) -> tuple[Lines, Known | None]:
        lines = self.worker.machine.lines(self.job)
        if self.how not in {"stroke", "pass"}:
            return lines, None
        known = read(self.journal)
        if known.is_done or known.digest != lines.digest:
            what = "is done" if known.is_done else "was of another drawing, or for another machine file"
            raise JournalError(f"{self.journal}: that plot {what}; it cannot be resumed")
        return lines, known

    def _refused(self, error: Exception) -> None:
        text = " ".join(str(error).split()) or type(error).__name__
        self.worker.tell(f"{self.job.shown}: {text}")
        if self.how:  # something is drawn already: a person decides what becomes of it
            self._stopped(text)
        else:
            leases.fail(self.store, self.job.id, self.job.token, self.name, text, again=False)

    def _loaded(self) -> bool:
        """A person has said that a new sheet is in place."""
        with self.store.read() as connection:
            lies = queue.sheet(connection, self.worker.machine.name)
        off = f"Take {lies} off the bed. " if lies else ""
        asks = Asked("load", "load paper", f"{off}Put a new sheet in place for {self.job.shown}.", LOADED, "done")
        answer = self._ask(asks, "asks for paper")
        if answer == "done":
            sheet = f"the sheet of job {self.job.id}"
            queue.set_queue(self.store, self.worker.machine.name, sheet=sheet)
            return True
        leases.settle(self.store, self.job.id, self.job.token, self.name, "cancelled", "not plotted", cleared=False)
        return False

    def _clear(self, state: str, why: str) -> None:
        self._reach("finishing", why)
        asks = Asked(
            "clear", "clear the sheet", "The pen is up and parked. Take the sheet off the bed.", CLEARED, "done"
        )
        self._ask(asks, "asks for the sheet to be cleared")
        leases.settle(
            self.store, self.job.id, self.job.token, self.name, state, "the sheet is off the bed", cleared=True
        )
        self.worker.tell(f"{self.job.shown}: {state}")

    def _stopped(self, why: str) -> None:
        self.worker.tell(f"{self.job.shown}: needs attention: {why}")
        self._insist(lambda: leases.trouble(self.store, self.job.id, self.job.token, self.name, why))

    def _ask(self, asks: Asked, why: str) -> str:
        """Waits for a person. A cancel is the answer `abort`, where there is that. Raises Left."""
        self._insist(lambda: self._put("awaiting_operator", why, asks))
        while True:
            self._beat()
            if (found := self._answered()) is not None:
                return found[0]
            if self.wanted == "cancel" and any(key == "abort" for key, _ in asks.choices):
                return "abort"
            if self.worker.at_once:
                raise Left
            time.sleep(LOOK_S)

    # --- while it draws ---

    def _start(self, lines: Lines, known: Known | None) -> None:
        self.control.watch(self.events.put)

        def plot() -> None:
            try:
                self._opened(lines).run(resumed=Resume(known) if known else None)
            except BaseException as error:
                self.events.put(error)

        self._thread = threading.Thread(target=plot, name=f"plot {self.job.id}")
        self._thread.start()

    def _opened(self, lines: Lines) -> Plot:
        """The plot, once the port is free: the guard of a plot that was killed holds it until the pen is up."""
        machine, ends = self.worker.machine, time.monotonic() + PORT_S
        while True:
            try:
                return Plot(
                    lines, machine.open_port, self.control, self.journal, Options(port_name=machine.port, kept=KEPT)
                )
            except PortError:
                if time.monotonic() > ends:
                    raise
                time.sleep(0.5)

    def _watch(self) -> Finished | BaseException:
        """Until the sender is done: events to rows, rows to commands. Raises LeaseLost once the plot has stopped."""
        lost: LeaseLost | None = None
        with awake():
            while True:
                try:
                    event = self.events.get(timeout=LOOK_S)
                except Empty:
                    event = None
                try:
                    if isinstance(event, Finished | BaseException):
                        if lost is not None:
                            raise lost
                        return event
                    if lost is None:
                        self._pass_on(event)
                except LeaseLost as error:
                    if lost is not None:
                        raise
                    lost = error  # a person has been told that this plot has stopped: so it does
                    self.control.abort()

    def _pass_on(self, event: Event | None) -> None:
        match event:
            case Prompt():
                self._prompted(event)
            case Answered():
                self.prompt = None
                self.worker.write(lambda: self._put("plotting", "goes on", None, wanted=self._wanted_after()))
            case Progress():
                self.progress = _far(event)
            case PassBegun():
                self._remark(f"pen {event.number} of {event.passes}: {event.pen}")
            case Fault():
                self.faults.append(f"{event.meaning} ({event.what})")
                self._remark(f"{event.what}: {event.meaning}; {event.remedy}")
            case Note() if event.level != "info":
                self._remark(event.text)
            case _:
                pass
        self._beat()
        if self.prompt is not None and (found := self._answered()) is not None:
            self.control.answer(self.prompt.id, found[0], **found[1])
            self.question = 0
        if self.worker.at_once:
            self.control.abort()

    def _wanted_after(self) -> str:
        """A pause is over once its question is answered; a cancel is not."""
        self.wanted = "" if self.wanted == "pause" else self.wanted
        return self.wanted

    def _prompted(self, prompt: Prompt) -> None:
        keys = [choice.key for choice in prompt.choices]
        if prompt.kind == "resume" and self.how in {"stroke", "pass"}:  # that a person has chosen already
            self.control.answer(prompt.id, "pass" if self.how == "pass" and "pass" in keys else prompt.default)
            self.how = ""
            return
        self.prompt, self.question = prompt, 0
        about = {"pen": prompt.as_json()["pen"], "pen_up": prompt.pen_up}
        choices = tuple((choice.key, choice.label) for choice in prompt.choices)
        asks = Asked(prompt.kind, prompt.title, prompt.text, choices, prompt.default, about)
        state = "paused" if prompt.kind == "pause" else "awaiting_operator"
        self._insist(lambda: self._put(state, prompt.title, asks))

    def _beat(self) -> None:
        """Tells that it lives and how far it is; does what people want. LeaseLost."""
        if time.monotonic() - self._beaten < self.times.beat_s:
            return
        self._beaten = time.monotonic()
        found: list[Job] = []
        beat = leases.beat
        job, far, lease_s = self.job, self.progress, self.times.lease_s
        self.worker.write(lambda: found.append(beat(self.store, job.id, job.token, far, lease_s)))
        self.worker.write(lambda: leases.seen(self.store, self.name))
        if found:
            self._obey(found[0])

    def _obey(self, job: Job) -> None:
        before, self.wanted = self.wanted, job.wanted
        if job.wanted == before:
            return
        match job.wanted:
            case "pause":
                self.control.pause()
                if job.state == "plotting":
                    self._reach("pausing", "at the next pen-up")
            case "cancel":
                self.control.abort()
            case _ if before == "pause":
                self.control.resume()
                if job.state == "pausing":
                    self._reach("plotting", "goes on")

    # --- rows ---

    @property
    def times(self) -> Times:
        return self.worker.times

    def _put(self, state: str, why: str, asks: Asked | None, **values: Any) -> None:
        job = self.job
        number = leases.advance(self.store, job.id, job.token, self.name, state, why, asks=asks, **values)
        self.question = number

    def _reach(self, state: str, why: str) -> None:
        self._insist(lambda: self._put(state, why, None))

    def _insist(self, write: Callable[[], object]) -> None:
        """Until the database takes it: a question that nobody can see is not asked."""
        while not self.worker.write(write):
            if self.worker.at_once:
                raise Left
            time.sleep(1.0)

    def _remark(self, text: str) -> None:
        self.worker.write(lambda: leases.remark(self.store, self.job.id, self.job.token, self.name, text))

    def _answered(self) -> tuple[str, dict[str, float]] | None:
        if not self.question or time.monotonic() - self._sought < ANSWER_S:
            return None
        self._sought = time.monotonic()
        found: list[tuple[str, dict[str, float]] | None] = []
        self.worker.write(lambda: found.append(questions.answer_to(self.store, self.question)))
        return found[0] if found else None

    def let_go(self) -> None:
        """At the end nothing moves any more, whatever has happened here."""
        if self._thread is not None and self._thread.is_alive():
            self.control.abort()
            self._thread.join()


def _far(progress: Progress) -> dict[str, Any]:
    """What the queue keeps of how far a plot is."""
    share = progress.drawn_mm / progress.total_mm if progress.total_mm else 0.0
    text = f"pen {progress.number} of {progress.passes}, stroke {progress.stroke} of {progress.strokes}"
    return {
        "text": text, "share": round(share, 4), "stroke": progress.stroke, "strokes": progress.strokes,
        "drawn_m": round(progress.drawn_mm / 1000, 3), "left_s": round(progress.left_s), "pen": progress.pen,
    }  # fmt: skip


def _why(end: Finished | BaseException, faults: list[str]) -> str:
    """Why it stopped, as a person wants to read it."""
    match end:
        case Silent():
            return f"nothing answers at the port within {end.seconds:.0f} s"
        case CableOut():
            return f"the port went away ({end.why})"
        case Finished(outcome="emergency"):
            return "emergency stop: the position may be lost"
        case Finished():
            last = f": {faults[-1]}" if faults else ""
            return f"stopped after {end.strokes} of {end.of_strokes} strokes{last}"
        case _:
            return f"the plot could not go on: {' '.join(str(end).split()) or type(end).__name__}"

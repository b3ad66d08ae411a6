"""One plot job, from the claim until its sheet is off the bed: the sender's events to rows, answers to commands.

The plot itself runs in a thread of this process, with `hardware.plotting`. Nothing that happens to the database or to a
browser stops a pen. A question of the sender becomes a row, and the answer in that row becomes a command.
"""

import threading
import time
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any

from hardware.job.gcode_job import GcodeJob as Lines
from hardware.plotting.control import Control
from hardware.plotting.events import Answered, Finished, Note, PassBegun, PlotEvent, PlotFault, PlotProgress, Prompt
from hardware.plotting.journal import JournalError, JournalState, read
from hardware.plotting.plot import Plot
from hardware.plotting.resume import Resume
from hardware.plotting.session import PlotOptions as Options
from hardware.plotting.sleep_inhibitor import awake
from hardware.wire.port import PortError
from renderer.studio.plotting import plot_messages
from renderer.studio.plotting.pen_log import PenLog
from renderer.studio.plotting.plot_rows import PlotRows, WorkerLeft
from renderer.studio.plotting.stroke_trace import stroke_trace
from renderer.studio.plotting.worker_state import WorkerState
from renderer.studio.queue import job_pictures, leases, pausing, release
from renderer.studio.queue.questions import NewQuestion
from renderer.studio.queue.records import Job
from renderer.studio.queue.states import LeaseLost

LOOK_S = 0.1  # between two checks for events
PORT_S = 20.0  # how long to wait for a port that is busy or missing
KEPT = {
    "only": [],
    "first": 1,
    "air": False,
    "outline": False,
}  # options that `render plot --resume` expects in a journal
LOADED = (("done", "a new sheet is in place"), ("abort", "do not plot it"))
CLEARED = (("done", "the sheet is off the bed"),)


class EmergencyStop(Exception):
    """An emergency stop was requested while the plot waits for a person and nothing moves."""


class PlotJob:
    """One sheet, from the claim until it is off the bed."""

    pens: PenLog  # once it is about to draw

    def __init__(self, worker: WorkerState, job: Job) -> None:
        self.worker, self.job, self.store, self.name = worker, job, worker.store, worker.name
        self.journal = worker.machine.journals / f"plot-{job.id}-{int(job.made)}.journal"
        self.control = Control()
        self.events: SimpleQueue[PlotEvent | BaseException] = SimpleQueue()
        self.how = job.how
        self.progress: dict[str, Any] | None = None
        self.wanted = ""
        self.prompt: Prompt | None = None
        self.rows = PlotRows(worker, job)
        self.resume_unsaved = False  # that the plot goes on is not in the database yet
        self.height_step = 0.0  # of a nudge; see `_height_step`
        self.faults: list[str] = []
        self._thread: threading.Thread | None = None

    # --- from the claim to the end ---

    def run(self) -> bool:
        """Plot the sheet and return whether it is done; if not, the queue says why.

        Raises LeaseLost if the lease has ended, EmergencyStop, and WorkerLeft.
        """
        try:
            lines, known = self._prepared()
        except LeaseLost:
            raise
        except Exception as error:  # whatever is wrong with the drawing, nothing has moved
            self._refused(error)
            return False
        self._show_strokes(lines)
        if known is None and not self._paper_is_loaded():
            return False
        self.rows.set_state("plotting", "the plot begins" if known is None else f"goes on: {self.how}")
        self._check_requests()
        if self.wanted == "emergency":
            raise EmergencyStop
        self.height_step = _height_step(lines)
        self.pens = PenLog(lines, self.job.progress.get("pens", []), time.time)
        self._start(lines, known)
        end = self._watch()
        if isinstance(end, Finished) and end.outcome == "done":
            self.pens.end()
            self._clear("done", "finished")
            return True
        if isinstance(end, Finished) and end.outcome == "aborted" and self.wanted == "cancel":
            self._clear("cancelled", "stopped")
            return False
        was_emergency = isinstance(end, Finished) and end.outcome == "emergency"
        self._stopped(plot_messages.stop_reason(end, self.faults), is_lost=was_emergency)
        return False

    def _prepared(self) -> tuple[Lines, JournalState | None]:
        lines = self.worker.machine.lines(self.job)
        if self.how not in {"stroke", "pass"}:
            release.check_unchanged(
                self.job
            )  # after reading: a drawing that has changed by now is not the one that was read or released
            return lines, None
        known = read(self.journal)
        if known.is_done or known.digest != lines.digest:
            what = "is done" if known.is_done else "was of another drawing or for another machine file"
            raise JournalError(f"{self.journal}: that plot {what}; it cannot be resumed")
        return lines, known

    def _show_strokes(self, lines: Lines) -> None:
        """Give the page the strokes, which it draws as they are made."""
        trace = stroke_trace(lines, job_pictures.MOST_BYTES)
        if trace is not None:
            kind = (job_pictures.STROKES, job_pictures.GZIP)
            self.worker.write(lambda: job_pictures.put(self.store, self.job.id, self.job.token, *kind, trace))

    def _refused(self, error: Exception) -> None:
        text = " ".join(str(error).split()) or type(error).__name__
        self.worker.say(f"{self.job.shown}: {text}")
        if self.how:  # part of it is drawn already: a person decides
            self._stopped(text)
        else:
            leases.fail(self.store, self.job.id, self.job.token, self.name, text, can_retry=False)

    def _paper_is_loaded(self) -> bool:
        """Ask for a sheet and return whether a person has put one in place."""
        with self.store.read() as connection:
            sheet_before = pausing.sheet_on_bed(connection, self.worker.machine.name)
        off = f"Take {sheet_before} off the bed. " if sheet_before else ""
        asks = NewQuestion("load", "load paper", f"{off}Put a new sheet in place for {self.job.shown}.", LOADED, "done")
        answer = self._ask(asks, "asks for paper")
        if answer == "done":
            sheet = f"the sheet of job {self.job.id}"
            pausing.set_queue(self.store, self.worker.machine.name, sheet=sheet)
            return True
        leases.end_plot(self.store, self.job.id, self.job.token, self.name, "cancelled", "not plotted", cleared=False)
        return False

    def _clear(self, state: str, why: str) -> None:
        self.rows.set_state("finishing", why)
        asks = NewQuestion(
            "clear", "clear the sheet", "The pen is up and parked. Take the sheet off the bed.", CLEARED, "done"
        )
        self._ask(asks, "asks to clear the sheet")
        leases.end_plot(
            self.store, self.job.id, self.job.token, self.name, state, "the sheet is off the bed", cleared=True
        )
        self.worker.say(f"{self.job.shown}: {state}")

    def _stopped(self, why: str, *, is_lost: bool = False) -> None:
        self.worker.say(f"{self.job.shown}: needs attention: {why}")
        report = partial(leases.report_trouble, self.store, self.job.id, self.job.token, self.name, why)
        self.rows.until_written(lambda: report(is_lost=is_lost))

    def _ask(self, asks: NewQuestion, why: str) -> str:
        """Ask a person and wait. To cancel is the answer `abort`, if there is one. Raises WorkerLeft, EmergencyStop."""
        self.rows.set_state("awaiting_operator", why, asks)
        while True:
            self._check_requests()
            if self.wanted == "emergency":
                raise EmergencyStop
            if (found := self.rows.answer()) is not None:
                return found[0]
            if self.wanted == "cancel" and any(key == "abort" for key, _ in asks.choices):
                return "abort"
            if self.worker.at_once:
                raise WorkerLeft
            time.sleep(LOOK_S)

    # --- while it draws ---

    def _start(self, lines: Lines, known: JournalState | None) -> None:
        self.control.watch(self.events.put)

        def plot() -> None:
            try:
                self._opened(lines).run(resumed=Resume(known) if known else None)
            except BaseException as error:
                self.events.put(error)

        self._thread = threading.Thread(target=plot, name=f"plot {self.job.id}")
        self._thread.start()

    def _opened(self, lines: Lines) -> Plot:
        """The plot, once the port is free: the guard of a plot that was killed keeps the port until the pen is up."""
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
        """Turn events into rows and rows into commands until the sender is done.

        Raises LeaseLost, but only once the plot has stopped.
        """
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
                    lost = error  # the queue already says that this plot has stopped, so stop it
                    self.control.abort()

    def _pass_on(self, event: PlotEvent | None) -> None:
        match event:
            case Prompt():
                self._prompted(event)
            case Answered():
                if event.choice == "skip" and self.prompt and self.prompt.pen:
                    self.pens.skip(self.prompt.pen.number)
                self.prompt = None
                self._answered()
            case PlotProgress():
                self.progress = plot_messages.progress_row(event, self.pens.lines) | {"pens": self.pens.rows}
            case PassBegun():
                self.pens.begin(event.number)
                self.worker.write(lambda: pausing.set_queue(self.store, self.worker.machine.name, lost=""))
                self.rows.remark(f"pen {event.number} of {event.passes}: {event.pen}")
            case PlotFault():
                self.faults.append(f"{event.meaning} ({event.what})")
                self.rows.remark(f"{event.what}: {event.meaning}; {event.remedy}")
            case Note() if event.level != "info":
                self.rows.remark(event.text)
            case _:
                pass
        self._check_requests()
        if self.prompt is not None and (found := self.rows.answer()) is not None:
            self.control.answer(self.prompt.id, found[0], **found[1])
            self.rows.question = 0
        if self.worker.at_once:
            self.control.abort()

    def _answered(self) -> None:
        """The question is answered: a pause ends with that, a cancel does not."""
        self.resume_unsaved = not self.worker.write(lambda: self.rows.put("plotting", "goes on", unpaused=True))
        self.wanted = "" if self.wanted == "pause" and not self.resume_unsaved else self.wanted

    def _prompted(self, prompt: Prompt) -> None:
        keys = [choice.key for choice in prompt.choices]
        if prompt.kind == "resume" and self.how in {"stroke", "pass"}:  # a person has chosen already
            self.control.answer(prompt.id, "pass" if self.how == "pass" and "pass" in keys else prompt.default)
            self.how = ""
            return
        self.prompt, self.rows.question, self.resume_unsaved = prompt, 0, False
        about = {"pen": prompt.as_json()["pen"], "pen_up": prompt.pen_up, "z_step": self.height_step}
        choices = tuple((choice.key, choice.label) for choice in prompt.choices)
        asks = NewQuestion(prompt.kind, prompt.title, prompt.text, choices, prompt.default, about)
        state = "paused" if prompt.kind == "pause" else "awaiting_operator"
        self.rows.set_state(state, prompt.title, asks)

    def _check_requests(self) -> None:
        """Report that the worker is alive and how far it is, and carry out requests of people. Raises LeaseLost."""
        wants = self.rows.beat(self.progress) or self.rows.requested()
        if wants is not None and self.resume_unsaved:
            self._answered()
        elif wants is not None and wants[0] != self.wanted:
            self._carry_out(*wants)

    def _carry_out(self, wanted: str, state: str) -> None:
        before, self.wanted = self.wanted, wanted
        match wanted:
            case "emergency":
                self.control.emergency()
            case "cancel":
                self.control.abort()
            case "pause":
                self.control.pause()
                if state == "plotting":
                    self.rows.set_state("pausing", "at the next pen-up")
            case _ if before == "pause":
                self.control.unpause()  # not `resume`, which would answer a question for a pen if one is open
                if state == "pausing":
                    self.rows.set_state("plotting", "goes on")

    def stop(self) -> None:
        """Stop the plot and wait until nothing moves any more."""
        if self._thread is not None and self._thread.is_alive():
            self.control.abort()
            self._thread.join()


def _height_step(lines: Lines) -> float:
    """How far a press of a button raises or lowers the pen, in the machine's own units; 0 if it cannot.

    It is a twentieth of the lift: a person sees it, and it breaks no pen.
    """
    return 0.0 if lines.setup.lift_kind == "relay" else float(f"{abs(lines.setup.lower) / 20:.2g}")

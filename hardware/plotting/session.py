"""The state of a plot, and the few actions that all its parts share: travel, record, report."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from hardware.job.gcode_job import GcodeJob, Point
from hardware.job.locate import waits_for_motion
from hardware.plotting.control import Control
from hardware.plotting.events import Note, PassBegun, PlotProgress, State, WantedPen
from hardware.plotting.journal import Journal
from hardware.plotting.pace import Pace
from hardware.plotting.pen_guard import PenGuard
from hardware.plotting.repeated_notes import RepeatedNotes
from hardware.wire.grbl import PLANNER_BLOCKS
from hardware.wire.link import Greeting, Link
from hardware.wire.port import Opener

REPORT_S = 0.25  # between two PlotProgress events


class Ended(Exception):
    """A person has ended the plot: `aborted` or `emergency`."""

    def __init__(self, outcome: str) -> None:
        super().__init__(outcome)
        self.outcome = outcome


class PauseNow(Exception):
    """A person asked for a pause at once."""


@dataclass(frozen=True)
class PlotOptions:
    """How to plot."""

    waits: bool = False  # send and wait, instead of character counting
    checks: bool = False  # run in check mode first
    homes: bool = False  # home before the start
    asks_for_pens: bool = True
    port_name: str = ""
    guards: bool = True
    kept: dict[str, Any] = field(default_factory=dict)  # written to the journal, to build the same job again


class PlotSession:
    """A job, the link to a controller, the journal, and the progress. The parts of a plot read and change it."""

    link: Link  # set by `opening.connect`, and again after the cable was unplugged
    greeting: Greeting

    def __init__(self, job: GcodeJob, open_port: Opener, control: Control, options: PlotOptions) -> None:
        self.job, self.open_port, self.control, self.options = job, open_port, control, options
        self.journal: Journal | None = None
        self.journal_path: Path | None = None
        self.guard: PenGuard | None = None
        # progress, in lines of the job
        self.next = self.acked = self.first = 0  # sent, acknowledged, where this run began
        self.done = 0  # certainly executed
        self.checked = (0, 0.0)  # every line before this one was acknowledged, and when that was checked
        self.replaced: dict[int, str] = {}  # a replacement text for a line, used once
        self.failures = (0, 0)  # recoveries in a row without a line acknowledged in between, and that line
        # progress, as people count
        self.finished = 0  # strokes
        self.part = -1  # whose pen is inserted
        self.pace = Pace(job)
        self.worked_s, self._worked_at = 0.0, 0.0  # without the time spent waiting for people
        # position of the head
        self.nudge = (0.0, 0.0, 0.0)  # offset that a person gave this pen
        self.rest: tuple[int, float, float] | None = None  # parked before this line, at x, y
        # people
        self.pausing = False  # at the next pen-up
        self.prompts = 0  # asked so far
        self.heard = RepeatedNotes(lambda text: self.control.emit(Note(text)), self.now)  # from the controller
        self._reported_at = -1.0

    # --- the job ---

    def continue_at(self, at: int) -> None:
        """Continue at this line; all lines before it are done."""
        self.next = self.acked = self.done = at
        self.finished = self.job.finished_before(at)
        self.rest = None
        self.checked = (at, self.now())
        self.skip_time()
        if self.journal:
            self.journal.continues(at)

    def on_ack(self, tag: int) -> None:
        """Record that the controller has acknowledged this line."""
        self.acked = tag + 1
        if waits_for_motion(self.job.lines[tag]):
            self.done = self.acked
        self.mark_executed(max(self.done, self.acked - PLANNER_BLOCKS))

    def mark_executed(self, line: int) -> None:
        """Record that all lines before this one are executed."""
        self.done = line
        finished = self.job.finished_before(line)
        if finished > self.finished:
            self.finished = finished
            if self.journal:
                self.journal.sent(self.next, self.acked)
                self.journal.stroke(finished)

    def begin_part(self, part: int) -> None:
        """Record and report that the pen of this part is inserted."""
        self.part = part
        pen = self.job.parts[part]
        if self.journal:
            self.journal.pen(part, self.nudge)
        self.control.emit(
            PassBegun(part + 1, len(self.job.parts), pen.name, pen.colour, pen.strokes, pen.drawn_mm, pen.seconds)
        )

    def wanted_pen(self, part: int) -> WantedPen:
        pen = self.job.parts[part]
        return WantedPen(part + 1, pen.name, pen.colour, pen.drawn_mm, pen.seconds, pen.strokes)

    # --- the machine ---

    def go(self, place: Point) -> None:
        """Travel to a place, with the pen up."""
        feed = f" F{self.job.setup.travel_mm_min:g}" if self.job.setup.needs_travel_feed else ""
        self.link.run([f"G0 X{place[0]:.3f} Y{place[1]:.3f}{feed}"])

    def park(self, *, at_end: bool = False) -> None:
        """Travel, with the pen up, to where pens are changed, or to where the plot ends."""
        setup = self.job.setup
        self.go(setup.end_mm if at_end and setup.end_mm is not None else setup.park_mm)
        self.link.finish()

    def approach(self, line: int) -> None:
        """Travel from the park position to where this line begins, unless the job does that itself."""
        for each in self.job.lines[line:]:
            if each.is_travel and "X" in each.text and "Y" in each.text:
                return
            if each.is_draw or each.is_travel or each.down:
                break
        place = self.job.place_before(line)
        if place is not None:
            self.go(place)

    def drawing_place(self) -> Point:
        """Return the position of the head by the last report, in the coordinates of the job."""
        x, y, _ = self.link.place()
        return x - self.nudge[0], y - self.nudge[1]

    # --- time ---

    @property
    def is_virtual(self) -> bool:
        return bool(getattr(self.link.port, "is_virtual", False))

    def now(self) -> float:
        return self.link.port.now()

    def add_worked_time(self) -> None:
        """Add the time since it was last added or skipped."""
        now = self.now()
        self.worked_s += now - self._worked_at
        self._worked_at = now

    def skip_time(self) -> None:
        """Do not count the time until now as work."""
        self._worked_at = self.now()

    # --- people ---

    def say(self, text: str, level: Literal["info", "warning", "error"] = "info") -> None:
        self.control.emit(Note(text, level))

    def report(self, state: State, *, at_once: bool = False) -> None:
        """Emit a PlotProgress event, unless there was one just now."""
        now = self.now()
        if now - self._reported_at < REPORT_S and not at_once:
            return
        if state != "waiting":
            self.add_worked_time()
            self.pace.compare(self.first, max(self.acked, self.first), self.worked_s)
        self._reported_at = now
        self.control.emit(self._progress(state))

    def _progress(self, state: State) -> PlotProgress:
        job = self.job
        part = job.lines[min(self.acked, len(job.lines) - 1)].part if job.lines else -1
        part = max(part, self.part)
        x, y, _ = self.link.place()
        return PlotProgress(
            state=state,
            number=part + 1,
            passes=len(job.parts),
            pen=job.parts[part].name if 0 <= part < len(job.parts) else "",
            stroke=self.finished,
            strokes=job.strokes,
            line=self.acked,
            lines=len(job.lines),
            drawn_mm=self.pace.drawn_mm(self.acked),
            total_mm=job.drawn_mm,
            elapsed_s=self.worked_s,
            left_s=self.pace.left_s(self.acked),
            machine_state=self.link.status.state,
            x_mm=round(x, 3),
            y_mm=round(y, 3),
        )

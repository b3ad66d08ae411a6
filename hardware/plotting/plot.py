"""A plot: the lines of a job to a controller, the questions to people, the journal."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hardware.job import locate
from hardware.job.gcode_job import Job, JobError, Point
from hardware.job.pace import Pace
from hardware.plotting import opening, pen_change, preflight
from hardware.plotting.asking import POLL_S, ask, obey
from hardware.plotting.control import Control
from hardware.plotting.endings import Ended, PauseNow
from hardware.plotting.events import Finished, Note, PassBegun, Prompt, State, WantedPen
from hardware.plotting.journal import Journal
from hardware.plotting.messages import fault, progress
from hardware.plotting.origin import find_origin
from hardware.plotting.pen_guard import Guard
from hardware.plotting.recover import abandon, recover
from hardware.plotting.resume import Resume, resume
from hardware.wire.grbl import PLANNER_BLOCKS
from hardware.wire.link import Greeting, Link
from hardware.wire.link_errors import Halted, LinkError
from hardware.wire.port import Opener

HALTS = {"Hold", "Door", "Alarm", "Sleep", "Check"}
CHECK_S = 5.0  # between two looks whether every line was answered
TOLD_S = 0.25  # between two Progress events
VIRTUAL_WAIT_S = 0.02  # of real time, between two looks for an answer, where time is virtual


@dataclass(frozen=True)
class Options:
    """How to plot."""

    waits: bool = False  # send and wait instead of counting characters
    checks: bool = False  # a run in check mode first
    homes: bool = False  # home before the start
    asks_for_pens: bool = True
    port_name: str = ""
    guards: bool = True
    kept: dict[str, Any] = field(default_factory=dict)  # what the journal keeps, for whoever makes the job anew


class Plot:
    """Runs in one thread; `control` is how others see and steer it."""

    def __init__(
        self,
        job: Job,
        open_port: Opener,
        control: Control,
        journal: Path | None,
        options: Options = Options(),
        *,
        make_journal: Callable[..., Journal] = Journal.open,
    ) -> None:
        self.job, self.open_port, self.control, self.options = job, open_port, control, options
        self.pace = Pace(job)
        self.next = self.acked = self.first = 0  # lines sent, lines answered, line that this run began with
        self.failures = (0, 0)  # recoveries in a row without a line answered in between, and the line then
        self.done = 0  # lines that are certainly carried out
        self.finished = 0  # strokes, by these
        self.part = -1  # whose pen is in
        self.nudge = (0.0, 0.0, 0.0)  # that a person gave this pen
        self.rest: tuple[int, float, float] | None = None
        self.checked = (0, 0.0)  # the line up to which every one was answered, and when
        self.pausing = ""
        self.sums = {"work": 0.0, "since": 0.0}
        self.instead: dict[int, str] = {}  # other words for a line, for once
        self.greeting = Greeting("", False)
        self.guard: Guard | None = None
        self.journal_path = journal
        self.link: Link = opening.connect(self)
        self.sums["since"] = self.now()
        self.journal = opening.open_journal(self, journal, make_journal)
        self._told_at = -1.0
        self.asked_so_far = 0
        self._stops = {stop.line: stop for stop in job.stops}
        self._asked: set[int] = set()

    @property
    def is_virtual(self) -> bool:
        return bool(getattr(self.link.port, "is_virtual", False))

    def reopen(self) -> None:
        """The port once more, after the cable was out."""
        if self.guard:
            self.guard.dismiss()
        self.link = opening.connect(self)
        self.guard = opening.guarded(self)

    # --- from start to end ---

    def run(self, *, resumed: "Resume | None" = None) -> Finished:
        """Draws. Raises JobError where the machine cannot, before anything moves."""
        try:
            opening.introduce(self)
            self.guard = opening.guarded(self)
            at = self._begin() if resumed is None else resume(self, resumed)
            self._carried_on(at)
            outcome = "done"
        except JobError:
            if self.journal:
                self.journal.close()
            raise
        except Ended as ended:
            outcome = ended.outcome
        except LinkError as trouble:  # before anything was drawn
            self.control.emit(fault(self, trouble))
            outcome = "aborted"
        finally:
            self.control.on_emergency(None)
            if self.guard:
                self.guard.dismiss()
        return self._finished(outcome)

    def _begin(self) -> int:
        if self.journal:
            self.journal.start(
                self.job.digest, len(self.job.lines), self.job.strokes, self.options.kept, self.job.title
            )
        find_origin(self, fresh=True)
        if faults := preflight.check_place(self.job, self.greeting, self.link):
            self.link.port.close()
            raise JobError("\n".join(faults))
        if self.options.checks:
            opening.check_run(self)
        self.link.run(self.job.setting.header)
        self.link.run(self.job.setting.lift)
        return 0

    def _carried_on(self, at: int) -> None:
        """To the end, whatever comes between."""
        self.first = at
        self.set_off(at)
        trouble: LinkError | PauseNow | None = None
        while True:
            try:
                if trouble is not None:
                    self.set_off(recover(self, trouble))
                    trouble = None
                self._stream()
                self._leave()
                return
            except (LinkError, PauseNow) as met:
                trouble = met
            except Ended as ended:
                self._abandoned(ended.outcome)
                raise

    def _abandoned(self, outcome: str) -> None:
        try:
            abandon(self, outcome)
        except LinkError as trouble:
            met = fault(self, trouble)
            self.say(f"the machine could not be brought to rest ({met.meaning}); look after the pen yourself", "error")

    def set_off(self, at: int) -> None:
        """The next line to be sent is this one; all before it are done with."""
        self.next = self.acked = self.done = at
        self.finished = self.job.finished_before(at)
        self.rest = None
        self.checked = (at, self.now())
        self.sums["since"] = self.now()
        if self.journal:
            self.journal.goes_on(at)

    def _leave(self) -> None:
        """Pen up, parked, and no M2: the servo goes on holding the pen."""
        self.up_and_away()
        self.tell("done", at_once=True)

    def _finished(self, outcome: str) -> Finished:
        if self.journal:
            self.journal.end(outcome)
            self.journal.close()
        self.link.port.close()
        told = {
            "done": "done: the pen is up and parked",
            "aborted": "stopped; render plot --resume goes on",
            "emergency": "emergency stop: the position may be lost; look after the pen before you touch anything else",
        }[outcome]
        event = Finished(outcome, self.finished, self.job.strokes, self.sums["work"], told)  # type: ignore[arg-type]
        self.control.emit(event)
        return event

    # --- the stream ---

    def _stream(self) -> None:
        lines, link = self.job.lines, self.link
        while True:
            obey(self)
            limit = self._limit()
            while self.next < limit and link.fits(text := self._text(self.next)):
                self.next, self.rest = self.next + 1, None
                if self.journal:  # first: a line that is sent and not noted could not be told from one that is lost
                    self.journal.sent(self.next, self.acked)
                link.send(text, self.next - 1)
            if self.journal:
                self.journal.sent(self.next, self.acked)
            if not link.outstanding:
                self.checked = (self.next, self.now())
            if self.next >= limit and not link.outstanding:
                if self.next < self._stop_line() and not self.pausing:
                    continue
                if limit == len(lines) and not self.pausing and (limit not in self._stops or limit in self._asked):
                    return
                self._at_a_stop()
                continue
            link.poll(POLL_S)
            if link.status.state in HALTS:
                raise Halted(link.status.state)
            self.tell("pausing" if self.pausing else "drawing")

    def _text(self, at: int) -> str:
        text = self.instead.pop(at, None) or self.job.lines[at].text
        if self.nudge[2] and self.job.lines[at].is_lowering and self.job.setting.lift_kind == "servo":
            return locate.with_value(text, "S", self.nudge[2])
        return text

    def _limit(self) -> int:
        """The line before which to stop sending: a stop of the job, or the next pen-up: where a pause was asked for,
        and now and then to see that every line was answered, so that a lost one is found soon.
        """
        limit = self._stop_line()
        if self.pausing or self.now() - self.checked[1] > CHECK_S:
            return self._next_pen_up(limit)
        return limit

    def _stop_line(self) -> int:
        later = (line for line in sorted(self._stops) if line >= self.next and line not in self._asked)
        return next(later, len(self.job.lines))

    def _next_pen_up(self, limit: int) -> int:
        for at in range(self.next, limit):
            if self.job.lines[at].is_travel and not locate.is_down_before(self.job, at):
                return at
        return limit

    def on_ack(self, tag: int) -> None:
        self.acked = tag + 1
        if locate.waits_for_motion(self.job.lines[tag]):
            self.done = self.acked
        self._is_done(max(self.done, self.acked - PLANNER_BLOCKS))

    def _is_done(self, line: int) -> None:
        """All lines before this one are carried out."""
        self.done = line
        finished = self.job.finished_before(line)
        if finished > self.finished:
            self.finished = finished
            if self.journal:
                self.journal.sent(self.next, self.acked)
                self.journal.stroke(finished)

    def _at_a_stop(self) -> None:
        """All that was sent is carried out: pen up, parked, then whatever is asked for here."""
        self.up_and_away()
        stop = self._stops.get(self.next)
        if stop and self.next not in self._asked:
            asked = self.next
            if stop.is_pen and self.options.asks_for_pens:
                pen_change.change(self, stop.part)
            elif not stop.is_pen:
                pen_change.pause(self, stop.text or "the G-code asks for a pause")
            self._asked.add(asked)
        if self.pausing:
            self.pausing = ""
            pen_change.pause(self, f"parked after stroke {self.finished} of {self.job.strokes}")
        self.before(self.next)

    def before(self, line: int) -> None:
        """What must be so before a line is sent from where the head is parked: the head where the line begins."""
        for each in self.job.lines[line:]:
            if each.is_travel and "X" in each.text and "Y" in each.text:
                return
            if each.is_draw or each.is_travel or each.down:
                break
        place = self.job.place_before(line)
        if place is not None:
            self.go(place)

    # --- what all parts need ---

    def up_and_away(self) -> None:
        """Finishes all motion, lifts the pen, parks, waits for rest; and notes it."""
        self.link.finish()
        self._is_done(self.acked)
        self.link.run(self.job.setting.lift)
        self.park()
        x, y, _ = self.link.place()
        self.rest = (self.next, x, y)
        if self.journal:
            self.journal.rest(*self.rest)

    def park(self) -> None:
        """Pen up, to where pens are changed."""
        self.go(self.job.setting.park_mm)
        self.link.finish()

    def go(self, place: Point) -> None:
        """With the pen up."""
        if self.job.setting.needs_travel_feed:
            feed = f" F{self.job.setting.travel_mm_min:g}"
        else:
            feed = ""
        self.link.run([f"G0 X{place[0]:.3f} Y{place[1]:.3f}{feed}"])

    def ask(self, prompt: Prompt, *, polls: bool = True) -> tuple[str, dict[str, float]]:
        """Waits for an answer as long as it takes. Raises Ended and LinkError."""
        return ask(self, prompt, polls=polls)

    def say(self, text: str, level: str = "info") -> None:
        self.control.emit(Note(text, level))  # type: ignore[arg-type]

    def now(self) -> float:
        return self.link.port.now()

    def wanted(self, part: int) -> WantedPen:
        pen = self.job.parts[part]
        return WantedPen(part + 1, pen.name, pen.colour, pen.drawn_mm, pen.seconds, pen.strokes)

    def begin_part(self, part: int) -> None:
        """The pen of this part is in."""
        self.part = part
        pen = self.job.parts[part]
        if self.journal:
            self.journal.pen(part, self.nudge)
        self.control.emit(
            PassBegun(part + 1, len(self.job.parts), pen.name, pen.colour, pen.strokes, pen.drawn_mm, pen.seconds)
        )

    def worked(self) -> None:
        """Adds up the time since it last set off, and how much of the plan was done in it."""
        self.sums["work"] += self.now() - self.sums["since"]
        self.sums["since"] = self.now()

    def tell(self, state: State, *, at_once: bool = False) -> None:
        now = self.now()
        if now - self._told_at < TOLD_S and not at_once:
            return
        if state != "waiting":
            self.worked()
            self.pace.compare(self.first, max(self.acked, self.first), self.sums["work"])
        self._told_at = now
        self.control.emit(progress(self, state))

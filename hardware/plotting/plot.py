"""A plot: the loop that sends the lines of a job and stops where it needs a person."""

from pathlib import Path

from hardware.job import locate
from hardware.job.gcode_job import GcodeJob, JobError
from hardware.plotting import opening, pen_change, preflight
from hardware.plotting.asking import obey_commands
from hardware.plotting.continuing import dip_again
from hardware.plotting.control import Control
from hardware.plotting.events import Finished
from hardware.plotting.messages import HALTS, fault
from hardware.plotting.origin import find_origin
from hardware.plotting.parking import lift_and_park, take_evidence
from hardware.plotting.recover import abandon, recover
from hardware.plotting.resume import Resume, resume
from hardware.plotting.session import Ended, PauseNow, PlotOptions, PlotSession
from hardware.wire.line_port import POLL_S
from hardware.wire.link_errors import Halted, LinkError
from hardware.wire.port import Opener

CHECK_S = 5.0  # between two checks that every line was acknowledged


class Plot:
    """Runs in one thread; others observe and control it through `control`."""

    def __init__(
        self,
        job: GcodeJob,
        open_port: Opener,
        control: Control,
        journal: Path | None,
        options: PlotOptions | None = None,
    ) -> None:
        """Open the port and the journal. Raises PortError, LinkError and JournalError."""
        self.session = PlotSession(job, open_port, control, options or PlotOptions())
        opening.connect(self.session)
        self.session.skip_time()
        opening.open_journal(self.session, journal)
        self._stops = {stop.line: stop for stop in job.stops}
        self._asked: set[int] = set()  # stops already asked
        self._begun = False

    # --- from start to end ---

    def run(self, *, resumed: Resume | None = None) -> Finished:
        """Draw the job. Raises JobError where the machine cannot, before anything moves."""
        session = self.session
        try:
            opening.report_connection(session, resumes=resumed is not None)
            session.guard = opening.start_guard(session)
            self._begun = resumed is not None
            at = self._begin() if resumed is None else resume(session, resumed)
            self._carry_on(at)
            outcome = "done"
        except JobError:
            if session.journal:
                session.journal.close()
            raise
        except Ended as ended:
            outcome = ended.outcome
        except LinkError as error:  # before anything was drawn
            session.control.emit(fault(session, error))
            outcome = "aborted"
        finally:
            session.control.on_emergency(None)
            if session.guard:
                session.guard.dismiss()
        return self._finished(outcome)

    def _begin(self) -> int:
        session, job = self.session, self.session.job
        if session.journal:
            session.journal.start(job.digest, len(job.lines), job.strokes, session.options.kept, job.title)
        find_origin(session, fresh=True)
        if faults := preflight.check_place(job, session.greeting, session.link):
            session.link.port.close()
            raise JobError("\n".join(faults))
        if session.options.checks:
            opening.check_run(session)
        session.link.run(job.setup.header)
        session.link.run(job.setup.lift)
        return 0

    def _carry_on(self, at: int) -> None:
        """Draw to the end and recover from every fault on the way."""
        session = self.session
        self._begun = True
        session.first = at
        session.continue_at(at)
        trouble: LinkError | PauseNow | None = None
        while True:
            try:
                if trouble is not None:
                    session.continue_at(recover(session, trouble))
                    trouble = None
                self._stream()
                self._leave()
                return
            except (LinkError, PauseNow) as met:
                trouble = met
                if session.journal:
                    session.journal.fault()
            except Ended as ended:
                self._abandon(ended.outcome)
                raise

    def _abandon(self, outcome: str) -> None:
        try:
            abandon(self.session, outcome)
        except LinkError as error:
            why = fault(self.session, error).meaning
            text = f"the machine could not be brought to rest ({why}); lift the pen by hand"
            self.session.say(text, "error")

    def _leave(self) -> None:
        """Lift the pen and park, without M2: the servo keeps holding the pen."""
        lift_and_park(self.session, at_end=True)
        self.session.report("done", at_once=True)

    def _finished(self, outcome: str) -> Finished:
        session = self.session
        if session.journal:
            session.journal.end(outcome)
            session.journal.close()
        session.heard.close()
        session.link.port.close()
        text = {
            "done": "done: the pen is up and parked",
            "aborted": "stopped; continue with render plot --resume" if self._begun else "stopped; nothing was drawn",
            "emergency": "emergency stop: the position may be lost; lift the pen before you touch anything else",
        }[outcome]
        event = Finished(outcome, session.finished, session.job.strokes, session.worked_s, text)  # type: ignore[arg-type]
        session.control.emit(event)
        return event

    # --- the stream ---

    def _stream(self) -> None:
        """Send lines as they fit until the last is acknowledged. Raises LinkError, PauseNow and Ended."""
        session, link, last = self.session, self.session.link, len(self.session.job.lines)
        while True:
            obey_commands(session)
            limit = self._limit()
            self._fill(limit)
            if not link.outstanding:
                session.checked, session.evidence.is_behind = (session.next, session.now()), False
            if session.next >= limit and not link.outstanding:
                if session.next < self._stop_line() and not session.pausing:
                    continue
                if limit == last and not session.pausing and (limit not in self._stops or limit in self._asked):
                    return
                self._at_a_stop()
                continue
            before = link.status
            link.poll(POLL_S)
            if link.status is not before:
                take_evidence(session)
            if link.status.state in HALTS:
                raise Halted(link.status.state)
            session.report("pausing" if session.pausing else "drawing")

    def _fill(self, limit: int) -> None:
        """Send as many lines before `limit` as fit. Each is recorded first, so that no crash can hide it."""
        session, link = self.session, self.session.link
        while session.next < limit and link.fits(text := self._text(session.next)):
            session.next, session.rest = session.next + 1, None
            if session.journal:
                session.journal.sent(session.next, session.acked)
            link.send(text, session.next - 1)
        if session.journal:
            session.journal.sent(session.next, session.acked)

    def _text(self, at: int) -> str:
        session, line = self.session, self.session.job.lines[at]
        text = session.replaced.pop(at, None) or line.text
        if session.nudge[2] and line.is_lowering and session.job.setup.lift_kind == "servo":
            return locate.with_changed_value(text, "S", session.nudge[2])
        return text

    def _limit(self) -> int:
        """Return the line before which to stop sending: a stop of the job, or the next pen-up for a pause.

        Now and then it also stops at a pen-up to check that every line was acknowledged; so a lost one is found soon.
        """
        limit, session = self._stop_line(), self.session
        if session.pausing or session.evidence.is_behind or session.now() - session.checked[1] > CHECK_S:
            return self._next_pen_up(limit)
        return limit

    def _stop_line(self) -> int:
        later = (line for line in sorted(self._stops) if line >= self.session.next and line not in self._asked)
        return next(later, len(self.session.job.lines))

    def _next_pen_up(self, limit: int) -> int:
        job = self.session.job
        for at in range(self.session.next, limit):
            if job.lines[at].is_travel and not locate.is_down_before(job, at):
                return at
        return limit

    def _at_a_stop(self) -> None:
        """All lines sent are executed: lift the pen, park, and ask what this stop asks for."""
        session = self.session
        lift_and_park(session)
        stop = self._stops.get(session.next)
        if stop and session.next not in self._asked:
            asked = session.next
            if stop.is_pen and session.options.asks_for_pens:
                pen_change.change(session, stop.part)
            elif not stop.is_pen:
                pen_change.pause(session, stop.text or "the G-code asks for a pause")
            self._asked.add(asked)
        if session.pausing:
            session.pausing = False
            pen_change.pause(session, f"parked after stroke {session.finished} of {session.job.strokes}")
            dip_again(session, session.next)
        session.approach(session.next)

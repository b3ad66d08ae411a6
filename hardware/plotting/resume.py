"""Resuming an earlier plot from its journal: what is known, what is not, and where to continue."""

import math
from dataclasses import dataclass

from hardware.job.locate import NEAR_MM, JobPosition, certainly_executed, near, stopped_at
from hardware.plotting import continuing
from hardware.plotting.asking import ask
from hardware.plotting.continuing import apply_choice
from hardware.plotting.events import PlotFault, Prompt
from hardware.plotting.journal import JournalState
from hardware.plotting.origin import after_loss, find_origin, last_position
from hardware.plotting.parking import come_to_rest, has_restarted, is_pen_down, position_at_rest, raise_pen
from hardware.plotting.session import PlotSession
from hardware.plurals import counted
from hardware.wire.replies import Status


@dataclass(frozen=True)
class Resume:
    """An earlier plot of the same job, from its journal."""

    known: JournalState


def resume(session: PlotSession, resumed: Resume) -> int:
    """Resume an earlier plot: report its state, ask, and return the line to continue from."""
    known = resumed.known
    if session.journal:
        session.journal.fault()
    session.nudge, session.part = known.offset_mm, -1 if known.part is None else known.part
    session.acked, session.next = known.acked, known.sent
    session.finished = known.strokes_done
    session.rest = known.rest
    status = session.link.status
    if session.greeting.reset or known.lost or status.state == "Alarm":
        why = known.lost or "the controller restarted when the port was opened and does not know its position"
        return _resumed_lost(session, known, why)
    if status.state in {"Hold", "Door"}:
        session.link.stop(alarmed=True)
    position = _resumed_position(session, known)
    if not position.exact:
        return _resumed_lost(session, known, "the machine is not where it was left: it restarted or was moved")
    come_to_rest(session, position)
    return _with_pen(session, _asked_to_resume(session, position))


def _resumed_lost(session: PlotSession, known: JournalState, why: str) -> int:
    session.say(f"{_tally(session)}; {why}", "warning")
    if session.link.status.state == "Alarm":
        session.link.run(["$X"])
    raise_pen(session, kept=False)
    parked = known.rest or (known.stop and known.parked and (known.stop[0], *session.job.setup.park_mm)) or None
    cause = PlotFault("resume", 0, "", why, "set its position before resuming")
    find_origin(session, fresh=False, cause=cause, rest=parked)
    return _with_pen(session, after_loss(session, last_position(session, known.rest, known.stop)))


def _resumed_position(session: PlotSession, known: JournalState) -> JobPosition:
    if known.stop:
        session.link.settle()
        return JobPosition(known.stop[0], (known.stop[1], known.stop[2]))
    status = session.link.interpret(known.guard) if known.guard is not None else None
    if status is not None and known.held:
        return _held_position(session, known, status)
    down = None if status is None else is_pen_down(session, status.place[2], status.spindle)
    if status is None and known.rest is None and has_restarted(session):
        return JobPosition(known.acked, session.drawing_place(), exact=False)
    return position_at_rest(session, known.acked, known.sent, down)


def _held_position(session: PlotSession, known: JournalState, held: Status) -> JobPosition:
    """Return where the guard stopped the machine within a line, with a reset that has cancelled the pen's offset."""
    link = session.link
    link.settle()
    place = session.drawing_place()
    if not held.is_work and math.dist(held.place[:2], link.status.place[:2]) > NEAR_MM and not link.status.is_work:
        return JobPosition(known.acked, place, exact=False)  # it was moved, or has restarted since
    if known.rest and near(place, known.rest[1:]):
        return JobPosition(known.rest[0], place)
    z = held.place[2] + (session.nudge[2] if held.is_work else -link.work_offset()[2])
    down = is_pen_down(session, z, held.spindle)
    found = stopped_at(session.job, known.acked, known.sent, place, down=down)
    if found.exact:
        return found
    if not down and known.going_to and certainly_executed(session.job, known.acked) <= known.going_to[0]:
        line, within = known.going_to  # it was on its way from the parking place
        return JobPosition(line, within or session.job.place_before(line) or place)
    return stopped_at(session.job, known.acked, known.sent, place)


def _asked_to_resume(session: PlotSession, position: JobPosition) -> int:
    choices = continuing.choices(session, position, position.line)
    text = f"{_tally(session)}. The controller was not reset: its position is valid."
    choice, _ = ask(session, Prompt(0, "resume", "go on with the earlier plot?", text, choices, choices[0].key))
    return apply_choice(session, choice, position, position.line)


def _tally(session: PlotSession) -> str:
    return f"{session.finished} of {counted(session.job.strokes, 'stroke')} finished"


def _with_pen(session: PlotSession, line: int) -> int:
    """Report the pen of that line as inserted, if it was in before; return the line."""
    if line >= len(session.job.lines):
        return line
    part = session.job.lines[line].part
    if part >= 0 and part == session.part:
        session.begin_part(part)
    return line

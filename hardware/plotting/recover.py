"""Recovery from a fault: bring the machine to rest with the pen up, find out what is known, ask, and continue.

The order is always the same: stop; lift; park if the position is valid; report; ask; then send modes and offsets again,
travel with the pen up, and continue from a known line. After an error nothing is sent until a person has answered.
"""

from hardware.job import locate
from hardware.job.locate import JobPosition
from hardware.plotting import continuing, pen_change
from hardware.plotting.asking import ask, obey_end
from hardware.plotting.continuing import apply_choice, go_on
from hardware.plotting.events import PromptChoice
from hardware.plotting.messages import fault, question
from hardware.plotting.opening import reconnect
from hardware.plotting.origin import after_loss, find_origin, last_position
from hardware.plotting.parking import (
    come_to_rest,
    has_restarted,
    position_at_rest,
    raise_pen,
    stopped_position,
    take_evidence,
)
from hardware.plotting.session import Ended, PauseNow, PlotSession
from hardware.wire.link_errors import (
    Alarmed,
    CableOut,
    Halted,
    LineRefused,
    LinkError,
    PowerLost,
    Restarted,
    Silent,
    UnclearReply,
)
from hardware.wire.port import PortError, pass_time

REOPEN_S = 0.5
MOST_FAILURES = 5
NO_FEED = 22  # GRBL's error for a feed motion without a feed, which only a feed motion causes
KEEPS_PLACE = {2, 4, 5}  # alarms after which the position is reliable; not those that only relatives of GRBL have


def recover(session: PlotSession, trouble: LinkError | PauseNow) -> int:
    """Return the line from which to continue. Raises Ended, and LinkError for another fault meanwhile."""
    if isinstance(trouble, PauseNow):
        return _paused_at_once(session)
    session.control.emit(fault(session, trouble))
    _count(session)
    match trouble:
        case LineRefused(code, tag, _):
            session.link.stop()
            position = stopped_position(session)
            return _ask_on(session, trouble, position, _refused_line(session, code, tag))
        case Alarmed(code):
            session.link.stop(alarmed=True)
            if code not in KEEPS_PLACE:
                return _lost(session, trouble)
            return _ask_on(session, trouble, stopped_position(session), None, default="abort" if code == 2 else "")
        case UnclearReply():
            return _after_unclear_reply(session, trouble)
        case Restarted():
            session.greeting = session.link.greet()
            return _lost(session, trouble)
        case Halted("Hold"):  # a button at the machine; in a hold the pen stays down
            session.link.stop()
            return _ask_on(session, trouble, stopped_position(session), None)
        case Halted("Door"):
            return _behind_a_door(session, trouble)
        case Halted():
            session.link.stop(alarmed=True)
            return _lost(session, trouble)
        case CableOut():
            return _reconnected(session, trouble)
        case PowerLost(tag):
            session.acked = min(session.acked, session.first if tag is None else tag + 1)
            on = PromptChoice("retry", "it is plugged in")
            ask(session, question(session, trouble, (on, pen_change.STOP), "retry", pen_up=False), polls=False)
            return _reconnected(session, trouble)
        case _:
            again = PromptChoice("retry", "try again")
            ask(session, question(session, trouble, (again, pen_change.STOP), "retry", pen_up=False), polls=False)
            return _reconnected(session, trouble)


def _refused_line(session: PlotSession, code: int, tag: int | None) -> int | None:
    """Return the line that an error concerns: not the one counted, if that cannot cause it, since a reply was lost."""
    line = None if tag is None else session.job.lines[tag]
    if tag is None or line is None or code != NO_FEED or line.is_draw or line.is_lowering:
        return tag
    session.say("that line cannot cause this error: a line before it may be lost", "warning")
    doubtful = session.evidence.unproven(session.checked[0], tag + 1)
    return tag if doubtful is None else doubtful


def _behind_a_door(session: PlotSession, trouble: LinkError) -> int:
    """Wait for the door: while it is open nothing can move; afterwards the controller continues where it was."""
    closed = PromptChoice("go-on", "it is closed: go on")
    while True:
        ask(session, question(session, trouble, (closed, pen_change.STOP), "go-on", pen_up=False))
        if session.link.resume_motion():
            return session.next
        session.say("the controller still reports an open door", "warning")


def _count(session: PlotSession) -> None:
    """Count recoveries without progress in between. Raises Ended after too many."""
    times, line = session.failures
    session.failures = (times + 1, session.acked) if session.acked == line else (1, session.acked)
    if session.failures[0] > MOST_FAILURES:
        session.say(f"more than {MOST_FAILURES} faults in a row at this line; stopped", "error")
        raise Ended("aborted")


def _paused_at_once(session: PlotSession) -> int:
    """Stop the controller and discard its buffer: in a hold the pen would stay down and nothing could move."""
    session.link.stop()
    position = stopped_position(session)
    come_to_rest(session, position)
    pen_change.pause(session, f"stopped within stroke {session.finished + 1} of {session.job.strokes}, and parked")
    return go_on(session, position)


def _ask_on(session: PlotSession, trouble: LinkError, position: JobPosition, tag: int | None, default: str = "") -> int:
    """With a valid position: lift the pen, park, and ask a person how to continue."""
    come_to_rest(session, position)
    concerned = position.line if tag is None else min(tag, position.line)
    choices = continuing.choices(session, position, concerned)
    keys = [choice.key for choice in choices]
    prompt = question(session, trouble, choices, default or ("redo" if tag is not None and "redo" in keys else keys[0]))
    choice, _ = ask(session, prompt)
    return apply_choice(session, choice, position, concerned)


def _after_unclear_reply(session: PlotSession, unclear: UnclearReply) -> int:
    """Let the controller finish its lines. Continue if all are acknowledged and the head is where it should be."""
    if unclear.text:
        session.link.accept()
    missing = session.link.settle()
    place = session.link.place()[:2]
    expected = session.job.place_before(session.next)
    there = expected is not None and locate.near(expected, place)
    if unclear.text and len(unclear.text.strip()) <= 3 and missing == 0 and there:  # an error reply is longer
        session.say("all other lines were acknowledged and the pen is where it should be: continues", "warning")
        return session.next
    if not unclear.text and session.job.protocol == "grbl":
        return _after_missing_reply(session, unclear, there)
    position = JobPosition(session.next, place, exact=there)
    return _ask_on(session, unclear, position, unclear.tag)


def _after_missing_reply(session: PlotSession, unclear: UnclearReply, there: bool) -> int:
    """Continue where the reports show which lines were executed; else ask.

    A line that was sent alone is lost if the head still rests where it began. Of many lines, the positions reported
    meanwhile prove most.
    """
    place, tag = session.link.place()[:2], unclear.tag
    if session.link.waits and tag is not None and tag == session.next - 1:
        line, before = session.job.lines[tag], session.job.place_before(tag)
        if not there and before is not None and locate.near(before, place) and (line.is_draw or line.is_travel):
            session.say("a line was lost, and nothing was sent after it: it is repeated", "warning")
            return tag
    take_evidence(session)
    doubtful = session.evidence.unproven(session.checked[0], session.next)
    if there and doubtful is None:
        session.say("one reply was lost, but reports show that no stroke is missing: continues", "warning")
        return session.next
    position = JobPosition(session.next, place, exact=there)
    return _ask_on(session, unclear, position, session.checked[0] if doubtful is None else doubtful)


def _reconnected(session: PlotSession, trouble: LinkError) -> int:
    """Try to open the port until it works. Without a reset the controller has executed all lines that reached it."""
    link = session.link
    link.port.close()
    while True:
        obey_end(session)
        pass_time(link.port, REOPEN_S)
        session.report("recovering")
        try:
            reconnect(session)
            break
        except (OSError, PortError, Silent, CableOut):
            continue
    if session.greeting.reset:
        return _lost(session, trouble)
    if has_restarted(session):
        session.say("the controller has restarted meanwhile: its modes are those after a reset", "warning")
        return _lost(session, trouble)
    position = position_at_rest(session, session.acked, session.next)
    if not position.exact:  # it restarted unnoticed, or was moved
        return _lost(session, trouble)
    come_to_rest(session, position)
    session.say("the controller was not reset: its position is valid")
    return go_on(session, position)


def _lost(session: PlotSession, trouble: LinkError) -> int:
    """With the position lost: lift the pen, ask where the machine is, and draw the stroke again from its start."""
    at_rest = session.rest
    if session.journal:
        session.journal.lost(fault(session, trouble).meaning)
    if session.link.status.state == "Alarm":
        session.link.run(["$X"])
    raise_pen(session, kept=False)
    find_origin(session, fresh=False, cause=fault(session, trouble), rest=at_rest)
    return after_loss(session, last_position(session, at_rest, None))


def abandon(session: PlotSession, outcome: str) -> None:
    """End the plot so that it can be resumed: stop, lift the pen, park. After an emergency only lift the pen."""
    if outcome == "emergency":
        session.link.reset()
        if session.journal:
            session.journal.lost("emergency stop")
        if session.job.setup.lift_kind != "z":
            raise_pen(session, kept=False)
        return
    if session.rest is not None:
        return
    session.link.stop()
    come_to_rest(session, stopped_position(session))

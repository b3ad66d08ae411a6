"""After something went wrong: bring the machine to rest with the pen up, find out what is known, ask, and go on.

The order is always the same: stop; lift; park if the position holds; say; ask; then modes and offsets anew, pen up on
the way, and on from a line that is told. Nothing is sent after an error until a person has answered.
"""

from typing import TYPE_CHECKING

from hardware.job import locate
from hardware.job.locate import Spot
from hardware.plotting import pen_change
from hardware.plotting.continuing import chosen, ways
from hardware.plotting.endings import Ended, PauseNow
from hardware.plotting.events import Choice
from hardware.plotting.messages import fault, question
from hardware.plotting.origin import after_loss, find_origin, last_spot
from hardware.plotting.parking import found_at_rest, go_on, raise_pen, rest, stopped
from hardware.wire.link_errors import (
    Alarmed,
    CableOut,
    Doubt,
    Halted,
    LineRefused,
    LinkError,
    Restarted,
    Silent,
)
from hardware.wire.port import PortError, pass_time

if TYPE_CHECKING:
    from hardware.plotting.plot import Plot

REOPEN_S = 0.5
MOST_FAILURES = 5
LOSES_PLACE = {1, 3, 6, 7, 8, 9, 10}  # alarms after which the position is not to be trusted


def recover(plot: "Plot", trouble: LinkError | PauseNow) -> int:
    """The line from which to go on. Raises Ended, and LinkError where that happens meanwhile."""
    if isinstance(trouble, PauseNow):
        return _paused_at_once(plot)
    plot.control.emit(fault(plot, trouble))
    _count(plot)
    match trouble:
        case LineRefused(_, tag, _):
            plot.link.stop()
            spot = stopped(plot)
            return _ask_on(plot, trouble, spot, tag)
        case Alarmed(code):
            plot.link.stop(alarmed=True)
            if code in LOSES_PLACE:
                return _lost(plot, trouble)
            return _ask_on(plot, trouble, stopped(plot), None, default="abort" if code == 2 else "")
        case Doubt():
            return _doubted(plot, trouble)
        case Restarted():
            plot.greeting = plot.link.greet()
            return _lost(plot, trouble)
        case Halted("Hold"):  # a button at the machine; a hold would keep the pen down
            plot.link.stop()
            return _ask_on(plot, trouble, stopped(plot), None)
        case Halted("Door"):
            return _behind_a_door(plot, trouble)
        case Halted():
            plot.link.stop(alarmed=True)
            return _lost(plot, trouble)
        case CableOut():
            return _reconnected(plot, trouble)
        case _:
            again = Choice("retry", "try again")
            plot.ask(question(plot, trouble, (again, pen_change.STOP), "retry", pen_up=False), polls=False)
            return _reconnected(plot, trouble)


def _behind_a_door(plot: "Plot", trouble: LinkError) -> int:
    """Behind an open door nothing can be done; once it is closed the controller itself goes on where it was."""
    closed = Choice("go-on", "it is closed: go on")
    plot.ask(question(plot, trouble, (closed, pen_change.STOP), "go-on", pen_up=False))
    plot.link.go_on()
    return plot.next


def _count(plot: "Plot") -> None:
    """A recovery that fails again and again, with nothing drawn in between, is given up."""
    times, line = plot.failures
    plot.failures = (times + 1, plot.acked) if plot.acked == line else (1, plot.acked)
    if plot.failures[0] > MOST_FAILURES:
        plot.say("it goes wrong again and again at this place; stopped", "error")
        raise Ended("aborted")


def _paused_at_once(plot: "Plot") -> int:
    """A hold would keep the pen down and carry out nothing, so the controller is stopped and its store thrown away."""
    plot.link.stop()
    spot = stopped(plot)
    rest(plot, spot)
    pen_change.pause(plot, f"stopped within stroke {plot.finished + 1} of {plot.job.strokes}, and parked")
    return go_on(plot, spot)


def _ask_on(plot: "Plot", trouble: LinkError, spot: Spot, tag: int | None, default: str = "") -> int:
    """The position holds: pen up, parked; then a person says how to go on."""
    rest(plot, spot)
    concerned = spot.line if tag is None else min(tag, spot.line)
    choices = ways(plot, spot, concerned)
    keys = [choice.key for choice in choices]
    prompt = question(plot, trouble, choices, default or ("redo" if tag is not None and "redo" in keys else keys[0]))
    choice, _ = plot.ask(prompt)
    return chosen(plot, choice, spot, concerned)


def _doubted(plot: "Plot", doubt: Doubt) -> int:
    """Lets the controller finish what it has. If all is answered and the head is where it should be, it goes on."""
    if doubt.text:
        plot.link.accept()
    missing = plot.link.settle()
    x, y, _ = plot.link.place()
    place = (x, y)
    expected = plot.job.place_before(plot.next)
    there = expected is not None and locate.near(expected, place)
    if doubt.text and len(doubt.text.strip()) <= 3 and missing == 0 and there:  # an error is told in more letters
        plot.say("every other line was answered, and the pen is where it should be: goes on", "warning")
        return plot.next
    spot = Spot(plot.next, place, exact=there)
    return _ask_on(plot, doubt, spot, doubt.tag if doubt.text else plot.checked[0])


def _reconnected(plot: "Plot", trouble: LinkError) -> int:
    """Opens the port until that works. Without a reset all that reached the controller has been carried out."""
    link = plot.link
    link.port.close()
    while True:
        _ended(plot)
        pass_time(link.port, REOPEN_S)
        try:
            plot.reopen()
            break
        except (OSError, PortError, Silent, CableOut):
            continue
    if plot.greeting.reset:
        return _lost(plot, trouble)
    spot = found_at_rest(plot, plot.acked, plot.next)
    if not spot.exact:  # it restarted unheard, or was moved
        return _lost(plot, trouble)
    rest(plot, spot)
    plot.say("the controller was not reset: its position holds")
    return go_on(plot, spot)


def _ended(plot: "Plot") -> None:
    """Commands that make sense without a controller."""
    while (command := plot.control.take()) is not None:
        if command.name in {"abort", "emergency"}:
            raise Ended("aborted" if command.name == "abort" else "emergency")


def _lost(plot: "Plot", trouble: LinkError) -> int:
    """The position is not known: pen up; a person says where the machine is; then the stroke again from its start."""
    at_rest = plot.rest
    if plot.journal:
        plot.journal.lost(fault(plot, trouble).meaning)
    if plot.link.status.state == "Alarm":
        plot.link.run(["$X"])
    raise_pen(plot, kept=False)
    find_origin(plot, fresh=False, told=fault(plot, trouble), rest=at_rest)
    return after_loss(plot, last_spot(plot, at_rest, None))


def abandon(plot: "Plot", outcome: str) -> None:
    """Ends such that it can be resumed: stopped, pen up, parked. After an emergency only the pen is lifted."""
    if outcome == "emergency":
        plot.link.reset()
        if plot.journal:
            plot.journal.lost("emergency stop")
        if plot.job.setting.lift_kind != "z":
            raise_pen(plot, kept=False)
        return
    if plot.rest is not None:
        return
    plot.link.stop()
    rest(plot, stopped(plot))

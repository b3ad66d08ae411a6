"""What comes before the first line: the port, who answers on it, the journal, the guard, the check run."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from hardware.job.gcode_job import JobError
from hardware.plotting import preflight
from hardware.plotting.endings import Ended
from hardware.plotting.events import Connected, Note
from hardware.plotting.journal import Journal
from hardware.plotting.messages import fault
from hardware.plotting.pen_guard import Guard
from hardware.wire.grbl import Grbl
from hardware.wire.link import Greeting, Link
from hardware.wire.link_errors import LinkError, Silent
from hardware.wire.marlin import Marlin

if TYPE_CHECKING:
    from hardware.plotting.plot import Plot


def connect(plot: "Plot") -> Link:
    port = plot.open_port()
    link: Link = Marlin(port) if plot.job.dialect == "marlin" else Grbl(port, waits=plot.options.waits)
    _watch(plot, link)
    try:
        plot.greeting = _greeted(link)
    except BaseException:
        port.close()
        raise
    return link


def _greeted(link: Link) -> Greeting:
    """A board with USB of its own says nothing before it sees the line DTR, which is left alone at first."""
    try:
        return link.greet()
    except Silent:
        wake = getattr(link.port, "wake", None)
        if wake is None:
            raise
        wake()
        return link.greet()


def _watch(plot: "Plot", link: Link) -> None:
    link.on_ack = plot.on_ack
    link.on_info = lambda text: plot.control.emit(Note(text))
    plot.control.on_emergency(link.emergency)


def open_journal(plot: "Plot", path: Path | None, make: Callable[..., Journal]) -> Journal | None:
    if path is None:
        return None
    try:
        return make(path, plot.link.port.now, lambda text: plot.say(text, "warning"), anew=False)
    except BaseException:
        plot.link.port.close()
        raise


def introduce(plot: "Plot") -> None:
    greeting = plot.greeting
    plot.control.emit(Connected(plot.options.port_name, greeting.firmware, greeting.buffer_bytes, greeting.reset))
    faults, notes = preflight.check(plot.job, greeting)
    if faults:
        plot.link.port.close()
        raise JobError("\n".join(faults))
    for note in (*plot.job.notes, *notes):
        plot.say(note, "warning")


def guarded(plot: "Plot") -> Guard | None:
    """A small process that lifts the pen should this one be killed."""
    number = getattr(plot.link.port, "fileno", lambda: None)()
    if plot.options.guards and number is not None and plot.job.dialect == "grbl":
        return Guard(number, plot.job.setting.lift, plot.journal_path)
    return None


def check_run(plot: "Plot") -> None:
    """All lines through the controller's own parser, in check mode, in which nothing moves."""
    plot.say("checking all lines in the controller's check mode")
    plot.link.run(["$C"])
    try:
        for line in plot.job.lines:
            plot.link.run([line.text])
    except LinkError as trouble:
        plot.control.emit(fault(plot, trouble))
        plot.link.stop(alarmed=True)
        raise Ended("aborted") from None
    plot.link.stop(alarmed=True)
    plot.say(f"the controller takes all {len(plot.job.lines)} lines")

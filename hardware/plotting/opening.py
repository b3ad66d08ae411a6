"""What comes before the first line: the port, the greeting, the journal, the guard, the check run."""

from dataclasses import replace
from pathlib import Path

from hardware.job.gcode_job import JobError
from hardware.plotting import preflight
from hardware.plotting.asking import ask
from hardware.plotting.events import Connected, Note, Prompt, PromptChoice
from hardware.plotting.journal import Journal
from hardware.plotting.messages import fault
from hardware.plotting.pen_guard import PenGuard
from hardware.plotting.session import Ended, PlotSession
from hardware.wire.grbl import Grbl
from hardware.wire.link import Greeting, Link
from hardware.wire.link_errors import LinkError, Silent
from hardware.wire.marlin import Marlin
from hardware.wire.port import Port

STOP = PromptChoice("abort", "stop here; nothing is drawn")


def connect(session: PlotSession) -> None:
    """Open the port and greet the controller. Raises PortError, OSError and LinkError, with the port closed."""
    port = session.open_port()
    link = _link(session, port)
    link.on_ack = session.on_ack
    link.on_info = lambda text: session.control.emit(Note(text))
    session.control.on_emergency(link.emergency)
    try:
        session.greeting = _greeted(link)
    except BaseException:
        port.close()
        raise
    session.link = link


def _link(session: PlotSession, port: Port) -> Link:
    match session.job.protocol:
        case "grbl":
            return Grbl(port, waits=session.options.waits)
        case "marlin":
            return Marlin(port)
    raise JobError(f"a {session.job.dialect} controller runs files by itself")


def reconnect(session: PlotSession) -> None:
    """Open the port again after the cable was unplugged. Raises PortError, OSError and LinkError."""
    if session.guard:
        session.guard.dismiss()
    connect(session)
    session.guard = start_guard(session)


def _greeted(link: Link) -> Greeting:
    """Greet the controller. A board with native USB stays silent until DTR is raised, which is tried second."""
    try:
        return link.greet()
    except Silent:
        wake = getattr(link.port, "wake", None)
        if wake is None:
            raise
        wake()
        return link.greet()


def open_journal(session: PlotSession, path: Path | None) -> None:
    """Open the journal, if there is one. Raises JournalError, with the port closed."""
    session.journal_path = path
    if path is None:
        return
    try:
        session.journal = Journal.open(path, session.link.port.now, lambda text: session.say(text, "warning"))
    except BaseException:
        session.link.port.close()
        raise


def report_connection(session: PlotSession) -> None:
    """Report the controller that answered and check the job against it.

    Raises JobError, with the port closed, LinkError, and Ended where a person leaves a dangerous setting as it is.
    """
    greeting = session.greeting
    session.control.emit(Connected(session.options.port_name, greeting.firmware, greeting.buffer_bytes, greeting.reset))
    for cure in preflight.cures(session.job, greeting):
        offer(session, cure)
    faults, notes = preflight.check(session.job, session.greeting)
    if faults:
        session.link.port.close()
        raise JobError("\n".join(faults))
    for note in (*session.job.notes, *notes):
        session.say(note, "warning")


def offer(session: PlotSession, cure: preflight.Cure) -> None:
    """Ask whether a setting may be changed, change it, and check that it is changed. Raises Ended and JobError."""
    change = f"${cure.number}={cure.value:g}"
    yes = PromptChoice("set", f"set {change} now; the controller keeps it")
    ask(session, Prompt(0, "setting", f"set {change} now?", cure.why, (yes, STOP), ""))
    settings = session.link.change_setting(cure.number, cure.value)
    session.greeting = replace(session.greeting, settings=settings)
    if settings.get(cure.number) != cure.value:
        session.link.port.close()
        raise JobError(f"{cure.why} The controller has not taken {change}; set it with the board's own program")
    session.say(f"the controller now has {change}")


def start_guard(session: PlotSession) -> PenGuard | None:
    """Start a small process that lifts the pen if this one is killed; None where that is impossible."""
    number = getattr(session.link.port, "fileno", lambda: None)()
    if session.options.guards and number is not None and session.job.protocol == "grbl":
        return PenGuard(number, session.job.setup.lift, session.journal_path)
    return None


def check_run(session: PlotSession) -> None:
    """Send all lines to the controller in check mode, in which nothing moves. Raises Ended if it refuses one."""
    session.say("checking all lines in the controller's check mode")
    session.link.run(["$C"])
    try:
        for line in session.job.lines:
            session.link.run([line.text])
    except LinkError as trouble:
        session.control.emit(fault(session, trouble))
        session.link.stop(alarmed=True)
        raise Ended("aborted") from None
    session.link.stop(alarmed=True)
    session.say(f"the controller accepts all {len(session.job.lines)} lines")

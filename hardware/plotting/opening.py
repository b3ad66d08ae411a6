"""What comes before the first line: the port, the greeting, the journal, the guard, the check run."""

from dataclasses import replace
from pathlib import Path

from hardware.job.gcode_job import JobError
from hardware.plotting import preflight
from hardware.plotting.asking import ask, obey_end
from hardware.plotting.events import Connected, Prompt, PromptChoice
from hardware.plotting.journal import Journal
from hardware.plotting.messages import HALTS, fault
from hardware.plotting.pen_guard import PenGuard
from hardware.plotting.session import Ended, PlotSession
from hardware.wire.ebb import Ebb
from hardware.wire.grbl import Grbl
from hardware.wire.hpgl_link import Hpgl
from hardware.wire.line_port import POLL_S
from hardware.wire.link import Greeting, Link
from hardware.wire.link_errors import LinkError, Silent, TooOld
from hardware.wire.marlin import Marlin
from hardware.wire.port import Port, PortError

READY, MOVING = {"Idle", "Alarm"}, {"Run", "Jog", "Home"}
STOP = PromptChoice("abort", "stop here; nothing is drawn")


def connect(session: PlotSession) -> None:
    """Open the port and greet the controller. Raises PortError, OSError and LinkError, with the port closed."""
    port = session.open_port()
    link = _link(session, port)
    link.on_ack = session.on_ack
    link.on_info = session.heard.take
    link.on_note = session.say
    link.on_poll = session.beat
    session.control.on_emergency(link.emergency)
    before, session.link = getattr(session, "link", None), link
    try:
        session.greeting = _greeted(link)
    except BaseException:
        port.close()
        session.link = before or link
        raise


def _link(session: PlotSession, port: Port) -> Link:
    match session.job.protocol:
        case "grbl":
            return Grbl(port, waits=session.options.waits)
        case "marlin":
            return Marlin(port)
        case "ebb" if session.job.setup.ebb is not None:
            return Ebb(port, session.job.setup.ebb)
        case "hpgl" if session.job.setup.hpgl is not None:
            return Hpgl(port, session.job.setup.hpgl)
    raise JobError(f"a {session.job.dialect} controller runs files by itself")


def reconnect(session: PlotSession) -> None:
    """Open the port again after the cable was unplugged. Raises PortError, OSError and LinkError."""
    if session.guard:
        session.guard.dismiss()
    connect(session)
    make_ready(session, resumes=True)
    session.guard = start_guard(session)


def _greeted(link: Link) -> Greeting:
    """Greet the controller. A board with native USB stays silent until DTR is raised, which is tried second."""
    try:
        return link.greet()
    except TooOld as old:
        raise PortError(str(old)) from None
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


def report_connection(session: PlotSession, *, resumes: bool = False) -> None:
    """Report the controller that answered and check the job against it.

    Raises JobError, with the port closed, LinkError, and Ended where a person leaves a dangerous setting as it is.
    """
    greeting = session.greeting
    session.control.emit(Connected(session.options.port_name, greeting.firmware, greeting.buffer_bytes, greeting.reset))
    make_ready(session, resumes=resumes)
    for cure in preflight.cures(session.job, session.greeting):
        offer(session, cure)
    faults, notes = preflight.check(session.job, session.greeting, homes=session.options.homes and not resumes)
    if faults:
        session.link.port.close()
        raise JobError("\n".join(faults))
    for note in (*session.job.notes, *notes):
        session.say(note, "warning")


def make_ready(session: PlotSession, *, resumes: bool) -> None:
    """Bring a controller that is neither idle nor locked to that state. Raises Ended and LinkError.

    It waits for motion to end. It asks a person about a hold, an open door, sleep and check mode, since somebody may
    have wanted that; only a plot that is resumed resets a hold by itself, which keeps the position.
    """
    link, asleep, is_late = session.link, False, False
    while (state := link.status.state) not in READY:
        is_late = True
        if state in MOVING:
            _wait_for_rest(session)
            continue
        asleep = asleep or state == "Sleep"
        if resumes and state == "Hold":
            session.say("the controller was in a hold; it is reset, which keeps its position", "warning")
            link.stop(alarmed=True)
        else:
            _released(session, state)
    if is_late:
        session.greeting = link.identify(reset=asleep)


def _wait_for_rest(session: PlotSession) -> None:
    session.say("the machine is moving; the plot begins once it has stopped")
    while session.link.status.state in MOVING:
        obey_end(session)
        session.link.poll(POLL_S)
        session.report("connecting")


def _released(session: PlotSession, state: str) -> None:
    """Ask how to leave this state, and try it."""
    why, remedy = HALTS.get(state, ("the controller is not ready", "reset it"))
    reset = PromptChoice("reset", "reset the controller: what it was doing is discarded")
    go_on = PromptChoice("go-on", "release it: it finishes what it was doing")
    choices = (reset, *((go_on,) if state in {"Hold", "Door"} else ()), STOP)
    text = f"{why}; {remedy}"
    choice, _ = ask(
        session, Prompt(0, "state", f"the controller is not ready: {state}", text, choices, "", pen_up=False)
    )
    if choice == "reset":
        session.link.stop(alarmed=True)
    elif not session.link.resume_motion():
        session.say("the controller is still held; is the door open?", "warning")


def offer(session: PlotSession, cure: preflight.Cure) -> None:
    """Ask whether a setting may be changed, change it, and check that it is changed. Raises Ended and JobError."""
    change = f"${cure.number}={cure.value:g}"
    yes = PromptChoice("set", f"set {change} now; the controller keeps it")
    ask(session, Prompt(0, "setting", f"set {change} now?", cure.why, (yes, STOP), "", pen_up=False))
    settings = session.link.change_setting(cure.number, cure.value)
    session.greeting = replace(session.greeting, settings=settings)
    if settings.get(cure.number) != cure.value:
        session.link.port.close()
        raise JobError(f"{cure.why} The controller has not taken {change}; set it with the board's own program")
    session.say(f"the controller now has {change}")


def start_guard(session: PlotSession) -> PenGuard | None:
    """Start a small process that lifts the pen if this one is killed; None where that is impossible."""
    number = getattr(session.link.port, "fileno", lambda: None)()
    if not session.options.guards or number is None:
        return None
    if session.job.protocol == "grbl":
        return PenGuard(number, session.job.setup.lift, session.journal_path)
    if session.job.setup.ebb is not None:
        down = (str(session.job.setup.ebb.down),)
        return PenGuard(number, down, session.journal_path, "hardware.plotting.ebb_guard")
    if session.job.setup.hpgl is not None:
        return PenGuard(number, ("PU;",), session.journal_path, "hardware.plotting.hpgl_guard")
    return None


def check_run(session: PlotSession) -> None:
    """Send all lines to the controller in check mode, in which nothing moves. Raises Ended if it refuses one."""
    if session.job.protocol != "grbl":
        session.say(f"{session.job.dialect} controllers have no check mode, so nothing was checked ahead", "warning")
        return
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

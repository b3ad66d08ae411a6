"""Moves a machine outside a plot, with the session and the link of a plot: home, jog, park, pen up and down, a test.

Each move opens the port, looks at the state of the controller, moves, and closes the port. A plot that runs keeps the
port to itself.
"""

from dataclasses import dataclass

from hardware.job.gcode_job import GcodeJob
from hardware.job.variants import selected
from hardware.plotting import opening, pen_change
from hardware.plotting.control import Control
from hardware.plotting.events import PlotEvent, PlotFault, Prompt
from hardware.plotting.messages import fault
from hardware.plotting.move_names import WITHOUT_POSITION, MoveName
from hardware.plotting.parking import raise_pen
from hardware.plotting.plot import Plot
from hardware.plotting.session import PlotOptions, PlotSession
from hardware.wire.link_errors import LineRefused, LinkError, Silent
from hardware.wire.port import Opener

JOG_MM_MIN = 3000.0
LOST = "the position may be lost; home the machine first, or move the pen by hand to {zero} and set the origin there"


class SteeringError(Exception):
    """A move that the machine cannot make now. `is_lost`: its position may be lost."""

    def __init__(self, why: str, *, is_lost: bool = False) -> None:
        super().__init__(why)
        self.is_lost = is_lost


@dataclass(frozen=True)
class MachineMove:
    """A move, with the numbers that it takes."""

    name: MoveName
    x_mm: float = 0.0  # of a jog
    y_mm: float = 0.0
    part: int = 0  # whose pen is lowered or tested, from 0


def make_move(move: MachineMove, job: GcodeJob, open_port: Opener, control: Control, *, is_lost: bool = False) -> str:
    """Make a move and return what was done, for people. `is_lost`: nobody knows where the machine is.

    Raises SteeringError with the reason, PortError and JobError.
    """
    session = PlotSession(job, open_port, control, PlotOptions())
    try:
        if move.name in {"outline", "air"}:
            _check_position(job, move, is_lost=is_lost)
            return _run(selected(job, outline=move.name == "outline", air=move.name == "air"), open_port, control)
        opening.connect(session)
        try:
            session.link.work_offset()  # a new link does not know it yet
            _check_state(session, move)
            _check_position(job, move, is_lost=is_lost or session.greeting.reset)
            return _made(session, move, is_lost=is_lost or session.greeting.reset)
        finally:
            control.on_emergency(None)
            session.link.port.close()
    except LineRefused as refused:
        raise SteeringError(f"the controller refuses that move (error:{refused.code})") from None
    except Silent as silent:
        raise SteeringError(f"nothing answers on the port within {silent.seconds:.0f} s; is it switched on?") from None
    except LinkError as trouble:
        found = fault(session, trouble)
        raise SteeringError(f"{found.meaning}; {found.remedy}", is_lost=True) from None


def _check_state(session: PlotSession, move: MachineMove) -> None:
    """Raise SteeringError if the state of the controller does not allow the move."""
    state = session.link.status.state
    if state == "Alarm" and move.name not in WITHOUT_POSITION:
        zero = session.job.setup.zero_text
        raise SteeringError(f"the controller is locked (alarm): {LOST.format(zero=zero)}", is_lost=True)
    if state not in opening.READY:
        raise SteeringError(f"the controller is not ready ({state}); wait until the machine is at rest, or reset it")


def _check_position(job: GcodeJob, move: MachineMove, *, is_lost: bool) -> None:
    if is_lost and move.name not in WITHOUT_POSITION:
        raise SteeringError(LOST.format(zero=job.setup.zero_text), is_lost=True)


def _made(session: PlotSession, move: MachineMove, *, is_lost: bool) -> str:
    link, setup = session.link, session.job.setup
    is_locked = link.status.state == "Alarm"
    if move.name == "home":
        return _homed(session, is_lost=is_lost, is_locked=is_locked)
    if is_locked:
        link.run(["$X"])
    if move.name == "origin":
        link.set_origin(0.0, 0.0, 0.0 if setup.lift_kind == "z" else None)
        if session.job.protocol == "ebb":  # it notes that its position is known once it moves
            raise_pen(session)
            link.jog(1.0, 0.0, 0.0, JOG_MM_MIN)
            link.jog(-1.0, 0.0, 0.0, JOG_MM_MIN)
        return f"the machine is at its origin: {setup.zero_text}"
    raise_pen(session, kept=not is_lost)
    match move.name:
        case "jog":
            _jogged(session, move)
        case "park":
            session.park()
        case "pen_down":
            link.run(pen_change.lower(session, _first_down(session.job, move.part)))
        case "test":
            place = pen_change.test_place(session.job, move.part)
            if place is None:
                raise SteeringError("the margin of this sheet has no place for a test stroke")
            pen_change.test_stroke(session, move.part, place)
    link.finish()
    x, y, _ = link.place()
    return f"done; the pen is at x {x:.1f}, y {y:.1f} mm"


def _homed(session: PlotSession, *, is_lost: bool, is_locked: bool) -> str:
    setup, zero = session.job.setup, session.job.setup.zero_text
    by_hand = f"move the pen by hand to {zero} and set the origin there"
    if session.job.protocol == "grbl" and not session.greeting.settings.get(22):
        raise SteeringError(f"this machine has no homing switches ($22=0); {by_hand}", is_lost=is_lost)
    if session.job.protocol == "ebb" and is_lost:
        raise SteeringError(f"this board has no homing switches; {by_hand}", is_lost=True)
    if not is_locked and setup.lift_kind != "z":
        raise_pen(session)
    session.link.home()
    return "the machine is homed"


def _jogged(session: PlotSession, move: MachineMove) -> None:
    """Jog within the bed. Raises SteeringError beyond it."""
    session.link.finish()
    x, y, _ = session.link.place()
    left, bottom, right, top = session.job.setup.bed_mm
    if not (left <= x + move.x_mm <= right and bottom <= y + move.y_mm <= top):
        raise SteeringError(
            f"x {x + move.x_mm:.1f}, y {y + move.y_mm:.1f} is not on the bed, which reaches from {left:g}, {bottom:g}"
            f" to {right:g}, {top:g} mm"
        )
    session.link.jog(move.x_mm, move.y_mm, 0.0, min(JOG_MM_MIN, session.job.setup.travel_mm_min))


def _first_down(job: GcodeJob, part: int) -> int:
    """The first line of this part that needs the pen down."""
    down = [at for at, line in enumerate(job.lines) if line.down and not line.is_lowering]
    return next((at for at in down if job.lines[at].part == part), down[0] if down else len(job.lines) - 1)


def _run(job: GcodeJob, open_port: Opener, control: Control) -> str:
    """Run the job with the pen up. A question ends it, because outside a plot nobody waits for one."""
    asked: list[str] = []

    def observe(event: PlotEvent) -> None:
        if isinstance(event, Prompt):
            asked.append(f"{event.title}. {event.text}")
            control.answer(event.id, "abort")
        elif isinstance(event, PlotFault):
            asked.append(f"{event.meaning}; {event.remedy}")

    control.watch(observe)
    try:
        end = Plot(job, open_port, control, None, PlotOptions(asks_for_pens=False)).run()
    finally:
        control.unwatch(observe)
    if end.outcome == "done":
        return f"{job.title}: done, pen up and parked"
    why = asked[0] if asked else "stopped; the pen is up"
    raise SteeringError(why, is_lost=end.outcome == "emergency" or "where is the machine" in why)

"""Brings the machine to rest, pen up and parked, and finds where in the job it stopped."""

from hardware.job import locate
from hardware.job.locate import JobPosition
from hardware.plotting import pen_change
from hardware.plotting.session import PlotSession


def stopped_position(session: PlotSession) -> JobPosition:
    """Return where in the job the controller stopped, with its position kept."""
    return locate.stopped_at(session.job, session.acked, session.next, session.drawing_place())


def raise_pen(session: PlotSession, *, kept: bool = True) -> None:
    """Raise the pen. A Z axis whose position is lost moves up by the lowering distance, unless it was up at rest."""
    setup = session.job.setup
    session.link.run(setup.header)
    if kept or setup.lift_kind != "z":
        session.link.run(setup.lift)
    elif session.rest is None:
        session.link.jog(0.0, 0.0, setup.lower, pen_change.NUDGE_MM_MIN)


def come_to_rest(session: PlotSession, position: JobPosition) -> None:
    """Raise the pen, restore the offsets, park, and record the position."""
    session.finished = session.job.finished_before(position.line)
    if session.journal:  # known from here on, whatever happens on the way
        session.journal.stop(position.line, *position.place, kept=True, parked=False)
    raise_pen(session)
    x, y, z = session.nudge
    z = z if session.job.setup.lift_kind == "z" else 0.0
    if x or y or z:
        session.link.unshift()
        session.link.shift(x, y, z)
    session.park()
    session.rest = (position.line, *session.job.setup.park_mm)
    if session.journal:
        session.journal.stop(position.line, *position.place, kept=True)


def lift_and_park(session: PlotSession, *, at_end: bool = False) -> None:
    """Finish all motion, lift the pen, park, wait for rest, and record the position."""
    session.link.finish()
    session.mark_executed(session.acked)
    session.link.run(session.job.setup.lift)
    session.park(at_end=at_end)
    x, y, _ = session.link.place()
    session.rest = (session.next, x, y)
    if session.journal:
        session.journal.rest(*session.rest)


def position_at_rest(session: PlotSession, acked: int, sent: int, down: bool | None = None) -> JobPosition:
    """Return the next line for a controller that has executed some of the lines sent to it."""
    session.link.settle()
    if session.link.reach is not None:  # the others wait in this program, or waited in one that was killed
        sent = min(sent, acked + session.link.reach)
    session.link.work_offset()  # a new link does not know it yet
    x, y, z = session.link.place()
    found: tuple[JobPosition, JobPosition] | None = None
    # the offset of this pen is in force, unless a reset has cancelled it
    for off_x, off_y, off_z in dict.fromkeys(((0.0, 0.0, 0.0), session.nudge)):
        place = (x - off_x, y - off_y)
        if session.rest and locate.near(place, session.rest[1:]):
            return JobPosition(session.rest[0], session.job.place_before(session.rest[0]) or place)
        was_down = is_pen_down(session, z + session.nudge[2] - off_z, session.link.status.spindle)
        found = locate.at_rest(session.job, acked, sent, place, was_down if down is None else down)
        if found[0].exact:
            break
    assert found is not None
    first, last = found
    if first.line != last.line and session.job.finished_before(last.line) > session.job.finished_before(first.line):
        stroke = session.job.lines[first.line].stroke + 1
        session.say(f"stroke {stroke} may not be finished; it is drawn again to be safe", "warning")
    return first


def take_evidence(session: PlotSession) -> None:
    """Note what the last report proves: which lines are executed. Links whose acknowledgements say so need no proof."""
    if session.link.acks_executed:
        return
    x, y, z = session.link.place()
    status = session.link.status
    down = is_pen_down(session, z + session.nudge[2], status.spindle)
    session.evidence.take((x, y), down, session.acked, session.next, rests=status.state == "Idle")
    if session.evidence.in_step_at > session.checked[0]:
        session.checked = (session.evidence.in_step_at, session.checked[1])


def has_restarted(session: PlotSession) -> bool:
    """Whether the controller's modes are those after a reset, although its banner was not heard.

    After a reset the spindle is off, which status reports show too (interface.md, FS), and no feed is set (commands.md,
    $G), while a plot leaves a servo powered, and a feed once it has drawn.
    """
    job, acked = session.job, session.acked
    is_powered = job.setup.lift_kind == "servo" and any(text.startswith("M3") for text in job.setup.lift)
    if is_powered and session.link.status.spindle == 0:
        return True
    modes = session.link.modes()
    if not modes:
        return False
    if is_powered:
        return modes.get("S") == 0 or "M5" in modes
    drew = session.rest is None and acked > 0 and job.lines[acked - 1].feed_mm_min > 0
    return drew and modes.get("F") == 0


def is_pen_down(session: PlotSession, z_mm: float, spindle: float | None) -> bool | None:
    """Return whether the pen is down according to a report; None if the report does not show that.

    `z_mm` is in work coordinates without the pen's own offset.
    """
    setup = session.job.setup
    value = z_mm - session.nudge[2] if setup.lift_kind == "z" else spindle
    if setup.lift_kind == "relay" or value is None or not setup.lower:
        return None
    share = (setup.up - value) / setup.lower
    return None if setup.lift_kind == "servo" and value == 0 else share > 0.4

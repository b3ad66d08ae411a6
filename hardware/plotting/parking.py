"""Brings the machine to rest with the pen up and parked, and finds out where in the job it stopped."""

from hardware.job import locate
from hardware.job.locate import Spot
from hardware.plotting import pen_change
from hardware.plotting.session import PlotSession


def stopped(session: PlotSession) -> Spot:
    """Where in the job a controller stands that was stopped with its position kept."""
    return locate.stopped_at(session.job, session.acked, session.next, session.drawing_place())


def raise_pen(session: PlotSession, *, kept: bool = True) -> None:
    """Pen up; on a Z axis whose place is lost, by as much as it is lowered, unless it was up at rest."""
    setting = session.job.setting
    session.link.run(setting.header)
    if kept or setting.lift_kind != "z":
        session.link.run(setting.lift)
    elif session.rest is None:
        session.link.jog(0.0, 0.0, setting.lower, pen_change.NUDGE_MM_MIN)


def come_to_rest(session: PlotSession, spot: Spot) -> None:
    """Pen up, offsets as they were, parked, and noted."""
    session.finished = session.job.finished_before(spot.line)
    raise_pen(session)
    x, y, z = session.nudge
    z = z if session.job.setting.lift_kind == "z" else 0.0
    if x or y or z:
        session.link.unshift()
        session.link.shift(x, y, z)
    session.park()
    session.rest = (spot.line, *session.job.setting.park_mm)
    if session.journal:
        session.journal.stop(spot.line, *spot.place, kept=True)


def up_and_away(session: PlotSession) -> None:
    """Finishes all motion, lifts the pen, parks, waits for rest; and notes it."""
    session.link.finish()
    session.carried_out(session.acked)
    session.link.run(session.job.setting.lift)
    session.park()
    x, y, _ = session.link.place()
    session.rest = (session.next, x, y)
    if session.journal:
        session.journal.rest(*session.rest)


def found_at_rest(session: PlotSession, acked: int, sent: int, down: bool | None = None) -> Spot:
    """The line that comes next on a controller that has carried out some of those that were sent to it."""
    session.link.settle()
    place, z = session.drawing_place(), session.link.place()[2]
    if session.rest and locate.near(place, session.rest[1:]):
        return Spot(session.rest[0], session.job.place_before(session.rest[0]) or place)
    down = observed_down(session, z) if down is None else down
    first, last = locate.at_rest(session.job, acked, sent, place, down)
    if first.line != last.line and session.job.finished_before(last.line) > session.job.finished_before(first.line):
        stroke = session.job.lines[first.line].stroke + 1
        session.say(f"it cannot be known whether stroke {stroke} was finished; it is drawn, perhaps again", "warning")
    return first


def observed_down(session: PlotSession, z_mm: float) -> bool | None:
    """Whether the pen is down, by what the controller reports; None where that does not show."""
    setting = session.job.setting
    value = z_mm - session.nudge[2] if setting.lift_kind == "z" else session.link.status.spindle
    if setting.lift_kind == "relay" or value is None or not setting.lower:
        return None
    share = (setting.up - value) / setting.lower
    return None if setting.lift_kind == "servo" and value == 0 else share > 0.4

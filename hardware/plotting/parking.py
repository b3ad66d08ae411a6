"""Bringing the machine to rest with the pen up, and setting it going again from a line that is known."""

from typing import TYPE_CHECKING

from hardware.job import locate
from hardware.job.locate import Spot
from hardware.plotting import pen_change

if TYPE_CHECKING:
    from hardware.plotting.plot import Plot


def stopped(plot: "Plot") -> Spot:
    """Where in the job a controller stands that was stopped with its position kept."""
    x, y, _ = plot.link.place()
    return locate.stopped_at(plot.job, plot.acked, plot.next, (x - plot.nudge[0], y - plot.nudge[1]))


def raise_pen(plot: "Plot", *, kept: bool = True) -> None:
    """Pen up; on a Z axis whose place is lost, by as much as it is lowered, unless it was up at rest."""
    setting = plot.job.setting
    plot.link.run(setting.header)
    if kept or setting.lift_kind != "z":
        plot.link.run(setting.lift)
    elif plot.rest is None:
        plot.link.jog(0.0, 0.0, setting.lower, pen_change.NUDGE_MM_MIN)


def rest(plot: "Plot", spot: Spot) -> None:
    """Pen up, offsets as they were, parked, and noted."""
    plot.finished = plot.job.finished_before(spot.line)
    raise_pen(plot)
    if any(plot.nudge[:2]) or (plot.nudge[2] and plot.job.setting.lift_kind == "z"):
        plot.link.unshift()
        plot.link.shift(plot.nudge[0], plot.nudge[1], plot.nudge[2] if plot.job.setting.lift_kind == "z" else 0.0)
    plot.park()
    plot.rest = (spot.line, *plot.job.setting.park_mm)
    if plot.journal:
        plot.journal.stop(spot.line, *spot.place, kept=True)


def go_on(plot: "Plot", spot: Spot) -> int:
    """Exactly where it stopped: pen up to there, pen down if it was, on with the line that was under way."""
    job, line = plot.job, spot.line
    if line >= len(job.lines) or not locate.is_down_before(job, line):
        return go_from(plot, line)
    modes(plot, line)
    plot.go(spot.place)
    plot.link.run(pen_change.lower(plot, line))
    plot.instead[line] = locate.from_here(job.lines[line], spot.place)
    plot.say(f"goes on within stroke {job.lines[line].stroke + 1}, where it was stopped")
    return line


def go_from(plot: "Plot", line: int) -> int:
    modes(plot, line)
    plot.before(line)
    return line


def modes(plot: "Plot", line: int) -> None:
    plot.link.run(plot.job.setting.header)
    plot.link.run([f"G1 F{pen_change.feed_before(plot.job, line, plot.job.setting.feed_mm_min):g}"])


def found_at_rest(plot: "Plot", acked: int, sent: int, down: bool | None = None) -> Spot:
    """The line that comes next on a controller that has carried out some of those that were sent to it."""
    plot.link.settle()
    x, y, z = plot.link.place()
    place = (x - plot.nudge[0], y - plot.nudge[1])
    if plot.rest and locate.near(place, plot.rest[1:]):
        return Spot(plot.rest[0], plot.job.place_before(plot.rest[0]) or place)
    down = observed_down(plot, z) if down is None else down
    first, last = locate.at_rest(plot.job, acked, sent, place, down)
    if first.line != last.line and plot.job.finished_before(last.line) > plot.job.finished_before(first.line):
        stroke = plot.job.lines[first.line].stroke + 1
        plot.say(f"it cannot be known whether stroke {stroke} was finished; it is drawn, perhaps again", "warning")
    return first


def observed_down(plot: "Plot", z_mm: float) -> bool | None:
    """Whether the pen is down, by what the controller reports; None where that does not show."""
    setting = plot.job.setting
    value = z_mm - plot.nudge[2] if setting.lift_kind == "z" else plot.link.status.spindle
    if setting.lift_kind == "relay" or value is None or not setting.lower:
        return None
    share = (setting.up - value) / setting.lower
    return None if setting.lift_kind == "servo" and value == 0 else share > 0.4

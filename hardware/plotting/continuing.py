"""How a plot goes on after it was stopped: the choices a person has, and what each sends."""

from hardware.job import locate
from hardware.job.locate import Spot
from hardware.plotting.events import Choice
from hardware.plotting.pen_change import STOP, feed_before, lower
from hardware.plotting.session import PlotSession

GO_ON = Choice("go-on", "go on exactly where it stopped")
REDO = Choice("redo", "draw this stroke again from its start")
SKIP = Choice("skip", "leave this stroke out")
PASS = Choice("pass", "begin this pen's strokes again")


def choices(session: PlotSession, spot: Spot, concerned: int) -> tuple[Choice, ...]:
    if concerned >= len(session.job.lines):
        return (GO_ON, STOP)
    inside = (REDO, SKIP, PASS)
    return (*((GO_ON,) if spot.exact else ()), *inside, STOP)


def chosen(session: PlotSession, choice: str, spot: Spot, concerned: int) -> int:
    job = session.job
    if choice == "go-on":
        return go_on(session, spot)
    stroke = job.lines[concerned].stroke + 1
    if choice == "redo":
        line = job.start_of_stroke(concerned)
        reached = spot.line if spot.exact else session.next  # at most
        last = max(job.lines[min(reached, len(job.lines) - 1)].stroke + 1, stroke)
        which = f"stroke {stroke} is" if last == stroke else f"strokes {stroke} to {last} are"
        session.say(f"{which} drawn again from the start")
    elif choice == "skip":
        line = job.after_stroke(concerned)
        session.say(f"stroke {stroke} is left out", "warning")
    else:
        line = job.start_of_part(concerned)
        session.say(f"all strokes of {job.parts[max(job.lines[concerned].part, 0)].name} are drawn again")
    return go_from(session, line)


def go_on(session: PlotSession, spot: Spot) -> int:
    """Exactly where it stopped: pen up to there, pen down if it was, on with the line that was under way."""
    job, line = session.job, spot.line
    if line >= len(job.lines) or not locate.is_down_before(job, line):
        return go_from(session, line)
    modes(session, line)
    session.go(spot.place)
    session.link.run(lower(session, line))
    session.replaced[line] = locate.from_here(job.lines[line], spot.place)
    session.say(f"goes on within stroke {job.lines[line].stroke + 1}, where it was stopped")
    return line


def go_from(session: PlotSession, line: int) -> int:
    modes(session, line)
    session.approach(line)
    return line


def modes(session: PlotSession, line: int) -> None:
    session.link.run(session.job.setting.header)
    session.link.run([f"G1 F{feed_before(session.job, line, session.job.setting.feed_mm_min):g}"])

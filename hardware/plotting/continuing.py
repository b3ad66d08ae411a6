"""How a plot continues after a stop: the choices that a person has, and the lines that each sends."""

from hardware.job import locate
from hardware.job.locate import JobPosition
from hardware.job.trips import trip_before
from hardware.plotting.events import PromptChoice
from hardware.plotting.pen_change import STOP, feed_before, lower, take
from hardware.plotting.session import PlotSession

GO_ON = PromptChoice("go-on", "go on exactly where it stopped")
REDO = PromptChoice("redo", "draw this stroke again from its start")
SKIP = PromptChoice("skip", "skip this stroke")
PASS = PromptChoice("pass", "begin this pen's strokes again")


def choices(session: PlotSession, position: JobPosition, concerned: int) -> tuple[PromptChoice, ...]:
    if concerned >= len(session.job.lines):
        return (GO_ON, STOP)
    inside = (REDO, SKIP, PASS)
    return (*((GO_ON,) if position.exact else ()), *inside, STOP)


def apply_choice(session: PlotSession, choice: str, position: JobPosition, concerned: int) -> int:
    job = session.job
    if choice == "go-on":
        return go_on(session, position)
    stroke = job.lines[concerned].stroke + 1
    if choice == "redo":
        line = job.start_of_stroke(concerned)
        reached = position.line if position.exact else session.next  # the last line that may have been executed
        last = max(job.lines[min(reached, len(job.lines) - 1)].stroke + 1, stroke)
        which = f"stroke {stroke} is" if last == stroke else f"strokes {stroke} to {last} are"
        session.say(f"{which} drawn again from the start")
    elif choice == "skip":
        line = job.after_stroke(concerned)
        session.say(f"stroke {stroke} is skipped", "warning")
    else:
        line = job.start_of_part(concerned)
        session.say(f"all strokes of {job.parts[max(job.lines[concerned].part, 0)].name} are drawn again")
    return go_from(session, line)


def go_on(session: PlotSession, position: JobPosition) -> int:
    """Continue exactly where it stopped: travel there, lower the pen if it was down, finish the interrupted line."""
    job, line = session.job, position.line
    if line >= len(job.lines) or not locate.is_down_before(job, line):
        return go_from(session, line)
    send_modes(session, line)
    dip_again(session, line)
    session.go(position.place)
    session.link.run(lower(session, line))
    session.replaced[line] = locate.text_from(job.lines[line], position.place)
    session.say(f"continues within stroke {job.lines[line].stroke + 1}, where it stopped")
    return line


def go_from(session: PlotSession, line: int) -> int:
    send_modes(session, line)
    dip_again(session, line)
    session.approach(line)
    return line


def dip_again(session: PlotSession, line: int) -> None:
    """Take a brush to its well, since it has dried meanwhile; not if the lines that follow do that anyway."""
    if trip := trip_before(session.job.lines, line):
        session.link.run(trip)
        session.say("the brush is dipped again")


def send_modes(session: PlotSession, line: int) -> None:
    session.link.run(session.job.setup.header)
    take(session, session.part)
    session.link.run([f"G1 F{feed_before(session.job, line, session.job.setup.feed_mm_min):g}"])

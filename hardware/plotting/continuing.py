"""How a plot may go on after it was stopped, as a person chooses."""

from typing import TYPE_CHECKING

from hardware.job.locate import Spot
from hardware.plotting import pen_change
from hardware.plotting.events import Choice
from hardware.plotting.parking import go_from, go_on

if TYPE_CHECKING:
    from hardware.plotting.plot import Plot

GO_ON = Choice("go-on", "go on exactly where it stopped")
REDO = Choice("redo", "draw this stroke again from its start")
SKIP = Choice("skip", "leave this stroke out")
PASS = Choice("pass", "begin this pen's strokes again")


def ways(plot: "Plot", spot: Spot, concerned: int) -> tuple[Choice, ...]:
    if concerned >= len(plot.job.lines):
        return (GO_ON, pen_change.STOP)
    inside = (REDO, SKIP, PASS)
    return (*((GO_ON,) if spot.exact else ()), *inside, pen_change.STOP)


def chosen(plot: "Plot", choice: str, spot: Spot, concerned: int) -> int:
    job = plot.job
    if choice == "go-on":
        return go_on(plot, spot)
    stroke = job.lines[concerned].stroke + 1
    if choice == "redo":
        line = job.start_of_stroke(concerned)
        reached = spot.line if spot.exact else plot.next  # at most
        last = max(job.lines[min(reached, len(job.lines) - 1)].stroke + 1, stroke)
        which = f"stroke {stroke} is" if last == stroke else f"strokes {stroke} to {last} are"
        plot.say(f"{which} drawn again from the start")
    elif choice == "skip":
        line = job.after_stroke(concerned)
        plot.say(f"stroke {stroke} is left out", "warning")
    else:
        line = job.start_of_part(concerned)
        plot.say(f"all strokes of {job.parts[max(job.lines[concerned].part, 0)].name} are drawn again")
    return go_from(plot, line)

"""Taking up an earlier plot from its journal: what is known, what is not, and where to go on."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardware.job.locate import Spot
from hardware.plotting.continuing import chosen, ways
from hardware.plotting.events import Fault, Prompt
from hardware.plotting.origin import after_loss, find_origin, last_spot
from hardware.plotting.parking import found_at_rest, observed_down, raise_pen, rest

if TYPE_CHECKING:
    from hardware.plotting.journal import Known
    from hardware.plotting.plot import Plot


@dataclass(frozen=True)
class Resume:
    """An earlier plot of the same job, from its journal."""

    known: "Known"


def resume(plot: "Plot", resumed: Resume) -> int:
    """Takes up an earlier plot: says what is known and what is not, asks, and gives the line to go on from."""
    known = resumed.known
    plot.nudge, plot.part = known.offset_mm, -1 if known.part is None else known.part
    plot.acked, plot.next = known.acked, known.sent
    plot.finished = known.strokes_done
    plot.rest = known.rest
    status = plot.link.status
    if plot.greeting.reset or known.lost or status.state == "Alarm":
        why = known.lost or "the controller restarted when the port was opened, and does not know where it is"
        return _resumed_lost(plot, known, why)
    if status.state in {"Hold", "Door"}:
        plot.link.stop(alarmed=True)
    spot = _resumed_spot(plot, known)
    if not spot.exact:
        return _resumed_lost(plot, known, "the machine is not where it was left: it restarted, or was moved")
    rest(plot, spot)
    return _with_pen(plot, _asked_to_resume(plot, spot))


def _resumed_lost(plot: "Plot", known: "Known", why: str) -> int:
    plot.say(f"{_tally(plot)}; {why}", "warning")
    if plot.link.status.state == "Alarm":
        plot.link.run(["$X"])
    raise_pen(plot, kept=False)
    parked = known.rest or (known.stop and (known.stop[0], *plot.job.setting.park_mm))
    told = Fault("resume", 0, "", why, "it has to be told where it is")
    find_origin(plot, fresh=False, told=told, rest=parked)
    return _with_pen(plot, after_loss(plot, last_spot(plot, known.rest, known.stop)))


def _resumed_spot(plot: "Plot", known: "Known") -> Spot:
    if known.stop:
        plot.link.settle()
        return Spot(known.stop[0], (known.stop[1], known.stop[2]))
    down = None
    if known.guard is not None:
        down = _guard_saw_down(plot, known.guard)
    return found_at_rest(plot, known.acked, known.sent, down)


def _guard_saw_down(plot: "Plot", text: str) -> bool | None:
    from hardware.wire import replies

    status = replies.read(text)
    if not isinstance(status, replies.Status):
        return None
    before, plot.link.status = plot.link.status, status
    z = status.place[2]
    down = observed_down(plot, z)
    plot.link.status = before
    return down


def _asked_to_resume(plot: "Plot", spot: Spot) -> int:
    choices = ways(plot, spot, spot.line)
    text = f"{_tally(plot)}. The controller was not reset: its position holds."
    choice, _ = plot.ask(Prompt(0, "resume", "go on with the earlier plot?", text, choices, choices[0].key))
    return chosen(plot, choice, spot, spot.line)


def _tally(plot: "Plot") -> str:
    return f"{plot.finished} of {plot.job.strokes} strokes are finished"


def _with_pen(plot: "Plot", line: int) -> int:
    """The pen of that line must be in; if it may be another than before, it is asked for."""
    if line >= len(plot.job.lines):
        return line
    part = plot.job.lines[line].part
    if part >= 0 and part == plot.part:
        plot.begin_part(part)
    return line

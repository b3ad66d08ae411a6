"""Where the machine is, when it cannot know by itself; and what is drawn again after that was lost."""

from typing import TYPE_CHECKING

from hardware.job import locate
from hardware.job.locate import Spot
from hardware.plotting import pen_change
from hardware.plotting.continuing import GO_ON, PASS, REDO, SKIP, chosen
from hardware.plotting.events import Choice, Fault, Prompt
from hardware.plotting.messages import sentences
from hardware.plotting.parking import go_from, rest
from hardware.wire.grbl import PLANNER_BLOCKS

if TYPE_CHECKING:
    from hardware.plotting.plot import Plot


def find_origin(
    plot: "Plot", *, fresh: bool, told: Fault | None = None, rest: tuple[int, float, float] | None = None
) -> None:
    """Homes, or asks a person, where the controller cannot know where it is."""
    homing = bool(plot.greeting.settings.get(22))
    alarmed = plot.link.status.state == "Alarm"
    if fresh and plot.options.homes and homing:
        plot.link.home()
        return
    if fresh and not plot.greeting.reset and not alarmed:
        return
    axes = "x, y and z" if plot.job.setting.lift_kind == "z" else "x and y"
    choices = (
        *((Choice("home", "home it ($H)"),) if homing else ()),
        *((Choice("still", "nobody has moved it since it came to rest"),) if rest else ()),
        Choice("here", f"the pen is at the bed's origin: {axes} are 0 here"),
        Choice("known", "the controller's own coordinates are right"),
        pen_change.STOP,
    )
    title = "where is the machine?" if told is None else f"{told.what}: where is the machine now?"
    why = "The controller has just started and does not know." if told is None else sentences(told)
    text = f"{why} Home it, or move the pen by hand to the origin of the bed, the corner from which origin_mm counts."
    choice, _ = plot.ask(Prompt(0, "origin", title, text, choices, choices[0].key))
    if choice == "home":
        plot.link.home()
        return
    if plot.link.status.state == "Alarm":
        plot.link.run(["$X"])
    if choice == "here":
        plot.link.set_origin(0.0, 0.0, 0.0 if plot.job.setting.lift_kind == "z" else None)
    elif choice == "still" and rest:
        plot.link.set_origin(rest[1], rest[2], plot.job.setting.up if plot.job.setting.lift_kind == "z" else None)


def after_loss(plot: "Plot", spot: Spot) -> int:
    """The origin is known again. A stroke that was under way begins again, unless a person says otherwise."""
    rest(plot, spot)
    line = spot.line
    if line >= len(plot.job.lines) or not is_begun(plot, spot):
        return go_from(plot, line)
    title = f"stroke {plot.job.lines[line].stroke + 1} of {plot.job.strokes} was under way"
    text = "It may be drawn in part. All before it is finished."
    ways = (REDO, *((GO_ON,) if spot.exact else ()), SKIP, PASS, pen_change.STOP)
    choice, _ = plot.ask(Prompt(0, "resume", title, text, ways, "redo"))
    return chosen(plot, choice, spot, line)


def is_begun(plot: "Plot", spot: Spot) -> bool:
    """Whether the stroke of that line has been touched: the pen was down before it, or may have been since."""
    job, line = plot.job, spot.line
    begun = any(job.lines[at].down for at in range(job.start_of_stroke(line), line))
    return begun or (not spot.exact and any(each.down for each in job.lines[line : plot.next]))


def last_spot(plot: "Plot", rest: tuple[int, float, float] | None, stop: tuple[int, float, float] | None) -> Spot:
    """Where it was by what has been written down: at rest, stopped within a line, or somewhere after what is sure."""
    if rest:
        return Spot(rest[0], plot.job.place_before(rest[0]) or rest[1:], exact=True)
    if stop:
        return Spot(stop[0], stop[1:])
    line = max(locate.surely_done(plot.job, plot.acked), plot.acked - PLANNER_BLOCKS, plot.first)
    return Spot(line, plot.job.place_before(line) or plot.job.setting.park_mm, exact=False)

"""Where the machine is, when it cannot know by itself; and what is drawn again after that was lost."""

from hardware.job import locate
from hardware.job.locate import Spot
from hardware.plotting import pen_change
from hardware.plotting.asking import ask
from hardware.plotting.continuing import GO_ON, PASS, REDO, SKIP, chosen, go_from
from hardware.plotting.events import Choice, Fault, Prompt
from hardware.plotting.messages import sentences
from hardware.plotting.parking import come_to_rest
from hardware.plotting.session import PlotSession
from hardware.wire.grbl import PLANNER_BLOCKS


def find_origin(
    session: PlotSession, *, fresh: bool, cause: Fault | None = None, rest: tuple[int, float, float] | None = None
) -> None:
    """Homes, or asks a person, where the controller cannot know where it is."""
    homing = bool(session.greeting.settings.get(22))
    alarmed = session.link.status.state == "Alarm"
    if fresh and session.options.homes and homing:
        session.link.home()
        return
    if fresh and not session.greeting.reset and not alarmed:
        return
    has_z = session.job.setting.lift_kind == "z"
    axes = "x, y and z" if has_z else "x and y"
    choices = (
        *((Choice("home", "home it ($H)"),) if homing else ()),
        *((Choice("still", "nobody has moved it since it came to rest"),) if rest else ()),
        Choice("here", f"the pen is at the bed's origin: {axes} are 0 here"),
        Choice("known", "the controller's own coordinates are right"),
        pen_change.STOP,
    )
    title = "where is the machine?" if cause is None else f"{cause.what}: where is the machine now?"
    why = "The controller has just started and does not know." if cause is None else sentences(cause)
    text = f"{why} Home it, or move the pen by hand to the origin of the bed, the corner from which origin_mm counts."
    choice, _ = ask(session, Prompt(0, "origin", title, text, choices, choices[0].key))
    if choice == "home":
        session.link.home()
        return
    if session.link.status.state == "Alarm":
        session.link.run(["$X"])
    if choice == "here":
        session.link.set_origin(0.0, 0.0, 0.0 if has_z else None)
    elif choice == "still" and rest:
        session.link.set_origin(rest[1], rest[2], session.job.setting.up if has_z else None)


def after_loss(session: PlotSession, spot: Spot) -> int:
    """The origin is known again. A stroke that was under way begins again, unless a person says otherwise."""
    come_to_rest(session, spot)
    line = spot.line
    if line >= len(session.job.lines) or not is_begun(session, spot):
        return go_from(session, line)
    title = f"stroke {session.job.lines[line].stroke + 1} of {session.job.strokes} was under way"
    text = "It may be drawn in part. All before it is finished."
    ways = (REDO, *((GO_ON,) if spot.exact else ()), SKIP, PASS, pen_change.STOP)
    choice, _ = ask(session, Prompt(0, "resume", title, text, ways, "redo"))
    return chosen(session, choice, spot, line)


def is_begun(session: PlotSession, spot: Spot) -> bool:
    """Whether the stroke of that line has been touched: the pen was down before it, or may have been since."""
    job, line = session.job, spot.line
    begun = any(job.lines[at].down for at in range(job.start_of_stroke(line), line))
    return begun or (not spot.exact and any(each.down for each in job.lines[line : session.next]))


def last_spot(
    session: PlotSession, rest: tuple[int, float, float] | None, stop: tuple[int, float, float] | None
) -> Spot:
    """Where it was by what has been written down: at rest, stopped within a line, or somewhere after what is sure."""
    if rest:
        return Spot(rest[0], session.job.place_before(rest[0]) or rest[1:], exact=True)
    if stop:
        return Spot(stop[0], stop[1:])
    line = max(locate.surely_done(session.job, session.acked), session.acked - PLANNER_BLOCKS, session.first)
    return Spot(line, session.job.place_before(line) or session.job.setting.park_mm, exact=False)

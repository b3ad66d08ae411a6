"""Finding the machine's position when the controller does not know it, and continuing after it was lost."""

from hardware.job import locate
from hardware.job.locate import JobPosition
from hardware.plotting import pen_change
from hardware.plotting.asking import ask
from hardware.plotting.continuing import GO_ON, PASS, REDO, SKIP, apply_choice, go_from
from hardware.plotting.events import PlotFault, Prompt, PromptChoice
from hardware.plotting.messages import sentences
from hardware.plotting.parking import come_to_rest
from hardware.plotting.session import PlotSession
from hardware.wire.grbl import PLANNER_BLOCKS

HOW = "Home it, or move the pen by hand to the origin of the bed, {zero}, from which origin_mm counts."
HOW_WITHOUT = "Move the pen by hand to the origin of the bed, {zero}, from which origin_mm counts. Then answer."


def find_origin(
    session: PlotSession, *, fresh: bool, cause: PlotFault | None = None, rest: tuple[int, float, float] | None = None
) -> None:
    """Home the machine, or ask a person for its position, where the controller cannot know it."""
    homing = bool(session.greeting.settings.get(22))
    alarmed = session.link.status.state == "Alarm"
    if fresh and session.options.homes and homing:
        session.link.home()
        return
    if fresh and not session.greeting.reset and not alarmed:
        return
    has_z = session.job.setup.lift_kind == "z"
    axes = "x, y and z" if has_z else "x and y"
    choices = (
        *((PromptChoice("home", "home it ($H)"),) if homing else ()),
        *((PromptChoice("still", "it has not been moved since it came to rest"),) if rest else ()),
        PromptChoice("here", f"the pen is at the bed's origin: {axes} are 0 here"),
        PromptChoice("known", "the controller's own coordinates are right"),
        pen_change.STOP,
    )
    title = "where is the machine?" if cause is None else f"{cause.what}: where is the machine now?"
    why = "The controller has just started and does not know its position." if cause is None else sentences(cause)
    how = (HOW if homing else HOW_WITHOUT).format(zero=session.job.setup.zero_text)
    text = f"{why} {how}"
    prompt = Prompt(0, "origin", title, text, choices, "", pen_up=not fresh)  # a wrong answer shifts all that follows
    choice, _ = ask(session, prompt)
    if choice == "home":
        session.link.home()
        return
    if session.link.status.state == "Alarm":
        session.link.run(["$X"])
    if choice == "here":
        session.link.set_origin(0.0, 0.0, 0.0 if has_z else None)
    elif choice == "still" and rest:
        session.link.set_origin(rest[1], rest[2], session.job.setup.up if has_z else None)


def after_loss(session: PlotSession, position: JobPosition) -> int:
    """Continue once the origin is known. An interrupted stroke is drawn again, unless a person chooses otherwise."""
    come_to_rest(session, position)
    line = position.line
    if line >= len(session.job.lines) or not is_begun(session, position):
        return go_from(session, line)
    title = f"stroke {session.job.lines[line].stroke + 1} of {session.job.strokes} was interrupted"
    text = "It may be drawn in part. All strokes before it are finished."
    ways = (REDO, *((GO_ON,) if position.exact else ()), SKIP, PASS, pen_change.STOP)
    choice, _ = ask(session, Prompt(0, "resume", title, text, ways, "redo"))
    return apply_choice(session, choice, position, line)


def is_begun(session: PlotSession, position: JobPosition) -> bool:
    """Whether the stroke of that line was begun: the pen was down before it, or may have been down since."""
    job, line = session.job, position.line
    begun = any(job.lines[at].down for at in range(job.start_of_stroke(line), line))
    return begun or (not position.exact and any(each.down for each in job.lines[line : session.next]))


def last_position(
    session: PlotSession, rest: tuple[int, float, float] | None, stop: tuple[int, float, float] | None
) -> JobPosition:
    """Return the last known position: at rest, stopped within a line, or after the last line certainly executed."""
    if rest:
        return JobPosition(rest[0], session.job.place_before(rest[0]) or rest[1:], exact=True)
    if stop:
        return JobPosition(stop[0], stop[1:])
    line = max(locate.certainly_executed(session.job, session.acked), session.acked - PLANNER_BLOCKS, session.first)
    return JobPosition(line, session.job.place_before(line) or session.job.setup.park_mm, exact=False)

"""Pen changes and other stops: pen up and parked, a question to a person, nudges and test strokes on request."""

from hardware.job import locate
from hardware.job.formatting import amount_text, duration_text
from hardware.job.gcode_job import GcodeJob, Point
from hardware.plotting.asking import ask
from hardware.plotting.events import Prompt, PromptChoice
from hardware.plotting.session import PlotSession
from hardware.wire.link_errors import LineRefused

FARTHEST_MM = 10.0  # largest nudge of a pen
NUDGE_MM_MIN = 600.0
TEST_MM = 10.0
LEAST_MARGIN_MM = 4.0

DONE = PromptChoice("done", "the pen is in: draw")
NUDGE = PromptChoice("nudge", "move it a little: x, y, z in mm")
TEST = PromptChoice("test", "draw a test stroke in the margin")
SKIP = PromptChoice("skip", "skip all strokes of this pen")
STOP = PromptChoice("abort", "stop here; it can be resumed")


def change(session: PlotSession, part: int) -> None:
    """Ask for the pen of a part, without a time limit. Raises Ended and LinkError."""
    if any(session.nudge):
        session.link.unshift()
        session.nudge = (0.0, 0.0, 0.0)
    if session.job.slots and not _is_asked_for(session, part):
        take(session, part)
        session.begin_part(part)
        return
    wanted = session.wanted_pen(part)
    place = test_place(session.job, part)
    choices = (DONE, NUDGE, *([TEST] if place else []), SKIP, STOP)
    title = f"pen {wanted.number} of {len(session.job.parts)}: {wanted.name}"
    text = f"insert it; it draws {amount_text(wanted.strokes, wanted.drawn_mm)} in {duration_text(wanted.seconds)}"
    if session.job.slots:
        title, text = "the pens of the carousel", _carousel_text(session.job, part)
    while True:
        answer, values = ask(session, Prompt(0, "pen", title, text, choices, "done", wanted))
        if answer == "nudge":
            nudge(session, values.get("x", 0.0), values.get("y", 0.0), values.get("z", 0.0))
        elif answer == "test" and place:
            test_stroke(session, part, place)
        elif answer == "skip":
            _skip(session, part)
            return
        else:
            take(session, part)
            session.begin_part(part)
            return


def take(session: PlotSession, part: int) -> None:
    """Let a machine with a carousel take the pen of this part; others need a person."""
    if session.job.slots and part >= 0:
        session.link.run([f"T{session.job.slot(part)}"])


def _is_asked_for(session: PlotSession, part: int) -> bool:
    """Whether a person must fill the carousel before this part: at the beginning, and when it has been used up."""
    pens = [stop.part for stop in session.job.stops if stop.is_pen]
    return part not in pens or session.part < 0 or pens.index(part) % session.job.slots == 0


def _carousel_text(job: GcodeJob, part: int) -> str:
    """Return which pen belongs into which place, from this part on."""
    pens = [stop.part for stop in job.stops if stop.is_pen and stop.part >= part][: job.slots]
    places = ", ".join(f"{job.slot(each)}: {job.parts[each].name}" for each in pens)
    return f"put the pens into their places: {places}; the machine takes them by itself"


def pause(session: PlotSession, text: str) -> None:
    """Wait until a person continues the plot. Raises Ended and LinkError."""
    go_on = PromptChoice("resume", "go on")
    ask(session, Prompt(0, "pause", "paused", text, (go_on, STOP), "resume"))


def nudge(session: PlotSession, x_mm: float, y_mm: float, z: float) -> None:
    """Move the pen and all that it draws by that much. z is in mm or in servo units; positive is up."""
    servo = session.job.setup.lift_kind == "servo"
    way = -1.0 if session.job.setup.lower < 0 else 1.0  # up is a smaller Z or S on some machines
    z *= way
    moved = (session.nudge[0] + x_mm, session.nudge[1] + y_mm, session.nudge[2] + z)
    if max(abs(moved[0]), abs(moved[1])) > FARTHEST_MM:
        text = f"a pen can be moved by at most {FARTHEST_MM:g} mm; move the sheet or correct origin_mm instead"
        session.say(text, "warning")
        return
    try:
        if x_mm or y_mm or (z and not servo):
            session.link.jog(x_mm, y_mm, 0.0 if servo else z, NUDGE_MM_MIN)
            session.link.shift(x_mm, y_mm, 0.0 if servo else z)
    except LineRefused as refused:
        session.say(f"the machine cannot move there (error:{refused.code})", "warning")
        return
    session.nudge = moved
    session.say(f"this pen is offset by x {moved[0]:+g}, y {moved[1]:+g}, z {way * moved[2]:+g}")


def test_place(job: GcodeJob, part: int) -> Point | None:
    """Return where a test stroke can begin: in the margin below or above the drawing, with a place for each pen."""
    bounds, sheet = job.bounds(drawn=True), job.setup.sheet_mm
    if bounds is None or sheet is None:
        return None
    left, bottom, right, top = sheet
    below, above = bounds[1] - bottom, top - bounds[3]
    if max(below, above) < LEAST_MARGIN_MM:
        return None
    y = bottom + below / 2 if below >= above else top - above / 2
    columns = max(int((right - left - 2 * LEAST_MARGIN_MM) // (TEST_MM + 3)), 0)
    if columns == 0:
        return None
    return left + LEAST_MARGIN_MM + (part % columns) * (TEST_MM + 3), y


def test_stroke(session: PlotSession, part: int, place: Point) -> None:
    """Draw a line of 10 mm with the pen and the feed of this part; then return to where pens are changed."""
    job = session.job
    own = [at for at, line in enumerate(job.lines) if line.part == part]
    first = next((at for at in own if job.lines[at].down), own[0])
    after = next((at for at in own if at > first and (job.lines[at].is_draw or not job.lines[at].down)), own[-1])
    feed = next((job.lines[at].feed_mm_min for at in own if job.lines[at].is_draw), 0.0) or job.setup.feed_mm_min
    session.go(place)
    session.link.run(lower(session, after))
    session.link.run([f"G1 X{place[0] + TEST_MM:.3f} Y{place[1]:.3f} F{feed:g}"])
    session.link.finish()
    session.link.run(job.setup.lift)
    session.park()
    session.link.run([f"G1 F{feed_before(job, session.next, feed):g}"])


def lower(session: PlotSession, line: int) -> list[str]:
    """Return the lines that lower the pen for this line, at its nudged height."""
    texts = locate.lowering_lines(session.job, line)
    if session.nudge[2] and session.job.setup.lift_kind == "servo":
        return [locate.with_changed_value(text, "S", session.nudge[2]) if " S" in text else text for text in texts]
    return texts


def feed_before(job: GcodeJob, line: int, otherwise: float) -> float:
    """Return the feed in force before this line."""
    return (job.lines[line - 1].feed_mm_min if line else 0.0) or otherwise


def _skip(session: PlotSession, part: int) -> None:
    after = session.next
    while after < len(session.job.lines) and session.job.lines[after].part == part:
        after += 1
    pen = session.job.parts[part]
    session.say(f"{amount_text(pen.strokes, pen.drawn_mm)} of {pen.name} are skipped", "warning")
    session.continue_at(after)

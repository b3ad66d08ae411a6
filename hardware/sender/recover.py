"""After something went wrong: bring the machine to rest with the pen up, find out what is known, ask, and go on.

The order is always the same: stop; lift; park if the position holds; say; ask; then modes and offsets anew, pen up on
the way, and on from a line that is told. Nothing is sent after an error until a person has answered.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardware.sender import locate, pens
from hardware.sender.events import Choice, Fault, Prompt
from hardware.sender.grbl import PLANNER_BLOCKS
from hardware.sender.locate import Spot
from hardware.sender.port import PortError
from hardware.sender.replies import meaning_of_alarm, meaning_of_error
from hardware.sender.trouble import Alarmed, CableOut, Doubt, PauseNow, Refused, Restarted, Silent, Trouble

if TYPE_CHECKING:
    from hardware.sender.journal import Known
    from hardware.sender.plot import Plot

REOPEN_S = 0.5
MOST_FAILURES = 5
LOSES_PLACE = {1, 3, 6, 7, 8, 9, 10}  # alarms after which the position is not to be trusted

GO_ON = Choice("go-on", "go on exactly where it stopped")
REDO = Choice("redo", "draw this stroke again from its start")
SKIP = Choice("skip", "leave this stroke out")
PASS = Choice("pass", "begin this pen's strokes again")


@dataclass(frozen=True)
class Resume:
    """An earlier plot of the same job, from its journal."""

    known: "Known"


# --- what happened ---


def fault(plot: "Plot", trouble: Trouble) -> Fault:
    """In words, with what to do."""
    line = plot.job.lines[plot.acked] if plot.acked < len(plot.job.lines) else None
    number, text = (line.number, line.text) if line else (0, "")
    match trouble:
        case Refused(code, tag, own):
            meaning = meaning_of_error(code)
            at = plot.job.lines[tag] if tag is not None else None
            return Fault(f"error:{code}", at.number if at else 0, at.text if at else own, meaning.text, meaning.remedy)
        case Alarmed(code):
            meaning = meaning_of_alarm(code)
            return Fault(f"ALARM:{code}", number, text, meaning.text, meaning.remedy)
        case CableOut(why):
            return Fault(
                "port", number, text, f"the port is gone ({why})", "put the cable back in; it goes on by itself"
            )
        case Restarted(banner):
            return Fault("reset", number, text, f"the controller has restarted ({banner.split(' [')[0]})",
                         "look at its power supply and its cables; its position is lost")  # fmt: skip
        case Doubt(noise, tag):
            tag = tag if noise else min(plot.checked[0], len(plot.job.lines) - 1)
            at = plot.job.lines[tag] if tag is not None else None
            what = f"a reply cannot be read: {noise!r}"
            if not noise:
                what = f"a reply has not come; a line may be lost since {_stroke(plot, plot.checked[0])}"
            return Fault("garbled" if noise else "missing", at.number if at else 0, at.text if at else "", what,
                         "keep the cable short and away from motors")  # fmt: skip
        case Silent(seconds):
            return Fault("silent", number, text, f"nothing was heard from the controller for {seconds:.0f} s",
                         "look at its power and its cable")  # fmt: skip
        case _:
            return Fault("trouble", number, text, str(trouble), "look at the machine")


def _stroke(plot: "Plot", line: int) -> str:
    """Of a line, as people count: from 1."""
    return f"stroke {plot.job.lines[min(line, len(plot.job.lines) - 1)].stroke + 1}"


# --- while it plots ---


def recover(plot: "Plot", trouble: Trouble) -> int:
    """The line from which to go on. Raises Ended, and Trouble where that happens meanwhile."""
    if isinstance(trouble, PauseNow):
        return _paused_at_once(plot)
    plot.control.emit(fault(plot, trouble))
    _count(plot)
    match trouble:
        case Refused(_, tag, _):
            plot.link.stop()
            spot = _stopped(plot)
            return _ask_on(plot, trouble, spot, tag)
        case Alarmed(code):
            plot.link.stop(alarmed=True)
            if code in LOSES_PLACE:
                return _lost(plot, trouble)
            return _ask_on(plot, trouble, _stopped(plot), None, default="abort" if code == 2 else "")
        case Doubt():
            return _doubted(plot, trouble)
        case Restarted():
            plot.greeting = plot.link.greet()
            return _lost(plot, trouble)
        case CableOut():
            return _reconnected(plot, trouble)
        case _:
            again = Choice("retry", "try again")
            plot.ask(_prompt(plot, trouble, (again, pens.STOP), "retry", pen_up=False), polls=False)
            return _reconnected(plot, trouble)


def _count(plot: "Plot") -> None:
    """A recovery that fails again and again, with nothing drawn in between, is given up."""
    from hardware.sender.plot import Ended

    times, line = plot.failures
    plot.failures = (times + 1, plot.acked) if plot.acked == line else (1, plot.acked)
    if plot.failures[0] > MOST_FAILURES:
        plot.say("it goes wrong again and again at this place; stopped", "error")
        raise Ended("aborted")


def _stopped(plot: "Plot") -> Spot:
    """Where in the job a controller stands that was stopped with its position kept."""
    x, y, _ = plot.link.place()
    return locate.stopped_at(plot.job, plot.acked, plot.next, (x - plot.nudge[0], y - plot.nudge[1]))


def _raise_pen(plot: "Plot", *, kept: bool = True) -> None:
    """Pen up; on a Z axis whose place is lost, by as much as it is lowered, unless it was up at rest."""
    setting = plot.job.setting
    plot.link.run(setting.header)
    if kept or setting.lift_kind != "z":
        plot.link.run(setting.lift)
    elif plot.rest is None:
        plot.link.jog(0.0, 0.0, setting.lower, pens.NUDGE_MM_MIN)


def _rest(plot: "Plot", spot: Spot) -> None:
    """Pen up, offsets as they were, parked, and noted."""
    plot.finished = plot.job.finished_before(spot.line)
    _raise_pen(plot)
    if any(plot.nudge[:2]) or (plot.nudge[2] and plot.job.setting.lift_kind == "z"):
        plot.link.unshift()
        plot.link.shift(plot.nudge[0], plot.nudge[1], plot.nudge[2] if plot.job.setting.lift_kind == "z" else 0.0)
    plot.park()
    plot.rest = (spot.line, *plot.job.setting.park_mm)
    if plot.journal:
        plot.journal.stop(spot.line, *spot.place, kept=True)


def _paused_at_once(plot: "Plot") -> int:
    """A hold would keep the pen down and carry out nothing, so the controller is stopped and its store thrown away."""
    plot.link.stop()
    spot = _stopped(plot)
    _rest(plot, spot)
    pens.pause(plot, f"stopped within stroke {plot.finished + 1} of {plot.job.strokes}, and parked")
    return go_on(plot, spot)


def _ask_on(plot: "Plot", trouble: Trouble, spot: Spot, tag: int | None, default: str = "") -> int:
    """The position holds: pen up, parked; then a person says how to go on."""
    _rest(plot, spot)
    concerned = spot.line if tag is None else min(tag, spot.line)
    choices = _ways(plot, spot, concerned)
    keys = [choice.key for choice in choices]
    prompt = _prompt(plot, trouble, choices, default or ("redo" if tag is not None and "redo" in keys else keys[0]))
    choice, _ = plot.ask(prompt)
    return _chosen(plot, choice, spot, concerned)


def _ways(plot: "Plot", spot: Spot, concerned: int) -> tuple[Choice, ...]:
    if concerned >= len(plot.job.lines):
        return (GO_ON, pens.STOP)
    inside = (REDO, SKIP, PASS)
    return (*((GO_ON,) if spot.exact else ()), *inside, pens.STOP)


def _chosen(plot: "Plot", choice: str, spot: Spot, concerned: int) -> int:
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
    return _from(plot, line)


def go_on(plot: "Plot", spot: Spot) -> int:
    """Exactly where it stopped: pen up to there, pen down if it was, on with the line that was under way."""
    job, line = plot.job, spot.line
    if line >= len(job.lines) or not locate.is_down_before(job, line):
        return _from(plot, line)
    _modes(plot, line)
    plot.go(spot.place)
    plot.link.run(pens.lower(plot, line))
    plot.instead[line] = locate.from_here(job.lines[line], spot.place)
    plot.say(f"goes on within stroke {job.lines[line].stroke + 1}, where it was stopped")
    return line


def _from(plot: "Plot", line: int) -> int:
    _modes(plot, line)
    plot.before(line)
    return line


def _modes(plot: "Plot", line: int) -> None:
    plot.link.run(plot.job.setting.header)
    plot.link.run([f"G1 F{pens.feed_before(plot.job, line, plot.job.setting.feed_mm_min):g}"])


def _prompt(
    plot: "Plot", trouble: Trouble, choices: tuple[Choice, ...], default: str, *, pen_up: bool = True
) -> Prompt:
    told = fault(plot, trouble)
    where = f" at line {told.line}: {told.text}" if told.line else ""
    return Prompt(0, "fault", f"{told.what}{where}", _sentences(told), choices, default, pen_up=pen_up)


def _sentences(told: Fault) -> str:
    """Meaning and remedy as people read them."""
    return " ".join(f"{text[0].upper()}{text[1:]}." for text in (told.meaning, told.remedy))


# --- replies that are missing, cables that are out, boards that restart ---


def _doubted(plot: "Plot", doubt: Doubt) -> int:
    """Lets the controller finish what it has. If all is answered and the head is where it should be, it goes on."""
    if doubt.text:
        plot.link.accept()
    missing = plot.link.settle()
    x, y, _ = plot.link.place()
    place = (x, y)
    expected = plot.job.place_before(plot.next)
    there = expected is not None and locate.near(expected, place)
    if doubt.text and len(doubt.text.strip()) <= 3 and missing == 0 and there:  # an error is told in more letters
        plot.say("every other line was answered, and the pen is where it should be: goes on", "warning")
        return plot.next
    spot = Spot(plot.next, place, exact=there)
    return _ask_on(plot, doubt, spot, doubt.tag if doubt.text else plot.checked[0])


def _reconnected(plot: "Plot", trouble: Trouble) -> int:
    """Opens the port until that works. Without a reset all that reached the controller has been carried out."""
    from hardware.sender.plot import wait

    link = plot.link
    link.port.close()
    while True:
        _ended(plot)
        wait(link, REOPEN_S)
        try:
            plot.reopen()
            break
        except (OSError, PortError, Silent, CableOut):
            continue
    if plot.greeting.reset:
        return _lost(plot, trouble)
    spot = found_at_rest(plot, plot.acked, plot.next)
    if not spot.exact:  # it restarted unheard, or was moved
        return _lost(plot, trouble)
    _rest(plot, spot)
    plot.say("the controller was not reset: its position holds")
    return go_on(plot, spot)


def _ended(plot: "Plot") -> None:
    """Commands that make sense without a controller."""
    from hardware.sender.plot import Ended

    while (command := plot.control.take()) is not None:
        if command.name in {"abort", "emergency"}:
            raise Ended("aborted" if command.name == "abort" else "emergency")


def found_at_rest(plot: "Plot", acked: int, sent: int, down: bool | None = None) -> Spot:
    """The line that comes next on a controller that has carried out some of those that were sent to it."""
    plot.link.settle()
    x, y, z = plot.link.place()
    place = (x - plot.nudge[0], y - plot.nudge[1])
    if plot.rest and locate.near(place, plot.rest[1:]):
        return Spot(plot.rest[0], plot.job.place_before(plot.rest[0]) or place)
    down = _observed_down(plot, z) if down is None else down
    first, last = locate.at_rest(plot.job, acked, sent, place, down)
    if first.line != last.line and plot.job.finished_before(last.line) > plot.job.finished_before(first.line):
        stroke = plot.job.lines[first.line].stroke + 1
        plot.say(f"it cannot be known whether stroke {stroke} was finished; it is drawn, perhaps again", "warning")
    return first


def _observed_down(plot: "Plot", z_mm: float) -> bool | None:
    """Whether the pen is down, by what the controller reports; None where that does not show."""
    setting = plot.job.setting
    value = z_mm - plot.nudge[2] if setting.lift_kind == "z" else plot.link.status.spindle
    if setting.lift_kind == "relay" or value is None or not setting.lower:
        return None
    share = (setting.up - value) / setting.lower
    return None if setting.lift_kind == "servo" and value == 0 else share > 0.4


def _lost(plot: "Plot", trouble: Trouble) -> int:
    """The position is not known: pen up; a person says where the machine is; then the stroke again from its start."""
    at_rest = plot.rest
    if plot.journal:
        plot.journal.lost(fault(plot, trouble).meaning)
    if plot.link.status.state == "Alarm":
        plot.link.run(["$X"])
    _raise_pen(plot, kept=False)
    find_origin(plot, fresh=False, told=fault(plot, trouble), rest=at_rest)
    return after_loss(plot, _last_spot(plot, at_rest, None))


def _last_spot(plot: "Plot", rest: tuple[int, float, float] | None, stop: tuple[int, float, float] | None) -> Spot:
    """Where it was by what has been written down: at rest, stopped within a line, or somewhere after what is sure."""
    if rest:
        return Spot(rest[0], plot.job.place_before(rest[0]) or rest[1:], exact=True)
    if stop:
        return Spot(stop[0], stop[1:])
    line = max(locate.surely_done(plot.job, plot.acked), plot.acked - PLANNER_BLOCKS, plot.first)
    return Spot(line, plot.job.place_before(line) or plot.job.setting.park_mm, exact=False)


def after_loss(plot: "Plot", spot: Spot) -> int:
    """The origin is known again. A stroke that was under way begins again, unless a person says otherwise."""
    _rest(plot, spot)
    line = spot.line
    if line >= len(plot.job.lines) or not _is_begun(plot, spot):
        return _from(plot, line)
    title = f"stroke {plot.job.lines[line].stroke + 1} of {plot.job.strokes} was under way"
    text = "It may be drawn in part. All before it is finished."
    ways = (REDO, *((GO_ON,) if spot.exact else ()), SKIP, PASS, pens.STOP)
    choice, _ = plot.ask(Prompt(0, "resume", title, text, ways, "redo"))
    return _chosen(plot, choice, spot, line)


def _is_begun(plot: "Plot", spot: Spot) -> bool:
    """Whether the stroke of that line has been touched: the pen was down before it, or may have been since."""
    job, line = plot.job, spot.line
    begun = any(job.lines[at].down for at in range(job.start_of_stroke(line), line))
    return begun or (not spot.exact and any(each.down for each in job.lines[line : plot.next]))


# --- where the machine is ---


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
        pens.STOP,
    )
    title = "where is the machine?" if told is None else f"{told.what}: where is the machine now?"
    why = "The controller has just started and does not know." if told is None else _sentences(told)
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


# --- the end, and the next beginning ---


def abandon(plot: "Plot", outcome: str) -> None:
    """Ends such that it can be resumed: stopped, pen up, parked. After an emergency only the pen is lifted."""
    if outcome == "emergency":
        plot.link.reset()
        if plot.journal:
            plot.journal.lost("emergency stop")
        if plot.job.setting.lift_kind != "z":
            _raise_pen(plot, kept=False)
        return
    if plot.rest is not None:
        return
    plot.link.stop()
    _rest(plot, _stopped(plot))


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
    _rest(plot, spot)
    return _with_pen(plot, _asked_to_resume(plot, spot))


def _resumed_lost(plot: "Plot", known: "Known", why: str) -> int:
    plot.say(f"{_tally(plot)}; {why}", "warning")
    if plot.link.status.state == "Alarm":
        plot.link.run(["$X"])
    _raise_pen(plot, kept=False)
    parked = known.rest or (known.stop and (known.stop[0], *plot.job.setting.park_mm))
    told = Fault("resume", 0, "", why, "it has to be told where it is")
    find_origin(plot, fresh=False, told=told, rest=parked)
    return _with_pen(plot, after_loss(plot, _last_spot(plot, known.rest, known.stop)))


def _resumed_spot(plot: "Plot", known: "Known") -> Spot:
    if known.stop:
        plot.link.settle()
        return Spot(known.stop[0], (known.stop[1], known.stop[2]))
    down = None
    if known.guard is not None:
        down = _guard_saw_down(plot, known.guard)
    return found_at_rest(plot, known.acked, known.sent, down)


def _guard_saw_down(plot: "Plot", text: str) -> bool | None:
    from hardware.sender import replies

    status = replies.read(text)
    if not isinstance(status, replies.Status):
        return None
    before, plot.link.status = plot.link.status, status
    z = status.place[2]
    down = _observed_down(plot, z)
    plot.link.status = before
    return down


def _asked_to_resume(plot: "Plot", spot: Spot) -> int:
    choices = _ways(plot, spot, spot.line)
    text = f"{_tally(plot)}. The controller was not reset: its position holds."
    choice, _ = plot.ask(Prompt(0, "resume", "go on with the earlier plot?", text, choices, choices[0].key))
    return _chosen(plot, choice, spot, spot.line)


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

"""Texts of faults: the event that reports one, and the question that follows."""

from hardware.plotting.events import PlotFault, Prompt, PromptChoice
from hardware.plotting.session import PlotSession
from hardware.wire.grbl_codes import meaning_of_alarm, meaning_of_error
from hardware.wire.link_errors import (
    Alarmed,
    CableOut,
    Halted,
    LineRefused,
    LinkError,
    PowerLost,
    Restarted,
    Silent,
    UnclearReply,
)

HALTS = {
    "Hold": ("the machine was held, by a button or by another program", "go on when all is well"),
    "Door": ("the safety door is open", "close it"),
    "Alarm": ("the controller is locked by an alarm", "free the machine, then home it or set its origin again"),
    "Sleep": ("the controller is asleep and has released its motors", "home it or set its origin again"),
    "Tool": ("the controller waits for a tool change", "release it at the controller"),
    "Check": ("the controller is in check mode, in which nothing moves", "set its origin again"),
}


def fault(session: PlotSession, trouble: LinkError) -> PlotFault:
    """Return the event for a fault, with its meaning and what to do."""
    line = session.job.lines[session.acked] if session.acked < len(session.job.lines) else None
    number, text = (line.number, line.text) if line else (0, "")
    match trouble:
        case LineRefused(code, tag, own):
            meaning = meaning_of_error(code)
            at = session.job.lines[tag] if tag is not None else None
            return PlotFault(
                f"error:{code}", at.number if at else 0, at.text if at else own, meaning.text, meaning.remedy
            )
        case Alarmed(code):
            meaning = meaning_of_alarm(code)
            return PlotFault(f"ALARM:{code}", number, text, meaning.text, meaning.remedy)
        case CableOut(why):
            return PlotFault(
                "port",
                number,
                text,
                f"the port is gone ({why})",
                "plug the cable in again; the plot continues by itself",
            )
        case Restarted(banner):
            return PlotFault("reset", number, text, f"the controller has restarted ({banner.split(' [')[0]})",
                         "check its power supply and its cables; its position is lost")  # fmt: skip
        case Halted(state):
            why, remedy = HALTS.get(state, ("the controller is not ready", "check the machine"))
            return PlotFault(f"state {state}", number, text, why, remedy)
        case UnclearReply(noise, tag):
            tag = tag if noise or session.link.waits else min(session.checked[0], len(session.job.lines) - 1)
            at = session.job.lines[tag] if tag is not None else None
            what = f"a reply is unreadable: {noise!r}"
            if not noise:
                since = f"a line may be lost since {stroke_of(session, session.checked[0])}"
                what = f"a reply is missing; {'this line may be lost' if session.link.waits else since}"
            return PlotFault("garbled" if noise else "missing", at.number if at else 0, at.text if at else "", what,
                         "keep the cable short and away from motors")  # fmt: skip
        case PowerLost():
            return PlotFault("power", number, text, str(trouble), "plug in the power supply of the machine")
        case Silent(seconds):
            return PlotFault("silent", number, text, f"the controller has not replied for {seconds:.0f} s",
                         "check its power and its cable")  # fmt: skip
        case _:
            return PlotFault("trouble", number, text, str(trouble), "check the machine")


def stroke_of(session: PlotSession, line: int) -> str:
    """Return the stroke of a line, counted from 1."""
    return f"stroke {session.job.lines[min(line, len(session.job.lines) - 1)].stroke + 1}"


def question(
    session: PlotSession, trouble: LinkError, choices: tuple[PromptChoice, ...], default: str, *, pen_up: bool = True
) -> Prompt:
    event = fault(session, trouble)
    where = f" at line {event.line}: {event.text}" if event.line else ""
    return Prompt(0, "fault", f"{event.what}{where}", sentences(event), choices, default, pen_up=pen_up)


def sentences(event: PlotFault) -> str:
    """Return meaning and remedy as sentences."""
    return " ".join(f"{text[0].upper()}{text[1:]}." for text in (event.meaning, event.remedy))

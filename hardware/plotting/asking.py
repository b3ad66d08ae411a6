"""Questions to people, which wait without a time limit, and commands that arrive while it draws."""

from dataclasses import replace

from hardware.plotting.events import Answered, Prompt
from hardware.plotting.session import Ended, PauseNow, PlotSession
from hardware.wire.line_port import POLL_S
from hardware.wire.port import pass_time

VIRTUAL_WAIT_S = 0.02  # real time between two checks for an answer while time is virtual


def ask(session: PlotSession, prompt: Prompt, *, polls: bool = True) -> tuple[str, dict[str, float]]:
    """Wait for an answer without a time limit. Raises Ended and LinkError.

    `resume` gives the default answer; where there is none, the question is asked again.
    """
    session.add_worked_time()
    session.prompts += 1
    prompt = replace(prompt, id=session.prompts)
    session.control.prompt = prompt
    session.report("waiting", at_once=True)
    session.control.emit(prompt)
    try:
        choice, values = _answer(session, prompt, polls)
    finally:
        session.control.prompt = None
        session.skip_time()
    session.control.emit(Answered(prompt.id, choice))
    return choice, values


def _answer(session: PlotSession, prompt: Prompt, polls: bool) -> tuple[str, dict[str, float]]:
    keys = {choice.key for choice in prompt.choices}
    while True:
        command = session.control.take(VIRTUAL_WAIT_S if session.is_virtual else 0.0)
        if command is None:
            if polls:
                session.link.poll(POLL_S)
                session.report("waiting")
            else:
                pass_time(session.link.port, POLL_S)
        elif command.name == "answer" and command.prompt == prompt.id and command.choice in keys:
            if command.choice == "abort":
                raise Ended("aborted")
            return command.choice, command.values
        elif command.name == "resume" or (command.name == "unpause" and prompt.kind == "pause"):
            if prompt.default:
                return prompt.default, {}
            session.control.emit(prompt)
        elif command.name in {"abort", "emergency"}:
            raise Ended("aborted" if command.name == "abort" else "emergency")


def obey_commands(session: PlotSession) -> None:
    """Carry out the commands that arrived while it draws. Raises PauseNow and Ended."""
    while (command := session.control.take()) is not None:
        match command.name:
            case "pause":
                session.pausing = True
            case "pause now":
                raise PauseNow
            case "abort":
                raise Ended("aborted")
            case "emergency":
                raise Ended("emergency")
            case "resume" | "unpause":
                session.pausing = False


def obey_end(session: PlotSession) -> None:
    """Carry out the commands that need no controller, and ignore the others. Raises Ended."""
    while (command := session.control.take()) is not None:
        if command.name in {"abort", "emergency"}:
            raise Ended("aborted" if command.name == "abort" else "emergency")

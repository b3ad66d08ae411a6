"""Questions to people, which wait as long as it takes; and commands that come while it draws."""

from dataclasses import replace
from typing import TYPE_CHECKING

from hardware.plotting.endings import Ended, PauseNow
from hardware.plotting.events import Answered, Prompt
from hardware.wire.port import pass_time

if TYPE_CHECKING:
    from hardware.plotting.plot import Plot

POLL_S = 0.05
VIRTUAL_WAIT_S = 0.02  # of real time, between two looks for an answer, where time is virtual


def ask(plot: "Plot", prompt: Prompt, *, polls: bool = True) -> tuple[str, dict[str, float]]:
    """Waits for an answer as long as it takes. `resume` is the default answer. Raises Ended and LinkError."""
    plot.worked()
    plot.asked_so_far += 1
    prompt = replace(prompt, id=plot.asked_so_far)
    plot.control.prompt = prompt
    plot.tell("waiting", at_once=True)
    plot.control.emit(prompt)
    try:
        choice, values = _answer(plot, prompt, polls)
    finally:
        plot.control.prompt = None
        plot.sums["since"] = plot.now()
    plot.control.emit(Answered(prompt.id, choice))
    return choice, values


def _answer(plot: "Plot", prompt: Prompt, polls: bool) -> tuple[str, dict[str, float]]:
    keys = {choice.key for choice in prompt.choices}
    while True:
        command = plot.control.take(VIRTUAL_WAIT_S if plot.is_virtual else 0.0)
        if command is None:
            if polls:
                plot.link.poll(POLL_S)
                plot.tell("waiting")
            else:
                pass_time(plot.link.port, POLL_S)
        elif command.name == "answer" and command.prompt == prompt.id and command.choice in keys:
            if command.choice == "abort":
                raise Ended("aborted")
            return command.choice, command.values
        elif command.name == "resume" or (command.name == "unpause" and prompt.kind == "pause"):
            return prompt.default, {}
        elif command.name in {"abort", "emergency"}:
            raise Ended("aborted" if command.name == "abort" else "emergency")


def obey(plot: "Plot") -> None:
    """Commands that came while it draws."""
    while (command := plot.control.take()) is not None:
        match command.name:
            case "pause":
                plot.pausing = "pause"
            case "pause now":
                raise PauseNow
            case "abort":
                raise Ended("aborted")
            case "emergency":
                raise Ended("emergency")
            case "resume" | "unpause":
                plot.pausing = ""

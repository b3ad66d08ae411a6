"""How a plot looks on a terminal of 80 x 24, and what keys and lines do."""

import io
from collections.abc import Callable

import pytest
from rich.console import Console
from simulated_plot import SimulatedPlot

from hardware.plotting.control import Control
from hardware.plotting.events import PlotEvent, PlotFault, PlotProgress, Prompt, PromptChoice
from hardware.plotting.session import PlotOptions
from hardware.simulator import InjectedFault
from hardware.terminal import answers, event_text
from hardware.terminal.lines import JsonLines, PlainLines
from hardware.terminal.screen import Screen

Golden = Callable[[str, str], None]


def shown(session: SimulatedPlot, at: Callable[[PlotEvent], bool]) -> str:
    """The screen after the first event of this kind, as text."""
    console = Console(file=io.StringIO(), width=80, height=24, force_terminal=False, color_system=None)
    screen = Screen(session.job, console)
    looked: list[str] = []

    def see(event: PlotEvent) -> None:
        screen(event)
        if at(event) and not looked:
            with console.capture() as captured:
                console.print(screen._view())
            looked.append(captured.get())

    session.options = PlotOptions(port_name="/dev/ttyUSB0")
    session.observers.append(see)
    session.run()
    text = "\n".join(line.rstrip() for line in looked[0].splitlines()) + "\n"
    assert len(text.splitlines()) <= 24
    return text


@pytest.mark.parametrize(
    ("name", "at"),
    [
        ("pen", lambda event: isinstance(event, Prompt)),
        ("drawing", lambda event: isinstance(event, PlotProgress) and event.stroke == 3 and event.state == "drawing"),
        ("end", lambda event: type(event).__name__ == "Finished"),
    ],
)
def test_a_plot_looks_as_it_did(name: str, at: Callable[[PlotEvent], bool], golden: Golden) -> None:
    golden(f"terminal/{name}.txt", shown(SimulatedPlot(), at))


def test_a_fault_looks_as_it_did(golden: Golden) -> None:
    session = SimulatedPlot(faults=(InjectedFault(58, "error", code=33),))
    golden("terminal/fault.txt", shown(session, lambda event: isinstance(event, Prompt) and event.kind == "fault"))


def test_a_lost_position_looks_as_it_did(golden: Golden) -> None:
    session = SimulatedPlot(faults=(InjectedFault(58, "reset"),))
    golden("terminal/origin.txt", shown(session, lambda event: isinstance(event, Prompt) and event.kind == "origin"))


class Heard(Control):
    """Notes what is commanded."""

    def __init__(self, prompt: Prompt | None = None) -> None:
        super().__init__()
        self.prompt = prompt

    def commands(self) -> list[tuple[object, ...]]:
        reported = []
        while (command := self.take()) is not None:
            reported.append((command.name, command.choice, *command.values.items()))
        return reported


PEN = Prompt(
    4, "pen", "pen 1", "put it in", tuple(PromptChoice(key, key) for key in ("done", "nudge", "test", "abort")), "done"
)


@pytest.mark.parametrize(
    ("key", "command"),
    [
        ("\n", ("answer", "done")), ("d", ("answer", "done")), ("t", ("answer", "test")), ("q", ("answer", "abort")),
        ("\x1b[C", ("answer", "nudge", ("x", 0.1), ("y", 0.0))), ("-", ("answer", "nudge", ("z", -0.1))),
        ("e", ("emergency", "")),
    ],
)  # fmt: skip
def test_keys_answer_a_question(key: str, command: tuple[object, ...]) -> None:
    control = Heard(PEN)
    answers.on_key(control, key)
    assert control.commands() == [command]


@pytest.mark.parametrize(
    ("key", "command"),
    [("p", ("pause", "")), ("P", ("pause now", "")), ("q", ("abort", "")), ("e", ("emergency", ""))],
)
def test_keys_steer_a_plot(key: str, command: tuple[object, ...]) -> None:
    control = Heard()
    answers.on_key(control, key)
    assert control.commands() == [command]


def test_other_keys_do_nothing() -> None:
    control = Heard(PEN)
    assert not answers.on_key(control, "x")
    assert control.commands() == []


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ('{"answer": 4, "choice": "nudge", "x": 0.5}', [("answer", "nudge", ("x", 0.5))]),
        ('{"do": "pause now"}', [("pause now", "")]),
        ('{"do": "dance"}', []),
        ("not JSON", []),
        ("[1]", []),
    ],
)
def test_programs_steer_by_lines_of_json(line: str, command: list[tuple[object, ...]]) -> None:
    control = Heard(PEN)
    answers.on_json_line(control, line)
    assert control.commands() == command


def test_every_choice_has_a_key_of_its_own_where_it_is_offered() -> None:
    session = SimulatedPlot(faults=(InjectedFault(58, "error", code=33), InjectedFault(90, "reset")))
    session.run()
    for prompt in session.prompts:
        keys = [event_text.KEYS[choice.key] for choice in prompt.choices]
        assert len(set(keys)) == len(keys)


def test_plain_lines_and_json_lines_say_the_same_events() -> None:
    plain, as_json = io.StringIO(), io.StringIO()
    session = SimulatedPlot(faults=(InjectedFault(58, "error", code=33),))
    session.observers += [PlainLines(plain), JsonLines(as_json)]
    session.run()
    assert "error:33 at line" in plain.getvalue()
    faults = [event for event in session.events if isinstance(event, PlotFault)]
    assert as_json.getvalue().count('"event": "Fault"') == len(faults) == 1


def test_a_plot_whose_answers_have_ended_stops_at_its_next_question(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    control = Control()
    control.prompt = Prompt(1, "pen", "insert black", "", (PromptChoice("done", "the pen is in"),), "done")
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    answers._lines(control, answers.on_line)
    command = control.take()
    assert command is not None and command.name == "abort"
    assert "no one can answer" in capsys.readouterr().err

"""Controllers that stop, restart, or are not ready: in no case a pen left down, a shifted picture, or a silence."""

from pathlib import Path

import pytest
from plot_safety import MACHINES, SILENCE_S, WITHIN, holds, is_safe, left
from simulated_plot import SimulatedPlot, all_drawn_once

from hardware.machine import Machine
from hardware.plotting.events import Prompt
from hardware.plotting.session import PlotOptions
from hardware.simulator import InjectedFault
from hardware.terminal.answers import on_key

# --- alarms that wait for a reset ---


@MACHINES
@pytest.mark.parametrize("code", [1, 2])
def test_after_a_limit_in_mid_stroke_the_pen_is_lifted(machine: Machine, code: int, tmp_path: Path) -> None:
    session = SimulatedPlot(machine=machine, faults=(InjectedFault(WITHIN[machine.name], "alarm", code=code),),
                            answers={"fault": ["redo"]})  # fmt: skip
    assert session.run(tmp_path / "journal").outcome == "done"
    assert session.reported_faults() == [f"ALARM:{code}"]
    holds(session)
    is_safe(session)


def test_a_soft_limit_in_mid_stroke_ends_with_the_pen_up(tmp_path: Path) -> None:
    def narrow(_: object, __: object) -> None:
        if len(session.drawn()) == 3 and session.pen_is_down():
            session.bench.controller.machine.values.update({20: 1, 22: 1})

    session = SimulatedPlot()
    session.watchers.append(narrow)
    assert session.run(tmp_path / "journal").outcome == "aborted"
    assert session.reported_faults()[0] == "ALARM:2"
    assert not session.pen_is_down()
    is_safe(session)


def test_a_board_that_answers_no_reset_is_given_up_within_seconds(tmp_path: Path) -> None:
    def falls_silent(_: object, event: object) -> None:
        if "ALARM" in str(getattr(event, "what", "")):
            session.bench.controller.on_say = lambda text: None

    session = SimulatedPlot(faults=(InjectedFault(WITHIN["gantry"], "alarm", code=1),), answers={"fault": ["abort"]})
    session.watchers.append(falls_silent)
    assert session.run(tmp_path / "journal").outcome == "aborted"
    assert session.reported_faults()[:2] == ["ALARM:1", "silent"]
    assert session.notes()[-1].endswith("lift the pen by hand")
    assert session.longest_silence_s() < SILENCE_S


# --- after a reset ---


@pytest.mark.parametrize("homing", [False, True])
def test_enter_does_not_say_where_the_machine_is(homing: bool, tmp_path: Path) -> None:
    """No answer is taken for granted: it would shift all that follows. Homing is offered first where it is possible."""

    def presses_enter(session: SimulatedPlot, _: Prompt) -> str:
        if len(session.prompts) < 4:
            assert not on_key(session.control, "\n")
            return "none yet"
        return session.prompts[-1].choices[0].key

    session = SimulatedPlot(
        faults=(InjectedFault(WITHIN["gantry"], "reset"),),
        answers={"origin": [presses_enter] * 3},
        settings={22: 1, 25: 3000} if homing else {},
        options=PlotOptions(homes=True),
    )
    if homing:
        session.bench.controller.machine.systems[0] = (-120.0, -100.0, 0.0)
    else:
        session.options = PlotOptions()
    assert session.run(tmp_path / "journal").outcome == "done"
    origin = [prompt for prompt in session.prompts if prompt.kind == "origin"]
    assert len(origin) == 3
    assert origin[0] == origin[1] == origin[2]
    assert origin[0].default == ""
    assert origin[0].choices[0].key == ("home" if homing else "here")
    holds(session)
    is_safe(session)


@MACHINES
@pytest.mark.parametrize("line", [20, 58, 90])
def test_a_reset_whose_banner_is_lost_is_noticed(machine: Machine, line: int, tmp_path: Path) -> None:
    session = SimulatedPlot(machine=machine, faults=(InjectedFault(line, "unplug", seconds=3, resets=True),))
    session.bench.loses_banner = True
    assert session.run(tmp_path / "journal").outcome == "done"
    assert [prompt.kind for prompt in session.prompts][:2] == ["pen", "origin"]
    assert "the controller has restarted meanwhile: its modes are those after a reset" in session.notes()
    assert session.reported_faults() == ["port"]
    holds(session)


@pytest.mark.parametrize("line", [20, 58, 90])
def test_such_a_reset_is_told_from_the_spindle_value_alone(line: int, tmp_path: Path) -> None:
    """Of a board that prints nothing for $G."""
    session = SimulatedPlot(faults=(InjectedFault(line, "unplug", seconds=3, resets=True),))
    session.bench.loses_banner = True
    session.bench.controller.on_say = lambda text: None if text.startswith("[GC:") else text
    assert session.run(tmp_path / "journal").outcome == "done"
    assert [prompt.kind for prompt in session.prompts][:2] == ["pen", "origin"]
    holds(session)


# --- a controller that is not ready ---


@pytest.mark.parametrize(
    ("content", "state", "answer", "kinds"),
    [
        (b"!", "Hold", "reset", ["state", "pen", "pen"]),
        (b"!", "Hold", "go-on", ["state", "pen", "pen"]),
        (b"\x84", "Door", "go-on", ["state", "pen", "pen"]),
        (b"\x84", "Door", "reset", ["state", "pen", "pen"]),
        (b"$SLP\n", "Sleep", "reset", ["state", "origin", "pen", "pen"]),
        (b"$C\n", "Check", "reset", ["state", "pen", "pen"]),
    ],
)
def test_a_controller_that_is_not_ready_is_asked_about(
    content: bytes, state: str, answer: str, kinds: list[str], tmp_path: Path
) -> None:
    session = SimulatedPlot(answers={"state": [answer]})
    left(session, content)
    assert session.run(tmp_path / "journal").outcome == "done"
    assert [prompt.kind for prompt in session.prompts] == kinds
    asked = session.prompts[0]
    assert (asked.title, asked.default) == (f"the controller is not ready: {state}", "")
    assert all_drawn_once(session)
    assert session.plot is not None
    assert session.plot.session.greeting.settings[110] == 6000  # known after all
    is_safe(session)


def test_an_open_door_is_asked_about_until_it_is_closed(tmp_path: Path) -> None:
    def closes(session: SimulatedPlot, _: Prompt) -> str:
        session.bench.controller.machine.door_is_open = len(session.prompts) < 3
        return "go-on"

    session = SimulatedPlot(answers={"state": [closes] * 3})
    session.bench.controller.machine.door_is_open = True
    left(session, b"\x84")
    assert session.run(tmp_path / "journal").outcome == "done"
    assert [prompt.kind for prompt in session.prompts] == ["state", "state", "state", "pen", "pen"]
    assert session.notes().count("the controller is still held; is the door open?") == 2
    is_safe(session)


def test_a_machine_that_moves_is_waited_for(tmp_path: Path) -> None:
    session = SimulatedPlot()
    left(session, b"G1 F300 X50\nG1 X0\n")
    assert session.run(tmp_path / "journal").outcome == "done"
    assert session.notes()[0] == "the machine is moving; the plot begins once it has stopped"
    is_safe(session)


def test_a_limit_that_was_hit_before_the_plot_begins(tmp_path: Path) -> None:
    """It answers nothing but a reset (protocol.c, critical events)."""
    session = SimulatedPlot()
    session.bench.controller.alarm(1)
    session.bench.wait(2)
    assert session.run(tmp_path / "journal").outcome == "done"
    assert [prompt.kind for prompt in session.prompts] == ["origin", "pen", "pen"]

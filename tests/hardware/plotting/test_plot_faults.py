"""What goes wrong, and what comes of it: in no case a pen left down while somebody is waited for, a line sent after an
error, or a stroke drawn twice or lost without a note.

`python -m benchmarks.sender` prints the outcomes as a table.
"""

from pathlib import Path

import pytest
from plot_safety import MACHINES, WITHIN, holds
from samples import RAMPED, RELAY, SERVO
from simulated_plot import SimulatedPlot, all_drawn_once

from hardware.machine import Machine
from hardware.plotting.events import PlotFault
from hardware.plotting.journal import FileStore, read
from hardware.simulator import InjectedFault
from hardware.wire.port import PortError


@MACHINES
def test_an_error_stops_the_stream_at_once(machine: Machine, tmp_path: Path) -> None:
    session = SimulatedPlot(machine=machine, faults=(InjectedFault(WITHIN[machine.name], "error", code=33),))
    assert session.run(tmp_path / "journal").outcome == "done"
    holds(session)
    fault = next(event for event in session.events if isinstance(event, PlotFault))
    assert (fault.what, fault.meaning) == (
        "error:33",
        "an impossible arc: its end and its start differ in their distance from the centre",
    )
    line = next(line for line in session.job.lines if line.number == fault.line)
    assert line.text == fault.text
    prompt = next(prompt for prompt in session.prompts if prompt.kind == "fault")
    assert prompt.title == f"error:33 at line {fault.line}: {fault.text}"
    assert [choice.key for choice in prompt.choices] == ["go-on", "redo", "skip", "pass", "abort"]
    assert prompt.default == "redo"


@pytest.mark.parametrize("answer", ["go-on", "skip", "pass"])
def test_after_an_error_a_person_says_how_to_go_on(answer: str, tmp_path: Path) -> None:
    session = SimulatedPlot(faults=(InjectedFault(58, "error", code=2),), answers={"fault": [answer]})
    assert session.run(tmp_path / "journal").outcome == "done"
    assert session.pen_down_at_prompts == []
    assert session.lines_between_fault_and_answer() == []
    times = session.times_drawn()
    if answer == "go-on":  # the line that was thrown away is cut off: its corner is missing, nothing else
        assert 0.95 < times[2] < 1.02
    elif answer == "skip":
        assert times[2] < 1
        assert "stroke 3 is skipped" in session.notes()
    else:
        assert 1.9 < times[0] < 2.1
        assert "all strokes of black 0.5 are drawn again" in session.notes()
    assert all(share == pytest.approx(1, abs=0.02) for share in times[3:]) or answer == "pass"


@MACHINES
@pytest.mark.parametrize("code", [1, 3])
def test_an_alarm_that_loses_the_position_asks_where_the_machine_is(
    machine: Machine, code: int, tmp_path: Path
) -> None:
    session = SimulatedPlot(machine=machine, faults=(InjectedFault(WITHIN[machine.name], "alarm", code=code),))
    assert session.run(tmp_path / "journal").outcome == "done"
    holds(session)
    assert [prompt.kind for prompt in session.prompts] == ["pen", "origin", "resume", "pen"]


def test_a_soft_limit_is_reported_and_nothing_is_sent_on(tmp_path: Path) -> None:
    def narrow(session: SimulatedPlot, _: object) -> None:
        session.bench.controller.machine.values.update({20: 1, 22: 1})

    session = SimulatedPlot(answers={"pen": [narrow]})
    assert session.run(tmp_path / "journal").outcome == "aborted"
    assert session.drawn() == []
    assert not session.pen_is_down()
    prompt = session.prompts[-1]
    assert prompt.title.startswith("ALARM:2 at line 11: ")
    assert prompt.text == (
        "A motion beyond the machine's travel ($130, $131); the position is kept. Move the sheet or the drawing, or"
        " correct $130 and $131."
    )
    assert prompt.default == "abort"
    assert session.lines_between_fault_and_answer() == []


@MACHINES
def test_a_cable_that_is_out_for_a_while_costs_nothing(machine: Machine, tmp_path: Path) -> None:
    session = SimulatedPlot(machine=machine, faults=(InjectedFault(WITHIN[machine.name], "unplug", seconds=3),))
    assert session.run(tmp_path / "journal").outcome == "done"
    holds(session)
    assert [prompt.kind for prompt in session.prompts] == ["pen", "pen"]
    assert "the controller was not reset: its position is valid" in session.notes()
    assert all(share < 1.02 for stroke, share in enumerate(session.times_drawn()) if stroke not in {1, 3, 4})


@MACHINES
def test_a_cable_whose_return_resets_the_board_asks_where_the_machine_is(machine: Machine, tmp_path: Path) -> None:
    session = SimulatedPlot(
        machine=machine, faults=(InjectedFault(WITHIN[machine.name], "unplug", seconds=3, resets=True),)
    )
    assert session.run(tmp_path / "journal").outcome == "done"
    holds(session)
    assert [prompt.kind for prompt in session.prompts] == ["pen", "origin", "resume", "pen"]


@MACHINES
@pytest.mark.parametrize("kind", ["reset", "power_cut"])
def test_a_banner_in_mid_job_is_a_reset(machine: Machine, kind: str, tmp_path: Path) -> None:
    session = SimulatedPlot(machine=machine, faults=(InjectedFault(WITHIN[machine.name], kind, seconds=2),))  # type: ignore[arg-type]
    assert session.run(tmp_path / "journal").outcome == "done"
    holds(session)
    assert session.reported_faults() == ["reset"]
    origin = session.prompts[1]
    assert origin.kind == "origin"
    assert [choice.key for choice in origin.choices] == ["here", "known", "abort"]


def test_a_reset_at_a_question_keeps_what_is_known(tmp_path: Path) -> None:
    """The head stood still at a known place: unless somebody moved it, nothing is lost."""

    def cut(session: SimulatedPlot, _: object) -> str:
        session.bench.controller.power_cut(1.0)
        return "none yet"

    session = SimulatedPlot(answers={"pen": ["done", cut, "done"], "origin": ["still"]})
    assert session.run(tmp_path / "journal").outcome == "done"
    assert session.pen_down_at_prompts == []
    assert all_drawn_once(session)
    assert [prompt.kind for prompt in session.prompts] == ["pen", "pen", "origin", "pen"]


@MACHINES
def test_a_reply_of_two_letters_that_is_garbled_was_an_ok(machine: Machine, tmp_path: Path) -> None:
    session = SimulatedPlot(machine=machine, faults=(InjectedFault(WITHIN[machine.name], "garble"),))
    assert session.run(tmp_path / "journal").outcome == "done"
    assert all_drawn_once(session)
    assert session.reported_faults() == ["garbled"]
    assert [prompt.kind for prompt in session.prompts] == ["pen", "pen"]


@MACHINES
def test_a_longer_reply_that_is_garbled_may_have_been_an_error(machine: Machine, tmp_path: Path) -> None:
    session = SimulatedPlot(
        machine=machine, faults=(InjectedFault(WITHIN[machine.name], "garble", text="err\xfer:33"),)
    )
    assert session.run(tmp_path / "journal").outcome == "done"
    holds(session)
    assert [prompt.kind for prompt in session.prompts] == ["pen", "fault", "pen"]


@MACHINES
@pytest.mark.parametrize("kind", ["mute", "deafen"])
def test_a_reply_that_does_not_come_is_noticed_within_seconds(machine: Machine, kind: str, tmp_path: Path) -> None:
    """Whether the line was lost or only its reply is not known here."""
    session = SimulatedPlot(machine=machine, faults=(InjectedFault(WITHIN[machine.name], kind),))  # type: ignore[arg-type]
    assert session.run(tmp_path / "journal").outcome == "done"
    if kind == "mute":
        holds(session)
    assert session.pen_down_at_prompts == []
    assert all(share > 0.98 for share in session.times_drawn())  # what the lost line has spoilt is drawn again
    assert session.reported_faults() == ["missing"]
    assert "a line may be lost since stroke" in next(e.meaning for e in session.events if isinstance(e, PlotFault))


class Pressed:
    """Somebody presses a button at the machine in the middle of the third stroke."""

    def __init__(self, session: SimulatedPlot, byte: bytes) -> None:
        self.byte, self.session, self.done = byte, session, False
        session.watchers.append(self)

    def __call__(self, control: object, event: object) -> None:
        if not self.done and len(self.session.drawn()) == 3 and self.session.pen_is_down():
            self.done = True
            self.session.bench.controller.receive(self.session.bench.now(), self.byte)


@MACHINES
def test_a_hold_button_at_the_machine_is_a_pause(machine: Machine, tmp_path: Path) -> None:
    session = SimulatedPlot(machine=machine)
    Pressed(session, b"!")
    assert session.run(tmp_path / "journal").outcome == "done"
    holds(session)
    assert session.reported_faults() == ["state Hold"]


def test_an_open_door_is_waited_for(tmp_path: Path) -> None:
    session = SimulatedPlot()
    Pressed(session, b"\x84")
    assert session.run(tmp_path / "journal").outcome == "done"
    assert all_drawn_once(session)
    assert session.reported_faults() == ["state Door"]
    assert [prompt.pen_up for prompt in session.prompts] == [True, False, True]


class SmallDisk(FileStore):
    """Full after so many bytes, until there is room again."""

    room = 2000

    def write(self, content: bytes) -> None:
        if self.room < len(content):
            raise OSError(28, "No space left on device")
        type(self).room -= len(content)
        super().write(content)


def test_a_full_disk_does_not_stop_a_plot_and_is_reported_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hardware.plotting.journal.FileStore", SmallDisk)
    monkeypatch.setattr(SmallDisk, "room", 2000)

    def makes_room(session: SimulatedPlot, _: object) -> None:
        SmallDisk.room = 10_000_000

    session = SimulatedPlot(answers={"pen": ["done", makes_room]})
    assert session.run(tmp_path / "journal").outcome == "done"
    assert all_drawn_once(session)
    assert session.notes() == [
        "the journal cannot be written (No space left on device); the plot continues, but until there is room a crash"
        " would lose its position",
        "the journal can be written again and is complete",
    ]
    known = read(tmp_path / "journal")
    assert (known.strokes_done, known.outcome) == (12, "done")


def test_a_fault_that_comes_again_and_again_is_given_up(tmp_path: Path) -> None:
    session = SimulatedPlot(faults=tuple(InjectedFault(n, "error", code=20) for n in range(58, 400)))
    assert session.run(tmp_path / "journal").outcome == "aborted"
    assert session.notes()[-1] in {
        "more than 5 faults in a row at this line; stopped",
        "the machine could not be brought to rest (a G-code that this controller does not know); lift the pen by hand",
    }


def test_a_second_sender_is_turned_away() -> None:
    session = SimulatedPlot()
    session.bench.open()
    with pytest.raises(BlockingIOError):
        session.run()


# --- the plotting program is killed ---


@MACHINES
@pytest.mark.parametrize("after", range(3, 215, 11))
def test_killed_anywhere_it_is_resumed_exactly(machine: Machine, after: int, tmp_path: Path) -> None:
    resumed_exactly(machine, after, tmp_path)


@pytest.mark.parametrize("machine", [RELAY, RAMPED], ids=lambda machine: machine.name)
@pytest.mark.parametrize("after", range(5, 235, 23))
def test_so_it_is_with_other_pen_lifts(machine: Machine, after: int, tmp_path: Path) -> None:
    resumed_exactly(machine, after, tmp_path)


@pytest.mark.slow
@MACHINES
@pytest.mark.parametrize("after", range(3, 215))
def test_killed_after_each_line_it_is_resumed_exactly(machine: Machine, after: int, tmp_path: Path) -> None:
    resumed_exactly(machine, after, tmp_path)


def resumed_exactly(machine: Machine, after: int, tmp_path: Path) -> None:
    """In a stroke, on the way, at a question: no line is lost, none drawn twice; a dot, which is over when the pen has
    touched, may be touched again where that cannot be known, and then a note says so.
    """
    session = SimulatedPlot(machine=machine)
    session.killed(tmp_path / "journal", after)
    session.events.clear()
    assert session.run(tmp_path / "journal", resumes=True).outcome == "done"
    holds(session)
    for stroke, share in enumerate(session.times_drawn()):
        if len(session.wanted()[stroke]) > 1:
            assert share == pytest.approx(1, abs=0.02)


@MACHINES
@pytest.mark.parametrize("after", [40, 90, 101, 150])
def test_killed_and_without_power_it_asks_and_draws_the_stroke_again(
    machine: Machine, after: int, tmp_path: Path
) -> None:
    session = SimulatedPlot(machine=machine)
    session.killed(tmp_path / "journal", after)
    session.bench.controller.power_cut(1.0)
    session.bench.wait(2.0)
    session.events.clear()
    session.prompts.clear()
    assert session.run(tmp_path / "journal", resumes=True).outcome == "done"
    assert session.prompts[0].kind == "origin"
    holds(session)


def test_a_port_that_is_gone_when_the_plot_begins_is_reported() -> None:
    from hardware.wire.opener import opener

    with pytest.raises(PortError) as caught:
        opener("/dev/ttyNONE7", SERVO)()
    assert str(caught.value).startswith("/dev/ttyNONE7: no such port; ")

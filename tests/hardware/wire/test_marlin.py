"""Marlin by send and wait, against a scripted board that keeps its host protocol (as marlinfw.org describes it)."""

import itertools
from pathlib import Path

import pytest
from marlin_board import MarlinBoard
from samples import SERVO
from simulated_plot import card

from hardware.job.prepare import from_drawing
from hardware.plotting.control import Control
from hardware.plotting.events import Finished, Note, PlotEvent, PlotFault, Prompt
from hardware.plotting.plot import Plot
from hardware.plotting.session import PlotOptions

PRINTER = SERVO.model_copy(update={"name": "printer", "dialect": "marlin"})


class Run:
    """A plot on such a board, with default answers."""

    def __init__(
        self, faults: dict[int, str] | None = None, answers: dict[str, str] | None = None, *, waits: bool = False
    ) -> None:
        self.board = MarlinBoard(faults, waits=waits)
        self.seen_at: list[float] = []
        self.job = from_drawing(card(), PRINTER, "card")
        self.events: list[PlotEvent] = []
        self.answers = answers or {}
        self.control = Control()
        self.control.watch(self._see)

    def _see(self, event: PlotEvent) -> None:
        self.events.append(event)
        self.seen_at.append(self.board.now())
        if isinstance(event, Prompt):
            self.control.answer(event.id, self.answers.get(event.kind, event.default))

    def go(self, journal: Path | None = None) -> Finished:
        return Plot(self.job, lambda: self.board, self.control, journal, PlotOptions()).run()

    def drawn(self) -> list[str]:
        """The job's own lines among those that were carried out."""
        wanted = {line.text for line in self.job.lines}
        return [line for line in self.board.lines if line in wanted]

    def longest_silence_s(self) -> float:
        return max(after - before for before, after in itertools.pairwise(self.seen_at))

    def reported(self, kind: type) -> list[PlotEvent]:
        return [event for event in self.events if isinstance(event, kind)]


def test_every_line_is_carried_out_in_order_with_number_and_checksum(tmp_path: Path) -> None:
    run = Run()
    assert run.go(tmp_path / "journal").outcome == "done"
    assert run.board.wrong == []
    moves = [line for line in run.board.lines if line.startswith("G1 ")]
    assert moves == [line.text for line in run.job.lines if line.is_draw]
    assert run.board.place[:2] == [0.0, 0.0]
    assert [event.kind for event in run.reported(Prompt)] == ["pen", "pen"]  # type: ignore[attr-defined]


def test_a_line_that_arrives_damaged_is_sent_again(tmp_path: Path) -> None:
    run = Run(faults=dict.fromkeys((20, 21, 60, 95), "corrupt"))
    assert run.go(tmp_path / "journal").outcome == "done"
    moves = [line for line in run.board.lines if line.startswith("G1 ")]
    assert moves == [line.text for line in run.job.lines if line.is_draw]


@pytest.mark.parametrize("fault", ["corrupt,swallow", "swallow", "swallow,swallow", "mute", "corrupt,mute"])
def test_a_line_that_a_waiting_board_has_not_answered_is_sent_again(fault: str, tmp_path: Path) -> None:
    run = Run(faults={60: fault}, waits=True)
    assert run.go(tmp_path / "journal").outcome == "done"
    moves = [line for line in run.board.lines if line.startswith("G1 ")]
    assert moves == [line.text for line in run.job.lines if line.is_draw]
    assert [note.text for note in run.reported(Note) if isinstance(note, Note)] == [
        "the board waits, but has not answered line 60; it is sent again"
    ]
    assert run.longest_silence_s() < 1.5


def test_a_board_that_ignores_a_line_is_stopped_with_the_pen_up(tmp_path: Path) -> None:
    run = Run(faults={60: "swallow,swallow,swallow,swallow,swallow"}, answers={"fault": "abort"}, waits=True)
    assert run.go(tmp_path / "journal").outcome == "aborted"
    assert [event.what for event in run.reported(PlotFault)] == ["missing"]  # type: ignore[attr-defined]
    assert "M280 P0 S600" in run.board.lines[-8:]  # the pen was lifted
    assert run.longest_silence_s() < 10


@pytest.mark.parametrize("waits", [True, False])
def test_a_board_that_hears_nothing_any_more_is_given_up(waits: bool, tmp_path: Path) -> None:
    run = Run(faults={60: "deaf"}, waits=waits)
    assert run.go(tmp_path / "journal").outcome == "aborted"
    assert any(note.text.endswith("lift the pen by hand") for note in run.reported(Note))  # type: ignore[attr-defined]
    assert run.longest_silence_s() <= 10.1


def test_a_busy_board_is_waited_for(tmp_path: Path) -> None:
    run = Run(faults={40: "busy"})
    assert run.go(tmp_path / "journal").outcome == "done"
    assert run.board.now() > 50
    assert run.reported(PlotFault) == []


def test_a_command_that_it_does_not_know_stops_the_stream(tmp_path: Path) -> None:
    run = Run(faults={40: "unknown"}, answers={"fault": "abort"})
    assert run.go(tmp_path / "journal").outcome == "aborted"
    fault = run.reported(PlotFault)[0]
    assert isinstance(fault, PlotFault)
    assert fault.meaning == "a G-code that this controller does not know"
    assert run.board.lines[-4:-1] != []
    assert "M280 P0 S600" in run.board.lines[-8:]  # the pen was lifted


def test_a_board_that_restarts_is_asked_about(tmp_path: Path) -> None:
    run = Run(faults={40: "start"}, answers={"origin": "abort"})
    assert run.go(tmp_path / "journal").outcome == "aborted"
    assert [event.what for event in run.reported(PlotFault)] == ["reset"]  # type: ignore[attr-defined]
    assert [event.kind for event in run.reported(Prompt)] == ["pen", "origin"]  # type: ignore[attr-defined]


def test_a_stop_is_resumed(tmp_path: Path) -> None:
    from hardware.plotting.journal import read
    from hardware.plotting.resume import Resume

    run = Run(answers={"pen": "done"})
    stopped = []

    def stop(event: PlotEvent) -> None:
        if getattr(event, "stroke", 0) == 3 and not stopped:
            stopped.append(True)
            run.control.abort()

    run.control.watch(stop)
    assert run.go(tmp_path / "journal").outcome == "aborted"
    again = Plot(run.job, lambda: run.board, run.control, tmp_path / "journal", PlotOptions())
    assert again.run(resumed=Resume(read(tmp_path / "journal"))).outcome == "done"
    moves = [line for line in run.board.lines if line.startswith("G1 X")]
    wanted = [line.text for line in run.job.lines if line.is_draw]
    assert [line for line in dict.fromkeys(moves) if line in set(wanted)] == list(dict.fromkeys(wanted))


def test_a_nudge_is_an_offset_of_its_own(tmp_path: Path) -> None:
    run = Run()
    nudged = []

    def nudge(event: PlotEvent) -> None:
        if isinstance(event, Prompt) and not nudged:
            nudged.append(True)
            run.control.answer(event.id, "nudge", x=0.5)

    run.control._observers.insert(0, nudge)
    assert run.go(tmp_path / "journal").outcome == "done"
    assert "G92 X0 Y0 Z0" in run.board.lines
    first = run.reported(Note)[0]
    assert isinstance(first, Note)
    assert first.text == "this pen is offset by x +0.5, y +0, z +0"


@pytest.mark.parametrize("text", ["G1 X1*5", "G1 X1;a"])
def test_nothing_is_sent_that_would_break_the_frame(text: str) -> None:
    from hardware.wire.marlin import Marlin

    with pytest.raises(ValueError, match="must not be sent"):
        Marlin(MarlinBoard()).send(text)

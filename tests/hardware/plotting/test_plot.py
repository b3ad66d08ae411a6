"""A plot against the simulated controller: streaming, pens, pauses, stops; and how it is watched and steered."""

import math
import threading
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from samples import BLACK, ROUTER, SERVO
from simulated_plot import SimulatedPlot, all_drawn_once

from hardware.drawing import Drawing, PenPass
from hardware.job import variants
from hardware.job.gcode_job import JobError
from hardware.machine import Machine
from hardware.plotting.control import Control
from hardware.plotting.events import Finished, Note, PassBegun, PlotEvent, PlotProgress, Prompt
from hardware.plotting.plot import Plot
from hardware.plotting.session import PlotOptions
from hardware.simulator.trace import Move

MACHINES = pytest.mark.parametrize("machine", [SERVO, ROUTER], ids=lambda machine: machine.name)


@MACHINES
@pytest.mark.parametrize("waits", [False, True], ids=["counting", "waiting"])
def test_all_is_drawn_once_and_nothing_is_lost(machine: Machine, waits: bool, tmp_path: Path) -> None:
    session = SimulatedPlot(machine=machine, options=PlotOptions(waits=waits))
    finished = session.run(tmp_path / "journal")
    assert finished == Finished("done", 12, 12, finished.elapsed_s, "done: the pen is up and parked")
    assert all_drawn_once(session)
    assert not session.pen_down_at_prompts
    assert not session.pen_is_down()
    assert session.bench.controller.lost_bytes == 0
    assert session.plot is not None
    assert session.plot.session.link.most_bytes <= (40 if waits else 127)  # type: ignore[attr-defined]
    assert session.bench.controller.machine.spindle_on is (machine is SERVO)  # no M2: the servo goes on holding the pen


def test_only_what_may_be_sent_is_sent(tmp_path: Path) -> None:
    session = SimulatedPlot()
    session.run(tmp_path / "journal")
    written = b"".join(content for what, content in session.log if what == "write")  # type: ignore[misc]
    lines = written.replace(b"?", b"").decode("ascii").splitlines()
    assert all(line.isprintable() and len(line) < 80 for line in lines)
    assert not any("(" in line or line.startswith(("M0", "M2")) for line in lines)


def test_a_smaller_buffer_is_respected() -> None:
    session = SimulatedPlot()
    session.bench.controller.on_say = lambda text: text.replace(",15,128]", ",15,64]")
    session.run()
    assert session.plot is not None
    assert session.plot.session.link.most_bytes <= 63  # type: ignore[attr-defined]
    assert all_drawn_once(session)


def test_status_is_asked_five_times_a_second_at_most() -> None:
    session = SimulatedPlot()
    session.run()
    asked = sum(content.count(b"?") for what, content in session.log if what == "write")  # type: ignore[attr-defined]
    assert asked <= session.bench.now() * 5 + 10


def test_what_happens_is_reported_in_order() -> None:
    session = SimulatedPlot()
    session.run()
    reported = [event for event in session.events if not isinstance(event, PlotProgress)]
    assert [type(event).__name__ for event in reported] == [
        "Connected", "Prompt", "Answered", "PassBegun", "Prompt", "Answered", "PassBegun", "Finished",
    ]  # fmt: skip
    first = reported[1]
    assert isinstance(first, Prompt)
    assert first.title == "pen 1 of 2: black 0.5"
    assert first.pen is not None
    assert (first.pen.number, first.pen.colour, first.pen.strokes) == (1, "#101418", 6)
    assert first.text.startswith("insert it; it draws 6 strokes, 0.12 m in 0:")
    assert [choice.key for choice in first.choices] == ["done", "nudge", "test", "skip", "abort"]
    assert all(event.as_json()["event"] == type(event).__name__ for event in reported)


def test_progress_only_rises_and_ends_at_the_whole() -> None:
    session = SimulatedPlot()
    session.run()
    steps = [event for event in session.events if isinstance(event, PlotProgress)]
    assert steps[0].as_json()["event"] == "Progress"
    assert [step.stroke for step in steps] == sorted(step.stroke for step in steps)
    last = steps[-1]
    assert (last.stroke, last.line, last.state, last.left_s) == (12, len(session.job.lines), "done", 0.0)
    assert last.drawn_mm == pytest.approx(last.total_mm)
    middle = steps[len(steps) // 2]
    assert middle.elapsed_s + middle.left_s == pytest.approx(last.elapsed_s, rel=0.1)


# --- pens ---


@MACHINES
def test_a_nudge_moves_what_this_pen_draws_and_no_other(machine: Machine, tmp_path: Path) -> None:
    session = SimulatedPlot(machine=machine)
    session.answers = {"pen": [_nudged(0.5, -0.25)]}
    session.run(tmp_path / "journal")
    wanted = session.wanted()
    drawn = session.drawn()
    moved = [(x + 0.5, y - 0.25) for x, y in wanted[0]]
    assert drawn[0][0] == pytest.approx(moved[0], abs=0.011)
    assert drawn[0][-1] == pytest.approx(moved[-1], abs=0.011)
    assert drawn[6][0] == pytest.approx(wanted[6][0], abs=0.011)
    assert "this pen is offset by x +0.5, y -0.25, z +0" in session.notes()


def _nudged(x: float, y: float, z: float = 0.0):  # type: ignore[no-untyped-def]
    def answer(session: SimulatedPlot, prompt: Prompt) -> None:
        session.control.answer(prompt.id, "nudge", x=x, y=y, z=z)

    return answer


def test_a_servo_pen_is_nudged_in_its_own_units() -> None:
    session = SimulatedPlot()
    session.answers = {"pen": [_nudged(0, 0, -20.0)]}
    session.run()
    values = [event.value for event in session.bench.controller.machine.trace if hasattr(event, "value")]
    assert 280.0 in values
    assert 300.0 in values  # the second pen's


def test_a_nudge_too_far_is_refused() -> None:
    session = SimulatedPlot()
    session.answers = {"pen": [_nudged(11.0, 0)]}
    session.run()
    assert session.notes()[0] == "a pen can be moved by at most 10 mm; move the sheet or correct origin_mm instead"
    assert all_drawn_once(session)


@MACHINES
def test_a_test_stroke_lies_in_the_margin_and_then_all_goes_on(machine: Machine, tmp_path: Path) -> None:
    session = SimulatedPlot(machine=machine)
    session.answers = {"pen": ["test", "done", "test"]}
    session.run(tmp_path / "journal")
    assert len(session.prompts) == 4
    assert not session.pen_down_at_prompts
    first, *others = session.drawn()
    assert len(others) == 13
    (x, y), (end_x, end_y) = first[0], first[-1]
    assert (round(end_x - x, 2), round(end_y - y, 2)) == (10.0, 0.0)
    assert 5 < y <= 15  # below the drawing, on the sheet
    assert sum(session.times_drawn()) == pytest.approx(12, abs=0.1)


def test_a_pass_can_be_left_out(tmp_path: Path) -> None:
    session = SimulatedPlot()
    session.answers = {"pen": ["skip"]}
    session.run(tmp_path / "journal")
    assert [round(times) for times in session.times_drawn()] == [0] * 6 + [1] * 6
    assert "6 strokes, 0.12 m of black 0.5 are skipped" in session.notes()


def test_a_pause_in_foreign_g_code_is_a_question(tmp_path: Path) -> None:
    from hardware.job.prepare import from_gcode

    path = tmp_path / "foreign.gcode"
    path.write_text("G21\nG90\nM3 S600\nG0 X20 Y20\nM3 S300\nG1 X30 F900\nM3 S600\nM0 (turn it)\nG0 X40\nM3 S300\n"
                    "G1 X50\nM3 S600\nT3 M6\nG0 Y30\nM3 S300\nG1 X60\nM3 S600\nM2\n")  # fmt: skip
    session = SimulatedPlot()
    session.job = from_gcode(path, SERVO)
    session.run()
    assert [(prompt.kind, prompt.title, prompt.text) for prompt in session.prompts[:1]] == [
        ("pause", "paused", "turn it")
    ]
    assert session.prompts[1].kind == "pen"
    assert session.prompts[1].title == "pen 2 of 2: tool 3"
    assert not session.pen_down_at_prompts
    assert all_drawn_once(session)


# --- pauses and stops ---


class Steered:
    """Calls a command once a stroke is reached, or while the pen is down in one."""

    def __init__(
        self, session: SimulatedPlot, command: str, stroke: int, *, down: bool = False, now: bool = False
    ) -> None:
        self.session, self.command, self.stroke, self.down, self.now = session, command, stroke, down, now
        self.done = False
        session.watchers.append(self)

    def __call__(self, control: Control, event: PlotEvent) -> None:
        if self.done or not isinstance(event, PlotProgress) or event.stroke < self.stroke or event.state != "drawing":
            return
        if self.down and not (self.session.pen_is_down() and self.session.draws_a_line()):
            return
        self.done = True
        if self.command == "pause":
            control.pause(now=self.now)
        else:
            getattr(control, self.command)()


@MACHINES
@pytest.mark.parametrize("now", [False, True], ids=["at the next pen-up", "at once"])
def test_a_pause_parks_with_the_pen_up_and_goes_on_exactly(machine: Machine, now: bool, tmp_path: Path) -> None:
    session = SimulatedPlot(machine=machine)
    Steered(session, "pause", 2, down=True, now=now)
    finished = session.run(tmp_path / "journal")
    pause = next(prompt for prompt in session.prompts if prompt.kind == "pause")
    assert pause.text == ("stopped within stroke 3 of 12, and parked" if now else "parked after stroke 3 of 12")
    assert not session.pen_down_at_prompts
    assert finished.outcome == "done"
    assert all_drawn_once(session)
    drawn = [stroke for stroke in session.drawn() if len(stroke) > 1]
    assert len(drawn) == (7 if now else 6)  # one in two parts


def test_an_arc_is_gone_on_with_where_it_was_stopped(tmp_path: Path) -> None:
    angle = np.linspace(0, 2 * np.pi, 240)
    circle = 40 + 20 * np.column_stack([np.cos(angle), np.sin(angle)])
    machine = SERVO.model_copy(update={"arcs": True})
    session = SimulatedPlot(
        machine=machine, drawing=Drawing(100, 80, "#ffffff", (PenPass("one", BLACK, (circle,)),), "o")
    )
    assert sum(line.centre_mm is not None for line in session.job.lines) < 8
    Steered(session, "pause", 0, down=True, now=True)
    assert session.run(tmp_path / "journal").outcome == "done"
    first, second = session.drawn()
    centre = (50.0, 45.0)
    assert all(abs(math.dist(point, centre) - 20) < 0.08 for point in [*first, *second])
    assert math.dist(first[-1], second[0]) < 0.02
    length = sum(math.dist(a, b) for stroke in (first, second) for a, b in pairwise(stroke))
    assert length == pytest.approx(2 * math.pi * 20, rel=0.005)


@MACHINES
def test_a_stop_keeps_the_position_and_can_be_resumed(machine: Machine, tmp_path: Path) -> None:
    session = SimulatedPlot(machine=machine)
    Steered(session, "abort", 2, down=True)
    finished = session.run(tmp_path / "journal")
    assert (finished.outcome, finished.text) == ("aborted", "stopped; continue with render plot --resume")
    assert not session.pen_is_down()
    assert session.bench.controller.machine.bed(0)[:2] == pytest.approx(machine.park_mm)
    assert session.run(tmp_path / "journal", resumes=True).outcome == "done"
    assert session.prompts[-2].kind == "resume"
    assert session.prompts[-2].text.startswith("2 of 12 strokes finished. The controller was not reset")
    assert all_drawn_once(session)


def test_a_stop_at_a_question_needs_no_reset(tmp_path: Path) -> None:
    session = SimulatedPlot(answers={"pen": ["done", "abort"]})
    assert session.run(tmp_path / "journal").outcome == "aborted"
    assert session.run(tmp_path / "journal", resumes=True).outcome == "done"
    assert all_drawn_once(session)


def test_a_pause_is_taken_back_and_a_pen_is_still_asked_for(tmp_path: Path) -> None:
    session = SimulatedPlot(
        answers={"pause": [lambda session, prompt: _unpauses(session)], "pen": ["done", "none yet"]}
    )
    Steered(session, "pause", 2, down=True)
    asked = threading.Event()

    def waits(control: Control, event: PlotEvent) -> None:
        if isinstance(event, Prompt) and event.kind == "pen" and len(session.prompts) > 1:
            control.unpause()  # meant for a pause that is over, say
            asked.set()

    session.watchers.append(waits)
    plots = threading.Thread(target=session.run, args=(tmp_path / "journal",))
    plots.start()
    assert asked.wait(30)
    time.sleep(0.3)
    assert session.control.prompt is not None
    assert session.control.prompt.kind == "pen", "the pen is not in yet"
    session.control.answer(session.control.prompt.id, "done")
    plots.join(30)
    assert [prompt.kind for prompt in session.prompts] == ["pen", "pause", "pen"]
    assert all_drawn_once(session)


def _unpauses(session: SimulatedPlot) -> str:
    session.control.unpause()
    return "none yet"


def test_a_pause_that_is_taken_back_in_time_does_not_come(tmp_path: Path) -> None:
    session = SimulatedPlot()
    Steered(session, "pause", 2, down=True)
    Steered(session, "unpause", 2, down=True)
    assert session.run(tmp_path / "journal").outcome == "done"
    assert "pause" not in {prompt.kind for prompt in session.prompts}


def test_an_emergency_stop_is_sent_at_once_and_lifts_the_pen(tmp_path: Path) -> None:
    session = SimulatedPlot()
    Steered(session, "emergency", 2, down=True)
    finished = session.run(tmp_path / "journal")
    assert finished.outcome == "emergency"
    assert not session.pen_is_down()
    written = [content for what, content in session.log if what == "write"]
    reset = written.index(b"\x18")
    assert b"!" not in written
    assert all(content in {b"?", b"\x18", b"$X\n"} or content[:1] in b"GM" for content in written[reset:])  # type: ignore[index]
    moves = [event for event in session.bench.controller.machine.trace if isinstance(event, Move)]
    assert moves[-1].ended <= session.bench.now() - 0.2  # nothing moves after it


def test_an_emergency_stop_works_while_a_question_is_open(tmp_path: Path) -> None:
    session = SimulatedPlot(answers={"pen": ["done", lambda session, prompt: session.control.emergency()]})
    assert session.run(tmp_path / "journal").outcome == "emergency"


def test_a_check_run_finds_what_the_controller_refuses_and_moves_nothing(tmp_path: Path) -> None:
    session = SimulatedPlot(options=PlotOptions(checks=True))
    assert session.run(tmp_path / "journal").outcome == "done"
    assert f"the controller accepts all {len(session.job.lines)} lines" in session.notes()
    assert all_drawn_once(session)


# --- those who watch ---


def test_a_plot_goes_on_when_an_observer_dies() -> None:
    session = SimulatedPlot()

    def dies(event: PlotEvent) -> None:
        if isinstance(event, PassBegun):
            raise RuntimeError("the window was closed")

    session.observers.append(dies)
    assert session.run().outcome == "done"
    assert Note("an observer failed and was removed: RuntimeError: the window was closed", "warning") in session.events


def test_an_answer_to_a_closed_or_unknown_question_is_left_out() -> None:
    session = SimulatedPlot()

    def meddles(session: SimulatedPlot, prompt: Prompt) -> None:
        session.control.answer(prompt.id + 7, "abort")
        session.control.answer(prompt.id, "no such choice")

    session.answers = {"pen": [meddles]}
    assert session.run().outcome == "done"


def test_resume_gives_the_default_answer() -> None:
    session = SimulatedPlot(answers={"pen": [lambda session, prompt: session.control.resume()]})
    assert session.run().outcome == "done"


# --- before anything moves ---


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({131: 40.0}, "the drawing needs 73.0 mm in y, but the controller gives this axis a travel of 40 mm ($131);"
                      " use smaller paper, or correct $131"),
        ({22: 1}, "x goes from 0.0 to 90.0 mm in machine coordinates, but the machine from -120 to 0 ($130); set the"
                  " bed's origin (G54), or use smaller paper\ny goes from 0.0 to 73.0 mm in machine coordinates, but"
                  " the machine from -100 to 0 ($131); set the bed's origin (G54), or use smaller paper"),
    ],
)  # fmt: skip
def test_what_the_machine_cannot_reach_is_refused(settings: dict[int, float], message: str) -> None:
    session = SimulatedPlot(settings=settings, answers={"origin": ["home"]})
    with pytest.raises(JobError) as caught:
        session.run()
    assert str(caught.value) == message
    assert not session.drawn()
    assert session.bench.port is None


def test_a_homed_machine_whose_origin_is_set_draws() -> None:
    session = SimulatedPlot(settings={22: 1, 20: 1, 25: 3000}, options=PlotOptions(homes=True))
    session.bench.controller.machine.systems[0] = (-120.0, -100.0, 0.0)
    assert session.run().outcome == "done"
    assert all_drawn_once(session)


def test_slower_axes_are_reported() -> None:
    session = SimulatedPlot(settings={110: 1000.0, 111: 900.0, 1: 25})
    session.run()
    assert session.notes()[:3] == [
        "the job draws at up to 1800 mm/min, but the controller allows 900 ($110, $111): it draws more slowly",
        "the machine file has travel_mm_min 6000, but the controller allows 900 ($110, $111): the plot takes longer"
        " than planned",
        "the motors are released at rest ($1=25), so that a touch can lose the position; $1=255 keeps them on",
    ]


def test_a_board_that_restarts_when_the_port_opens_is_asked_for_its_origin(tmp_path: Path) -> None:
    session = SimulatedPlot()
    session.bench.resets_on_open = True
    assert session.run(tmp_path / "journal").outcome == "done"
    assert [prompt.kind for prompt in session.prompts] == ["origin", "pen", "pen"]
    assert session.prompts[0].default == ""
    assert all_drawn_once(session)


# --- other ways ---


def test_in_the_air_nothing_is_drawn() -> None:
    session = SimulatedPlot()
    session.job = variants.in_the_air(session.job)
    assert session.run().outcome == "done"
    assert session.drawn() == []
    assert session.prompts


def test_the_outline_is_traced_with_the_pen_up() -> None:
    session = SimulatedPlot()
    session.job = variants.outlined(session.job)
    assert session.run().outcome == "done"
    assert session.drawn() == []
    moves = [
        tuple(np.round(event.end[:2], 6)) for event in session.bench.controller.machine.trace if isinstance(event, Move)
    ]
    assert moves == [(20, 25), (90, 25), (90, 73), (20, 73), (20, 25), (0, 0)]


def test_latency_costs_character_counting_nothing() -> None:
    took = {}
    for latency_s in (0.001, 0.016):
        session = SimulatedPlot(latency_s=latency_s)
        session.run()
        moves = [
            event
            for event in session.bench.controller.machine.trace
            if isinstance(event, Move) and event.spindle == 300
        ]
        took[latency_s] = sum(move.ended - move.begun for move in moves)
    assert took[0.016] == pytest.approx(took[0.001], rel=0.01)


def test_two_threads_may_steer() -> None:
    """The interface is for other threads: a plot in one, the answers from another."""
    import threading

    session = SimulatedPlot()
    control = Control()
    asked = threading.Event()
    control.watch(lambda event: asked.set() if isinstance(event, Prompt) else None)
    plot = Plot(session.job, session.open, control, None, PlotOptions())  # type: ignore[arg-type]
    outcomes: list[Finished] = []
    thread = threading.Thread(target=lambda: outcomes.append(plot.run()))
    thread.start()
    for _ in range(2):
        assert asked.wait(10)
        asked.clear()
        assert control.prompt is not None
        control.answer(control.prompt.id, "done")
    thread.join(20)
    assert outcomes[0].outcome == "done"
    assert all_drawn_once(session)

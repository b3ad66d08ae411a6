"""The plotting program is killed: the guard lifts the pen at once, and the plot goes on exactly where it was."""

from collections.abc import Callable
from pathlib import Path

import pytest
from plot_safety import MACHINES, WITHIN, holds, sits_left
from samples import RAMPED, RELAY, ROUTER, SERVO
from simulated_plot import GuardedPort, SimulatedPlot, all_drawn_once

from hardware.machine import Machine
from hardware.plotting.journal import read
from hardware.plotting.pen_guard import rescue
from hardware.simulator import InjectedFault
from hardware.simulator.trace import Move, Spindle, is_down


@MACHINES
@pytest.mark.parametrize("after", range(7, 215, 9))
def test_a_guard_lifts_the_pen_at_once_and_the_plot_is_resumed_exactly(
    machine: Machine, after: int, tmp_path: Path
) -> None:
    guarded_and_resumed(SimulatedPlot(machine=machine), after, tmp_path)


@pytest.mark.parametrize("machine", [RELAY, RAMPED], ids=lambda machine: machine.name)
@pytest.mark.parametrize("after", range(9, 215, 27))
def test_so_does_a_guard_of_other_pen_lifts(machine: Machine, after: int, tmp_path: Path) -> None:
    guarded_and_resumed(SimulatedPlot(machine=machine), after, tmp_path)


@pytest.mark.parametrize("settings", [{13: 1}, {10: 0}], ids=["inches", "work"])
@pytest.mark.parametrize("machine", [SERVO, ROUTER], ids=lambda machine: machine.name)
@pytest.mark.parametrize("after", [40, 70, 150])
def test_a_guard_of_a_nudged_pen_whatever_reports_contain(
    after: int, machine: Machine, settings: dict[int, float], tmp_path: Path
) -> None:
    guarded_and_resumed(SimulatedPlot(machine=machine, settings=settings, answers=sits_left()), after, tmp_path)


def in_dot(number: int) -> Callable[[SimulatedPlot], bool]:
    """Whether the pen is down for this dot of the card, from 0."""

    def look(session: SimulatedPlot) -> bool:
        drawn = session.drawn()
        return session.pen_is_down() and len(drawn) == (2, 4, 5)[number] and len(drawn[-1]) == 1

    return look


@pytest.mark.parametrize("guard_after_s", [0.0, 0.04, 0.1, 0.2, 0.3, 0.5, 1.0])
@pytest.mark.parametrize("dot", range(3))
@MACHINES
def test_a_dot_in_which_the_program_is_killed_is_touched_once(
    machine: Machine, dot: int, guard_after_s: float, tmp_path: Path
) -> None:
    """The guard lets the wait end in which the dot is made, and counts the acknowledgements that nobody has read."""
    session = SimulatedPlot(machine=machine, kill_when=in_dot(dot))
    session.killed(tmp_path / "journal", is_guarded=True, guard_after_s=guard_after_s)
    assert session.killed_at > 0
    assert session.run(tmp_path / "journal", resumes=True).outcome == "done"
    assert all_drawn_once(session)


def test_acknowledgements_count_only_while_lines_of_the_job_are_sent(tmp_path: Path) -> None:
    rows = ['{"j":"start","digest":"","lines":9,"strokes":1,"options":{},"source":""}', '{"j":"sent","s":7,"a":3}']
    guard = '{"j":"guard","status":"<Hold:0|MPos:0,0,0|FS:0,600>","held":true,"oks":2}'
    for between, acked in ([], 5), (['{"j":"fault"}'], 3), (['{"j":"fault"}', '{"j":"from","l":4}'], 4):
        (tmp_path / "journal").write_text("\n".join([*rows, *between, guard]))
        assert read(tmp_path / "journal").acked == acked


def guarded_and_resumed(session: SimulatedPlot, after: int, tmp_path: Path) -> None:
    """No blot, and no line lost or drawn twice; a dot may be touched again, and then a note says so."""
    session.killed(tmp_path / "journal", after, is_guarded=True)
    assert not session.pen_is_down() or not session.drawn()
    assert lifted_at(session) - session.killed_at < 1.0
    session.events.clear()
    assert session.run(tmp_path / "journal", resumes=True).outcome == "done"
    holds(session)
    assert [prompt.kind for prompt in session.prompts].count("origin") == 0
    for stroke, share in enumerate(session.times_drawn()):
        if len(session.wanted()[stroke]) > 1:
            assert share == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("again_after", range(1, 22, 2))
@pytest.mark.parametrize("after", [70, 88])
@MACHINES
def test_a_plot_that_is_killed_again_while_it_resumes_still_draws_each_stroke_once(
    machine: Machine, after: int, again_after: int, tmp_path: Path
) -> None:
    session = SimulatedPlot(machine=machine)
    session.killed(tmp_path / "journal", after, is_guarded=True)
    session.killed(tmp_path / "journal", again_after, is_guarded=True, resumes=True)
    assert session.run(tmp_path / "journal", resumes=True).outcome == "done"
    holds(session)
    assert [prompt.kind for prompt in session.prompts].count("origin") == 0


def lifted_at(session: SimulatedPlot) -> float:
    """When the pen last left the paper; 0 if it never touched it."""
    at, was_down = 0.0, False
    for event in session.bench.controller.machine.trace:
        value = event.value if isinstance(event, Spindle) else event.spindle
        z = event.end[2] if isinstance(event, Move) else event.place[2]
        now_down = is_down(session.machine, z, value)
        if was_down and not now_down:
            at = event.at if isinstance(event, Spindle) else event.begun
        was_down = now_down
    return at


def test_a_guard_leaves_a_locked_controller_alone(tmp_path: Path) -> None:
    bench = SimulatedPlot().bench
    bench.controller.machine.state = "Alarm"
    assert rescue(GuardedPort(bench.open()), "-", ["M3 S600"]) == 1
    assert bench.controller.machine.trace == []


@MACHINES
def test_a_nudged_pen_goes_on_where_it_was_after_the_cable_was_out(machine: Machine, tmp_path: Path) -> None:
    session = SimulatedPlot(
        machine=machine, faults=(InjectedFault(WITHIN[machine.name], "unplug", seconds=3),), answers=sits_left()
    )
    assert session.run(tmp_path / "journal").outcome == "done"
    assert [prompt.kind for prompt in session.prompts] == ["pen", "pen", "pen"]
    assert "the controller was not reset: its position is valid" in session.notes()

"""Plots on the simulated EBB of an AxiDraw: what it draws, when, and what becomes of faults."""

import itertools
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ebb_plot import AXIDRAW, EbbPlot
from samples import BLACK, RED, sheet
from simulated_plot import Killed, all_drawn_once, samples

from hardware.drawing import Drawing, Line, Pen, PenPass
from hardware.estimate import estimate
from hardware.machine import load_machine
from hardware.plotting.events import Connected
from hardware.program import program
from hardware.simulator.ebb_bench import EbbFault
from hardware.simulator.trace import Move
from hardware.wire.port import PortError

VERSIONS = pytest.mark.parametrize("version", [(2, 8, 1), (3, 0, 2)], ids=["2.8.1", "3.0.2"])
STROKE = 150  # a command within the second wave of the first pen


def plotted(tmp_path: Path, *faults: EbbFault, **other: object) -> EbbPlot:
    session = EbbPlot(faults=faults, **other)  # type: ignore[arg-type]
    assert session.run(tmp_path / "journal").outcome == "done"
    return session


@VERSIONS
def test_every_stroke_is_drawn_once(version: tuple[int, int, int], tmp_path: Path) -> None:
    session = plotted(tmp_path, version=version)
    assert all_drawn_once(session)
    assert session.reported_faults() == []
    assert [prompt.kind for prompt in session.prompts] == ["origin", "pen", "pen"]
    assert session.pen_down_at_prompts == []
    assert session.bench.board.bed() == (0.0, 0.0)


def test_the_firmware_is_named_with_its_room(tmp_path: Path) -> None:
    for version, text in (((2, 8, 1), "EBB 2.8.1, 1 move ahead"), ((3, 0, 2), "EBB 3.0.2, 16 moves ahead")):
        session = plotted(tmp_path, version=version)
        assert next(event.firmware for event in session.events if isinstance(event, Connected)) == text


@VERSIONS
def test_no_command_is_longer_faster_or_takes_longer_than_the_board_can(version: tuple[int, int, int]) -> None:
    session = EbbPlot(version=version)
    session.run()
    for text in session.bench.board.commands:
        assert len(text) < 64
        if text.startswith("SM,"):
            ms, first, second = (int(part) for part in text.split(",")[1:])
            assert 1 <= ms <= 100
            assert max(abs(first), abs(second)) <= 25 * ms


def test_the_speed_of_the_machine_never_jumps() -> None:
    """Between two moves at even rates, it changes by what the acceleration gives in their time, and at a corner."""
    session = EbbPlot()
    session.run()
    moves = [event for event in session.bench.board.machine.trace if isinstance(event, Move)]
    speeds = [math.dist(m.start, m.end) / (m.ended - m.begun) for m in moves]
    assert max(speeds) == pytest.approx(10000 / 60, rel=0.03)
    for (a, u), (b, v) in itertools.pairwise(zip(moves, speeds, strict=True)):
        if b.begun - a.ended < 1e-6:
            assert abs(v - u) < 1000 * (a.ended - a.begun + b.ended - b.begun) / 2 + 8


def test_it_is_in_time_without_the_board_running_out_of_moves() -> None:
    session = EbbPlot()
    session.run()
    assert session.plot is not None
    assert session.plot.session.link.starved == 0  # type: ignore[attr-defined]
    moves = [event for event in session.bench.board.machine.trace if isinstance(event, Move)]
    waits = [b.begun - a.ended for a, b in itertools.pairwise(moves) if b.begun > a.ended]
    assert all(wait > 0.01 for wait in waits), "only where the pen moves"


# --- the plan ---


def of(*passes: tuple[Pen, list[Line]]) -> Drawing:
    return sheet(*(PenPass("any", pen, tuple(lines)) for pen, lines in passes), width_mm=140, height_mm=100)


def curves(count: int) -> list[Line]:
    angle = np.linspace(0, 2 * np.pi, 90)
    ring = np.column_stack([np.cos(angle), np.sin(2 * angle)])
    return [np.array([20 + 11.0 * n, 30 + 7.0 * (n % 5)]) + (3 + n) * ring for n in range(count)]


def farthest(points: list[tuple[float, float]], line: list[tuple[float, float]]) -> float:
    """The largest distance of points from a line, mm."""
    begin, ends = np.array(line if len(line) > 1 else line * 2, dtype=np.float64)[:-1], np.array(line)[-len(line) + 1 :]
    way = ends - begin
    most = 0.0
    for point in np.array(points):
        along = np.clip(((point - begin) * way).sum(axis=1) / np.maximum((way**2).sum(axis=1), 1e-12), 0, 1)
        most = max(most, float(np.hypot(*(begin + along[:, None] * way - point).T).min()))
    return most


DRAWINGS: dict[str, Callable[[], Drawing]] = {
    "hatching": lambda: of((BLACK, [np.array([[10.0, 10 + 2.0 * n], [100.0, 14 + 2.0 * n]]) for n in range(30)])),
    "dots": lambda: of((BLACK, list(np.random.default_rng(3).uniform(5, 95, (60, 1, 2))))),
    "curves, two pens": lambda: of((BLACK, curves(8)), (RED, curves(5))),
    "long lines of short steps": lambda: of(
        (BLACK, [np.clip(np.cumsum(np.random.default_rng(n).normal(0.2, 0.3, (200, 2)), axis=0) + 20, 5, 95)
                 for n in range(6)])),
}  # fmt: skip


@pytest.mark.parametrize("name", DRAWINGS)
@pytest.mark.parametrize("machine", ["axidraw_v3", "nextdraw_1117"])
def test_a_plot_takes_as_long_as_planned(name: str, machine: str) -> None:
    kind = load_machine(machine)
    session = EbbPlot(machine=kind, drawing=DRAWINGS[name](), version=(3, 0, 2) if "next" in machine else (2, 8, 1))
    took_s = session.run().elapsed_s
    assert estimate(program(session.drawing, kind), kind).seconds == pytest.approx(took_s, rel=0.02)
    assert session.job.seconds == pytest.approx(took_s, rel=0.02)
    drawn, wanted = session.drawn(), session.wanted()
    assert len(drawn) == len(wanted)
    assert max(farthest(samples(a), b) for a, b in zip(drawn, wanted, strict=True)) < 0.03
    assert max(farthest(samples(b), a) for a, b in zip(drawn, wanted, strict=True)) < 0.03


# --- faults ---


@VERSIONS
@pytest.mark.parametrize("kind", ["garble", "mute", "deafen"])
def test_what_became_of_a_command_is_found_out_by_the_counters(
    kind: str, version: tuple[int, int, int], tmp_path: Path
) -> None:
    session = plotted(tmp_path, EbbFault(STROKE, kind), version=version)  # type: ignore[arg-type]
    assert all_drawn_once(session)
    assert session.reported_faults() == []
    lost = "the board has missed a command, as its counters show; it is sent again"
    seen = "a reply of the board was lost; its counters show that the move is done"
    assert session.notes() == [lost if kind == "deafen" else seen]


@pytest.mark.parametrize("move", range(5, 620, 83))
@pytest.mark.parametrize("kind", ["garble", "mute", "deafen"])
def test_so_it_is_wherever_that_happens(kind: str, move: int, tmp_path: Path) -> None:
    session = plotted(tmp_path, EbbFault(move, kind))  # type: ignore[arg-type]
    assert all_drawn_once(session)
    assert session.reported_faults() == []


@VERSIONS
@pytest.mark.parametrize("move", range(40, 700, 60))
def test_a_cable_that_is_out_for_a_while_costs_nothing(
    move: int, version: tuple[int, int, int], tmp_path: Path
) -> None:
    session = plotted(tmp_path, EbbFault(move, "unplug", 3), version=version)
    assert all(share > 0.98 for share in session.times_drawn())
    assert session.strays() == []
    assert session.reported_faults() == ["port"]
    assert [prompt.kind for prompt in session.prompts] == ["origin", "pen", "pen"]
    doubled = [share for share in session.times_drawn() if share > 1.02]
    assert not doubled or any("again" in note or "within" in note for note in session.notes())


def test_a_board_that_restarts_with_the_cable_asks_where_the_machine_is(tmp_path: Path) -> None:
    session = plotted(tmp_path, EbbFault(STROKE, "unplug", 3, resets=True))
    assert [prompt.kind for prompt in session.prompts] == ["origin", "pen", "origin", "resume", "pen"]
    assert all(share > 0.98 for share in session.times_drawn())
    assert session.strays() == []


@VERSIONS
@pytest.mark.parametrize("move", range(60, 700, 110))
def test_motors_without_power_draw_nothing_and_nothing_is_left_out(
    move: int, version: tuple[int, int, int], tmp_path: Path
) -> None:
    session = plotted(tmp_path, EbbFault(move, "power_cut", 3), version=version)
    assert session.reported_faults() == ["power"]
    assert [prompt.kind for prompt in session.prompts][:2] == ["origin", "pen"]
    assert all(share > 0.98 for share in session.times_drawn())
    assert len(session.strays()) <= 1, "within the fifth of a second until it is noticed, the pen may touch the paper"


def test_a_plot_without_power_does_not_begin() -> None:
    session = EbbPlot()
    session.bench.board.dark_until = 100.0
    with pytest.raises(PortError, match="motors have no power; plug in the power supply"):
        session.run()


def test_an_old_firmware_is_refused() -> None:
    with pytest.raises(PortError, match=r"EBB firmware 2\.2\.7 is too old"):
        EbbPlot(version=(2, 2, 7)).run()


@VERSIONS
@pytest.mark.parametrize("move", range(60, 700, 110))
def test_the_button_of_the_board_is_a_pause(move: int, version: tuple[int, int, int], tmp_path: Path) -> None:
    session = plotted(tmp_path, EbbFault(move, "button"), version=version)
    assert session.reported_faults() == ["state Hold"]
    assert session.pen_down_at_prompts == []
    assert session.strays() == []
    assert all(share > 0.98 for share in session.times_drawn())


def test_a_slow_way_over_usb_makes_moves_longer_and_loses_nothing(tmp_path: Path) -> None:
    session = plotted(tmp_path, latency_s=0.06)
    assert all_drawn_once(session)
    note = "the board ran out of moves: this computer or its USB is slow; moves are made longer"
    assert session.notes() == [note]


@pytest.mark.parametrize("after", range(20, 760, 37))
def test_killed_anywhere_it_is_resumed_exactly(after: int, tmp_path: Path) -> None:
    session = EbbPlot()
    assert session.resumed(tmp_path / "journal", after).outcome == "done"
    assert session.strays() == []
    times = session.times_drawn()
    assert all(share > 0.98 for share in times), times
    doubled = [share for share in times if share > 1.02]
    assert not doubled or any("again" in note or "within" in note for note in session.notes())
    assert all(prompt.kind in {"pen", "resume", "origin"} for prompt in session.prompts)


def test_killed_and_the_board_restarted_it_asks_where_the_machine_is(tmp_path: Path) -> None:
    session = EbbPlot()
    session.killed(tmp_path / "journal", 300)
    session.bench.restart_board()
    session.prompts.clear()
    assert session.run(tmp_path / "journal", resumes=True).outcome == "done"
    assert session.prompts[0].kind == "origin"
    assert all(share > 0.98 for share in session.times_drawn())


def test_an_emergency_stops_at_once_and_lifts_the_pen(tmp_path: Path) -> None:
    session = EbbPlot()
    session.at_stroke(3, lambda control: control.emergency())
    assert session.run(tmp_path / "journal").outcome == "emergency"
    assert not session.pen_is_down()
    assert not session.bench.board.is_moving()
    assert len(session.drawn()) == 3


def test_pausing_at_once_stops_within_the_stroke_and_goes_on_there(tmp_path: Path) -> None:
    session = EbbPlot()
    session.at_stroke(3, lambda control: control.pause(now=True))
    assert session.run(tmp_path / "journal").outcome == "done"
    assert "pause" in [prompt.kind for prompt in session.prompts]
    assert session.pen_down_at_prompts == []
    assert all(share == pytest.approx(1, abs=0.02) or share == 2 for share in session.times_drawn())


def test_a_nudged_pen_draws_elsewhere_by_that_much(tmp_path: Path) -> None:
    session = EbbPlot(answers={"pen": ["done", "done"]})
    plain = EbbPlot()
    plain.run()

    def nudged(control: object, event: object) -> None:
        prompt = session.control.prompt
        if prompt is not None and prompt.kind == "pen" and prompt.id == 2 and not session.notes():
            session.control.answer(prompt.id, "nudge", x=1.5, y=-0.5)

    session.watchers.append(nudged)
    session.run(tmp_path / "journal")
    shifts = {
        (round(b[0] - a[0], 1), round(b[1] - a[1], 1))
        for one, other in zip(plain.drawn()[:6], session.drawn()[:6], strict=True)
        for a, b in [(one[0], other[0])]
    }
    assert shifts == {(1.5, -0.5)}
    assert [a[0] for a in plain.drawn()[6:]] == [b[0] for b in session.drawn()[6:]]


def test_the_origin_of_a_machine_that_rests_elsewhere_is_found_again(tmp_path: Path) -> None:
    """After a restart at a question the head is where it was: it goes to 0, 0, where the counters are cleared."""

    def restarts(session: EbbPlot, _: object) -> str:
        session.bench.unplug(1.0, resets=True)
        return "none yet"

    machine = AXIDRAW.model_copy(update={"pen_change_mm": (100.0, -50.0)})
    session = EbbPlot(machine=machine, answers={"pen": ["done", restarts, "done"], "origin": ["here", "still"]})
    assert session.run(tmp_path / "journal").outcome == "done"
    assert all_drawn_once(session)


def test_the_motors_are_free_while_somebody_is_asked_where_the_machine_is(tmp_path: Path) -> None:
    free: list[bool] = []

    def looks(session: EbbPlot, _: object) -> str:
        free.append(not any(session.bench.board.motors))
        return "here"

    session = EbbPlot(answers={"origin": [looks, looks]}, faults=(EbbFault(STROKE, "unplug", 3, resets=True),))
    assert session.run(tmp_path / "journal").outcome == "done"
    assert free == [True, True]
    assert session.bench.board.motors == [True, True]


def test_a_killed_plot_that_waits_for_ever_would_be_noticed() -> None:
    session = EbbPlot()
    session.kill_after = 3
    with pytest.raises(Killed):
        session.run()


@VERSIONS
def test_a_board_that_hears_late_once_is_reported_and_loses_nothing(
    version: tuple[int, int, int], tmp_path: Path
) -> None:
    session = plotted(tmp_path, EbbFault(STROKE, "stall", 0.9), version=version)
    assert all_drawn_once(session)
    assert session.reported_faults() == []
    note = "the board ran out of moves: this computer or its USB is slow; moves are made longer"
    assert session.notes() == [note]

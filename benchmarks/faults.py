"""Faults and their consequences, as a table; tests/hardware/plotting/test_plot_faults.py has the same cases.

python -m benchmarks.faults
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "hardware"))

from simulated_plot import SimulatedPlot, all_drawn_once

from hardware.simulator import InjectedFault

WITHIN = 64  # lines of G-code until the middle of the third stroke


def soft_limit(session: SimulatedPlot, _: object) -> None:
    """Switch on soft limits."""
    session.bench.controller.machine.values.update({20: 1, 22: 1})


def cut_while_waiting(session: SimulatedPlot, _: object) -> str:
    """Cut the power instead of answering a question."""
    session.bench.controller.power_cut(1.0)
    return "none yet"


def faulty(*faults: InjectedFault, **answers: list[object]) -> Callable[[Path], SimulatedPlot]:
    """A plot with these faults and answers."""

    def run(journal: Path) -> SimulatedPlot:
        session = SimulatedPlot(faults=faults, answers=answers)  # type: ignore[arg-type]
        session.run(journal)
        return session

    return run


def in_a_stroke(session: SimulatedPlot) -> bool:
    """Whether the machine is drawing the fourth stroke."""
    return len(session.drawn()) == 3 and session.pen_is_down() and session.draws_a_line()


def on_the_way(session: SimulatedPlot) -> bool:
    """Whether the machine is moving to the fourth stroke."""
    return len(session.drawn()) == 3 and not session.pen_is_down() and session.draws_a_line()


def at_a_question(session: SimulatedPlot) -> bool:
    """Whether the second question is open."""
    return len(session.prompts) == 2


def killed(when: Callable[[SimulatedPlot], bool], *, power_cut: bool = False) -> Callable[[Path], SimulatedPlot]:
    """A plot that is killed at a moment and then resumed."""

    def run(journal: Path) -> SimulatedPlot:
        session = SimulatedPlot()
        session.kill_when = when
        session.killed(journal)
        if power_cut:
            session.bench.controller.power_cut(1.0)
            session.bench.wait(2.0)
        session.prompts.clear()
        session.events.clear()
        session.run(journal, resumes=True)
        return session

    return run


CASES: dict[str, Callable[[Path], SimulatedPlot]] = {
    "none": faulty(),
    "error:33 in mid-stroke": faulty(InjectedFault(WITHIN, "error", code=33)),
    "hard limit, ALARM:1": faulty(InjectedFault(WITHIN, "alarm", code=1)),
    "reset in motion, ALARM:3": faulty(InjectedFault(WITHIN, "alarm", code=3)),
    "soft limit, ALARM:2": faulty(pen=[soft_limit]),
    "cable out 3 s, no reset": faulty(InjectedFault(WITHIN, "unplug", seconds=3)),
    "cable out 3 s, board resets": faulty(InjectedFault(WITHIN, "unplug", seconds=3, resets=True)),
    "power cut in mid-stroke": faulty(InjectedFault(WITHIN, "power_cut", seconds=2)),
    "power cut at a question": faulty(pen=["done", cut_while_waiting, "done"], origin=["still"]),
    "banner in mid-job": faulty(InjectedFault(WITHIN, "reset")),
    "garbled ok": faulty(InjectedFault(WITHIN, "garble")),
    "garbled longer reply": faulty(InjectedFault(WITHIN, "garble", text="err\xfer:33")),
    "missing reply": faulty(InjectedFault(WITHIN, "mute")),
    "killed during a stroke": killed(in_a_stroke),
    "killed during travel": killed(on_the_way),
    "killed at a question": killed(at_a_question),
    "killed, then the power cut": killed(in_a_stroke, power_cut=True),
}


def main() -> None:
    """Run every case, and print a row for each."""
    print(f"{'fault':<28}{'reported':<11}{'questions':<26}{'end':<9}{'down':>5}{'after':>6}  {'strokes':<24}notes")
    for name, run in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            session = run(Path(folder) / "journal")
        asked = ", ".join(prompt.kind for prompt in session.prompts if prompt.kind != "pen") or "-"
        told = "; ".join(note for note in session.notes() if "stroke" in note and "finished" not in note) or "-"
        outcome = getattr(session.events[-1], "outcome", "?")
        sent = len(session.lines_between_fault_and_answer()) if "ok" not in name else 0
        print(
            f"{name:<28}{', '.join(session.reported_faults()) or '-':<11}{asked:<17}{outcome:<9}"
            f"{len(session.pen_down_at_prompts):>5}{sent:>6}  {drawn(session):<26}{told}"
        )


def drawn(session: SimulatedPlot) -> str:
    """How many of the strokes were drawn once, how many in part twice, and how many not."""
    if all_drawn_once(session):
        return "12 once"
    times = session.times_drawn()
    once, twice, none = (sum(map(test, times)) for test in (_once, lambda t: t > 1.02, lambda t: t < 0.98))
    parts = [f"{once} once"] + [f"{twice} in part twice"] * bool(twice) + [f"{none} not"] * bool(none)
    return ", ".join(parts)


def _once(times: float) -> bool:
    return 0.98 <= times <= 1.02


if __name__ == "__main__":
    main()

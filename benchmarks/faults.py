"""Faults and their consequences, as a table; tests/hardware/plotting/test_all_scenarios.py checks the same cases.

python -m benchmarks.faults
"""

import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "hardware"))

from samples import SERVO
from simulated_plot import SimulatedPlot, all_drawn_once

from hardware.machine import Machine
from hardware.plotting.events import PlotProgress
from hardware.simulator import InjectedFault
from hardware.simulator.firmware import GRBL, Firmware

WITHIN = {"gantry": 64, "router": 56}  # lines of G-code until the middle of the third stroke, by machine

Scenario = Callable[[Path, Machine, Firmware], SimulatedPlot]
Look = Callable[[SimulatedPlot], bool]


# --- what happens ---


def soft_limit(session: SimulatedPlot, _: object) -> None:
    """Switch on soft limits."""
    session.bench.controller.machine.values.update({20: 1, 22: 1})


def cut_while_waiting(session: SimulatedPlot, _: object) -> str:
    """Cut the power instead of answering a question."""
    session.bench.controller.power_cut(1.0)
    return "none yet"


def in_a_stroke(session: SimulatedPlot) -> bool:
    """Whether the machine is drawing the fourth stroke."""
    return len(session.drawn()) == 3 and session.pen_is_down() and session.draws_a_line()


def on_the_way(session: SimulatedPlot) -> bool:
    """Whether the machine is moving to the fourth stroke."""
    return len(session.drawn()) == 3 and not session.pen_is_down() and session.draws_a_line()


def in_a_dot(session: SimulatedPlot) -> bool:
    """Whether the pen is down for the first dot."""
    drawn = session.drawn()
    return len(drawn) == 2 and len(drawn[1]) == 1 and session.pen_is_down()


def at_a_question(session: SimulatedPlot) -> bool:
    """Whether the second question is open."""
    return len(session.prompts) == 2


# --- how a plot runs ---


def faulty(fault: InjectedFault | None = None, /, **answers: list[object]) -> Scenario:
    """A plot with this fault, if any, after as many lines as this machine needs to the third stroke, and answers."""

    def run(journal: Path, machine: Machine, firmware: Firmware) -> SimulatedPlot:
        faults = (replace(fault, line=WITHIN[machine.name]),) if fault else ()
        given = {kind: list(each) for kind, each in answers.items()}
        session = SimulatedPlot(machine=machine, firmware=firmware, faults=faults, answers=given)  # type: ignore[arg-type]
        session.run(journal)
        return session

    return run


def with_settings(settings: dict[int, float], /, **answers: list[object]) -> Scenario:
    """A plot on a controller with these settings."""

    def run(journal: Path, machine: Machine, firmware: Firmware) -> SimulatedPlot:
        given = {kind: list(each) for kind, each in answers.items()}
        session = SimulatedPlot(machine=machine, firmware=firmware, settings=settings, answers=given)  # type: ignore[arg-type]
        session.run(journal)
        return session

    return run


def left(content: bytes, seconds: float = 0.1, /, **answers: list[object]) -> Scenario:
    """A plot on a controller that has received this before, with the pen up."""

    def run(journal: Path, machine: Machine, firmware: Firmware) -> SimulatedPlot:
        given = {kind: list(each) for kind, each in answers.items()}
        session = SimulatedPlot(machine=machine, firmware=firmware, answers=given)  # type: ignore[arg-type]
        for each, wait_s in (("\n".join([*session.job.setup.lift, ""]).encode(), 2.0), (content, seconds)):
            session.bench.controller.receive(session.bench.now(), each)
            session.bench.wait(wait_s)
        session.run(journal)
        return session

    return run


def prepared(prepare: Callable[[SimulatedPlot], None], fault: InjectedFault | None = None) -> Scenario:
    """A plot on a bench that is changed before."""

    def run(journal: Path, machine: Machine, firmware: Firmware) -> SimulatedPlot:
        faults = (replace(fault, line=WITHIN[machine.name]),) if fault else ()
        session = SimulatedPlot(machine=machine, firmware=firmware, faults=faults)
        prepare(session)
        session.run(journal)
        return session

    return run


def killed(when: Look, *, power_cut: bool = False, is_guarded: bool = False, late_s: float = 0.0) -> Scenario:
    """A plot that is killed at a moment and then resumed."""

    def run(journal: Path, machine: Machine, firmware: Firmware) -> SimulatedPlot:
        session = SimulatedPlot(machine=machine, firmware=firmware)
        session.kill_when = when
        session.killed(journal, is_guarded=is_guarded, guard_after_s=late_s)
        if power_cut:
            session.bench.controller.power_cut(1.0)
            session.bench.wait(2.0)
        session.prompts.clear()
        session.events.clear()
        session.run(journal, resumes=True)
        return session

    return run


def slow_answers(session: SimulatedPlot) -> None:
    """Let the controller take long for a `$` line."""
    session.bench.controller.dialog_s = 1.4


def lose_banners(session: SimulatedPlot) -> None:
    """Let a banner be lost that is printed while the port is opened."""
    session.bench.loses_banner = True


def chatter(session: SimulatedPlot) -> None:
    """Let the controller print a message before each of its first lines."""

    def talks(_: object, number: int, __: str) -> None:
        if number <= 139:
            session.bench.controller.message("Pgm End")

    session.bench.controller.on_line = talks  # type: ignore[assignment]


def press_while_parking(session: SimulatedPlot) -> None:
    """Let somebody press the hold button once five strokes are finished."""
    pressed: list[bool] = []

    def look(_: object, event: object) -> None:
        if not pressed and isinstance(event, PlotProgress) and event.stroke == 5:
            pressed.append(True)
            session.bench.controller.receive(session.bench.now(), b"!")

    session.watchers.append(look)


UNPLUGGED = InjectedFault(0, "unplug", seconds=3)
UNPLUGGED_RESETS = InjectedFault(0, "unplug", seconds=3, resets=True)
CASES: dict[str, Scenario] = {
    "none": faulty(),
    "error:33 in mid-stroke": faulty(InjectedFault(0, "error", code=33)),
    "hard limit, ALARM:1": faulty(InjectedFault(0, "alarm", code=1)),
    "reset in motion, ALARM:3": faulty(InjectedFault(0, "alarm", code=3)),
    "soft limit, ALARM:2": faulty(pen=[soft_limit]),
    "cable out 3 s, no reset": faulty(UNPLUGGED),
    "cable out 3 s, board resets": faulty(UNPLUGGED_RESETS),
    "power cut in mid-stroke": faulty(InjectedFault(0, "power_cut", seconds=2)),
    "power cut at a question": faulty(pen=["done", cut_while_waiting, "done"], origin=["still"]),
    "banner in mid-job": faulty(InjectedFault(0, "reset")),
    "garbled ok": faulty(InjectedFault(0, "garble")),
    "garbled longer reply": faulty(InjectedFault(0, "garble", text="err\xfer:33")),
    "missing reply": faulty(InjectedFault(0, "mute")),
    "killed during a stroke": killed(in_a_stroke),
    "killed during travel": killed(on_the_way),
    "killed at a question": killed(at_a_question),
    "killed, then the power cut": killed(in_a_stroke, power_cut=True),
}
BOARDS: dict[str, Scenario] = {
    "soft limit in mid-stroke": faulty(InjectedFault(0, "alarm", code=2), fault=["redo"]),
    "line lost with its reply": faulty(InjectedFault(0, "deafen")),
    "laser mode": with_settings({32: 1}, setting=["set"]),
    "reports in inches": with_settings({13: 1}),
    "reports of work coordinates": with_settings({10: 0}),
    "held before the start": left(b"!", state=["reset"]),
    "door before the start": left(b"\x84", state=["go-on"]),
    "asleep before the start": left(b"$SLP\n", state=["reset"]),
    "check mode before the start": left(b"$C\n", state=["reset"]),
    "moving before the start": left(b"G1 F300 X20\nG1 X0\n"),
    "half a line before the start": left(b"G1 X5", 0.0),
    "slow answers": prepared(slow_answers),
    "banner lost with the port": prepared(lose_banners, UNPLUGGED_RESETS),
    "139 messages": prepared(chatter),
    "held while parking": prepared(press_while_parking),
    "killed in a stroke, guarded": killed(in_a_stroke, is_guarded=True),
    "killed in travel, guarded": killed(on_the_way, is_guarded=True),
    "killed in a dot, guarded": killed(in_a_dot, is_guarded=True),
    "the same, guard late": killed(in_a_dot, is_guarded=True, late_s=0.3),
}


def main() -> None:
    """Run every case, and print a row for each."""
    print(f"{'fault':<30}{'reported':<11}{'questions':<26}{'end':<9}{'down':>5}{'after':>6}  {'strokes':<24}notes")
    for name, run in (CASES | BOARDS).items():
        with tempfile.TemporaryDirectory() as folder:
            session = run(Path(folder) / "journal", SERVO, GRBL)
        asked = ", ".join(prompt.kind for prompt in session.prompts if prompt.kind != "pen") or "-"
        told = "; ".join(note for note in session.notes() if "stroke" in note and "finished" not in note) or "-"
        outcome = getattr(session.events[-1], "outcome", "?")
        sent = len(session.lines_between_fault_and_answer()) if "ok" not in name else 0
        print(
            f"{name:<30}{', '.join(session.reported_faults()) or '-':<11}{asked:<17}{outcome:<9}"
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

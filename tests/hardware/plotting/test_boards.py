"""Controllers whose settings or manners differ from the usual: in no case a pen left down, a picture that is shifted or
scribbled over, or a silence.
"""

from pathlib import Path

import pytest
from samples import ROUTER, SERVO
from simulated_plot import SimulatedPlot
from test_plot_faults import WITHIN, holds

from hardware.machine import Machine
from hardware.simulator import InjectedFault

MACHINES = pytest.mark.parametrize("machine", [SERVO, ROUTER], ids=lambda machine: machine.name)
SILENCE_S = 10.0


def is_safe(session: SimulatedPlot) -> None:
    """Nobody is left without a word: neither a pen that stands on the paper, nor a program that waits."""
    assert session.silent_standstills() == []
    assert session.pen_down_at_prompts == []
    assert session.longest_silence_s() < SILENCE_S


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

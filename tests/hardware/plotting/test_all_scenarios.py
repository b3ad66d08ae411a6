"""The bars that no scenario may exceed: the cases of `python -m benchmarks.faults`, on several boards."""

from pathlib import Path

import pytest
from plot_safety import SILENCE_S, noted_again
from samples import ROUTER, SERVO
from simulated_plot import SimulatedPlot

from benchmarks.faults import BOARDS, CASES
from hardware.machine import Machine
from hardware.simulator.firmware import FLUIDNC, GRBL, GRBLHAL, Firmware

UNGUARDED = {name for name in CASES if name.startswith("killed")}  # nobody is left who could raise the pen
CHORD = "line lost with its reply"  # the pen goes straight to the end of the next, before that can be known
SETUPS = [(SERVO, GRBL), (ROUTER, GRBL), (SERVO, GRBLHAL), (SERVO, FLUIDNC)]
RUNS = [
    (name, machine, firmware)
    for name in CASES | BOARDS
    for machine, firmware in SETUPS
    if (name, firmware) != ("laser mode", FLUIDNC)  # there, it is a kind of spindle
]


@pytest.mark.parametrize(("name", "machine", "firmware"), RUNS, ids=lambda each: getattr(each, "name", each))
def test_no_scenario_exceeds_the_bars(name: str, machine: Machine, firmware: Firmware, tmp_path: Path) -> None:
    session = (CASES | BOARDS)[name](tmp_path / "journal", machine, firmware)
    if name not in UNGUARDED:
        assert session.silent_standstills() == []
    assert session.pen_down_at_prompts == []
    assert session.longest_silence_s() < SILENCE_S
    if name != CHORD:
        assert session.strays() == []
    nothing_without_a_word(session)


def nothing_without_a_word(session: SimulatedPlot) -> None:
    """No stroke was drawn twice or lost without a word."""
    times = session.times_drawn()
    assert {stroke for stroke, share in enumerate(times) if share > 1.02} <= noted_again(session)
    finished = session.events[-1]
    lost = sum(share < 0.98 for share in times)
    if getattr(finished, "outcome", "") == "done":
        assert lost == 0
    else:
        assert session.reported_faults(), "it ends early only after a fault that was reported"

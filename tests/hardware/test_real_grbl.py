"""The file of steps of GRBL's own simulator, as `python -m benchmarks.real_grbl` reads and judges it."""

from pathlib import Path

import pytest
from simulated_plot import SimulatedPlot

from benchmarks.real_grbl import ROUTER, judged, trace_of
from hardware.simulator.settings import for_machine
from hardware.simulator.trace import Move

ROWS = """# block number 0
     1.00000 0, 0, 0, 0
     1.01000 100, 0, 1200, 0
# block number 1
     1.02000 100, 0, 1200, 0
     1.03000 100, 250, -200, 0
"""


def test_rows_of_steps_become_motions_in_mm() -> None:
    assert trace_of(ROWS) == [
        Move(1.0, 1.01, (0, 0, 0), (1, 0, 3), 0.0),
        Move(1.02, 1.03, (1, 0, 3), (1, 2.5, -0.5), 0.0),
    ]


def test_strokes_are_counted_as_on_our_own_simulator(tmp_path: Path) -> None:
    plot = SimulatedPlot(machine=ROUTER)
    assert plot.run().outcome == "done"
    values, moves = (
        for_machine(ROUTER),
        [each for each in plot.bench.controller.machine.trace if isinstance(each, Move)],
    )
    rows = [(moves[0].begun, moves[0].start), *((move.ended, move.end) for move in moves)]
    steps = [[round(at[axis] * values[100 + axis]) for axis in range(3)] for _, at in rows]
    text = "\n".join(f"{when:12.5f} {x}, {y}, {z}, 0" for (when, _), (x, y, z) in zip(rows, steps, strict=True))
    (tmp_path / "steps.txt").write_text(text)
    assert judged(tmp_path / "steps.txt").times_drawn() == pytest.approx(plot.times_drawn(), abs=0.01)

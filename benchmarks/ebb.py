"""Plots on a simulated EBB: is the plot the same as the preview, how long it takes, and what becomes of faults.

python -m benchmarks.ebb gallery/scream_points gallery/coffee_markers     finished works
python -m benchmarks.ebb --faults                                         the table of faults
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "hardware"))

from ebb_plot import EbbPlot
from simulated_plot import strokes

from benchmarks.faults import at_a_question, drawn, in_a_stroke, on_the_way
from hardware.drawing import Drawing, PenPass
from hardware.machine import Machine, load_machine
from hardware.sheet_placement import check_sheet, sheet_placement
from hardware.simulator.ebb_bench import EbbFault
from hardware.simulator.trace import Trace
from hardware.svgfile import read_svg

PX_PER_MM = 8.0
MACHINES = ("axidraw_v3", "axidraw_v3_a3", "nextdraw_2234")
WITHIN = 150  # commands for the FIFO until the middle of the third stroke


def machine_for(drawing: Drawing) -> Machine:
    """Return the smallest starter machine on which the sheet fits, upright or turned."""
    for name in MACHINES:
        for turn in (0, 90):
            machine = load_machine(name)
            height_mm = drawing.width_mm if turn else drawing.height_mm
            if height_mm > machine.height_mm:
                continue
            machine = machine.model_copy(update={"rotate": turn, "origin_mm": (0.0, -height_mm), "margin_mm": 0.0})
            if not check_sheet(drawing.width_mm, drawing.height_mm, machine):
                return machine
    raise SystemExit(f"{drawing.title}: no machine is large enough")


def redrawn(drawing: Drawing, trace: Trace, machine: Machine) -> Drawing:
    """The plot of the simulated machine as a drawing, pass after pass in the order of its strokes."""
    placement, found, passes = sheet_placement(drawing.width_mm, drawing.height_mm, machine), 0, []
    made = strokes(trace, machine)
    for part in drawing.passes:
        own = made[found : found + len(part.lines)]
        found += len(part.lines)
        lines = tuple(np.array([placement.on_sheet(x, y) for x, y in stroke]) for stroke in own)
        passes.append(PenPass(part.layer, part.pen, lines))
    assert found == len(made), f"{len(made)} strokes were drawn, but there are {found}"
    return replace(drawing, passes=tuple(passes))


def compared(folder: Path, version: tuple[int, int, int]) -> None:
    """Plot a finished work, redraw the plot of the simulated machine, and print the differences."""
    from renderer.preview import picture

    drawing = read_svg(folder / "drawing.svg")
    machine = machine_for(drawing)
    session = EbbPlot(machine=machine, drawing=drawing, version=version)
    session.patience_s = 1e9
    began = time.process_time()
    finished = session.run()
    cpu_s = time.process_time() - began
    made = redrawn(drawing, session.bench.board.machine.trace, machine)
    difference = np.abs(picture(made, PX_PER_MM) - picture(drawing, PX_PER_MM)) * 255
    print(
        f"{folder.name} on {machine.name}, EBB {'.'.join(map(str, version))}: {finished.outcome}, {session.job.strokes}"
        f" strokes once each, {len(session.bench.board.commands)} commands, {len(session.prompts)} questions, pen down"
        f" at {len(session.pen_down_at_prompts)} of them\n"
        f"  drawn against preview at {PX_PER_MM:g} px/mm: mean {difference.mean():.3f} / 255, 99.9th percentile"
        f" {np.percentile(difference, 99.9):.1f}\n"
        f"  planned {session.job.seconds / 60:.2f} min, simulated {finished.elapsed_s / 60:.2f} min"
        f" ({session.job.seconds / finished.elapsed_s - 1:+.2%}); board out of moves"
        f" {session.plot.session.link.starved if session.plot else 0} times; {cpu_s:.0f} CPU s"  # type: ignore[attr-defined]
    )


# --- faults ---


def faulty(*faults: EbbFault, **other: Any) -> Callable[[Path], EbbPlot]:
    """A plot with these faults."""

    def run(journal: Path) -> EbbPlot:
        session = EbbPlot(faults=faults, **other)
        session.run(journal)
        return session

    return run


def killed(when: Callable[[Any], bool], *, restarts: bool = False) -> Callable[[Path], EbbPlot]:
    """A plot that is killed at a moment and then resumed."""

    def run(journal: Path) -> EbbPlot:
        session = EbbPlot(kill_when=when)
        session.killed(journal)
        if restarts:
            session.bench.restart_board()
        session.prompts.clear()
        session.events.clear()
        session.run(journal, resumes=True)
        return session

    return run


CASES: dict[str, Callable[[Path], EbbPlot]] = {
    "none": faulty(),
    "none, firmware 3": faulty(version=(3, 0, 2)),
    "cable out 3 s": faulty(EbbFault(WITHIN, "unplug", 3)),
    "cable out 3 s, firmware 3": faulty(EbbFault(WITHIN, "unplug", 3), version=(3, 0, 2)),
    "cable out 3 s, board restarts": faulty(EbbFault(WITHIN, "unplug", 3, resets=True)),
    "motors without power, 3 s": faulty(EbbFault(WITHIN, "power_cut", 3)),
    "button of the board": faulty(EbbFault(WITHIN, "button")),
    "garbled OK": faulty(EbbFault(WITHIN, "garble")),
    "missing OK": faulty(EbbFault(WITHIN, "mute")),
    "lost command": faulty(EbbFault(WITHIN, "deafen")),
    "FIFO starved: board hears late": faulty(EbbFault(WITHIN, "stall", 0.3)),
    "FIFO starved: 60 ms over USB": faulty(latency_s=0.06),
    "killed during a stroke": killed(in_a_stroke),
    "killed during travel": killed(on_the_way),
    "killed at a question": killed(at_a_question),
    "killed, then the board restarts": killed(in_a_stroke, restarts=True),
}


def faults() -> None:
    """Run every case, and print a row for each."""
    print(f"{'fault':<34}{'reported':<13}{'questions':<24}{'end':<7}{'down':>5}  {'strokes':<26}notes")
    for name, run in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            session = run(Path(folder) / "journal")
        asked = ", ".join(prompt.kind for prompt in session.prompts[1:] if prompt.kind != "pen") or "-"
        outcome = getattr(session.events[-1], "outcome", "?")
        told = "; ".join(note for note in session.notes() if "finished" not in note) or "-"
        print(
            f"{name:<34}{', '.join(session.reported_faults()) or '-':<13}{asked:<24}{outcome:<7}"
            f"{len(session.pen_down_at_prompts):>5}  {drawn(session):<26}{told}"
        )


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", metavar="WORK", nargs="*", type=Path, help="finished works, with a drawing.svg")
    parser.add_argument("--faults", action="store_true", help="print the table of faults")
    arguments = parser.parse_args()
    for folder in arguments.folders:
        for version in ((2, 8, 1), (3, 0, 2)):
            compared(folder, version)
    if arguments.faults:
        faults()


if __name__ == "__main__":
    main()

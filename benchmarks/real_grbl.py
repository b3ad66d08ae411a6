"""Plots on GRBL itself: its own code, built for this computer by grbl-sim, judged by the steps that it makes.

    python -m benchmarks.real_grbl build FOLDER   # once: needs git, make, a C compiler and the internet
    python -m benchmarks.real_grbl run FOLDER     # about ten minutes, in real time

`build` clones gnea/grbl and grbl/grbl-sim and makes grbl_sim.exe, as the README of grbl-sim describes. `run` plots the
same card as the tests, with a Z axis, and prints how often each stroke was drawn. It is not part of the checks of this
repository, which run without the internet.
"""

import argparse
import multiprocessing
import os
import subprocess
import sys
import threading
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "hardware"))

from samples import ROUTER
from simulated_plot import SimulatedPlot, card

from hardware.job.prepare import from_drawing
from hardware.plotting.control import Control
from hardware.plotting.events import PlotEvent, Prompt
from hardware.plotting.journal import read
from hardware.plotting.plot import Plot
from hardware.plotting.resume import Resume
from hardware.simulator.settings import for_machine
from hardware.simulator.trace import Move, Trace, strokes
from hardware.wire.grbl import Grbl
from hardware.wire.opener import opener

GRBL, VERSION = "https://github.com/gnea/grbl", "v1.1h.20190825"
SIMULATOR = "https://github.com/grbl/grbl-sim"
OBJECTS = (
    "protocol planner settings print nuts_bolts stepper gcode spindle_control motion_control limits coolant_control"
    " probe system jog"
)  # of GRBL 1.1; the Makefile lists those of 0.9
STEPS_EVERY_S = 0.01
BOOT_S = 2.0  # grbl-sim reads nothing in its first second
KILL_AFTER_S = (20.0, 31.0, 47.0)

SETTINGS: dict[str, dict[int, float]] = {"plain": {}, "reports in inches": {13: 1}, "reports of work": {10: 0}}


# --- build ---


def build(folder: Path) -> Path:
    """Clone and make GRBL's simulator; return the program. Raises CalledProcessError."""
    source = folder / "grbl"
    if not source.exists():
        subprocess.run(["git", "clone", "--depth", "1", "--branch", VERSION, GRBL, str(source)], check=True)
    within = source / "grbl" / "sim"
    if not within.exists():
        subprocess.run(["git", "clone", "--depth", "1", SIMULATOR, str(within)], check=True)
    objects = " ".join(f"../{name}.o" for name in OBJECTS.split())
    subprocess.run(["make", "main", f"GRBL_BASE_OBJECTS={objects}"], cwd=within, check=True)
    return within / "grbl_sim.exe"


# --- run ---


@contextmanager
def running(program: Path, folder: Path) -> Iterator[tuple[str, Path]]:
    """Run the simulator during the block, with a memory of its own; yield the port's name and the file of steps."""
    near, far = os.openpty()
    tty.setraw(far)
    inner, outer = os.openpty()
    tty.setraw(outer)
    steps = folder / "steps.txt"
    command = [str(program), "-n", "-r", str(STEPS_EVERY_S), "-s", str(steps), "-b", str(folder / "blocks.txt")]
    process = subprocess.Popen(command, cwd=folder, stdin=outer, stdout=outer, stderr=subprocess.DEVNULL)
    for source, target in ((near, inner), (inner, near)):
        threading.Thread(target=copied, args=(source, target), daemon=True).start()
    try:
        time.sleep(BOOT_S)
        yield os.ttyname(far), steps
    finally:
        process.terminate()
        process.wait(10)


def copied(source: int, target: int) -> None:
    """Copy bytes until an end is closed."""
    try:
        while content := os.read(source, 4096):
            os.write(target, content)
    except OSError:
        return


def prepare(port: str, settings: dict[int, float]) -> None:
    """Write the settings of the machine and these."""
    link = Grbl(opener(port, ROUTER)())
    link.greet()
    link.run([f"${number}={value:g}" for number, value in (for_machine(ROUTER) | settings).items()])
    link.port.close()


def plotted(port: str, journal: Path, *, resumes: bool = False) -> None:
    """Plot the card, or resume it, with the default answer to each question, or its first."""
    control = Control()

    def answer(event: PlotEvent) -> None:
        if isinstance(event, Prompt):
            control.answer(event.id, event.default or event.choices[0].key)

    control.watch(answer)
    plot = Plot(from_drawing(card(), ROUTER, "card"), opener(port, ROUTER), control, journal)
    plot.run(resumed=Resume(read(journal)) if resumes else None)


def killed_after(seconds: float, port: str, journal: Path) -> None:
    """Plot in a process of its own, which is killed; then resume."""
    process = multiprocessing.get_context("spawn").Process(target=plotted, args=(port, journal))
    process.start()
    process.join(seconds)
    process.kill()
    process.join()
    time.sleep(5.0)  # the guard lifts the pen
    plotted(port, journal, resumes=True)


class Judged(SimulatedPlot):
    """The card, and the strokes that a trace contains."""

    trace: Trace

    def drawn(self) -> list[list[tuple[float, float]]]:
        return strokes(self.trace, self.machine)


def judged(steps: Path) -> Judged:
    """Return what the file of steps contains."""
    plot = Judged(machine=ROUTER)
    plot.trace = trace_of(steps.read_text())
    return plot


def trace_of(text: str) -> Trace:
    """Return the motions in a file of steps: rows of seconds and the position of each axis in steps."""
    values = for_machine(ROUTER)
    rows = [row.replace(",", " ").split() for row in text.splitlines() if row and row[0] != "#"]
    at = [float(row[0]) for row in rows]
    places = [tuple(int(row[1 + axis]) / values[100 + axis] for axis in range(3)) for row in rows]
    return [
        Move(at[n - 1], at[n], places[n - 1], places[n], 0.0)  # type: ignore[arg-type]
        for n in range(1, len(rows))
        if places[n] != places[n - 1]
    ]


def report(name: str, plot: Judged) -> None:
    """Print how often the strokes were drawn."""
    times = plot.times_drawn()
    once = sum(abs(each - 1) < 0.05 for each in times)
    print(f"{name:<28}{once} of {len(times)} once; {', '.join(f'{each:.2f}' for each in times)}")


def run(program: Path, folder: Path) -> None:
    """Run every scenario, each on a controller that has just started."""
    for name, settings in SETTINGS.items():
        with running(program, fresh(folder, name)) as (port, steps):
            prepare(port, settings)
            plotted(port, steps.with_name("journal"))
        report(name, judged(steps))
    for seconds in KILL_AFTER_S:
        name = f"killed after {seconds:g} s"
        with running(program, fresh(folder, name)) as (port, steps):
            prepare(port, {})
            killed_after(seconds, port, steps.with_name("journal"))
        report(name, judged(steps))


def fresh(folder: Path, name: str) -> Path:
    """Return an empty folder for a scenario."""
    made = folder / name.replace(" ", "_")
    made.mkdir(parents=True, exist_ok=True)
    for each in made.iterdir():
        each.unlink()
    return made


def main() -> None:
    """Build the simulator, or run the scenarios on it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("build", "run"))
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    folder: Path = arguments.folder.resolve()
    if arguments.what == "build":
        print(build(folder))
    else:
        run(folder / "grbl" / "grbl" / "sim" / "grbl_sim.exe", folder / "runs")


if __name__ == "__main__":
    main()

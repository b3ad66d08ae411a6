"""Stroke order: travel, lifts, minutes and CPU time, compared with vpype's and with a lower bound.

    python -m benchmarks.toolpath --vpype /tmp/vpype/bin/vpype      all sets
    python -m benchmarks.toolpath --only A,C                        without vpype, some sets
    python -m benchmarks.toolpath --effort 5                        more work for less travel
    python -m benchmarks.toolpath --many 200000                     only time and memory of very many strokes

vpype is installed from the package registry into its own environment: `python -m venv /tmp/vpype` and
`/tmp/vpype/bin/pip install vpype`. It gets our SVG, and its own SVG is read back; its CPU time does not include that of
only reading and writing. Travel is counted from the park point through all strokes and back to it.
"""

import argparse
import json
import multiprocessing
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks import sets
from benchmarks.bound import bound_mm
from benchmarks.memory import peak_mib
from hardware.drawing import Drawing
from hardware.estimate import estimate
from hardware.machine import load_machine
from hardware.program import park_on_sheet, program
from hardware.svgfile import read_svg, to_svg
from hardware.toolpath import join, order, travel_mm

MACHINE = load_machine(Path(__file__).parents[1] / "specs" / "machines" / "gantry_grbl_servo.yaml")
PARK = park_on_sheet(sets.WIDTH_MM, sets.HEIGHT_MM, MACHINE)
BARS = {"linesort": 0.72, "linesort --two-opt": 0.92}


@dataclass(frozen=True)
class Row:
    """The result of one program for one set."""

    set: str
    by: str
    strokes: int
    travel_mm: float
    lifts: int
    minutes: float
    cpu_s: float | None
    share: float | None = None  # our travel over this one's
    bar: float | None = None  # largest share that counts as met


def measured(name: str, by: str, drawing: Drawing, cpu_s: float | None) -> Row:
    """The row of an ordered drawing."""
    took = estimate(program(drawing, MACHINE), MACHINE)
    lines = sum(len(p.lines) for p in drawing.passes)
    return Row(name, by, lines, travel_mm(drawing, PARK), took.lifts, took.seconds / 60, cpu_s)


def ours(name: str, effort: float) -> Row:
    """The row of our own order of a set."""
    drawing = sets.drawing(name)
    begun = time.process_time()
    ordered = order(join(drawing), PARK, effort)
    return measured(name, "render", ordered, time.process_time() - begun)


def warmed() -> None:
    """Compile the kernels, or load them from the cache, before anything is timed."""
    order(join(sets.sheet(sets.lines(40, np.random.default_rng(0)))))


def by_vpype(vpype: str, drawing: Drawing, *commands: str) -> tuple[Drawing, float]:
    """vpype's version of a drawing, and the CPU seconds of its commands."""
    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder) / "before.svg", Path(folder) / "after.svg"
        before.write_text(to_svg(drawing), encoding="utf-8")
        idle_s = _child_s([vpype, "read", str(before), "write", str(after)])
        busy_s = _child_s([vpype, "read", str(before), *commands, "write", str(after)])
        return read_svg(after), max(busy_s - idle_s, 0.0)


def _child_s(command: list[str]) -> float:
    begun = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.stderr.strip()[-500:]}")
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime - begun.ru_utime - begun.ru_stime


def rows(name: str, vpype: str | None, effort: float) -> list[Row]:
    """The rows of a set: ours, vpype's if it is there, and the lower bound."""
    own = ours(name, effort)
    found = [own]
    for by, bar in BARS.items() if vpype else ():
        made, cpu_s = by_vpype(str(vpype), sets.drawing(name), *by.split())
        row = measured(name, f"vpype {by}", made, cpu_s)
        found.append(Row(**asdict(row) | {"share": own.travel_mm / row.travel_mm, "bar": bar}))
    strokes = sets.drawing(name).passes[0].lines
    ends = np.array([PARK, PARK, *(end for line in strokes for end in (line[0], line[-1]))])
    least = bound_mm(ends, own.travel_mm)
    found.append(Row(name, "no order can be below", own.strokes, least, own.lifts, 0.0, None, own.travel_mm / least))
    return found


def text(row: Row) -> str:
    """A row as a line of the table."""
    cpu = "" if row.cpu_s is None else f"{row.cpu_s:7.2f}"
    minutes = f"{row.minutes:7.1f}" if row.minutes else " " * 7
    share = "" if row.share is None else f"{row.share:7.1%}"
    bar = "" if row.bar is None else f"{row.bar:6.0%} {'met' if row.share and row.share <= row.bar else 'missed'}"
    found = f"{row.travel_mm:>8.0f} {row.lifts:>6} {minutes} {cpu:>7}"
    return f"{sets.NAMES[row.set]:<12} {row.by:<26} {found} {share:>7} {bar}".rstrip()


def seams(vpype: str | None) -> None:
    """Print how many lines are left when 300 curves, cut into 8 pieces each, reversed and shuffled, are joined."""
    drawing = sets.sheet(sets.pieces(300, 8, np.random.default_rng(6)))
    counts = {"render": len(join(drawing).passes[0].lines)}
    if vpype:
        made, _ = by_vpype(vpype, drawing, "linemerge", "--tolerance", "0.03mm")
        counts["vpype linemerge"] = sum(len(p.lines) for p in made.passes)
    print(f"300 curves in {len(drawing.passes[0].lines)} pieces: {counts}")


def many(count: int, effort: float) -> None:
    """Print time and memory for joining and ordering `count` short strokes."""
    rng = np.random.default_rng(9)
    begin = rng.uniform((10, 10), (200, 287), (count, 2))
    ends = np.clip(begin + rng.normal(0, 2, (count, 2)), (10, 10), (200, 287))
    drawing = sets.sheet([np.stack(pair) for pair in zip(begin, ends, strict=True)])
    begun = time.process_time()
    joined = join(drawing)
    seam_s = time.process_time() - begun
    ordered = order(joined, PARK, effort)
    order_s = time.process_time() - begun - seam_s
    print(
        f"{count} strokes: joined in {seam_s:.1f} CPU s, ordered in {order_s:.1f} CPU s;"
        f" travel {travel_mm(ordered, PARK) / 1000:.1f} m; peak of the process {peak_mib():.0f} MiB"
    )


def _in_a_process(function: object, *arguments: object) -> object:
    with multiprocessing.get_context("spawn").Pool(1, warmed) as pool:
        return pool.apply(function, arguments)  # type: ignore[arg-type]


def main() -> None:
    """Print a row for each set and program, or JSON lines."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.toolpath", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--vpype", metavar="FILE", help="vpype's executable")
    parser.add_argument("--only", default="A,B,C,D,E", help="sets, as in A,C")
    parser.add_argument("--effort", type=float, default=1.0)
    parser.add_argument("--many", type=int, metavar="N")
    parser.add_argument("--json", action="store_true", help="one JSON line for each row")
    said = parser.parse_args()
    if said.many:
        _in_a_process(many, said.many, said.effort)
        return
    if not said.json:
        print(f"{'set':<12} {'by':<26} {'travel':>8} {'lifts':>6} {'min':>7} {'CPU s':>7} {'ours':>7}    bar")
    for name in said.only.split(","):
        for row in _in_a_process(rows, name, said.vpype, said.effort):  # type: ignore[attr-defined]
            print(json.dumps(asdict(row)) if said.json else text(row), flush=True)
    if not said.json:
        seams(said.vpype)


if __name__ == "__main__":
    main()

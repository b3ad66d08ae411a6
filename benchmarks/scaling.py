"""How time and memory grow with strokes and pixels: one step of a fit, as the pipeline takes it.

    python -m benchmarks.scaling                     lines and dots, 500 to 32000 of them, 128 to 2048 px
    python -m benchmarks.scaling --json              a JSON line for each measurement
    python -m benchmarks.scaling --kind lines --strokes 2000 --size 512 --threads 2

A step has all parts: picture, losses (half squared error, half blurred), gradients, Adam, limits. On every page,
strokes are 2 px wide, lines at most 32 px long, and places random; so a column shows the cost of a stroke, and a row
that of a page. Each measurement runs in its own process; memory is the growth of its peak with the strokes and the
page.
"""

import argparse
import dataclasses
import json
import multiprocessing
import statistics
import sys
import time
from itertools import product

from rich.console import Console
from rich.table import Table

from benchmarks.memory import peak_mib
from renderer.cli.process import prepare

STROKES = (500, 2000, 8000, 32000)
SIZES_PX = (128, 256, 512, 1024, 2048)
PX_PER_MM = 2.0
WIDTH_MM = 1.0
KINDS: dict[str, dict[str, float]] = {"lines": {"max_length_mm": 16.0}, "points": {}}
UNCOUNTED = 3  # first steps, during which buffers grow


@dataclasses.dataclass(frozen=True)
class Figures:
    """The figures of one kind and number of strokes on one size of page."""

    kind: str
    strokes: int
    size_px: int
    threads: int
    cpu_ms: float  # of a step, median
    wall_ms: float
    peak_mib: float


def measure(kind: str, strokes: int, size_px: int, threads: int, steps: int) -> Figures:
    """Time some steps of a fit. Call it in a new process: the peak of memory is the process's."""
    prepare()
    import torch

    torch.set_num_threads(threads)
    timed(kind, 20, 64, UNCOUNTED)  # loads or compiles the kernels
    before = peak_mib()
    cpu_ms, wall_ms = timed(kind, strokes, size_px, steps)
    return Figures(kind, strokes, size_px, threads, cpu_ms, wall_ms, peak_mib() - before)


def timed(kind: str, strokes: int, size_px: int, steps: int) -> tuple[float, float]:
    """Median milliseconds of a step: CPU time and wall time."""
    import numpy as np
    import torch

    from renderer import losses, optimise, placement
    from renderer.palette import palette
    from renderer.spec import FreeColours, Layer
    from renderer.target import Frame

    generator = np.random.default_rng(0)
    frame = Frame(0, 0, size_px / PX_PER_MM, size_px / PX_PER_MM, PX_PER_MM)
    target = torch.from_numpy(generator.random((3, size_px, size_px), np.float32))
    paper = torch.ones_like(target)
    # So many steps that the timed ones, at the beginning, move no stroke to another place, which is rare in a fit.
    layer = Layer.model_validate({kind: {"count": strokes} | KINDS[kind], "steps": 1000 * steps})
    inks = palette(FreeColours(colours="free", nib_mm=WIDTH_MM), target.numpy(), paper.numpy())
    start = placement.scatter(layer.kind, strokes, inks, frame, target, paper, generator)
    loss = losses.build(layer.terms, target, PX_PER_MM)
    fit = optimise.fit(layer, start, optimise.Ground(frame, target, paper, inks), loss, generator)
    cpu, wall = [], []
    for _ in range(UNCOUNTED + steps):
        begun, used = time.perf_counter(), time.process_time()
        next(fit)
        wall.append(1000 * (time.perf_counter() - begun))
        cpu.append(1000 * (time.process_time() - used))
    return statistics.median(cpu[UNCOUNTED:]), statistics.median(wall[UNCOUNTED:])


def table(kind: str, found: list[Figures]) -> Table:
    """A row for each number of strokes, a column for each size: CPU milliseconds per step, and MiB."""
    sizes = sorted({one.size_px for one in found})
    result = Table(title=f"{kind}: CPU ms per step, MiB", title_justify="left")
    result.add_column("strokes", justify="right")
    for size_px in sizes:
        result.add_column(f"{size_px} px", justify="right")
    for strokes in sorted({one.strokes for one in found}):
        cells = {one.size_px: f"{one.cpu_ms:.1f}, {one.peak_mib:.0f}" for one in found if one.strokes == strokes}
        result.add_row(str(strokes), *(cells.get(size_px, "") for size_px in sizes))
    return result


def main() -> None:
    """Run the requested measurements; print a table for each kind, or JSON lines, to stdout."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scaling", description=__doc__.partition("\n")[0])
    parser.add_argument("--kind", choices=KINDS, action="append", help="only this one; can be repeated")
    parser.add_argument("--strokes", type=int, action="append", help="number of strokes; can be repeated")
    parser.add_argument("--size", type=int, action="append", help="pixels per side; can be repeated")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--steps", type=int, default=9, help="number of steps, of which the median is taken")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    for kind in options.kind or KINDS:
        found = []
        for strokes, size_px in product(options.strokes or STROKES, options.size or SIZES_PX):
            with context.Pool(1) as pool:
                found.append(pool.apply(measure, (kind, strokes, size_px, options.threads, options.steps)))
            if options.json:
                print(json.dumps(dataclasses.asdict(found[-1])), flush=True)
        if not options.json:
            Console(width=None if sys.stdout.isatty() else 120).print(table(kind, found))


if __name__ == "__main__":
    main()

"""Time and memory of one gradient step of only the drawing: picture, mean squared error, gradients.

    python -m benchmarks.raster                    all scenes at 128, 256 and 512 px, one JSON line each
    python -m benchmarks.raster --threads 2        on two cores
    python -m benchmarks.raster --scene pages      instead, lines across the complete page: the most covered pixels
    python -m benchmarks.raster --scene segments --scene one_line --count 5000 --count 20000
                                                   as many segments of 8 px, each alone, and all as one line

The scenes are the random starts of Mihai and Hare's DifferentiableSketching (imageopt.py), 1.82 px wide at any size:
lines of up to a tenth of the picture, dots, and the middle span of Catmull-Rom curves through four knots; `pages` has
lines with both ends anywhere. Each scene runs in its own process, so that its memory is its own.
"""

import argparse
import json
import multiprocessing
import resource
import statistics
import time

import torch

from hardware.drawing import Ink
from renderer.cli.process import prepare
from renderer.cores import interleaved
from renderer.losses import SquaredError
from renderer.primitives import catmull_rom
from renderer.raster import EdgeRamp, Shapes, Workspace, rasterise

WIDTH_PX = 1.82
COUNTS = {"lines": 1000, "points": 2000, "curves": 500, "pages": 1000, "segments": 5000, "one_line": 5000}
MIB = 1024  # ru_maxrss counts KiB


def knots(scene: str, count: int, generator: torch.Generator) -> torch.Tensor:  # [N, K, 2] in [0, 1]
    """The random start of a scene, as shares of the picture."""
    first = torch.rand(count, 1, 2, generator=generator)
    match scene:
        case "points":
            return first
        case "lines":
            return torch.cat([first, first + 0.1 * (torch.rand(count, 1, 2, generator=generator) - 0.5)], 1)
        case "pages":
            return torch.cat([first, torch.rand(count, 1, 2, generator=generator)], 1)
        case "curves":
            outer = torch.rand(count, 2, 2, generator=generator)
            second = first + 0.15 * (2 * torch.rand(count, 1, 2, generator=generator) - 1)
            return torch.cat([outer[:, :1], first, second, outer[:, 1:]], 1)
    raise ValueError(scene)


def walk(segments: int, size_px: int, generator: torch.Generator) -> torch.Tensor:  # [1, segments + 1, 2] px
    """A line of segments of 8 px that turns at random and is reflected at the edges."""
    angle = torch.cumsum(torch.randn(segments, generator=generator) * 0.6, 0)
    steps = 8 * torch.stack([angle.cos(), angle.sin()], 1)
    way = torch.cat([torch.full((1, 2), size_px / 2), size_px / 2 + steps.cumsum(0)])
    return (size_px - (way % (2 * size_px) - size_px).abs())[None]


def measure(
    scene: str, size_px: int, threads: int, ink: str, repeats: int, count: int | None = None
) -> dict[str, object]:
    """The figures of one scene."""
    prepare()
    torch.set_num_threads(threads)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    generator = torch.Generator().manual_seed(0)
    count = count or COUNTS[scene]
    if scene in ("segments", "one_line"):
        line = walk(count, size_px, generator)
        start = (line if scene == "one_line" else torch.stack([line[0, :-1], line[0, 1:]], 1)).requires_grad_()
    else:
        start = (knots(scene, count, generator) * size_px).requires_grad_()
    segments, count = count, len(start)
    colours = torch.rand(count, 3, generator=generator).requires_grad_()
    loss = SquaredError(interleaved(torch.rand(3, size_px, size_px, generator=generator)))
    paper, widths, order = (
        interleaved(torch.ones(3, size_px, size_px)),
        torch.full((count,), WIDTH_PX),
        torch.arange(count),
    )
    workspace = Workspace()
    wall, cpu = [], []
    for _ in range(repeats + 2):
        begun, used = time.perf_counter(), time.process_time()
        lines = catmull_rom(start, samples_per_span=10)[:, 10:21] if scene == "curves" else start
        shapes = Shapes(lines, widths, colours, order)
        picture = rasterise(shapes, paper, px_per_mm=1.0, ink=Ink(ink), edges=EdgeRamp(), workspace=workspace)
        start.grad = colours.grad = None
        loss(picture).backward()
        wall.append(time.perf_counter() - begun)
        cpu.append(time.process_time() - used)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return {
        "scene": scene,
        "count": segments,
        "size_px": size_px,
        "ink": ink,
        "cpu_ms": round(1000 * statistics.median(cpu[2:]), 2),
        "wall_ms": round(1000 * statistics.median(wall[2:]), 2),
        "peak_mib": round(peak / MIB, 1),
        "threads": threads,
    }


def main() -> None:
    """Print a JSON line for each scene."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.raster", description=__doc__.partition("\n")[0])
    parser.add_argument("--scene", choices=COUNTS, action="append", help="only this one; can be repeated")
    parser.add_argument("--size", type=int, action="append", help="pixels per side; can be repeated")
    parser.add_argument("--count", type=int, action="append", help="strokes, or segments; can be repeated")
    parser.add_argument("--ink", choices=[ink.value for ink in Ink], default="opaque")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=15)
    options = parser.parse_args()
    prepare()  # the environment for the processes below
    context = multiprocessing.get_context("spawn")
    for scene in options.scene or ("lines", "points", "curves"):
        for size_px in options.size or (128, 256, 512):
            for count in options.count or (None,):
                with context.Pool(1) as pool:
                    work = (scene, size_px, options.threads, options.ink, options.repeats, count)
                    figures = pool.apply(measure, work)
                print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()

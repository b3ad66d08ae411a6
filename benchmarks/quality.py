"""How good a drawing is for its number of strokes and pens: seven artworks, three pictures, several seeds.

    python -m benchmarks.quality                    all artworks, three seeds, a row for each artwork and picture
    python -m benchmarks.quality --only L2 --seeds 1
    python -m benchmarks.quality --json             a JSON line for each run, then one for each row
    python -m benchmarks.quality --keep /tmp/look   also the SVG and the picture of each run

Each artwork is a spec under benchmarks/specs. The ordinary pipeline renders it in its own process, so that CPU seconds
and memory are its own, and it is scored from the exported SVG. README.md beside this file has the definitions.
"""

import argparse
import dataclasses
import json
import math
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from benchmarks.bars import BARS, Bar, verdict
from benchmarks.memory import peak_mib
from benchmarks.squares import PictureError, written
from renderer.cli.process import prepare

if TYPE_CHECKING:  # torch and numba are imported only in the processes that render
    from benchmarks.scores import Scores
    from hardware.drawing import Drawing
    from renderer.result import Step

HERE = Path(__file__).parent
MACHINE = HERE.parent / "specs" / "machines" / "gantry_grbl_servo.yaml"  # for the minutes
AGREEMENT_DB = 0.1  # largest difference between the scores of our picture of the SVG and cairosvg's
WARM_STROKES, WARM_STEPS = 20, 10  # of an uncounted render before each counted one, which loads or compiles the kernels


@dataclasses.dataclass(frozen=True)
class Run:
    """One render of one picture with one seed."""

    work: str
    picture: str
    seed: int
    psnr: float  # dB; this and the next two are of the exported SVG, drawn with hard edges
    psnr_blurred: float  # dB
    ssim: float
    psnr_believed: float | None  # dB, of the optimiser's own picture at its last step
    cairo_db: float | None  # difference of PSNR or PSNRv for cairosvg's picture, the larger one
    strokes: int
    pens: int  # passes that draw something; 1 where colours are free
    metres: float
    lifts: int
    minutes: float  # including pen changes; for free colours as if one pen drew them all
    cpu_s: float
    peak_mib: float


# --- one run ----------------------------------------------------------------------------------------------------------


def measure(
    work: str,
    picture: str,
    seed: int,
    image: Path,
    threads: int = 1,
    changes: tuple[str, ...] = (),
    keep: Path | None = None,
) -> Run:
    """Render and score. Call it in a new process: the peak of memory is the process's."""
    prepare()
    import torch
    from PIL import Image

    from benchmarks import scores
    from hardware.svgfile import to_svg
    from renderer.pipeline import render
    from renderer.specfile import load

    torch.set_num_threads(threads)
    changes = (f"target.image={image}", f"seed={seed}", *changes)
    spec = HERE / "specs" / f"{work.lower()}.yaml"
    kind = load(spec, changes)[0].artwork.layers[0].kind_name
    render(load(spec, (*changes, f"layers.0.{kind}.count={WARM_STROKES}", f"layers.0.steps={WARM_STEPS}"))[0])
    begun = time.process_time()
    result = render(load(spec, changes)[0])
    cpu_s = time.process_time() - begun
    most_mib = peak_mib()
    svg = to_svg(result.drawing)
    with Image.open(image) as file:
        wanted = scores.pixels(file)
    drawn = scores.by_preview(svg, result.frame)
    found = scores.scores(drawn, wanted)
    checked = scores.by_cairo(svg, result.frame, (result.drawing.width_mm, result.drawing.height_mm))
    if keep:
        stem = keep / f"{work.lower()}-{image.stem}-{seed}"
        stem.with_suffix(".svg").write_text(svg, encoding="utf-8")
        Image.fromarray((drawn * 255).round().astype("uint8")).save(stem.with_suffix(".png"))
    cairo_db = None if checked is None else _apart(found, scores.scores(checked, wanted))
    believed = _believed(result.history)
    head = (work, picture, seed, found.psnr, found.psnr_blurred, found.ssim, believed, cairo_db)
    return Run(*head, *_plot(result.drawing), cpu_s, most_mib)


def _believed(history: "tuple[Step, ...]") -> float | None:
    terms = dict(history[-1].terms) if history else {}
    return -10 * math.log10(terms["mse"]) if "mse" in terms else None


def _apart(ours: "Scores", theirs: "Scores") -> float:
    return max(abs(ours.psnr - theirs.psnr), abs(ours.psnr_blurred - theirs.psnr_blurred))


def _plot(drawing: "Drawing") -> tuple[int, int, float, int, float]:
    """What plotting takes: strokes, pens, metres, lifts, minutes."""
    import numpy as np

    from hardware.estimate import estimate
    from hardware.machine import load_machine
    from hardware.program import program
    from hardware.toolpath import GAP_NIBS

    one_pen = [dataclasses.replace(part, colours=None, widths_mm=None) for part in drawing.passes]
    machine = load_machine(MACHINE)
    plan = estimate(program(dataclasses.replace(drawing, passes=tuple(one_pen)), machine), machine)
    # Strokes that meet were joined: a line counts as many strokes as it has segments, except those that bridge a gap.
    lines = [(line, GAP_NIBS * part.pen.nib_mm) for part in drawing.passes for line in part.lines]
    segments = [int((np.hypot(*np.diff(line, axis=0).T) > gap_mm).sum()) for line, gap_mm in lines]
    strokes = sum(max(1, count) for count in segments)
    return strokes, len(drawing.passes), plan.drawn_mm / 1000, plan.lifts, plan.total_s / 60


# --- all runs ---------------------------------------------------------------------------------------------------------


def runs(options: argparse.Namespace, pictures: Path, console: Console) -> Iterator[tuple[Bar, list[Run]]]:
    """The runs of each row, one for each seed. Rows without their picture are reported and left out."""
    context = multiprocessing.get_context("spawn")
    for work, bars in BARS.items():
        for picture, bar in bars.items():
            if not _asked(work, picture, options.only):
                continue
            try:
                image = written(picture, pictures, options.pictures)
            except PictureError as error:
                console.print(f"{work} {picture}: left out: {error}", highlight=False)
                continue
            found = []
            for seed in range(1, options.seeds + 1):
                with context.Pool(1) as pool:
                    call = (work, picture, seed, image, options.threads, tuple(options.set), options.keep)
                    found.append(pool.apply(measure, call))
                console.print(_line(found[-1]), highlight=False)
                if options.json:
                    print(json.dumps(dataclasses.asdict(found[-1])), flush=True)
            yield bar, found


def _asked(work: str, picture: str, only: list[str]) -> bool:
    """Whether `--only L2` or `--only L1:china` names it."""
    return not only or any(one.lower() in (work.lower(), f"{work}:{picture}".lower()) for one in only)


def _line(run: Run) -> str:
    text = f"{run.work} {run.picture} seed {run.seed}: {run.psnr:.2f} dB, from afar {run.psnr_blurred:.2f}, "
    text += f"SSIM {run.ssim:.3f}, {run.cpu_s:.1f} CPU s"
    if run.cairo_db is not None and run.cairo_db > AGREEMENT_DB:
        text += f"; cairosvg's picture of it scores {run.cairo_db:.2f} dB off"
    return text


@dataclasses.dataclass(frozen=True)
class Row:
    """An artwork and a picture over all seeds: means, spreads (largest minus smallest), verdict on the means."""

    work: str
    picture: str
    seeds: int
    mean: dict[str, float]
    spread: dict[str, float]
    best: Bar
    verdict: str


MEASURED = tuple(field.name for field in dataclasses.fields(Run))[3:]


def row(bar: Bar, found: list[Run]) -> Row:
    """The row of the runs of one artwork and picture."""
    values = {name: [getattr(run, name) for run in found] for name in MEASURED}
    known = {name: each for name, each in values.items() if None not in each}
    mean = {name: statistics.fmean(each) for name, each in known.items()}
    spread = {name: max(each) - min(each) for name, each in known.items()}
    word = verdict(bar, mean["psnr"], mean["psnr_blurred"], mean["ssim"], mean["cpu_s"])
    return Row(found[0].work, found[0].picture, len(found), mean, spread, bar, word)


def summary(rows: list[Row]) -> str:
    """`9 of 13 rows reach the best known figures, 4 are above them`."""
    words = [one.verdict.partition(",")[0] for one in rows]
    reached = sum(word in ("met", "beaten") for word in words)
    slow = sum("slow" in one.verdict for one in rows)
    text = f"{reached} of {len(rows)} rows reach the best known figures, {words.count('beaten')} are above them"
    return text + (f"; {slow} took over twice their CPU time" if slow else "")


# --- the table --------------------------------------------------------------------------------------------------------


def table(rows: list[Row]) -> Table:
    """A table for people. Each figure has its spread over the seeds, and the figure to beat."""
    result = Table(title="Exported drawings, 256 px; in brackets the best known figure", title_justify="left")
    result.add_column("work")
    result.add_column("picture")
    for name in ("PSNR", "PSNRv", "SSIM", "strokes", "pens", "m", "lifts", "min", "CPU s", "MiB"):
        result.add_column(name, justify="right")
    result.add_column("")
    for one in rows:
        mean, best = one.mean, one.best
        result.add_row(
            one.work,
            one.picture,
            _cell(one, "psnr", ".2f", best.psnr, ".1f"),
            _cell(one, "psnr_blurred", ".2f", best.psnr_blurred, ".1f"),
            _cell(one, "ssim", ".3f", best.ssim, ".2f"),
            f"{mean['strokes']:.0f}",
            f"{mean['pens']:.0f}",
            f"{mean['metres']:.1f}",
            f"{mean['lifts']:.0f}",
            f"{mean['minutes']:.0f}",
            f"{mean['cpu_s']:.1f} \\[{'-'.join(f'{limit:g}' for limit in dict.fromkeys(best.cpu_s))}]",
            f"{mean['peak_mib']:.0f}",
            one.verdict,
        )
    return result


def _cell(one: Row, name: str, form: str, best: float | None, best_form: str) -> str:
    spread = f" ±{one.spread[name] / 2:{form}}" if one.seeds > 1 else ""
    return f"{one.mean[name]:{form}}{spread}" + ("" if best is None else f" \\[{best:{best_form}}]")


def main() -> None:
    """Run the requested rows; print a table or JSON lines to stdout, progress to stderr."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--only", action="append", default=[], help="an artwork, L2, or a row, L1:china; can be repeated"
    )
    parser.add_argument("--seeds", type=int, default=3, help="number of seeds")
    parser.add_argument("--json", action="store_true", help="JSON lines: one for each run, then one for each row")
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="folder with china.jpg, without scikit-learn")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", help="change a field of the specs")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="folder for the SVG and the picture of each run")
    options = parser.parse_args()
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
    console = Console(stderr=True, width=200)
    with tempfile.TemporaryDirectory() as folder:
        rows = [row(bar, found) for bar, found in runs(options, Path(folder), console)]
    if not rows:
        sys.exit("nothing was measured: --only names an artwork (L2) or a row of it (L1:china)")
    if options.json:
        for one in rows:
            print(json.dumps(dataclasses.asdict(one)), flush=True)
    else:
        Console(width=None if sys.stdout.isatty() else 170).print(table(rows))
    console.print(summary(rows), highlight=False)


if __name__ == "__main__":
    main()

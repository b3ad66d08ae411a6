"""What losses that use networks do, and what they cost.

    python -m benchmarks.perceptual losses          The Scream by each loss, scored by each of three measures
    python -m benchmarks.perceptual losses --only lines:mse --json >> rows
    python -m benchmarks.perceptual losses --table rows
    python -m benchmarks.perceptual cost            a step of 1000 lines: seconds, share of the network, memory

Each run has its own process. README.md beside this file has the definitions and the figures.
"""

import argparse
import dataclasses
import json
import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from benchmarks.memory import peak_mib
from renderer.assets import find

if TYPE_CHECKING:  # torch is imported only in the processes that render
    from torch import Tensor

    from renderer.losses import Sources

PAPER = Path(__file__).parents[1] / "specs" / "paper"
STEPS = 300
DEPTHS = ("relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3")
# VGG16 trained further to find edges (HED, BSDS500): a second set of weights, to show that weights matter.
HED = "539eb29a84c96a475671259e242193ea2f79cd38552b6ab58807d8d5dcfb0dda"
MEASURES = ("mse", "lpips_vgg", "lpips_alex")
NETS, SIDES_PX = ("vgg", "alex", "squeeze"), (224, 256, 384)


# --- what each loss does ----------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Row:
    """One drawing: its strokes, its loss, and its distance from the target by each measure; less is better."""

    strokes: str
    loss: str
    mse: float
    lpips_vgg: float
    lpips_alex: float
    cpu_s: float


def losses() -> dict[str, str]:
    """Each loss by name, as in a spec."""
    terms = {"mse": "mse", "lpips vgg": "{lpips: {net: vgg}}"}
    terms |= {f"vgg16 {layer}": f"{{features: {{layers: [{layer}]}}}}" for layer in DEPTHS}
    hed = find(HED)
    return terms | ({"hed, 5 depths": f"{{features: {{weights: {hed}}}}}"} if hed else {})


def drawn(strokes: str, loss: str, term: str, keep: Path | None) -> Row:
    """Render The Scream and score the exported drawing. Call it in a new process."""
    import torch
    from PIL import Image

    from renderer.pipeline import render
    from renderer.preview import framed, pixels
    from renderer.specfile import load

    torch.set_num_threads(1)
    [work] = load(PAPER / f"figure3_{strokes}.yaml", (f"layers.0.loss={term}", f"layers.0.steps={STEPS}"))
    begun = time.process_time()
    result = render(work)
    cpu_s = time.process_time() - begun
    picture = framed(result.drawing, result.frame)
    if keep:
        name = f"{strokes}-{loss}.png".replace(" ", "_").replace(",", "")
        Image.fromarray(pixels(result.preview)).save(keep / name)
    scored = scores(torch.from_numpy(picture), torch.from_numpy(result.target))
    return Row(strokes, loss, *scored, cpu_s)


def scores(picture: "Tensor", target: "Tensor") -> tuple[float, float, float]:  # [3, H, W] each
    """MSE, and LPIPS with VGG and with AlexNet, of complete pictures in float32."""
    from renderer.losses import build
    from renderer.spec import Loss, Lpips

    def lpips(net: Any) -> float:
        term = Loss(lpips=Lpips(net=net, scale=1.0, precision="float32"))
        return build((term,), target, 1.0, trained()).each(picture)["lpips"].item()

    return float(((picture - target) ** 2).mean()), lpips("vgg"), lpips("alex")


def trained() -> "Sources":
    """All three networks with their ImageNet weights."""
    from renderer.assets.weights import Trunk, files
    from renderer.encoders import networks
    from renderer.losses import Sources
    from renderer.spec.networks import LPIPS_NETS

    return Sources(networks(files([Trunk(net, "imagenet") for net in LPIPS_NETS.values()], Path())))


def losses_table(rows: list[Row]) -> Table:
    """A row for each drawing; the best of each column and kind of strokes is marked."""
    result = Table(title=f"The Scream by each loss, {STEPS} steps; * is the best of its column", title_justify="left")
    for name in ("strokes", "fitted by", "MSE", "LPIPS vgg", "LPIPS alex", "CPU s"):
        result.add_column(name, justify="left" if name in ("strokes", "fitted by") else "right")
    for row in rows:
        rivals = [other for other in rows if other.strokes == row.strokes]
        cells = []
        for measure in MEASURES:
            value = getattr(row, measure)
            mark = "*" if value == min(getattr(other, measure) for other in rivals) else " "
            cells.append(f"{value:.4f}{mark}")
        result.add_row(row.strokes, row.loss, *cells, f"{row.cpu_s:.0f}")
    return result


# --- what a step costs ------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Cost:
    """A step of 1000 lines by LPIPS, CPU seconds of one thread."""

    net: str
    side_px: int
    precision: str
    step_s: float
    lpips_s: float  # the loss of a picture and its gradient, with the target's features known
    network_s: float  # forward and backward, as deep as LPIPS goes, without any loss
    peak_mib: float

    @property
    def share(self) -> float:
        """The share of the network in the step."""
        return self.network_s / self.step_s

    @property
    def rest(self) -> float:
        """What the drawing adds to LPIPS, as a share of the step."""
        return 1 - self.lpips_s / self.step_s


def cost(net: str, side_px: int, precision: str) -> Cost:
    """Measure a step. Call it in a new process: the peak of memory is the process's."""
    import torch

    from renderer.assets.weights import Trunk
    from renderer.encoders import Encoder
    from renderer.losses import build
    from renderer.spec import Loss, Lpips
    from renderer.spec.networks import LPIPS_NETS, USUAL_LAYERS

    torch.set_num_threads(1)
    sources, trunk = trained(), Trunk(LPIPS_NETS[net], "imagenet")
    step = _step(net, side_px, precision, sources)
    encoder = Encoder.of(
        sources.networks[trunk], USUAL_LAYERS[trunk.net], torch.device("cpu"), getattr(torch, precision)
    )
    picture = torch.rand(side_px, side_px, 3).permute(2, 0, 1)
    term = Loss(lpips=Lpips(net=net, scale=1.0, precision=precision))  # type: ignore[arg-type]
    loss = build((term,), torch.rand(3, side_px, side_px), 1.0, sources)

    def back_from(value: "Callable[[Tensor], Tensor]") -> None:
        leaf = picture.clone().requires_grad_()
        value(leaf).backward()

    def alone(leaf: "Tensor") -> "Tensor":
        return list(encoder(leaf).values())[-1].sum()

    for _ in range(2):
        step()
    most_mib = peak_mib()  # of complete steps: the rest below would add to it
    times = _medians(step, lambda: back_from(loss), lambda: back_from(alone))
    return Cost(net, side_px, precision, *times, most_mib)


def _step(net: str, side_px: int, precision: str, sources: "Sources") -> Callable[[], None]:
    """A complete gradient step: picture, loss, gradients, Adam, limits."""
    import numpy as np
    import torch

    from renderer.losses import build
    from renderer.optimise import Ground, fit
    from renderer.palette import palette
    from renderer.placement import scatter
    from renderer.spec import FreeColours, Layer, Lines, Loss, Lpips
    from renderer.target import Frame

    area = Frame(0, 0, side_px / 2, side_px / 2, 2.0)
    target, below = torch.rand(3, side_px, side_px), torch.ones(3, side_px, side_px)
    colours = FreeColours(colours="free", nib_mm=1.0)
    ground = Ground(area, target, below, palette(colours, target.numpy(), below.numpy()))
    term = Loss(lpips=Lpips(net=net, scale=1.0, precision=precision))  # type: ignore[arg-type]
    layer = Layer(lines=Lines(count=1000, max_length_mm=20), loss=(term,), steps=100_000, start="random")
    generator = np.random.default_rng(1)
    strokes = scatter(layer.kind, 1000, ground.palette, area, target, below, generator)
    states = fit(layer, strokes, ground, build(layer.terms, target, 2.0, sources), generator)
    return lambda: next(states) and None


def _medians(*calls: Callable[[], None], times: int = 11) -> list[float]:
    """CPU seconds of each call. They take turns, so that a computer that slows down slows them all."""
    seconds: list[list[float]] = [[] for _ in calls]
    for _ in range(times + 1):
        for call, found in zip(calls, seconds, strict=True):
            begun = time.process_time()
            call()
            found.append(time.process_time() - begun)
    return [statistics.median(found[1:]) for found in seconds]


def cost_table(rows: list[Cost]) -> Table:
    """A row for each network, size and precision."""
    result = Table(title="A step of 1000 lines by LPIPS, one thread", title_justify="left")
    for name in ("network", "px", "numbers", "step, CPU s", "LPIPS", "network", "its share", "rest", "peak MiB"):
        result.add_column(name, justify="left" if name in ("network", "numbers") else "right")
    for row in rows:
        times = [f"{seconds:.3f}" for seconds in (row.step_s, row.lpips_s, row.network_s)]
        times += [f"{row.share:.0%}", f"{row.rest:.1%}", f"{row.peak_mib:.0f}"]
        result.add_row(row.net, str(row.side_px), row.precision, *times)
    return result


# --- the command ------------------------------------------------------------------------------------------------------


def main() -> None:
    """Run the requested rows; print a table or JSON lines to stdout, progress to stderr."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.perceptual", description=__doc__.partition("\n")[0])
    parser.add_argument("what", choices=("losses", "cost"))
    parser.add_argument("--only", action="append", default=[], help="lines:mse or vgg:224:bfloat16; can be repeated")
    parser.add_argument("--json", action="store_true", help="JSON lines instead of a table")
    parser.add_argument("--table", type=Path, metavar="FILE", help="measure nothing; show the rows of such lines")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="folder for the picture of each drawing")
    options = parser.parse_args()
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
    kind: Any = Row if options.what == "losses" else Cost
    if options.table:
        rows = [kind(**json.loads(line)) for line in options.table.read_text().splitlines()]
    else:
        rows = list(_measured(options))
    if not rows:
        sys.exit("nothing was measured: --only names a row, such as lines:mse or vgg:224:float32")
    if not options.json:
        made = losses_table(rows) if options.what == "losses" else cost_table(rows)
        Console(width=None if sys.stdout.isatty() else 110).print(made)


def _measured(options: argparse.Namespace) -> Any:
    if options.what == "losses":
        calls = {
            f"{strokes}:{name}": (drawn, (strokes, name, term, options.keep))
            for strokes in ("lines", "points")
            for name, term in losses().items()
        }
    else:
        each = [(net, px, number) for net in NETS for px in SIDES_PX for number in ("bfloat16", "float32")]
        calls = {":".join(map(str, one)): (cost, one) for one in each}  # type: ignore[misc]
    console = Console(stderr=True)
    for name, (function, arguments) in calls.items():
        if options.only and name not in options.only:
            continue
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            row = pool.apply(function, arguments)
        console.print(f"{name}: done", highlight=False)
        if options.json:
            print(json.dumps(dataclasses.asdict(row)), flush=True)
        yield row


if __name__ == "__main__":
    main()

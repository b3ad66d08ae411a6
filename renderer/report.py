"""A finished render -> one HTML page that shows and explains it: all inside, no request leaves it, no script runs."""

import base64
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from PIL import Image

from hardware import __version__
from hardware.drawing import PenPass, length_mm
from hardware.estimate import Estimate, PenEstimate
from renderer.manifest import duration
from renderer.preview import pixels
from renderer.progress import Picture
from renderer.result import Metrics, Result, Step
from renderer.spec import Artwork, FreeColours, Tone

SHOWN_PX = (
    760  # longer side of the pictures in the page: sharp enough at a third of a wide window, small enough to mail
)
_WORST = 0.6  # mean difference of the channels that is shown darkest


def report(
    result: Result,
    *,
    plotting: Estimate | None = None,
    spec_text: str,
    changes: tuple[str, ...] = (),  # like `layers.0.steps=50`
    files: Iterable[str] = (),  # beside the page, to link to
) -> str:
    """The page. Knows no time, so that the same render gives the same page."""
    environment = Environment(
        loader=PackageLoader("renderer", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2").render(
        result=result,
        artwork=result.work.artwork,
        summary=_summary(result),
        pictures=_pictures(result),
        toned=result.work.artwork.target.tone != Tone(),
        metrics=_metrics(result.metrics),
        curves=[curve(steps) for steps in by_layer(result.history)],
        passes=[_pass(n, p, plotting) for n, p in enumerate(result.drawing.passes, 1)],
        plotting=plotting,
        duration=duration,
        spec_text=spec_text,
        spec_name=result.work.path.name,
        changes=changes,
        files=tuple(files),
        version=__version__,
    )


# --- words and numbers ---


def _summary(result: Result) -> str:
    """`2000 points, 500 curves on A5, 148 x 210 mm`, as planned; the passes say what was drawn."""
    artwork = result.work.artwork
    layers = ", then ".join(f"{layer.kind.count} {layer.kind_name}" for layer in artwork.layers)
    drawing = result.drawing
    return f"{layers}, on {_paper(artwork)}{drawing.width_mm:g} x {drawing.height_mm:g} mm, {_pens(result)}"


def _paper(artwork: Artwork) -> str:
    return f"{artwork.canvas.paper}, " if isinstance(artwork.canvas.paper, str) else ""


def _pens(result: Result) -> str:
    if isinstance(result.work.artwork.pens, FreeColours):
        return "in free colours"
    count = len({pen_pass.pen for pen_pass in result.drawing.passes})
    return f"with {count} {'pen' if count == 1 else 'pens'}"


_WORDS = {
    "Close up": "PSNR, pixel by pixel. Three more halve the squared error.",
    "From afar": "PSNR after a little blur: what the eye sees from a few steps away.",
    "Structure": "SSIM: 1 has the same edges and textures as the target, 0 none of them.",
    "Ink": "Share of the drawn area that carries ink; the rest is bare paper.",
}


def _metrics(metrics: Metrics) -> list[dict[str, str]]:
    values = _decibel(metrics.psnr), _decibel(metrics.psnr_blurred), f"{metrics.ssim:.2f}", f"{metrics.coverage:.0%}"
    return [
        {"name": name, "value": value, "word": word} for (name, word), value in zip(_WORDS.items(), values, strict=True)
    ]


def _decibel(value: float) -> str:
    return f"{value:.1f} dB" if math.isfinite(value) else "the same"


def _pass(number: int, pen_pass: PenPass, plotting: Estimate | None) -> dict[str, Any]:
    time: PenEstimate | None = next((p for p in plotting.pens if p.number == number), None) if plotting else None
    return {
        "number": number,
        "pen": pen_pass.pen,
        "layer": pen_pass.layer,
        "free": pen_pass.is_free,
        "strokes": len(pen_pass.lines),
        "metres": sum(map(length_mm, pen_pass.lines)) / 1000,
        "lifts": time and time.lifts,
        "duration": duration(time.seconds) if time else None,
    }


# --- pictures ---


def to_image(picture: Picture) -> Image.Image:
    """A picture `[3, H, W]` in [0, 1] as an 8-bit RGB image."""
    return Image.fromarray(np.ascontiguousarray(pixels(picture)))


def drawn_part(result: Result) -> Image.Image:
    """The preview without the margins: what lies over the target."""
    frame, per_mm = result.frame, result.preview.shape[2] / result.drawing.width_mm
    left, top = round(frame.x_mm * per_mm), round(frame.y_mm * per_mm)
    right, bottom = round((frame.x_mm + frame.width_mm) * per_mm), round((frame.y_mm + frame.height_mm) * per_mm)
    return to_image(result.preview[:, top:bottom, left:right])


def _pictures(result: Result) -> list[dict[str, str]]:
    target, drawn = to_image(result.target), drawn_part(result)
    return [
        {"name": "Target", "source": _inline(target), "alt": f"The target of {result.work.artwork.title}"},
        {"name": "Drawing", "source": _inline(drawn), "alt": "What will be drawn, with hard pen edges"},
        {"name": "Difference", "source": _inline(_difference(target, drawn)), "alt": "Where drawing and target differ"},
    ]


def _difference(target: Image.Image, drawn: Image.Image) -> Image.Image:
    """White where both are the same, dark red where they differ most, at the target's resolution."""
    small = drawn.resize(target.size, Image.Resampling.BOX)
    apart = np.abs(np.asarray(target, np.float32) - np.asarray(small, np.float32)).mean(axis=2, keepdims=True) / 255
    darkest = np.array([110, 0, 30], np.float32)
    share = np.minimum(apart / _WORST, 1)
    return Image.fromarray((255 + share * (darkest - 255)).round().astype(np.uint8))


def _inline(image: Image.Image) -> str:
    image = image.copy()
    image.thumbnail((SHOWN_PX, SHOWN_PX), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    image.save(file, "WEBP", quality=80, method=4)
    return "data:image/webp;base64," + base64.b64encode(file.getvalue()).decode()


# --- loss curves ---

WIDTH, HEIGHT = 420, 230  # of a chart, in units that are near a pixel on a phone
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 8, 10, 30
_MOST_POINTS = 400  # of a line: more than there are pixels


@dataclass(frozen=True)
class Curve:
    """A layer's loss over its steps, as an SVG chart shows it: y is logarithmic."""

    name: str
    lines: tuple[tuple[str, str, float, float], ...]  # name, path, first and last value
    x_ticks: tuple[tuple[float, str], ...]  # place, label
    y_ticks: tuple[tuple[float, str], ...]


def by_layer(history: Sequence[Step]) -> list[list[Step]]:
    """The steps of each layer."""
    layers = sorted({step.layer for step in history})
    return [[step for step in history if step.layer == layer] for layer in layers]


def curve(steps: Sequence[Step]) -> Curve:
    """The chart of one layer: the loss, and each term where there are several."""
    names = list(dict.fromkeys(name for step in steps for name, _ in step.terms))
    series = {"loss": [(step.step, step.loss) for step in steps]}
    if len(names) > 1:
        series |= {name: [(s.step, dict(s.terms)[name]) for s in steps if name in dict(s.terms)] for name in names}
    seen = [value for points in series.values() for _, value in points if _drawable(value)]
    low, high = _span(seen)
    first, last = min(step.step for step in steps), max(step.step for step in steps)

    def x(step: float) -> float:
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * (step - first) / max(1, last - first)

    def y(value: float) -> float:
        return _TOP + (HEIGHT - _TOP - _BOTTOM) * (math.log(high) - math.log(value)) / (math.log(high) - math.log(low))

    lines = tuple(
        (name, _path([(x(step), y(value)) for step, value in points if _drawable(value)]), points[0][1], points[-1][1])
        for name, points in series.items()
    )
    x_ticks = tuple((x(step), f"{step:g}") for step in _round_steps(first, last))
    return Curve(
        steps[0].layer_name, lines, x_ticks, tuple((y(value), f"{value:g}") for value in _round_values(low, high))
    )


def _drawable(value: float) -> bool:
    return math.isfinite(value) and value > 0


def _span(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values, default=0.1), max(values, default=1.0)
    return low / 1.1, max(high, low * 1.5) * 1.1


def _path(points: list[tuple[float, float]]) -> str:
    thinned = points[:: math.ceil(len(points) / _MOST_POINTS)] if points else []
    if points and thinned[-1] != points[-1]:
        thinned.append(points[-1])
    return "M" + " ".join(f"{x:.1f},{y:.1f}" for x, y in thinned) if thinned else ""


def _round_values(low: float, high: float) -> list[float]:
    """Round values for a logarithmic axis: each power of ten, and as many of its multiples as there is room for."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    if high / low < 2.5:
        multiples: tuple[float, ...] = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8)
    elif high / low < 10:
        multiples = (1, 1.5, 2, 3, 5, 7)
    else:
        multiples = (1, 2, 5) if high / low < 300 else (1,)
    return [value for decade in decades for m in multiples if low <= (value := m * 10.0**decade) <= high]


def _round_steps(first: int, last: int) -> list[int]:
    """About four round numbers between two steps."""
    raw = max(1.0, (last - first) / 4)
    power = 10 ** math.floor(math.log10(raw))
    width = max(1, int(next(m * power for m in (1, 2, 5, 10) if m * power >= raw)))
    return list(range(-(-first // width) * width, last + 1, width))

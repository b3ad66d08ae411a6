"""A finished render -> one HTML page that shows and explains it: self-contained, without requests or scripts."""

import base64
import io
import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from PIL import Image

from hardware import __version__
from hardware.drawing import PenPass, length_mm
from hardware.estimate import Estimate, PenEstimate
from hardware.plurals import counted
from renderer.charts import by_layer, curve, stairs
from renderer.manifest import duration
from renderer.preview import pixels
from renderer.progress import Picture
from renderer.result import Metrics, NetworkView, Result
from renderer.spec import Artwork, FreeColours, Tone

SHOWN_PX = (
    760  # longer side of the pictures in the page: sharp enough in a third of a wide window, small enough to mail
)
_WORST = 0.6  # mean difference of the channels from which it is shown darkest


def report(
    result: Result,
    *,
    plotting: Estimate | None = None,
    spec_text: str,
    changes: tuple[str, ...] = (),  # like `layers.0.steps=50`
    files: Iterable[str] = (),  # beside the page, to link to
) -> str:
    """The page. It contains no times, so that the same render gives the same page."""
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
        stairs=[stairs(one) for one in result.choices if len(one.choice.pens) > 1 and one.choice.errors[0] > 0],
        looks=[_look(look, result.target) for look in result.network_views],
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
    """`2000 points, then 500 curves, on A5, 148 x 210 mm, with 8 pens`, by the plan; the passes list what was drawn."""
    artwork = result.work.artwork
    layers = ", then ".join(f"{layer.count} {layer.kind_name}" for layer in artwork.layers)
    drawing = result.drawing
    return f"{layers}, on {_paper(artwork)}{drawing.width_mm:g} x {drawing.height_mm:g} mm, {_pens(result)}"


def _paper(artwork: Artwork) -> str:
    return f"{artwork.canvas.paper}, " if isinstance(artwork.canvas.paper, str) else ""


def _pens(result: Result) -> str:
    if isinstance(result.work.artwork.pens, FreeColours):
        return "in free colours"
    count = len({pen_pass.pen for pen_pass in result.drawing.passes})
    return f"with {counted(count, 'pen')}"


_WORDS = {
    "Close up": "PSNR, pixel by pixel. 3 dB more means half the squared error.",
    "From afar": "PSNR after a little blur: what the eye sees from a few steps away.",
    "Structure": "SSIM: at 1, edges and textures are those of the target; at 0, none are.",
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
    """The preview without the margins: the part with the target."""
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


_PALE = 0.3  # strength of the target's greys under a map, for orientation


def _look(look: NetworkView, target: Picture) -> dict[str, Any]:
    """A network's view of the drawing: the loss at each depth, as bars, and the map over the pale target."""
    most = max((loss for _, loss in look.depths), default=0.0) or 1.0
    pale = 255 * (1 - _PALE * (1 - target.mean(0)))[..., None]
    darkest = np.array([110, 0, 30], np.float32)
    mapped = pale + look.map[..., None] * (darkest - pale)
    return {
        "name": f"{look.layer_name}: {look.term}",
        "loss": f"{look.loss:.3g}",
        "depths": [(name, f"{loss:.3g}", round(100 * loss / most, 1)) for name, loss in look.depths],
        "source": _inline(Image.fromarray(mapped.round().clip(0, 255).astype(np.uint8))),
        "is_pull": look.is_pull,
    }


def _inline(image: Image.Image) -> str:
    image = image.copy()
    image.thumbnail((SHOWN_PX, SHOWN_PX), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    image.save(file, "WEBP", quality=80, method=4)
    return "data:image/webp;base64," + base64.b64encode(file.getvalue()).decode()

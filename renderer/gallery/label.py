"""The label of a work: its pens as swatches and its loss curve, as small SVG pictures."""

import math
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from renderer.gallery.names import LOSS, PENS

SWATCH, GAP, MARGIN = 16, 6, 2  # px
SPARK_WIDTH, SPARK_HEIGHT = 120, 28
MOST_SWATCHES = 24
_FREE = ("#d33b3b", "#e8c33a", "#3aa655", "#35b5c4", "#3b56c4", "#b53bb5")  # stands for any colour

Passes = Sequence[dict[str, Any]]
Spark = dict[str, Any]


def labels(passes: Passes, loss: Sequence[Spark]) -> dict[str, bytes]:
    """Both SVG files, for pages that can only show files."""
    return {PENS: pens_svg(passes).encode(), LOSS: loss_svg(loss).encode()}


def pens(passes: Passes) -> list[dict[str, Any]]:
    """Each pen once, in drawing order, with everything that it draws. Free colours count as one pen."""
    found: dict[str, dict[str, Any]] = {}
    for one in passes:
        pen = one["pen"]
        name = "free colours" if one["free_colours"] else pen["name"]
        entry = found.setdefault(
            f"{name} {pen['nib_mm']}",
            {"name": name, "colour": pen["colour"], "nib_mm": pen["nib_mm"], "ink": pen["ink"],
             "free": one["free_colours"], "strokes": 0, "metres": 0.0, "minutes": 0.0},
        )  # fmt: skip
        entry["strokes"] += one["strokes"]
        entry["metres"] += one["metres"]
        entry["minutes"] += one["minutes"] or 0.0
    return list(found.values())


def pens_svg(passes: Passes) -> str:
    """A row of swatches."""
    shown = pens(passes)[:MOST_SWATCHES]
    width = 2 * MARGIN + max(1, len(shown)) * (SWATCH + GAP) - GAP
    height = SWATCH + 2 * MARGIN
    names = ", ".join(f"{pen['name']} {pen['nib_mm']:g} mm" for pen in shown)
    discs = "".join(_swatch(MARGIN + SWATCH / 2 + at * (SWATCH + GAP), height / 2, pen) for at, pen in enumerate(shown))
    return _svg(width, height, names, discs)


def _swatch(x: float, y: float, pen: dict[str, Any]) -> str:
    title = f"<title>{escape(pen['name'])}</title>"
    if not pen["free"]:
        return (
            f'<circle cx="{x:g}" cy="{y:g}" r="{SWATCH / 2:g}" fill="{pen["colour"]}" stroke="#8888" stroke-width="1">'
            f"{title}</circle>"
        )
    r = SWATCH / 2
    corner = [
        (x + r * math.sin(a), y - r * math.cos(a)) for a in (math.tau * n / len(_FREE) for n in range(len(_FREE)))
    ]
    ends = corner[1:] + corner[:1]
    wedges = "".join(
        f'<path d="M{x:g},{y:g} L{ax:.2f},{ay:.2f} A{r:g},{r:g} 0 0 1 {bx:.2f},{by:.2f} Z" fill="{colour}"/>'
        for (ax, ay), (bx, by), colour in zip(corner, ends, _FREE, strict=True)
    )
    return f"<g>{title}{wedges}</g>"


# --- the loss ---------------------------------------------------------------------------------------------------------


def loss_svg(loss: Sequence[Spark]) -> str:
    """A sparkline of all layers, one after another."""
    line = f'<path d="{spark_path(loss)}" fill="none" stroke="#b4552d" stroke-width="1.5" stroke-linejoin="round"/>'
    return _svg(SPARK_WIDTH, SPARK_HEIGHT, loss_text(loss), line if loss else "")


def loss_text(loss: Sequence[Spark]) -> str:
    """The loss curve in words: `Loss: points from 0.021 to 0.0093 in 300 steps`."""
    shown = [
        f"{one['layer']} from {one['losses'][0]:.3g} to {one['losses'][-1]:.3g} in {one['steps']} steps" for one in loss
    ]
    return f"Loss: {'; '.join(shown)}" if shown else "No loss: nothing was fitted"


def spark_path(loss: Sequence[Spark]) -> str:
    """The path of the curve: each layer has its share of the width and the full height, y is logarithmic."""
    steps = sum(one["steps"] for one in loss) or 1
    parts: list[str] = []
    left = 1.0
    for one in loss:
        wide = (SPARK_WIDTH - 2) * one["steps"] / steps
        logs = [math.log(max(value, 1e-12)) for value in one["losses"]]
        low, high = min(logs), max(logs)
        count = max(1, len(logs) - 1)
        places = [
            (left + max(0.0, wide - 3) * at / count, 2 + (SPARK_HEIGHT - 4) * (high - value) / max(high - low, 1e-6))
            for at, value in enumerate(logs)
        ]
        parts.append("M" + " ".join(f"{x:.1f},{y:.1f}" for x, y in places))
        left += wide
    return " ".join(parts)


def _svg(width: float, height: float, title: str, inside: str) -> str:
    size = f'width="{width:g}" height="{height:g}" viewBox="0 0 {width:g} {height:g}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}'
        f' role="img" aria-label={quoteattr(title)}><title>{escape(title)}</title>{inside}</svg>\n'
    )

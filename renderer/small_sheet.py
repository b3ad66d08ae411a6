"""A work -> a draft of it: the same pens, style and tones on a small sheet, with strokes as they are placed.

The pens keep their widths, so a small sheet needs few strokes: it shows what these pens do in this style, not how fine
the finished drawing is. Nothing is fitted. How many strokes the finished drawing has comes from its plan.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from renderer import focus, preview
from renderer.difference import mean_square
from renderer.finish import unordered
from renderer.fit_log import FitLog, Stop
from renderer.fitting import fit_layers
from renderer.losses import Sum
from renderer.planning import Planned, planned, thinnest_nib_mm
from renderer.progress import silent
from renderer.sources import is_grey
from renderer.spec import Artwork, Layer, Refine, Sheet, Tone
from renderer.spec.kinds import counted
from renderer.specfile import Work
from renderer.target import Frame, Picture, fit_picture, frame
from renderer.tone import cropped, greyed, stressed, toned

SIDE_MM = 130.0  # longer side of the small sheet
WORKING_PX = 300  # longer side of the picture in which strokes are placed
SHOWN_PX = 900  # longer side of the draft
MOST_STROKES = 800
MOST_POINTS = 400  # of one line, whose points are put in order
LEAST_SIDE_MM = 60.0
_POWERS = {"waves": 1, "spiral": 1, "contours": 0, "areas": 0}  # of the scale, in the count; 2 for others

Importance = NDArray[np.float32]  # [H, W], how much each pixel of the frame counts
Weigh = Callable[[Artwork, Picture, Frame], Importance]


@dataclass(frozen=True)
class Draft:
    """A draft, and what the finished drawing will hold."""

    picture: Picture  # [3, H, W]
    strokes: int  # in the draft
    width_mm: float  # of its sheet
    height_mm: float
    plan: Planned  # of the finished drawing
    sheet_mm: tuple[float, float]  # of the finished drawing
    pens: tuple[tuple[str, str], ...]  # that the draft uses: names and colours


def importance(artwork: Artwork, picture: Picture, area: Frame) -> Importance:
    """How much each pixel of the frame counts. Faces are searched, which takes longer than a draft."""
    if artwork.target.focus == "none" or artwork.target.focus_picture is not None:
        return np.ones((area.height_px, area.width_px), np.float32)
    return focus.importance(picture, area, artwork.target.fit, artwork.target.focus)


def draft_of(work: Work, picture: Picture, stop: Stop, weigh: Weigh = importance) -> Draft | None:
    """The draft of a work for its picture, `[H, W, 3]`; None if `stop()` became true.

    Raises TargetError and ProgramError if the work cannot be planned, and RenderError.
    """
    picture = cropped(picture, work.artwork.target.crop)
    plan = planned(work.artwork, picture)
    small = small_artwork(plan.artwork)
    scale = small.canvas.size_mm[0] / plan.artwork.canvas.size_mm[0]
    aspect = picture.shape[1] / picture.shape[0]
    area = frame(small.canvas, small.target.fit, aspect, thinnest_nib_mm(small))
    counts = weigh(small, picture, area)
    inks_mm = tuple(None if ink is None else ink * scale**2 for ink in plan.inks_mm)
    small_plan = replace(planned(small, picture), worths=plan.worths, inks_mm=inks_mm)
    log = FitLog(small, silent, stop, lambda _: math.nan)
    wanted = torch.from_numpy(_target(small, picture, area, counts))
    judge = Sum({"mse": (1.0, partial(_difference, wanted))}, wanted.device)
    layers = fit_layers(small_plan, wanted, area, counts, log, [(judge, lambda *_: judge)] * len(small.layers))
    if log.stopped():
        return None
    drawing = unordered(small, layers)  # no machine draws it, and an order would take a second
    shown = preview.picture(drawing, SHOWN_PX / max(drawing.width_mm, drawing.height_mm))
    strokes = sum(len(one.lines) for one in drawing.passes)
    pens = tuple(dict.fromkeys((one.pen.name, one.pen.colour or "#000000") for one in drawing.passes if one.lines))
    return Draft(shown, strokes, drawing.width_mm, drawing.height_mm, plan, plan.artwork.canvas.size_mm, pens)


def small_artwork(artwork: Artwork) -> Artwork:
    """A planned artwork on a small sheet, with as many strokes as belong there and no gradient steps."""
    width_mm, height_mm = artwork.canvas.size_mm
    scale = _scale(artwork)
    sheet = Sheet(width_mm=scale * width_mm, height_mm=scale * height_mm)
    canvas = artwork.canvas.model_copy(
        update={
            "paper": sheet, "orientation": "auto", "margin_mm": scale * artwork.canvas.margin_mm,
            "px_per_mm": WORKING_PX / (scale * max(width_mm, height_mm)),
        }
    )  # fmt: skip
    layers = tuple(_small_layer(layer, scale) for layer in artwork.layers)
    return artwork.model_copy(
        update={"canvas": canvas, "layers": layers, "budget": None, "machine": None, "refine": Refine()}
    )


def _scale(artwork: Artwork) -> float:
    """The scale of the small sheet: none is larger than the sheet itself."""
    longer_mm = max(artwork.canvas.size_mm)
    excess = sum(counted(layer.kind) / _most(layer) for layer in artwork.layers if layer.kind_name not in _POWERS)
    side_mm = min(SIDE_MM, longer_mm / math.sqrt(max(excess, 1e-6)))
    return min(1.0, max(LEAST_SIDE_MM, side_mm) / longer_mm)


def _most(layer: Layer) -> int:
    return MOST_POINTS if layer.traits.is_long else MOST_STROKES


def _small_layer(layer: Layer, scale: float) -> Layer:
    count = max(1, round(counted(layer.kind) * scale ** _POWERS.get(layer.kind_name, 2)))
    return layer.model_copy(
        update={"steps": 0, layer.kind_name: layer.kind.model_copy(update={"count": min(count, _most(layer))})}
    )


def _target(artwork: Artwork, picture: Picture, area: Frame, counts: Importance) -> Picture:
    """The picture on the frame's pixels, `[3, H, W]`, in the tones of ink."""
    tone = artwork.target.tone
    assert isinstance(tone, Tone)
    target = stressed(toned(fit_picture(picture, area, artwork.target.fit), tone), counts, tone)
    return greyed(target) if is_grey(artwork) else target


def _difference(wanted: Tensor, drawn: Tensor) -> Tensor:
    return mean_square(drawn, wanted)

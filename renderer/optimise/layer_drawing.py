"""How strokes look on their ground: the input of the rasteriser, and its picture."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from renderer.cores import constant
from renderer.error import PLAIN, Objective
from renderer.losses import Sum
from renderer.palette import Palette
from renderer.primitives import Primitive, polylines
from renderer.ragged import Ragged, splines, tied
from renderer.raster import SHARP, EdgeRamp, Shapes, Weights, Workspace, rasterise, weigh
from renderer.spec import Layer
from renderer.strokes import Strokes
from renderer.target import Frame

EDGE_NIBS = 2.0  # of a long line, between the edge and every second knot


@dataclass(frozen=True)
class Ground:
    """The ground that a layer is fitted on. Strokes and pictures are on one device."""

    frame: Frame
    target: Tensor  # [3, H, W]
    background: Tensor  # [3, H, W], the layers below
    palette: Palette
    objective: Objective = PLAIN  # by which strokes are placed and valued
    form: Tensor | None = None  # [2, H, W], unit vectors along the form of the target; None: strokes do not follow it
    view: Frame | None = None  # the part of the frame that the pictures show; None: all of it
    primitive: Primitive | None = None  # of the caller's own; None: strokes have the shape of their kind

    @property
    def seen(self) -> Frame:
        """The part of the frame that the pictures show."""
        return self.view or self.frame

    def tile(self, rows: slice, columns: slice) -> "Ground":
        """The ground of a tile of these pixels."""
        frame = self.frame
        corner_mm = frame.x_mm + columns.start / frame.px_per_mm, frame.y_mm + rows.start / frame.px_per_mm
        size_mm = (columns.stop - columns.start) / frame.px_per_mm, (rows.stop - rows.start) / frame.px_per_mm
        return replace(
            self,
            target=self.target[:, rows, columns],
            background=self.background[:, rows, columns],
            view=Frame(*corner_mm, *size_mm, frame.px_per_mm),
        )

    def to(self, device: torch.device | str) -> "Ground":
        """The same ground on another device."""
        return replace(self, target=self.target.to(device), background=self.background.to(device))


def draw(
    layer: Layer,
    strokes: Strokes,
    ground: Ground,
    *,
    edges: EdgeRamp = SHARP,
    temperature: float | None = None,
    workspace: Workspace | None = None,
) -> Tensor:  # [3, H, W]
    """The picture of a layer over its ground. Without a temperature, every stroke has a single pen."""
    return raster(shown(layer, strokes, ground, temperature), ground, edges, workspace)


def lines_mm(layer: Layer, strokes: Strokes, ground: Ground) -> Tensor:  # [N, S, 2] mm on the sheet
    """The lines that the strokes draw. `inside` moved them into the frame; a step can leave it, a pen must not."""
    low, high = bounds_mm(strokes, ground)
    knots = strokes.knots if strokes.ragged is None else tied(strokes.knots, strokes.ragged.counts)
    return _shaped(layer, knots, ground).clamp(low, high)


def _shaped(layer: Layer, knots: Tensor, ground: Ground) -> Tensor:  # [N, K, 2] -> [N, S, 2] mm
    return polylines(layer.kind, knots) if ground.primitive is None else ground.primitive(knots)


def points_mm(layer: Layer, strokes: Strokes, ragged: Ragged, ground: Ground) -> Tensor:  # [T, 2] mm on the sheet
    """The same for marks, stroke after stroke as `ragged.layout` says."""
    low, high = bounds_mm(strokes, ground)
    samples = layer.traits.samples
    owner = ragged.layout(samples).owner
    return splines(ragged, strokes.knots, samples).clamp(low[owner, 0], high[owner, 0])


@torch.no_grad()
def drawn_lines(layer: Layer, strokes: Strokes, ground: Ground) -> list[NDArray[np.float64]]:  # [S, 2] mm each
    """What each stroke draws, for the export."""
    if strokes.ragged is None:
        return list(lines_mm(layer, strokes, ground).detach().double().cpu().numpy())
    offsets = strokes.ragged.layout(layer.traits.samples).offsets
    points = points_mm(layer, strokes, strokes.ragged, ground).double().cpu().numpy()
    return np.split(points, offsets[1:-1].cpu().numpy()) if len(strokes) else []


def inside(layer: Layer, strokes: Strokes, ground: Ground) -> Tensor:  # [N, K, 2] mm
    """The knots of the strokes, moved so that their lines are inside the frame.

    A dot, an end of a line, a knot of a mark or a single knot of a curve stops at the edge. Where two knots in a row
    would stop there, the curve would run along the frame, so it is shifted in instead. A curve that swings out between
    its knots is shifted in, too. A curve that is larger than the frame is shrunk.
    """
    low, high = bounds_mm(strokes, ground)
    knots = strokes.knots
    if layer.traits.is_long:  # every second knot keeps away from the edge, so that no line runs along it
        away = EDGE_NIBS * ground.palette.widths(strokes.inks, strokes.width_mm).detach()[:, None, None]
        away = torch.minimum(away * (torch.arange(knots.shape[1], device=knots.device) % 2)[:, None], (high - low) / 2)
        return knots.clamp(low + away, high - away)
    if knots.shape[1] <= 2 or layer.traits.is_mark:
        return knots.clamp(low, high)
    folds = _in_a_row(knots < low) | _in_a_row(knots > high)  # [N, 1, 2]
    knots = torch.where(folds, knots, knots.clamp(low, high))
    lines = _shaped(layer, knots, ground)
    least, most = lines.amin(1, keepdim=True), lines.amax(1, keepdim=True)
    if bool(((least >= low) & (most <= high)).all()):
        return knots
    share = ((high - low) / (most - least).clamp(min=1e-6)).amin(2, keepdim=True).clamp(max=1.0)
    middle = (least + most) / 2
    knots = middle + (knots - middle) * share
    least, most = middle + (least - middle) * share, middle + (most - middle) * share
    return knots + (low - least).clamp(min=0) - (most - high).clamp(min=0)


def _in_a_row(outside: Tensor) -> Tensor:  # [N, K, 2] -> [N, 1, 2]
    """Whether two successive knots of a stroke are outside."""
    return (outside[:, 1:] & outside[:, :-1]).any(1, keepdim=True)


def weights(layer: Layer, strokes: Strokes, ground: Ground, workspace: Workspace) -> Weights:
    """How much each stroke matters, as they would be plotted now; computed on the CPU, wherever they are."""
    found = weigh(
        shown(layer, strokes, ground, None),
        ground.background,
        ground.target,
        px_per_mm=ground.frame.px_per_mm,
        ink=ground.palette.ink,
        objective=ground.objective,
        workspace=workspace,
    )
    return Weights(found.removal.to(strokes.knots.device), found.follows.to(strokes.knots.device))


def judged(layer: Layer, strokes: Strokes, ground: Ground, loss: Sum, workspace: Workspace) -> float:
    """The loss of the strokes as they would be plotted now."""
    return loss(draw(layer, strokes, ground, workspace=workspace)).item()


def shown(layer: Layer, strokes: Strokes, ground: Ground, temperature: float | None) -> Shapes:
    """The input of the rasteriser, in millimetres from the corner of the visible part of the frame."""
    palette, seen = ground.palette, ground.seen
    inks = palette.hard(strokes.inks) if temperature is None else strokes.inks
    ragged = None if strokes.knots.is_cuda else strokes.ragged
    lines = lines_mm(layer, strokes, ground) if ragged is None else points_mm(layer, strokes, ragged, ground)
    return Shapes(
        lines - constant((seen.x_mm, seen.y_mm), strokes.knots.device),
        palette.widths(strokes.inks, strokes.width_mm),
        palette.colours(inks, temperature or 1.0),
        palette.order(strokes.inks),
        None if ragged is None else ragged.layout(layer.traits.samples).offsets,
    )


def bounds_mm(strokes: Strokes, ground: Ground) -> tuple[Tensor, Tensor]:  # [N, 1, 2] each
    """The bounds of the centre line of each stroke, so that its ink stays inside the frame."""
    frame = ground.frame
    size = constant((frame.width_mm, frame.height_mm), strokes.knots.device)
    corner = constant((frame.x_mm, frame.y_mm), strokes.knots.device)
    reach = 0.0 if frame.overhang else 0.5
    inset = reach * ground.palette.widths(strokes.inks, strokes.width_mm).detach()[:, None, None]
    inset = torch.minimum(inset, size / 2)
    return corner + inset, corner + size - inset


def raster(
    shapes: Shapes,
    ground: Ground,
    edges: EdgeRamp = SHARP,
    workspace: Workspace | None = None,
) -> Tensor:  # [3, H, W]
    """The picture of these shapes over the ground."""
    return rasterise(
        shapes,
        ground.background,
        px_per_mm=ground.frame.px_per_mm,
        ink=ground.palette.ink,
        edges=edges,
        workspace=workspace,
    )

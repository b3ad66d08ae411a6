"""Where strokes start: anywhere, or where they lower the error most (greedy residual search).

The greedy search places one stroke after another. It tries a few dozen candidates where the error is large, many of
them along the form under them, and mutates the best one until it stops improving. It judges each by the change of the
error as the eye sees it (search.py), and draws the best at once with the pen that fits best. Strokes are judged as they
will be plotted, pen after pen: a candidate for an early pen is hidden where a later pen has already drawn.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hardware.drawing import Ink
from renderer.cores import pixels
from renderer.error import PLAIN, Objective, residual
from renderer.palette import Palette
from renderer.placement import search
from renderer.primitives import shortened
from renderer.spec import Kind, traits
from renderer.strokes import Strokes
from renderer.target import Frame

__all__ = ["Effort", "Objective", "Placed", "greedy", "scatter"]

# Logit of the pen that a stroke starts with; the others have 0.
SURE = 2.0
_AT_A_TIME = 250  # strokes placed between two progress reports
_PATIENCE = 24  # the search ends after so many rounds in a row without a candidate that is worth its ink

Placed = Callable[[int], bool]  # number of strokes so far -> whether to continue


def _all_of_them(_placed: int) -> bool:
    return True


@dataclass(frozen=True)
class Effort:
    """The effort of the greedy search for each stroke."""

    candidates: int
    mutations: int


# A dot has two numbers to find, a line at least four. Four times the effort improves lines by 1 dB and dots not at all.
DOTS, LINES = Effort(24, 48), Effort(96, 192)
FORMED = Effort(64, 128)  # for lines whose first guesses follow the form and are good


def scatter(
    kind: Kind,
    count: int,
    palette: Palette,
    frame: Frame,
    target: Tensor,  # [3, H, W]
    background: Tensor,  # [3, H, W], unused: the signature is that of `greedy`
    generator: np.random.Generator,
) -> Strokes:
    """Strokes at random places in the frame, in about the colour of the target under them."""
    knots = _random_knots(kind, count, frame, generator)
    middle = knots.mean(1)
    column = ((middle[:, 0] - frame.x_mm) * frame.px_per_mm).long().clamp(0, target.shape[2] - 1)
    row = ((middle[:, 1] - frame.y_mm) * frame.px_per_mm).long().clamp(0, target.shape[1] - 1)
    colour = target[:, row, column].T  # [N, 3]
    if palette.free:
        inks = colour.clone()
    else:
        away = ((colour[:, None] - palette.table()) ** 2).sum(-1)
        inks = SURE * torch.nn.functional.one_hot(away.argmin(1), palette.inks).float()
    return Strokes(knots, torch.full((count,), sum(palette.width_mm) / 2), inks)


def _random_knots(kind: Kind, count: int, frame: Frame, generator: np.random.Generator) -> Tensor:
    """Random knots [N, K, 2] mm: the first anywhere, each next one a step further in about the same direction."""
    knots = traits(kind).knots
    size = np.array([frame.width_mm, frame.height_mm])
    first = generator.random((count, 1, 2)) * size + [frame.x_mm, frame.y_mm]
    if knots == 1:
        return torch.from_numpy(first).float()
    heading = generator.random((count, 1)) * 2 * np.pi + np.cumsum(generator.normal(0, 0.6, (count, knots - 1)), 1)
    step = generator.random((count, 1)) * _usual_length(kind, count, frame) * 2 / (knots - 1)
    walk = np.cumsum(np.stack([np.cos(heading), np.sin(heading)], -1) * step[..., None], 1)
    path = np.concatenate([first, first + walk], 1)
    path += first - path.mean(1, keepdims=True)
    return shortened(torch.from_numpy(path).float(), kind)


def _usual_length(kind: Kind, count: int, frame: Frame) -> float:
    return min(frame.usual_length_mm(count), traits(kind).limit_mm or math.inf)


def greedy(
    kind: Kind,
    count: int,
    palette: Palette,
    frame: Frame,
    target: Tensor,  # [3, H, W]
    background: Tensor,  # [3, H, W], the picture below the layer
    generator: np.random.Generator,
    effort: Effort | None = None,
    *,
    objective: Objective = PLAIN,
    form: Tensor | None = None,  # [2, H, W], unit vectors along the form, which strokes follow as the objective says
    fill: float = 0.0,
    top: NDArray[np.int32] | None = None,  # [H, W], the latest of this layer's pens on each pixel, -1 for none
    placed: Placed = _all_of_them,
) -> Strokes:
    """Strokes placed one by one, each where it lowers the error most: `count`, or as many as are worth their ink.

    With `fill`, the search takes the ground to differ from the target by so much everywhere, so that strokes also go
    where the bare ground would be good enough. `placed` is called with the count now and then; when it returns False,
    the search ends.
    """
    top = np.full(target.shape[1:], -1, np.int32) if top is None else top
    wrong = torch.where(target < 0.5, target + fill, target - fill) if fill else background
    canvas = np.array(wrong.permute(1, 2, 0).numpy(), order="C")  # a copy: it is drawn on
    of = traits(kind)
    follows = form is not None and not of.is_dots and objective.along > 0
    effort = effort or (DOTS if of.is_dots else FORMED if follows else LINES)
    knots = np.empty((count, of.knots, 2), np.float32)
    pens = np.empty(count, np.int32)
    colours = np.empty((count, 3), np.float32)
    left = residual(pixels(target), canvas, objective)
    cells = search.errors(left.residual, left.weight)
    how = (
        of.is_closed, canvas, left.residual, left.weight, left.near, left.far, left.taps,
        np.float32(math.sqrt(2) * objective.far_px), np.float32(objective.far_share),
        pixels(form) if follows and form is not None else np.zeros((1, 1, 2), np.float32),
        np.float32(objective.along if follows else 0.0), np.float32(objective.crossing if follows else 0.0), top,
        palette.table().numpy(), _radii(palette, frame.px_per_mm), palette.free, palette.ink is Ink.TRANSPARENT,
        _longest_px(kind, count, frame, objective), np.float32(objective.lift_px), np.float32(objective.worth),
        frame.overhang, effort.candidates, effort.mutations, _PATIENCE,
        np.array([generator.integers(1, 2**62)], np.uint64), cells, np.ones(cells.shape, np.float32),
        np.empty((3, top.size), np.int32), np.empty(top.size, np.float32),
    )  # fmt: skip
    done = 0
    while done < count:
        some = slice(done, min(done + _AT_A_TIME, count))
        found = search.place(knots[some], pens[some], colours[some], *how)
        done += found
        if not placed(done) or found < some.stop - some.start:
            break
    return _as_strokes(knots[:done], pens[:done], colours[:done], palette, frame)


def _as_strokes(
    knots: NDArray[np.float32],  # [N, K, 2] px
    pens: NDArray[np.int32],  # [N]
    colours: NDArray[np.float32],  # [N, 3]
    palette: Palette,
    frame: Frame,
) -> Strokes:
    corner = torch.tensor([frame.x_mm, frame.y_mm])
    inks = (
        torch.from_numpy(colours)
        if palette.free
        else SURE * torch.nn.functional.one_hot(torch.from_numpy(pens).long(), palette.inks).float()
    )
    widths = torch.full((len(knots),), sum(palette.width_mm) / 2)
    return Strokes((torch.from_numpy(knots) / frame.px_per_mm + corner).float(), widths, inks.clone())


def _longest_px(kind: Kind, count: int, frame: Frame, objective: Objective) -> np.float32:
    """The longest stroke of the search, within the limit of its kind."""
    longest_px = objective.longest_px or 2 * _usual_length(kind, count, frame) * frame.px_per_mm
    limit_mm = traits(kind).limit_mm
    return np.float32(min(longest_px, limit_mm * frame.px_per_mm) if limit_mm else longest_px)


def _radii(palette: Palette, px_per_mm: float) -> NDArray[np.float32]:
    nibs_mm = [sum(palette.width_mm) / 2] if palette.free else [pen.nib_mm for pen in palette.pens]
    if palette.spot_mm is not None:
        nibs_mm = [palette.spot_mm] * len(nibs_mm)
    return np.array(nibs_mm, np.float32) * np.float32(px_per_mm / 2)

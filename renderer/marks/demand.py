"""What each pen has to cover, and lines in pixels -> strokes: what all constructions of marks share."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from renderer.blur import blur
from renderer.colours import oklab
from renderer.palette import Palette
from renderer.placement import SURE
from renderer.ragged import Ragged
from renderer.stipple import demanded
from renderer.strokes import Strokes
from renderer.target import Frame

Line = NDArray[np.float32]  # [S, 2] px of the frame, x right, y down
LEAST = 0.03  # share of a place that a pen has to cover, below which it leaves it blank
MOST = 0.9  # lines lie beside each other; more would be a solid area
SMOOTH_NIBS = 0.8  # a line's spacing changes no faster than its width
KNOT_NIBS = 7.0  # way between two knots of a mark


@dataclass(frozen=True)
class MarkInput:
    """What marks are placed on."""

    palette: Palette
    frame: Frame
    target: Tensor  # [3, H, W], on the processor
    below: Tensor  # [3, H, W]
    form: Tensor | None  # [2, H, W], unit vectors along the form
    ink_mm: float | None  # length of line that was planned for the layer; None: as much as the tones want
    generator: np.random.Generator

    @property
    def size_px(self) -> tuple[int, int]:
        """Height and width."""
        return self.target.shape[1], self.target.shape[2]

    def nib_px(self, pen: int) -> float:
        """Width of this pen's line."""
        width_mm = sum(self.palette.width_mm) / 2 if self.palette.free else self.palette.pens[pen].nib_mm
        return width_mm * self.frame.px_per_mm

    def demand(self) -> NDArray[np.float64]:  # [P, H, W] in [0, 1]
        """The share of each place that each pen has to cover; one pen where colours are free."""
        goal, under = (np.ascontiguousarray(one.permute(1, 2, 0).double().numpy()) for one in (self.target, self.below))
        if self.palette.free:
            away = np.sqrt(((oklab(goal) - oklab(under)) ** 2).sum(-1))
            found = (away / max(float(away.max()), 0.1))[None]
        else:
            found = demanded(goal, under, self.palette)
        return np.stack([_smoothed(one, SMOOTH_NIBS * self.nib_px(pen)) for pen, one in enumerate(found)])

    def paid_demand(self) -> NDArray[np.float64]:  # [P, H, W] in [0, 1]
        """The same, or so much less that it takes no more ink than was planned."""
        demand = self.demand()
        if self.ink_mm is None:
            return demand
        lines_px = sum(float(one.sum()) / self.nib_px(pen) for pen, one in enumerate(demand))
        return demand * min(1.0, self.ink_mm * self.frame.px_per_mm / max(lines_px, 1e-9))


def _smoothed(demand: NDArray[np.float64], sigma_px: float) -> NDArray[np.float64]:
    return blur(torch.from_numpy(demand[None]).float(), max(sigma_px, 0.3))[0].double().numpy().clip(0, 1)


def strokes_of(
    lines: list[list[Line]],  # of each pen
    canvas: MarkInput,
    knot_px: float | None = None,  # way between two knots; None: the lines' own points are the knots
) -> Strokes:
    """Lines as strokes with knots of their own number, each with its pen, or with the colour of what it runs over."""
    palette, frame = canvas.palette, canvas.frame
    flat = [(pen, line) for pen, mine in enumerate(lines) for line in mine]
    knots = [line if knot_px is None else resampled(line, knot_px) for _, line in flat]
    most = max([len(one) for one in knots], default=2)
    padded = np.zeros((len(knots), most, 2), np.float32)
    for n, one in enumerate(knots):
        padded[n], padded[n, : len(one)] = one[-1], one
    corner = np.array([frame.x_mm, frame.y_mm])
    return Strokes(
        torch.from_numpy(padded / frame.px_per_mm + corner).float(),
        torch.full((len(flat),), sum(palette.width_mm) / 2),
        inks_of([pen for pen, _ in flat], [line for _, line in flat], canvas),
        Ragged(torch.tensor([len(one) for one in knots], dtype=torch.long), padded.shape[1]),
    )


def inks_of(pens: list[int], lines: list[Line], canvas: MarkInput) -> Tensor:  # [N, P]
    """The inks of strokes with these pens, or with the colours that they run over where colours are free."""
    if canvas.palette.free:
        colours = [_colour_under(line, canvas.target) for line in lines]
        return torch.from_numpy(np.array(colours).reshape(len(lines), 3)).float()
    return SURE * torch.eye(canvas.palette.inks)[torch.tensor(pens, dtype=torch.long)]


def resampled(line: Line, step_px: float) -> Line:
    """The line with evenly spaced points, about `step_px` apart; at least two."""
    steps = np.hypot(*np.diff(line, axis=0).T) if len(line) > 1 else np.zeros(0)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    count = max(2, 1 + round(float(along[-1]) / step_px))
    at = np.linspace(0, along[-1], count)
    return np.stack([np.interp(at, along, line[:, 0]), np.interp(at, along, line[:, 1])], 1).astype(np.float32)


def length_px(line: Line) -> float:
    """Along the line."""
    return float(np.hypot(*np.diff(line, axis=0).T).sum()) if len(line) > 1 else 0.0


def _colour_under(line: Line, target: Tensor) -> NDArray[np.float64]:
    column = np.clip(line[:, 0].astype(int), 0, target.shape[2] - 1)
    row = np.clip(line[:, 1].astype(int), 0, target.shape[1] - 1)
    colour: NDArray[np.float64] = target[:, row, column].double().numpy().mean(1)
    return colour

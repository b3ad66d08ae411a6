"""A screen of dots for each pen: each as large as its place is dark."""

import math

import numpy as np
import torch

from renderer.marks.demand import LEAST, MarkInput, inks_of
from renderer.spec import Halftone
from renderer.spec.kinds import PITCH_NIBS
from renderer.strokes import Strokes

TURNS = (0.0, 30.0, -30.0, 45.0, 15.0, -15.0, 60.0, 75.0)  # of each pen's screen, against moire
LARGEST = 1.12  # of the pitch: dots that overlap leave no paper between them


def halftone(kind: Halftone, canvas: MarkInput) -> Strokes:
    """Dots on a slanting grid; diameters by tone, no smaller than the nib."""
    height, width = canvas.size_px
    knots, sizes, pens = [], [], []
    for pen, wanted in enumerate(canvas.paid_demand()):
        nib_px = canvas.nib_px(pen)
        pitch = math.sqrt(width * height / kind.count) if isinstance(kind.count, int) else PITCH_NIBS * nib_px
        angle = math.radians(kind.angle + TURNS[pen % len(TURNS)])
        reach = int(math.hypot(width, height) / pitch / 2) + 1
        grid = np.stack(np.meshgrid(*[np.arange(-reach, reach + 1)] * 2), -1).reshape(-1, 2) * pitch
        turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        places = grid @ turn + [width / 2, height / 2]
        places = places[(places > nib_px / 2).all(1) & (places < np.array([width, height]) - nib_px / 2).all(1)]
        tone = wanted[places[:, 1].astype(int), places[:, 0].astype(int)]
        size = np.minimum(pitch * np.sqrt(4 * tone / math.pi), LARGEST * pitch)
        kept = (tone > LEAST) & (size > 0.7 * nib_px)
        knots.append(places[kept])
        sizes.append(np.maximum(size[kept], nib_px))
        pens += [pen] * int(kept.sum())
    frame = canvas.frame
    at = np.concatenate(knots) / frame.px_per_mm + [frame.x_mm, frame.y_mm]
    return Strokes(
        torch.from_numpy(at).float()[:, None],
        torch.from_numpy(np.concatenate(sizes) / frame.px_per_mm).float(),
        inks_of(pens, [place[None] for each in knots for place in each], canvas),
    )

"""A screen of dots for each pen: each as large as its place is dark."""

import math

import numpy as np
import torch
from numpy.typing import NDArray

from renderer.marks.demand import LEAST, MarkInput, inks_of
from renderer.spec import Halftone
from renderer.spec.kinds import PITCH_NIBS
from renderer.strokes import Strokes

TURNS = (0.0, 30.0, -30.0, 45.0, 15.0, -15.0, 60.0, 75.0)  # of each pen's screen, against moire
LARGEST = 1.12  # of the pitch: dots that overlap leave hardly any paper between them
SMALLEST = 0.4  # of the pitch, with several pens: each place has few dots that count, not a speck of each pen
# Where a touch of the pen is darker than a place, fewer dots are drawn, and what each leaves over goes to its
# neighbours on the screen: the weights of Floyd and Steinberg 1976, to the next dot and to three of the next row.
SPREAD = ((0, 1, 7 / 16), (1, -1, 3 / 16), (1, 0, 5 / 16), (1, 1, 1 / 16))


def halftone(kind: Halftone, canvas: MarkInput) -> Strokes:
    """Dots on a slanting grid; diameters by tone, no smaller than the nib."""
    height, width = canvas.size_px
    knots, sizes, pens = [], [], []
    for pen, wanted in enumerate(canvas.paid_demand()):
        nib_px = canvas.nib_px(pen)
        pitch = math.sqrt(width * height / kind.count) if isinstance(kind.count, int) else PITCH_NIBS * nib_px
        angle = math.radians(kind.angle + TURNS[pen % len(TURNS)])
        reach = int(math.hypot(width, height) / pitch / 2) + 1
        grid = np.stack(np.meshgrid(*[np.arange(-reach, reach + 1)] * 2), -1) * pitch  # [R, R, 2]
        turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        places = grid @ turn + [width / 2, height / 2]
        room = max(nib_px, pitch) / 2  # dots that were pushed in from the edge would line up along it
        inside = (places > room).all(-1) & (places < np.array([width, height]) - room).all(-1)
        column, row = (places[..., at].astype(int).clip(0, most - 1) for at, most in ((0, width), (1, height)))
        covered = np.where(inside & (wanted[row, column] > LEAST), wanted[row, column] * pitch**2, 0.0)
        least = max(nib_px, SMALLEST * pitch) if canvas.palette.inks > 1 and not canvas.palette.free else nib_px
        dots = whole_dots(covered, math.pi / 4 * least**2)
        kept = dots > 0
        knots.append(places[kept])
        sizes.append(np.clip(np.sqrt(4 * dots[kept] / math.pi), nib_px, max(LARGEST * pitch, nib_px)))
        pens += [pen] * int(kept.sum())
    frame = canvas.frame
    at = np.concatenate(knots) / frame.px_per_mm + [frame.x_mm, frame.y_mm]
    return Strokes(
        torch.from_numpy(at).float()[:, None],
        torch.from_numpy(np.concatenate(sizes) / frame.px_per_mm).float(),
        inks_of(pens, [place[None] for each in knots for place in each], canvas),
    )


def whole_dots(
    covered: NDArray[np.float64],  # [R, C], the area that each dot of the screen is to cover; 0: blank
    touch: float,  # area of the smallest dot
) -> NDArray[np.float64]:  # [R, C]
    """The areas of the dots: none is smaller than a touch, and dots near each other cover as much as they should."""
    wanted, dots = covered.tolist(), np.zeros_like(covered)
    rows, columns = covered.shape
    for row in range(rows):
        ahead = 1 if row % 2 == 0 else -1  # to and fro, so that dots do not line up
        for column in range(columns)[::ahead]:
            area = wanted[row][column]
            if covered[row, column] <= 0:
                continue
            dots[row, column] = 0.0 if area < touch / 2 else max(area, touch)
            left = area - dots[row, column]
            if not left:
                continue
            for down, over, share in SPREAD:
                r, c = row + down, column + ahead * over
                if r < rows and 0 <= c < columns:
                    wanted[r][c] += share * left
    return dots

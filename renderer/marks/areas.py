"""Areas of one tone, outlined and hatched inside: for flat graphics and posters."""

import itertools

import numpy as np
import shapely
import torch
from contourpy import FillType, contour_generator
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from shapely.affinity import rotate
from shapely.geometry.base import BaseGeometry

from renderer.blur import blur
from renderer.colours import oklab
from renderer.marks.demand import Line, MarkInput, strokes_of
from renderer.spec import Areas
from renderer.spec.kinds import AREAS
from renderer.strokes import Strokes

SMALLEST_NIBS = 6.0  # side of the smallest area: smaller ones go to their neighbours
SMOOTH_PX = 1.2  # of the likenesses before they are compared: outlines without stairs
SPACING_NIBS = 1.15  # between the lines of a hatch: the paper just shows
STRAIGHT_NIBS = 0.2  # how far an outline may leave the edge of its area
FRINGE_NIBS = 2.0  # widest fringe of a soft edge
MIXED, SEEN = 0.1, 0.02  # a fringe's greatest distance from a mixture of its sides, sRGB; least share of a side
TURN = 30.0  # degrees from one pen's hatch to the next pen's


def areas(kind: Areas, canvas: MarkInput) -> Strokes:
    """For each pen the areas that look most like its colour: first their hatch, then their outline."""
    pens = _nearest_pen(canvas)
    lines: list[list[Line]] = []
    for pen in range(canvas.palette.inks):
        nib_px = canvas.nib_px(pen)
        spacing_px = (kind.spacing_mm * canvas.frame.px_per_mm) if kind.spacing_mm else SPACING_NIBS * nib_px
        angle = kind.angle + pen * TURN
        mine: list[Line] = []
        largest = sorted(_areas(pens == pen, nib_px), key=lambda area: -area.area)
        for area in largest[: kind.count if isinstance(kind.count, int) else AREAS]:
            inner = area.buffer(-nib_px / 2, join_style="mitre")
            mine += _hatched(inner.buffer(-0.6 * spacing_px), spacing_px, angle)
            mine += _outlines(inner)
        lines.append(mine)
    return strokes_of(lines, canvas, None)


def _nearest_pen(canvas: MarkInput) -> NDArray[np.int64]:  # [H, W]
    """The pen that looks most like each place, -1 for the paper."""
    table = np.concatenate([canvas.palette.table().double().numpy(), _paper(canvas)[None]])
    goal = oklab(np.ascontiguousarray(canvas.target.permute(1, 2, 0).double().numpy()))
    away = np.stack([((goal - oklab(one)) ** 2).sum(-1) for one in table])  # [P + 1, H, W]
    smooth = blur(torch.from_numpy(away).float(), SMOOTH_PX).numpy()
    found = without_fringes(smooth.argmin(0), canvas.target.numpy(), canvas.nib_px(0))
    return np.where(found == len(table) - 1, -1, found)


def without_fringes(
    found: NDArray[np.int64],  # [H, W], the colour nearest to each place
    target: NDArray[np.float32],  # [3, H, W]
    nib_px: float,
) -> NDArray[np.int64]:  # [H, W]
    """The same, with soft edges divided between their two sides: in between, another colour is often the nearest.

    A fringe is thin, and its colour a mixture of those beside it. A thin line of a colour of its own stays.
    """
    size = 2 * max(1, round(FRINGE_NIBS * nib_px / 2)) + 1
    cores = np.stack([_opened(found == colour, size) for colour in range(found.max() + 1)])  # [C, H, W]
    is_thin = ~cores.any(0)
    solid = torch.from_numpy(cores.astype(np.float32))
    near = blur(solid, size)  # how much of each colour is about
    shades = np.stack([blur(torch.from_numpy(target) * one, size).numpy() for one in solid])  # [C, 3, H, W]
    nearby = near.numpy()[:, is_thin]
    if len(nearby) < 2 or not is_thin.any():
        return found
    colours = shades[:, :, is_thin] / np.maximum(nearby[:, None], 1e-6)  # [C, 3, T]
    sides = np.argsort(-nearby, axis=0, kind="stable")[:2]
    at = np.arange(sides.shape[1])
    one, other = (colours[side, :, at] for side in sides)  # [T, 3]
    own, way = target[:, is_thin].T, other - one
    share = ((own - one) * way).sum(1) / np.maximum((way**2).sum(1), 1e-6)
    off = np.sqrt(((own - one - share.clip(0, 1)[:, None] * way) ** 2).sum(1))
    is_mixture = (off < MIXED) & (nearby[sides[1], at] > SEEN)
    cleaned = found.copy()
    cleaned[is_thin] = np.where(is_mixture, np.where(share < 0.5, *sides), found[is_thin])
    return cleaned


def _opened(mask: NDArray[np.bool_], size: int) -> NDArray[np.bool_]:
    """The parts of a mask in which a square of `size` px has room."""
    image = Image.fromarray(np.pad(mask, size, mode="edge"))
    room = image.convert("L").filter(ImageFilter.MinFilter(size)).filter(ImageFilter.MaxFilter(size))
    return np.asarray(room)[size:-size, size:-size] > 0


def _paper(canvas: MarkInput) -> NDArray[np.float64]:  # [3]
    flat = canvas.below.flatten(1).double().numpy()
    middle: NDArray[np.float64] = np.median(flat, axis=1)
    return middle


def _areas(mask: NDArray[np.bool_], nib_px: float) -> list[BaseGeometry]:
    """The areas of a mask as polygons with their holes, without small ones."""
    padded = np.pad(mask.astype(np.float32), 1)
    soft = blur(torch.from_numpy(padded[None]), 0.8)[0].numpy()
    made = contour_generator(z=soft, fill_type=FillType.OuterOffset)
    found: list[BaseGeometry] = []
    for points, offsets in zip(*made.filled(0.5, 2.0), strict=True):
        rings = [points[a:b] - 0.5 for a, b in itertools.pairwise(offsets.tolist())]
        area = shapely.Polygon(rings[0], rings[1:]).simplify(STRAIGHT_NIBS * nib_px).buffer(0)
        if area.area >= (SMALLEST_NIBS * nib_px) ** 2:
            found += list(getattr(area, "geoms", [area]))
    return found


def _outlines(area: BaseGeometry) -> list[Line]:
    lines: list[Line] = []
    for one in getattr(area, "geoms", [area]):
        if not one.is_empty:
            lines += [np.asarray(ring.coords, np.float32) for ring in (one.exterior, *one.interiors)]
    return lines


def _hatched(area: BaseGeometry, spacing_px: float, angle: float) -> list[Line]:
    """Parallel lines across an area, to and fro."""
    if area.is_empty:
        return []
    origin = area.centroid
    turned = rotate(area, angle, origin=origin)
    x0, y0, x1, y1 = turned.bounds
    rows = np.arange(y0 + spacing_px / 2, y1, spacing_px)
    lines: list[Line] = []
    for n, y in enumerate(rows):
        cut = turned.intersection(shapely.LineString([(x0 - 1, y), (x1 + 1, y)]))
        for part in getattr(cut, "geoms", [cut]):
            if part.geom_type == "LineString" and part.length > spacing_px:
                points = np.asarray(rotate(part, -angle, origin=origin).coords, np.float32)
                lines.append(points[::-1].copy() if n % 2 else points)
    return lines

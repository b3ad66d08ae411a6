"""Where strokes start: anywhere, or where they lower the error most (greedy residual search).

The greedy search places one stroke after the other: a few dozen candidates where the error is large, the best of them
mutated until it stops improving, each judged by the exact change of the squared error under its footprint and drawn at
once with the pen that fits best. Strokes are judged as they will be plotted, pen after pen: a candidate for an early
pen is hidden where a later pen has already drawn.

The change of the error has a closed form. With coverage a, picture b, target t and colour c of a candidate, summed over
the pixels under it,

    opaque       sum (b + a (c - b) - t)^2 - (b - t)^2  =  A c.c - 2 c.B + C + 2 c.D - 2 E
                 with A = sum a^2, B = sum a^2 b, C = sum a^2 b.b, D = sum a (b - t), E = sum a b.(b - t)
    transparent  sum (b (1 - a m) - t)^2 - (b - t)^2  =  m^2.A - 2 m.D,   m = 1 - c
                 with A = sum a^2 b^2, D = sum a b (b - t), per channel

so one walk over the pixels serves every pen, and gives the best free colour by setting the derivative to zero.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import Tensor

from hardware.drawing import Ink
from renderer.cores import pixels
from renderer.palette import Palette
from renderer.primitives import Kind, knot_count, length_limit_mm, shortened
from renderer.raster.cpu import columns_within, cover, coverage, rows_within, segment
from renderer.spec import Curves, Points
from renderer.strokes import Strokes
from renderer.target import Frame

_jit = njit(cache=True, nogil=True, fastmath={"nsz", "arcp", "contract", "reassoc"}, error_model="numpy")
_part = njit(forceinline=True, nogil=True, fastmath={"nsz", "arcp", "contract", "reassoc"}, error_model="numpy")  # why: raster/cpu.py

# Logit of the pen a stroke starts with, over 0 for the others.
SURE = 2.0
_CELL_PX = 8  # side of the squares whose error decides where candidates fall
_AT_A_TIME = 250  # strokes placed between two words to whoever waits

Placed = Callable[[int], bool]  # how many strokes there are -> whether to go on


def _all_of_them(_placed: int) -> bool:
    return True


@dataclass(frozen=True)
class Effort:
    """How hard the greedy search tries, per stroke."""

    candidates: int
    mutations: int


# A dot has two numbers to find, a line four and more. Four times the effort lifts lines by 1 dB and dots by nothing.
DOTS, LINES = Effort(24, 48), Effort(96, 192)


def scatter(
    kind: Kind,
    count: int,
    palette: Palette,
    frame: Frame,
    target: Tensor,  # [3, H, W]
    background: Tensor,  # [3, H, W], not looked at: as greedy is called
    generator: np.random.Generator,
) -> Strokes:
    """Strokes anywhere in the frame, in about the colour of the target below them."""
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
    """First knot anywhere, each next one a step in about the same direction. [N, K, 2] mm."""
    knots = knot_count(kind)
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
    return min(frame.usual_length_mm(count), length_limit_mm(kind) or math.inf)


def greedy(
    kind: Kind,
    count: int,
    palette: Palette,
    frame: Frame,
    target: Tensor,  # [3, H, W]
    background: Tensor,  # [3, H, W], what lies below the layer
    generator: np.random.Generator,
    effort: Effort | None = None,
    *,
    fill: float = 0.0,
    top: NDArray[np.int32] | None = None,  # [H, W], the latest of this layer's pens on a pixel already, -1 for none
    placed: Placed = _all_of_them,
) -> Strokes:
    """Strokes placed one by one, each where it lowers the squared error most.

    With `fill` the ground is taken to be off the target by so much everywhere, so that strokes also go where the bare
    ground would do. `placed` is told now and then how many there are; when it returns False, these are all.
    """
    top = np.full(target.shape[1:], -1, np.int32) if top is None else top
    scale = frame.px_per_mm
    wrong = torch.where(target < 0.5, target + fill, target - fill) if fill else background
    canvas = np.array(wrong.permute(1, 2, 0).numpy(), order="C")  # a copy: it is drawn on
    effort = effort or (DOTS if isinstance(kind, Points) else LINES)
    knots = np.empty((count, knot_count(kind), 2), np.float32)
    pens = np.empty(count, np.int32)
    colours = np.empty((count, 3), np.float32)
    longest = 2 * _usual_length(kind, count, frame) * scale
    limit = length_limit_mm(kind)
    wanted = pixels(target)
    how = (
        isinstance(kind, Curves) and kind.closed, wanted, canvas, top, palette.table().numpy(), _radii(palette, scale),
        palette.free, palette.ink is Ink.TRANSPARENT, np.float32(min(longest, limit * scale) if limit else longest),
        frame.overhang, effort.candidates, effort.mutations, np.array([generator.integers(1, 2**62)], np.uint64),
        _errors(wanted, canvas), np.empty((3, top.size), np.int32), np.empty(top.size, np.float32),
    )  # fmt: skip
    for done in range(0, count, _AT_A_TIME):
        some = slice(done, done + _AT_A_TIME)
        _place(knots[some], pens[some], colours[some], *how)
        if not placed(min(done + _AT_A_TIME, count)):
            knots, pens, colours = knots[: some.stop], pens[: some.stop], colours[: some.stop]
            break
    corner = torch.tensor([frame.x_mm, frame.y_mm])
    inks = (
        torch.from_numpy(colours)
        if palette.free
        else SURE * torch.nn.functional.one_hot(torch.from_numpy(pens).long(), palette.inks).float()
    )
    widths = torch.full((len(knots),), sum(palette.width_mm) / 2)
    return Strokes((torch.from_numpy(knots) / scale + corner).float(), widths, inks.clone())


def _radii(palette: Palette, px_per_mm: float) -> NDArray[np.float32]:
    nibs_mm = [sum(palette.width_mm) / 2] if palette.free else [pen.nib_mm for pen in palette.pens]
    if palette.spot_mm is not None:
        nibs_mm = [palette.spot_mm] * len(nibs_mm)
    return np.array(nibs_mm, np.float32) * np.float32(px_per_mm / 2)


# --- kernels ----------------------------------------------------------------------------------------------------------

_SPAN = 5  # points a span of a curve becomes while candidates are judged: they are many, and short


@_part
def _uniform(state):
    """A number in [0, 1): splitmix64 (Steele, Lea and Flood 2014). As many bits as float32 has."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return np.float32(z >> np.uint64(40)) * np.float32(1.0 / 16777216.0)


@_part
def _bell(state):
    """A number of about a standard normal distribution: the sum of four uniform ones."""
    total = _uniform(state) + _uniform(state) + _uniform(state) + _uniform(state)
    return (total - np.float32(2.0)) * np.float32(1.7320508)


@_part
def _trace(knots, closed, points):
    """The polyline of one stroke into `points`; returns its length. Twin of primitives.catmull_rom, coarser."""
    count = len(knots)
    if count <= 2:
        points[:count] = knots
        return count
    spans = count if closed else count - 1
    place = 0
    for s in range(spans):
        x1, y1 = knots[s, 0], knots[s, 1]
        x2, y2 = knots[(s + 1) % count, 0], knots[(s + 1) % count, 1]
        if s > 0 or closed:
            x0, y0 = knots[(s - 1) % count, 0], knots[(s - 1) % count, 1]
        else:
            x0, y0 = 2 * x1 - x2, 2 * y1 - y2
        if s + 2 < count or closed:
            x3, y3 = knots[(s + 2) % count, 0], knots[(s + 2) % count, 1]
        else:
            x3, y3 = 2 * x2 - x1, 2 * y2 - y1
        t01 = math.sqrt(math.hypot(x1 - x0, y1 - y0) + np.float32(1e-3))
        t12 = math.sqrt(math.hypot(x2 - x1, y2 - y1) + np.float32(1e-3))
        t23 = math.sqrt(math.hypot(x3 - x2, y3 - y2) + np.float32(1e-3))
        mx1 = t12 * ((x1 - x0) / t01 - (x2 - x0) / (t01 + t12) + (x2 - x1) / t12)
        my1 = t12 * ((y1 - y0) / t01 - (y2 - y0) / (t01 + t12) + (y2 - y1) / t12)
        mx2 = t12 * ((x2 - x1) / t12 - (x3 - x1) / (t12 + t23) + (x3 - x2) / t23)
        my2 = t12 * ((y2 - y1) / t12 - (y3 - y1) / (t12 + t23) + (y3 - y2) / t23)
        for k in range(_SPAN):
            u = np.float32(k) / np.float32(_SPAN)
            h1, h2 = 2 * u**3 - 3 * u**2 + 1, -2 * u**3 + 3 * u**2
            g1, g2 = u**3 - 2 * u**2 + u, u**3 - u**2
            points[place, 0] = h1 * x1 + g1 * mx1 + h2 * x2 + g2 * mx2
            points[place, 1] = h1 * y1 + g1 * my1 + h2 * y2 + g2 * my2
            place += 1
    last = 0 if closed else count - 1
    points[place, 0], points[place, 1] = knots[last, 0], knots[last, 1]
    return place + 1


@_part
def _add(s, a, canvas, target, row, column, transparent):
    """What a pixel with coverage a adds to the sums at the top of this file."""
    for c in range(3):
        b = canvas[row, column, c]
        e = b - target[row, column, c]
        if transparent:
            s[c] += a * a * b * b
            s[3 + c] += a * b * e
        else:
            s[c] += a * a * b
            s[3 + c] += a * e
            s[6] += a * a * b * b
            s[7] += a * b * e
    s[8] += a * a


@_part
def _weigh(
    points, count, radius, target, canvas, top, layered, transparent, scratch, square, nearest, pixels, mark, sums,
):  # fmt: skip
    """The sums over the pixels under a polyline; if `layered`, one row for each pen that may lie on top."""
    height, width = target.shape[0], target.shape[1]
    reach = radius + np.float32(0.65)
    found = cover(points, 0, count, reach, 0, height, width, scratch, square, nearest, pixels, mark)
    for k in range(found):
        row, column = pixels[k] >> 16, pixels[k] & 0xFFFF
        a = coverage(square[row * width + column], radius, np.float32(1.0 / 1.3), False)
        _add(sums[top[row, column] + 1 if layered else 0], a, canvas, target, row, column, transparent)


@_part
def _weigh_straight(points, count, radius, target, canvas, top, layered, transparent, sums):
    """The same for a dot or a line, which finds no pixel twice and so needs no lists."""
    half = np.float32(0.5)
    height, width = target.shape[0], target.shape[1]
    reach = radius + np.float32(0.65)
    ax, ay, dx, dy, inverse, length, ux, uy, iux, iuy = segment(points, 0, count)
    first, after = rows_within(ay, dy, reach, 0, height)
    s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = s8 = np.float32(0.0)  # in registers: a third of the time of an array
    for row in range(first, after):
        ey = np.float32(row) + half - ay
        left, right = columns_within(ey, ax, dx, ux, uy, iux, iuy, length, reach, width)
        for column in range(left, right):
            a = _straight_coverage(np.float32(column) + half - ax, ey, dx, dy, inverse, radius)
            if layered:
                _add(sums[top[row, column] + 1], a, canvas, target, row, column, False)
                continue
            b0, b1, b2 = canvas[row, column, 0], canvas[row, column, 1], canvas[row, column, 2]
            e0, e1, e2 = b0 - target[row, column, 0], b1 - target[row, column, 1], b2 - target[row, column, 2]
            a2 = a * a
            if transparent:
                s0 += a2 * b0 * b0
                s1 += a2 * b1 * b1
                s2 += a2 * b2 * b2
                s3 += a * b0 * e0
                s4 += a * b1 * e1
                s5 += a * b2 * e2
            else:
                s0 += a2 * b0
                s1 += a2 * b1
                s2 += a2 * b2
                s3 += a * e0
                s4 += a * e1
                s5 += a * e2
                s6 += a2 * (b0 * b0 + b1 * b1 + b2 * b2)
                s7 += a * (b0 * e0 + b1 * e1 + b2 * e2)
                s8 += a2
    if not layered:
        s = sums[0]
        s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[8] = s0, s1, s2, s3, s4, s5, s6, s7, s8


@_part
def _straight_coverage(ex, ey, dx, dy, inverse, radius):
    """Coverage of a pixel at (ex, ey) from the start of a segment (dx, dy)."""
    t = min(max((ex * dx + ey * dy) * inverse, np.float32(0.0)), np.float32(1.0))
    qx, qy = ex - t * dx, ey - t * dy
    return coverage(qx * qx + qy * qy, radius, np.float32(1.0 / 1.3), False)


@_part
def _judge(
    points, count, radius, target, canvas, top, table, radii, free, transparent, scratch, square, nearest, pixels,
    mark, sums,
):  # fmt: skip
    """The best pen of the stroke's width, or the best colour, and the change of the squared error it brings.

    Returns (change, pen, r, g, b).
    """
    levels = len(sums)
    sums[:] = np.float32(0.0)
    layered = not free and not transparent
    if count <= 2:
        _weigh_straight(points, count, radius, target, canvas, top, layered, transparent, sums)
    else:
        _weigh(
            points,
            count,
            radius,
            target,
            canvas,
            top,
            layered,
            transparent,
            scratch,
            square,
            nearest,
            pixels,
            mark,
            sums,
        )
    if free:
        return _best_colour(sums[0], transparent)
    best, pen = np.float32(np.inf), 0
    for p in range(levels - 1):
        sums[p + 1] += sums[p]  # pen p is drawn over paper and pens 0..p, and hidden below the later ones
        if radii[p] == radius:
            change = _change(sums[0 if transparent else p + 1], table[p, 0], table[p, 1], table[p, 2], transparent)
            if change < best:
                best, pen = change, p
    return best, pen, table[pen, 0], table[pen, 1], table[pen, 2]


@_part
def _change(s, r, g, b, transparent):
    """Change of the squared error by a colour; the closed form at the top of this file."""
    one, two = np.float32(1.0), np.float32(2.0)
    if transparent:
        m0, m1, m2 = one - r, one - g, one - b
        return m0 * m0 * s[0] + m1 * m1 * s[1] + m2 * m2 * s[2] - two * (m0 * s[3] + m1 * s[4] + m2 * s[5])
    linear = r * (s[3] - s[0]) + g * (s[4] - s[1]) + b * (s[5] - s[2])
    return s[8] * (r * r + g * g + b * b) + two * linear + s[6] - two * s[7]


@_part
def _best_colour(s, transparent):
    """The free colour that lowers the error most, within [0, 1]."""
    zero, one, tiny = np.float32(0.0), np.float32(1.0), np.float32(1e-9)
    if transparent:
        r = one - min(max(s[3] / max(s[0], tiny), zero), one)
        g = one - min(max(s[4] / max(s[1], tiny), zero), one)
        b = one - min(max(s[5] / max(s[2], tiny), zero), one)
    else:
        r = min(max((s[0] - s[3]) / max(s[8], tiny), zero), one)
        g = min(max((s[1] - s[4]) / max(s[8], tiny), zero), one)
        b = min(max((s[2] - s[5]) / max(s[8], tiny), zero), one)
    return _change(s, r, g, b, transparent), 0, r, g, b


@_part
def _candidate(knots, closed, state, cells, rows, height, width, longest, inset):
    """A stroke with its middle in a square drawn by its share of the error (`rows` sums `cells`), else by chance."""
    sought, row, column = _uniform(state) * rows.sum(), 0, 0
    while row < len(rows) - 1 and sought >= rows[row]:
        sought -= rows[row]
        row += 1
    while column < cells.shape[1] - 1 and sought >= cells[row, column]:
        sought -= cells[row, column]
        column += 1
    x = (np.float32(column) + _uniform(state)) * np.float32(_CELL_PX)
    y = (np.float32(row) + _uniform(state)) * np.float32(_CELL_PX)
    count = len(knots)
    knots[0, 0], knots[0, 1] = x, y
    if count > 1:
        heading, bend = _uniform(state) * np.float32(2 * math.pi), np.float32(0.35) * _bell(state)
        step = longest * (np.float32(0.05) + np.float32(0.95) * _uniform(state)) / np.float32(count - 1)
        for k in range(1, count):
            knots[k, 0] = knots[k - 1, 0] + step * math.cos(heading)
            knots[k, 1] = knots[k - 1, 1] + step * math.sin(heading)
            heading += bend
        x -= np.mean(knots[:, 0])
        y -= np.mean(knots[:, 1])
        knots[:, 0] += x
        knots[:, 1] += y
    _keep_in(knots, closed, height, width, longest, inset)


@_part
def _mutate(knots, source, closed, state, reach, height, width, longest, inset):
    """A neighbour of a stroke: shifted, one end swung round the other, turned and stretched, or bent.

    All of them keep a smooth stroke smooth; moving single knots would make scribbles.
    """
    count = len(knots)
    dx, dy = reach * _bell(state), reach * _bell(state)
    how = int(_uniform(state) * np.float32(4)) if count > 2 else int(_uniform(state) * np.float32(min(count, 2)))
    forwards = _uniform(state) < np.float32(0.5)
    for k in range(count):
        u = np.float32(k) / np.float32(max(count - 1, 1))
        if how == 0:
            share = np.float32(1.0)
        elif how == 1:
            share = u if forwards else np.float32(1.0) - u
        elif how == 2:
            share = np.float32(2.0) * u - np.float32(1.0)
        else:
            share = np.float32(4.0) * u * (np.float32(1.0) - u)
        knots[k, 0] = source[k, 0] + share * dx
        knots[k, 1] = source[k, 1] + share * dy
    _keep_in(knots, closed, height, width, longest, inset)


@_part
def _keep_in(knots, closed, height, width, longest, inset):
    """Move knots into the picture and shrink a stroke that is too long."""
    for k in range(len(knots)):
        knots[k, 0] = min(max(knots[k, 0], inset), np.float32(width) - inset)
        knots[k, 1] = min(max(knots[k, 1], inset), np.float32(height) - inset)
    length = np.float32(0.0)
    for k in range(0 if closed else 1, len(knots)):  # knot -1 is the last
        length += math.hypot(knots[k, 0] - knots[k - 1, 0], knots[k, 1] - knots[k - 1, 1])
    if length > longest:
        x, y = np.mean(knots[:, 0]), np.mean(knots[:, 1])
        for k in range(len(knots)):
            knots[k, 0] = x + (knots[k, 0] - x) * longest / length
            knots[k, 1] = y + (knots[k, 1] - y) * longest / length


@_jit
def _errors(target, canvas):
    """The squared error in each square of `_CELL_PX`."""
    height, width = target.shape[0], target.shape[1]
    cells = np.zeros((-(-height // _CELL_PX), -(-width // _CELL_PX)), np.float64)
    for row in range(height):
        for column in range(width):
            cells[row // _CELL_PX, column // _CELL_PX] += _square_error(target, canvas, row, column)
    return cells


@_part
def _square_error(target, canvas, row, column):
    total = np.float32(0.0)
    for c in range(3):
        e = canvas[row, column, c] - target[row, column, c]
        total += e * e
    return total


@_jit
def _place(
    knots, pens, colours, closed, target, canvas, top, table, radii, free, transparent, longest, overhang,
    candidates, mutations, state, cells, lists, square,
):  # fmt: skip
    """Place these strokes: fill `knots [N, K, 2]` px, `pens [N]`, `colours [N, 3]`; draw on `canvas [H, W, 3]`.

    `top [H, W]` is the latest pen that covers a pixel, -1 for none; `cells` is the error left in each square. `state`,
    the stream of chance, and `lists [3, H W]` with `square [H W]`, for polylines, go from one call to the next.
    """
    height, width = target.shape[0], target.shape[1]
    rows = cells.sum(1)
    scratch, nearest, pixels = lists
    sums = np.empty((len(table) + 1, 9), np.float32)
    count = knots.shape[1]
    points = np.empty(((count + 1) * _SPAN + 2, 2), np.float32)
    trial, best = np.empty((count, 2), np.float32), np.empty((count, 2), np.float32)
    mark = np.int32(0)
    scratch[:] = -1
    for n in range(len(knots)):
        best_change, best_pen = np.float32(np.inf), 0
        for k in range(candidates + mutations):
            fresh = k < candidates
            radius = radii[int(_uniform(state) * np.float32(len(radii))) if fresh else best_pen]
            inset = np.float32(0.0) if overhang else radius
            if fresh:
                _candidate(trial, closed, state, cells, rows, height, width, longest, inset)
            else:
                reach = radius * np.float32(0.3) + longest * np.float32(0.15) * np.float32(count > 1)
                reach *= np.float32(1.0) - np.float32(0.9) * np.float32(k - candidates) / np.float32(mutations)
                _mutate(trial, best, closed, state, max(reach, np.float32(0.3)), height, width, longest, inset)
            length = _trace(trial, closed, points)
            change, pen, r, g, b = _judge(
                points, length, radius, target, canvas, top, table, radii, free, transparent, scratch, square,
                nearest, pixels, mark, sums,
            )  # fmt: skip
            mark += 1
            if change < best_change:
                best_change, best_pen = change, pen
                best[:] = trial
                colours[n, 0], colours[n, 1], colours[n, 2] = r, g, b
        knots[n] = best
        pens[n] = best_pen
        radius = radii[best_pen]
        length = _trace(best, closed, points)
        found = cover(
            points, 0, length, radius + np.float32(0.65), 0, height, width, scratch, square, nearest, pixels, mark
        )
        mark += 1
        for k in range(found):
            row, column = pixels[k] >> 16, pixels[k] & 0xFFFF
            if not free and not transparent and top[row, column] > best_pen:
                continue
            a = coverage(square[row * width + column], radius, np.float32(1.0 / 1.3), False)
            before = _square_error(target, canvas, row, column)
            for c in range(3):
                below = canvas[row, column, c]
                source = colours[n, c] * below if transparent else colours[n, c]
                canvas[row, column, c] = below + a * (source - below)
            if not free and a > np.float32(0.5):
                top[row, column] = best_pen
            change = max(
                _square_error(target, canvas, row, column) - before, -cells[row // _CELL_PX, column // _CELL_PX]
            )
            cells[row // _CELL_PX, column // _CELL_PX] += change
            rows[row // _CELL_PX] += change

"""Strokes -> pixels on the cores of the CPU: sparse numba kernels, forward and backward.

The picture is divided into bands of `BAND_PX` rows. One thread draws a band, with its strokes in order, and every sum
is taken in an order that depends only on the bands: results do not depend on the number of threads. For each stroke
only the pixels under it are visited; each leaves an entry (pixel, coverage, colour below), which is all that the
gradient needs. So time and memory grow with covered pixels, never with strokes x pixels.

Composition of one entry, per channel (c the stroke's colour, a its coverage, b the picture below):

    opaque       b' = b + a (c - b)          db'/db = 1 - a
    transparent  b' = b + a (c b - b)        db'/db = 1 - a (1 - c)

The plain reference version of this file is reference.py, which has the formula of the coverage.
"""

import math
from dataclasses import dataclass, field

import numpy as np
from numba import njit
from numpy.typing import NDArray

from renderer.cores import share
from renderer.raster.reference import GAUSSIAN_CUTOFF, GAUSSIAN_SIGMA

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

BAND_PX = 16
FAR_PX = 1e9  # a stroke with a point beyond is left out, as is one that is not finite: its pixels cannot be counted
_FAST = {"nsz", "arcp", "contract", "reassoc"}  # all flags that keep NaN and infinity correct
# Only functions that Python calls are cached on disk. A part from the cache would not be inlined into a kernel compiled
# later, and would round its last digit differently: a drawing's bytes would depend on the order of compilation.
_jit = njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy")
_part = njit(forceinline=True, nogil=True, fastmath=_FAST, error_model="numpy")


# --- which strokes touch which band -----------------------------------------------------------------------------------


@_jit
def _bin(points, offsets, reach, order, height, width, band_px, starts, items):
    """Fill `starts [B + 1]` and `items` with the strokes of each band, in drawing order; return their number.

    If `items` is too small, it is not filled, but the number is right.
    """
    bands = len(starts) - 1
    first = np.empty(len(order), np.int32)
    last = np.empty(len(order), np.int32)
    starts[:] = 0
    for k in range(len(order)):
        n = order[k]
        top, bottom, left, right = np.inf, -np.inf, np.inf, -np.inf
        r = reach[n]
        drawable = abs(r) < FAR_PX  # and not NaN
        for j in range(offsets[n], offsets[n + 1]):
            x, y = points[j, 0], points[j, 1]
            drawable = drawable and abs(x) < FAR_PX and abs(y) < FAR_PX
            top, bottom, left, right = min(top, y), max(bottom, y), min(left, x), max(right, x)
        first[k], last[k] = 0, -1
        if drawable and bottom + r > 0 and top - r < height and right + r > 0 and left - r < width:
            first[k] = int(max(top - r, 0.0) // band_px)
            last[k] = int(min(bottom + r, height - 1.0) // band_px)
            for b in range(first[k], last[k] + 1):
                starts[b + 1] += 1
    for b in range(bands):
        starts[b + 1] += starts[b]
    total = starts[bands]
    if total > len(items):
        return total
    fill = starts[:-1].copy()
    for k in range(len(order)):
        for b in range(first[k], last[k] + 1):
            items[fill[b]] = order[k]
            fill[b] += 1
    return total


# --- coverage ---------------------------------------------------------------------------------------------------------


@_part
def segment(points, j, end):
    """A segment's start, vector, 1 / length^2, length, unit vector and its inverse. A dot has no length.

    `points` is `[P, 2]` px; the segment is from point j to the next one before `end`.
    """
    zero, one = np.float32(0.0), np.float32(1.0)
    ax, ay = points[j, 0], points[j, 1]
    dx = dy = zero
    if j + 1 < end:
        dx, dy = points[j + 1, 0] - ax, points[j + 1, 1] - ay
    length2 = dx * dx + dy * dy
    if length2 > zero:
        length = math.sqrt(length2)
        ux, uy = dx / length, dy / length
        return ax, ay, dx, dy, one / length2, length, ux, uy, one / ux, one / uy
    return ax, ay, dx, dy, zero, zero, one, zero, one, zero


@_part
def rows_within(ay, dy, reach, y0, y1):
    """First row, and the row after the last, of y0..y1 whose pixel centres are within `reach` of a segment."""
    half = np.float32(0.5)
    first = int(max(math.ceil(min(ay, ay + dy) - reach - half), np.float32(y0)))
    last = int(min(math.floor(max(ay, ay + dy) + reach - half), np.float32(y1 - 1)))
    return first, last + 1


@_part
def columns_within(ey, ax, dx, ux, uy, iux, iuy, length, reach, width):
    """The same for the columns of the row ey below a segment's start; an extra pixel at either end is harmless."""
    half = np.float32(0.5)
    lo, hi = min(ax, ax + dx) - reach, max(ax, ax + dx) + reach
    if abs(uy) > np.float32(1e-4):  # within reach of the infinite line
        middle, slack = ax + ey * ux * iuy, reach * abs(iuy)
        lo, hi = max(lo, middle - slack), min(hi, middle + slack)
    if abs(ux) > np.float32(1e-4):  # not beyond either end by more than reach
        p, q = ax - (reach + ey * uy) * iux, ax + (length + reach - ey * uy) * iux
        lo, hi = max(lo, min(p, q)), min(hi, max(p, q))
    return int(max(math.ceil(lo - half), np.float32(0.0))), int(min(math.floor(hi - half), np.float32(width - 1))) + 1


@_part
def cover(points, begin, end, reach, y0, y1, width, stamp, square, nearest, pixels, mark):
    """List the pixels of rows y0..y1 within `reach` of a stroke's polyline, with squared distance and nearest segment.

    Return their number. `pixels` gets their row in the band << 16 | their column; `square` and `nearest` are indexed by
    place in the band, row * width + column. `stamp` keeps a pixel from being listed twice. `points` is `[P, 2]` px,
    `stamp`, `square`, `nearest` and `pixels` are `[(y1 - y0) width]`.
    """
    zero, one, half = np.float32(0.0), np.float32(1.0), np.float32(0.5)
    count = 0
    reach2 = reach * reach
    for j in range(begin, max(end - 1, begin + 1)):
        ax, ay, dx, dy, inverse, length, ux, uy, iux, iuy = segment(points, j, end)
        row0, row1 = rows_within(ay, dy, reach, y0, y1)
        for row in range(row0, row1):
            ey = np.float32(row) + half - ay
            column0, column1 = columns_within(ey, ax, dx, ux, uy, iux, iuy, length, reach, width)
            place = (row - y0) * width
            for column in range(column0, column1):
                ex = np.float32(column) + half - ax
                t = min(max((ex * dx + ey * dy) * inverse, zero), one)
                qx, qy = ex - t * dx, ey - t * dy
                d2 = qx * qx + qy * qy
                if d2 < reach2:
                    p = place + column
                    if stamp[p] != mark:
                        stamp[p] = mark
                        square[p] = d2
                        nearest[p] = j
                        pixels[count] = (row - y0) << 16 | column
                        count += 1
                    elif d2 < square[p]:
                        square[p] = d2
                        nearest[p] = j
    return count


@_part
def coverage(d2, radius, by_softness, gaussian):
    """Coverage of a pixel at squared distance d2 from a stroke's centre line; formula in reference.coverage."""
    zero, one, half = np.float32(0.0), np.float32(1.0), np.float32(0.5)
    if gaussian:
        sigma = np.float32(2 * GAUSSIAN_SIGMA) * radius
        return math.exp(-d2 / (sigma * sigma))
    d = math.sqrt(d2)
    u = min(max((radius - d) * by_softness + half, zero), one)
    a = u * u * (np.float32(3.0) - np.float32(2.0) * u)
    v = half - (radius + d) * by_softness
    if v > zero:  # a stroke thinner than its edges: the far edge counts too
        a -= v * v * (np.float32(3.0) - np.float32(2.0) * v)
    return a


@_part
def _slopes(d, radius, by_softness, gaussian, a):
    """Derivatives of the coverage with respect to the distance and to the radius."""
    zero, one, half, six = np.float32(0.0), np.float32(1.0), np.float32(0.5), np.float32(6.0)
    if gaussian:
        sigma = np.float32(2 * GAUSSIAN_SIGMA) * radius
        along = np.float32(2.0) * a * d / (sigma * sigma)
        return -along, along * d / radius
    u = min(max((radius - d) * by_softness + half, zero), one)
    near = six * u * (one - u) * by_softness
    v = max(half - (radius + d) * by_softness, zero)
    far = six * v * (one - v) * by_softness
    return far - near, near + far


# --- forward and backward, one thread's share of the bands ------------------------------------------------------------


@_jit
def _draw(
    thread, threads, band_px, points, offsets, radius, reach, colours, softness, gaussian, transparent,
    starts, items, ground, picture, keep, ends, needs, room, pixel, segment, alpha, below,
):  # fmt: skip
    """Draw the bands thread, thread + threads, ... over `ground` into `picture`, [H, W, 3] each.

    With `keep`, entries are kept for the gradient: `pixel`, `segment`, `alpha [E]` and `below [E, 3]`, those of band b
    at room[b] to room[b + 1]. `ends [items]` is where each item's entries end in its band, and `needs [B]` the number
    of entries. Where a band's room is too small, entries beyond it are not kept.
    """
    height, width = picture.shape[0], picture.shape[1]
    by_softness = np.float32(1.0) / softness
    stamp = np.full(band_px * width, -1, np.int32)
    square = np.empty(band_px * width, np.float32)
    nearest = np.empty(band_px * width, np.int32)
    pixels = np.empty(band_px * width, np.int32)
    for band in range(thread, len(starts) - 1, threads):
        y0, y1 = band * band_px, min((band + 1) * band_px, height)
        picture[y0:y1] = ground[y0:y1]
        canvas = picture[y0:y1].reshape(-1, 3)
        here = slice(room[band], room[band + 1])
        pixel_of, segment_of, alpha_of, below_of = pixel[here], segment[here], alpha[here], below[here]
        capacity = len(pixel_of)
        count = 0
        for item in range(starts[band], starts[band + 1]):
            n = items[item]
            found = cover(
                points, offsets[n], offsets[n + 1], reach[n], y0, y1, width, stamp, square, nearest, pixels, item
            )
            if keep and count + found > capacity:
                count += found
                continue
            r, c0, c1, c2 = radius[n], colours[n, 0], colours[n, 1], colours[n, 2]
            for k in range(found):
                p = (pixels[k] >> 16) * width + (pixels[k] & 0xFFFF)
                a = coverage(square[p], r, by_softness, gaussian)
                b0, b1, b2 = canvas[p, 0], canvas[p, 1], canvas[p, 2]
                if keep:
                    pixel_of[count] = pixels[k]
                    segment_of[count] = nearest[p]
                    alpha_of[count] = a
                    below_of[count, 0] = b0
                    below_of[count, 1] = b1
                    below_of[count, 2] = b2
                    count += 1
                if transparent:
                    canvas[p, 0] = b0 + a * (c0 * b0 - b0)
                    canvas[p, 1] = b1 + a * (c1 * b1 - b1)
                    canvas[p, 2] = b2 + a * (c2 * b2 - b2)
                else:
                    canvas[p, 0] = b0 + a * (c0 - b0)
                    canvas[p, 1] = b1 + a * (c1 - b1)
                    canvas[p, 2] = b2 + a * (c2 - b2)
            ends[item] = count
        needs[band] = count


@_jit
def _undraw(
    thread, threads, band_px, points, offsets, radius, colours, softness, gaussian, transparent,
    starts, items, gradient, ends, room, pixel, segment, alpha, below, places, grad_points, grad_radius, grad_colours,
    grad_ground,
):  # fmt: skip
    """The gradients over the same bands, from `gradient [H, W, 3]`, that with respect to the picture.

    Each item's share goes to its own rows (`places [items + 1]` into grad_points), to be summed in a fixed order.
    `grad_ground [H, W, 3]` gets that of the ground; without rows it is not needed.
    """
    height, width = gradient.shape[0], gradient.shape[1]
    zero, one, half = np.float32(0.0), np.float32(1.0), np.float32(0.5)
    by_softness = one / softness
    scratch = np.empty((band_px, width, 3), np.float32)
    for band in range(thread, len(starts) - 1, threads):
        y0, y1 = band * band_px, min((band + 1) * band_px, height)
        scratch[: y1 - y0] = gradient[y0:y1]
        above = scratch.reshape(-1, 3)
        here = slice(room[band], room[band + 1])
        pixel_of, segment_of, alpha_of, below_of = pixel[here], segment[here], alpha[here], below[here]
        for item in range(starts[band + 1] - 1, starts[band] - 1, -1):
            n = items[item]
            begin = ends[item - 1] if item > starts[band] else 0
            r, c0, c1, c2 = radius[n], colours[n, 0], colours[n, 1], colours[n, 2]
            s0 = s1 = s2 = by_radius = zero
            base, shift = offsets[n], places[item] - offsets[n]
            single = offsets[n + 1] - base == 1
            grad_points[places[item] : places[item + 1]] = zero
            j = -1
            ax = ay = dx = dy = inverse = zero
            pax = pay = pbx = pby = zero  # gradient of the current segment: entries come in runs of one segment
            for k in range(begin, ends[item]):
                row, column, a = pixel_of[k] >> 16, pixel_of[k] & 0xFFFF, alpha_of[k]
                p = row * width + column
                b0, b1, b2 = below_of[k, 0], below_of[k, 1], below_of[k, 2]
                g0, g1, g2 = above[p, 0], above[p, 1], above[p, 2]
                if transparent:
                    by_alpha = g0 * b0 * (c0 - one) + g1 * b1 * (c1 - one) + g2 * b2 * (c2 - one)
                    s0 += g0 * a * b0
                    s1 += g1 * a * b1
                    s2 += g2 * a * b2
                    above[p, 0] = g0 * (one - a * (one - c0))
                    above[p, 1] = g1 * (one - a * (one - c1))
                    above[p, 2] = g2 * (one - a * (one - c2))
                else:
                    by_alpha = g0 * (c0 - b0) + g1 * (c1 - b1) + g2 * (c2 - b2)
                    s0 += g0 * a
                    s1 += g1 * a
                    s2 += g2 * a
                    above[p, 0] = g0 * (one - a)
                    above[p, 1] = g1 * (one - a)
                    above[p, 2] = g2 * (one - a)
                if a >= one and not gaussian:
                    continue  # well inside the stroke: moving it changes nothing here
                if segment_of[k] != j:
                    if j >= 0:
                        grad_points[j + shift, 0] += pax
                        grad_points[j + shift, 1] += pay
                        if not single:
                            grad_points[j + shift + 1, 0] += pbx
                            grad_points[j + shift + 1, 1] += pby
                    pax = pay = pbx = pby = zero
                    j = segment_of[k]
                    ax, ay = points[j, 0], points[j, 1]
                    if not single:
                        dx, dy = points[j + 1, 0] - ax, points[j + 1, 1] - ay
                        length2 = dx * dx + dy * dy
                        inverse = one / length2 if length2 > zero else zero
                ex = np.float32(column) + half - ax
                ey = np.float32(row + y0) + half - ay
                t = min(max((ex * dx + ey * dy) * inverse, zero), one)
                ex -= t * dx
                ey -= t * dy
                d = math.sqrt(ex * ex + ey * ey)
                by_d, by_r = _slopes(d, r, by_softness, gaussian, a)
                by_radius += by_alpha * by_r
                # The distance falls as the stroke moves towards the pixel. At d = 0 it has no direction, and ex = 0.
                pull = by_alpha * by_d / max(d, np.float32(1e-12))
                pax -= (one - t) * pull * ex
                pay -= (one - t) * pull * ey
                pbx -= t * pull * ex
                pby -= t * pull * ey
            if j >= 0:
                grad_points[j + shift, 0] += pax
                grad_points[j + shift, 1] += pay
                if not single:
                    grad_points[j + shift + 1, 0] += pbx
                    grad_points[j + shift + 1, 1] += pby
            grad_radius[item] = by_radius
            grad_colours[item, 0] = s0
            grad_colours[item, 1] = s1
            grad_colours[item, 2] = s2
        if len(grad_ground):
            grad_ground[y0:y1] = scratch[: y1 - y0]


@_jit
def _unpick(
    thread, threads, band_px, colours, energy, transparent, starts, items, residual, weight, ends, room, pixel, alpha,
    below, costs, squares,
):  # fmt: skip
    """The growth of the error without a stroke, one number for each item; `residual [H, W, 3]` is half of its slope.

    Also, per channel, the sum of the squares of how far the picture follows the stroke's colour, `squares [items, 3]`.
    Without a stroke the picture changes by d = -T a (s - b), with b the picture below it, s the colour that it puts
    there and T the share of it that the strokes above let through; the error changes by 2 r d + q w d^2. Without
    weights and blur, r is picture - target and q w is 1; the letters are those of placement/search.py.
    """
    height, width = residual.shape[0], residual.shape[1]
    one, two = np.float32(1.0), np.float32(2.0)
    for band in range(thread, len(starts) - 1, threads):
        y0, y1 = band * band_px, min((band + 1) * band_px, height)
        wrong, counts = residual[y0:y1].reshape(-1, 3), weight[y0:y1].reshape(-1)
        through = np.ones_like(wrong)
        here = slice(room[band], room[band + 1])
        pixel_of, alpha_of, below_of = pixel[here], alpha[here], below[here]
        for item in range(starts[band + 1] - 1, starts[band] - 1, -1):
            n = items[item]
            cost, q = np.float32(0.0), energy[n]
            squares[item] = np.float32(0.0)
            for k in range(ends[item - 1] if item > starts[band] else 0, ends[item]):
                p, a = (pixel_of[k] >> 16) * width + (pixel_of[k] & 0xFFFF), alpha_of[k]
                for c in range(3):
                    b, colour = below_of[k, c], colours[n, c]
                    d = -through[p, c] * a * ((colour * b if transparent else colour) - b)
                    cost += d * (two * wrong[p, c] + q * counts[p] * d)
                    follows = through[p, c] * a * (b if transparent else one)
                    squares[item, c] += q * counts[p] * follows * follows
                    through[p, c] *= one - a * (one - colour if transparent else one)
            costs[item] = cost


@_jit
def _gather(items, places, offsets, item_points, item_radius, item_colours, points, radius, colours):
    """Sum the items' shares into their strokes, band after band."""
    for item in range(len(items)):
        n = items[item]
        radius[n] += item_radius[item]
        for c in range(3):
            colours[n, c] += item_colours[item, c]
        for k in range(places[item + 1] - places[item]):
            points[offsets[n] + k, 0] += item_points[places[item] + k, 0]
            points[offsets[n] + k, 1] += item_points[places[item] + k, 1]


# --- the two calls ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scene:
    """The strokes to draw, in pixels of the picture, with the origin at its top left corner."""

    points: Floats  # [P, 2] px, all strokes' polylines, one after another
    offsets: Ints  # [N + 1], where each stroke's points begin
    radius: Floats  # [N] px, half of the width
    colours: Floats  # [N, 3] sRGB
    order: Ints  # strokes from bottom to top
    softness: float  # px
    gaussian: bool
    transparent: bool

    @property
    def reach(self) -> Floats:
        """Distance in px beyond which a stroke covers nothing, `[N]`."""
        if self.gaussian:
            return (2 * GAUSSIAN_SIGMA * GAUSSIAN_CUTOFF * self.radius).astype(np.float32)
        return (self.radius + np.float32(0.5 * self.softness)).astype(np.float32)


Entries = tuple[Ints, Ints, Floats, Floats]  # pixel, segment, alpha [E], below [E, 3]


def _entries(count: int) -> Entries:
    return (
        np.empty(count, np.int32),
        np.empty(count, np.int32),
        np.empty(count, np.float32),
        np.empty((count, 3), np.float32),
    )


@dataclass
class Workspace:
    """Buffers that a fit reuses in each step, so that a step allocates almost nothing. One picture at a time."""

    items: Ints = field(default_factory=lambda: np.empty(0, np.int32))  # [at least the pairs of a stroke and a band]
    room: NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, np.int64))  # [B + 1], each band's entries
    entries: Entries = field(default_factory=lambda: _entries(0))

    def with_items(self, count: int) -> None:
        """Make room for `count` pairs of a stroke and a band, and some more."""
        self.items = np.empty(count + count // 4, np.int32)

    def with_entries(self, needs: NDArray[np.int64]) -> None:
        """Make room for `needs [B]` entries in each band, and some more, because strokes move."""
        self.room = np.concatenate([[0], np.cumsum(needs + needs // 4 + 64)])
        if self.room[-1] > len(self.entries[0]):
            self.entries = _entries(0)  # free them before the new ones are allocated
            self.entries = _entries(int(self.room[-1]))


@dataclass(frozen=True)
class Tape:
    """What the gradient needs from a forward pass."""

    scene: Scene
    starts: Ints  # [B + 1]
    items: Ints  # [items]
    ends: Ints  # [items]
    room: NDArray[np.int64]  # [B + 1]
    entries: Entries


def forward(
    scene: Scene,
    ground: Floats,  # [H, W, 3]
    workspace: Workspace,
    *,
    keep: bool = True,
) -> tuple[Floats, Tape]:
    """The picture [H, W, 3] of a scene over its ground, and what the gradient needs, if `keep`."""
    picture = np.empty_like(ground)
    height, width, _ = picture.shape
    bands = -(-height // BAND_PX)
    starts = np.empty(bands + 1, np.int32)
    reach = scene.reach
    binned = (scene.points, scene.offsets, reach, scene.order, height, width, BAND_PX, starts)
    total = _bin(*binned, workspace.items)
    if total > len(workspace.items):
        workspace.with_items(total)
        _bin(*binned, workspace.items)
    items, ends, needs = workspace.items[:total], np.zeros(total, np.int32), np.zeros(bands, np.int64)
    if len(workspace.room) != bands + 1:
        workspace.with_entries(needs)
    while True:
        share(
            _draw, BAND_PX, scene.points, scene.offsets, scene.radius, reach, scene.colours,
            np.float32(scene.softness), scene.gaussian, scene.transparent, starts, items, ground, picture, keep, ends,
            needs, workspace.room, *workspace.entries,
        )  # fmt: skip
        if (needs <= np.diff(workspace.room)).all():
            return picture, Tape(scene, starts, items, ends, workspace.room, workspace.entries)
        workspace.with_entries(needs)


def backward(
    tape: Tape,
    gradient: Floats,  # [H, W, 3], with respect to the picture
    *,
    ground: bool = True,
) -> tuple[Floats, Floats, Floats, Floats]:
    """Gradients for points [P, 2], radius [N] and colours [N, 3], and, if `ground`, that of the ground [H, W, 3]."""
    scene, items = tape.scene, tape.items
    places = np.zeros(len(items) + 1, np.int32)
    np.cumsum((scene.offsets[1:] - scene.offsets[:-1])[items], out=places[1:])
    shares = (
        np.empty((places[-1], 2), np.float32),
        np.empty(len(items), np.float32),
        np.empty((len(items), 3), np.float32),
    )
    below = np.empty(gradient.shape if ground else (0, 0, 3), np.float32)
    share(
        _undraw, BAND_PX, scene.points, scene.offsets, scene.radius, scene.colours, np.float32(scene.softness),
        scene.gaussian, scene.transparent, tape.starts, items, gradient, tape.ends, tape.room, *tape.entries, places,
        *shares, below,
    )  # fmt: skip
    sums = np.zeros_like(scene.points), np.zeros_like(scene.radius), np.zeros_like(scene.colours)
    _gather(items, places, scene.offsets, *shares, *sums)
    return *sums, below


def removal(tape: Tape, residual: Floats, weight: Floats, energy: Floats) -> tuple[Floats, Floats]:
    """The growth of the error without each stroke [N], and half of its curvature by each stroke's colour [N, 3].

    `residual [H, W, 3]`, `weight [H, W]` and `energy [N]` are r, w and q of placement/search.py.
    """
    costs, squares = np.zeros(len(tape.items), np.float32), np.empty((len(tape.items), 3), np.float32)
    pixel, _, alpha, below = tape.entries
    share(
        _unpick, BAND_PX, tape.scene.colours, energy, tape.scene.transparent, tape.starts, tape.items, residual, weight,
        tape.ends, tape.room, pixel, alpha, below, costs, squares,
    )  # fmt: skip
    total = np.zeros_like(tape.scene.radius)
    np.add.at(total, tape.items, costs)
    followed = np.zeros_like(tape.scene.colours)
    np.add.at(followed, tape.items, squares)
    return total, followed

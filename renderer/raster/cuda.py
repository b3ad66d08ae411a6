"""Strokes -> pixels on a GPU: Triton kernels, forward and backward, for what reference.py computes in plain torch.

The picture is divided into tiles of `TILE_PX` x `TILE_PX`. First the segments of all polylines are sorted into the
tiles that they reach:

    item   a segment in a tile; sorted by tile, in a tile by the drawing order of strokes, in a stroke along it
    pair   a stroke in a tile: a run of items
    slot   the place of an item before that sorting, with all items of a segment in a row

Then one program draws each tile, pair after pair, and one walks each tile's pairs in reverse for the gradients. So time
and memory grow with covered tiles, never with strokes x pixels.

The gradient needs b, the colour below a stroke, and cannot get it by division where a stroke covers completely, so each
pair's b is kept: 768 bytes, or about 170 for each pixel of a thin stroke's length; 20,000 strokes of 30 mm at 4 px/mm
take 0.4 GB. Keeping a picture now and then and drawing again from there would take less memory, but half as much time
again. Every item's share of the gradients goes to its slot, and slots are summed in a row: results are deterministic.
"""

# mypy: disallow-untyped-defs=False, disallow-incomplete-defs=False, disallow-untyped-calls=False
# mypy: disallow-untyped-decorators=False, warn-return-any=False

from typing import Any, NamedTuple

import torch
import triton  # type: ignore[import-untyped]
import triton.language as tl  # type: ignore[import-untyped]
from torch import Tensor
from torch.autograd import Function
from torch.nn.functional import pad

from hardware.drawing import Ink
from renderer.raster.cpu import FAR_PX
from renderer.raster.edge_ramp import EdgeRamp
from renderer.raster.reference import GAUSSIAN_CUTOFF, GAUSSIAN_SIGMA

TILE_PX = 8  # a thin stroke leaves little of a tile idle, and one warp draws a tile, so its sums need no barrier
PIXELS = TILE_PX * TILE_PX
LANES = 64  # segments that one program sorts into tiles
MARGIN_PX = 0.01  # added when sorting into tiles, far more than rounding errors

_TILE = tl.constexpr(TILE_PX)
_PIXELS = tl.constexpr(PIXELS)
_LANES = tl.constexpr(LANES)
_SIGMA = tl.constexpr(2 * GAUSSIAN_SIGMA)
_CUTOFF = tl.constexpr(GAUSSIAN_CUTOFF)
_NO_LENGTH = tl.constexpr(1e-20)  # squared; anything shorter is a dot

_ONE_WARP = {"num_warps": 1, "enable_fp_fusion": True}  # the fusion is explicit because Triton's default will change


# --- which segments reach which tile ----------------------------------------------------------------------------------


@triton.jit
def _ends(points, m, k, hop, mask):
    """Both ends of segments m, of strokes k. `hop` is 0 for dots, which have a single point, and otherwise 1."""
    first = points + 2 * (m + k * hop)  # a stroke has one point more than segments
    ax, ay = tl.load(first, mask, 0.0), tl.load(first + 1, mask, 0.0)
    bx, by = tl.load(first + 2 * hop, mask, 0.0), tl.load(first + 2 * hop + 1, mask, 0.0)
    return ax, ay, bx, by


@triton.jit
def _rows(ax, ay, bx, by, reach, leads, rows):
    """First row of tiles that segments reach, and the row after the last.

    No rows for strokes without reach, and for segments without length except a stroke's first: a neighbour covers them.
    """
    first = tl.ceil((tl.minimum(ay, by) - reach + 0.5) / _TILE) - 1.0
    last = tl.floor((tl.maximum(ay, by) + reach - 0.5) / _TILE)
    first = tl.maximum(first, 0.0).to(tl.int32)
    after = tl.minimum(last + 1.0, rows * 1.0).to(tl.int32)
    length2 = (bx - ax) * (bx - ax) + (by - ay) * (by - ay)
    after = tl.where((reach > 0) & (leads | (length2 > _NO_LENGTH)), after, first)
    return first, tl.maximum(after, first)


@triton.jit
def _columns(row, ax, ay, bx, by, reach, columns):
    """The same for the columns of one of those rows, by the part of a segment that is level with it."""
    top, bottom = row * _TILE + 0.5 - reach, row * _TILE + (_TILE - 0.5) + reach
    dy = by - ay
    level = tl.abs(dy) < 1e-6
    inverse = 1.0 / tl.where(level, 1.0, dy)
    p, q = tl.where(level, 0.0, (top - ay) * inverse), tl.where(level, 1.0, (bottom - ay) * inverse)
    s, t = tl.minimum(tl.maximum(tl.minimum(p, q), 0.0), 1.0), tl.minimum(tl.maximum(tl.maximum(p, q), 0.0), 1.0)
    left, right = ax + s * (bx - ax), ax + t * (bx - ax)
    first = tl.ceil((tl.minimum(left, right) - reach + 0.5) / _TILE) - 1.0
    last = tl.floor((tl.maximum(left, right) + reach - 0.5) / _TILE)
    first = tl.maximum(first, 0.0).to(tl.int32)
    return first, tl.maximum(tl.minimum(last + 1.0, columns * 1.0).to(tl.int32), first)


@triton.jit
def _count(points, reach, total, segments, hop, rows, columns, items, pairs):
    """The number of tiles that each of `total` segments reaches, and of those that the segment before it does not.

    The sum of the latter is the room for pairs below, and little more than their number.
    """
    m = tl.program_id(0) * _LANES + tl.arange(0, _LANES)
    mask = m < total
    k = m // segments
    leads = m % segments == 0
    r = tl.load(reach + k, mask, 0.0)
    ax, ay, bx, by = _ends(points, m, k, hop, mask)
    first, after = _rows(ax, ay, bx, by, r, leads, rows)
    follows = mask & (m % segments > 0)
    ox, oy, _, _ = _ends(points, m - 1, k, hop, follows)
    old_first, old_after = _rows(ox, oy, ax, ay, r, (m - 1) % segments == 0, rows)
    found = tl.zeros([_LANES], tl.int32)
    fresh = tl.zeros([_LANES], tl.int32)
    for i in range(tl.max(after - first, 0)):
        row = first + i
        left, right = _columns(row, ax, ay, bx, by, r, columns)
        old_left, old_right = _columns(row, ox, oy, ax, ay, r, columns)
        shared = tl.maximum(tl.minimum(right, old_right) - tl.maximum(left, old_left), 0)
        shared = tl.where(follows & (row >= old_first) & (row < old_after), shared, 0)
        found += tl.where(row < after, right - left, 0)
        fresh += tl.where(row < after, right - left - shared, 0)
    tl.store(items + m, found, mask)
    tl.store(pairs + m, fresh, mask)


@triton.jit
def _list(points, reach, starts, total, segments, hop, rows, columns, strokes, keys, owners):
    """Fill each segment's slots, from `starts` on, with a key for sorting (tile, stroke) and with the segment."""
    m = tl.program_id(0) * _LANES + tl.arange(0, _LANES)
    mask = m < total
    k = m // segments
    r = tl.load(reach + k, mask, 0.0)
    ax, ay, bx, by = _ends(points, m, k, hop, mask)
    first, after = _rows(ax, ay, bx, by, r, m % segments == 0, rows)
    slot = tl.load(starts + m, mask, 0)
    for i in range(tl.max(after - first, 0)):
        row = first + i
        left, right = _columns(row, ax, ay, bx, by, r, columns)
        found = tl.where(row < after, right - left, 0)
        for j in range(tl.max(found, 0)):
            tile = (row * columns + left + j).to(keys.dtype.element_ty)
            tl.store(keys + slot + j, tile * strokes + k, j < found)
            tl.store(owners + slot + j, m, j < found)
        slot += found


# --- coverage ---------------------------------------------------------------------------------------------------------


@triton.jit
def _from_segment(points, m, k, hop, x, y):
    """Vector from the nearest point of segment m to each pixel, and the share of the segment before that point."""
    ax, ay, bx, by = _ends(points, m, k, hop, True)
    dx, dy = bx - ax, by - ay
    length2 = dx * dx + dy * dy
    inverse = 1.0 / tl.where(length2 > _NO_LENGTH, length2, 1.0)
    ex, ey = x - ax, y - ay
    t = tl.minimum(tl.maximum((ex * dx + ey * dy) * inverse, 0.0), 1.0)
    return ex - t * dx, ey - t * dy, t


@triton.jit
def _coverage(d2, radius, by_softness, gaussian: tl.constexpr):
    """Coverage of pixels at squared distance d2 from a stroke's centre line; formula in reference.coverage."""
    if gaussian:
        sigma = _SIGMA * radius
        a = tl.where(d2 < (_CUTOFF * sigma) * (_CUTOFF * sigma), tl.exp(-d2 / (sigma * sigma)), 0.0)
    else:
        d = tl.sqrt(d2)
        u = tl.minimum(tl.maximum((radius - d) * by_softness + 0.5, 0.0), 1.0)
        v = tl.maximum(0.5 - (radius + d) * by_softness, 0.0)
        a = u * u * (3.0 - 2.0 * u) - v * v * (3.0 - 2.0 * v)
    return a


@triton.jit
def _slopes(d, radius, by_softness, a, gaussian: tl.constexpr):
    """Derivatives of the coverage with respect to the distance and to the radius."""
    if gaussian:
        sigma = _SIGMA * radius
        along = 2.0 * a * d / (sigma * sigma)
        by_d, by_r = -along, along * d / radius
    else:
        u = tl.minimum(tl.maximum((radius - d) * by_softness + 0.5, 0.0), 1.0)
        v = tl.maximum(0.5 - (radius + d) * by_softness, 0.0)
        near, far = 6.0 * u * (1.0 - u) * by_softness, 6.0 * v * (1.0 - v) * by_softness
        by_d, by_r = far - near, near + far
    return by_d, by_r


# --- forward and backward, one program a tile -------------------------------------------------------------------------


@triton.jit
def _place(columns, height, width):
    """The pixels of this program's tile: their centres, their place in a plane, and which are in the picture."""
    tile = tl.program_id(0)
    lane = tl.arange(0, _PIXELS)
    row, column = tile // columns * _TILE + lane // _TILE, tile % columns * _TILE + lane % _TILE
    return column + 0.5, row + 0.5, row * width + column, (row < height) & (column < width)


@triton.jit
def _load3(planes, place, plane, mask):
    zero, one, two = planes + place, planes + plane + place, planes + 2 * plane + place
    return tl.load(zero, mask, 0.0), tl.load(one, mask, 0.0), tl.load(two, mask, 0.0)


@triton.jit
def _store3(planes, place, plane, mask, v0, v1, v2):
    tl.store(planes + place, v0, mask)
    tl.store(planes + plane + place, v1, mask)
    tl.store(planes + 2 * plane + place, v2, mask)


@triton.jit
def _draw(
    points, radius, colours, tile_pairs, pair_items, segment, background, picture, below,
    segments, hop, columns, height, width, by_softness,
    gaussian: tl.constexpr, transparent: tl.constexpr, keep: tl.constexpr,
):  # fmt: skip
    """Draw a tile; with `keep` each pair stores the colours below it, [3, PIXELS] of `below`. Letters as in cpu.py."""
    tile = tl.program_id(0)
    x, y, place, inside = _place(columns, height, width)
    b0, b1, b2 = _load3(background, place, height * width, inside)
    first, last = tl.load(tile_pairs + tile), tl.load(tile_pairs + tile + 1)
    kept = below + first.to(tl.int64) * (3 * _PIXELS) + tl.arange(0, _PIXELS)
    for pair in range(first, last):
        begin, end = tl.load(pair_items + pair), tl.load(pair_items + pair + 1)
        k = tl.load(segment + begin) // segments
        d2 = tl.full([_PIXELS], float("inf"), tl.float32)
        for item in range(begin, end):
            ex, ey, _ = _from_segment(points, tl.load(segment + item), k, hop, x, y)
            d2 = tl.minimum(d2, ex * ex + ey * ey)
        a = _coverage(d2, tl.load(radius + k), by_softness, gaussian)
        c0, c1, c2 = _load3(colours, 3 * k, 1, True)
        if keep:
            _store3(kept, 0, _PIXELS, True, b0, b1, b2)
            kept += 3 * _PIXELS
        if transparent:
            b0 += a * (c0 * b0 - b0)
            b1 += a * (c1 * b1 - b1)
            b2 += a * (c2 * b2 - b2)
        else:
            b0 += a * (c0 - b0)
            b1 += a * (c1 - b1)
            b2 += a * (c2 - b2)
    _store3(picture, place, height * width, inside, b0, b1, b2)


@triton.jit
def _undraw(
    points, radius, colours, tile_pairs, pair_items, segment, slots, gradient, ground, below, shares,
    segments, hop, columns, height, width, by_softness,
    gaussian: tl.constexpr, transparent: tl.constexpr,
):  # fmt: skip
    """The gradients: `gradient [3, H, W]`, with respect to the picture, becomes `ground`, that of the background.

    `shares [items, 8]` by slot: for both ends of a segment; in the first item of a pair also for radius and colour.
    """
    tile = tl.program_id(0)
    x, y, place, inside = _place(columns, height, width)
    g0, g1, g2 = _load3(gradient, place, height * width, inside)
    first, last = tl.load(tile_pairs + tile), tl.load(tile_pairs + tile + 1)
    kept = below + last.to(tl.int64) * (3 * _PIXELS) + tl.arange(0, _PIXELS)
    for back in range(last - first):
        pair = last - 1 - back
        begin, end = tl.load(pair_items + pair), tl.load(pair_items + pair + 1)
        k = tl.load(segment + begin) // segments
        d2 = tl.full([_PIXELS], float("inf"), tl.float32)
        nearest = tl.full([_PIXELS], -1, tl.int32)
        ex = tl.zeros([_PIXELS], tl.float32)
        ey = tl.zeros([_PIXELS], tl.float32)
        t = tl.zeros([_PIXELS], tl.float32)
        for item in range(begin, end):
            fx, fy, s = _from_segment(points, tl.load(segment + item), k, hop, x, y)
            f2 = fx * fx + fy * fy
            nearer = f2 < d2
            d2 = tl.where(nearer, f2, d2)
            nearest = tl.where(nearer, item, nearest)
            ex, ey, t = tl.where(nearer, fx, ex), tl.where(nearer, fy, ey), tl.where(nearer, s, t)
        r = tl.load(radius + k)
        a = _coverage(d2, r, by_softness, gaussian)
        c0, c1, c2 = _load3(colours, 3 * k, 1, True)
        kept -= 3 * _PIXELS
        b0, b1, b2 = _load3(kept, 0, _PIXELS, True)
        row = shares + tl.load(slots + begin) * 8
        if transparent:
            by_alpha = g0 * b0 * (c0 - 1.0) + g1 * b1 * (c1 - 1.0) + g2 * b2 * (c2 - 1.0)
            _store3(row, 5, 1, True, tl.sum(g0 * a * b0, 0), tl.sum(g1 * a * b1, 0), tl.sum(g2 * a * b2, 0))
            g0, g1, g2 = g0 * (1.0 - a * (1.0 - c0)), g1 * (1.0 - a * (1.0 - c1)), g2 * (1.0 - a * (1.0 - c2))
        else:
            by_alpha = g0 * (c0 - b0) + g1 * (c1 - b1) + g2 * (c2 - b2)
            _store3(row, 5, 1, True, tl.sum(g0 * a, 0), tl.sum(g1 * a, 0), tl.sum(g2 * a, 0))
            g0, g1, g2 = g0 * (1.0 - a), g1 * (1.0 - a), g2 * (1.0 - a)
        d = tl.sqrt(d2)
        by_d, by_r = _slopes(d, r, by_softness, a, gaussian)
        tl.store(row + 4, tl.sum(by_alpha * by_r, 0))
        # The distance falls as the stroke moves towards the pixel. At d = 0 it has no direction, and ex = 0.
        pull = -by_alpha * by_d / tl.maximum(d, 1e-12)
        px, py = pull * ex, pull * ey
        for item in range(begin, end):
            row = shares + tl.load(slots + item) * 8
            here = nearest == item
            pa, pb = tl.where(here, 1.0 - t, 0.0), tl.where(here, t, 0.0)
            tl.store(row, tl.sum(pa * px, 0))
            tl.store(row + 1, tl.sum(pa * py, 0))
            tl.store(row + 2, tl.sum(pb * px, 0))
            tl.store(row + 3, tl.sum(pb * py, 0))
    _store3(ground, place, height * width, inside, g0, g1, g2)


# --- the calls --------------------------------------------------------------------------------------------------------


class _Tiles(NamedTuple):
    """Which segments reach which tile."""

    tile_pairs: Tensor  # [T + 1], where each tile's pairs begin
    pair_items: Tensor  # [at least pairs + 1], where each pair's items begin; there may be room for more pairs
    segment: Tensor  # [items]
    slots: Tensor  # [items]
    starts: Tensor  # [M + 1], where each segment's slots begin


class _Look(NamedTuple):
    """The parameters of the kernels besides the strokes."""

    by_softness: float
    gaussian: bool
    transparent: bool


def rasterise(
    points: Tensor,  # [N, S, 2] px
    radius_px: Tensor,  # [N]
    colours: Tensor,  # [N, 3]
    background: Tensor,  # [3, H, W]
    order: Tensor,  # [N], bottom to top
    edges: EdgeRamp,
    ink: Ink,
) -> Tensor:  # [3, H, W]
    """The picture of the strokes over the background; all tensors are float32 and on one device."""
    leaves = points, radius_px, colours, background
    kinds = {(leaf.dtype, leaf.device) for leaf in leaves}
    assert kinds == {(torch.float32, points.device)}, kinds
    order = order.to(points.device, torch.long)
    look = _Look(1 / edges.softness_px, edges.gaussian, ink is Ink.TRANSPARENT)
    with torch.cuda.device_of(points):
        if torch.is_grad_enabled() and any(leaf.requires_grad for leaf in leaves):
            picture: Tensor = _Rasterise.apply(*leaves, order, look)
            return picture
        strokes = _in_order(points, radius_px, colours, order)
        return _drawn(strokes, background, _binned(*strokes[:2], background, look), look, None)


class _Rasterise(Function):
    """The kernels as an autograd function."""

    @staticmethod
    def forward(
        ctx: Any, points: Tensor, radius: Tensor, colours: Tensor, background: Tensor, order: Tensor, look: _Look
    ) -> Tensor:
        strokes = _in_order(points, radius, colours, order)
        tiles = _binned(*strokes[:2], background, look)
        below = points.new_empty(len(tiles.pair_items) - 1, 3, PIXELS)
        # Saved, not kept: they are freed as soon as the gradient is taken, before the next picture is drawn.
        ctx.save_for_backward(order, below, *strokes, *tiles)
        ctx.look, ctx.count = look, len(points)
        return _drawn(strokes, background, tiles, look, below)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        order, below, points, radius, colours, *rest = ctx.saved_tensors
        strokes, tiles = (points, radius, colours), _Tiles(*rest)
        with torch.cuda.device_of(gradient):
            sums, ground = _undrawn(strokes, gradient.contiguous(), tiles, ctx.look, below)
            by_points = torch.zeros_like(points)
            by_points[:, : sums.shape[1]] += sums[..., 0:2]
            by_points[:, -sums.shape[1] :] += sums[..., 2:4]  # for dots these are 0
            by_radius, by_colours = sums[..., 4].sum(1), sums[..., 5:].sum(1)
            back = (
                torch.zeros(ctx.count, *share.shape[1:], device=share.device).index_add_(0, order, share)
                for share in (by_points, by_radius, by_colours)
            )
            return *back, ground, None, None


def _in_order(points: Tensor, radius: Tensor, colours: Tensor, order: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The strokes to draw, from bottom to top."""
    points, radius, colours = (leaf.detach()[order].contiguous() for leaf in (points, radius, colours))
    return points, radius, colours


def _grid(height: int, width: int) -> tuple[int, int]:
    return -(-height // TILE_PX), -(-width // TILE_PX)


def _reach(points: Tensor, radius: Tensor, look: _Look) -> Tensor:  # [N]
    """Distance in px beyond which a stroke covers nothing; 0 for strokes that are left out (see FAR_PX)."""
    reach = 2 * GAUSSIAN_SIGMA * GAUSSIAN_CUTOFF * radius if look.gaussian else radius + 0.5 / look.by_softness
    drawable = (points.abs().amax((1, 2)) < FAR_PX) & (reach.abs() < FAR_PX) & (reach > 0)
    return torch.where(drawable, reach + MARGIN_PX, 0.0)


def _binned(points: Tensor, radius: Tensor, background: Tensor, look: _Look) -> _Tiles:
    """Sort the segments into tiles. It waits for the device once, to learn how much room is needed."""
    strokes, samples, _ = points.shape
    segments, hop = max(samples - 1, 1), min(samples - 1, 1)
    total = strokes * segments
    rows, columns = _grid(*background.shape[1:])
    reach = _reach(points, radius, look)
    programs = (triton.cdiv(total, LANES),)
    counts = torch.zeros(2, total + 1, dtype=torch.int32, device=points.device)
    sizes = total, segments, hop, rows, columns
    _count[programs](points, reach, *sizes, counts[0, 1:], counts[1, 1:], **_ONE_WARP)
    starts = counts.cumsum(1)
    items, pairs = starts[:, -1].tolist()
    wide = torch.int64 if rows * columns * strokes > torch.iinfo(torch.int32).max else torch.int32
    keys = torch.empty(items, dtype=wide, device=points.device)
    owners = torch.empty(items, dtype=torch.int32, device=points.device)
    _list[programs](points, reach, starts[0], *sizes, strokes, keys, owners, **_ONE_WARP)
    keys, slots = keys.sort(stable=True)
    begins = torch.ones_like(keys, dtype=torch.int32)
    begins[1:] = keys[1:] != keys[:-1]
    pair = begins.cumsum(0, dtype=torch.int32)  # counted from 1
    tile_keys = torch.arange(rows * columns + 1, dtype=wide, device=points.device) * strokes
    tile_pairs = pad(pair, (1, 0))[torch.searchsorted(keys, tile_keys)]
    numbers = torch.arange(1, pairs + 2, dtype=torch.int32, device=points.device)
    pair_items = torch.searchsorted(pair, numbers, out_int32=True)
    return _Tiles(tile_pairs, pair_items, owners[slots], slots, starts[0])


def _drawn(
    strokes: tuple[Tensor, Tensor, Tensor], background: Tensor, tiles: _Tiles, look: _Look, below: Tensor | None
) -> Tensor:  # [3, H, W]
    picture = torch.empty_like(background, memory_format=torch.contiguous_format)
    _draw[(len(tiles.tile_pairs) - 1,)](
        *strokes, tiles.tile_pairs, tiles.pair_items, tiles.segment, background.detach().contiguous(), picture,
        picture if below is None else below, *_sizes(strokes[0], background), *look,
        below is not None, **_ONE_WARP,
    )  # fmt: skip
    return picture


def _undrawn(
    strokes: tuple[Tensor, Tensor, Tensor], gradient: Tensor, tiles: _Tiles, look: _Look, below: Tensor
) -> tuple[Tensor, Tensor]:  # [N, segments, 8], [3, H, W]
    """Gradients for each segment's ends, radius and colour, and for the background."""
    sizes = _sizes(strokes[0], gradient)
    ground = torch.empty_like(gradient)
    shares = torch.zeros(len(tiles.slots), 8, device=gradient.device)
    _undraw[(len(tiles.tile_pairs) - 1,)](
        *strokes, *tiles[:4], gradient, ground, below, shares, *sizes, *look, **_ONE_WARP
    )
    sums = torch.segment_reduce(shares, "sum", offsets=tiles.starts, axis=0, unsafe=True, initial=0)
    return sums.view(-1, sizes[0], 8), ground


def _sizes(points: Tensor, picture: Tensor) -> tuple[int, ...]:
    """The sizes that the kernels need: segments, hop, columns of tiles, height, width."""
    samples = points.shape[1]
    _, height, width = picture.shape
    return max(samples - 1, 1), min(samples - 1, 1), _grid(height, width)[1], height, width

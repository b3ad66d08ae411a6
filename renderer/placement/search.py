"""The kernels of the greedy search: candidates, mutations, the exact change of the error, and drawing on the picture.

A stroke is judged by how it changes the error that is seen, partly pixel by pixel and partly from afar. With
e = b - t (picture minus target), h the blur of the eye, w the weight of a pixel and l the share that is seen from afar,

    error      sum w ((1 - l) e^2 + l (h * e)^2)
    residual   r = w ((1 - l) e + l (h * h * e)),  half of the error's slope at each pixel (w as smooth)

With coverage a and colour c of a candidate, summed over the pixels under it, the error changes by

    opaque       q (A c.c - 2 c.B + C) + 2 c.D - 2 E
                 with A = sum w a^2, B = sum w a^2 b, C = sum w a^2 b.b, D = sum a r, E = sum a b.r
    transparent  q m^2.A - 2 m.D,   m = 1 - c
                 with A = sum w a^2 b^2, D = sum a b r, per channel

where q = 1 - l + l k, and k is the share of the energy of a stroke of that width and length that a blur keeps
(`blurred_energy`). So one walk over the pixels is enough for all pens, and setting the derivative to zero gives the
best free colour. Without a blur (l = 0) this is the exact change of the squared error. Judging a mark by the blurred
error is the idea of direct binary search in halftoning (Analoui and Allebach 1992).
"""

import math

import numpy as np
from numba import njit

from renderer.error import SOFT_PX
from renderer.raster.cpu import columns_within, cover, coverage, rows_within, segment

_jit = njit(cache=True, nogil=True, fastmath={"nsz", "arcp", "contract", "reassoc"}, error_model="numpy")
_part = njit(  # why: raster/cpu.py
    forceinline=True, nogil=True, fastmath={"nsz", "arcp", "contract", "reassoc"}, error_model="numpy"
)

CELL_PX = 8  # side of the squares whose error decides where candidates go
SPAN = 5  # points per span of a curve while candidates are judged: there are many, and they are short


@_part
def _uniform(state):
    """A random number in [0, 1): splitmix64 (Steele, Lea and Flood 2014), with as many bits as float32 has."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return np.float32(z >> np.uint64(40)) * np.float32(1.0 / 16777216.0)


@_part
def _bell(state):
    """A random number of about a standard normal distribution: the sum of four uniform ones."""
    total = _uniform(state) + _uniform(state) + _uniform(state) + _uniform(state)
    return (total - np.float32(2.0)) * np.float32(1.7320508)


@_part
def _trace(knots, closed, points):
    """Write the polyline of one stroke into `points`; return its length. As primitives.catmull_rom, but coarser."""
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
        for k in range(SPAN):
            u = np.float32(k) / np.float32(SPAN)
            h1, h2 = 2 * u**3 - 3 * u**2 + 1, -2 * u**3 + 3 * u**2
            g1, g2 = u**3 - 2 * u**2 + u, u**3 - u**2
            points[place, 0] = h1 * x1 + g1 * mx1 + h2 * x2 + g2 * mx2
            points[place, 1] = h1 * y1 + g1 * my1 + h2 * y2 + g2 * my2
            place += 1
    last = 0 if closed else count - 1
    points[place, 0], points[place, 1] = knots[last, 0], knots[last, 1]
    return place + 1


@_part
def _add(s, a, canvas, residual, weight, row, column, transparent):
    """Add a pixel with coverage a to the sums at the top of this file."""
    wa2 = weight[row, column] * a * a
    for c in range(3):
        b = canvas[row, column, c]
        r = residual[row, column, c]
        if transparent:
            s[c] += wa2 * b * b
            s[3 + c] += a * b * r
        else:
            s[c] += wa2 * b
            s[3 + c] += a * r
            s[6] += wa2 * b * b
            s[7] += a * b * r
    s[8] += wa2


@_part
def _weigh(
    points, count, radius, canvas, residual, weight, top, layered, transparent, scratch, square, nearest, pixels, mark,
    sums,
):  # fmt: skip
    """The sums over the pixels under a polyline; if `layered`, one row for each pen that may be on top."""
    height, width = canvas.shape[0], canvas.shape[1]
    reach = radius + np.float32(0.65)
    found = cover(points, 0, count, reach, 0, height, width, scratch, square, nearest, pixels, mark)
    for k in range(found):
        row, column = pixels[k] >> 16, pixels[k] & 0xFFFF
        a = coverage(square[row * width + column], radius, np.float32(1.0 / 1.3), False)
        s = sums[top[row, column] + 1 if layered else 0]
        _add(s, a, canvas, residual, weight, row, column, transparent)


@_part
def _weigh_straight(points, count, radius, canvas, residual, weight, top, layered, transparent, sums):
    """The same for a dot or a line, which finds no pixel twice, so it needs no lists."""
    half = np.float32(0.5)
    height, width = canvas.shape[0], canvas.shape[1]
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
                _add(sums[top[row, column] + 1], a, canvas, residual, weight, row, column, False)
                continue
            b0, b1, b2 = canvas[row, column, 0], canvas[row, column, 1], canvas[row, column, 2]
            r0, r1, r2 = residual[row, column, 0], residual[row, column, 1], residual[row, column, 2]
            a2 = a * a * weight[row, column]
            if transparent:
                s0 += a2 * b0 * b0
                s1 += a2 * b1 * b1
                s2 += a2 * b2 * b2
                s3 += a * b0 * r0
                s4 += a * b1 * r1
                s5 += a * b2 * r2
            else:
                s0 += a2 * b0
                s1 += a2 * b1
                s2 += a2 * b2
                s3 += a * r0
                s4 += a * r1
                s5 += a * r2
                s6 += a2 * (b0 * b0 + b1 * b1 + b2 * b2)
                s7 += a * (b0 * r0 + b1 * r1 + b2 * r2)
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
    points, count, radius, energy, canvas, residual, weight, top, table, radii, free, transparent, scratch, square,
    nearest, pixels, mark, sums,
):  # fmt: skip
    """The best pen of the stroke's width, or the best colour, and its change of the error.

    `energy` is q at the top of this file. Returns (change, pen, r, g, b).
    """
    levels = len(sums)
    sums[:] = np.float32(0.0)
    layered = not free and not transparent
    if count <= 2:
        _weigh_straight(points, count, radius, canvas, residual, weight, top, layered, transparent, sums)
    else:
        _weigh(
            points, count, radius, canvas, residual, weight, top, layered, transparent, scratch, square, nearest,
            pixels, mark, sums,
        )  # fmt: skip
    if free:
        return _best_colour(sums[0], energy, transparent)
    best, pen = np.float32(np.inf), 0
    for p in range(levels - 1):
        sums[p + 1] += sums[p]  # pen p is drawn over paper and pens 0..p, and the later ones hide it
        if radii[p] == radius:
            s = sums[0 if transparent else p + 1]
            change = _change(s, energy, table[p, 0], table[p, 1], table[p, 2], transparent)
            if change < best:
                best, pen = change, p
    return best, pen, table[pen, 0], table[pen, 1], table[pen, 2]


@_part
def _change(s, energy, r, g, b, transparent):
    """The change of the error by a colour; the closed form at the top of this file."""
    one, two = np.float32(1.0), np.float32(2.0)
    if transparent:
        m0, m1, m2 = one - r, one - g, one - b
        square = m0 * m0 * s[0] + m1 * m1 * s[1] + m2 * m2 * s[2]
        return energy * square - two * (m0 * s[3] + m1 * s[4] + m2 * s[5])
    square = s[8] * (r * r + g * g + b * b) - two * (r * s[0] + g * s[1] + b * s[2]) + s[6]
    return energy * square + two * (r * s[3] + g * s[4] + b * s[5] - s[7])


@_part
def _best_colour(s, energy, transparent):
    """The free colour that lowers the error most, within [0, 1]."""
    zero, one, tiny = np.float32(0.0), np.float32(1.0), np.float32(1e-9)
    if transparent:
        r = one - min(max(s[3] / max(energy * s[0], tiny), zero), one)
        g = one - min(max(s[4] / max(energy * s[1], tiny), zero), one)
        b = one - min(max(s[5] / max(energy * s[2], tiny), zero), one)
    else:
        r = min(max((energy * s[0] - s[3]) / max(energy * s[8], tiny), zero), one)
        g = min(max((energy * s[1] - s[4]) / max(energy * s[8], tiny), zero), one)
        b = min(max((energy * s[2] - s[5]) / max(energy * s[8], tiny), zero), one)
    return _change(s, energy, r, g, b, transparent), 0, r, g, b


@_part
def blurred_energy(size, sigma):
    """The share of the energy of a box `size` wide that a blur h keeps; `sigma` is the standard deviation of h * h.

    In one dimension: the integral of N(x - y; sigma) over x and y in the box, divided by its size.
    """
    one = np.float32(1.0)
    ratio = size / sigma
    if ratio < np.float32(1e-3):
        return ratio * np.float32(0.3989423)
    tail = (one - math.exp(-ratio * ratio * np.float32(0.5))) / ratio
    return math.erf(ratio * np.float32(0.70710678)) - np.float32(0.7978846) * tail


@_part
def _energy(radius, length, far_share, sigma):
    """q at the top of this file, of a stroke of this length."""
    if far_share <= np.float32(0.0):
        return np.float32(1.0)
    width = np.float32(2.0) * radius
    kept = blurred_energy(width, sigma) * blurred_energy(length + np.float32(0.8) * width, sigma)
    return np.float32(1.0) - far_share + far_share * min(np.float32(kept) / _soft(width, length), np.float32(1.0))


@_part
def _soft(width, length):
    """Sum of a^2 divided by the sum of a. A soft edge, a step of 1.3 px, lowers the first; a blur sees the second."""
    edge = np.float32(2.0) * length + np.float32(math.pi) * width
    area = width * (length + np.float32(math.pi / 4) * width)
    return max(np.float32(1.0) - np.float32(SOFT_PX) * edge / area, np.float32(0.5))


# --- candidates -------------------------------------------------------------------------------------------------------


@_part
def _candidate(knots, state, row, column, form, along, longest):
    """A stroke with its middle in a square: along the form under it with probability `along`, else in any direction."""
    x = (np.float32(column) + _uniform(state)) * np.float32(CELL_PX)
    y = (np.float32(row) + _uniform(state)) * np.float32(CELL_PX)
    count = len(knots)
    knots[0, 0], knots[0, 1] = x, y
    if count == 1:
        return
    length = longest * (np.float32(0.05) + np.float32(0.95) * _uniform(state))
    if _uniform(state) < along:
        _follow(knots, x, y, length, form)
        return
    heading, bend = _uniform(state) * np.float32(2 * math.pi), np.float32(0.35) * _bell(state)
    step = length / np.float32(count - 1)
    for k in range(1, count):
        knots[k, 0] = knots[k - 1, 0] + step * math.cos(heading)
        knots[k, 1] = knots[k - 1, 1] + step * math.sin(heading)
        heading += bend
    x -= np.mean(knots[:, 0])
    y -= np.mean(knots[:, 1])
    knots[:, 0] += x
    knots[:, 1] += y


@_part
def _follow(knots, x, y, length, form):
    """Spread knots evenly along the streamline of `form [H, W, 2]` through (x, y), half of the length either way."""
    count, height, width = len(knots), form.shape[0], form.shape[1]
    step = length / np.float32(count - 1)
    for way in range(2):
        px, py = x, y
        row, column = min(max(int(y), 0), height - 1), min(max(int(x), 0), width - 1)
        hx, hy = form[row, column, 0], form[row, column, 1]
        if way == 1:
            hx, hy = -hx, -hy
        k = count // 2 if way == 0 else (count - 1) // 2
        if way == 1 and count % 2 == 1:
            k -= 1  # the middle knot is placed once
        left = step if way == 1 and count % 2 == 1 else (np.float32(0.0) if count % 2 == 1 else np.float32(0.5) * step)
        while 0 <= k < count:
            for _ in range(3):
                row, column = min(max(int(py), 0), height - 1), min(max(int(px), 0), width - 1)
                fx, fy = form[row, column, 0], form[row, column, 1]
                if fx * hx + fy * hy < np.float32(0.0):
                    fx, fy = -fx, -fy
                hx, hy = fx, fy
                px += hx * left * np.float32(1.0 / 3.0)
                py += hy * left * np.float32(1.0 / 3.0)
            knots[k, 0], knots[k, 1] = px, py
            left = step
            k += 1 if way == 0 else -1


@_part
def _mutate(knots, source, state, reach):
    """A neighbour of a stroke: shifted, one end swung, turned and stretched, bent, or scaled from one end.

    All of these keep a smooth stroke smooth; moving single knots would make scribbles.
    """
    count = len(knots)
    dx, dy = reach * _bell(state), reach * _bell(state)
    kinds = np.float32(1) if count == 1 else np.float32(2) if count == 2 else np.float32(5)
    how = int(_uniform(state) * kinds)
    how = 4 if count == 2 and how == 2 else how
    forwards = _uniform(state) < np.float32(0.5)
    if how == 4:  # scaled about one of its ends
        end = 0 if forwards else count - 1
        scale = math.exp(np.float32(0.35) * _bell(state))
        for k in range(count):
            knots[k, 0] = source[end, 0] + (source[k, 0] - source[end, 0]) * scale
            knots[k, 1] = source[end, 1] + (source[k, 1] - source[end, 1]) * scale
        return
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


@_part
def _keep_in(knots, closed, height, width, longest, inset):
    """Shrink a stroke that is too long about its middle and move it into the picture, as layer_drawing.inside does."""
    count = len(knots)
    for axis in range(2):
        size = np.float32(width) if axis == 0 else np.float32(height)
        in_a_row, before = False, 0
        for k in range(count):
            beyond = -1 if knots[k, axis] < inset else (1 if knots[k, axis] > size - inset else 0)
            in_a_row = in_a_row or (count > 2 and beyond != 0 and beyond == before)
            before = beyond
        if not in_a_row:
            for k in range(count):
                knots[k, axis] = min(max(knots[k, axis], inset), size - inset)
    length = np.float32(0.0)
    for k in range(0 if closed else 1, count):  # knot -1 is the last
        length += math.hypot(knots[k, 0] - knots[k - 1, 0], knots[k, 1] - knots[k - 1, 1])
    scale = min(np.float32(1.0), longest / max(length, np.float32(1e-6))) if count > 1 else np.float32(1.0)
    for axis in range(2):
        room = max((np.float32(width) if axis == 0 else np.float32(height)) - np.float32(2.0) * inset, np.float32(0.0))
        low, high = knots[0, axis], knots[0, axis]
        for k in range(1, count):
            low, high = min(low, knots[k, axis]), max(high, knots[k, axis])
        scale = min(scale, room / max(high - low, np.float32(1e-6))) if count > 1 else scale
    for axis in range(2):
        size = np.float32(width) if axis == 0 else np.float32(height)
        middle = np.float32(0.0)
        for k in range(count):
            middle += knots[k, axis] / np.float32(count)
        low, high = np.float32(np.inf), np.float32(-np.inf)
        for k in range(count):
            if scale < np.float32(1.0):
                knots[k, axis] = middle + (knots[k, axis] - middle) * scale
            low, high = min(low, knots[k, axis]), max(high, knots[k, axis])
        shift = np.float32(0.0)
        if low < inset:
            shift = inset - low
        elif high > size - inset:
            shift = size - inset - high
        for k in range(count):
            knots[k, axis] = min(max(knots[k, axis] + shift, min(inset, size / 2)), max(size - inset, size / 2))


@_part
def _length(points, count):
    """The length of a polyline."""
    total = np.float32(0.0)
    for k in range(1, count):
        total += math.hypot(points[k, 0] - points[k - 1, 0], points[k, 1] - points[k - 1, 1])
    return total


@_part
def _across(points, count, form):
    """How much a polyline runs across the form: the mean of sin^2 of the angle between them, 0 to 1."""
    height, width = form.shape[0], form.shape[1]
    total, crossed = np.float32(1e-6), np.float32(0.0)
    for k in range(1, count):
        dx, dy = points[k, 0] - points[k - 1, 0], points[k, 1] - points[k - 1, 1]
        row = min(max(int(points[k, 1] - np.float32(0.5) * dy), 0), height - 1)
        column = min(max(int(points[k, 0] - np.float32(0.5) * dx), 0), width - 1)
        long = math.hypot(dx, dy)
        side = dx * form[row, column, 1] - dy * form[row, column, 0]
        total += long
        crossed += side * side / max(long, np.float32(1e-6))
    return crossed / total


# --- the remaining error ----------------------------------------------------------------------------------------------


@_part
def _left_in(cells, rows, cell_row, cell_column, residual, weight):
    """Compute the remaining error in a square again: the sum of r^2 / w."""
    height, width = residual.shape[0], residual.shape[1]
    total = 0.0
    for row in range(cell_row * CELL_PX, min((cell_row + 1) * CELL_PX, height)):
        for column in range(cell_column * CELL_PX, min((cell_column + 1) * CELL_PX, width)):
            square = np.float32(0.0)
            for c in range(3):
                square += residual[row, column, c] * residual[row, column, c]
            total += square / weight[row, column]
    rows[cell_row] += total - cells[cell_row, cell_column]
    cells[cell_row, cell_column] = total


@_jit
def errors(residual, weight):
    """The remaining error in each square of `CELL_PX`: `residual [H, W, 3]`, `weight [H, W]` -> `[rows, columns]`."""
    height, width = residual.shape[0], residual.shape[1]
    cells = np.zeros((-(-height // CELL_PX), -(-width // CELL_PX)), np.float64)
    rows = np.zeros(len(cells))
    for row in range(cells.shape[0]):
        for column in range(cells.shape[1]):
            _left_in(cells, rows, row, column, residual, weight)
    return cells


@_part
def _drawn(row, column, a, colour, transparent, canvas, residual, near, far, taps):
    """Put a colour on a pixel, and update the residual of all pixels whose blur sees it."""
    height, width = canvas.shape[0], canvas.shape[1]
    d = np.empty(3, np.float32)
    for c in range(3):
        below = canvas[row, column, c]
        source = colour[c] * below if transparent else colour[c]
        d[c] = a * (source - below)
        canvas[row, column, c] = below + d[c]
        residual[row, column, c] += near[row, column] * d[c]
    reach = len(taps) // 2
    if reach == 0:
        return
    for y in range(max(row - reach, 0), min(row + reach + 1, height)):
        by_row = taps[y - row + reach]
        for x in range(max(column - reach, 0), min(column + reach + 1, width)):
            seen = far[y, x] * by_row * taps[x - column + reach]
            residual[y, x, 0] += seen * d[0]
            residual[y, x, 1] += seen * d[1]
            residual[y, x, 2] += seen * d[2]


@_jit
def place(
    knots, pens, colours, closed, canvas, residual, weight, near, far, taps, sigma, far_share, form, along, crossing,
    top, table, radii, free, transparent, longest, base, worth, overhang, candidates, mutations, patience, state, cells,
    discount, lists, square,
):  # fmt: skip
    """Place these strokes: fill `knots [N, K, 2]` px, `pens [N]`, `colours [N, 3]`; draw on `canvas [H, W, 3]`.

    Return how many were worth their ink; after `patience` rounds in a row without success the search ends.

    `residual [H, W, 3]` and `weight [H, W]` are r and w at the top of this file. `near [H, W]` and `far [H, W]` are
    what a changed pixel adds to r at its own place and through the blur `taps [2 R + 1]`. `form [H, W, 2]` has unit
    vectors along the form. A stroke is judged by its gain per pixel of its length and of `base`, the cost of a lift;
    with `base` 0, by its gain only. A stroke across the form is worth a share `crossing` less than one along it.
    `top [H, W]` is the latest pen that covers a pixel, -1 for none. `cells` is the remaining error in each square, and
    `discount` lowers the probability of squares where the search has failed. `state` (of the random numbers),
    `lists [3, H W]` and `square [H W]` (for polylines) are passed from one call to the next.
    """
    height, width = canvas.shape[0], canvas.shape[1]
    rows = cells.sum(1)
    scratch, nearest, pixels = lists
    sums = np.empty((len(table) + 1, 9), np.float32)
    count = knots.shape[1]
    points = np.empty(((count + 1) * SPAN + 2, 2), np.float32)
    trial, best = np.empty((count, 2), np.float32), np.empty((count, 2), np.float32)
    best_colour = np.empty(3, np.float32)
    mark = np.int32(0)
    scratch[:] = -1
    reach_px = len(taps) // 2
    n, misses = 0, 0
    while n < len(knots) and misses < patience:
        best_score, best_change, best_pen, best_length = np.float32(np.inf), np.float32(np.inf), 0, np.float32(0.0)
        best_row, best_column, row, column = 0, 0, 0, 0
        total = 0.0
        for r in range(len(rows)):
            total += rows[r]
        for k in range(candidates + mutations):
            fresh = k < candidates
            radius = radii[int(_uniform(state) * np.float32(len(radii))) if fresh else best_pen]
            inset = np.float32(0.0) if overhang else radius
            if fresh:
                for _ in range(4):  # a square is drawn by its share of the error; one without success, less often
                    sought, row, column = _uniform(state) * total, 0, 0
                    while row < len(rows) - 1 and sought >= rows[row]:
                        sought -= rows[row]
                        row += 1
                    while column < cells.shape[1] - 1 and sought >= cells[row, column]:
                        sought -= cells[row, column]
                        column += 1
                    if _uniform(state) < discount[row, column]:
                        break
                _candidate(trial, state, row, column, form, along, longest)
            else:
                reach = radius * np.float32(0.3)
                if count > 1:
                    reach += np.float32(0.15) * max(best_length, np.float32(0.3) * longest)
                reach *= np.float32(1.0) - np.float32(0.9) * np.float32(k - candidates) / np.float32(mutations)
                _mutate(trial, best, state, max(reach, np.float32(0.3)))
            _keep_in(trial, closed, height, width, longest, inset)
            traced = _trace(trial, closed, points)
            length = _length(points, traced)
            change, pen, r, g, b = _judge(
                points, traced, radius, _energy(radius, length, far_share, sigma), canvas, residual, weight, top,
                table, radii, free, transparent, scratch, square, nearest, pixels, mark, sums,
            )  # fmt: skip
            mark += 1
            score = change
            if base > np.float32(0.0) and change < np.float32(0.0):
                score = change / (base + length)
            if crossing > np.float32(0.0) and change < np.float32(0.0):
                score *= np.float32(1.0) - crossing * _across(points, traced, form)
            if score < best_score:
                best_score, best_change, best_pen, best_length = score, change, pen, length
                best[:] = trial
                best_colour[0], best_colour[1], best_colour[2] = r, g, b
                if fresh:
                    best_row, best_column = row, column
        radius = radii[best_pen]
        ink = np.float32(2.0) * radius * (best_length + np.float32(1.6) * radius + base)
        if -best_change < worth * ink:
            misses += 1
            discount[best_row, best_column] *= np.float32(0.5)
            continue
        misses = 0
        knots[n] = best
        pens[n] = best_pen
        colours[n] = best_colour
        traced = _trace(best, closed, points)
        found = cover(
            points, 0, traced, radius + np.float32(0.65), 0, height, width, scratch, square, nearest, pixels, mark
        )
        mark += 1
        first_row, last_row, first_column, last_column = height, -1, width, -1
        for k in range(found):
            row, column = pixels[k] >> 16, pixels[k] & 0xFFFF
            if not free and not transparent and top[row, column] > best_pen:
                continue
            a = coverage(square[row * width + column], radius, np.float32(1.0 / 1.3), False)
            _drawn(row, column, a, best_colour, transparent, canvas, residual, near, far, taps)
            if not free and a > np.float32(0.5):
                top[row, column] = best_pen
            first_row, last_row = min(first_row, row), max(last_row, row)
            first_column, last_column = min(first_column, column), max(last_column, column)
        n += 1
        if last_row < 0:
            continue
        row_after = min(last_row + reach_px, height - 1) // CELL_PX + 1
        column_after = min(last_column + reach_px, width - 1) // CELL_PX + 1
        for cell_row in range(max(first_row - reach_px, 0) // CELL_PX, row_after):
            for cell_column in range(max(first_column - reach_px, 0) // CELL_PX, column_after):
                _left_in(cells, rows, cell_row, cell_column, residual, weight)
                discount[cell_row, cell_column] = np.float32(1.0)
    return n

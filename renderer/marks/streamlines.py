"""Evenly spaced lines along a field of directions, close together where much ink is wanted.

Jobard and Lefer, "Creating evenly-spaced streamlines of arbitrary density" (1997): each line starts beside one that is
there, at the spacing that its place asks for, and ends where it comes too near to another, to its own past, or to where
no ink is wanted.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

_jit = njit(cache=True, nogil=True, error_model="numpy")
_part = njit(forceinline=True, nogil=True, error_model="numpy")

Floats = NDArray[np.float32]
TOO_NEAR = 0.55  # of the spacing: where a line ends
STEP_PX = 0.7  # of the integration
TURN = 0.5  # radians a step, beyond which the field is taken for a corner
OWN_PAST = 12  # steps of itself that a line may be near to
VARIETY = 0.4  # of the longest line: how much shorter the longest lines may be
BLANK_PX = 1e6  # spacing from which no ink is wanted


@_part
def _at(field, x, y, height, width):
    """The field's value at the pixel."""
    row = min(max(int(y), 0), height - 1)
    column = min(max(int(x), 0), width - 1)
    return field[row, column]


@_part
def _direction(form, x, y, hx, hy, height, width):
    """The direction there, bilinear, with the sense of a heading: a direction has none of its own."""
    fx = min(max(x - 0.5, 0.0), width - 1.001)
    fy = min(max(y - 0.5, 0.0), height - 1.001)
    c, r = int(fx), int(fy)
    tx, ty = fx - c, fy - r
    sx, sy = 0.0, 0.0
    for dr in range(2):
        for dc in range(2):
            vx, vy = form[r + dr, c + dc, 0], form[r + dr, c + dc, 1]
            if vx * hx + vy * hy < 0:
                vx, vy = -vx, -vy
            weight = (tx if dc else 1 - tx) * (ty if dr else 1 - ty)
            sx += weight * vx
            sy += weight * vy
    length = math.sqrt(sx * sx + sy * sy)
    if length < 1e-6:
        return hx, hy
    return sx / length, sy / length


@_part
def _is_free(x, y, near, heads, following, points, cell):
    """Whether no point of the lines that are there lies within `near`."""
    rows, columns = heads.shape
    c0, c1 = max(int((x - near) / cell), 0), min(int((x + near) / cell), columns - 1)
    r0, r1 = max(int((y - near) / cell), 0), min(int((y + near) / cell), rows - 1)
    near2 = near * near
    for r in range(r0, r1 + 1):
        for c in range(c0, c1 + 1):
            k = heads[r, c]
            while k >= 0:
                dx, dy = points[k, 0] - x, points[k, 1] - y
                if dx * dx + dy * dy < near2:
                    return False
                k = following[k]
    return True


@_part
def _is_near(x, y, near, line, first, last):
    """Whether one of the line's points from `first` on, `last` not included, lies within `near`."""
    for k in range(first, last, 2):
        dx, dy = line[k, 0] - x, line[k, 1] - y
        if dx * dx + dy * dy < near * near:
            return True
    return False


@_part
def _grow(form, spacing, x, y, hx, hy, steps, heads, following, points, cell, out, other, others):
    """Follow the field from a place into `out`, at most so many steps; return how many.

    `other` holds the `others` points that the line has taken the other way.
    """
    height, width = spacing.shape
    n = 0
    while n < steps:
        mx, my = _direction(form, x + 0.5 * STEP_PX * hx, y + 0.5 * STEP_PX * hy, hx, hy, height, width)
        x, y = x + STEP_PX * mx, y + STEP_PX * my
        if mx * hx + my * hy < math.cos(TURN) or x < 0 or y < 0 or x >= width or y >= height:
            break
        gap = _at(spacing, x, y, height, width)
        near = TOO_NEAR * gap
        if gap > BLANK_PX or not _is_free(x, y, near, heads, following, points, cell):
            break
        recent = max(OWN_PAST, int(2.5 * gap / STEP_PX))  # its latest steps are near, of course
        if _is_near(x, y, near, out, 0, n - recent) or _is_near(x, y, near, other, max(0, recent - n), others):
            break
        out[n, 0], out[n, 1] = x, y
        hx, hy = mx, my
        n += 1
    return n


@_part
def _store(points, used, x, y, behind, backward, ahead, forward):
    """One line from its two halves, behind the lines that are there; returns the new end."""
    k = used
    for j in range(backward - 1, -1, -1):
        points[k, 0], points[k, 1] = behind[j, 0], behind[j, 1]
        k += 1
    points[k, 0], points[k, 1] = x, y
    k += 1
    for j in range(forward):
        points[k, 0], points[k, 1] = ahead[j, 0], ahead[j, 1]
        k += 1
    return k


@_part
def _beside(points, begin, end, at, side, spacing):
    """A place at the wanted spacing beside a line's point; outside the picture where there is none. And the spacing."""
    height, width = spacing.shape
    a, b = max(at - 1, begin), min(at + 1, end - 1)
    tx, ty = points[b, 0] - points[a, 0], points[b, 1] - points[a, 1]
    length = math.sqrt(tx * tx + ty * ty)
    gap = _at(spacing, points[at, 0], points[at, 1], height, width)
    if length == 0 or gap > BLANK_PX:
        return -1.0, -1.0, gap
    return points[at, 0] - side * gap * ty / length, points[at, 1] + side * gap * tx / length, gap


@_jit
def trace(form, spacing, seeds, shortest_px, longest_px, cell, points, starts):
    """Lines through `form [H, W, 2]`, as far apart as `spacing [H, W]` px says; infinite where no ink is wanted.

    `seeds [M, 2]` are tried in order, and beside each line that is found further ones. The lines' points go to `points
    [most, 2]`, line n from starts[n] to starts[n + 1]. Returns how many lines there are. Ends early without room.
    """
    height, width = spacing.shape
    heads = np.full((int(height / cell) + 1, int(width / cell) + 1), -1, np.int32)
    following = np.full(len(points), -1, np.int32)
    steps = int(longest_px / STEP_PX)
    ahead, behind = np.empty((steps + 1, 2), np.float32), np.empty((steps + 1, 2), np.float32)
    lines, used, parent, along, side, seed = 0, 0, 0, 0, 1.0, 0
    starts[0] = 0
    while lines < len(starts) - 1:
        if parent < lines:  # beside the lines that are there, first of all
            at = starts[parent] + along
            if at >= starts[parent + 1]:
                parent, along, side = parent + 1, 0, 1.0
                continue
            x, y, gap = _beside(points, starts[parent], starts[parent + 1], at, side, spacing)
            side = -side
            if side > 0:
                along += 8 if gap > BLANK_PX else max(1, int(gap / STEP_PX / 2))
        elif seed < len(seeds):
            x, y = seeds[seed, 0], seeds[seed, 1]
            seed += 1
        else:
            break
        if x < 0 or y < 0 or x >= width or y >= height:
            continue
        gap = _at(spacing, x, y, height, width)
        if gap > BLANK_PX or not _is_free(x, y, 0.95 * gap, heads, following, points, cell):
            continue
        hx, hy = _direction(form, x, y, 1.0, 0.0, height, width)
        most = int(steps * (1 - VARIETY * ((lines * 0.618034) % 1.0)))  # lengths that differ look drawn by hand
        forward = _grow(form, spacing, x, y, hx, hy, most // 2, heads, following, points, cell, ahead, behind, 0)
        backward = _grow(
            form, spacing, x, y, -hx, -hy, most - forward, heads, following, points, cell, behind, ahead, forward
        )
        count = forward + backward + 1
        # In a place that wants hardly any ink a short line would be a speck.
        if count * STEP_PX < max(shortest_px, 1.3 * gap):
            continue
        if used + count > len(points):
            break
        end = _store(points, used, x, y, behind, backward, ahead, forward)
        for j in range(used, end):
            r, c = int(points[j, 1] / cell), int(points[j, 0] / cell)
            following[j] = heads[r, c]
            heads[r, c] = j
        used = end
        lines += 1
        starts[lines] = used
    return lines

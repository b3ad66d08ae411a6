"""Evenly spaced lines along a field of directions, close together where much ink is wanted.

Jobard and Lefer, "Creating evenly-spaced streamlines of arbitrary density" (1997): each line starts beside one that is
there, at the spacing that its place asks for, and ends where it comes too near to another, to its own past, or to where
no ink is wanted.
"""

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
    length = np.sqrt(sx * sx + sy * sy)
    if length < 1e-6:
        return hx, hy
    return sx / length, sy / length


@_part
def _is_free(x, y, near, heads, following, points, line_of, cell, columns, rows, me, my_step):
    """Whether no point of a line lies within `near`; of the line `me` itself none but its latest."""
    c0, c1 = max(int((x - near) / cell), 0), min(int((x + near) / cell), columns - 1)
    r0, r1 = max(int((y - near) / cell), 0), min(int((y + near) / cell), rows - 1)
    near2 = near * near
    for r in range(r0, r1 + 1):
        for c in range(c0, c1 + 1):
            k = heads[r, c]
            while k >= 0:
                dx, dy = points[k, 0] - x, points[k, 1] - y
                if dx * dx + dy * dy < near2 and line_of[k] != me:
                    return False
                k = following[k]
    return True


@_jit
def trace(form, spacing, seeds, shortest_px, longest_px, cell, most_points, points, starts):
    """Lines through `form [H, W, 2]`, as far apart as `spacing [H, W]` px says; infinite where no ink is wanted.

    `seeds [M, 2]` are tried in order, and beside each line that is found further ones. The lines' points go to `points
    [most, 2]`, line n from starts[n] to starts[n + 1]. Returns how many lines there are.
    """
    height, width = spacing.shape
    rows, columns = int(height / cell) + 1, int(width / cell) + 1
    heads = np.full((rows, columns), -1, np.int32)
    following = np.full(most_points, -1, np.int32)
    line_of = np.full(most_points, -1, np.int32)
    queue = np.empty((len(starts), 1), np.int32)
    ahead, behind = np.empty((8192, 2), np.float32), np.empty((8192, 2), np.float32)
    lines, used, first, last, seed = 0, 0, 0, 0, 0
    side, along = 0, 0
    starts[0] = 0
    while lines < len(starts) - 1:
        # The next place to start: beside the lines that are there, first of all; then the seeds.
        if first < last:
            line = queue[first, 0]
            begin, end = starts[line], starts[line + 1]
            at = begin + along
            if at >= end:
                first, along, side = first + 1, 0, 0
                continue
            a, b = max(at - 1, begin), min(at + 1, end - 1)
            tx, ty = points[b, 0] - points[a, 0], points[b, 1] - points[a, 1]
            length = np.sqrt(tx * tx + ty * ty)
            gap = _at(spacing, points[at, 0], points[at, 1], height, width)
            sign = 1.0 if side == 0 else -1.0
            if length > 0 and gap < 1e6:
                x, y = points[at, 0] - sign * gap * ty / length, points[at, 1] + sign * gap * tx / length
            else:
                x, y = -1.0, -1.0
            side += 1
            if side == 2:
                side, along = 0, along + max(1, int(gap / STEP_PX / 2)) if gap < 1e6 else along + 8
        elif seed < len(seeds):
            x, y = seeds[seed, 0], seeds[seed, 1]
            seed += 1
        else:
            break
        if x < 0 or y < 0 or x >= width or y >= height:
            continue
        gap = _at(spacing, x, y, height, width)
        if gap > 1e6 or not _is_free(x, y, 0.95 * gap, heads, following, points, line_of, cell, columns, rows, -2, 0):
            continue
        hx0, hy0 = _direction(form, x, y, 1.0, 0.0, height, width)
        counts = np.zeros(2, np.int32)
        for way in range(2):
            out = ahead if way == 0 else behind
            hx, hy = (hx0, hy0) if way == 0 else (-hx0, -hy0)
            px, py, n, travelled = x, y, 0, 0.0
            limit = longest_px / 2 if way == 0 else longest_px - counts[0] * STEP_PX
            while n < 8191 and travelled < limit:
                mx, my = _direction(form, px + 0.5 * STEP_PX * hx, py + 0.5 * STEP_PX * hy, hx, hy, height, width)
                if mx * hx + my * hy < np.cos(TURN):
                    break
                qx, qy = px + STEP_PX * mx, py + STEP_PX * my
                if qx < 0 or qy < 0 or qx >= width or qy >= height:
                    break
                gap = _at(spacing, qx, qy, height, width)
                if gap > 1e6:
                    break
                if not _is_free(qx, qy, TOO_NEAR * gap, heads, following, points, line_of, cell, columns, rows, -2, 0):
                    break
                # Its own past: a spiral into itself ends there.
                near2, closes = (TOO_NEAR * gap) ** 2, False
                skip = max(OWN_PAST, int(2.5 * gap / STEP_PX))
                for k in range(0, n - skip, 2):
                    dx, dy = out[k, 0] - qx, out[k, 1] - qy
                    if dx * dx + dy * dy < near2:
                        closes = True
                        break
                if not closes and way == 1:
                    for k in range(max(0, skip - n), counts[0], 2):
                        dx, dy = ahead[k, 0] - qx, ahead[k, 1] - qy
                        if dx * dx + dy * dy < near2:
                            closes = True
                            break
                if closes:
                    break
                out[n, 0], out[n, 1] = qx, qy
                n += 1
                travelled += STEP_PX
                px, py, hx, hy = qx, qy, mx, my
            counts[way] = n
        total = counts[0] + counts[1] + 1
        if total * STEP_PX < shortest_px:
            continue
        if used + total > most_points:
            break
        k = used
        for j in range(counts[1] - 1, -1, -1):
            points[k, 0], points[k, 1] = behind[j, 0], behind[j, 1]
            k += 1
        points[k, 0], points[k, 1] = x, y
        k += 1
        for j in range(counts[0]):
            points[k, 0], points[k, 1] = ahead[j, 0], ahead[j, 1]
            k += 1
        for j in range(used, k):
            c = min(max(int(points[j, 0] / cell), 0), columns - 1)
            r = min(max(int(points[j, 1] / cell), 0), rows - 1)
            line_of[j] = lines
            following[j] = heads[r, c]
            heads[r, c] = j
        used = k
        queue[last, 0] = lines
        last += 1
        lines += 1
        starts[lines] = used
    return lines

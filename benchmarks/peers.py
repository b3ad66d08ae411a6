"""How other programs turn a picture into strokes, as baselines for our marks at equal metres of ink.

Each peer takes the grey picture and a pitch in pixels, and returns lines in pixels; a smaller pitch draws more. They
follow published methods in code of our own, but for `hatched`, which is run as its author wrote it:

    hatched      Antoine Beyeler's package: straight hatches between contours at three grey levels
    linedraw     Lingdong Huang's program: hatching in two directions at grey levels 144, 64 and 16, and outlines
    stipple_tour Secord's stipples (2002) joined by a short tour, in straight lines (Kaplan and Bosch 2005)
    squiggles    parallel rows that wave with constant length and with a height by tone
    ripples      one Archimedean spiral that waves in the same way
    isolines     marching squares at even grey levels
"""

import json
import math
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Grey = NDArray[np.float64]  # [H, W] in [0, 1], 0 is black
Line = NDArray[np.float64]  # [S, 2] px
Peer = Callable[[Grey, float], list[Line]]

LEVELS = (64 / 255, 128 / 255, 192 / 255)
LINEDRAW_LEVELS = (144 / 255, 64 / 255, 16 / 255)
FIRST_PITCH_PX, TRIES = 6.0, 8
_HATCHED = """
import json, sys, numpy, hatched
lines = hatched.hatch(sys.argv[1], hatch_pitch=float(sys.argv[2]), blur_radius=4, show_plot=False, save_svg=False)
print(json.dumps([list(line.coords) for line in lines.geoms]))
"""


def hatched(python: Path, folder: Path) -> Peer:
    """The package `hatched`, which is installed for another interpreter. Raises RuntimeError where it fails."""

    def draw(grey: Grey, pitch: float) -> list[Line]:
        picture = folder / "grey.png"
        Image.fromarray((grey * 255).round().astype(np.uint8)).save(picture)
        done = subprocess.run(
            [python, "-c", _HATCHED, str(picture), str(pitch)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"hatched failed: {done.stderr.strip().splitlines()[-1]}")
        return [np.array(line) for line in json.loads(done.stdout.splitlines()[-1])]

    return draw


def linedraw(grey: Grey, pitch: float) -> list[Line]:
    """Hatches at three levels, and the outlines of the picture."""
    lines: list[Line] = []
    for level, angle, offset in zip(LINEDRAW_LEVELS, (0.0, 45.0, 0.0), (0.0, 0.0, 0.5), strict=True):
        lines += _hatch(grey < level, pitch, angle, offset)
    return lines + _outlines(grey)


def _hatch(where: NDArray[np.bool_], pitch: float, angle: float, offset: float) -> list[Line]:
    """Parallel lines at a distance of `pitch` px, cut to where they are wanted."""
    height, width = where.shape
    along = np.array([math.cos(math.radians(angle)), math.sin(math.radians(angle))])
    across, reach = np.array([-along[1], along[0]]), math.hypot(height, width)
    steps = np.arange(-reach, reach, 1.0)
    lines = []
    for shift in np.arange(-reach + offset * pitch, reach, pitch):
        points = shift * across + steps[:, None] * along
        column, row = np.floor(points).astype(int).T
        inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
        wanted = np.zeros(len(points), bool)
        wanted[inside] = where[row[inside], column[inside]]
        edges = np.flatnonzero(np.diff(wanted.astype(int), prepend=0, append=0))
        lines += [points[[a, b - 1]] for a, b in edges.reshape(-1, 2) if b - a > 2]
    return lines


def _outlines(grey: Grey) -> list[Line]:
    from contourpy import contour_generator
    from skimage.feature import canny
    from skimage.measure import approximate_polygon

    edges = canny(grey, sigma=2.0).astype(float)
    found = contour_generator(z=edges).lines(0.5)
    return [approximate_polygon(np.asarray(line), 0.7) for line in found if len(line) > 20]


def stipple_tour(grey: Grey, pitch: float) -> list[Line]:
    """One closed tour through as many stipples as fit at this pitch in black."""
    from hardware.toolpath.tour import tour
    from renderer.stipple import relaxed, sampled

    demand = (1 - grey).clip(0, 1) ** 2
    fined = demand.repeat(2, 0).repeat(2, 1)
    count = max(50, round(demand.sum() / pitch**2))
    [sites] = relaxed([sampled(fined, count, np.random.default_rng(0))], fined[None], 20)
    order = tour(np.repeat(sites, 2, 0))[::2] // 2
    line: Line = sites[order] / 2
    return [line]


def squiggles(grey: Grey, pitch: float) -> list[Line]:
    """Rows `pitch` px apart, each with waves half as long as that."""
    height, width = grey.shape
    x = np.arange(0, width - 1, pitch / 12)
    lines = []
    for y in np.arange(pitch / 2, height, pitch):
        dark = 1 - grey[min(int(y), height - 1), x.astype(int)]
        lines.append(np.stack([x, y + dark * pitch / 2 * np.sin(x * 4 * math.pi / pitch)], 1))
    return lines


def ripples(grey: Grey, pitch: float) -> list[Line]:
    """A spiral whose turns are `pitch` px apart, waving as the rows of `squiggles` do, out to the corners."""
    height, width = grey.shape
    reach = math.hypot(height, width) / 2
    turns = reach / pitch
    length = math.pi * pitch * turns**2
    along = np.arange(0, length, pitch / 12)
    angle = np.sqrt(4 * math.pi * along / pitch)
    radius = pitch * angle / (2 * math.pi)
    column = (width / 2 + radius * np.cos(angle)).astype(int)
    row = (height / 2 + radius * np.sin(angle)).astype(int)
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    dark = np.zeros(len(along))
    dark[inside] = 1 - grey[row[inside], column[inside]]
    radius = radius + dark * pitch / 2 * np.sin(along * 4 * math.pi / pitch)
    points = np.stack([width / 2 + radius * np.cos(angle), height / 2 + radius * np.sin(angle)], 1)
    edges = np.flatnonzero(np.diff(inside.astype(int), prepend=0, append=0))
    return [points[a:b] for a, b in edges.reshape(-1, 2) if b - a > 1]


def isolines(grey: Grey, pitch: float) -> list[Line]:
    """Lines of equal tone: the larger the pitch, the fewer levels."""
    from contourpy import contour_generator
    from scipy.ndimage import gaussian_filter

    made = contour_generator(z=gaussian_filter(grey, 1.0))
    levels = max(1, round(100 / pitch))
    shares = (np.arange(levels) + 0.5) / levels
    return [np.asarray(line) + 0.5 for share in shares for line in made.lines(float(share))]


PEERS: dict[str, Peer] = {
    "linedraw": linedraw,
    "stipple_tour": stipple_tour,
    "squiggles": squiggles,
    "ripples": ripples,
    "isolines": isolines,
}
OF_MARK = {  # the peers that draw in a style like ours
    "hatching": ("hatched", "linedraw"),
    "flow": ("hatched", "linedraw"),
    "one_line": ("stipple_tour",),
    "scribble": ("stipple_tour",),
    "spiral": ("ripples",),
    "waves": ("squiggles",),
    "contours": ("isolines",),
}


def at_length(peer: Peer, grey: Grey, length_px: float) -> list[Line]:
    """A peer's lines, with the pitch at which they come within 2 % of this length, or as near as a few trials get.

    The length of most styles is inverse to their pitch. A pitch that a peer cannot draw is made larger.
    """
    best: list[Line] = []
    pitch, off = FIRST_PITCH_PX, math.inf
    for _ in range(TRIES):
        lines = peer(grey, pitch)
        share = sum(float(np.hypot(*np.diff(line, axis=0).T).sum()) for line in lines) / length_px
        if abs(share - 1) < off:
            best, off = lines, abs(share - 1)
        if off < 0.02:
            break
        pitch = max(0.7, pitch * (min(max(share, 0.3), 3.0) if share else 1.3))
    return best

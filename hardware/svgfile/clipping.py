"""Outlines of any shape -> regions of the sheet, and the pieces of lines inside them. Millimetres."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hardware.drawing import Line
from hardware.toolpath.cut import inside

Box = tuple[float, float, float, float]  # left, top, right, bottom
_FARTHEST_MM = 1e9  # what is farther away, or not a number, encloses nothing


@dataclass(frozen=True, eq=False)
class Region:
    """A part of the sheet of any shape: a geometry of shapely."""

    area: Any

    @cached_property
    def edges(self) -> NDArray[np.float64]:
        """The straight edges of its outline, [E, 2, 2] in mm."""
        return _edges(self.area)

    @cached_property
    def tree(self) -> Any:
        """Finds the edges near a segment."""
        return _tree(self.edges)

    def holds(self, points: Line) -> NDArray[np.bool_]:
        """Return for each point, [S, 2] in mm, whether it lies in the region or on its outline."""
        return _holds(self.area, points)


Clip = Box | Region


def clipped(lines: Iterable[Line], clips: tuple[Clip, ...]) -> Iterator[Line]:
    """Yield the pieces of lines, [S, 2] in mm each, that lie in all clips."""
    for line in lines:
        pieces = [line]
        for clip in clips:
            pieces = [piece for each in pieces for piece in _inside(each, clip)]
        yield from pieces


def _inside(line: Line, clip: Clip) -> list[Line]:
    if isinstance(clip, Region):
        return _in_region(line, clip)
    return inside(line, np.array(clip[:2]), np.array(clip[2:]))


def _in_region(line: Line, region: Region) -> list[Line]:
    """Return the pieces of a line, [S, 2] in mm, in its own direction: it is cut wherever it meets the outline."""
    if len(line) == 1:
        return [line] if region.holds(line)[0] else []
    at = np.concatenate([np.arange(len(line), dtype=np.float64), _crossings(line, region)])  # segment + share of it
    at = np.unique(np.clip(at, 0, len(line) - 1))
    points = _along(line, at)
    held = region.holds(_along(line, (at[:-1] + at[1:]) / 2))
    turns = np.flatnonzero(np.diff(np.concatenate([[False], held, [False]]).astype(int)))
    pieces = [_corners(line, at[a : b + 1], points[a : b + 1]) for a, b in zip(turns[::2], turns[1::2], strict=True)]
    return [piece for piece in pieces if (piece != piece[0]).any()]


def _corners(line: Line, at: NDArray[np.float64], points: Line) -> Line:
    """Return the points of a piece without those inside it that are not corners of the line."""
    kept = at == np.floor(at)
    kept[[0, -1]] = True
    corners: Line = points[kept]
    return corners


def _along(line: Line, at: NDArray[np.float64]) -> Line:
    corner = np.minimum(at.astype(int), len(line) - 2)
    share = (at - corner)[:, None]
    placed: Line = line[corner] * (1 - share) + line[corner + 1] * share
    return placed


def _crossings(line: Line, region: Region) -> NDArray[np.float64]:
    """Return where a line meets the outline: the number of its segment plus the share of it."""
    import shapely

    if not len(region.edges):
        return np.empty(0)
    segments = np.stack([line[:-1], line[1:]], axis=1)
    number, edge = region.tree.query(shapely.linestrings(segments), predicate="intersects")
    begin, step = segments[number, 0], segments[number, 1] - segments[number, 0]
    start, side = region.edges[edge, 0], region.edges[edge, 1] - region.edges[edge, 0]
    with np.errstate(all="ignore"):
        across = _cross(step, side)
        share = _cross(start - begin, side) / across
        parallel = np.abs(across) <= 1e-12 * np.hypot(*step.T) * np.hypot(*side.T)
        squared = (step**2).sum(axis=1)
        ends = [((region.edges[edge, n] - begin) * step).sum(axis=1) / squared for n in (0, 1)]  # it runs along an edge
    shares = [(number + share)[~parallel], *((number + np.clip(each, 0, 1))[parallel] for each in ends)]
    found = np.concatenate(shares)
    kept: NDArray[np.float64] = found[np.isfinite(found)]
    return kept


def _cross(a: Line, b: Line) -> NDArray[np.float64]:
    product: NDArray[np.float64] = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    return product


def _edges(area: Any) -> NDArray[np.float64]:
    import shapely

    parts = shapely.get_parts(area)
    rings = shapely.get_rings(parts[shapely.get_dimensions(parts) == 2])
    corners = [shapely.get_coordinates(ring) for ring in rings]
    pairs = [np.stack([ring[:-1], ring[1:]], axis=1) for ring in corners]
    return np.concatenate(pairs) if pairs else np.empty((0, 2, 2))


def _tree(edges: NDArray[np.float64]) -> Any:
    import shapely

    return shapely.STRtree(shapely.linestrings(edges))


def _holds(area: Any, points: Line) -> NDArray[np.bool_]:
    import shapely

    shapely.prepare(area)
    held: NDArray[np.bool_] = shapely.intersects_xy(area, points[:, 0], points[:, 1])
    return held


# --- areas ------------------------------------------------------------------------------------------------------------


def area_of(outlines: list[Line], even_odd: bool) -> Any:
    """Return what outlines, [S, 2] in mm each, enclose by SVG's fill rule, as a geometry of shapely."""
    import shapely

    rings = [ring for ring in outlines if len(ring) > 2 and (np.abs(ring) < _FARTHEST_MM).all()]
    if len(rings) == 1 and (simple := shapely.Polygon(rings[0])).is_valid:
        return simple
    closed = [np.concatenate([ring, ring[:1]]) for ring in rings]
    if not closed:
        return shapely.Polygon()
    lines = shapely.union_all([shapely.LineString(ring) for ring in closed])  # cut where outlines cross
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(lines)))
    seen = shapely.get_coordinates(shapely.point_on_surface(faces))
    winding = sum((_windings(ring, seen) for ring in closed), np.zeros(len(seen), dtype=int))
    filled = winding % 2 != 0 if even_odd else winding != 0
    return shapely.union_all(faces[filled])


def _windings(ring: Line, points: Line) -> NDArray[np.int_]:
    """Return how often a closed ring, [S, 2], winds around each of the points, [N, 2]."""
    a, b = ring[:-1, None], ring[1:, None]
    left = (b[..., 0] - a[..., 0]) * (points[:, 1] - a[..., 1]) - (points[:, 0] - a[..., 0]) * (b[..., 1] - a[..., 1])
    up = (a[..., 1] <= points[:, 1]) & (b[..., 1] > points[:, 1]) & (left > 0)
    down = (a[..., 1] > points[:, 1]) & (b[..., 1] <= points[:, 1]) & (left < 0)
    turns: NDArray[np.int_] = up.sum(axis=0) - down.sum(axis=0)
    return turns


def box_of(outlines: list[Line]) -> Box | None:
    """Return the upright rectangle that the one outline is, [S, 2] in mm; None if it is another shape."""
    if len(outlines) != 1 or len(outlines[0]) not in (4, 5):
        return None
    ring = outlines[0][:4]
    if len(outlines[0]) == 5 and not np.array_equal(outlines[0][0], outlines[0][4]):
        return None
    low, high = ring.min(axis=0), ring.max(axis=0)
    slack = 1e-9 * np.abs(ring).max()
    at_low, at_high = np.abs(ring - low) <= slack, np.abs(ring - high) <= slack
    sides = np.roll(at_low, -1, axis=0) != at_low
    upright = (at_low | at_high).all() and (sides.sum(axis=1) == 1).all() and (low < high).all()
    return (float(low[0]), float(low[1]), float(high[0]), float(high[1])) if upright else None


def stroked(lines: list[Line], width_mm: float) -> Any:
    """Return the area that a stroke of this width covers."""
    import shapely

    drawn = [shapely.LineString(line) for line in lines if len(line) > 1]
    return shapely.union_all(shapely.buffer(drawn, width_mm / 2, cap_style="flat", join_style="mitre"))


def as_area(clip: Clip) -> Any:
    """Return a clip as a geometry of shapely."""
    import shapely

    return clip.area if isinstance(clip, Region) else shapely.box(*clip)

"""The strokes of a plot in the order in which they are drawn, small enough for a browser that draws them as they grow.

gzip of: a line of JSON, then 16-bit little-endian numbers: the count of points of each stroke, then all points as
differences from the point before, x and y in turn, modulo 65536. The unit is `step_mm`, the origin the bottom left
corner of `area_mm`, and y goes up, as on the bed of the machine.
"""

import gzip
import json
import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from hardware.arcs import arc_points
from hardware.job.gcode_job import GcodeJob as Lines
from hardware.job.gcode_job import Line, Point, pairs

THIN_MM = 0.2  # points closer than this to the one before are left out
STEP_MM = 0.02
MOST_STEPS = 65_000
MOST_POINTS = 65_000  # of a stroke
CLOCKWISE = {"G2", "G02"}
NIB_MM = 0.5  # of a pen whose label does not give its nib


def stroke_trace(lines: Lines, most_bytes: int) -> bytes | None:
    """The strokes of this job, with fewer points if they would take too many bytes; None if even those do."""
    strokes = [np.array(each, dtype=np.float64).reshape(-1, 2) for each in _strokes(lines)]
    if not strokes:
        return None
    for thinner in (1, 3, 10):
        packed = _packed(lines, [_thinned(each, THIN_MM * thinner) for each in strokes])
        if len(packed) <= most_bytes:
            return packed
    return None


def _strokes(lines: Lines) -> Iterator[list[Point]]:
    """The points of each stroke, mm on the bed; a dot has one."""
    found: list[list[Point]] = [[] for _ in range(lines.strokes)]
    for line, before in pairs(lines.lines):
        if before is None or line.is_trip or not (line.is_draw or line.is_lowering) or line.part < 0:
            continue
        own = found[line.stroke]
        if not own:
            own.append(before)
        if line.is_draw:
            own.extend(_way(line, before))
    yield from (each or [(0.0, 0.0)] for each in found)


def _way(line: Line, before: Point) -> list[Point]:
    end = (line.x_mm, line.y_mm)
    if line.centre_mm is None:
        return [end]
    is_clockwise = line.text.split(" ", 1)[0] in CLOCKWISE
    return [(x, y) for x, y in arc_points(before, end, line.centre_mm, is_clockwise, THIN_MM / 4)[1:].tolist()]


def _thinned(points: npt.NDArray[np.float64], apart_mm: float) -> npt.NDArray[np.float64]:
    """The points without those that lie closer together than this along the stroke; both ends stay."""
    if len(points) < 3:
        return points
    along = np.concatenate([[0.0], np.hypot(*np.diff(points, axis=0).T).cumsum()])
    kept = np.flatnonzero(np.diff(np.floor(along / apart_mm), prepend=-1.0))
    kept = np.union1d(kept[:: max(1, math.ceil(len(kept) / MOST_POINTS))], [0, len(points) - 1])
    return points[kept]


def _packed(lines: Lines, strokes: list[npt.NDArray[np.float64]]) -> bytes:
    points = np.concatenate(strokes)
    left, bottom, right, top = lines.setup.sheet_mm or (*points.min(axis=0), *points.max(axis=0))
    least = np.minimum(points.min(axis=0), (left, bottom))
    most = np.maximum(points.max(axis=0), (right, top))
    step_mm = max(STEP_MM, float((most - least).max()) / MOST_STEPS)
    steps = np.rint((points - least) / step_mm).astype(np.int64)
    head = {
        "area_mm": [round(float(value), 3) for value in (*least, *most)],
        "sheet_mm": [round(float(value), 3) for value in (left, bottom, right, top)],
        "step_mm": step_mm,
        "pens": [{"colour": p.colour, "nib_mm": _nib_mm(p.name), "strokes": p.strokes} for p in lines.parts],
        "strokes": len(strokes),
    }
    text = json.dumps(head).encode()
    text += b" " * (len(text) % 2 == 0) + b"\n"  # the numbers begin at an even place
    counts = np.array([len(each) for each in strokes], dtype="<u2")
    return gzip.compress(text + counts.tobytes() + np.diff(steps, axis=0, prepend=0).astype("<u2").tobytes(), mtime=0)


def _nib_mm(label: str) -> float:
    """The nib that the label of a pen ends with, as in `black 0.5`."""
    try:
        return float(label.rpartition(" ")[2])
    except ValueError:
        return NIB_MM

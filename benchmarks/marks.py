"""Marks that the eye sees at once but the usual figures hardly show: stray strokes, ink along the frame, ink on ink.

All figures come from the exported drawing and the picture. README.md beside this file defines each of them.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from hardware.drawing import Drawing, Ink, is_dot, length_mm

if TYPE_CHECKING:  # torch is imported only when there is something to compare
    from renderer.target import Frame

Grid = NDArray[np.float64]  # [H, W], over the frame
Target = NDArray[np.float64]  # [H, W, 3] sRGB in [0, 1], over the frame

INK_PX_PER_MM = 8  # resolution at which ink is counted
BARE_DIFFERENCE = 0.04  # largest difference between a channel of the picture and the paper that counts as bare
BARE_CLEARANCE_MM = 1.0  # from everything that is not bare
LEAST_CM2 = 1.0  # of bare or light paper; with less, stray ink and rays mean nothing
FRAME_BAND_MM, FOLDED_BAND_MM = 0.3, 0.05
PARALLEL_DEG = 15.0
GRADIENT_PX, TENSOR_PX = 1.5, 4.0  # sigmas of the structure tensor, in pixels of the target
TENSOR_FLOOR = 1e-4  # squared gradient below which an area has no direction
PIECE_MM = 1.0  # strokes are judged in pieces of at most this length
EVEN_PX, EVEN_CONTRAST = 4.0, 0.04  # window of the local contrast, and what counts as even
LONE_NIBS = 4.0
LIGHT, DARKER = 0.7, 0.2  # luma of a light area; how much darker a stroke's other end is where it comes from elsewhere
MOST_TONES = 64
LUMA = np.array([0.299, 0.587, 0.114])


@dataclass(frozen=True)
class Marks:
    """The marks of one drawing."""

    strokes: int  # times the pen goes down
    stray_mm2_per_cm2: float | None  # ink on paper that should stay bare; None where there is hardly any such paper
    bare_cm2: float
    rays_mm2_per_cm2: float | None  # ink in light even areas by strokes from darker areas
    frame_ink: float  # share of all ink
    folded: float  # share of all ink, exactly on the edge of the frame
    overdrawn: float  # share of all ink
    hidden: int  # strokes
    off_form_deg: float | None  # 0 along the form, 45 at random, 90 across; None where nothing has a direction
    lone: int  # strokes


@dataclass(frozen=True)
class Stroke:
    """A line of one pen, in drawing order."""

    line: NDArray[np.float64]  # [S, 2] mm
    nib_mm: float
    tone: int  # number of its colour among the drawing's inks
    opaque: bool

    @property
    def ink_mm2(self) -> float:
        """Area of the line as a round nib draws it, with crossings counted twice, mm2."""
        return self.nib_mm * length_mm(self.line) + np.pi * self.nib_mm**2 / 4


def marks(drawing: Drawing, frame: "Frame", target: Target) -> Marks:
    """All marks of a drawing. ValueError where colours are free, because no pen draws those."""
    strokes = strokes_of(drawing)
    ink = inked(strokes, frame)
    bare = bare_paper(target, drawing.paper, frame)
    bare_cm2 = float(bare.mean()) * frame.width_mm * frame.height_mm / 100
    return Marks(
        strokes=len(strokes),
        stray_mm2_per_cm2=stray_mm2(ink, bare) / bare_cm2 if bare_cm2 >= LEAST_CM2 else None,
        bare_cm2=bare_cm2,
        rays_mm2_per_cm2=rays(strokes, frame, target),
        frame_ink=frame_ink(strokes, frame),
        folded=frame_ink(strokes, frame, FOLDED_BAND_MM),
        overdrawn=ink.overdrawn_px / max(ink.drawn_px, 1),
        hidden=ink.hidden,
        off_form_deg=off_form_deg(strokes, frame, target),
        lone=lone(strokes, frame, target),
    )


def strokes_of(drawing: Drawing) -> list[Stroke]:
    """All strokes, first to last. ValueError where colours are free, or where there are too many inks."""
    if drawing.is_free:
        raise ValueError("the colours of this drawing are free, but only pens make marks")
    tones = {part.pen.colour.lower(): 0 for part in drawing.passes}
    tones = {colour: number for number, colour in enumerate(tones)}
    if len(tones) > MOST_TONES:
        raise ValueError(f"{len(tones)} inks; at most {MOST_TONES} are supported")
    return [
        Stroke(line, width_mm, tones[part.pen.colour.lower()], part.pen.ink is Ink.OPAQUE)
        for part in drawing.passes
        for line, _, width_mm in part.styled()
    ]


# --- ink, counted -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Inked:
    """Where there is ink, and how much of it was useful."""

    covered: NDArray[np.bool_]  # [h, w], INK_PX_PER_MM
    drawn_px: int  # of all strokes, including overlaps
    overdrawn_px: int  # of those, on pixels where the same ink was already on top
    hidden: int  # strokes that later ones hide completely


def inked(strokes: list[Stroke], frame: "Frame") -> Inked:
    """Draw all strokes with hard edges. Transparent ink hides nothing."""
    shape = (max(1, round(frame.height_mm * INK_PX_PER_MM)), max(1, round(frame.width_mm * INK_PX_PER_MM)))
    if not strokes:
        return Inked(np.zeros(shape, bool), 0, 0, 0)
    lengths = [len(stroke.line) for stroke in strokes]
    points = np.concatenate([stroke.line for stroke in strokes])
    covered, drawn, overdrawn, hidden = _inked(
        (points - [frame.x_mm, frame.y_mm]) * INK_PX_PER_MM,
        np.concatenate([[0], np.cumsum(lengths)]),
        np.array([stroke.nib_mm * INK_PX_PER_MM / 2 for stroke in strokes]),
        np.array([stroke.tone for stroke in strokes], np.uint64),
        np.array([stroke.opaque for stroke in strokes]),
        *shape,
    )
    return Inked(covered, int(drawn), int(overdrawn), int(hidden))


@njit(cache=True)
def _inked(points, offsets, radii, tones, opaque, height, width):  # type: ignore[no-untyped-def]
    count = len(radii)
    on_top = np.zeros(height * width, np.uint64)  # one bit for each ink
    stamp = np.full(height * width, -1, np.int32)
    found = np.empty(height * width, np.int32)
    drawn = overdrawn = hidden = 0
    for stroke in range(count):
        bit = np.uint64(1) << tones[stroke]
        many = _pixels(
            points[offsets[stroke] : offsets[stroke + 1]], radii[stroke], stamp, stroke, found, height, width
        )
        drawn += many
        for pixel in found[:many]:
            if on_top[pixel] & bit:
                overdrawn += 1
            on_top[pixel] = bit if opaque[stroke] else on_top[pixel] | bit
    under = np.zeros(height * width, np.bool_)  # opaque ink of a later stroke
    for stroke in range(count - 1, -1, -1):
        line = points[offsets[stroke] : offsets[stroke + 1]]
        many = _pixels(line, radii[stroke], stamp, count + stroke, found, height, width)
        seen = 0
        for pixel in found[:many]:
            seen += not under[pixel]
            under[pixel] |= opaque[stroke]
        hidden += seen == 0
    return (on_top > 0).reshape(height, width), drawn, overdrawn, hidden


@njit(cache=True)
def _pixels(line, radius, stamp, number, found, height, width):  # type: ignore[no-untyped-def]
    """Find the pixels whose centre is under a stroke, each once."""
    many = 0
    for end in range(max(1, len(line) - 1)):
        x0, y0 = line[end]
        x1, y1 = line[min(end + 1, len(line) - 1)]
        dx, dy = x1 - x0, y1 - y0
        square = dx * dx + dy * dy
        for row in range(max(0, int(min(y0, y1) - radius)), min(height, int(max(y0, y1) + radius) + 2)):
            for column in range(max(0, int(min(x0, x1) - radius)), min(width, int(max(x0, x1) + radius) + 2)):
                x, y = column + 0.5 - x0, row + 0.5 - y0
                along = min(max((x * dx + y * dy) / square, 0.0), 1.0) if square > 0 else 0.0
                if (x - along * dx) ** 2 + (y - along * dy) ** 2 > radius * radius:
                    continue
                pixel = row * width + column
                if stamp[pixel] != number:
                    stamp[pixel] = number
                    found[many] = pixel
                    many += 1
    return many


# --- paper ------------------------------------------------------------------------------------------------------------


def bare_paper(target: Target, paper: str, frame: "Frame") -> NDArray[np.bool_]:  # [H, W]
    """Where the picture `[H, W, 3]` has the colour of the paper, with a clearance from everything else."""
    from scipy.ndimage import distance_transform_edt

    colour = np.array([int(paper[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    bare = np.abs(target - colour).max(2) <= BARE_DIFFERENCE
    if bare.all():
        return bare
    mm_per_px = frame.height_mm / len(target)
    return np.asarray(distance_transform_edt(bare) * mm_per_px > BARE_CLEARANCE_MM)


def stray_mm2(ink: Inked, bare: NDArray[np.bool_]) -> float:
    """Area of ink where the paper `bare [H, W]` should stay bare, mm2."""
    rows, columns = (
        (np.arange(many) + 0.5) * there / many for many, there in zip(ink.covered.shape, bare.shape, strict=True)
    )
    wanted = bare[rows.astype(int)[:, None], columns.astype(int)]
    return float((ink.covered & wanted).sum()) / INK_PX_PER_MM**2


# --- lines ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pieces:
    """Strokes cut into short straight pieces; a dot has none."""

    middle: NDArray[np.float64]  # [N, 2] mm
    along: NDArray[np.float64]  # [N, 2] mm
    nib_mm: NDArray[np.float64]  # [N]
    owner: NDArray[np.int64]  # [N], the number of the stroke

    @property
    def ink_mm2(self) -> NDArray[np.float64]:  # [N]
        """Area of each piece."""
        return np.hypot(*self.along.T) * self.nib_mm


def pieces(strokes: list[Stroke]) -> Pieces:
    """The pieces of all strokes that are lines."""
    cut = [(number, *_cut(one.line)) for number, one in enumerate(strokes) if not is_dot(one.line)]
    if not cut:
        return Pieces(np.empty((0, 2)), np.empty((0, 2)), np.empty(0), np.empty(0, np.int64))
    numbers, middle, along = zip(*cut, strict=True)
    owner = np.repeat(np.array(numbers), [len(one) for one in middle])
    nib_mm = np.array([one.nib_mm for one in strokes])[owner]
    return Pieces(np.concatenate(middle), np.concatenate(along), nib_mm, owner)


def _cut(line: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Middles and directions of the pieces of a line."""
    step = np.diff(line, axis=0)
    many = np.maximum(1, np.ceil(np.hypot(*step.T) / PIECE_MM)).astype(int)
    segment = np.repeat(np.arange(len(step)), many)
    number = np.arange(len(segment)) - np.repeat(np.cumsum(many) - many, many)
    along = step[segment] / many[segment, None]
    return line[:-1][segment] + along * (number[:, None] + 0.5), along


def frame_ink(strokes: list[Stroke], frame: "Frame", band_mm: float = FRAME_BAND_MM) -> float:
    """Share of all ink in lines that run along the edge of the frame, as far out as the pen may go."""
    cut = pieces(strokes)
    total = sum(stroke.ink_mm2 for stroke in strokes)
    if not total or not len(cut.middle):
        return 0.0
    reach_mm = np.zeros(len(cut.nib_mm)) if frame.overhang else cut.nib_mm / 2
    x_mm, y_mm = (cut.middle - [frame.x_mm, frame.y_mm]).T
    angle = np.degrees(np.arctan2(np.abs(cut.along[:, 1]), np.abs(cut.along[:, 0])))
    beside = _at_bound(x_mm, frame.width_mm, reach_mm, band_mm) & (angle > 90 - PARALLEL_DEG)
    above = _at_bound(y_mm, frame.height_mm, reach_mm, band_mm) & (angle < PARALLEL_DEG)
    return float(cut.ink_mm2[beside | above].sum()) / total


def _at_bound(
    place_mm: NDArray[np.float64],  # [N]
    side_mm: float,
    reach_mm: NDArray[np.float64],  # [N]
    band_mm: float,
) -> NDArray[np.bool_]:  # [N]
    return np.abs(np.minimum(place_mm, side_mm - place_mm) - reach_mm) <= band_mm


def rays(strokes: list[Stroke], frame: "Frame", target: Target) -> float | None:
    """Ink in light even areas, mm2 per cm2, of strokes that also run over something clearly darker."""
    light = even_areas(target) & (target @ LUMA >= LIGHT)
    light_cm2 = float(light.mean()) * frame.width_mm * frame.height_mm / 100
    if light_cm2 < LEAST_CM2:
        return None
    cut = pieces(strokes)
    at = _pixel(cut.middle, frame, light.shape)
    grey = (target @ LUMA)[at]
    darkest = np.ones(len(strokes))
    np.minimum.at(darkest, cut.owner, grey)
    astray = light[at] & (darkest[cut.owner] < grey - DARKER)
    return float(cut.ink_mm2[astray].sum()) / light_cm2


def off_form_deg(strokes: list[Stroke], frame: "Frame", target: Target) -> float | None:
    """Mean angle between lines and the form under them, weighted by ink and by how clear the form is."""
    cut = pieces(strokes)
    form, clear = form_of(target)
    at = _pixel(cut.middle, frame, form.shape)
    weight = cut.ink_mm2 * clear[at]
    if not weight.sum() > 0:
        return None
    angle = np.abs(np.arctan2(cut.along[:, 1], cut.along[:, 0]) - form[at]) % np.pi
    return float(np.degrees(np.average(np.minimum(angle, np.pi - angle), weights=weight)))


def form_of(target: Target) -> tuple[Grid, Grid]:  # [H, W, 3] -> [H, W], [H, W]
    """Direction in which the picture changes least, in radians, and how clear it is, 0 to 1: the structure tensor."""
    from scipy.ndimage import gaussian_filter

    grey = target @ LUMA
    down, right = (gaussian_filter(grey, GRADIENT_PX, order=order, mode="nearest") for order in ((1, 0), (0, 1)))
    xx, yy, xy = (gaussian_filter(each, TENSOR_PX, mode="nearest") for each in (right**2, down**2, right * down))
    form = 0.5 * np.arctan2(2 * xy, xx - yy) + np.pi / 2
    return np.asarray(form), np.asarray(np.hypot(xx - yy, 2 * xy) / (xx + yy + TENSOR_FLOOR))


def lone(strokes: list[Stroke], frame: "Frame", target: Target) -> int:
    """The number of strokes that are alone, for at least half of their length, where the picture is even."""
    from scipy.spatial import cKDTree

    if not strokes:
        return 0
    spacing = [_spaced(stroke) for stroke in strokes]
    owner = np.repeat(np.arange(len(strokes)), [len(points) for points in spacing])
    points = np.concatenate(spacing)
    even = even_areas(target)[_pixel(points, frame, target.shape[:2])]
    alone = np.zeros(len(points), bool)
    reach_mm = np.array([LONE_NIBS * stroke.nib_mm for stroke in strokes])[owner[even]]
    if even.any():
        many = min(len(points), 4 * int(2 * LONE_NIBS))  # a stroke's own points are a nib apart
        distance, near = cKDTree(points).query(points[even], many)
        others = (owner[near.reshape(len(reach_mm), -1)] != owner[even][:, None]) & (
            distance.reshape(len(reach_mm), -1) <= reach_mm[:, None]
        )
        alone[even] = ~others.any(1)
    return int((np.bincount(owner, alone) >= 0.5 * np.bincount(owner)).sum())


def even_areas(target: Target) -> NDArray[np.bool_]:  # [H, W]
    """Where the picture has little local contrast."""
    from scipy.ndimage import gaussian_filter

    grey = target @ LUMA
    mean, square = (gaussian_filter(each, EVEN_PX, mode="nearest") for each in (grey, grey**2))
    return np.asarray(square - mean**2 < EVEN_CONTRAST**2)


def _spaced(stroke: Stroke) -> NDArray[np.float64]:  # [N, 2] mm
    """Points along a stroke, a nib apart."""
    if is_dot(stroke.line):
        return stroke.line[:1]
    walked = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(stroke.line, axis=0).T))])
    places = np.linspace(0, walked[-1], 1 + max(1, round(walked[-1] / stroke.nib_mm)))
    return np.stack([np.interp(places, walked, axis) for axis in stroke.line.T], 1)


def _pixel(points: NDArray[np.float64], frame: "Frame", shape: tuple[int, ...]) -> Any:
    """Row and column of each point in a grid over the frame."""
    x, y = ((points - [frame.x_mm, frame.y_mm]) / [frame.width_mm, frame.height_mm]).T
    return (y * shape[0]).astype(int).clip(0, shape[0] - 1), (x * shape[1]).astype(int).clip(0, shape[1] - 1)

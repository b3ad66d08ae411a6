"""A picture, its pens and a frame -> the strokes and lengths that the picture needs in each layer, and within a budget.

The picture needs an area under ink. Divided by the width of a stroke it is a length, which is cut into strokes.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hardware.pen import Ink, Pen
from renderer.colours import from_hex
from renderer.planning.cost import Sketch
from renderer.spec import (
    Areas,
    Artwork,
    Budget,
    FreeColours,
    Halftone,
    Layer,
    OneLine,
    RackPens,
    Scribble,
    Spiral,
    Waves,
)
from renderer.spec.kinds import (
    AREAS,
    CURVE_LONGER,
    LEVELS,
    LOOP,
    MOST_POINTS,
    MOST_STROKES,
    PITCH_NIBS,
    RADIUS_NIBS,
    ROW_NIBS,
    TOUR,
    TURN_NIBS,
    is_open,
)
from renderer.target import Frame

# A line of about 30 nibs reads as a direction, and a form as wide as ten nibs still bends it.
MEAN_NIBS = 30.0
LEAST_MEAN_MM = 4.0  # with shorter strokes, a machine lifts its pen for longer than it draws
MOST_MEAN_SHARE = 0.045  # of the frame's longer side: longer strokes run across eyes and mouths
MOST_OF_MEAN = 1.8  # longest stroke, in means: a long contour can use what is saved elsewhere
LIFT_OF_MEAN = 0.4  # of the mean length: if a lift costs so much, strokes come out as long as planned
MOST_OF_USUAL = 2.0  # longest stroke, in usual lengths for the count
# Strokes are scarce if they need more than the share ENOUGH of their usual length to carry the ink. Their scarcity is
# the ratio of the two: LONGER_POWER of it is how much longer they can become, LIFT_POWER how much more a lift costs.
ENOUGH, LONGER_POWER, LIFT_POWER = 0.9, 2.0, 8.0
LIMIT_USED = 0.6  # mean length of strokes, as a share of a limit in the spec
# Strokes cross each other, and colours are drawn over each other to correct them: the gallery's artworks that were
# tuned by hand have 1.15 times (one pen) and 1.8 to 3.3 times (several pens) the ink that would cover their area once.
# Fine pens hatch beside rather than over each other: they draw four fifths of what 1.8 plans.
ONE_PEN_OVERLAP, PENS_OVERLAP, FINE_PENS_OVERLAP = 1.15, 1.8, 1.45
DOTS_OVERLAP = 1.2  # evenly spread dots that cover an area overlap a little
BROAD = 0.012  # of the frame's shorter side: opaque dots of wider nibs cover, others stipple
DRAWN = 0.25  # lines and curves for each dot below them: the flagship's 500 curves on 2000 dots
PAINT_MM = 0.8  # wider nibs paint; finer ones hatch or stipple
SPOTS = 2500  # dots of paint that make a picture in half an hour
SPOT_NIBS = 4.0  # diameter of the widest spot, in nibs; wider ones are small drawings
DRAWN_SHORTER = 0.7  # of the usual length: these strokes draw details, and the dots must stay visible
LEAST_LEFT = 0.25  # of the ink, for planned layers where explicit ones take all
CLOSE_TO_PAPER = 0.1  # RGB distance from the paper below which an ink is a highlight, and a pixel needs hardly any ink
SHORTEST_NIBS, SHORTEST_MM = 4.0, 1.5  # shortest strokes that an ample budget makes: shorter ones would be dots
MORE_DOTS = 1.5  # enough to cover the area once is plenty; an ample budget buys half as many again
LONGER = 2.0  # times the mean length, where the number of strokes is scarce
LINE_AREA = 0.6  # of the frame, the part that one line runs through
COARSEST_NIBS, FINEST_NIBS = 5.5, 2.5  # pitch of a screen that a budget can make
# A screen has dots only where its pen is wanted: in so many times the share of the frame that is to be covered, and
# with several pens so many dots to a place (measured on three pictures in one to six pens).
SHOWN, TOGETHER = 2.5, 2.0


def pens_of(artwork: Artwork, layer: Layer) -> tuple[Pen, ...]:
    """All pens that a layer may use. Free colours give two pens, for the thinnest and the widest stroke."""
    match artwork.pens_of(layer):
        case FreeColours(widths_mm=widths_mm, ink=ink):
            return tuple(Pen(name="free", colour="#000000", nib_mm=width_mm, ink=ink) for width_mm in widths_mm)
        case pens:
            return pens.pens


def thinnest_nib_mm(artwork: Artwork) -> float:
    """The width of the thinnest stroke that any layer may draw, mm."""
    return min(pen.nib_mm for layer in artwork.layers for pen in pens_of(artwork, layer))


def inks_of(artwork: Artwork) -> tuple[str, ...]:
    """The colours that could be used; for free colours black and white, one of which is far from any paper."""
    layers = [layer for layer in artwork.layers if isinstance(artwork.pens_of(layer), RackPens)]
    if not layers:
        return ("#000000", "#ffffff")
    return tuple(dict.fromkeys(pen.colour for layer in layers for pen in pens_of(artwork, layer)))


# --- what the picture needs -------------------------------------------------------------------------------------------


def wanted_share(
    picture: NDArray[np.float32],  # [3, H, W] sRGB in [0, 1]
    paper: str,
    inks: tuple[str, ...],
) -> float:
    """The share of the area that needs ink: a pixel's distance from the paper, over that of the farthest ink.

    It is a rough estimate: between bare paper and full ink, bare paper makes the tone.
    """
    bare = from_hex(paper)
    reach = max((float(np.linalg.norm(from_hex(ink) - bare)) for ink in inks), default=0.0)
    distance = np.linalg.norm(picture - bare[:, None, None], axis=0)
    return float(np.minimum(distance / max(reach, 1 / 255), 1).mean())


def matched_share(
    picture: NDArray[np.float32],  # [3, H, W] sRGB in [0, 1]
    paper: str,
    inks: tuple[str, ...],
) -> float:
    """The same, with the ink that matches each pixel best: a blue sky needs all of its area under blue.

    For a pixel p on paper b, ink i covers the share t = (p - b).(i - b) / |i - b|^2, limited to 0 to 1. Of all inks,
    the one whose b + t (i - b) is nearest to p counts.
    """
    bare = from_hex(paper)
    ways = np.array([from_hex(ink) - bare for ink in inks])  # [I, 3]
    ways = ways[np.linalg.norm(ways, axis=1) >= CLOSE_TO_PAPER]
    off = (picture - bare[:, None, None]).reshape(3, -1).astype(np.float64)  # [3, P]
    if not len(ways):
        return 0.0
    shares = (ways @ off / (ways**2).sum(1)[:, None]).clip(0, 1)  # [I, P]
    left = shares**2 * (ways**2).sum(1)[:, None] - 2 * shares * (ways @ off)  # squared distance, without |p - b|^2
    best = np.take_along_axis(shares, left.argmin(0)[None], 0)[0]
    return float(np.where(np.linalg.norm(off, axis=0) < CLOSE_TO_PAPER / 2, 0, best).mean())


def covered_share(artwork: Artwork, picture: NDArray[np.float32]) -> float:
    """The share of the area that this artwork's strokes should cover. `picture` is `[3, H, W]`."""
    paper, inks = artwork.canvas.colour, inks_of(artwork)
    if all(isinstance(artwork.pens_of(layer), FreeColours) for layer in artwork.layers):
        off = np.linalg.norm(picture - from_hex(paper)[:, None, None], axis=0)
        return float((off >= CLOSE_TO_PAPER / 2).mean())  # any tone but the paper's needs its own colour
    return max(wanted_share(picture, paper, inks), matched_share(picture, paper, inks))


# --- in strokes -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wish:
    """The layers as the picture needs them, whatever they cost; explicit layers stay as they are."""

    sketches: tuple[Sketch, ...]
    is_auto: tuple[bool, ...]
    longest_mm: tuple[float, ...]  # greatest mean length of each layer's strokes
    caps: tuple[int, ...]  # greatest count of each layer

    def scaled(self, scale: float, *, lengthen: bool = False) -> tuple[Sketch, ...]:
        """The layers with fewer strokes (`scale` below 1), or with more and shorter ones and the same ink.

        `lengthen` makes fewer strokes longer, to carry the ink.
        """
        layers = zip(self.sketches, self.is_auto, self.longest_mm, self.caps, strict=True)
        return tuple(
            _scaled(sketch, scale, longest_mm if lengthen else sketch.length_mm, cap) if is_auto else sketch
            for sketch, is_auto, longest_mm, cap in layers
        )

    @property
    def most(self) -> float:
        """The scale beyond which more strokes help no layer."""
        of = [_most(sketch) for sketch, is_auto in zip(self.sketches, self.is_auto, strict=True) if is_auto]
        return max([1.0, *of])


def _scaled(sketch: Sketch, scale: float, longest_mm: float, cap: int) -> Sketch:
    if sketch.spot_mm is not None:
        return _screened(sketch, scale)
    if sketch.traits.tones:  # the same rows, and less or more of waves between them
        return replace(sketch, length_mm=min(scale, 1.0) * sketch.length_mm)
    scale = min(scale, _most(sketch))
    count = min(max(1, round(scale * sketch.count)), cap)
    if sketch.traits.is_dots:
        return replace(sketch, count=count)
    ends_mm = _ends_mm(sketch)
    length_mm = (sketch.length_mm + ends_mm) / scale - ends_mm  # so that all together have as much ink as before
    return replace(sketch, count=count, length_mm=length_mm if scale > 1 else min(length_mm, longest_mm))


def _screened(sketch: Sketch, scale: float) -> Sketch:
    """A screen that is finer or coarser, with larger dots and as much ink; one that would be too coarse is lighter.

    Lifts take most of a screen's time. Dots that would be smaller than the nib are fewer instead.
    """
    assert sketch.spot_mm is not None
    coarsest = (PITCH_NIBS / COARSEST_NIBS) ** 2
    share = min(max(scale, coarsest), _most(sketch))
    paid_mm2 = min(1.0, scale / coarsest) * sketch.ink_mm2
    finer = replace(sketch, count=max(1, round(share * sketch.count)))
    spot_mm = max(math.sqrt(4 * paid_mm2 / (math.pi * finer.strokes)), _nib_mm(sketch))
    return replace(finer, spot_mm=spot_mm, screens=paid_mm2 / (math.pi / 4 * spot_mm**2 * finer.count))


def _nib_mm(sketch: Sketch) -> float:
    return sum(pen.nib_mm for pen in sketch.pens) / len(sketch.pens)


def _ends_mm(sketch: Sketch) -> float:
    """The length of line that has as much ink as the two round ends of a stroke, mm."""
    return math.pi / 4 * sketch.width_mm


def _most(sketch: Sketch) -> float:
    if sketch.traits.has_sizes:
        return (PITCH_NIBS / FINEST_NIBS) ** 2
    if sketch.traits.tones:
        return 1.0
    if sketch.traits.is_dots:
        return MORE_DOTS
    shortest_mm, ends_mm = max(SHORTEST_NIBS * sketch.width_mm, SHORTEST_MM), _ends_mm(sketch)
    return max(1.0, (sketch.length_mm + ends_mm) / (shortest_mm + ends_mm))


def wish(artwork: Artwork, area: Frame, share: float) -> Wish:
    """What the picture needs of each layer, if `share` of the frame is to be covered."""
    area_mm2 = area.width_mm * area.height_mm
    sketches = [_sketch(artwork, layer, area) for layer in artwork.layers]
    taken_mm2 = sum(one.ink_mm2 for one, layer in zip(sketches, artwork.layers, strict=True) if not layer.is_auto)
    ink_mm2 = max(share * area_mm2 - taken_mm2, LEAST_LEFT * share * area_mm2)
    tone = [n for n, layer in enumerate(artwork.layers) if layer.is_auto and not draws(artwork, n)]
    caps = [_cap(layer, sketch) for layer, sketch in zip(artwork.layers, sketches, strict=True)]
    for number in tone:
        sketches[number] = _covering(sketches[number], ink_mm2 / len(tone), area)
    for number, layer in enumerate(artwork.layers):
        if layer.is_auto:
            if number not in tone:
                dots = sum(one.count for one in sketches[:number] if one.traits.is_dots)
                length_mm = DRAWN_SHORTER * sketches[number].length_mm
                sketches[number] = replace(sketches[number], count=max(1, round(DRAWN * dots)), length_mm=length_mm)
            sketches[number] = replace(sketches[number], count=min(sketches[number].count, caps[number]))
    longest = [_longest_mm(one, area) for one in sketches]
    return Wish(tuple(sketches), tuple(layer.is_auto for layer in artwork.layers), tuple(longest), tuple(caps))


def draws(artwork: Artwork, number: int) -> bool:
    """Whether a layer draws over dots that carry the tone."""
    is_dots = [layer.traits.is_dots for layer in artwork.layers]
    return not is_dots[number] and any(is_dots[:number])


def _sketch(artwork: Artwork, layer: Layer, area: Frame) -> Sketch:
    """The layer with the usual length of its strokes, and with one stroke where the count is open."""
    pens, choice = pens_of(artwork, layer), artwork.pens_of(layer)
    passes = 1 if isinstance(choice, FreeColours) else choice.use or len(pens)
    sketch = Sketch(layer.kind, pens, passes, 1, 0.0)
    if layer.is_auto:
        return replace(sketch, length_mm=_mean_mm(sketch, area))
    usual_mm = 0.0 if sketch.traits.is_dots else area.usual_length_mm(layer.count)
    usual_mm = min(usual_mm, sketch.traits.limit_mm or math.inf)
    return replace(sketch, count=layer.count, length_mm=usual_mm)


def _covering(sketch: Sketch, ink_mm2: float, area: Frame) -> Sketch:
    """Enough strokes to cover this area; where there would be too many dots of paint, they become spots."""
    if sketch.traits.tones:
        return _toned(sketch, ink_mm2, area)
    sketch = _spotted(sketch, ink_mm2, area)
    ink_mm2 *= _overlap(sketch, area)
    return replace(sketch, count=max(1, round(ink_mm2 / replace(sketch, count=1).ink_mm2)))


def _toned(sketch: Sketch, ink_mm2: float, area: Frame) -> Sketch:
    """Rows, turns, levels, points or dots by the nib; what they draw is as long as the tones want."""
    area_mm2, nib_mm = area.width_mm * area.height_mm, sketch.width_mm
    line_mm = ink_mm2 / nib_mm
    match sketch.kind:
        case OneLine():
            count = min((line_mm / TOUR) ** 2 / (LINE_AREA * area_mm2), MOST_POINTS)
        case Scribble(radius_mm=radius_mm):
            count = line_mm / (LOOP * (radius_mm or RADIUS_NIBS * nib_mm))
        case Spiral():
            count = min(area.width_mm, area.height_mm) / 2 / (TURN_NIBS * nib_mm)
        case Waves():
            count = area.height_mm / (ROW_NIBS * nib_mm)
        case Halftone():
            count = area_mm2 / (PITCH_NIBS * nib_mm) ** 2
            screens = min(sketch.passes, TOGETHER) * min(1.0, SHOWN * ink_mm2 / area_mm2)
            spot_mm = max(math.sqrt(4 * ink_mm2 / (math.pi * max(count, 1) * screens)), nib_mm)
            return replace(sketch, count=max(1, round(count)), length_mm=0.0, spot_mm=spot_mm, screens=screens)
        case Areas():
            count = AREAS
        case _:
            count = LEVELS
    whole = max(1, round(count))
    return replace(sketch, count=whole, length_mm=line_mm / whole)


def _overlap(sketch: Sketch, area: Frame) -> float:
    """How many times strokes must cover an area so that none of it stays bare."""
    if not sketch.traits.is_dots:
        several = FINE_PENS_OVERLAP if sketch.width_mm < PAINT_MM else PENS_OVERLAP
        return ONE_PEN_OVERLAP if len(sketch.pens) == 1 else several
    covers = sketch.pens[0].ink is Ink.OPAQUE and sketch.width_mm > BROAD * min(area.width_mm, area.height_mm)
    return DOTS_OVERLAP if covers else 1.0


def _spotted(sketch: Sketch, ink_mm2: float, area: Frame) -> Sketch:
    """Dots with a larger diameter, where nibs of paint are too thin to cover the sheet with single touches."""
    kind, nib_mm = sketch.kind, max(pen.nib_mm for pen in sketch.pens)
    if not is_open(kind, "diameter_mm"):
        return sketch
    is_paint = all(pen.ink is Ink.OPAQUE for pen in sketch.pens) and sketch.width_mm >= PAINT_MM
    if not is_paint or sketch.width_mm > BROAD * min(area.width_mm, area.height_mm):
        return sketch
    wide_mm = math.sqrt(4 * DOTS_OVERLAP * ink_mm2 / (math.pi * SPOTS))
    spot_mm = round(min(max(wide_mm, nib_mm), SPOT_NIBS * sketch.width_mm), 1)
    return replace(sketch, kind=kind.model_copy(update={"diameter_mm": spot_mm})) if spot_mm > nib_mm else sketch


def _cap(layer: Layer, sketch: Sketch) -> int:
    each = layer.cost.most_per_pen
    return MOST_STROKES if each is None else min(MOST_STROKES, each * sketch.passes)


def _mean_mm(sketch: Sketch, area: Frame) -> float:
    """A sensible mean length of strokes, mm."""
    if sketch.traits.is_dots:
        return 0.0
    usual_mm = sketch.traits.longer * min(max(MEAN_NIBS * sketch.width_mm, LEAST_MEAN_MM), _most_mean_mm(area))
    return min(usual_mm, LIMIT_USED * (sketch.traits.limit_mm or math.inf))


def _longest_mm(sketch: Sketch, area: Frame) -> float:
    """The greatest mean length where strokes are scarce, mm."""
    if sketch.traits.is_dots:
        return 0.0
    limit_mm = LIMIT_USED * (sketch.traits.limit_mm or math.inf)
    return min(LONGER * sketch.length_mm, LONGER * CURVE_LONGER * _most_mean_mm(area), limit_mm)


def _most_mean_mm(area: Frame) -> float:
    return MOST_MEAN_SHARE * max(area.width_mm, area.height_mm)


def usual_width_mm(artwork: Artwork, layer: Layer) -> float:
    """The width of a layer's strokes, mm: the mean of the nibs that it may use, or that of its dots."""
    return Sketch(layer.kind, pens_of(artwork, layer), 1, 1, 0.0).width_mm


def lifts_mm(
    artwork: Artwork,
    area: Frame,
    share: float,  # of the frame, that strokes should cover
    sketches: tuple[Sketch, ...] | None = None,  # what was planned
) -> tuple[float, ...]:
    """For each layer, the length that costs as much as a pen lift: a share of its strokes' mean length; 0 for dots.

    Where a spec has few strokes for its picture, the number is scarce, and each stroke counts, however long it is.
    """
    if sketches is not None:
        return tuple(LIFT_OF_MEAN * sketch.length_mm for sketch in sketches)
    found = []
    for number, layer in enumerate(artwork.layers):
        sketch = _sketch(artwork, layer, area)
        if layer.traits.is_dots or layer.traits.limit_mm is not None:
            found.append(0.0)  # the spec gives number and length: each stroke goes where it helps most
            continue
        found.append(LIFT_OF_MEAN * _mean_mm(sketch, area) * _scarcity(artwork, number, area, share) ** LIFT_POWER)
    return tuple(found)


def longest_mm(
    artwork: Artwork,  # with its counts
    area: Frame,
    share: float,  # of the frame, that strokes should cover
) -> tuple[float, ...]:
    """For each layer, the longest stroke of the search, mm, if the layer's own limit allows; 0 for dots.

    The fewer strokes there are to carry the ink, the longer they can be.
    """
    found = []
    for number, layer in enumerate(artwork.layers):
        if layer.traits.is_dots:
            found.append(0.0)
            continue
        usual_mm = _sketch(artwork, layer, area).length_mm
        found.append(MOST_OF_USUAL * usual_mm * _scarcity(artwork, number, area, share) ** LONGER_POWER)
    return tuple(found)


def _scarcity(artwork: Artwork, number: int, area: Frame, share: float) -> float:
    """How scarce the strokes of a layer are; 1 where there are enough, or where dots below carry the tone."""
    if draws(artwork, number):
        return 1.0
    sketches = [_sketch(artwork, layer, area) for layer in artwork.layers]
    widths_mm = [one.count * one.width_mm for n, one in enumerate(sketches) if not draws(artwork, n)]
    needed_mm = share * area.width_mm * area.height_mm / sum(widths_mm)  # mean length that covers the share
    return max(1.0, needed_mm / (ENOUGH * sketches[number].length_mm))


# --- within a budget --------------------------------------------------------------------------------------------------

_HALVINGS = 14  # of the range of scales: within a ten-thousandth


def largest(most: float, cost: Callable[[float], float], budget: float) -> float | None:
    """The largest scale up to `most` whose cost is within the budget; None where even the smallest costs too much."""
    if cost(most) <= budget:
        return most
    low, high = 0.0, most
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if cost(middle) <= budget else (low, middle)
    return low or None


def usable(wanted: Wish, budget: Budget) -> float:
    """The largest scale that an ample budget is spent on. Metres of ink are never more than the picture needs."""
    return 1.0 if budget.unit == "metres" else wanted.most

"""A spec, before anything is fitted -> its strokes, time and warnings: whether it can show the picture."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hardware.drawing import Pen
from hardware.plurals import counted
from renderer.assets import AssetError, resolve, weights
from renderer.feasibility import LayerInk, Setup, percent, warnings_of
from renderer.planning import Decision, Planned, inks_of, pens_of, planned, thinnest_nib_mm, wanted_share
from renderer.planning.cost import Costs, costs
from renderer.planning.ink import wish
from renderer.spec import Artwork, FreeColours, Layer, Tone
from renderer.specfile import Work
from renderer.specfile.brush_warnings import brush_warnings
from renderer.target import Frame, Picture, fit_picture, frame, load_picture
from renderer.tone import cropped, toned

CUT = 0.03  # share of the picture that `cover` can cut off without a note
_COUNTED = {  # what the count of a mark is the number of
    "hatching": "{} hatches",
    "flow": "{} flow lines",
    "one_line": "a line through {} points",
    "scribble": "a scribble of {} loops",
    "spiral": "a spiral of {} turns",
    "waves": "{} rows of waves",
    "halftone": "{} dots of fitted sizes",
    "contours": "contours at {} levels",
    "areas": "up to {} areas",
}
_LEAST_SHARE = 0.005  # of the frame under ink, also for a picture that looks like bare paper
_LOOKED_AT_PX = 128  # longer side of the reduced picture whose colours are judged


@dataclass(frozen=True)
class LayerPlan:
    """One layer: its strokes, and how much of the frame they cover without overlaps."""

    name: str
    kind: str  # points, lines, curves
    count: int
    nibs_mm: tuple[float, float]  # thinnest and widest
    pens: str  # `8 of 24 pens`, `free colours`
    cover: float  # of the frame's area
    length_mm: float | None  # usual length of a stroke among so many, as `cover` assumes; None for points

    @property
    def text(self) -> str:
        """`2000 points of 4.5 mm can cover 143% of the area`; of a mark, `a line through 8000 points with 0.45 mm`."""
        low, high = self.nibs_mm
        nib = f"{low:g} mm" if low == high else f"{low:g} to {high:g} mm"
        if self.kind in _COUNTED:
            return f"{_COUNTED[self.kind].format(self.count)}, drawn with {nib}"
        length = "" if self.length_mm is None else f", at about {self.length_mm:.0f} mm each"
        strokes = counted(self.count, self.kind.removesuffix("s"))
        return f"{strokes} of {nib} can cover {percent(self.cover)} of the area{length}"


@dataclass(frozen=True)
class Plan:
    """What a drawing takes."""

    name: str
    title: str
    sheet_mm: tuple[float, float]
    frame: Frame
    layers: tuple[LayerPlan, ...]
    needed: float  # share of the area that the picture needs under ink
    minutes: float | None  # of the drawing, with pen changes; None where colours are free
    machine: str | None
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    decisions: tuple[Decision, ...]  # what the spec left open
    is_planned: bool  # whether counts were planned; else `minutes` is rougher
    tiles: str | None = None  # the sheets on which the drawing is distributed


def plan(work: Work) -> Plan:
    """The plan of a work. Reads the target, fetching it if necessary. Raises AssetError, TargetError, ProgramError."""
    source = resolve(work.artwork.target.image, work.folder)
    picture = cropped(load_picture(source.path, work.artwork.canvas.colour), work.artwork.target.crop)
    found = planned(work.artwork, picture)
    artwork, case = found.artwork, _case(found, picture)
    pens = [pens_of(artwork, layer) for layer in artwork.layers]
    rows = zip(artwork.layers, pens, case.loads, strict=True)
    return Plan(
        work.name,
        artwork.title,
        artwork.canvas.size_mm,
        case.area,
        tuple(_layer(artwork, layer, of_layer, load, case.area) for layer, of_layer, load in rows),
        case.needed,
        _minutes(work, _costs(found, case)),
        artwork.machine.name if artwork.machine else None,
        (*([source.note] if source.note else []), *remarks(artwork, picture)),
        (
            *found.warnings,
            *warnings_of(case),
            *brush_warnings(work),
            *_without_machine(artwork),
            *_without_weights(work),
        ),
        found.decisions,
        found.costs is not None,
        None if work.tiles is None else work.tiles.text,
    )


def spec_warnings(found: Planned, picture: Picture) -> tuple[str, ...]:
    """Why a planned drawing may not succeed. `picture` is `[H, W, 3]`, cropped."""
    return (*found.warnings, *warnings_of(_case(found, picture)))


def remarks(artwork: Artwork, picture: Picture) -> Iterator[str]:
    """Notes on what happens to the picture `[H, W, 3]` that may not be intended."""
    if artwork.target.fit != "cover":
        return
    width_mm, height_mm = (side - 2 * artwork.canvas.margin_mm for side in artwork.canvas.size_mm)
    aspects = picture.shape[1] / picture.shape[0], width_mm / height_mm
    cut = 1 - min(aspects) / max(aspects)
    if cut > CUT:
        sides = "left and right" if aspects[0] > aspects[1] else "top and bottom"
        yield f"`fit: cover` cuts off {percent(cut)} of the picture, {sides}; `fit: contain` shows all of it"


def _case(found: Planned, picture: Picture) -> Setup:
    artwork = found.artwork
    aspect = picture.shape[1] / picture.shape[0]
    area = frame(artwork.canvas, artwork.target.fit, aspect, thinnest_nib_mm(artwork))
    small = Frame(0, 0, area.width_mm, area.height_mm, _LOOKED_AT_PX / max(area.width_mm, area.height_mm))
    tone = artwork.target.tone
    assert isinstance(tone, Tone)
    target = toned(fit_picture(picture, small, artwork.target.fit), tone)
    needed = wanted_share(target, artwork.canvas.colour, inks_of(artwork))
    layers = zip(artwork.layers, found.lengths_mm, strict=True)
    loads = tuple(_load(layer, pens_of(artwork, layer), length_mm) for layer, length_mm in layers)
    return Setup(artwork, loads, area, needed, target.astype(np.float64), aspect)


def _without_weights(work: Work) -> Iterator[str]:
    try:
        weights.check(work.artwork, work.folder)
    except AssetError as error:
        yield str(error)


def _load(layer: Layer, pens: tuple[Pen, ...], mean_mm: float | None) -> LayerInk:
    spot_mm = layer.traits.spot_mm
    return LayerInk(layer.kind, (spot_mm,) if spot_mm else tuple(pen.nib_mm for pen in pens), mean_mm)


def _layer(artwork: Artwork, layer: Layer, pens: tuple[Pen, ...], load: LayerInk, area: Frame) -> LayerPlan:
    return LayerPlan(
        layer.name or layer.kind_name,
        load.name,
        layer.count,
        (min(load.widths_mm), max(load.widths_mm)),
        _pens_text(artwork, layer, pens),
        load.cover(area),
        load.length_mm(area, layer.count) or None,
    )


def _pens_text(artwork: Artwork, layer: Layer, pens: tuple[Pen, ...]) -> str:
    choice = artwork.pens_of(layer)
    if isinstance(choice, FreeColours):
        return "free colours"
    if choice.use is None or choice.use == len(pens):
        return counted(len(pens), "pen")
    return f"the best {choice.use} of {len(pens)} pens"


def _without_machine(artwork: Artwork) -> Iterator[str]:
    if not isinstance(artwork.pens, FreeColours) and artwork.machine is None:
        yield "the spec does not name a machine, so there will be no G-code and no plotting time"


def _costs(found: Planned, case: Setup) -> Costs | None:
    """The cost of the drawing: as planned, or of the counts that the spec has, at usual lengths; None without pens."""
    artwork = found.artwork
    if found.costs is not None or isinstance(artwork.pens, FreeColours):
        return found.costs
    sketches = wish(artwork, case.area, max(case.needed, _LEAST_SHARE)).scaled(1.0, lengthen=False)
    return costs(sketches, case.area.width_mm * case.area.height_mm, artwork.machine)


def _minutes(work: Work, cost: Costs | None) -> float | None:
    """Minutes with all pen changes: each sheet has its own."""
    if cost is None:
        return None
    sheets = len(work.sheet_names) or 1
    return cost.minutes + (sheets - 1) * cost.change_minutes

"""A spec, before anything is fitted -> what it takes, and whether its strokes can carry the picture."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hardware.arcs import spiral
from hardware.drawing import Drawing, Line, Pen, PenPass
from hardware.estimate import estimate
from hardware.program import program
from hardware.toolpath import clip
from renderer.assets import resolve
from renderer.colours import from_hex
from renderer.doubts import Case, Load, doubts, percent
from renderer.spec import Artwork, FreeColours, Layer, Points
from renderer.specfile import Work
from renderer.target import Frame, fit_picture, frame, load_picture
from renderer.tone import cropped, toned

_LOOKED_AT_PX = 128  # longer side of the picture whose colours are weighed


@dataclass(frozen=True)
class LayerPlan:
    """One layer: its strokes, and how much of the frame they cover if they do not lie over each other."""

    name: str
    kind: str  # points, lines, curves
    count: int
    nibs_mm: tuple[float, float]  # thinnest and widest
    pens: str  # `8 of 24 pens`, `free colours`
    cover: float  # of the frame's area
    length_mm: float | None  # that `cover` takes each stroke to have, as so many usually do; None for points

    @property
    def text(self) -> str:
        """`2000 points of 4.5 mm can cover 143% of the area`."""
        low, high = self.nibs_mm
        nib = f"{low:g} mm" if low == high else f"{low:g} to {high:g} mm"
        length = "" if self.length_mm is None else f", at about {self.length_mm:.0f} mm each"
        return f"{self.count} {self.kind} of {nib} can cover {percent(self.cover)} of the area{length}"


@dataclass(frozen=True)
class Plan:
    """What a work takes."""

    name: str
    title: str
    sheet_mm: tuple[float, float]
    frame: Frame
    layers: tuple[LayerPlan, ...]
    needed: float  # share of the area that the picture wants under ink
    minutes: float | None  # to make the dots; None without a machine or without dots
    machine: str | None
    notes: tuple[str, ...]
    warnings: tuple[str, ...]


def plan(work: Work) -> Plan:
    """What a work takes. Reads the target, which is fetched if it has to be. AssetError, TargetError."""
    artwork = work.artwork
    source = resolve(artwork.target.image, work.folder)
    picture = cropped(load_picture(source.path, artwork.canvas.colour), artwork.target.crop)
    pens = {number: _pens(artwork, layer) for number, layer in enumerate(artwork.layers)}
    thinnest_mm = min(pen.nib_mm for of_layer in pens.values() for pen in of_layer)
    area = frame(artwork.canvas, artwork.target.fit, picture.shape[1] / picture.shape[0], thinnest_mm)
    small = Frame(0, 0, area.width_mm, area.height_mm, _LOOKED_AT_PX / max(area.width_mm, area.height_mm))
    target = toned(fit_picture(picture, small, artwork.target.fit), artwork.target.tone)
    needed = wanted_share(target, artwork.canvas.colour, _inks(artwork))
    loads = tuple(_load(layer, pens[number]) for number, layer in enumerate(artwork.layers))
    layers = tuple(_layer(artwork, layer, pens[n], loads[n], area) for n, layer in enumerate(artwork.layers))
    case = Case(artwork, loads, area, needed, target.astype(np.float64), picture.shape[1] / picture.shape[0])
    minutes = _minutes(artwork, area)
    return Plan(
        work.name,
        artwork.title,
        artwork.canvas.size_mm,
        area,
        layers,
        needed,
        minutes,
        artwork.machine.name if artwork.machine else None,
        (source.note,) if source.note else (),
        (*doubts(case), *_without_machine(artwork)),
    )


def wanted_share(
    picture: NDArray[np.float32],  # [3, H, W] sRGB in [0, 1]
    paper: str,
    inks: tuple[str, ...],
) -> float:
    """Share of the area that has to carry ink: a pixel's distance from the paper, over that of the farthest ink.

    Rough, and meant to be: between bare paper and all ink, tone is made by leaving paper bare.
    """
    bare = from_hex(paper)
    reach = max((float(np.linalg.norm(from_hex(ink) - bare)) for ink in inks), default=0.0)
    distance = np.linalg.norm(picture - bare[:, None, None], axis=0)
    return float(np.minimum(distance / max(reach, 1 / 255), 1).mean())


def _inks(artwork: Artwork) -> tuple[str, ...]:
    """The colours that could be used; with free colours the two ends of grey, one of which is far from any paper."""
    if isinstance(artwork.pens, FreeColours):
        return ("#000000", "#ffffff")
    return tuple(pen.colour for layer in artwork.layers for pen in _pens(artwork, layer))


def _pens(artwork: Artwork, layer: Layer) -> tuple[Pen, ...]:
    """All pens that a layer may use. Free colours come as the thinnest and the widest stroke."""
    match artwork.pens_of(layer):
        case FreeColours(widths_mm=widths_mm, ink=ink):
            return tuple(Pen(name="free", colour="#000000", nib_mm=width_mm, ink=ink) for width_mm in widths_mm)
        case pens:
            return pens.pens


def _load(layer: Layer, pens: tuple[Pen, ...]) -> Load:
    spot_mm = layer.kind.diameter_mm if isinstance(layer.kind, Points) else None
    return Load(layer.kind, (spot_mm,) if spot_mm else tuple(pen.nib_mm for pen in pens))


def _layer(artwork: Artwork, layer: Layer, pens: tuple[Pen, ...], load: Load, area: Frame) -> LayerPlan:
    return LayerPlan(
        layer.name or layer.kind_name,
        load.name,
        layer.kind.count,
        (min(load.widths_mm), max(load.widths_mm)),
        _pens_text(artwork, layer, pens),
        load.cover(area),
        load.length_mm(area, layer.kind.count) or None,
    )


def _pens_text(artwork: Artwork, layer: Layer, pens: tuple[Pen, ...]) -> str:
    choice = artwork.pens_of(layer)
    if isinstance(choice, FreeColours):
        return "free colours"
    if choice.use is None or choice.use == len(pens):
        return f"{len(pens)} {'pen' if len(pens) == 1 else 'pens'}"
    return f"the best {choice.use} of {len(pens)} pens"


def _without_machine(artwork: Artwork) -> Iterator[str]:
    if not isinstance(artwork.pens, FreeColours) and artwork.machine is None:
        yield "the spec names no machine, so there will be no G-code and no plotting time"


def _minutes(artwork: Artwork, area: Frame) -> float | None:
    """Time to make the dots alone, as if they stood in rows: the fit decides where they really stand."""
    kinds = [(layer.kind, _pens(artwork, layer)[0]) for layer in artwork.layers if isinstance(layer.kind, Points)]
    if artwork.machine is None or isinstance(artwork.pens, FreeColours) or not kinds:
        return None
    passes = tuple(
        PenPass("points", pen, tuple(_rows(kind.count, area, spiral(kind.diameter_mm or pen.nib_mm, pen.nib_mm))))
        for kind, pen in kinds
    )
    drawing = clip(Drawing(*artwork.canvas.size_mm, artwork.canvas.colour, passes), artwork.machine.margin_mm)
    return estimate(program(drawing, artwork.machine), artwork.machine).seconds / 60


def _rows(count: int, area: Frame, dot: Line) -> Iterator[Line]:
    """Dots in rows over the frame, to and fro; `dot` [S, 2] mm is what the pen draws for one."""
    columns = max(1, round(math.sqrt(count * area.width_mm / area.height_mm)))
    rows = -(-count // columns)
    for number in range(count):
        row, column = divmod(number, columns)
        at = column if row % 2 == 0 else columns - 1 - column
        x_mm = area.x_mm + (at + 0.5) * area.width_mm / columns
        yield dot + np.array([x_mm, area.y_mm + (row + 0.5) * area.height_mm / rows])

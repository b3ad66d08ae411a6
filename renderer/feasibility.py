"""A spec and its picture's colours -> reasons why it may not work, each with its numbers and with what would work."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from hardware.pen import Ink, Pen
from renderer.colours import Colours, choose, from_hex, left_over, thinned, to_hex
from renderer.spec import PAPERS_MM, Artwork, FreeColours, Kind, RackPens, Traits, counted, kind_name, traits
from renderer.spec.kinds import MOST_STROKES, strokes_noun
from renderer.spec.sheet import MOST_PX
from renderer.target import Frame, TargetError, frame

MOST_NIB_MM = 30.0
MOST_PX_PER_MM = 40.0
THIN_PX = 0.8  # the fit hardly sees a stroke thinner than this
ENOUGH = 0.95  # share of the ink that the picture needs: the estimate is not more exact
LEAST_NEEDED = 0.1  # share of the area: little can be said about a sheet that stays nearly bare
TOO_MUCH = 8.0  # times the ink that the picture needs: most of it would be under or over other ink
COARSE = 0.1  # of the frame's shorter side: larger dots show no detail
OUT_OF_REACH = 0.75  # share of the difference from bare paper that the pens may leave
LEAST_SEEN = 0.15  # sRGB difference of ink from the paper, in any channel, that the eye finds
PLAIN = 0.05  # root mean square OKLab distance from bare paper of a picture that needs no pens


@dataclass(frozen=True)
class LayerInk:
    """The strokes of a layer: how many of which kind, how wide."""

    kind: Kind
    widths_mm: tuple[float, ...]  # of its pens or its dots
    mean_mm: float | None = None  # mean length of its strokes, if that is planned

    @property
    def width_mm(self) -> float:
        """The mean width, mm."""
        return sum(self.widths_mm) / len(self.widths_mm)

    @property
    def traits(self) -> Traits:
        """The traits of the kind of stroke."""
        return traits(self.kind)

    @property
    def name(self) -> str:
        """`points`, `lines` or `curves`."""
        return kind_name(self.kind)

    @property
    def noun(self) -> str:
        """What its strokes are called in a sentence."""
        return strokes_noun(self.kind)

    def length_mm(self, area: Frame, count: int) -> float:
        """The usual length of a stroke among `count`, mm; never above the limit of its kind."""
        if self.traits.is_dots:
            return 0.0
        if self.mean_mm is not None:
            return self.mean_mm
        return min(area.usual_length_mm(count), self.traits.limit_mm or math.inf)

    def cover(self, area: Frame, more: float = 1.0, wider: float = 1.0) -> float:
        """The share of the area that the strokes cover without overlaps, with `more` times as many, `wider` times."""
        count, width_mm = round(more * counted(self.kind)), wider * self.width_mm
        stroke_mm2 = self.length_mm(area, count) * width_mm + math.pi * (width_mm / 2) ** 2
        return count * stroke_mm2 / (area.width_mm * area.height_mm)


@dataclass(frozen=True)
class Setup:
    """The facts that the warnings are based on."""

    artwork: Artwork
    loads: tuple[LayerInk, ...]
    area: Frame
    needed: float  # share of the area that the picture needs under ink
    target: Colours  # [3, H, W]
    aspect: float  # of the picture, width / height

    def cover(self, area: Frame | None = None, more: float = 1.0, wider: float = 1.0) -> float:
        """The share of the area that all layers together cover."""
        return sum(load.cover(area or self.area, more, wider) for load in self.loads)

    @property
    def shorter_mm(self) -> float:
        return min(self.area.width_mm, self.area.height_mm)


def warnings_of(setup: Setup) -> Iterator[str]:
    """Warnings for a person before a fit; none where all is well."""
    yield from _too_little_ink(setup)
    yield from _too_much_ink(setup)
    yield from _too_thin(setup)
    yield from _too_coarse(setup)
    unseen = tuple(_unseen(setup))
    yield from unseen or _out_of_reach(setup)


# --- too little ink ---


def _too_little_ink(setup: Setup) -> Iterator[str]:
    cover = setup.cover()
    if any(load.traits.tones for load in setup.loads):
        return  # as much ink as the tones want
    if cover >= ENOUGH * setup.needed or percent(cover) == percent(setup.needed):
        return
    remedies = [remedy for remedy in (_more(setup), *_wider(setup), _smaller(setup)) if remedy]
    would_do = f"any of these would work: {', '.join(remedies)}" if remedies else "no single change is enough"
    yield (
        f"{_strokes(setup.loads)} cover {percent(cover)} of the area, but the picture needs about "
        f"{percent(setup.needed)} under ink: too much of the paper stays bare; {would_do}"
    )


def _too_much_ink(setup: Setup) -> Iterator[str]:
    cover = setup.cover()
    if any(load.traits.tones for load in setup.loads):
        return
    if cover <= TOO_MUCH * setup.needed or setup.needed < LEAST_NEEDED:
        return
    times = TOO_MUCH * setup.needed / cover / 2
    counts = [f"{_down(max(times * counted(load.kind), 1)):,.0f} {load.noun}" for load in setup.loads]
    yield (
        f"{_strokes(setup.loads)} cover {percent(cover)} of the area, {cover / setup.needed:.0f} times what the "
        f"picture needs under ink: most would be under or over others; "
        f"use about {' and '.join(counts)}, or `count: auto`"
    )


def _strokes(loads: tuple[LayerInk, ...]) -> str:
    """`2,000 points of 0.5 mm and 500 curves of 1.2 mm`."""
    names = [f"{counted(load.kind):,} {load.noun} of {load.width_mm:.2g} mm" for load in loads]
    return " and ".join(names)


def _more(setup: Setup) -> str | None:
    times = _least(lambda more: setup.cover(more=more) >= setup.needed)
    most = max(counted(load.kind) for load in setup.loads)
    if times is None or _up(times * most) > MOST_STROKES or not _pens_draw(setup, times):
        return None
    [load, *others] = setup.loads
    if others:
        return f"{_up(times):g} times as many strokes"
    return f"about {_up(times * most):,.0f} {load.noun}"


def _pens_draw(setup: Setup, more: float) -> bool:
    """Whether the pens of each layer may draw so many times its strokes: the spec can have a limit for each pen."""
    for layer, load in zip(setup.artwork.layers, setup.loads, strict=True):
        pens, most = setup.artwork.pens_of(layer), layer.cost.most_per_pen
        if most is not None and isinstance(pens, RackPens):
            wanted = _up(more * counted(load.kind))
            if (pens.use or len(pens.pens)) * most < wanted:
                return False
    return True


def _wider(setup: Setup) -> list[str]:
    times = _least(lambda wider: setup.cover(wider=wider) >= setup.needed)
    widest_mm = times and _up(times * max(load.width_mm for load in setup.loads))
    if times is None or widest_mm is None or widest_mm > min(MOST_NIB_MM, COARSE * setup.shorter_mm):
        return []
    [load, *others] = setup.loads
    if others:
        return [f"strokes {_up(times):g} times as wide"]
    dots = [f"dots of `diameter_mm: {widest_mm:g}`"] if load.traits.is_dots else []
    spot = load.traits.spot_mm is not None
    nib = "a nib" if len(set(load.widths_mm)) == 1 else "nibs"
    return dots if spot else [f"{nib} of {widest_mm:g} mm", *dots]


def _smaller(setup: Setup) -> str | None:
    """The largest named paper on which there are enough strokes."""
    canvas, fit = setup.artwork.canvas, setup.artwork.target.fit
    width_mm, height_mm = canvas.size_mm
    lies = "landscape" if width_mm > height_mm else "portrait"
    for paper in sorted(PAPERS_MM, key=lambda name: -math.prod(PAPERS_MM[name])):
        smaller = canvas.model_copy(update={"paper": paper, "orientation": lies})
        if math.prod(smaller.size_mm) >= width_mm * height_mm or min(smaller.size_mm) - 2 * canvas.margin_mm < 10:
            continue
        try:
            area = frame(smaller, fit, setup.aspect, min(setup.loads[0].widths_mm))
        except TargetError:  # a very long picture may leave no area
            continue
        if setup.cover(area) >= setup.needed:
            return f"paper {paper}"
    return None


def _least(enough: Callable[[float], bool]) -> float | None:
    """The least factor that is enough, within a hundredth; None where none is."""
    low, high = 1.0, 2.0
    while not enough(high):
        low, high = high, 2 * high
        if high > MOST_STROKES:
            return None
    while high > 1.01 * low:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


# --- too thin, too coarse ---


def _too_thin(setup: Setup) -> Iterator[str]:
    scale = setup.area.px_per_mm
    thinnest_mm = min(width_mm for load in setup.loads for width_mm in load.widths_mm)
    if thinnest_mm * scale >= THIN_PX:
        return
    finer = _up(1 / thinnest_mm)
    px = [round(side_mm * finer) for side_mm in (setup.area.width_mm, setup.area.height_mm)]
    remedies = [f"`px_per_mm: {finer:g}` ({px[0]} x {px[1]} px)"]
    if finer > MOST_PX_PER_MM or finer * max(setup.artwork.canvas.size_mm) > MOST_PX:
        remedies = []
    remedies.append(f"nibs of at least {_up(THIN_PX / scale):g} mm")
    yield (
        f"strokes of {thinnest_mm:g} mm are {thinnest_mm * scale:.2g} px wide in the fit, too thin to be "
        f"placed well; use {' or '.join(remedies)}"
    )


def _too_coarse(setup: Setup) -> Iterator[str]:
    largest_mm = max((max(load.widths_mm) for load in setup.loads if load.traits.is_dots), default=0.0)
    if largest_mm > COARSE * setup.shorter_mm:
        share = percent(largest_mm / setup.shorter_mm)
        most_mm = _down(COARSE * setup.shorter_mm)
        nib_mm = max((max(_nibs_mm(setup, at), default=0.0) for at in range(len(setup.loads))), default=0.0)
        finer = "" if nib_mm <= most_mm else " with finer pens"  # no dot can be smaller than its nib
        yield (
            f"dots of {largest_mm:g} mm are {share} of the frame's shorter side, {setup.shorter_mm:.3g} mm, and show "
            f"no detail; use dots of at most {most_mm:g} mm{finer} or larger paper"
        )


def _nibs_mm(setup: Setup, number: int) -> list[float]:
    """The nibs of the pens of a layer of dots; none where colours are free."""
    pens = setup.artwork.pens_of(setup.artwork.layers[number])
    is_dotted = setup.loads[number].traits.is_dots and isinstance(pens, RackPens)
    return [pen.nib_mm for pen in pens.pens] if is_dotted and isinstance(pens, RackPens) else []


# --- pens that cannot show the colours ---


def _unseen(setup: Setup) -> Iterator[str]:
    """Whether no pen shows on the paper, such as black on black, or transparent ink on dark paper."""
    paper = from_hex(setup.artwork.canvas.colour)
    pens = _chosen(setup, paper)
    drawn = [paper * from_hex(pen.colour) if pen.ink is Ink.TRANSPARENT else from_hex(pen.colour) for pen in pens]
    if not pens or max(float(np.abs(ink - paper).max()) for ink in drawn) > LEAST_SEEN:
        return
    names = f"the pen, {pens[0].name}, does" if len(pens) == 1 else f"the {len(pens)} pens do"
    clear = all(pen.ink is Ink.TRANSPARENT for pen in pens)
    instead = "opaque ink, such as rack: gelly_roll, or lighter paper" if clear else "other pens, or other paper"
    yield f"{names} not show on paper of {setup.artwork.canvas.colour}; use {instead}"


def _out_of_reach(setup: Setup) -> Iterator[str]:
    """Whether pens and paper, mixed in any proportion by dense or sparse strokes, come near the picture's colours."""
    paper = from_hex(setup.artwork.canvas.colour)
    pens = _chosen(setup, paper)
    if not pens:
        return
    pixels = thinned(setup.target.reshape(3, -1).T, 1000)
    bare, left = left_over(paper[None], pixels), left_over(_mixtures(pens, paper), pixels)
    share = math.sqrt(left.mean() / max(bare.mean(), 1e-12))
    if share <= OUT_OF_REACH or math.sqrt(bare.mean()) < PLAIN:
        return
    missing = to_hex((pixels * left[:, None]).sum(0) / left.sum())
    names = f"the pen, {pens[0].name}, leaves" if len(pens) == 1 else f"the {len(pens)} pens leave"
    yield (
        f"{names} {percent(share)} of the colour difference between bare paper and the picture, however many strokes "
        f"there are; add a pen of about {missing}"
    )


def _chosen(setup: Setup, paper: Colours) -> tuple[Pen, ...]:
    """The pens that would be chosen over bare paper; none where colours are free."""
    racks = {setup.artwork.pens_of(layer): None for layer in setup.artwork.layers}
    below = np.broadcast_to(paper[:, None, None], setup.target.shape)
    chosen: dict[Pen, None] = {}
    for rack in racks:
        match rack:
            case FreeColours():
                return ()
            case RackPens(pens=pens, use=use):
                chosen |= dict.fromkeys(choose(pens, use or len(pens), setup.target, below).chosen)
    return tuple(chosen)


def _mixtures(pens: tuple[Pen, ...], paper: Colours) -> Colours:  # [C, 3]
    """The colours that the eye can see: paper, each pen (up to three layers of transparent ink), and their mixtures."""
    full = [from_hex(pen.colour) for pen in pens if pen.ink is Ink.OPAQUE]
    clear = [from_hex(pen.colour) for pen in pens if pen.ink is Ink.TRANSPARENT]
    full += [paper * ink for ink in clear] + [paper * one * other for one in clear for other in clear]
    full += [paper * ink**3 for ink in clear]
    return np.stack([paper + share * (ink - paper) for ink in full for share in np.linspace(0, 1, 17)])


# --- numbers for people ---


def percent(share: float) -> str:
    """`60%`, `3%`, `0.6%`: an estimate deserves two digits, and one where there is little."""
    if share >= 0.0095:
        return f"{share:.0%}"
    return f"{share:.1%}" if share >= 0.001 else "under 0.1%"


def _up(value: float) -> float:
    """The next larger number of two digits."""
    unit = 10.0 ** (math.floor(math.log10(value)) - 1)
    return float(f"{math.ceil(value / unit - 1e-9) * unit:.6g}")


def _down(value: float) -> float:
    """The next smaller number of two digits."""
    unit = 10.0 ** (math.floor(math.log10(value)) - 1)
    return float(f"{math.floor(value / unit + 1e-9) * unit:.6g}")

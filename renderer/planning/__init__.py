"""A spec and its picture -> the spec with everything planned that it leaves open, and why. No torch, within a second.

What the spec says always wins. The picture needs an area under ink, which takes strokes; a budget may allow fewer.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from renderer.colours import from_hex
from renderer.planning.cost import Costs, Sketch, costs, parts, unit_text
from renderer.planning.decision import Decision
from renderer.planning.ink import (
    DRAWN,
    MOST_OF_MEAN,
    SPOTS,
    Wish,
    covered_share,
    draws,
    inks_of,
    largest,
    lifts_mm,
    longest_mm,
    pens_of,
    thinnest_nib_mm,
    usable,
    usual_width_mm,
    wanted_share,
    wish,
)
from renderer.planning.layout import laid, sharpened
from renderer.planning.trim import trimmed
from renderer.spec import PAPERS_MM, Artwork, Budget, Canvas, FreeColours, Layer, RackPens, Tone
from renderer.spec.kinds import is_open
from renderer.spec.layers import usual_loss
from renderer.spec.losses import FAR_MM
from renderer.target import Frame, Picture, fit_picture, frame
from renderer.tone import suited, toned

__all__ = [
    "Decision",
    "Planned",
    "fitting_minutes",
    "inks_of",
    "pens_of",
    "planned",
    "thinnest_nib_mm",
    "trimmed",
    "wanted_share",
]

Small = NDArray[np.float32]  # [3, H, W] sRGB in [0, 1]
LOOKED_AT_PX = 192  # longer side of the picture used for planning: tone and ink need no detail
OVER = 1.1  # of a budget, to plan for: in the end, the least useful strokes are left out until it is met
# Acceptable minutes for a sheet, pen changes not included; by area for other sizes.
FITTING_MINUTES = {"A6": 20.0, "A5": 40.0, "A4": 90.0, "A3": 150.0, "A2": 240.0}  # small to large
MOST_SCREENS = 2.5  # times the minutes of a sheet, for a screen of dots in several pens
ALL_PAID = 0.93  # of the ink that the picture needs: with less, it is drawn lighter
MOST_GAMMA, MOST_LIFT = 2.0, 0.4  # beyond, a night becomes a day without shapes
KNOT_NIBS, KNOTS = 18.0, (4, 6)  # distance between two knots, in nibs; fewest and most knots of a planned curve
STEPS = 160  # twice as many lower the error by only a hundredth: planned strokes start in good places
WORTH = 0.04  # error, of three channels, that a square pixel of ink must save: a lone dash in a pale sky saves less
DRAWN_WORTH = 0.01  # the same for strokes over dots: they change less than dots on bare paper
_MINUTES = list(FITTING_MINUTES.values())
DRAWN_WHY = f"{DRAWN:g} per dot: the dots carry the tone, these strokes draw the shapes"


@dataclass(frozen=True)
class Planned:
    """An artwork with nothing left open."""

    artwork: Artwork
    decisions: tuple[Decision, ...]
    inks_mm: tuple[float | None, ...]  # for each layer, the length of its lines, if it was planned
    lengths_mm: tuple[float | None, ...]  # for each layer, the mean length of its strokes, if it was planned
    lifts_mm: tuple[float, ...]  # for each layer, the length that costs as much as a pen lift
    longest_mm: tuple[float, ...]  # for each layer, the longest stroke of the search
    worths: tuple[float, ...]  # for each layer, the error that a square pixel of its ink must save
    costs: Costs | None  # of what was planned; None where no count was open
    warnings: tuple[str, ...] = ()


def planned(artwork: Artwork, picture: Picture) -> Planned:
    """The artwork with every `auto` planned for this picture, `[H, W, 3]`, cropped. TargetError, ProgramError."""
    aspect = picture.shape[1] / picture.shape[0]
    canvas, decisions = laid(artwork.canvas, aspect, artwork.machine)
    artwork = artwork.model_copy(update={"canvas": canvas})
    area = frame(canvas, artwork.target.fit, aspect, thinnest_nib_mm(artwork))
    small = fit_picture(picture, _small(area), artwork.target.fit)
    finds_tone = artwork.target.tone == "auto"
    artwork, toning = _toned(artwork, small)
    artwork, more = _judged(artwork)
    decisions += more
    share = _share(artwork, small)
    if finds_tone and any(layer.is_auto for layer in artwork.layers):
        artwork, toning = _lightened(artwork, area, small, toning)
        share = _share(artwork, small)
    decisions += toning
    if not any(layer.is_auto for layer in artwork.layers):
        sizes = (lifts_mm(artwork, area, share), longest_mm(artwork, area, share))
        none = len(artwork.layers)
        return Planned(
            artwork, decisions, (None,) * none, (None,) * none, *sizes, (0.0,) * none, None, _idle_budget(artwork)
        )
    canvas, more = sharpened(canvas, area, thinnest_nib_mm(artwork))
    artwork = artwork.model_copy(update={"canvas": canvas})
    counted = _counted(artwork, area, share)
    return replace(counted, decisions=(*decisions, *more, *counted.decisions))


# --- tone -------------------------------------------------------------------------------------------------------------


def _toned(artwork: Artwork, small: Small) -> tuple[Artwork, tuple[Decision, ...]]:
    """The artwork with its tone as values."""
    match artwork.target.tone:
        case Tone():
            return artwork, ()
        case "none":
            return _with_tone(artwork, Tone()), ()
    inks = inks_of(artwork)
    widths_mm = [usual_width_mm(artwork, layer) for layer in artwork.layers]
    tone = suited(small, inks, artwork.canvas.colour, min(widths_mm))
    if any(layer.areas is not None for layer in artwork.layers):  # even areas must stay even
        tone = tone.model_copy(update={"local_contrast": 0.0, "features": 0.0})
    colours = _colours(artwork, len(inks))
    why = f"the range of tones that {colours} can show on {artwork.canvas.colour} paper"
    return _with_tone(artwork, tone), (Decision("target.tone", tone_text(tone), why),)


def _colours(artwork: Artwork, count: int) -> str:
    """`1 colour`, `8 of 20 colours`."""
    uses = [pens.use for pens in map(artwork.pens_of, artwork.layers) if isinstance(pens, RackPens)]
    most = max((use or count for use in uses), default=count)
    of = f"{most} of {count}" if most < count else f"{count}"
    return f"{of} {'colour' if count == 1 else 'colours'}"


def _lightened(
    artwork: Artwork, area: Frame, small: Small, toning: tuple[Decision, ...]
) -> tuple[Artwork, tuple[Decision, ...]]:
    """The artwork in tones that the budget pays for: too little ink would leave parts of the sheet bare."""
    share = _share(artwork, small)
    paid = _paid(artwork, area, share)
    tone = artwork.target.tone
    assert isinstance(tone, Tone)
    if paid >= ALL_PAID:
        return artwork, toning
    is_light = from_hex(artwork.canvas.colour).mean() >= 0.5
    most = max(MOST_GAMMA, tone.gamma) if is_light else min(1 / MOST_GAMMA, tone.gamma)
    lifts = np.linspace(tone.lift, max(MOST_LIFT, tone.lift) if is_light else tone.lift, 24)
    steps = zip(np.geomspace(tone.gamma, most, 24), lifts, strict=True)
    tones = [
        tone.model_copy(update={"gamma": round(float(gamma), 2), "lift": round(float(lift), 2)})
        for gamma, lift in steps
    ]
    lighter = [_with_tone(artwork, one) for one in tones]
    enough = [one for one in lighter if _share(one, small) <= paid * share]
    found = enough[0] if enough else lighter[-1]
    assert isinstance(found.target.tone, Tone)
    why = f"lighter than the picture: the budget covers {paid:.0%} of the ink that it needs"
    return found, (Decision("target.tone", tone_text(found.target.tone), why),)


def tone_text(tone: Tone) -> str:
    """What a tone changes: `black 0.05, gamma 1.2`; `as it is` where nothing."""
    return (
        ", ".join(f"{name} {value:g}" for name, value in tone.model_dump(exclude_defaults=True).items()) or "as it is"
    )


def _with_tone(artwork: Artwork, tone: Tone) -> Artwork:
    return artwork.model_copy(update={"target": artwork.target.model_copy(update={"tone": tone})})


def _small(area: Frame) -> Frame:
    return Frame(0, 0, area.width_mm, area.height_mm, LOOKED_AT_PX / max(area.width_mm, area.height_mm))


def _share(artwork: Artwork, small: Small) -> float:
    """The share of the frame that strokes should cover; above 0 also for a picture that looks like bare paper."""
    assert isinstance(artwork.target.tone, Tone)
    return max(covered_share(artwork, toned(small, artwork.target.tone)), 0.005)


# --- loss -------------------------------------------------------------------------------------------------------------


def _judged(artwork: Artwork) -> tuple[Artwork, tuple[Decision, ...]]:
    """The artwork with the loss of each layer whose spec leaves it open."""
    decisions: list[Decision] = []
    layers: list[Layer] = []
    for number, layer in enumerate(artwork.layers):
        if layer.loss is not None:
            layers.append(layer)
            continue
        width_mm = usual_width_mm(artwork, layer)
        loss = usual_loss(width_mm, is_free=isinstance(artwork.pens_of(layer), FreeColours))
        layers.append(layer.model_copy(update={"loss": loss}))
        terms = ", ".join(f"{name} {term.weight:g}" for name, term in (one.term for one in loss))
        why = f"for strokes of {width_mm:.2g} mm, seen from where details of {FAR_MM:g} mm blur"
        decisions.append(Decision(f"layers.{number}.loss", terms, why))
    return artwork.model_copy(update={"layers": tuple(layers)}), tuple(decisions)


# --- counts -----------------------------------------------------------------------------------------------------------


def _scaled(artwork: Artwork, area: Frame, share: float) -> tuple[Wish, Budget, float | None]:
    """What the picture needs, the budget, and the scale that the budget pays for; None: not even one stroke."""
    area_mm2 = area.width_mm * area.height_mm
    wanted = wish(artwork, area, share)
    budget, cap, most = _budget(artwork, wanted, area_mm2)

    def cost(scale: float) -> float:
        return costs(wanted.scaled(scale, lengthen=budget.unit == "strokes"), area_mm2, artwork.machine).of(budget)

    return wanted, budget, largest(most, cost, cap)


def _paid(artwork: Artwork, area: Frame, share: float) -> float:
    """The share of the needed ink that the budget pays for, in layers whose count is open."""
    wanted, budget, scale = _scaled(artwork, area, share)
    if scale is None:
        return 1.0
    sketches = wanted.scaled(scale, lengthen=budget.unit == "strokes")
    ink = [
        (one.ink_mm2, whole.ink_mm2)
        for one, whole, is_auto in zip(sketches, wanted.sketches, wanted.is_auto, strict=True)
        if is_auto
    ]
    return min(1.0, sum(one for one, _ in ink) / max(sum(whole for _, whole in ink), 1e-9))


def _counted(artwork: Artwork, area: Frame, share: float) -> Planned:
    """The artwork with its counts and lengths."""
    wanted, budget, scale = _scaled(artwork, area, share)
    sketches = wanted.scaled(scale or 1e-6, lengthen=budget.unit == "strokes")
    found = costs(sketches, area.width_mm * area.height_mm, artwork.machine)
    need = _need(share, area)
    decisions = [
        each
        for number, sketch in enumerate(sketches)
        if wanted.is_auto[number]
        for each in _layer_decisions(artwork, number, sketch, need, scale)
    ]
    decisions.append(_budget_decision(artwork, budget, found))
    layers = tuple(_with_strokes(artwork, n, sketch) for n, sketch in enumerate(sketches))
    return Planned(
        artwork.model_copy(update={"layers": layers, "budget": budget}),
        tuple(decisions),
        tuple(map(_ink_mm, sketches, wanted.is_auto)),
        tuple(sketch.length_mm if is_auto else None for sketch, is_auto in zip(sketches, wanted.is_auto, strict=True)),
        lifts_mm(artwork, area, share, sketches),
        longest_mm(artwork.model_copy(update={"layers": layers}), area, share),
        tuple(_worth(artwork, number) for number in range(len(sketches))),
        found,
        () if scale is not None else (_unaffordable(budget, found),),
    )


def _ink_mm(sketch: Sketch, is_auto: bool) -> float | None:
    if sketch.spot_mm is not None and is_auto:
        nib_mm = sum(pen.nib_mm for pen in sketch.pens) / len(sketch.pens)
        return sketch.ink_mm2 / nib_mm
    return sketch.count * sketch.length_mm if is_auto and sketch.length_mm else None


def _budget(artwork: Artwork, wanted: Wish, area_mm2: float) -> tuple[Budget, float, float]:
    """The budget, the amount to plan for in its unit, and the largest useful scale."""
    if artwork.budget is not None:
        return artwork.budget, OVER * artwork.budget.amount, usable(wanted, artwork.budget)
    change_minutes = costs(wanted.sketches, area_mm2, artwork.machine).change_minutes
    sensible = fitting_minutes(artwork.canvas) * max(_screens(one) for one in wanted.sketches)
    minutes = round(sensible + change_minutes, 1)
    return Budget(minutes=minutes), minutes, 1.0


def _screens(sketch: Sketch) -> float:
    """How many times as long a layer may take: a screen in several pens would be coarse, as each dot is a lift."""
    return min(sketch.passes, MOST_SCREENS) if sketch.traits.has_sizes else 1.0


def fitting_minutes(canvas: Canvas) -> float:
    """A sensible time for a sheet, minutes: interpolated by area, as powers, between the papers of FITTING_MINUTES."""
    areas, minutes = (np.log(values) for values in ([math.prod(PAPERS_MM[p]) for p in FITTING_MINUTES], _MINUTES))
    return float(np.exp(np.interp(math.log(math.prod(canvas.size_mm)), areas, minutes)))


def _with_strokes(artwork: Artwork, number: int, sketch: Sketch) -> Layer:
    layer = artwork.layers[number]
    if not layer.is_auto:
        return layer
    kind = layer.kind
    change: dict[str, object] = {"count": sketch.count}
    if "diameter_mm" in type(kind).model_fields:
        change |= {"diameter_mm": sketch.traits.spot_mm}
    elif is_planned_length(layer):
        change |= {"max_length_mm": _longest_mm(sketch)}
    if is_open(kind, "knots"):
        change |= {"knots": _knots(sketch)}
    changed: dict[str, object] = {layer.kind_name: kind.model_copy(update=change)}
    if "steps" not in layer.model_fields_set:
        changed |= {"steps": STEPS}
    return layer.model_copy(update=changed)


def is_planned_length(layer: Layer) -> bool:
    """Whether the longest stroke of the layer is left open."""
    return "max_length_mm" in type(layer.kind).model_fields and layer.traits.limit_mm is None


def _knots(sketch: Sketch) -> int:
    """The number of knots that a long curve needs to follow a form."""
    least, most = KNOTS
    return int(min(max(least, 1 + round(_longest_mm(sketch) / (KNOT_NIBS * sketch.width_mm))), most))


def _longest_mm(sketch: Sketch) -> float:
    return float(f"{MOST_OF_MEAN * sketch.length_mm:.3g}")


def _worth(artwork: Artwork, number: int) -> float:
    """Strokes whose count is in the spec are drawn if they help at all; planned ones must be worth their ink."""
    if not artwork.layers[number].is_auto:
        return 0.0
    return DRAWN_WORTH if draws(artwork, number) else WORTH


# --- why --------------------------------------------------------------------------------------------------------------


def _need(share: float, area: Frame) -> str:
    return f"these inks need to cover about {share:.0%} of {area.width_mm:.0f} x {area.height_mm:.0f} mm"


def _layer_decisions(artwork: Artwork, number: int, sketch: Sketch, need: str, scale: float | None) -> list[Decision]:
    layer = artwork.layers[number]
    where = f"layers.{number}.{layer.kind_name}"
    why = f"{_in_ink(sketch)}; {DRAWN_WHY if draws(artwork, number) else need}{_cut(artwork, scale)}"
    found = [Decision(f"{where}.count", str(sketch.count), why)]
    if is_planned_length(layer):
        why = f"{MOST_OF_MEAN:g} times the planned mean: long contours balance short details"
        found.append(Decision(f"{where}.max_length_mm", f"{_longest_mm(sketch):g}", why))
    if "steps" not in layer.model_fields_set:
        found.append(Decision(f"layers.{number}.steps", str(STEPS), "more steps make no visible difference"))
    if sketch.traits.spot_mm != layer.traits.spot_mm:
        why = f"about {SPOTS} dots of one touch are too small to cover the sheet"
        found.append(Decision(f"{where}.diameter_mm", f"{sketch.traits.spot_mm:g}", why))
    if is_open(layer.kind, "knots"):
        found.append(
            Decision(f"{where}.knots", str(_knots(sketch)), f"one per {KNOT_NIBS:g} nib widths of the longest curve")
        )
    return found


def _in_ink(sketch: Sketch) -> str:
    if sketch.traits.is_dots:
        return f"dots of {sketch.width_mm:.2g} mm"
    metres = sketch.count * sketch.length_mm / 1000
    if sketch.traits.tones:
        return f"{metres:.3g} m of {sketch.width_mm:.2g} mm"
    return f"{metres:.3g} m of {sketch.width_mm:.2g} mm in strokes of about {sketch.length_mm:.2g} mm"


def _cut(artwork: Artwork, scale: float | None) -> str:
    whose = "a sensible time for the paper" if artwork.budget is None else "the budget"
    match scale:
        case None:
            return f"; {whose} pays for none"
        case _ if scale < 0.995:
            return f"; {whose} pays for {scale:.0%} of that"
        case _ if scale > 1.02:
            return f"; the budget pays for {scale:.2g} times as many, so they are finer"
    return ""


def _budget_decision(artwork: Artwork, budget: Budget, found: Costs) -> Decision:
    plotter = artwork.machine.name if artwork.machine else "a usual gantry, as the spec names no machine"
    why = "as the spec says" if artwork.budget else f"a sensible time for {_paper(artwork.canvas)}, plus pen changes"
    return Decision("budget", unit_text(budget), f"{why}; planned: {', '.join(parts(found))}, on {plotter}")


def _paper(canvas: Canvas) -> str:
    width_mm, height_mm = canvas.size_mm
    return canvas.paper if isinstance(canvas.paper, str) else f"{width_mm:g} x {height_mm:g} mm"


def _idle_budget(artwork: Artwork) -> tuple[str, ...]:
    if artwork.budget is None:
        return ()
    return ("every layer has its own count, so the budget has no effect; leave it out, or make a count `auto`",)


def _unaffordable(budget: Budget, found: Costs) -> str:
    return (
        f"the budget of {unit_text(budget)} pays for no strokes: {_taken(budget, found)} taken by pen changes and by "
        "layers with their own count; raise it, or use fewer pens or strokes"
    )


def _taken(budget: Budget, found: Costs) -> str:
    amount = found.of(budget)
    return f"{amount:,.3g} {budget.unit} are" if budget.unit != "strokes" else f"{amount:,.0f} strokes are"

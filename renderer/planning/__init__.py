"""A spec and its picture -> the spec with all that it leaves open worked out, and why. Without torch, within a second.

What the spec says always wins. The picture wants an area under ink; that is strokes; a budget may pay for fewer.
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
LOOKED_AT_PX = 192  # longer side of the picture that is planned by: tone and ink need no detail
OVER = 1.1  # planned over a budget: the least useful strokes are left out in the end, until it is met
# Minutes that a person waits gladly for a sheet, with the pen changes on top; by area for other sizes.
FITTING_MINUTES = {"A6": 20.0, "A5": 40.0, "A4": 90.0, "A3": 150.0, "A2": 240.0}  # small to large
ALL_PAID = 0.93  # of the ink that the picture takes: with less, it is drawn lighter
MOST_GAMMA, MOST_LIFT = 2.0, 0.4  # beyond, a night becomes a day without shapes
KNOT_NIBS, KNOTS = 18.0, (4, 6)  # way between two knots, in nibs; fewest and most knots of a planned curve
STEPS = 160  # twice as many lower the error by a hundredth: strokes that are planned begin well
WORTH = 0.04  # error, of three channels, that a square pixel of ink must save: a lone dash in a pale sky saves less
DRAWN_WORTH = 0.01  # of strokes over dots: what they change is less than what dots do on bare paper
_MINUTES = list(FITTING_MINUTES.values())
DRAWN_WHY = f"{DRAWN:g} per dot: the dots carry the tone, these strokes draw the shapes"


@dataclass(frozen=True)
class Planned:
    """A work with nothing left open."""

    artwork: Artwork
    decisions: tuple[Decision, ...]
    inks_mm: tuple[float | None, ...]  # length of line of each layer, where it was planned
    lengths_mm: tuple[float | None, ...]  # mean length of the strokes of each layer, where it was planned
    lifts_mm: tuple[float, ...]  # of each layer, the length that is worth a lift of the pen: about that of its strokes
    longest_mm: tuple[float, ...]  # that the search may make a stroke of each layer
    worths: tuple[float, ...]  # of each layer, the error that a square pixel of its ink must save
    costs: Costs | None  # of what was planned; None where no count was open
    warnings: tuple[str, ...] = ()


def planned(artwork: Artwork, picture: Picture) -> Planned:
    """The work with every `auto` worked out for this picture, `[H, W, 3]`, cropped. TargetError, ProgramError."""
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
    """The work with its tone as values."""
    match artwork.target.tone:
        case Tone():
            return artwork, ()
        case "none":
            return _with_tone(artwork, Tone()), ()
    inks = inks_of(artwork)
    widths_mm = [usual_width_mm(artwork, layer) for layer in artwork.layers]
    tone = suited(small, inks, artwork.canvas.colour, min(widths_mm))
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
    """The work in tones that the budget pays for: too little ink would leave parts of the sheet bare."""
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
    """`black 0.05, gamma 1.2`: what differs from the picture as it is."""
    return (
        ", ".join(f"{name} {value:g}" for name, value in tone.model_dump(exclude_defaults=True).items()) or "as it is"
    )


def _with_tone(artwork: Artwork, tone: Tone) -> Artwork:
    return artwork.model_copy(update={"target": artwork.target.model_copy(update={"tone": tone})})


def _small(area: Frame) -> Frame:
    return Frame(0, 0, area.width_mm, area.height_mm, LOOKED_AT_PX / max(area.width_mm, area.height_mm))


def _share(artwork: Artwork, small: Small) -> float:
    """Of the frame, that strokes should cover; never nothing, for a picture that is all paper too."""
    assert isinstance(artwork.target.tone, Tone)
    return max(covered_share(artwork, toned(small, artwork.target.tone)), 0.005)


# --- loss -------------------------------------------------------------------------------------------------------------


def _judged(artwork: Artwork) -> tuple[Artwork, tuple[Decision, ...]]:
    """The work with the loss of each layer that its spec leaves open."""
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
    """What the picture wants, the budget, and the scale of it that the budget pays for; None: not even one stroke."""
    area_mm2 = area.width_mm * area.height_mm
    wanted = wish(artwork, area, share)
    budget, cap, most = _budget(artwork, wanted, area_mm2)

    def cost(scale: float) -> float:
        return costs(wanted.scaled(scale, lengthen=budget.unit == "strokes"), area_mm2, artwork.machine).of(budget)

    return wanted, budget, largest(most, cost, cap)


def _paid(artwork: Artwork, area: Frame, share: float) -> float:
    """The share of the ink that the picture wants which the budget pays for, of layers whose count is open."""
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
    """The work with its counts and lengths."""
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
    return sketch.count * sketch.length_mm if is_auto and sketch.length_mm else None


def _budget(artwork: Artwork, wanted: Wish, area_mm2: float) -> tuple[Budget, float, float]:
    """The budget, what may be planned in its unit, and the scale up to which it is spent."""
    if artwork.budget is not None:
        return artwork.budget, OVER * artwork.budget.amount, usable(wanted, artwork.budget)
    change_minutes = costs(wanted.sketches, area_mm2, artwork.machine).change_minutes
    minutes = round(fitting_minutes(artwork.canvas) + change_minutes, 1)
    return Budget(minutes=minutes), minutes, 1.0


def fitting_minutes(canvas: Canvas) -> float:
    """A sensible time for a sheet, minutes: by its area along powers between the papers of `FITTING_MINUTES`."""
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
    """As many as a long curve needs to follow a form."""
    least, most = KNOTS
    return int(min(max(least, 1 + round(_longest_mm(sketch) / (KNOT_NIBS * sketch.width_mm))), most))


def _longest_mm(sketch: Sketch) -> float:
    return float(f"{MOST_OF_MEAN * sketch.length_mm:.3g}")


def _worth(artwork: Artwork, number: int) -> float:
    """Strokes that the spec counts are drawn if they help at all; others have to be worth their ink."""
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
        why = f"dots of one touch are too small to cover the sheet with about {SPOTS} of them"
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
    plotter = artwork.machine.name if artwork.machine else "a usual gantry, for the spec names no machine"
    why = "as the spec says" if artwork.budget else f"a sensible time for {_paper(artwork.canvas)}, pen changes on top"
    return Decision("budget", unit_text(budget), f"{why}; planned: {', '.join(parts(found))}, on {plotter}")


def _paper(canvas: Canvas) -> str:
    width_mm, height_mm = canvas.size_mm
    return canvas.paper if isinstance(canvas.paper, str) else f"{width_mm:g} x {height_mm:g} mm"


def _idle_budget(artwork: Artwork) -> tuple[str, ...]:
    if artwork.budget is None:
        return ()
    return ("every layer has a count of its own, so the budget decides nothing; leave it out, or make a count `auto`",)


def _unaffordable(budget: Budget, found: Costs) -> str:
    return (
        f"the budget of {unit_text(budget)} pays for no strokes: {_taken(budget, found)} taken by pen changes and by "
        "layers with a count of their own; raise it, or use fewer pens or strokes"
    )


def _taken(budget: Budget, found: Costs) -> str:
    amount = found.of(budget)
    return f"{amount:,.3g} {budget.unit} are" if budget.unit != "strokes" else f"{amount:,.0f} strokes are"

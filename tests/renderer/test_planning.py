"""What a spec leaves open is planned from its picture, its pens and a budget; what it says always wins."""

import math
import re
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.drawing import Drawing, Line, PenPass
from hardware.estimate import estimate
from hardware.machine import Machine
from hardware.program import program
from hardware.svg_intake import prepared
from renderer.planning import (
    KNOT_NIBS,
    KNOTS,
    STEPS,
    Planned,
    cost,
    fitting_minutes,
    pens_of,
    planned,
    tone_text,
    trimmed,
)
from renderer.planning.cost import Costs, Sketch, costs
from renderer.planning.ink import longest_mm, matched_share
from renderer.spec import Artwork, Canvas, Curves, Lines, Points, Tone
from renderer.target import Frame, Picture, frame

BLACK = {"name": "black", "colour": "#000000", "nib_mm": 0.45}
MARKERS = [
    {"name": "black", "colour": "#101010", "nib_mm": 4.5},
    {"name": "red", "colour": "#d02020", "nib_mm": 4.5},
    {"name": "sky", "colour": "#5090e0", "nib_mm": 4.5},
]
GANTRY = {
    "name": "gantry",
    "width_mm": 440,
    "height_mm": 320,
    "feed_mm_min": 2400,
    "travel_mm_min": 8000,
    "accel_mm_s2": 600,
    "pen_lift": {"kind": "servo", "up": 650, "down": 400},
    "pen_change_s": 60,
}


def artwork(*layers: Any, pens: list[dict[str, Any]] | None = None, **changes: Any) -> Artwork:
    fields = {
        "version": 1,
        "title": "A slope",
        "target": {"image": "x.png", "tone": "none"},
        "pens": {"rack": {"pens": pens or [BLACK]}},
        "machine": GANTRY,
        "layers": [layer if isinstance(layer, dict) else {layer: {}} for layer in layers or ("lines",)],
    }
    return Artwork.model_validate(fields | changes)


def slope(width: int = 400, height: int = 300, darkest: float = 0.0) -> Picture:
    """From dark at the left to white at the right."""
    grey = np.linspace(darkest, 1, width, dtype=np.float32)
    return np.ascontiguousarray(np.broadcast_to(grey[None, :, None], (height, width, 3)))


def counts(found: Planned) -> list[int]:
    return [layer.count for layer in found.artwork.layers]


def spent(found: Planned) -> Costs:
    assert found.costs is not None
    return found.costs


def why(found: Planned, field: str) -> tuple[str, str]:
    [decision] = [decision for decision in found.decisions if decision.field == field]
    return decision.value, decision.why


# --- framing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "lies", "text"),
    [
        ((400, 300), "landscape", "the picture is 1.33 times as wide as high"),
        ((300, 400), "portrait", "the picture is 1.33 times as high as wide"),
        ((300, 300), "portrait", "the picture is about as wide as high"),
        ((312, 300), "portrait", "the picture is about as wide as high"),
    ],
)
def test_paper_lies_as_the_picture_does(size: tuple[int, int], lies: str, text: str) -> None:
    found = planned(artwork(), slope(*size))
    assert why(found, "canvas.orientation") == (lies, text)
    assert found.artwork.canvas.orientation == lies


def test_paper_lies_as_the_machine_needs_it_where_only_that_fits() -> None:
    found = planned(artwork(machine=GANTRY | {"width_mm": 220}), slope(400, 300))
    assert why(found, "canvas.orientation") == (
        "portrait",
        "A4 in landscape, like the picture, does not fit the bed of 'gantry'",
    )


@pytest.mark.parametrize(
    "canvas", [{"orientation": "portrait"}, {"paper": {"width_mm": 100, "height_mm": 90}, "margin_mm": 0}]
)
def test_paper_that_the_spec_lays_stays(canvas: dict[str, Any]) -> None:
    found = planned(artwork(canvas=canvas), slope(400, 300))
    assert found.artwork.canvas.size_mm == Canvas.model_validate(canvas).size_mm
    assert "canvas.orientation" not in {decision.field for decision in found.decisions}


# --- tone -------------------------------------------------------------------------------------------------------------


def test_tone_is_worked_out_unless_it_is_none_or_given() -> None:
    target = {"image": "x.png"}
    automatic = planned(artwork(target=target), slope(darkest=0.3))
    assert isinstance(automatic.artwork.target.tone, Tone)
    assert automatic.artwork.target.tone != Tone()
    assert why(automatic, "target.tone")[1] == "the range of tones that 1 colour can show on #ffffff paper"
    for tone, result in (("none", Tone()), ({"gamma": 2}, Tone(gamma=2))):
        found = planned(artwork(target=target | {"tone": tone}), slope(darkest=0.3))
        assert found.artwork.target.tone == result
        assert "target.tone" not in {decision.field for decision in found.decisions}


def test_a_picture_that_the_budget_cannot_pay_for_is_drawn_lighter() -> None:
    """The drawing is lighter everywhere, rather than bare in parts."""
    target, night = {"image": "x.png"}, slope() ** 4
    ample = planned(artwork(target=target, budget={"metres": 1000}), night)
    scarce = planned(artwork(target=target, budget={"metres": 14}), night)
    tones = [one.artwork.target.tone for one in (ample, scarce)]
    assert all(isinstance(tone, Tone) for tone in tones)
    assert tones[1].gamma > tones[0].gamma  # type: ignore[union-attr]
    assert tones[1].lift > tones[0].lift  # type: ignore[union-attr]
    assert tones[1].black == tones[0].black  # type: ignore[union-attr]
    value, text = why(scarce, "target.tone")
    assert value == tone_text(tones[1])  # type: ignore[arg-type]
    assert re.fullmatch(r"lighter than the picture: the budget covers \d+% of the ink that it needs", text)
    assert spent(scarce).metres == pytest.approx(14 * 1.1, rel=0.02)


def test_a_tone_of_the_spec_is_kept_whatever_the_budget() -> None:
    target = {"image": "x.png", "tone": {"gamma": 0.8}}
    found = planned(artwork(target=target, budget={"metres": 5}), slope() ** 4)
    assert found.artwork.target.tone == Tone(gamma=0.8)


# --- loss -------------------------------------------------------------------------------------------------------------


def test_the_finer_the_pen_the_more_of_the_loss_is_seen_from_afar() -> None:
    found = []
    for nib_mm in (0.1, 0.45, 0.8, 1.0, 4.5):
        plan = planned(artwork({"lines": {"count": 300}}, pens=[BLACK | {"nib_mm": nib_mm}]), slope())
        [layer] = plan.artwork.layers
        assert layer.loss == layer.terms
        weights = {name: term.weight for name, term in (loss.term for loss in layer.terms)}
        assert why(plan, "layers.0.loss") == (
            ", ".join(f"{name} {weight:g}" for name, weight in weights.items()),
            f"for strokes of {nib_mm:.2g} mm, seen from where details of 1 mm blur",
        )
        found.append(weights)
    assert all(weights["mse"] + weights["blurred_mse"] == pytest.approx(1) for weights in found)
    near, structure = [weights["mse"] for weights in found], [weights["ssim"] for weights in found]
    assert near[0] < near[1] < near[2] < near[3] == near[4] == 0.5
    assert structure[0] > structure[1] > structure[2] > structure[3] == structure[4] > 0  # a hatch loses it first


def test_free_colours_need_no_structure_and_a_loss_of_the_spec_is_kept() -> None:
    free = artwork("curves").model_dump(mode="json") | {"pens": {"colours": "free", "nib_mm": 2}}
    [layer] = planned(Artwork.model_validate(free), slope()).artwork.layers
    assert [name for name, _ in (loss.term for loss in layer.terms)] == ["mse", "blurred_mse"]
    found = planned(artwork({"lines": {}, "loss": [{"ssim": {}}, {"edges": {}}]}), slope())
    assert [name for name, _ in (loss.term for loss in found.artwork.layers[0].terms)] == ["ssim", "edges"]
    assert "layers.0.loss" not in {decision.field for decision in found.decisions}


# --- what the picture wants -------------------------------------------------------------------------------------------


def test_nothing_is_planned_where_all_is_explicit() -> None:
    work = artwork({"lines": {"count": 300}, "loss": [{"mse": {}}]}, canvas={"orientation": "landscape"})
    found = planned(work, slope())
    assert found.decisions == ()
    assert found.artwork.layers == work.layers
    assert found.artwork.canvas.px_per_mm is None
    assert found.costs is None
    assert found.lengths_mm == (None,)
    assert found.worths == (0.0,)


def test_explicit_values_win_over_planned_ones() -> None:
    layers = [{"lines": {"count": 300}}, {"curves": {"max_length_mm": 7, "knots": 6}}]
    found = planned(artwork(*layers, canvas={"px_per_mm": 2}), slope())
    lines, curves = found.artwork.layers
    assert lines.kind == Lines(count=300)
    assert isinstance(curves.kind, Curves)
    assert (curves.kind.max_length_mm, curves.kind.knots) == (7, 6)
    assert found.artwork.canvas.px_per_mm == 2
    assert found.lengths_mm[1] is not None
    assert found.lengths_mm[1] < 7


def test_lines_carry_the_ink_that_the_picture_wants() -> None:
    found = planned(artwork(canvas={"paper": "A6"}), slope(darkest=0.5))  # a quarter black: small enough for its time
    area = frame(found.artwork.canvas, "contain", 4 / 3, 0.45)
    assert found.lengths_mm[0] is not None
    ink_mm2 = counts(found)[0] * (found.lengths_mm[0] * 0.45 + math.pi * 0.225**2)
    assert ink_mm2 == pytest.approx(1.15 * 0.25 * area.width_mm * area.height_mm, rel=0.05)


def test_darker_pictures_take_more_strokes() -> None:
    found = [counts(planned(artwork(canvas={"paper": "A6"}), slope(darkest=dark)))[0] for dark in (0.9, 0.6, 0.3, 0.0)]
    assert found == sorted(found)
    assert found[-1] > 5 * found[0]


def test_thinner_pens_draw_shorter_strokes() -> None:
    lengths = [
        planned(artwork(pens=[BLACK | {"nib_mm": nib_mm}], canvas={"paper": "A3"}), slope()).lengths_mm[0]
        for nib_mm in (0.1, 0.45, 0.8, 3.0)
    ]
    assert lengths == pytest.approx([4.0, 13.5, *2 * [0.045 * 1108 / 3]])  # least, 30 nibs, 4.5 % of 369 mm twice


def test_broad_dots_cover_the_picture_once_and_curves_draw_on_them() -> None:
    found = planned(artwork("points", "curves", pens=MARKERS, canvas={"paper": "A5"}), slope(darkest=0.2))
    dots, curves = counts(found)
    area = frame(found.artwork.canvas, "contain", 4 / 3, 4.5)
    assert dots * math.pi * 2.25**2 == pytest.approx(1.2 * 0.45 * area.width_mm * area.height_mm, rel=0.1)
    assert curves == round(dots / 4)


def test_no_pen_has_more_strokes_than_it_may() -> None:
    found = planned(artwork({"points": {}, "cost": {"most_per_pen": 40}}, pens=MARKERS), slope())
    assert counts(found) == [120]


def test_a_colour_wants_all_of_its_area_under_its_own_ink() -> None:
    blue = np.broadcast_to(np.array([0.5, 0.7, 1.0], np.float32)[:, None, None], (3, 4, 4))
    assert matched_share(blue, "#ffffff", ("#000000", "#80b2ff")) == pytest.approx(1, abs=0.01)
    assert matched_share(blue, "#ffffff", ("#000000",)) == pytest.approx(0.8 / 3, abs=0.01)
    assert matched_share(np.ones_like(blue), "#ffffff", ("#000000", "#fffff0")) == 0


@pytest.mark.parametrize(("nib_mm", "longer_px"), [(0.1, 800), (0.45, 732), (0.8, 512), (2.0, 320), (4.5, 320)])
def test_the_thinnest_nib_can_be_seen_by_the_fit(nib_mm: float, longer_px: int) -> None:
    canvas = {"paper": {"width_mm": 297, "height_mm": 210}}
    found = planned(artwork(pens=[BLACK | {"nib_mm": nib_mm}], canvas=canvas), slope())
    px_per_mm = found.artwork.canvas.px_per_mm
    assert px_per_mm is not None
    assert 253.3 * px_per_mm == pytest.approx(longer_px, rel=0.01)
    assert px_per_mm * nib_mm >= 1.3 or longer_px == 800


@pytest.mark.parametrize(
    ("nib_mm", "count", "spot_mm"),
    [(0.45, "auto", None), (1.0, "auto", 3.8), (4.5, "auto", None), (1.0, 300, None)],
)
def test_dots_of_thin_paint_grow_into_spots(nib_mm: float, count: Any, spot_mm: float | None) -> None:
    """Fine pens stipple, broad ones cover dot by dot, and a count in the spec means single touches of the pen."""
    found = planned(artwork({"points": {"count": count}}, pens=[BLACK | {"nib_mm": nib_mm}]), slope())
    kind = found.artwork.layers[0].kind
    assert isinstance(kind, Points)
    assert kind.diameter_mm == spot_mm
    if spot_mm is not None:
        value, text = why(found, "layers.0.points.diameter_mm")
        assert (value, text) == (
            "3.8",
            "about 2500 dots of one touch are too small to cover the sheet",
        )


def test_dye_does_not_make_spots_and_a_diameter_of_the_spec_is_kept() -> None:
    dye = [BLACK | {"nib_mm": 1.0, "ink": "transparent"}]
    [layer] = planned(artwork("points", pens=dye), slope()).artwork.layers
    assert layer.points is not None and layer.points.diameter_mm is None
    own = artwork({"points": {"diameter_mm": 2}}, pens=[BLACK | {"nib_mm": 1.0}])
    [layer] = planned(own, slope()).artwork.layers
    assert layer.points is not None and layer.points.diameter_mm == 2


def test_longer_curves_get_more_knots_and_knots_of_the_spec_are_kept() -> None:
    def knots(**curves: Any) -> int:
        canvas = {"paper": "A4", "margin_mm": 10}
        [layer] = planned(artwork({"curves": curves}, canvas=canvas), slope()).artwork.layers
        assert isinstance(layer.kind, Curves)
        return layer.kind.knots

    found = [knots(max_length_mm=length_mm) for length_mm in (5, 12, 90)]
    assert found == sorted(found)
    assert all(KNOTS[0] <= count <= KNOTS[1] for count in found)
    assert found[-1] > found[0]
    assert knots(knots=5) == 5
    assert knots(knots=12) == 12
    assert why(planned(artwork("curves"), slope()), "layers.0.curves.knots") == (
        str(knots()),
        f"one per {KNOT_NIBS:g} nib widths of the longest curve",
    )


def test_a_lift_is_worth_a_share_of_the_strokes_that_were_planned() -> None:
    found = planned(artwork("points", "curves", pens=MARKERS), slope())
    assert found.lengths_mm[0] == 0 and found.lengths_mm[1] is not None
    assert found.lifts_mm == pytest.approx((0, 0.4 * found.lengths_mm[1]))


def test_strokes_of_a_count_in_the_spec_get_a_lift_unless_their_length_is_given_too() -> None:
    few, many, given = (
        planned(artwork({"lines": lines}), slope()).lifts_mm[0]
        for lines in ({"count": 50}, {"count": 20_000}, {"count": 50, "max_length_mm": 9})
    )
    assert few > many == pytest.approx(0.4 * 0.045 * 760 / 3)  # of 253 mm
    assert given == 0


def test_few_strokes_may_become_long_enough_to_carry_the_ink() -> None:
    """Twice the usual length for the count; more where that would not cover the share of the frame; 0 for dots."""

    def longest(*layers: object, share: float) -> tuple[float, ...]:
        return longest_mm(artwork(*layers), Frame(0, 0, 200, 100, 4), share)

    curves = {"curves": {"count": 2000}}  # of 0.45 mm, usually 6 sqrt(200 * 100 / 2000) = 19 mm long
    pale, dark = longest(curves, share=0.1), longest(curves, share=0.9)
    assert pale == pytest.approx((2 * 6 * math.sqrt(10),))
    needed_mm = 0.9 * 200 * 100 / (2000 * 0.45)
    assert dark == pytest.approx((pale[0] * (needed_mm / (0.9 * pale[0] / 2)) ** 2,))
    both = longest(curves, {"lines": {"count": 2000}}, share=0.9)
    assert both == pytest.approx((2 * 6 * math.sqrt(10),) * 2), "each carries half of it"
    assert longest({"points": {"count": 2000}}, curves, share=0.9) == pytest.approx((0, 2 * 6 * math.sqrt(10)))


def test_planned_strokes_have_to_be_worth_their_ink_and_those_over_dots_less() -> None:
    found = planned(artwork("points", "curves", {"lines": {"count": 9}}, pens=MARKERS), slope())
    assert found.worths == (0.04, 0.01, 0.0)


def test_planned_strokes_need_few_steps_and_steps_of_the_spec_are_kept() -> None:
    found = planned(artwork("lines", {"curves": {}, "steps": 77}, {"points": {"count": 9}}), slope())
    assert [layer.steps for layer in found.artwork.layers] == [STEPS, 77, 300]
    assert why(found, "layers.0.steps") == (str(STEPS), "more steps make no visible difference")
    assert not {"layers.1.steps", "layers.2.steps"} & {decision.field for decision in found.decisions}


def test_a_blank_picture_is_planned() -> None:
    blank = np.ones((30, 40, 3), np.float32)
    for layers in (("lines",), ("points", "curves")):
        found = planned(artwork(*layers, target={"image": "x.png"}), blank)
        full = planned(artwork(*layers, target={"image": "x.png"}, budget={"minutes": 9999}), slope())
        assert all(1 <= few < 0.02 * many for few, many in zip(counts(found), counts(full), strict=True))
        assert found.artwork.target.tone == Tone()


# --- budgets ----------------------------------------------------------------------------------------------------------

BUDGETS = [("minutes", [6, 15, 40, 120]), ("metres", [5, 20, 60, 500]), ("strokes", [100, 1000, 5000, 30000])]


@pytest.mark.parametrize(("unit", "amounts"), BUDGETS)
@pytest.mark.parametrize("layers", [("lines",), ("points", "curves"), ("lines", "curves")], ids=" ".join)
def test_a_larger_budget_never_buys_fewer_strokes(unit: str, amounts: list[int], layers: tuple[str, ...]) -> None:
    work = [planned(artwork(*layers, budget={unit: amount}), slope()) for amount in amounts]
    for before, after in pairwise(work):
        assert all(few <= many for few, many in zip(counts(before), counts(after), strict=True))
        assert getattr(spent(before), unit) <= getattr(spent(after), unit) * 1.001


@pytest.mark.parametrize(("unit", "amount"), [("minutes", 15), ("metres", 12), ("strokes", 700)])
def test_a_budget_is_planned_a_tenth_over(unit: str, amount: int) -> None:
    found = planned(artwork("lines", "curves", budget={unit: amount}), slope())
    assert getattr(spent(found), unit) == pytest.approx(1.1 * amount, rel=0.01)
    assert found.artwork.budget is not None
    assert found.artwork.budget.amount == amount


def test_explicit_layers_take_from_the_budget_first() -> None:
    alone = planned(artwork("lines", budget={"strokes": 2000}), slope())
    beside = planned(artwork({"lines": {"count": 1500}}, "curves", budget={"strokes": 2000}), slope())
    assert counts(alone)[0] == pytest.approx(2200, abs=1)
    assert counts(beside)[0] == 1500
    assert counts(beside)[1] == pytest.approx(700, abs=1)


def test_a_picture_that_needs_less_than_the_budget_takes_less() -> None:
    found = planned(artwork(canvas={"paper": "A6"}, budget={"metres": 500}), slope(darkest=0.8))
    assert spent(found).metres < 20
    assert "pays for" not in why(found, "layers.0.lines.count")[1]


def test_an_ample_budget_buys_more_and_shorter_strokes() -> None:
    plain = planned(artwork(canvas={"paper": "A6"}), slope(darkest=0.5))
    ample = planned(artwork(canvas={"paper": "A6"}, budget={"minutes": 1.5 * spent(plain).minutes}), slope(darkest=0.5))
    assert counts(ample)[0] > 1.2 * counts(plain)[0]
    assert ample.lengths_mm[0] < plain.lengths_mm[0]  # type: ignore[operator]
    ends_m = math.pi / 4 * 0.45 / 1000  # of each stroke: the same ink, not the same metres
    inked_m = [spent(each).metres + spent(each).strokes * ends_m for each in (ample, plain)]
    assert inked_m[0] == pytest.approx(inked_m[1], rel=0.01)
    assert "so they are finer" in why(ample, "layers.0.lines.count")[1]


def test_without_a_budget_a_drawing_takes_a_sensible_time() -> None:
    found = planned(artwork("points"), slope())  # a hundred thousand dots, if there were time
    assert spent(found).minutes == pytest.approx(91, rel=0.01)
    value, text = why(found, "budget")
    assert value == "91 minutes"
    assert text.startswith(
        "a sensible time for A4, plus pen changes; planned: about 91 minutes with 1 pen change, 0 m, "
    )
    assert text.endswith(" strokes, on gantry")
    assert "; a sensible time for the paper pays for " in why(found, "layers.0.points.count")[1]


def test_sensible_times_go_by_the_area_of_the_paper() -> None:
    named = [fitting_minutes(Canvas(paper=paper)) for paper in ("A6", "A5", "A4", "A3", "A2")]  # type: ignore[arg-type]
    assert named == pytest.approx([20, 40, 90, 150, 240])
    assert 90 < fitting_minutes(Canvas(paper="tabloid")) < 150
    assert fitting_minutes(Canvas.model_validate({"paper": {"width_mm": 2000, "height_mm": 900}})) == pytest.approx(240)


def test_without_a_machine_minutes_are_those_of_a_usual_gantry() -> None:
    found = planned(artwork(machine=None, budget={"minutes": 20}), slope())
    assert spent(found).minutes == pytest.approx(22, rel=0.01)
    assert why(found, "budget")[1].endswith(" on a usual gantry, as the spec names no machine")


def test_a_budget_that_pays_for_nothing_is_doubted() -> None:
    found = planned(artwork("points", pens=MARKERS, budget={"minutes": 2}), slope())
    assert counts(found) == [1]
    assert found.warnings == (
        "the budget of 2 minutes pays for no strokes: 3.21 minutes are taken by pen changes and by layers with their "
        "own count; raise it, or use fewer pens or strokes",
    )


def test_a_budget_that_decides_nothing_is_doubted() -> None:
    found = planned(artwork({"lines": {"count": 3}}, budget={"minutes": 2}), slope())
    assert found.warnings == (
        "every layer has its own count, so the budget has no effect; leave it out, or make a count `auto`",
    )


def test_free_colours_are_planned_too() -> None:
    free = artwork("curves", machine=None).model_dump(mode="json") | {"pens": {"colours": "free", "nib_mm": 1}}
    found = planned(Artwork.model_validate(free), slope(darkest=0.5))
    assert spent(found).changes == 1
    assert counts(found)[0] > 1000


# --- minutes ----------------------------------------------------------------------------------------------------------


def drawn(found: Planned, seed: int = 1) -> Drawing:
    """Strokes as planned, spread evenly over the frame, in the order in which a machine would draw them."""
    work, rng = found.artwork, np.random.default_rng(seed)
    area = frame(work.canvas, work.target.fit, 4 / 3, 0.45)
    passes = []
    for layer, length_mm in zip(work.layers, found.lengths_mm, strict=True):
        pens = pens_of(work, layer)
        sketch = Sketch(layer.kind, pens, len(pens), layer.count, length_mm or 0.0)
        for pen in pens:
            lines = [_strewn(sketch.line(pen), rng, area) for _ in range(layer.count // len(pens))]
            passes.append(PenPass(layer.kind_name, pen, tuple(lines)))
    return prepared(Drawing(*work.canvas.size_mm, "#ffffff", tuple(passes)), work.machine)[0]


def _strewn(line: Line, rng: np.random.Generator, area: Any) -> Line:
    angle = rng.uniform(0, 2 * math.pi)
    turned = (line - line.mean(0)) @ np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    reach = np.abs(turned).max(0)
    low, high = np.array([area.x_mm, area.y_mm]) + reach, np.array([area.width_mm, area.height_mm]) - 2 * reach
    return turned + low + rng.uniform(0, 1, 2) * high


Z_LIFT = GANTRY | {"pen_lift": {"kind": "z", "up_mm": 3, "down_mm": 0}, "accel_mm_s2": [500, 200]}


@pytest.mark.parametrize("machine", [GANTRY, Z_LIFT], ids=["servo", "z"])
@pytest.mark.parametrize(
    ("layers", "pens", "budget"),
    [
        (["lines"], [BLACK], {"minutes": 30}),
        (["curves"], [BLACK, BLACK | {"name": "slow", "feed_mm_min": 900}], {"metres": 15}),
        (["points", "curves"], MARKERS, {"strokes": 1500}),
        ([{"points": {"diameter_mm": 8}}], MARKERS, {"strokes": 400}),
        ([{"curves": {"closed": True}}], MARKERS, {"minutes": 20}),
        (["points"], [BLACK], {"minutes": 25}),
    ],
)
def test_planned_minutes_are_those_of_the_machine(
    layers: list[Any], pens: list[dict[str, Any]], budget: dict[str, float], machine: dict[str, Any]
) -> None:
    found = planned(artwork(*layers, pens=pens, machine=machine, budget=budget, canvas={"paper": "A5"}), slope())
    assert found.artwork.machine is not None
    taken = estimate(program(drawn(found), found.artwork.machine), found.artwork.machine)
    assert spent(found).minutes == pytest.approx(taken.total_s / 60, rel=0.1)
    assert spent(found).changes == taken.pen_changes
    assert spent(found).strokes == pytest.approx(taken.lifts, rel=0.1)


def test_pens_that_run_dry_cost_their_refills() -> None:
    works = (artwork(), artwork(pens=[BLACK | {"max_draw_m": 2}]))
    sketches = [Sketch(Lines(), pens_of(work, work.layers[0]), 1, 1000, 10.0) for work in works]
    plain, dry = (costs((sketch,), 40_000, Machine.model_validate(GANTRY)).minutes for sketch in sketches)
    assert dry - plain == pytest.approx(4)  # ten metres


@pytest.mark.parametrize("layers", [("lines",), ("points", "curves"), ("lines", "curves", "points", "curves")])
def test_planning_lays_out_few_strokes(layers: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    laid: list[int] = []
    monkeypatch.setattr(cost, "program", lambda drawing, machine: laid.append(1) or program(drawing, machine))
    planned(artwork(*layers, pens=MARKERS, canvas={"paper": "A2"}, machine=None), slope(2000, 1500))
    assert len(laid) <= 32 * len(layers)  # of 2 or 26 strokes: all together in a fraction of a second


# --- what is left out in the end --------------------------------------------------------------------------------------


@given(
    st.lists(st.floats(0.1, 10), min_size=1, max_size=400),
    st.floats(0.05, 2),
    st.floats(0, 0.5),
    st.integers(0, 2**31 - 1),
)
def test_a_budget_is_met_from_below_by_leaving_out_the_least_useful(
    lengths: list[float], share: float, fixed: float, seed: int
) -> None:
    length, use = np.array(lengths), np.random.default_rng(seed).random(len(lengths))
    budget = share * length.sum()
    kept = trimmed(use, budget, lambda some: fixed * budget + float(length[some].sum()))
    cost = fixed * budget + length[kept].sum()
    assert cost <= budget or kept.sum() == 1
    left = use[~kept]
    if len(left):
        assert left.max() <= use[kept].min()
        assert cost >= 0.95 * budget or cost + length[~kept][left.argmax()] > budget
    else:
        assert cost <= budget or len(length) == 1


def test_all_strokes_are_kept_where_the_budget_pays_for_them() -> None:
    assert trimmed(np.arange(5.0), 5, lambda kept: float(kept.sum())).all()
    assert trimmed(np.zeros(0), 5, lambda kept: float(kept.sum())).shape == (0,)


def test_few_estimates_are_needed() -> None:
    asked: list[int] = []
    trimmed(np.random.default_rng(1).random(100_000), 777, lambda kept: asked.append(1) or float(kept.sum()))  # type: ignore[func-returns-value]
    assert len(asked) < 18

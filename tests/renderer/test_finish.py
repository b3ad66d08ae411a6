"""From fitted layers to the drawing: hidden strokes are left out, and the least useful ones until a budget is met."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from renderer import finish
from renderer.finish import drawing_of, within_budget, without_hidden
from renderer.fit_log import FitLog
from renderer.optimise import FittedLayer, Ground, lines_mm
from renderer.palette import palette
from renderer.pipeline import never
from renderer.placement import scatter
from renderer.planning import Planned, planned
from renderer.progress import silent
from renderer.spec import Artwork, Budget
from renderer.strokes import Strokes
from renderer.target import Frame, Picture, frame

pytestmark = pytest.mark.usefixtures("one_thread")

PENS = [{"name": "black", "colour": "#000000", "nib_mm": 1.0}, {"name": "red", "colour": "#d02020", "nib_mm": 1.0}]
GANTRY = {
    "name": "gantry", "width_mm": 440, "height_mm": 320, "accel_mm_s2": 600, "pen_change_s": 30,
    "pen_lift": {"kind": "servo", "up": 650, "down": 400},
}  # fmt: skip


def artwork(*layers: dict[str, Any], **changes: Any) -> Artwork:
    fields: dict[str, Any] = {
        "version": 1,
        "title": "A slope",
        "target": {"image": "x.png", "tone": "none", "focus": "none"},
        "canvas": {"paper": "A6", "margin_mm": 8, "px_per_mm": 2},
        "pens": {"rack": {"pens": PENS}},
        "machine": GANTRY,
        "layers": list(layers),
    }
    return Artwork.model_validate(fields | changes)


def slope() -> Picture:  # [H, W, 3]
    """From black at the left to white at the right."""
    grey = np.linspace(0, 1, 120, dtype=np.float32)
    return np.ascontiguousarray(np.broadcast_to(grey[None, :, None], (90, 120, 3)))


def made(work: Artwork) -> tuple[Planned, Frame, FitLog]:
    plan = planned(work, slope())
    area = frame(plan.artwork.canvas, "contain", 4 / 3, 1.0)
    return plan, area, FitLog(plan.artwork, silent, never, lambda _: math.nan)


def grounds(plan: Planned, area: Frame) -> list[Ground]:
    grey = torch.linspace(0, 1, area.width_px).expand(3, area.height_px, area.width_px).contiguous()
    white = torch.ones_like(grey)
    layers = plan.artwork.layers
    return [
        Ground(area, grey, white, palette(plan.artwork.pens_of(each), grey.numpy(), white.numpy())) for each in layers
    ]


def scattered(plan: Planned, area: Frame, *counts: int) -> list[FittedLayer]:
    """Strokes anywhere, in each layer."""
    parts = []
    layers = zip(plan.artwork.layers, grounds(plan, area), counts, strict=True)
    for number, (layer, ground, count) in enumerate(layers):
        where = (layer.kind, count, ground.palette, area, ground.target, ground.background)
        parts.append(FittedLayer(layer, scatter(*where, np.random.default_rng(number)), ground))
    return parts


def dots(*places: tuple[float, float], pen: int = 0) -> Strokes:
    knots = torch.tensor(places).reshape(-1, 1, 2)
    inks = torch.zeros(len(knots), 2)
    inks[:, pen] = 2.0
    return Strokes(knots, torch.full((len(knots),), 1.0), inks)


# --- hidden -----------------------------------------------------------------------------------------------------------


def two_layers(ink: str = "opaque") -> tuple[Planned, FitLog, list[FittedLayer]]:
    """Three dots below, and above them one dot that hides the second; the first is hidden in its own layer."""
    rack = [PENS[0] | {"ink": ink}, PENS[1] | {"ink": ink}]
    plan, area, log = made(
        artwork({"points": {"count": 3}}, {"points": {"count": 1}, "name": "eyes"}, pens={"rack": {"pens": rack}})
    )
    low, high = grounds(plan, area)
    lower = dots((40, 40), (60, 40), (80, 40))
    top = dots((40, 40), (60, 40))
    return (
        plan,
        log,
        [FittedLayer(plan.artwork.layers[0], lower, low), FittedLayer(plan.artwork.layers[1], top[1:], high)],
    )


def test_strokes_that_a_later_layer_hides_are_left_out() -> None:
    plan, log, parts = two_layers()
    kept = without_hidden(plan.artwork, parts, log)
    assert kept[0].strokes.knots[:, 0].tolist() == [[40, 40], [80, 40]]
    assert kept[1].strokes.knots[:, 0].tolist() == [[60, 40]]
    assert log.notes == ["points: 1 of 3 strokes left out because later strokes hide them"]
    assert sum(len(part.lines) for part in drawing_of(plan.artwork, kept).passes) == 3


def test_strokes_that_a_later_pen_of_their_layer_hides_are_left_out_too() -> None:
    plan, log, parts = two_layers()
    first, second = (pen.name for pen in parts[0].ground.palette.pens)
    both = Strokes(*(torch.cat(pair) for pair in zip(
        dots((40, 40), (60, 60), pen=1).tensors, dots((40, 40), pen=0).tensors, strict=True)))  # fmt: skip
    kept = without_hidden(plan.artwork, [replace(parts[0], strokes=both)], log)
    assert first != second
    assert len(kept[0].strokes) == 2
    assert kept[0].strokes.knots[:, 0].tolist() == [[40, 40], [60, 60]]
    assert kept[0].strokes.inks.argmax(1).tolist() == [1, 1]  # the pen that comes later stays


def test_a_stroke_of_which_a_corner_can_be_seen_stays() -> None:
    plan, log, parts = two_layers()
    shifted = replace(parts[1], strokes=dots((60.3, 40)))
    assert len(without_hidden(plan.artwork, [parts[0], shifted], log)[0].strokes) == 3
    assert log.notes == []


def test_dye_hides_nothing() -> None:
    plan, log, parts = two_layers("transparent")
    assert [len(part.strokes) for part in without_hidden(plan.artwork, parts, log)] == [3, 1]


def test_layers_without_strokes_hide_nothing_and_are_kept() -> None:
    plan, log, parts = two_layers()
    none = replace(parts[1], strokes=dots()[torch.zeros(0, dtype=torch.bool)])
    assert [len(part.strokes) for part in without_hidden(plan.artwork, [parts[0], none], log)] == [3, 0]
    assert [len(part.strokes) for part in without_hidden(plan.artwork, [none, none], log)] == [0, 0]


# --- budget -----------------------------------------------------------------------------------------------------------


def spent(plan: Planned, parts: list[FittedLayer], unit: str) -> float:
    """The cost of the exported drawing."""
    return finish._cost(plan.artwork, parts, unit)


def budgeted(
    unit: str, share: float, *layers: dict[str, Any], counts: tuple[int, ...]
) -> tuple[Planned, FitLog, list[FittedLayer]]:
    """A plan, and fitted layers; its budget pays for about this share of them."""
    plan, area, log = made(artwork(*layers, budget={"strokes": 100}))
    parts = scattered(plan, area, *counts)
    amount = share * spent(plan, parts, unit)
    budget = Budget.model_validate({unit: round(amount) if unit == "strokes" else amount})
    return replace(plan, artwork=plan.artwork.model_copy(update={"budget": budget})), log, parts


@pytest.mark.parametrize("unit", ["strokes", "metres", "minutes"])
@pytest.mark.parametrize(
    "layers", [({"lines": {}},), ({"points": {}}, {"curves": {}})], ids=["lines", "points, curves"]
)
def test_a_budget_is_met_from_below_within_a_tenth(unit: str, layers: tuple[dict[str, Any], ...]) -> None:
    counts = (160,) if len(layers) == 1 else (150, 40)
    plan, log, parts = budgeted(unit, 0.75, *layers, counts=counts)
    budget = plan.artwork.budget
    assert budget is not None
    kept = within_budget(plan, parts, log)
    assert 0.9 * budget.amount <= spent(plan, kept, unit) <= budget.amount * (1 + 1e-9)
    left = sum(counts) - sum(len(part.strokes) for part in kept)
    [note] = log.notes
    assert note.startswith(f"{left} of {sum(counts)} strokes, the least useful, left out to keep within ")


@pytest.mark.parametrize("unit", ["strokes", "metres", "minutes"])
@pytest.mark.parametrize("share", [0.8, 0.95])
def test_layers_with_a_count_of_their_own_are_not_touched(unit: str, share: float) -> None:
    plan, log, parts = budgeted(unit, share, {"lines": {"count": 60}}, {"curves": {}}, counts=(60, 90))
    kept = within_budget(plan, parts, log)
    assert torch.equal(kept[0].strokes.knots, parts[0].strokes.knots)
    assert 0 < len(kept[1].strokes) < 90
    assert plan.artwork.budget is not None
    amount, found = plan.artwork.budget.amount, spent(plan, kept, unit)
    assert found <= amount * (1 + 1e-9)
    if found < 0.9 * amount:  # only where a further pen costs more than is left: those in use draw all they have
        before, after = (parts[1].strokes.inks.argmax(1), kept[1].strokes.inks.argmax(1))
        in_use = torch.isin(before, after)
        assert unit == "minutes" and int(in_use.sum()) == len(after)
        in_use[(~in_use).nonzero()[0]] = True
        assert spent(plan, [parts[0], replace(parts[1], strokes=parts[1].strokes[in_use])], unit) > amount


def test_the_strokes_that_help_least_are_left_out() -> None:
    """Short lines all over a slope from black to white: those on white only make it worse."""
    plan, log, parts = budgeted("strokes", 0.5, {"lines": {"max_length_mm": 3}}, counts=(120,))
    [part] = within_budget(plan, parts, log)
    assert len(part.strokes) == 60
    left = {tuple(knot) for knot in parts[0].strokes.knots[:, 0].tolist()} - {
        tuple(knot) for knot in part.strokes.knots[:, 0].tolist()
    }
    area = part.ground.frame
    assert np.mean([x for x, _ in left]) > area.x_mm + 0.65 * area.width_mm
    assert part.strokes.knots[:, 0, 0].mean() < area.x_mm + 0.35 * area.width_mm


def test_what_the_budget_pays_for_is_kept_whole() -> None:
    plan, log, parts = budgeted("metres", 1.01, {"lines": {}}, counts=(50,))
    kept = within_budget(plan, parts, log)
    assert len(kept[0].strokes) == 50
    assert log.notes == []


def test_without_a_planned_count_nothing_is_left_out() -> None:
    plan, area, log = made(artwork({"lines": {"count": 40}}, budget={"strokes": 3}))
    parts = scattered(plan, area, 40)
    assert within_budget(plan, parts, log) == parts


def test_an_interrupted_fit_keeps_what_it_has() -> None:
    plan, log, parts = budgeted("strokes", 0.5, {"lines": {}}, counts=(40,))
    log.interrupted = True
    assert within_budget(plan, parts, log) == parts


def test_a_budget_for_layers_without_strokes_is_no_trouble() -> None:
    plan, log, parts = budgeted("strokes", 0.5, {"lines": {}}, {"curves": {}}, counts=(30, 30))
    none = replace(parts[0], strokes=parts[0].strokes[torch.zeros(30, dtype=torch.bool)])
    assert [len(part.strokes) for part in within_budget(plan, [none, parts[1]], log)] == [0, 30]
    assert within_budget(plan, [none, replace(none, layer=parts[1].layer)], log)[0] is none


def test_the_lengths_are_those_of_what_is_drawn() -> None:
    plan, _, parts = budgeted("strokes", 0.5, {"curves": {}}, counts=(20,))
    lines = lines_mm(parts[0].layer, parts[0].strokes, parts[0].ground)
    drawn = drawing_of(plan.artwork, parts)
    by_hand = sum(float((line[1:] - line[:-1]).norm(dim=1).sum()) for line in lines) / 1000
    assert spent(plan, parts, "metres") == pytest.approx(by_hand, rel=1e-4)
    assert sum(len(part.lines) for part in drawn.passes) <= 20

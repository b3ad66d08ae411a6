"""Fitting: figures are checked against bands, because the exact result of gradient descent is not known beforehand."""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import Tensor

from hardware.drawing import Drawing, Ink, Pen
from renderer import losses, optimise, placement, preview, spec
from renderer.colours import to_hex
from renderer.error import Objective
from renderer.losses import Sum
from renderer.optimise import FitError, FittedLayer, Ground, State, draw, fit, lines_mm, pruned, refine, shares, stacked
from renderer.optimise.descent import crossed
from renderer.optimise.layer_drawing import bounds_mm, drawn_lines, inside
from renderer.palette import Palette
from renderer.passes import passes
from renderer.primitives import polylines, turns
from renderer.raster import Workspace
from renderer.spec import Cost, Curves, Edge, Kind, Layer, Lines, Points, Rates, traits
from renderer.strokes import Strokes
from renderer.target import Frame

pytestmark = pytest.mark.usefixtures("one_thread")

PLACED = {name: kind for name, kind in spec.KINDS.items() if not traits(kind(count=20)).is_mark}  # by the search
KINDS: dict[str, Kind] = {name: kind(count=20) for name, kind in PLACED.items()} | {
    "points": Points(count=40),
    "lines": Lines(count=30),
    "closed curves": Curves(count=15, knots=5, closed=True),
}
FRAME = Frame(6.0, 4.0, 20.0, 24.0, 2.0)
SHEET_MM = (32.0, 32.0)
SIZE = (FRAME.height_px, FRAME.width_px)
INKS = {"red": "#d03020", "yellow": "#f0d830", "blue": "#2040a0", "black": "#101010"}


def pens(nib_mm: float = 2.0, ink: Ink = Ink.OPAQUE) -> Palette:
    owned = tuple(Pen(name=name, colour=colour, nib_mm=nib_mm, ink=ink) for name, colour in INKS.items())
    return Palette(owned, False, ink, (nib_mm, nib_mm))


def free(width_mm: tuple[float, float] = (2.0, 2.0), ink: Ink = Ink.OPAQUE) -> Palette:
    return Palette((Pen(name="free", colour="#000000", nib_mm=width_mm[1], ink=ink),), True, ink, width_mm)


PALETTES = {
    "pens": pens(),
    "transparent pens": pens(ink=Ink.TRANSPARENT),
    "unlike nibs": Palette(
        (Pen(name="fine", colour="#101010", nib_mm=0.7), Pen(name="broad", colour="#e0b040", nib_mm=3)),
        False,
        Ink.OPAQUE,
        (0.7, 3.0),
    ),
    "free": free(),
    "free transparent": free(ink=Ink.TRANSPARENT),
    "free widths": free((0.5, 4.0)),
}
every_palette = pytest.mark.parametrize("palette", list(PALETTES))
every_kind = pytest.mark.parametrize("kind", list(KINDS))


def sunset() -> Tensor:
    y, x = torch.meshgrid(torch.linspace(-1, 1, SIZE[0]), torch.linspace(-1, 1, SIZE[1]), indexing="ij")
    picture = torch.stack([0.9 - 0.3 * y.abs(), 0.55 - 0.3 * y, 0.45 + 0.4 * y]).clamp(0, 1)
    picture[:, x**2 + (y + 0.2) ** 2 < 0.2] = torch.tensor([0.95, 0.85, 0.3])[:, None]
    return picture


def layer(kind: Kind, **fields: object) -> Layer:
    return Layer.model_validate({type(kind).__name__.lower(): kind} | {"steps": 40} | fields)


def ground(palette: Palette, target: Tensor | None = None, paper: float = 1.0) -> Ground:
    return Ground(FRAME, sunset() if target is None else target, torch.full((3, *SIZE), paper), palette)


def loss_of(on: Ground, wanted: Layer) -> Sum:
    return losses.build(wanted.terms, on.target, FRAME.px_per_mm)


def scattered(wanted: Layer, on: Ground, seed: int = 1) -> Strokes:
    generator = np.random.default_rng(seed)
    return placement.scatter(wanted.kind, wanted.kind.count, on.palette, FRAME, on.target, on.background, generator)


def fitted(wanted: Layer, on: Ground, strokes: Strokes | None = None) -> list[tuple[float, State]]:
    """The states and their losses; only the last state's strokes are still valid."""
    strokes = scattered(wanted, on) if strokes is None else strokes
    states = fit(wanted, strokes, on, loss_of(on, wanted), np.random.default_rng(2))
    return [(state.loss, state) for state in states]


def plotted(wanted: Layer, state: State) -> Tensor:
    """The preview of the drawing that would be exported."""
    parts = passes("layer", drawn_lines(wanted, state.strokes, state.ground), state.strokes, state.ground.palette)
    paper = to_hex(state.ground.background[:, 0, 0].numpy())
    return torch.from_numpy(preview.framed(Drawing(*SHEET_MM, paper, parts), FRAME))


# --- what is found ----------------------------------------------------------------------------------------------------


@cache
def outcome(kind_name: str, palette_name: str) -> tuple[float, list[tuple[float, State]]]:
    """The loss before the first step, and all steps."""
    wanted, on = layer(KINDS[kind_name]), ground(PALETTES[palette_name])
    strokes = scattered(wanted, on)
    with torch.no_grad():
        before = loss_of(on, wanted)(draw(wanted, strokes, on)).item()
    return before, fitted(wanted, on, strokes)


@every_palette
@every_kind
def test_the_loss_falls(kind: str, palette: str) -> None:
    before, steps = outcome(kind, palette)
    assert [state.step for _, state in steps] == list(range(1, 41))
    assert steps[-1][0] < (0.8 if "free" in palette else 0.9) * before


@every_palette
@every_kind
def test_the_drawing_that_is_fitted_is_the_drawing_that_is_plotted(kind: str, palette: str) -> None:
    _, steps = outcome(kind, palette)
    believed, state = steps[-1]
    wanted, on = layer(KINDS[kind]), ground(PALETTES[palette])
    with torch.no_grad():
        soft = draw(wanted, state.strokes, state.ground)
    # free colours are written with 8 bits a channel, and transparent ones lie on each other
    torch.testing.assert_close(plotted(wanted, state), soft, atol=8e-3 if "free" in palette else 1e-3, rtol=0)
    assert loss_of(on, wanted)(plotted(wanted, state)).item() == pytest.approx(believed, rel=0.03)


def test_the_gaussian_profile_of_the_paper_is_fitted_too() -> None:
    wanted, on = layer(KINDS["lines"], edge=Edge(profile="gaussian")), ground(free())
    steps = fitted(wanted, on)
    assert steps[-1][0] < 0.6 * steps[0][0]


def test_the_strokes_that_were_handed_in_stay_as_they_are() -> None:
    wanted, on = layer(KINDS["points"]), ground(pens())
    strokes = scattered(wanted, on)
    before = [tensor.clone() for tensor in strokes.tensors]
    fitted(wanted, on, strokes)
    assert all(torch.equal(one, other) for one, other in zip(before, strokes.tensors, strict=True))
    assert torch.equal(on.background, torch.ones(3, *SIZE))


def test_terms_are_told_unweighted() -> None:
    wanted = layer(KINDS["points"], loss=[{"mse": {"weight": 2}}, {"blurred_mse": {"weight": 3}}], steps=2)
    for loss, state in fitted(wanted, ground(pens())):
        assert set(state.terms) == {"mse", "blurred_mse"}
        assert loss == pytest.approx(2 * state.terms["mse"] + 3 * state.terms["blurred_mse"], rel=1e-5)


def test_the_same_seed_fits_the_same_strokes() -> None:
    def once() -> list[bytes]:
        _, state = fitted(layer(KINDS["curves"], steps=16), ground(pens()))[-1]
        return [tensor.detach().numpy().tobytes() for tensor in state.strokes.tensors]

    assert once() == once()


@pytest.mark.parametrize("first", ["white", "black"])
def test_the_order_of_the_pens_is_the_one_that_shows_best(first: str) -> None:
    """Each dot is half over one of the other pen's; only the target shows which one is on top."""
    white, black = Pen(name="white", colour="#ffffff", nib_mm=3), Pen(name="black", colour="#000000", nib_mm=3)
    palette, wanted = Palette((white, black), False, Ink.OPAQUE, (3, 3)), layer(Points(count=10), steps=8)
    dots = (
        torch.tensor([[9.0 + 3 * (n % 5), 8.0] for n in range(10)])
        + torch.tensor([[0.0, 0.0], [0.9, 0.0]])[[0] * 5 + [1] * 5]
    )
    inks = torch.tensor([[0.0, 2.0]] * 5 + [[2.0, 0.0]] * 5)
    strokes = Strokes(dots[:, None], torch.full((10,), 3.0), inks)
    on = ground(palette, paper=0.5)
    turned = Ground(FRAME, on.target, on.background, palette.reordered((1, 0)))
    with torch.no_grad():
        target = (
            draw(wanted, strokes, on)
            if first == "white"
            else draw(wanted, Strokes(strokes.knots, strokes.width_mm, inks.flip(1)), turned)
        )
    on = Ground(FRAME, target, on.background, palette)
    settled = optimise.settle(wanted, strokes.with_gradient(widths=False), on, loss_of(on, wanted), Workspace())
    assert settled.palette.pens[0].name == first


def test_useless_strokes_are_moved_to_where_they_help() -> None:
    """All dots begin on one spot, where the bare paper is right already."""
    target = torch.ones(3, *SIZE)
    target[:, 30:] = 0.1
    on, wanted = ground(pens(), target), layer(Points(count=30), steps=48)
    knots = torch.tensor([[[9.0, 7.0]]]).expand(30, 1, 2)
    inks = 2 * torch.nn.functional.one_hot(torch.full((30,), 3), 4).float()
    strokes = Strokes(knots, torch.full((30,), 2.0), inks)
    believed, state = fitted(wanted, on, strokes)[-1]
    below = state.strokes.knots[:, 0, 1] > FRAME.y_mm + 15
    assert below.float().mean() > 0.5
    assert believed < 0.7 * ((target - 1) ** 2).mean()


def test_strokes_get_the_pen_that_shows_best() -> None:
    """Dots begin with the wrong pens."""
    wanted, palette = layer(Points(count=12)), pens()
    where = torch.tensor([[8.0 + 5 * (k % 4), 7.0 + 7 * (k // 4)] for k in range(12)])[:, None]
    right = 2 * torch.nn.functional.one_hot(torch.arange(12) % 4, 4).float()
    with torch.no_grad():
        target = draw(wanted, Strokes(where, torch.full((12,), 2.0), right), ground(palette))
    on = ground(palette, target)
    wrong = Strokes(where, torch.full((12,), 2.0), right.roll(1, 1)).with_gradient(widths=False)
    for _ in range(4):
        optimise.repen(wanted, wrong, on, loss_of(on, wanted), Workspace())
    assert torch.equal(wrong.inks.argmax(1), right.argmax(1))


@pytest.mark.parametrize(
    ("count", "stages", "steps", "expected"),
    [(10, 1, 40, [10]), (10, 4, 40, [2, 3, 2, 3]), (3, 8, 40, [1, 1, 1]), (10, 8, 4, [5, 5]), (10, 4, 0, [10])],
)
def test_stages_share_the_strokes_among_them(count: int, stages: int, steps: int, expected: list[int]) -> None:
    assert shares(layer(Points(count=count), stages=stages, steps=steps)) == expected


def test_strokes_are_added_in_stages_till_all_are_there() -> None:
    wanted, on = layer(Points(count=40), stages=4), ground(pens())
    first = scattered(wanted, on)[torch.arange(shares(wanted)[0])]
    states = fit(wanted, first, on, loss_of(on, wanted), np.random.default_rng(2))
    counts = [len(state.strokes) for state in states]
    assert counts == sorted(counts)
    assert (counts[0], counts[19], counts[-1]) == (10, 40, 40)


def test_strokes_that_nobody_would_miss_are_left_out() -> None:
    """Of three dots on a black disc two are hidden, a fourth spoils the paper, and a fifth is right."""
    wanted, palette = layer(Points(count=5)), pens(nib_mm=4.0)
    blue, black = torch.tensor([[0.0, 0, 2, 0]]), torch.tensor([[0.0, 0, 0, 2]])
    where = torch.tensor([[12.0, 10.0], [12.0, 10.0], [12.0, 10.0], [20.0, 10.0], [12.0, 20.0]])[:, None]
    strokes = Strokes(where, torch.full((5,), 4.0), torch.cat([blue, blue, black, black, black]))
    with torch.no_grad():
        target = draw(wanted, strokes[torch.tensor([2, 4])], ground(palette))
    on = ground(palette, target)
    kept = pruned(wanted, strokes, on, loss_of(on, wanted))
    assert torch.equal(kept.knots, where[[2, 4]])


@every_palette
def test_leaving_strokes_out_never_raises_the_loss(palette: str) -> None:
    wanted, on = layer(KINDS["lines"]), ground(PALETTES[palette])
    loss = loss_of(on, wanted)
    for seed in range(4):
        strokes = scattered(wanted, on, seed)
        kept = pruned(wanted, strokes, on, loss)
        assert len(kept) <= len(strokes)
        with torch.no_grad():
            assert loss(draw(wanted, kept, on)) <= loss(draw(wanted, strokes, on))


# --- what is kept to --------------------------------------------------------------------------------------------------


@every_palette
@pytest.mark.parametrize("kind", [Lines(count=12, max_length_mm=4), Curves(count=12, max_length_mm=4)], ids=["l", "c"])
def test_length_frame_widths_and_colours_are_kept_to(kind: Kind, palette: str) -> None:
    wild = Rates(position_mm=3.0, pens=2.0, width_mm=1.0)
    wanted, on = layer(kind, rates=wild, steps=12), ground(PALETTES[palette])
    for _, state in fitted(wanted, on):
        knots = state.strokes.knots.detach()
        lengths_mm = (knots[:, 1:] - knots[:, :-1]).norm(dim=-1).sum(1)
        assert lengths_mm.max() <= 4 + 1e-4
        radius = state.ground.palette.widths(state.strokes.inks, state.strokes.width_mm).detach()[:, None] / 2
        inside = lines_mm(wanted, state.strokes, state.ground).detach() - torch.tensor([FRAME.x_mm, FRAME.y_mm])
        for axis, size_mm in ((0, FRAME.width_mm), (1, FRAME.height_mm)):
            assert (inside[..., axis] >= radius - 1e-4).all()
            assert (inside[..., axis] <= size_mm - radius + 1e-4).all()
        if "free" in palette:
            low_mm, high_mm = PALETTES[palette].width_mm
            assert ((state.strokes.width_mm >= low_mm) & (state.strokes.width_mm <= high_mm)).all()
            assert ((state.strokes.inks >= 0) & (state.strokes.inks <= 1)).all()


def swinging(kind: Kind, seed: int, reach: float) -> Strokes:
    """Strokes whose knots are up to so many frames outside the frame."""
    rng = np.random.default_rng(seed)
    knots = 16 + reach * 12 * rng.uniform(-1, 1, (60, traits(kind).knots, 2))
    return Strokes(
        torch.from_numpy(knots).float(), torch.full((60,), 2.0), torch.from_numpy(rng.random((60, 4))).float()
    )


def folded(line: Tensor, low: Tensor, high: Tensor) -> bool:
    """Whether a line runs along its bounds: two points in a row are on the same bound."""
    on = torch.cat([(line - low).abs() < 0.01, (line - high).abs() < 0.01], 1)  # [S, 4]
    moved = (line[1:] - line[:-1]).norm(dim=1) > 0.05  # the top of a gentle bend is two points of one place
    straight = ((line[1:] - line[:-1]).abs() < 1e-3).any(1)
    return bool(((on[1:] & on[:-1]).any(1) & moved & straight).any())


@pytest.mark.parametrize("kind", ["curves", "closed curves"])
def test_a_curve_that_swings_out_is_shifted_in_and_never_folded(kind: str) -> None:
    on, wanted = ground(pens()), layer(KINDS[kind])
    strokes = swinging(KINDS[kind], 3, 1.1)
    moved = Strokes(inside(wanted, strokes, on), strokes.width_mm, strokes.inks)
    before = polylines(wanted.kind, strokes.knots)
    after = polylines(wanted.kind, moved.knots)
    low, high = bounds_mm(moved, on)
    out = ((before < low) | (before > high)).any(2).any(1)
    assert 10 < out.sum() < 60
    assert (after >= low - 1e-3).all() and (after <= high + 1e-3).all()
    torch.testing.assert_close(after[~out], before[~out], atol=1e-5, rtol=0)
    clamped = lines_mm(wanted, moved, on)
    torch.testing.assert_close(clamped, after, atol=1e-3, rtol=0)
    assert not any(folded(line, low[n], high[n]) for n, line in enumerate(clamped))
    stopped = stopped_at_the_edge(strokes.knots, low, high)
    drawn = polylines(wanted.kind, stopped)
    small = ((drawn.amax(1) - drawn.amin(1)) <= (high - low)[:, 0]).all(1)
    assert small.sum() > 10
    shape = (moved.knots - moved.knots[:, :1]) - (stopped - stopped[:, :1])
    assert shape[small].abs().max() < 1e-4  # single knots stop at the edge, the rest is shifted and nothing else


def stopped_at_the_edge(knots: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Stroke by stroke and axis by axis: knots stop at the edge unless two in a row are beyond the same one."""
    result = knots.clone()
    for n in range(len(knots)):
        for axis in range(2):
            values, least, most = knots[n, :, axis], low[n, 0, axis], high[n, 0, axis]
            sides = [-1 if value < least else 1 if value > most else 0 for value in values]
            if not any(one == other != 0 for one, other in pairwise(sides)):
                result[n, :, axis] = values.clamp(least, most)
    return result


def test_a_curve_that_is_larger_than_the_frame_is_shrunk_evenly() -> None:
    on, wanted = ground(pens()), layer(KINDS["curves"])
    strokes = swinging(KINDS["curves"], 5, 3.0)
    low, high = bounds_mm(strokes, on)
    stopped = stopped_at_the_edge(strokes.knots, low, high)
    before = polylines(wanted.kind, stopped)
    large = ((before.amax(1) - before.amin(1)) > (high - low)[:, 0]).any(1)
    assert large.sum() > 30
    knots = inside(wanted, strokes, on)
    was, now = (each[:, 1:] - each[:, :1] for each in (stopped, knots))
    ratio = now.flatten(1).norm(dim=1) / was.flatten(1).norm(dim=1)
    assert (ratio[large] < 1).all()
    torch.testing.assert_close(ratio[~large], torch.ones(int((~large).sum())), atol=1e-4, rtol=0)
    torch.testing.assert_close(now, ratio[:, None, None] * was, atol=1e-3, rtol=0)
    after = polylines(wanted.kind, knots)
    assert (after >= low - 1e-3).all() and (after <= high + 1e-3).all()


def test_dots_and_ends_of_lines_stop_at_the_edge() -> None:
    on = ground(pens())
    for kind in ("points", "lines"):
        strokes = swinging(KINDS[kind], 4, 2.0)
        low, high = bounds_mm(strokes, on)
        assert torch.equal(inside(layer(KINDS[kind]), strokes, on), strokes.knots.clamp(low, high))


def test_pens_wider_than_the_frame_are_kept_in_its_middle() -> None:
    wanted, on = layer(Points(count=3), steps=4), ground(pens(nib_mm=28.0))
    _, state = fitted(wanted, on)[-1]
    middle = torch.tensor([FRAME.x_mm + FRAME.width_mm / 2, FRAME.y_mm + FRAME.height_mm / 2])
    torch.testing.assert_close(lines_mm(wanted, state.strokes, state.ground).detach(), middle.expand(3, 1, 2))


def test_widths_are_fitted_where_they_may_vary() -> None:
    """A dot that is too thin for the disc below it grows to its size."""
    wanted = layer(Points(count=1), steps=200, rates=Rates(width_mm=0.2))
    where, palette = torch.tensor([[[16.0, 15.0]]]), free((1.0, 9.0))
    black = torch.zeros(1, 3)
    disc = Strokes(where, torch.tensor([6.0]), black)
    on = ground(palette)
    target = draw(wanted, disc, on)
    _, state = fitted(wanted, ground(palette, target), Strokes(where, torch.tensor([2.0]), black))[-1]
    assert state.strokes.width_mm.item() == pytest.approx(6.0, abs=0.2)


def test_no_steps_leave_the_strokes_where_they_start() -> None:
    assert fitted(layer(KINDS["points"], steps=0), ground(pens())) == []


# --- what breaks ------------------------------------------------------------------------------------------------------


def broken(kind: str) -> Callable[[Tensor], Tensor]:
    def value(picture: Tensor) -> Tensor:
        return picture.mean() * math.nan

    def overflow(picture: Tensor) -> Tensor:
        return (picture.sum() * 1e30) ** 2

    def gradient(picture: Tensor) -> Tensor:
        return (picture - picture.detach()).sqrt().mean()  # 0, and its slope is infinite

    return {"value": value, "overflow": overflow, "gradient": gradient}[kind]


@pytest.mark.parametrize("kind", ["value", "overflow", "gradient"])
@pytest.mark.parametrize(("name", "told"), [(None, "points"), ("first dots", "first dots")])
def test_a_loss_that_is_no_number_is_told_with_what_would_do(kind: str, name: str | None, told: str) -> None:
    wanted, on = layer(Points(count=5), name=name, steps=7), ground(pens())
    loss = Sum({"broken": (1.0, broken(kind))}, torch.device("cpu"))
    with pytest.raises(FitError) as caught:
        list(fit(wanted, scattered(wanted, on), on, loss, np.random.default_rng(2)))
    assert str(caught.value) == (
        f"layer {told!r}: the loss is no longer a number at step 1 of 7; lower layer.rates or the weights of its loss"
    )


def test_a_loss_that_breaks_down_later_says_when() -> None:
    wanted, on = layer(Points(count=5), steps=6), ground(pens())
    calls: list[int] = []

    def later(picture: Tensor) -> Tensor:
        calls.append(1)
        return picture.mean() * (math.inf if picture.requires_grad and len(calls) > 3 else 1.0)

    loss = Sum({"later": (1.0, later)}, torch.device("cpu"))
    states = fit(wanted, scattered(wanted, on), on, loss, np.random.default_rng(2))
    assert next(states).step == 1
    with pytest.raises(FitError, match=r"^layer 'points': the loss is no longer a number at step [2-6] of 6; "):
        list(states)


# --- costs and layers together ----------------------------------------------------------------------------------------


def drawn_mm(wanted: Layer, state: State) -> float:
    lines = lines_mm(wanted, state.strokes, state.ground).detach()
    return float((lines[:, 1:] - lines[:, :-1]).norm(dim=-1).sum())


def test_a_price_on_metres_shortens_the_lines() -> None:
    on = ground(pens())
    plain, dear = layer(Lines(count=30)), layer(Lines(count=30), cost=Cost(length=0.1))
    lengths = [drawn_mm(wanted, fitted(wanted, on)[-1][1]) for wanted in (plain, dear)]
    assert lengths[1] < 0.8 * lengths[0]


def test_a_price_on_turns_straightens_the_curves() -> None:
    on = ground(pens())
    plain, dear = (layer(Curves(count=20, knots=6), cost=Cost(curvature=price)) for price in (0.0, 0.003))
    turned = [
        float(turns(lines_mm(wanted, state.strokes, state.ground).detach()))
        for wanted in (plain, dear)
        for _, state in fitted(wanted, on)[-1:]
    ]
    assert turned[1] < 0.8 * turned[0]


def test_ink_across_the_form_is_priced_by_its_area_and_angle() -> None:
    """One line each at 0, 30 and 90 degrees to a level form: sin^2 is 0, 1/4 and 1."""
    form = torch.stack([torch.ones(SIZE), torch.zeros(SIZE)])
    on = replace(ground(pens(nib_mm=1.5)), form=form)
    ways = [(8.0, 0.0), (8 * math.cos(math.pi / 6), 4.0), (0.0, 8.0)]
    knots = torch.tensor([[[12.0, 12.0], [12 + x, 12 + y]] for x, y in ways])
    strokes = Strokes(knots, torch.full((3,), 1.5), torch.eye(4)[:3])
    frame_mm2 = FRAME.width_mm * FRAME.height_mm
    each = [crossed(knots[n : n + 1], strokes[n : n + 1], on).item() for n in range(3)]
    assert each == pytest.approx([0, 8 * 1.5 / 4 / frame_mm2, 8 * 1.5 / frame_mm2], rel=1e-3, abs=1e-6)
    assert crossed(knots, strokes, on).item() == pytest.approx(sum(each))


def test_the_price_on_crossing_turns_lines_along_the_form() -> None:
    form = torch.stack([torch.zeros(SIZE), torch.ones(SIZE)])  # upright
    wanted = layer(KINDS["lines"], steps=60)
    on = ground(pens(nib_mm=0.7), torch.full((3, *SIZE), 0.8))
    strokes = scattered(wanted, on)

    def across(price: float) -> float:
        priced = replace(on, form=form, objective=Objective(crossing_price=price))
        state = fitted(wanted, priced, strokes)[-1][1]
        if price:
            assert "crossing" in state.terms
        lines = lines_mm(wanted, state.strokes, priced).detach()
        return crossed(lines, state.strokes, priced).item() / (
            float((lines[:, 1:] - lines[:, :-1]).norm(dim=-1).sum()) * 0.7 / (FRAME.width_mm * FRAME.height_mm)
        )

    assert across(3.0) < 0.5 * across(0.0)


def test_dots_and_layers_without_a_form_pay_nothing_for_crossing() -> None:
    objective = Objective(crossing_price=3.0)
    dots = fitted(layer(KINDS["points"], steps=1), replace(ground(pens()), objective=objective))[-1][1]
    lines = fitted(layer(KINDS["lines"], steps=1), replace(ground(pens()), objective=objective))[-1][1]
    assert "crossing" not in dots.terms and "crossing" not in lines.terms


def test_a_layer_without_strokes_has_nothing_to_fit() -> None:
    wanted, on = layer(KINDS["curves"]), ground(pens())
    none = scattered(wanted, on)[torch.zeros(20, dtype=torch.bool)]
    assert list(fit(wanted, none, on, loss_of(on, wanted), np.random.default_rng(0))) == []
    assert torch.equal(draw(wanted, none, on), on.background)
    assert len(pruned(wanted, none, on, loss_of(on, wanted))) == 0


def test_no_pen_draws_more_than_its_cap() -> None:
    on, wanted = ground(pens()), layer(Points(count=40), cost=Cost(most_per_pen=12))
    _, state = fitted(wanted, on)[-1]
    drawn = torch.bincount(state.strokes.inks.argmax(1), minlength=4)
    assert drawn.max() <= 12
    assert drawn.sum() == 40


@pytest.mark.parametrize("palette", ["pens", "transparent pens", "free"])
def test_layers_refined_together_fit_better_than_one_by_one(palette: str) -> None:
    below, above = layer(Points(count=40)), layer(Curves(count=20))
    on = ground(PALETTES[palette])
    _, dots = fitted(below, on)[-1]
    with torch.no_grad():
        over = Ground(FRAME, on.target, draw(below, dots.strokes, dots.ground), PALETTES[palette])
    _, curves = fitted(above, over)[-1]
    parts = [FittedLayer(below, dots.strokes, dots.ground), FittedLayer(above, curves.strokes, curves.ground)]
    loss = loss_of(on, above)
    with torch.no_grad():
        before = loss(stacked(parts)).item()
    *_, (refined, _, _) = refine(parts, loss, 30)
    with torch.no_grad():
        assert loss(stacked(refined)).item() < before
    assert [len(part.strokes) for part in refined] == [40, 20]


def test_a_stack_is_each_layer_over_the_one_below() -> None:
    below, above, on = layer(Points(count=40)), layer(Curves(count=20)), ground(pens())
    dots, curves = scattered(below, on), scattered(above, on)
    with torch.no_grad():
        picture = draw(above, curves, Ground(FRAME, on.target, draw(below, dots, on), on.palette))
        assert torch.equal(stacked([FittedLayer(below, dots, on), FittedLayer(above, curves, on)]), picture)

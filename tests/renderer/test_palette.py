import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from hardware.drawing import Ink, Pen
from renderer.colours import Choice, choose, from_hex, oklab, to_hex
from renderer.palette import Palette, lightest_first, palette
from renderer.spec import FreeColours, Rack, RackPens, WidthRange

pytestmark = pytest.mark.usefixtures("one_thread")

COLOURS = {
    "black": "#000000",
    "white": "#ffffff",
    "grey": "#808080",
    "red": "#d01020",
    "orange": "#f08010",
    "yellow": "#f0e020",
    "green": "#108040",
    "blue": "#1040b0",
    "pink": "#f0a0b0",
}


def pen(name: str, nib_mm: float = 1.0, ink: Ink = Ink.OPAQUE) -> Pen:
    return Pen(name=name, colour=COLOURS[name], nib_mm=nib_mm, ink=ink)


def rack(ink: Ink = Ink.OPAQUE) -> tuple[Pen, ...]:
    return tuple(pen(name, ink=ink) for name in COLOURS)


def patches(*colours: str) -> NDArray[np.float64]:
    """A picture [3, H, W] of equal patches."""
    return np.repeat(np.stack([from_hex(colour) for colour in colours], 1), 8, axis=1).reshape(3, 1, -1)


def plain(colour: str, like: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.broadcast_to(from_hex(colour)[:, None, None], like.shape)


# --- colours ----------------------------------------------------------------------------------------------------------


@given(st.integers(0, 0xFFFFFF))
def test_a_colour_is_written_as_it_was_read(number: int) -> None:
    assert to_hex(from_hex(f"#{number:06x}")) == f"#{number:06x}"


def test_what_lies_outside_of_srgb_is_written_as_its_nearest_colour() -> None:
    assert to_hex(np.array([-0.2, 0.5, 1.7])) == "#0080ff"


@pytest.mark.parametrize(
    ("colour", "lab"),
    [  # from the colour pages of CSS Color 4, which defines these by the same matrices
        ("#ffffff", (1.0, 0.0, 0.0)),
        ("#000000", (0.0, 0.0, 0.0)),
        ("#ff0000", (0.62796, 0.22486, 0.12585)),
        ("#00ff00", (0.86644, -0.23389, 0.17950)),
        ("#0000ff", (0.45201, -0.03246, -0.31153)),
        ("#808080", (0.59987, 0.0, 0.0)),
    ],
)
def test_oklab_of_known_colours(colour: str, lab: tuple[float, float, float]) -> None:
    np.testing.assert_allclose(oklab(from_hex(colour)), lab, atol=2e-5)


def test_oklab_takes_any_number_of_colours() -> None:
    many = np.random.default_rng(0).random((4, 5, 3))
    np.testing.assert_allclose(oklab(many)[2, 3], oklab(many[2, 3]))


def names(choice: Choice) -> list[str]:
    return [one.name for one in choice.chosen]


# --- choosing ---------------------------------------------------------------------------------------------------------


def test_the_obvious_pens_are_chosen() -> None:
    target = patches("#d01020", "#d01020", "#1040b0", "#ffffff", "#ffffff", "#ffffff")
    assert names(choose(rack(), 2, target, plain("#ffffff", target))) == ["red", "blue"]


def test_the_paper_counts_as_a_colour() -> None:
    target = patches("#ffffff", "#ffffff", "#000000", "#000000")
    assert names(choose(rack(), 1, target, plain("#ffffff", target))) == ["black"]
    assert names(choose(rack(), 1, target, plain("#000000", target))) == ["white"]


def test_what_lies_below_counts_pixel_by_pixel() -> None:
    target = patches("#ffffff", "#000000", "#1040b0")
    below = patches("#ffffff", "#000000", "#ffffff")
    assert names(choose(rack(), 1, target, below)) == ["blue"]


def test_transparent_inks_bring_their_overlaps_along() -> None:
    """Cyan over yellow is a pure green, better than the green pen; opaque inks need that pen."""
    inks = tuple(
        Pen(name=name, colour=colour, nib_mm=1, ink=Ink.TRANSPARENT)
        for name, colour in (("yellow", "#ffff00"), ("cyan", "#00ffff"), ("green", "#20d020"))
    )
    target = patches(*4 * ["#00ff00"], *2 * ["#ffff00"], *2 * ["#00ffff"])
    assert set(names(choose(inks, 2, target, plain("#ffffff", target)))) == {"yellow", "cyan"}
    opaque = tuple(one.model_copy(update={"ink": Ink.OPAQUE}) for one in inks)
    assert set(names(choose(opaque, 2, target, plain("#ffffff", target)))) == {"yellow", "green"}


def test_where_it_matters_counts_more_than_where_there_is_most() -> None:
    """A small red mouth on a large blue coat."""
    target = patches(*9 * ["#1040b0"], "#d01020")
    below = plain("#ffffff", target)
    assert names(choose(rack(), 1, target, below)) == ["blue"]
    importance = np.where(target[0] > 0.5, np.float32(20), np.float32(0.1))
    assert names(choose(rack(), 1, target, below, importance)) == ["red"]
    assert names(choose(rack(), 2, target, below, importance)) == ["red", "blue"]


def test_even_importance_changes_nothing() -> None:
    target = np.random.default_rng(3).random((3, 6, 5))
    even = np.full((6, 5), 2.5, np.float32)
    with_it, without = (choose(rack(), 3, target, plain("#ffffff", target), one) for one in (even, None))
    assert with_it.pens == without.pens
    np.testing.assert_allclose(with_it.errors, without.errors, rtol=1e-9)


@given(st.integers(0, 10_000), st.sampled_from(list(Ink)))
def test_a_further_pen_changes_none_of_the_picks_before_it(seed: int, ink: Ink) -> None:
    target = np.random.default_rng(seed).random((3, 6, 5))
    picks = [choose(rack(ink), count, target, plain("#ffffff", target)).chosen for count in range(1, 8)]
    for fewer, more in itertools.pairwise(picks):
        assert more[:-1] == fewer
    assert len(set(picks[-1])) == 7


@given(st.integers(0, 10_000))
def test_the_first_pick_is_the_best_single_pen(seed: int) -> None:
    target = np.random.default_rng(seed).random((3, 6, 5))
    pixels = oklab(target.reshape(3, -1).T)

    def error(one: Pen) -> float:
        away = [((pixels - oklab(from_hex(colour))) ** 2).sum(1) for colour in ("#ffffff", one.colour)]
        return float(np.minimum(*away).mean())

    [first] = choose(rack(), 1, target, plain("#ffffff", target)).chosen
    assert error(first) == min(error(one) for one in rack())


def test_all_pens_are_used_where_as_many_are_wanted() -> None:
    target = patches("#d01020")
    assert set(choose(rack(), 12, target, plain("#ffffff", target)).chosen) == set(rack())


def plain_errors(picks: tuple[Pen, ...], pixels: NDArray[np.float64]) -> list[float]:
    """The errors with none, one, ... of the picks on white paper: a plain version of the search."""
    colours = [from_hex("#ffffff")]
    errors = []
    for one in (None, *picks):
        if one is not None:
            own = from_hex(one.colour)
            colours += [own * ground for ground in colours] if one.ink is Ink.TRANSPARENT else [own]
        away = [((oklab(pixels) - oklab(colour)) ** 2).sum(1) for colour in colours]
        errors.append(float(np.sqrt(np.min(away, axis=0).mean())))
    return errors


@given(st.integers(0, 10_000), st.sampled_from(list(Ink)))
def test_the_errors_are_those_of_the_nearest_colours_after_each_pick(seed: int, ink: Ink) -> None:
    target = np.random.default_rng(seed).random((3, 6, 5))
    choice = choose(rack(ink)[:5], 2, target, plain("#ffffff", target))
    assert len(choice.pens) == 5
    np.testing.assert_allclose(choice.errors, plain_errors(choice.pens, target.reshape(3, -1).T), rtol=1e-9)
    assert choice.shares[0] == 1
    assert all(after <= before for before, after in itertools.pairwise(choice.errors))


def test_a_target_that_is_bare_paper_has_no_difference_to_lower() -> None:
    white = patches("#ffffff")
    assert choose(rack(), 2, white, white).shares == (0.0,) * 10


def test_light_pens_come_first_and_names_decide_between_equal_ones() -> None:
    twins = (Pen(name="b", colour="#808080", nib_mm=1), Pen(name="a", colour="#808080", nib_mm=1))
    order = lightest_first((pen("black"), *twins, pen("yellow"), pen("white")))
    assert [one.name for one in order] == ["white", "yellow", "a", "b", "black"]


# --- palettes ---------------------------------------------------------------------------------------------------------


def test_a_rack_makes_a_palette_of_its_best_pens_lightest_first() -> None:
    pens = (pen("black", 0.5), pen("red", 2.0), pen("blue", 1.0))
    target = patches("#d01020", "#d01020", "#000000")
    made = palette(RackPens(rack=Rack(pens=pens), use=2), target, plain("#ffffff", target))
    assert made.choice is not None
    assert set(made.choice.chosen) == {pens[0], pens[1]}
    assert made == Palette((pens[1], pens[0]), False, Ink.OPAQUE, (0.5, 2.0), choice=made.choice)
    assert (made.inks, made.widths_vary) == (2, False)


def test_free_colours_make_a_palette_of_one_pen_and_a_range_of_widths() -> None:
    target = patches("#d01020")
    fixed = palette(FreeColours(colours="free", nib_mm=0.7), target, target)
    assert (fixed.free, fixed.inks, fixed.width_mm, fixed.widths_vary) == (True, 3, (0.7, 0.7), False)
    free = FreeColours(colours="free", nib_mm=WidthRange(min_mm=0.3, max_mm=2), ink=Ink.TRANSPARENT)
    ranged = palette(free, target, target)
    assert (ranged.width_mm, ranged.widths_vary, ranged.ink) == ((0.3, 2.0), True, Ink.TRANSPARENT)
    assert ranged.pens[0].ink is Ink.TRANSPARENT


PENS = Palette((pen("white", 0.5), pen("red", 2.0), pen("black", 1.0)), False, Ink.OPAQUE, (0.5, 2.0))
FREE = Palette((pen("black"),), True, Ink.OPAQUE, (0.5, 2.0))
LOGITS = torch.tensor([[0.1, 0.0, 2.0], [0.3, 0.5, 0.4], [3.0, -1.0, 0.0], [-2.0, -1.0, -1.5]])


def test_a_stroke_is_as_wide_as_the_nib_of_its_likeliest_pen() -> None:
    assert PENS.widths(LOGITS, torch.zeros(4)).tolist() == [1.0, 2.0, 0.5, 2.0]
    own = torch.tensor([0.5, 0.6, 0.7, 0.8])
    assert FREE.widths(torch.rand(4, 3), own) is own


def test_strokes_are_ordered_by_pen_and_stay_in_turn_within_one() -> None:
    assert PENS.order(LOGITS).tolist() == [2, 1, 3, 0]
    assert FREE.order(torch.rand(4, 3)).tolist() == [0, 1, 2, 3]


def test_hard_inks_show_the_likeliest_pen_exactly() -> None:
    table = PENS.table()
    np.testing.assert_allclose(table.numpy(), [[1, 1, 1], [208 / 255, 16 / 255, 32 / 255], [0, 0, 0]], rtol=1e-6)
    for temperature in (1e-3, 0.1, 1.0):
        colours = PENS.colours(PENS.hard(LOGITS), temperature)
        assert torch.equal(colours, table[[2, 1, 0, 1]])
    free = torch.rand(4, 3)
    assert FREE.colours(FREE.hard(free), 1.0) is free


def test_a_mixture_of_pens_hardens_as_it_cools() -> None:
    warm = PENS.colours(LOGITS, 1e6)
    torch.testing.assert_close(warm, PENS.table().mean(0).expand(4, 3), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(PENS.colours(LOGITS, 1e-3), PENS.table()[[2, 1, 0, 1]])
    expected = torch.softmax(LOGITS / 0.5, 1) @ PENS.table()
    torch.testing.assert_close(PENS.colours(LOGITS, 0.5), expected)


@given(st.permutations([0, 1, 2]))
def test_pens_in_another_order_show_the_same_colours(order: list[int]) -> None:
    turned = PENS.reordered(tuple(order))
    assert [one.name for one in turned.pens] == [PENS.pens[k].name for k in order]
    torch.testing.assert_close(turned.colours(LOGITS[:, order], 0.3), PENS.colours(LOGITS, 0.3))
    assert torch.equal(turned.widths(LOGITS[:, order], torch.zeros(4)), PENS.widths(LOGITS, torch.zeros(4)))

"""Only the models: defaults, and values that are valid one by one but not together."""

from typing import Any

import pytest
from pydantic import ValidationError

from renderer.spec import KINDS, Artwork, Canvas, FreeColours, Layer, Loss, Points, Rack, RackPens

BLACK = {"name": "black", "colour": "#000000", "nib_mm": 0.5}
RED = {"name": "red", "colour": "#FF0000", "nib_mm": 1}
RACK = {"pens": [BLACK, RED]}


def artwork(**changes: Any) -> Artwork:
    fields = {
        "version": 1,
        "title": "Two dots",
        "target": {"image": "x.png"},
        "pens": {"rack": RACK},
        "layers": [{"points": {"count": 2}}],
    }
    return Artwork.model_validate(fields | changes)


def fault(**changes: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        artwork(**changes)
    first, *_ = caught.value.errors()
    return first["msg"].removeprefix("Value error, ")


def test_all_but_five_fields_have_defaults() -> None:
    work = artwork()
    assert work.canvas == Canvas()
    assert work.seed == 1
    assert work.machine is None
    assert work.layers[0].kind == Points(count=2)
    assert work.layers[0].kind_name == "points"
    assert work.layers[0].loss is None
    assert [loss.term[0] for loss in work.layers[0].terms] == ["mse", "blurred_mse"]


def test_colours_are_written_small() -> None:
    pens = artwork().pens
    assert isinstance(pens, RackPens)
    assert pens.rack.pens[1].colour == "#ff0000"


def test_a_landscape_sheet_is_wide() -> None:
    assert Canvas.model_validate({"paper": "A5", "orientation": "landscape"}).size_mm == (210, 148)
    assert Canvas.model_validate({"paper": {"width_mm": 300, "height_mm": 100}}).size_mm == (300, 100)


def test_a_sheet_that_may_lie_either_way_has_two_sizes() -> None:
    assert Canvas(paper="A5").sizes_mm == ((148, 210), (210, 148))
    assert Canvas(paper="A5", orientation="landscape").sizes_mm == ((210, 148),)
    assert Canvas.model_validate({"paper": {"width_mm": 300, "height_mm": 100}}).sizes_mm == ((300, 100),)


def test_a_count_is_the_programs_unless_it_is_given() -> None:
    work = artwork(layers=[{"curves": {}}, {"points": {"count": 3}}])
    assert [layer.is_auto for layer in work.layers] == [True, False]
    assert work.layers[1].count == 3
    with pytest.raises(ValueError, match=r"^the count of the curves is not planned yet$"):
        _ = work.layers[0].count


@pytest.mark.parametrize(("unit", "amount"), [("minutes", 60), ("metres", 12.5), ("strokes", 4000)])
def test_a_budget_is_one_amount(unit: str, amount: float) -> None:
    budget = artwork(budget={unit: amount}).budget
    assert budget is not None
    assert (budget.unit, budget.amount) == (unit, amount)


def test_a_cap_on_each_pen_waits_for_a_count_that_is_planned() -> None:
    assert artwork(layers=[{"lines": {}, "cost": {"most_per_pen": 1}}])
    assert fault(layers=[{"lines": {"count": 3}, "cost": {"most_per_pen": 1}}]) == (
        "2 pens of at most 1 strokes cannot draw 3; use at least 2"
    )
    assert fault(layers=[{"lines": {}, "cost": {"most_per_pen": 1}}], pens={"colours": "free"}) == (
        "caps pens, but the colours are free; give a rack, or leave this out"
    )


def test_a_layer_has_the_artworks_pens_or_some_of_them_or_its_own() -> None:
    own = {"rack": {"name": "own", "pens": [{"name": "gold", "colour": "#ffcc00", "nib_mm": 2}]}}
    dots = {"points": {"count": 1}}
    work = artwork(layers=[dots, dots | {"pens": ["red"]}, dots | {"pens": own}])
    names = [[pen.name for pen in pens.pens] for pens in map(work.pens_of, work.layers) if isinstance(pens, RackPens)]
    assert names == [["black", "red"], ["red"], ["gold"]]


def test_free_colours_hold_for_every_layer() -> None:
    work = artwork(pens={"colours": "free"})
    assert work.pens_of(work.layers[0]) == FreeColours(colours="free", nib_mm=1.0)


def test_parts_can_be_made_in_python() -> None:
    rack = Rack.model_validate(RACK)
    work = artwork(pens=RackPens(rack=rack), layers=(Layer(points=Points(count=3)),))
    assert work.pens == RackPens(rack=rack)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_is_finite(value: float) -> None:
    assert fault(canvas={"margin_mm": value}) == "Input should be a finite number"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (
            {"canvas": {"paper": "A6", "margin_mm": 60}},
            "margins of 60 mm leave less than 10 mm of a 105 x 148 mm sheet; use at most 47.5",
        ),
        (
            {"canvas": {"paper": {"width_mm": 100, "height_mm": 50}, "orientation": "landscape"}},
            "is only for papers with a name; width_mm and height_mm set this sheet's orientation, so leave it out",
        ),
        (
            {"canvas": {"paper": "A2", "px_per_mm": 20}},
            "makes the longer side 11880 px; use at most 13.8, which gives 8192 px",
        ),
        ({"pens": {"rack": RACK, "use": 3}}, "cannot use 3 pens out of a rack of 2"),
        (
            {"pens": {"rack": {"pens": [BLACK, RED, BLACK]}}},
            "two pens are named 'black'; give each pen a different name",
        ),
        (
            {"pens": {"colours": "free", "nib_mm": {"min_mm": 2, "max_mm": 1}}},
            "2 is above max_mm, which is 1",
        ),
        (
            {"layers": [{"points": {"count": 1}, "pens": ["blck"]}]},
            "the rack has no pen named 'blck'; did you mean 'black'?",
        ),
        (
            {"layers": [{"points": {"count": 1}, "pens": ["gold"]}]},
            "the rack has no pen named 'gold'; it has black, red",
        ),
        (
            {"pens": {"colours": "free"}, "layers": [{"points": {"count": 1}, "pens": ["red"]}]},
            "names pens, but the artwork's colours are free; give the artwork a rack, or leave this out",
        ),
        (
            {"layers": [{"points": {"count": 1}, "lines": {"count": 1}}]},
            f"needs exactly one of {', '.join(KINDS)}; found points and lines",
        ),
        (
            {"layers": [{"points": {"count": 1}, "loss": [{}]}]},
            f"needs exactly one of {', '.join(Loss.model_fields)}; found none",
        ),
    ],
)
def test_values_that_do_not_go_together_are_refused(changes: dict[str, Any], text: str) -> None:
    assert fault(**changes) == text


def test_a_loss_knows_its_term() -> None:
    name, term = Loss.model_validate({"blurred_mse": {"sigma_mm": 2}}).term
    assert (name, term.weight) == ("blurred_mse", 1.0)

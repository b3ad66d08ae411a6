"""What a spec takes, and the warnings about one that cannot work."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from renderer.feasibility import LayerInk, percent
from renderer.plan import LayerPlan, Plan, plan
from renderer.spec import Curves, Lines, Points
from renderer.specfile import load
from renderer.target import Frame

SPECS = Path(__file__).parents[2] / "specs"
MACHINE = SPECS / "machines" / "gantry_grbl_servo.yaml"
WHITE = '{name: white, colour: "#ffffff", nib_mm: 4}'
BLACK = '{name: black, colour: "#000000", nib_mm: 4}'
YELLOW = '{name: yellow, colour: "#f8e02e", nib_mm: 4}'


def planned(folder: Path, grey: int, *changes: str, pens: str = BLACK, layers: str = "points: 3000") -> Plan:
    """The plan of a spec with a plain grey target on a white A5 sheet."""
    Image.fromarray(np.full((60, 40, 3), grey, np.uint8)).save(folder / "grey.png")
    path = folder / "plain.yaml"
    layers = layers if layers.startswith("{") else f"{{{layers}}}"
    path.write_text(
        "version: 1\ntitle: plain\ntarget: {image: grey.png, fit: cover, tone: none}\n"
        f"canvas: {{paper: A5, margin_mm: 4}}\npens: [{pens}]\n"
        f"machine: {os.path.relpath(MACHINE, folder)}\nlayers: [{layers}]\n",
        encoding="utf-8",
    )
    [work] = load(path, changes)
    return plan(work)


@pytest.mark.parametrize("path", sorted(SPECS.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_specs_of_the_repository_have_no_warnings(path: Path) -> None:
    for work in load(path, ()):
        assert plan(work).warnings == ()


def test_a_thin_pen_on_a_large_dark_target_is_warned_of(tmp_path: Path) -> None:
    thin = "pens.rack.pens.0.nib_mm=0.5"
    [warning] = planned(tmp_path, 51, thin, "canvas.paper=A4", "canvas.px_per_mm=2", layers="points: 2000").warnings
    assert warning == (
        "2,000 points of 0.5 mm cover 0.7% of the area, but the picture needs about 80% under ink: too much of the "
        "paper stays bare; any of these would work: a nib of 5.5 mm, dots of `diameter_mm: 5.5`"
    )


def test_what_would_do_does(tmp_path: Path) -> None:
    changes = ["canvas.margin_mm=10", "pens.rack.pens.0.nib_mm=1.5"]
    layers = "lines: {count: 700, max_length_mm: 15}"
    [warning] = planned(tmp_path, 51, *changes, layers=layers).warnings
    assert warning.endswith("any of these would work: about 810 lines, a nib of 1.8 mm, paper A6")
    for remedy in ("layers.0.lines.count=810", "pens.rack.pens.0.nib_mm=1.8", "canvas.paper=A6"):
        assert planned(tmp_path, 51, *changes, remedy, layers=layers).warnings == ()


def test_layers_cover_together_and_are_told_together(tmp_path: Path) -> None:
    layers = "{points: 500}, {curves: {count: 100, max_length_mm: 10}}"
    both = planned(tmp_path, 51, layers=layers)
    assert both.warnings == (
        "500 points of 4 mm and 100 curves of 4 mm cover 41% of the area, but the picture needs about 80% under ink: "
        "too much of the paper stays bare; any of these would work: 2 times as many strokes, strokes 1.5 times as "
        "wide, paper A6",
    )
    assert sum(layer.cover for layer in both.layers) == pytest.approx(0.41, abs=0.005)


def test_nothing_small_helps_where_everything_is_too_little(tmp_path: Path) -> None:
    [warning, _] = planned(tmp_path, 51, "pens.rack.pens.0.nib_mm=0.1", layers="points: 1").warnings
    assert warning.endswith("stays bare; no single change is enough")


def test_a_nib_that_the_fit_can_hardly_see_is_warned_of(tmp_path: Path) -> None:
    thin = ("pens.rack.pens.0.nib_mm=0.25", "canvas.px_per_mm=2")
    assert planned(tmp_path, 230, *thin, layers="lines: 6000").warnings == (
        "strokes of 0.25 mm are 0.5 px wide in the fit, too thin to be placed well; use `px_per_mm: 4` "
        "(560 x 808 px) or nibs of at least 0.4 mm",
    )
    wide = "layers.0={points: {count: 6000, diameter_mm: 0.5}}"  # it is the dot that is seen
    assert planned(tmp_path, 250, *thin, wide).warnings == ()


def test_dots_that_show_no_detail_are_warned_of(tmp_path: Path) -> None:
    assert planned(tmp_path, 51, layers="points: {count: 100, diameter_mm: 20}").warnings == (
        "dots of 20 mm are 14% of the frame's shorter side, 140 mm, and show no detail; use dots of at most 14 mm or "
        "larger paper",
    )


def test_pens_that_cannot_tell_the_picture_are_warned_of(tmp_path: Path) -> None:
    assert planned(tmp_path, 30, pens=f"{WHITE}, {YELLOW}").warnings == (
        "the 2 pens leave 90% of the colour difference between bare paper and the picture, however many strokes there "
        "are; add a pen of about #1e1e1e",
    )
    assert planned(tmp_path, 30, pens=YELLOW).warnings == (
        "the pen, yellow, leaves 90% of the colour difference between bare paper and the picture, however many strokes "
        "there are; add a pen of about #1e1e1e",
    )


def test_no_count_is_advised_that_the_limit_for_each_pen_refuses(tmp_path: Path) -> None:
    """810 lines would do, but one pen may draw 750; the schema refuses 810."""
    changes = ["canvas.margin_mm=10", "pens.rack.pens.0.nib_mm=1.5", "layers.0.cost.most_per_pen=750"]
    layers = "lines: {count: 700, max_length_mm: 15}"
    [warning] = planned(tmp_path, 51, *changes, layers=layers).warnings
    assert warning.endswith("any of these would work: a nib of 1.8 mm, paper A6")


def test_no_dots_are_advised_that_are_smaller_than_their_nibs(tmp_path: Path) -> None:
    warnings = planned(tmp_path, 51, "pens.rack.pens.0.nib_mm=20", layers="points: 20").warnings
    assert warnings[-1].endswith("use dots of at most 14 mm with finer pens or larger paper")


@pytest.mark.parametrize(
    ("paper", "pen", "text"),
    [
        ("#101010", BLACK, "the pen, black, does not show on paper of #101010; use other pens, or other paper"),
        (
            "#000000",
            BLACK.replace("#000000", "#17171a"),
            "the pen, black, does not show on paper of #000000; use other pens, or other paper",
        ),
        ("#ffffff", WHITE, "the pen, white, does not show on paper of #ffffff; use other pens, or other paper"),
        (
            "#101010",
            YELLOW.replace("}", ", ink: transparent}"),
            "the pen, yellow, does not show on paper of #101010; use opaque ink, such as rack: gelly_roll, or lighter "
            "paper",
        ),
    ],
)
def test_black_on_black_is_noticed(tmp_path: Path, paper: str, pen: str, text: str) -> None:
    assert text in planned(tmp_path, 128, f"canvas.colour='{paper}'", pens=pen).warnings


def test_white_on_black_is_well(tmp_path: Path) -> None:
    assert not [one for one in planned(tmp_path, 128, "canvas.colour='#101010'", pens=WHITE).warnings if "show" in one]


@pytest.mark.parametrize("grey", [0, 80, 160, 240, 255])
def test_black_tells_every_grey_by_how_much_paper_it_leaves(tmp_path: Path, grey: int) -> None:
    assert planned(tmp_path, grey).warnings == ()


def test_transparent_inks_tell_what_their_overlaps_show(tmp_path: Path) -> None:
    cyan, magenta, yellow = (
        f'{{name: "{colour}", colour: "#{colour}", nib_mm: 4, ink: transparent}}'
        for colour in ("60ffff", "ff60ff", "ffff60")
    )
    assert "leaves" in planned(tmp_path, 30, pens=yellow).warnings[0]
    assert planned(tmp_path, 30, pens=f"{cyan}, {magenta}, {yellow}").warnings == ()


def test_a_lack_that_rounding_hides_is_none(tmp_path: Path) -> None:
    """No warning for less than a twentieth, because the estimate is not more exact."""
    [needed, cover] = [planned(tmp_path, 119).needed, planned(tmp_path, 119, layers="points: 1000").layers[0].cover]
    enough, lacking = (round(1000 * share * needed / cover) for share in (0.96, 0.94))
    assert planned(tmp_path, 119, layers=f"points: {enough}").warnings == ()
    [warning] = planned(tmp_path, 119, layers=f"points: {lacking}").warnings
    assert "50% of the area, but the picture needs about 53% under ink" in warning


def test_far_too_many_strokes_are_warned_of(tmp_path: Path) -> None:
    layers = "{points: 9000}, {lines: {count: 4000, max_length_mm: 10}}"
    [warning] = planned(tmp_path, 128, layers=layers).warnings
    assert warning == (
        "9,000 points of 4 mm and 4,000 lines of 4 mm cover 1143% of the area, 23 times what the picture needs under "
        "ink: most would be under or over others; use about 1,500 points and 690 lines, or `count: auto`"
    )
    assert planned(tmp_path, 128, "layers.0=points", "layers.1=lines", layers=layers).warnings == ()


@pytest.mark.parametrize(("size", "sides"), [((90, 60), "left and right"), ((30, 60), "top and bottom")])
def test_a_picture_that_is_cut_is_told(tmp_path: Path, size: tuple[int, int], sides: str) -> None:
    planned(tmp_path, 128)
    Image.fromarray(np.full((size[1], size[0], 3), 128, np.uint8)).save(tmp_path / "grey.png")
    found = [plan(load(tmp_path / "plain.yaml", change)[0]).notes for change in ((), ("target.fit=contain",))]
    share = {90: "4%", 30: "28%"}[size[0]]
    assert found == [(f"`fit: cover` cuts off {share} of the picture, {sides}; `fit: contain` shows all of it",), ()]


def test_a_picture_that_is_hardly_cut_is_not(tmp_path: Path) -> None:
    assert planned(tmp_path, 128, "canvas.paper={width_mm: 148, height_mm: 216}").notes == ()


FRAME = Frame(0, 0, 100, 100, 1)


def test_cover_is_the_area_of_strokes_that_lie_apart() -> None:
    assert LayerInk(Points(count=100), (1.0, 3.0)).cover(FRAME) == pytest.approx(np.pi / 100)
    assert LayerInk(Lines(count=10, max_length_mm=5), (2.0,)).cover(FRAME) == pytest.approx((10 + np.pi) / 1000)


def test_strokes_without_a_limit_are_as_long_as_so_many_usually_are() -> None:
    curves = LayerInk(Curves(count=100), (1.0,))
    assert curves.length_mm(FRAME, 100) == 60  # six times 10 mm
    assert curves.length_mm(FRAME, 4) == 100  # but never longer than the frame
    assert LayerInk(Curves(count=100, max_length_mm=20), (1.0,)).length_mm(FRAME, 100) == 20


@pytest.mark.parametrize(
    ("share", "text"), [(1.234, "123%"), (0.6, "60%"), (0.0123, "1%"), (0.0061, "0.6%"), (0.0004, "under 0.1%")]
)
def test_shares_have_as_many_digits_as_an_estimate_deserves(share: float, text: str) -> None:
    assert percent(share) == text


def test_the_count_of_a_mark_is_named_for_what_it_counts() -> None:
    nibs = (0.45, 0.45)
    assert LayerPlan("x", "one_line", 8000, nibs, "1 pen", 0.6, 2.0).text == (
        "a line through 8000 points, drawn with 0.45 mm"
    )
    assert LayerPlan("x", "lines", 80, nibs, "1 pen", 0.6, 2.0).text.startswith("80 lines of 0.45 mm can cover 60%")


def drawn_by(more: str) -> str:
    """The change of a spec that gives it a machine with further fields."""
    lift = "{kind: servo, up: 650, down: 400}"
    return f"machine={{name: m, dialect: grbl, width_mm: 300, height_mm: 300, pen_lift: {lift}, {more}}}"


@pytest.mark.parametrize("layers", ["lines: {count: 700, max_length_mm: 15}", "curves: 200", "points: 3000"])
def test_a_plan_has_minutes_where_all_counts_are_written(tmp_path: Path, layers: str) -> None:
    found = planned(tmp_path, 51, drawn_by("pen_change_s: 60"), layers=layers)
    assert not found.is_planned
    assert found.minutes is not None
    assert found.minutes > 1  # at least the one pen change
    twice = planned(tmp_path, 51, drawn_by("pen_change_s: 660"), layers=layers)
    assert twice.minutes == pytest.approx(found.minutes + 10)


def test_each_of_several_sheets_has_its_own_pen_changes(tmp_path: Path) -> None:
    tiled = ("canvas.margin_mm=16", "canvas.tiles=[2, 2]")
    slow = planned(tmp_path, 51, *tiled, drawn_by("pen_change_s: 660")).minutes
    quick = planned(tmp_path, 51, *tiled, drawn_by("pen_change_s: 60")).minutes
    assert slow is not None
    assert quick is not None
    assert slow - quick == pytest.approx(4 * 10)
    assert planned(tmp_path, 51, *tiled).tiles == "2 x 2 sheets of 148 x 210 mm, which overlap by 10 mm"


def test_wells_and_brushes_are_looked_at(tmp_path: Path) -> None:
    brush = '{name: black, colour: "#000000", nib_mm: 4, reload: {station: water, wash: soap, strokes: 3}}'
    machine = drawn_by("stations: [{name: water, x_mm: 60, y_mm: 60}]")
    warnings = planned(tmp_path, 51, machine, pens=brush).warnings
    assert any("'m' has no station 'soap' for its `reload`; there are 'water'" in one for one in warnings)
    assert any("its station 'water' at [60, 60], radius 10 mm, lies on the sheet" in one for one in warnings)

"""How foreign files become pens' passes: racks, colours, order, hatching, dashes, clips."""

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from axidraw_layers import AxidrawLayer, axidraw_layer, axidraw_layers
from hypothesis import given
from hypothesis import strategies as st
from samples import BLACK, RED, SERVO, curve, line, sheet
from test_svgfile import document, lines, stroked

from hardware.drawing import Drawing, Ink, Pen, PenPass, length_mm
from hardware.intake import intake_of
from hardware.pen_mapping import load_mapping
from hardware.rack import RackError, by_colour, by_name, load_rack
from hardware.svg_intake import prepared, ready_drawing
from hardware.svgfile import Options, SvgError, pass_svg, read_svg, reading, to_svg
from hardware.svgfile.hatch import hatched
from hardware.toolpath.covering import in_order
from hardware.toolpath.cut import dashes

RACK = (
    Pen(name="Black", colour="#101010", nib_mm=0.5),
    Pen(name="brick red", colour="#a03020", nib_mm=0.7),
    Pen(name="sky", colour="#4aa3d8", nib_mm=0.4, ink=Ink.TRANSPARENT),
)


def layer(label: str, body: str) -> str:
    return f'<g inkscape:groupmode="layer" inkscape:label="{label}" fill="none" stroke-width="0.5">{body}</g>'


def pens_of(body: str, **said: object) -> list[str]:
    return [p.pen.name for p in read_svg(document(body), Options(pens=RACK, **said)).passes]


# Racks


def test_layers_name_pens_and_colours_are_the_nearest_ones() -> None:
    body = layer("1 - Brick  Red", '<path stroke="blue" d="M0 0H1"/>') + layer("2", '<path stroke="red" d="M0 1H1"/>')
    body += layer("clouds", '<path stroke="#55aadd" d="M0 2H1"/><path stroke="#333" d="M0 3H1"/>')
    assert pens_of(body) == ["brick red", "brick red", "sky", "Black"]
    assert pens_of(body, by="colour") == ["sky", "brick red", "sky", "Black"]
    numbers = layer("3 x", '<path stroke="red" d="M0 0H1"/>') + layer("1", '<path stroke="red" d="M0 1H1"/>')
    assert pens_of(numbers, by="number") == ["Black", "sky"]
    assert pens_of(numbers, by="number", layer_order="file") == ["sky", "Black"]


def test_several_colours_that_mean_one_pen_are_drawn_at_one_go() -> None:
    body = layer(
        "a", "".join(f'<path stroke="#{c}" d="M0 {n}H1"/>' for n, c in enumerate(("111", "f00", "222", "e11")))
    )
    (black, red) = read_svg(document(body), Options(pens=RACK)).passes
    assert (black.pen, len(black.lines), red.pen, len(red.lines)) == (RACK[0], 2, RACK[1], 2)


def test_a_layer_that_names_no_pen_of_the_rack_is_named_with_those_that_there_are() -> None:
    body = layer("gold", '<path stroke="red" d="M0 0H1"/>')
    with pytest.raises(SvgError) as fault:
        read_svg(document(body), Options(pens=RACK, by="name"))
    assert str(fault.value) == (
        "the SVG text: layer 'gold' names no pen of the rack; the rack has Black, brick red, sky"
    )


def test_our_own_files_keep_the_fields_of_their_pens_in_metadata() -> None:
    pen = RED.model_copy(update={"offset_mm": (-1.25, 0.5), "max_draw_m": 12.5, "down": 310.0, "up": 590.0})
    drawing = sheet(PenPass("a layer", pen, (line((1, 1), (2, 5)),)), PenPass("b", BLACK, (line((3, 3)),)), title="T")
    back = read_svg(to_svg(drawing, key="abc"))
    assert [(p.layer, p.pen) for p in back.passes] == [("a layer", pen), ("b", BLACK)]
    assert 'title="T" key="abc"' in to_svg(drawing, key="abc")


def test_a_file_that_lost_its_metadata_is_read_by_its_labels() -> None:
    text = to_svg(sheet(PenPass("a", RED, (line((1, 1), (2, 5)),))))
    head, rest = text.split("<metadata>")
    (only,) = read_svg(head + rest.split("</metadata>")[1]).passes
    assert (only.layer, only.pen.name, only.pen.nib_mm, only.pen.ink) == (RED.name, RED.name, 1.2, Ink.TRANSPARENT)


def test_pause_marks_stand_before_layers_for_which_the_pen_is_changed() -> None:
    dot = (line((1, 1)),)
    drawing = sheet(*(PenPass("x", pen, dot) for pen in (BLACK, BLACK, RED)))
    labels = [
        row.split('label="')[1].split('"')[0] for row in to_svg(drawing).splitlines() if "pass-" in row and "<g" in row
    ]
    assert labels == ["1 black 0.5", "2 black 0.5", "!3 Größe (rouge)! 1.2 transparent"]
    assert [p.pen.name for p in read_svg(to_svg(drawing)).passes] == ["black", "black", RED.name]


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("% paper", AxidrawLayer(False, False, None, {})),
        ("!2 bright yellow 1.2", AxidrawLayer(True, True, 2, {})),
        (" ! 2+s30+H60+D500+S40 red", AxidrawLayer(True, True, 2, {"S": 40, "H": 60, "D": 500})),
        ("red +S30", AxidrawLayer(True, False, None, {})),
        ("5000", AxidrawLayer(True, False, None, {})),
    ],
)
def test_the_rules_of_axidraw_s_software(name: str, right: AxidrawLayer) -> None:
    assert axidraw_layer(name) == right


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("C",)), min_size=1, max_size=20)
SETS = st.lists(st.builds(Pen, name=NAMES, colour=st.just("#101418"), nib_mm=st.sampled_from([0.5, 0.8])), min_size=1)


@given(pens=SETS)
def test_axidraw_s_software_pauses_where_the_pen_changes_and_nowhere_else(pens: list[Pen]) -> None:
    drawing = sheet(*(PenPass("x", pen, (line((1, 1), (5, 5)),)) for pen in pens))
    paper, *layers = axidraw_layers(to_svg(drawing))
    assert not paper.is_drawn and all(each.is_drawn and not each.codes for each in layers)
    assert [each.number for each in layers] == list(range(1, len(pens) + 1))
    assert [each.pauses for each in layers] == [False, *(not b.is_same(a) for a, b in pairwise(pens))]
    assert [p.pen for p in read_svg(to_svg(drawing)).passes] == pens
    assert not any(each.pauses for each in axidraw_layers(pass_svg(drawing, len(pens) - 1)))
    assert not any(each.pauses for each in axidraw_layers(to_svg(drawing, pauses=False)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pens: []", "a rack has a list `pens`, each pen with name, colour and nib_mm"),
        (
            "pens: [{name: a, colour: red, nib_mm: 1}]",
            "pens.0.colour: 'red' is not a colour; write #rrggbb, such as '#1e6ebe'",
        ),
        ("- {name: a, colour: '#000000', nib_mm: 1}\n" * 2, "two pens are called 'a'"),
        ("a: [", "not YAML: while parsing a flow node expected the node content, but found '<stream end>'"),
    ],
)
def test_a_fault_of_a_rack_is_named_with_file_and_field(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "r.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(RackError) as fault:
        load_rack(tmp_path / "r.yaml")
    assert str(fault.value).startswith(f"{tmp_path / 'r.yaml'}: {message}")


def test_racks_under_specs_load_and_know_their_pens() -> None:
    for path in (Path(__file__).parents[2] / "specs" / "pens").glob("*.yaml"):
        pens = load_rack(path)
        assert by_name(pens, pens[-1].name.upper()) == pens[-1]
        assert by_name(pens, pens[-1].label) == pens[-1]
        assert by_colour(pens, pens[0].colour).colour == pens[0].colour
    assert by_name(RACK, "gold") is None


# Pens by layers

MAPPED = layer("1 sky", '<path stroke="red" d="M0 0H1"/><path stroke="#333" d="M0 1H1"/>')
MAPPED += layer("2", '<path stroke="red" d="M0 2H1"/>') + layer("birds", '<path stroke="#111" d="M0 3H1"/>')


def mapping(tmp_path: Path, text: str) -> Path:
    two = "".join(f"- {{name: {name}, colour: '#101010', nib_mm: 0.5}}\n" for name in ("Black", "grey"))
    (tmp_path / "rack.yaml").write_text(two, encoding="utf-8")
    (tmp_path / "map.yaml").write_text(text, encoding="utf-8")
    return tmp_path / "map.yaml"


def test_a_file_maps_layers_to_pens_by_name_and_by_number(tmp_path: Path) -> None:
    path = mapping(tmp_path, "rack: fineliners\nlayers: {Sky: blue 0.4, 2: GREEN}\n")
    options = intake_of(rack=path).options
    (sky, two, birds) = read_svg(document(MAPPED), options).passes
    assert [(p.pen.name, len(p.lines)) for p in (sky, two, birds)] == [("blue", 2), ("green", 1), ("black", 1)]
    ours = to_svg(sheet(PenPass("x", RED, (line((1, 1), (2, 5)),))))
    assert read_svg(ours, replace(options, layer_pens={"1": RACK[0]}, pens=RACK)).passes[0].pen == RACK[0]


def test_a_layer_of_the_mapping_that_the_file_lacks_is_reported(tmp_path: Path) -> None:
    options = intake_of(rack=mapping(tmp_path, "rack: rack.yaml\nlayers: {sea: black}")).options
    assert reading(document(MAPPED), options).notes == (
        "the file has no layer 'sea', which the pens are mapped to; its layers are '1 sky', '2', 'birds'",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("layers: {1: black}", "a file that maps layers has either `rack`, such as fineliners, or a list `pens`"),
        (
            "rack: rack.yaml\nlayers: [1]",
            "layers: write the name or number of each layer and its pen, such as `1: black`",
        ),
        ("rack: rack.yaml\nlayers: {1: red}", "layers.1: the rack has no pen named 'red'; it has Black, grey"),
        (
            "rack: rack.yaml\nlayer: 1\nlayers: {1: black}",
            "unknown key 'layer'; a file that maps layers has layers, and",
        ),
    ],
)
def test_a_fault_of_a_mapping_is_named_with_file_and_field(tmp_path: Path, text: str, message: str) -> None:
    path = mapping(tmp_path, text)
    with pytest.raises(RackError) as fault:
        load_mapping(path)
    assert str(fault.value).startswith(f"{path}: {message}")


def test_transparent_ink_is_written_into_the_name_of_a_layer() -> None:
    text = to_svg(sheet(PenPass("x", RED, (line((1, 1), (5, 5)),))))
    bare = re.sub(r"<metadata>.*</metadata>| style=\"[^\"]*\"| id=\"[^\"]*\"", "", text, flags=re.DOTALL)
    (only,) = read_svg(bare).passes
    assert (only.pen.name, only.pen.nib_mm, only.pen.ink) == (RED.name, 1.2, Ink.TRANSPARENT)


def test_transparent_ink_is_read_from_the_name_of_a_layer() -> None:
    """As after vpype, which keeps the name, the colour and the width."""
    body = layer("!3 magenta dye 0.5 transparent", '<path stroke="#f0a" d="M0 0H9"/>')
    body += layer("4 tracing paper transparent", '<path stroke="#f0a" d="M0 1H9"/>')
    dye, other = read_svg(document(body)).passes
    assert (dye.pen.name, dye.pen.ink) == ("magenta dye", Ink.TRANSPARENT)
    assert (other.pen.name, other.pen.ink) == ("tracing paper transparent", Ink.OPAQUE)


# What lies over what

CROSSED = (  # red, blue over it, red over that
    '<path stroke="#ff0000" d="M0 5H20"/><path stroke="#0000ff" d="M5 0V10"/><path stroke="#ff0000" d="M0 8H20"/>'
)


def test_strokes_that_lie_over_another_colour_are_kept_there_on_request_and_the_price_is_reported() -> None:
    plain, kept = (reading(document(layer("x", CROSSED)), Options(keep_order=keeps)) for keeps in (False, True))
    assert [(p.pen.colour, len(p.lines)) for p in plain.drawing.passes] == [("#ff0000", 2), ("#0000ff", 1)]
    assert plain.notes == (
        "layer 'x': 1 stroke lies over others of another colour, and will end up below them;"
        " --keep-order keeps the order, in 3 passes instead of 2",
    )
    assert [p.pen.colour for p in kept.drawing.passes] == ["#ff0000", "#0000ff", "#ff0000"]
    assert kept.notes == ("layer 'x': 3 passes instead of 2, since 1 stroke lies over others of another colour",)


def test_an_order_that_costs_nothing_is_kept_unasked() -> None:
    # the red that comes first could be drawn after the blue as well, below the other red's level
    body = (
        '<path stroke="#ff0000" d="M50 5H60"/><path stroke="#0000ff" d="M5 0V10"/><path stroke="#ff0000" d="M0 5H20"/>'
    )
    read = reading(document(layer("x", body)), Options())
    assert [(p.pen.colour, len(p.lines)) for p in read.drawing.passes] == [("#0000ff", 1), ("#ff0000", 2)]
    assert read.notes == ()


def test_transparent_inks_mix_in_any_order() -> None:
    ways = [line((0, 5), (20, 5)), line((5, 0), (5, 10)), line((0, 8), (20, 8))]
    assert in_order(ways, [1.0] * 3, [0, 1, 0], [True, True], (30, 30))[0] == [0, 1]
    assert in_order(ways, [1.0] * 3, [0, 1, 0], [False, True], (30, 30))[0] == [0, 1, 0]


@given(
    st.lists(
        st.tuples(st.integers(0, 20), st.integers(0, 20), st.integers(0, 20), st.integers(0, 20), st.integers(0, 2)),
        max_size=12,
    )
)
def test_no_stroke_comes_under_what_it_covers(several: list[tuple[int, ...]]) -> None:
    ways = [line((a, b), (c, d)) for a, b, c, d, _ in several] or [line((0, 0), (1, 1))]
    pens = [pen for *_, pen in several] or [0]
    passes, strokes, buried = in_order(ways, [1.0] * len(ways), pens, [False] * 3, (20, 20))
    assert sorted(at for part in strokes for at in part) == list(range(len(ways)))
    drawn = {at: number for number, part in enumerate(strokes) for at in part}
    assert all(passes[drawn[at]] == pens[at] for at in drawn)
    samples = [np.linspace(each[0], each[1], 60) for each in ways]
    for above in range(len(ways)):
        for below in range(above):
            gap = np.hypot(*(samples[above][:, None] - samples[below]).T).min()
            if pens[above] != pens[below] and gap < 0.5:
                assert drawn[below] < drawn[above]
    assert buried >= 0


# Fills, dashes, clips


def test_a_filled_shape_is_hatched_within_its_outline_on_request() -> None:
    text = document('<rect x="10" y="10" width="20" height="10" fill="#ff0000"/>')
    (red,) = read_svg(text, Options(hatch_mm=0.5)).passes
    assert (red.pen.colour, red.pen.nib_mm) == ("#ff0000", 0.5)
    points = np.concatenate(red.lines)
    assert (points >= (10, 10)).all() and (points <= (30, 20)).all()
    # lines half a millimetre apart, each half a nib short at both ends
    assert sum(map(length_mm, red.lines)) == pytest.approx(20 * 10 / 0.5 - 0.5 * len(red.lines), rel=0.02)


def test_holes_are_left_open_and_the_fill_rule_is_followed() -> None:
    outer, inner = line((0, 0), (20, 0), (20, 20), (0, 20)), line((5, 5), (15, 5), (15, 15), (5, 15))
    length = {
        rule: sum(map(length_mm, hatched([outer, other], 0.1, rule)))
        for rule, other in ((False, inner[::-1]), (True, inner))
    }
    assert all(value == pytest.approx((400 - 100) / 0.1, rel=0.02) for value in length.values())
    assert sum(map(length_mm, hatched([outer, inner], 0.1))) == pytest.approx(400 / 0.1, rel=0.02)


def test_a_shape_with_fill_and_stroke_is_hatched_below_its_outline_or_reported() -> None:
    text = document('<circle cx="20" cy="20" r="8" fill="#00aa00" stroke="#000000" stroke-width="0.5"/>')
    outline = reading(text, Options())
    assert outline.notes == ("1 shape is drawn in outline only; --hatch fills them",)
    assert [p.pen.colour for p in read_svg(text, Options(hatch_mm=1.0)).passes] == ["#00aa00", "#000000"]


def test_dashes_are_drawn_as_dashes() -> None:
    drawing = stroked('<path d="M0 0H10" stroke-dasharray="3 1" stroke-dashoffset="1"/>')
    assert lines(drawing) == [[[0, 0], [2, 0]], [[3, 0], [6, 0]], [[7, 0], [10, 0]]]
    scaled = stroked('<g transform="scale(2)"><path d="M0 0H10" stroke-dasharray="4"/></g>')
    assert lines(scaled) == [[[0, 0], [8, 0]], [[16, 0], [20, 0]]]


@given(st.lists(st.floats(0.1, 5), min_size=1, max_size=4), st.floats(-9, 9))
def test_dashes_have_the_share_of_the_line_that_their_pattern_says(pattern: list[float], offset: float) -> None:
    pattern = pattern * (1 + len(pattern) % 2)
    path = line((0, 0), (30, 40), (0, 80))
    drawn = sum(map(length_mm, dashes(path, pattern, offset)))
    share = sum(pattern[::2]) / sum(pattern)
    assert abs(drawn - 100 * share) <= sum(pattern)


def test_an_upright_rectangle_clips() -> None:
    body = '<clipPath id="c"><rect x="10" y="0" width="30" height="50"/></clipPath>'
    body += '<g clip-path="url(#c)" transform="translate(5 0)"><path d="M0 5H90"/></g>'
    body += '<path clip-path="url(#c)" d="M0 6H20"/>'
    assert lines(stroked(body)) == [[[15, 5], [45, 5]], [[10, 6], [20, 6]]]


def test_a_smooth_curve_after_one_of_another_kind_is_straight_as_the_standard_says() -> None:
    (path,) = stroked('<path d="M0 10C5 0 15 0 20 10T40 10"/>').passes[0].lines
    assert path[path[:, 0] >= 20][:, 1] == pytest.approx(10)


# All of it


def test_what_lies_in_the_machines_margin_is_left_out_with_a_word(tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    path.write_text(to_svg(sheet(PenPass("a", BLACK, (line((1, 20), (59, 20)), curve())))), encoding="utf-8")
    made = ready_drawing(path, SERVO.model_copy(update={"margin_mm": 5.0}))
    assert made.notes == ("what lies outside its 60 x 40 mm, or within 5 mm of its edge, is left out",)
    assert ready_drawing(path, SERVO).notes == ()


def test_a_drawing_is_joined_cut_for_its_pens_and_ordered() -> None:
    pen = BLACK.model_copy(update={"max_draw_m": 0.03})
    lines_ = (line((0, 5), (20, 5)), line((50, 30), (55, 30)), line((20, 5), (40, 5)))
    made, _ = prepared(Drawing(60, 40, "#ffffff", (PenPass("a", pen, lines_),)), SERVO)
    assert sorted(length_mm(each) for each in made.passes[0].lines) == [5, 20, 20]

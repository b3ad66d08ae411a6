"""SVG as many programs write it: what a small file of each kind gives, by the standards of SVG and CSS.

Each case is the body of a sheet of 100 x 80 mm, in mm. What is right: the colour of each stroke, and the box that it
lies in: left, top, right, bottom.
"""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image
from samples import two_pens

from hardware.drawing import Drawing, PenPass
from hardware.svgfile import Options, Reading, SvgError, read_svg, reading, to_svg

Stroke = tuple[str, float, float, float, float]
RED, BLUE, LIME, BLACK = "#ff0000", "#0000ff", "#00ff00", "#000000"
LINE = '<path fill="none" stroke="black" d="M10 70H60"/>'
NONE = 'fill="none" stroke="black"'


def sheet(body: str, head: str = 'width="100mm" height="80mm" viewBox="0 0 100 80"') -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape"'
        f' xmlns:xlink="http://www.w3.org/1999/xlink" {head}>{body}</svg>'
    )


def strokes(drawing: Drawing) -> list[Stroke]:
    return [(p.pen.colour, *box(line)) for p in drawing.passes for line in p.lines]


def box(line: np.ndarray) -> tuple[float, float, float, float]:
    (left, top), (right, bottom) = np.round(line.min(axis=0), 3).tolist(), np.round(line.max(axis=0), 3).tolist()
    return left, top, right, bottom


def drawn(body: str, **options: object) -> list[Stroke]:
    return strokes(read_svg(sheet(body), Options(**options)))


def read(body: str, **options: object) -> Reading:
    return reading(sheet(body), Options(**options))


def refused(body: str, **options: object) -> str:
    with pytest.raises(SvgError) as fault:
        read(body, **options)
    return str(fault.value).replace("the SVG text: ", "")


# Style

TWO = '<g class="a" id="g"><path id="p" class="b" d="M10 10H60"/></g>'
CSS = {
    "a descendant": (f"<style>.a path{{stroke:red}}</style>{TWO}", RED),
    "a child": (f"<style>.a&gt;path{{stroke:red}}</style>{TWO}", RED),
    "not a grandchild": (f"<style>path{{stroke:blue}} svg>path{{stroke:red}}</style>{TWO}", BLUE),
    "an id beats a class": (f"<style>#p{{stroke:red}} .b{{stroke:blue}}</style>{TWO}", RED),
    "a class beats a tag": (f"<style>.b{{stroke:red}} path{{stroke:blue}}</style>{TWO}", RED),
    "two classes beat one": (f"<style>.a .b{{stroke:red}} .b{{stroke:blue}}</style>{TWO}", RED),
    "the later of two alike": (f"<style>.b{{stroke:blue}}</style><style>.b{{stroke:red}}</style>{TWO}", RED),
    "an attribute selector": (f"<style>path[id=p]{{stroke:red}}</style>{TWO}", RED),
    "not()": (f"<style>path:not(.c){{stroke:red}}</style>{TWO}", RED),
    "a list": (f"<style>line, path{{stroke:red}}</style>{TWO}", RED),
    "every element": (f"<style>*{{stroke:red}}</style>{TWO}", RED),
    "CDATA": (f"<style><![CDATA[ .a > .b {{ stroke : red }} ]]></style>{TWO}", RED),
    "a comment": (f"<style>/* .b{{stroke:blue}} */ .b{{stroke:/*x*/red}}</style>{TWO}", RED),
    "a screen": (f"<style>@media screen{{.b{{stroke:red}}}} @media print{{.b{{stroke:blue}}}}</style>{TWO}", RED),
    "a sheet for print": (f'<style>.b{{stroke:red}}</style><style media="print">.b{{stroke:blue}}</style>{TWO}', RED),
    "!important in the sheet": (
        '<style>path{stroke:red!important}</style><path style="stroke:blue" d="M10 10H60"/>',
        RED,
    ),
    "!important in the style": (
        '<style>path{stroke:blue!important}</style><path style="stroke:red ! important" d="M10 10H60"/>',
        RED,
    ),
    "a sheet beats an attribute": ('<style>path{stroke:red}</style><path stroke="blue" d="M10 10H60"/>', RED),
    "the style beats a sheet": ('<style>#p{stroke:blue}</style><path id="p" style="stroke:red" d="M10 10H60"/>', RED),
    "inherit": ('<g stroke="red"><path stroke="inherit" d="M10 10H60"/></g>', RED),
    "inherit against a sheet": (
        '<style>path{stroke:blue}</style><g stroke="red"><path style="stroke:inherit" d="M10 10H60"/></g>',
        RED,
    ),
    "unset": ('<g stroke="red"><path style="stroke:unset" d="M10 10H60"/></g>', RED),
    "currentColor": ('<g color="red"><path stroke="currentColor" d="M10 10H60"/></g>', RED),
    "currentColor of the child": ('<g stroke="currentColor"><path color="red" d="M10 10H60"/></g>', RED),
    "a variable": ('<style>:root{--c:red}</style><path style="stroke:var(--c)" d="M10 10H60"/>', RED),
    "a variable of a variable": (
        '<style>svg{--a:255 0 0;--b:rgb(var(--a))}</style><path style="stroke:var(--b)" d="M10 10H60"/>',
        RED,
    ),
    "a variable nearer by": (
        '<style>:root{--c:blue} g{--c:red}</style><g><path stroke="var(--c)" d="M10 10H60"/></g>',
        RED,
    ),
    "a variable's fallback": ('<path style="stroke:var(--none, red)" d="M10 10H60"/>', RED),
    "an invalid value": ('<path stroke="red" style="stroke:rouge" d="M10 10H60"/>', RED),
    "a use hands on its style": (
        '<defs><path id="u" d="M10 10H60"/></defs><use href="#u" stroke="red"/>',
        RED,
    ),
}


@pytest.mark.parametrize(("body", "colour"), CSS.values(), ids=CSS)
def test_the_cascade_decides_the_colour(body: str, colour: str) -> None:
    assert drawn(f'<g fill="none">{body}</g>') == [(colour, 10, 10, 60, 10)]


COLOURS = {
    "rebeccapurple": "#663399",
    "DarkSlateGrey": "#2f4f4f",
    "#F00": RED,
    "#ff0000ff": RED,
    "rgb(255,0,0)": RED,
    "rgb(100%, 0%, 0%)": RED,
    "rgb(255 0 0 / 100%)": RED,
    "rgba(255,0,0,1)": RED,
    "hsl(0, 100%, 50%)": RED,
    "hsl(240deg 100% 50%)": BLUE,
    "hwb(0 0% 0%)": RED,
    "oklch(62.8% 0.2577 29.23)": RED,
    "oklab(0.452 -0.0325 -0.3115)": BLUE,
    "lab(54.29 80.82 69.9)": RED,
    "color(srgb 1 0 0)": RED,
    "#CD853F icc-color(acme, 0.1)": "#cd853f",
}


@pytest.mark.parametrize(("text", "colour"), COLOURS.items(), ids=COLOURS)
def test_colours_of_css_are_read(text: str, colour: str) -> None:
    assert drawn(f'<path fill="none" stroke="{text}" d="M10 10H60"/>') == [(colour, 10, 10, 60, 10)]


def test_none_is_inherited_and_nothing_is_drawn() -> None:
    assert drawn(f'<g stroke="none" fill="none"><path stroke="inherit" d="M10 10H60"/></g>{LINE}') == [
        (BLACK, 10, 70, 60, 70)
    ]


@pytest.mark.parametrize("width", ["inherit", "1", "1px", "0.1em", "100%"])
def test_a_stroke_width_is_never_lost(width: str) -> None:
    body = f'<g font-size="10" fill="none" stroke="red" style="stroke-width:{width}"><path d="M10 10H60"/></g>'
    (only,) = read_svg(sheet(body.replace("100%", "1.1043%"))).passes
    assert only.pen.nib_mm == pytest.approx(1, abs=1e-3)


def test_what_cannot_be_resolved_is_named_with_its_line() -> None:
    made = read(f'\n<path id="p" fill="none" stroke="rouge" d="M10 10H60"/>\n{LINE}')
    assert strokes(made.drawing) == [(BLACK, 10, 70, 60, 70)]
    assert made.notes == ("<path> 'p' (line 2): has the stroke 'rouge', which cannot be resolved; it is left out",)
    made = read(f'<path fill="none" style="stroke:var(--c)" d="M10 10H60"/>{LINE}')
    assert strokes(made.drawing) == [(BLACK, 10, 70, 60, 70)]
    assert made.notes == (
        "<path> without an id (line 1): has the stroke 'var(--c)', whose variable has no usable value; it is left out",
    )


def test_css_that_cannot_be_read_is_named_with_its_line() -> None:
    made = read("<style>\n@import 'a.css';\npath:{stroke:red}\n.a{stroke:red}}\n</style>" + LINE)
    assert [note.removeprefix("<style> without an id (line 1): ")[:24] for note in made.notes] == [
        "line 2 has @import, whic",
        "line 3 has the selector ",
        "line 4 is not valid CSS ",
    ]


def test_variables_in_a_circle_end() -> None:
    body = '<style>:root{--a:var(--b);--b:var(--a)}</style><path fill="none" stroke="var(--a)" d="M0 0H9"/>'
    assert "whose variable has no usable value" in refused(body)
    many = "".join(f"--a{n}:var(--a{n - 1}) var(--a{n - 1});" for n in range(1, 40))
    body = f'<style>:root{{--a0:red;{many}}}</style><path fill="none" stroke="var(--a39)" d="M0 0H9"/>'
    assert "whose variable has no usable value" in refused(body)


# Places

ARROW = '<marker id="m" markerWidth="4" markerHeight="4" {}><path fill="none" stroke="red" d="M0 0L4 2L0 4"/></marker>'


def arrow(attributes: str) -> str:
    return f"<defs>{ARROW.format(attributes)}</defs>"


TO = '<path fill="none" stroke="black" marker-end="url(#m)" d="M10 30H60"/>'
CLIPPED = '<path clip-path="url(#c)" fill="none" stroke="black" d="M10 20H90"/>'
PLACES: dict[str, tuple[str, list[Stroke]]] = {
    "a symbol with a view box": (
        f'<symbol id="s" viewBox="0 0 10 10"><path {NONE} d="M0 5H10"/></symbol>'
        '<use href="#s" x="20" y="20" width="30" height="30"/>',
        [(BLACK, 20, 35, 50, 35)],
    ),
    "a symbol in a wide use": (
        f'<symbol id="s" viewBox="0 0 10 10"><path {NONE} d="M0 5H10"/></symbol>'
        '<use href="#s" width="30" height="10"/>',
        [(BLACK, 10, 5, 20, 5)],
    ),
    "a symbol clips": (
        f'<symbol id="s" viewBox="0 0 10 10"><path {NONE} d="M-5 5H50"/></symbol>'
        '<use href="#s" width="30" height="30"/>',
        [(BLACK, 0, 15, 30, 15)],
    ),
    "a symbol that does not clip": (
        f'<symbol id="s" viewBox="0 0 10 10" overflow="visible"><path {NONE} d="M2 5H20"/></symbol>'
        '<use href="#s" width="30" height="30"/>',
        [(BLACK, 6, 15, 60, 15)],
    ),
    "a nested svg": (
        f'<svg x="20" y="10" width="20" height="20"><path {NONE} d="M0 5H60"/></svg>',
        [(BLACK, 20, 15, 40, 15)],
    ),
    "a nested svg with a view box": (
        f'<svg x="20" y="10" width="50%" height="50%" viewBox="0 0 10 8"><path {NONE} d="M0 4H10"/></svg>',
        [(BLACK, 20, 30, 70, 30)],
    ),
    "a nested svg, stretched": (
        f'<svg width="40" height="20" viewBox="0 0 10 10" preserveAspectRatio="none"><path {NONE} d="M0 5H10"/></svg>',
        [(BLACK, 0, 10, 40, 10)],
    ),
    "percentages": (
        '<line stroke="black" x1="10%" y1="25%" x2="60%" y2="25%"/>'
        '<rect fill="none" stroke="black" x="50%" y="50%" width="10%" height="10%"/>',
        [(BLACK, 10, 20, 60, 20), (BLACK, 50, 40, 60, 48)],
    ),
    "units": (f'<rect {NONE} x="1in" width="72pt" y="0" height="6pc"/>', [(BLACK, 96, 0, 192, 96)]),
    "a transform-origin": (
        f'<path {NONE} transform="rotate(90)" transform-origin="50 40" d="M30 40H70"/>',
        [(BLACK, 50, 20, 50, 60)],
    ),
    "a transform-origin in words": (
        f'<path {NONE} style="transform:rotate(90deg);transform-origin:center" d="M30 40H70"/>',
        [(BLACK, 50, 20, 50, 60)],
    ),
    "a transform-origin of the shape": (
        f'<path {NONE} style="transform:scale(2);transform-box:fill-box;transform-origin:50% 50%" d="M30 40H50"/>',
        [(BLACK, 20, 40, 60, 40)],
    ),
    "a transform in CSS": (
        f'<style>path{{transform:translate(10px,5px) scale(2)}}</style><path {NONE} d="M0 5H10"/>',
        [(BLACK, 10, 15, 30, 15)],
    ),
    "a switch": (
        f'<switch><foreignObject/><path systemLanguage="en" {NONE} d="M10 10H60"/><path {NONE} d="M0 0H9"/></switch>',
        [(BLACK, 10, 10, 60, 10)],
    ),
    "a link": (f'<a href="x"><path {NONE} d="M10 10H60"/></a>', [(BLACK, 10, 10, 60, 10)]),
    "a radius in CSS": (f'<style>circle{{r:5px}}</style><circle {NONE} cx="20" cy="20"/>', [(BLACK, 15, 15, 25, 25)]),
    "a marker at the end": (
        arrow("") + TO,
        [(BLACK, 10, 30, 60, 30), (RED, 60, 30, 64, 34)],
    ),
    "a marker by its reference point": (
        arrow('refX="4" refY="2"') + TO,
        [(BLACK, 10, 30, 60, 30), (RED, 56, 28, 60, 32)],
    ),
    "a marker that turns": (
        arrow('refY="2" orient="auto"') + TO.replace("H60", "V60"),
        [(BLACK, 10, 30, 10, 60), (RED, 8, 60, 12, 64)],
    ),
    "a marker as wide as the stroke": (
        arrow('refY="2"') + TO.replace("stroke=", 'stroke-width="2" stroke='),
        [(BLACK, 10, 30, 60, 30), (RED, 60, 26, 68, 34)],
    ),
    "a marker of its own size": (
        arrow('refY="2" markerUnits="userSpaceOnUse"') + TO.replace("stroke=", 'stroke-width="2" stroke='),
        [(BLACK, 10, 30, 60, 30), (RED, 60, 28, 64, 32)],
    ),
    "a marker with a view box": (
        '<marker id="m" viewBox="0 0 10 10" refX="5" refY="5" markerWidth="5" markerHeight="5">'
        f'<path fill="none" stroke="red" d="M0 5H10"/></marker>{TO}',
        [(BLACK, 10, 30, 60, 30), (RED, 57.5, 30, 62.5, 30)],
    ),
    "markers at the start, in the middle, reversed": (
        arrow('refY="2" orient="auto-start-reverse"')
        + '<polyline fill="none" stroke="black" style="marker:url(#m)" points="20,30 40,30 60,30"/>',
        [(BLACK, 20, 30, 60, 30), (RED, 16, 28, 20, 32), (RED, 40, 28, 44, 32), (RED, 60, 28, 64, 32)],
    ),
    "a marker in the colour of its line": (
        '<marker id="m" markerWidth="4" markerHeight="4" refY="2"><path fill="none" stroke="context-stroke"'
        ' d="M0 0L4 2L0 4"/></marker>' + TO.replace("black", "red"),
        [(RED, 10, 30, 60, 30), (RED, 60, 28, 64, 32)],
    ),
    "a clip by a circle": (
        f'<clipPath id="c"><circle cx="30" cy="20" r="5"/></clipPath>{CLIPPED}',
        [(BLACK, 25, 20, 35, 20)],
    ),
    "a clip by shares of the box": (
        '<clipPath id="c" clipPathUnits="objectBoundingBox"><rect width=".5" height="1"/></clipPath>'
        + CLIPPED.replace("H90", "H90V40"),
        [(BLACK, 10, 20, 50, 20)],
    ),
    "a clip by a turned rectangle": (
        '<clipPath id="c"><rect x="-5" y="-5" width="10" height="10" transform="translate(50 20) rotate(45)"/>'
        f"</clipPath>{CLIPPED}",
        [(BLACK, 42.929, 20, 57.071, 20)],
    ),
    "a clip by two shapes": (
        '<clipPath id="c"><rect x="20" width="10" height="80"/><path d="M50 0H60V80H50z"/></clipPath>' + CLIPPED,
        [(BLACK, 20, 20, 30, 20), (BLACK, 50, 20, 60, 20)],
    ),
    "a clip with a hole": (
        '<clipPath id="c"><path clip-rule="evenodd" d="M20 0H80V80H20zM40 10H60V30H40z"/></clipPath>' + CLIPPED,
        [(BLACK, 20, 20, 40, 20), (BLACK, 60, 20, 80, 20)],
    ),
    "a clip without a hole": (
        '<clipPath id="c"><path d="M20 0H80V80H20zM40 10H60V30H40z"/></clipPath>' + CLIPPED,
        [(BLACK, 20, 20, 80, 20)],
    ),
    "a clip that is clipped": (
        '<clipPath id="d"><rect width="30" height="80"/></clipPath>'
        f'<clipPath id="c" clip-path="url(#d)"><circle cx="30" cy="20" r="5"/></clipPath>{CLIPPED}',
        [(BLACK, 25, 20, 30, 20)],
    ),
    "a clip by a use": (
        '<defs><circle id="k" r="5"/></defs><clipPath id="c"><use href="#k" x="30" y="20"/></clipPath>' + CLIPPED,
        [(BLACK, 25, 20, 35, 20)],
    ),
    "a clip in a moved group": (
        '<clipPath id="c"><circle cx="30" cy="20" r="5"/></clipPath>'
        f'<g transform="translate(5 10)" clip-path="url(#c)"><path {NONE} d="M10 20H80"/></g>',
        [(BLACK, 30, 30, 40, 30)],
    ),
    "a clip of nothing": (f'<clipPath id="c"/>{CLIPPED}{LINE}', [(BLACK, 10, 70, 60, 70)]),
    "a mask": (
        '<mask id="m" maskUnits="userSpaceOnUse" x="0" y="0" width="100" height="80">'
        f'<circle cx="30" cy="20" r="5" fill="white"/></mask><path mask="url(#m)" {NONE} d="M10 20H90"/>',
        [(BLACK, 25, 20, 35, 20)],
    ),
    "a mask with a hole": (
        '<mask id="m" maskUnits="userSpaceOnUse" x="0" y="0" width="100" height="80"><rect width="100" height="80"'
        ' fill="white"/><rect x="40" width="20" height="80"/></mask>'
        f'<g mask="url(#m)"><path {NONE} d="M10 20H90"/></g>',
        [(BLACK, 10, 20, 40, 20), (BLACK, 60, 20, 90, 20)],
    ),
    "a mask's own rectangle": (
        '<mask id="m" maskUnits="userSpaceOnUse" x="20" y="0" width="10" height="80"><rect width="100" height="80"'
        f' fill="white"/></mask><path mask="url(#m)" {NONE} d="M10 20H90"/>',
        [(BLACK, 20, 20, 30, 20)],
    ),
    "a mask of a straight line": (
        f'<mask id="m"><rect x="20" width="20" height="80" fill="#fff"/></mask><g mask="url(#m)"><path {NONE}'
        ' d="M10 10H60"/></g>',
        [(BLACK, 20, 10, 40, 10)],
    ),
    "a mask by a stroke": (
        '<mask id="m" maskUnits="userSpaceOnUse" x="0" y="0" width="100" height="80"><path stroke="white"'
        f' stroke-width="10" d="M30 0V80"/></mask><path mask="url(#m)" {NONE} d="M10 20H90"/>',
        [(BLACK, 25, 20, 35, 20)],
    ),
    "dashes in millimetres": (
        f'<path {NONE} stroke-dasharray="10mm 100mm" d="M10 10H99"/>',
        [(BLACK, 10, 10, 47.795, 10)],
    ),
    "dashes in percent": (
        f'<path {NONE} stroke-dasharray="10% 90%" d="M10 10H99"/>',
        [(BLACK, 10, 10, 19.055, 10)],
    ),
    "dashes by pathLength": (
        f'<path {NONE} pathLength="10" stroke-dasharray="2 8" d="M10 10H60"/>',
        [(BLACK, 10, 10, 20, 10)],
    ),
    "dashes of a stretched line": (
        f'<path {NONE} transform="scale(3 1)" stroke-dasharray="5 50" d="M5 10H30"/>',
        [(BLACK, 15, 10, 30, 10)],
    ),
    "dashes of a stroke that does not scale": (
        f'<path {NONE} vector-effect="non-scaling-stroke" stroke-dasharray="96 999" d="M10 10H90"/>',
        [(BLACK, 10, 10, 35.4, 10)],
    ),
}


@pytest.mark.parametrize(("body", "right"), PLACES.values(), ids=PLACES)
def test_shapes_lie_where_the_standard_says(body: str, right: list[Stroke]) -> None:
    assert sorted(drawn(body)) == sorted(right)
    assert read(body).notes == ()


def test_a_symbol_scales_its_strokes_and_a_stroke_can_refuse_to_scale() -> None:
    symbol = f'<symbol id="s" viewBox="0 0 10 10"><path {NONE} d="M0 5H10"/></symbol>'
    (scaled,) = read_svg(sheet(f'{symbol}<use href="#s" width="30" height="30"/>')).passes
    assert scaled.pen.nib_mm == 3
    fixed = f'<path {NONE} vector-effect="non-scaling-stroke" stroke-width="0.5" d="M100 100H600"/>'
    (only,) = read_svg(sheet(fixed, 'width="100mm" height="80mm" viewBox="0 0 1000 800"')).passes
    assert only.pen.nib_mm == pytest.approx(0.5 * 25.4 / 96, abs=1e-4)


def test_a_clipped_line_keeps_its_direction_and_corners() -> None:
    clip = '<clipPath id="c"><circle cx="30" cy="20" r="10"/></clipPath>'
    (line,) = read_svg(sheet(f'{clip}<path clip-path="url(#c)" {NONE} d="M90 20H30V25H90"/>')).passes[0].lines
    assert np.allclose(line[1:-1], [[30, 20], [30, 25]])
    assert line[0] == pytest.approx([40, 20], abs=0.01) and line[-1][0] == pytest.approx(30 + 75**0.5, abs=0.01)


def test_a_filled_arrow_head_is_drawn_in_outline_with_the_pen_of_its_line_or_hatched() -> None:
    head = '<marker id="m" markerWidth="4" markerHeight="4" refY="2"><path d="M0 0L4 2L0 4z"/></marker>'
    made = read(head + TO)
    assert [(p.pen.colour, p.pen.nib_mm, len(p.lines)) for p in made.drawing.passes] == [(BLACK, 1, 2)]
    assert made.notes == ("1 shape is drawn in outline only; --hatch fills them",)
    assert len(read_svg(sheet(head + TO), Options(hatch_mm=0.5)).passes[1].lines) > 5


def test_clips_in_clips_in_clips_take_no_longer_than_they_are_long() -> None:
    """If each level were measured again by each level above it, this would take hours."""
    clip = '<clipPath id="c" clipPathUnits="objectBoundingBox"><rect width=".5" height="1"/></clipPath>'
    turned = '<g clip-path="url(#c)" style="transform:scale(1);transform-box:fill-box;transform-origin:50% 50%">'
    body = f'{turned * 60}<path {NONE} d="M10 20H90V40"/>{"</g>" * 60}'
    assert drawn(clip + body) == [(BLACK, 10, 20, 50, 20)]


def test_clips_and_gradients_that_refer_to_themselves_end() -> None:
    body = '<clipPath id="c"><path clip-path="url(#c)" d="M0 0H50V80H0z"/></clipPath>' + CLIPPED
    made = read(body)
    assert strokes(made.drawing) == [(BLACK, 10, 20, 50, 20)]
    assert made.notes == (
        "<path> without an id (line 1): has the clip-path 'url(#c)', which refers to itself and is not applied",
    )
    body = '<linearGradient id="a" href="#b"/><linearGradient id="b" href="#a"/><path stroke="url(#a)" d="M0 0H9"/>'
    assert drawn(body + LINE) == [(BLACK, 10, 70, 60, 70)]


def test_damaged_path_data_is_drawn_up_to_the_damage() -> None:
    made = read(f'<path {NONE} d="M10 10H60 L 5 oops"/>')
    assert strokes(made.drawing) == [(BLACK, 10, 10, 60, 10)]
    assert made.notes == ("<path> without an id (line 1): has a damaged outline; it is drawn up to the damage",)


# Not all or nothing


def test_text_becomes_single_line_letters_with_the_pen_of_its_colour() -> None:
    made = read('<text id="t" x="10" y="20" font-size="8">Hi</text><path stroke="black" fill="none" d="M0 9H9"/>')
    boxes = [box for _, *box in strokes(made.drawing) if box != [0, 9, 9, 9]]
    assert len(made.drawing.passes) == 1 and made.drawing.passes[0].pen.nib_mm == 1
    assert len(boxes) == 5 and min(b[1] for b in boxes) == 14.4 and max(b[3] for b in boxes) == 20
    assert 10 < min(b[0] for b in boxes) < 11 and 16 < max(b[2] for b in boxes) < 18
    assert made.notes == ("<text> 'Hi' (line 1): drawn in single-line letters, not in its own typeface",)


@pytest.mark.parametrize(
    ("text", "left", "right", "bottom"),
    [
        ('<text x="50" y="20" text-anchor="middle">HH</text>', 38.44, 61.56, 20),
        ('<text x="50" y="20" text-anchor="end">HH</text>', 26.9, 50, 20),
        ('<text x="5" y="5"><tspan x="50" y="30">HH</tspan></text>', 50, 73.1, 30),
        ('<text y="20" x="10 30">HH</text>', 10, 41.55, 20),
        ('<text transform="translate(10 10)" x="10" y="20">\n  HH\n </text>', 20, 43.1, 30),
        ('<text x="10" y="20" dy="1em" dx="5">HH</text>', 15, 38.1, 36),
    ],
)
def test_letters_stand_where_the_file_says(text: str, left: float, right: float, bottom: float) -> None:
    boxes = [box for _, *box in drawn(f'<g font-size="16">{text}</g>')]
    assert min(b[0] for b in boxes) == pytest.approx(left, abs=2)
    assert max(b[2] for b in boxes) == pytest.approx(right, abs=2)
    assert max(b[3] for b in boxes) == pytest.approx(bottom)


@pytest.mark.parametrize("word", ["\u00e9", "e\u0301"])
def test_a_letter_with_a_diacritic_is_drawn_with_it(word: str) -> None:
    """However the file writes it, and as wide as the letter alone."""
    plain, accented = (
        [box for _, *box in drawn(f'<text x="10" y="20" font-size="10">{one}n</text>')] for one in ("e", word)
    )
    assert len(accented) == len(plain) + 1
    assert min(box[1] for box in accented) < min(box[1] for box in plain) - 1
    assert max(box[2] for box in accented) == max(box[2] for box in plain)


def test_letters_without_a_single_line_form_are_named() -> None:
    made = read('<text x="10" y="20">A\u4e2d\u00e9</text>')
    assert made.notes[1] == (
        "<text> 'A\u4e2d\u00e9' (line 1): has letters that are left out, as they have no single-line form: \u4e2d"
    )


LEFT_OUT = {
    '<image id="i" width="3" height="3" href="a.png"/>': (
        "<image> 'i' (line 1): left out: pens draw strokes only; trace the picture, or render it by a spec"
    ),
    '<linearGradient id="g"><stop stop-color="red"/><stop stop-color="blue"/></linearGradient>'
    '<rect id="r" width="3" height="3" fill="url(#g)"/>': (
        "<rect> 'r' (line 1): left out: its fill is a gradient or a pattern; pens draw plain colours"
    ),
    '<pattern id="p" width="1" height="1"><path d="M0 0H1"/></pattern><rect id="r" width="3" height="3"'
    ' fill="url(#p)"/>': (
        "<rect> 'r' (line 1): left out: its fill is a gradient or a pattern; pens draw plain colours"
    ),
    '<rect width="3" height="3" fill="red"/>': "1 shape is left out: filled and without a stroke; --hatch fills them",
    '<foreignObject id="f" width="3" height="3"/>': (
        "<foreignObject> 'f' (line 1): left out: pens cannot draw what is not SVG"
    ),
    '<use id="u" href="#nothing"/>': "<use> 'u' (line 1): left out: it refers to '#nothing', which is not in the file",
    '<use id="u" href="other.svg#a"/>': (
        "<use> 'u' (line 1): left out: it refers to 'other.svg#a', which is not in the file"
    ),
}
CHANGED = {
    f'<path id="p" {NONE} filter="url(#f)" d="M1 1H2"/>': "<path> 'p' (line 1): has a filter, which pens cannot draw",
    f'<path id="p" {NONE} opacity="50%" d="M1 1H2"/>': (
        "<path> 'p' (line 1): is see-through; pens draw it in full strength"
    ),
    f'<path id="p" {NONE} mask="url(#x)" d="M1 1H2"/>': (
        "<path> 'p' (line 1): has the mask 'url(#x)', which is not applied: only url(#...) of a <mask> in the file is"
    ),
    f'<path id="p" {NONE} style="clip-path:circle(4px)" d="M1 1H2"/>': (
        "<path> 'p' (line 1): has the clip-path 'circle(4px)', which is not applied:"
        " only url(#...) of a <clipPath> in the file is"
    ),
    f'<path id="p" {NONE} marker-end="url(#x)" d="M1 1H2"/>': (
        "<path> 'p' (line 1): has the marker-end 'url(#x)', which is not a <marker> of the file"
    ),
    f'<path id="p" {NONE} transform="turn(3)" d="M1 1H2"/>': (
        "<path> 'p' (line 1): has the transform 'turn(3)', which cannot be read; it is left out"
    ),
    f'<path {NONE} d="M1 1H2"><animate id="a"/></path>': (
        "<animate> 'a' (line 1): left out: what moves is drawn as it is before it moves"
    ),
    '<linearGradient id="g"><stop stop-color="red"/><stop stop-color="blue"/></linearGradient>'
    '<path id="p" fill="none" stroke="url(#g)" d="M1 1H2"/>': (
        "<path> 'p' (line 1): has a gradient as its stroke; drawn in the mean colour, #800080"
    ),
}


@pytest.mark.parametrize(("body", "note"), (LEFT_OUT | CHANGED).items(), ids=lambda text: text[:30])
def test_what_is_not_drawn_as_shown_is_noted_and_refused_by_strict(body: str, note: str) -> None:
    made = read(body + LINE)
    assert made.notes == (note,)
    assert (BLACK, 10, 70, 60, 70) in strokes(made.drawing)
    assert len(strokes(made.drawing)) == (1 if body in LEFT_OUT else 2)
    assert refused(body + LINE, strict=True) == f"{note} (an error because of --strict)"


def test_a_gradient_of_one_colour_is_that_colour() -> None:
    body = '<linearGradient id="a"><stop style="stop-color:red"/></linearGradient><linearGradient id="b" href="#a"/>'
    assert drawn(body + '<path fill="none" stroke="url(#b)" d="M10 10H60"/>', strict=True) == [(RED, 10, 10, 60, 10)]


def test_nothing_to_draw_is_an_error_that_says_why() -> None:
    assert refused('<image id="i" width="3" height="3" href="a.png"/>') == next(iter(LEFT_OUT.values()))
    assert refused('<rect display="none" width="3" height="3"/>') == "has no strokes; give its shapes a stroke colour"


# What others write


def png(colour: str, size: int = 1) -> str:
    file = io.BytesIO()
    Image.new("RGB", (size, size), colour).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def test_a_plain_picture_as_large_as_the_page_is_the_paper() -> None:
    body = f'<g><image width="100" height="80" preserveAspectRatio="none" xlink:href="{png("#ffeedd")}"/></g>{LINE}'
    made = read(body, strict=True)
    assert (made.drawing.paper, len(strokes(made.drawing))) == ("#ffeedd", 1)
    assert "left out" in read(body.replace('width="100"', 'width="50"')).notes[0]


def test_our_own_drawing_is_read_after_inkscape_has_saved_it_as_plain_svg() -> None:
    """Plain SVG has no names of layers, and no attribute or element of Inkscape's own."""
    drawing = two_pens()
    text = re.sub(r' (?:inkscape|sodipodi):[\w-]+="[^"]*"|<sodipodi:namedview[^>]*/>', "", to_svg(drawing))
    made = reading(text, Options(strict=True))
    assert [(p.pen, len(p.lines)) for p in made.drawing.passes] == [(p.pen, len(p.lines)) for p in drawing.passes]
    assert (made.drawing.paper, made.notes) == (drawing.paper, ())
    bare = re.sub(r"<metadata>.*</metadata>", "", text, flags=re.DOTALL)
    assert [p.pen.colour for p in reading(bare, Options(strict=True)).drawing.passes] == ["#101418", "#d02030"]


def layers(*labels: str) -> str:
    group = '<g inkscape:groupmode="layer" inkscape:label="{}"><path fill="none" stroke="{}" d="M1 {}H9"/></g>'
    return "".join(group.format(label, ("red", "blue", "lime")[n], n) for n, label in enumerate(labels))


def pens(passes: tuple[PenPass, ...]) -> list[str]:
    return [p.pen.colour for p in passes]


def test_layers_are_drawn_by_their_numbers_where_each_has_one() -> None:
    made = read(layers("3", "1 blue", "!2-lime"))
    assert pens(made.drawing.passes) == [BLUE, LIME, RED]
    assert made.notes == (
        "layers are drawn by their numbers: '1 blue', '!2-lime', '3'; --layer-order file keeps the order of the file",
    )
    assert pens(read(layers("3", "1", "2"), layer_order="file").drawing.passes) == [RED, BLUE, LIME]
    assert pens(read(layers("3", "one", "2")).drawing.passes) == [RED, BLUE, LIME]
    assert pens(read(layers("3", "one", "2"), layer_order="number").drawing.passes) == [LIME, RED, BLUE]
    assert pens(read(layers("10", "9", "1")).drawing.passes) == [LIME, BLUE, RED]


def test_codes_of_axidraw_set_the_speed_or_are_reported() -> None:
    made = read(layers("1+S30+H60+D500 red"), feed_mm_min=2000.0)
    (only,) = made.drawing.passes
    assert (only.pen.name, only.pen.feed_mm_min) == ("red", 600)
    assert made.notes == (
        "layer '1+S30+H60+D500 red': left out: +H60 (pen height), +D500 (delay);"
        " a rack sets the height and the dwell of each pen",
    )
    same = read(layers("1 a", "!2 a").replace("blue", "red"))
    assert same.notes == ("layer '!2 a' asks for a pause (!), but a plot pauses only where the pen changes",)
    assert pens(read(layers("1", "% 2")).drawing.passes) == [RED]

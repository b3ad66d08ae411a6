import io
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import cairosvg
import numpy as np
import pytest
import svgelements
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from samples import BLACK, RED, curve, line, passes, sheet, two_pens

from hardware.drawing import Drawing, Ink, Pen, PenPass, is_dot
from hardware.svgfile import SvgError, pass_svg, read_svg, to_svg

INKSCAPE = "{http://www.inkscape.org/namespaces/inkscape}"
SVG = "{http://www.w3.org/2000/svg}"


def document(body: str, head: str = 'width="100mm" height="50mm" viewBox="0 0 100 50"') -> str:
    names = 'xmlns="http://www.w3.org/2000/svg" xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape"'
    return f'<svg {names} xmlns:xlink="http://www.w3.org/1999/xlink" {head}>{body}</svg>'


def stroked(body: str, head: str = 'width="100mm" height="50mm" viewBox="0 0 100 50"') -> Drawing:
    return read_svg(document(f'<g fill="none" stroke="#112233" stroke-width="0.7">{body}</g>', head))


def lines(drawing: Drawing) -> list[list[list[float]]]:
    return [np.round(each, 6).tolist() for p in drawing.passes for each in p.lines]


def pixels(svg: str, px_per_mm: int = 10) -> NDArray[np.uint8]:  # [H, W, 4]
    png = cairosvg.svg2png(bytestring=svg.encode(), dpi=96, output_width=60 * px_per_mm)
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))


def assert_equal_within(a: Drawing, b: Drawing, off_mm: float) -> None:
    assert (a.width_mm, a.height_mm, a.paper, a.title) == (b.width_mm, b.height_mm, b.paper, b.title)
    for p, q in zip([p for p in a.passes if p.lines], b.passes, strict=True):
        assert (p.layer, p.pen, p.colours, p.widths_mm) == (q.layer, q.pen, q.colours, q.widths_mm)
        for before, after in zip(p.lines, q.lines, strict=True):
            moved = [at == 0 or (point != before[at - 1]).any() for at, point in enumerate(before)]
            wanted = before.mean(axis=0, keepdims=True) if is_dot(before) else before[moved]
            assert after.shape == wanted.shape and np.abs(after - wanted).max() <= off_mm


# Writing


def test_the_svg_of_two_pens_is_as_it_was(golden: Callable[[str, str], None]) -> None:
    golden("two_pens.svg", to_svg(two_pens()))
    golden("two_pens_02.svg", pass_svg(two_pens(), 1))


def test_it_is_millimetres_with_a_layer_a_pass_that_begins_with_its_number() -> None:
    root = ElementTree.fromstring(to_svg(two_pens()))
    assert (root.get("width"), root.get("height"), root.get("viewBox")) == ("60mm", "40mm", "0 0 60 40")
    assert root.findtext(f"{SVG}title") == 'A "small" <test> & more'
    layers = root.findall(f"{SVG}g[@{INKSCAPE}groupmode='layer']")
    assert [layer.get(f"{INKSCAPE}label") for layer in layers] == [
        "% paper",
        "1 black 0.5",
        "!2 Größe (rouge)! 1.2 transparent",
    ]


def test_transparent_ink_multiplies_on_each_path_and_opaque_ink_does_not() -> None:
    _, opaque, transparent = ElementTree.fromstring(to_svg(two_pens())).findall(f"{SVG}g")
    assert {path.get("style") for path in transparent} == {"mix-blend-mode:multiply"}
    assert {path.get("style") for path in opaque} == {None}
    assert transparent.get("style") is None


def test_a_picture_made_by_another_program_shows_paper_and_strokes_in_their_colours() -> None:
    drawing = sheet(PenPass("a", BLACK, (line((10, 20), (50, 20)), line((30, 30)))))
    seen = pixels(to_svg(drawing))
    paper, ink = (0xFD, 0xFB, 0xF5, 255), (0x10, 0x14, 0x18, 255)
    for x, y, colour in [(0, 0, paper), (599, 399, paper), (599, 0, paper), (300, 200, ink), (300, 300, ink)]:
        assert tuple(seen[y, x].tolist()) == colour, (x, y)
    dark = (seen[..., 0] < 128).sum() / 100
    assert dark == pytest.approx(40 * 0.5 + np.pi * 0.25**2 * 2, rel=0.03)  # mm^2: a line with round ends, a dot


def test_readers_that_draw_every_shape_find_the_strokes_and_no_paper() -> None:
    shapes = list(svgelements.SVG.parse(io.StringIO(to_svg(two_pens()))).elements())
    assert sum(isinstance(e, svgelements.Shape) for e in shapes) == 7
    assert all(e.length() > 0 for e in shapes if isinstance(e, svgelements.Path))


def test_one_pass_alone_keeps_its_number_and_paper() -> None:
    drawing = two_pens()
    alone = read_svg(pass_svg(drawing, 1))
    assert_equal_within(sheet(drawing.passes[1], title=f"{drawing.title} (Größe (rouge)! 1.2)"), alone, 0.001)
    assert 'inkscape:label="2 Größe (rouge)! 1.2 transparent"' in pass_svg(drawing, 1)


@settings(deadline=None)
@given(st.lists(st.sampled_from([BLACK, RED]).flatmap(passes), min_size=1, max_size=3), st.text(max_size=30))
def test_what_is_written_is_read_back_within_a_thousandth_of_a_millimetre(several: list[PenPass], title: str) -> None:
    printable = "".join(c for c in title if c.isprintable())
    drawing = sheet(*several, title=printable)
    if any(p.lines for p in several):
        assert_equal_within(drawing, read_svg(to_svg(drawing)), 0.001)


@given(st.lists(st.tuples(st.floats(0, 60), st.floats(0, 40)), min_size=1, max_size=5))
def test_any_coordinate_is_read_back_within_a_thousandth(points: list[tuple[float, float]]) -> None:
    original = line(*points)
    (back,) = read_svg(to_svg(sheet(PenPass("a", BLACK, (original,))))).passes[0].lines
    if len(back) == len(original):
        assert np.abs(back - original).max() <= 0.001
    else:  # points that are the same in three decimals have become one
        assert all(np.abs(back - p).max(axis=1).min() <= 0.016 for p in original)


@given(st.text(min_size=1, max_size=60), st.text(max_size=60))
def test_no_name_can_break_the_file(name: str, layer: str) -> None:
    pen = BLACK.model_copy(update={"name": name, "dwell_s": 0.25, "feed_mm_min": 1234.5})
    (back,) = read_svg(to_svg(sheet(PenPass(layer, pen, (line((1, 1)),)), title=name + layer))).passes
    assert (back.pen.nib_mm, back.pen.dwell_s, back.pen.feed_mm_min) == (0.5, 0.25, 1234.5)
    if name.isprintable():
        assert back.pen.name == name


def test_free_colours_and_widths_are_written_on_each_path_and_read_back() -> None:
    three = (line((1, 1), (2, 5)), line((3, 3)), curve())
    free = PenPass("f", BLACK, three, colours=("#010203", "#aabbcc", "#010203"), widths_mm=(0.3, 1.25, 4.0))
    coloured = PenPass("g", RED, three, colours=("#ff0000", "#00ff00", "#0000ff"))
    assert_equal_within(sheet(free, coloured), read_svg(to_svg(sheet(free, coloured))), 0.001)


@pytest.mark.parametrize("empty", [sheet(), sheet(PenPass("none", BLACK, ()))])
def test_a_drawing_without_lines_is_a_blank_sheet(empty: Drawing) -> None:
    seen = pixels(to_svg(empty), px_per_mm=1)
    assert (seen == (0xFD, 0xFB, 0xF5, 255)).all()


# Reading


@pytest.mark.parametrize(
    ("head", "size_mm", "scale"),
    [
        ('width="100mm" height="50mm"', (100, 50), 25.4 / 96),
        ('width="10cm" height="5cm" viewBox="0 0 200 100"', (100, 50), 0.5),
        ('width="2in" height="1in" viewBox="0 0 2 1"', (50.8, 25.4), 25.4),
        ('width="96" height="48px"', (25.4, 12.7), 25.4 / 96),
        ('width="72pt" height="3pc"', (25.4, 12.7), 25.4 / 96),
        ('width="400Q" height="200q" viewBox="0 0 100 50"', (100, 50), 1),
        ('viewBox="0 0 96 48"', (25.4, 12.7), 25.4 / 96),
        ('width="100%" height="100%" viewBox="0,0,96,48"', (25.4, 12.7), 25.4 / 96),
    ],
)
def test_units_and_the_view_box_give_millimetres(head: str, size_mm: tuple[float, float], scale: float) -> None:
    drawing = stroked('<path d="M0,0 L1,2"/>', head)
    assert (drawing.width_mm, drawing.height_mm) == size_mm
    assert np.allclose(drawing.passes[0].lines[0], line((0, 0), (scale, 2 * scale)), atol=1e-6)
    assert drawing.passes[0].pen.nib_mm == pytest.approx(0.7 * scale, abs=1e-4)


def test_all_shapes_and_commands_become_lines() -> None:
    drawing = stroked(
        '<line x1="1" y1="1" x2="3" y2="1"/><polyline points="1,1 2,2 3,1"/><polygon points="5,5 6,5 6,6"/>'
        '<rect x="10" y="10" width="5" height="4"/><path d="m1 2 h3 v1 l-1-1 z m10 10 1 1"/><path d="M4 4z"/>'
    )
    assert lines(drawing) == [
        [[1, 1], [3, 1]],
        [[1, 1], [2, 2], [3, 1]],
        [[5, 5], [6, 5], [6, 6], [5, 5]],
        [[10, 10], [15, 10], [15, 14], [10, 14], [10, 10]],
        [[1, 2], [4, 2], [4, 3], [3, 2], [1, 2]],
        [[11, 12], [12, 13]],
        [[4, 4]],
    ]


def test_curves_stay_within_five_thousandths_of_a_millimetre() -> None:
    (circle,) = stroked('<circle cx="50" cy="25" r="20"/>').passes[0].lines
    assert np.abs(np.hypot(*(circle - (50, 25)).T) - 20).max() < 1e-6
    middles = (circle[1:] + circle[:-1]) / 2
    assert 20 - np.hypot(*(middles - (50, 25)).T).min() < 0.005
    cubic, quadratic = stroked('<path d="M0 0C30 60 70-40 100 50"/><path d="M0 0Q30 60 100 50"/>').passes[0].lines
    t = np.linspace(0, 1, 500)[:, None]
    true = 3 * t * (1 - t) ** 2 * (30, 60) + 3 * t**2 * (1 - t) * (70, -40) + t**3 * (100, 50)
    assert _off(true, cubic) < 0.005 and len(cubic) < 200
    assert _off(2 * t * (1 - t) * (30, 60) + t**2 * (100, 50), quadratic) < 0.005


def test_an_arc_stays_right_under_a_skewed_transform() -> None:
    (arc,) = stroked('<path transform="matrix(1 0.3 0.8 2 5 1)" d="M10 0A10 5 0 0 1 -10 0"/>').passes[0].lines
    angle = np.linspace(0, np.pi, 300)
    x, y = 10 * np.cos(angle), 5 * np.sin(angle)
    assert _off(np.stack([x + 0.8 * y + 5, 0.3 * x + 2 * y + 1], axis=1), arc) < 0.005


def _off(points: NDArray[np.float64], path: NDArray[np.float64]) -> float:
    begin, step = path[:-1], np.diff(path, axis=0)
    along = np.clip(((points[:, None] - begin) * step).sum(axis=2) / (step**2).sum(axis=1), 0, 1)
    return float(np.linalg.norm(points[:, None] - begin - along[..., None] * step, axis=2).min(axis=1).max())


def test_transforms_groups_styles_and_uses_are_followed() -> None:
    drawing = read_svg(
        document(
            "<style>.pen{fill:none;stroke:#00f;stroke-width:2px}</style>"
            "<defs><path id='p' class='pen' d='M0 0H4'/></defs>"
            "<g transform='translate(10 5)'><g transform='scale(2)'><use xlink:href='#p' x='1'/>"
            "<path style='fill:none;stroke:rgb(0,0,255);stroke-width:1' d='M0 1H4'/></g></g>"
        )
    )
    assert lines(drawing) == [[[12, 5], [20, 5]], [[10, 7], [18, 7]]]
    assert [(p.pen.colour, p.pen.nib_mm) for p in drawing.passes] == [("#0000ff", 4), ("#0000ff", 2)]


def test_a_symbol_is_drawn_where_it_is_used_and_nowhere_else() -> None:
    drawing = stroked('<symbol id="s"><path d="M0 0H4"/></symbol><use href="#s" y="3"/>')
    assert lines(drawing) == [[[0, 3], [4, 3]]]


def test_layers_and_colours_become_pens_in_order() -> None:
    drawing = read_svg(
        document(
            '<g inkscape:groupmode="layer" inkscape:label="3 - brick red" fill="none" stroke="#a03020">'
            '<path d="M0 0H1" stroke-width="0.4"/><path d="M0 1H1" stroke-width="0.4"/></g>'
            '<g inkscape:label="mixed" fill="none" stroke-width="0.5"><path stroke="blue" d="M0 2H1"/>'
            '<path stroke="#123" style="mix-blend-mode:multiply" d="M0 3H1"/><path stroke="blue" d="M0 4H1"/></g>'
            '<path stroke="#000" fill="none" d="M0 5H1"/>'
        )
    )
    assert [(p.layer, p.pen.name, p.pen.colour, p.pen.nib_mm, p.pen.ink, len(p.lines)) for p in drawing.passes] == [
        ("drawing", "#000000", "#000000", 1, Ink.OPAQUE, 1),
        ("brick red", "brick red", "#a03020", 0.4, Ink.OPAQUE, 2),
        ("mixed", "mixed #0000ff", "#0000ff", 0.5, Ink.OPAQUE, 2),
        ("mixed", "mixed #112233", "#112233", 0.5, Ink.TRANSPARENT, 1),
    ]


def test_what_cannot_be_seen_is_not_drawn() -> None:
    drawing = stroked(
        '<path d="M0 0H1"/><g display="none"><path d="M0 1H1"/><rect width="3" height="3" fill="red"/></g>'
        '<path visibility="hidden" d="M0 2H1"/><path opacity="0" d="M0 3H1"/><path stroke="none" d="M0 4H1"/>'
        '<path stroke-width="0" d="M0 5H1"/><path stroke-opacity="0" d="M0 6H1"/>'
        '<line stroke="none" fill="red" x2="3"/>'
        '<g inkscape:label="% notes"><path d="M0 7H1"/><text>not plotted</text></g><text> </text>'
    )
    assert lines(drawing) == [[[0, 0], [1, 0]]]


@pytest.mark.parametrize(
    "paper",
    ['<rect width="100" height="50" fill="#FFEEDD"/>', '<g><path fill="#fed" d="M0 0H100V50H0z" stroke="none"/></g>'],
)
def test_a_filled_rectangle_under_everything_is_the_paper(paper: str) -> None:
    drawing = read_svg(document(f'{paper}<path stroke="red" fill="none" d="M0 0H1"/>'))
    assert (drawing.paper, lines(drawing)) == ("#ffeedd", [[[0, 0], [1, 0]]])


def test_illustrators_entities_are_read() -> None:
    text = document('<path d="M0 0H1" stroke="red" fill="none"/>').replace("http://www.w3.org/2000/svg", "&ns_svg;")
    text = f'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY ns_svg "http://www.w3.org/2000/svg">]>{text}'
    assert lines(read_svg(text)) == [[[0, 0], [1, 0]]]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_a_file_may_have_any_encoding_that_it_names(tmp_path: Path, encoding: str) -> None:
    declared = '<?xml version="1.0" encoding="latin-1"?>' if encoding == "latin-1" else ""
    text = declared + document('<title>Größe</title><path d="M0 0H1" stroke="red" fill="none"/>')
    (tmp_path / "a.svg").write_bytes(text.encode(encoding))
    assert read_svg(tmp_path / "a.svg").title == "Größe"


FILLED = "has a fill but no stroke; pens draw strokes only: give it a stroke, hatch it (--hatch), or remove it"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("\ufeff \n", "is empty"),
        ("<svg", "is not XML (unclosed token: line 1, column 0); is it really an SVG file?"),
        ("<html><body/></html>", "begins with <html>, not with <svg>; is it really an SVG file?"),
        ("<svg/>", 'its <svg> has no namespace; write <svg xmlns="http://www.w3.org/2000/svg" ...>'),
        (document(""), "has no strokes; give its shapes a stroke colour"),
        (
            document("", head=""),
            'does not give its size; give <svg> a width and a height, such as width="210mm"',
        ),
        (
            document("", 'width="0mm" height="wide"'),
            "its size, '0mm' by 'wide', is not valid; write it as in width=\"210mm\"",
        ),
        (document('<path id="a" d="M0 0L1 1V2z"/>'), f"<path> 'a' {FILLED}"),
        (document('<rect width="5" height="4" fill="red" stroke="none"/>'), f"<rect> without an id {FILLED}"),
        (
            document('<image id="i" width="3" height="3" href="a.png"/>'),
            "<image> 'i' (line 1): left out: pens draw strokes only; trace the picture, or render it by a spec",
        ),
        (
            document('<path fill="none" d="M0 0H1" stroke="url(#g)"/>'),
            "<path> without an id (line 1): has the stroke 'url(#g)', which is not in the file",
        ),
        (
            document('<path d="M0 0H1" stroke="red" stroke-width="50"/>'),
            "<path> without an id has a coordinate or a stroke width (50 mm) that cannot be drawn",
        ),
        (
            document('<path id="far" d="M0 0H9e30" stroke="red"/>'),
            "<path> 'far' has a coordinate or a stroke width (1 mm) that cannot be drawn",
        ),
        (
            document('<g id="a"><use href="#a"/></g>'),
            "its <use> elements repeat more than 5000000 times, or without end",
        ),
        (
            document("".join(f'<g id="a{n}">{f"""<use href="#a{n - 1}"/>""" * 10}</g>' for n in range(12))),
            "its <use> elements repeat more than 5000000 times, or without end",
        ),
        (document("<g>" * 3000 + "</g>" * 3000), "its groups are nested too deeply"),
        (
            '<!DOCTYPE svg [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>' + document("&b;"),
            "declares the XML entity 'b', which could expand without end; save it as plain SVG",
        ),
        (
            '<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/hostname">]>' + document("&a;"),
            "declares the XML entity 'a', which could expand without end; save it as plain SVG",
        ),
        (
            f'<!DOCTYPE svg [<!ENTITY a "{"x" * 200}">]>' + document("&a;" * 50001),
            "its XML entities expand to 10 MB; save it as plain SVG",
        ),
    ],
    ids=lambda value: value[:20],
)
def test_a_file_that_cannot_be_drawn_gets_one_clear_message(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "x.svg"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SvgError) as fault:
        read_svg(path)
    assert str(fault.value) == f"{path}: {message}"


def test_many_faults_are_counted_not_listed() -> None:
    with pytest.raises(SvgError) as fault:
        read_svg(document('<path id="a" d="M0 0H1V1"/>' * 9))
    assert str(fault.value).splitlines() == [f"the SVG text: <path> 'a' {FILLED}"] * 3 + ["the SVG text: and 6 more"]


def test_files_that_are_missing_packed_binary_or_huge_are_named(tmp_path: Path) -> None:
    for name, raw, message in [
        ("z.svg", b"\x1f\x8b\x08", "is compressed (svgz); unpack it with gunzip or save it as plain SVG"),
        ("b.svg", b"\x89PNG\r\n", "is not text in utf-8; is it really an SVG file?"),
    ]:
        (tmp_path / name).write_bytes(raw)
        with pytest.raises(SvgError) as fault:
            read_svg(tmp_path / name)
        assert str(fault.value) == f"{tmp_path / name}: {message}"
    with pytest.raises(SvgError, match=r"^no\.svg: cannot be read: No such file or directory$"):
        read_svg("no.svg")
    with (tmp_path / "huge.svg").open("wb") as file:
        file.truncate(200_000_001)
    with pytest.raises(SvgError, match="200 MB is too large; at most 200 MB are read"):
        read_svg(tmp_path / "huge.svg")


def test_a_layer_of_ours_that_was_recoloured_by_hand_is_read_as_it_looks() -> None:
    text = to_svg(sheet(PenPass("a", BLACK, (line((1, 1), (2, 2)), line((3, 3), (4, 4))))))
    text = text.replace('d="M1,1 L2,2"', 'd="M1,1 L2,2" stroke="#ff0000"')
    assert [p.pen.colour for p in read_svg(text).passes] == ["#ff0000", "#101418"]


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_a_mangled_file_is_read_or_refused_but_never_crashes(data: st.DataObject) -> None:
    text = list(to_svg(two_pens()))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(text) - 1))
        text[at] = data.draw(st.sampled_from(["", "<", ">", '"', "-", "e9", "M", "A", "z", "&", "nan", "\x00", "%"]))
    try:
        drawing = read_svg("<" + "".join(text)[1:])
    except SvgError:
        return
    assert all(np.isfinite(each).all() and len(each) for p in drawing.passes for each in p.lines)


def test_a_pen_is_named_after_its_colour_where_the_file_has_no_name() -> None:
    (only,) = stroked('<path d="M0 0H1"/>').passes
    assert only.pen == Pen(name="#112233", colour="#112233", nib_mm=0.7)

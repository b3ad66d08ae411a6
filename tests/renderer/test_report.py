"""The page that shows and explains a render."""

import base64
import io
import itertools
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hardware.estimate import estimate
from hardware.pen import Pen
from hardware.program import program
from renderer.charts import HEIGHT, WIDTH, by_layer, curve, stairs
from renderer.colours import Choice
from renderer.report import drawn_part, report, to_image
from renderer.result import NetworkView, PenChoice, Result, Step, pen_choices

Make = Callable[..., Result]
VOID = {"meta", "link", "img", "br", "hr", "path", "line"}  # what is never closed, or closes itself


class Page(HTMLParser):
    """The content of a page: its tags with their attributes, its text, and whether every tag is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())


def page_of(result: Result, **more: object) -> str:
    machine = result.work.artwork.machine
    plotting = estimate(program(result.drawing, machine), machine) if machine else None
    return report(result, plotting=plotting, spec_text="version: 1\ntitle: <b>&</b>\n", **more)  # type: ignore[arg-type]


def test_the_page_is_whole_and_asks_nothing_of_the_net(result: Result) -> None:
    text = page_of(result, files=("drawing.svg", "gcode/drawing.gcode"))
    page = Page(text)
    assert page.open == []
    assert page.all("script") == page.all("link") == []
    assert {image["src"][:22] for image in page.all("img") if image["src"]} == {"data:image/webp;base64"}
    assert all(image["alt"] for image in page.all("img"))
    assert [link["href"] for link in page.all("a")] == ["drawing.svg", "gcode/drawing.gcode"]
    assert not re.search(r"https?://|url\(|@import", text)


def test_what_a_spec_says_is_text_and_never_markup(result: Result) -> None:
    page = Page(page_of(result))
    assert "Red <disc> & friends" in page.words
    assert "title: <b>&</b>" in page.words
    assert page.all("disc") == page.all("b") == []


def test_a_note_an_interruption_and_a_change_are_told(result: Result) -> None:
    words = Page(page_of(replace(result, notes=("interrupted: 1 of 2 layers",)), changes=("seed=7",))).words
    assert "interrupted: 1 of 2 layers" in words
    assert "Changed on the command line: seed=7" in words


def test_the_pens_stand_in_drawing_order_with_what_each_takes(result: Result) -> None:
    words = Page(page_of(result)).words
    assert re.search(r"1\s+warm grey points 3 mm 10 0\.0 10 \d+ s 2\s+black curves 4 mm 1 0\.1 1 \d+ s", words)
    assert "Total 11 0.1 11" in words
    assert re.search(r"On a gantry: about \d+ min ?, 2 pen changes of about 1 min each included\.", words)


def test_the_measures_come_with_a_word_on_each(result: Result) -> None:
    words = Page(page_of(result)).words
    for text in ("Close up 18.2 dB PSNR", "From afar 24.5 dB PSNR", "Structure 0.46 SSIM", "Ink 87% Share"):
        assert text in words


def test_pictures_are_the_target_the_drawn_part_and_what_lies_between(result: Result) -> None:
    pictures = []
    for image in Page(page_of(result)).all("img"):
        source = image["src"]
        assert source is not None
        pictures.append(Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2]))))
    assert [picture.size for picture in pictures] == [(89, 132), (178, 264), (89, 132)]
    same = replace(result, target=np.asarray(drawn_part(result).resize((89, 132)), np.float32).transpose(2, 0, 1) / 255)
    images = [image["src"] or "" for image in Page(page_of(same)).all("img")]
    difference = Image.open(io.BytesIO(base64.b64decode(images[2].partition(",")[2])))
    assert np.asarray(difference).min() > 240  # white all over


def test_the_page_can_be_mailed(result: Result) -> None:
    random = np.random.default_rng(1)
    noise = random.random((3, 1600, 1200), np.float32)  # the hardest to pack
    assert len(page_of(replace(result, preview=noise, target=noise[:, :500, :400]))) < 2_000_000


def test_what_is_brighter_than_white_is_white(result: Result) -> None:
    assert to_image(np.full((3, 2, 2), 2.0, np.float32)).getpixel((0, 0)) == (255, 255, 255)


# --- loss curves ---


def points_of(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in path.removeprefix("M").split())]


def test_a_chart_has_a_line_for_the_loss_and_one_for_each_term(result: Result) -> None:
    chart = curve(by_layer(result.history)[1])
    assert chart.name == "curves"
    assert [(name, first, last) for name, _, first, last in chart.lines] == [
        ("loss", 0.2, pytest.approx(0.005)),
        ("mse", 0.3, pytest.approx(0.0075)),
        ("blurred_mse", 0.1, pytest.approx(0.0025)),
    ]


def test_equal_ratios_are_equal_heights(result: Result) -> None:
    [(_, path, _, _), *_] = curve(by_layer(result.history)[0]).lines
    y = {step: points_of(path)[step - 1][1] for step in (1, 2, 4, 8)}
    assert y[2] - y[1] == pytest.approx(y[4] - y[2], abs=0.11)
    assert y[2] - y[1] == pytest.approx(y[8] - y[4], abs=0.11)
    assert y[1] < y[8]  # a lower loss is further down


def test_a_term_alone_is_the_loss_and_has_no_line_of_its_own(result: Result) -> None:
    chart = curve([replace(step, terms=step.terms[:1]) for step in result.history[:40]])
    assert [name for name, *_ in chart.lines] == ["loss"]


@pytest.mark.parametrize("losses", [[0.0], [float("nan"), 0.1], [0.1], [0.2, 0.2, 0.2], [1e-9, 1e9], [0.0, 0.0]])
def test_odd_losses_give_a_chart_and_no_error(losses: list[float]) -> None:
    chart = curve([Step(0, "points", n, loss, (("mse", loss),), 0.0) for n, loss in enumerate(losses, 1)])
    drawn = [point for _, path, _, _ in chart.lines for point in (points_of(path) if path else [])]
    assert len(drawn) == sum(loss > 0 for loss in losses)
    assert all(0 <= x <= 420 and 0 <= y <= 230 for x, y in drawn)
    assert len(chart.y_ticks) >= 1
    assert all(len(label) < 8 for _, label in chart.y_ticks)


def test_a_long_fit_is_thinned_and_keeps_its_end() -> None:
    steps = [Step(0, "points", n, 1 / n, (), 0.0) for n in range(1, 20_001)]
    [(_, path, _, last)] = curve(steps).lines
    assert len(points_of(path)) <= 402
    assert points_of(path)[-1][0] == pytest.approx(412)
    assert last == 1 / 20_000


def test_a_render_without_steps_has_no_charts(result: Result, tmp_path: Path) -> None:
    assert "How it was fitted" not in page_of(replace(result, history=()))


# --- how many pens it is worth ---


def chosen(*errors: float, used: int) -> Choice:
    pens = [Pen(name=f"pen {n}", colour=f"#{n:02x}4080", nib_mm=1) for n in range(1, len(errors))]
    return Choice(tuple(pens), errors, used)


def readings(*errors: float, used: int) -> str:
    return stairs(PenChoice(("points",), chosen(*errors, used=used))).reading


def test_the_reading_says_what_the_last_pen_and_the_next_are_worth() -> None:
    assert readings(0.5, 0.25, 0.2, 0.18, used=2) == (
        "With 2 pens, 40% of the difference is left. The 2nd, pen 2, lowers it by 10%; a 3rd, pen 3, would lower it by "
        "4%."
    )
    assert readings(0.5, 0.25, used=1) == "With 1 pen, 50% of the difference is left. The 1st, pen 1, lowers it by 50%."


def test_the_reading_says_how_few_pens_would_do() -> None:
    assert readings(1, 0.4, 0.3, 0.296, 0.293, 0.292, used=4) == (
        "With 4 pens, 29% of the difference is left. The 4th, pen 4, lowers it by less than 1%; a 5th, pen 5, would "
        "lower it by less than 1%. 2 pens would work almost as well."
    )
    assert readings(1, 1, 1, used=2).endswith("No pens would work almost as well.")


@pytest.mark.parametrize(
    ("used", "text"), [(7, "; an 8th, "), (10, "; an 11th, "), (11, "; a 12th, "), (20, "; a 21st, ")]
)
def test_the_next_pen_is_counted_as_people_do(used: int, text: str) -> None:
    assert text in readings(*(1 / n for n in range(1, 26)), used=used)


def test_stairs_lead_down_from_all_of_the_difference_to_what_the_last_pen_leaves() -> None:
    chart = stairs(PenChoice(("points", "curves"), chosen(0.8, 0.4, 0.2, 0.1, used=2)))
    assert chart.layers == "points and curves"
    assert [stair.share for stair in chart.stairs] == [1, 0.5, 0.25, 0.125]
    assert [stair.used for stair in chart.stairs] == [True, True, True, False]
    assert [stair.here for stair in chart.stairs] == [False, False, True, False]
    used, spare = points_of(chart.used_path), points_of(chart.spare_path)
    assert used[-1] == spare[0]
    heights = {share: y for y, share in chart.y_ticks}
    assert [used[0][1], used[2][1], used[4][1]] == pytest.approx([heights["100%"], heights["50%"], heights["25%"]])
    assert chart.mark == pytest.approx((chart.stairs[2].x, heights["25%"]))


@pytest.mark.parametrize("count", [2, 12, 24, 64])
def test_swatches_and_numbers_of_any_rack_have_room(count: int) -> None:
    chart = stairs(PenChoice(("points",), chosen(*(1 / n for n in range(1, count + 2)), used=count // 2 + 1)))
    xs = [stair.x for stair in chart.stairs]
    assert xs[0] - chart.radius > 0
    assert xs[-1] + chart.radius < WIDTH
    assert xs[1] - xs[0] > 2 * chart.radius
    assert 0 < chart.radius < HEIGHT
    labelled = [stair for stair in chart.stairs if stair.label]
    assert str(count // 2 + 1) in [stair.label for stair in labelled]
    assert all(b.x - a.x >= 12 for a, b in itertools.pairwise(labelled))


def test_the_page_shows_the_choice_of_pens_with_their_names(result: Result) -> None:
    choice = PenChoice(("points",), chosen(0.5, 0.25, 0.2, used=1))
    page = Page(page_of(replace(result, choices=(choice,))))
    assert "How much each pen helps" in page.words
    assert "pen 1 50% pen 2 40%" in page.words
    assert "The colour difference that is left with 0 to 2 pens. With 1 pen, 50%" in str(page.all("svg"))
    assert [circle["fill"] for circle in page.all("circle") if "fill" in circle] == ["#014080", "#024080"]
    assert page.open == []


def test_a_choice_that_was_none_is_not_shown(result: Result) -> None:
    single, same = chosen(0.5, 0.25, used=1), chosen(0.0, 0.0, 0.0, used=1)
    for choice in (single, same):
        assert "pens it is worth" not in page_of(replace(result, choices=(PenChoice(("points",), choice),)))
    assert "pens it is worth" not in page_of(result)


def test_layers_that_share_a_choice_are_told_once_and_free_colours_not_at_all() -> None:
    one, other = chosen(0.5, 0.25, used=1), chosen(0.4, 0.25, used=1)
    told = pen_choices([("points", one), ("lines", other), ("sky", None), ("curves", one)])
    assert told == (PenChoice(("points", "curves"), one), PenChoice(("lines",), other))


# --- what the loss sees -----------------------------------------------------------------------------------------------


def test_a_network_shows_its_loss_by_depth_and_where_it_is_high(result: Result) -> None:
    high = np.zeros((132, 89), np.float32)
    high[:40] = 1
    deep = NetworkView("points", "features", (("relu1_2", 0.02), ("relu5_3", 0.08)), high, False)
    style = NetworkView("curves", "gram", (("relu1_1", 0.5),), high, True)
    page = Page(page_of(replace(result, network_views=(deep, style))))
    assert page.open == []
    assert "What the loss sees" in page.words
    assert "points: features 0.1 relu1_2 0.02 relu5_3 0.08 Dark red: where the loss is still high." in page.words
    assert "curves: gram 0.5 relu1_1 0.5 Dark red: where the loss would change the drawing most" in page.words
    bars = [tag["style"] for tag in page.all("i") if "width" in (tag.get("style") or "")]
    assert bars == ["width: 25.0%", "width: 100.0%", "width: 100.0%"]
    maps = [tag["src"] for tag in page.all("img") if "still high" in (tag["alt"] or "")]
    picture = Image.open(io.BytesIO(base64.b64decode((maps[0] or "").partition(",")[2]))).convert("RGB")
    top, bottom = picture.getpixel((40, 10)), picture.getpixel((40, 120))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert top[1] < 40
    assert bottom[1] > 150


def test_without_networks_there_is_nothing_to_see(result: Result) -> None:
    assert "What the loss sees" not in page_of(result)

"""Each mark on a drawing whose answer is known; the specs of `python -m benchmarks.pictures` validate."""

import dataclasses
import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks import likeness, marks, pictures, sheets
from benchmarks.picture_set import KINDS, PICTURES, Picture, at_hand
from hardware.drawing import Drawing, Ink, Pen, PenPass
from renderer.specfile import load
from renderer.target import Frame

AREA = Frame(10, 20, 100, 100, 2)
WHITE = np.ones((200, 200, 3))
BLACK = Pen(name="black", colour="#000000", nib_mm=1)


def line(*points: tuple[float, float]) -> np.ndarray:
    """In the frame's own millimetres."""
    return np.array(points, float) + np.array([AREA.x_mm, AREA.y_mm])


def drawing(*parts: tuple[Pen, list[np.ndarray]]) -> Drawing:
    return Drawing(120, 140, "#ffffff", tuple(PenPass("x", pen, tuple(lines)) for pen, lines in parts))


def measured(*parts: tuple[Pen, list[np.ndarray]], target: np.ndarray = WHITE) -> marks.Marks:
    return marks.marks(drawing(*parts), AREA, target)


def half_black() -> np.ndarray:
    target = WHITE.copy()
    target[:, :100] = 0
    return target


def stripes() -> np.ndarray:
    """Upright, 8 mm from one to the next."""
    across = 0.5 + 0.5 * np.sin(np.arange(200) * 2 * np.pi / 16)
    return np.repeat(across[None, :, None], 200, 0).repeat(3, 2)


# --- paper ------------------------------------------------------------------------------------------------------------


def test_stray_ink_is_its_area_by_that_of_the_paper_that_should_stay_bare() -> None:
    found = measured((BLACK, [line((60, 50), (90, 50))]), target=half_black())
    assert found.bare_cm2 == pytest.approx(49, rel=0.01)  # a millimetre beside the black is not stray ink
    assert found.stray_mm2_per_cm2 == pytest.approx((30 + np.pi / 4) / 49, rel=0.02)


def test_ink_where_the_picture_is_dark_is_not_stray() -> None:
    assert measured((BLACK, [line((5, 50), (50, 50))]), target=half_black()).stray_mm2_per_cm2 == 0


def test_without_bare_paper_there_is_no_stray_ink_to_be_counted() -> None:
    found = measured((BLACK, [line((5, 50), (50, 50))]), target=np.full((200, 200, 3), 0.9))
    assert (found.stray_mm2_per_cm2, found.bare_cm2) == (None, 0)


def test_the_papers_colour_is_what_counts_as_bare() -> None:
    cream = np.full((200, 200, 3), [1, 0.9, 0.8])
    assert marks.bare_paper(cream, "#ffe6cc", AREA).all()
    assert not marks.bare_paper(cream, "#ffffff", AREA).any()


def test_a_ray_from_the_dark_into_the_light_counts_and_a_line_of_the_light_does_not() -> None:
    ray, own = line((30, 50), (95, 50)), line((70, 80), (95, 80))
    light_cm2 = (marks.even_areas(half_black()) & (half_black()[..., 0] > 0.7)).mean() * 100
    found = measured((BLACK, [ray]), target=half_black()).rays_mm2_per_cm2
    from_mm = 100 - light_cm2  # the light area is 100 mm high
    assert found == pytest.approx((95 - from_mm) / light_cm2, rel=0.03)
    assert measured((BLACK, [own]), target=half_black()).rays_mm2_per_cm2 == 0


# --- ink on ink -------------------------------------------------------------------------------------------------------


def test_half_of_the_ink_of_a_line_drawn_twice_is_overdrawn() -> None:
    twice = [line((20, 50), (80, 50))] * 2
    assert measured((BLACK, twice)).overdrawn == 0.5
    assert measured((BLACK, twice[:1])).overdrawn == 0


def test_another_opaque_ink_between_makes_it_worth_drawing_again() -> None:
    one = [line((20, 50), (80, 50))]
    red = Pen(name="red", colour="#ff0000", nib_mm=1)
    assert measured((BLACK, one), (red, one), (BLACK, one)).overdrawn == 0
    glaze = red.model_copy(update={"ink": Ink.TRANSPARENT})
    black = BLACK.model_copy(update={"ink": Ink.TRANSPARENT})
    assert measured((black, one), (glaze, one), (black, one)).overdrawn == pytest.approx(1 / 3)


def test_ink_is_counted_once_where_a_stroke_crosses_itself() -> None:
    back = marks.inked(marks.strokes_of(drawing((BLACK, [line((20, 50), (80, 50), (20, 50))]))), AREA)
    assert back.overdrawn_px == 0
    assert back.drawn_px / marks.INK_PX_PER_MM**2 == pytest.approx(60 + np.pi / 4, rel=0.01)


def test_a_stroke_is_hidden_where_later_opaque_ink_covers_all_of_it() -> None:
    dot, cover = [line((50, 50))], [line((20, 50), (80, 50))]
    broad = Pen(name="white", colour="#ffffff", nib_mm=4)
    assert measured((BLACK, dot), (broad, cover)).hidden == 1
    assert measured((broad, cover), (BLACK, dot)).hidden == 0
    assert measured((BLACK, dot), (broad.model_copy(update={"ink": Ink.TRANSPARENT}), cover)).hidden == 0
    assert measured((BLACK, [*dot, line((10, 50), (30, 50))]), (broad, cover)).hidden == 1  # one looks out


# --- lines ------------------------------------------------------------------------------------------------------------


def test_a_line_along_the_frame_is_frame_ink_and_one_that_ends_there_is_not() -> None:
    along, across = line((0.5, 20), (0.5, 80)), line((0.5, 50), (60.5, 50))
    assert measured((BLACK, [along, across])).frame_ink == pytest.approx(60 / (2 * (60 + np.pi / 4)))
    assert measured((BLACK, [across, line((1.5, 20), (1.5, 80))])).frame_ink == 0


def test_only_what_lies_exactly_on_the_bound_counts_as_folded() -> None:
    folded, near = line((0.5, 20), (0.5, 80)), line((20, 99.3), (80, 99.3))
    found = measured((BLACK, [folded, near]))
    share = 60 / (2 * (60 + np.pi / 4))
    assert (found.frame_ink, found.folded) == (pytest.approx(2 * share), pytest.approx(share))


def test_the_angle_to_the_form_is_0_along_it_45_aslant_and_90_across() -> None:
    for end, angle in (((50, 80), 0), ((80, 80), 45), ((80, 50), 90)):
        found = measured((BLACK, [line((50, 50), end)]), target=stripes()).off_form_deg
        assert found == pytest.approx(angle, abs=1)


def test_dots_and_even_pictures_have_no_angle() -> None:
    assert measured((BLACK, [line((50, 50))]), target=stripes()).off_form_deg is None
    assert measured((BLACK, [line((50, 50), (80, 50))])).off_form_deg is None


def test_a_stroke_with_no_other_within_four_nibs_is_alone_where_the_picture_is_even() -> None:
    pair, single = [line((20, 20), (40, 20)), line((20, 23), (40, 23))], line((60, 80), (90, 80))
    assert measured((BLACK, [*pair, single])).lone == 1
    assert measured((BLACK, [*pair, single, line((75, 80))])).lone == 1  # the dot has company; most of the line has not
    assert measured((BLACK, [*pair, single]), target=stripes()).lone == 0


def test_a_loop_is_no_company_for_itself() -> None:
    turns = np.linspace(0, 4 * np.pi, 60)
    assert measured((BLACK, [line(*zip(50 + 3 * np.cos(turns), 50 + 3 * np.sin(turns), strict=True))])).lone == 1


def test_a_drawing_of_no_strokes_has_no_marks() -> None:
    found = measured()
    assert (found.strokes, found.frame_ink, found.overdrawn, found.hidden, found.lone) == (0, 0, 0, 0, 0)


def test_free_colours_are_refused() -> None:
    free = Drawing(120, 140, "#ffffff", (PenPass("x", BLACK, (line((50, 50)),), ("#123456",), (1.0,)),))
    with pytest.raises(ValueError) as error:
        marks.marks(free, AREA, WHITE)
    assert str(error.value) == "the colours of this drawing are free, but only pens make marks"


# --- works ------------------------------------------------------------------------------------------------------------


def picture_file(folder: Path, size: tuple[int, int] = (60, 40)) -> Path:
    path = folder / "picture.png"
    Image.fromarray(np.random.default_rng(1).integers(0, 255, (*size[::-1], 3)).astype(np.uint8)).save(path)
    return path


def test_there_are_at_least_three_pictures_of_each_kind() -> None:
    kinds = [one.kind for one in PICTURES]
    assert set(kinds) == set(KINDS)
    assert min(kinds.count(kind) for kind in KINDS) >= 3
    assert len(kinds) >= 24
    assert len({one.name for one in PICTURES}) == len({one.sha256 for one in PICTURES}) == len(kinds)


def test_a_picture_is_found_by_its_content_whatever_its_name(tmp_path: Path) -> None:
    path = picture_file(tmp_path)
    named = Picture("x", "night", hashlib.sha256(path.read_bytes()).hexdigest(), "a package", "other.png", "nobody")
    missing = dataclasses.replace(named, name="y", sha256="0" * 64)
    assert at_hand([tmp_path], [named, missing]) == {"x": path}


@pytest.mark.parametrize("pens", pictures.PEN_SETS)
@pytest.mark.parametrize("framed", [False, True])
def test_the_spec_of_each_pen_set_validates(pens: str, framed: bool, tmp_path: Path) -> None:
    spec = tmp_path / "spec.yaml"
    work = pictures.Work(PICTURES[0], pens, picture_file(tmp_path))
    spec.write_text(pictures.spec_of(work, [{"curves": 10}], framed))
    [loaded] = load(spec)
    assert loaded.artwork.canvas.paper == pictures.PEN_SETS[pens].paper
    if framed:
        assert (loaded.artwork.target.fit, loaded.artwork.canvas.orientation) == ("contain", "landscape")


def test_only_names_pictures_kinds_and_pen_sets(tmp_path: Path) -> None:
    files = {one.name: tmp_path for one in PICTURES if one.name != "cat"}
    chosen = pictures.works(["animals", "coffee", "black"], files)
    assert {work.pen_set for work in chosen} == {"black"}
    assert [work.picture.name for work in chosen] == ["chameleon", "bee", "zebra", "rooster", "coffee"]
    assert len(pictures.works([], files)) == len(pictures.PEN_SETS) * len(files)
    assert pictures.works(["cat"], files) == []
    with pytest.raises(ValueError) as error:
        pictures.works(["dog"], files)
    assert str(error.value) == (
        "--only dog: name a picture, a kind (portraits, animals, landscapes, buildings, night, still life, engravings, "
        "flat graphics), a pen set (black, fineliners, markers, broad, two_inks)"
    )


def test_the_target_is_the_middle_of_the_picture_in_the_shape_of_the_frame(tmp_path: Path) -> None:
    frame = likeness.frame_of({"x_mm": 0, "y_mm": 0, "width_mm": 50, "height_mm": 100, "px_per_mm": 9})
    assert (frame.width_px, frame.height_px) == (256, 512)
    path = tmp_path / "thirds.png"
    Image.fromarray(np.repeat(np.array([[0, 255, 0]], np.uint8), 50, 1).repeat(100, 0)).save(path)
    assert likeness.target_of(path, "#ffffff", frame)[:, :, 40:-40].min() > 0.95


def test_black_pens_are_compared_with_the_greys_of_a_picture() -> None:
    target = np.random.default_rng(1).random((3, 4, 5)).astype(np.float32)
    soft_black = BLACK.model_copy(update={"colour": "#17171a"})
    grey = likeness.for_pens(target, drawing((soft_black, [line((50, 50))])))
    np.testing.assert_allclose(grey, np.broadcast_to(target.mean(0), target.shape), rtol=1e-6)
    red = BLACK.model_copy(update={"colour": "#cc2211"})
    assert likeness.for_pens(target, drawing((red, [line((50, 50))]))) is target


def test_a_perfect_drawing_is_as_like_as_can_be() -> None:
    found = likeness.likeness(drawing(), AREA, WHITE.transpose(2, 0, 1).astype(np.float32) * 0.999)
    assert found.ssim == pytest.approx(1, abs=1e-4)
    assert found.psnr_blurred == pytest.approx(60, abs=0.1)


def test_a_work_that_cannot_be_drawn_says_why_in_one_line() -> None:
    text = 'Traceback:\n  File "x", line 1\nrenderer.x.SpecErrors: spec.yaml:3:1: target: is missing\n'
    assert pictures._last(text) == "spec.yaml:3:1: target: is missing"
    assert pictures._last("") == "no message"


# --- sheets -----------------------------------------------------------------------------------------------------------


def test_a_sheet_is_filled_row_by_row_and_then_the_next_begins() -> None:
    one = sheets.Exhibit((Image.new("RGB", (500, 600)),) * 2, "x")
    filled = sheets.pages([one] * 9, 500)
    assert [[len(row) for row in page] for page in filled] == [[2, 2, 2], [2, 1]]
    assert all(max(sheets.page(page, "x").size) <= sheets.PAGE_PX for page in filled)


def test_a_sheet_is_saved_as_well_as_its_size_allows() -> None:
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (300, 300, 3)).astype(np.uint8))
    best, small = sheets.as_jpeg(noise), sheets.as_jpeg(noise, 60_000)
    assert len(small) <= 60_000 < len(best)


@pytest.mark.slow
def test_a_work_is_drawn_measured_and_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = tmp_path / "keep"
    command = ["x", "--only", "horse", "--only", "two_inks", "--layers", "[{lines: {count: 30, max_length_mm: 20}}]"]
    command += ["--set", "layers.0.steps=2", "--keep", str(keep), "--sheets", str(tmp_path), "--enlarge", "horse"]
    monkeypatch.setattr(sys, "argv", command)
    pictures.main()
    row = json.loads(capsys.readouterr().out.partition("\n")[0])
    assert (row["picture"], row["pen_set"], row["kind"]) == ("horse", "two_inks", "flat graphics")
    assert 0 < row["strokes"] <= 30
    assert row["minutes"] > 0
    assert {path.name for path in (keep / "two_inks" / "horse").iterdir()} == {
        "spec.yaml", "drawing.svg", "render.json", "figures.json",
    }  # fmt: skip
    assert {path.name for path in tmp_path.glob("*.jpg")} == {"two_inks-1.jpg", "two_inks-horse-enlarged.jpg"}

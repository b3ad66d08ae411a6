"""`tiles:` of a canvas: what the sheets are, that they make the drawing again, and how they are planned and plotted."""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hardware.svgfile import read_svg
from renderer import cli, preview
from renderer.gallery.key import key
from renderer.specfile import SpecErrors, Work, load
from renderer.studio.queue.submission import JobOptions, new_jobs

SHEET = "paper: {width_mm: 60, height_mm: 50}, margin_mm: 12, px_per_mm: 1"
SPEC = """\
version: 1
title: Rings
target: {{image: x.png, focus: none, tone: none}}
canvas: {{{canvas}}}
pens: {{rack: posca_1mr, only: [black, red]}}
machine: {{name: small, dialect: grbl, width_mm: 60, height_mm: 60, pen_lift: {{kind: servo, up: 650, down: 400}}}}
layers: [{{curves: 30, steps: 2}}]
"""
Written = Callable[..., Work]


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Written:
    monkeypatch.chdir(tmp_path)
    far = np.hypot(*np.mgrid[-24:24, -32:32])
    Image.fromarray(np.where(far % 12 < 5, 0, 255).astype(np.uint8)).convert("RGB").save("x.png")

    def write(canvas: str) -> Work:
        Path("x.yaml").write_text(SPEC.format(canvas=canvas), encoding="utf-8")
        [work] = load("x.yaml")
        return work

    return write


def test_the_sheets_together_are_one_sheet_with_their_margin(written: Written) -> None:
    work = written(f"{SHEET}, tiles: [3, 2], overlap_mm: 6")
    assert work.tiles is not None
    assert work.artwork.canvas.size_mm == (24 + 3 * (60 - 24 - 6) + 6, 24 + 2 * (50 - 24 - 6) + 6)
    assert work.artwork.canvas.margin_mm == 12
    assert work.tiles.text == "3 x 2 sheets of 60 x 50 mm, which overlap by 6 mm"
    assert work.tiles.machine is not None
    assert work.tiles.machine.width_mm == 60  # while the fit has a bed for all of them
    assert work.sheet_names[:4] == ("x-r1-c1", "x-r1-c2", "x-r1-c3", "x-r2-c1")


@pytest.mark.parametrize(("tiles", "size_mm"), [("[2, 1]", (105, 148)), ("[1, 1]", (148, 105)), ("[1, 2]", (148, 105))])
def test_sheets_lie_so_that_together_they_are_like_the_picture(
    written: Written, tiles: str, size_mm: tuple[float, float]
) -> None:
    canvas = f"paper: A6, margin_mm: 12, tiles: {tiles}"
    text = SPEC.format(canvas=canvas).replace("width_mm: 60, height_mm: 60", "width_mm: 200, height_mm: 200")
    written(SHEET)  # the picture
    Path("x.yaml").write_text(text, encoding="utf-8")
    [work] = load("x.yaml")
    assert work.tiles is not None
    assert work.tiles.tiling.sheet_mm == size_mm


@pytest.mark.parametrize(
    ("canvas", "fault"),
    [
        (f"{SHEET}, overlap_mm: 5", "canvas.overlap_mm: needs tiles, as in tiles: [3, 2]"),
        (f"{SHEET}, tiles: [3]", "canvas.tiles: has fewer than 2 entries"),
        (f"{SHEET}, tiles: [0, 2]", "canvas.tiles.0: 0 is too small; use at least 1"),
        (f"{SHEET}, tiles: [3, 2], overlap_mm: 20", "an overlap of 20 mm is over half a sheet; use at most 13"),
        (f"{SHEET.replace('12', '5')}, tiles: [3, 2]", "have no room for marks; use margin_mm: 8"),
        (
            f"{SHEET}, tiles: [50, 50], overlap_mm: 0".replace("px_per_mm: 1", "px_per_mm: 9"),
            "canvas.px_per_mm: makes the longer side 16416 px; use at most 4.49, which gives 8192 px",
        ),
        (
            "paper: {width_mm: 90, height_mm: 50}, margin_mm: 12, tiles: [2, 2]",
            "canvas.paper: the sheet is 90 mm wide, but from origin_mm the bed of 'small' has only 60 mm",
        ),
    ],
)
def test_tiles_that_cannot_be_are_refused_with_what_works(written: Written, canvas: str, fault: str) -> None:
    with pytest.raises(SpecErrors, match=r"x\.yaml:4") as caught:
        written(canvas)
    assert fault in str(caught.value)


def test_a_work_without_tiles_has_the_key_that_it_had(written: Written) -> None:
    alone = key(written(SHEET)).parts
    tiled = key(written(f"{SHEET}, tiles: [2, 1]")).parts
    assert {name for name in alone if alone[name] != tiled[name]} == {"spec", "machine"}
    other = key(written(f"{SHEET}, tiles: [2, 1], overlap_mm: 3")).parts
    assert {name for name in other if other[name] != tiled[name]} == {"spec"}


def joined(folder: Path, work: Work, px_per_mm: int) -> np.ndarray:
    """The picture of all sheets: each is cut at its left and upper marks and laid over those before it."""
    assert work.tiles is not None
    one = work.tiles.tiling
    width_mm, height_mm = work.artwork.canvas.size_mm
    page = np.ones((3, round(height_mm * px_per_mm), round(width_mm * px_per_mm)), np.float32)
    across, down = one.spans(width_mm, height_mm)
    for number, name in enumerate(one.names):
        column, row = across[number % one.columns], down[number // one.columns]
        sheet = preview.picture(read_svg(folder / "sheets" / name / "drawing.svg"), px_per_mm)
        cut = [0 if span.before_mm is None else round(one.margin_mm * px_per_mm) for span in (row, column)]
        at = [
            round((span.begin_mm - one.margin_mm) * px_per_mm) + c for span, c in zip((row, column), cut, strict=True)
        ]
        part = sheet[:, cut[0] :, cut[1] :]
        page[:, at[0] : at[0] + part.shape[1], at[1] : at[1] + part.shape[2]] = part
    return page


def test_the_sheets_are_rendered_planned_and_plotted_one_by_one(
    written: Written, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n" * 20))
    work = written(f"{SHEET}, tiles: [2, 2], overlap_mm: 6")
    assert cli.run(["x.yaml"]) == 0
    assert "sheets: 2 x 2 sheets of 60 x 50 mm, which overlap by 6 mm" in capsys.readouterr().err
    folder = Path("out/x")
    names = {path.relative_to(folder / "sheets/r1-c2").as_posix() for path in (folder / "sheets/r1-c2").rglob("*.*")}
    assert {"drawing.svg", "gcode/drawing.gcode", "preview.png", "manifest.json"} <= names
    whole = preview.picture(read_svg(folder / "drawing.svg"), 8)
    inner = np.s_[:, 12 * 8 : -12 * 8, 12 * 8 : -12 * 8]  # without the marks in the margin
    assert np.abs(joined(folder, work, 8)[inner] - whole[inner]).mean() < 0.002
    assert whole[inner].mean() < 0.95

    assert cli.run(["plan", str(folder)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith(f"{folder}/sheets/r1-c1: 60 x 50 mm, ")
    assert said[-1].startswith("4 sheets in all: about ")
    assert cli.run(["plot", str(folder), "--port", "sim:fast"]) == 1
    assert "out/x: is one drawing on 4 sheets; name one of them, such as out/x/sheets/r1-c1" in capsys.readouterr().err
    assert cli.run(["plot", str(folder / "sheets/r2-c2"), "--port", "sim:fast"]) == 0
    record = json.loads((folder / "manifest.json").read_bytes())
    assert record["sheets"] == [f"sheets/{name}" for name in ("r1-c1", "r1-c2", "r2-c1", "r2-c2")]
    minutes = [
        json.loads((folder / name / "manifest.json").read_bytes())["plotting"]["minutes"] for name in record["sheets"]
    ]
    assert sum(minutes) == pytest.approx(record["plotting"]["minutes"], abs=0.05)

    assert cli.run(["x.yaml"]) == 0  # again: what was plotted stays, with its journal
    assert (Path("out/x.1") / "sheets/r2-c2/plot.journal").exists()


def test_ink_goes_on_beneath_the_next_sheet(written: Written) -> None:
    """A sheet that lies half a millimetre too far away shows no bare paper where the drawing has ink."""
    written(f"{SHEET}, tiles: [2, 1], overlap_mm: 6")
    assert cli.run(["x.yaml"]) == 0
    left, right = (read_svg(Path(f"out/x/sheets/r1-c{n}/drawing.svg")) for n in (1, 2))
    seam_mm = 60 - 12 - 6  # on the left sheet, where the right one begins
    crossing = [
        line
        for one in left.passes
        for line in one.lines
        if line[:, 0].min() < seam_mm < line[:, 0].max() and line[:, 1].min() > 13 and line[:, 1].max() < 37
    ]
    assert crossing
    assert max(line[:, 0].max() for line in crossing) > seam_mm + 5
    ends = [line[:, 0].min() for one in right.passes for line in one.lines if 13 < line[0, 1] < 37 and len(line) > 2]
    assert min(ends) < 12 - 0.9


def test_the_queue_has_a_plot_for_each_sheet(written: Written) -> None:
    written(f"{SHEET}, tiles: [2, 1]")
    options = JobOptions(changes=(), out=Path("out"), draft=False, plot=True, edition=2)
    [(render, plots)] = new_jobs(Path("x.yaml"), options)
    assert render is not None
    assert [(one.name, one.title, one.edition) for one in plots] == [
        ("x-r1-c1", "Rings, r1-c1", 1),
        ("x-r1-c1", "Rings, r1-c1", 2),
        ("x-r1-c2", "Rings, r1-c2", 1),
        ("x-r1-c2", "Rings, r1-c2", 2),
    ]

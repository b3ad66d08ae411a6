"""`render new`: the spec that it writes for a picture, what it says, and what it refuses."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

from hardware import starters
from renderer import cli
from renderer.cli import printing
from renderer.new_spec import is_grey
from renderer.planning import planned
from renderer.spec import KINDS, Artwork, RackPens
from renderer.specfile import load
from renderer.styles import STYLES
from renderer.target import load_picture

PENS = ", ".join(starters.names("pens"))
READ = "use PNG, JPEG, WebP, TIFF, GIF, BMP, PPM or AVIF"


class Said(NamedTuple):
    """The result of a command."""

    code: int
    out: str
    err: str


Run = Callable[..., Said]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs commands in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    printing.console.cache_clear()

    def call(*arguments: str | Path) -> Said:
        code = cli.run([str(argument) for argument in arguments])
        return Said(code, *capsys.readouterr())

    return call


def paint(path: str | Path, hue: tuple[int, int, int] = (200, 40, 30), size: tuple[int, int] = (40, 30)) -> Path:
    """A disc of a colour on white."""
    x, y = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    pixels = np.full((size[1], size[0], 3), 250, np.uint8)
    pixels[(x - size[0] / 2) ** 2 + (y - size[1] / 2) ** 2 < (min(size) / 3) ** 2] = hue
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return Path(path)


def artwork(path: str | Path) -> Artwork:
    [work] = load(path)
    return work.artwork


def rack_of(path: str | Path) -> RackPens:
    pens = artwork(path).pens
    assert isinstance(pens, RackPens)
    return pens


# --- what is written ---


def test_a_picture_becomes_a_short_spec_beside_it(run: Run) -> None:
    paint("red_disc.png")
    said = run("new", "red_disc.png")
    assert (said.code, said.out) == (0, "red_disc.yaml\n")
    assert run("validate", "red_disc.yaml").out == "red_disc.yaml: ok, 1 work: red_disc\n"
    lines = Path("red_disc.yaml").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 25
    assert max(map(len, lines)) <= 120
    rows = [line.split("  #")[0].rstrip() for line in lines if not line.lstrip().startswith("#")]
    assert rows == [
        "version: 1",
        "title: Red disc",
        "target: {image: red_disc.png}",
        "canvas: {paper: A4}",
        "pens: {rack: fineliners, use: 8}",
        "machine: gantry_grbl_servo",
        "budget: {minutes: 60}",
        "layers:",
        "  - curves",
    ]
    assert sorted(path.name for path in Path().iterdir()) == ["red_disc.png", "red_disc.yaml"]


def test_a_grey_picture_gets_one_black_pen(run: Run) -> None:
    paint("grey.png", (60, 58, 57))
    said = run("new", "grey.png")
    assert "pens: {rack: micron_black} (as the picture is in grey)" in said.err
    assert rack_of("grey.yaml").rack.name == "black liner 0.45"


@pytest.mark.parametrize(
    ("hue", "grey"),
    [
        ((128, 128, 128), True),
        ((120, 116, 110), True),
        ((0, 0, 0), True),
        ((128, 100, 80), False),
        ((90, 90, 160), False),
    ],
)
def test_old_paper_is_grey_and_skin_is_not(tmp_path: Path, hue: tuple[int, int, int], grey: bool) -> None:
    picture = load_picture(paint(tmp_path / "x.png", hue), "#ffffff")
    assert is_grey(picture) == grey


def test_a_few_coloured_pixels_do_not_make_a_picture_coloured() -> None:
    picture = np.full((200, 200, 3), 0.5, np.float32)
    picture[:5, :5] = (1, 0, 0)
    assert is_grey(picture)


@pytest.mark.parametrize(
    ("style", "layers"),
    [
        ("curves", ["curves"]),
        ("lines", ["lines"]),
        ("points", ["points", "curves"]),
        ("hatching", ["hatching"]),
        ("one-line", ["one_line"]),
        ("poster", ["areas"]),
        ("stipple", ["points"]),
        ("paint", ["points", "curves"]),
    ],
)
def test_a_style_is_a_choice_of_layers(run: Run, style: str, layers: list[str]) -> None:
    paint("x.png")
    assert run("new", "x.png", "--style", style).code == 0
    assert [layer.kind_name for layer in artwork("x.yaml").layers] == layers


def test_what_is_asked_for_is_written(run: Run) -> None:
    paint("x.png")
    options = (
        "--pens",
        "paint_markers_fine",
        "--machine",
        "printer_marlin_z",
        "--paper",
        "120.5x90",
        "--minutes",
        "7.5",
    )
    said = run("new", "x.png", *options)
    assert said.code == 0
    made = artwork("x.yaml")
    assert made.canvas.size_mm == (120.5, 90)
    assert made.budget is not None and made.budget.minutes == 7.5
    assert len(rack_of("x.yaml").rack.pens) == 16
    assert "pens: {rack: paint_markers_fine, use: 8} (as you said; the 8 of its 16 pens" in said.err


@pytest.mark.parametrize(("said", "name"), [("a5", "A5"), ("Letter", "letter"), ("A3", "A3")])
def test_a_paper_goes_by_its_name_in_any_case(run: Run, said: str, name: str) -> None:
    paint("x.png")
    assert run("new", "x.png", "--paper", said).code == 0
    assert artwork("x.yaml").canvas.paper == name


def test_files_of_ones_own_are_named_from_the_spec(run: Run) -> None:
    paint("in/x.png")
    Path("racks").mkdir()
    Path("racks/my pens.yaml").write_text("[{name: black, colour: '#000000', nib_mm: 1}]")
    assert run("new", "in/x.png", "--pens", "racks/my pens.yaml", "--out", "specs/deep/mine.yaml").code == 0
    text = Path("specs/deep/mine.yaml").read_text()
    assert "target: {image: ../../in/x.png}" in text
    assert "pens: {rack: ../../racks/my pens.yaml} " in text
    assert run("validate", "specs/deep/mine.yaml").code == 0


@pytest.mark.parametrize(
    "name",
    [
        "my photo.png",
        "1: {a}, #b.png",
        "'quoted\".png",
        "Zürich 雪 \U0001f5a4.png",
        "- x.png",
        "null.png",
        "a\nb: \u2028c\U0001f5a4.png",
    ],
)
def test_any_name_of_a_picture_can_be_written(run: Run, name: str) -> None:
    paint(name)
    assert run("new", f"./{name}").code == 0
    [spec] = Path().glob("*.yaml")
    assert artwork(spec).target.image == name


def test_home_is_expanded(run: Run, tmp_path: Path) -> None:
    paint(tmp_path / "home" / "x.png")
    said = run("new", "~/x.png", "--out", "~/specs/y.yaml")
    assert (said.code, said.out) == (0, f"{tmp_path}/home/specs/y.yaml\n")
    assert "image: ../x.png" in (tmp_path / "home" / "specs" / "y.yaml").read_text()


def test_a_folder_for_out_gets_the_pictures_name(run: Run) -> None:
    paint("x.png")
    Path("specs").mkdir()
    assert run("new", "x.png", "--out", "specs").out == "specs/x.yaml\n"


# --- what was planned ---


@pytest.mark.parametrize("style", STYLES)
def test_what_was_planned_stands_below_the_line_that_it_would_replace(run: Run, style: str) -> None:
    paint("x.png", size=(160, 90))
    run("new", "x.png", "--style", style)
    path = Path("x.yaml")
    plan = planned(artwork(path), load_picture(Path("x.png"), "#ffffff"))
    lines = path.read_text(encoding="utf-8").splitlines()
    assert "# canvas: {paper: A4, orientation: landscape}" in lines
    assert "#   (orientation: the picture is 1.78 times as wide as high)" in lines
    path.write_text("\n".join(uncommented(lines)), encoding="utf-8")
    made = artwork(path)
    without_loss = tuple(layer.model_copy(update={"loss": None}) for layer in plan.artwork.layers)
    assert made.layers == without_loss  # the one thing that a comment does not spell out
    assert made.canvas.orientation == plan.artwork.canvas.orientation
    assert made.target.tone == plan.artwork.target.tone


def uncommented(lines: list[str]) -> list[str]:
    """The spec with each planned value in the place of the line above it, and without its reasons."""
    kept: list[str] = []
    planned_value = False
    for line in lines:
        begins = re.fullmatch(r"( *)# ((?:target|canvas): {.*|- {(?:" + "|".join(KINDS) + r"): {.*)", line)
        goes_on = re.fullmatch(r"( *)#   ([^(].*)", line) if planned_value else None
        if begins:
            kept = [*kept[:-1], f"{begins[1]}{begins[2]}"]
        elif goes_on:
            kept.append(f"{goes_on[1]}    {goes_on[2]}")
        else:
            kept.append(line)
        planned_value = bool(begins or goes_on)
    return kept


def test_a_picture_without_contrast_is_planned_as_it_is(run: Run) -> None:
    Image.new("RGB", (40, 30), (128, 128, 128)).save("x.png")
    assert run("new", "x.png").code == 0
    assert "# target: {image: x.png, tone: none}" in Path("x.yaml").read_text()


def test_what_was_planned_is_said_with_its_reason(run: Run) -> None:
    paint("x.png", size=(160, 90))
    err = run("new", "x.png").err
    assert "canvas.orientation: landscape (the picture is 1.78 times as wide as high)" in err
    assert "layers.0.curves.count: " in err


def test_a_budget_that_pays_for_nothing_is_a_warning(run: Run) -> None:
    paint("x.png")
    said = run("new", "x.png", "--minutes", "1")
    assert said.code == 0
    assert "warning: the budget of 1 minute" in said.err
    [warning] = json.loads(run("new", "x.png", "--minutes", "1", "--force", "--json").out)["warnings"]
    assert f"warning: {warning}" in said.err


# --- what is said ---


def test_it_says_what_it_chose_and_how_to_go_on(run: Run) -> None:
    paint("my disc.png")
    said = run("new", "my disc.png")
    for line in (
        "picture: 40 x 30 px (in colour)",
        "pens: {rack: fineliners, use: 8} (as the picture is in colour; "
        "the 8 of its 20 pens that suit the picture best)",
        "render 'my disc.yaml' --draft   a quick look",
        "render 'my disc.yaml'           the drawing",
    ):
        assert line in said.err.splitlines()


def test_json_holds_all_of_it(run: Run) -> None:
    paint("x.png")
    told = json.loads(run("new", "x.png", "--json").out)
    assert told["spec"] == "x.yaml"
    assert told["decisions"][0] == {"field": "picture", "value": "40 x 30 px", "why": "in colour"}
    assert [decision["field"] for decision in told["decisions"]][:3] == ["picture", "pens", "machine"]


# --- what is refused ---


def test_a_file_that_is_there_is_not_replaced_unasked(run: Run) -> None:
    paint("x.png")
    Path("x.yaml").write_text("mine")
    said = run("new", "x.png")
    assert said == Said(
        2, "", "render: x.yaml: already exists; name another file with --out, or replace it with --force\n"
    )
    assert Path("x.yaml").read_text() == "mine"
    assert run("new", "x.png", "--force").code == 0
    assert artwork("x.yaml").title == "X"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["y.png"], "no file 'y.png' (looked in .); did you mean 'x.png'?"),
        (["no/y.png"], "no file 'no/y.png' (looked in no); there is no such folder"),
        (["folder"], "'folder' is a folder (folder); name a picture"),
        (["text.jpg"], f"text.jpg: is not a picture that can be read; {READ}"),
        (["cut.png"], "cut.png: is damaged or cut off; fetch or save it again"),
        (["phone.HEIC"], "phone.HEIC: the HEIC file cannot be read; export it as JPEG"),
        (["phone.jpg"], "phone.jpg: the HEIC file cannot be read; export it as JPEG"),
        (["bad\udcff.png"], "'bad\\udcff.png': the name is not UTF-8; rename it"),
        (["x.png", "--out", "x.txt"], "x.txt: is not the name of a spec; use a name that ends in .yaml"),
        (
            ["x.png", "--out", "x.png/y.yaml"],
            "x.png/y.yaml: cannot be written (x.png is not a folder); name another place with --out",
        ),
        (
            ["x.png", "--paper", "A9"],
            "--paper A9: not a paper size; write A0 to A7, B0 to B7, JIS B4, letter, legal, tabloid, ANSI C, "
            "Arch C, pad 9x12, or mm as in 200x150",
        ),
        (
            ["x.png", "--pens", "finelinres"],
            f"'finelinres' is neither a file nor a starter rack; did you mean 'fineliners'? The starters are {PENS}",
        ),
        (["x.png", "--pens", "mine.yaml"], "mine.yaml: cannot be read: No such file or directory"),
        (
            ["x.png", "--machine", "text.jpg"],
            "text.jpg: a machine file is a mapping of fields such as `name: gantry`",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_done_is_one_message(run: Run, arguments: list[str], text: str) -> None:
    paint("x.png")
    Path("folder").mkdir()
    Path("text.jpg").write_text("hello")
    Path("cut.png").write_bytes(Path("x.png").read_bytes()[:60])
    for name in ("phone.HEIC", "phone.jpg"):
        Path(name).write_bytes(b"\0\0\0\x24ftypheic\0\0\0\0mif1heic" + bytes(100))
    before = sorted(Path().iterdir())
    assert run("new", *arguments) == Said(2, "", f"render: {text}\n")
    assert sorted(Path().iterdir()) == before


def test_a_sheet_that_the_bed_does_not_hold_is_the_specs_fault(run: Run) -> None:
    paint("x.png")
    said = run("new", "x.png", "--paper", "A2")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(
        "x.yaml: canvas.paper: the sheet is 420 mm wide, but the bed of 'gantry with a servo' has 430 mm"
    ) or said.err.startswith("x.yaml: canvas.paper: the sheet is 594 mm high")
    assert not Path("x.yaml").exists()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_is_closed_is_said(run: Run) -> None:
    paint("closed/x.png")
    Path("closed").chmod(0o500)
    said = run("new", "closed/x.png")
    assert said.err == "render: closed/x.yaml: cannot be written (Permission denied); name another place with --out\n"


def test_a_disc_that_is_full_leaves_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    paint("x.png")
    monkeypatch.setattr(Path, "write_text", full)
    said = run("new", "x.png")
    assert said == Said(
        2, "", "render: x.yaml: cannot be written (No space left on device); name another place with --out\n"
    )
    assert [path.name for path in Path().iterdir()] == ["x.png"]


# --- a picture given for a spec ---


@pytest.mark.parametrize(
    "command", [[], ["run"], ["validate"], ["plan"], ["queue", "add", "--db", "q.db"]], ids=" ".join
)
@pytest.mark.parametrize(("name", "shown"), [("x.png", "x.png"), ("my x.HEIC", "'my x.HEIC'")])
def test_a_picture_given_for_a_spec_is_answered_with_the_command(
    run: Run, command: list[str], name: str, shown: str
) -> None:
    paint("x.png").rename(name)
    said = run(*command, name)
    text = f"{name}: is a picture, not a spec; write a spec for it with: render new {shown}\n"
    assert said == Said(2, "", text)

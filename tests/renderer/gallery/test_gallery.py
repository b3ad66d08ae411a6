"""A gallery's folder: its works, their states, and what is left alone."""

import io
import json
import os
import re
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from renderer import cli, pipeline
from renderer.assets import PICTURES
from renderer.cli import printing
from renderer.gallery import build
from renderer.gallery.build import Builder
from renderer.gallery.collect import GalleryError, collect, shard
from renderer.gallery.exhibit import MOST_BYTES, ORIGINAL_BYTES, ORIGINAL_PX, shrunk
from renderer.gallery.label import loss_svg, pens_svg, spark_path
from renderer.gallery.pages import pages
from renderer.gallery.statement import WorkManifest, read, seal
from renderer.gallery.verify import compared, same_files
from renderer.gallery.work import publish
from renderer.progress import silent
from renderer.result import Result
from renderer.specfile import load

Make = Callable[..., Result]
Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _plain_terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("RENDER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("RENDER_OFFLINE", "1")
    printing.console.cache_clear()


@pytest.fixture
def gallery(spec: Path, make_result: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A gallery with one finished work, rendered by hand."""
    monkeypatch.setattr(pipeline, "render", lambda work, report, device: make_result(work=work))
    gallery = tmp_path / "gallery"
    publish(load(spec)[0], gallery, silent)
    assert cli.run(["gallery", "build", str(spec), "--to", str(gallery)]) == 0  # the pages
    return gallery


def check(spec: Path, gallery: Path, *options: str) -> int:
    return cli.run(["gallery", "check", str(spec), "--to", str(gallery), *options])


# --- checking ---------------------------------------------------------------------------------------------------------


def test_a_gallery_that_is_up_to_date_says_so(gallery: Path, spec: Path, capsys: Capture) -> None:
    capsys.readouterr()
    assert check(spec, gallery) == 0
    out, err = capsys.readouterr()
    assert (out, err) == ("", "gallery: 1 of 1 work up to date\n")


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (("steps: 10", "steps: 11"), "disc: stale: spec"),
        (("nib_mm: 3}", "nib_mm: 3.5}"), "disc: stale: pens"),
        (("accel_mm_s2: 500", "accel_mm_s2: 600"), "disc: stale: machine"),
        (("nib_mm: 3}\nmachine:", "nib_mm: 2}\nseed: 3\nmachine:"), "disc: stale: spec, pens"),
    ],
)
def test_what_is_stale_says_why(gallery: Path, spec: Path, capsys: Capture, change: tuple[str, str], line: str) -> None:
    text = spec.read_text()
    assert change[0] in text
    spec.write_text(text.replace(*change))
    capsys.readouterr()
    assert check(spec, gallery) == 1
    out, err = capsys.readouterr()
    assert out == f"{line}\n"
    assert err == "gallery: 0 of 1 work up to date; render gallery build renders what is due\n"


def test_another_picture_makes_the_target_stale(gallery: Path, spec: Path, capsys: Capture) -> None:
    Image.new("RGB", (105, 148), "#123456").save(spec.parent / "disc.png")
    capsys.readouterr()
    assert check(spec, gallery) == 1
    assert capsys.readouterr().out == "disc: stale: target\n"


def test_a_comment_makes_nothing_stale(gallery: Path, spec: Path) -> None:
    spec.write_text("# a comment\n" + spec.read_text().replace("steps: 10", "steps: 10   # few"))
    assert check(spec, gallery) == 0


@pytest.mark.parametrize("name", ["preview.webp", "drawing.svg", "pens.svg"])
def test_a_file_that_was_changed_by_hand_is_reported(gallery: Path, spec: Path, capsys: Capture, name: str) -> None:
    with (gallery / "disc" / name).open("ab") as file:
        file.write(b"x")
    capsys.readouterr()
    assert check(spec, gallery) == 1
    assert capsys.readouterr().out == f"disc: modified: {name}\n"


def test_a_file_that_is_gone_is_reported(gallery: Path, spec: Path, capsys: Capture) -> None:
    (gallery / "disc" / "drawing.svg").unlink()
    capsys.readouterr()
    assert check(spec, gallery) == 1
    assert capsys.readouterr().out == "disc: modified: drawing.svg\n"


def test_a_manifest_that_was_changed_by_hand_is_reported(gallery: Path, spec: Path, capsys: Capture) -> None:
    path = gallery / "disc" / "manifest.json"
    path.write_text(path.read_text().replace("18.25", "38.25"))
    capsys.readouterr()
    assert check(spec, gallery) == 1
    assert capsys.readouterr().out == "disc: modified: manifest.json\n"


def test_line_endings_are_no_change(gallery: Path, spec: Path) -> None:
    for path in (
        gallery / "disc" / "drawing.svg",
        gallery / "index.html",
        gallery / "README.md",
        gallery / "disc" / "manifest.json",
    ):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert check(spec, gallery) == 0


def test_file_times_are_no_change(gallery: Path, spec: Path) -> None:
    for path in (spec, spec.parent / "disc.png", *(gallery / "disc").iterdir()):
        os.utime(path, (0, 0))
    assert check(spec, gallery) == 0


def test_a_work_whose_spec_is_gone_is_an_orphan(gallery: Path, spec: Path, capsys: Capture) -> None:
    spec.rename(spec.with_name("ring.yaml"))
    capsys.readouterr()
    assert check(spec.parent, gallery) == 1
    assert capsys.readouterr().out == "ring: missing\ndisc: orphan\n"


def test_a_page_that_is_not_what_the_manifests_make_is_reported(gallery: Path, spec: Path, capsys: Capture) -> None:
    (gallery / "index.html").write_text("hello")
    capsys.readouterr()
    assert check(spec, gallery) == 1
    assert capsys.readouterr().out == "index.html: out of date\n"


def test_a_spec_with_faults_is_reported_and_the_rest_is_checked(gallery: Path, spec: Path, capsys: Capture) -> None:
    (spec.parent / "bad.yaml").write_text("version: 1\n")
    capsys.readouterr()
    assert check(spec.parent, gallery) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "bad.yaml:1:1: title: is missing" in err or "title" in err
    assert "gallery: 1 of 1 work up to date" in err


def test_json_shows_the_same(gallery: Path, spec: Path, capsys: Capture) -> None:
    spec.write_text(spec.read_text().replace("steps: 10", "steps: 11"))
    capsys.readouterr()
    assert check(spec, gallery, "--json") == 1
    record = json.loads(capsys.readouterr().out)
    [work] = record["works"]
    assert (work["name"], work["status"], work["stale"], record["exit_code"]) == ("disc", "stale: spec", ["spec"], 1)


def test_to_check_needs_no_torch(gallery: Path, spec: Path) -> None:
    import subprocess

    code = f"from renderer.cli import run; import sys; run(['gallery', 'check', {str(spec)!r}, "
    code += f"'--to', {str(gallery)!r}]); "
    code += "assert not {'torch', 'numba'} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).returncode == 0


# --- which works ------------------------------------------------------------------------------------------------------


def test_a_folder_is_all_its_specs_but_racks_and_machines(spec: Path) -> None:
    (spec.parent / "pens").mkdir()
    (spec.parent / "pens" / "rack.yaml").write_text("name: x\n")
    (spec.parent / "more").mkdir()
    (spec.parent / "more" / "second.yaml").write_text(spec.read_text().replace("disc.png", "../disc.png"))
    assert [work.name for work in collect([spec.parent]).works] == ["disc", "second"]


def test_two_works_of_one_name_are_refused(spec: Path) -> None:
    (spec.parent / "more").mkdir()
    twin = spec.parent / "more" / "disc.yaml"
    twin.write_text(spec.read_text().replace("disc.png", "../disc.png"))
    with pytest.raises(GalleryError) as error:
        collect([spec.parent])
    assert str(error.value) == f"{twin}: makes a work 'disc', as {spec} does; give one another file name"


def test_a_folder_without_specs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GalleryError) as error:
        collect([tmp_path])
    assert str(error.value) == f"{tmp_path}: no specs in this folder; name spec files, or a folder of them"


def test_a_name_that_no_work_has_is_reported(spec: Path, tmp_path: Path, capsys: Capture) -> None:
    assert check(spec, tmp_path / "g", "--only", "dics*") == 2
    assert capsys.readouterr().err == "render: no work is named 'dics*'; there are disc\n"


def test_shares_hold_each_work_once(spec: Path) -> None:
    works = tuple(load(spec, ("matrix.seed=[1,2,3,4,5,6,7]",)))
    shares = [shard(works, (number, 3)) for number in (1, 2, 3)]
    assert sorted(work.name for share in shares for work in share) == sorted(work.name for work in works)
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_a_share_that_is_none_is_refused(capsys: Capture) -> None:
    assert cli.run(["gallery", "build", "--shard", "4/3"]) == 2
    assert "'4/3' is not a share; write it like 1/3, the first of three" in capsys.readouterr().err


# --- building, with a stand-in for the process that renders ----------------------------------------------------------

CHILD = """
import json, os, pathlib, sys, time
spec, name, gallery, threads, out, device = sys.argv[1:]
print(json.dumps(dict(stage="fitting", layer=0, layers=1, layer_name="points", step=1, steps=2)), flush=True)
if name.endswith("-2"):
    sys.exit("it broke")
if name.endswith("-3"):
    os.kill(os.getpid(), 9)
if name.endswith("-4"):
    time.sleep(60)
pathlib.Path(gallery, name + "." + str(os.getpid())).touch()
print(json.dumps({"done": {"seconds": 1}}), flush=True)
"""


@pytest.fixture
def works(spec: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Builder]:
    monkeypatch.setattr(build, "CHILD", ("-c", CHILD))
    (tmp_path / "g").mkdir()
    return lambda jobs: Builder(tmp_path / "g", jobs)


def test_a_work_that_fails_stops_no_other(works: Callable[..., Builder], spec: Path) -> None:
    seeds = load(spec, ("matrix.seed=[1,2,3,5]",))
    ended = {word.name: word.content for word in works(2).build(seeds) if word.is_last}
    assert ended == {
        "disc-seed-1": {"done": {"seconds": 1}},
        "disc-seed-2": {"failed": "its process ended with code 1: it broke"},
        "disc-seed-3": {"failed": "its process was killed by signal 9"},
        "disc-seed-5": {"done": {"seconds": 1}},
    }


def test_what_ends_a_build_ends_its_processes(works: Callable[..., Builder], spec: Path) -> None:
    builder = works(1)
    words = builder.build(load(spec, ("matrix.seed=[4]",)))
    next(words)
    [process] = builder._running.values()
    assert process.poll() is None
    words.close()
    assert process.poll() is not None


def test_a_build_shows_how_it_went(
    works: Callable[..., Builder], spec: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = {"metrics": {"psnr_blurred": 20.0}, "cost": {"seconds": 3, "cpu_seconds": 4, "peak_mb": 500}, "bytes": 1000}
    monkeypatch.setattr(build, "CHILD", ("-c", CHILD.replace('{"seconds": 1}', repr(done))))
    spec.write_text(spec.read_text() + "matrix: {seed: [1, 2]}\n")
    assert cli.run(["gallery", "build", str(spec), "--to", str(tmp_path / "g"), "--jobs", "2"]) == 1
    said = capsys.readouterr().err
    assert "disc-seed-1: done in 3 s; 20.0 dB from afar, 1 kB\n" in said
    assert "disc-seed-2: failed: its process ended with code 1: it broke\n" in said
    assert re.search(r"^gallery: 1 rendered, 0 not due, 1 failed \(disc-seed-2\); \d+ s, 4 s of processor", said, re.M)


def test_a_build_leaves_alone_what_was_changed_by_hand(gallery: Path, spec: Path, capsys: Capture) -> None:
    (gallery / "disc" / "preview.webp").write_bytes(b"mine")
    spec.write_text(spec.read_text().replace("steps: 10", "steps: 11"))
    capsys.readouterr()
    assert cli.run(["gallery", "build", str(spec), "--to", str(gallery)]) == 1
    said = capsys.readouterr().err
    assert said.startswith("disc: stale: spec; modified: preview.webp; kept as it is, --force renders it again\n")
    assert (gallery / "disc" / "preview.webp").read_bytes() == b"mine"


def test_prune_removes_orphans_and_nothing_that_somebody_touched(gallery: Path, spec: Path, capsys: Capture) -> None:
    spec.rename(spec.with_name("ring.yaml"))
    mine = gallery / "disc" / "notes.txt"
    mine.touch()
    arguments = ["gallery", "build", str(spec.parent), "--to", str(gallery), "--prune", "--shard", "2/2"]
    assert cli.run(arguments) == 0  # a share sees no orphans
    assert mine.exists()
    from renderer.cli.gallery.build_and_check import _prune
    from renderer.gallery.state import orphans

    capsys.readouterr()
    _prune(orphans([], gallery), gallery)
    assert capsys.readouterr().err == "disc: orphan; kept as it is, because it was changed\n"
    mine.unlink()
    _prune(orphans([], gallery), gallery)
    assert not (gallery / "disc").exists()


def test_a_work_is_gathered_where_it_is_up_to_date(gallery: Path, spec: Path, tmp_path: Path, capsys: Capture) -> None:
    here = tmp_path / "here"
    arguments = ["gallery", "gather", str(tmp_path / "none"), str(gallery), "--specs", str(spec), "--to", str(here)]
    capsys.readouterr()
    assert cli.run(arguments) == 0
    assert capsys.readouterr().out == f"disc: from {gallery}\n"
    assert check(spec, here) == 1 - (here / "index.html").exists()
    spec.write_text(spec.read_text().replace("steps: 10", "steps: 11"))
    capsys.readouterr()
    assert cli.run(arguments) == 1
    assert capsys.readouterr().out == "disc: not up to date in any gallery\n"


# --- the manifest -----------------------------------------------------------------------------------------------------


def test_the_manifest_is_a_statement_about_the_files_beside_it(gallery: Path, spec: Path, tmp_path: Path) -> None:
    made = read(gallery / "disc")
    assert made is not None
    said = made.statement
    assert (said["_type"], said["predicateType"]) == (
        "https://in-toto.io/Statement/v1",
        "https://slsa.dev/provenance/v1",
    )
    assert set(made.subjects) == {path.name for path in (gallery / "disc").iterdir()} - {"manifest.json"}
    definition, run = made.predicate["buildDefinition"], made.predicate["runDetails"]
    assert set(definition) == {"buildType", "externalParameters", "internalParameters", "resolvedDependencies"}
    assert definition["externalParameters"]["spec"] == "../specs/disc.yaml"
    assert {one["name"] for one in definition["resolvedDependencies"]} == {"disc.png", "disc.yaml"}
    assert {"torch", "python", "renderer"} <= set(run["builder"]["version"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", run["metadata"]["finishedOn"])
    own = {name for name in made.predicate if name not in ("buildDefinition", "runDetails")}
    assert all(name.startswith("render_") for name in own)
    assert made.predicate["render_totals"] == {
        "strokes": 11,
        "metres": 0.09,
        "pens": 2,
        "lifts": 11,
        "minutes": pytest.approx(2, abs=1),
    }
    assert made.predicate["render_metrics"]["final_losses"] == {"points": 0.005, "curves": 0.005}
    assert str(tmp_path) not in json.dumps(said)


def test_the_seal_sees_every_value(gallery: Path) -> None:
    made = read(gallery / "disc")
    assert made is not None and made.is_intact
    said = json.loads(json.dumps(made.statement))
    said["predicate"]["render_totals"]["strokes"] = 12
    assert seal(said) != made.predicate["render_seal"]


def test_a_folder_without_a_manifest_of_ours_is_no_work(tmp_path: Path) -> None:
    for text in ("", "{}", "[1]", '{"_type": "x", "predicate": {}}'):
        (tmp_path / "manifest.json").write_text(text)
        assert read(tmp_path) is None


def test_a_fallback_never_hangs(spec: Path, make_result: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from renderer.gallery.work import WorkError

    image = f'target.image={{url: "https://a.example/x.jpg", sha256: "{"c" * 64}", fallback: disc.png}}'
    monkeypatch.setattr(pipeline, "render", lambda work, report, device: make_result(work=work, notes=("it is gone",)))
    with pytest.raises(WorkError) as error:
        publish(load(spec, (image,))[0], tmp_path / "g", silent)
    assert str(error.value) == "its picture is not available, and the fallback is another picture: it is gone"
    assert not (tmp_path / "g").exists()


def test_a_work_rendered_again_is_compared_within_tolerance(gallery: Path) -> None:
    made = read(gallery / "disc")
    assert made is not None
    assert all(figure.ok for figure in compared(made, made))
    assert all(same_files(made, made).values())
    said = json.loads(json.dumps(made.statement))
    said["predicate"]["render_metrics"]["psnr"] += 0.5
    said["predicate"]["render_totals"]["strokes"] += 0.3
    assert [figure.name for figure in compared(made, WorkManifest(said, True)) if not figure.ok] == ["PSNR, dB"]


# --- pictures and pages -----------------------------------------------------------------------------------------------


def test_a_preview_is_never_too_large() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (1300, 1600, 3), np.uint8)
    content = shrunk(Image.fromarray(noise))
    assert len(content) <= MOST_BYTES


def test_a_small_original_is_never_too_large() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (1300, 1600, 3), np.uint8)
    content = shrunk(Image.fromarray(noise), "JPEG", ORIGINAL_PX, ORIGINAL_BYTES)
    assert len(content) <= ORIGINAL_BYTES
    with Image.open(io.BytesIO(content)) as image:
        assert image.format == "JPEG"
        assert max(image.size) <= ORIGINAL_PX


CREDIT = "A. Painter & Sons, Red disc, 1893; public domain"


@pytest.fixture
def credited(spec: Path, make_result: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A gallery whose one work says whose its picture is."""
    crop = "crop: {right: 0.5}"
    spec.write_text(spec.read_text().replace("image: disc.png", f"image: disc.png, {crop}, credit: '{CREDIT}'"))
    monkeypatch.setattr(pipeline, "render", lambda work, report, device: make_result(work=work))
    publish(load(spec)[0], tmp_path / "gallery", silent)
    assert cli.run(["gallery", "build", str(spec), "--to", str(tmp_path / "gallery")]) == 0
    return tmp_path / "gallery"


def test_a_picture_with_a_credit_is_shown_beside_its_work(credited: Path) -> None:
    with Image.open(credited / "disc" / "target.jpg") as image:
        assert image.size == (53, 148)  # as the spec crops it
        assert np.allclose(image.getpixel((40, 60)), (200, 30, 35), atol=12)  # of the disc
    made = read(credited / "disc")
    assert made is not None and "target.jpg" in made.subjects
    html, markdown = ((credited / name).read_text() for name in ("index.html", "README.md"))
    for text in (html, markdown):
        assert 'src="disc/target.jpg"' in text
        assert 'alt="The original of Red &lt;disc&gt; &amp; friends"' in text
        assert "After A. Painter &amp; Sons, Red disc, 1893; public domain" in text


def test_a_picture_without_a_credit_is_not_shown(gallery: Path) -> None:
    assert not (gallery / "disc" / "target.jpg").exists()
    for name in ("index.html", "README.md"):
        assert "target.jpg" not in (gallery / name).read_text()
        assert "After " not in (gallery / name).read_text()


class Page(HTMLParser):
    """What a browser would ask for, and what a person would hear."""

    def __init__(self) -> None:
        super().__init__()
        self.images: list[dict[str, str | None]] = []
        self.links: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.images += [found] if tag == "img" else []
        self.links += [str(found[name]) for name in ("href", "src") if found.get(name)]
        self.ids += [str(found["id"])] if found.get("id") else []


@pytest.mark.parametrize("fixture", ["gallery", "credited"])
def test_the_page_needs_nothing_from_elsewhere_and_every_picture_has_a_text(
    fixture: str, request: pytest.FixtureRequest
) -> None:
    gallery: Path = request.getfixturevalue(fixture)
    page = Page()
    text = (gallery / "index.html").read_text()
    page.feed(text)
    assert page.images
    assert all(image.get("alt") for image in page.images)
    for link in page.links:
        if link.startswith("data:"):
            continue
        place = link.partition("#")[0]
        assert not link.startswith(("http", "//", "/"))
        assert place == "" or (gallery / place).exists(), link
        assert place or link.removeprefix("#") in page.ids
    assert "<script" not in text
    assert "Red &lt;disc&gt; &amp; friends" in text
    assert "<disc>" not in text


def test_pages_are_the_same_for_the_same_manifests(gallery: Path) -> None:
    assert (
        pages(gallery) == pages(gallery) == {name: (gallery / name).read_text() for name in ("README.md", "index.html")}
    )


def test_the_markdown_page_shows_every_work(gallery: Path) -> None:
    text = (gallery / "README.md").read_text()
    for what in ("disc/preview.webp", "disc/drawing.svg", "disc/pens.svg", "disc/loss.svg", "../specs/disc.yaml"):
        assert what in text


def test_labels_are_well_formed() -> None:
    from xml.etree import ElementTree

    pen = {"name": "a <b>", "colour": "#112233", "nib_mm": 0.5, "ink": "opaque"}
    row = {"pen": pen, "free_colours": False, "strokes": 1, "metres": 1.0, "minutes": None}
    for text in (pens_svg([row, {**row, "free_colours": True}]), pens_svg([]), loss_svg([])):
        ElementTree.fromstring(text)
    one = {"layer": "points", "steps": 10, "losses": [0.1, 0.01]}
    assert spark_path([one]) == "M1.0,2.0 116.0,26.0"
    assert spark_path([one, one]).count("M") == 2


# --- the gallery of this repository -----------------------------------------------------------------------------------

GALLERY = Path(__file__).parents[3] / "specs" / "gallery"


def test_every_picture_of_our_gallery_is_free_known_by_name_and_credited() -> None:
    targets = {work.name: work.artwork.target for work in collect([GALLERY]).works}
    assert [name for name, target in targets.items() if target.credit is None] == []
    from_the_web = [target for target in targets.values() if not isinstance(target.image, str)]
    assert {target.image.sha256 for target in from_the_web} <= {asset.sha256 for asset in PICTURES}
    assert {str(target.credit).rpartition("; ")[2] for target in from_the_web} == {"public domain", "CC0"}


def test_our_gallery_has_many_sources() -> None:
    images = [work.artwork.target.image for work in collect([GALLERY]).works]
    assert len({image if isinstance(image, str) else image.sha256 for image in images}) >= 14

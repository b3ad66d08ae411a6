"""From a photo to a queued work on the page: choices, drafts, specs, drawings, and who may do what."""

import html
import io
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import Site, served
from PIL import Image

from renderer.studio.drafting.draft_worker import CHILD
from renderer.studio.page import drawing_choices
from renderer.studio.page.drawing_choices import DrawingChoices, choices_of
from renderer.studio.queue import listing, records
from renderer.studio.queue.states import StudioError
from renderer.studio.queue.store import Store

ROOT = Path(__file__).parents[3]
SVG = """<svg xmlns="http://www.w3.org/2000/svg" width="100mm" height="80mm" viewBox="0 0 100 80">
<path d="M10 10 L90 10 L90 70 Z" fill="none" stroke="#c41e24"/><path d="M20 30 L60 70" stroke="#111"/></svg>"""
IDLE = ("sleep", "600")  # in place of a process that imports the engine
SPEC = """
version: 1
title: Disc
target: {image: disc.png}
canvas: {paper: A6}
pens: {rack: micron_black}
layers: [{lines: {count: 40}, steps: 10}]
"""


def picture(kind: str = "PNG", size: tuple[int, int] = (80, 60), turned: bool = False) -> bytes:
    image, file = Image.new("RGB", size, "white"), io.BytesIO()
    image.paste((190, 30, 40), (10, 10, 50, 40))
    exif = Image.Exif()
    if turned:
        exif[0x0112] = 6  # lies on its side
    image.save(file, kind, exif=exif)
    return file.getvalue()


@pytest.fixture
def site(there: Store, tmp_path: Path) -> Iterator[Site]:
    specs = tmp_path / "specs"
    for kind in ("pens", "machines"):
        (specs / kind).mkdir(parents=True)
    shutil.copy(ROOT / "specs/machines/gantry_grbl_servo.yaml", specs / "machines")
    (specs / "pens" / "mine.yaml").write_text(
        "name: mine\npens: [{name: rose, colour: '#e06080', nib_mm: 0.5}]\n", encoding="utf-8"
    )
    with served(there, tmp_path) as one:
        one.page.drafts._child = IDLE
        assert one.as_("curator").put("/uploads/disc.png", picture()).text == "uploads/disc.png"
        yield one


def makes_drafts(site: Site) -> None:
    """Let the page make real drafts, however much else the machine has to do."""
    site.page.drafts._child, site.page.drafts._patience_s = CHILD, 240.0


# --- choices ---


def test_the_choices_are_written_as_a_query_and_read_again(site: Site) -> None:
    folders = site.page.context.folders
    first = DrawingChoices("fineliners", ("pine green", "red"), "axidraw_v3", "200x150", 45, "hatching")
    assert choices_of(first.query(), folders) == first
    assert choices_of("", folders).machine == "machines/gantry_grbl_servo.yaml"  # takes the place of the starter
    assert choices_of("rack=pens/mine.yaml&pen=rose&pen=red", folders).pens == ("rose",)  # another rack was chosen


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("minutes=0", "minutes: '0' is not a number from 1 to 3000"),
        ("minutes=nan", "minutes: 'nan' is not a number"),
        ("rack=../../etc/passwd", "rack: '../../etc/passwd' is not one of those offered here"),
        ("machine=/dev/null", "machine: 'machines//dev/null.yaml' is not one of those offered here"),
        ("style=oil", "style: 'oil' is not one of those offered here"),
        ("paper=huge", "paper: 'huge' is not a paper; write A0"),
        ("paper=9000x9000", "paper: '9000x9000' is not a paper"),
    ],
)
def test_a_wrong_choice_is_said_in_words(site: Site, query: str, why: str) -> None:
    with pytest.raises(StudioError, match=why):
        choices_of(query, site.page.context.folders)
    answer = site.as_("curator").get(f"/photos/disc.png?{query}")
    assert answer.status == 200
    assert 'role="alert"' in answer.text
    assert site.as_("curator").get(f"/photos/disc.png/draft?{query}").status == 422


def test_variants_are_put_beside_each_other_each_once(site: Site) -> None:
    folders = site.page.context.folders
    one = choices_of("minutes=60", folders)
    assert [each.minutes for each in drawing_choices.compared(one, "minutes", folders)] == [30, 120]
    text = site.as_("curator").get("/photos/disc.png?compare=minutes&compare=minutes").text
    assert text.count("data-draft=") == 3
    assert "Curves, pens that suit the picture, A4, 120 minutes" in text
    text = site.as_("curator").get("/photos/disc.png?compare=minutes&compare=style&compare=rack").text
    assert text.count("data-draft=") == 4  # three beside the one at hand


def test_the_racks_show_their_pens_as_swatches(site: Site) -> None:
    text = site.as_("curator").get("/photos/disc.png?rack=pens/mine.yaml").text
    assert 'value="pens/mine.yaml"' in text
    assert 'fill="#e06080"' in text
    assert 'name="pen" value="rose"' in text


# --- pictures ---


def test_the_small_copy_of_a_picture_is_upright(site: Site) -> None:
    curator = site.as_("curator")
    assert curator.put("/uploads/turned.jpg", picture("JPEG", turned=True)).status == 200
    small = Image.open(io.BytesIO(curator.get("/photos/turned.jpg/picture").content))
    assert small.size == (60, 80)
    assert small.format == "WEBP"


@pytest.mark.parametrize(
    "name", ["..%2Fdisc.png", "%2e%2e%2fdisc.png", ".small", "disc.yaml", "none.png", "..\\disc.png"]
)
def test_only_uploaded_pictures_are_shown(site: Site, name: str) -> None:
    for address in (f"/photos/{name}", f"/photos/{name}/picture", f"/photos/{name}/draft"):
        assert site.as_("curator").get(address).status == 404


def test_a_name_injects_nothing(site: Site) -> None:
    saved = site.as_("curator").put("/uploads/%3Cb%3Ex%22%20y%0Aversion:%202.png", picture()).text
    assert saved == "uploads/b-x-y-version-2.png"
    text = site.as_("curator").get("/photos").text
    assert "<b>x" not in text


def test_what_is_not_a_picture_is_not_kept(site: Site, tmp_path: Path) -> None:
    curator = site.as_("curator")
    assert curator.put("/uploads/a.png", b"not a picture").status == 422
    assert curator.put("/uploads/b.png", picture()[:60]).status == 422  # cut off
    names = sorted(path.name for path in (tmp_path / "specs/uploads").rglob("*"))
    assert names == [".small", "disc.png", "disc.png.webp"]


def test_a_picture_stays_as_long_as_a_spec_draws_it(site: Site, tmp_path: Path) -> None:
    curator = site.as_("curator")
    curator.put("/uploads/disc.yaml", SPEC.encode())
    assert "the spec disc.yaml draws it" in curator.post("/photos/disc.png/remove").text
    curator.post("/uploads/disc.yaml/remove")
    assert curator.post("/photos/disc.png/remove").text == "disc.png is removed"
    assert not [path for path in (tmp_path / "specs/uploads").rglob("*") if path.is_file()]


def test_a_viewer_sees_no_drafts_and_writes_nothing(site: Site) -> None:
    viewer = site.as_("viewer")
    for address in ("/photos", "/photos/disc.png", "/photos/disc.png/draft", "/photos/disc.png/draft.webp"):
        assert viewer.get(address).status == 403
    for name in ("queue", "spec", "remove"):
        assert viewer.post(f"/photos/disc.png/{name}", {"choices": ""}).status == 403
    assert 'href="/photos"' not in viewer.get("/").text


def test_another_site_can_queue_nothing(site: Site) -> None:
    answer = site.as_("curator").post("/photos/disc.png/queue", {"choices": ""}, Origin="http://elsewhere.example")
    assert answer.status == 403


# --- drafts and the queue ---


def test_a_draft_is_shown_and_the_chosen_variant_is_queued(site: Site, there: Store, tmp_path: Path) -> None:
    curator = site.as_("curator")
    query = "rack=fineliners&pen=red&pen=black&paper=A6&minutes=10&style=lines&machine=machines/gantry_grbl_servo.yaml"
    makes_drafts(site)
    answer = curator.get(f"/photos/disc.png/draft?{query}&place=0")
    assert answer.status == 200, answer.text
    assert "strokes on" in answer.text
    assert f"/photos/disc.png/draft.webp?{query}&place=0" in html.unescape(answer.text)
    shown = curator.get(f"/photos/disc.png/draft.webp?{query}")
    assert shown.headers["content-type"] == "image/webp"
    assert Image.open(io.BytesIO(shown.content)).size[0] > 400
    said = curator.post("/photos/disc.png/queue", {"choices": query, "plot": "on", "edition": 2})
    assert said.status == 200, said.text
    spec = (tmp_path / "specs/uploads/disc.yaml").read_text()
    assert "target: {image: disc.png}" in spec
    assert "pens: {rack: fineliners, only: [red, black]}" in spec
    assert "machine: ../machines/gantry_grbl_servo.yaml" in spec
    jobs = listing.listed(there)
    assert [(job.kind, job.source.rsplit("/", 1)[1]) for job in jobs] == [("render", "disc.yaml")] + 2 * [
        ("plot", "disc.yaml")
    ]
    again = curator.post("/photos/disc.png/spec", {"choices": query}, HX_Request=None)
    assert again.status == 303
    assert again.headers["location"] == "/uploads/disc-2.yaml"


def test_a_draft_process_that_dies_is_an_answer_and_not_a_fault_of_the_server(site: Site) -> None:
    site.page.drafts._child = ("false",)
    answer = site.as_("curator").get("/photos/disc.png/draft")
    assert answer.status == 422
    assert "the process that makes drafts has ended" in answer.text
    assert site.as_("curator").get("/photos/disc.png").status == 200


def test_a_draft_of_an_uploaded_spec(site: Site) -> None:
    curator = site.as_("curator")
    makes_drafts(site)
    curator.put("/uploads/disc.yaml", SPEC.encode())
    answer = curator.get("/uploads/disc.yaml/draft")
    assert answer.status == 200, answer.text
    assert "as many as the spec says" in answer.text
    curator.post("/uploads/disc.yaml/save", {"text": SPEC.replace("lines", "loines")})
    answer = curator.get("/uploads/disc.yaml/draft")
    assert answer.status == 422
    assert "uploads/disc.yaml:7:" in answer.text


# --- the editor ---


def test_faults_are_those_of_validate_at_their_lines_and_nothing_is_saved(site: Site, tmp_path: Path) -> None:
    curator = site.as_("curator")
    curator.put("/uploads/disc.yaml", SPEC.encode())
    wrong = SPEC.replace("count: 40", "cuont: 40").replace("paper: A6", "paper: A66")
    text = curator.post("/uploads/disc.yaml/check", {"text": wrong}).text
    assert 'data-line="5"' in text
    assert 'data-line="7"' in text
    assert "disc.yaml:7:19: layers.0.lines.cuont: unknown key" in text
    assert "no faults" in curator.post("/uploads/disc.yaml/check", {"text": SPEC}).text
    for name in ("check", "save"):
        assert "more than can be edited here" in curator.post(f"/uploads/disc.yaml/{name}", {"text": "a" * 31_000}).text
    assert (tmp_path / "specs/uploads/disc.yaml").read_text() == SPEC
    assert not list((tmp_path / "specs/uploads").glob(".disc*"))
    assert site.as_("viewer").post("/uploads/disc.yaml/check", {"text": SPEC}).status == 403


def test_a_spec_that_is_typed_reads_no_file_outside_the_folder(site: Site) -> None:
    curator = site.as_("curator")
    curator.put("/uploads/disc.yaml", SPEC.encode())
    text = curator.post("/uploads/disc.yaml/check", {"text": SPEC.replace("disc.png", "/etc/hostname.png")}).text
    assert 'data-line="4"' in text


def test_each_text_of_a_spec_is_kept_as_a_version_and_in_the_history(site: Site, there: Store) -> None:
    curator = site.as_("curator")
    curator.put("/uploads/disc.yaml", SPEC.encode())
    for title in ("Second", "Third", "Third"):
        curator.post("/uploads/disc.yaml/save", {"text": SPEC.replace("Disc", title)})
    text = curator.get("/uploads/disc.yaml").text
    assert "title: Third" in text
    assert text.count("?version=") == 2
    assert "title: Second" in curator.get("/uploads/disc.yaml?version=2").text
    assert "title: Disc" in curator.get("/uploads/disc.yaml?version=1").text
    assert curator.get("/uploads/disc.yaml?version=3").status == 404
    with there.read() as connection:
        events = [event for event in records.history(connection) if event.what == "spec disc.yaml"]
    assert [event.why for event in events] == [f"changed; the text before is version {n}" for n in (1, 2)]
    curator.post("/uploads/disc.yaml/remove")
    curator.put("/uploads/disc.yaml", SPEC.encode())
    assert "?version=" not in curator.get("/uploads/disc.yaml").text
    shown = site.as_("curator").get("/history").text
    assert "spec disc.yaml" in shown
    assert "/pieces/0" not in shown


# --- drawings ---


def test_an_svg_is_planned_with_these_pens_and_queued_with_its_picture(site: Site, there: Store) -> None:
    curator = site.as_("curator")
    assert curator.put("/uploads/lines.svg", SVG.encode()).text == "uploads/lines.svg"
    text = curator.get("/drawings/lines.svg?rack=fineliners").text
    assert "red 0.4" in text
    assert "black 0.4" in text
    assert "100 x 80 mm" in text
    assert curator.get("/drawings/lines.svg/picture?rack=fineliners").headers["content-type"] == "image/webp"
    assert curator.post("/drawings/lines.svg/queue", {"choices": "rack=fineliners"}).text == "added 1 lines"
    [plot] = listing.listed(there)
    assert (plot.kind, plot.state, plot.machine) == ("plot", "draft", "gantry with a servo")
    assert [pen["name"] for pen in plot.result["pens"]] == ["red 0.4", "black 0.4"]
    assert curator.get("/pieces/1/picture/preview").status == 200
    assert site.as_("viewer").post("/drawings/lines.svg/queue", {"choices": ""}).status == 403


def test_an_uploaded_svg_is_never_shown_itself(site: Site) -> None:
    curator = site.as_("curator")
    curator.put("/uploads/x.svg", SVG.replace("<path", "<script>alert(1)</script><path", 1).encode())
    for address in ("/uploads/x.svg", "/photos/x.svg", "/photos/x.svg/picture"):
        assert curator.get(address).status == 404
    assert curator.get("/drawings/x.svg/picture").content[:4] == b"RIFF"


def test_an_svg_that_cannot_be_drawn_says_why(site: Site) -> None:
    curator = site.as_("curator")
    curator.put("/uploads/bad.svg", b"<svg")
    curator.put("/uploads/huge.svg", SVG.replace("100mm", "4000mm").encode())
    for name, why in (("bad", "bad.svg"), ("huge", "mm")):
        text = curator.get(f"/drawings/{name}.svg").text
        assert 'class="bad" role="alert"' in text
        assert why in text
        assert "Queue the plot" not in text
        assert curator.post(f"/drawings/{name}.svg/queue", {"choices": ""}).status == 422
    assert curator.get("/drawings/none.svg").status == 404
    assert curator.get("/drawings/bad.svg?machine=none").status == 200


def test_the_process_of_drafts_ends_with_the_server(there: Store, tmp_path: Path) -> None:
    with served(there, tmp_path) as site:
        worker = site.page.drafts
        worker._child = IDLE
        worker.warm()
        until = time.monotonic() + 20
        while worker._process is None and time.monotonic() < until:
            time.sleep(0.02)
        process = worker._process
    assert process is not None
    assert process.poll() is not None

"""The page: what it shows, what its buttons do, and how a browser hears that something has changed."""

import asyncio
import gzip
import html
import http.client
import json
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from browsing import Site, served
from PIL import Image
from sqlalchemy import Connection

from renderer.studio.page import change_stream, queue_views
from renderer.studio.page.access import Session
from renderer.studio.page.change_stream import Marks, marks
from renderer.studio.page.responses import without_folders
from renderer.studio.queue import (
    job_pictures,
    leases,
    listing,
    machine_moves,
    pausing,
    questions,
    records,
    requests,
    workers,
)
from renderer.studio.queue.adding import NewJob
from renderer.studio.queue.questions import NewQuestion
from renderer.studio.queue.records import Job
from renderer.studio.queue.store import Store

ROOT = Path(__file__).parents[3]
SPEC = """
version: 1
title: Red disc
target: {image: disc.png}
canvas: {paper: A6}
pens: [{name: black, colour: "#111111", nib_mm: 1}]
layers: [{points: 40, steps: 10}]
"""
BLACK = {"name": "black 0.5", "colour": "#101010", "lasts_m": 90.0, "strokes": 7, "metres": 60.0, "minutes": 20.0}


@pytest.fixture
def site(there: Store, tmp_path: Path) -> Iterator[Site]:
    specs = tmp_path / "specs"
    (specs / "machines").mkdir(parents=True)
    Image.new("RGB", (64, 64), "red").save(specs / "disc.png")
    (specs / "disc.yaml").write_text(SPEC, encoding="utf-8")
    shutil.copy(ROOT / "specs/machines/gantry_grbl_servo.yaml", specs / "machines" / "gantry.yaml")
    with served(there, tmp_path) as one:
        yield one


def job(store: Store, number: int) -> Job:
    with store.read() as connection:
        return records.find(connection, number)


def plots(store: Store, *titles: str) -> list[int]:
    """Plots of one machine that have been released."""
    new = [NewJob("plot", t, t, "a.svg", machine="gantry", result={"pens": [BLACK], "minutes": 21.0}) for t in titles]
    made = [each.id for each in requests.add(store, new, "ada")]
    with store.begin() as connection:
        connection.execute(records.jobs.update().where(records.jobs.c.id.in_(made)).values(state="queued"))
    return made


def asking(store: Store, about: dict[str, object] | None = None) -> tuple[Job, int]:
    """A plot of that machine, and the question that it asks."""
    claimed = leases.claim(store, "plot", "w", "gantry")
    assert claimed is not None
    choices = (("done", "the pen is in: draw"), ("nudge", "move it a little"), ("abort", "stop here"))
    pen = {"number": 3, "name": "Sakura Micron 05 blue", "colour": "#224488", "drawn_mm": 900.0, "seconds": 60.0,
           "strokes": 12}  # fmt: skip
    asks = NewQuestion(
        "pen", "pen 3 of 4: blue", "Put it in.", choices, "done", {"pen": pen, "pen_up": True} | (about or {})
    )
    return claimed, leases.advance(store, claimed.id, claimed.token, "w", "awaiting_operator", "asks", asks=asks)


# --- what it shows ---


def test_the_operator_is_reported_which_pen_and_has_the_answers(site: Site, there: Store) -> None:
    plots(there, "a", "b")
    _, question = asking(there, {"z_step": 12.5})
    text = site.as_("operator").get("/machines/gantry").text
    assert "Insert pen&nbsp;3: Sakura Micron 05 blue" in text
    assert 'fill="#224488"' in text
    assert f'id="answer-done-{question}">Continue<' in text
    assert f'id="answer-abort-{question}">Stop here<' in text
    assert 'name="z" value="12.5"' in text
    assert "21 min of plotting" in text
    assert "black 0.5 will run dry in plot 2, the second that uses it: it lasts 90 m and will have drawn 120 m." in text
    everywhere = site.as_("viewer").get("/").text
    assert 'href="/machines/gantry"><span><b>gantry</b> asks: 1 a</span>' in everywhere


def test_beside_a_machine_nothing_is_offered_twice_and_a_reader_hears_the_question_only(
    site: Site, there: Store
) -> None:
    plots(there, "a")
    claimed, _ = asking(there)
    text = site.as_("operator").get("/machines/gantry").text
    assert (
        '<p class="visually-hidden" id="spoken" role="status">Insert pen&nbsp;3: Sakura Micron 05 blue. Put it in.</p>'
        in text
    )
    assert text.count("aria-live") == 1  # that of what was done
    paused = NewQuestion("pause", "paused", "The pen is up.", (("resume", "go on"), ("abort", "stop here")), "resume")
    leases.advance(there, claimed.id, claimed.token, "w", "paused", "paused", asks=paused)
    text = site.as_("operator").get("/machines/gantry").text
    assert text.count(">Go on<") == 1
    assert f'id="resume-{claimed.id}"' not in text
    leases.advance(there, claimed.id, claimed.token, "w", "finishing", "done")
    clear = NewQuestion("clear", "clear the sheet", "It is done.", (("done", "it is off"),), "done")
    leases.advance(there, claimed.id, claimed.token, "w", "awaiting_operator", "asks", asks=clear)
    text = site.as_("operator").get("/machines/gantry").text
    assert ">Abort<" not in text
    assert "Stop at once" in text


def test_a_pen_without_height_is_not_raised(site: Site, there: Store) -> None:
    plots(there, "a")
    asking(there, {"z_step": 0.0})
    assert 'name="z"' not in site.as_("operator").get("/machines/gantry").text


def test_every_role_sees_the_buttons_that_it_may_press(site: Site, there: Store) -> None:
    requests.add(there, [NewJob("render", "r", "r", "r.yaml")], "ada")
    plots(there, "a")
    asking(there)
    counts = {}
    for role in ("viewer", "curator", "operator"):
        texts = [site.as_(role).get(path).text for path in ("/", "/machines", "/machines/gantry", "/pieces/1")]
        counts[role] = sum(text.count('<form method="post"') - 2 for text in texts)  # but the own name, and to leave
    assert counts["viewer"] == 0
    assert 0 < counts["curator"] < counts["operator"]


@pytest.mark.parametrize(
    ("kind", "state", "wanted", "names"),
    [
        ("render", "queued", "", ["pause", "copy", "cancel"]),
        ("render", "queued", "pause", ["resume", "copy", "cancel"]),
        ("render", "running", "", ["cancel", "copy"]),
        ("render", "running", "cancel", ["copy"]),
        ("render", "done", "", ["copy", "remove"]),
        ("render", "failed", "", ["retry", "copy", "remove"]),
        ("plot", "draft", "", ["release", "copy", "cancel"]),
        ("plot", "plotting", "", ["pause", "cancel"]),
        ("plot", "pausing", "pause", ["resume", "cancel"]),
        ("plot", "awaiting_operator", "", ["cancel"]),
        ("plot", "needs_attention", "", []),
    ],
)
def test_a_job_has_the_buttons_of_where_it_stands(
    there: Store, kind: str, state: str, wanted: str, names: list[str]
) -> None:
    requests.add(there, [NewJob(kind, "a", "a", "a")], "ada")
    with there.begin() as connection:
        connection.execute(records.jobs.update().values(state=state, wanted=wanted))
    buttons = queue_views.buttons_for(job(there, 1))
    assert [button.name for button in buttons] == names
    steers = kind == "plot" and state not in {"draft", "queued"}
    assert {button.role for button in buttons} <= {"operator" if steers else "curator"}


def test_a_plot_is_not_released_before_there_is_something_to_look_at(there: Store) -> None:
    requests.add_all(
        there, [(NewJob("render", "a", "a", "a"), [NewJob("plot", "a", "a", "a", machine="gantry")])], "ada"
    )
    assert [button.name for button in queue_views.buttons_for(job(there, 2))] == ["copy", "cancel"]


def test_a_long_queue_is_shown_in_part(site: Site, there: Store) -> None:
    requests.add(there, [NewJob("render", f"r{n}", f"r{n}", "r.yaml") for n in range(250)], "ada")
    text = site.as_("viewer").get("/").text
    assert "The first 200 are shown." in text
    assert "<small>250</small>" in text


def test_the_loss_is_a_line_from_left_to_right() -> None:
    assert queue_views.curve([(0.0, 4.0), (0.5, float("nan")), (1.0, 2.0)], 100, 10) == "M0.0,0.0 L100.0,10.0"
    assert queue_views.curve([(0.0, 1.0), (1.0, 1.0)], 100, 10) == "M0.0,10.0 L100.0,10.0"
    assert queue_views.curve([(0.0, 1.0)]) == ""


def test_a_picture_of_a_render_is_shown_with_its_plots(site: Site, there: Store) -> None:
    requests.add_all(
        there, [(NewJob("render", "a", "a", "a"), [NewJob("plot", "a", "a", "a", machine="gantry")])], "ada"
    )
    claimed = leases.claim(there, "render", "w")
    assert claimed is not None
    job_pictures.put(there, 1, claimed.token, "progress", "image/webp", b"half")
    address = _picture(there, 1)
    assert address.startswith("/pieces/1/picture/progress?")
    assert site.as_("viewer").get(address).content == b"half"
    leases.finish(there, 1, claimed.token, "w", {}, lambda: None, ("image/png", b"whole"))
    for number in (1, 2):
        answer = site.as_("viewer").get(_picture(there, number))
        assert (answer.content, answer.headers["content-type"]) == (b"whole", "image/png")
    assert site.as_("viewer").get("/pieces/1/picture/nothing").status == 404


def _picture(store: Store, number: int) -> str:
    with store.read() as connection:
        address = queue_views.picture_of(connection, records.find(connection, number))
    assert address is not None
    return address


def test_the_plan_of_a_render_is_reported_before_it_is_made(site: Site, there: Store, tmp_path: Path) -> None:
    site.as_("curator").post("/pieces", {"spec": "disc.yaml", "changes": "layers.0.points.count=4000"})
    text = site.as_("viewer").get("/pieces/1/plan").text
    assert "4000 points of 1 mm can cover" in text
    requests.add(
        there,
        [NewJob("render", "a", "a", "/etc/hosts"), NewJob("render", "b", "b", str(tmp_path / "gone.yaml"))],
        "ada",
    )
    for number in (2, 3):
        assert '<p class="bad">there is no plan</p>' in site.as_("viewer").get(f"/pieces/{number}/plan").text
    (tmp_path / "specs" / "disc.yaml").write_text(SPEC.replace("points", "poinst"), encoding="utf-8")
    assert "unknown key &#39;poinst&#39;" in site.as_("viewer").get("/pieces/1/plan").text


# --- what its buttons do ---


def test_a_work_is_added_with_all_that_can_be_said_of_it(site: Site, there: Store, tmp_path: Path) -> None:
    fields = {
        "spec": "disc.yaml", "plot": "on", "machine": "machines/gantry.yaml", "edition": "2", "priority": "3",
        "title": "A disc", "note": "for the door", "due": "2026-12-24", "changes": "seed=4\r\n\r\nlayers.0.steps=12",
    }  # fmt: skip
    answer = site.as_("curator").post("/pieces", fields)
    assert (answer.status, answer.text) == (200, "added 1 A disc, 2 A disc (1 of 2), 3 A disc (2 of 2)")
    made = job(there, 1)
    assert (made.kind, made.state, made.priority, made.due, made.note) == (
        "render",
        "queued",
        3,
        "2026-12-24",
        "for the door",
    )
    assert made.changes == ("seed=4", "layers.0.steps=12")
    assert made.out == str(tmp_path / "out")
    assert [job(there, n).machine for n in (2, 3)] == ["gantry with a servo"] * 2


def test_a_spec_with_a_fault_is_reported_of_where_it_is(site: Site, there: Store, tmp_path: Path) -> None:
    (tmp_path / "specs" / "wrong.yaml").write_text(SPEC.replace("points", "poinst"), encoding="utf-8")
    answer = site.as_("curator").post("/pieces", {"spec": "wrong.yaml"})
    assert answer.status == 422
    assert answer.text.endswith("wrong.yaml:7:11: layers.0.poinst: unknown key 'poinst'; did you mean 'points'?\n")
    assert listing.listed(there) == []


def test_jobs_are_ordered_held_copied_changed_and_taken_away(site: Site, there: Store) -> None:
    curator = site.as_("curator")
    for _ in range(3):
        curator.post("/pieces", {"spec": "disc.yaml"})
    assert curator.post("/pieces/3/move", {"where": "before", "other": "1"}).text == "3 Red disc: moved"
    assert [each.id for each in listing.listed(there)] == [3, 1, 2]
    assert curator.post("/pieces/1/pause").text == "1 Red disc: queued, pause requested"
    assert curator.post("/pieces/1/resume").text == "1 Red disc: queued"
    assert curator.post("/pieces/1/copy").text == "added 4 Red disc"
    changed = curator.post("/pieces/4/edit", {"title": "Blue", "note": "n", "due": "2026-12-01", "priority": "7"})
    assert changed.text == "4 Blue: changed"
    assert [each.id for each in listing.listed(there)] == [4, 3, 1, 2]
    assert curator.post("/pieces/2/cancel").text == "2 Red disc: cancelled"
    assert curator.post("/pieces/2/retry").text == "2 Red disc: queued"
    assert curator.post("/pieces/2/cancel").status == 200
    assert curator.post("/pieces/2/cancel").status == 409
    assert curator.post("/pieces/2/remove").text == "2 Red disc: removed from the list"
    assert curator.post("/queues/render", {"why": "the fan is loud"}).text == "the queue of render is paused"
    assert pausing.paused_queues(there) == {"render": "the fan is loud"}
    curator.post("/queues/render", {"go": "1"})
    assert pausing.paused_queues(there) == {}


def test_the_history_shows_who_it_was(site: Site, there: Store) -> None:
    operator = site.as_("operator")
    cookie = operator.post("/me", {"name": "Ada"}).headers["set-cookie"].partition(";")[0]
    operator.post("/pieces", {"spec": "disc.yaml"}, Cookie=cookie)
    with there.read() as connection:
        assert records.history(connection, 1)[0].who == "Ada (operator)"


def test_a_pen_is_nudged_by_no_more_than_is_safe(site: Site, there: Store) -> None:
    plots(there, "a")
    _, question = asking(there, {"z_step": 0.2})
    operator, address = site.as_("operator"), f"/questions/{question}/answer"
    answer = operator.post(address, {"choice": "nudge", "z": "-0.3"})
    assert (answer.status, answer.text) == (422, "z: '-0.3' is not a number from -0.2 to 0.2\n")
    answer = operator.post(address, {"choice": "nudge", "x": "nan"})
    assert (answer.status, answer.text) == (422, "x: 'nan' is not a number from -20 to 20\n")
    assert operator.post(address, {"choice": "nudge", "x": "0.5", "z": "-0.2"}).status == 200
    assert questions.answer_to(there, question) == ("nudge", {"x": 0.5, "z": -0.2})


def test_without_script_a_browser_goes_back_to_where_it_was(site: Site) -> None:
    curator = site.as_("curator")
    for referer, place in (
        (f"{site.address}/machines", "/machines"), ("http://evil.example//evil.example/x", "/"), (None, "/"),
    ):  # fmt: skip
        answer = curator.post("/pieces", {"spec": "disc.yaml"}, HX_Request=None, Referer=referer)
        assert (answer.status, answer.headers["location"]) == (303, place)


# --- how a browser hears of changes ---


def looks(store: Store) -> Marks:
    with store.read() as connection:
        return marks(connection, store.now(connection))


def test_marks_differ_where_something_has_changed_and_only_there(there: Store) -> None:
    number = plots(there, "a")[0]
    before = looks(there)
    assert looks(there) == before
    claimed, question = asking(there)
    after = looks(there)
    assert before.keys() | {f"work:{number}"} == after.keys()
    assert all(before[name] != after[name] for name in ("jobs", "questions", "work"))
    assert before["machines"] == after["machines"]
    leases.heartbeat(there, number, claimed.token, {"number": 1, "share": 0.5})
    beaten = looks(there)
    assert {name for name in after if after[name] != beaten[name]} == {"work", f"work:{number}"}
    leases.heartbeat(there, number, claimed.token, {"number": 1, "share": 0.6})
    assert looks(there) == beaten, "that it has drawn more is sent as a number"
    pausing.pause_queue(there, "gantry", "ada")
    assert {name for name in beaten if looks(there)[name] != beaten[name]} == {"machines"}
    questions.answer(there, question, "done", "ada")
    assert looks(there)["questions"] == before["questions"]


def far(stroke: int) -> dict[str, object]:
    """How far a plot is, as its worker reports it."""
    pens = [{"name": "black 0.5", "colour": "#101010", "strokes": 7, "metres": 60.0, "minutes": 20.0, "began": 1.0,
             "ended": None, "skipped": False}]  # fmt: skip
    return {"text": f"pen 1 of 1, stroke {stroke} of 7", "share": stroke / 7, "stroke": stroke, "strokes": 7,
            "drawn_m": 8.0, "left_s": 90, "pen": "black", "number": 1, "passes": 1, "x_mm": 5.0, "y_mm": 6.0,
            "machine": "Run", "pens": pens}  # fmt: skip


def test_the_stream_says_how_far_a_plot_is_in_few_bytes_and_begins_with_that(there: Store) -> None:
    plots(there, "a")
    claimed, _ = asking(there)
    stream = change_stream.ChangeStream(there)

    async def heard() -> tuple[str, str]:
        leases.heartbeat(there, 1, claimed.token, far(2))
        events = stream.listen()
        found = [await anext(events), await anext(events)]
        leases.heartbeat(there, 1, claimed.token, far(3))
        while "stroke 3 of" not in found[-1]:
            found.append(await anext(events))
        await events.aclose()  # type: ignore[attr-defined]
        return found[1], found[-1]

    first, later = asyncio.run(heard())
    assert '"text": "pen 1 of 1, stroke 2 of 7"' in first
    assert '"left": "2 min"' in first
    assert later.startswith("event: plots\n")
    assert '"stroke": 3' in later
    assert len(later) < 300


def test_the_pens_of_a_plot_are_listed_with_their_times(site: Site, there: Store) -> None:
    plots(there, "a")
    claimed, _ = asking(there)
    known = far(2)
    pen = known["pens"][0]  # type: ignore[index]
    known["pens"] = [pen | {"ended": 601.0}, pen | {"name": "red"}, pen | {"name": "blue", "began": None}]
    leases.heartbeat(there, 1, claimed.token, known)
    for path in ("/machines/gantry", "/pieces/1"):
        text = site.as_("viewer").get(path).text
        assert re.search(r"black 0.5</span><small>done at \d\d:\d\d, after 10 min", text)
        assert re.search(r"red</span><small>draws since \d\d:\d\d; 20 min in all", text)
        assert "blue</span><small>to come: 20 min" in text
    assert "Log of this plot" in site.as_("viewer").get("/machines/gantry").text


def test_the_strokes_of_a_plot_are_sent_packed_and_only_to_who_may_look(site: Site, there: Store) -> None:
    plots(there, "a")
    claimed, _ = asking(there)
    assert site.as_("viewer").get("/pieces/1/strokes").status == 404
    job_pictures.put(there, 1, claimed.token, job_pictures.STROKES, job_pictures.GZIP, gzip.compress(b"{}\n"))
    answer = site.as_("viewer").get("/pieces/1/strokes")
    assert (answer.status, answer.headers["content-encoding"]) == (200, "gzip")
    assert gzip.decompress(answer.content) == b"{}\n"
    assert site.as_(None).get("/pieces/1/strokes").status == 401
    assert 'data-trace="1"' in site.as_("viewer").get("/machines/gantry").text
    assert requests.copy(there, 1, "ada").id == 2
    assert site.as_("viewer").get("/pieces/2/strokes").status == 404, "a copy has drawn nothing"


def test_the_ink_of_a_pen_is_counted_until_a_new_one_is_put_in(site: Site, there: Store) -> None:
    plots(there, "a", "b", "c", "d")
    for number in (1, 2):
        claimed, _ = asking(there)
        begun = {**BLACK, "metres": 25.0, "began": 1.0, "ended": 2.0, "skipped": False}
        leases.heartbeat(there, number, claimed.token, far(7) | {"pens": [begun, begun | {"name": "x", "began": None}]})
        state = "done" if number == 1 else "cancelled"
        if number == 1:
            leases.advance(there, 1, claimed.token, "w", "plotting", "goes on")
            leases.advance(there, 1, claimed.token, "w", "finishing", "drawn")
            leases.advance(there, 1, claimed.token, "w", "awaiting_operator", "asks")
        leases.end_plot(there, number, claimed.token, "w", state, "it has ended", cleared=True)
    operator = site.as_("operator")
    text = operator.get("/machines/gantry").text
    assert "40 of 90 m left" in text
    assert "black 0.5 will run dry in plot 3, the first that uses it: it lasts 90 m and will have drawn 110 m." in text
    assert "<span>x</span>" not in text, "a pen that was not put in has used no ink"
    assert site.as_("curator").post("/machines/gantry/new-pen", {"pen": "black 0.5"}).status == 403
    assert operator.post("/machines/gantry/new-pen", {"pen": "pink"}).status == 409
    assert operator.post("/machines/gantry/new-pen", {"pen": "black 0.5"}).text == "black 0.5 is new"
    text = operator.get("/machines/gantry").text
    assert "90 of 90 m left" in text
    assert "black 0.5 will run dry in plot 4, the second that uses it" in text


def test_an_operator_steers_a_machine_that_plots_nothing(site: Site, there: Store) -> None:
    plots(there, "a")
    operator, path = site.as_("operator"), "/machines/gantry/move"
    assert site.as_("curator").post(path, {"move": "home"}).status == 403
    answer = operator.post(path, {"move": "home"})
    assert (answer.status, answer.text[:33]) == (409, "no worker of gantry is running; s")
    workers.register(there, "w", "plot", "machine gantry")
    assert operator.post(path, {"move": "jog", "x": "500"}).status == 422
    assert operator.post(path, {"move": "fly"}).status == 422
    assert operator.post("/machines/none/move", {"move": "home"}).status == 404
    before = looks(there)
    assert operator.post(path, {"move": "jog", "x": "50", "y": "-10"}).status == 200
    asked = machine_moves.take_move(there, "gantry")
    assert asked is not None
    assert (asked.name, asked.numbers, asked.who) == ("jog", {"x": 50.0, "y": -10.0}, "the operator at the page")
    assert looks(there)["machines"] != before["machines"]
    text = operator.get("/machines/gantry").text
    assert "Jog, the operator at the page: moves" in text
    assert operator.post("/machines/gantry/stop").status == 200
    assert machine_moves.is_stopped(there, asked.id)
    machine_moves.end_move(there, asked, "refused", "stopped; the pen is up", "it was stopped")
    text = operator.get("/machines/gantry").text
    assert "The position of this machine may be lost: it was stopped." in text
    assert 'value="jog"' not in text
    assert 'value="home"' in text
    assert 'value="home"' not in site.as_("viewer").get("/machines/gantry").text


def test_what_changes_while_a_page_is_made_is_not_missed(
    site: Site, there: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = queue_views.waiting

    def late(connection: Connection, *conditions: object) -> queue_views.Waiting:
        found = waits(connection, *conditions)
        requests.add(there, [NewJob("render", "late", "late", "late.yaml")], "ada")  # after this was read
        return found

    monkeypatch.setattr(queue_views, "waiting", late)
    text = site.as_("viewer").get("/").text
    assert "late" not in text
    carried = json.loads(html.unescape(text.partition("data-marks='")[2].partition("'")[0]))
    assert carried["jobs"] != looks(there)["jobs"], "it fetches itself again"


@contextmanager
def listening(site: Site) -> Iterator["Listener"]:
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=20)
    cookie = f"{site.page.cookie}={site.page.access.cookie(Session('viewer'))}"
    connection.request("GET", "/events", headers={"Cookie": cookie})
    answer = connection.getresponse()
    assert answer.headers["content-type"].startswith("text/event-stream")
    try:
        yield Listener(answer)
    finally:
        connection.close()


class Listener:
    """A browser's end of the stream."""

    def __init__(self, answer: http.client.HTTPResponse) -> None:
        self._answer = answer

    def hears(self) -> Marks:
        """The next marks."""
        name = ""
        while True:
            line = self._answer.readline().decode().strip()
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: ") and name == "marks":
                marks: Marks = json.loads(line.removeprefix("data: "))
                return marks


def test_a_browser_hears_the_marks_at_once_and_when_anybody_changes_something(site: Site, there: Store) -> None:
    with listening(site) as one, listening(site) as other:
        first = one.hears()
        assert other.hears() == first == looks(there)
        requests.add(there, [NewJob("render", "a", "a", "a.yaml")], "ada")  # another process, as far as the page knows
        while (now := one.hears()) == first:
            pass
        assert now["jobs"] != first["jobs"]
        site.as_("curator").post("/pieces/1/cancel")
        while one.hears()["jobs"] == now["jobs"]:
            pass
    with listening(site) as late:
        assert late.hears() == looks(there), "who comes late is up to date"


def test_nobody_looks_while_nobody_listens(site: Site, there: Store) -> None:
    with listening(site) as one:
        one.hears()
    for _ in range(100):
        if not site.page.watch.is_busy:
            break
        time.sleep(0.05)
        requests.add(
            there, [NewJob("render", "a", "a", "a.yaml")], "ada"
        )  # so that the server writes, and finds no browser
    assert not site.page.watch.is_busy


def test_a_queue_whose_file_is_gone_takes_no_works_and_is_not_live(site: Site, there: Store, tmp_path: Path) -> None:
    for path in tmp_path.glob("queue.db*"):
        path.unlink()
    curator = site.as_("curator")
    for answer in (curator.post("/pieces", {"spec": "disc.yaml"}), curator.get("/")):
        assert answer.status == 503
        assert "queue.db was deleted or moved" in answer.text
        assert str(tmp_path) not in answer.text


def test_the_stream_shows_that_the_database_does_not_answer(there: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change_stream, "BEAT_S", 0.3)
    stream = change_stream.ChangeStream(there)
    assert there.file is not None
    file = there.file

    async def heard() -> list[str]:
        events = stream.listen()
        found = [await anext(events), await anext(events)]
        for path in file.parent.glob("queue.db*"):
            path.unlink()
        while not found[-1].startswith("event: lost") and len(found) < 10:
            found.append(await anext(events))
        await events.aclose()  # type: ignore[attr-defined]
        return found

    assert asyncio.run(heard())[-1].startswith("event: lost")


def test_the_ways_to_stop_a_plot_are_explained(site: Site, there: Store) -> None:
    plots(there, "a")
    asking(there)
    text = site.as_("operator").get("/machines/gantry").text
    assert "Abort lifts the pen, parks, and ends the plot" in text
    assert "Stop at once halts the motors wherever the pen is" in text


def test_after_a_stop_at_once_no_answer_stands_out(site: Site, there: Store) -> None:
    plots(there, "a")
    claimed, _ = asking(there)
    leases.report_trouble(
        there, claimed.id, claimed.token, "w", "emergency stop: the position may be lost", is_lost=True
    )
    text = site.as_("operator").get("/machines/gantry").text
    assert "Resume at the stroke where it stopped" in text
    assert "Home the machine before you resume" in text
    assert 'class="huge' not in text


@pytest.mark.parametrize("name", ["Ada (operator)", "Ada \uff08operator\uff09", "Ada [operator]"])
def test_a_display_name_cannot_look_like_a_role(site: Site, name: str) -> None:
    answer = site.as_("curator").post("/me", {"name": name})
    assert answer.text == "the history will name you as Ada operator (curator)"


def test_only_operators_see_the_folders_of_this_disk(site: Site, there: Store, tmp_path: Path) -> None:
    (made,) = requests.add(there, [NewJob("render", "a", "a", str(tmp_path / "specs" / "disc.yaml"))], "ada")
    claimed = leases.claim(there, "render", "w")
    assert claimed is not None
    leases.fail(there, made.id, claimed.token, "w", f"{tmp_path}/out/a: the disk is full", can_retry=False)
    pausing.pause_queue(there, "render", "ada", f"{tmp_path}/out/a: the disk is full")
    for path in ("/", f"/pieces/{made.id}", "/history"):
        text = site.as_("viewer").get(path).text
        assert str(tmp_path) not in text
        assert "a: the disk is full" in text
    assert str(tmp_path) in site.as_("operator").get(f"/pieces/{made.id}").text


def test_addresses_in_the_web_are_not_paths() -> None:
    text = "https://example.org/a/b.png could not be fetched; see /srv/specs/x.yaml:3:1 and 2/3 of layers"
    assert without_folders(text) == (
        "https://example.org/a/b.png could not be fetched; see x.yaml:3:1 and 2/3 of layers"
    )


def test_a_long_history_is_folded(site: Site, there: Store) -> None:
    (number,) = plots(there, "a")
    claimed = leases.claim(there, "plot", "w", "gantry")
    assert claimed is not None
    for pen in range(60):
        leases.add_remark(there, number, claimed.token, "w", f"pen {pen} of 60")
    text = site.as_("viewer").get(f"/pieces/{number}").text
    before, folded = text.split(f'<details id="earlier-{number}">')
    assert before.count("<tr>") == 8
    assert "pen 59 of 60" in before
    assert "pen 0 of 60" in folded


def test_a_button_is_named_by_what_it_shows(site: Site, there: Store) -> None:
    plots(there, "a")
    asking(there, {"z_step": 12.5})
    text = site.as_("operator").get("/machines/gantry").text
    for words in ("pen higher", "pen lower"):
        assert f'aria-label="{words} by 12.5" title="{words} by 12.5">{words}</button>' in text


def test_only_the_page_of_an_error_has_room_above() -> None:
    rules = (Path(change_stream.__file__).parent / "static" / "studio.css").read_text(encoding="utf-8")
    assert "main.error { max-width: 40rem; padding-top: 12vh; }" in rules
    assert "\n.error" not in rules
    assert "#toasts { position: fixed; left: 1rem;" in rules, "the form to add works is on the right"


def test_a_wrong_spec_is_found_at_upload_and_mended_or_removed_on_the_page(site: Site, there: Store) -> None:
    curator = site.as_("curator")
    wrong = SPEC.replace("steps: 10", "stepps: 10").replace("disc.png", "../disc.png")
    answer = curator.put("/uploads/mine.yaml", wrong.encode())
    assert answer.status == 200
    assert answer.text.startswith("uploads/mine.yaml\nuploads/mine.yaml:7:")
    assert "stepps" in answer.text
    text = curator.get("/uploads/mine.yaml").text
    assert "stepps: 10" in text
    assert '<button type="button" data-line="7">' in text
    assert 'href="/uploads/mine.yaml"' in curator.get("/").text
    assert "has faults" in curator.post("/uploads/mine.yaml/save", {"text": wrong}).text
    said = curator.post("/uploads/mine.yaml/save", {"text": wrong.replace("stepps", "steps")}).text
    assert said == "mine.yaml is saved; it has no faults"
    assert curator.post("/pieces", {"spec": "uploads/mine.yaml"}).status == 200
    assert "cancel that job first" in curator.post("/uploads/mine.yaml/remove").text
    requests.cancel(there, 1, "ada")
    assert curator.post("/uploads/mine.yaml/remove").text == "mine.yaml is removed"
    assert curator.get("/uploads/mine.yaml").status == 404


def test_only_uploads_are_edited_and_only_by_curators(site: Site) -> None:
    site.as_("curator").put("/uploads/mine.yaml", SPEC.replace("disc.png", "../disc.png").encode())
    assert site.as_("viewer").get("/uploads/mine.yaml").status == 403
    assert site.as_("viewer").post("/uploads/mine.yaml/save", {"text": ""}).status == 403
    assert site.as_("curator").post("/uploads/..%2Fdisc.yaml/save", {"text": ""}).status == 404

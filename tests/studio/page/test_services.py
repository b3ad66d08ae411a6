"""For those who run the studio: health, metrics, the history of pens, cameras."""

import csv
import io
import re
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from browsing import Site, served

from renderer.studio.page.page_settings import PageSettings, cameras_of
from renderer.studio.queue import leases, requests, workers
from renderer.studio.queue.adding import NewJob
from renderer.studio.queue.records import jobs
from renderer.studio.queue.states import StudioError
from renderer.studio.queue.store import Store

PEN = {"name": "black 0.5", "colour": "#101010", "strokes": 7, "metres": 6.0, "minutes": 20.0, "began": 1000.0,
       "ended": 1660.0, "skipped": False}  # fmt: skip


@pytest.fixture
def site(there: Store, tmp_path: Path) -> Iterator[Site]:
    with served(there, tmp_path) as one:
        yield one


def plotted(store: Store, title: str) -> None:
    """A plot that is done, of two pens, of which one was skipped."""
    (made,) = requests.add(store, [NewJob("plot", title, title, "a.svg", machine="gantry")], "ada")
    with store.begin() as connection:
        connection.execute(jobs.update().where(jobs.c.id == made.id).values(state="queued"))
    claimed = leases.claim(store, "plot", "w", "gantry")
    assert claimed is not None
    pens = [PEN, PEN | {"name": "red 0.5", "began": None, "ended": None, "skipped": True}]
    leases.heartbeat(store, made.id, claimed.token, {"pens": pens, "left_s": 0, "share": 1.0})
    for state in ("awaiting_operator", "plotting", "finishing", "awaiting_operator"):
        leases.advance(store, made.id, claimed.token, "w", state, "goes on")
    leases.end_plot(store, made.id, claimed.token, "w", "done", "done", cleared=True)


def test_health_is_open_to_programs_and_fails_with_the_database(site: Site, there: Store) -> None:
    answer = site.as_(None).get("/healthz")
    assert (answer.status, answer.text) == (200, '{"status":"ok"}')
    assert there.file is not None
    for path in there.file.parent.glob("queue.db*"):
        path.unlink()
    assert site.as_(None).get("/healthz").status == 503


def test_metrics_are_for_sessions_and_for_programs_with_the_token_of_a_link(site: Site, there: Store) -> None:
    plotted(there, "a")
    workers.register(there, 'odd "name"', "plot", "machine gantry")
    assert site.as_(None).get("/metrics").status == 401
    assert site.as_(None).get("/metrics", Authorization="Bearer forged").status == 401
    token = site.page.access.token("viewer")
    answer = site.as_(None).get("/metrics", Authorization=f"Bearer {token}")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert 'render_jobs{kind="plot",state="done"} 1\n' in answer.text
    assert r'render_worker_up{worker="odd \"name\"",kind="plot",place="machine gantry"} 1' in answer.text
    assert re.fullmatch(r"((# (HELP|TYPE) .+|\w+(\{.*\})? [-\d.e+]+)\n)+", answer.text)
    assert site.as_(None).get("/", Authorization=f"Bearer {token}").status == 401, "a token opens no view"


def test_metres_and_minutes_of_each_pen_are_a_table_and_a_file(site: Site, there: Store) -> None:
    plotted(there, '=cmd("x")')
    text = site.as_("viewer").get("/history/plots").text
    assert "<td>black 0.5</td><td>7</td><td>6.0</td><td>11.0</td>" in text
    assert "<td>red 0.5, skipped</td><td>0</td><td>0.0</td><td>0.0</td>" in text
    answer = site.as_("viewer").get("/history/plots.csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="plots.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["pen"], row["metres"], row["minutes"]) for row in rows] == [
        ("black 0.5", "6.0", "11.0"), ("red 0.5", "0.0", "0.0")
    ]  # fmt: skip
    assert rows[0]["title"] == '\'=cmd("x")', "a spreadsheet does not compute it"


@contextmanager
def camera(status: int, media: str, content: bytes) -> Iterator[tuple[str, list[str]]]:
    """A camera on loopback, and what was asked of it."""
    asked: list[str] = []

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.send_header("Content-Type", media)
            self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/secret.jpg", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "media", "expected", "said"),
    [
        (200, "image/jpeg", 200, "picture"),
        (200, "text/html", 502, "the camera sends text/html, 7 bytes; a JPEG, PNG or WebP up to 5 MB is shown\n"),
        (302, "image/jpeg", 502, "the camera does not answer (status 302)\n"),
        (500, "image/jpeg", 502, "the camera does not answer (status 500)\n"),
    ],
)
def test_a_camera_is_fetched_for_the_browser_which_never_learns_its_address(
    there: Store, tmp_path: Path, status: int, media: str, expected: int, said: str
) -> None:
    requests.add(there, [NewJob("plot", "a", "a", "a.svg", machine="gantry")], "ada")
    with ExitStack() as opened:
        address, asked = opened.enter_context(camera(status, media, b"picture"))
        site = opened.enter_context(served(there, tmp_path, settings=PageSettings(cameras_of((f"gantry={address}",)))))
        viewer = site.as_("viewer")
        answers = [viewer.get("/machines/gantry/camera") for _ in range(3)]
        assert {(answer.status, answer.text) for answer in answers} == {(expected, said)}
        assert len(asked) == (1 if expected == 200 else 3), "three browsers ask it as often as one"
        assert "/elsewhere" not in asked
        page = viewer.get("/machines/gantry").text
        assert "secret.jpg" not in page
        assert 'src="/machines/gantry/camera"' in page
        assert viewer.get("/machines/other/camera").status == 404
        assert site.as_(None).get("/machines/gantry/camera").status == 401


@pytest.mark.parametrize(
    "given", ["gantry", "=http://x/y", "gantry=ftp://x/y", "gantry=file:///etc/passwd", "gantry=http://"]
)
def test_a_camera_that_is_not_an_address_is_refused(given: str) -> None:
    with pytest.raises(StudioError, match=r"^--camera .*: write the machine and the address of a picture"):
        cameras_of((given,))

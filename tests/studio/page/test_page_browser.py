"""The page in a browser, headless: a plot of two pens from the first click to the cleared sheet, and keys alone."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from samples import SERVO
from simulated_plot import SimulatedPlot, all_drawn_once, small_card

from hardware.job.prepare import from_drawing
from hardware.machine import load_machine
from hardware.simulator import Bench
from hardware.simulator.pty import served as on_a_port
from hardware.simulator.settings import for_machine
from hardware.simulator.trace import is_down
from renderer.plot_source import lines_of
from renderer.studio.plotting.pen_log import PenLog
from renderer.studio.plotting.stroke_trace import stroke_trace
from renderer.studio.queue import job_pictures, leases, listing, questions, records, requests
from renderer.studio.queue.adding import NewJob
from renderer.studio.queue.store import Store

pytestmark = pytest.mark.browser

PATIENCE_S = 90.0
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
ROOT = Path(__file__).parents[3]
RENDER = [sys.executable, "-c", "from renderer.cli import main; main()"]
HERE = os.environ | {"PYTHONPATH": str(ROOT)}
SPEC = """\
version: 1
title: Two pens
target: {image: two.png}
canvas: {paper: A6, margin_mm: 12, px_per_mm: 1}
pens: [{name: black, colour: "#151515", nib_mm: 3}, {name: red, colour: "#c41e24", nib_mm: 3}]
machine: machines/gantry_grbl_servo.yaml
layers: [{lines: {count: 24}, steps: 12}]
"""
GANTRY = "specs/machines/gantry_grbl_servo.yaml"
VIEWS = ("/", "/machines", "/machines/gantry%20with%20a%20servo", "/gallery", "/history", "/pieces/1", "/pieces/2")

DARK = """() => {
  const canvas = document.querySelector("canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let found = 0;
  for (let at = 0; at < data.length; at += 4) if (data[at + 3] > 250 && data[at + 1] < 120) found++;
  return found;
}"""
PRESS_AS_SOON_AS_SHOWN = """(selector) => {
  const watcher = new MutationObserver(() => {
    const button = document.querySelector(selector);
    if (button) { watcher.disconnect(); button.click(); }
  });
  watcher.observe(document, { subtree: true, childList: true, attributes: true });
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        pytest.skip("there is no Chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield started
        started.close()


class Studio:
    """The programs of a studio, each a process that can be killed, and the folder in which they work."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.db = folder / "queue.db"
        self.running: list[subprocess.Popen[bytes]] = []
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        (folder / "specs" / "machines").mkdir(parents=True)
        shutil.copy(ROOT / "specs/machines/gantry_grbl_servo.yaml", folder / "specs/machines")
        y, x = np.mgrid[0:148, 0:105]
        disc, bar = (x - 52) ** 2 + (y - 55) ** 2 < 700, (y > 105) & (y < 125) & (x > 20) & (x < 85)
        picture = np.where(disc[..., None], (196, 30, 36), np.where(bar[..., None], (21, 21, 21), (250, 250, 250)))
        Image.fromarray(picture.astype(np.uint8)).save(folder / "specs" / "two.png")
        (folder / "specs" / "two.yaml").write_text(SPEC, encoding="utf-8")
        self.store = Store(str(self.db))

    def starts(self, *command: str) -> "subprocess.Popen[bytes]":
        log = (self.folder / f"{command[0]}-{len(self.running)}.log").open("wb")
        process = subprocess.Popen(
            [*RENDER, *command, "--db", str(self.db)], cwd=self.folder, stdout=log, stderr=log, env=HERE
        )
        log.close()
        self.running.append(process)
        return process

    def serves(self) -> "subprocess.Popen[bytes]":
        process = self.starts("serve", "--port", str(self.port))
        until(lambda: answers(self.port))
        return process

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def link(self, role: str) -> str:
        printed = self._run("serve", "--links", "--json", "--port", str(self.port), "--db", str(self.db))
        link: str = json.loads(printed)["links"][role]
        return link

    def _run(self, *command: str) -> bytes:
        return subprocess.run([*RENDER, *command], cwd=self.folder, stdout=subprocess.PIPE, check=True, env=HERE).stdout

    def ends(self) -> None:
        for process in self.running:
            if process.poll() is None:
                process.kill()
            process.wait()
        self.store.close()


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    one = Studio(tmp_path)
    yield one
    one.ends()


def answers(port: int) -> bool:
    with socket.socket() as line:
        return line.connect_ex(("127.0.0.1", port)) == 0


def until(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.02)


@contextmanager
def tab(browser: Any, studio: Studio, role: str, width: int = 1280) -> Iterator[Any]:
    """A page that came by a link; whatever its console complains of fails the test."""
    context = browser.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    page.set_default_timeout(1000 * PATIENCE_S)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.said = said
    page.goto(studio.link(role))
    page.wait_for_url(f"{studio.address}/")
    yield page
    context.close()
    assert said == []


def states(store: Store, number: int) -> list[str]:
    with store.read() as connection:
        events = records.history(connection, number)
    return [event.after for event in events if event.after != event.before]


def test_a_plot_of_two_pens_is_driven_from_the_page_whatever_is_killed(  # noqa: PLR0915  one story
    browser: Any, studio: Studio
) -> None:
    machine = load_machine(studio.folder / GANTRY)
    bench = Bench(for_machine(machine), fast=False, speed=1.0)

    def pen_is_down() -> bool:
        state = bench.controller.machine
        return is_down(machine, state.bed(bench.now())[2], state.pen_value)

    server = studio.serves()
    studio.starts("worker", "--threads", "1")
    with on_a_port(bench) as terminal, tab(browser, studio, "operator") as page:
        plots = (
            "worker",
            "--kind",
            "plot",
            "--machine",
            "specs/machines/gantry_grbl_servo.yaml",
            "--port",
            terminal.name,
        )
        plotter = studio.starts(*plots)
        page.locator("#spec").fill("two.yaml")
        page.get_by_label("plot it too").check()
        page.get_by_role("button", name="Add", exact=True).click()
        page.get_by_role("button", name="Release 2 Two pens").click()  # once it is rendered
        page.goto(f"{studio.address}/machines/gantry%20with%20a%20servo")
        page.get_by_role("button", name="The machine is ready").click()
        page.get_by_role("heading", name="Load paper").wait_for()
        page.get_by_role("button", name="A new sheet is in place").click()
        page.get_by_role("heading", name="Insert pen 1:").wait_for()
        for way in ("right", "left"):
            asked = open_question(studio.store, 2)
            page.get_by_role("button", name=f"0.5 mm to the {way}").click()
            until(lambda before=asked: open_question(studio.store, 2) not in {None, before})  # type: ignore[misc]
        page.locator(f"#answer-done-{open_question(studio.store, 2)}").click()
        page.get_by_role("heading", name="Drawing with").wait_for()

        until(pen_is_down)
        page.get_by_role("button", name="Pause", exact=True).click()
        page.get_by_role("button", name="Resume").first.wait_for()
        page.locator("h1", has_text="aus").wait_for()
        until(lambda: job(studio.store, 2).state == "paused")
        assert not pen_is_down()
        page.locator(".huge").click()
        page.get_by_role("heading", name="Drawing with").wait_for()

        until(pen_is_down)
        server.send_signal(signal.SIGKILL)
        server.wait()
        drawn = len(bench.controller.machine.trace)
        page.locator("#connection.lost").wait_for()
        until(lambda: len(bench.controller.machine.trace) > drawn + 3)  # the plot does not notice
        page.said.clear()  # a browser reports a server that is gone
        studio.serves()
        page.locator("#connection.live").wait_for()
        page.get_by_role("heading", name="Insert pen 2:").wait_for()  # nobody has reloaded the page
        page.said.clear()
        page.get_by_role("button", name="Continue").click()

        page.get_by_role("heading", name="Drawing with").wait_for()
        until(pen_is_down)
        plotter.send_signal(signal.SIGKILL)
        plotter.wait()
        until(lambda: not pen_is_down())  # the guard has lifted it
        studio.starts(*plots)
        page.get_by_role("heading", name="The plot stopped").wait_for()
        assert job(studio.store, 2).state == "needs_attention"
        page.get_by_role("button", name="Resume at the stroke").click()
        page.get_by_role("heading", name="This machine waits for you").wait_for()
        page.get_by_text("check that the machine is ready").first.wait_for()
        page.get_by_role("button", name="The machine is ready").click()
        page.get_by_role("heading", name="Clear the sheet").wait_for()
        page.get_by_role("button", name="The sheet is off the bed").click()
        page.get_by_role("heading", name="Ready").wait_for()
    lines, _ = lines_of(studio.folder / "out" / "two", machine)
    session = SimulatedPlot(machine=machine)
    session.bench, session.job = bench, lines
    assert all_drawn_once(session)
    assert states(studio.store, 2)[-1] == "done"
    assert "needs_attention" in states(studio.store, 2)


def open_question(store: Store, number: int) -> int | None:
    with store.read() as connection:
        asked = records.open_question(connection, number)
    return asked.id if asked else None


def job(store: Store, number: int) -> records.Job:
    with store.read() as connection:
        return records.find(connection, number)


def asks(store: Store, title: str) -> int:
    """A plot that asks for paper, as its worker would."""
    (made,) = requests.add(store, [NewJob("plot", title, title, "a.svg", machine="gantry with a servo")], "ada")
    with store.begin() as connection:
        connection.execute(records.jobs.update().where(records.jobs.c.id == made.id).values(state="queued"))
    requests.move(store, made.id, "first", None, "ada")
    claimed = leases.claim(store, "plot", "w", "gantry with a servo", lease_s=600)
    assert claimed is not None
    choices = (("done", "a new sheet is in place"), ("abort", "do not plot it"))
    question = questions.NewQuestion("load", "load paper", "Put a new sheet in place.", choices, "done")
    leases.advance(store, claimed.id, claimed.token, "w", "awaiting_operator", "asks", asks=question)
    return made.id


def test_keys_alone_add_reorder_and_answer(browser: Any, studio: Studio) -> None:
    studio.serves()
    for name in ("a", "b", "c"):
        requests.add(studio.store, [NewJob("render", name, name, f"{name}.yaml")], "ada")
    with tab(browser, studio, "operator") as page:

        def tabs_to(selector: str) -> None:
            for _ in range(150):
                if page.evaluate("s => document.activeElement.matches(s)", selector):
                    return
                page.keyboard.press("Tab")
            raise AssertionError(f"the Tab key never comes to {selector}")

        tabs_to("#spec")
        page.keyboard.type("two.yaml")
        page.keyboard.press("Enter")
        until(lambda: [each.name for each in listing.listed(studio.store)] == ["a", "b", "c", "two"])
        page.locator("#grip-4").wait_for()
        tabs_to("#grip-4")
        for expected in (["a", "b", "two", "c"], ["a", "two", "b", "c"]):
            page.keyboard.press("ArrowUp")
            until(lambda wanted=expected: [each.name for each in listing.listed(studio.store)] == wanted)  # type: ignore[misc]
            page.wait_for_timeout(700)  # the page has been fetched again, and the focus is still there
            assert page.evaluate("document.activeElement.id") == "grip-4"
        page.keyboard.press("Home")
        until(lambda: [each.name for each in listing.listed(studio.store)] == ["two", "a", "b", "c"])
        page.keyboard.press("End")
        until(lambda: [each.name for each in listing.listed(studio.store)] == ["a", "b", "c", "two"])

        number = asks(studio.store, "sheet")
        page.locator(f"#asks-{number}").wait_for()
        page.evaluate("document.activeElement.blur()")
        tabs_to(".asks")
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Load paper").wait_for()
        tabs_to("button.huge")
        page.keyboard.press("Enter")
        until(lambda: "load paper: a new sheet is in place" in history(studio.store, number))


def history(store: Store, number: int) -> list[str]:
    with store.read() as connection:
        return [event.why for event in records.history(connection, number)]


def test_a_row_is_dragged_to_its_place(browser: Any, studio: Studio) -> None:
    studio.serves()
    for name in ("a", "b", "c"):
        requests.add(studio.store, [NewJob("render", name, name, f"{name}.yaml")], "ada")
    with tab(browser, studio, "curator") as page:
        page.locator("#grip-3").hover()
        page.mouse.down()
        page.locator("#job-1").hover(position={"x": 100, "y": 30})
        page.locator("#job-1").hover(position={"x": 100, "y": 6})
        page.locator(
            "#waiting > :first-child#job-3"
        ).wait_for()  # the list looks where the pointer is 20 times a second
        page.mouse.up()
        until(lambda: [each.name for each in listing.listed(studio.store)] == ["c", "a", "b"])


def test_what_others_do_is_shown_while_somebody_writes(browser: Any, studio: Studio) -> None:
    """The page is fetched again around the field that a person is editing."""
    studio.serves()
    with tab(browser, studio, "curator") as page:
        page.locator("#spec").fill("two")
        requests.add(studio.store, [NewJob("render", "a", "a", "a.yaml")], "ada")
        page.locator("#job-1").wait_for()
        assert page.locator("#spec").input_value() == "two"
        assert page.evaluate("document.activeElement.id") == "spec"


def test_a_form_half_filled_in_stays_so_and_a_press_in_a_hurry_counts_once(browser: Any, studio: Studio) -> None:
    studio.serves()
    with tab(browser, studio, "curator") as page:
        page.locator("#spec").fill("two.yaml")
        page.get_by_label("small and quick").check()
        page.locator("#adding summary").click()
        page.locator("#adding [name=title]").fill("Mine")
        page.locator("#adding [name=changes]").fill("seed=3")
        page.locator("#uploading input").set_input_files(str(studio.folder / "specs" / "two.png"))
        page.get_by_text("two.png: saved as uploads/two.png").wait_for()
        requests.add(studio.store, [NewJob("render", "a", "a", "a.yaml")], "ada")
        page.locator("#job-1").wait_for()
        assert page.locator("#adding details").evaluate("each => each.open")
        assert page.get_by_label("small and quick").is_checked()
        assert page.locator("#adding [name=changes]").input_value() == "seed=3"
        page.get_by_role("button", name="Add", exact=True).dblclick()
        page.locator("#job-2").wait_for()
        page.locator("#copy-1").dblclick()
        page.locator("#job-3").wait_for()
        page.wait_for_timeout(500)
        assert [each.title for each in listing.listed(studio.store)] == ["a", "Mine", "a"]
        assert page.locator("#adding [name=title]").input_value() == ""


def test_a_press_that_is_under_way_while_the_page_changes_is_not_lost(browser: Any, studio: Studio) -> None:
    studio.serves()
    for name in ("a", "b", "c"):
        requests.add(studio.store, [NewJob("render", name, name, f"{name}.yaml")], "ada")
    with tab(browser, studio, "curator") as page:
        page.locator("#connection.live").wait_for()
        page.locator("#pause-2").hover()
        page.mouse.down()
        requests.move(studio.store, 3, "first", None, "ada")  # the button would move away from the pointer
        page.wait_for_timeout(1500)
        page.mouse.up()
        until(lambda: job(studio.store, 2).wanted == "pause")
        page.locator("#waiting > :first-child#job-3").wait_for()  # and then the page shows the change


def test_the_button_of_the_next_question_works_at_once(browser: Any, studio: Studio) -> None:
    studio.serves()
    number = asks(studio.store, "sheet")
    with tab(browser, studio, "operator") as page:
        page.goto(f"{studio.address}/machines/gantry%20with%20a%20servo")
        first = open_question(studio.store, number)
        page.evaluate(PRESS_AS_SOON_AS_SHOWN, f"#answer-done-{(first or 0) + 1}")
        page.locator(f"#answer-done-{first}").click()
        pen = questions.NewQuestion("pen", "pen 1", "Put it in.", (("done", "the pen is in"),), "done")
        held = job(studio.store, number)
        second = leases.advance(studio.store, number, held.token, "w", "awaiting_operator", "asks", asks=pen)
        until(lambda: questions.answer_to(studio.store, second) is not None)


def test_the_drawing_grows_without_fetching_the_page_and_is_right_after_a_reload(browser: Any, studio: Studio) -> None:
    drawing = from_drawing(small_card(), SERVO, "card")
    server, number = studio.serves(), asks(studio.store, "sheet")
    held, trace = job(studio.store, number), stroke_trace(drawing, job_pictures.MOST_BYTES)
    assert trace is not None
    job_pictures.put(studio.store, number, held.token, job_pictures.STROKES, job_pictures.GZIP, trace)
    pens = PenLog(drawing, [], time.time)
    pens.begin(1)

    def drawn(stroke: int) -> None:
        known = {"text": f"stroke {stroke} of 6", "share": stroke / 6, "stroke": stroke, "strokes": 6, "drawn_m": 0.1,
                 "left_s": 60, "pen": "black", "number": 1, "x_mm": 20.0, "y_mm": 20.0, "pens": pens.rows}  # fmt: skip
        leases.heartbeat(studio.store, number, held.token, known, lease_s=600)

    def dark(page: Any) -> int:
        """How much of the canvas a pen has drawn on; what is to come is pale."""
        return int(page.evaluate(DARK))

    drawn(1)
    with tab(browser, studio, "operator") as page:
        page.goto(f"{studio.address}/machines/gantry%20with%20a%20servo")
        page.locator("canvas[data-drawn='1']").wait_for()
        fetched, first = [], dark(page)
        page.on("request", lambda request: fetched.append(request.url))
        for stroke in (2, 3):
            drawn(stroke)
            page.locator(f"canvas[data-drawn='{stroke}']").wait_for()
        assert fetched == []
        third = dark(page)
        assert third > first > 0
        page.reload()
        page.locator("canvas[data-drawn='3']").wait_for()
        assert dark(page) == third
        page.said.clear()
        server.kill()
        server.wait()
        drawn(5)
        studio.serves()
        page.locator("canvas[data-drawn='5']").wait_for()
        assert dark(page) > third
        page.said.clear()  # a browser reports a server that is gone


def test_a_new_question_calls_once_with_the_title_and_for_those_who_want_with_a_sound(
    browser: Any, studio: Studio
) -> None:
    studio.serves()
    with tab(browser, studio, "operator") as page:
        page.locator(".who summary").click()
        page.evaluate("""() => {
          window.calls = [];
          window.sounds = 0;
          document.addEventListener("studio:called", (event) => calls.push(event.detail));
          window.AudioContext = class { constructor() { window.sounds++; throw new Error("counted"); } };
          window.addEventListener("error", (event) => event.preventDefault());
        }""")
        number = asks(studio.store, "sheet")
        until(lambda: page.evaluate("window.calls.length") == 1)
        assert page.evaluate("window.calls") == [[[number, "load paper"]]]
        assert page.evaluate("window.sounds") == 0, "nobody has asked for a sound"
        assert page.title().startswith("(1) ")
        page.evaluate("localStorage.setItem('studio-calls', 'sound')")
        held = job(studio.store, number)
        pen = questions.NewQuestion("pen", "pen 1", "Put it in.", (("done", "the pen is in"),), "done")
        leases.advance(studio.store, number, held.token, "w", "awaiting_operator", "asks", asks=pen)
        until(lambda: page.evaluate("window.calls.length") == 2)
        assert page.evaluate("window.sounds") == 1
        page.said.clear()


def test_a_page_that_could_not_be_fetched_says_so_and_catches_up(browser: Any, studio: Studio) -> None:
    studio.serves()
    for name in ("a", "b"):
        requests.add(studio.store, [NewJob("render", name, name, f"{name}.yaml")], "ada")
    with tab(browser, studio, "curator") as page:
        page.locator("#connection.live").wait_for()
        page.route("**/", lambda route: route.abort())
        requests.add(studio.store, [NewJob("render", "c", "c", "c.yaml")], "ada")
        page.locator("#connection", has_text="not up to date; trying again").wait_for()
        page.unroute("**/")
        page.locator("#job-3").wait_for()  # with the next beat
        page.locator("#connection.live").wait_for()

        page.goto(f"{studio.address}/pieces/1")
        page.locator("#connection.live").wait_for()
        requests.cancel(studio.store, 1, "ada")
        requests.remove(studio.store, 1, "ada")
        page.locator("#connection", has_text="this job was removed from the list").wait_for()
        assert page.locator("h1").inner_text() == "a"  # what was shown stays

        page.goto(studio.address)
        page.locator("#connection.live").wait_for()
        page.context.clear_cookies()
        requests.add(studio.store, [NewJob("render", "d", "d", "d.yaml")], "ada")
        page.locator("#connection", has_text="this session has ended; open the link again").wait_for()
        page.said.clear()  # a browser reports each answer that failed


def test_without_script_forms_go_and_come_back(browser: Any, studio: Studio) -> None:
    studio.serves()
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(studio.link("curator"))
    page.wait_for_url(f"{studio.address}/")
    page.locator("#spec").fill("two.yaml")
    page.get_by_role("button", name="Add", exact=True).click()
    assert [each.name for each in listing.listed(studio.store)] == ["two"]
    page.locator("#spec").fill("none.yaml")
    page.get_by_role("button", name="Add", exact=True).click()
    assert page.locator("main p").first.inner_text() == "there is no file 'none.yaml' in the folder"
    page.get_by_role("link", name="Back").click()
    page.locator(".who summary").click()
    page.get_by_role("button", name="Close this session").click()
    page.goto(studio.address)
    assert page.locator("h1").inner_text() == "This page is closed"
    context.close()


@pytest.mark.parametrize("width", [1280, 820, 400])
def test_every_view_fits_and_says_nothing_wrong(browser: Any, studio: Studio, width: int) -> None:
    studio.serves()
    requests.add(
        studio.store, [NewJob("render", "a", "A" * 60 + " with a long title", "a.yaml", note="word " * 40)], "ada"
    )
    asks(studio.store, "sheet")
    with tab(browser, studio, "operator", width) as page:
        for path in VIEWS:
            page.goto(studio.address + path)
            page.locator("#connection.live").wait_for()
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
            assert page.evaluate("[...document.images].every(image => image.hasAttribute('alt'))")
            assert page.locator("h1").count() == 1

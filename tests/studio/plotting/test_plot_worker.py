"""The worker that plots: paper, pens, pauses, the cleared sheet; what stops a plot, and how it goes on."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from beside import PATIENCE_S, Beside, added, job, pen_is_down, states
from samples import SERVO
from simulated_plot import SimulatedPlot, all_drawn_once, small_card
from sqlalchemy.exc import IntegrityError, OperationalError

from hardware.simulator import Bench, InjectedFault
from hardware.simulator.pty import served
from hardware.simulator.settings import for_machine
from renderer.studio.queue import job_pictures, leases, pausing, questions, records, requests
from renderer.studio.queue.records import Job
from renderer.studio.queue.states import Refused, StudioError
from renderer.studio.queue.store import Store

pytestmark = pytest.mark.usefixtures("here")


def test_a_plot_of_two_pens_from_the_queue_to_the_cleared_sheet(there: Store, tmp_path: Path) -> None:
    session = SimulatedPlot(drawing=small_card())
    a, b = added(there, "a", "b")
    with Beside(there, session, tmp_path) as beside:
        time.sleep(0.1)
        assert job(there, a).state == "queued", "after a start the queue is paused"
        beside.lets_go()
        load = beside.answers(a, "load")
        assert load.said == f"Put a new sheet in place for {a} a."
        pen = beside.asked(a, "pen")
        assert pen.title == "pen 1 of 2: black 0.5"
        assert pen.about["pen"]["name"].startswith("black")
        beside.answers(a, "pen", "nudge", x=0.0)
        assert beside.answers(a, "pen").id > pen.id
        assert beside.answers(a, "pen").title.startswith("pen 2 of 2")
        beside.asked(a, "clear")
        time.sleep(0.1)
        assert job(there, b).state == "queued", "the next waits until the sheet is cleared"
        beside.answers(a, "clear")
        beside.reaches(a, "done")
        assert beside.asked(b, "load").said == f"Put a new sheet in place for {b} b."
        assert all_drawn_once(session)
        requests.cancel(there, b, "ada")
        beside.reaches(b, "cancelled")
    assert states(there, a) == [
        "draft", "queued", "claimed", "awaiting_operator", "plotting", "awaiting_operator", "plotting",
        "awaiting_operator", "plotting", "awaiting_operator", "plotting", "finishing", "awaiting_operator", "done",
    ]  # fmt: skip
    assert job(there, a).progress["stroke"] == session.job.strokes


def test_the_page_gets_the_strokes_and_the_times_of_the_pens(there: Store, tmp_path: Path) -> None:
    (a,) = added(there, "a")
    with there.begin() as connection:
        job_pictures.put_row(connection, a, 0.0, "preview", "image/webp", b"all")
    with Beside(there, SimulatedPlot(drawing=small_card()), tmp_path) as beside:
        beside.lets_go()
        beside.answers(a, "load")
        beside.answers(a, "pen")
        assert job_pictures.get(there, a, job_pictures.STROKES) is not None
        beside.answers(a, "pen", "skip")
        beside.asked(a, "clear")
        beside.until(lambda: job(there, a).progress["pens"][0]["ended"] is not None)
        first, second = job(there, a).progress["pens"]
        assert first["began"] <= first["ended"]
        assert (first["skipped"], second["skipped"], second["began"]) == (False, True, None)
        beside.answers(a, "clear")
        beside.reaches(a, "done")
    assert job_pictures.get(there, a, job_pictures.STROKES) is None, "the preview shows them all"


def test_an_answer_counts_once_and_only_while_it_is_asked(there: Store, tmp_path: Path) -> None:
    (a,) = added(there, "a")
    with Beside(there, SimulatedPlot(drawing=small_card()), tmp_path) as beside:
        beside.lets_go()
        load = beside.answers(a, "load")
        with pytest.raises(
            Refused, match=rf"^question {load.id} is already answered by ada \(done\); render queue show {a}"
        ):
            questions.answer(there, load.id, "done", "bob")
        pen = beside.asked(a, "pen")
        with pytest.raises(StudioError, match=r"^'later' is not an answer to question 2; choose from done, nudge, "):
            questions.answer(there, pen.id, "later", "bob")
        requests.cancel(there, a, "ada")
        beside.answers(a, "clear")
        beside.reaches(a, "cancelled")
        with pytest.raises(Refused, match=rf"^question {pen.id} is closed; "):
            questions.answer(there, pen.id, "done", "bob")


def test_a_plot_that_was_stopped_needs_a_person_and_goes_on(there: Store, tmp_path: Path) -> None:
    session = SimulatedPlot(drawing=small_card())
    a, b = added(there, "a", "b")
    with Beside(there, session, tmp_path) as beside:
        beside.lets_go()
        beside.answers(a, "load")
        beside.answers(a, "pen")
        beside.answers(a, "pen", "abort")  # at the second pen
        question = beside.asked(a, "attention")
        assert job(there, a).state == "needs_attention"
        assert job(there, a).error == "stopped after 3 of 6 strokes"
        assert [key for key, _ in question.choices] == ["stroke", "pass", "restart", "accept", "abandon"]
        time.sleep(0.1)
        assert job(there, b).state == "queued", "its sheet lies on the bed"
        pausing.pause_queue(there, "gantry", "ada")
        beside.answers(a, "attention", "stroke")
        requests.move(there, b, "first", None, "ada")
        beside.lets_go()
        beside.answers(a, "pen")
        beside.answers(a, "clear")
        beside.reaches(a, "done")
    assert all_drawn_once(session)


@pytest.mark.parametrize(("choice", "state"), [("accept", "done"), ("abandon", "cancelled")])
def test_a_sheet_that_is_given_up_is_asked_for_before_the_next(
    there: Store, tmp_path: Path, choice: str, state: str
) -> None:
    a, b, c = added(there, "a", "b", "c")
    with Beside(there, SimulatedPlot(drawing=small_card()), tmp_path) as beside:
        beside.lets_go()
        beside.answers(a, "load")
        beside.answers(a, "pen", "abort")
        beside.answers(a, "attention", choice)
        assert job(there, a).state == state
        said = beside.answers(b, "load", "abort").said
        assert said == f"Take the sheet of job {a} off the bed. Put a new sheet in place for {b} b."
        said = beside.asked(c, "load").said
        assert said.startswith(f"Take the sheet of job {a} off the bed."), "that b is not plotted clears no bed"


def test_a_restart_is_on_a_new_sheet_and_comes_before_the_others(there: Store, tmp_path: Path) -> None:
    session = SimulatedPlot(drawing=small_card())
    a, _ = added(there, "a", "b")
    with Beside(there, session, tmp_path) as beside:
        beside.lets_go()
        beside.answers(a, "load")
        beside.answers(a, "pen", "abort")
        beside.answers(a, "attention", "restart")
        assert beside.answers(a, "load").said.startswith(f"Take the sheet of job {a} off the bed. Put a new sheet")
        beside.answers(a, "pen")
        beside.answers(a, "pen")
        beside.answers(a, "clear")
        beside.reaches(a, "done")
    assert all_drawn_once(session)


def test_a_fault_of_the_machine_is_asked_about_and_kept(there: Store, tmp_path: Path) -> None:
    session = SimulatedPlot(drawing=small_card(), faults=(InjectedFault(30, "error", 20),))
    (a,) = added(there, "a")
    with Beside(there, session, tmp_path) as beside:
        beside.lets_go()
        beside.answers(a, "load")
        beside.answers(a, "pen")
        fault = beside.asked(a, "fault")
        beside.answers(a, "fault", "abort")
        beside.asked(a, "attention")
    assert "abort" in dict(fault.choices)
    assert job(there, a).error.startswith("stopped after ")


def test_a_plot_goes_on_while_the_database_is_away(
    there: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = SimulatedPlot(drawing=small_card())
    (a,) = added(there, "a")
    away, advance, heartbeat = threading.Event(), leases.advance, leases.heartbeat
    refused: list[str] = []

    def broken(what: str, real: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **options: object) -> object:
            if away.is_set():
                refused.append(what)
                raise OperationalError(what, {}, Exception("server closed the connection"))
            return real(*arguments, **options)

        return call

    monkeypatch.setattr(leases, "advance", broken("advance", advance))
    monkeypatch.setattr(leases, "heartbeat", broken("heartbeat", heartbeat))
    with Beside(there, session, tmp_path) as beside:
        beside.lets_go()
        beside.answers(a, "load")
        beside.answers(a, "pen")
        away.set()
        beside.until(lambda: {"advance", "heartbeat"} <= set(refused) and len(session.drawn()) >= 3)
        away.clear()
        assert beside.answers(a, "pen").title.startswith("pen 2 of 2")
        beside.answers(a, "clear")
        beside.reaches(a, "done")
    assert all_drawn_once(session)
    assert "the queue does not answer (OperationalError); the plot goes on" in beside.said


def test_a_worker_that_was_given_up_stops_and_the_plot_goes_on_from_there(there: Store, tmp_path: Path) -> None:
    session = SimulatedPlot(drawing=small_card())
    (a,) = added(there, "a")
    with Beside(there, session, tmp_path) as beside:
        beside.lets_go()
        beside.answers(a, "load")
        beside.answers(a, "pen")
        second = beside.asked(a, "pen")
        with there.begin() as connection:
            leases.take_back(connection, time.time() + 1000)
        with pytest.raises(Refused, match=rf"^question {second.id} is closed"):
            questions.answer(there, second.id, "done", "ada")
        beside.until(lambda: any("is no longer leased to this worker" in text for text in beside.said))
        beside.answers(a, "attention", "stroke")
        beside.answers(a, "pen")
        beside.answers(a, "clear")
        beside.reaches(a, "done")
    assert all_drawn_once(session)


def test_what_the_machine_cannot_draw_fails_before_anything_moves(there: Store, tmp_path: Path) -> None:
    session = SimulatedPlot(drawing=small_card())
    (a,) = added(there, "a")

    def wrong(_: Job) -> object:
        raise ValueError("the sheet is larger than the bed")

    with Beside(there, session, tmp_path) as beside:
        object.__setattr__(beside.worker.state.machine, "lines", wrong)
        beside.lets_go()
        beside.reaches(a, "failed")
    assert job(there, a).error == "the sheet is larger than the bed"
    assert session.bench.controller.machine.trace == []


def test_a_machine_has_one_plot_whatever_the_programs_believe(store: Store) -> None:
    a, b = added(store, "a", "b")
    claimed = leases.claim(store, "plot", "w", "gantry")
    assert claimed is not None
    assert claimed.id == a
    assert leases.claim(store, "plot", "x", "gantry") is None
    with pytest.raises(IntegrityError), store.begin() as connection:
        connection.execute(records.jobs.update().where(records.jobs.c.id == b).values(state="claimed"))


# --- on a pseudo-terminal, in real time ---


def plotting(store_url: str, port: str, log: Path, files: Path) -> "subprocess.Popen[bytes]":
    """A worker in a process of its own, that can be killed."""
    command = [sys.executable, str(Path(__file__).with_name("plotting_worker.py")), store_url, port, str(files)]
    with log.open("wb") as out:
        return subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals")
def test_pause_and_resume_then_the_worker_is_killed_and_each_stroke_is_drawn_once(  # noqa: PLR0915  one story
    url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    there = Store(url)
    request.addfinalizer(there.close)
    session = SimulatedPlot(drawing=small_card())
    session.bench = bench = Bench(for_machine(SERVO), fast=False, speed=1.0)
    (a,) = added(there, str(tmp_path / "card"))
    beside = Beside(there, session, tmp_path)  # the person alone: the worker is another process
    with served(bench) as terminal:
        first = plotting(url, terminal.name, tmp_path / "first.log", tmp_path)
        try:
            beside.until(lambda: bool(pausing.paused_queues(there)))
            beside.lets_go()
            beside.answers(a, "load")
            beside.answers(a, "pen")
            beside.reaches(a, "plotting")  # the worker may be slower to say so than the pen
            beside.until(lambda: pen_is_down(bench))
            requests.pause(there, a, "ada")
            beside.reaches(a, "paused")
            assert not pen_is_down(bench)
            requests.resume(there, a, "ada")
            beside.reaches(a, "plotting")
            beside.until(lambda: job(there, a).progress["stroke"] >= 1)
            beside.until(lambda: pen_is_down(bench))
        finally:
            first.kill()
            first.wait()
        beside.until(lambda: not pen_is_down(bench))  # the guard has lifted it
        second = plotting(url, terminal.name, tmp_path / "second.log", tmp_path)
        try:
            beside.asked(a, "attention")
            drawn, pens = job(there, a).progress["stroke"], job(there, a).progress["pens"]
            assert drawn >= 1
            assert job_pictures.get(there, a, job_pictures.STROKES) is not None, "the page shows what is drawn"
            assert beside.answers(a, "attention", "stroke").said.startswith("worker plotter has stopped reporting.")
            beside.lets_go()
            beside.asked(a, "pen")
            assert job(there, a).progress["stroke"] >= drawn
            assert job(there, a).progress["pens"][0]["began"] == pens[0]["began"]
            beside.answers(a, "pen")
            beside.answers(a, "clear")
            beside.reaches(a, "done")
        finally:
            second.terminate()
            second.terminate()
            second.wait(PATIENCE_S)
    assert all_drawn_once(session)


def test_the_time_left_counts_the_pen_changes_to_come(there: Store, tmp_path: Path) -> None:
    session = SimulatedPlot(drawing=small_card())
    session.job = replace(session.job, setup=replace(session.job.setup, pen_change_s=600.0))
    (a,) = added(there, "a")
    with Beside(there, session, tmp_path) as beside:
        beside.lets_go()
        beside.answers(a, "load")
        beside.until(
            lambda: (job(there, a).progress or {}).get("left_s", 0) >= 2 * 600,
        )
        beside.answers(a, "pen")
        beside.asked(a, "pen")
        beside.until(lambda: 600 <= job(there, a).progress["left_s"] < 2 * 600)
        beside.answers(a, "pen")
        beside.answers(a, "clear")
        beside.reaches(a, "done")
    assert job(there, a).progress["left_s"] < 600

"""A plot is steered through the queue: emergency stops, pauses."""

import threading
from pathlib import Path

import pytest
from beside import Beside, added, job, pen_is_down
from samples import SERVO
from simulated_plot import SimulatedPlot, all_drawn_once, small_card

from hardware.simulator import Bench
from hardware.simulator.settings import for_machine
from renderer.studio.plotting.worker_state import PlotTimes
from renderer.studio.queue import leases, listing, questions, requests
from renderer.studio.queue.adding import NewJob
from renderer.studio.queue.states import Refused
from renderer.studio.queue.store import Store

pytestmark = pytest.mark.usefixtures("here")


# --- an emergency stop ---


def test_an_emergency_stop_stops_the_machine_and_the_plot_needs_a_person(there: Store, tmp_path: Path) -> None:
    session = SimulatedPlot(drawing=small_card())
    session.bench = bench = Bench(for_machine(SERVO), fast=False, speed=1.0)
    (a,) = added(there, "a")
    with Beside(there, session, tmp_path) as beside:
        beside.worker.state.times = PlotTimes(9000, 3000, 0.02)  # no beat is waited for
        object.__setattr__(beside.worker.state.machine, "open_port", session.open)
        beside.lets_go()
        beside.answers(a, "load")
        beside.answers(a, "pen")
        beside.until(lambda: pen_is_down(bench))
        requests.pause(there, a, "ada")
        stopped = requests.emergency(there, a, "bob")
        assert (stopped.state, stopped.wanted) == ("plotting", "emergency")
        question = beside.asked(a, "attention")
    assert question.said.startswith("emergency stop: the position may be lost. Look at the sheet and the pen")
    assert question.said.endswith("Home the machine before you resume")
    assert question.fallback == "", "to resume is not suggested"
    assert job(there, a).error == "emergency stop: the position may be lost"
    assert job(there, a).wanted == ""
    written = [content for what, content in session.log if what == "write"]
    assert b"\x18" in written
    assert not pen_is_down(bench)
    assert len(session.drawn()) < 6


def test_an_emergency_stop_while_a_pen_is_asked_for(there: Store, tmp_path: Path) -> None:
    (a,) = added(there, "a")
    with Beside(there, SimulatedPlot(drawing=small_card()), tmp_path) as beside:
        beside.lets_go()
        beside.answers(a, "load")
        pen = beside.asked(a, "pen")
        requests.emergency(there, a, "ada")
        beside.asked(a, "attention")
        with pytest.raises(Refused, match=rf"^question {pen.id} is closed"):
            questions.answer(there, pen.id, "done", "ada")
    assert job(there, a).error == "emergency stop: the position may be lost"


def test_an_emergency_stop_before_anything_moves(there: Store, tmp_path: Path) -> None:
    session = SimulatedPlot(drawing=small_card())
    (a,) = added(there, "a")
    with Beside(there, session, tmp_path) as beside:
        beside.lets_go()
        beside.asked(a, "load")
        requests.emergency(there, a, "ada")
        beside.asked(a, "attention")
    assert job(there, a).error == "emergency stop: nothing was moving, but check where the pen is"
    assert session.bench.controller.machine.trace == []


def test_an_emergency_stop_goes_before_all_else_and_only_for_a_plot_at_work(store: Store) -> None:
    (a,) = added(store, "a")
    with pytest.raises(Refused, match=r"^job 1 is a plot and queued; only a plot at work can be stopped this way$"):
        requests.emergency(store, a, "ada")
    claimed = leases.claim(store, "plot", "w", "gantry")
    assert claimed is not None
    leases.advance(store, a, claimed.token, "w", "plotting", "the plot begins")
    requests.cancel(store, a, "ada")
    requests.emergency(store, a, "ada")
    for late in (requests.cancel, requests.pause, requests.resume, requests.emergency):
        with pytest.raises(Refused, match=r"^job 1 is (a plot and )?plotting and asked for an emergency stop"):
            late(store, a, "ada")
    leases.advance(store, a, claimed.token, "w", "plotting", "goes on", unpaused=True)
    assert job(store, a).wanted == "emergency", "an answer takes back a pause, and nothing else"
    assert listing.requested(store, a, claimed.token) == ("emergency", "plotting")
    assert listing.requested(store, a, claimed.token + 1) is None
    (b,) = (each.id for each in requests.add(store, [NewJob("render", "b", "b", "b.yaml")], "ada"))
    leases.claim(store, "render", "w")
    with pytest.raises(Refused, match=r"^job 2 is a render and running; only a plot"):
        requests.emergency(store, b, "ada")


def test_an_answer_and_a_word_of_the_worker_at_the_same_moment_do_not_lock_each_other_out(url: str) -> None:
    store = Store(url)
    (a,) = added(store, "a")
    claimed = leases.claim(store, "plot", "w", "gantry")
    assert claimed is not None
    asks = questions.NewQuestion("pen", "pen 1 of 2", "put it in", (("done", "it is in"),), "done")
    both, faults = threading.Barrier(2), list[Exception]()

    def answers(number: int) -> None:
        both.wait()
        try:
            questions.answer(store, number, "done", "ada")
        except Refused:
            pass  # the worker was first
        except Exception as fault:
            faults.append(fault)

    for _ in range(40):
        number = leases.advance(store, a, claimed.token, "w", "awaiting_operator", "a pen", asks=asks)
        thread = threading.Thread(target=answers, args=(number,))
        thread.start()
        both.wait()
        leases.advance(store, a, claimed.token, "w", "plotting", "goes on")
        thread.join()
    assert faults == []
    store.close()


# --- pauses ---


def test_a_pause_and_a_resume_by_the_queue(there: Store, tmp_path: Path) -> None:
    session = SimulatedPlot(drawing=small_card())
    session.bench = bench = Bench(for_machine(SERVO), fast=False, speed=4.0)
    (a,) = added(there, "a")
    with Beside(there, session, tmp_path) as beside:
        beside.lets_go()
        beside.answers(a, "load")
        beside.answers(a, "pen")
        beside.until(lambda: pen_is_down(bench))
        requests.pause(there, a, "ada")
        question = beside.asked(a, "pause")
        far = job(there, a).progress
        assert {"x_mm", "y_mm", "machine"} <= far.keys()
        requests.resume(there, a, "ada")
        with pytest.raises(Refused, match=rf"^question {question.id} is already answered by ada"):
            questions.answer(there, question.id, question.fallback, "bob")
        beside.answers(a, "pen")
        beside.answers(a, "clear")
        beside.reaches(a, "done")
    assert all_drawn_once(session)


def test_a_pause_that_the_file_asks_for_is_resumed_by_its_default_answer(store: Store) -> None:
    (a,) = added(store, "a")
    claimed = leases.claim(store, "plot", "w", "gantry")
    assert claimed is not None
    asks = questions.NewQuestion(
        "pause", "turn it", "the G-code asks", (("go-on", "go on"), ("abort", "stop")), "go-on"
    )
    leases.advance(store, a, claimed.token, "w", "plotting", "the plot begins")
    number = leases.advance(store, a, claimed.token, "w", "paused", "turn it", asks=asks)
    requests.resume(store, a, "ada")
    assert questions.answer_to(store, number) == ("go-on", {})
    pen = questions.NewQuestion("pen", "pen 2 of 2", "put it in", (("done", "it is in"),), "done")
    leases.advance(store, a, claimed.token, "w", "plotting", "goes on")
    number = leases.advance(store, a, claimed.token, "w", "awaiting_operator", "pen 2 of 2", asks=pen)
    with pytest.raises(Refused, match=r"^job 1 is awaiting operator; there is nothing to resume"):
        requests.resume(store, a, "ada")
    assert questions.answer_to(store, number) is None

"""The worker that plots: paper, pens, pauses, the cleared sheet; what stops a plot, and how it goes on."""

import hashlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from plotting import Session, is_whole, small_card
from samples import SERVO
from sqlalchemy.exc import IntegrityError, OperationalError

from hardware.simulator import Bench
from hardware.simulator import Fault as Planned
from hardware.simulator.pty import served
from hardware.simulator.settings import for_machine
from hardware.simulator.trace import is_down
from renderer.studio import leases, questions, queue, records, release
from renderer.studio.adding import New
from renderer.studio.plotting import Machine, PlotWorker, Times
from renderer.studio.records import Job, Question
from renderer.studio.states import Refused, StudioError
from renderer.studio.store import Store

QUICK = Times(lease_s=30, beat_s=0.05, poll_s=0.02)
PATIENCE_S = 60.0


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Store]:
    store = Store(str(tmp_path / "queue.db"))
    yield store
    store.close()


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # where the files lie that are to be plotted


def added(store: Store, *titles: str) -> list[int]:
    for title in titles:
        Path(f"{title}.svg").write_text("<svg/>")  # the machine is given its lines elsewhere
    jobs = queue.add(store, [New("plot", title, title, f"{title}.svg", machine="gantry") for title in titles], "ada")
    for job in jobs:
        queue.resume(store, job.id, "ada")
    return [job.id for job in jobs]


def job(store: Store, number: int) -> Job:
    with store.read() as connection:
        return records.find(connection, number)


def states(store: Store, number: int) -> list[str]:
    with store.read() as connection:
        events = records.history(connection, number)
    return [event.after for event in events if event.after != event.before]


class Beside:
    """A worker in a thread, and the person beside the machine."""

    def __init__(self, store: Store, session: Session, folder: Path) -> None:
        self.store = store
        uses = Machine("gantry", "sim", session.bench.open, lambda _: session.job, folder / "journals")
        self.told: list[str] = []
        self.worker = PlotWorker(store, "w", uses, QUICK, self.told.append)
        self.thread = threading.Thread(target=self.worker.run, daemon=True)

    def __enter__(self) -> "Beside":
        self.thread.start()
        self.until(lambda: bool(queue.paused_queues(self.store)))
        return self

    def __exit__(self, *_: object) -> None:
        self.worker.leave()
        self.worker.leave()
        self.thread.join(PATIENCE_S)
        assert not self.thread.is_alive()

    def lets_go(self) -> None:
        queue.resume_queue(self.store, "gantry")

    def until(self, holds: Callable[[], bool]) -> None:
        ends = time.monotonic() + PATIENCE_S
        while not holds():
            assert time.monotonic() < ends, self.told
            time.sleep(0.01)

    def asked(self, number: int, kind: str) -> Question:
        found: list[Question] = []

        def is_asked() -> bool:
            with self.store.read() as connection:
                question = records.open_question(connection, number)
            found.extend([question] if question is not None and question.kind == kind else [])
            return bool(found)

        self.until(is_asked)
        return found[0]

    def answers(self, number: int, kind: str, choice: str = "done", **numbers: float) -> Question:
        return questions.answer(self.store, self.asked(number, kind).id, choice, "ada", numbers)

    def reaches(self, number: int, state: str) -> None:
        self.until(lambda: job(self.store, number).state == state)


def test_a_plot_of_two_pens_from_the_queue_to_the_cleared_sheet(there: Store, tmp_path: Path) -> None:
    session = Session(drawing=small_card())
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
        assert is_whole(session)
        queue.cancel(there, b, "ada")
        beside.reaches(b, "cancelled")
    assert states(there, a) == [
        "draft", "queued", "claimed", "awaiting_operator", "plotting", "awaiting_operator", "plotting",
        "awaiting_operator", "plotting", "awaiting_operator", "plotting", "finishing", "awaiting_operator", "done",
    ]  # fmt: skip
    assert job(there, a).progress["stroke"] == session.job.strokes


def test_an_answer_counts_once_and_only_while_it_is_asked(there: Store, tmp_path: Path) -> None:
    (a,) = added(there, "a")
    with Beside(there, Session(drawing=small_card()), tmp_path) as beside:
        beside.lets_go()
        load = beside.answers(a, "load")
        with pytest.raises(
            Refused, match=rf"^question {load.id} is answered already by ada \(done\); render queue show {a}"
        ):
            questions.answer(there, load.id, "done", "bob")
        pen = beside.asked(a, "pen")
        with pytest.raises(StudioError, match=r"^'later' is no answer to question 2; it takes done, nudge, "):
            questions.answer(there, pen.id, "later", "bob")
        queue.cancel(there, a, "ada")
        beside.answers(a, "clear")
        beside.reaches(a, "cancelled")
        with pytest.raises(Refused, match=rf"^question {pen.id} is asked no more; "):
            questions.answer(there, pen.id, "done", "bob")


def test_a_plot_that_was_stopped_needs_a_person_and_goes_on(there: Store, tmp_path: Path) -> None:
    session = Session(drawing=small_card())
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
        queue.pause_queue(there, "gantry", "ada")
        beside.answers(a, "attention", "stroke")
        queue.move(there, b, "first", None, "ada")
        beside.lets_go()
        beside.answers(a, "pen")
        beside.answers(a, "clear")
        beside.reaches(a, "done")
    assert is_whole(session)


@pytest.mark.parametrize(("choice", "state"), [("accept", "done"), ("abandon", "cancelled")])
def test_a_sheet_that_is_given_up_is_asked_for_before_the_next(
    there: Store, tmp_path: Path, choice: str, state: str
) -> None:
    a, b, c = added(there, "a", "b", "c")
    with Beside(there, Session(drawing=small_card()), tmp_path) as beside:
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
    session = Session(drawing=small_card())
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
    assert is_whole(session)


def test_a_fault_of_the_machine_is_asked_about_and_kept(there: Store, tmp_path: Path) -> None:
    session = Session(drawing=small_card(), faults=(Planned(30, "error", 20),))
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
    session = Session(drawing=small_card())
    (a,) = added(there, "a")
    away, advance, beat = threading.Event(), leases.advance, leases.beat
    refused: list[str] = []

    def broken(what: str, real: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **options: object) -> object:
            if away.is_set():
                refused.append(what)
                raise OperationalError(what, {}, Exception("server closed the connection"))
            return real(*arguments, **options)

        return call

    monkeypatch.setattr(leases, "advance", broken("advance", advance))
    monkeypatch.setattr(leases, "beat", broken("beat", beat))
    with Beside(there, session, tmp_path) as beside:
        beside.lets_go()
        beside.answers(a, "load")
        beside.answers(a, "pen")
        away.set()
        beside.until(lambda: {"advance", "beat"} <= set(refused) and len(session.drawn()) >= 3)
        away.clear()
        assert beside.answers(a, "pen").title.startswith("pen 2 of 2")
        beside.answers(a, "clear")
        beside.reaches(a, "done")
    assert is_whole(session)
    assert "the queue does not answer (OperationalError); the plot goes on" in beside.told


def test_a_worker_that_was_given_up_stops_and_the_plot_goes_on_from_there(there: Store, tmp_path: Path) -> None:
    session = Session(drawing=small_card())
    (a,) = added(there, "a")
    with Beside(there, session, tmp_path) as beside:
        beside.lets_go()
        beside.answers(a, "load")
        beside.answers(a, "pen")
        second = beside.asked(a, "pen")
        with there.begin() as connection:
            leases.take_back(connection, time.time() + 1000)
        with pytest.raises(Refused, match=rf"^question {second.id} is asked no more"):
            questions.answer(there, second.id, "done", "ada")
        beside.until(lambda: any("is lent to somebody else by now" in text for text in beside.told))
        beside.answers(a, "attention", "stroke")
        beside.answers(a, "pen")
        beside.answers(a, "clear")
        beside.reaches(a, "done")
    assert is_whole(session)


# --- an emergency stop ---


def test_an_emergency_stop_stops_the_machine_and_the_plot_needs_a_person(there: Store, tmp_path: Path) -> None:
    session = Session(drawing=small_card())
    session.bench = bench = Bench(for_machine(SERVO), fast=False, speed=1.0)
    (a,) = added(there, "a")
    with Beside(there, session, tmp_path) as beside:
        object.__setattr__(beside.worker, "times", Times(9000, 3000, 0.02))  # no beat is waited for
        object.__setattr__(beside.worker.machine, "open_port", session.open)
        beside.lets_go()
        beside.answers(a, "load")
        beside.answers(a, "pen")
        beside.until(lambda: pen_is_down(bench))
        queue.pause(there, a, "ada")
        stopped = queue.emergency(there, a, "bob")
        assert (stopped.state, stopped.wanted) == ("plotting", "emergency")
        question = beside.asked(a, "attention")
    assert question.said.startswith("emergency stop: the position may be lost. Look at the sheet and the pen")
    assert job(there, a).error == "emergency stop: the position may be lost"
    assert job(there, a).wanted == ""
    written = [content for what, content in session.log if what == "write"]
    assert b"\x18" in written
    assert not pen_is_down(bench)
    assert len(session.drawn()) < 6


def test_an_emergency_stop_while_a_pen_is_asked_for(there: Store, tmp_path: Path) -> None:
    (a,) = added(there, "a")
    with Beside(there, Session(drawing=small_card()), tmp_path) as beside:
        beside.lets_go()
        beside.answers(a, "load")
        pen = beside.asked(a, "pen")
        queue.emergency(there, a, "ada")
        beside.asked(a, "attention")
        with pytest.raises(Refused, match=rf"^question {pen.id} is asked no more"):
            questions.answer(there, pen.id, "done", "ada")
    assert job(there, a).error == "emergency stop: the position may be lost"


def test_an_emergency_stop_before_anything_moves(there: Store, tmp_path: Path) -> None:
    session = Session(drawing=small_card())
    (a,) = added(there, "a")
    with Beside(there, session, tmp_path) as beside:
        beside.lets_go()
        beside.asked(a, "load")
        queue.emergency(there, a, "ada")
        beside.asked(a, "attention")
    assert job(there, a).error == "emergency stop: nothing was moving, but see where the pen is"
    assert session.bench.controller.body.trace == []


def test_an_emergency_stop_goes_before_all_else_and_only_for_a_plot_at_work(store: Store) -> None:
    (a,) = added(store, "a")
    with pytest.raises(Refused, match=r"^job 1 is a plot and queued; only a plot that is at work can be stopped so$"):
        queue.emergency(store, a, "ada")
    claimed = leases.claim(store, "plot", "w", "gantry")
    assert claimed is not None
    leases.advance(store, a, claimed.token, "w", "plotting", "the plot begins")
    queue.cancel(store, a, "ada")
    queue.emergency(store, a, "ada")
    for late in (queue.cancel, queue.pause, queue.resume, queue.emergency):
        with pytest.raises(Refused, match=r"^job 1 is (a plot and )?plotting and asked for an emergency stop"):
            late(store, a, "ada")
    leases.advance(store, a, claimed.token, "w", "plotting", "goes on", unpaused=True)
    assert job(store, a).wanted == "emergency", "an answer takes back a pause, and nothing else"
    assert queue.wanted(store, a, claimed.token) == ("emergency", "plotting")
    assert queue.wanted(store, a, claimed.token + 1) is None
    (b,) = (each.id for each in queue.add(store, [New("render", "b", "b", "b.yaml")], "ada"))
    leases.claim(store, "render", "w")
    with pytest.raises(Refused, match=r"^job 2 is a render and running; only a plot"):
        queue.emergency(store, b, "ada")


# --- pauses ---


def test_a_pause_and_a_resume_by_the_queue(there: Store, tmp_path: Path) -> None:
    session = Session(drawing=small_card())
    session.bench = bench = Bench(for_machine(SERVO), fast=False, speed=4.0)
    (a,) = added(there, "a")
    with Beside(there, session, tmp_path) as beside:
        beside.lets_go()
        beside.answers(a, "load")
        beside.answers(a, "pen")
        beside.until(lambda: pen_is_down(bench))
        queue.pause(there, a, "ada")
        question = beside.asked(a, "pause")
        far = job(there, a).progress
        assert {"x_mm", "y_mm", "machine"} <= far.keys()
        queue.resume(there, a, "ada")
        with pytest.raises(Refused, match=rf"^question {question.id} is answered already by ada"):
            questions.answer(there, question.id, question.fallback, "bob")
        beside.answers(a, "pen")
        beside.answers(a, "clear")
        beside.reaches(a, "done")
    assert is_whole(session)


def test_a_pause_that_the_file_asks_for_is_resumed_by_its_default_answer(store: Store) -> None:
    (a,) = added(store, "a")
    claimed = leases.claim(store, "plot", "w", "gantry")
    assert claimed is not None
    asks = leases.Asked("pause", "turn it", "the G-code asks", (("go-on", "go on"), ("abort", "stop")), "go-on")
    leases.advance(store, a, claimed.token, "w", "plotting", "the plot begins")
    number = leases.advance(store, a, claimed.token, "w", "paused", "turn it", asks=asks)
    queue.resume(store, a, "ada")
    assert questions.answer_to(store, number) == ("go-on", {})
    pen = leases.Asked("pen", "pen 2 of 2", "put it in", (("done", "it is in"),), "done")
    leases.advance(store, a, claimed.token, "w", "plotting", "goes on")
    number = leases.advance(store, a, claimed.token, "w", "awaiting_operator", "pen 2 of 2", asks=pen)
    with pytest.raises(Refused, match=r"^job 1 is awaiting operator; there is nothing to resume"):
        queue.resume(store, a, "ada")
    assert questions.answer_to(store, number) is None


# --- what was looked at is what is drawn ---


def test_what_has_changed_since_it_was_released_is_not_drawn(there: Store, tmp_path: Path) -> None:
    session = Session(drawing=small_card())
    (a,) = added(there, "a")
    at = time.strftime("%Y-%m-%d %H:%M", time.localtime(job(there, a).released["at"]))
    Path("a.svg").write_text("<svg> </svg>")
    with Beside(there, session, tmp_path) as beside:
        beside.lets_go()
        beside.reaches(a, "failed")
        assert job(there, a).error == (
            f"a.svg: has changed since it was released on {at} by ada; look at it and release it again"
        )
        assert session.bench.controller.body.trace == []
        assert queue.retry(there, a, "ada").state == "draft"
        assert job(there, a).released == {}
        queue.resume(there, a, "bob")
        beside.asked(a, "load")
        queue.cancel(there, a, "ada")
        beside.reaches(a, "cancelled")


def test_of_a_folder_its_drawing_counts(store: Store) -> None:
    folder = Path("made")
    folder.mkdir()
    (folder / "drawing.svg").write_text("<svg/>")
    queue.add(store, [New("plot", "made", "made", "made", machine="gantry")], "ada")
    released = queue.resume(store, 1, "ada").released
    assert released["sha256"] == hashlib.sha256(b"<svg/>").hexdigest()
    (folder / "report.html").write_text("anew")
    release.same(job(store, 1))
    (folder / "drawing.svg").write_text("<svg> </svg>")
    with pytest.raises(StudioError, match=r"^made: has changed since it was released on .+ by ada; look at it"):
        release.same(job(store, 1))


def test_what_nobody_can_see_is_not_released(store: Store) -> None:
    known = {"drawing": "cd" * 32}  # by who added it, on the machine that has it
    queue.add(store, [New("plot", "a", "a", "a.svg", machine="gantry")], "ada")
    queue.add(store, [New("plot", "b", "b", "b.svg", machine="gantry", result=known)], "ada")
    with pytest.raises(
        Refused,
        match=r"^job 1: a\.svg cannot be read \(No such file or directory\), so nobody knows what would be drawn;"
        r" release it on the machine that has it$",
    ):
        queue.resume(store, 1, "ada")
    assert queue.resume(store, 2, "ada").released["sha256"] == "cd" * 32


def test_what_the_machine_cannot_draw_fails_before_anything_moves(there: Store, tmp_path: Path) -> None:
    session = Session(drawing=small_card())
    (a,) = added(there, "a")

    def wrong(_: Job) -> object:
        raise ValueError("the sheet is larger than the bed")

    with Beside(there, session, tmp_path) as beside:
        object.__setattr__(beside.worker.machine, "lines", wrong)
        beside.lets_go()
        beside.reaches(a, "failed")
    assert job(there, a).error == "the sheet is larger than the bed"
    assert session.bench.controller.body.trace == []


def test_a_machine_has_one_plot_whatever_the_programs_believe(store: Store) -> None:
    a, b = added(store, "a", "b")
    claimed = leases.claim(store, "plot", "w", "gantry")
    assert claimed is not None
    assert claimed.id == a
    assert leases.claim(store, "plot", "x", "gantry") is None
    with pytest.raises(IntegrityError), store.begin() as connection:
        connection.execute(records.jobs.update().where(records.jobs.c.id == b).values(state="claimed"))


def test_a_plot_waits_for_what_it_is_made_from(store: Store) -> None:
    render, plot = queue.add_all(store, [(New("render", "a", "a", "a.yaml"), [New("plot", "a", "a", "a.yaml")])], "ada")
    with pytest.raises(Refused, match=r"^job 2 plots what job 1 renders, which is queued$"):
        queue.resume(store, plot.id, "ada")
    claimed = leases.claim(store, "render", "w")
    assert claimed is not None
    black = {"name": "black", "nib_mm": 0.5, "colour": "#101010", "max_draw_m": 90.0}
    rows = [{"pen": black, "strokes": 7, "metres": 1.5, "minutes": 2.0}]
    made = {"folder": "out/a", "passes": rows, "plotting": {"minutes": 3.0}, "drawing": "ab" * 32}
    leases.finish(store, render.id, claimed.token, "w", made, lambda: None)
    assert queue.resume(store, plot.id, "ada").state == "queued"
    assert job(store, plot.id).source == "out/a"
    pen = {"name": "black 0.5", "colour": "#101010", "lasts_m": 90.0, "strokes": 7, "metres": 1.5, "minutes": 2.0}
    assert job(store, plot.id).result == {"pens": [pen], "minutes": 3.0, "drawing": "ab" * 32}


# --- on a pseudo-terminal, in real time ---


def plotting(store_url: str, port: str, log: Path, files: Path) -> "subprocess.Popen[bytes]":
    """A worker in a process of its own, that can be killed."""
    command = [sys.executable, str(Path(__file__).with_name("plotting_worker.py")), store_url, port, str(files)]
    with log.open("wb") as out:
        return subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)


def pen_is_down(bench: Bench) -> bool:
    body = bench.controller.body
    return is_down(SERVO, body.bed(bench.now())[2], body.pen_value)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals")
def test_pause_and_resume_then_the_worker_is_killed_and_each_stroke_is_drawn_once(there: Store, tmp_path: Path) -> None:
    session = Session(drawing=small_card())
    session.bench = bench = Bench(for_machine(SERVO), fast=False, speed=1.0)
    url = str(tmp_path / "queue.db")
    (a,) = added(there, str(tmp_path / "card"))
    beside = Beside(there, session, tmp_path)  # the person alone: the worker is another process
    with served(bench) as terminal:
        first = plotting(url, terminal.name, tmp_path / "first.log", tmp_path)
        try:
            beside.until(lambda: bool(queue.paused_queues(there)))
            beside.lets_go()
            beside.answers(a, "load")
            beside.answers(a, "pen")
            beside.reaches(a, "plotting")  # the worker may be slower to say so than the pen
            beside.until(lambda: pen_is_down(bench))
            queue.pause(there, a, "ada")
            beside.reaches(a, "paused")
            assert not pen_is_down(bench)
            queue.resume(there, a, "ada")
            beside.reaches(a, "plotting")
            beside.until(lambda: pen_is_down(bench))
        finally:
            first.kill()
            first.wait()
        beside.until(lambda: not pen_is_down(bench))  # the guard has lifted it
        second = plotting(url, terminal.name, tmp_path / "second.log", tmp_path)
        try:
            assert beside.answers(a, "attention", "stroke").said.startswith("worker plotter was not heard of any more.")
            beside.lets_go()
            beside.answers(a, "pen")
            beside.answers(a, "clear")
            beside.reaches(a, "done")
        finally:
            second.terminate()
            second.terminate()
            second.wait(PATIENCE_S)
    assert is_whole(session)

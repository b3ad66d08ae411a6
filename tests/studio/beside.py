"""A plot worker on a simulated machine, and the person beside it."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

from samples import SERVO
from simulated_plot import SimulatedPlot

from hardware.simulator import Bench
from hardware.simulator.trace import is_down
from renderer.studio.plotting.plot_worker import PlotWorker
from renderer.studio.plotting.worker_state import PlotMachine, PlotTimes
from renderer.studio.queue import pausing, questions, records, requests
from renderer.studio.queue.adding import NewJob
from renderer.studio.queue.records import Job, Question
from renderer.studio.queue.store import Store

QUICK = PlotTimes(lease_s=30, beat_s=0.05, poll_s=0.02)
PATIENCE_S = 60.0


def added(store: Store, *titles: str) -> list[int]:
    for title in titles:
        Path(f"{title}.svg").write_text("<svg/>")  # the machine is given its lines elsewhere
    jobs = requests.add(
        store, [NewJob("plot", title, title, f"{title}.svg", machine="gantry") for title in titles], "ada"
    )
    for job in jobs:
        requests.resume(store, job.id, "ada")
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

    def __init__(self, store: Store, session: SimulatedPlot, folder: Path) -> None:
        self.store = store
        uses = PlotMachine("gantry", "sim", session.bench.open, lambda _: session.job, folder / "journals")
        self.said: list[str] = []
        self.worker = PlotWorker(store, "w", uses, QUICK, self.said.append)
        self.thread = threading.Thread(target=self.worker.run, daemon=True)

    def __enter__(self) -> "Beside":
        self.thread.start()
        self.until(lambda: bool(pausing.paused_queues(self.store)))
        return self

    def __exit__(self, *_: object) -> None:
        self.worker.leave()
        self.worker.leave()
        self.thread.join(PATIENCE_S)
        assert not self.thread.is_alive()

    def lets_go(self) -> None:
        pausing.resume_queue(self.store, "gantry")

    def until(self, holds: Callable[[], bool]) -> None:
        ends = time.monotonic() + PATIENCE_S
        while not holds():
            assert time.monotonic() < ends, self.said
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


def pen_is_down(bench: Bench) -> bool:
    state = bench.controller.machine
    return is_down(SERVO, state.bed(bench.now())[2], state.pen_value)

"""The rows of one plot: what its worker writes into the queue, and what people ask of it there."""

import time
from collections.abc import Callable
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from renderer.studio.plotting.worker_state import WorkerState
from renderer.studio.queue import leases, listing, questions, workers
from renderer.studio.queue.questions import NewQuestion
from renderer.studio.queue.records import Job

LOOK_S = 0.2  # between two checks for requests and answers


class WorkerLeft(Exception):
    """The worker was asked to stop while it waited for a person."""


class PlotRows:
    """Writes with the token of one lease. A database that does not answer stops no pen: see `until_written`."""

    def __init__(self, worker: WorkerState, job: Job) -> None:
        self.worker, self.job, self.store = worker, job, worker.store
        self.question = 0  # the open question; 0 if there is none
        self._beaten = self._answer_read = self._requests_read = 0.0

    # --- to write ---

    def put(self, state: str, why: str, asks: NewQuestion | None = None, *, unpaused: bool = False) -> None:
        """Write a state of the plot and its question, once. Raises LeaseLost, SQLAlchemyError."""
        job = self.job
        self.question = leases.advance(
            self.store, job.id, job.token, self.worker.name, state, why, asks=asks, unpaused=unpaused
        )

    def set_state(self, state: str, why: str, asks: NewQuestion | None = None) -> None:
        """Write a state of the plot and its question, however long that takes. Raises LeaseLost, WorkerLeft."""
        self.until_written(lambda: self.put(state, why, asks))

    def until_written(self, write: Callable[[], object]) -> None:
        """Try to write until the database answers, because people must see a question. Raises WorkerLeft."""
        while not self.worker.write(write):
            if self.worker.at_once:
                raise WorkerLeft
            time.sleep(1.0)

    def remark(self, text: str) -> None:
        """Write a remark into the history of the plot. Raises LeaseLost."""
        self.worker.write(lambda: leases.add_remark(self.store, self.job.id, self.job.token, self.worker.name, text))

    def beat(self, progress: dict[str, Any] | None, *, now: bool = False) -> tuple[str, str] | None:
        """Report that the worker is alive and how far it is; return the request of people and the state.

        None if the last report is recent and `now` is not set, or if the database does not answer.
        Raises LeaseLost if the lease has ended.
        """
        times, job = self.worker.times, self.job
        if not now and time.monotonic() - self._beaten < times.beat_s:
            return None
        self._beaten = time.monotonic()
        found: list[Job] = []
        self.worker.write(
            lambda: found.append(leases.heartbeat(self.store, job.id, job.token, progress, times.lease_s))
        )
        self.worker.write(lambda: workers.heard_from(self.store, self.worker.name))
        return (found[0].wanted, found[0].state) if found else None

    # --- to read ---

    def requested(self) -> tuple[str, str] | None:
        """The request of people and the state, by a cheap read; None if the last read is recent."""
        if time.monotonic() - self._requests_read < LOOK_S:
            return None
        self._requests_read = time.monotonic()
        try:
            return listing.requested(self.store, self.job.id, self.job.token)
        except SQLAlchemyError:  # the next report says so
            return None

    def answer(self) -> tuple[str, dict[str, float]] | None:
        """The answer to the open question, and the numbers with it; None if there is none yet."""
        if not self.question or time.monotonic() - self._answer_read < LOOK_S:
            return None
        self._answer_read = time.monotonic()
        found: list[tuple[str, dict[str, float]] | None] = []
        self.worker.write(lambda: found.append(questions.answer_to(self.store, self.question)))
        return found[0] if found else None

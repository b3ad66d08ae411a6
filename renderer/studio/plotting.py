"""A worker that plots: takes sheets from the queue of one machine; `sheet` is what it does with each."""

import time
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from renderer.studio import leases, queue
from renderer.studio.desk import Left
from renderer.studio.records import Job
from renderer.studio.sheet import Emergency, Machine, Sheet, Times
from renderer.studio.states import LeaseLost
from renderer.studio.store import Store

USUAL = Times()


class PlotWorker:
    """Runs in one thread; `leave` may be called from any other, or from a signal's handler."""

    def __init__(
        self,
        store: Store,
        name: str,
        machine: Machine,
        times: Times = USUAL,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.store, self.name, self.machine, self.times, self.tell = store, name, machine, times, tell
        self.leaving = self.at_once = False

    def leave(self) -> None:
        """Takes up no other sheet; called once more, it stops the plot such that it can be resumed."""
        self.at_once = self.leaving
        self.leaving = True

    def run(self, *, drains: bool = False) -> int:
        """Plots until it is told to leave, or with `drains` until nothing can be taken. How many it has finished."""
        why = "the plot worker has started: see that the machine is ready, then let the queue go on"
        queue.set_queue(self.store, self.machine.name, paused=1, why=why)
        done = 0
        while not self.leaving:
            try:
                leases.seen(self.store, self.name)
                job = leases.claim(self.store, "plot", self.name, self.machine.name, self.times.lease_s)
            except SQLAlchemyError as error:
                self.tell(f"the queue does not answer ({error.__class__.__name__}); trying again")
                job = None
            if job is not None:
                done += self._plot(job)
            elif drains and self._idle():
                break
            else:
                time.sleep(self.times.poll_s)
        return done

    def _idle(self) -> bool:
        with self.store.read() as connection:
            is_paused = queue.paused(connection, self.machine.name) is not None
        waiting = [job for job in queue.listed(self.store, kind="plot") if job.machine == self.machine.name]
        return not is_paused and not any(job.state == "queued" and not job.wanted for job in waiting)

    def _plot(self, job: Job) -> bool:
        self.tell(f"{job.shown}: taken up")
        sheet = Sheet(self, job)
        try:
            return sheet.drawn()
        except LeaseLost as lost:
            self.tell(f"{job.shown}: {lost}")
        except Emergency:
            why = "emergency stop: nothing was moving, but see where the pen is"
            self.write(lambda: leases.trouble(self.store, job.id, job.token, self.name, why))
        except Left:
            sheet.let_go()  # first: who is told to look at it finds it at rest
            self.write(lambda: leases.trouble(self.store, job.id, job.token, self.name, "the worker was told to leave"))
        finally:
            sheet.let_go()
        return False

    def write(self, write: Callable[[], object]) -> bool:
        """Whether the database has taken it. A plot does not depend on that."""
        try:
            write()
        except SQLAlchemyError as error:
            self.tell(f"the queue does not answer ({error.__class__.__name__}); the plot goes on")
            return False
        return True


__all__ = ["Machine", "PlotWorker", "Times"]

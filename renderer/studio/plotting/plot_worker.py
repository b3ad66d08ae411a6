"""The worker that plots: it takes jobs from the queue of one machine; `plot_job` carries out each of them."""

import time
from collections.abc import Callable
from functools import partial

from sqlalchemy.exc import SQLAlchemyError

from renderer.studio.plotting.machine_steering import steer_once
from renderer.studio.plotting.plot_job import EmergencyStop, PlotJob
from renderer.studio.plotting.plot_rows import WorkerLeft
from renderer.studio.plotting.worker_state import PlotMachine, PlotTimes, WorkerState
from renderer.studio.queue import leases, listing, machine_moves, pausing, workers
from renderer.studio.queue.records import Job
from renderer.studio.queue.states import LeaseLost
from renderer.studio.queue.store import Store

USUAL = PlotTimes()
STEER_S = 0.2  # between two checks whether somebody steers the machine


class PlotWorker:
    """Runs in one thread; `leave` can be called from any other thread or from a signal handler."""

    def __init__(
        self,
        store: Store,
        name: str,
        machine: PlotMachine,
        times: PlotTimes = USUAL,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.state = WorkerState(store, name, machine, times, say)
        self._has_begun = False

    def begin(self) -> None:
        """Pause the queue until a person has looked at the machine.

        This comes before a dead worker's plot is taken back: a person who then resumes the queue is not overruled.
        """
        why = "the plot worker has started: check that the machine is ready, then resume the queue"
        pausing.set_queue(self.state.store, self.state.machine.name, paused=1, why=why)
        machine_moves.drop_moves(self.state.store, self.state.machine.name, "the worker has started; ask again")
        self._has_begun = True

    def leave(self) -> None:
        """Take no other sheet; if called again, stop the plot so that it can be resumed."""
        self.state.leave()

    def run(self, *, drains: bool = False) -> int:
        """Plot until asked to leave, or with `drains` until no job can be taken. Return how many plots finished."""
        if not self._has_begun:
            self.begin()
        done = 0
        while not self.state.leaving:
            if steer_once(self.state):
                continue
            try:
                workers.heard_from(self.state.store, self.state.name)
                job = leases.claim(
                    self.state.store, "plot", self.state.name, self.state.machine.name, self.state.times.lease_s
                )
            except SQLAlchemyError as error:
                self.state.say(f"the queue does not answer ({error.__class__.__name__}); trying again")
                job = None
            if job is not None:
                done += self._plot(job)
            elif drains and self._idle():
                break
            else:
                self._wait()
        return done

    def _wait(self) -> None:
        """Wait for the next job, and obey at once if somebody steers the machine."""
        ends = time.monotonic() + self.state.times.poll_s
        while time.monotonic() < ends and not self.state.leaving and not steer_once(self.state):
            time.sleep(min(STEER_S, self.state.times.poll_s))

    def _idle(self) -> bool:
        with self.state.store.read() as connection:
            is_paused = pausing.pause_reason(connection, self.state.machine.name) is not None
        waiting = [
            job for job in listing.listed(self.state.store, kind="plot") if job.machine == self.state.machine.name
        ]
        return not is_paused and not any(job.state == "queued" and not job.wanted for job in waiting)

    def _plot(self, job: Job) -> bool:
        self.state.say(f"{job.shown}: started")
        plot = PlotJob(self.state, job)
        report = partial(leases.report_trouble, self.state.store, job.id, job.token, self.state.name)
        try:
            return plot.run()
        except LeaseLost as lost:
            self.state.say(f"{job.shown}: {lost}")
        except EmergencyStop:
            why = "emergency stop: nothing was moving, but check where the pen is"
            self.state.write(lambda: report(why, is_lost=True))
        except WorkerLeft:
            plot.stop()  # first, so that the operator who comes to the machine finds it at rest
            self.state.write(lambda: report("the worker was asked to stop"))
        finally:
            plot.stop()
        return False

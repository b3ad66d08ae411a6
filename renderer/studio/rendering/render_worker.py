"""The worker that renders: it takes jobs from the queue, one at a time, and renders each in a process of its own."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from renderer.output import OutputError
from renderer.output.place import explained, is_disk_full, recover, refuse_others_work, swap
from renderer.studio.queue import job_pictures, leases, listing, pausing, workers
from renderer.studio.queue.records import Job, folder_of
from renderer.studio.queue.states import LeaseLost
from renderer.studio.queue.store import Store
from renderer.studio.rendering.attempt import LOOK_S, Attempt, RenderSettings

USUAL = RenderSettings()


class RenderWorker:
    """Runs in one thread; `leave` can be called from any other thread or from a signal handler."""

    def __init__(
        self, store: Store, name: str, settings: RenderSettings = USUAL, say: Callable[[str], None] = lambda _: None
    ) -> None:
        self.store, self.name, self.settings, self.say = store, name, settings, say
        self._leaving = self._at_once = False

    def begin(self) -> None:
        """Do nothing: a worker of renders can begin at any time."""

    def leave(self) -> None:
        """Take no more jobs; if called again, give the current job back too."""
        self._at_once = self._leaving
        self._leaving = True

    def run(self, *, drains: bool = False) -> int:
        """Render until asked to leave, or with `drains` until nothing is queued. Return the number of jobs done."""
        done, sought = 0, 0.0
        while not self._leaving:
            try:
                job = leases.claim(self.store, "render", self.name, lease_s=self.settings.lease_s)
                if time.monotonic() - sought > self.settings.lease_s / 3:
                    workers.heard_from(self.store, self.name)
                    sought = time.monotonic()
                if job is None and drains and not self._awaited():
                    break
            except SQLAlchemyError as error:
                self.say(f"the queue does not answer ({_short(error)}); trying again")
                job = None
            if job is not None:
                done += self.work(job)
            else:
                time.sleep(self.settings.poll_s)
        return done

    def _awaited(self) -> bool:
        """Whether a job may still come: one that waits for its next try, or one that another worker may lose."""
        with self.store.read() as connection:
            is_paused = pausing.pause_reason(connection, "render") is not None
        jobs = [job for job in listing.job_lines(self.store) if job.kind == "render"]
        return any(job.state == "running" or not (job.wanted or is_paused) for job in jobs)

    def work(self, job: Job) -> bool:
        """Render one job and return whether it is done. Errors are written into the queue."""
        self.say(f"{job.shown}: started" + (f" (try {job.tries})" if job.tries > 1 else ""))
        try:
            with Attempt(job, self.settings) as attempt:
                self._watch(job, attempt)
                return self._ended(job, attempt)
        except LeaseLost as lost:
            self.say(f"{job.shown}: {lost}; its result is thrown away")
        except OSError as error:  # before the renderer has started
            self._not_begun(job, error)
        except SQLAlchemyError as error:  # the lease will run out, and the job is rendered again
            self.say(f"{job.shown}: the queue does not answer ({_short(error)})")
        return False

    def _watch(self, job: Job, attempt: "Attempt") -> None:
        """Until the child has ended, report progress to the queue and pass requests of people to the child."""
        beaten = 0.0
        while attempt.is_alive():
            if self._at_once:
                attempt.kill()
                return
            now = time.monotonic()
            if now - beaten >= self.settings.beat_s:
                beaten = now
                try:
                    wanted = leases.heartbeat(
                        self.store, job.id, job.token, attempt.progress, lease_s=self.settings.lease_s
                    ).wanted
                    if (picture := attempt.pictures.pop("progress", None)) is not None:
                        job_pictures.put(self.store, job.id, job.token, "progress", *picture)
                except SQLAlchemyError as error:
                    self.say(f"{job.shown}: the queue does not answer ({_short(error)}); the render goes on")
                else:
                    if wanted == "cancel":
                        attempt.ask_to_stop()
            attempt.look(LOOK_S)

    def _ended(self, job: Job, attempt: "Attempt") -> bool:
        name, store = self.name, self.store
        match attempt.outcome():
            case "done", result:
                folder = folder_of(job)
                try:
                    result = {"folder": str(folder), **result}
                    leases.heartbeat(
                        store, job.id, job.token, attempt.progress, lease_s=self.settings.lease_s
                    )  # the last report
                    preview = attempt.pictures.get("preview")
                    place = partial(_publish, attempt.staged, folder)
                    leases.finish(store, job.id, job.token, name, result, place, preview)
                except OutputError as error:
                    if is_disk_full(error):
                        self._give_back_full(job, str(error))
                        return False
                    leases.fail(store, job.id, job.token, name, str(error), can_retry=False)
                    self.say(f"{job.shown}: {error}")
                    return False
                self.say(f"{job.shown}: done, see {folder}")
                return True
            case _ if attempt.asked_at is not None:
                leases.stop(store, job.id, job.token, name, "stopped" if not attempt.killed else "killed")
                self.say(f"{job.shown}: cancelled")
            case _ if self._at_once:
                leases.give_back(store, job.id, job.token, name)
                self.say(f"{job.shown}: given back")
            case _, {"full": True, "why": why}:
                self._give_back_full(job, why)
            case _, why:
                can_retry, is_bug = why["again"], why.get("bug", False)
                leases.fail(store, job.id, job.token, name, why["why"], can_retry=can_retry, is_bug=is_bug)
                self.say(f"{job.shown}: {why['why']}")
        return False

    def _not_begun(self, job: Job, error: OSError) -> None:
        """Report why a folder for a render could not be made."""
        try:
            with explained(folder_of(job)):
                raise error
        except OutputError as why:
            if is_disk_full(why):
                self._give_back_full(job, str(why))
            else:
                leases.fail(self.store, job.id, job.token, self.name, str(why), can_retry=False)
                self.say(f"{job.shown}: {why}")

    def _give_back_full(self, job: Job, why: str) -> None:
        """Hand a job back whose disk is full, and pause the queue: its other jobs would fail too."""
        leases.give_back_full(self.store, job.id, job.token, self.name, why)
        self.say(f"{job.shown}: given back, and the queue of renders is paused: {why}")


def _publish(staged: Path, folder: Path) -> None:
    """Move the render into its place, complete or not at all. Raises OutputError if another work is there."""
    with explained(folder):
        place = folder.resolve()
        recover(place)
        refuse_others_work(folder)
        swap(staged, place)


def _short(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error).strip().splitlines()[0]

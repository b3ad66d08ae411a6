"""The queue that a command works on, the user who gives it, and the jobs after it."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager

from renderer.cli import printing
from renderer.cli.queue.status_text import status_text
from renderer.studio.queue import records
from renderer.studio.queue.records import Job
from renderer.studio.queue.store import Store


@contextmanager
def opened(db: str | None) -> Iterator[Store]:
    """The queue for the duration of the block, with a warning if its place is not suitable. Raises StudioError."""
    store = Store(db)
    if store.warning:
        printing.say(f"warning: {store.warning}")
    try:
        yield store
    finally:
        store.close()


def user_name() -> str:
    """The name of the user, for the history."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name
        return "unknown user"


def print_jobs(jobs: list[Job], as_json: bool, what: str) -> None:
    """Print the states of jobs."""
    if as_json:
        printing.as_json({"jobs": [records.as_json(job) for job in jobs]})
        return
    for job in jobs:
        printing.say(
            f"{what}: {job.shown}, {status_text(job.state, job.wanted, job.progress)}"
            if what == "added"
            else f"{job.shown}: {status_text(job.state, job.wanted, job.progress)}"
        )

"""The commands of `render queue` that change jobs: move, edit, answer, pause, resume, cancel and others; and backup.

All raise StudioError if the queue cannot do what is asked, and Refused if the state of the job does not allow it.
"""

from pathlib import Path
from typing import Any

import click

from renderer.cli import printing
from renderer.cli.codes import DONE
from renderer.cli.queue.database import opened, print_jobs, user_name
from renderer.cli.queue.field_options import either
from renderer.studio.queue import pausing, questions, records, requests
from renderer.studio.queue.job_fields import EDITED
from renderer.studio.queue.order import Where
from renderer.studio.queue.states import Refused, state_text

JOB_ACTIONS = {"copy": requests.copy, "cancel": requests.cancel, "retry": requests.retry, "remove": requests.remove}
JOB_ACTIONS["emergency"] = requests.emergency
HOLD_ACTIONS = {"pause": requests.pause, "resume": requests.resume}


def move_job(
    *, job: int, where: Where | None, before: int | None, after: int | None, db: str | None, as_json: bool
) -> int:
    """Move a job. Raises UsageError unless one place is given."""
    ways: list[tuple[Where, int | None]] = [(where, None)] if where else []
    ways += [("before", before)] if before is not None else []
    ways += [("after", after)] if after is not None else []
    if len(ways) != 1:
        raise click.UsageError("say where to, with one of --first, --last, --before JOB and --after JOB")
    with opened(db) as store:
        print_jobs([requests.move(store, job, *ways[0], user_name())], as_json, "moved")
    return DONE


def answer(
    *, job: int, choice: str, question: int | None, db: str | None, as_json: bool, **numbers: float | None
) -> int:
    """Answer a question of a plot: the one that is named, or the open one. Raises Refused if none is open."""
    with opened(db) as store:
        with store.read() as connection:
            found, asked = records.find(connection, job), records.open_question(connection, job)
        if question is None and asked is None:
            raise Refused(f"job {job} is {state_text(found.state)} and has no open question")
        number = question if question is not None or asked is None else asked.id
        given = {name: value for name, value in numbers.items() if value is not None}
        answered = questions.answer(store, number or 0, choice, user_name(), given)
    if as_json:
        printing.as_json({"question": answered.id, "job": job, "answer": choice})
    else:
        printing.say(f"{found.shown}: {answered.title}: {dict(answered.choices)[choice]}")
    return DONE


def edit(*, job: int, db: str | None, as_json: bool, **given: Any) -> int:
    """Change fields of a job. Raises UsageError if none is given."""
    if all(value is None for value in given.values()):
        raise click.UsageError(f"say what to change, with {either(field.option for field in EDITED)}")
    with opened(db) as store:
        print_jobs([requests.edit(store, job, user_name(), **given)], as_json, "edit")
    return DONE


def act_on_jobs(name: str, *, jobs: tuple[int, ...], db: str | None, as_json: bool) -> int:
    """Carry out one of JOB_ACTIONS on each job."""
    with opened(db) as store:
        print_jobs([JOB_ACTIONS[name](store, job, user_name()) for job in jobs], as_json, name)
    return DONE


def hold_or_resume(name: str, *, jobs: tuple[int, ...], queue_name: str | None, db: str | None, as_json: bool) -> int:
    """Pause or resume jobs or a queue. Raises UsageError unless either is given."""
    if bool(jobs) == (queue_name is not None):
        raise click.UsageError(f"say what to {name}: jobs by their numbers, or a queue with --queue NAME")
    with opened(db) as store:
        if queue_name is None:
            print_jobs([HOLD_ACTIONS[name](store, job, user_name()) for job in jobs], as_json, name)
            return DONE
        if name == "pause":
            pausing.pause_queue(store, queue_name, user_name())
        else:
            pausing.resume_queue(store, queue_name)
        paused = pausing.paused_queues(store)
    if as_json:
        printing.as_json({"paused": paused})
    else:
        printing.say(f"queue {queue_name} {'is paused' if queue_name in paused else 'has been resumed'}")
    return DONE


def back_up(*, to: Path, db: str | None, as_json: bool) -> int:
    """Copy the queue into a file."""
    with opened(db) as store:
        count = store.backup(to)
    if as_json:
        printing.as_json({"file": str(to), "bytes": count})
    else:
        printing.say(f"{to}: {printing.size(count)}")
    return DONE

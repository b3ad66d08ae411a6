"""Questions to the person beside the machine, as rows. A worker asks; anyone may answer, once, from anywhere."""

import json
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, func, select

from renderer.studio.queue.changes import add_event, change_state
from renderer.studio.queue.ink_supply import add_drawn
from renderer.studio.queue.records import Job, Question, find, question_of
from renderer.studio.queue.states import GOES_ON, Refused, StudioError
from renderer.studio.queue.store import Store
from renderer.studio.queue.tables import jobs, prompts


@dataclass(frozen=True)
class NewQuestion:
    """A question that a plot asks."""

    kind: str
    title: str
    said: str
    choices: tuple[tuple[str, str], ...]
    fallback: str
    about: dict[str, Any] = field(default_factory=dict)


def ask(
    connection: Connection,
    job: Job,
    at: float,
    kind: str,
    title: str,
    said: str,
    choices: tuple[tuple[str, str], ...],
    fallback: str,
    about: dict[str, Any] | None = None,
) -> int:
    """Ask a question and return its number. Another open question of this job is closed."""
    close(connection, job.id, at)
    row = {
        "job": job.id, "token": job.token, "kind": kind, "title": title, "said": said, "fallback": fallback,
        "choices": json.dumps(choices), "about": json.dumps(about or {}), "state": "open", "answer": "",
        "numbers": "{}", "who": "", "asked": at,
    }  # fmt: skip
    return int(connection.execute(prompts.insert().values(**row)).inserted_primary_key[0])  # type: ignore[index]


def close(connection: Connection, job: int, at: float) -> None:
    """Close the open question of a job; it needs no answer any more."""
    is_open = (prompts.c.job == job, prompts.c.state == "open")
    connection.execute(prompts.update().where(*is_open).values(state="closed", ended=at))


def find_question(connection: Connection, number: int) -> Question:
    """The question with this number. Raises StudioError if there is none."""
    row = connection.execute(select(prompts).where(prompts.c.id == number)).first()
    if row is None:
        raise StudioError(f"there is no question {number}; render queue show JOB shows what is asked")
    return question_of(row)


def answer(store: Store, number: int, choice: str, who: str, numbers: dict[str, float] | None = None) -> Question:
    """Answer a question, once.

    Raises Refused if it is answered or closed or its lease has ended, and StudioError if there is no such question or
    choice.
    """
    with store.begin() as connection:
        job = find(
            connection, find_question(connection, number).job, to_change=True
        )  # the job first, as everywhere, so that there is no deadlock
        asked = find_question(connection, number)
        if asked.state != "open" or asked.token != job.token:
            by = f" by {asked.who} ({asked.answer})" if asked.state == "answered" else ""
            raise Refused(f"question {number} is {_closed(asked)}{by}; render queue show {job.id} shows what is asked")
        record_answer(connection, asked, job, store.now(connection), choice, who, numbers)
        return asked


def record_answer(
    connection: Connection,
    asked: Question,
    job: Job,
    at: float,
    choice: str,
    who: str,
    numbers: dict[str, float] | None = None,
) -> None:
    """Write the answer of an open question. Raises StudioError if the question does not have this choice."""
    keys = [key for key, _ in asked.choices]
    if choice not in keys:
        raise StudioError(f"{choice!r} is not an answer to question {asked.id}; choose from {', '.join(keys)}")
    values = {"state": "answered", "answer": choice, "who": who, "ended": at, "numbers": json.dumps(numbers or {})}
    connection.execute(prompts.update().where(prompts.c.id == asked.id).values(**values))
    add_event(connection, job, at, who, f"{asked.title}: {dict(asked.choices)[choice]}")
    if asked.kind == "attention":
        _settle(connection, job, at, choice, who)


def _settle(connection: Connection, job: Job, at: float, choice: str, who: str) -> None:
    """Carry out what a person chose for a plot that stopped. No worker has the plot, so it is done here."""
    if choice not in GOES_ON:
        add_drawn(connection, job, at)
    match choice:
        case "accept":
            change_state(connection, job, "done", at, who, "accepted as it is", ended=at)
        case "abandon":
            change_state(connection, job, "cancelled", at, who, "abandoned", ended=at)
        case _:  # its sheet is on the bed, or it was its turn: no other plot comes before it
            own = (jobs.c.machine == job.machine, jobs.c.kind == "plot", jobs.c.state == "queued")
            first, most = connection.execute(
                select(func.min(jobs.c.place), func.max(jobs.c.priority)).where(*own)
            ).one()
            values = {"place": job.place if first is None else min(first, job.place) - 1.0, "wanted": ""}
            values |= {"priority": job.priority if most is None else max(most, job.priority)}
            change_state(connection, job, "queued", at, who, choice, how=choice, **values)


def answer_to(store: Store, number: int) -> tuple[str, dict[str, float]] | None:
    """The answer and the numbers with it; None if there is no answer yet."""
    with store.read() as connection:
        row = connection.execute(select(prompts).where(prompts.c.id == number)).first()
    asked = None if row is None else question_of(row)
    return (asked.answer, asked.numbers) if asked is not None and asked.state == "answered" else None


def _closed(asked: Question) -> str:
    return "already answered" if asked.state == "answered" else "closed"

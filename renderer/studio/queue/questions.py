"""Questions to the person beside the machine, as rows: asked by a worker, answered from anywhere, once."""

import json
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, func, select

from renderer.studio.queue.changes import add_event, change_state
from renderer.studio.queue.records import Job, Question, find, question_of
from renderer.studio.queue.states import Refused, StudioError
from renderer.studio.queue.store import Store
from renderer.studio.queue.tables import jobs, prompts


@dataclass(frozen=True)
class NewQuestion:
    """What a plot wants to know."""

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
    """Puts a question; any other that is open for this job is closed. Its number."""
    close(connection, job.id, at)
    row = {
        "job": job.id, "token": job.token, "kind": kind, "title": title, "said": said, "fallback": fallback,
        "choices": json.dumps(choices), "about": json.dumps(about or {}), "state": "open", "answer": "",
        "numbers": "{}", "who": "", "asked": at,
    }  # fmt: skip
    return int(connection.execute(prompts.insert().values(**row)).inserted_primary_key[0])  # type: ignore[index]


def close(connection: Connection, job: int, at: float) -> None:
    """Nobody needs to answer any more."""
    is_open = (prompts.c.job == job, prompts.c.state == "open")
    connection.execute(prompts.update().where(*is_open).values(state="closed", ended=at))


def find_question(connection: Connection, number: int) -> Question:
    row = connection.execute(select(prompts).where(prompts.c.id == number)).first()
    if row is None:
        raise StudioError(f"there is no question {number}; render queue show JOB tells what is asked")
    return question_of(row)


def answer(store: Store, number: int, choice: str, who: str, numbers: dict[str, float] | None = None) -> Question:
    """Answers a question, once. Refused where it is answered or closed, or is of a lease that is over."""
    with store.begin() as connection:
        job = find(
            connection, find_question(connection, number).job, to_change=True
        )  # first, as everywhere: no deadlock
        asked = find_question(connection, number)
        if asked.state != "open" or asked.token != job.token:
            by = f" by {asked.who} ({asked.answer})" if asked.state == "answered" else ""
            raise Refused(f"question {number} is {_closed(asked)}{by}; render queue show {job.id} tells what is asked")
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
    """An open question has its answer. StudioError where it does not take this one."""
    keys = [key for key, _ in asked.choices]
    if choice not in keys:
        raise StudioError(f"{choice!r} is no answer to question {asked.id}; it takes {', '.join(keys)}")
    values = {"state": "answered", "answer": choice, "who": who, "ended": at, "numbers": json.dumps(numbers or {})}
    connection.execute(prompts.update().where(prompts.c.id == asked.id).values(**values))
    add_event(connection, job, at, who, f"{asked.title}: {dict(asked.choices)[choice]}")
    if asked.kind == "attention":
        _settle(connection, job, at, choice, who)


def _settle(connection: Connection, job: Job, at: float, choice: str, who: str) -> None:
    """A plot that stopped goes the way that a person chose for it. No worker holds it, so that is done here."""
    match choice:
        case "accept":
            change_state(connection, job, "done", at, who, "accepted as it is", ended=at)
        case "abandon":
            change_state(connection, job, "cancelled", at, who, "abandoned", ended=at)
        case _:  # its sheet lies on the bed, or it is the one whose turn it was: nothing comes before it
            own = (jobs.c.machine == job.machine, jobs.c.kind == "plot", jobs.c.state == "queued")
            first, most = connection.execute(
                select(func.min(jobs.c.place), func.max(jobs.c.priority)).where(*own)
            ).one()
            values = {"place": job.place if first is None else min(first, job.place) - 1.0, "wanted": ""}
            values |= {"priority": job.priority if most is None else max(most, job.priority)}
            change_state(connection, job, "queued", at, who, choice, how=choice, **values)


def answer_to(store: Store, number: int) -> tuple[str, dict[str, float]] | None:
    """What was answered, and the numbers with it; None as long as nobody has."""
    with store.read() as connection:
        row = connection.execute(select(prompts).where(prompts.c.id == number)).first()
    asked = None if row is None else question_of(row)
    return (asked.answer, asked.numbers) if asked is not None and asked.state == "answered" else None


def _closed(asked: Question) -> str:
    return "answered already" if asked.state == "answered" else "asked no more"

"""Rows of the tables as values."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, select

from renderer.studio.queue.fast_list import edition_title
from renderer.studio.queue.job_fields import JobFields
from renderer.studio.queue.states import StudioError
from renderer.studio.queue.tables import events, jobs, prompts


@dataclass(frozen=True)
class Job(JobFields):
    """A work to render, or a sheet to plot. Times are seconds since 1970."""

    id: int
    kind: str
    name: str
    title: str
    source: str
    changes: tuple[str, ...]
    out: str
    machine: str
    draft: bool
    follows: int | None
    edition: int
    editions: int
    place: float
    state: str
    wanted: str
    how: str
    tries: int
    not_before: float
    token: int
    worker: str
    lease_until: float
    progress: dict[str, Any]
    result: dict[str, Any]
    error: str
    fault: str
    released: dict[str, Any]
    made: float
    began: float | None
    ended: float | None

    @property
    def shown(self) -> str:
        """`3 The Scream`, or `3 The Scream (2 of 5)`."""
        return f"{self.id} {edition_title(self.title, self.edition, self.editions)}"


def as_json(job: Job) -> dict[str, Any]:
    """All of a job for programs, in the order of the table's columns."""
    return {column.name: getattr(job, column.name) for column in jobs.columns}


def folder_of(job: Job) -> Path:
    """Where a render goes. A draft has a place of its own, so that it never replaces the finished work."""
    return Path(job.out) / (f"{job.name}-draft" if job.draft else job.name)


@dataclass(frozen=True)
class JobEvent:
    """Something that happened to a job."""

    id: int
    at: float
    job: int
    what: str
    before: str
    after: str
    who: str
    why: str


@dataclass(frozen=True)
class Question:
    """What a plot asks of the person beside the machine."""

    id: int
    job: int
    token: int
    kind: str
    title: str
    said: str
    choices: tuple[tuple[str, str], ...]  # key, label
    fallback: str
    about: dict[str, Any]
    state: str
    answer: str
    numbers: dict[str, float]
    who: str
    asked: float
    ended: float | None


def job_of(row: Row[Any]) -> Job:
    values = dict(row._mapping)
    for name in ("changes", "progress", "result", "released"):
        values[name] = json.loads(values[name])
    return Job(**(values | {"changes": tuple(values["changes"]), "draft": bool(values["draft"])}))


def event_of(row: Row[Any]) -> JobEvent:
    return JobEvent(**row._mapping)


def question_of(row: Row[Any]) -> Question:
    values = dict(row._mapping)
    for name in ("choices", "about", "numbers"):
        values[name] = json.loads(values[name])
    return Question(**(values | {"choices": tuple((key, label) for key, label in values["choices"])}))


def find(connection: Connection, number: int, *, to_change: bool = False) -> Job:
    """The job of this number; `to_change` keeps others from changing it until the transaction ends. StudioError."""
    wanted = select(jobs).where(jobs.c.id == number)
    row = connection.execute(wanted.with_for_update() if to_change else wanted).first()
    if row is None:
        raise StudioError(f"there is no job {number}; render queue list shows what there is")
    return job_of(row)


def open_question(connection: Connection, job: int) -> Question | None:
    """What is asked now for this job."""
    wanted = select(prompts).where(prompts.c.job == job, prompts.c.state == "open").order_by(prompts.c.id.desc())
    row = connection.execute(wanted).first()
    return question_of(row) if row else None


def history(connection: Connection, job: int | None = None, last: int = 1000) -> list[JobEvent]:
    """What happened, oldest first; to all jobs where none is named."""
    wanted = select(events).order_by(events.c.id.desc()).limit(last)
    rows = connection.execute(wanted if job is None else wanted.where(events.c.job == job))
    return [event_of(row) for row in rows][::-1]

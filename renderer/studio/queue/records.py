"""Rows of the tables as dataclasses."""

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
    """A job for --json, in the order of the table's columns."""
    return {column.name: getattr(job, column.name) for column in jobs.columns}


def folder_of(job: Job) -> Path:
    """The folder of a render. A draft has a folder of its own, so that it never replaces the finished work."""
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
    """The job with this number; `to_change` locks its row until the transaction ends. Raises StudioError."""
    wanted = select(jobs).where(jobs.c.id == number)
    row = connection.execute(wanted.with_for_update() if to_change else wanted).first()
    if row is None:
        raise StudioError(f"there is no job {number}; render queue list shows the jobs")
    return job_of(row)


def open_question(connection: Connection, job: int) -> Question | None:
    """The open question of this job, if it has one."""
    wanted = select(prompts).where(prompts.c.job == job, prompts.c.state == "open").order_by(prompts.c.id.desc())
    row = connection.execute(wanted).first()
    return question_of(row) if row else None


def history(connection: Connection, job: int | None = None, last: int = 1000) -> list[JobEvent]:
    """The last events of a job, or of all jobs, oldest first."""
    wanted = select(events).order_by(events.c.id.desc()).limit(last)
    rows = connection.execute(wanted if job is None else wanted.where(events.c.job == job))
    return [event_of(row) for row in rows][::-1]

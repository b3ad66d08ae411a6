"""New jobs as rows."""

import json
from dataclasses import dataclass, fields, replace
from typing import Any

from sqlalchemy import Connection, func, select

from renderer.studio.queue import job_pictures
from renderer.studio.queue.changes import add_event
from renderer.studio.queue.job_fields import JobFields
from renderer.studio.queue.order import STEP
from renderer.studio.queue.records import Job, find
from renderer.studio.queue.tables import jobs


@dataclass(frozen=True)
class NewJob(JobFields):
    """A job to add."""

    kind: str
    name: str
    title: str
    source: str
    changes: tuple[str, ...] = ()
    out: str = "out"
    machine: str = ""
    draft: bool = False
    follows: int | None = None
    edition: int = 1
    editions: int = 1
    result: dict[str, Any] | None = None  # of a plot: pens, metres and minutes, as far as they are known
    preview: tuple[str, bytes] | None = None  # of a plot: a small picture, as media type and content


_COLUMNS = [field.name for field in fields(NewJob) if field.name != "preview"]


def add_row(connection: Connection, now: float, new: NewJob, who: str, why: str = "added") -> Job:
    """Add a job at the end of the queue; a plot is a draft. Raises StudioError if its picture cannot be kept."""
    last = connection.execute(select(func.max(jobs.c.place))).scalar()
    state = "queued" if new.kind == "render" else "draft"
    values = {name: getattr(new, name) for name in _COLUMNS}
    values |= {"changes": json.dumps(new.changes), "draft": int(new.draft), "result": json.dumps(new.result or {})}
    values |= {
        "place": STEP + (last or 0.0), "state": state, "wanted": "", "how": "", "tries": 0, "not_before": 0.0,
        "token": 0, "worker": "", "lease_until": 0.0, "progress": "{}", "error": "", "fault": "", "released": "{}",
        "made": now,
    }  # fmt: skip
    made = connection.execute(jobs.insert().values(**values)).inserted_primary_key
    job = find(connection, int(made[0]))  # type: ignore[index]
    add_event(connection, replace(job, state=""), now, who, why, after=state)
    if new.preview is not None:
        job_pictures.put_row(connection, job.id, now, "preview", *new.preview)
    return job


def copy_row(connection: Connection, now: float, job: Job, who: str) -> Job:
    """Add a copy of a job at the end of the queue. Raises StudioError if its picture cannot be kept."""
    values = {name: getattr(job, name) for name in _COLUMNS if name != "result"}
    new = NewJob(**values, result=job.result if job.kind == "plot" else None)
    copy = add_row(connection, now, new, who, f"a copy of {job.id}")
    if job.kind == "plot":
        job_pictures.copy_rows(connection, job.id, copy.id)
    return copy

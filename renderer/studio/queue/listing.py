"""The jobs in the order in which workers take them, their open questions, and what people have asked of them."""

from typing import Any

from sqlalchemy import Select, case, select

from renderer.studio.queue.fast_list import LINE_COLUMNS, JobLine, line_of, list_position
from renderer.studio.queue.records import Job, job_of
from renderer.studio.queue.states import ENDED, LEASED
from renderer.studio.queue.store import Store
from renderer.studio.queue.tables import jobs, prompts


def listed(store: Store, *, kind: str | None = None, every: bool = False) -> list[Job]:
    """Jobs in the order in which workers take them; with `every`, jobs that have ended come last."""
    with store.read() as connection:
        rows = [job_of(row) for row in connection.execute(_in_order(select(jobs), kind, every))]
    return sorted(rows, key=list_position)


_PROGRESS = case((jobs.c.state.in_(sorted(LEASED)), jobs.c.progress), else_="{}")
_LINE = [jobs.c[name] if name != "progress" else _PROGRESS for name in LINE_COLUMNS]


def job_lines(store: Store, *, every: bool = False) -> list[JobLine]:
    """Like `listed`, but only what a list shows of each job."""
    with store.read() as connection:
        rows = [line_of(row) for row in connection.execute(_in_order(select(*_LINE), None, every))]
    return sorted(rows, key=list_position)


def _in_order(query: Select[Any], kind: str | None, every: bool) -> Select[Any]:
    query = query.order_by(jobs.c.priority.desc(), jobs.c.place, jobs.c.id)
    if kind is not None:
        query = query.where(jobs.c.kind == kind)
    return query if every else query.where(jobs.c.state.not_in(sorted(ENDED)))


def open_questions(store: Store) -> dict[int, str]:
    """The titles of open questions, by job number."""
    with store.read() as connection:
        rows = connection.execute(select(prompts.c.job, prompts.c.title).where(prompts.c.state == "open"))
        return {row.job: row.title for row in rows}


def requested(store: Store, number: int, token: int) -> tuple[str, str] | None:
    """What people have asked of a job that is leased under this token, and its state; None if the lease has ended."""
    with store.read() as connection:
        own = (jobs.c.id == number, jobs.c.token == token)
        row = connection.execute(select(jobs.c.wanted, jobs.c.state).where(*own)).first()
    return (row.wanted, row.state) if row else None

"""What was plotted, pen by pen: metres and minutes, as rows and as CSV."""

import csv
import io
import time
from collections.abc import Iterable
from dataclasses import dataclass, fields

from sqlalchemy import Connection, select

from renderer.studio.queue.records import Job, job_of
from renderer.studio.queue.states import ENDED, state_text
from renderer.studio.queue.tables import jobs

MOST_PLOTS = 2000
FORMULA = ("=", "+", "-", "@", "\t")  # a spreadsheet would compute a cell that begins with one


@dataclass(frozen=True)
class PenUse:
    """What one pen drew of one sheet."""

    job: int
    title: str
    sheet: str  # `2 of 5`
    machine: str
    state: str
    began: str  # 2026-11-24T14:05:10, by the clock of the server
    ended: str
    pen: str
    colour: str
    strokes: int
    metres: float
    minutes: float  # as measured; as planned where that is not known
    skipped: bool


def pen_uses(connection: Connection) -> list[PenUse]:
    """All pens of the plots that have ended, the last plot first."""
    wanted = select(jobs).where(jobs.c.kind == "plot", jobs.c.state.in_(sorted(ENDED)), jobs.c.began.is_not(None))
    rows = connection.execute(wanted.order_by(jobs.c.ended.desc(), jobs.c.id.desc()).limit(MOST_PLOTS))
    return [use for row in rows for use in _uses(job_of(row))]


def _uses(job: Job) -> Iterable[PenUse]:
    sheet = f"{job.edition} of {job.editions}"
    about = (job.id, job.title, sheet, job.machine, state_text(job.state), _moment(job.began), _moment(job.ended))
    for pen in job.progress.get("pens", []):
        if pen["began"] or pen["skipped"]:
            took_s = pen["ended"] - pen["began"] if pen["ended"] and pen["began"] else 60 * pen["minutes"]
            drawn = 0 if pen["skipped"] else 1
            strokes, metres, minutes = drawn * pen["strokes"], drawn * pen["metres"], round(drawn * took_s / 60, 1)
            yield PenUse(*about, pen["name"], pen["colour"], strokes, metres, minutes, pen["skipped"])


def as_csv(uses: Iterable[PenUse]) -> str:
    """A table for spreadsheets, with a line of names."""
    made = io.StringIO()
    writer = csv.writer(made)
    names = [field.name for field in fields(PenUse)]
    writer.writerow(names)
    writer.writerows([_cell(getattr(use, name)) for name in names] for use in uses)
    return made.getvalue()


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def _moment(seconds: float | None) -> str:
    return "" if seconds is None else time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(seconds))

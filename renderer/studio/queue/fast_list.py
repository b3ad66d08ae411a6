"""A quick list of the queue: plain SQL, because importing SQLAlchemy takes longer than the list itself.

`listing.job_lines`, `listing.open_questions` and `pausing.paused_queues` do the same through SQLAlchemy; a test
compares them. If the database is not of this version, the list is None; opening the store then migrates it or says
what is wrong.
"""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from renderer.studio.queue.job_fields import LISTED
from renderer.studio.queue.location import VERSION, network_warning, url_of
from renderer.studio.queue.states import ENDED, LEASED

Rows = Callable[[str], list[tuple[Any, ...]]]


class JobLine(NamedTuple):
    """What a list shows of a job. For a long queue this is quicker than complete jobs."""

    id: int
    kind: str
    state: str
    wanted: str
    title: str
    edition: int
    editions: int
    note: str
    progress: str  # JSON, of a job that is at work
    listed: tuple[str, ...]  # the fields LISTED of the job, as text


LINE_COLUMNS = (*JobLine._fields[:-1], *(field.name for field in LISTED))


def line_of(row: Sequence[Any]) -> JobLine:
    """The line of a job, from the values of LINE_COLUMNS."""
    own = len(JobLine._fields) - 1
    listed = tuple(field.text(value) for field, value in zip(LISTED, row[own:], strict=True))
    return JobLine._make((*row[:own], listed))


@dataclass(frozen=True)
class QueueList:
    """What `render queue list` shows."""

    lines: list[JobLine]
    asked: dict[int, str]  # the question, by the number of the job
    paused: dict[str, str]  # why, by the name of the queue
    warning: str = ""


def _listed(states: frozenset[str]) -> str:
    return ", ".join(f"'{state}'" for state in sorted(states))


_PROGRESS = f"CASE WHEN state IN ({_listed(LEASED)}) THEN progress ELSE '{{}}' END"
_LINES = f"""
SELECT {", ".join(_PROGRESS if name == "progress" else name for name in LINE_COLUMNS)}
FROM jobs {{which}} ORDER BY priority DESC, place, id
"""
_OPEN = f"WHERE state NOT IN ({_listed(ENDED)})"


def fast_list(named: str | None, *, every: bool) -> QueueList | None:
    """The list as it is now, or None; with `every`, jobs that have ended come last. Raises StudioError (bad URL)."""
    url = url_of(named)
    try:
        if url.startswith("sqlite"):
            file = Path(url.removeprefix("sqlite:///"))
            if not file.is_file():
                return None
            # Read only: a database that does not exist is not made
            with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=30)) as connection:
                connection.execute("BEGIN")
                return _fast_list(lambda query: connection.execute(query).fetchall(), every, network_warning(file))
        import psycopg

        with psycopg.connect(url.replace("postgresql+psycopg", "postgresql", 1)) as other:
            return _fast_list(lambda query: other.execute(query).fetchall(), every, "")
    except Exception:  # whatever it is, opening the store finds it too and says how to repair it
        return None


def _fast_list(rows: Rows, every: bool, warning: str) -> QueueList | None:
    if rows("SELECT value FROM meta WHERE name = 'schema'") != [(str(VERSION),)]:
        return None
    lines = list(map(line_of, rows(_LINES.replace("{which}", "" if every else _OPEN))))
    asked: dict[int, str] = dict(rows("SELECT job, title FROM prompts WHERE state = 'open' ORDER BY id"))
    paused: dict[str, str] = dict(rows("SELECT name, why FROM queues WHERE paused = 1 ORDER BY name"))
    return QueueList(sorted(lines, key=list_position), asked, paused, warning)


def list_position(job: Any) -> int:
    """Jobs at work come first, jobs that have ended last."""
    return 2 if job.state in ENDED else 1 - (job.state in LEASED)


def edition_title(title: str, edition: int, editions: int) -> str:
    """`The Scream`, or `The Scream (2 of 5)`."""
    return f"{title} ({edition} of {editions})" if editions > 1 else title

"""`render queue list`: the jobs at work, then the jobs that wait, in their order."""

import json
from collections.abc import Iterator

from renderer.cli import printing
from renderer.cli.codes import DONE
from renderer.cli.queue.status_text import status_text
from renderer.studio.queue.fast_list import JobLine, QueueList, edition_title, fast_list
from renderer.studio.queue.job_fields import LISTED


def list_jobs(*, every: bool, db: str | None, as_json: bool) -> int:
    """Print the list of jobs. Raises StudioError if the queue cannot be opened."""
    if as_json:
        return _list_as_json(every, db)
    seen = fast_list(db, every=every) or _list_from_store(db, every)
    if seen.warning:
        printing.say(f"warning: {seen.warning}")
    for name, why in seen.paused.items():
        printing.say(f"queue {name} is paused ({why}); render queue resume --queue {name!r} resumes it")
    if not seen.lines:
        printing.say("nothing is queued; render queue add SPEC adds a work")
        return DONE
    printing.data("\n".join(_rows(seen.lines, seen.asked)))
    return DONE


def _list_as_json(every: bool, db: str | None) -> int:
    from renderer.cli.queue.database import opened
    from renderer.studio.queue import listing, pausing, records

    with opened(db) as store:
        jobs = [records.as_json(job) for job in listing.listed(store, every=every)]
        printing.as_json({"jobs": jobs, "paused": pausing.paused_queues(store), "asked": listing.open_questions(store)})
    return DONE


def _list_from_store(db: str | None, every: bool) -> QueueList:
    """The list through the store, which makes a new database, migrates an old one, and says what is wrong."""
    from renderer.studio.queue import listing, pausing
    from renderer.studio.queue.store import Store

    store = Store(db)
    try:
        return QueueList(
            listing.job_lines(store, every=every),
            listing.open_questions(store),
            pausing.paused_queues(store),
            store.warning,
        )
    finally:
        store.close()


def _rows(lines: list[JobLine], asked: dict[int, str]) -> Iterator[str]:
    head = ("job", "kind", "state", *(field.name for field in LISTED), "title", "note")
    cells = [head, *(_cells(line, asked) for line in lines)]
    job, *others, _ = (max(map(len, column)) for column in zip(*cells, strict=True))
    form = "  ".join([f"%{job}s", *(f"%-{width}s" for width in others), "%s"])
    return ((form % row).rstrip() for row in cells)


def _cells(line: JobLine, asked: dict[int, str]) -> tuple[str, ...]:
    title = edition_title(line.title, line.edition, line.editions)
    progress = json.loads(line.progress) if line.state == "running" else {}
    note = f"asks: {asked[line.id]}" if line.id in asked else line.note
    return str(line.id), line.kind, status_text(line.state, line.wanted, progress), *line.listed, title, note

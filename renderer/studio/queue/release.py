"""What was looked at is what is drawn: a plot is released for one content, and its worker draws no other."""

import hashlib
import json
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from renderer.studio.queue import ink_supply, job_pictures
from renderer.studio.queue.changes import change_state, update_job
from renderer.studio.queue.previews import preview_of
from renderer.studio.queue.records import Job, find
from renderer.studio.queue.states import Refused, StudioError, state_text


def content_sha256(source: Path) -> str:
    """Of what a folder or file draws. OSError."""
    with (source / "drawing.svg" if source.is_dir() else source).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of(job: Job) -> str:
    """Of what it draws and the queue shows; where it cannot be read here, as whoever made or added it has told.

    Refused where that is not known, or where there is something else by now than the queue shows.
    """
    known = job.result.get("drawing")
    try:
        found = content_sha256(Path(job.source))
    except OSError as error:
        if known:
            return str(known)
        raise Refused(
            f"job {job.id}: {job.source} cannot be read ({error.strerror}), so nobody knows what would be drawn;"
            " release it on the machine that has it"
        ) from error
    if known and found != known:
        raise Refused(
            f"job {job.id}: {job.source} has changed since the queue took its picture; cancel the job and retry it,"
            " then it is shown as it is now"
        )
    return found


def reread_source(job: Job) -> tuple[dict[str, Any], tuple[str, bytes] | None] | None:
    """What there is by now, as the queue keeps it, and a picture of it; None where it is as it was or far away."""
    source = Path(job.source)
    try:
        found = content_sha256(source)
    except OSError:
        return None
    if found == job.result.get("drawing", found):
        return None
    try:
        made = json.loads((source / "manifest.json").read_bytes())
        result = ink_supply.plot_usage(made)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        result = {}  # a file: what it takes, its worker finds out
    return result | {"drawing": found}, preview_of(source)


def release_draft(connection: Connection, job: Job, now: float, who: str, sha256: str) -> None:
    """A draft is queued. Refused where what it plots is not rendered yet."""
    check_rendered(connection, job)
    change_state(connection, job, "queued", now, who, "released", released={"sha256": sha256, "at": now, "who": who})


def check_rendered(connection: Connection, job: Job) -> None:
    """Refused where a draft plots what is not rendered yet."""
    if job.follows is not None:
        render = find(connection, job.follows)
        if render.state != "done":
            raise Refused(f"job {job.id} plots what job {render.id} renders, which is {state_text(render.state)}")


def show_reread(
    connection: Connection, job: Job, now: float, seen: tuple[dict[str, Any], tuple[str, bytes] | None]
) -> None:
    """The queue shows a plot as `seen_anew` has found it."""
    result, preview = seen
    update_job(connection, job, result=result)
    job_pictures.clear(connection, job.id)
    if preview is not None:
        job_pictures.put_row(connection, job.id, now, "preview", *preview)


def check_unchanged(job: Job) -> None:
    """StudioError where it would draw something else than was released. OSError."""
    if job.released and content_sha256(Path(job.source)) != job.released["sha256"]:
        at = time.strftime("%Y-%m-%d %H:%M", time.localtime(job.released["at"]))
        raise StudioError(
            f"{job.source}: has changed since it was released on {at} by {job.released['who']};"
            " look at it and release it again"
        )

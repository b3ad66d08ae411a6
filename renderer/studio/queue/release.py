"""A plot is released for one drawing, the one that a person has looked at; its worker draws no other."""

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
    """The sha256 of the drawing in a folder, or of a file. Raises OSError if it cannot be read."""
    with (source / "drawing.svg" if source.is_dir() else source).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of(job: Job) -> str:
    """The sha256 of the drawing that the queue shows.

    If the drawing cannot be read on this machine, it is the sha256 that came with the job. Raises Refused if that is
    unknown, or if the drawing is no longer the one that the queue shows.
    """
    known = job.result.get("drawing")
    try:
        found = content_sha256(Path(job.source))
    except OSError as error:
        if known:
            return str(known)
        raise Refused(
            f"job {job.id}: {job.source} cannot be read ({error.strerror}), and without it the plot cannot be checked;"
            " release the plot on the machine that has it"
        ) from error
    if known and found != known:
        raise Refused(
            f"job {job.id}: {job.source} has changed since the queue took its picture; cancel the job and retry it"
            " to see what it draws now"
        )
    return found


def reread_source(job: Job) -> tuple[dict[str, Any], tuple[str, bytes] | None] | None:
    """What a changed drawing takes, and its picture; None if it is unchanged or cannot be read on this machine."""
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
        result = {}  # a single file: its worker finds out what it takes
    return result | {"drawing": found}, preview_of(source)


def release_draft(connection: Connection, job: Job, now: float, who: str, sha256: str) -> None:
    """Queue a draft for this sha256. Raises Refused if its render is not done yet."""
    check_rendered(connection, job)
    change_state(connection, job, "queued", now, who, "released", released={"sha256": sha256, "at": now, "who": who})


def check_rendered(connection: Connection, job: Job) -> None:
    """Raise Refused if the render that a draft follows is not done yet."""
    if job.follows is not None:
        render = find(connection, job.follows)
        if render.state != "done":
            raise Refused(f"job {job.id} plots what job {render.id} renders, which is {state_text(render.state)}")


def show_reread(
    connection: Connection, job: Job, now: float, seen: tuple[dict[str, Any], tuple[str, bytes] | None]
) -> None:
    """Show a plot as `reread_source` has found it. Raises StudioError if its picture is too large."""
    result, preview = seen
    update_job(connection, job, result=result)
    job_pictures.clear(connection, job.id)
    if preview is not None:
        job_pictures.put_row(connection, job.id, now, "preview", *preview)


def check_unchanged(job: Job) -> None:
    """Raise StudioError if the drawing is not the one that was released, and OSError if it cannot be read."""
    if job.released and content_sha256(Path(job.source)) != job.released["sha256"]:
        at = time.strftime("%Y-%m-%d %H:%M", time.localtime(job.released["at"]))
        raise StudioError(
            f"{job.source}: has changed since it was released on {at} by {job.released['who']};"
            " look at it and release it again"
        )

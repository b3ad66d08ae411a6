"""What was looked at is what is drawn: a plot is released for one content, and its worker draws no other."""

import hashlib
import time
from pathlib import Path

from sqlalchemy import Connection

from renderer.studio.changes import reach
from renderer.studio.records import Job, find
from renderer.studio.states import Refused, StudioError, said


def content_sha256(source: Path) -> str:
    """Of what a folder or file draws. OSError."""
    with (source / "drawing.svg" if source.is_dir() else source).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of(job: Job) -> str:
    """Of what it draws: as it lies there; where that is on another machine, as whoever made or added it has told.

    Refused where neither is known.
    """
    source = Path(job.source)
    try:
        return content_sha256(source)
    except OSError as error:
        known = job.result.get("drawing")
        if known:
            return str(known)
        raise Refused(
            f"job {job.id}: {source} cannot be read ({error.strerror}), so nobody knows what would be drawn;"
            " release it on the machine that has it"
        ) from error


def released(connection: Connection, job: Job, now: float, who: str, sha256: str) -> None:
    """A draft is queued. Refused where what it plots is not rendered yet."""
    check(connection, job)
    reach(connection, job, "queued", now, who, "released", released={"sha256": sha256, "at": now, "who": who})


def check(connection: Connection, job: Job) -> None:
    """Refused where a draft plots what is not rendered yet."""
    if job.follows is not None:
        render = find(connection, job.follows)
        if render.state != "done":
            raise Refused(f"job {job.id} plots what job {render.id} renders, which is {said(render.state)}")


def same(job: Job) -> None:
    """StudioError where it would draw something else than was released."""
    if job.released and sha256_of(job) != job.released["sha256"]:
        at = time.strftime("%Y-%m-%d %H:%M", time.localtime(job.released["at"]))
        raise StudioError(
            f"{job.source}: has changed since it was released on {at} by {job.released['who']};"
            " look at it and release it again"
        )

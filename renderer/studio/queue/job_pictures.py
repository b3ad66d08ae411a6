"""Small pictures of jobs, kept in the queue so that they can be shown without the disk of the machine that made them.

`progress` shows a render at work, `preview` a finished one. A plot that follows a render shows the render's picture.
`strokes` holds the strokes of a plot, which the page draws as they are made (`studio.plotting.stroke_trace`).
"""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from renderer.studio.queue.changes import leased_job
from renderer.studio.queue.states import StudioError
from renderer.studio.queue.store import Store
from renderer.studio.queue.tables import jobs, pictures

NAMES = ("progress", "preview")
MEDIA = ("image/webp", "image/png", "image/jpeg")
STROKES, GZIP = "strokes", "application/gzip"
MOST_BYTES = 1_000_000


@dataclass(frozen=True)
class JobPicture:
    """A picture as a file would hold it."""

    media: str  # media type, such as image/webp
    at: float  # when it was stored, seconds since 1970
    content: bytes


def put(store: Store, number: int, token: int, name: str, media: str, content: bytes) -> None:
    """Store the picture of a job that is leased under this token, in place of an older one.

    Raises LeaseLost if the lease has ended, and StudioError if the picture is too large or of another kind.
    """
    with store.begin() as connection:
        put_row(connection, leased_job(connection, number, token).id, store.now(connection), name, media, content)


def put_row(connection: Connection, number: int, at: float, name: str, media: str, content: bytes) -> None:
    """Store a picture within a transaction, without a token.

    Raises StudioError if the picture is too large or of another kind.
    """
    if (name, media) != (STROKES, GZIP) and (name not in NAMES or media not in MEDIA):
        raise StudioError(
            f"{name!r} of {media!r} is not a picture of a job; use {', '.join(NAMES)} of {', '.join(MEDIA)}"
        )
    if len(content) > MOST_BYTES:
        raise StudioError(f"a picture of {len(content) / 1e6:.1f} MB is too large; a queue keeps at most 1 MB of each")
    own = (pictures.c.job == number, pictures.c.name == name)
    values = {"media": media, "at": at, "content": content}
    if connection.execute(pictures.update().where(*own).values(**values)).rowcount == 0:
        connection.execute(pictures.insert().values(job=number, name=name, **values))


def get(store: Store, number: int, name: str) -> JobPicture | None:
    """The picture of a job, or of the render that a plot follows; None if there is neither."""
    with store.read() as connection:
        follows = select(jobs.c.follows).where(jobs.c.id == number).scalar_subquery()
        wanted = select(pictures.c.media, pictures.c.at, pictures.c.content).where(
            pictures.c.name == name, (pictures.c.job == number) | (pictures.c.job == follows)
        )
        row = connection.execute(wanted.order_by((pictures.c.job == number).desc()).limit(1)).first()
    return JobPicture(row.media, row.at, bytes(row.content)) if row else None


def clear(connection: Connection, number: int) -> None:
    """Delete the pictures of a job."""
    connection.execute(pictures.delete().where(pictures.c.job == number))


def clear_strokes(connection: Connection, number: int) -> None:
    """Delete the strokes of a plot that has ended, unless nothing else shows its drawing."""
    follows = select(jobs.c.follows).where(jobs.c.id == number).scalar_subquery()
    shown = (pictures.c.name == "preview", (pictures.c.job == number) | (pictures.c.job == follows))
    if connection.execute(select(pictures.c.job).where(*shown)).first() is None:
        return
    connection.execute(pictures.delete().where(pictures.c.job == number, pictures.c.name == STROKES))


def copy_rows(connection: Connection, number: int, to: int) -> None:
    """Copy the pictures of a job to another job."""
    shown = (pictures.c.job == number, pictures.c.name.in_(NAMES))
    for row in connection.execute(select(pictures).where(*shown)).all():
        connection.execute(pictures.insert().values(**(dict(row._mapping) | {"job": to})))

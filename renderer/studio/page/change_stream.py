"""Sends changes to browsers: a few short marks of what the page shows, and how far plots are, to every browser.

A page carries the marks of the moment at which it was made. If a mark that matters to the page differs from the stream,
the page fetches itself again. So a stream that was interrupted loses nothing: its first marks show what has changed.
How far a plot is changes all the time, so it is sent as numbers, which the page puts into its place.
"""

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from renderer.manifest import duration
from renderer.studio.queue.states import LEASED
from renderer.studio.queue.store import Store
from renderer.studio.queue.tables import events, inks, jobs, moves, pictures, prompts, queues, workers

LOOK_S = 0.2  # between two reads of the database, while a browser listens
BEAT_S = 5.0  # between two messages to a browser, which show that the connection works
ALIVE_S = 30.0
MOST_LISTENERS = 200
HELD = sorted(LEASED)

PLOT_KEYS = ("text", "share", "stroke", "drawn_m", "x_mm", "y_mm", "machine")
Marks = dict[str, str]
Plots = dict[int, dict[str, Any]]  # by job


@dataclass(frozen=True)
class StudioLook:
    """What one read of the database has found."""

    marks: Marks = field(default_factory=dict)
    plots: Plots = field(default_factory=dict)


def marks(connection: Connection, now: float) -> Marks:
    """The marks. `jobs`: the history; `questions`; `machines`; `work` and `work:7`: the progress of jobs at work.

    The mark of a plot changes with its pen, and not with each stroke: see `plots_at_work`.
    """
    last = connection.execute(select(func.max(events.c.id))).scalar() or 0
    held = connection.execute(
        select(jobs.c.id, jobs.c.kind, jobs.c.state, jobs.c.wanted, jobs.c.progress).where(jobs.c.state.in_(HELD))
    ).all()
    made = select(pictures.c.job, pictures.c.at).where(pictures.c.name == "progress")
    drawn = {row.job: row.at for row in connection.execute(made)}
    asked = connection.execute(select(prompts.c.id).where(prompts.c.state == "open")).scalars().all()
    lines = connection.execute(select(queues).order_by(queues.c.name)).all()
    there = connection.execute(select(workers.c.name, workers.c.seen).order_by(workers.c.name)).all()
    last_moves = select(func.max(moves.c.id)).group_by(moves.c.machine)
    moved = connection.execute(select(moves.c.id, moves.c.state).where(moves.c.id.in_(last_moves))).all()
    inked = connection.execute(select(inks.c.machine, inks.c.pen, inks.c.since).order_by(inks.c.machine)).all()
    work = {row.id: _mark(*row[:-1], _shown_progress(row.kind, row.progress), drawn.get(row.id)) for row in held}
    return {
        "jobs": str(last),
        "questions": _mark(*asked),
        "machines": _mark(*lines, *moved, *inked, *((row.name, now - row.seen < ALIVE_S) for row in there)),
        "work": _mark(*work.values()),
        **{f"work:{number}": mark for number, mark in work.items()},
    }


def _shown_progress(kind: str, progress: str) -> object:
    if kind == "render":
        return progress
    known = json.loads(progress)
    return [known.get("number"), *((pen["began"], pen["ended"], pen["skipped"]) for pen in known.get("pens", []))]


def plots_at_work(connection: Connection) -> Plots:
    """How far each plot at work is."""
    wanted = select(jobs.c.id, jobs.c.progress).where(jobs.c.kind == "plot", jobs.c.state.in_(HELD))
    found: Plots = {}
    for row in connection.execute(wanted):
        if (far := far_of(json.loads(row.progress))) is not None:
            found[row.id] = far
    return found


def far_of(progress: dict[str, Any]) -> dict[str, Any] | None:
    """How far a plot is, as browsers show it; None if it has not begun."""
    if not progress:
        return None
    skipped = [number for number, pen in enumerate(progress.get("pens", [])) if pen["skipped"]]
    left = duration(progress["left_s"])
    return {name: progress.get(name) for name in PLOT_KEYS} | {"left": left, "skipped": skipped}


def _mark(*values: object) -> str:
    return hashlib.sha256(repr(values).encode()).hexdigest()[:8]


class ChangeStream:
    """Reads the database as long as a browser listens, once for all browsers."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.last = StudioLook()
        self.is_over = self.is_failing = False
        self._listeners: set[asyncio.Queue[StudioLook | None]] = set()
        self._hurry = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def look(self) -> StudioLook:
        """The current marks, and how far the plots are."""
        with self.store.read() as connection:
            return StudioLook(marks(connection, self.store.now(connection)), plots_at_work(connection))

    def hurry(self) -> None:
        """Read the database at once, because this server has changed it."""
        self._hurry.set()

    async def listen(self) -> AsyncIterator[str]:
        """Events for the EventSource of a browser, beginning with the current marks."""
        if self.is_full:  # with browsers that came at the same moment
            return
        line: asyncio.Queue[StudioLook | None] = asyncio.Queue(1)
        self._listeners.add(line)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._watch())
        try:
            yield "retry: 1000\n\n"
            sent = StudioLook()
            with suppress(SQLAlchemyError):
                sent = await run_in_threadpool(self.look)
                yield _event("marks", sent.marks) + _event("plots", sent.plots)
            while not self.is_over:
                try:
                    found = await asyncio.wait_for(line.get(), BEAT_S)
                except TimeoutError:
                    yield _event("lost" if self.is_failing else "beat", {})
                    continue
                if found is None:
                    return
                text = "" if found.marks == sent.marks else _event("marks", found.marks)
                text += "" if found.plots == sent.plots else _event("plots", found.plots)
                sent = found
                if text:
                    yield text
        finally:
            self._listeners.discard(line)

    @property
    def count(self) -> int:
        """How many browsers listen."""
        return len(self._listeners)

    @property
    def is_full(self) -> bool:
        return len(self._listeners) >= MOST_LISTENERS

    @property
    def is_busy(self) -> bool:
        """Whether a browser listens."""
        return bool(self._listeners)

    def end(self) -> None:
        """End all streams, because the server ends."""
        self.is_over = True
        for line in self._listeners:
            _put(line, None)

    async def _watch(self) -> None:
        while self._listeners and not self.is_over:
            began = time.monotonic()
            try:
                found = await run_in_threadpool(self.look)
            except SQLAlchemyError:  # the next read may succeed; the page shows that it is not up to date
                self.is_failing = True
            else:
                self.is_failing = False
                if found != self.last:
                    self.last = found
                    for line in self._listeners:
                        _put(line, found)
            # Busy for a tenth of the time at most, however slow the database is
            pause_s = max(LOOK_S, 9 * (time.monotonic() - began))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._hurry.wait(), pause_s)
            self._hurry.clear()


def _put(line: "asyncio.Queue[StudioLook | None]", newest: StudioLook | None) -> None:
    """Put what was found last in place of what the browser has not read yet."""
    if line.full():
        line.get_nowait()
    line.put_nowait(newest)


def _event(name: str, newest: Marks | Plots) -> str:
    return f"event: {name}\ndata: {json.dumps(newest)}\n\n"

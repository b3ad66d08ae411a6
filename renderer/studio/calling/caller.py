"""Reads the history for what people must know, and calls them: each channel in a thread of its own."""

import threading
import time
from collections.abc import Callable, Iterator
from queue import Full, Queue

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import SQLAlchemyError

from renderer.studio.calling.channel_settings import Channel
from renderer.studio.calling.senders import Call, NotSent, send
from renderer.studio.queue.records import event_of, job_of
from renderer.studio.queue.states import ENDED, LEASED
from renderer.studio.queue.store import Store
from renderer.studio.queue.tables import events, jobs, prompts

LOOK_S = 2.0
AGAIN_S = (5.0, 30.0)  # before the second and third try; then the call is given up
MOST_WAITING = 50  # calls of a channel; more are dropped, so that a dead server costs no memory
MOST_EVENTS = 200


class Caller:
    """Calls people until it is closed."""

    def __init__(
        self,
        store: Store,
        channels: tuple[Channel, ...],
        say: Callable[[str], None],
        again_s: tuple[float, ...] = AGAIN_S,
    ) -> None:
        self._store, self._say, self._again_s = store, say, again_s
        self._over = threading.Event()
        self._lines = [(channel, Queue[Call](MOST_WAITING)) for channel in channels]
        self._day: dict[int, str] = {}  # by channel: the day of its last digest
        self._threads = [threading.Thread(target=self._watch, name="calls", daemon=True)]
        self._threads += [threading.Thread(target=self._send_all, args=line, daemon=True) for line in self._lines]

    def start(self) -> None:
        """Begin with what happens from now on."""
        for number, (channel, _) in enumerate(self._lines):
            self._day[number] = _day() if _clock() >= channel.digest_at else ""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Stop; a call that is being sent is not waited for."""
        self._over.set()

    def _watch(self) -> None:
        last: tuple[int, int] | None = None
        while not self._over.wait(LOOK_S if last is not None else 0.0):
            try:
                with self._store.read() as connection:
                    newest = _newest(connection)
                    calls = [] if last is None else list(calls_since(connection, *last))
                    digest = digest_of(connection, self._store.now(connection))
            except SQLAlchemyError:  # the next look may succeed, and sees what this one missed
                continue
            last = newest
            for call in calls:
                self._put(call)
            self._put_digest(digest)

    def _put(self, call: Call) -> None:
        for channel, line in self._lines:
            if call.cause in channel.when:
                self._put_in(channel, line, call)

    def _put_in(self, channel: Channel, line: "Queue[Call]", call: Call) -> None:
        try:
            line.put_nowait(call)
        except Full:
            self._say(f"a call is dropped, because {MOST_WAITING} wait already: {channel.shown}: {call.title}")

    def _put_digest(self, digest: Call) -> None:
        for number, (channel, line) in enumerate(self._lines):
            if "digest" in channel.when and self._day[number] != _day() and _clock() >= channel.digest_at:
                self._day[number] = _day()
                self._put_in(channel, line, digest)

    def _send_all(self, channel: Channel, line: "Queue[Call]") -> None:
        while not self._over.is_set():
            call = line.get()
            for pause_s in (*self._again_s, None):
                try:
                    send(call, channel)
                    break
                except NotSent as error:
                    self._say(f"a call did not arrive ({error}): {call.title}")
                if pause_s is not None and self._over.wait(pause_s):
                    return


def _newest(connection: Connection) -> tuple[int, int]:
    """The numbers of the last event and of the last question."""
    event, question = select(func.max(events.c.id)), select(func.max(prompts.c.id))
    return connection.execute(event).scalar() or 0, connection.execute(question).scalar() or 0


def calls_since(connection: Connection, event: int, question: int) -> Iterator[Call]:
    """What people must know of what has happened after this event and this question."""
    asked = select(prompts, jobs.c.title.label("job_title"), jobs.c.machine).join(jobs, jobs.c.id == prompts.c.job)
    for row in connection.execute(
        asked.where(prompts.c.id > question, prompts.c.state == "open").order_by(prompts.c.id)
    ):
        if row.kind != "attention":
            yield Call(
                "pen" if row.kind == "pen" else "question",
                f"{row.machine}: {row.title}",
                f"{row.job_title}: {row.said}",
            )
    machines: set[str] = set()
    new = select(events).where(events.c.id > event, events.c.before != events.c.after).order_by(events.c.id)
    for each in map(event_of, connection.execute(new.limit(MOST_EVENTS))):
        what = f"{each.job} {each.what}"
        if each.after in {"needs_attention", "failed"}:
            yield Call("stopped", f"stopped: {what}", each.why)
        elif each.after == "done" and each.what.startswith("plot "):
            yield Call("done", f"done: {what}", each.why)
        if each.after in ENDED:
            machines.add(str(connection.execute(select(jobs.c.machine).where(jobs.c.id == each.job)).scalar() or ""))
    for machine in sorted(machines - {""}):
        waits = select(jobs.c.id).where(
            jobs.c.machine == machine, jobs.c.state.in_(["needs_attention", "queued", *sorted(LEASED)])
        )
        if connection.execute(waits).first() is None:
            yield Call("empty", f"{machine}: the queue is empty", "No plot is released for this machine.")


def digest_of(connection: Connection, now: float) -> Call:
    """What was plotted and rendered within a day, and what waits."""
    ended = select(jobs).where(jobs.c.state.in_(sorted(ENDED)), jobs.c.ended > now - 86400.0)
    done = [job_of(row) for row in connection.execute(ended.order_by(jobs.c.ended, jobs.c.id))]
    waiting = connection.execute(select(func.count()).select_from(jobs).where(jobs.c.state == "queued")).scalar() or 0
    plots = [job for job in done if job.kind == "plot" and job.state == "done"]
    metres = sum(pen["metres"] for job in plots for pen in job.progress.get("pens", []) if not pen["skipped"])
    lines = [f"{job.kind} {job.shown}: {job.state}" for job in done] or ["Nothing has ended."]
    renders = sum(job.kind == "render" and job.state == "done" for job in done)
    title = f"the studio today: {len(plots)} sheets plotted ({metres:.0f} m), {renders} rendered, {waiting} waiting"
    return Call("digest", title, "\n".join(lines))


def _day() -> str:
    return time.strftime("%Y-%m-%d")


def _clock() -> str:
    return time.strftime("%H:%M")

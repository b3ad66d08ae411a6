"""Figures of the studio in the text format that Prometheus reads (version 0.0.4)."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from renderer.studio.page.queue_views import ALIVE_S
from renderer.studio.queue.records import job_of
from renderer.studio.queue.states import LEASED
from renderer.studio.queue.tables import events, jobs, prompts, queues, workers

MEDIA = "text/plain; version=0.0.4; charset=utf-8"
Labels = dict[str, str]


@dataclass(frozen=True)
class Metric:
    """A name, what it means, and its values by labels."""

    name: str
    help: str
    values: list[tuple[Labels, float]]
    kind: str = "gauge"

    def lines(self) -> Iterator[str]:
        yield f"# HELP {self.name} {self.help}"
        yield f"# TYPE {self.name} {self.kind}"
        for labels, value in self.values:
            inner = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items())
            yield f"{self.name}{{{inner}}} {value:g}" if inner else f"{self.name} {value:g}"


def metrics_text(connection: Connection, now: float, listeners: int) -> str:
    """All figures as text."""
    return "\n".join(line for metric in _metrics(connection, now, listeners) for line in metric.lines()) + "\n"


def _metrics(connection: Connection, now: float, listeners: int) -> Iterator[Metric]:
    counted = select(jobs.c.kind, jobs.c.state, func.count()).group_by(jobs.c.kind, jobs.c.state)
    states = [({"kind": kind, "state": state}, float(n)) for kind, state, n in connection.execute(counted)]
    yield Metric("render_jobs", "Jobs in the list, by kind and state.", states)
    there = connection.execute(select(workers.c.name, workers.c.kind, workers.c.place, workers.c.seen))
    alive = [({"worker": w.name, "kind": w.kind, "place": w.place}, float(now - w.seen < ALIVE_S)) for w in there]
    yield Metric("render_worker_up", "Whether a worker has reported in the last half minute.", alive)
    lines = connection.execute(select(queues.c.name, queues.c.paused))
    yield Metric("render_queue_paused", "Whether a queue is paused.", [({"queue": n}, float(p)) for n, p in lines])
    asked = connection.execute(select(func.count(), func.min(prompts.c.asked)).where(prompts.c.state == "open")).one()
    yield Metric("render_open_questions", "Questions that wait for a person.", [({}, float(asked[0]))])
    waits_s = now - asked[1] if asked[1] else 0.0
    yield Metric("render_question_wait_seconds", "How long the oldest question has waited.", [({}, waits_s)])
    yield from _plots(connection)
    last = connection.execute(select(func.max(events.c.id))).scalar() or 0
    yield Metric("render_events_total", "Events in the history.", [({}, float(last))], "counter")
    yield Metric("render_page_listeners", "Browsers that listen for changes.", [({}, float(listeners))])


def _plots(connection: Connection) -> Iterator[Metric]:
    held = select(jobs).where(jobs.c.kind == "plot", jobs.c.state.in_(sorted(LEASED)))
    plots = [job_of(row) for row in connection.execute(held)]
    shares = [({"machine": p.machine, "job": str(p.id)}, float(p.progress.get("share", 0))) for p in plots]
    left = [({"machine": p.machine, "job": str(p.id)}, float(p.progress.get("left_s", 0))) for p in plots]
    yield Metric("render_plot_share", "How much of a plot at work is drawn, 0 to 1.", shares)
    yield Metric("render_plot_left_seconds", "How long a plot at work will still take.", left)


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")

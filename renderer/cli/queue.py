"""`render queue`: what people do with the queue, and how it is told."""

import dataclasses
import getpass
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from renderer.cli import show
from renderer.cli.codes import DONE
from renderer.cli.queue_list import stand
from renderer.studio.queue import ink_supply, listing, pausing, questions, records, requests
from renderer.studio.queue.order import Where
from renderer.studio.queue.records import Job, folder_of
from renderer.studio.queue.states import HELD, Refused, said
from renderer.studio.queue.store import Store

DOING = {"copy": requests.copy, "cancel": requests.cancel, "retry": requests.retry, "remove": requests.remove}
DOING["emergency"] = requests.emergency
HOLDING = {"pause": requests.pause, "resume": requests.resume}


@contextmanager
def opened(db: str | None) -> Iterator[Store]:
    """The queue, for as long as the block lasts; a warning where its place does not do."""
    store = Store(db)
    if store.warning:
        show.say(f"warning: {store.warning}")
    try:
        yield store
    finally:
        store.close()


def me() -> str:
    """Who does it, for the history."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name
        return "somebody"


# --- to see ---


def show_job(*, job: int, db: str | None, as_json: bool) -> int:
    with opened(db) as store:
        with store.read() as connection:
            found, asked = records.find(connection, job), records.open_question(connection, job)
            events = records.history(connection, job)
        plots = [each for each in listing.listed(store, kind="plot") if each.machine == found.machine]
    empty = [each for each in ink_supply.dry(plots) if each.job == job]
    if as_json:
        question = dataclasses.asdict(asked) if asked else None
        told = {"job": dataclasses.asdict(found), "question": question, "dry": [dataclasses.asdict(e) for e in empty]}
        show.as_json(told | {"events": [dataclasses.asdict(event) for event in events]})
        return DONE
    lines = [*_facts(found), *(_dry(each) for each in empty), *(_asked(asked) if asked else ())]
    show.data("\n".join([*lines, *(_event(event) for event in events)]))
    return DONE


def _facts(job: Job) -> Iterator[str]:
    yield f"{job.shown}: {stand(job.state, job.wanted, job.progress)}"
    facts = {
        "from": job.source, "changes": " ".join(job.changes), "note": job.note, "due": job.due,
        "into": str(folder_of(job)) if job.kind == "render" else "", "machine": job.machine,
        "priority": str(job.priority) if job.priority else "", "worker": job.worker,
        "tries": str(job.tries) if job.tries > 1 else "", "error": job.error, "now": job.progress.get("text", ""),
        "minutes": f"{job.result['minutes']:.1f}" if job.result.get("minutes") else "",
        "left": show.clock(job.progress["left_s"]) if job.state in HELD and "left_s" in job.progress else "",
    }  # fmt: skip
    yield from (f"  {name:<8} {text}" for name, text in facts.items() if text)
    for pen in job.result.get("pens", ()):
        yield f"  pen      {pen['name']}: {pen['strokes']} strokes, {pen['metres']:.2f} m, {pen['minutes']:.1f} min"


def _dry(empty: ink_supply.Dry) -> str:
    return (
        f"  warning  pen {empty.pen} will run dry in this plot, number {empty.nth} of those with it"
        f" ({empty.metres:g} m by then; it lasts {empty.lasts_m:g} m)"
    )


def _asked(asked: records.Question) -> Iterator[str]:
    yield f"  asks     {asked.title}: {asked.said}"
    for key, label in asked.choices:
        yield f"           render queue answer {asked.job} {key}".ljust(48) + f"  {label}"


def tell_history(*, job: int | None, db: str | None, as_json: bool) -> int:
    with opened(db) as store, store.read() as connection:
        events = records.history(connection, job)
    if as_json:
        show.as_json({"events": [dataclasses.asdict(event) for event in events]})
    elif events:
        show.data("\n".join(_event(event, job is None) for event in events))
    else:
        show.say("nothing has happened yet" if job is None else f"nothing ever happened to a job {job}")
    return DONE


def _event(event: records.Event, named: bool = False) -> str:
    at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(event.at))
    which = f"{event.job} {event.what}: " if named else ""
    changed = f"{said(event.after) or 'gone'}, " if event.before != event.after else ""
    return f"  {at}  {which}{changed}{event.why} ({event.who})"


# --- to change ---


def move_job(
    *, job: int, where: Where | None, before: int | None, after: int | None, db: str | None, as_json: bool
) -> int:
    ways: list[tuple[Where, int | None]] = [(where, None)] if where else []
    ways += [("before", before)] if before is not None else []
    ways += [("after", after)] if after is not None else []
    if len(ways) != 1:
        raise click.UsageError("say where to, with one of --first, --last, --before JOB and --after JOB")
    with opened(db) as store:
        told([requests.move(store, job, *ways[0], me())], as_json, "moved")
    return DONE


def answer(
    *, job: int, choice: str, question: int | None, db: str | None, as_json: bool, **numbers: float | None
) -> int:
    with opened(db) as store:
        with store.read() as connection:
            found, asked = records.find(connection, job), records.open_question(connection, job)
        if question is None and asked is None:
            raise Refused(f"job {job} is {said(found.state)} and asks nothing")
        number = question if question is not None or asked is None else asked.id
        given = {name: value for name, value in numbers.items() if value is not None}
        answered = questions.answer(store, number or 0, choice, me(), given)
    if as_json:
        show.as_json({"question": answered.id, "job": job, "answer": choice})
    else:
        show.say(f"{found.shown}: {answered.title}: {dict(answered.choices)[choice]}")
    return DONE


def edit(*, job: int, due: str | None, db: str | None, as_json: bool, **given: Any) -> int:
    if due is None and all(value is None for value in given.values()):
        raise click.UsageError("say what to change, with --title, --note, --due or --priority")
    with opened(db) as store:
        told([requests.edit(store, job, me(), due=due, **given)], as_json, "edit")
    return DONE


def do(name: str, *, jobs: tuple[int, ...], db: str | None, as_json: bool) -> int:
    with opened(db) as store:
        told([DOING[name](store, job, me()) for job in jobs], as_json, name)
    return DONE


def hold(name: str, *, jobs: tuple[int, ...], whole: str | None, db: str | None, as_json: bool) -> int:
    if bool(jobs) == (whole is not None):
        raise click.UsageError(f"say what to {name}: jobs by their numbers, or a queue with --queue NAME")
    with opened(db) as store:
        if whole is None:
            told([HOLDING[name](store, job, me()) for job in jobs], as_json, name)
            return DONE
        if name == "pause":
            pausing.pause_queue(store, whole, me())
        else:
            pausing.resume_queue(store, whole)
        paused = pausing.paused_queues(store)
    if as_json:
        show.as_json({"paused": paused})
    else:
        show.say(f"queue {whole} {'is paused' if whole in paused else 'goes on'}")
    return DONE


def told(jobs: list[Job], as_json: bool, what: str) -> None:
    """Says how jobs stand now."""
    if as_json:
        show.as_json({"jobs": [dataclasses.asdict(job) for job in jobs]})
        return
    for job in jobs:
        show.say(
            f"{what}: {job.shown}, {stand(job.state, job.wanted, job.progress)}"
            if what == "added"
            else f"{job.shown}: {stand(job.state, job.wanted, job.progress)}"
        )


def back_up(*, to: Path, db: str | None, as_json: bool) -> int:
    with opened(db) as store:
        count = store.backup(to)
    if as_json:
        show.as_json({"file": str(to), "bytes": count})
    else:
        show.say(f"{to}: {show.size(count)}")
    return DONE

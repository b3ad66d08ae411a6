"""`render queue show` and `render queue history`."""

import dataclasses
import time
from collections.abc import Iterator

from hardware.plurals import counted
from renderer.cli import printing
from renderer.cli.codes import DONE
from renderer.cli.queue.database import opened
from renderer.cli.queue.status_text import status_text
from renderer.studio.queue import ink_supply, listing, records
from renderer.studio.queue.job_fields import LISTED
from renderer.studio.queue.records import Job, folder_of
from renderer.studio.queue.states import LEASED, state_text


def show_job(*, job: int, db: str | None, as_json: bool) -> int:
    """Print everything about a job. Raises StudioError if there is no such job."""
    with opened(db) as store:
        with store.read() as connection:
            found, asked = records.find(connection, job), records.open_question(connection, job)
            events = records.history(connection, job)
            used_m = ink_supply.used_m(connection, found.machine)
        plots = [each for each in listing.listed(store, kind="plot") if each.machine == found.machine]
    empty = [each for each in ink_supply.pens_running_dry(plots, used_m) if each.job == job]
    if as_json:
        question = dataclasses.asdict(asked) if asked else None
        document = {"job": records.as_json(found), "question": question, "dry": [dataclasses.asdict(e) for e in empty]}
        printing.as_json(document | {"events": [dataclasses.asdict(event) for event in events]})
        return DONE
    lines = [*_fact_lines(found), *(_dry_pen_line(each) for each in empty), *(_question_lines(asked) if asked else ())]
    printing.data("\n".join([*lines, *(_event_line(event) for event in events)]))
    return DONE


def _fact_lines(job: Job) -> Iterator[str]:
    yield f"{job.shown}: {status_text(job.state, job.wanted, job.progress)}"
    facts = {
        "from": job.source, "changes": " ".join(job.changes), "note": job.note,
        **{field.name: field.text(getattr(job, field.name)) for field in LISTED},
        "into": str(folder_of(job)) if job.kind == "render" else "", "machine": job.machine,
        "priority": str(job.priority) if job.priority else "", "worker": job.worker,
        "tries": str(job.tries) if job.tries > 1 else "", "error": job.error, "now": job.progress.get("text", ""),
        "minutes": f"{job.result['minutes']:.1f}" if job.result.get("minutes") else "",
        "left": printing.clock(job.progress["left_s"]) if job.state in LEASED and "left_s" in job.progress else "",
    }  # fmt: skip
    yield from (f"  {name:<8} {text}" for name, text in facts.items() if text)
    for pen in job.result.get("pens", ()):
        drawn = f"{counted(pen['strokes'], 'stroke')}, {pen['metres']:.2f} m, {pen['minutes']:.1f} min"
        yield f"  pen      {pen['name']}: {drawn}"


def _dry_pen_line(empty: ink_supply.DryPen) -> str:
    return (
        f"  warning  pen {empty.pen} will run dry in this plot, number {empty.nth} of those that use it"
        f" (it lasts {empty.lasts_m:g} m and has {empty.metres:g} m to draw by then)"
    )


def _question_lines(asked: records.Question) -> Iterator[str]:
    yield f"  asks     {asked.title}: {asked.said}"
    for key, label in asked.choices:
        yield f"           render queue answer {asked.job} {key}".ljust(48) + f"  {label}"


def show_history(*, job: int | None, db: str | None, as_json: bool) -> int:
    """Print the history of a job, or of all jobs. Raises StudioError if the queue cannot be opened."""
    with opened(db) as store, store.read() as connection:
        events = records.history(connection, job)
    if as_json:
        printing.as_json({"events": [dataclasses.asdict(event) for event in events]})
    elif events:
        printing.data("\n".join(_event_line(event, job is None) for event in events))
    else:
        printing.say("nothing has happened yet" if job is None else f"the history has no job {job}")
    return DONE


def _event_line(event: records.JobEvent, named: bool = False) -> str:
    at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(event.at))
    which = f"{event.job} {event.what}: " if named else ""
    changed = f"{state_text(event.after) or 'removed'}, " if event.before != event.after else ""
    return f"  {at}  {which}{changed}{event.why} ({event.who})"

"""What the buttons do. Each function takes the inputs of a form, changes the queue and returns a sentence for people.

All raise Denied if the role of the session does not allow it, StudioError if a value is not allowed, and Refused if the
state of the job does not allow it. Nothing here touches a port.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

from renderer.specfile.files import PICTURE_SUFFIXES, YAML_SUFFIXES
from renderer.studio.page import queue_views, uploaded_specs
from renderer.studio.page.access import Session
from renderer.studio.page.folders import Folders, NotFound
from renderer.studio.page.upload_checks import check_picture
from renderer.studio.queue import pausing, questions, records, requests, submission
from renderer.studio.queue.job_fields import ADDED, EDITED, Fields
from renderer.studio.queue.order import Where
from renderer.studio.queue.records import Job
from renderer.studio.queue.states import LEASED, Refused, StudioError, state_text
from renderer.studio.queue.store import Store

Form = Mapping[str, str]
MOST_TEXT = 500  # characters of a title or a note
MOST_NUDGE_MM = 20.0
MOST_ADDED = 1000  # jobs at once
UNSEEN = r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+"  # nor reversed text
BY_NAME: dict[str, Callable[[Store, int, str], Job]] = {
    "pause": requests.pause, "resume": requests.resume, "release": requests.resume, "cancel": requests.cancel,
    "copy": requests.copy, "retry": requests.retry, "remove": requests.remove, "emergency": requests.emergency,
}  # fmt: skip


class Denied(StudioError):
    """An action that the role of this session does not allow. HTTP status 403."""


@dataclass(frozen=True)
class ActionContext:
    """The queue and its folders."""

    store: Store
    folders: Folders


def need(session: Session, role: str, what: str) -> None:
    """Raise Denied unless the session may do what this role may."""
    if not session.may(role):
        raise Denied(
            f"to {what}, open the link of the {role}; this page was opened with the link of the {session.role}"
        )


# --- jobs ---


def add(context: ActionContext, session: Session, form: Form) -> str:
    """Add a spec of the folder: its renders, and their plots if the form asks for them.

    Raises NotFound if there is no such spec, and the errors of `submission.new_jobs`.
    """
    need(session, "curator", "add works")
    path = context.folders.spec(text_of(form, "spec"))
    wanted = _wanted(context.folders, form, changes=_changes(form), plot="plot" in form)
    return _added(context, session, path, wanted)


def plot(context: ActionContext, session: Session, number: int, form: Form) -> str:
    """Add plots of a finished render. Raises Refused if the render is not done, and as `add` does."""
    need(session, "curator", "add plots")
    with context.store.read() as connection:
        job = records.find(connection, number)
    if job.kind != "render" or job.state != "done":
        raise Refused(f"job {number} is {state_text(job.state)}; only a finished render can be plotted")
    drawing = context.folders.work_file(str(job.result.get("folder", "")), "drawing.svg")
    wanted = _wanted(context.folders, {"title": job.title, **form}, changes=(), plot=True)
    return _added(context, session, drawing.parent, wanted)


def plot_drawing(
    context: ActionContext, session: Session, path: Path, machine: Path, preview: tuple[str, bytes], form: Form
) -> str:
    """Add plots of a drawing that is a file, with a picture of it as media type and content."""
    need(session, "curator", "add plots")
    wanted = replace(_wanted(context.folders, form, changes=(), plot=True), machine=machine)
    new = [(None, [replace(plot, preview=preview) for plot in plots]) for _, plots in submission.new_jobs(path, wanted)]
    return f"added {_listed(requests.add_all(context.store, new, session.who))}"


def _added(context: ActionContext, session: Session, path: Path, wanted: submission.JobOptions) -> str:
    """Add jobs, but not more at once than a person can have meant. Raises StudioError."""
    new, count = [], 0
    for render, plots in submission.new_jobs(path, wanted):
        new.append((render, plots))
        count += (render is not None) + len(plots)
        if count > MOST_ADDED:
            raise StudioError(
                f"this would add more than {MOST_ADDED} jobs; add fewer sheets, or a matrix with fewer works"
            )
    return f"added {_listed(requests.add_all(context.store, new, session.who))}"


def _wanted(folders: Folders, form: Form, *, changes: tuple[str, ...], plot: bool) -> submission.JobOptions:
    machine = text_of(form, "machine")
    return submission.JobOptions(
        changes=changes, out=folders.out, draft="draft" in form, plot=plot,
        machine=folders.machine(machine) if machine else None,
        edition=whole_of(form, "edition", 1, 1000), within=folders.specs, **_fields(form, ADDED),
    )  # fmt: skip


def _changes(form: Form) -> tuple[str, ...]:
    """Changes to the spec, one on each line: `layers.0.steps=50`."""
    lines = (re.sub(UNSEEN, " ", text).strip() for text in form.get("changes", "").splitlines())
    return tuple(line for line in lines if line)


def _listed(made: list[Job]) -> str:
    shown = ", ".join(job.shown for job in made[:3])
    return shown + (f" and {len(made) - 3} more" if len(made) > 3 else "")


def do(context: ActionContext, session: Session, number: int, name: str, _: Form) -> str:
    """Carry out one of BY_NAME on a job."""
    with context.store.read() as connection:
        job = records.find(connection, number)
    if job.kind == "plot" and (job.state in LEASED or job.state == "needs_attention" or name == "emergency"):
        need(session, "operator", "steer a machine")
    need(session, "curator", "change the queue")
    done = BY_NAME[name](context.store, number, session.who)
    if name == "copy":
        return f"added {done.shown}"
    if name == "remove":
        return f"{done.shown}: removed from the list"
    return f"{done.shown}: {state_text(done.state)}" + (f", {done.wanted} requested" if done.wanted else "")


def move(context: ActionContext, session: Session, number: int, form: Form) -> str:
    """Move a job in the queue. Raises StudioError if `where` is not a place, and Refused."""
    need(session, "curator", "change the order")
    where = text_of(form, "where")
    if where not in get_args(Where):
        raise StudioError(f"where: {where!r} is not one of {', '.join(get_args(Where))}")
    other = whole_of(form, "other", 1, 2**31 - 1) if where in {"before", "after"} else None
    return f"{requests.move(context.store, number, where, other, session.who).shown}: moved"  # type: ignore[arg-type]


def edit(context: ActionContext, session: Session, number: int, form: Form) -> str:
    """Change the title, the note and other fields of a job."""
    need(session, "curator", "change the queue")
    return f"{requests.edit(context.store, number, session.who, **_fields(form, EDITED)).shown}: changed"


# --- machines ---


def answer(context: ActionContext, session: Session, number: int, form: Form) -> str:
    """Answer a question of a plot. Raises Refused if it is already answered or closed."""
    need(session, "operator", "answer for a machine")
    numbers = {axis: number_of(form, axis, MOST_NUDGE_MM) for axis in "xy" if form.get(axis)}
    if form.get("z"):
        numbers["z"] = number_of(form, "z", _height_step(context, number))
    asked = questions.answer(context.store, number, text_of(form, "choice"), session.who, numbers)
    return f"{asked.title}: {dict(asked.choices)[text_of(form, 'choice')]}"


def _height_step(context: ActionContext, number: int) -> float:
    """The most that this question lets a pen rise or fall at once, so that it is not driven into the table."""
    with context.store.read() as connection:
        return float(questions.find_question(connection, number).about.get("z_step") or 0.0)


def hold(context: ActionContext, session: Session, name: str, form: Form) -> str:
    """Pause or resume the queue of renders or of a machine. Raises NotFound if there is no such machine."""
    need(session, "curator" if name == "render" else "operator", f"pause or resume the queue of {name[:80]}")
    with context.store.read() as connection:
        if name not in {"render", *queue_views.machine_names(connection)}:
            raise NotFound("there is no such machine")
    if "go" in form:
        pausing.resume_queue(context.store, name)
        return f"the queue of {name} has been resumed"
    pausing.pause_queue(context.store, name, session.who, text_of(form, "why"))
    return f"the queue of {name} is paused"


def upload(context: ActionContext, session: Session, name: str, content: bytes) -> str:
    """Save an upload and return its path within the specs. Raises StudioError if it is not a spec or a picture."""
    need(session, "curator", "upload")
    place = context.folders.upload_place(name, content)
    if not content:
        raise StudioError(f"{name[:80]!r} is empty")
    is_picture = place.suffix.lower() in PICTURE_SUFFIXES
    small = uploaded_specs.thumbnail_of(place)
    context.folders.save(place, content, (lambda path: check_picture(path, small)) if is_picture else None)
    saved = place.relative_to(context.folders.specs).as_posix()
    is_spec = place.suffix.lower() in YAML_SUFFIXES
    wrong = uploaded_specs.faults(place, context.folders) if is_spec else ""
    return f"{saved}\n{wrong}" if wrong else saved


def change_spec(context: ActionContext, session: Session, name: str, form: Form) -> str:
    """Save an uploaded spec and return what is wrong with it. Raises NotFound."""
    need(session, "curator", "change specs")
    wrong = uploaded_specs.change(context.store, context.folders, name, form.get("text", ""), session.who)
    return f"{name} is saved, and has faults:\n{wrong}" if wrong else f"{name} is saved; it has no faults"


def remove_spec(context: ActionContext, session: Session, name: str, _: Form) -> str:
    """Remove an uploaded spec. Raises NotFound, and Refused if a job needs it."""
    need(session, "curator", "remove specs")
    uploaded_specs.remove(context.store, context.folders, name, session.who)
    return f"{name} is removed"


# --- fields ---


def _fields(form: Form, fields: Fields) -> dict[str, Any]:
    """The fields of a job that a form sets. If a field cannot be empty, an empty input does not set it."""
    values = {field.name: field.from_form(text_of(form, field.name)) for field in fields if field.on_page}
    return {name: value for name, value in values.items() if value is not None}


def text_of(form: Form, name: str) -> str:
    """An input as one line. Raises StudioError if it is too long."""
    text = re.sub(UNSEEN, " ", form.get(name, "")).strip()
    if len(text) > MOST_TEXT:
        raise StudioError(f"{name}: {len(text)} characters are too many; at most {MOST_TEXT} are allowed")
    return text


def whole_of(form: Form, name: str, least: int, most: int) -> int:
    """An input as a whole number; 1 if it is empty. Raises StudioError."""
    text = form.get(name, "").strip()
    try:
        value = int(text) if text else 1
    except ValueError:
        value = least - 1
    if not least <= value <= most:
        raise StudioError(f"{name}: {text[:20]!r} is not a whole number from {least} to {most}")
    return value


def number_of(form: Form, name: str, most: float) -> float:
    """An input as a number up to this size. Raises StudioError."""
    text = form[name].strip()
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not abs(value) <= most:
        raise StudioError(f"{name}: {text[:20]!r} is not a number from {-most:g} to {most:g}")
    return value

"""What people may change of a job that is there: its title, note, due date and priority."""

from datetime import date
from typing import Any

from renderer.studio.queue.records import Job
from renderer.studio.queue.states import ENDED, Refused, StudioError, state_text

PRIORITIES = range(-100, 101)


def checked_changes(job: Job, given: dict[str, Any]) -> dict[str, Any]:
    """Of the values that are given, those that are new. StudioError where one cannot be; Refused where it is too late.

    None of a field: it stays as it is.
    """
    values = {name: value for name, value in given.items() if value is not None}
    if "title" in values:
        values["title"] = str(values["title"]).strip()
        if not values["title"]:
            raise StudioError(f"job {job.id} needs a title; give a text that is not empty")
    if values.get("due"):
        values["due"] = _day(values["due"])
    if "priority" in values and values["priority"] not in PRIORITIES:
        raise StudioError(f"priority {values['priority']}: is not in {PRIORITIES[0]} to {PRIORITIES[-1]}")
    new = {name: value for name, value in values.items() if value != getattr(job, name)}
    if "priority" in new and job.state in ENDED:
        raise Refused(f"job {job.id} is {state_text(job.state)}; its priority matters no more")
    return new


def _day(text: str) -> str:
    """`2026-12-01`, checked. StudioError."""
    try:
        if len(text) == len("2026-12-01"):
            return date.fromisoformat(text).isoformat()
    except ValueError:
        pass
    raise StudioError(f"due {text!r}: is no date; write it as in 2026-12-01")


def described(job: Job, new: dict[str, Any]) -> str:
    """`title from 'A' to 'B', due from nothing to 2026-12-01`."""
    return "changed: " + ", ".join(
        f"{name} from {_shown(name, getattr(job, name))} to {_shown(name, value)}" for name, value in new.items()
    )


def _shown(name: str, value: Any) -> str:
    if value == "":
        return "nothing"
    return repr(value) if name in {"title", "note"} else str(value)

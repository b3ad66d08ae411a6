"""Changes to the fields that people set on a job (`job_fields`)."""

from typing import Any

from renderer.studio.queue.job_fields import BY_NAME, FIELDS
from renderer.studio.queue.records import Job
from renderer.studio.queue.states import ENDED, Refused, StudioError, state_text


def checked_changes(job: Job, given: dict[str, Any]) -> dict[str, Any]:
    """The values that differ from those of the job, by field. A field that is given as None stays as it is.

    Raises StudioError if there is no such field or its value is not allowed, and Refused if it is too late.
    """
    for name in given.keys() - BY_NAME.keys():
        raise StudioError(f"{name}: a job has no such field; it has {', '.join(BY_NAME)}")
    values = {field.name: field.checked(given[field.name]) for field in FIELDS if given.get(field.name) is not None}
    new = {name: value for name, value in values.items() if value != getattr(job, name)}
    if "priority" in new and job.state in ENDED:
        raise Refused(f"job {job.id} is {state_text(job.state)}; its priority no longer matters")
    return new


def described(job: Job, new: dict[str, Any]) -> str:
    """`title from 'A' to 'B', due from nothing to 2026-12-01`."""
    return "changed: " + ", ".join(
        f"{name} from {BY_NAME[name].history_text(getattr(job, name))} to {BY_NAME[name].history_text(value)}"
        for name, value in new.items()
    )

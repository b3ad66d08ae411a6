"""What a request gives: the number of a job, the inputs of a form."""

from urllib.parse import parse_qsl

from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.requests import Request

from renderer.studio.page.folders import NotFound
from renderer.studio.queue import records
from renderer.studio.queue.records import Job
from renderer.studio.queue.states import StudioError

MOST_FIELDS = 100


def number_in(request: Request) -> int:
    """The number of the job or question in the address. Raises NotFound if it is too large for the table."""
    number = int(request.path_params["job"])
    if number >= 2**31:
        raise NotFound("there is no such job")
    return number


def found_job(connection: Connection, number: int) -> Job:
    """The job with this number. Raises NotFound."""
    try:
        return records.find(connection, number)
    except StudioError as error:
        raise NotFound(str(error)) from error


async def form_in(request: Request) -> dict[str, str]:
    """The inputs of a form. Raises HTTPException if there are too many."""
    text = (await request.body()).decode("utf-8", "replace")
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except ValueError as error:
        raise HTTPException(400, f"a form can have at most {MOST_FIELDS} inputs") from error

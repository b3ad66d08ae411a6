"""The inputs of a form in a request."""

from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

MOST_FIELDS = 100


async def form_of(request: Request) -> dict[str, str]:
    """The inputs of a form. Raises HTTPException if there are too many."""
    text = (await request.body()).decode("utf-8", "replace")
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except ValueError as error:
        raise HTTPException(400, f"a form can have at most {MOST_FIELDS} inputs") from error

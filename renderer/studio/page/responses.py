"""Answers in words: a sentence for the page's script, a small page for whoever typed an address or has no script."""

import re
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

HEADINGS = {
    200: "Done", 400: "That was not understood", 401: "This page is closed", 403: "That is not allowed",
    404: "There is nothing here", 405: "Not this way", 408: "Too slow", 409: "Not any more", 413: "Too much",
    422: "That does not work", 500: "Something went wrong", 503: "Too busy",
}  # fmt: skip
NOTHING = "The address is mistyped, or the work was taken out of the list."
_TEMPLATES = Environment(
    loader=PackageLoader("renderer.studio.page", "templates"), autoescape=True, undefined=StrictUndefined
)


def text_response(headers: Headers, text: str, status: int, back: str = "", **more: str) -> Response:
    """This text, as whoever asks can show it. `back`: the address to which a page leads on; `more`: headers."""
    if "hx-request" in headers or "text/html" not in headers.get("accept", ""):
        return PlainTextResponse(f"{text}\n", status, more)
    heading = HEADINGS.get(status, HEADINGS[400])
    page = _TEMPLATES.get_template("error.html.j2").render(heading=heading, text=text, back=back)
    return HTMLResponse(page, status, more)


def done_response(request: Request, said: str) -> Response:
    """Where the page asked, a sentence; else a browser without script, which goes back to where it was."""
    if "hx-request" in request.headers or request.method == "PUT":
        return PlainTextResponse(said)
    return RedirectResponse(form_page(request), 303)


def form_page(request: Request) -> str:
    """The view on which a form was sent."""
    came = urlsplit(request.headers.get("referer", "/")).path
    return came if re.fullmatch(r"(/[\w.%~-]+)+", came) else "/"


async def http_error(request: Request, error: Exception) -> Response:
    """What no route takes, and what is not there: which of the two is not told."""
    status, more = (error.status_code, error.headers) if isinstance(error, HTTPException) else (404, None)
    text = NOTHING if status == 404 else str(getattr(error, "detail", ""))
    return text_response(request.headers, text, status, "/", **(more or {}))


async def database_error(request: Request, error: Exception) -> Response:
    """The database does not answer; the browser asks again once it does."""
    why = str(getattr(error, "orig", None) or type(error).__name__).strip().splitlines()[0]
    return text_response(
        request.headers, f"The queue's database does not answer ({why}); look again in a moment.", 503, "/"
    )


async def unexpected_error(request: Request, _: Exception) -> Response:
    """A bug: its trace is in the log."""
    return text_response(request.headers, "The page failed; the terminal of render serve has the details.", 500, "/")

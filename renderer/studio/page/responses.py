"""Answers: a sentence for the page's script, or a small page for a browser without script or a typed address."""

import re
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

HEADINGS = {
    200: "Done", 400: "That was not understood", 401: "This page is closed", 403: "That is not allowed",
    404: "There is nothing here", 405: "Not this way", 408: "Too slow", 409: "Not any more", 413: "Too large",
    422: "That does not work", 500: "Something went wrong", 503: "Too busy",
}  # fmt: skip
# Headers of files that others have made: they run nothing and load nothing
SANDBOX = {"Content-Security-Policy": "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox"}
NOTHING = "The address is wrong, or the work was removed from the list."
_TEMPLATES = Environment(
    loader=PackageLoader("renderer.studio.page", "templates"), autoescape=True, undefined=StrictUndefined
)


def without_folders(text: str) -> str:
    """The text with the names of files in place of their absolute paths. Addresses in the web stay."""
    return re.sub(r"(?<![\w.:/~-])(?:[A-Za-z]:[\\/]|/)(?:[^\s/\\:;,'\"()]+[\\/])+", "", text)


def text_response(headers: Headers, text: str, status: int, back: str = "", **more: str) -> Response:
    """A text as a sentence or as a page, as the request can show it. `back`: a link on the page; `more`: headers."""
    if "hx-request" in headers or "text/html" not in headers.get("accept", ""):
        return PlainTextResponse(f"{text}\n", status, more)
    heading = HEADINGS.get(status, HEADINGS[400])
    page = _TEMPLATES.get_template("error.html.j2").render(heading=heading, text=text, back=back)
    return HTMLResponse(page, status, more)


def done_response(request: Request, said: str) -> Response:
    """A sentence for the page's script; a browser without script goes back to the view of the form."""
    if "hx-request" in request.headers or request.method == "PUT":
        return PlainTextResponse(said)
    return RedirectResponse(form_page(request), 303)


def form_page(request: Request) -> str:
    """The view from which a form was sent."""
    came = urlsplit(request.headers.get("referer", "/")).path
    return came if re.fullmatch(r"(/[\w.%~-]+)+", came) else "/"


async def http_error(request: Request, error: Exception) -> Response:
    """The answer to an address that does not exist or is not shown; it does not say which."""
    status, more = (error.status_code, error.headers) if isinstance(error, HTTPException) else (404, None)
    text = NOTHING if status == 404 else str(getattr(error, "detail", ""))
    return text_response(request.headers, text, status, "/", **(more or {}))


async def denied_error(request: Request, error: Exception) -> Response:
    """The answer to a view that the role of the session does not allow."""
    return text_response(request.headers, str(error), 403, "/")


async def database_error(request: Request, error: Exception) -> Response:
    """The answer if the database does not respond; the browser asks again later."""
    why = str(getattr(error, "orig", None) or type(error).__name__).strip().splitlines()[0]
    return text_response(
        request.headers, f"The queue's database does not answer ({why}); try again in a moment.", 503, "/"
    )


async def unexpected_error(request: Request, _: Exception) -> Response:
    """The answer after a bug; its traceback is in the log."""
    return text_response(request.headers, "The page failed; the terminal of render serve has the details.", 500, "/")

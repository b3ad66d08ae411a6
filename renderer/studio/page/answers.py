"""Answers in words: a sentence for the page's script, a small page for whoever typed an address or has no script."""

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, PlainTextResponse, Response

HEADINGS = {
    200: "Done", 400: "That was not understood", 401: "This page is closed", 403: "Not from here",
    404: "There is nothing here", 405: "Not this way", 408: "Too slow", 409: "Not any more", 413: "Too much",
    422: "That does not work", 500: "Something went wrong", 503: "Too busy",
}  # fmt: skip
_TEMPLATES = Environment(
    loader=PackageLoader("renderer.studio.page", "templates"), autoescape=True, undefined=StrictUndefined
)


def told(headers: Headers, text: str, status: int, back: str = "", **more: str) -> Response:
    """This text, as whoever asks can show it. `back`: the address to which a page leads on; `more`: headers."""
    if "hx-request" in headers or "text/html" not in headers.get("accept", ""):
        return PlainTextResponse(f"{text}\n", status, more)
    heading = HEADINGS.get(status, HEADINGS[400])
    page = _TEMPLATES.get_template("wrong.html.j2").render(heading=heading, text=text, back=back)
    return HTMLResponse(page, status, more)

"""The checks that every request has to pass before it is read, and the headers of every answer.

They stop other sites that use this browser (DNS rebinding, cross-site requests), anyone without a link, and requests
that are too large. Roles are checked later: see `actions`.
"""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import cookie_parser
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from renderer.studio.page.access import Access
from renderer.studio.page.responses import text_response

LOOPBACK = ("127.0.0.1", "localhost", "::1")
OPEN = ("/enter", "/static/", "/healthz")  # shown without a session
FOR_PROGRAMS = ("/metrics", "/history/plots.csv")  # also shown to a program that sends the token of a link
SAFE = {"GET", "HEAD"}
FORM_BYTES = 64 * 1024
BODY_S = 120.0  # until a request must be complete
UPLOAD_BYTES = 20 * 1024 * 1024
CLOSED = "This page opens with a link: render serve prints it, and render serve --links prints it again."
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none';"
    " object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True)
class RequestChecks:
    """ASGI middleware around the whole page."""

    app: ASGIApp
    access: Access
    hosts: frozenset[str]  # host names of the page
    cookie: str  # the name of the cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                carried = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    carried.setdefault(name, value)
            await send(message)

        refused = self._refused(scope, Headers(scope=scope))
        if refused is not None:
            await refused(scope, receive, answer)
        else:
            await self.app(scope, _counted(receive, most_bytes(scope)), answer)

    def _refused(self, scope: Scope, headers: Headers) -> Response | None:
        """The answer to a request that is refused; None if it passes."""
        for why in (self._host(headers), _origin(scope, headers)):
            if why is not None:
                return text_response(headers, why, 403)
        if "transfer-encoding" in headers and "content-length" in headers:  # proxies differ on it
            return text_response(
                headers, "the request has both Content-Length and Transfer-Encoding", 400, Connection="close"
            )
        if not headers.get("content-length", "0").isdigit():
            return text_response(headers, "Content-Length is not a number", 400)
        if int(headers.get("content-length", "0")) > most_bytes(scope):
            return text_response(headers, too_large(most_bytes(scope)), 413, Connection="close")
        session = self.access.session(cookie_parser(headers.get("cookie", "")).get(self.cookie, ""))
        bearer, _, token = headers.get("authorization", "").partition(" ")
        if session is None and bearer.lower() == "bearer" and scope["path"] in FOR_PROGRAMS:
            session = self.access.opened_by(token.strip())
        if session is None and not scope["path"].startswith(OPEN):
            return text_response(headers, CLOSED, 401)
        scope["session_of_page"] = session
        return None

    def _host(self, headers: Headers) -> str | None:
        """Why a host name is refused: another site can let its own name lead here, and a browser would trust it."""
        given = headers.getlist("host")
        name = hostname(given[0]) if len(given) == 1 else None
        if name in self.hosts:
            return None
        shown = given[0] if given else "no name"
        return f"{shown!r} is not a name of this page; render serve --allowed-host NAME adds one"


def _origin(scope: Scope, headers: Headers) -> str | None:
    """Why a request is refused that does not come from this page."""
    site, is_safe = headers.get("sec-fetch-site"), scope["method"] in SAFE
    if is_safe:
        visits = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
        return None if site in {None, "same-origin", "none"} or visits else "other sites cannot use this page"
    own = f"{scope['scheme']}://{headers['host']}"
    if headers.get("origin") != own or site not in {None, "same-origin"}:
        return "only the page itself can send this request"
    return None


def hostname(host: str) -> str | None:
    """The name in `Host: name:port`; None if there is none."""
    try:
        split = urlsplit(f"//{host}")
        split.port  # noqa: B018  raises ValueError if it is not a port
    except ValueError:
        return None
    return None if split.path or split.query or split.fragment or split.username else split.hostname


def most_bytes(scope: Scope) -> int:
    return UPLOAD_BYTES if scope["method"] == "PUT" else FORM_BYTES


def too_large(most: int) -> str:
    return f"more than {most // 1024} KiB is not accepted"


def _counted(receive: Receive, most: int) -> Receive:
    """Receive up to `most` bytes, within BODY_S seconds. Raises HTTPException if more comes or it takes longer."""
    taken, ends, is_complete = 0, time.monotonic() + BODY_S, False

    async def receives() -> Message:
        nonlocal taken, is_complete
        try:
            message = await asyncio.wait_for(receive(), None if is_complete else max(0.0, ends - time.monotonic()))
        except TimeoutError as error:
            raise HTTPException(408, "the request was not complete in time", {"Connection": "close"}) from error
        is_complete = not message.get("more_body", False)
        taken += len(message.get("body", b""))
        if taken > most:
            raise HTTPException(413, too_large(most), {"Connection": "close"})
        return message

    return receives


def with_request_checks(app: ASGIApp, access: Access, names: Iterable[str], cookie: str) -> ASGIApp:
    """The page behind these checks; `names` are host names in addition to those of this machine."""
    return RequestChecks(app, access, frozenset(name.lower() for name in (*LOOPBACK, *names)), cookie)

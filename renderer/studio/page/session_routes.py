"""Sessions: links open them, people give their names and close them."""

from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from renderer.studio.page.access import SESSION_S, Session, clean_name
from renderer.studio.page.page_context import PageContext
from renderer.studio.page.request_inputs import form_in
from renderer.studio.page.responses import done_response, text_response


@dataclass(frozen=True)
class Sessions:
    """The sessions of one page."""

    page: PageContext

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/enter", self.enter),
            Route("/leave", self.leave, methods=["POST"]),
            Route("/me", self.me, methods=["POST"]),
        ]

    def enter(self, request: Request) -> Response:
        """Turn a link into a session. The answer is a page, because browsers drop a strict cookie on a redirect."""
        session = self.page.access.opened_by(request.query_params.get("token", ""))
        if session is None:
            return text_response(
                request.headers,
                "This link is not valid, or no longer; render serve --links prints the current links.",
                401,
            )
        text = self.page.templates.get_template("enter.html.j2").render(role=session.role)
        return self._with_session(request, HTMLResponse(text), session)

    async def me(self, request: Request) -> Response:
        """Set the name for the history. Raises HTTPException if the form has too many inputs."""
        form, session = await form_in(request), request.scope["session_of_page"]
        name = clean_name(form.get("name", ""))
        named = replace(session, name=name)
        answer = done_response(request, f"the history will name you as {named.who}")
        return self._with_session(request, answer, named)

    def leave(self, request: Request) -> Response:
        """Close the session, also for a copy of its cookie."""
        self.page.access.end(request.scope["session_of_page"])
        response = text_response(request.headers, "The session is closed; the link opens the page again.", 200)
        response.delete_cookie(self.page.cookie)
        return response

    def _with_session(self, request: Request, response: Response, session: Session) -> Response:
        response.set_cookie(
            self.page.cookie, self.page.access.cookie(session), max_age=int(SESSION_S), httponly=True,
            samesite="strict", secure=request.url.scheme == "https",
        )  # fmt: skip
        return response

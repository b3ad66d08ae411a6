"""Uploads, and the editor of an uploaded spec: its text, its faults as they are typed, its versions, its draft."""

from collections.abc import Callable
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from renderer.studio.page import actions, uploaded_specs
from renderer.studio.page.access import Session
from renderer.studio.page.action_answers import acted, answered
from renderer.studio.page.actions import ActionContext, Form
from renderer.studio.page.page_context import PageContext
from renderer.studio.page.request_inputs import form_in

SpecAction = Callable[[ActionContext, Session, str, Form], str]


@dataclass(frozen=True)
class SpecRoutes:
    """The views of uploaded specs."""

    page: PageContext

    def routes(self) -> list[BaseRoute]:
        """The addresses."""
        return [
            Route("/uploads/{name}", self.upload, methods=["PUT"]),
            Route("/uploads/{name}", self.uploaded),
            Route("/uploads/{name}/check", self.check, methods=["POST"]),
            Route("/uploads/{name}/save", self.save, methods=["POST"]),
            Route("/uploads/{name}/remove", self.remove, methods=["POST"]),
        ]

    async def upload(self, request: Request) -> Response:
        """Save an upload."""
        content, name = await request.body(), request.path_params["name"]
        return await answered(
            self.page, request, lambda session: actions.upload(self.page.actions, session, name, content)
        )

    def uploaded(self, request: Request) -> Response:
        """An uploaded spec, to be edited or removed; `version` is an earlier text. Raises NotFound."""
        name, number = request.path_params["name"], request.query_params.get("version", "")
        actions.need(request.scope["session_of_page"], "curator", "change specs")
        path = uploaded_specs.place_of(self.page.folders, name)
        self.page.drafts.warm()
        is_earlier = number.isdigit() and len(number) < 8
        present = path.read_text(encoding="utf-8", errors="replace")
        text = uploaded_specs.version_text(path, int(number)) if is_earlier else present
        values = {
            "name": name, "text": text, "faults": uploaded_specs.faults_of(self.page.folders, name, text),
            "versions": uploaded_specs.versions(path), "version": int(number) if is_earlier else None,
            "changed": path.stat().st_mtime_ns,
        }  # fmt: skip
        return self.page.shown(request, "spec", "", lambda _: values)

    async def check(self, request: Request) -> Response:
        """The faults of a text as it is typed, as a part of a page. Raises Denied, NotFound."""
        actions.need(request.scope["session_of_page"], "curator", "change specs")
        text = (await form_in(request)).get("text", "")
        name = request.path_params["name"]
        found = await run_in_threadpool(uploaded_specs.faults_of, self.page.folders, name, text)
        return HTMLResponse(self.page.part("faults", {"faults": found}))

    async def save(self, request: Request) -> Response:
        """Save the text of a spec."""
        return await self._changed(request, actions.change_spec)

    async def remove(self, request: Request) -> Response:
        """Remove a spec."""
        return await self._changed(request, actions.remove_spec)

    async def _changed(self, request: Request, action: SpecAction) -> Response:
        name = request.path_params["name"]
        return await acted(self.page, request, lambda context, session, form: action(context, session, name, form))

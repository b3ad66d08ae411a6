"""From an SVG to a plot: the view in which an uploaded drawing gets its machine and its pens."""

from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Route

from renderer.new_spec import MACHINE
from renderer.studio.page import actions, drawing_choices
from renderer.studio.page.access import Session
from renderer.studio.page.action_answers import acted
from renderer.studio.page.actions import ActionContext, Form
from renderer.studio.page.drawing_choices import named_files
from renderer.studio.page.folders import NotFound
from renderer.studio.page.mapped_drawings import DrawingRequest, MappedDrawing, mapped
from renderer.studio.page.page_context import PageContext
from renderer.studio.page.responses import SANDBOX
from renderer.studio.queue.previews import MEDIA
from renderer.studio.queue.states import StudioError


@dataclass(frozen=True)
class DrawingRoutes:
    """The views of uploaded drawings."""

    page: PageContext

    def routes(self) -> list[BaseRoute]:
        """The addresses."""
        return [
            Route("/drawings/{name}", self.drawing),
            Route("/drawings/{name}/picture", self.picture),
            Route("/drawings/{name}/queue", self.queue, methods=["POST"]),
        ]

    def drawing(self, request: Request) -> Response:
        """A drawing, its pens and its plan. Raises NotFound."""
        self._need(request)
        given, wrong, made = dict(parse_qsl(request.url.query)), "", None
        try:
            made = self._mapped(request, given)
        except NotFound:
            raise
        except StudioError as error:
            wrong = str(error)
        values = {
            "name": request.path_params["name"], "made": made, "wrong": wrong, "query": request.url.query,
            "racks": drawing_choices.racks(self.page.folders), "rack_name": drawing_choices.shown,
            "machines": drawing_choices.machines(self.page.folders),
            "rack": given.get("rack", ""), "fits": "fits" in given,
            "machine": self._machine({} if wrong else given),
        }  # fmt: skip
        return self.page.shown(request, "drawing", "", lambda _: values)

    def picture(self, request: Request) -> Response:
        """The picture of a mapped drawing. Raises NotFound, also if the drawing cannot be mapped."""
        self._need(request)
        try:
            made = self._mapped(request, dict(parse_qsl(request.url.query)))
        except StudioError as error:
            raise NotFound(str(error)) from error
        return FileResponse(made.picture, media_type=MEDIA, headers=SANDBOX)

    async def queue(self, request: Request) -> Response:
        """Add plots of a mapped drawing."""

        def act(context: ActionContext, session: Session, form: Form) -> str:
            actions.need(session, "curator", "add plots")
            given = dict(parse_qsl(form.get("choices", "")))
            made = self._mapped(request, given)
            machine = named_files(self.page.folders, "machines")[self._machine(given)]
            preview = (MEDIA, made.picture.read_bytes())
            title = form.get("title") or request.path_params["name"].rsplit(".", 1)[0]
            return actions.plot_drawing(context, session, made.path, machine, preview, {**form, "title": title})

        return await acted(self.page, request, act)

    def _mapped(self, request: Request, given: Form) -> MappedDrawing:
        """The drawing for these choices. Raises NotFound, StudioError."""
        svg = self.page.folders.uploaded_drawing(request.path_params["name"])
        racks, machines = (named_files(self.page.folders, "pens"), named_files(self.page.folders, "machines"))
        rack = given.get("rack", "")
        if rack and rack not in racks:
            raise StudioError(f"rack: {rack[:60]!r} is not one of those offered here")
        machine = str(machines[self._machine(given)])
        return mapped(
            self.page.folders, DrawingRequest(str(svg), machine, str(racks[rack]) if rack else "", "fits" in given)
        )

    def _machine(self, given: Form) -> str:
        known = drawing_choices.machines(self.page.folders)
        return drawing_choices.known_machine(given.get("machine", MACHINE), known)

    def _need(self, request: Request) -> None:
        """Raises Denied."""
        actions.need(request.scope["session_of_page"], "curator", "add plots")

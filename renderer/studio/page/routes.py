"""The page's addresses. Every session can look; each action says which role it needs (`actions`).

A button posts a form; the answer is a sentence, with the status of the error if there is one. A browser without script
goes back to the view of the form.
"""

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.responses import StreamingResponse as Stream
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from renderer.studio.drafting.draft_worker import DraftWorker
from renderer.studio.page.access import Access
from renderer.studio.page.action_routes import ActionRoutes
from renderer.studio.page.actions import Denied
from renderer.studio.page.change_stream import ChangeStream
from renderer.studio.page.drawing_routes import DrawingRoutes
from renderer.studio.page.file_routes import WorkFiles
from renderer.studio.page.folders import Folders, NotFound
from renderer.studio.page.page_context import PageContext
from renderer.studio.page.page_settings import PageSettings
from renderer.studio.page.page_templates import page_templates
from renderer.studio.page.photo_routes import PhotoRoutes
from renderer.studio.page.request_checks import with_request_checks
from renderer.studio.page.responses import database_error, denied_error, http_error, unexpected_error
from renderer.studio.page.service_routes import Services
from renderer.studio.page.session_routes import Sessions
from renderer.studio.page.spec_routes import SpecRoutes
from renderer.studio.page.view_routes import Views
from renderer.studio.queue.store import Store

USUAL = PageSettings()
DATABASE_ERRORS = (OperationalError, InterfaceError, PoolTimeout)  # faults of the database, not of this program
PARTS = (Views, WorkFiles, Sessions, ActionRoutes, Services, SpecRoutes, PhotoRoutes, DrawingRoutes)  # by theme


class Page:
    """The page of one queue."""

    def __init__(
        self, store: Store, folders: Folders, access: Access, cookie: str, settings: PageSettings = USUAL
    ) -> None:
        self.access, self.cookie = access, cookie
        self.watch = ChangeStream(store)
        self.drafts = DraftWorker()
        self.context = PageContext(store, folders, access, cookie, self.watch, page_templates(), settings, self.drafts)

    def application(self, names: tuple[str, ...] = ()) -> ASGIApp:
        """The application behind its request checks. `names`: the host names for other machines."""
        app = Starlette(
            routes=self._routes(),
            exception_handlers={
                HTTPException: http_error,
                NotFound: http_error,
                Denied: denied_error,
                **dict.fromkeys(DATABASE_ERRORS, database_error),
                Exception: unexpected_error,
            },
        )
        return with_request_checks(app, self.access, names, self.cookie)

    def _routes(self) -> list[BaseRoute]:
        return [Route("/events", self.events), *(route for part in PARTS for route in part(self.context).routes())]

    async def events(self, _: Request) -> Response:
        if self.watch.is_full:
            return PlainTextResponse("too many pages are open\n", 503)
        return Stream(self.watch.listen(), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})

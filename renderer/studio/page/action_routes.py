"""Buttons and uploads: a request becomes an action of `actions`, and its sentence or its error the answer."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from renderer.specfile import SpecErrors
from renderer.studio.page import actions, steering_actions
from renderer.studio.page.access import Session
from renderer.studio.page.actions import ActionContext, Denied, Form
from renderer.studio.page.folders import NotFound
from renderer.studio.page.page_context import PageContext
from renderer.studio.page.request_inputs import form_in, number_in
from renderer.studio.page.responses import done_response, form_page, text_response
from renderer.studio.queue.states import Refused, StudioError

OWN_PACKAGES = ("renderer", "hardware")
Action = Callable[[ActionContext, Session, Form], str]


@dataclass(frozen=True)
class ActionRoutes:
    """The buttons of one page."""

    page: PageContext

    def routes(self) -> list[BaseRoute]:
        buttons = [self.post(f"/pieces/{{job:int}}/{name}", partial(_button_action, name)) for name in actions.BY_NAME]
        return [
            *buttons,
            Route("/uploads/{name}", self.upload, methods=["PUT"]),
            self.post("/uploads/{name}/save", partial(_named_action, actions.change_spec)),
            self.post("/uploads/{name}/remove", partial(_named_action, actions.remove_spec)),
            self.post("/pieces", lambda _: actions.add),
            self.post("/pieces/{job:int}/move", partial(_numbered_action, actions.move)),
            self.post("/pieces/{job:int}/edit", partial(_numbered_action, actions.edit)),
            self.post("/pieces/{job:int}/plot", partial(_numbered_action, actions.plot)),
            self.post("/questions/{job:int}/answer", partial(_numbered_action, actions.answer)),
            self.post("/queues/{name}", partial(_named_action, actions.hold)),
            self.post("/machines/{name}/move", partial(_named_action, steering_actions.steer)),
            self.post("/machines/{name}/new-pen", partial(_named_action, steering_actions.put_in_new)),
            self.post("/machines/{name}/stop", partial(_named_action, steering_actions.stop_move)),
        ]

    def post(self, path: str, action: Callable[[Request], Action]) -> Route:
        """A route whose form is given to the action that a request names."""

        async def endpoint(request: Request) -> Response:
            form, act = await form_in(request), action(request)
            return await self.answered(request, lambda session: act(self.page.actions, session, form))

        return Route(path, endpoint, methods=["POST"])

    async def upload(self, request: Request) -> Response:
        content, name = await request.body(), request.path_params["name"]
        return await self.answered(request, lambda session: actions.upload(self.page.actions, session, name, content))

    async def answered(self, request: Request, act: Callable[[Session], str]) -> Response:
        """Carry out an action; answer with what was done, or why not."""
        try:
            said = await run_in_threadpool(act, request.scope["session_of_page"])
        except Exception as error:
            status = _status(error)
            if status is None:
                raise
            text = str(error).replace(f"{self.page.folders.specs}/", "")  # without the folders of this disk
            return text_response(request.headers, text, status, form_page(request))
        self.page.watch.hurry()
        return done_response(request, said)


def _named_action(action: Callable[[ActionContext, Session, str, Form], str], request: Request) -> Action:
    return lambda context, session, form: action(context, session, request.path_params["name"], form)


def _numbered_action(action: Callable[[ActionContext, Session, int, Form], str], request: Request) -> Action:
    return lambda context, session, form: action(context, session, number_in(request), form)


def _button_action(name: str, request: Request) -> Action:
    return lambda context, session, form: actions.do(context, session, number_in(request), name, form)


def _status(error: Exception) -> int | None:
    """The HTTP status of an error that was foreseen; None for any other."""
    match error:
        case Denied():
            return 403
        case Refused():
            return 409
        case NotFound():
            return 404
        case StudioError() | SpecErrors():
            return 422
    return 422 if type(error).__module__.split(".")[0] in OWN_PACKAGES else None

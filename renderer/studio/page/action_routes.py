"""Buttons: a request becomes an action of `actions`, and its sentence or its error the answer."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from renderer.studio.page import actions, steering_actions
from renderer.studio.page.access import Session
from renderer.studio.page.action_answers import Action, acted
from renderer.studio.page.actions import ActionContext, Form
from renderer.studio.page.page_context import PageContext
from renderer.studio.page.request_inputs import number_in


@dataclass(frozen=True)
class ActionRoutes:
    """The buttons of one page."""

    page: PageContext

    def routes(self) -> list[BaseRoute]:
        buttons = [self.post(f"/pieces/{{job:int}}/{name}", partial(_button_action, name)) for name in actions.BY_NAME]
        return [
            *buttons,
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
            return await acted(self.page, request, action(request))

        return Route(path, endpoint, methods=["POST"])


def _named_action(action: Callable[[ActionContext, Session, str, Form], str], request: Request) -> Action:
    return lambda context, session, form: action(context, session, request.path_params["name"], form)


def _numbered_action(action: Callable[[ActionContext, Session, int, Form], str], request: Request) -> Action:
    return lambda context, session, form: action(context, session, number_in(request), form)


def _button_action(name: str, request: Request) -> Action:
    return lambda context, session, form: actions.do(context, session, number_in(request), name, form)

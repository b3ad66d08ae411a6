"""What a button does, and its answer: a sentence, or the error with its status."""

from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from renderer.specfile import SpecErrors
from renderer.studio.page.access import Session
from renderer.studio.page.actions import ActionContext, Denied, Form
from renderer.studio.page.folders import NotFound
from renderer.studio.page.page_context import PageContext
from renderer.studio.page.request_inputs import form_in
from renderer.studio.page.responses import done_response, form_page, text_response
from renderer.studio.queue.states import Refused, StudioError

OWN_PACKAGES = ("renderer", "hardware")
Action = Callable[[ActionContext, Session, Form], str]


async def acted(page: PageContext, request: Request, action: Action) -> Response:
    """Carry out an action with the inputs of the form; answer with what was done, or why not."""
    form = await form_in(request)
    return await answered(page, request, lambda session: action(page.actions, session, form))


async def answered(page: PageContext, request: Request, act: Callable[[Session], str]) -> Response:
    """Carry out an action; answer with what was done, or why not."""
    try:
        said = await run_in_threadpool(act, request.scope["session_of_page"])
    except Exception as error:
        status = _status(error)
        if status is None:
            raise
        text = str(error).replace(f"{page.folders.specs}/", "")  # without the folders of this disk
        return text_response(request.headers, text, status, form_page(request))
    page.watch.hurry()
    return done_response(request, said)


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

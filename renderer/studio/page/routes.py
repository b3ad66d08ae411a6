"""The page's addresses. Every session can look; each action says which role it needs (`actions`).

Each view is one page, which is fetched again when a mark that it watches changes (`change_stream`). A button posts a
form; the answer is a sentence, with the status of the error if there is one. A browser without script goes back to the
view of the form.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from sqlalchemy import Connection
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.responses import StreamingResponse as Stream
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from renderer.manifest import duration
from renderer.specfile import SpecErrors
from renderer.studio.drafting.draft_worker import DraftWorker
from renderer.studio.page import actions, gallery_works, plans, queue_views, uploaded_specs
from renderer.studio.page.access import SESSION_S, Access, Session, clean_name
from renderer.studio.page.actions import ActionContext, Denied, Form
from renderer.studio.page.change_stream import ChangeStream, marks
from renderer.studio.page.drawing_routes import DrawingRoutes
from renderer.studio.page.folders import Folders, NotFound
from renderer.studio.page.form_input import form_of
from renderer.studio.page.photo_routes import PhotoRoutes
from renderer.studio.page.request_checks import with_request_checks
from renderer.studio.page.responses import (
    SANDBOX,
    database_error,
    denied_error,
    done_response,
    form_page,
    http_error,
    text_response,
    unexpected_error,
    without_folders,
)
from renderer.studio.page.spec_routes import SpecRoutes
from renderer.studio.queue import job_fields, job_pictures, records
from renderer.studio.queue.pausing import pause_reasons
from renderer.studio.queue.records import Job
from renderer.studio.queue.states import Refused, StudioError
from renderer.studio.queue.store import Store

STATIC = Path(__file__).parent / "static"
OWN_PACKAGES = ("renderer", "hardware")
DATABASE_ERRORS = (OperationalError, InterfaceError, PoolTimeout)  # faults of the database, not of this program
Action = Callable[[ActionContext, Session, Form], str]
Values = dict[str, Any]  # of a template


class Page:
    """The page of one queue."""

    def __init__(self, store: Store, folders: Folders, access: Access, cookie: str) -> None:
        self.store, self.access, self.cookie = store, access, cookie
        self.context = ActionContext(store, folders)
        self.folders = folders
        self.watch = ChangeStream(store)
        self.templates = _templates()
        self.drafts = DraftWorker()

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
        def post(path: str, action: Callable[[Request], Action]) -> Route:
            async def endpoint(request: Request) -> Response:
                return await self._acted(request, action(request))

            return Route(path, endpoint, methods=["POST"])

        def number(request: Request, action: Callable[..., str], *more: str) -> Action:
            return lambda context, session, form: action(context, session, _number(request), *more, form)

        buttons = [post(f"/pieces/{{job:int}}/{name}", partial(_button_action, name)) for name in actions.BY_NAME]
        return [
            Route("/", self.queue),
            Route("/pieces/{job:int}", self.piece),
            Route("/pieces/{job:int}/picture/{name}", self.picture),
            Route("/pieces/{job:int}/plan", self.plan),
            Route("/pieces/{job:int}/files/{name}", self.file),
            Route("/machines", self.machines),
            Route("/machines/{name}", self.operator),
            Route("/gallery", self.gallery),
            Route("/gallery/{work}/{name}", self.gallery_file),
            Route("/history", self.history),
            Route("/events", self.events),
            Route("/enter", self.enter),
            Route("/leave", self.leave, methods=["POST"]),
            Route("/me", self.me, methods=["POST"]),
            *SpecRoutes(self.context, self.drafts, self._shown, self._acted, self._answered, self._part).routes(),
            post("/pieces", lambda _: actions.add),
            *buttons,
            post("/pieces/{job:int}/move", lambda request: number(request, actions.move)),
            post("/pieces/{job:int}/edit", lambda request: number(request, actions.edit)),
            post("/pieces/{job:int}/plot", lambda request: number(request, actions.plot)),
            post("/questions/{job:int}/answer", lambda request: number(request, actions.answer)),
            post(
                "/queues/{name}",
                lambda r: lambda context, who, form: actions.hold(context, who, r.path_params["name"], form),
            ),
            *PhotoRoutes(self.context, self.drafts, self._shown, self._acted, self._part).routes(),
            *DrawingRoutes(self.context, self._shown, self._acted).routes(),
            Mount("/static", StaticFiles(directory=STATIC)),
        ]

    # --- views ---

    def queue(self, request: Request) -> Response:
        """The jobs at work, those that wait and those that have ended; here works are added."""

        def values(connection: Connection) -> Values:
            now, waits, past = (
                queue_views.at_work(connection),
                queue_views.waiting(connection),
                queue_views.ended(connection),
            )
            return {
                "at_work": now,
                "waiting": waits,
                "ended": past,
                "thumbs": {job.id: self._picture(connection, job) for job in (*now, *waits.jobs, *past)},
                "paused": pause_reasons(connection),
                "specs": self.folders.spec_names(),
                "uploads": uploaded_specs.uploaded_names(self.folders),
                "machine_files": self.folders.machine_names(),
            }

        return self._shown(request, "queue", "jobs questions machines work", values)

    def piece(self, request: Request) -> Response:
        """One job: its picture, its progress, its pens, its history. Raises NotFound if there is no such job."""
        number = _number(request)

        def values(connection: Connection) -> Values:
            job = _found(connection, number)
            return {
                "job": job,
                "picture": self._picture(connection, job),
                "question": records.open_question(connection, number),
                "events": records.history(connection, number)[::-1],
                "follows": records.find(connection, job.follows) if job.follows else None,
                "plots": queue_views.plots_of(connection, number),
                "dry": [each for each in queue_views.dry_pens(connection, job.machine) if each.job == number],
                "files": self._files(job),
                "machine_files": self.folders.machine_names(),
                **queue_views.pen_usage(job),
            }

        return self._shown(request, "piece", f"jobs questions work:{number}", values)

    def machines(self, request: Request) -> Response:
        """All machines and workers."""

        def values(connection: Connection) -> Values:
            return {"stations": queue_views.stations(connection, self.store.now(connection))}

        return self._shown(request, "machines", "jobs questions machines work", values)

    def operator(self, request: Request) -> Response:
        """One machine, for the person beside it. Raises NotFound if there is no such machine."""

        def values(connection: Connection) -> Values:
            stations = {each.name: each for each in queue_views.stations(connection, self.store.now(connection))}
            station = stations.get(request.path_params["name"])
            if station is None or station.name == "render":
                raise NotFound("there is no such machine")
            comes = next(iter(station.waiting.jobs), None)
            return {
                "station": station,
                "job": station.now,
                "picture": self._picture(connection, station.now or comes),
                "watches": "jobs questions machines" + (f" work:{station.now.id}" if station.now else ""),
            }

        return self._shown(request, "operator", "", values)

    def gallery(self, request: Request) -> Response:
        """Finished works: those of the queue and those in the gallery."""

        def values(connection: Connection) -> Values:
            done = [(job, self._picture(connection, job)) for job in queue_views.finished(connection)]
            return {"done": done, "exhibits": gallery_works.gallery_works(self.folders.gallery)}

        return self._shown(request, "gallery", "jobs", values)

    def history(self, request: Request) -> Response:
        """The history of all jobs, the last event first."""
        return self._shown(
            request, "history", "jobs", lambda connection: {"events": records.history(connection, last=500)[::-1]}
        )

    def _shown(self, request: Request, name: str, watches: str, values: Callable[[Connection], Values]) -> Response:
        """A view with the marks from before it was read, so that later changes are fetched again."""
        with self.store.read() as connection:
            now = marks(connection, self.store.now(connection))
            shown = {"watches": watches, **values(connection), "asking": queue_views.asking(connection)}
        session: Session = request.scope["session_of_page"]
        text = self.templates.get_template(f"{name}.html.j2").render(
            session=session, marks=now, view=name, local=_local(session), **shown
        )
        return HTMLResponse(text)

    def plan(self, request: Request) -> Response:
        """What a render will take: a part of its page that is fetched when a person opens it. Raises NotFound."""
        with self.store.read() as connection:
            job = _found(connection, _number(request))
        try:
            plan = plans.plan_of(job, self.folders)
        except StudioError as error:
            return HTMLResponse(
                self.templates.from_string('<p class="bad">{{ why }}</p>').render(
                    why=_local(request.scope["session_of_page"])(str(error))
                )
            )
        return HTMLResponse(self.templates.get_template("plan.html.j2").render(plan=plan))

    # --- pictures and files ---

    def _picture(self, connection: Connection, job: Job | None) -> str | None:
        """The address of the best picture of a job, if there is one."""
        if job is None:
            return None
        sent = queue_views.picture_of(connection, job)
        return sent or (f"/pieces/{job.id}/files/preview.png" if "preview.png" in self._files(job) else None)

    def picture(self, request: Request) -> Response:
        """A picture that a worker has sent. Raises NotFound if there is none."""
        name = request.path_params["name"]
        found = job_pictures.get(self.store, _number(request), name) if name in job_pictures.NAMES else None
        if found is None:
            raise NotFound("there is no such picture")
        return Response(
            found.content, media_type=found.media, headers={**SANDBOX, "Cache-Control": "private, max-age=3600"}
        )

    def _files(self, job: Job) -> list[str]:
        """Files of a finished work that the page can show."""
        return [name for name in self.folders.shown_files if self.folders.has_work_file(_folder(job), name)]

    def file(self, request: Request) -> Response:
        """A file of a finished work. Raises NotFound."""
        with self.store.read() as connection:
            job = _found(connection, _number(request))
        return FileResponse(self.folders.work_file(_folder(job), request.path_params["name"]), headers=SANDBOX)

    def gallery_file(self, request: Request) -> Response:
        """A file of a work in the gallery. Raises NotFound."""
        path = self.folders.gallery_file(request.path_params["work"], request.path_params["name"])
        return FileResponse(path, headers=SANDBOX | {"Cache-Control": "private, max-age=60"})

    async def events(self, _: Request) -> Response:
        if self.watch.is_full:
            return PlainTextResponse("too many pages are open\n", 503)
        return Stream(self.watch.listen(), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})

    # --- sessions ---

    def enter(self, request: Request) -> Response:
        """Turn a link into a session. The answer is a page, because browsers drop a strict cookie on a redirect."""
        session = self.access.opened_by(request.query_params.get("token", ""))
        if session is None:
            return text_response(
                request.headers,
                "This link is not valid, or no longer; render serve --links prints the current links.",
                401,
            )
        text = self.templates.get_template("enter.html.j2").render(role=session.role)
        return self._with_session(request, HTMLResponse(text), session)

    async def me(self, request: Request) -> Response:
        """Set the name for the history. Raises HTTPException if the form has too many inputs."""
        form, session = await form_of(request), request.scope["session_of_page"]
        name = clean_name(form.get("name", ""))
        named = replace(session, name=name)
        answer = done_response(request, f"the history will name you as {named.who}")
        return self._with_session(request, answer, named)

    def leave(self, request: Request) -> Response:
        """Close the session, also for a copy of its cookie."""
        self.access.end(request.scope["session_of_page"])
        response = text_response(request.headers, "The session is closed; the link opens the page again.", 200)
        response.delete_cookie(self.cookie)
        return response

    def _with_session(self, request: Request, response: Response, session: Session) -> Response:
        response.set_cookie(
            self.cookie, self.access.cookie(session), max_age=int(SESSION_S), httponly=True, samesite="strict",
            secure=request.url.scheme == "https",
        )  # fmt: skip
        return response

    # --- actions ---

    def _part(self, name: str, values: Values) -> str:
        """A part of a page as HTML."""
        return self.templates.get_template(f"{name}.html.j2").render(values)

    async def _acted(self, request: Request, action: Action) -> Response:
        form = await form_of(request)
        return await self._answered(request, lambda session: action(self.context, session, form))

    async def _answered(self, request: Request, act: Callable[[Session], str]) -> Response:
        """Carry out an action; answer with what was done, or why not."""
        try:
            said = await run_in_threadpool(act, request.scope["session_of_page"])
        except Exception as error:
            status = _status(error)
            if status is None:
                raise
            text = str(error).replace(f"{self.folders.specs}/", "")  # without the folders of this disk
            return text_response(request.headers, text, status, form_page(request))
        self.watch.hurry()
        return done_response(request, said)


def _button_action(name: str, request: Request) -> Action:
    return lambda context, session, form: actions.do(context, session, _number(request), name, form)


def _number(request: Request) -> int:
    """The number of the job or question in the address. Raises NotFound if it is too large for the table."""
    number = int(request.path_params["job"])
    if number >= 2**31:
        raise NotFound("there is no such job")
    return number


def _folder(job: Job) -> str:
    """The folder with the files of a job; empty if there is none."""
    return str(job.result.get("folder") or (job.source if job.kind == "plot" else ""))


def _found(connection: Connection, number: int) -> Job:
    try:
        return records.find(connection, number)
    except StudioError as error:
        raise NotFound(str(error)) from error


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


def _local(session: Session) -> Callable[[str], str]:
    """How a session sees a text: only operators see the folders of this disk."""
    return (lambda text: text) if session.may("operator") else without_folders


def _templates() -> Environment:
    made = Environment(
        loader=PackageLoader("renderer.studio.page", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {
        "buttons_for": queue_views.buttons_for,
        "operator_buttons": queue_views.operator_buttons,
        "wanted_pens": queue_views.wanted_pens,
        "curve": queue_views.curve,
        "added_fields": [field for field in job_fields.ADDED if field.on_page],
        "edited_fields": [field for field in job_fields.EDITED if field.on_page],
        "listed_fields": job_fields.LISTED,
    }
    made.filters |= {
        "state_label": queue_views.state_label, "state_colour": queue_views.state_colour, "at": queue_views.moment_text,
        "duration": duration, "noun": job_fields.noun_of, "address": partial(quote, safe=""),
        "capital": lambda text: text[:1].upper() + text[1:],
    }  # fmt: skip
    return made

"""From a photo to a work: the views in which a picture gets its pens, paper, machine and style, and its drafts.

A view is one address: its query has the choices at hand (`drawing_choices`) and the variants beside them, so that it
works without script, can be kept as a bookmark, and is drawn in one way only. Drafts are pictures of their own, which
the browser fetches when the view is there.
"""

import asyncio
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode

from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from renderer.specfile.files import PICTURE_SUFFIXES
from renderer.studio.drafting.draft_worker import MadeDraft
from renderer.studio.page import actions, drawing_choices, uploaded_specs
from renderer.studio.page.access import Session
from renderer.studio.page.action_answers import acted
from renderer.studio.page.actions import ActionContext, Form
from renderer.studio.page.drawing_choices import DrawingChoices, choices_of, compared, spec_request
from renderer.studio.page.folders import DRAWING_SUFFIXES, UPLOADS, Folders
from renderer.studio.page.page_context import PageContext, Values
from renderer.studio.page.responses import SANDBOX, text_response
from renderer.studio.queue.states import Refused, StudioError
from renderer.styles import STYLES

WRITE_S = 120.0  # until a spec must be written; the process may have to start first


@dataclass(frozen=True)
class PhotoRoutes:
    """The views of pictures and of their drafts."""

    page: PageContext

    @property
    def _folders(self) -> Folders:
        return self.page.folders

    def routes(self) -> list[BaseRoute]:
        """The addresses."""
        return [
            Route("/photos", self.photos),
            Route("/photos/{name}", self.photo),
            Route("/photos/{name}/picture", self.picture),
            Route("/photos/{name}/draft", self.draft),
            Route("/photos/{name}/draft.webp", self.draft_picture),
            Route("/photos/{name}/queue", self.queue, methods=["POST"]),
            Route("/photos/{name}/spec", self.spec, methods=["POST"]),
            Route("/photos/{name}/remove", self.remove, methods=["POST"]),
            Route("/uploads/{name}/draft", self.spec_draft),
            Route("/uploads/{name}/draft.webp", self.spec_draft_picture),
        ]

    # --- views ---

    def photos(self, request: Request) -> Response:
        """Where a picture is dropped or taken, and the pictures that are there."""
        _need(request, "upload")
        photos = self._folders.upload_names(PICTURE_SUFFIXES)
        drawings = self._folders.upload_names(DRAWING_SUFFIXES)
        return self.page.shown(request, "photos", "", lambda _: {"photos": photos, "drawings": drawings})

    def photo(self, request: Request) -> Response:
        """A picture, the choices for its drawing, drafts side by side. Raises NotFound."""
        _need(request, "add works")
        name, query = self._photo(request).name, request.url.query
        self.page.drafts.warm()
        wrong = ""
        try:
            choices = choices_of(query, self._folders)
            beside = self._beside(query, choices)
        except StudioError as error:
            choices, beside, wrong = choices_of("", self._folders), (), str(error)
        known = drawing_choices.racks(self._folders)
        values = {
            "name": name, "choices": choices, "beside": beside, "wrong": wrong, "racks": known,
            "machines": drawing_choices.machines(self._folders), "papers": drawing_choices.PAPERS, "styles": STYLES,
            "address": f"/photos/{_address(request)}", "with_beside": _with_beside, "rack_name": drawing_choices.shown,
        }  # fmt: skip
        return self.page.shown(request, "photo", "", lambda _: values)

    def _beside(self, query: str, choices: DrawingChoices) -> tuple[DrawingChoices, ...]:
        """The variants beside the one at hand, each once."""
        given = parse_qsl(query, max_num_fields=200)
        found = [choices_of(text, self._folders) for name, text in given if name == "beside"]
        for name, what in given:
            if name == "compare":
                found += compared(choices, what, self._folders)
        others = [one for one in dict.fromkeys(found) if one != choices]
        return tuple(others[: drawing_choices.MOST_BESIDE])

    def picture(self, request: Request) -> Response:
        """An uploaded picture, small. Raises NotFound."""
        path = self._photo(request)
        small = uploaded_specs.thumbnail_of(path)
        headers = SANDBOX | {"Cache-Control": "private, max-age=3600"}
        return FileResponse(small if small.is_file() else path, headers=headers)

    def _photo(self, request: Request) -> Path:
        return self._folders.photo(request.path_params["name"])

    # --- drafts ---

    async def draft(self, request: Request) -> Response:
        """A draft with what the finished drawing will hold, as a part of a page. Raises NotFound."""
        return await self._drafted(request, self._wanted(request), f"/photos/{_address(request)}/draft.webp")

    async def draft_picture(self, request: Request) -> Response:
        """The picture of a draft. Raises NotFound."""
        return await self._drafted(request, self._wanted(request))

    async def spec_draft(self, request: Request) -> Response:
        """The draft of an uploaded spec. Raises NotFound."""
        return await self._drafted(request, self._wanted_of_spec(request), f"/uploads/{_address(request)}/draft.webp")

    async def spec_draft_picture(self, request: Request) -> Response:
        """The picture of the draft of an uploaded spec. Raises NotFound."""
        return await self._drafted(request, self._wanted_of_spec(request))

    def _wanted(self, request: Request) -> Values | StudioError:
        """The request for the process; the error if a value is wrong. Raises Denied, NotFound."""
        _need(request, "see drafts")
        photo = self._photo(request)
        try:
            choices = choices_of(request.url.query, self._folders)
        except StudioError as error:
            return error
        out = photo.with_suffix(".yaml")
        return {"choices": spec_request(self._folders, photo, choices, out, force=True)}

    def _wanted_of_spec(self, request: Request) -> Values:
        _need(request, "see drafts")
        path = uploaded_specs.place_of(self._folders, request.path_params["name"])
        return {"spec": str(path), "within": str(self._folders.specs), "changed": path.stat().st_mtime_ns}

    async def _drafted(self, request: Request, wanted: Values | StudioError, address: str = "") -> Response:
        """A draft as a part of a page, whose picture has this address, or, without an address, as a picture."""
        try:
            if isinstance(wanted, StudioError):
                raise wanted
            made = self.page.drafts.kept(wanted) or await self._made(request, wanted)
        except StudioError as error:
            status = 409 if isinstance(error, Refused) else 422
            text = str(error).replace(f"{self._folders.specs}/", "")
            return text_response(request.headers, text, status)
        if not address:
            return Response(made.content, media_type=made.media, headers=SANDBOX)
        query = f"?{request.url.query}" if request.url.query else ""
        part = self.page.part(
            "draft", {"draft": made.said, "picture": f"{address}{query}", "session": _session(request)}
        )
        return Response(part, media_type="text/html")

    async def _made(self, request: Request, wanted: Values) -> MadeDraft:
        place = f"{_session(request).id}:{request.query_params.get('place', '')[:20]}:{request.url.path}"
        answer = await asyncio.wrap_future(self.page.drafts.ask(place, wanted))
        return self.page.drafts.keep(wanted, answer)

    # --- what buttons do ---

    async def queue(self, request: Request) -> Response:
        """Write the spec of the choices and add it to the queue."""
        photo = self._photo(request)
        return await acted(self.page, request, lambda context, who, form: self._queued(context, who, photo, form))

    def _queued(self, context: ActionContext, session: Session, photo: Path, form: Form) -> str:
        actions.need(session, "curator", "add works")
        spec = self._written(session, photo, form)
        return actions.add(context, session, {**form, "spec": f"{UPLOADS}/{spec.name}"})

    async def spec(self, request: Request) -> Response:
        """Write the spec of the choices, and show it so that it can be edited."""
        photo, written = self._photo(request), []

        def act(_: ActionContext, session: Session, form: Form) -> str:
            actions.need(session, "curator", "write specs")
            written.append(self._written(session, photo, form).name)
            return f"{written[0]} is written"

        answer = await acted(self.page, request, act)
        return RedirectResponse(f"/uploads/{quote(written[0], safe='')}", 303) if written else answer

    def _written(self, session: Session, photo: Path, form: Form) -> Path:
        """The new spec of the choices in a form. Raises StudioError."""
        choices = choices_of(form.get("choices", ""), self._folders)
        out = uploaded_specs.free_place(photo.with_suffix(".yaml"))
        wanted = {"write": spec_request(self._folders, photo, choices, out, force=False)}
        try:
            answer = self.page.drafts.ask(f"{session.id}:write:{out.name}", wanted).result(WRITE_S)
        except FutureTimeout as error:
            raise StudioError(f"the spec was not written within {WRITE_S:.0f} s; try again") from error
        return Path(answer["spec"])

    async def remove(self, request: Request) -> Response:
        """Remove a picture."""
        photo = self._photo(request)

        def act(context: ActionContext, session: Session, _: Form) -> str:
            actions.need(session, "curator", "remove pictures")
            uploaded_specs.remove_photo(context.folders, photo)
            return f"{photo.name} is removed"

        return await acted(self.page, request, act)


def _need(request: Request, what: str) -> None:
    """Raises Denied."""
    actions.need(_session(request), "curator", what)


def _session(request: Request) -> Session:
    session: Session = request.scope["session_of_page"]
    return session


def _address(request: Request) -> str:
    return quote(request.path_params["name"], safe="")


def _with_beside(choices: DrawingChoices, beside: tuple[DrawingChoices, ...]) -> str:
    """The query of a view: these choices at hand, the others beside them."""
    more = urlencode([("beside", one.query()) for one in dict.fromkeys(beside) if one != choices])
    return choices.query() + (f"&{more}" if more else "")

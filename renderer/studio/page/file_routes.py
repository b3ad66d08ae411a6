"""Pictures and files of works, and the icon, the script and the styles of the page."""

from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from renderer.studio.page.folders import NotFound
from renderer.studio.page.page_context import PageContext, folder_of_files
from renderer.studio.page.request_inputs import found_job, number_in
from renderer.studio.page.responses import SANDBOX
from renderer.studio.queue import job_pictures

STATIC = Path(__file__).parent / "static"


@dataclass(frozen=True)
class WorkFiles:
    """The files that the page shows."""

    page: PageContext

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/pieces/{job:int}/picture/{name}", self.picture),
            Route("/pieces/{job:int}/strokes", self.strokes),
            Route("/pieces/{job:int}/files/{name}", self.file),
            Route("/gallery/{work}/{name}", self.gallery_file),
            Mount("/static", StaticFiles(directory=STATIC)),
        ]

    def picture(self, request: Request) -> Response:
        """A picture that a worker has sent. Raises NotFound if there is none."""
        name = request.path_params["name"]
        found = job_pictures.get(self.page.store, number_in(request), name) if name in job_pictures.NAMES else None
        if found is None:
            raise NotFound("there is no such picture")
        return Response(
            found.content, media_type=found.media, headers={**SANDBOX, "Cache-Control": "private, max-age=3600"}
        )

    def strokes(self, request: Request) -> Response:
        """The strokes of a plot, as `stroke_trace` describes them. Raises NotFound if its worker has sent none."""
        found = job_pictures.get(self.page.store, number_in(request), job_pictures.STROKES)
        if found is None:
            raise NotFound("there are no strokes")
        return Response(found.content, media_type="application/octet-stream", headers={"Content-Encoding": "gzip"})

    def file(self, request: Request) -> Response:
        """A file of a finished work. Raises NotFound."""
        with self.page.store.read() as connection:
            job = found_job(connection, number_in(request))
        return FileResponse(
            self.page.folders.work_file(folder_of_files(job), request.path_params["name"]), headers=SANDBOX
        )

    def gallery_file(self, request: Request) -> Response:
        """A file of a work in the gallery. Raises NotFound."""
        path = self.page.folders.gallery_file(request.path_params["work"], request.path_params["name"])
        return FileResponse(path, headers=SANDBOX | {"Cache-Control": "private, max-age=60"})

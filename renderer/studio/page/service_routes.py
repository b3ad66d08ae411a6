"""For those who run the studio: health, metrics, the history of pens, cameras."""

from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from renderer.studio.page import metrics, plot_history
from renderer.studio.page.cameras import Camera, CameraError
from renderer.studio.page.folders import NotFound
from renderer.studio.page.page_context import PageContext
from renderer.studio.queue import records


@dataclass(frozen=True)
class Services:
    """The addresses of this theme."""

    page: PageContext
    cameras: dict[str, Camera] = field(default_factory=dict)

    def routes(self) -> list[BaseRoute]:
        self.cameras.update({name: Camera(address) for name, address in self.page.settings.cameras.items()})
        return [
            Route("/healthz", self.health),
            Route("/metrics", self.metrics),
            Route("/history/plots", self.plots),
            Route("/history/plots.csv", self.plots_as_csv),
            Route("/machines/{name}/camera", self.camera),
        ]

    def health(self, _: Request) -> Response:
        """Whether the page and its database work. A database that does not answer is status 503."""
        with self.page.store.read() as connection:
            records.history(connection, last=1)
        return JSONResponse({"status": "ok"})

    def metrics(self, _: Request) -> Response:
        """The figures that Prometheus collects."""
        with self.page.store.read() as connection:
            text = metrics.metrics_text(connection, self.page.store.now(connection), self.page.watch.count)
        return PlainTextResponse(text, media_type=metrics.MEDIA)

    def plots(self, request: Request) -> Response:
        """What each pen has drawn, as a table."""
        return self.page.shown(request, "plots", "jobs", lambda connection: {"uses": plot_history.pen_uses(connection)})

    def plots_as_csv(self, _: Request) -> Response:
        """The same for a spreadsheet."""
        with self.page.store.read() as connection:
            text = plot_history.as_csv(plot_history.pen_uses(connection))
        named = {"Content-Disposition": 'attachment; filename="plots.csv"'}
        return PlainTextResponse(text, media_type="text/csv; charset=utf-8", headers=named)

    def camera(self, request: Request) -> Response:
        """A picture of the camera beside a machine. Raises NotFound if it has none."""
        camera = self.cameras.get(request.path_params["name"])
        if camera is None:
            raise NotFound("there is no camera")
        try:
            media, content = camera.picture()
        except CameraError as error:
            return PlainTextResponse(f"{error}\n", 502)
        return Response(content, media_type=media)

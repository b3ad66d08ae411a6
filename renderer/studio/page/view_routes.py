"""The views: each is one page, which is fetched again when a mark that it watches changes (`change_stream`)."""

from dataclasses import dataclass

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from renderer.studio.page import gallery_works, plans, queue_views, uploaded_specs
from renderer.studio.page.folders import NotFound
from renderer.studio.page.page_context import PageContext, Values
from renderer.studio.page.page_templates import local_text
from renderer.studio.page.request_inputs import found_job, number_in
from renderer.studio.queue import records
from renderer.studio.queue.machine_moves import last_move
from renderer.studio.queue.pausing import lost_position, pause_reasons
from renderer.studio.queue.states import StudioError


@dataclass(frozen=True)
class Views:
    """The views of one page."""

    page: PageContext

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/", self.queue),
            Route("/pieces/{job:int}", self.piece),
            Route("/pieces/{job:int}/plan", self.plan),
            Route("/machines", self.machines),
            Route("/machines/{name}", self.operator),
            Route("/gallery", self.gallery),
            Route("/history", self.history),
        ]

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
                "thumbs": {job.id: self.page.picture_of(connection, job) for job in (*now, *waits.jobs, *past)},
                "paused": pause_reasons(connection),
                "specs": self.page.folders.spec_names(),
                "uploads": uploaded_specs.uploaded_names(self.page.folders),
                "machine_files": self.page.folders.machine_names(),
            }

        return self.page.shown(request, "queue", "jobs questions machines work", values)

    def piece(self, request: Request) -> Response:
        """One job: its picture, its progress, its pens, its history. Raises NotFound if there is no such job."""
        number = number_in(request)

        def values(connection: Connection) -> Values:
            job = found_job(connection, number)
            return {
                "job": job,
                "picture": self.page.picture_of(connection, job),
                "has_strokes": queue_views.has_strokes(connection, number),
                "question": records.open_question(connection, number),
                "events": records.history(connection, number)[::-1],
                "follows": records.find(connection, job.follows) if job.follows else None,
                "plots": queue_views.plots_of(connection, number),
                "dry": [each for each in queue_views.dry_pens(connection, job.machine) if each.job == number],
                "files": self.page.files_of(job),
                "machine_files": self.page.folders.machine_names(),
                **queue_views.pen_usage(job),
            }

        return self.page.shown(request, "piece", f"jobs questions work:{number}", values)

    def machines(self, request: Request) -> Response:
        """All machines and workers."""

        def values(connection: Connection) -> Values:
            return {"stations": queue_views.stations(connection, self.page.store.now(connection))}

        return self.page.shown(request, "machines", "jobs questions machines work", values)

    def operator(self, request: Request) -> Response:
        """One machine, for the person beside it. Raises NotFound if there is no such machine."""

        def values(connection: Connection) -> Values:
            name = request.path_params["name"]
            if name not in queue_views.machine_names(connection):
                raise NotFound("there is no such machine")
            workers = queue_views.all_workers(connection, self.page.store.now(connection))
            station = queue_views.station(connection, name, workers)
            comes = next(iter(station.waiting.jobs), None)
            return {
                "station": station,
                "has_camera": station.name in self.page.settings.cameras,
                "lost": lost_position(connection, station.name),
                "move_of": last_move(connection, station.name),
                "job": station.now,
                "picture": self.page.picture_of(connection, station.now or comes),
                "has_strokes": station.now is not None and queue_views.has_strokes(connection, station.now.id),
                "events": records.history(connection, station.now.id, last=40)[::-1] if station.now else [],
                "watches": "jobs questions machines" + (f" work:{station.now.id}" if station.now else ""),
            }

        return self.page.shown(request, "operator", "", values)

    def gallery(self, request: Request) -> Response:
        """Finished works: those of the queue and those in the gallery."""

        def values(connection: Connection) -> Values:
            done = [(job, self.page.picture_of(connection, job)) for job in queue_views.finished(connection)]
            return {"done": done, "exhibits": gallery_works.gallery_works(self.page.folders.gallery)}

        return self.page.shown(request, "gallery", "jobs", values)

    def history(self, request: Request) -> Response:
        """The history of all jobs, the last event first."""
        return self.page.shown(
            request, "history", "jobs", lambda connection: {"events": records.history(connection, last=500)[::-1]}
        )

    def plan(self, request: Request) -> Response:
        """What a render will take: a part of its page that is fetched when a person opens it. Raises NotFound."""
        with self.page.store.read() as connection:
            job = found_job(connection, number_in(request))
        try:
            plan = plans.plan_of(job, self.page.folders)
        except StudioError as error:
            return HTMLResponse(
                self.page.templates.from_string('<p class="bad">{{ why }}</p>').render(
                    why=local_text(request.scope["session_of_page"])(str(error))
                )
            )
        return HTMLResponse(self.page.templates.get_template("plan.html.j2").render(plan=plan))

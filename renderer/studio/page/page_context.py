"""What all parts of the page share: the queue, the folders, the links, the templates; and how a view is drawn."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from renderer.studio.drafting.draft_worker import DraftWorker
from renderer.studio.page import queue_views
from renderer.studio.page.access import Access, Session
from renderer.studio.page.actions import ActionContext
from renderer.studio.page.change_stream import ChangeStream, marks
from renderer.studio.page.folders import Folders
from renderer.studio.page.page_settings import PageSettings
from renderer.studio.page.page_templates import local_text
from renderer.studio.queue.records import Job
from renderer.studio.queue.store import Store

Values = dict[str, Any]  # of a template


@dataclass(frozen=True)
class PageContext:
    """The page of one queue."""

    store: Store
    folders: Folders
    access: Access
    cookie: str  # its name
    watch: ChangeStream
    templates: Environment
    settings: PageSettings
    drafts: DraftWorker

    @property
    def actions(self) -> ActionContext:
        """What the buttons work on."""
        return ActionContext(self.store, self.folders)

    def shown(self, request: Request, name: str, watches: str, values: Callable[[Connection], Values]) -> Response:
        """A view with the marks from before it was read, so that later changes are fetched again."""
        with self.store.read() as connection:
            now = marks(connection, self.store.now(connection))
            shown = {
                "watches": watches,
                **values(connection),
                **queue_views.asked_of(connection),
            }
        session: Session = request.scope["session_of_page"]
        text = self.templates.get_template(f"{name}.html.j2").render(
            session=session, marks=now, view=name, local=local_text(session), **shown
        )
        return HTMLResponse(text)

    def part(self, name: str, values: Values) -> str:
        """A part of a view as HTML."""
        return self.templates.get_template(f"{name}.html.j2").render(values)

    def picture_of(self, connection: Connection, job: Job | None) -> str | None:
        """The address of the best picture of a job, if there is one."""
        if job is None:
            return None
        sent = queue_views.picture_of(connection, job)
        return sent or (f"/pieces/{job.id}/files/preview.png" if "preview.png" in self.files_of(job) else None)

    def files_of(self, job: Job) -> list[str]:
        """Files of a finished work that the page can show."""
        return [name for name in self.folders.shown_files if self.folders.has_work_file(folder_of_files(job), name)]


def folder_of_files(job: Job) -> str:
    """The folder with the files of a job; empty if there is none."""
    return str(job.result.get("folder") or (job.source if job.kind == "plot" else ""))

"""The page of a queue on loopback, and visitors who send any headers that they like."""

import http.client
import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import uvicorn

from renderer.studio.page.access import Access, Session
from renderer.studio.page.folders import Folders
from renderer.studio.page.page_settings import PageSettings
from renderer.studio.page.routes import USUAL, Page
from renderer.studio.page.server import config
from renderer.studio.queue.store import Store

KEY = b"k" * 32


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    text: str
    headers: dict[str, str]
    content: bytes = b""


@dataclass(frozen=True)
class Visitor:
    """Somebody with a session, or without one (`role` None)."""

    site: "Site"
    role: str | None

    def ask(self, method: str, path: str, body: bytes | Iterable[bytes] | None = None, **headers: str | None) -> Answer:
        """One request. Headers are named with `_` for `-`; None leaves one out that a browser would send."""
        own: dict[str, str | None] = {"Host": f"127.0.0.1:{self.site.port}"}
        if self.role is not None:
            own["Cookie"] = f"{self.site.page.cookie}={self.site.page.access.cookie(Session(self.role))}"
        if method not in {"GET", "HEAD"}:
            own |= {
                "Origin": f"http://127.0.0.1:{self.site.port}",
                "Sec-Fetch-Site": "same-origin",
                "HX-Request": "true",
            }
        own |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.site.port, timeout=20)
        try:
            given = {name: value for name, value in own.items() if value is not None}
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in given.items():
                connection.putheader(name, value)
            if isinstance(body, bytes) and "Content-Length" not in given:
                connection.putheader("Content-Length", str(len(body)))
            elif body is None and method not in {"GET", "HEAD"} and "Content-Length" not in given:
                connection.putheader("Content-Length", "0")
            connection.endheaders()
            try:
                for part in [body] if isinstance(body, bytes) else body or ():
                    connection.send(part)
            except (BrokenPipeError, ConnectionResetError):
                pass  # it has heard enough
            answer = connection.getresponse()
            content = answer.read()
            return Answer(answer.status, content.decode("utf-8", "replace"), dict(answer.getheaders()), content)
        finally:
            connection.close()

    def get(self, path: str, **headers: str | None) -> Answer:
        return self.ask("GET", path, **headers)

    def post(self, path: str, fields: dict[str, object] | None = None, **headers: str | None) -> Answer:
        return self.ask("POST", path, urlencode(fields or {}).encode(), **headers)

    def put(self, path: str, body: bytes | Iterable[bytes], **headers: str | None) -> Answer:
        return self.ask("PUT", path, body, **headers)


@dataclass(frozen=True)
class Site:
    """A page that is served."""

    page: Page
    port: int

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def as_(self, role: str | None) -> Visitor:
        return Visitor(self, role)


@contextmanager
def served(store: Store, folder: Path, names: tuple[str, ...] = (), settings: PageSettings = USUAL) -> Iterator[Site]:
    """The page of this queue, with `specs`, `out` and `gallery` in a folder, as long as the block lasts."""
    for name in ("specs", "out"):
        (folder / name).mkdir(exist_ok=True)
    page = Page(
        store, Folders(folder / "specs", folder / "out", folder / "gallery"), Access(KEY), "render-page", settings
    )
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    server = uvicorn.Server(config(page.application(names), goodbye_s=1))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        yield Site(page, listening.getsockname()[1])
    finally:
        page.watch.end()
        page.drafts.close()
        server.should_exit = True
        thread.join()

"""The web server under the page: uvicorn, and its patience with whoever connects and then says nothing."""

import asyncio

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_S = 20.0  # until what is asked for has been said
MOST_CONNECTIONS = 600  # below the 1024 files that a process may usually have open


class Connection(H11Protocol):
    """A connection that is closed where the head of a request does not come."""

    _waits: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._wait_no_more()
        elif self._waits is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_no_more()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._waits = self.loop.call_later(HEAD_S, self.transport.close)

    def _wait_no_more(self) -> None:
        if self._waits is not None:
            self._waits.cancel()
            self._waits = None


def config(page: ASGIApp, *, goodbye_s: int) -> uvicorn.Config:
    """How the page is served. `goodbye_s`: how long browsers are waited for at the end."""
    return uvicorn.Config(
        page, http=Connection, ws="none", log_level="warning", access_log=False, lifespan="off", server_header=False,
        limit_concurrency=MOST_CONNECTIONS, timeout_graceful_shutdown=goodbye_s,
    )  # fmt: skip

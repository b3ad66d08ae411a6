"""The web server of the page: uvicorn, with a limit for connections that send nothing."""

import asyncio

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_S = 20.0  # until the head of a request must be complete
MOST_CONNECTIONS = 600  # below the 1024 files that a process can usually have open


class Connection(H11Protocol):
    """A connection that is closed if the head of a request does not come in time."""

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
    """The configuration of uvicorn. `goodbye_s`: how long the server waits for browsers when it ends."""
    return uvicorn.Config(
        page, http=Connection, ws="none", log_level="warning", access_log=False, lifespan="off", server_header=False,
        limit_concurrency=MOST_CONNECTIONS, timeout_graceful_shutdown=goodbye_s,
    )  # fmt: skip

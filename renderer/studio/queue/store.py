"""The database: transactions that wait for each other, the shared clock, the backup."""

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from renderer.studio.queue import tables
from renderer.studio.queue.location import VERSION, network_warning, url_of
from renderer.studio.queue.states import StudioError

PATIENCE_S = 30.0  # for another process's transaction; ours take milliseconds
FROZEN_S = 60.0  # PostgreSQL ends a transaction of ours that is idle for this long


class Store:
    """A queue's database. Any number of processes can have it open at once."""

    def __init__(self, named: str | None = None, *, now: Callable[[], float] | None = None) -> None:
        """Open the database, and make it if it is new. Raises StudioError if that fails."""
        url = make_url(url_of(named))
        self.shown = url.render_as_string(hide_password=True)
        self._now = now
        self.file = Path(url.database or "") if url.get_backend_name() == "sqlite" else None
        self.warning = ""
        self._lock = threading.Lock()
        with self._explained():
            if self.file is not None:
                self.file.parent.mkdir(parents=True, exist_ok=True)
                self.warning = network_warning(self.file)
            self.engine = _engine(url.render_as_string(hide_password=False))
            try:
                self._make()
                self._opened = self._identity()
            except BaseException:
                self.engine.dispose()
                raise

    def _identity(self) -> tuple[int, int] | None:
        """The device and the inode of the file; None on PostgreSQL. Raises OperationalError if there is none."""
        if self.file is None:
            return None
        try:
            status = self.file.stat()
        except OSError as error:
            why = f"{self.file.name} was deleted or moved; put it back, or restart these programs for a new queue"
            raise OperationalError("open", None, sqlite3.OperationalError(why)) from error
        return status.st_dev, status.st_ino

    def _reopen_if_replaced(self) -> None:
        """Open the file again if another one is in its place, so that all programs work on the same queue.

        SQLite would keep the file that it has opened, which nobody else can see. Raises OperationalError.
        """
        if self._identity() == self._opened:
            return
        with self._lock:
            if (found := self._identity()) != self._opened:
                self.engine.dispose()
                self._opened = found
                self._make()

    def _make(self) -> None:
        with self.engine.connect() as connection:
            is_old = self._is_old(connection)
        if is_old:
            with self.engine.begin() as connection:
                tables.up_to_date(connection)

    def _is_old(self, connection: Connection) -> bool:
        """Whether the tables are not of this version. Asked first, because it takes no lock."""
        try:
            value = connection.execute(text("SELECT value FROM meta WHERE name = 'schema'")).scalar()
        except SQLAlchemyError as error:
            if "meta" not in str(error):
                raise
            return True
        return value != str(VERSION)

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A transaction that writes: all of it, or nothing. On SQLite one at a time."""
        self._reopen_if_replaced()
        with self.engine.begin() as connection:
            yield connection
            if self._identity() != self._opened:  # what is written now would be lost
                why = f"{self.file} was replaced meanwhile; nothing was changed"
                raise OperationalError("commit", None, sqlite3.OperationalError(why))

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads, and does not wait for others."""
        self._reopen_if_replaced()
        with self.engine.connect().execution_options(reads=True) as connection:
            yield connection

    def now(self, connection: Connection) -> float:
        """Seconds since 1970 by the clock that all workers share: on PostgreSQL, the server's."""
        if self._now is not None:
            return self._now()
        if self.file is not None:
            return time.time()
        return float(connection.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())

    def backup(self, to: Path) -> int:
        """Copy the database as it is at one moment, while others go on working; return the size in bytes.

        Raises StudioError if it is a PostgreSQL database, if the file exists, or if the copy cannot be written.
        """
        if self.file is None:
            raise StudioError(f"{self.shown}: a PostgreSQL database is backed up by its own pg_dump")
        if to.exists():
            raise StudioError(f"{to}: already exists; name a new file")
        beside = to.with_name(f".{to.name}.tmp-{os.getpid()}")
        try:
            to.parent.mkdir(parents=True, exist_ok=True)
            source, copy = sqlite3.connect(self.file), sqlite3.connect(beside)
            try:
                source.backup(copy)
                integrity = copy.execute("PRAGMA integrity_check").fetchone()[0]
            finally:
                source.close()
                copy.close()
            if integrity != "ok":
                raise StudioError(f"{self.file}: is damaged ({integrity}); the copy was not kept")
            beside.replace(to)
            return to.stat().st_size
        except (OSError, sqlite3.Error) as error:
            raise StudioError(f"{to}: the backup cannot be written ({error})") from error
        finally:
            beside.unlink(missing_ok=True)

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StudioError(f"{self.file}: the queue cannot be opened there ({error.strerror})") from error
        except ModuleNotFoundError as error:
            raise StudioError(f"PostgreSQL needs the package {error.name}: pip install psycopg[binary]") from error
        except SQLAlchemyError as error:
            why = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
            raise StudioError(f"{self.shown}: the queue cannot be opened ({why})") from error


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch to WAL, so that readers wait for no writer. SQLite does not wait for others that switch, so this does."""
    ends = time.monotonic() + PATIENCE_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.02)


def _engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        # A program that is frozen within a transaction must not block all others.
        asleep = {"options": f"-c idle_in_transaction_session_timeout={round(1000 * FROZEN_S)}"}
        return create_engine(url, pool_pre_ping=True, pool_size=2, connect_args=asleep)
    # Connections are kept: when the last one to a file is closed, SQLite writes its whole log into the database
    engine = create_engine(url, pool_size=2, connect_args={"timeout": PATIENCE_S})

    @event.listens_for(engine, "connect")
    def _opened(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # transactions begin where we say; see below
        _write_ahead(connection)
        connection.execute("PRAGMA synchronous = NORMAL")  # with WAL, a power cut does not damage the database

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        # A transaction that reads first and writes later would be refused instead of waiting
        reads = connection.get_execution_options().get("reads")
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine

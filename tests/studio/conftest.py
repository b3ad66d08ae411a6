"""A queue on SQLite, and one on PostgreSQL where there is a server that can be started on loopback for the tests."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from clock import Clock

from renderer.studio.queue.adding import NewJob
from renderer.studio.queue.store import Store

sys.path.append(str(Path(__file__).parents[1] / "hardware"))  # the simulated plots of tests/hardware/simulated_plot.py


def binaries() -> Path | None:
    """Where initdb and postgres are."""
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return places[-1] if places else None


def account() -> str | None:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    import pwd

    return next(name for name in ("postgres", "nobody") if name in {each.pw_name for each in pwd.getpwall()})


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a server, which lives as long as the tests."""
    place = binaries()
    if place is None:
        pytest.skip("there is no PostgreSQL server to start")
    user = account()
    folder = Path(tempfile.mkdtemp(prefix="render-pg-"))
    if user:
        shutil.chown(folder, user)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    quiet = {"user": user, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder}
    subprocess.run([place / "initdb", "-D", folder / "data", "-A", "trust", "-U", "render", "-N"], check=True, **quiet)  # type: ignore[call-overload]
    options = ["-p", str(port), "-h", "127.0.0.1", "-k", str(folder), "-F", "-c", "max_connections=60"]
    server = subprocess.Popen([place / "postgres", "-D", folder / "data", *options], **quiet)  # type: ignore[call-overload]
    try:
        ready = [place / "pg_isready", "-h", "127.0.0.1", "-p", str(port), "-t", "20"]
        while subprocess.run(ready, check=False, stdout=subprocess.DEVNULL).returncode:
            assert server.poll() is None, "the server did not start"
        yield f"postgresql://render@127.0.0.1:{port}/"
    finally:
        server.terminate()
        server.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """What `--db` would say, of an empty queue."""
    if request.param == "sqlite":
        return str(tmp_path / "queue.db")
    server: str = request.getfixturevalue("postgres")
    import psycopg

    name = f"queue{abs(hash(tmp_path))}"
    with psycopg.connect(f"{server}postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload,unused-ignore]
    return server + name


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(url: str, clock: Clock) -> Iterator[Store]:
    opened = Store(url, now=clock)
    yield opened
    opened.close()


@pytest.fixture
def new() -> Callable[..., NewJob]:
    def make(title: str = "a", kind: str = "render", **values: object) -> NewJob:
        return NewJob(kind, title, title, f"{title}.yaml", **values)  # type: ignore[arg-type]

    return make


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Store]:
    store = Store(str(tmp_path / "queue.db"))
    yield store
    store.close()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # where the files lie that are to be plotted

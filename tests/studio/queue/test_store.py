"""The database: how it is made and brought up to date, its backup, many at once."""

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from clock import Clock
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from renderer.studio.queue import job_pictures, leases, listing, location, records, requests, tables
from renderer.studio.queue.adding import NewJob
from renderer.studio.queue.location import VERSION
from renderer.studio.queue.states import StudioError
from renderer.studio.queue.store import Store

Make = Callable[..., NewJob]


def test_an_older_database_is_brought_up_to_date(store: Store, new: Make) -> None:
    requests.add(store, [new("a")], "ada")

    def coloured(connection: Connection) -> None:
        connection.execute(text("ALTER TABLE jobs ADD COLUMN colour TEXT NOT NULL DEFAULT 'red'"))

    with store.begin() as connection:
        assert tables.up_to_date(connection, (*tables.MIGRATIONS, coloured), VERSION + 1) == VERSION
    with store.begin() as connection:
        assert connection.execute(text("SELECT colour FROM jobs")).scalar() == "red"
        assert tables.up_to_date(connection, (*tables.MIGRATIONS, coloured), VERSION + 1) == VERSION + 1


def test_a_step_that_fails_leaves_the_database_as_it_was(store: Store) -> None:
    def half(connection: Connection) -> None:
        connection.execute(text("ALTER TABLE jobs ADD COLUMN colour TEXT"))
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"), store.begin() as connection:
        tables.up_to_date(connection, (*tables.MIGRATIONS, half), VERSION + 1)
    with store.begin() as connection:
        assert tables.up_to_date(connection) == VERSION
        columns = connection.execute(text("SELECT * FROM jobs")).keys()
        assert "colour" not in columns


def made_by_version_1(url: str) -> None:
    """The tables as version 1 made them, with three jobs: a render at work, its plot as a draft, a plot that waits."""
    statements = Path(__file__).with_name("version1.sql").read_text().split(";\n")
    if url.startswith("postgresql"):
        import psycopg

        with psycopg.connect(url) as connection:
            for statement in statements:
                connection.execute(
                    statement.replace("INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT", "SERIAL PRIMARY KEY")
                )  # type: ignore[call-overload,unused-ignore]
            connection.execute("SELECT setval('jobs_id_seq', 3), setval('events_id_seq', 5)")
    else:
        older = sqlite3.connect(url)
        older.executescript(";\n".join(statements))
        older.close()


def test_a_queue_of_version_1_becomes_one_of_this_version(url: str, new: Make, clock: Clock) -> None:
    made_by_version_1(url)
    store = Store(url, now=clock)
    with store.read() as connection:
        assert tables.version(connection) == VERSION
        jobs = [records.find(connection, number) for number in (1, 2, 3)]
        whys = [event.why for event in records.history(connection)]
    assert [(job.title, job.state, job.fault, job.released) for job in jobs] == [
        ("Red disc", "running", "", {}),
        ("Red disc", "draft", "", {}),
        ("A line", "queued", "", {}),
    ]
    assert whys == ["added", "added", "added", "released", "taken up"]
    job_pictures.put(store, 1, 1, "progress", "image/webp", b"seen")  # the worker goes on with its lease
    leases.finish(store, 1, 1, "w", {"folder": "out/disc", "drawing": "ab" * 32}, lambda: None)
    assert requests.resume(store, 2, "ada").released == {"sha256": "ab" * 32, "at": clock.now, "who": "ada"}
    claimed = leases.claim(store, "plot", "p", "gantry")
    assert claimed is not None
    assert claimed.title == "Red disc"
    assert requests.add(store, [new("d")], "ada")[0].id == 4
    store.close()


def test_a_queue_of_version_1_is_brought_up_to_date_once_though_many_open_it(url: str) -> None:
    made_by_version_1(url)
    faults: list[Exception] = []

    def opens() -> None:
        try:
            Store(url).close()
        except Exception as fault:
            faults.append(fault)

    threads = [threading.Thread(target=opens) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def test_a_newer_database_is_refused(url: str) -> None:
    store = Store(url)
    with store.begin() as connection:
        connection.execute(text("UPDATE meta SET value = '99'"))
    store.close()
    with pytest.raises(
        StudioError, match=rf"its tables have version 99, this program knows {VERSION}\); update render"
    ):
        Store(url)


def test_several_may_make_the_same_database_at_once(url: str) -> None:
    faults: list[Exception] = []

    def make() -> None:
        try:
            Store(url).close()
        except Exception as fault:
            faults.append(fault)

    threads = [threading.Thread(target=make) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def test_600_transactions_at_once_wait_for_each_other(url: str, new: Make) -> None:
    Store(url).close()
    faults: list[Exception] = []

    def work(name: str) -> None:
        store = Store(url)
        try:
            for _ in range(25):
                requests.add(store, [new(name)], name)
                while (job := leases.claim(store, "render", name)) is None:
                    pass  # others took the jobs that this transaction saw; one that came since is there
                leases.heartbeat(store, job.id, job.token)
        except Exception as fault:
            faults.append(fault)
        store.close()

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    store = Store(url)
    assert len(listing.listed(store)) == 200
    store.close()


def test_a_backup_is_whole_and_can_be_opened(tmp_path: Path, new: Make) -> None:
    store = Store(str(tmp_path / "q.db"))
    requests.add(store, [new("a"), new("b")], "ada")
    with store.begin():  # somebody is at work
        assert store.backup(tmp_path / "kept" / "copy.db") > 0
    with pytest.raises(StudioError, match=r"copy\.db: already exists; name a new file$"):
        store.backup(tmp_path / "kept" / "copy.db")
    store.close()
    copy = Store(str(tmp_path / "kept" / "copy.db"))
    assert [job.title for job in listing.listed(copy)] == ["a", "b"]
    copy.close()
    assert [path.name for path in (tmp_path / "kept").glob("*.tmp*")] == []


def test_a_file_that_is_no_queue_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("this is a text, and no database" * 50)
    with pytest.raises(StudioError, match=r"text\.db: the queue cannot be opened \(file is not a database\)$"):
        Store(str(tmp_path / "text.db"))
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("CREATE TABLE meta (name TEXT, value TEXT)")
    other.commit()
    other.close()
    with pytest.raises(StudioError, match=r"^this database holds tables that are not a queue of render"):
        Store(str(tmp_path / "other.db"))


def test_another_kind_of_url_is_refused() -> None:
    with pytest.raises(StudioError, match=r"^--db mysql://x: is neither a file nor postgresql://USER@HOST/NAME$"):
        location.url_of("mysql://x")


def test_a_network_file_system_is_reported() -> None:
    mounts = "/dev/sda1 / ext4 rw 0 0\nnas:/home /home nfs4 rw 0 0\n/dev/sdb1 /home/ada/disk xfs rw 0 0\n"
    assert location.network_file_system(Path("/home/ada"), mounts) == "nfs4"
    assert location.network_file_system(Path("/home/ada/disk/queue"), mounts) is None
    assert location.network_file_system(Path("/var/lib"), mounts) is None


def test_a_queue_on_a_network_file_system_is_warned_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("renderer.studio.queue.location.network_file_system", lambda _: "nfs4")
    store = Store(str(tmp_path / "q.db"))
    store.close()
    assert store.warning == (
        f"{tmp_path}/q.db is on a network file system (nfs4), where SQLite's locks do not hold;"
        " keep it on a disk of one machine, or use PostgreSQL for several"
    )


def test_the_queue_is_listed_without_what_is_slow(tmp_path: Path) -> None:
    code = (
        "import sys; from renderer import cli; "
        f"cli.run(['queue', 'list', '--json', '--db', {str(tmp_path / 'q.db')!r}]); "
        "print({'torch', 'numpy', 'numba', 'PIL', 'rich', 'pydantic'} & sys.modules.keys(), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "set()"


def removed(file: Path) -> None:
    for path in file.parent.glob(f"{file.name}*"):
        path.unlink()


def test_a_file_that_was_deleted_takes_no_jobs(there: Store, new: Callable[..., NewJob], tmp_path: Path) -> None:
    removed(tmp_path / "queue.db")
    with pytest.raises(OperationalError, match=r"queue\.db was deleted or moved; put it back, or restart"):
        requests.add(there, [new()], "ada")
    with pytest.raises(OperationalError, match="was deleted or moved"):
        listing.listed(there)


def test_a_file_that_was_replaced_is_opened_again(there: Store, new: Callable[..., NewJob], tmp_path: Path) -> None:
    requests.add(there, [new("old")], "ada")
    removed(tmp_path / "queue.db")
    other = Store(str(tmp_path / "queue.db"))
    try:
        requests.add(other, [new("theirs")], "bob")
        requests.add(there, [new("ours")], "ada")
        assert [job.title for job in listing.listed(other)] == ["theirs", "ours"], "all work on the same queue"
        assert [job.title for job in listing.listed(there)] == ["theirs", "ours"]
    finally:
        other.close()


def test_a_file_that_is_deleted_during_a_transaction_keeps_nothing(there: Store, tmp_path: Path) -> None:
    with pytest.raises(OperationalError, match="was deleted or moved"), there.begin():
        removed(tmp_path / "queue.db")

"""Workers: each job in a process of its own; what is killed, cancelled, late, or in somebody's way."""

import errno
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from renderer.output.place import OutputError, explained, is_disk_full
from renderer.studio.queue import job_pictures, leases, listing, pausing, records, requests
from renderer.studio.queue.adding import NewJob
from renderer.studio.queue.records import Job
from renderer.studio.queue.store import Store
from renderer.studio.rendering import render_worker
from renderer.studio.rendering.attempt import Attempt, RenderSettings
from renderer.studio.rendering.render_worker import RenderWorker

Make = Callable[..., NewJob]
HERE = Path(__file__).parent
QUICK = RenderSettings(lease_s=30, beat_s=0.05, grace_s=0.3, poll_s=0.02)


def manner(how: str) -> RenderSettings:
    return replace(QUICK, child=(sys.executable, "-I", "-S", str(HERE / "quick_child.py"), how))


@pytest.fixture
def add(there: Store, new: Make, tmp_path: Path) -> Callable[..., Job]:
    def added(title: str = "a", **values: object) -> Job:
        (job,) = requests.add(there, [new(title, out=str(tmp_path / "out"), **values)], "ada")
        return job

    return added


def state(store: Store, job: Job) -> tuple[str, str]:
    with store.read() as connection:
        found = records.find(connection, job.id)
    return found.state, found.error


def whys(store: Store, job: Job) -> list[str]:
    with store.read() as connection:
        return [event.why for event in records.history(connection, job.id)]


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_job_is_done_and_its_folder_is_in_place(there: Store, add: Callable[..., Job], tmp_path: Path) -> None:
    job, draft = add("a"), add("b", draft=True)
    assert RenderWorker(there, "w", manner("")).run(drains=True) == 2
    assert state(there, job) == ("done", "")
    assert names(tmp_path / "out") == {"a", "b-draft"}
    with there.read() as connection:
        assert records.find(connection, draft.id).result == {
            "folder": str(tmp_path / "out" / "b-draft"),
            "sha256": "ab" * 32,
        }


def test_how_far_it_is_can_be_seen(there: Store, add: Callable[..., Job]) -> None:
    job = add()
    RenderWorker(there, "w", manner("sleep 0.4")).run(drains=True)
    with there.read() as connection:
        assert records.find(connection, job.id).progress["share"] == 0.5


def test_a_child_that_dies_is_tried_again(
    there: Store, add: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "BACK_OFF_S", (0.01, 0.01, 0.01))
    job = add()
    RenderWorker(there, "w", manner("dies")).run(drains=True)
    died = "the renderer was killed by signal 9: terminate called: out of memory"
    assert state(there, job) == ("failed", died)
    assert whys(there, job)[1:3] == ["started", f"{died}; next try in 0.01 s"]
    assert whys(there, job)[-1] == f"{died}; tried 4 times"


def test_a_bug_is_tried_once_more_and_not_four_times(
    there: Store, add: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "BACK_OFF_S", (0.01, 0.01, 0.01))
    job = add()
    RenderWorker(there, "w", manner("bug")).run(drains=True)
    assert state(there, job) == ("failed", "KeyError: 'x'")
    assert whys(there, job)[1:] == [
        "started",
        "KeyError: 'x'; next try in 0.01 s",
        "started",
        "KeyError: 'x'; the same twice in a row",
    ]


def test_a_full_disk_pauses_the_queue_and_hands_the_job_back(store: Store, new: Make, tmp_path: Path) -> None:
    first, second = requests.add(store, [new(title, out=str(tmp_path / "out")) for title in "ab"], "ada")
    RenderWorker(store, "w", manner("full")).run(drains=True)
    assert state(store, first) == ("queued", "out/a: the disk is full")
    assert state(store, second) == ("queued", ""), "it was not tried on the same disk"
    assert pausing.paused_queues(store) == {"render": "out/a: the disk is full (found by worker w)"}
    assert whys(store, first)[-1] == "given back, and the queue paused: out/a: the disk is full"
    pausing.resume_queue(store, "render")  # there is space again
    assert RenderWorker(store, "w", manner("")).run(drains=True) == 2
    with store.read() as connection:
        assert records.find(connection, first.id).tries == 1, "the full disk does not count as a try"


@pytest.mark.parametrize("when", ["before it starts", "as it is put in its place"])
def test_a_disk_that_is_full_for_the_worker_itself_pauses_the_queue(
    there: Store, add: Callable[..., Job], monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    job = add()
    if when == "before it starts":
        monkeypatch.setattr(Attempt, "_sweep", full)
    else:
        monkeypatch.setattr(render_worker, "swap", full)
    RenderWorker(there, "w", manner("")).run(drains=True)
    assert state(there, job)[0] == "queued"
    assert "the disk is full; free some space" in pausing.paused_queues(there)["render"]


def test_a_full_disk_is_recognised_whatever_the_error_was_turned_into(tmp_path: Path) -> None:
    with pytest.raises(OutputError) as caught, explained(tmp_path):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert is_disk_full(caught.value)
    assert not is_disk_full(OSError(errno.EACCES, "Permission denied"))


def test_pictures_of_a_render_come_into_the_queue(there: Store, add: Callable[..., Job]) -> None:
    job = add()
    thread = threading.Thread(target=RenderWorker(there, "w", manner("shows")).run, kwargs={"drains": True})
    thread.start()
    ends = time.monotonic() + 20
    while (seen := job_pictures.get(there, job.id, "progress")) is None:
        assert time.monotonic() < ends
        time.sleep(0.01)
    thread.join(20)
    whole = job_pictures.get(there, job.id, "preview")
    assert whole is not None
    assert (seen.content, whole.content) == (b"seen", b"whole")
    assert job_pictures.get(there, job.id, "progress") is None
    with there.read() as connection:
        assert records.find(connection, job.id).progress["share"] == 1.0, "its last word"


def test_a_spec_that_is_wrong_is_not_tried_again(there: Store, add: Callable[..., Job]) -> None:
    job = add()
    RenderWorker(there, "w", manner("wrong")).run(drains=True)
    assert state(there, job) == ("failed", "disc.yaml:3:1: unknown key 'x'")


def test_nothing_is_left_of_a_child_that_ended_half_way(
    there: Store, add: Callable[..., Job], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "TRIES", 1)
    job = add()
    RenderWorker(there, "w", manner("half")).run(drains=True)
    assert state(there, job) == ("failed", "the renderer ended with code 1")
    assert names(tmp_path / "out") == set()


def test_what_is_not_ours_is_not_replaced(there: Store, add: Callable[..., Job], tmp_path: Path) -> None:
    (tmp_path / "out" / "a").mkdir(parents=True)
    (tmp_path / "out" / "a" / "letter.txt").write_text("dear Ada")
    job = add()
    RenderWorker(there, "w", manner("")).run(drains=True)
    now, why = state(there, job)
    assert now == "failed"
    assert why.startswith(f"{tmp_path}/out/a: exists and is not a finished render")
    assert names(tmp_path / "out" / "a") == {"letter.txt"}
    assert names(tmp_path / "out") == {"a"}


def at_work(store: Store, job: Job) -> None:
    ends = time.monotonic() + 20
    while True:
        with store.read() as connection:
            if records.find(connection, job.id).progress:
                return
        assert time.monotonic() < ends
        time.sleep(0.02)


@pytest.mark.parametrize(("how", "why"), [("polite", "stopped"), ("deaf", "killed")])
def test_a_cancelled_job_is_asked_to_stop_and_killed_where_it_does_not(
    there: Store, add: Callable[..., Job], how: str, why: str, tmp_path: Path
) -> None:
    job = add()
    thread = threading.Thread(target=RenderWorker(there, "w", manner(how)).run, kwargs={"drains": True})
    thread.start()
    at_work(there, job)
    requests.cancel(there, job.id, "ada")
    thread.join(20)
    assert state(there, job)[0] == "cancelled"
    assert whys(there, job)[-2:] == ["cancel asked for", why]
    assert names(tmp_path / "out") == set()


def test_a_worker_that_is_reported_to_leave_finishes_its_job(there: Store, add: Callable[..., Job]) -> None:
    first, second = add("a"), add("b")
    worker = RenderWorker(there, "w", manner("sleep 0.4"))
    thread = threading.Thread(target=worker.run)
    thread.start()
    at_work(there, first)
    worker.leave()
    thread.join(20)
    assert (state(there, first)[0], state(there, second)[0]) == ("done", "queued")


def test_a_worker_that_is_reported_twice_gives_its_job_back(there: Store, add: Callable[..., Job]) -> None:
    job = add()
    worker = RenderWorker(there, "w", manner("deaf"))
    thread = threading.Thread(target=worker.run)
    thread.start()
    at_work(there, job)
    worker.leave()
    worker.leave()
    thread.join(20)
    assert state(there, job)[0] == "queued"
    with there.read() as connection:
        assert records.find(connection, job.id).tries == 0


def test_what_was_made_under_a_lost_lease_is_thrown_away(there: Store, add: Callable[..., Job], tmp_path: Path) -> None:
    job, said = add(), list[str]()
    worker = RenderWorker(there, "w", replace(manner("deaf"), beat_s=0.1), said.append)
    thread = threading.Thread(target=worker.run)
    thread.start()
    at_work(there, job)
    with there.begin() as connection:
        leases.take_back(connection, time.time() + 1000)
    while len(said) < 2:
        time.sleep(0.02)
    worker.leave()
    thread.join(20)
    assert said[1] == (
        f"{job.id} a: job {job.id} is no longer leased to this worker (token 1, the job has 2);"
        " its result is thrown away"
    )
    assert names(tmp_path / "out") == set()


# --- crashes ---


def crashing(url: str, name: str, log: Path) -> subprocess.Popen[bytes]:
    """A worker in a process of its own, that can be killed."""
    with log.open("wb") as out:
        command = [sys.executable, str(HERE / "crashing_worker.py"), url, name]
        return subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)


@pytest.mark.slow
def test_200_jobs_are_each_done_once_though_workers_are_killed(url: str, new: Make, tmp_path: Path) -> None:
    store, out = Store(url), tmp_path / "out"
    requests.add(store, [new(f"work{n}", out=str(out)) for n in range(200)], "ada")
    logs = tmp_path / "logs"
    logs.mkdir()

    def start(name: str) -> subprocess.Popen[bytes]:
        return crashing(url, name, logs / name)

    workers = [start(f"w{n}") for n in range(4)]
    killed = 0
    for done in (10, 30, 50, 70, 90, 110, 130, 150):
        _wait(lambda done=done: _done(store) >= done)  # type: ignore[misc]
        workers[killed % 4].kill()
        workers[killed % 4].wait()
        workers[killed % 4] = start(f"w{killed + 4}")
        killed += 1
    for worker in workers:
        assert worker.wait(120) == 0
    jobs = listing.listed(store, every=True)
    assert [job.state for job in jobs] == ["done"] * 200
    with store.read() as connection:
        ends = [event.job for event in records.history(connection, last=10_000) if event.after == "done"]
    assert sorted(ends) == sorted(job.id for job in jobs), "each is finished, and once"
    for job in jobs:
        assert (out / job.name / "made.txt").read_text() == f"{job.id} {job.token}", "by the lease that was the last"
    assert names(out) == {job.name for job in jobs}
    assert "locked" not in "".join(path.read_text() for path in logs.iterdir())
    assert sum(job.tries > 1 for job in jobs) <= killed
    store.close()


def test_a_worker_killed_between_the_folder_and_the_word_leaves_no_obstacle(
    there: Store, add: Callable[..., Job], tmp_path: Path
) -> None:
    job = add()
    RenderWorker(there, "w", manner("")).run(drains=True)
    with there.begin() as connection:  # as it stands if the machine stops before the word is in the queue
        connection.execute(records.jobs.update().values(state="queued"))
    RenderWorker(there, "w", manner("")).run(drains=True)
    assert state(there, job) == ("done", "")
    assert (tmp_path / "out" / "a" / "made.txt").read_text() == f"{job.id} 2"


@pytest.mark.slow
def test_a_worker_that_slept_past_its_lease_is_refused(
    url: str, new: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "BACK_OFF_S", (0.1, 0.1, 0.1))
    store, log = Store(url), tmp_path / "log"
    (job,) = requests.add(store, [new("a", out=str(tmp_path / "out"))], "ada")
    sleeper = crashing(url, "sleeper", log)
    _wait(lambda: "started" in log.read_text())
    _put_to_sleep(sleeper, store, url)
    assert state(store, job)[0] == "running"
    RenderWorker(store, "other", manner("")).run(drains=True)
    sleeper.send_signal(signal.SIGCONT)
    assert sleeper.wait(60) == 0
    assert "is no longer leased to this worker" in log.read_text()
    assert state(store, job)[0] == "done"
    assert (tmp_path / "out" / "a" / "made.txt").read_text() == f"{job.id} 3"
    store.close()


def _put_to_sleep(process: "subprocess.Popen[bytes]", store: Store, url: str) -> None:
    """Stop a process between two transactions: within one it would hold rows for which all others wait."""
    for _ in range(200):
        process.send_signal(signal.SIGSTOP)
        if not url.startswith("postgresql"):
            return
        time.sleep(0.02)
        with store.begin() as connection:
            asked = connection.exec_driver_sql(
                "select count(*) from pg_stat_activity where state = 'idle in transaction'"
            )
            if asked.scalar() == 0:
                return
        process.send_signal(signal.SIGCONT)
        time.sleep(0.03)
    raise AssertionError("the worker is always within a transaction")


def _done(store: Store) -> int:
    return sum(job.state == "done" for job in listing.job_lines(store, every=True))


def _wait(ready: Callable[[], bool]) -> None:
    ends = time.monotonic() + 120
    while not ready():
        assert time.monotonic() < ends
        time.sleep(0.05)

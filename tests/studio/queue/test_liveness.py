"""A worker that starts notices which other workers of its machine were killed."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from renderer.studio.queue import leases, liveness, records, requests, workers
from renderer.studio.queue.adding import NewJob
from renderer.studio.queue.store import Store

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="locks of POSIX")

LIVES = """
import sys
from pathlib import Path
from renderer.studio.queue import liveness
with liveness.alive_lock(Path(sys.argv[1]), "other"):
    print("lives", flush=True)
    sys.stdin.read()
"""


def test_one_that_lives_is_not_gone_and_one_that_was_killed_is_reported_of_once(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LIVES, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        assert liveness.dead_workers(tmp_path) == []
        other.send_signal(signal.SIGKILL)
        other.wait()
        assert liveness.dead_workers(tmp_path) == ["other"]
        assert liveness.dead_workers(tmp_path) == []


def test_one_that_has_left_leaves_nothing(tmp_path: Path) -> None:
    with liveness.alive_lock(tmp_path / "workers", "me"):
        assert liveness.dead_workers(tmp_path / "workers") == []
    assert list((tmp_path / "workers").iterdir()) == []
    assert liveness.dead_workers(tmp_path / "nowhere") == []


def test_what_a_dead_worker_had_is_taken_back_at_once(store: Store) -> None:
    jobs = [NewJob("render", name, name, f"{name}.yaml") for name in "ab"]
    requests.add(store, [*jobs, NewJob("plot", "c", "c", "c.svg", machine="gantry")], "ada")
    with store.begin() as connection:
        connection.execute(records.jobs.update().values(state="queued"))
    workers.register(store, "dead", "plot", "machine gantry")
    for kind, worker in (("render", "lives"), ("render", "dead"), ("plot", "dead")):
        assert leases.claim(store, kind, worker, "gantry" if kind == "plot" else "render") is not None
    assert sorted(job.name for job in workers.take_back_from(store, ["dead"])) == ["b", "c"]
    with store.read() as connection:
        states = [records.find(connection, number).state for number in (1, 2, 3)]
    assert states == ["running", "queued", "needs_attention"]
    workers.register(store, "next", "plot", "machine gantry")
    assert workers.take_back_from(store, []) == []

"""The queue: what a claim costs, how long a list takes, what an idle worker holds.

python -m benchmarks.studio                                     on SQLite, in a temporary folder
python -m benchmarks.studio --db postgresql://USER@HOST/EMPTY    on an empty PostgreSQL database
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from renderer.studio import leases, queue
from renderer.studio.adding import New
from renderer.studio.store import Store

JOBS = 10_000
CLAIMS = 400


def filled(url: str) -> Store:
    """A queue of many jobs."""
    store = Store(url)
    queue.add(
        store, [New("render", f"work-{n}", f"A work of number {n}", f"/specs/{n}.yaml") for n in range(JOBS)], "x"
    )
    return store


def claims(url: str, at_once: int) -> tuple[float, float]:
    """Jobs that are claimed and finished, as milliseconds of this process and as a rate, by workers at once."""

    def work(name: str) -> None:
        store = Store(url)
        for _ in range(CLAIMS // at_once):
            job = leases.claim(store, "render", name)
            assert job is not None
            leases.finish(store, job.id, job.token, name, {}, lambda: None)
        store.close()

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(at_once)]
    cpu, wall = time.process_time(), time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return 1000 * (time.process_time() - cpu) / CLAIMS, CLAIMS / (time.perf_counter() - wall)


def listing(url: str) -> float:
    """CPU seconds of `render queue list`, from the start of Python: the least of five."""
    return min(_cpu_s([sys.executable, "-m", "benchmarks.studio", "--list", "--db", url]) for _ in range(5))


def _cpu_s(command: list[str]) -> float:
    before = os.times()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    return after.children_user - before.children_user + after.children_system - before.children_system


def idle_mib(url: str, *options: str) -> float:
    """What a worker that waits for a job holds: MiB of its own, as Linux counts them."""
    command = [sys.executable, "-c", "from renderer.cli import main; main()", "worker", "--db", url, *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        process.stderr.readline()  # it has begun
        time.sleep(2.0)
        lines = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii").splitlines()
        process.terminate()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--db")
    parser.add_argument("--list", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.list:
        from renderer.cli import run

        sys.exit(run(["queue", "list", "--db", given.db]))
    with tempfile.TemporaryDirectory() as folder:
        url = given.db or str(Path(folder) / "queue.db")
        filled(url).close()
        print(f"render queue list, {JOBS} jobs: {listing(url):.2f} CPU s")
        for at_once in (1, 4):
            cost_ms, rate = claims(url, at_once)
            print(f"claimed and finished by {at_once} at once: {rate:.0f} jobs/s, {cost_ms:.1f} CPU ms each")
        idle = Store(str(Path(folder) / "idle.db"))
        idle.close()
        print(f"a worker that waits: {idle_mib(str(Path(folder) / 'idle.db')):.0f} MiB")


if __name__ == "__main__":
    main()

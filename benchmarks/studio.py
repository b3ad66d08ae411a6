"""The queue: the cost of a claim, the time of a list, the memory of an idle worker, the delay until a browser updates.

python -m benchmarks.studio                                     on SQLite, in a temporary folder
python -m benchmarks.studio --db postgresql://USER@HOST/EMPTY    on an empty PostgreSQL database
"""

import argparse
import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

from renderer.studio.queue import leases, requests
from renderer.studio.queue.adding import NewJob
from renderer.studio.queue.store import Store

JOBS = 10_000
CLAIMS = 400
RENDER = [sys.executable, "-c", "from renderer.cli import main; main()"]


def filled(url: str) -> Store:
    """A queue of many jobs."""
    store = Store(url)
    requests.add(
        store, [NewJob("render", f"work-{n}", f"A work of number {n}", f"/specs/{n}.yaml") for n in range(JOBS)], "x"
    )
    return store


def claims(url: str, at_once: int) -> tuple[float, float]:
    """Jobs that `at_once` workers claim and finish: CPU milliseconds of this process per job, and jobs per second."""

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
    return min(_cpu_s([*RENDER, "queue", "list", "--db", url]) for _ in range(5))


def _cpu_s(command: list[str]) -> float:
    before = os.times()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    return after.children_user - before.children_user + after.children_system - before.children_system


def idle_mib(url: str, *options: str) -> float:
    """The memory of a worker that waits for a job."""
    with subprocess.Popen([*RENDER, "worker", "--db", url, *options], stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        process.stderr.readline()  # it has started
        time.sleep(2.0)
        held = _mib(process.pid)
        process.terminate()
        return held


def _mib(pid: int) -> float:
    """The resident memory of a process in MiB, as Linux counts it."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


class Browser:
    """Does what a browser does: it listens, and fetches the page again when it hears of a change."""

    def __init__(self, link: str) -> None:
        self.address = urlsplit(link)
        answer = self._get(f"{self.address.path}?{self.address.query}", {})
        self.cookie = {"Cookie": answer.headers["set-cookie"].partition(";")[0]}
        self.stream = self._get("/events", self.cookie)
        self.marks = self.hears()

    def _get(self, path: str, headers: dict[str, str]) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection(self.address.netloc, timeout=30)
        connection.request("GET", path, headers=headers)
        return connection.getresponse()

    def hears(self) -> str:
        """Wait for the next message, and return it."""
        while not (line := self.stream.readline()).startswith(b'data: {"'):
            pass
        return line.decode()

    def sees(self) -> None:
        """Wait for a change, and fetch the queue."""
        before = self.marks
        while self.marks == before:
            self.marks = self.hears()
        self.looks()

    def looks(self) -> None:
        """Fetch the queue."""
        self._get("/", self.cookie).read()


def page(url: str, folder: Path) -> str:
    """The delay from a change in the database to the new page in a browser, over 40 changes, and the server's load."""
    (folder / "specs").mkdir(exist_ok=True)
    command = [*RENDER, "serve", "--db", url, "--port", "0", "--specs", str(folder / "specs"), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stdout is not None
            told = ""
            while not told.endswith("}\n}\n"):
                told += server.stdout.readline()
            time.sleep(2.0)
            return _used(url, json.loads(told)["links"]["operator"], server.pid)
        finally:
            server.send_signal(signal.SIGINT)


def _used(url: str, link: str, pid: int) -> str:
    store, delays, idle = Store(url), [], _mib(pid)
    browser = Browser(link)
    for n in range(40):
        time.sleep(0.31 + 0.01 * n)  # at different points of the server's cycle
        began = time.perf_counter()
        requests.move(store, 1 + n, "last", None, "x")
        browser.sees()
        delays.append(1000 * (time.perf_counter() - began))
    cpu = _process_s(pid)
    for _ in range(200):
        browser.looks()
    each = 1000 * (_process_s(pid) - cpu) / 200
    busy, cpu = _mib(pid), _process_s(pid)
    time.sleep(10.0)
    share = 100 * (_process_s(pid) - cpu) / 10
    store.close()
    delays.sort()
    return (
        f"{delays[20]:.0f} ms from a change to the new page, {delays[36]:.0f} ms for nine in ten;"
        f" {each:.1f} CPU ms per page; {share:.1f} % of a core while one listens;"
        f" {idle:.0f} MiB idle, {busy:.0f} MiB after 240 pages"
    )


def _process_s(pid: int) -> float:
    """CPU seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--db")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = given.db or str(Path(folder) / "queue.db")
        filled(url).close()
        print(f"the page, {JOBS} jobs: {page(url, Path(folder))}")
        print(f"render queue list, {JOBS} jobs: {listing(url):.2f} CPU s")
        for at_once in (1, 4):
            cost_ms, rate = claims(url, at_once)
            print(f"claimed and finished by {at_once} at once: {rate:.0f} jobs/s, {cost_ms:.1f} CPU ms each")
        idle = Store(str(Path(folder) / "idle.db"))
        idle.close()
        print(f"a worker that waits: {idle_mib(str(Path(folder) / 'idle.db')):.0f} MiB")


if __name__ == "__main__":
    main()

"""A gallery that is rendered by a dask cluster, on loopback, with workers that die, leave and are other programs."""

import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from distributed import KilledWorker, Reschedule

from renderer import cli
from renderer.assets import AssetError, find
from renderer.cli import printing
from renderer.gallery.build import Builder, BuildMessage
from renderer.gallery.cluster import cluster_workers, worker_plugin
from renderer.gallery.cluster import scheduler as scheduling
from renderer.gallery.cluster.cluster_build import ClusterBuilder, SubmittedWork
from renderer.gallery.cluster.cluster_workers import ClusterWorkers
from renderer.gallery.cluster.payload import Need, packed
from renderer.gallery.cluster.scheduler import ClusterError
from renderer.gallery.statement import read
from renderer.gallery.work import render_files
from renderer.progress import silent
from renderer.specfile import Work, load

Capture = pytest.CaptureFixture[str]
PLACE = "tcp://192.0.2.1:8786"
A, B = "tcp://192.0.2.2:4001", "tcp://192.0.2.3:4002"


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RENDER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("RENDER_OFFLINE", "1")
    printing.console.cache_clear()


# --- who may render ---------------------------------------------------------------------------------------------------


class FakeClient:
    """A client of a cluster whose workers give prepared answers."""

    status = "running"

    def __init__(self, **answers: Any) -> None:
        self.answers = {{"a": A, "b": B}[name]: answer for name, answer in answers.items()}
        self.gpus: set[str] = set()
        self.calls: list[tuple[str, list[str]]] = []
        self.met: set[tuple[str, ...]] = set()
        self.taken: list[bytes] = []

    def scheduler_info(self, n_workers: int) -> dict[str, Any]:
        assert n_workers == -1
        return {"workers": {one: {"resources": {"GPU": 1.0} if one in self.gpus else {}} for one in self.answers}}

    def run(self, call: Callable[..., Any], *arguments: Any, workers: list[str], on_error: str) -> dict[str, Any]:
        assert on_error == "return"
        self.calls.append((call.__name__, workers))
        if call is worker_plugin.worker_program:
            return {one: self.answers[one] for one in workers if one in self.answers}
        if call is worker_plugin.lacks:
            return {one: tuple(n for n, need in enumerate(arguments[0]) if need not in self.met) for one in workers}
        self.taken.append(arguments[3])
        return dict.fromkeys(workers)


@pytest.fixture
def hands() -> Callable[..., tuple[ClusterWorkers, list[str]]]:
    """A crew of such workers, and what it says."""

    def make(client: FakeClient, device: str = "cpu", patience_s: float = 0.0) -> tuple[ClusterWorkers, list[str]]:
        said: list[str] = []
        return ClusterWorkers(client, PLACE, device, said.append, patience_s), said  # type: ignore[arg-type]

    return make


Hands = Callable[..., tuple[ClusterWorkers, list[str]]]
OTHER = {"version": "0.0.9", "engine": "1-0123456789abcdef"}


def shown(program: dict[str, str]) -> str:
    return f"{program['version']} (engine {program['engine'][:10]})"


def skewed(address: str) -> str:
    return (
        f"the worker at {address} has render {shown(OTHER)}, but here is {shown(worker_plugin.program())}; "
        "install the same on both and restart it"
    )


def test_a_worker_with_another_program_gets_no_work_and_that_is_said_once(hands: Hands) -> None:
    workers, said = hands(FakeClient(a=worker_plugin.program(), b=OTHER))
    workers.look()
    workers._looked = float("-inf")
    workers.look()
    assert list(workers.fit) == [A]
    assert said == [f"{skewed(B)}. It gets no work"]


def test_where_no_worker_fits_nothing_is_begun(hands: Hands) -> None:
    workers, said = hands(FakeClient(a=None, b=OTHER))
    with pytest.raises(ClusterError) as caught:
        workers.look()
    plain = f"the worker at {A} does not belong to render; start one there with render worker --cluster {PLACE}"
    assert str(caught.value) == f"no worker at {PLACE} can render this: {plain}; {skewed(B)}"
    assert said == []


def test_a_worker_that_does_not_know_what_is_asked_is_none_of_renders(hands: Hands) -> None:
    workers, _ = hands(FakeClient(a=ModuleNotFoundError("No module named 'renderer'")))
    with pytest.raises(ClusterError, match=r"does not belong to render; start one there"):
        workers.look()


def test_a_gpu_is_asked_for_where_the_device_is_one(hands: Hands) -> None:
    client = FakeClient(a=worker_plugin.program(), b=worker_plugin.program())
    client.gpus = {B}
    workers, said = hands(client, "cuda")
    workers.look()
    assert list(workers.fit) == [B]
    assert said == [
        f"the worker at {A} has no GPU, and --device cuda asks for one; start it on a machine with a GPU, or build "
        "without it. It gets no work"
    ]


def test_no_worker_within_the_patience_is_an_error_that_says_how_to_start_one(hands: Hands) -> None:
    workers, said = hands(FakeClient())
    with pytest.raises(ClusterError) as caught:
        workers.look()
    start = f"render worker --cluster {PLACE}"
    assert said == [f"no worker at {PLACE}; waiting 0 s for one: {start}"]
    assert str(caught.value) == (
        f"no worker has come to {PLACE} within 0 s; start some, one on each machine, with {start}"
    )


def test_a_worker_that_has_just_gone_is_looked_at_again(hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    client = FakeClient(a=OSError("connection refused"))
    workers, _ = hands(client, patience_s=60)
    monkeypatch.setattr(time, "sleep", lambda _: client.answers.update({A: worker_plugin.program()}))
    workers.look()
    assert list(workers.fit) == [A]


def test_a_scheduler_that_has_gone_is_an_error(hands: Hands) -> None:
    client = FakeClient(a=worker_plugin.program())
    client.status = "closed"
    with pytest.raises(ClusterError) as caught:
        hands(client)[0].look()
    assert str(caught.value) == (f"the scheduler at {PLACE} is gone; start it and build again, finished works are kept")


# --- files that a worker lacks ----------------------------------------------------------------------------------------


def test_a_worker_is_sent_what_it_lacks_once_and_in_pieces(
    hands: Hands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_workers, "PIECE_BYTES", 4)
    (tmp_path / "a").write_bytes(b"0123456789")
    client = FakeClient(a=worker_plugin.program())
    client.met = {("11" * 32,)}
    workers, said = hands(client)
    workers.look()
    needs = (Need(("11" * 32,), tmp_path / "a"), Need(("22" * 32,), tmp_path / "a"), Need(("33" * 32,)))
    workers.supply(needs)
    workers.supply(needs)
    assert client.taken == [b"0123", b"4567", b"89"]
    assert [call for call, _ in client.calls] == ["worker_program", "lacks", "receive", "receive", "receive"]
    assert said == [f"sending a (0.0 MB) to {A}"]


def test_pieces_become_a_file_of_the_cache_and_anything_else_is_refused() -> None:
    sha256 = "84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882"  # of 0123456789
    for sender, pieces in (("0a" * 4, [b"0123", b"4567", b"89"]), ("0b" * 4, [b"0123456789"])):
        start = 0
        for piece in pieces:
            worker_plugin.receive(sha256, sender, start, piece, 10)
            start += len(piece)
        found = find(sha256)
        assert found is not None and found.read_bytes() == b"0123456789"
        found.unlink()
    with pytest.raises(AssetError) as caught:
        worker_plugin.receive(sha256, "0a" * 4, 0, b"9876543210", 10)
    other = "7619ee8cea49187f309616e30ecf54be072259b43760f1f550a644945d5572f2"
    assert str(caught.value) == f"the file that was sent has the sha256 {other}, not {sha256}"
    assert find(sha256) is None
    with pytest.raises(AssetError, match="is not a sha256"):
        worker_plugin.receive("../../x", "0a" * 4, 0, b"x", 1)


def test_a_piece_that_does_not_follow_the_last_ends_it() -> None:
    sha256 = "84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882"
    worker_plugin.receive(sha256, "0c" * 4, 0, b"0123", 10)
    with pytest.raises(AssetError, match=r"^the file that was sent has the sha256"):
        worker_plugin.receive(sha256, "0c" * 4, 8, b"89", 10)
    assert find(sha256) is None


# --- how a work ends --------------------------------------------------------------------------------------------------


def submitted(spec: Path, ends: Any, status: str = "finished") -> SubmittedWork:
    def result(timeout: float) -> Any:
        if isinstance(ends, Exception):
            raise ends
        return ends

    return SubmittedWork(load(spec)[0], SimpleNamespace(status=status, result=result), frozenset({A}))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ends", "message"),
    [
        ({"failed": "disc.png: is damaged"}, "disc.png: is damaged"),
        ({"done": {}, "files": {}}, "the result has no readable manifest.json; nothing was written"),
        (
            KilledWorker("render-disc", SimpleNamespace(address=A), 3),  # type: ignore[arg-type]
            "4 workers died while they rendered it; check their memory and their output",
        ),
        (RuntimeError("no room"), "unexpected RuntimeError on a worker: no room"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_work_that_fails_is_reported_and_leaves_nothing(spec: Path, tmp_path: Path, ends: Any, message: str) -> None:
    builder = ClusterBuilder(tmp_path / "gallery", PLACE)
    assert builder._ended(submitted(spec, ends)) == {"failed": message}
    assert not (tmp_path / "gallery").exists()


def test_works_of_a_scheduler_that_has_gone_end_the_build(spec: Path, tmp_path: Path) -> None:
    builder = ClusterBuilder(tmp_path / "gallery", PLACE)
    with pytest.raises(ClusterError, match=f"^the scheduler at {PLACE} is gone;"):
        builder._ended(submitted(spec, None, "cancelled"))


def test_a_task_that_is_cancelled_before_its_process_starts_starts_none(tmp_path: Path) -> None:
    member = worker_plugin.RenderPlugin()
    for finish, is_leaving in (("cancelled", False), ("executing", True)):
        member.transition("key", "ready", "executing")
        member.transition("key", "executing", finish) if finish != "executing" else None
        member.is_leaving = is_leaving
        with pytest.raises(Reschedule):
            member._begin("key", Builder(tmp_path, 1))


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_a_worker_with_a_gpu_renders_on_what_the_build_asks_for(
    spec: Path, tmp_path: Path, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[str] = []

    def build(builder: Builder, works: list[Work]) -> Iterator[BuildMessage]:
        used.append(builder.device)
        yield BuildMessage(works[0].name, {"failed": f"{works[0].path}: is no good"})

    monkeypatch.setattr(Builder, "build", build)
    member = worker_plugin.RenderPlugin("cuda")
    member.setup(SimpleNamespace(local_directory=str(tmp_path)))  # type: ignore[arg-type]
    member.transition("key", "ready", "executing")
    parcel, _ = packed(load(spec)[0], tmp_path / "gallery")
    ended = member.make("key", parcel, device, "topic")
    assert ended == {"failed": f"{spec}: is no good", "files": {}}  # with the path that it has here
    assert used == [device]
    assert not list(tmp_path.glob("render-*"))


def test_a_worker_is_busy_until_dask_has_the_result(tmp_path: Path) -> None:
    member = worker_plugin.RenderPlugin()
    member.transition("key", "ready", "executing")
    member._begin("key", Builder(tmp_path, 1))
    del member._building["key"]  # the task returns
    assert member.is_busy
    member.transition("key", "executing", "memory")
    assert not member.is_busy


def test_a_task_that_is_cancelled_ends_its_builder(tmp_path: Path) -> None:
    member, builder = worker_plugin.RenderPlugin(), Builder(tmp_path, 1)
    member.transition("key", "ready", "executing")
    member._begin("key", builder)
    member.transition("other", "executing", "memory")
    assert builder._messages.empty()
    member.transition("key", "executing", "cancelled")
    assert builder._messages.get_nowait() is None


# --- what the commands say --------------------------------------------------------------------------------------------

BUILD, WORKER = ["gallery", "build", "SPEC", "--cluster"], ["worker", "--cluster"]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            [*BUILD, "127.0.0.1:8786"],
            "'127.0.0.1:8786' is not the address of a dask scheduler; write it like tcp://192.168.1.5:8786 "
            "(see render gallery build --help)",
        ),
        (
            [*BUILD, PLACE, "--jobs", "2"],
            "--jobs counts processes of this machine; a cluster renders as many works at once as it has workers "
            "(see render gallery build --help)",
        ),
        (
            [*BUILD, PLACE, "--out", "x"],
            "--out and --cluster exclude each other; render SPEC writes G-code, film and report here "
            "(see render gallery build --help)",
        ),
        (
            [*WORKER, PLACE, "--drain"],
            "a worker of a cluster only renders: use --cluster only with --device and --threads"
            " (see render worker --help)",
        ),
        (
            [*WORKER, "http://localhost:8786/"],
            "'http://localhost:8786/' is not the address of a dask scheduler; write it like tcp://192.168.1.5:8786 "
            "(see render worker --help)",
        ),
    ],
    ids=lambda value: " ".join(value[-2:]) if isinstance(value, list) else "",
)
def test_what_cannot_be_meant_is_refused(arguments: list[str], text: str, spec: Path, capsys: Capture) -> None:
    assert cli.run([str(spec) if one == "SPEC" else one for one in arguments]) == 2
    assert capsys.readouterr().err == f"render: {text}\n"


@pytest.mark.parametrize("arguments", [BUILD, WORKER], ids=lambda value: value[0])
def test_without_the_extra_it_says_how_to_get_it(
    arguments: list[str], spec: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.setattr("builtins.__import__", _without_distributed)
    assert cli.run([str(spec) if one == "SPEC" else one for one in [*arguments, PLACE]]) == 2
    assert capsys.readouterr().err.startswith(
        "render: --cluster needs dask.distributed, which is not installed: pip install 'artwork-renderer[cluster]' (see"
    )


_import = __import__


def _without_distributed(name: str, *arguments: Any) -> Any:
    if name == "distributed":
        raise ModuleNotFoundError("No module named 'distributed'", name=name)
    return _import(name, *arguments)


@pytest.mark.parametrize("role", ["client", "worker"])
def test_tls_without_certificates_says_where_they_are_named(role: str) -> None:
    with pytest.raises(ClusterError) as caught:
        scheduling.check_certificates("tls://192.0.2.1:8786", role)
    upper = role.upper()
    assert str(caught.value) == (
        "tls://192.0.2.1:8786 needs certificates; name them in DASK_DISTRIBUTED__COMM__TLS__CA_FILE and "
        f"..._TLS__{upper}__CERT and ..._TLS__{upper}__KEY, or in dask's configuration"
    )


def test_no_scheduler_is_reported_with_where_to_look() -> None:
    late = OSError("Timed out trying to connect to tcp://192.0.2.1:8786 after 10 s")
    advice = "check the address, or start one there with dask scheduler --host ADDRESS"
    assert (
        str(scheduling.no_scheduler(PLACE, 10, late)) == f"no dask scheduler answers at {PLACE} within 10 s; {advice}"
    )
    other = OSError("Name or service\nnot known")
    assert str(scheduling.no_scheduler(PLACE, 10, other)) == (
        f"no dask scheduler answers at {PLACE} within 10 s (Name or service not known); {advice}"
    )


# --- a real cluster ---------------------------------------------------------------------------------------------------


def hears_ctrl_c() -> None:
    """A shell's background jobs, and what they start, are deaf to it; so these tests may be."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Process:
    """A command of ours and what it has said so far."""

    def __init__(self, *command: object) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *map(str, command)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=hears_ctrl_c,  # noqa: PLW1509  no threads in it
        )
        self.pid, self.said = self.process.pid, list[str]()
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._ear = threading.Thread(target=self._read_output)
        self._ear.start()

    def _read_output(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def until(self, text: str) -> str:
        """The next line that has this in it."""
        while (line := self._lines.get(timeout=120)) is not None:
            self.said.append(line)
            if text in line:
                return line
        raise AssertionError(f"it ended without {text!r}: {self.said}")

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        code = self.process.wait(60)
        self._ear.join()
        while not self._lines.empty():
            self.said.append(self._lines.get() or "")
        self.said = [line for line in self.said if line]
        assert self.process.stderr is not None
        self.process.stderr.close()
        return code


RENDER = ("-c", "from renderer.cli import main; main()")


@contextmanager
def running(*command: object) -> Iterator[Process]:
    process = Process(*command)
    try:
        yield process
    finally:
        if process.process.returncode is None:
            process.end(signal.SIGKILL)


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[str]:
    """The address of a scheduler on loopback."""
    place = ("--host", "127.0.0.1", "--port", "0", "--dashboard-address", "127.0.0.1:0", "--no-dashboard")
    with running("-m", "distributed.cli.dask_scheduler", *place) as process:
        said = process.until("Scheduler at:")
        yield re.sub(r".*Scheduler at:\s*", "", said)


@contextmanager
def worker(address: str) -> Iterator[Process]:
    with running(*RENDER, "worker", "--cluster", address, "--threads", 1, "--device", "cpu") as process:
        process.until("renders for")
        yield process


def children(process: Process) -> list[int]:
    """Of a worker: the processes that render."""
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit() and _parent(path) == process.pid]


def _parent(path: Path) -> int | None:
    """The parent of a process that runs; None of one that does not."""
    try:
        state, parent = (path / "stat").read_text().rpartition(")")[2].split()[:2]
    except OSError:
        return None
    return None if state == "Z" else int(parent)


def gone(pids: list[int]) -> bool:
    """Whether they are, after a while."""
    deadline = time.monotonic() + 20
    while any(_parent(Path(f"/proc/{pid}")) is not None for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not [pid for pid in pids if _parent(Path(f"/proc/{pid}")) is not None]


def without_costs(record: dict[str, Any]) -> dict[str, Any]:
    """A manifest without its times and its cost."""
    predicate = {
        name: value for name, value in record["predicate"].items() if name not in ("render_cost", "render_seal")
    }
    predicate["runDetails"] = {**predicate["runDetails"], "metadata": {}}
    return {**record, "predicate": predicate}


@pytest.mark.slow
def test_eight_works_come_back_whole_though_a_worker_is_killed(
    spec: Path, tmp_path: Path, scheduler: str, one_thread: None
) -> None:
    spec.write_text(spec.read_text().replace("steps: 10", "steps: 200") + "matrix: {seed: [1, 2, 3, 4, 5, 6, 7, 8]}\n")
    works, gallery = load(spec), tmp_path / "gallery"
    words: list[BuildMessage] = []
    victims: list[int] = []
    with worker(scheduler) as first, worker(scheduler) as second:
        for word in ClusterBuilder(gallery, scheduler).build(works):
            words.append(word)
            if not victims and sum(word.is_last for word in words) >= 2:
                victims = children(second)
                if victims:  # it is in the middle of a work
                    second.end(signal.SIGKILL)
        assert victims and gone(victims)
        assert first.end() == 0
    taken = [line for one in (first, second) for line in one.said if line.endswith(": started")]
    assert len(taken) == 9  # one of them twice
    ends = [word for word in words if word.is_last]
    assert sorted(word.name for word in ends) == [work.name for work in works]
    assert all("done" in word.content for word in ends)
    assert {word.name for word in words if not word.is_last} == {work.name for work in works}  # progress of each
    assert {"stage", "step", "steps"} <= words[0].content.keys()
    assert sorted(path.name for path in gallery.iterdir()) == [work.name for work in works]
    for work in works:
        files, record = render_files(work, gallery, silent)
        kept = {path.name: path.read_bytes() for path in (gallery / work.name).iterdir()}
        assert kept.keys() == files.keys()
        assert [name for name in files if kept[name] != files[name]] == ["manifest.json"]
        found = read(gallery / work.name)
        assert found is not None and found.is_intact
        assert without_costs(found.statement) == without_costs(record)


@pytest.mark.slow
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL])
def test_a_build_that_is_ended_stops_what_its_worker_renders(
    spec: Path, tmp_path: Path, scheduler: str, ending: int
) -> None:
    text, gallery = spec.read_text(), tmp_path / "gallery"
    long = spec.with_name("long.yaml")
    long.write_text(text.replace("steps: 10", "steps: 100000\n    patience: 0"))
    with worker(scheduler) as hand:
        build = ("gallery", "build", long, "--to", gallery, "--cluster", scheduler)
        with running(*RENDER, *build) as client:
            client.until("long: ")
            at_work = children(hand)
            assert len(at_work) == 1
            assert client.end(ending) == (130 if ending == signal.SIGINT else -ending)
        hand.until("long: cancelled")
        assert gone(at_work)
        assert not (gallery / "long").exists()
        if ending == signal.SIGINT:
            assert client.said[-1] == "gallery: 0 rendered, 0 not due, 1 not finished"
        words = list(ClusterBuilder(gallery, scheduler).build(load(spec)))  # and it takes the next
        assert "done" in words[-1].content
        assert hand.end() == 0
    assert hand.said[-1].endswith(" has left; 1 work done")


@pytest.mark.slow
def test_a_worker_that_is_reported_to_leave_finishes_its_work_and_told_twice_gives_it_back(
    spec: Path, tmp_path: Path, scheduler: str
) -> None:
    text, gallery = spec.read_text(), tmp_path / "gallery"
    spec.write_text(text.replace("steps: 10", "steps: 3000\n    patience: 0"))
    (work,) = load(spec)
    with worker(scheduler) as hand, closing(ClusterBuilder(gallery, scheduler).build([work])) as words:
        next(words)
        hand.process.send_signal(signal.SIGINT)
        assert "done" in list(words)[-1].content
        assert hand.wait() == 0
    assert hand.said[1:-1] == [
        "disc: started",
        "leaves after the current work; Ctrl-C again gives it back",
        "disc: done",
    ]
    long = spec.with_name("long.yaml")
    long.write_text(text.replace("steps: 10", "steps: 100000\n    patience: 0"))
    with worker(scheduler) as hand, closing(ClusterBuilder(gallery, scheduler).build(load(long))) as words:
        next(words)
        at_work = children(hand)
        hand.process.send_signal(signal.SIGINT)
        hand.until("leaves after the current work")
        assert hand.end(signal.SIGINT) == 0
        assert len(at_work) == 1 and gone(at_work)
    assert hand.said[-2] == "long: given back"
    assert hand.said[-1].endswith(" has left; 0 works done")


@pytest.mark.slow
def test_a_work_with_an_error_of_its_own_is_told_once_as_it_is_reported_here(
    spec: Path, tmp_path: Path, scheduler: str
) -> None:
    (spec.parent / "disc.png").write_bytes(b"no picture")
    gallery = tmp_path / "gallery"
    here = list(Builder(gallery, 1).build(load(spec)))[-1]
    with worker(scheduler) as hand:
        words = list(ClusterBuilder(gallery, scheduler).build(load(spec)))
        assert hand.end() == 0
    assert [word.content for word in words] == [here.content]
    assert f"{spec.parent / 'disc.png'}: " in here.content["failed"]
    assert len([line for line in hand.said if line.endswith("started")]) == 1


@pytest.mark.slow
def test_no_scheduler_and_no_worker_of_ours_end_the_command(
    spec: Path, tmp_path: Path, scheduler: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = ["gallery", "build", str(spec), "--to", str(tmp_path / "gallery"), "--cluster"]
    with running("-m", "distributed.cli.dask_worker", scheduler, "--no-nanny", "--no-dashboard") as plain:
        plain.until("Registered to:")
        assert cli.run([*build, scheduler]) == 3
    assert re.fullmatch(
        rf"render: no worker at {scheduler} can render this: the worker at tcp://\S+ does not belong to render; start "
        rf"one there with render worker --cluster {scheduler}\n",
        capsys.readouterr().err,
    )
    monkeypatch.setattr(scheduling, "CONNECT_S", 1.0)
    assert cli.run([*build, "tcp://127.0.0.1:9"]) == 3
    assert capsys.readouterr().err == (
        "render: no dask scheduler answers at tcp://127.0.0.1:9 within 1 s; check the address, or start one there with "
        "dask scheduler --host ADDRESS\n"
    )

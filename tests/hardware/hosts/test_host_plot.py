"""A plot by Moonraker or OctoPrint, each a fake on 127.0.0.1: followed, paused, ended, and every fault of it."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
import yaml
from fake_hosts import FAKES, KEY, FakeMachine, served
from samples import SERVO
from simulated_plot import small_card

from hardware.gcode import gcode
from hardware.hosts.host_plot import HostPatience, HostPlot, host_at
from hardware.hosts.host_program import HostProgram, hosted_drawing
from hardware.hosts.host_request import HostError
from hardware.pen_lift import ServoLift
from hardware.plotting.control import Control
from hardware.plotting.events import Finished, Note, PassBegun, PlotEvent, PlotProgress, Prompt
from hardware.program import program
from hardware.svgfile import to_svg
from hardware.wire.host_address import host_address
from hardware.wire.opener import opener
from hardware.wire.port import PortError

E = TypeVar("E", bound=PlotEvent)
ROOT = Path(__file__).parents[3]
QUICK = HostPatience(poll_s=0.01, start_s=2.0, obey_s=0.3, lost_s=0.3)
LIFT = ServoLift(kind="servo", up=70, down=40)
MACHINES = {
    "moonraker": SERVO.model_copy(update={"dialect": "klipper", "pen_lift": LIFT}),
    "octoprint": SERVO.model_copy(update={"dialect": "marlin", "pen_lift": LIFT}),
}


@pytest.fixture(params=list(FAKES))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def far() -> FakeMachine:
    return FakeMachine()


@pytest.fixture
def address(kind: str, far: FakeMachine) -> Iterator[str]:
    with served(kind, far) as text:
        yield text


class Person:
    """Notes all events and answers each question by the given function."""

    def __init__(self, answers: Callable[[Prompt], str | None]) -> None:
        self.events: list[PlotEvent] = []
        self.control = Control(self._take)
        self._answers = answers

    def _take(self, event: PlotEvent) -> None:
        self.events.append(event)
        if isinstance(event, Prompt) and (choice := self._answers(event)) is not None:
            self.control.answer(event.id, choice)

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]


def card_program(kind: str) -> HostProgram:
    return hosted_drawing(small_card(), MACHINES[kind], "card")


def plotted(address: str, person: Person) -> Finished:
    kind = address.partition(":")[0]
    return HostPlot(card_program(kind), host_at(host_address(address)), person.control, QUICK).run()


def test_the_machines_own_program_is_drawn_and_asks_for_each_pen(kind: str, far: FakeMachine, address: str) -> None:
    person = Person(lambda prompt: prompt.default)
    finished = plotted(address, person)
    assert (finished.outcome, finished.strokes, finished.of_strokes) == ("done", 6, 6)
    machine = MACHINES[kind]
    assert list(far.files.values()) == [gcode(program(small_card(), machine), machine).encode()]
    assert [(prompt.kind, prompt.text) for prompt in person.of(Prompt)] == [
        ("pen", "insert pen 1: black 0.5"),
        ("pen", f"insert pen 2: {small_card().passes[1].pen.label}"),
    ]
    assert [begun.number for begun in person.of(PassBegun)] == [1, 2]
    strokes = [progress.stroke for progress in person.of(PlotProgress)]
    assert strokes == sorted(strokes) and strokes[-1] == 6


def test_a_pause_here_and_one_continued_there(far: FakeMachine, address: str) -> None:
    def answer(prompt: Prompt) -> str | None:
        if prompt.kind == "pen":
            return "done"
        far.gate.set()
        far.state = "drawing"  # somebody continues on the page of the host
        return None

    person = Person(answer)

    def pause(event: PlotEvent) -> None:
        if isinstance(event, PassBegun) and event.number == 1:
            far.gate.clear()
            person.control.pause()

    person.control.watch(pause)
    assert plotted(address, person).outcome == "done"
    assert [prompt.kind for prompt in person.of(Prompt)] == ["pen", "pause", "pen"]


def test_an_end_here_cancels_the_job_and_lifts_the_pen(kind: str, far: FakeMachine, address: str) -> None:
    person = Person(lambda prompt: "done" if prompt.id == 1 else "abort")
    finished = plotted(address, person)
    assert finished.outcome == "aborted" and "the pen is lifted" in finished.text
    assert finished.strokes == card_program(kind).parts[0].strokes, "those of the first pen, also once the job is gone"
    assert far.state == "cancelled"
    assert far.ran == list(card_program(kind).lift) and far.ran


def test_an_end_there_is_reported(far: FakeMachine, address: str) -> None:
    person = Person(lambda _: far.end())  # type: ignore[func-returns-value]
    finished = plotted(address, person)
    assert finished.outcome == "aborted" and f"cancelled on {address}" in finished.text


def test_an_emergency_stop_reaches_the_machine_at_once(far: FakeMachine, address: str) -> None:
    person = Person(lambda _: person.control.emergency())  # type: ignore[func-returns-value]
    assert plotted(address, person).outcome == "emergency"
    assert far.state == "failed"


def test_a_failure_after_an_emergency_stop_is_that_stop(far: FakeMachine, address: str) -> None:
    person = Person(lambda prompt: prompt.default)

    def stop(event: PlotEvent) -> None:
        if isinstance(event, PassBegun):
            person.control.abort()
            far.gate.clear()
            person.control.emergency()

    person.control.watch(stop)
    assert plotted(address, person).outcome == "emergency"


def test_a_lost_connection_says_that_the_job_goes_on(far: FakeMachine, address: str) -> None:
    def pull(_: Prompt) -> None:
        far.is_dead = True

    person = Person(pull)  # type: ignore[arg-type]
    with pytest.raises(HostError, match=r"out of reach for 0\.3 s; the job goes on there: follow or stop it on its"):
        plotted(address, person)
    assert sum("trying again" in note.text for note in person.of(Note)) == 1


def test_a_connection_that_returns_is_reported(far: FakeMachine, address: str) -> None:
    def pull(_: Prompt) -> None:
        far.is_dead = True

    person = Person(pull)  # type: ignore[arg-type]

    def back(event: PlotEvent) -> None:
        if isinstance(event, Note) and "trying again" in event.text:
            far.is_dead = False
        elif isinstance(event, Note) and event.text == "the connection is back":
            person.control.abort()

    person.control.watch(back)
    assert plotted(address, person).outcome == "aborted"


def test_a_failure_of_the_machine_is_named(far: FakeMachine, address: str) -> None:
    person = Person(lambda _: far.end("failed"))  # type: ignore[func-returns-value]
    with pytest.raises(HostError, match="the machine has failed: Timer too close"):
        plotted(address, person)


def test_a_machine_that_is_not_ready_or_busy_gets_nothing(far: FakeMachine, address: str) -> None:
    far.is_ready = False
    with pytest.raises(HostError, match="the machine is not ready"):
        plotted(address, Person(lambda _: None))
    far.is_ready, far.state, far.file = True, "drawing", "other.gcode"
    with pytest.raises(HostError, match=r"draws other\.gcode at the moment"):
        plotted(address, Person(lambda _: None))
    assert not far.files


def test_a_key_is_asked_for_and_never_shown(
    kind: str, far: FakeMachine, address: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    far.needs_key = True
    name = f"{kind.upper()}_API_KEY"
    with pytest.raises(HostError, match=f"asks for a key; put a valid API key into {name}"):
        plotted(address, Person(lambda _: None))
    monkeypatch.setenv(name, "wr0ng-one")
    with pytest.raises(HostError, match="refuses this key") as fault:
        plotted(address, Person(lambda _: None))
    assert "wr0ng-one" not in str(fault.value) and "wr0ng-one" not in repr(host_address(address))
    monkeypatch.delenv(name)
    (tmp_path / "key").write_text(KEY + "\n")
    monkeypatch.setenv(f"{name}_FILE", str(tmp_path / "key"))
    assert plotted(address, Person(lambda prompt: prompt.default)).outcome == "done"
    assert not any(KEY in request for request in far.requests)


def test_hosts_that_cannot_be_reached_are_named(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(HostError, match="nothing listens there"):
        plotted(f"{kind}://127.0.0.1:{port}", Person(lambda _: None))

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(HostError, match="no computer of this name was found"):
        plotted(f"{kind}://plotter.invalid", Person(lambda _: None))


def test_a_silent_host_is_given_up(kind: str, far: FakeMachine, address: str) -> None:
    from hardware.hosts.host_request import HostRequests

    far.delay_s = 5.0
    began = time.monotonic()
    with pytest.raises(HostError, match=r"no answer within 0\.2 s"):
        HostRequests(host_address(address), timeout_s=0.2).get("/")
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("moonraker://", "is not the address of a host; write moonraker://HOST or moonraker://HOST:PORT"),
        ("octoprint://host/path", "is not the address of a host"),
        ("octoprint://host:port", "a port that is not a number"),
        ("octoprint://name:s3cret@host", "neither a name, a password nor a key"),
        ("moonraker://host?apikey=s3cret", "neither a name, a password nor a key"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused(text: str, found: str) -> None:
    with pytest.raises(PortError, match=found.replace("?", r"\?")) as fault:
        host_address(text)
    assert "s3cret" not in str(fault.value)


def test_a_host_is_not_a_port_for_lines() -> None:
    with pytest.raises(PortError, match="runs files, not a port"):
        opener("moonraker://host", SERVO)


@pytest.fixture
def files(kind: str, tmp_path: Path) -> Path:
    fields = MACHINES[kind].model_dump(mode="json", exclude_defaults=True)
    (tmp_path / "machine.yaml").write_text(yaml.safe_dump(fields))
    (tmp_path / "card.svg").write_text(to_svg(small_card()))
    return tmp_path


def command(files: Path, port: str, *options: str, module: str = "hardware") -> list[str]:
    machine, drawing = str(files / "machine.yaml"), str(files / "card.svg")
    return [sys.executable, "-m", module, "plot", drawing, "-m", machine, "-p", port, *options]


def run(files: Path, port: str, *options: str, module: str = "hardware") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(files, port, *options, module=module), input="d\nd\n", capture_output=True, text=True, cwd=ROOT,
        timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("module", ["hardware", "renderer"])
def test_the_command_plots_by_a_host(files: Path, address: str, module: str) -> None:
    done = run(files, address, module=module)
    assert done.returncode == 0, done.stderr
    assert f"on {address}" in done.stderr and "6 of 6 strokes" in done.stderr


def test_the_command_refuses_what_a_host_cannot_do(kind: str, files: Path, far: FakeMachine, address: str) -> None:
    refused = run(files, address, "--resume", "--home")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert refused.stderr.startswith("--resume, --home: ")
    other = {"moonraker": "octoprint", "octoprint": "moonraker"}[kind]
    if other == "moonraker":  # Klipper ignores M0
        refused = run(files, address.replace("octoprint", "moonraker"))
        assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
        assert "`dialect: marlin`, but moonraker runs files with `dialect: klipper`" in refused.stderr
    planned = run(files, address, "--dry-run", "--only-pen", "2")
    assert planned.returncode == 0 and "1 pause\n" in planned.stdout
    assert planned.stdout.endswith("nothing was sent\n")
    assert not far.requests


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_ends_the_job_there(files: Path, far: FakeMachine, address: str) -> None:
    with subprocess.Popen(
        command(files, address, "--json"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, cwd=ROOT,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert any(json.loads(line)["event"] == "Prompt" for line in process.stdout)
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=30)
    assert process.returncode == 130, errors
    assert json.loads(rest.splitlines()[-1])["outcome"] == "aborted"
    assert far.state == "cancelled" and far.ran

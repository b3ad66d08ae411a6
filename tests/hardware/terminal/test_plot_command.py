"""`python -m hardware plot` as people and programs use it: over a pseudo-terminal, with pipes, signals and SIGKILL."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from samples import SERVO
from simulated_plot import small_card

from hardware.gcode import gcode
from hardware.program import program
from hardware.simulator import Bench
from hardware.simulator.settings import for_machine
from hardware.simulator.trace import is_down, strokes

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals")

ROOT = Path(__file__).parents[3]
PATIENCE_S = 30.0


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with a machine and a drawing's G-code."""
    fields = SERVO.model_dump(mode="json", exclude_defaults=True)
    (tmp_path / "machine.yaml").write_text(yaml.safe_dump(fields))
    (tmp_path / "card.gcode").write_text(gcode(program(small_card(), SERVO), SERVO))
    return tmp_path


def command(files: Path, port: str, *options: str) -> list[str]:
    machine, drawing = str(files / "machine.yaml"), str(files / "card.gcode")
    return [sys.executable, "-m", "hardware", "plot", drawing, "-m", machine, "-p", port, *options]


def run(files: Path, port: str, *options: str, answers: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(files, port, *options), input=answers, capture_output=True, text=True, cwd=ROOT, timeout=PATIENCE_S,
        check=False,
    )  # fmt: skip


@contextmanager
def started(files: Path, port: str, *options: str) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        command(files, port, "--json", *options), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=PATIENCE_S)


def reported(process: "subprocess.Popen[str]", event: str) -> dict[str, object]:
    """The next event of this name."""
    assert process.stdout is not None
    for line in process.stdout:
        record: dict[str, object] = json.loads(line)
        if record["event"] == event:
            return record
    raise AssertionError(f"no {event} came: {process.stderr.read() if process.stderr else ''}")


def say(process: "subprocess.Popen[str]", **record: object) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps(record) + "\n")
    process.stdin.flush()


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)


@contextmanager
def board(speed: float = 8.0) -> Iterator[tuple[Bench, str]]:
    from hardware.simulator.pty import served

    bench = Bench(for_machine(SERVO), fast=False, speed=speed)
    with served(bench) as terminal:
        yield bench, terminal.name


def pen_is_down(bench: Bench) -> bool:
    return is_down(SERVO, 0.0, bench.controller.machine.pen_value)


def test_answers_come_through_a_pipe_and_lines_are_plain(files: Path) -> None:
    done = run(files, "sim:fast", answers="n 0.5 0 0\nt\nd\n\n")
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    plain_lines = done.stderr.splitlines()
    assert plain_lines[0] == "Grbl 1.1h.20190830 on sim:fast, 128 bytes of buffer"
    assert plain_lines[1] == "pen 1 of 2: black 0.5"
    assert plain_lines[3] == "  d or Enter  the pen is in: draw"
    assert "this pen is offset by x +0.5, y +0, z +0" in plain_lines
    assert plain_lines[-1].startswith("done: the pen is up and parked; 6 of 6 strokes in 0:")
    assert "\x1b" not in done.stderr


def test_programs_receive_json(files: Path) -> None:
    answers = "".join(json.dumps({"answer": n, "choice": "done"}) + "\n" for n in (1, 2))
    with started(files, "sim:fast") as process:
        assert reported(process, "Connected")["firmware"] == "Grbl 1.1h.20190830"
        for line in answers.splitlines():
            assert reported(process, "Prompt")["kind"] == "pen"
            say(process, **json.loads(line))
        assert reported(process, "Finished")["outcome"] == "done"
        assert process.wait(PATIENCE_S) == 0


def test_a_dry_run_opens_nothing(files: Path) -> None:
    done = run(files, "/dev/nowhere", "--dry-run")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "card.gcode on gantry\n"
        "   1  black 0.5            3 strokes, 0.08 m     0:08\n"
        "   2  Groe rouge 1.2       3 strokes, 0.08 m     0:11\n"
        "119 lines, 0:20 without pen changes; 2 pens to insert\n"
        "the machine moves from x 0, y 0 to x 90, y 73 mm\n"
        "nothing was sent\n"
    )
    assert not list(files.glob("*.journal"))


@pytest.mark.parametrize(
    ("port", "code", "message"),
    [
        ("/dev/ttyNOPE", 3, "/dev/ttyNOPE: no such port; "),
        (
            "sim:quick",
            3,
            "sim:quick: the simulator's options are fast, speed=N, latency=MS and"
            " firmware=grbl|grbl-0.9|grblhal|fluidnc|drawcore, as in sim:fast\n",
        ),
    ],
)
def test_a_port_that_cannot_be_used_is_reported(files: Path, port: str, code: int, message: str) -> None:
    done = run(files, port)
    assert done.returncode == code
    assert done.stderr.startswith(message)


def test_nothing_to_resume_is_reported(files: Path) -> None:
    done = run(files, "sim:fast", "--resume")
    assert (done.returncode, done.stderr) == (
        1,
        f"{files}/card.gcode.journal: cannot be read (No such file or directory); there is no journal to resume from\n",
    )


def test_another_drawing_is_not_gone_on_with(files: Path) -> None:
    with started(files, "sim:fast") as process:
        reported(process, "Prompt")
        say(process, do="abort")
        assert process.wait(PATIENCE_S) == 130
    (files / "card.gcode").write_text((files / "card.gcode").read_text().replace("G0 X20", "G0 X21"))
    done = run(files, "sim:fast", "--resume")
    assert done.returncode == 1
    assert done.stderr == (
        f"{files}/card.gcode.journal: that plot was of another drawing or for another machine file, so it cannot"
        " be resumed; plot without --resume on a new sheet\n"
    )


def test_ctrl_c_stops_lifts_and_parks_and_the_plot_is_resumed(files: Path) -> None:
    with board() as (bench, port):
        with started(files, port) as process:
            reported(process, "Prompt")
            say(process, do="resume")
            until(lambda: pen_is_down(bench) and len(bench.controller.machine.trace) > 10)
            process.send_signal(signal.SIGINT)
            assert reported(process, "Finished")["outcome"] == "aborted"
            assert process.wait(PATIENCE_S) == 130
        assert not pen_is_down(bench)
        assert bench.controller.machine.bed(0)[:2] == pytest.approx((0, 0))
        done = run(files, port, "--resume", answers="\n\n\n")
        assert done.returncode == 0, done.stderr
        assert "go on with the earlier plot?" in done.stderr
    assert len(strokes(bench.controller.machine.trace, SERVO)) in {6, 7}  # one of them in two parts


@pytest.mark.parametrize(
    "where", ["stroke", pytest.param("travel", marks=pytest.mark.slow), pytest.param("prompt", marks=pytest.mark.slow)]
)
def test_killed_it_leaves_no_pen_on_the_paper_and_is_resumed(files: Path, where: str) -> None:
    with board() as (bench, port):
        with started(files, port) as process:
            reported(process, "Prompt")
            if where != "prompt":
                say(process, do="resume")
                until(lambda: len(bench.controller.machine.trace) > 10)
                until(lambda: bench.controller.machine.state == "Run" and pen_is_down(bench) == (where == "stroke"))
            process.kill()
            process.wait(PATIENCE_S)
        until(lambda: not pen_is_down(bench) and bench.controller.machine.state == "Idle")  # the guard has lifted it
        answers = "\n\n\n\n"
        done = _resumed(files, port, answers)
        assert done.returncode == 0, done.stderr
    drawn = strokes(bench.controller.machine.trace, SERVO)
    dots = [stroke for stroke in drawn if len(stroke) == 1]
    assert 2 <= len(dots) <= 3
    assert 4 <= len(drawn) - len(dots) <= 5


def _resumed(files: Path, port: str, answers: str) -> "subprocess.CompletedProcess[str]":
    """As soon as the guard has given the port back."""
    end = time.monotonic() + PATIENCE_S
    while True:
        done = run(files, port, "--resume", answers=answers)
        if "another program has it open" not in done.stderr or time.monotonic() > end:
            return done
        time.sleep(0.1)


def test_a_second_sender_is_turned_away_and_the_first_goes_on(files: Path) -> None:
    with board() as (_, port), started(files, port) as process:
        reported(process, "Prompt")
        second = run(files, port, "--journal", str(files / "second.journal"))
        assert second.returncode == 3
        assert second.stderr == (
            f"{port}: another program has it open (a second plot, a terminal, another sender);"
            " close that program first\n"
        )
        say(process, do="resume")
        assert reported(process, "Prompt")["title"].startswith("pen 2 of 2")  # type: ignore[attr-defined]
        say(process, do="resume")
        assert reported(process, "Finished")["outcome"] == "done"


def test_a_port_on_which_nothing_answers_is_reported(files: Path) -> None:
    near, far = os.openpty()
    try:
        done = run(files, os.ttyname(far))
    finally:
        os.close(near)
        os.close(far)
    assert done.returncode == 3
    assert "nothing answers within 3 s; is the machine switched on, is this the right port" in done.stderr


def test_the_simulator_serves_other_programs(files: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "hardware", "simulate", "-m", str(files / "machine.yaml")],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        import serial

        with serial.Serial(process.stdout.readline().strip(), 115200, timeout=5) as port:
            port.write(b"$I\n")
            assert port.readline() == b"[VER:1.1h.20190830:]\r\n"
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_S)


def test_a_plot_loads_fast_and_small() -> None:
    """Nothing heavy is imported before it is used; how long that takes is a benchmark's affair."""
    heavy = "torch, numba, numpy, pydantic, serial, rich, yaml, tinycss2, cssselect2, shapely"
    code = f"import hardware.plotting.plot, sys; print([m for m in '{heavy}'.split(', ') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout == "[]\n"


def test_the_list_of_what_hardware_needs_is_part_of_the_projects() -> None:
    import tomllib

    listed = [
        line for line in (ROOT / "hardware/requirements.txt").read_text().splitlines() if line[:1] not in {"#", ""}
    ]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert set(listed) <= set(project)

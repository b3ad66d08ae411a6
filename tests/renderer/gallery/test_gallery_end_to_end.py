"""A whole small gallery, from the command line to the folders, and what is left when it is ended half way."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from renderer import cli
from renderer.cli import printing
from renderer.gallery.statement import read

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RENDER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("RENDER_OFFLINE", "1")
    printing.console.cache_clear()


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-c", "from renderer.cli import main; main()", "gallery", *map(str, arguments)]


def hears_ctrl_c() -> None:
    """A shell's background jobs, and what they start, are deaf to it; so these tests may be."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def stamps(gallery: Path) -> dict[str, int]:
    return {path.parent.name: path.stat().st_mtime_ns for path in gallery.glob("*/manifest.json")}


def test_what_is_due_is_rendered_and_nothing_else(spec: Path, tmp_path: Path, capsys: Capture) -> None:
    gallery = tmp_path / "gallery"
    spec.write_text(spec.read_text() + "matrix: {seed: [1, 2]}\n")
    place = [str(spec), "--to", str(gallery)]
    assert cli.run(["gallery", "build", *place, "--only", "*-1", "--out", str(tmp_path / "out")]) == 0
    assert (tmp_path / "out" / "disc-seed-1" / "gcode" / "drawing.gcode").exists()
    before = stamps(gallery)
    assert list(before) == ["disc-seed-1"]
    assert cli.run(["gallery", "build", *place]) == 0
    after = stamps(gallery)
    assert set(after) == {"disc-seed-1", "disc-seed-2"}
    assert after["disc-seed-1"] == before["disc-seed-1"]
    assert cli.run(["gallery", "check", *place]) == 0
    made = read(gallery / "disc-seed-1")
    assert made is not None
    assert made.predicate["render_cost"]["peak_mb"] > 100
    capsys.readouterr()
    assert cli.run(["gallery", "check", *place, "--verify", "disc-seed-1"]) == 0
    assert capsys.readouterr().out.endswith("disc-seed-1: ok; 4 of 4 files are the same byte for byte\n")


@pytest.mark.slow
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL])
def test_a_build_that_is_ended_leaves_whole_works_and_no_process(spec: Path, tmp_path: Path, ending: int) -> None:
    gallery = tmp_path / "gallery"
    spec.write_text(spec.read_text().replace("steps: 10", "steps: 60000\n    patience: 0") + "matrix: {seed: [1, 2]}\n")
    with subprocess.Popen(
        command("build", spec, "--to", gallery, "--jobs", 2),
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=hears_ctrl_c,  # noqa: PLW1509  no threads here
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:  # until both are at work
            if line.startswith("disc-seed-2"):
                break
        children = [pid for pid in _running() if _parent(pid) == process.pid]
        assert len(children) == 2
        process.send_signal(ending)
        process.stderr.read()
    assert process.returncode == (130 if ending == signal.SIGINT else -signal.SIGKILL)
    deadline = time.monotonic() + 20
    while any(_parent(child) is not None for child in children) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not [child for child in children if _parent(child) is not None]
    assert stamps(gallery) == {}
    assert cli.run(["gallery", "check", str(spec), "--to", str(gallery)]) == 1


def _running() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _parent(pid: int) -> int | None:
    """The parent of a process that runs; None of one that does not."""
    try:
        state, parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
    except OSError:
        return None
    return None if state == "Z" else int(parent)

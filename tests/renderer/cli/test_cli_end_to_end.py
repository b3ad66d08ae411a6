"""A whole small render, from the command line to the files."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from hardware.svgfile import read_svg
from renderer import cli

ARGUMENTS = ["--set", "layers=[{points: 40, steps: 10}, {curves: 6, steps: 5}]", "--threads", "1"]


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-c", "from renderer.cli import main; main()", *map(str, arguments)]


def test_a_spec_becomes_a_drawing_and_twice_the_same_one(spec: Path, tmp_path: Path) -> None:
    assert cli.run([str(spec), *ARGUMENTS, "--out", str(tmp_path / "a")]) == 0
    assert cli.run([str(spec), *ARGUMENTS[:2], "--threads", "2", "--out", str(tmp_path / "b")]) == 0
    a, b = files(tmp_path / "a" / "disc"), files(tmp_path / "b" / "disc")
    assert {name for name in a.keys() | b.keys() if a.get(name) != b.get(name)} == {"manifest.json"}
    assert {"drawing.svg", "gcode/drawing.gcode", "preview.png", "progress.gif", "loss.csv", "report.html"} < a.keys()
    drawing = read_svg(tmp_path / "a" / "disc" / "drawing.svg")
    assert (drawing.width_mm, drawing.height_mm) == (105, 148)
    assert sum(len(pen_pass.lines) for pen_pass in drawing.passes) >= 40
    record = json.loads(a["manifest.json"])
    assert sum(row["strokes"] for row in record["passes"]) == sum(len(p.lines) for p in drawing.passes)
    assert record["interrupted"] is False
    with Image.open(tmp_path / "a" / "disc" / "preview.png") as preview:
        assert preview.width / preview.height == pytest.approx(105 / 148, abs=0.01)


def test_a_render_does_not_load_the_compiler_of_torch(spec: Path, tmp_path: Path) -> None:
    script = "import sys; from renderer.cli import run; run(sys.argv[1:]); print('torch._dynamo' in sys.modules)"
    run = [sys.executable, "-c", script, str(spec), *ARGUMENTS, "--out", "out"]
    done = subprocess.run(run, capture_output=True, text=True, cwd=tmp_path, check=True)
    assert done.stdout.splitlines()[-1] == "False"


def test_piped_output_is_plain(spec: Path, tmp_path: Path) -> None:
    environment = os.environ | {"COLUMNS": "80"}
    run = command(spec, *ARGUMENTS, "--out", "out")
    done = subprocess.run(run, capture_output=True, text=True, cwd=tmp_path, env=environment, check=False)
    assert (done.returncode, done.stdout) == (0, f"{Path('out') / 'disc'}\n")
    assert "\x1b" not in done.stderr
    assert "\r" not in done.stderr
    assert re.search(r"^disc: points \(1 of 2\) 10/10, \d+% of the picture's tones$", done.stderr, re.MULTILINE)
    assert max(map(len, done.stderr.splitlines())) <= 80


def test_a_terminal_of_80_columns_shows_bars_that_fit(spec: Path, tmp_path: Path) -> None:
    environment = os.environ | {"COLUMNS": "80", "TERM": "xterm", "NO_COLOR": "1"}
    ours, theirs = pty.openpty()
    run = command(spec, *ARGUMENTS, "--out", "out")
    with subprocess.Popen(run, stdout=subprocess.PIPE, stderr=theirs, cwd=tmp_path, env=environment) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                piece = os.read(ours, 4096)
            except OSError:  # how Linux says that the other end is closed
                break
            if not piece:
                break
            shown += piece
        assert process.stdout is not None
        assert process.stdout.read() == b"out/disc\n"
    os.close(ours)
    text = shown.decode()
    assert "disc: points (1 of 2)" in text
    assert "10/10" in text
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", text)  # NO_COLOR
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)
    assert max(len(line) for line in re.split(r"[\r\n]+", plain)) <= 80


def test_ctrl_c_in_a_long_fit_leaves_a_whole_folder(spec: Path, tmp_path: Path) -> None:
    run = command(spec, "--set", "layers=[{points: 40, steps: 100000}]", "--out", "out", "--threads", "1")
    with subprocess.Popen(run, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if re.search(r"points \(1 of 1\) [1-9]\d*/100000", line):
                break
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, f"{Path('out') / 'disc'}\n")
    assert "stopping and keeping the drawing so far" in err
    folder = tmp_path / "out" / "disc"
    record = json.loads((folder / "manifest.json").read_bytes())
    assert record["interrupted"] is True
    assert {*record["files"], "manifest.json"} == files(folder).keys()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["disc"]


def test_ctrl_c_before_there_is_anything_leaves_nothing(spec: Path, tmp_path: Path) -> None:
    run = command(spec, "--out", "out")
    with subprocess.Popen(run, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "disc: starting\n"  # torch is being imported
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert err.endswith("render: disc: interrupted; nothing was written\n")
    assert not (tmp_path / "out").exists()


LOADING = """
import builtins, os, signal, sys
real = builtins.__import__

def slow(name, *rest, **more):
    if name == "renderer.cli":
        os.kill(os.getpid(), signal.SIG{})
    return real(name, *rest, **more)

builtins.__import__ = slow
from renderer.__main__ import main
main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot send itself these signals there")
@pytest.mark.parametrize("name", ["INT", "TERM"])
def test_a_signal_while_the_program_is_loaded_leaves_no_traceback(name: str, tmp_path: Path) -> None:
    run = [sys.executable, "-c", LOADING.replace("SIG{}", f"SIG{name}"), "doctor"]
    where = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False, env=where)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "render: interrupted; nothing was written\n"

"""The computer beside the machine has neither numba nor torch: every command works there."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from samples import two_pens

from hardware.__main__ import main
from hardware.svgfile import to_svg

ROOT = Path(__file__).parents[2]
BLOCKED = """
import sys

class Blocked:
    def find_spec(self, name, *rest):
        if name.split(".")[0] in {"numba", "torch", "torchvision", "lpips", "scipy"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocked())
"""
COMMAND = BLOCKED + "from hardware.__main__ import main\nmain(sys.argv[1:], prog_name='hardware')\n"
ARGUMENTS = {
    "gcode": ["gcode", "a.svg", "--machine", "gantry_grbl_servo"],
    "plan": ["plan", "a.svg", "--machine", "gantry_grbl_servo", "--plot", "plan.svg"],
    "card": ["card", "--machine", "gantry_grbl_servo", "--pens", "micron_black"],
    "plot": ["plot", "a.svg", "--machine", "gantry_grbl_servo", "--port", "sim:fast"],
    "ports": ["ports", "--no-questions"],
    "simulate": ["simulate", "--help"],
}


def python(text: str, *words: str, cwd: Path, answers: str = "") -> subprocess.CompletedProcess[str]:
    call = [sys.executable, "-W", "error", "-c", text, *words]
    return subprocess.run(call, cwd=cwd, env=_environment(), capture_output=True, text=True, check=False, input=answers)


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.svg").write_text(to_svg(two_pens()), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("command", ARGUMENTS)
def test_every_command_works_without_numba_and_torch(command: str, folder: Path) -> None:
    done = python(COMMAND, *ARGUMENTS[command], cwd=folder, answers="\n" * 20)
    assert "Traceback" not in done.stderr
    assert done.returncode == 0, done.stderr


def test_no_command_is_forgotten() -> None:
    assert set(main.commands) == set(ARGUMENTS)


def test_a_note_says_why_the_order_is_slower(folder: Path) -> None:
    done = python(COMMAND, *ARGUMENTS["plan"], cwd=folder)
    assert "note: numba is not installed" in done.stderr
    assert (folder / "plan.svg").is_file()


TOUR = """
import numpy as np
from hardware import plain_kernels
from hardware.drawing import Drawing, Ink, Pen, PenPass
assert plain_kernels.use_if_needed() is plain_expected
from hardware.toolpath.seam import joined
from hardware.toolpath.tour import tour
random = np.random.default_rng(4)
begins = random.uniform(0, 100, (60, 2))
points = np.stack([begins, begins + random.normal(0, 4, (60, 2))], axis=1)
chained = tuple(random.permutation(np.linspace([[0, 0], [1, 0]], [[59, 9], [60, 9]], 60)))
print(tour(points.reshape(-1, 2), 0.05).tolist(), [line.tolist() for line in joined(chained, 0.2)])
"""


def test_the_plain_kernels_find_what_the_compiled_ones_find(tmp_path: Path) -> None:
    """200 kicks are within the limit of the plain kernels, so that even the order is the same."""
    plain = python(f"plain_expected = True\n{BLOCKED}{TOUR}", cwd=tmp_path)
    fast = python(f"plain_expected = False\n{TOUR}", cwd=tmp_path)
    assert (plain.returncode, fast.returncode) == (0, 0), plain.stderr + fast.stderr
    assert plain.stdout == fast.stdout


def test_fewer_kicks_cost_little_travel(tmp_path: Path) -> None:
    """The travel through 150 lines is at most 8 % longer than with the compiled kernels."""
    text = TOUR.split("random =", maxsplit=1)[0] + (
        "begins = np.random.default_rng(7).uniform(0, 100, (150, 2))\n"
        "points = np.repeat(begins, 2, axis=0)\n"
        "points[1::2] += 2\n"
        "at = points[tour(points)]\n"
        "print(np.hypot(*(at[1::2] - np.roll(at[::2], -1, axis=0)).T).sum())\n"
    )
    plain = float(python(f"plain_expected = True\n{BLOCKED}{text}", cwd=tmp_path).stdout)
    fast = float(python(f"plain_expected = False\n{text}", cwd=tmp_path).stdout)
    assert fast <= plain <= 1.08 * fast
    assert np.isfinite(plain)


HIDDEN = """
import importlib, pkgutil, sys

HIDE = {"fcntl", "pty", "termios", "tty", "resource", "pwd", "grp"}

class Hidden:
    def find_spec(self, name, *rest):
        if name in HIDE:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Hidden())
for name in HIDE:
    sys.modules.pop(name, None)
import hardware
for found in pkgutil.walk_packages(hardware.__path__, "hardware."):
    if found.name != "hardware.simulator.pty" and not found.name.endswith("__main__"):
        importlib.import_module(found.name)
"""


def test_every_module_loads_where_there_is_no_posix(tmp_path: Path) -> None:
    done = python(HIDDEN, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    run = "from hardware.__main__ import main\nmain(sys.argv[1:], prog_name='hardware')\n"
    done = python(HIDDEN + run, "simulate", "--machine", "gantry_grbl_servo", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "a simulated terminal needs Linux or macOS; use plot --port sim, which works everywhere\n"


def test_the_small_package_needs_what_the_list_of_requirements_has() -> None:
    project = tomllib.loads((ROOT / "plotter" / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = (ROOT / "hardware" / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert project["dependencies"] == [line for line in lines if not line.startswith("#")]

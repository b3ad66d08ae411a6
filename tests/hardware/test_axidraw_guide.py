"""docs/axidraw.md is true to the commands: its machines are there, its card plots, its options exist."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from hardware import starters
from hardware.__main__ import main as hardware_commands
from hardware.machine import load_machine
from hardware.sheet_placement import check_sheet, sheet_placement, sheet_room_mm

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "axidraw.md").read_text(encoding="utf-8")


def test_every_machine_that_it_names_is_installed_and_reaches_as_far() -> None:
    rows = re.findall(r"^\| (.+?) \| `(\w+)` \| (\d+) x (\d+) mm \|$", GUIDE, re.MULTILINE)
    assert {name for _, name, _, _ in rows} == {
        name for name in starters.names("machines") if name.startswith(("axidraw", "nextdraw"))
    }
    for _, name, width, height in rows:
        machine = load_machine(name)
        assert (int(machine.width_mm), int(machine.height_mm)) == (int(width), int(height))


def test_options_of_plot_are_known() -> None:
    commands = re.findall(r"^    (?:uv run )?(render plot .+)$", GUIDE, re.MULTILINE)
    options = {option for each in hardware_commands.commands["plot"].params for option in each.opts} | {"--machine"}
    for command in commands:
        assert {part for part in shlex.split(command) if part.startswith("-")} <= options
    assert len(commands) >= 3


@pytest.mark.parametrize("name", ["axidraw_v3", "nextdraw_1117"])
def test_its_card_plots_in_two_passes_on_the_simulated_board(name: str, tmp_path: Path) -> None:
    card = re.search(r"```xml\n(.*?)```", GUIDE, re.DOTALL)
    assert card is not None
    (tmp_path / "card.svg").write_text(card[1])
    command = [sys.executable, "-m", "hardware", "plot", str(tmp_path / "card.svg"), "-m", name, "-p", "sim:fast"]
    done = subprocess.run(
        command, input="o\nt\n\n\n", capture_output=True, text=True, cwd=ROOT, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "EBB 2.8.1, 1 move ahead on sim:fast" in done.stderr
    assert "pen 2 of 2: " in done.stderr
    assert "done: the pen is up and parked; 2 of 2 strokes" in done.stderr


@pytest.mark.parametrize(
    ("name", "size_mm"),
    [
        ("axidraw_v3", (297, 210)),
        ("axidraw_v3", (279.4, 215.9)),
        ("axidraw_v3", (148, 105)),
        ("nextdraw_1117", (420, 297)),
    ],
)
def test_every_sheet_has_its_top_left_corner_at_home(name: str, size_mm: tuple[float, float]) -> None:
    """A4, US letter and a postcard alike, without a change of the file."""
    machine = load_machine(name)
    assert check_sheet(*size_mm, machine) == []
    assert sheet_placement(*size_mm, machine).on_bed(0, 0) == (0, 0)
    assert sheet_placement(*size_mm, machine).on_bed(*size_mm) == (size_mm[0], -size_mm[1])
    assert sheet_room_mm(machine)[1] == machine.height_mm


def test_the_corner_of_the_sheet_changes_no_older_machine() -> None:
    assert "sheet_corner" not in load_machine("gantry_grbl_servo").model_dump()
    assert load_machine("axidraw_v3").model_dump()["sheet_corner"] == "top left"

"""docs/first-plot.md is true to the commands: its options are there, its card plots, its answers have these keys."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from hardware.__main__ import main as hardware_commands
from hardware.terminal.event_text import KEYS

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "first-plot.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^    (?:uv run )?((?:render|python -m hardware) .+)$", GUIDE, re.MULTILINE)


def test_the_guide_has_commands() -> None:
    assert len(COMMANDS) >= 8


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("python -m hardware")])
def test_commands_of_hardware_are_known(command: str) -> None:
    _, _, _, name, *arguments = shlex.split(command)
    options = {option for each in hardware_commands.commands[name].params for option in each.opts}
    assert {argument for argument in arguments if argument.startswith("-")} <= options


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("render plot")])
def test_options_of_plot_are_known(command: str) -> None:
    options = {option for each in hardware_commands.commands["plot"].params for option in each.opts} | {"--machine"}
    assert {argument for argument in shlex.split(command) if argument.startswith("-")} <= options


def test_files_that_it_names_are_there() -> None:
    for name in re.findall(r"specs/[\w/]+\.yaml", GUIDE):
        assert (ROOT / name).is_file(), name


def test_keys_that_it_names_are_those_of_the_choices() -> None:
    assert (KEYS["test"], KEYS["abort"], KEYS["here"]) == ("t", "q", "o")


def test_its_card_plots_in_two_passes(tmp_path: Path) -> None:
    card = re.search(r"```xml\n(.*?)```", GUIDE, re.DOTALL)
    assert card is not None
    (tmp_path / "card.svg").write_text(card[1])
    machine = ROOT / "specs/machines/gantry_grbl_servo.yaml"
    command = [
        sys.executable,
        "-m",
        "hardware",
        "plot",
        str(tmp_path / "card.svg"),
        "-m",
        str(machine),
        "-p",
        "sim:fast",
    ]
    done = subprocess.run(command, input="t\n\n\n", capture_output=True, text=True, cwd=ROOT, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "pen 2 of 2: red" in done.stderr
    assert "done: the pen is up and parked; 4 of 4 strokes" in done.stderr

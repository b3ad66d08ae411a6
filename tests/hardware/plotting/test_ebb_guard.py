"""The guard of a plot on an EBB, as a process of its own: once the program is gone, the pen goes up."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ebb_plot import AXIDRAW, EbbPlot

from hardware.plotting.journal import read
from hardware.plotting.session import PlotOptions
from hardware.simulator.ebb_bench import EbbBench
from hardware.simulator.pty import served
from hardware.simulator.trace import is_down
from hardware.wire.serial_port import SerialPort

ROOT = Path(__file__).parents[3]
START = b'{"j":"start","digest":"0","lines":1,"strokes":1,"options":{},"source":"card"}\n'


@pytest.mark.parametrize("ends", ["killed", "dismissed"])
def test_the_pen_goes_up_only_if_the_program_was_killed(ends: str, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    journal.write_bytes(START)
    bench = EbbBench(AXIDRAW, fast=False)
    with served(bench) as terminal:
        port = SerialPort(terminal.name)
        number, (there, here) = port.fileno(), os.pipe()
        assert number is not None
        port.write(b"SC,4,20641\rSC,5,15248\rSP,0,50\rSM,100,800,800\rSM,100,8")  # and half a command
        command = [sys.executable, "-m", "hardware.plotting.ebb_guard", str(number), str(there), str(journal), "15248"]
        guard = subprocess.Popen(command, pass_fds=(number, there), cwd=ROOT, stdin=subprocess.DEVNULL)
        os.close(there)
        time.sleep(0.3)
        if ends == "dismissed":
            os.write(here, b"x")
        os.close(here)
        assert guard.wait(20) == 0
        port.close()
        down = is_down(AXIDRAW, 0.0, bench.board.machine.pen_value)
    assert down == (ends == "dismissed")
    assert read(journal).guard == (None if down else "<Idle|MPos:0,0,0|FS:0,15248>")


def test_checking_ahead_is_refused_with_a_note(tmp_path: Path) -> None:
    session = EbbPlot(options=PlotOptions(checks=True))
    assert session.run(tmp_path / "journal").outcome == "done"
    assert "ebb controllers have no check mode, so nothing was checked ahead" in session.notes()

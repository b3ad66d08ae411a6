"""Plots on a simulated HP-GL plotter: no byte too many, the carousel, and what becomes of faults."""

import math
import os
import re
import subprocess
import sys
import threading
import tty
from pathlib import Path

import pytest
from hpgl_plot import HP_7475A, HpglPlot
from simulated_plot import all_drawn_once, small_card

from hardware.job.prepare import from_drawing
from hardware.plotting.control import Control
from hardware.plotting.events import Prompt
from hardware.plotting.plot import Plot
from hardware.plotting.session import PlotOptions
from hardware.wire.opener import opener

BUFFERS = pytest.mark.parametrize("buffer_bytes", [60, 1024])


@BUFFERS
def test_every_stroke_is_drawn_once_and_no_byte_is_lost(buffer_bytes: int, tmp_path: Path) -> None:
    session = HpglPlot(buffer_bytes=buffer_bytes)
    assert session.run(tmp_path / "journal").outcome == "done"
    simulated = session.bench.simulated
    assert (simulated.lost_bytes, simulated.errors) == (0, 0)
    assert simulated.most_bytes <= buffer_bytes
    assert all_drawn_once(session)


def test_the_carousel_is_filled_once_and_then_changes_the_pens() -> None:
    session = HpglPlot()
    session.run()
    assert session.bench.simulated.pens == [1, 2]
    [prompt] = session.prompts
    assert prompt.title == "the pens of the carousel"
    assert prompt.text.startswith("put the pens into their places: 1: black 0.5, 2: ")


def test_a_plotter_without_a_carousel_asks_for_each_pen() -> None:
    single = HP_7475A.model_copy(update={"hpgl": HP_7475A.plotter.model_copy(update={"pens": 1})})
    session = HpglPlot(machine=single)
    session.run()
    assert [prompt.kind for prompt in session.prompts] == ["pen", "pen"]
    assert session.bench.simulated.pens == []
    assert session.pen_down_at_prompts == []


def test_a_carousel_that_is_too_small_is_filled_again() -> None:
    small = HP_7475A.model_copy(update={"hpgl": HP_7475A.plotter.model_copy(update={"pens": 2})})
    pens = [p.pen for p in HpglPlot().drawing.passes]
    third = HpglPlot().drawing.passes[0]
    drawing = HpglPlot().drawing
    more = third.__class__("third", pens[0].model_copy(update={"name": "third"}), third.lines)
    session = HpglPlot(machine=small, drawing=drawing.__class__(100, 80, "#ffffff", (*drawing.passes, more)))
    session.run()
    assert session.bench.simulated.pens == [1, 2, 1]
    assert [prompt.title for prompt in session.prompts] == ["the pens of the carousel"] * 2


@BUFFERS
@pytest.mark.parametrize("after", range(12, 150, 17))
def test_killed_anywhere_it_is_resumed_without_a_gap(after: int, buffer_bytes: int, tmp_path: Path) -> None:
    session = HpglPlot(buffer_bytes=buffer_bytes)
    assert session.resumed(tmp_path / "journal", after).outcome == "done"
    assert session.strays() == []
    times = session.times_drawn()
    assert all(share > 0.98 for share in times), times
    assert session.bench.simulated.lost_bytes == 0


@BUFFERS
def test_a_cable_that_is_out_for_a_while_costs_nothing(buffer_bytes: int, tmp_path: Path) -> None:
    session = HpglPlot(buffer_bytes=buffer_bytes)

    def pulls(control: object, event: object) -> None:
        if len(session.drawn()) == 3 and not session.reported_faults() and session.bench.port is not None:
            session.bench.unplug(3.0)

    session.watchers.append(pulls)
    assert session.run(tmp_path / "journal").outcome == "done"
    assert session.reported_faults() == ["port"]
    assert all(share > 0.98 for share in session.times_drawn())
    assert session.strays() == []


def test_a_pause_at_once_discards_the_buffer_and_goes_on_there(tmp_path: Path) -> None:
    session = HpglPlot()
    session.at_stroke(3, lambda control: control.pause(now=True))
    assert session.run(tmp_path / "journal").outcome == "done"
    assert "pause" in [prompt.kind for prompt in session.prompts]
    assert session.pen_down_at_prompts == []
    assert all(share > 0.98 for share in session.times_drawn())
    assert session.strays() == []


def test_an_emergency_discards_the_buffer_and_raises_the_pen(tmp_path: Path) -> None:
    session = HpglPlot()
    session.at_stroke(3, lambda control: control.emergency())
    assert session.run(tmp_path / "journal").outcome == "emergency"
    assert not session.pen_is_down()
    assert len(session.drawn()) <= 4


@pytest.mark.parametrize("ends", ["killed", "dismissed"])
def test_the_pen_goes_up_if_the_program_is_killed(ends: str) -> None:
    near, far = os.openpty()
    tty.setraw(far)
    there, here = os.pipe()
    command = [sys.executable, "-m", "hardware.plotting.hpgl_guard", str(far), str(there), "-", "PU;"]
    guard = subprocess.Popen(command, pass_fds=(far, there), cwd=Path(__file__).parents[3], stdin=subprocess.DEVNULL)
    os.close(there)
    if ends == "dismissed":
        os.write(here, b"x")
    os.close(here)
    assert guard.wait(20) == 0
    os.set_blocking(near, False)
    if ends == "killed":
        assert os.read(near, 10) == b"PU;"
    else:
        with pytest.raises(BlockingIOError):
            os.read(near, 10)
    os.close(near)
    os.close(far)


class HeldPlotter:
    """A cutter with a buffer of 60 bytes at the far end of a pseudo-terminal, which sends XOFF and XON."""

    ROOM, NEARLY, LOW = 60, 24, 8

    def __init__(self) -> None:
        self.near, far = os.openpty()
        tty.setraw(far)
        self.name = os.ttyname(far)
        self.text, self.most, self.held = b"", 0, 0
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        buffer = 0
        while not self._ends.is_set():
            if buffer < self.NEARLY:
                content = os.read(self.near, self.NEARLY)
                self.text += content
                buffer += len(content)
                self.most = max(self.most, buffer)
            if buffer >= self.NEARLY:
                os.write(self.near, b"\x13")
                self.held += 1
                self._ends.wait(0.002)
                buffer = self.LOW
                os.write(self.near, b"\x11")
            else:
                buffer = max(buffer - 1, 0)

    def close(self) -> None:
        self._ends.set()


def test_a_cutter_that_holds_the_computer_by_xoff_gets_every_byte() -> None:
    plotter = HP_7475A.plotter.model_copy(update={"handshake": "xon", "pens": 1})
    at_once = HP_7475A.pen_lift.model_copy(update={"settle_s": 0.0})
    fast = {"travel_mm_min": 200000.0, "feed_mm_min": 200000.0, "pen_lift": at_once}
    machine = HP_7475A.model_copy(update={"hpgl": plotter, **fast})
    drawing = small_card()
    job = from_drawing(drawing, machine, "card")
    far, control = HeldPlotter(), Control()
    control.watch(lambda event: control.answer(event.id, event.default) if isinstance(event, Prompt) else None)
    finished = Plot(job, opener(far.name, machine), control, None, PlotOptions()).run()
    far.close()
    assert finished.outcome == "done"
    assert far.held > 10
    places = [(int(x), int(y)) for x, y in re.findall(rb"PD(-?\d+),(-?\d+);", far.text)]
    wanted = [machine.plotter.units((line.x_mm, line.y_mm)) for line in job.lines if line.is_draw]
    assert places == wanted
    assert math.dist(places[0], wanted[0]) == 0

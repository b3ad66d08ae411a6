"""The simulated EBB: each command as in the public command set (evil-mad.github.io/EggBot/ebb.html, section #XX)."""

from pathlib import Path

import numpy as np
import pytest
from ebb_plot import AXIDRAW, EbbPlot

from hardware.machine import load_machine
from hardware.sheet_placement import sheet_placement
from hardware.simulator.ebb_bench import EbbBench
from hardware.simulator.trace import Move, strokes
from hardware.svgfile import read_svg

HERE = Path(__file__).parent
HALF_EIGHTH_MM = 0.0125  # half of an eighth of a step, of which 40 are a millimetre


class Wire:
    """A port that is asked command by command."""

    def __init__(self, version: tuple[int, int, int] = (2, 8, 1)) -> None:
        self.bench = EbbBench(AXIDRAW, version=version)
        self.board, self.port = self.bench.board, self.bench.open()

    def ask(self, text: str, wait_s: float = 0.5) -> str:
        self.port.write(text.encode() + b"\r")
        until, heard = self.port.now() + wait_s, b""
        while self.port.now() < until:
            heard += self.port.read(until - self.port.now())
        return heard.decode()

    def quickly(self, text: str) -> str:
        return self.ask(text, 0.008)


REPLIES = {  # in legacy syntax, with the line ends that each section shows
    "V": "EBBv13_and_above EB Firmware Version 2.8.1\r\n",
    "QB": "0\r\nOK\r\n",
    "QC": "0394,0300\r\nOK\r\n",
    "QG": "10\r\n",
    "QL": "0\r\nOK\r\n",
    "QM": "QM,0,0,0,0\n\r",
    "QP": "1\n\rOK\r\n",
    "QS": "0,0\n\rOK\r\n",
    "QE": "0,0\r\nOK\r\n",
    "CS": "OK\r\n",
    "CU,1,1": "OK\r\n",
    "EM,1,1": "OK\r\n",
    "ES": "0,0,0,0,0\n\rOK\r\n",
    "SC,4,12000": "OK\r\n",
    "SL,83": "OK\r\n",
    "SM,100,250,-76": "OK\r\n",
    "SP,1": "OK\r\n",
    "SP,0,150": "OK\r\n",
    "S2,24000,6": "OK\r\n",
    "XM,1000,550,-1234": "OK\r\n",
    "LM,85899346,100,0,0,0,0": "OK\r\n",
    "BB": "!8 Err: Unknown command 'BB:4242'\r\n",
    "SM,100": "!4 Err: Missing parameter(s)\r\n",
    "SM,A,1,1": "!6 Err: Invalid parameter value\r\n",
}


@pytest.mark.parametrize("text", REPLIES)
def test_each_command_is_answered_as_documented(text: str) -> None:
    assert Wire().ask(text) == REPLIES[text]


def test_steps_are_counted_for_motors_and_mixed_axes() -> None:
    wire = Wire()
    wire.ask("SM,100,250,-76")
    assert wire.ask("QS") == "250,-76\n\rOK\r\n"
    wire.ask("XM,100,100,30")  # motor 1: A + B, motor 2: A - B (#XM)
    assert wire.ask("QS") == "380,-6\n\rOK\r\n"
    assert wire.board.bed() == pytest.approx(((380 - 6) / 160, (-6 - 380) / 160))
    wire.ask("CS")
    assert wire.ask("QS") == "0,0\n\rOK\r\n"


def test_the_counters_and_the_memory_are_lost_where_the_reference_says_so() -> None:
    wire = Wire()
    wire.ask("SL,83")
    wire.ask("SM,100,250,-76")
    wire.ask("EM,1,1")
    assert wire.ask("QS").startswith("0,0"), "whenever the motors are switched by EM (#HM)"
    assert wire.ask("QL").startswith("83")
    wire.bench.restart_board()
    assert wire.ask("QL").startswith("0"), "all values are cleared at a reset (#SL)"


def test_a_third_move_holds_up_the_parser_until_there_is_room() -> None:
    """One move is carried out, one is in the FIFO, and the third is stuck (#QM)."""
    wire = Wire()
    assert wire.quickly("SM,200,100,0") == "OK\r\n"
    assert wire.quickly("SM,200,100,0") == "OK\r\n"
    assert wire.quickly("QM") == "QM,1,1,0,1\n\r"
    assert wire.quickly("SM,200,100,0") == ""
    assert wire.quickly("QM") == "", "no command is parsed meanwhile"
    assert wire.ask("QG", 0.2) == "OK\r\nQM,1,1,0,1\n\r1D\r\n"
    assert wire.ask("QS", 1.0) == "300,0\n\rOK\r\n" or wire.ask("QS").startswith("300,0")


def test_firmware_3_has_a_deeper_fifo_on_request() -> None:
    wire = Wire((3, 0, 2))
    assert wire.ask("QU,2") == "QU,032\r\nOK\r\n"
    assert wire.ask("CU,4,16") == "OK\r\n"
    assert wire.ask("QU,3") == "QU,016\r\nOK\r\n"
    assert [wire.quickly("SM,100,10,0") for _ in range(17)] == ["OK\r\n"] * 17
    assert Wire().ask("QU,2").startswith("!8 Err")


def test_an_emergency_stop_interrupts_the_move_and_empties_the_fifo() -> None:
    wire = Wire()
    wire.quickly("SM,1000,1000,0")
    wire.quickly("SM,1000,1000,0")
    assert wire.ask("ES", 0.01).startswith("1,0,0,0,0")
    steps = int(wire.ask("QS").split(",")[0])
    assert 5 <= steps <= 20
    assert wire.ask("QG") == "10\r\n"


def test_pen_and_delay_wait_for_their_turn() -> None:
    wire = Wire()
    wire.ask("SC,4,20641")
    wire.ask("SC,5,15248")
    wire.quickly("SM,100,80,80")
    wire.quickly("SP,0,50")
    assert wire.ask("QP", 0.02).startswith("1"), "it is reported once it has begun (#QP)"
    wire.bench.wait(0.2)
    assert wire.ask("QP").startswith("0")
    assert wire.board.machine.pen_value == 15248


def test_the_button_is_reported_once() -> None:
    wire = Wire()
    wire.board.button = True
    assert wire.ask("QG") == "30\r\n"
    assert wire.ask("QG") == "10\r\n"


def test_lm_takes_as_long_as_the_reference_computes() -> None:
    """Its example 1: from 45 to 250 steps a second over 60 steps, in 2 * 60 / (45 + 250) s (#LM)."""
    wire = Wire()
    rate, final, steps = 3865471, 21474836, 60
    ticks = 2**32 * steps / (rate + final)
    wire.ask(f"LM,{rate},{steps},{round((final - rate) / ticks)},0,0,0", 1.0)
    moves = [event for event in wire.board.machine.trace if isinstance(event, Move)]
    assert moves[-1].ended - moves[0].begun == pytest.approx(2 * 60 / (45 + 250), rel=0.01)
    assert wire.ask("QS").startswith("60,0")


def test_lt_ends_after_its_intervals() -> None:
    wire = Wire()
    wire.ask(f"LT,25000,{round(2**31 * 40e-6 * 100)},0,{-round(2**31 * 40e-6 * 50)},0", 1.5)
    assert wire.ask("QS").startswith(("100,-50", "100,-49"))


def test_motors_without_a_supply_are_counted_but_stand_still() -> None:
    wire = Wire()
    wire.board.dark_until = 10.0
    wire.ask("SM,100,800,800")
    assert wire.ask("QS").startswith("800,800")
    assert wire.board.bed() == (0.0, 0.0)
    assert int(wire.ask("QC").split(",")[1][:4]) < 100


def test_what_another_program_sends_is_the_drawing() -> None:
    """The commands that saxi 0.15 sent for `saxi_drawing.svg`: EM, SR, LM, S2, QM. It reads the reference by itself."""
    machine = load_machine("axidraw_v3")
    bench = EbbBench(machine)
    port = bench.open()
    for text in (HERE / "saxi_commands.txt").read_text(encoding="utf-8").split():
        port.write(text.encode() + b"\r")
        while not port.read(10.0):
            pass
    bench.wait(5.0)
    made = strokes(bench.board.machine.trace, machine)
    drawing = read_svg(HERE / "saxi_drawing.svg")
    [wanted] = drawing.passes
    placement = sheet_placement(drawing.width_mm, drawing.height_mm, machine)
    plot = EbbPlot(machine=machine, drawing=drawing)
    plot.run()
    ours = [np.array([placement.on_sheet(x, y) for x, y in stroke]) for stroke in plot.drawn()]
    assert len(made) == len(wanted.lines) == len(ours)
    for theirs, own, line in zip(made, ours, wanted.lines, strict=True):
        as_drawn = np.array([(x, -y) for x, y in theirs])
        assert _apart(own, line) < 0.011
        assert _apart(as_drawn, line) < 0.05
        centred = as_drawn + HALF_EIGHTH_MM
        assert _apart(centred, line) < 0.035, "it rounds x and y down to eighths of a step, so it is half of one off"
        assert _apart(centred, own) < 0.037


def _apart(a: np.ndarray, b: np.ndarray) -> float:
    return max(_farthest(a, b), _farthest(b, a))


def _farthest(points: np.ndarray, line: np.ndarray) -> float:
    """The largest distance of points from a line, mm."""
    begin, way = line[:-1], np.diff(line, axis=0)
    size = np.maximum((way**2).sum(axis=1), 1e-12)
    along = np.clip(((points[:, None] - begin) * way).sum(axis=2) / size, 0, 1)
    return float(np.hypot(*np.moveaxis(begin + along[..., None] * way - points[:, None], 2, 0)).min(axis=1).max())

"""The simulated controller against GRBL 1.1's documents; each test names its own (in doc/markdown of gnea/grbl)."""

import math

import numpy as np
import pytest

from hardware.planner import run_s
from hardware.simulator import Bench, InjectedFault
from hardware.simulator.settings import DEFAULTS
from hardware.simulator.trace import Dwell, Move, Spindle

FAST = DEFAULTS | {110: 6000, 111: 6000, 112: 3000, 120: 500, 121: 500, 122: 500, 130: 400, 131: 400, 132: 100}


class Talk:
    """A person at a serial terminal."""

    def __init__(self, values: dict[int, float] | None = None, **options: object) -> None:
        self.bench = Bench(values or FAST, **options)  # type: ignore[arg-type]
        self.port = self.bench.open()

    def say(self, text: str, seconds: float = 0.5) -> list[str]:
        """What comes back within this time."""
        if text:
            self.port.write(text.encode("latin-1"))
        until, heard = self.port.now() + seconds, b""
        while self.port.now() < until:
            heard += self.port.read(until - self.port.now())
        return [line for line in heard.decode("latin-1").split("\r\n") if line]

    def state(self) -> str:
        return self.say("?", 0.1)[-1].strip("<>").split("|")[0]

    def place(self) -> tuple[float, float]:
        x, y, _ = self.bench.controller.machine.position(self.bench.now())
        return x, y


def test_it_says_ok_to_a_line_and_to_an_empty_one() -> None:
    """interface.md, Response Messages: an empty line is valid and is answered too."""
    assert Talk().say("G21\n\n") == ["ok", "ok"]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("5", 1), ("G1X", 2), ("$foo", 3), ("G1F-5X1", 4), ("$H", 5), ("$0=2", 6), ("$20=1", 10),
        ("G1X" + "0" * 80, 11),
        ("$J=X5", 22), ("$J=G2X5F100", 16), ("M6", 20), ("G5", 20), ("G0G1X1", 21), ("G1X5", 22), ("M3.5", 23),
        ("G10L2P1G1X5", 24), ("G1X1X2F100", 25), ("G92", 26), ("G4", 28), ("G10L2P9X0", 29), ("G2X5F100", 35),
        ("G2X5I9F100", 33), ("G2X9R1F100", 34), ("G0X1P5", 36), ("T999", 38), ("N99999999G0", 27), ("G80X5", 31),
    ],
)  # fmt: skip
def test_what_it_refuses_it_refuses_by_the_listed_code(line: str, code: int) -> None:
    """interface.md, error codes."""
    assert Talk().say(line + "\n") == [f"error:{code}"]


def test_a_refused_line_changes_nothing() -> None:
    """interface.md, G-code Error Handling: the whole block is dumped."""
    talk = Talk()
    talk.say("G1 X5 F100 P9\n")
    assert talk.say("G1 X5\n") == ["error:22"]  # the F was thrown away too


def test_it_greets_after_a_reset_and_forgets_its_modes() -> None:
    """commands.md, Soft-Reset: not in motion, the position is retained; G92 and modes go."""
    talk = Talk()
    talk.say("G91 G0 X10\n", 3)
    talk.say("G92 X0\n")
    assert talk.say("\x18") == ["Grbl 1.1h ['$' for help]"]
    assert talk.say("?", 0.1) == ["<Idle|MPos:10.000,0.000,0.000|FS:0,0|WCO:0.000,0.000,0.000>"]
    assert "G90" in talk.say("$G\n")[0]


def test_a_reset_in_motion_is_alarm_3() -> None:
    """interface.md, alarm 3, and the message that follows the banner."""
    talk = Talk()
    talk.say("G0 X50\n", 0.3)
    assert talk.say("\x18", 0.4) == ["ALARM:3"]
    assert talk.say("", 0.2) == ["Grbl 1.1h ['$' for help]", "[MSG:'$H'|'$X' to unlock]"]


@pytest.mark.parametrize("code", [1, 2])
def test_after_a_limit_it_discards_resets_until_it_asks_for_one(code: int) -> None:
    """protocol.c, protocol_exec_rt_system (critical events), and report.c, report_alarm_message: half a second."""
    talk = Talk()
    talk.bench.controller.alarm(code)
    assert talk.say("\x18?", 0.4) == [f"ALARM:{code}"]
    assert talk.say("", 5) == ["[MSG:Reset to continue]"]
    assert talk.say("?$X\n", 1) == []
    assert talk.say("\x18") == ["Grbl 1.1h ['$' for help]", "[MSG:'$H'|'$X' to unlock]"]
    assert talk.say("G0 X0\n") == ["error:9"]
    assert talk.say("$X\n") == ["[MSG:Caution: Unlocked]", "ok"]
    assert talk.state() == "Idle"


def test_a_hold_slows_down_and_then_is_complete() -> None:
    """interface.md, Machine State: Hold:1 in progress, Hold:0 complete, in which a reset keeps the position."""
    talk = Talk()
    talk.say("G0 X100\n", 0.5)
    assert talk.say("!?", 0.03)[-1].startswith("<Hold:1|")
    talk.say("", 1.0)
    assert talk.state() == "Hold:0"
    x, _ = talk.place()
    assert 10 < x < 90
    assert talk.say("\x18") == ["Grbl 1.1h ['$' for help]"]
    assert talk.place()[0] == pytest.approx(x)


def test_cycle_start_goes_on_after_a_hold() -> None:
    """commands.md, Cycle Start."""
    talk = Talk()
    talk.say("G0 X50\n", 0.3)
    talk.say("!", 1)
    talk.say("~", 3)
    assert talk.place() == (50.0, 0.0)


def test_realtime_characters_act_wherever_they_stand() -> None:
    """interface.md, Real-Time Control Commands: picked off and removed as they come, also within a line or comment."""
    talk = Talk()
    assert talk.say("G1 (is this all?) X4 F600\n", 2) == [
        "<Idle|MPos:0.000,0.000,0.000|FS:0,0|WCO:0.000,0.000,0.000>",
        "ok",
    ]
    talk.say("G1 X8 (wow!)\n", 2)
    assert talk.state() == "Hold:0"


def test_bytes_above_ascii_are_overrides_and_never_text() -> None:
    """commands.md, Extended-ASCII Realtime Commands: 0x91 is ten per cent more feed."""
    talk = Talk()
    assert talk.say("(caf\x91)\n") == ["ok"]
    assert any("Ov:110,100,100" in line for _ in range(2) for line in talk.say("?", 0.1))


def test_the_receive_buffer_holds_128_bytes_and_loses_what_is_more() -> None:
    """interface.md, Character-Counting: 128 characters at most may be sent without overflow."""
    talk = Talk()
    talk.say("G4 P5\n", 0.1)
    talk.say("G0 X1\n" * 21, 0.1)  # 126 bytes
    assert talk.bench.controller.lost_bytes == 0
    talk.say("G0 X1\n", 0.1)
    assert talk.bench.controller.lost_bytes == 4


def test_the_planner_takes_15_motions_and_then_the_line_waits() -> None:
    """interface.md, [OPT:]: 15 usable blocks; a line is answered when it is planned."""
    talk = Talk()
    assert talk.say("$I\n")[1] == "[OPT:V,15,128]"
    talk.port.write(b"G1 F10\n")
    answers = talk.say("".join(f"X{n}\n" for n in range(1, 19)), 1.0)
    assert answers.count("ok") == 1 + 15
    assert talk.state() == "Run"


def test_a_dwell_waits_for_motion_and_goes_by_50_ms() -> None:
    """interface.md, Synchronization: G4 is answered when all is done."""
    talk = Talk()
    talk.say("G1 X1 F600\nG4 P0.06\n", 2)
    move, dwell = talk.bench.controller.machine.trace
    assert isinstance(move, Move)
    assert isinstance(dwell, Dwell)
    assert dwell.begun >= move.ended
    assert dwell.ended - dwell.begun == pytest.approx(0.1)


def test_a_spindle_speed_waits_for_motion() -> None:
    """settings.md, $32: without laser mode motion stops with every S."""
    talk = Talk()
    talk.say("G1 X5 F600\nM3 S500\nG1 X10\n", 4)
    first, spindle, second = talk.bench.controller.machine.trace
    assert first.ended <= spindle.at <= second.begun  # type: ignore[union-attr]


def test_in_a_program_pause_nothing_is_executed() -> None:
    """commands.md, Cycle Start: resumes the M0 program pause; what is sent meanwhile waits in the buffer."""
    talk = Talk()
    assert talk.say("M0\nG0 X5\n", 2) == []
    assert talk.state() == "Hold:0"
    assert talk.say("~", 2) == ["ok", "ok"]
    assert talk.place() == (5.0, 0.0)


def test_a_jog_is_cancelled_by_a_hold_and_ends_idle() -> None:
    """jogging.md: a feed hold flushes the jog and returns to Idle; G-code meanwhile is locked out."""
    talk = Talk()
    talk.say("$J=G91 X100 F3000\n", 0.5)
    assert talk.state() == "Jog"
    assert talk.say("G0 X0\n", 0.1) == ["error:9"]
    talk.say("!", 1)
    assert talk.state() == "Idle"
    assert 0 < talk.place()[0] < 100


def test_a_jog_beyond_the_limits_is_only_refused() -> None:
    """commands.md, $J: an error and no alarm."""
    talk = Talk(FAST | {22: 1, 20: 1})
    talk.say("$X\n")
    assert talk.say("$J=X5 F500\n") == ["error:15"]
    assert talk.state() == "Idle"


def test_a_soft_limit_is_alarm_2_and_locks_until_a_reset() -> None:
    """settings.md $20 and interface.md: hold, alarm, position retained; no answer to ? before the reset."""
    talk = Talk(FAST | {22: 1, 20: 1})
    talk.say("$X\n")
    assert talk.say("G0 X-10\nG0 X5\n", 3) == ["ok", "ALARM:2", "[MSG:Reset to continue]"]
    assert talk.say("?$X\n") == []
    assert talk.say("\x18")[-1] == "[MSG:'$H'|'$X' to unlock]"
    assert talk.place()[0] <= 0


def test_homing_wakes_up_locked_and_finds_its_place() -> None:
    """settings.md $22 and $27: an alarm at power-on; after $H it stands off the switches."""
    talk = Talk(FAST | {22: 1, 25: 2000})
    assert talk.state() == "Alarm"
    assert talk.say("$H\n", 60) == ["ok"]
    assert talk.place() == (-1.0, -1.0)
    assert talk.state() == "Idle"


def test_check_mode_moves_nothing_and_ends_with_a_reset() -> None:
    """commands.md, $C."""
    talk = Talk()
    assert talk.say("$C\n") == ["[MSG:Enabled]", "ok"]
    assert talk.say("G0 X50\nG99\n", 2) == ["ok", "error:20"]
    assert talk.place() == (0.0, 0.0)
    assert talk.say("$C\n") == ["[MSG:Disabled]", "ok", "Grbl 1.1h ['$' for help]"]


def test_sleep_ends_in_an_alarm() -> None:
    """commands.md, $SLP."""
    talk = Talk()
    talk.say("$SLP\n")
    assert talk.state() == "Sleep"
    assert talk.say("\x18")[-1] == "[MSG:'$H'|'$X' to unlock]"


def test_the_door_stops_and_resumes() -> None:
    """commands.md, Safety Door 0x84."""
    talk = Talk()
    talk.say("G0 X50\n", 0.3)
    assert talk.say("\x84", 1) == ["[MSG:Check Door]"]
    assert talk.state() == "Door:0"
    talk.say("~", 3)
    assert talk.place() == (50.0, 0.0)


def test_settings_are_printed_and_written() -> None:
    """settings.md: $$ and $x=val."""
    talk = Talk()
    assert talk.say("$110=1234.5\n") == ["ok"]
    assert "$110=1234.500" in talk.say("$$\n", 2)


def test_offsets_survive_a_reset_but_g92_does_not() -> None:
    """commands.md, $#: G54 is persistent; G92 is not."""
    talk = Talk()
    talk.say("G10 L20 P1 X5 Y6\n")
    talk.say("G92 X1 Y1\n")
    talk.say("\x18")
    assert talk.say("$#\n")[0] == "[G54:-5.000,-6.000,0.000]"
    assert "[G92:0.000,0.000,0.000]" in talk.say("$#\n", 1)


def test_m2_stops_the_spindle_and_tells_the_end() -> None:
    """interface.md, [MSG:Pgm End]."""
    assert Talk().say("M3 S500\nM2\n", 1) == ["ok", "[MSG:Pgm End]", "ok"]


@pytest.mark.parametrize("speed", [600.0, 3000.0])
def test_a_curve_takes_the_time_that_the_planner_of_the_estimate_says(speed: float) -> None:
    """settings.md, $11 and $120: acceleration and junction deviation; streamed with the buffer full."""
    angle = np.linspace(0, 2 * np.pi, 60)
    points = [(0.0, 0.0), *((20 + 20 * math.cos(a), 20 * math.sin(a)) for a in np.pi + angle[1:])]
    talk = Talk(FAST | {100: 1000, 101: 1000})
    talk.say(f"G1 F{speed}\n")
    lines = [f"X{x:.3f}Y{y:.3f}\n" for x, y in points[1:]]
    sent, answered = 0, 0
    while answered < len(lines):
        while sent < len(lines) and sum(map(len, lines[answered : sent + 1])) <= 127:
            talk.port.write(lines[sent].encode())
            sent += 1
        answered += talk.port.read(1.0).count(b"ok")
    talk.say("G4 P0\n", 10)
    trace = talk.bench.controller.machine.trace
    moves = [event for event in trace if isinstance(event, Move)]
    took = moves[-1].ended - moves[0].begun
    assert took == pytest.approx(run_s(points, speed / 60, (500.0, 500.0), 0.01), rel=0.02)


def test_an_arc_is_drawn_within_its_tolerance() -> None:
    """settings.md, $12."""
    talk = Talk(FAST | {100: 1000, 101: 1000})
    talk.say("G2 X20 Y0 I10 J0 F3000\n", 20)
    moves = [event for event in talk.bench.controller.machine.trace if isinstance(event, Move)]
    middles = [((m.start[0] + m.end[0]) / 2, (m.start[1] + m.end[1]) / 2) for m in moves]
    assert all(abs(math.dist(p, (10, 0)) - 10) < 0.003 for p in middles)
    assert max(y for _, y in middles) == pytest.approx(10, abs=0.01)


def test_half_a_line_and_a_dollar_is_thrown_away() -> None:
    """interface.md, error 1: what the sender relies on after an earlier host died within a line."""
    talk = Talk()
    assert talk.say("G0 X9$\n", 1) == ["error:1"]
    assert talk.place() == (0.0, 0.0)


# --- what is not GRBL's but the bench's ---


def test_without_power_the_place_is_forgotten_but_the_head_stays() -> None:
    talk = Talk()
    talk.say("G0 X20\n", 3)
    talk.bench.controller.power_cut(1.0)
    assert talk.say("", 2) == ["Grbl 1.1h ['$' for help]"]
    assert talk.place() == (0.0, 0.0)
    assert talk.bench.controller.machine.bed(talk.bench.now())[0] == 20.0


def test_a_cable_that_is_out_fails_like_one_and_comes_back() -> None:
    talk = Talk()
    talk.bench.unplug(3.0)
    with pytest.raises(OSError, match="Input/output error"):
        talk.port.write(b"?")
    with pytest.raises(FileNotFoundError):
        talk.bench.open()
    talk.bench.wait(3.0)
    talk.port = talk.bench.open()
    assert talk.state() == "Idle"


def test_faults_come_at_their_line() -> None:
    talk = Talk(faults=(InjectedFault(2, "error", code=33), InjectedFault(3, "mute"), InjectedFault(4, "garble")))
    assert talk.say("G21\nG90\nG94\nG17\nG21\n") == ["ok", "error:33", "\xfe\x00k", "ok"]


def test_the_same_talk_gives_the_same_trace() -> None:
    traces = []
    for _ in range(2):
        talk = Talk(latency_s=0.016)
        talk.say("G1 X5 F700\nX8 Y3\nG0 X0\n", 5)
        traces.append(talk.bench.controller.machine.trace)
    assert traces[0] == traces[1]


# --- settings that change what lines do ---


def outputs(talk: Talk) -> list[float]:
    return [event.value for event in talk.bench.controller.machine.trace if isinstance(event, Spindle)]


def test_laser_mode_outputs_nothing_in_travel() -> None:
    """laser_mode.md: with M3, the laser is off in G0 and on in G1 to G3."""
    talk = Talk(FAST | {32: 1})
    talk.say("M3 S600\nG1 X5 F600\nG0 X9\nG1 X11\nG0\nM5\n", 5)
    assert outputs(talk) == [0, 600, 0, 600, 0]
    assert [move.spindle for move in talk.bench.controller.machine.trace if isinstance(move, Move)] == [600, 0, 600]


def test_in_laser_mode_a_new_s_does_not_stop_the_motion() -> None:
    """laser_mode.md: S can change in motion; without laser mode the machine stops for it."""
    times = []
    for mode in (0, 1):
        talk = Talk(FAST | {32: mode})
        talk.say("M3 S100\nG1 X10 F3000\nG1 X20 S200\n", 5)
        times.append(talk.bench.controller.machine.trace[-1].ended)  # type: ignore[union-attr]
    assert times[1] < times[0]


@pytest.mark.parametrize(
    ("settings", "output"),
    [({}, 600), ({30: 255}, 255), ({31: 700}, 700), ({30: 500, 31: 500}, 500)],
)
def test_s_is_clipped_to_the_range_of_the_spindle(settings: dict[int, float], output: float) -> None:
    """settings.md, $30 and $31; spindle_control.c, spindle_compute_pwm_value. The report shows the output."""
    talk = Talk(FAST | settings)
    talk.say("M3 S600\n")
    assert outputs(talk) == [output]
    assert f"|FS:0,{output}" in talk.say("?", 0.1)[0]


def test_reports_in_inches() -> None:
    """settings.md, $13: positions in inches, with four decimals."""
    talk = Talk(FAST | {13: 1})
    talk.say("G21 G0 X25.4\n", 3)
    assert "MPos:1.0000,0.0000,0.0000" in talk.say("?", 0.1)[0]

"""A simulated EiBotBoard in virtual time: commands in, replies out, steps of two motors, a servo, a FIFO of moves.

Each command follows its section of the public command set (evil-mad.github.io/EggBot/ebb.html; ebb2.html for 2.8.1):
`V QB QC QE QG QL QM QP QR QS QU CS CU EM ES LM LT S2 SC SL SM SP SR TP XM`. Not simulated: `HM`, homing and limit
switches, the slew of the servo, the inputs and outputs that no plotter needs.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hardware.simulator import ebb_motion
from hardware.simulator.ebb_motion import BoardMove, Steps
from hardware.simulator.trace import Dwell, Move, Spindle, Trace
from hardware.simulator.virtual_device import VirtualDevice

if TYPE_CHECKING:
    from hardware.machine import Machine

PARSING_S = 0.0005
MOST_FIFO = 32  # that firmware 3 reports to QU,2
POWERED, UNPOWERED = 300, 20  # of QC, at 9 V and without a power supply
STEP_MODES = {1: 16, 2: 8, 3: 4, 4: 2, 5: 1}
Point = tuple[float, float]


class EbbError(Exception):
    """A command that the board refuses; the message is its reply."""


@dataclass
class Queued:
    """A command that waits in the FIFO or is carried out: a move, or a change of the servo, which may wait too."""

    move: BoardMove
    servo: int | None = None
    raises: bool | None = None
    scale: int = 1  # sixteenths of a step for each step that is counted
    begun: float = 0.0

    @property
    def ends(self) -> float:
        return self.begun + self.move.seconds


@dataclass
class EbbMachine:
    """What the board moves: the carriage, in mm on the bed, and the pen."""

    machine: "Machine"
    trace: Trace = field(default_factory=list)
    steps: list[int] = field(default_factory=lambda: [0, 0])  # where the motors really are
    pen_value: float = 0.0

    def __post_init__(self) -> None:
        self.board = self.machine.board
        self.up, self.down = (float(getattr(self.machine.pen_lift, name)) for name in ("up", "down"))
        self.pen_value = self.up

    @property
    def place(self) -> tuple[float, float, float]:
        return (*self.board.place((self.steps[0], self.steps[1])), 0.0)

    def push(self, x_mm: float, y_mm: float) -> None:
        """Move the carriage by hand, with the motors off."""
        self.steps = list(self.board.steps((x_mm, y_mm)))


class EbbBoard(VirtualDevice):
    """A board with its two motors and its servo."""

    def __init__(self, machine: "Machine", version: tuple[int, int, int] = (2, 8, 1)) -> None:
        super().__init__()
        self.machine = EbbMachine(machine)
        self.version = version
        self.dark_until = 0.0  # when the motors have their supply again
        self.on_move: Callable[[EbbBoard, int], bool] = lambda *_: True  # called before each move; False: it is lost
        self.on_say: Callable[[str], str | None] = lambda text: text
        self.moves = 0  # commands for the FIFO since power-on
        self.commands: list[str] = []
        self._rx = bytearray()
        self._texts: deque[str] = deque()
        self._parsed_at = 0.0  # when the next command can be parsed
        self._stuck: Queued | None = None
        self.restart()

    def restart(self) -> None:
        """Begin as after power-on: the counters and the memory are at 0, and the motors are off."""
        self.counters = [0, 0]
        self.fifo: deque[Queued] = deque()
        self.running: Queued | None = None
        self.room, self.memory = 1, [0] * 32
        self.servo_up, self.servo_down = 12000, 16000
        self.pen_up, self.button = True, False
        self.motors, self.step_mode = [False, False], 1
        self.future = False
        self._stuck = None
        self._texts.clear()
        self._rx.clear()
        self._out.clear()

    # --- the wire and time ---

    def say(self, text: str) -> None:
        reply = self.on_say(text)
        if reply is not None:
            self._out.append((self.now, reply.encode("latin-1")))

    def _events(self) -> list[float]:
        times = [self.running.ends] if self.running is not None else []
        if self._texts and self._stuck is None:
            times.append(self._parsed_at)
        return times

    def hold_up(self, seconds: float) -> None:
        """Parse nothing for a time, as if what the computer sends came late."""
        self._parsed_at = max(self._parsed_at, self.now + seconds)

    def _happen(self) -> None:
        self._take_arrived()
        if self.running is not None and self.running.ends <= self.now:
            self._complete()
        if self._texts and self._stuck is None and self._parsed_at <= self.now:
            self._parsed_at = self.now + PARSING_S
            self._execute(self._texts.popleft())

    def _take(self, content: bytes) -> None:
        if not self._texts:
            self._parsed_at = max(self._parsed_at, self.now + PARSING_S)
        self._rx += content
        while (end := min((at for at in (self._rx.find(b"\r"), self._rx.find(b"\n")) if at >= 0), default=-1)) >= 0:
            text = bytes(self._rx[:end]).decode("latin-1").strip().upper()
            del self._rx[: end + 1]
            if text:
                self._texts.append(text)

    # --- motion ---

    @property
    def powered(self) -> bool:
        """Whether the motors have a supply: without one the board counts steps that nothing makes."""
        return self.now >= self.dark_until

    def counters_now(self) -> Steps:
        """Return the counters of the motors at this instant."""
        made = self.running.move.made_by(self.now - self.running.begun) if self.running else (0, 0)
        return self.counters[0] + made[0], self.counters[1] + made[1]

    def is_moving(self) -> bool:
        return self.running is not None and self.running.move.total != (0, 0)

    def bed(self) -> Point:
        """Return where the pen really is, mm."""
        if self.running is None or not self.powered:
            return self.machine.place[:2]
        made, scale, steps = (
            self.running.move.made_by(self.now - self.running.begun),
            self.running.scale,
            self.machine.steps,
        )
        return self.machine.board.place((steps[0] + scale * made[0], steps[1] + scale * made[1]))

    def _enqueue(self, entry: Queued) -> None:
        """Put a command into the FIFO and answer; if there is no room, the parser waits."""
        self.moves += 1
        if not self.on_move(self, self.moves):
            return
        if len(self.fifo) >= self.room:
            self._stuck = entry
            return
        self.fifo.append(entry)
        self._say_ok()
        self._begin()

    def _begin(self) -> None:
        """Carry out what waits, as long as nothing is carried out."""
        while self.running is None and self.fifo:
            self._start(self.fifo.popleft())
            if self._stuck is not None:
                entry, self._stuck = self._stuck, None
                self.fifo.append(entry)
                self._say_ok()
                self._parsed_at = max(self._parsed_at, self.now + PARSING_S)

    def _start(self, entry: Queued) -> None:
        entry.begun = self.now
        if entry.servo is not None:
            self.machine.pen_value = float(entry.servo)
            self.pen_up = bool(entry.raises)
            self.machine.trace.append(Spindle(self.now, self.machine.pen_value, self.machine.place))
        self.running = entry if entry.move.seconds > 0 else None

    def _complete(self) -> None:
        entry, self.running = self.running, None
        assert entry is not None
        self._moved(entry, entry.move.seconds)
        self._begin()

    def _moved(self, entry: Queued, seconds: float) -> None:
        """Count the steps of a command, up to this time after its beginning, and note the way."""
        machine, before = self.machine, (*self.machine.steps,)
        total = entry.move.made_by(seconds)
        if entry.move.total == (0, 0):
            machine.trace.append(Dwell(entry.begun, entry.begun + seconds, machine.place, machine.pen_value))
            return
        since = entry.begun
        for t in [*(t for t in entry.move.times.tolist() if t < seconds), seconds]:
            made, start = entry.move.made_by(t), machine.place
            if self.powered:
                machine.steps = [before[0] + entry.scale * made[0], before[1] + entry.scale * made[1]]
            machine.trace.append(Move(since, entry.begun + t, start, machine.place, machine.pen_value))
            since = entry.begun + t
        self.counters = [self.counters[0] + total[0], self.counters[1] + total[1]]

    def stop(self) -> bool:
        """Stop at once and empty the FIFO (ES); return whether that interrupted something."""
        interrupted = self.running is not None or bool(self.fifo)
        if self.running is not None:
            entry, self.running = self.running, None
            self._moved(entry, self.now - entry.begun)
        self.fifo.clear()
        return interrupted

    # --- commands ---

    def _say_ok(self) -> None:
        self.say("OK\r\n")

    def _execute(self, text: str) -> None:
        self.commands.append(text)
        name, *values = text.split(",")
        try:
            numbers = [int(value) for value in values]
            handler = getattr(self, f"_do_{name.lower()}", None)
            if handler is None:
                codes = "".join(f"{ord(char):02X}" for char in name)
                raise EbbError(f"!8 Err: Unknown command '{name}:{codes}'")
            handler(*numbers)
        except EbbError as refused:
            self.say(f"{refused}\r\n")
        except ValueError:
            self.say("!6 Err: Invalid parameter value\r\n")
        except TypeError:
            self.say("!4 Err: Missing parameter(s)\r\n")

    def _do_v(self) -> None:
        number = ".".join(map(str, self.version))
        self.say(f"EBBv13_and_above EB Firmware Version {number}\r\n")

    def _do_qg(self) -> None:
        moving = self.running.move.total if self.running else (0, 0)
        bits = (0x20 * self.button + 0x10 * self.pen_up + 0x08 * (self.running is not None)
                + 0x04 * bool(moving[0]) + 0x02 * bool(moving[1]) + 0x01 * bool(self.fifo))  # fmt: skip
        self.button = False
        self.say(f"{bits:02X}\r\n")

    def _do_qm(self) -> None:
        moving = self.running.move.total if self.running else (0, 0)
        states = (self.running is not None, bool(moving[0]), bool(moving[1]), bool(self.fifo))
        self.say(f"QM,{','.join(str(int(state)) for state in states)}\n\r")

    def _do_qs(self) -> None:
        a, b = self.counters_now()
        self.say(f"{a},{b}\n\rOK\r\n")

    def _do_qb(self) -> None:
        pressed, self.button = self.button, False
        self.say(f"{int(pressed)}\r\nOK\r\n")

    def _do_qc(self) -> None:
        self.say(f"0394,{POWERED if self.powered else UNPOWERED:04d}\r\nOK\r\n")

    def _do_qe(self) -> None:
        if self.version < (2, 8, 0):
            raise EbbError("!8 Err: Unknown command 'QE:5145'")
        mode = STEP_MODES[self.step_mode]
        self.say(f"{','.join(str(mode if on else 0) for on in self.motors)}\r\nOK\r\n")

    def _do_ql(self, index: int = 0) -> None:
        self.say(f"{self.memory[index]}\r\nOK\r\n")

    def _do_sl(self, value: int, index: int = 0) -> None:
        self.memory[index] = value
        self._say_ok()

    def _do_qp(self) -> None:
        self.say(f"{int(self.pen_up)}\n\rOK\r\n")

    def _do_qr(self) -> None:
        self.say("1\n\rOK\r\n")

    def _do_qu(self, number: int) -> None:
        if self.version < (3, 0, 0):
            raise EbbError("!8 Err: Unknown command 'QU:5155'")
        self.say(f"QU,{MOST_FIFO if number == 2 else self.room:03d}\r\nOK\r\n")

    def _do_cu(self, number: int, value: int) -> None:
        if number == 4 and self.version >= (3, 0, 0):
            self.room = max(1, min(value, MOST_FIFO))
        self._say_ok()

    def _do_cs(self) -> None:
        self.counters = [0, 0]
        self._say_ok()

    def _do_em(self, first: int, second: int = 1) -> None:
        """Switch the motors on or off, which clears the counters (#HM)."""
        self.motors = [first > 0, second > 0]
        self.step_mode = first if first > 0 else self.step_mode
        self.counters = [0, 0]
        self._say_ok()

    def _do_es(self, off: int = 0) -> None:
        stopped = self.stop()
        if off:
            self.motors = [False, False]
        rest = "" if self.version >= (3, 0, 0) else ",0,0,0,0"
        self.say(f"{int(stopped)}{rest}\n\rOK\r\n")

    def _do_sr(self, timeout_ms: int, state: int = 1) -> None:
        self._say_ok()

    def _do_sc(self, number: int, value: int) -> None:
        if number == 4:
            self.servo_up = value
        elif number == 5:
            self.servo_down = value
        self._say_ok()

    def _do_sp(self, value: int, ms: int = 0, pin: int = 1) -> None:
        servo = self.servo_up if value == 1 else self.servo_down
        self._enqueue(Queued(ebb_motion.even(ms, (0, 0)), servo, value == 1))

    def _do_tp(self, ms: int = 0) -> None:
        self._do_sp(int(not self.pen_up), ms)

    def _do_s2(self, position: int, pin: int, rate: int = 0, ms: int = 0) -> None:
        rises = abs(position - self.machine.up) < abs(position - self.machine.down)
        self._enqueue(Queued(ebb_motion.even(ms, (0, 0)), position, rises))

    def _do_sm(self, ms: int, first: int, second: int = 0, clear: int = 0) -> None:
        if ms < 1:
            raise EbbError("!6 Err: Invalid parameter value")
        if max(abs(first), abs(second)) > 25 * ms:
            raise EbbError("!0 Err: <axis1> step rate too high")
        self._move(ebb_motion.even(ms, (first, second)))

    def _do_xm(self, ms: int, a: int, b: int, clear: int = 0) -> None:
        self._do_sm(ms, a + b, a - b)

    def _do_lm(
        self, rate1: int, steps1: int, accel1: int, rate2: int, steps2: int, accel2: int, clear: int = 0
    ) -> None:
        self._move(ebb_motion.step_limited(((rate1, steps1, accel1), (rate2, steps2, accel2))))

    def _do_lt(self, ticks: int, rate1: int, accel1: int, rate2: int, accel2: int, clear: int = 0) -> None:
        self._move(ebb_motion.time_limited(ticks, ((rate1, accel1), (rate2, accel2))))

    def _move(self, move: BoardMove) -> None:
        """Queue a move; the motors are switched on with it, which leaves the counters as they are (#EM)."""
        self.motors = [True, True]
        self._enqueue(Queued(move, scale=STEP_MODES[1] // STEP_MODES[self.step_mode]))

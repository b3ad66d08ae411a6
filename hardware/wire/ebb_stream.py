"""Streaming to an EBB: lines become timed moves, planned here, and are acknowledged once they are carried out.

The board executes one move and keeps one more in its FIFO (16 with firmware 3). A command that finds the FIFO full
holds up the board's parser until there is room (ebb.html#QM), and only then is it answered. So one command is on its
way at a time, and none takes longer than a tenth of a second: its `OK` paces the stream, and a stop gets through soon.
"""

from collections import deque

from hardware.wire import ebb_replies
from hardware.wire.ebb_replies import BoardCommand
from hardware.wire.ebb_setup import EbbSetup
from hardware.wire.gcode_ops import Op, OpReader, PenOp, WaitOp, WayOp
from hardware.wire.line_port import POLL_S, SentLine
from hardware.wire.link import LinkBase
from hardware.wire.link_errors import PowerLost, Restarted, Silent, UnclearReply
from hardware.wire.motion_plan import MotionPlan, Piece, Point
from hardware.wire.port import Port
from hardware.wire.replies import Status

STATUS_S = 0.07  # between two questions: for power, button and position in turn
IDLE_S = 0.01  # between two questions whether the last move is done
SLICE_S = 0.025  # of speed that changes: at most this long at the same rate
DEEP_SLICE_S = 0.015  # the same with a FIFO of many moves
LEAST_S = 0.012  # shorter moves are joined, where the way stays the same
SAME_WAY_MM = 0.01
STARVED_WAY_MM = 0.03  # the same if the board ran out of moves
LINES_IN_A_MOVE = 4  # short lines that are joined to one
MOST_LINES = 400  # handed over and not yet carried out
SILENCE_S = 1.5
QUIET_S = 0.1  # in which the rest of a garbled reply arrives
MOST_TRIES = 3
LATE_S = 0.003  # by which a move may be late before the board counts as starved
LONGEST_SLICE_S = 0.1


class EbbStream(LinkBase):
    """Takes lines, plans their motion, and keeps the board supplied."""

    waits = False
    acks_executed = True

    def __init__(self, port: Port, setup: EbbSetup) -> None:
        super().__init__(port)
        self.setup = setup
        self.depth = 1  # of the board's FIFO
        self.reach = LINES_IN_A_MOVE * (self.depth + 2)
        self.shifted: Point = (0.0, 0.0)
        self._reader = OpReader(setup.travel_mm_s, setup.tolerance_mm)
        self._plan = MotionPlan(setup.limits)
        self._leg_lines: deque[int] = deque()  # lines that end with each leg of the plan
        self._later: deque[Op] = deque()  # after the run in the plan
        self._ready: deque[BoardCommand] = deque()  # to be sent before anything else
        self._pushed: Piece | None = None
        self._flight: BoardCommand | None = None
        self._accepted: deque[BoardCommand] = deque()  # in the FIFO, or on the way: perhaps not carried out
        self._asks = deque(["QC", "QG", "QS"])
        self._was_question = False  # the last that was sent, so that a move is next
        self._steps = (0, 0)  # counters after all commands that were sent
        self._planned: Point = (0.0, 0.0)  # place after all lines that were handed over, mm of the machine
        self._from: Point = (0.0, 0.0)  # place after all commands that were sent
        self._time_s, self._time_ms = 0.0, 0  # of all moves that were sent: planned, and rounded
        self._is_up: bool | None = None  # the pen, after all commands that were sent; None: not known
        self._pen: tuple[int, int] | None = None  # SC,4 and SC,5 as the board knows them
        self._asked_at = self._idle_at = port.now()
        self._halted = self._is_greeted = False
        self._acked_tag: int | None = None  # of the last line that was carried out, and the same when power was checked
        self._safe_tag: int | None = None
        self._mends: tuple[int, BoardCommand | None] = (0, None)
        self._slice_s, self._least_s, self._same_way_mm = SLICE_S, LEAST_S, SAME_WAY_MM
        self._busy_until = 0.0  # when the board will have carried out what it has
        self.starved = 0  # times that the board had nothing to do in the middle of a run

    # --- lines ---

    def fits(self, text: str) -> bool:
        """Whether a line may be handed over: only as much waits as the planner has to see."""
        if len(self.outstanding) < 4:
            return True
        if len(self.outstanding) >= MOST_LINES:
            return False
        return len(self._later) < 8 if self._later else self._plan.waiting_mm < self._sight_mm

    @property
    def _sight_mm(self) -> float:
        """How far ahead the planner must see so that no move is slower than it could be: the longest way to stop."""
        accel = self.setup.limits.accel_mm_s2
        least = min(accel) if isinstance(accel, tuple) else accel
        return self.setup.travel_mm_s**2 / (2 * least) + 2.0

    def send(self, text: str, tag: int | None = None) -> None:
        """Hand a line over. Raises ValueError for one that is not understood."""
        op = self._reader.read(text)
        if isinstance(op, WayOp):
            self.before_way()
        self.outstanding.append(SentLine(len(text) + 1, tag, text))
        if self._later or not isinstance(op, WayOp):
            self._later.append(op)
        else:
            self._add_way(op)

    def before_way(self) -> None:
        """Prepare for a move; called before each line that is one."""

    def run(self, lines: list[str] | tuple[str, ...], patience_s: float | None = None) -> None:
        """Hand over lines of the sender's own, each after the previous one is carried out. Raises LinkError."""
        assert not self.outstanding
        begun = self.port.now()
        for text in lines:
            self.send(text)
            while self.outstanding:
                self.poll(POLL_S)
                if patience_s is not None and self.port.now() - begun > patience_s:
                    raise Silent(patience_s)

    def poll(self, timeout_s: float, *, asks: bool = True) -> None:
        """Send what is due and read what has arrived. Raises LinkError for any fault."""
        if self._flight is None and (command := self._due(asks)) is not None:
            self._transmit(command)
        self._listen(timeout_s if self._flight or not self._accepted else min(timeout_s, IDLE_S))
        self.on_poll()
        flight = self._flight
        if flight is not None and self.port.now() - flight.sent_at > SILENCE_S:
            self._flight = None
            self._mend(flight)

    # --- what is sent next ---

    def _due(self, asks: bool) -> BoardCommand | None:
        if self._halted:
            return None
        now = self.port.now()
        command = self._next() if self._was_question or now - self._asked_at < STATUS_S or not asks else None
        self._was_question = command is None
        if command is not None:
            return command
        if asks and now - self._asked_at >= STATUS_S:
            self._asked_at = now
            self._asks.rotate(-1)
            return ebb_replies.query(self._asks[0])
        if self._accepted and now - self._idle_at >= IDLE_S:
            self._idle_at = now
            return ebb_replies.query("QG")
        return None

    def _next(self) -> BoardCommand | None:
        """Return the next command of the lines that were handed over; None if all are sent."""
        while True:
            if self._ready:
                return self._ready.popleft()
            if (command := self._next_move()) is not None:
                return command
            if not self._later:
                return None
            self._expand(self._later.popleft())

    def _expand(self, op: Op) -> None:
        match op:
            case WayOp():
                self._add_way(op)
                while self._later and isinstance(way := self._later[0], WayOp):
                    self._later.popleft()
                    self._add_way(way)
            case PenOp(value):
                self._ready.extend(self._pen_commands(value))
            case WaitOp(seconds):
                self._ready.extend(self._wait_commands(seconds))
            case _:
                self._end_lines(1)

    def _add_way(self, op: WayOp) -> None:
        """Add a line's legs to the plan; one that leads nowhere ends with the leg before it."""
        for number, point in enumerate(op.points, 1):
            end = (point[0] + self.shifted[0], point[1] + self.shifted[1])
            lines = 1 if number == len(op.points) else 0
            if self._plan.add(self._planned, end, op.mm_s):
                self._leg_lines.append(lines)
                self._planned = end
            elif lines and self._leg_lines:
                self._leg_lines[-1] += lines
            elif lines:
                self._end_lines(lines)

    def _next_move(self) -> BoardCommand | None:
        """Return the next part of the run: short parts are joined where that does not change the way."""
        skipped: list[Point] = []
        if self._plan.speed > 0 and self._is_dry():  # the machine has stopped on the way, and begins from rest
            self._plan.come_to_rest()
            self._count_starved()
        is_moving = self._plan.speed > 0
        seconds, lines, end = 0.0, 0, self._from
        while True:
            piece = self._pushed or self._plan.take(self._slice_s)
            self._pushed = None
            if piece is None:
                break
            if skipped and not _is_same_way(self._from, skipped, piece.end, self._same_way_mm):
                self._pushed = piece
                break
            seconds, end = seconds + piece.seconds, piece.end
            lines += self._leg_lines.popleft() if piece.ends_leg else 0
            if seconds >= self._least_s:
                break
            skipped.append(end)
        if not seconds:
            return None
        command = self._move_to(end, seconds)
        command.lines, command.is_moving = lines, is_moving
        return command

    def _move_to(self, end: Point, seconds: float) -> BoardCommand:
        after = self.setup.board.steps(end)
        self._time_s += seconds
        most = max(abs(a - b) for a, b in zip(after, self._steps, strict=True))
        ms = max(round(1000 * self._time_s) - self._time_ms, 1, -(-most // ebb_replies.MOST_STEPS_MS))
        self._time_ms += ms
        command = ebb_replies.move(ms, self._steps, after)
        self._steps, self._from = after, end
        return command

    def _pen_commands(self, value: float) -> list[BoardCommand]:
        """Return the commands that move the servo; a height of its own is set first."""
        up, down = self._pen or (self.setup.up, self.setup.down)
        way = self.setup.down - self.setup.up
        rises = not way or (value - self.setup.up) / way <= 0.4
        wanted = (round(value), down) if rises else (up, round(value))
        commands = self._pen_settings(wanted)
        self._is_up = rises
        commands.append(ebb_replies.pen(rises, self.setup.board.servo_pin, self._steps))
        commands[-1].lines = 1
        return commands

    def _pen_settings(self, wanted: tuple[int, int]) -> list[BoardCommand]:
        """Return what sets the heights of the pen and the rates of its servo, as far as the board lacks it (#SC)."""
        known, self._pen = self._pen, wanted
        texts = []
        if known is None:
            texts = [f"SC,11,{self.setup.board.raise_rate}", f"SC,12,{self.setup.board.lower_rate}"]
        if known is None or known[0] != wanted[0]:
            texts.append(f"SC,4,{wanted[0]}")
        if known is None or known[1] != wanted[1]:
            texts.append(f"SC,5,{wanted[1]}")
        return [BoardCommand(text) for text in texts]

    def _wait_commands(self, seconds: float) -> list[BoardCommand]:
        """Return a wait as commands that are short enough for a stop to get through."""
        left, made = max(round(1000 * seconds), 1), []
        while left > 0:
            ms = min(left, ebb_replies.MOST_PIECE_MS)
            if self._is_up is None:
                made.append(ebb_replies.move(ms, self._steps, self._steps))
            else:
                made.append(ebb_replies.pen(self._is_up, self.setup.board.servo_pin, self._steps, ms))
            left -= ms
        made[-1].lines = 1
        return made

    # --- replies ---

    def _transmit(self, command: BoardCommand) -> None:
        command.sent_at = self.port.now()
        command.heard.clear()
        command.error = ""
        self._flight = command
        self._lines.write(command.text.encode("ascii") + b"\r")

    def _watch_supply(self, command: BoardCommand) -> None:
        """Notice that the board had nothing to do before a move that was to continue another."""
        is_late = command.is_moving and self._is_dry()
        self._busy_until = max(self._busy_until, self.port.now()) + command.ms / 1000
        if is_late:
            self._count_starved()

    def _is_dry(self) -> bool:
        """Whether the board has carried out all that it was sent, by the clock."""
        return self._busy_until > 0 and self.port.now() > self._busy_until + LATE_S

    def _count_starved(self) -> None:
        """Make the moves longer, since the way over USB is slow."""
        self.starved += 1
        self._slice_s = min(2 * self._slice_s, LONGEST_SLICE_S)
        self._least_s, self._same_way_mm = self._slice_s / 2, STARVED_WAY_MM
        if self.starved == 1:
            self.on_note("the board ran out of moves: this computer or its USB is slow; moves are made longer")

    def _listen(self, timeout_s: float) -> None:
        for text in self._lines.lines(timeout_s):
            flight = self._flight
            if flight is None or not flight.take(text):
                continue
            self._flight = None
            if flight.is_clear:
                self._answered(flight)
            else:
                self._mend(flight)

    def _answered(self, command: BoardCommand) -> None:
        if not command.queued:
            self._carried_out(command)
        if command.queued:
            self._accepted.append(command)
            self._watch_supply(command)
            while len(self._accepted) > self.depth + 1:  # one is executed, the FIFO holds the others
                self._carried_out(self._accepted.popleft())
        elif command.text == "QG":
            self._take_general(int(command.found[0], 16))
        elif command.text == "QS":
            self._take_steps((int(command.found[0]), int(command.found[1])))
        elif command.text == "QC":
            self._check_power(int(command.found[1]))

    def _take_general(self, bits: int) -> None:
        """Take the state of the board; all lines are carried out once it rests and nothing is on the way."""
        rests = not bits & ebb_replies.BUSY
        if rests:
            while self._accepted:
                self._carried_out(self._accepted.popleft())
        state = "Hold" if bits & ebb_replies.BUTTON or self.status.state == "Hold" else "Idle" if rests else "Run"
        up, down = self._pen or (self.setup.up, self.setup.down)
        value = float(up if bits & ebb_replies.PEN_UP else down)
        self.status = Status(state, None, self.status.place, spindle=value)

    def _take_steps(self, steps: tuple[int, int]) -> None:
        x_mm, y_mm = self.setup.board.place(steps)
        self.status = Status(self.status.state, None, (x_mm, y_mm, 0.0), spindle=self.status.spindle)

    def _check_power(self, volts: int) -> None:
        if volts < ebb_replies.PLUGGED_IN and self._is_greeted:
            self._lines.write(b"SL,0\r")  # nothing that the counters say is true any more
            self._forget()
            raise PowerLost(self._safe_tag)
        self._safe_tag = self._acked_tag

    def _carried_out(self, command: BoardCommand) -> None:
        for _ in range(command.lines):
            tag = self.outstanding.oldest.tag
            self._acked_tag = self._acked_tag if tag is None else tag
            self._acknowledge()

    def _end_lines(self, count: int) -> None:
        """Let lines that need no command end with the command before them."""
        pending = [*self._accepted, *([self._flight] if self._flight and self._flight.queued else []), *self._ready]
        if pending:
            pending[-1].lines += count
            return
        for _ in range(count):
            self._acknowledge()

    def _forget(self) -> None:
        """Forget all that was handed over and not sent."""
        self._plan.clear()
        self._leg_lines.clear()
        self._later.clear()
        self._ready.clear()
        self._accepted.clear()
        self._pushed = self._flight = None

    # --- when a reply is missing or unreadable ---

    def ask(self, text: str) -> tuple[str, ...]:
        """Ask the board something, with nothing else on the way; return the values. Raises Silent."""
        for _ in range(MOST_TRIES):
            command = ebb_replies.query(text)
            self._transmit(command)
            while self._flight is command and self.port.now() - command.sent_at < SILENCE_S:
                self._listen(POLL_S)
            self._flight = None
            if command.is_clear:
                return command.found
        raise Silent(MOST_TRIES * SILENCE_S)

    def tell(self, text: str) -> None:
        """Send a command that moves nothing, with nothing else on the way, and wait for its `OK`. Raises Silent."""
        command = BoardCommand(text)
        self._transmit(command)
        while self._flight is command and self.port.now() - command.sent_at < SILENCE_S:
            self._listen(POLL_S)
        if self._flight is command:
            self._flight = None
            raise Silent(SILENCE_S)

    def wait_until_idle(self) -> None:
        """Wait until the board has carried out all that it has. Raises Silent."""
        while True:
            self.ask("QG")
            if not self._accepted and self.status.state != "Run":
                return
            self._pause(IDLE_S)

    def _pause(self, seconds: float) -> None:
        until = self.port.now() + seconds
        while (left := until - self.port.now()) > 0:
            self._listen(left)

    def _mend(self, command: BoardCommand) -> None:
        """Find out by the board's counters what became of a command, and send it again if it was lost.

        Raises UnclearReply if that does not help, and Restarted.
        """
        if command.pattern:  # a question, which is asked again
            return
        self._mends = (self._mends[0] + 1, command) if self._mends[1] is command else (1, command)
        if self._mends[0] > MOST_TRIES:
            raise UnclearReply(command.error or " ".join(command.heard), self.outstanding.oldest.tag)
        self._pause(QUIET_S)
        command.heard.clear()
        if not command.queued:
            self._ready.appendleft(command)
            return
        self.wait_until_idle()
        self._plan.come_to_rest()
        self._busy_until = 0.0
        self._send_again(command)

    def _send_again(self, command: BoardCommand) -> None:
        a, b = self.ask("QS")
        steps = (int(a), int(b))
        moves = command.before != command.after
        if (moves and steps == command.after) or (command.ms and not moves):
            self.on_note("a reply of the board was lost; its counters show that the move is done")
            self._answered(command)
            return
        if moves and steps != command.before and self.ask("QL") == ("0",):
            raise Restarted("EBB")
        self.on_note("the board has missed a command, as its counters show; it is sent again")
        again = ebb_replies.move(3 * command.ms, steps, command.after) if moves else command
        again.lines = command.lines
        self._mends = (self._mends[0], again)
        self._ready.appendleft(again)


def _is_same_way(begin: Point, skipped: list[Point], end: Point, within_mm: float) -> bool:
    """Whether a straight move passes all the points that it leaves out, within this distance."""
    dx, dy = end[0] - begin[0], end[1] - begin[1]
    size = (dx * dx + dy * dy) ** 0.5
    if size < 1e-9:
        return False
    for x, y in skipped:
        along = ((x - begin[0]) * dx + (y - begin[1]) * dy) / size
        off = abs((x - begin[0]) * dy - (y - begin[1]) * dx) / size
        if off > within_mm or not -within_mm <= along <= size + within_mm:
            return False
    return True

"""Streaming to an EBB: lines become commands, and are acknowledged once these are carried out.

The board executes one move and keeps one more in its FIFO (16 with firmware 3). A command that finds the FIFO full
holds up the board's parser until there is room (ebb.html#QM), and only then is it answered. So one command is on its
way at a time, and none takes longer than a tenth of a second: its `OK` paces the stream, and a stop gets through soon.
"""

from collections import deque

from hardware.wire import ebb_replies
from hardware.wire.ebb_moves import EbbMoves
from hardware.wire.ebb_replies import BoardCommand
from hardware.wire.ebb_setup import EbbSetup
from hardware.wire.gcode_ops import WayOp
from hardware.wire.line_port import POLL_S, SentLine
from hardware.wire.link_errors import PowerLost, Restarted, Silent, UnclearReply
from hardware.wire.port import Port
from hardware.wire.replies import Status
from hardware.wire.translating_link import TranslatingLink

STATUS_S = 0.07  # between two questions: for power, button and position in turn
IDLE_S = 0.01  # between two questions whether the last move is done
LINES_IN_A_MOVE = 4  # short lines that are joined to one
MOST_LINES = 400  # handed over and not yet carried out
SILENCE_S = 1.5
QUIET_S = 0.1  # in which the rest of a garbled reply arrives
MOST_TRIES = 3
LATE_S = 0.003  # by which a move may be late before the board counts as starved


class EbbStream(TranslatingLink):
    """Takes lines, and keeps the board supplied with their commands."""

    acks_executed = True
    at_once = b"ES\r"

    def __init__(self, port: Port, setup: EbbSetup) -> None:
        super().__init__(port, setup.travel_mm_s, setup.tolerance_mm)
        self.setup = setup
        self.moves = EbbMoves(setup, self._end_lines)
        self.depth = 1  # of the board's FIFO
        self.reach = LINES_IN_A_MOVE * (self.depth + 2)
        self._flight: BoardCommand | None = None
        self._accepted: deque[BoardCommand] = deque()  # in the FIFO, or on the way: perhaps not carried out
        self._asks = deque(["QC", "QG", "QS"])
        self._was_question = False  # the last that was sent, so that a move is next
        self._asked_at = self._idle_at = port.now()
        self._is_greeted = False
        self._acked_tag: int | None = None  # of the last line that was carried out, and the same when power was checked
        self._safe_tag: int | None = None
        self._mends: tuple[int, BoardCommand | None] = (0, None)
        self._busy_until = 0.0  # when the board will have carried out what it has
        self.starved = 0  # times that the board had nothing to do in the middle of a run

    # --- lines ---

    def fits(self, text: str) -> bool:
        """Whether a line may be handed over."""
        if len(self.outstanding) < 4:
            return True
        return len(self.outstanding) < MOST_LINES and self.moves.has_room

    def send(self, text: str, tag: int | None = None) -> None:
        """Hand a line over. Raises ValueError for one that is not understood."""
        op = self._reader.read(text)
        if isinstance(op, WayOp):
            self.before_way()
            op = op.moved(*self.shifted)
        self.outstanding.append(SentLine(len(text) + 1, tag, text))
        self.moves.add(op)

    def before_way(self) -> None:
        """Prepare for a move; called before each line that is one."""

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
        if self.moves.is_moving and self._is_dry():  # the machine has stopped on the way, and begins from rest
            self.moves.come_to_rest()
            self._count_starved()
        return self.moves.next()

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
        self.starved += 1
        self.moves.lengthen()
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
        up, down = self.moves.heights
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
        pending = [
            *self._accepted,
            *([self._flight] if self._flight and self._flight.queued else []),
            *self.moves.ready,
        ]
        if pending:
            pending[-1].lines += count
            return
        for _ in range(count):
            self._acknowledge()

    def _forget(self) -> None:
        """Forget all that was handed over and not sent."""
        self.moves.clear()
        self._accepted.clear()
        self._flight = None

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
            self.moves.ready.appendleft(command)
            return
        self.wait_until_idle()
        self.moves.come_to_rest()
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
        self.moves.ready.appendleft(again)

"""An EiBotBoard (EBB) at the other end of a port: the board of AxiDraw, NextDraw and EggBot machines.

It has no G-code and no planner. It counts the steps of both motors from where its counters were cleared (`CS`), until
it restarts or its motors are switched off and on by `EM` (ebb.html#QS, #HM). So the counters are the coordinates of the
machine, and a number that this program leaves in the board's memory (`SL`) says that they still count: a restart clears
it (#SL).
"""

from contextlib import suppress

from hardware.wire import ebb_replies, gcode_text
from hardware.wire.ebb_replies import BoardCommand
from hardware.wire.ebb_setup import EbbSetup
from hardware.wire.ebb_stream import LINES_IN_A_MOVE, EbbStream
from hardware.wire.gcode_ops import Point
from hardware.wire.line_port import POLL_S
from hardware.wire.link import Greeting
from hardware.wire.link_errors import Silent, UnclearReply
from hardware.wire.port import Port, PortError
from hardware.wire.replies import Status

GREETING_S = 3.0
ASK_AGAIN_S = 0.5
STILL_S = 0.35  # after the last move, in which the arm comes to rest
QUIET_S = 0.05
OURS = 83  # what SL keeps while the counters are the machine's coordinates
MOST_DEPTH = 16  # moves in the FIFO; more would delay what is reported
TOO_OLD = (2, 4, 4)  # QS and QM exist from here on
Version = tuple[int, int, int]


class Ebb(EbbStream):
    """The operations that a plot needs, in addition to the stream of lines."""

    def __init__(self, port: Port, setup: EbbSetup) -> None:
        super().__init__(port, setup)
        self._version: Version = (0, 0, 0)
        self._is_ours = False

    # --- greeting ---

    def greet(self) -> Greeting:
        """Ask for version, power and position. Raises Silent, and PortError where a plot makes no sense."""
        self._lines.write(b"\r")  # ends half a command of an earlier program
        self._pause(QUIET_S)
        self._version = self._ask_version()
        if self._version < TOO_OLD:
            number = ".".join(map(str, self._version))
            raise PortError(f"EBB firmware {number} is too old, it does not report its position; update it to 2.8.1")
        return self.identify(reset=False)

    def _ask_version(self) -> Version:
        begun = self.port.now()
        while self.port.now() - begun < GREETING_S:
            command = ebb_replies.query("V")
            self._transmit(command)
            while self._flight is command and self.port.now() - command.sent_at < ASK_AGAIN_S:
                self._listen(POLL_S)
            self._flight = None
            if command.found:
                if command.heard[-1].startswith("V,"):  # another program has left the board in its future syntax
                    self._lines.write(b"CU,10,0\r")
                    self._pause(QUIET_S)
                major, minor, patch = (int(part) for part in command.found)
                return major, minor, patch
        raise Silent(GREETING_S)

    def identify(self, *, reset: bool) -> Greeting:
        """Return what the board says of itself; it counts as restarted if its counters are not the coordinates."""
        if int(self.ask("QC")[1]) < ebb_replies.PLUGGED_IN:
            raise PortError("the EBB answers, but its motors have no power; plug in the power supply of the machine")
        self.ask("QG")
        self.status = Status("Idle")  # the button may have been pressed since an earlier plot
        self._ask_for_room()
        self._is_ours = self.ask("QL") == (str(OURS),) and not reset
        if self._version >= (2, 8, 0) and self._is_ours:
            self._is_ours = self.ask("QE") == ("16", "16")  # else somebody has switched the motors off
        if not self._is_ours:
            self.tell("EM,0,0")  # so that a person can move the pen to 0, 0
        self.status = self.ask_status()
        number = ".".join(map(str, self._version))
        self._is_greeted = True
        moves = "1 move" if self.depth == 1 else f"{self.depth} moves"
        return Greeting(f"EBB {number}, {moves} ahead", not self._is_ours, ebb_replies.MOST_BYTES)

    def _ask_for_room(self) -> None:
        """Let the FIFO hold more than one move, where the firmware can (ebb.html#CU, CU,4 and #QU)."""
        if self._version < (3, 0, 0):
            return
        self.depth = max(1, min(int(self.ask("QU,2")[0]), MOST_DEPTH))
        self.reach = LINES_IN_A_MOVE * (self.depth + 2)
        self.tell(f"CU,4,{self.depth}")
        if self.depth > 1:
            self.moves.use_deep_fifo()

    def ask_status(self) -> Status:
        """Return state and place as they are now, and take them for where everything that is sent begins."""
        self.ask("QG")
        a, b = self.ask("QS")
        self._begin_at((int(a), int(b)))
        return self.status

    def _begin_at(self, steps: tuple[int, int]) -> None:
        """Let everything that is sent begin at these counters."""
        self._take_steps(steps)
        self.moves.begin_at(steps)
        self._reader.at = self.place()[:2]

    def before_way(self) -> None:
        """Switch the motors on before the first move; from then on the counters are the machine's coordinates."""
        if not self._is_ours:
            self._is_ours = True
            self.moves.ready.extend((BoardCommand("EM,1,1"), BoardCommand(f"SL,{OURS}")))

    # --- motion ---

    def finish(self) -> None:
        """Wait until all lines are carried out and the machine is still. Raises LinkError."""
        while self.outstanding:
            self.poll(POLL_S)
        self._end_flight()
        self.wait_until_idle()
        self._pause(STILL_S)
        self.ask("QS")

    def _end_flight(self) -> None:
        while self._flight is not None:
            self.poll(POLL_S, asks=False)

    def settle(self) -> int:
        """Wait, sending nothing more, until the board is at rest. Return how many lines are not carried out."""
        with suppress(UnclearReply):
            self._end_flight()
        self.wait_until_idle()
        missing = len(self.outstanding)
        self._forget()
        self.outstanding.clear()
        self.status = self.ask_status()
        return missing

    def stop(self, *, alarmed: bool = False) -> None:
        """Slow down along the path to a stop, or stop at once (`ES`, ebb.html#ES). What was not sent is lost."""
        self.moves.hold()
        self._end_flight()
        if alarmed:
            self.reset()
            return
        while (command := self._next()) is not None:
            self._transmit(command)
            self._end_flight()
        self.wait_until_idle()
        self._after_stop()

    def reset(self) -> None:
        """Stop at once and forget everything. Raises Silent."""
        self._forget()
        self._halted = False
        self._pause(QUIET_S)
        self.ask("ES")
        self.wait_until_idle()
        self._after_stop()

    def _after_stop(self) -> None:
        self._forget()
        self.outstanding.clear()
        self.shifted = (0.0, 0.0)
        self.status = Status("Idle")
        self.status = self.ask_status()

    def resume_motion(self) -> bool:
        """Go on after the button was pressed: the board itself does not stop for it."""
        self.status = Status("Idle", place=self.status.place, spindle=self.status.spindle)
        return True

    # --- places ---

    def home(self) -> None:
        """Go to where the counters are 0: the board has no homing switches."""
        self._go((-self.shifted[0], -self.shifted[1]), self.setup.travel_mm_s)

    def jog(self, x_mm: float, y_mm: float, z_mm: float, feed_mm_min: float) -> None:
        x, y = self._reader.at
        self._go((x + x_mm, y + y_mm), feed_mm_min / 60)

    def _go(self, place: Point, mm_s: float) -> None:
        """Go to a place, mm in work coordinates, from rest to rest."""
        self.run([f"G1 {gcode_text.axis_words(*place, None)} F{60 * mm_s:g}"])
        self.finish()

    def set_origin(self, x_mm: float, y_mm: float, z_mm: float | None) -> None:
        """Let the head be at this place. Elsewhere than at 0, 0 it goes there, with the pen up, to clear the counters.

        So the counters alone say where the machine is, also to a program that is started later.
        """
        self._clear_counters()
        if x_mm or y_mm:
            self._go((-x_mm, -y_mm), self.setup.travel_mm_s)
            self._clear_counters()

    def _clear_counters(self) -> None:
        self.finish()
        self.tell("CS")
        self.shifted = (0.0, 0.0)
        self.status = self.ask_status()

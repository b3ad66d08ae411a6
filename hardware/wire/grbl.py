"""GRBL 1.1 at the other end of a port: hold, reset, jogging and offsets, in addition to streaming and greeting.

As interface.md describes it: bytes that are sent but not yet acknowledged are counted, and never exceed the size of the
controller's receive buffer less one. Settings and offsets, which it writes to EEPROM, use send-and-wait.
"""

import contextlib
from contextlib import suppress

from hardware.wire import gcode_text, replies
from hardware.wire.grbl_identity import GREETING_S, GrblIdentity
from hardware.wire.grbl_stream import ASK, BLOCKED, HOLD, RESET, STATUS_S
from hardware.wire.line_port import POLL_S
from hardware.wire.link import HOMING_S
from hardware.wire.link_errors import Alarmed, Halted, LineRefused, Silent, UnclearReply
from hardware.wire.replies import Status, Vector

GO = b"~"
RESET_AGAIN_S, MOST_RESETS = 1.0, 5
RELEASE_S = 3.0  # until a hold or a closed door is left
ASKS_FOR_RESET = "Reset to continue]"  # grblHAL's is the same, FluidNC's begins with `[MSG:INFO: `
MOST_REPORTS = 12  # within which an idle GRBL has reported its offset (report.h: every tenth)
HOLDING_S = 30.0  # enough for the slowest machine to stop
AT_REST = {("Hold", 0), ("Door", 0), ("Door", 1)}
PLANNER_BLOCKS = 16


class Grbl(GrblIdentity):
    """The operations that a plot needs, in addition to the stream of lines."""

    # --- motion ---

    def finish(self) -> None:
        """Wait until all motion has ended (interface.md, Synchronization). Raises LinkError."""
        self.run(["G4 P0.01"])
        self.wait_for({"Idle"})

    def wait_for(self, states: set[str], patience_s: float | None = None) -> None:
        """Wait for a report, requested from now on, with one of these states.

        Raises Silent after `patience_s`; without it, Halted in a state that nothing but a person ends.
        """
        seen, begun = self._seen, self.port.now()
        asked_late = False
        while True:
            self.poll(POLL_S)
            if self._seen > seen and asked_late and self.status.state in states:
                return
            if self._seen > seen and asked_late and patience_s is None and self.status.state in BLOCKED:
                raise Halted(self.status.state)
            if self._seen > seen and not asked_late:
                seen, asked_late = self._seen, True
            if patience_s is not None and self.port.now() - begun > patience_s:
                raise Silent(patience_s)

    def settle(self) -> int:
        """Wait, sending nothing, until it is at rest. Return how many lines were never acknowledged."""
        while True:
            try:
                self.wait_for({"Idle", "Alarm", "Hold", "Sleep"})
                if not self.outstanding:
                    return 0
                self.poll(POLL_S)
            except UnclearReply as unclear:
                if unclear.text:
                    self._answered()
                    continue
                missing = len(self.outstanding)
                self.outstanding.clear()
                self._idle_since = None
                return missing

    def resume_motion(self) -> bool:
        """Continue after a door or a hold; return whether it does. A door that is still open prevents that."""
        self._lines.write(GO)
        with suppress(Silent):
            self.wait_for({"Idle", "Run"}, RELEASE_S)
            return True
        return False

    def accept(self) -> None:
        """Count the unreadable reply as an acknowledgement."""
        self._answered()

    def stop(self, *, alarmed: bool = False) -> None:
        """Stop by a feed hold, reset, which keeps the position, and unlock. Buffered lines are lost."""
        if not alarmed and self.status.state not in {"Alarm", "Sleep"}:
            self._hold()
        self.reset()

    def _hold(self) -> None:
        """Hold and wait until it has stopped, asking for the status five times per second."""
        self._lines.write(HOLD)
        begun, before = self.port.now(), self._seen
        while self.port.now() - begun < HOLDING_S:
            if self.port.now() - max(begun, self._lines.heard_at) > GREETING_S:
                return
            seen, asked = self._seen, self.port.now()
            self._lines.write(ASK)
            while self.port.now() - asked < STATUS_S:
                try:
                    self._listen(POLL_S)
                except (LineRefused, UnclearReply):
                    continue
                except Alarmed:
                    return
                if self._seen > seen and (self.status.state, self.status.substate) in AT_REST:
                    return
                if self._seen > before + 1 and self.status.state == "Idle":  # the first may be older than the hold
                    return

    def reset(self) -> None:
        """Reset by Ctrl-X, and unlock if that left an alarm. Raises Silent if no banner arrives.

        After a limit (alarms 1 and 2), GRBL does nothing for half a second. Then it discards every reset that came
        before, prints `[MSG:Reset to continue]` and answers nothing but a reset (protocol.c, protocol_exec_rt_system;
        report.c, report_alarm_message). So a reset is sent again after that message, or after a second.
        """
        self.outstanding.clear()
        self._infos.clear()
        self._awaits_banner, self._banner = True, None
        for _ in range(MOST_RESETS):
            self._lines.write(RESET)
            if self._hears_banner(RESET_AGAIN_S):
                break
        else:
            self._awaits_banner = False
            raise Silent(MOST_RESETS * RESET_AGAIN_S)
        while self._hears_something(0.2):
            pass
        self._awaits_banner, self._banner = False, None
        self.outstanding.clear()
        self._idle_since = None
        self.wait_for({"Idle", "Alarm"}, GREETING_S)
        if self.status.state == "Alarm":
            self.run(["$X"])

    def _hears_banner(self, seconds: float) -> bool:
        """Whether a banner arrives within this time, and before the controller asks for another reset."""
        until, asked = self.port.now() + seconds, self._asked_for_reset()
        while not self._restarted() and self.port.now() < until and self._asked_for_reset() == asked:
            with contextlib.suppress(Alarmed, LineRefused, UnclearReply):
                self._listen(POLL_S)
        return self._restarted()

    def _asked_for_reset(self) -> int:
        return sum(info.endswith(ASKS_FOR_RESET) for info in self._infos)

    def home(self) -> None:
        self.run(["$H"], patience_s=HOMING_S)
        self.wait_for({"Idle"})

    def jog(self, x_mm: float, y_mm: float, z_mm: float, feed_mm_min: float) -> None:
        """Jog by that much and wait. Raises LineRefused beyond the limits."""
        axes = gcode_text.axis_words(x_mm or None, y_mm or None, z_mm or None)
        self.run([f"$J=G91 G21 {axes} F{feed_mm_min:g}"])
        self.wait_for({"Idle"})

    def work_offset(self) -> Vector:
        """Return the current offset: machine coordinates minus work coordinates, mm."""
        self.wait_for_offset()
        return self.offset

    def set_origin(self, x_mm: float, y_mm: float, z_mm: float | None) -> None:
        """Set the work coordinates of the head. They are stored in EEPROM (G54), so that they survive a reset."""
        self.run(["G54", "G92.1", f"G10 L20 P1 {gcode_text.axis_words(x_mm, y_mm, z_mm)}"])
        self.wait_for_offset()

    def shift(self, x_mm: float, y_mm: float, z_mm: float) -> None:
        """Reduce the work coordinates by this much, for a pen that sits elsewhere. A reset cancels the shift."""
        self.wait_for_offset()
        x, y, z = self.place()
        self.run([f"G92 {gcode_text.axis_words(x - x_mm, y - y_mm, z - z_mm)}"])
        self.wait_for_offset()

    def unshift(self) -> None:
        self.run(["G92.1"])
        self.wait_for_offset()

    def wait_for_offset(self) -> None:
        """Wait for a report with the current offset: the next after a change, else every few reports (interface.md).

        A grblHAL whose $10 leaves the offset out is asked for it, as is any controller that does not report it.
        """
        self._offset_seen = False
        for _ in range(MOST_REPORTS if self._reports_offset else 1):
            self.wait_for({"Idle", "Alarm", "Check"})
            if self._offset_seen or self.status.state == "Check":
                return
        self._reports_offset, self.offset = False, self.read_offset()

    def interpret(self, text: str) -> Status | None:
        """Return an earlier status report in mm; None if it is unreadable."""
        status = replies.read(text)
        return status.scaled(self.unit_mm(status)) if isinstance(status, Status) else None

    def place(self) -> Vector:
        """Return the position by the last report, in work coordinates, mm."""
        place = self.status.place
        if self.status.is_work:
            return place
        return place[0] - self.offset[0], place[1] - self.offset[1], place[2] - self.offset[2]

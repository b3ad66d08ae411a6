"""Marlin at the other end of a port: send and wait, with line numbers and checksums.

As in Marlin's host protocol: `N12 G1 X1*57`, where the checksum is the exclusive or of all bytes before the asterisk;
`ok` acknowledges a line; `Resend: 12` asks for a line again; `busy:` says that it is still working, so that waiting is
not a fault; `M110` sets the line number. Marlin has no realtime hold: it executes what is in its buffer. `wait` says
that its buffer is empty (NO_TIMEOUTS), so that a line that is not acknowledged by then was lost, or its `ok` was.
"""

import re

from hardware.wire import gcode_text
from hardware.wire.line_port import POLL_S, SentLine
from hardware.wire.link import HOMING_S, Greeting, LinkBase
from hardware.wire.link_errors import LineRefused, Restarted, Silent, UnclearReply
from hardware.wire.port import Port
from hardware.wire.replies import Status, Vector

GREETING_S = 6.0  # a board that restarts first reads its card and settings
SILENCE_S = 15.0  # without `busy:`, which arrives every two seconds by default
MENTION_S = 5.0  # of silence, after which people are informed
MOST_RESENDS = 10
CROSSING_S = 0.3  # a `wait` sooner after a line may have been sent before the line arrived
MOST_REPEATS = 3  # of a line that the board ignores
KILLED = 0
UNKNOWN_CODE = 20  # GRBL's error number for an unknown code


class Marlin(LinkBase):
    """A link that keeps the number of the last line and the line that is not yet acknowledged."""

    waits = True
    at_once = b"\nM112\n"  # acts at once with EMERGENCY_PARSER, and after the buffered lines without it

    def __init__(self, port: Port) -> None:
        super().__init__(port)
        self._number = 0
        self._wire = b""  # the line that is not yet acknowledged, as it was sent
        self._resends = 0
        self._repeats = 0
        self._asked_at = port.now()  # when the line was sent, or the board last said that it works on it
        self._mentioned = False
        self._ignores_ok = False
        self._shifted: Vector = (0.0, 0.0, 0.0)
        self._started = False
        self._expects_start = False

    def greet(self) -> Greeting:
        """Wait for `start` from a board that restarts, or ask for the firmware. Raises Silent if nothing answers."""
        self._expects_start, begun, asked = True, self.port.now(), -1.0
        firmware = ""
        while not firmware:
            now = self.port.now()
            if now - begun > GREETING_S:
                raise Silent(GREETING_S)
            if now - asked > 1.0:
                asked = now
                self._lines.write(b"\nM115\n")
            self._listen(POLL_S)
            found = [re.search(r"FIRMWARE_NAME:(\S+(?: [\d.]+\S*)?)", text) for text in self._infos]
            firmware = next((match[1] for match in found if match), "")
        until = self.port.now() + 0.3
        while self.port.now() < until:
            self._listen(POLL_S)
        reset, self._started, self._expects_start = self._started, False, False
        self.outstanding.clear()
        self._number = 0
        self._restart_numbering()
        self._where()
        return Greeting(firmware, reset)

    def _restart_numbering(self) -> None:
        self._number = 0
        self._transmit("M110 N0")
        self._until_answered()

    # --- sending ---

    def fits(self, text: str) -> bool:
        return not self.outstanding

    def send(self, text: str, tag: int | None = None) -> None:
        """Send a line. Raises ValueError for one that Marlin must not receive, and CableOut."""
        if not text.isascii() or not text.isprintable() or set(text) & set("*;"):
            raise ValueError(f"{text!r} must not be sent")
        self._number += 1
        self.outstanding.append(SentLine(len(text), tag, text))
        self._transmit(text)

    def _transmit(self, text: str) -> None:
        body = f"N{self._number} {text}".encode("ascii")
        checksum = 0
        for byte in body:
            checksum ^= byte
        self._wire = body + b"*%d\n" % checksum
        if not self.outstanding:
            self.outstanding.append(SentLine(len(text), None, text))
        self._repeats, self._ignores_ok = 0, False
        self._write_again()

    def _write_again(self) -> None:
        self._asked_at, self._mentioned = self.port.now(), False
        self._lines.write(self._wire)

    def run(self, lines: list[str] | tuple[str, ...], patience_s: float | None = None) -> None:
        for text in lines:
            self.send(text)
            self._until_answered(patience_s)

    def _until_answered(self, patience_s: float | None = None) -> None:
        begun = self.port.now()
        while self.outstanding:
            self.poll(POLL_S)
            if patience_s is not None and self.port.now() - begun > patience_s:
                raise Silent(patience_s)

    def poll(self, timeout_s: float, *, asks: bool = True) -> None:
        """Read what has arrived. Raises LinkError for any fault."""
        self._listen(timeout_s)
        self.on_poll()
        silent_s = self.port.now() - self._asked_at
        if not self.outstanding or silent_s < MENTION_S:
            return
        if silent_s > SILENCE_S:
            raise UnclearReply("", self.outstanding.oldest.tag)
        if not self._mentioned:
            self._mentioned = True
            self.on_note(f"the board has not answered line {self._number} for {silent_s:.0f} s")

    # --- motion ---

    def finish(self) -> None:
        self.run(["M400"])
        self._where()

    def _where(self) -> None:
        self._infos.clear()
        self.run(["M114"])
        for text in self._infos:
            if found := re.match(r"X:(-?[\d.]+) Y:(-?[\d.]+) Z:(-?[\d.]+)", text):
                self.status = Status("Idle", None, (float(found[1]), float(found[2]), float(found[3])), is_work=True)

    def identify(self, *, reset: bool) -> Greeting:
        return Greeting("Marlin", reset)

    def accept(self) -> None:
        self._answered()

    def settle(self) -> int:
        """Finish all motion; return how many lines are unacknowledged. None is lost: Marlin asks for it again."""
        missing = len(self.outstanding)
        self.outstanding.clear()
        self._restart_numbering()
        self.finish()
        return missing

    def stop(self, *, alarmed: bool = False) -> None:
        """Finish the few buffered lines: Marlin has no hold that keeps the position."""
        self.settle()

    def reset(self) -> None:
        """Raise Silent: after M112 only a reset of the board restarts it."""
        raise Silent(0.0)

    def home(self) -> None:
        self.run(["G28"], patience_s=HOMING_S)
        self._where()

    def jog(self, x_mm: float, y_mm: float, z_mm: float, feed_mm_min: float) -> None:
        axes = gcode_text.axis_words(x_mm or None, y_mm or None, z_mm or None)
        self.run(["G91", f"G1 {axes} F{feed_mm_min:g}", "G90"])
        self.finish()

    def place(self) -> Vector:
        return self.status.place

    def work_offset(self) -> Vector:
        return (0.0, 0.0, 0.0)

    def set_origin(self, x_mm: float, y_mm: float, z_mm: float | None) -> None:
        self.run([f"G92 {gcode_text.axis_words(x_mm, y_mm, z_mm)}"])
        self._shifted = (0.0, 0.0, 0.0)
        self._where()

    def shift(self, x_mm: float, y_mm: float, z_mm: float) -> None:
        self._where()
        x, y, z = self.place()
        before = self._shifted
        self.run([f"G92 {gcode_text.axis_words(x - x_mm, y - y_mm, z - z_mm)}"])
        self._shifted = (before[0] + x_mm, before[1] + y_mm, before[2] + z_mm)
        self._where()

    def unshift(self) -> None:
        x, y, z = self._shifted
        if any(self._shifted):
            self.shift(-x, -y, -z)

    # --- replies ---

    def _listen(self, timeout_s: float) -> None:
        for text in self._lines.lines(timeout_s):
            if stripped := text.strip():
                self._take(stripped)

    def _take(self, text: str) -> None:
        if text == "ok" or text.startswith("ok "):
            self._answered()
        elif asked := re.match(r"(?:Resend|rs):? ?N?(\d+)", text):
            self._resend(int(asked[1]))
        elif text.startswith(("echo:busy", "busy:")):
            self._asked_at = self.port.now()
        elif text == "wait":
            self._repeat()
        elif text == "start":
            self._started = True
            if not self._expects_start:
                raise Restarted(text)
        elif text.startswith("Error:"):
            if "checksum" in text.lower() or "line number" in text.lower():  # a Resend follows
                return
            line = self.outstanding.oldest
            raise LineRefused(KILLED, line.tag, f"{line.text}: {text}")
        else:
            self._infos.append(text)
            if text.startswith("echo:") and "nknown command" in text:
                line = self.outstanding.oldest
                raise LineRefused(UNKNOWN_CODE, line.tag, line.text)

    def _resend(self, number: int) -> None:
        """Send again the line that Marlin missed. The `ok` that comes with the request acknowledges nothing.

        A request for the line after it says that Marlin has it: then only its own `ok` was lost.
        """
        if number == self._number + 1 and self._repeats:
            return
        self._resends += 1
        if number != self._number or self._resends > MOST_RESENDS:
            raise UnclearReply(f"Resend: {number}", self.outstanding.oldest.tag)
        self._ignores_ok = True
        self._write_again()

    def _repeat(self) -> None:
        """Send the unanswered line again to a board that waits for one. Raises UnclearReply after a few times."""
        if not self.outstanding or self.port.now() - self._asked_at < CROSSING_S:
            return
        if self._repeats == MOST_REPEATS:
            raise UnclearReply("", self.outstanding.oldest.tag)
        if not self._repeats:
            self.on_note(f"the board waits, but has not answered line {self._number}; it is sent again")
        self._repeats, self._ignores_ok = self._repeats + 1, False
        self._write_again()

    def _answered(self) -> None:
        if self._ignores_ok:
            self._ignores_ok = False
            return
        self._resends = self._repeats = 0
        self._acknowledge()

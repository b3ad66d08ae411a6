"""Streaming to GRBL by character counting: lines out, replies in, the outstanding lines and the last status."""

import re

from hardware.wire import gcode_text, replies
from hardware.wire.line_port import POLL_S, SentLine
from hardware.wire.link import LinkBase
from hardware.wire.link_errors import Alarmed, Halted, LineRefused, Restarted, Silent, TooOld, UnclearReply
from hardware.wire.port import Port
from hardware.wire.replies import Vector

RESET, HOLD, ASK = b"\x18", b"!", b"?"
STATUS_S = 0.2  # 5 Hz at most (interface.md)
SILENCE_S = 5.0
MENTION_S = 0.7  # of silence, after which people are informed
RESTS_S = 0.4  # at rest, with replies missing, after which people are informed
STALL_S = 1.5  # at rest, with replies missing
DIALOGUE_S = 6.0  # for a `$` line
BLOCKED = {"Hold", "Door", "Sleep"}  # states in which no line is carried out
LONGEST = 79  # characters in GRBL's line buffer
INCH_MM, INCH_DECIMALS = 25.4, 4


class GrblStream(LinkBase):
    """Sends lines as long as they fit into the receive buffer, and asks for the status."""

    at_once = RESET

    def __init__(self, port: Port, *, waits: bool = False) -> None:
        super().__init__(port)
        self.waits = waits  # send and wait, instead of character counting
        self.room = 127
        self.most_bytes = 0  # largest number outstanding at once
        self.offset: Vector = (0.0, 0.0, 0.0)
        self._unit_mm: float | None = None  # of positions in its reports; None until it is known
        self._seen = 0  # number of status reports
        self._offset_seen = False
        self._asked_at = port.now()
        self._mentioned_at = 0.0  # when the silence that was last reported began
        self._idle_since: float | None = None
        self._banner: str | None = None
        self._awaits_banner = False

    # --- sending ---

    def fits(self, text: str) -> bool:
        """Whether this line may be sent now."""
        if self.waits:
            return not self.outstanding
        return self.outstanding.total_bytes + len(gcode_text.packed(text)) + 1 <= self.room

    def send(self, text: str, tag: int | None = None) -> None:
        """Send a line. Raises ValueError for one that GRBL must not receive, and CableOut."""
        line = gcode_text.packed(text)
        if len(line) > LONGEST or not line.isascii() or not line.isprintable() or set(line) & set(gcode_text.REALTIME):
            raise ValueError(f"{line!r} must not be sent")
        self.outstanding.append(SentLine(len(line) + 1, tag, text))
        self.most_bytes = max(self.most_bytes, self.outstanding.total_bytes)
        self._idle_since = None
        self._lines.write(line.encode("ascii") + b"\n")

    def run(self, lines: list[str] | tuple[str, ...], patience_s: float | None = None) -> None:
        """Send lines of the sender's own, each after the previous one is acknowledged. Raises LinkError."""
        assert not self.outstanding
        for text in lines:
            self.send(text)
            seen = self._seen
            until = None if patience_s is None else self.port.now() + patience_s
            while self.outstanding:
                self.poll(POLL_S, asks=until is None)
                if self._seen > seen + 1 and self.status.state in BLOCKED and self.outstanding:
                    raise Halted(self.status.state)
                if until is not None and self.port.now() > until:
                    raise Silent(patience_s or 0.0)

    def poll(self, timeout_s: float, *, asks: bool = True) -> None:
        """Read what has arrived and ask for the status now and then. Raises LinkError for any fault."""
        now = self.port.now()
        if asks and now - self._asked_at >= STATUS_S:
            self._asked_at = now
            self._lines.write(ASK)
        self._listen(timeout_s)
        self.on_poll()
        now = self.port.now()
        if asks:
            self._check_silence(now)
        if self.outstanding and self._idle_since is not None:
            self._mention_idle(now)
            patience_s = sum(_patience_s(line.text) for line in self.outstanding)
            if now - self._idle_since > STALL_S + patience_s:
                raise UnclearReply("", self.outstanding.oldest.tag)

    def _check_silence(self, now: float) -> None:
        """Report a silence once. Raises Silent if it lasts."""
        since = self._lines.heard_at
        if now - since > SILENCE_S:
            raise Silent(now - since)
        if now - since > MENTION_S and self._mentioned_at != since:
            self._mentioned_at = since
            self.on_info("the controller does not reply at the moment")

    def _mention_idle(self, now: float) -> None:
        """Report once that a line is not answered although the machine rests."""
        since = self._idle_since or now
        if now - since > RESTS_S + _patience_s(self.outstanding.oldest.text) and self._mentioned_at != since:
            self._mentioned_at = since
            self.on_info("the machine rests, but a line is not answered yet")

    # --- replies ---

    def _listen(self, timeout_s: float) -> None:
        for text in self._lines.lines(timeout_s):
            self._take(text)

    def _take(self, text: str) -> None:
        match replies.read(text):
            case replies.Ack():
                self._answered()
            case replies.Refusal(code):
                line = self.outstanding.take()
                raise LineRefused(code, line.tag, line.text)
            case replies.Alarm(code):
                raise Alarmed(code)
            case replies.Banner(banner):
                self._banner = banner
                if not self._awaits_banner:
                    raise Restarted(banner)
            case replies.Status() as status:
                self._report(status.scaled(self.unit_mm(status)))
            case replies.Info(info):
                self._infos.append(info)
                if info.startswith("[MSG:"):
                    self.on_info(info)
            case replies.Outdated(version):
                raise TooOld(version)
            case replies.Garbled(noise):
                if self.outstanding:
                    raise UnclearReply(noise, self.outstanding.oldest.tag)

    def unit_mm(self, status: replies.Status) -> float:
        """Return the unit of positions: of a controller that does not list $13, inches if they have four decimals.

        GRBL, grblHAL and FluidNC print three decimals of mm and four of inches (report.c, Report.cpp).
        """
        if self._unit_mm is not None:
            return self._unit_mm
        return INCH_MM if status.decimals == INCH_DECIMALS else 1.0

    def _report(self, status: replies.Status) -> None:
        self.status = status
        if status.offset is not None:
            self.offset, self._offset_seen = status.offset, True
        self._seen += 1
        if status.state != "Idle" or not self.outstanding:
            self._idle_since = None
        elif self._idle_since is None:
            self._idle_since = self.port.now()

    def _answered(self) -> None:
        self._idle_since = None
        self._acknowledge()


def _patience_s(text: str) -> float:
    """Return how long a controller at rest may take for a line: a dwell, or a dialogue over a slow bridge."""
    if text.startswith("$") and not text.startswith("$J"):
        return DIALOGUE_S
    found = re.search(r"G4 ?P([\d.]+)", text)
    return float(found[1]) if found else 0.0

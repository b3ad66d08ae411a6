"""GRBL's side of the wire: lines out by character counting, replies in; what is outstanding, and the last status."""

import re
from collections import deque
from collections.abc import Callable

from hardware.wire import gcode_text, replies
from hardware.wire.link_errors import Alarmed, CableOut, Doubt, Refused, Restarted, Silent
from hardware.wire.port import Port
from hardware.wire.replies import Vector

RESET, HOLD, ASK = b"\x18", b"!", b"?"
STATUS_S = 0.2  # 5 Hz at most (interface.md)
POLL_S = 0.05
SILENCE_S = 5.0
STALL_S = 1.5  # at rest, with answers missing
LONGEST = 79  # characters in GRBL's line buffer


class Wire:
    """State: what is outstanding, and what the last status said. `on_ack` is told each line's tag as it is answered."""

    def __init__(self, port: Port, *, waits: bool = False) -> None:
        self.port = port
        self.waits = waits  # send and wait, instead of counting
        self.room = 127
        self.on_ack: Callable[[int], None] = lambda _: None
        self.on_info: Callable[[str], None] = lambda _: None
        self.outstanding: deque[tuple[int, int | None, str]] = deque()  # bytes, tag, text
        self.most_bytes = 0  # outstanding at once
        self.status = replies.Status("Idle")
        self.offset: Vector = (0.0, 0.0, 0.0)
        self._pending = b""
        self._seen = 0  # status reports
        self._offset_seen = False
        self._asked_at = self._heard_at = port.now()
        self._idle_since: float | None = None
        self._banner: str | None = None
        self._awaits_banner = False
        self._infos: list[str] = []

    # --- sending ---

    def fits(self, text: str) -> bool:
        """Whether this line may be sent now."""
        if self.waits:
            return not self.outstanding
        return sum(size for size, _, _ in self.outstanding) + len(gcode_text.packed(text)) + 1 <= self.room

    def send(self, text: str, tag: int | None = None) -> None:
        line = gcode_text.packed(text)
        if len(line) > LONGEST or not line.isascii() or not line.isprintable() or set(line) & set(gcode_text.REALTIME):
            raise ValueError(f"{line!r} must not be sent")
        self.outstanding.append((len(line) + 1, tag, text))
        self.most_bytes = max(self.most_bytes, sum(size for size, _, _ in self.outstanding))
        self._idle_since = None
        self._write(line.encode("ascii") + b"\n")

    def run(self, lines: list[str] | tuple[str, ...], patience_s: float | None = None) -> None:
        """The sender's own lines, one after the other, each answered before the next."""
        assert not self.outstanding
        for text in lines:
            self.send(text)
            until = None if patience_s is None else self.port.now() + patience_s
            while self.outstanding:
                self.poll(POLL_S, asks=until is None)
                if until is not None and self.port.now() > until:
                    raise Silent(patience_s or 0.0)

    def poll(self, timeout_s: float, *, asks: bool = True) -> None:
        """Reads what has come, and asks for the status now and then. Raises what is wrong as Trouble."""
        now = self.port.now()
        if asks and now - self._asked_at >= STATUS_S:
            self._asked_at = now
            self._write(ASK)
        self._listen(timeout_s)
        now = self.port.now()
        if asks and now - self._heard_at > SILENCE_S:
            raise Silent(now - self._heard_at)
        if self.outstanding and self._idle_since is not None:
            dwells_s = sum(_dwell_s(text) for _, _, text in self.outstanding)
            if now - self._idle_since > STALL_S + dwells_s:
                raise Doubt("", self.outstanding[0][1])

    # --- the wire ---

    def _write(self, content: bytes) -> None:
        try:
            self.port.write(content)
        except OSError as fault:
            raise CableOut(str(fault)) from None

    def _listen(self, timeout_s: float) -> None:
        try:
            content = self.port.read(timeout_s)
        except OSError as fault:
            raise CableOut(str(fault)) from None
        if content:
            self._heard_at = self.port.now()
        self._pending += content
        while b"\n" in self._pending:
            line, self._pending = self._pending.split(b"\n", 1)
            if text := line.strip(b"\r").decode("latin-1"):
                self._take(text)

    def _take(self, text: str) -> None:
        match replies.read(text):
            case replies.Ack():
                self._answered()
            case replies.Refusal(code):
                _size, tag, line = self.outstanding.popleft() if self.outstanding else (0, None, "")
                raise Refused(code, tag, line)
            case replies.Alarm(code):
                raise Alarmed(code)
            case replies.Banner(banner):
                self._banner = banner
                if not self._awaits_banner:
                    raise Restarted(banner)
            case replies.Status() as status:
                self._report(status)
            case replies.Info(info):
                self._infos.append(info)
                if info.startswith("[MSG:"):
                    self.on_info(info)
            case replies.Garbled(noise):
                if self.outstanding:
                    raise Doubt(noise, self.outstanding[0][1])

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
        if self.outstanding:
            _, tag, _ = self.outstanding.popleft()
            if tag is not None:
                self.on_ack(tag)


def _dwell_s(text: str) -> float:
    found = re.search(r"G4 ?P([\d.]+)", text)
    return float(found[1]) if found else 0.0

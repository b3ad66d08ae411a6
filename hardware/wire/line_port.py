"""A port as lines of text, and the lines that a controller has not acknowledged yet."""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from hardware.wire.link_errors import CableOut
from hardware.wire.port import Port

POLL_S = 0.05  # how long a read waits for replies


class LinePort:
    """Writes bytes and reads lines. Raises CableOut once the port is gone."""

    def __init__(self, port: Port) -> None:
        self.port = port
        self.heard_at = port.now()
        self._pending = b""

    def write(self, content: bytes) -> None:
        try:
            self.port.write(content)
        except OSError as fault:
            raise CableOut(str(fault)) from None

    def read(self, timeout_s: float) -> bytes:
        """Return the bytes that have arrived, as soon as there are any; none after the timeout."""
        try:
            content = self.port.read(timeout_s)
        except OSError as fault:
            raise CableOut(str(fault)) from None
        if content:
            self.heard_at = self.port.now()
        return content

    def lines(self, timeout_s: float) -> Iterator[str]:
        """Yield the lines that have arrived, as soon as there are any. Unread lines are kept for the next call."""
        self._pending += self.read(timeout_s)
        while b"\n" in self._pending:
            line, self._pending = self._pending.split(b"\n", 1)
            if text := line.strip(b"\r").decode("latin-1"):
                yield text


class SentLine(NamedTuple):
    """A line that was sent. `tag` is its number in the job; None for a line of the sender's own."""

    size: int  # bytes on the wire
    tag: int | None
    text: str


class Outstanding(deque[SentLine]):
    """Lines that are sent and not yet acknowledged, oldest first."""

    @property
    def total_bytes(self) -> int:
        return sum(line.size for line in self)

    @property
    def oldest(self) -> SentLine:
        """The line that the next reply concerns; an empty one if none is outstanding."""
        return self[0] if self else SentLine(0, None, "")

    def take(self) -> SentLine:
        """Remove and return the oldest line: it is acknowledged."""
        return self.popleft() if self else SentLine(0, None, "")

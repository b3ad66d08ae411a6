"""A port as lines of text, and the lines that a controller has not answered yet."""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from hardware.wire.link_errors import CableOut
from hardware.wire.port import Port

POLL_S = 0.05  # how long one look for replies waits


class LinePort:
    """Bytes out, lines in. Raises CableOut once the port is gone."""

    def __init__(self, port: Port) -> None:
        self.port = port
        self.heard_at = port.now()
        self._pending = b""

    def write(self, content: bytes) -> None:
        try:
            self.port.write(content)
        except OSError as fault:
            raise CableOut(str(fault)) from None

    def lines(self, timeout_s: float) -> Iterator[str]:
        """What has come, as soon as there is something. Lines that are not taken are there at the next call."""
        try:
            content = self.port.read(timeout_s)
        except OSError as fault:
            raise CableOut(str(fault)) from None
        if content:
            self.heard_at = self.port.now()
        self._pending += content
        while b"\n" in self._pending:
            line, self._pending = self._pending.split(b"\n", 1)
            if text := line.strip(b"\r").decode("latin-1"):
                yield text


class SentLine(NamedTuple):
    """`tag` is the number that a job gave it; None for a line of the sender's own."""

    size: int  # bytes on the wire
    tag: int | None
    text: str


class Outstanding(deque[SentLine]):
    """Lines that are sent and not yet answered, oldest first."""

    @property
    def total_bytes(self) -> int:
        return sum(line.size for line in self)

    @property
    def oldest(self) -> SentLine:
        """The line that the next reply answers; an empty one where none is outstanding."""
        return self[0] if self else SentLine(0, None, "")

    def take(self) -> SentLine:
        """The same, and it is answered."""
        return self.popleft() if self else SentLine(0, None, "")

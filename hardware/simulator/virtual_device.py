"""A device at the far end of a cable, in virtual time: what every simulated controller does with bytes and time."""

from abc import ABC, abstractmethod
from collections import deque


class VirtualDevice(ABC):
    """Bytes in through `receive`, bytes out through `sent`; `advance` lets time pass."""

    def __init__(self) -> None:
        self.now = 0.0
        self._arriving: deque[tuple[float, bytes]] = deque()
        self._out: deque[tuple[float, bytes]] = deque()

    def receive(self, at: float, content: bytes) -> None:
        """Receive bytes, the last of which arrives at this time."""
        self._arriving.append((max(at, self._arriving[-1][0] if self._arriving else 0.0), content))

    def sent(self) -> deque[tuple[float, bytes]]:
        """Return the replies with their times, to be consumed from the left."""
        return self._out

    def next_event(self) -> float | None:
        """Return the time of the next event; None if nothing happens without input."""
        times = [self._arriving[0][0]] if self._arriving else []
        return min([*times, *self._events()], default=None)

    def advance(self, until: float) -> None:
        """Let time pass and process all events until then."""
        while (at := self.next_event()) is not None and at <= until:
            self.now = max(self.now, at)
            self._happen()
        self.now = max(self.now, until)

    def _take_arrived(self) -> None:
        """Take the bytes that have arrived by now."""
        while self._arriving and self._arriving[0][0] <= self.now:
            self._take(self._arriving.popleft()[1])

    @abstractmethod
    def _events(self) -> list[float]:
        """Return the times at which something happens by itself."""

    @abstractmethod
    def _happen(self) -> None:
        """Process what happens now."""

    @abstractmethod
    def _take(self, content: bytes) -> None:
        """Take bytes that have arrived."""

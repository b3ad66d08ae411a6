"""A port: bytes to a controller and back, and the time that goes with it. A serial line, or the simulator."""

import time
from collections.abc import Callable
from typing import Protocol


class PortError(Exception):
    """A port that cannot be used; the message says what would do."""


class Port(Protocol):
    """Both `write` and `read` raise OSError once the cable is out."""

    def write(self, content: bytes) -> None: ...

    def read(self, timeout_s: float) -> bytes:
        """What has come, as soon as there is something; nothing after the timeout."""

    def close(self) -> None: ...

    def now(self) -> float:
        """Seconds, on the clock by which timeouts count: virtual where time is."""


Opener = Callable[[], Port]  # opens it again at each call


def pass_time(port: Port, seconds: float) -> None:
    """Lets time pass where the port cannot be read: the cable is out."""
    passes = getattr(port, "pass_time", time.sleep)
    passes(seconds)

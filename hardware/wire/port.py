"""A port: bytes to a controller and back, and its clock. A serial line or the simulator."""

import time
from collections.abc import Callable
from typing import Protocol


class PortError(Exception):
    """A port that cannot be used; the message says what would work."""


class Port(Protocol):
    """Both `write` and `read` raise OSError once the cable is unplugged."""

    def write(self, content: bytes) -> None: ...

    def read(self, timeout_s: float) -> bytes:
        """Return the bytes that have arrived, as soon as there are any; none after the timeout."""

    def close(self) -> None: ...

    def now(self) -> float:
        """Return the seconds of the clock for timeouts; in a simulation the time can be virtual."""


Opener = Callable[[], Port]  # opens the port again at each call


def pass_time(port: Port, seconds: float) -> None:
    """Wait while the port cannot be read because the cable is unplugged."""
    passes = getattr(port, "pass_time", time.sleep)
    passes(seconds)

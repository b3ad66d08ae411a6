"""The interface of a controller that a plot uses."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from hardware.wire.line_port import LinePort, Outstanding
from hardware.wire.port import Port
from hardware.wire.replies import Status, Vector

HOMING_S = 180.0


@dataclass(frozen=True)
class Greeting:
    """The controller that answered, and its properties."""

    firmware: str
    reset: bool  # it restarted when the port was opened
    buffer_bytes: int = 128
    settings: dict[int, float] = field(default_factory=dict)
    options: str = ""


class Link(Protocol):
    """Sends lines to a controller and reads its status. Every method may raise LinkError."""

    port: Port
    status: Status
    on_ack: Callable[[int], None]
    on_info: Callable[[str], None]
    on_note: Callable[[str], None]
    on_poll: Callable[[], None]
    outstanding: Outstanding
    waits: bool  # it sends a line only after the one before is acknowledged
    acks_executed: bool  # it acknowledges a line once it is carried out, and not before
    reach: int | None  # lines after the last acknowledged one that the controller may know; None: all that were sent

    def greet(self) -> Greeting: ...
    def change_setting(self, number: int, value: float) -> dict[int, float]: ...
    def fits(self, text: str) -> bool: ...
    def send(self, text: str, tag: int | None = None) -> None: ...
    def run(self, lines: list[str] | tuple[str, ...], patience_s: float | None = None) -> None: ...
    def poll(self, timeout_s: float, *, asks: bool = True) -> None: ...
    def finish(self) -> None: ...
    def identify(self, *, reset: bool) -> Greeting: ...
    def modes(self) -> dict[str, float]: ...
    def resume_motion(self) -> bool: ...
    def accept(self) -> None: ...
    def settle(self) -> int: ...
    def stop(self, *, alarmed: bool = False) -> None: ...
    def reset(self) -> None: ...
    def home(self) -> None: ...
    def jog(self, x_mm: float, y_mm: float, z_mm: float, feed_mm_min: float) -> None: ...
    def interpret(self, text: str) -> Status | None: ...
    def place(self) -> Vector: ...
    def work_offset(self) -> Vector: ...
    def set_origin(self, x_mm: float, y_mm: float, z_mm: float | None) -> None: ...
    def shift(self, x_mm: float, y_mm: float, z_mm: float) -> None: ...
    def unshift(self) -> None: ...
    def emergency(self) -> None: ...


class LinkBase:
    """What all links share: the port, the outstanding lines and the last status.

    `on_ack` is called with the tag of each acknowledged line, `on_info` with each message of the controller
    and with what the link sees again and again, `on_note` with what it does about a fault.
    `on_poll` is called all the time while it waits.
    """

    acks_executed = False
    reach: int | None = None
    at_once: bytes  # what stops the machine at once

    def __init__(self, port: Port) -> None:
        self.port = port
        self.on_ack: Callable[[int], None] = lambda _: None
        self.on_info: Callable[[str], None] = lambda _: None
        self.on_note: Callable[[str], None] = lambda _: None
        self.on_poll: Callable[[], None] = lambda: None
        self.outstanding = Outstanding()
        self.status = Status("Idle")
        self._lines = LinePort(port)
        self._infos: list[str] = []

    def interpret(self, text: str) -> Status | None:
        """Return None: no guard asks these controllers for a report that has a position."""
        return None

    def modes(self) -> dict[str, float]:
        """Return nothing: this controller does not report its modes."""
        return {}

    def change_setting(self, number: int, value: float) -> dict[int, float]:
        """Raise NotImplementedError: this controller has no numbered settings, and none is asked for."""
        raise NotImplementedError

    def resume_motion(self) -> bool:
        """Do nothing: this controller does not hold by itself."""
        return True

    def emergency(self) -> None:
        """Stop at once, from any thread."""
        with suppress(OSError):  # the cable is unplugged: nothing reaches the machine
            self.port.write(self.at_once)

    def _acknowledge(self) -> None:
        """Remove the oldest outstanding line and report its tag, if it has one."""
        tag = self.outstanding.take().tag
        if tag is not None:
            self.on_ack(tag)

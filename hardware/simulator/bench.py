"""A simulated device at the end of a simulated cable: its clock, the latency of USB, and its open port."""

import time
from abc import ABC, abstractmethod
from collections import deque
from typing import Any

from hardware.simulator.controller import Controller
from hardware.simulator.fault_injection import FaultInjector, InjectedFault
from hardware.simulator.firmware import GRBL, Firmware
from hardware.simulator.virtual_device import VirtualDevice

BYTE_S = 10 / 115200  # a start bit, eight of data, a stop bit
TO_BOARD_S = 0.001  # a USB frame
SLEEP_S = 0.02


class DeviceBench(ABC):
    """One simulated device and its cable; `byte_s` is the time that a byte takes on it.

    `fast`: time is virtual and jumps to the next event while the port is read, so that a plot of hours takes seconds
    and is reproducible. Otherwise time follows the clock of the computer, multiplied by `speed`.
    """

    byte_s = BYTE_S

    def __init__(
        self, device: VirtualDevice, *, fast: bool = True, speed: float = 1.0, latency_s: float = 0.001
    ) -> None:
        self.device = device
        self.fast, self.speed, self.latency_s = fast, speed, latency_s
        self.resets_on_open = False
        self.loses_banner = False  # of a board that restarts when the port is opened
        self.port: SimPort | None = None
        self.plugged_at = 0.0  # when the cable is plugged in again
        self._resets = False
        self._begun = time.monotonic()

    @abstractmethod
    def restart_board(self) -> None:
        """Restart the device, as opening the port does on some."""

    def now(self) -> float:
        """Return the seconds since the bench was created."""
        return self.device.now if self.fast else (time.monotonic() - self._begun) * self.speed

    def open(self) -> "SimPort":
        """Open the port. Raises OSError while the cable is unplugged, and BlockingIOError if the port is in use."""
        self.device.advance(self.now())
        if self.now() < self.plugged_at:
            raise FileNotFoundError(2, "No such file or directory", "sim")
        if self.port is not None:
            raise BlockingIOError(11, "Resource temporarily unavailable", "sim")
        self.device.sent().clear()  # sent while the port was closed
        if self._resets or self.resets_on_open:
            self._resets = False
            self.restart_board()
            if self.loses_banner:
                self.device.sent().clear()
        self.port = SimPort(self)
        return self.port

    def unplug(self, seconds: float, resets: bool = False) -> None:
        """Unplug the cable for some seconds; bytes on their way are lost."""
        self.plugged_at, self._resets = self.now() + seconds, resets
        if self.port:
            self.port.is_cut = True
        self.port = None

    def wait(self, seconds: float) -> None:
        """Let time pass without reading the port."""
        if self.fast:
            self.device.advance(self.device.now + seconds)
        else:
            time.sleep(seconds / self.speed)
            self.device.advance(self.now())


class Bench(DeviceBench):
    """One GRBL controller and its cable; `cable` is what `DeviceBench` takes."""

    def __init__(
        self,
        values: dict[int, float] | None = None,
        *,
        force_origin: bool = False,
        firmware: Firmware = GRBL,
        resets_on_open: bool = False,
        faults: tuple[InjectedFault, ...] = (),
        **cable: Any,
    ) -> None:
        self.controller = Controller(values, force_origin=force_origin, firmware=firmware)
        super().__init__(self.controller, **cable)
        self.resets_on_open = resets_on_open
        self.fault_injector = FaultInjector(self.controller, self.unplug, faults)

    def restart_board(self) -> None:
        self.controller.machine.power_off(self.now())
        self.controller.boot(alarmed=self.controller.machine.homing)


class SimPort:
    """The computer's end of the cable: `write`, `read`, `close` and the clock."""

    def __init__(self, bench: DeviceBench) -> None:
        self.bench = bench
        self.is_cut = False
        self.written = 0
        self._line_free = 0.0  # when the last byte written reaches the board
        self._visible: deque[tuple[float, bytes]] = deque()
        self._last_visible = 0.0

    @property
    def is_virtual(self) -> bool:
        return self.bench.fast

    def now(self) -> float:
        return self.bench.now()

    def pass_time(self, seconds: float) -> None:
        """Let time pass, even while the cable is unplugged."""
        self.bench.wait(seconds)

    def write(self, content: bytes) -> None:
        """Write bytes. Returns at once; the bytes arrive later. Raises OSError while the cable is unplugged."""
        self._check()
        device, now = self.bench.device, self.now()
        device.advance(now)
        at = max(now + TO_BOARD_S, self._line_free)
        for piece in content.splitlines(keepends=True) if len(content) > 1 else [content]:
            at += len(piece) * self.bench.byte_s
            device.receive(at, piece)
        self._line_free = at
        self.written += len(content)

    def read(self, timeout_s: float) -> bytes:
        """Return the bytes that have arrived, as soon as there are any; none after the timeout.

        Raises OSError while the cable is unplugged.
        """
        until = self.now() + timeout_s
        while True:
            self._check()
            self._collect()
            now = self.now()
            if self._visible and self._visible[0][0] <= now:
                return self._take(now)
            if now >= until - 1e-12:
                return b""
            self._pass(until)

    def close(self) -> None:
        if self.bench.port is self:
            self.bench.port = None

    def _check(self) -> None:
        if self.is_cut:
            raise OSError(5, "Input/output error", "sim")

    def _pass(self, until: float) -> None:
        """Let time pass until the next event at most."""
        bench = self.bench
        seen = self._visible[0][0] if self._visible else until
        event = bench.device.next_event()
        at = min(until, seen, until if event is None else max(event, bench.device.now))
        if bench.fast:
            bench.device.advance(at)
            return
        time.sleep(max(0.0, min((at - bench.now()) / bench.speed, SLEEP_S)))
        bench.device.advance(bench.now())

    def _collect(self) -> None:
        self.bench.device.advance(self.now())
        replies = self.bench.device.sent()
        while replies:
            at, text = replies.popleft()
            self._last_visible = max(self._last_visible, at + self.bench.latency_s) + len(text) * self.bench.byte_s
            self._visible.append((self._last_visible, text))

    def _take(self, now: float) -> bytes:
        parts = []
        while self._visible and self._visible[0][0] <= now:
            parts.append(self._visible.popleft()[1])
        return b"".join(parts)

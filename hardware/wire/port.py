"""A port: bytes to a controller and back, and the time that goes with it. A serial line, or the simulator."""

import errno
import os
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from hardware.machine import Machine
    from hardware.simulator import Bench

BAUD = 115200
WRITE_TIMEOUT_S = 5.0


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


Opener = Callable[[], Port]  # opens it anew each time


def opener(name: str, machine: "Machine", baud: int = BAUD) -> Opener:
    """How to open the port of this name: a device, or `sim`, `sim:fast`, `sim:latency=16`."""
    if name == "sim" or name.startswith("sim:"):
        return simulated(name, machine).open
    return lambda: SerialPort(name, baud)


def simulated(name: str, machine: "Machine") -> "Bench":
    """A simulated controller that drives this machine; options after the colon. PortError where one is unknown."""
    from hardware.simulator import Bench
    from hardware.simulator.settings import for_machine

    options: dict[str, Any] = {"fast": False}
    for option in name.partition(":")[2].split(","):
        key, _, value = option.partition("=")
        try:
            if key == "fast":
                options["fast"] = True
            elif key in {"latency", "speed"}:
                options |= {"latency_s": float(value) / 1000} if key == "latency" else {"speed": float(value)}
            elif key:
                raise ValueError
        except ValueError:
            raise PortError(
                f"{name}: the simulator's options are fast, speed=N and latency=MS, as in sim:fast"
            ) from None
    return Bench(for_machine(machine), **options)


def pass_time(port: Port, seconds: float) -> None:
    """Lets time pass where the port cannot be read: the cable is out."""
    passes = getattr(port, "pass_time", time.sleep)
    passes(seconds)


class SerialPort:
    """A serial line that is nobody else's while it is open."""

    def __init__(self, name: str, baud: int = BAUD) -> None:
        import serial

        self.name = name
        try:
            self._serial = serial.serial_for_url(name, baudrate=baud, timeout=0, write_timeout=WRITE_TIMEOUT_S,
                                                 exclusive=True, do_not_open=True)  # fmt: skip
            self._serial.dtr = self._serial.rts = False  # where the system lets us: opening shall not reset the board
            self._serial.open()
        except (serial.SerialException, OSError, ValueError) as fault:
            raise PortError(_explained(name, fault)) from None
        self._keep_dtr()

    def _keep_dtr(self) -> None:
        """Hang-up on close off: so the line does not change, and the next opening does not reset the board either."""
        try:
            import termios

            modes: list[Any] = termios.tcgetattr(self._serial.fileno())
            modes[2] &= ~termios.HUPCL
            termios.tcsetattr(self._serial.fileno(), termios.TCSANOW, modes)
        except (ImportError, OSError, AttributeError, ValueError):  # not there on this system
            pass
        except Exception as fault:  # termios.error is no OSError
            if type(fault).__name__ != "error":
                raise

    def fileno(self) -> int | None:
        """For the guard; None where the system has no such number."""
        try:
            return int(self._serial.fileno())
        except (OSError, AttributeError):
            return None

    def wake(self) -> None:
        """Raises the lines that say that somebody is there; other boards restart by that."""
        with suppress(OSError):  # a pseudo-terminal has no such lines
            self._serial.dtr = self._serial.rts = True

    def write(self, content: bytes) -> None:
        self._serial.write(content)

    def read(self, timeout_s: float) -> bytes:
        self._serial.timeout = timeout_s
        first: bytes = self._serial.read(1)
        return first + (self._serial.read(self._serial.in_waiting) if first else b"")

    def close(self) -> None:
        self._serial.close()

    def now(self) -> float:
        return time.monotonic()


def _explained(name: str, fault: Exception) -> str:
    """What is wrong with a port, and what would do."""
    code = getattr(fault, "errno", None)
    text = str(fault)
    if code == errno.EACCES or "Permission denied" in text:
        return f"{name}: no permission; {permission_advice(name)}"
    if code in {errno.EBUSY, errno.EAGAIN} or "exclusively lock" in text or "busy" in text.lower():
        return f"{name}: another program has it open (a second plot, a terminal, another sender); close that first"
    if code == errno.ENOENT or "No such file" in text or ("could not open port" in text and "cannot find" in text):
        from hardware.wire.port_scan import names

        there = ", ".join(names())
        return f"{name}: no such port; {'there are ' + there if there else 'no serial port is plugged in'}"
    return f"{name}: cannot be opened: {text}"


def permission_advice(name: str) -> str:
    """Which group may use the port, and how to join it."""
    try:
        import grp

        group = grp.getgrgid(os.stat(name).st_gid).gr_name  # noqa: PTH116
    except (ImportError, OSError, KeyError):
        group = "dialout"
    if group == "root":
        return "only root may use it; a udev rule can give it to a group such as dialout"
    return f"join the group {group}: sudo usermod -aG {group} $USER, then log out and in"

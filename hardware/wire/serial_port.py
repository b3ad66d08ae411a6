"""Serial ports: a list of them, and one opened as a port."""

import errno
import os
import time
from contextlib import suppress
from typing import Any

from hardware.wire.port import PortError

BAUD = 115200
WRITE_TIMEOUT_S = 5.0


def names() -> list[str]:
    """Return the names of the serial ports of this system."""
    return [port.device for port in plugged_in()]


def plugged_in() -> list[Any]:
    """Return pyserial's record of each serial port, sorted by name."""
    from serial.tools import list_ports

    return [port for port in sorted(list_ports.comports(), key=lambda port: port.device) if _is_real(port)]


def _is_real(port: object) -> bool:
    """Whether a port has a hardware id: the built-in ports of a PC, mostly unused, have none."""
    return getattr(port, "hwid", "n/a") not in {"", "n/a"}


class SerialPort:
    """A serial line, opened exclusively. Raises PortError where it cannot be opened.

    With the handshake `xon` or `dtr`, a write waits as long as the other side holds it.
    """

    def __init__(self, name: str, baud: int = BAUD, handshake: str = "") -> None:
        import serial

        self.name = name
        try:
            self._serial = serial.serial_for_url(name, baudrate=baud, timeout=0, write_timeout=WRITE_TIMEOUT_S,
                                                 exclusive=True, do_not_open=True)  # fmt: skip
            self._serial.xonxoff, self._serial.dsrdtr = handshake == "xon", handshake == "dtr"
            self._serial.write_timeout = None if handshake in {"xon", "dtr"} else WRITE_TIMEOUT_S
            self._serial.dtr = self._serial.rts = False  # if the system allows it, opening does not reset the board
            self._serial.open()
        except (serial.SerialException, OSError, ValueError) as fault:
            raise PortError(_explained(name, fault)) from None
        self._keep_dtr()

    def _keep_dtr(self) -> None:
        """Turn off hang-up on close, so that the next opening does not reset the board either."""
        try:
            import termios

            modes: list[Any] = termios.tcgetattr(self._serial.fileno())
            modes[2] &= ~termios.HUPCL
            termios.tcsetattr(self._serial.fileno(), termios.TCSANOW, modes)
        except (ImportError, OSError, AttributeError, ValueError):  # not supported on this system
            pass
        except Exception as fault:  # termios.error is not an OSError
            if type(fault).__name__ != "error":
                raise

    def fileno(self) -> int | None:
        """Return the file descriptor for the guard; None where the system has none."""
        try:
            return int(self._serial.fileno())
        except (OSError, AttributeError):
            return None

    def wake(self) -> None:
        """Raise DTR and RTS, which some boards wait for; others restart."""
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
    """Return what is wrong with a port and what would work."""
    code = getattr(fault, "errno", None)
    text = str(fault)
    if code == errno.EACCES or "Permission denied" in text:
        return f"{name}: no permission; {permission_advice(name)}"
    if code in {errno.EBUSY, errno.EAGAIN} or "exclusively lock" in text or "busy" in text.lower():
        return (
            f"{name}: another program has it open (a second plot, a terminal, another sender); close that program first"
        )
    if code == errno.ENOENT or "No such file" in text or ("could not open port" in text and "cannot find" in text):
        there = ", ".join(names())
        return f"{name}: no such port; {'there are ' + there if there else 'no serial port is plugged in'}"
    return f"{name}: cannot be opened: {text}"


def permission_advice(name: str) -> str:
    """Return which group may use the port, and how to join it."""
    try:
        import grp

        group = grp.getgrgid(os.stat(name).st_gid).gr_name  # noqa: PTH116
    except (ImportError, OSError, KeyError):
        group = "dialout"
    if group == "root":
        return "only root may use it; a udev rule can give it to a group such as dialout"
    return f"join the group {group}: sudo usermod -aG {group} $USER, then log out and in"

"""Finds the serial ports and the controllers that answer on them."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hardware.wire.grbl import Grbl
from hardware.wire.link_errors import LinkError, TooOld
from hardware.wire.port import PortError
from hardware.wire.serial_port import SerialPort, plugged_in

MARLIN_BAUDS = (250000, 115200)
LISTEN_S = 2.5


@dataclass(frozen=True)
class ScannedPort:
    """A port, and what answered on it."""

    name: str
    description: str
    answer: str
    is_usable: bool


def scan_ports(*, asks: bool = True) -> list[ScannedPort]:
    """Return each port and what answers on it. Asking restarts some boards; a port in use is not asked."""
    return [
        ScannedPort(port.device, port.description, *(_answer(port) if asks else ("", True))) for port in plugged_in()
    ]


def _is_ebb(port: object) -> bool:
    """Whether a port is an EBB by its USB numbers (04d8:fd92 of Microchip, as in plotink's ebb_serial)."""
    return (getattr(port, "vid", None), getattr(port, "pid", None)) == (0x04D8, 0xFD92)


def identify(name: str) -> tuple[str, bool]:
    """Return `Grbl 1.1h`, `Marlin`, or why nothing is known; and whether the port can be used."""
    return _asked(lambda: _grbl(name) or _marlin(name) or "neither GRBL nor Marlin answers", name)


def _answer(port: Any) -> tuple[str, bool]:
    """Return what answers on a port. An EBB shows by its USB numbers, and is asked nothing that others are."""
    return _asked(lambda: _ebb(port.device), port.device) if _is_ebb(port) else identify(port.device)


def _asked(ask: Callable[[], str], name: str) -> tuple[str, bool]:
    try:
        return ask(), True
    except PortError as fault:
        return str(fault).removeprefix(f"{name}: "), False
    except TooOld as old:
        return str(old), False
    except OSError as fault:
        return f"disconnected while it was asked ({fault})", False


def _ebb(name: str) -> str:
    port = SerialPort(name)
    try:
        port.write(b"\rV\r")
        heard, until = b"", time.monotonic() + LISTEN_S
        while time.monotonic() < until and b"Version" not in heard:
            heard += port.read(0.1)
    finally:
        port.close()
    version = heard.partition(b"Version ")[2].split()
    return f"EBB {version[0].decode('ascii', 'replace')}" if version else "an EBB that does not answer"


def _grbl(name: str) -> str | None:
    port = SerialPort(name)
    try:
        greeting = Grbl(port).greet()
    except TooOld:
        raise
    except LinkError:
        return None
    finally:
        port.close()
    return greeting.firmware + (", restarted when it was asked" if greeting.reset else "")


def _marlin(name: str) -> str | None:
    for baud in MARLIN_BAUDS:
        port = SerialPort(name, baud)
        try:
            port.write(b"\nM115\n")
            heard, until = b"", time.monotonic() + LISTEN_S
            while time.monotonic() < until and b"FIRMWARE_NAME" not in heard:
                heard += port.read(0.1)
        finally:
            port.close()
        if b"FIRMWARE_NAME" in heard:
            name_of = heard.split(b"FIRMWARE_NAME:")[-1].split(b" ")[0].decode("ascii", "replace")
            return f"{name_of or 'Marlin'} at {baud} baud"
    return None

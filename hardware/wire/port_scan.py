"""Finds the serial ports and the controllers that answer on them."""

import time
from dataclasses import dataclass

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
        ScannedPort(port.device, port.description, *(identify(port.device) if asks else ("", True)))
        for port in plugged_in()
    ]


def identify(name: str) -> tuple[str, bool]:
    """Return `Grbl 1.1h`, `Marlin`, or why nothing is known; and whether the port can be used."""
    try:
        if firmware := _grbl(name):
            return firmware, True
        if firmware := _marlin(name):
            return firmware, True
    except PortError as fault:
        return str(fault).removeprefix(f"{name}: "), False
    except TooOld as old:
        return str(old), False
    except OSError as fault:
        return f"disconnected while it was asked ({fault})", False
    return "neither GRBL nor Marlin answers", True


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

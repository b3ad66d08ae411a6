"""Serial ports: which there are, and what answers on them."""

import time
from dataclasses import dataclass

from hardware.wire.port import PortError, SerialPort

MARLIN_BAUDS = (250000, 115200)
LISTEN_S = 2.5


@dataclass(frozen=True)
class Found:
    """A port, and what it said when it was asked."""

    name: str
    description: str
    answer: str
    is_well: bool


def names() -> list[str]:
    """The serial ports that the system knows of."""
    from serial.tools import list_ports

    return [port.device for port in sorted(list_ports.comports(), key=lambda port: port.device) if _is_real(port)]


def _is_real(port: object) -> bool:
    """Built-in ports of a PC, behind which there is mostly nothing, have no hardware to name."""
    return getattr(port, "hwid", "n/a") not in {"", "n/a"}


def look(*, asks: bool = True) -> list[Found]:
    """Each port, and what answers on it. To be asked restarts some boards, so a port in use is left alone."""
    from serial.tools import list_ports

    found = []
    for port in sorted(list_ports.comports(), key=lambda port: port.device):
        if _is_real(port):
            found.append(Found(port.device, port.description, *(answer(port.device) if asks else ("", True))))
    return found


def answer(name: str) -> tuple[str, bool]:
    """`Grbl 1.1h`, `Marlin`, or why nothing is known; and whether it can be used."""
    try:
        if told := _grbl(name):
            return told, True
        if told := _marlin(name):
            return told, True
    except PortError as fault:
        return str(fault).removeprefix(f"{name}: "), False
    except OSError as fault:
        return f"went away while it was asked ({fault})", False
    return "nothing that speaks GRBL or Marlin", True


def _grbl(name: str) -> str | None:
    from hardware.wire.grbl import Grbl
    from hardware.wire.link_errors import Trouble

    port = SerialPort(name)
    try:
        greeting = Grbl(port).greet()
    except Trouble:
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

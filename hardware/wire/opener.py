"""The name of a port -> a function that opens it: a serial device or the simulator."""

from typing import TYPE_CHECKING, Any

from hardware.controllers import language_of
from hardware.wire.host_address import is_host
from hardware.wire.port import Opener, PortError
from hardware.wire.serial_port import BAUD, SerialPort

if TYPE_CHECKING:
    from hardware.machine import Machine
    from hardware.simulator import DeviceBench


def opener(name: str, machine: "Machine", baud: int = BAUD) -> Opener:
    """Return a function that opens this port.

    It is a device, or `sim`, `sim:fast`, `sim:latency=16`,
    `sim:firmware=grblhal`. Raises PortError.
    """
    if is_host(name):
        raise PortError(
            f"{name.partition('://')[0]}: this is a program that runs files, not a port; only `plot --port` sends to it"
        )
    if name == "sim" or name.startswith("sim:"):
        return simulated(name, machine).open
    if language_of(machine.dialect) == "hpgl":
        plotter = machine.plotter
        return lambda: SerialPort(name, plotter.baud if baud == BAUD else baud, plotter.handshake)
    return lambda: SerialPort(name, baud)


def bench_of(machine: "Machine", **options: Any) -> "DeviceBench":
    """Return a simulated controller of this machine: GRBL, or an EBB. The options are those of `Bench`."""
    from hardware.simulator import Bench
    from hardware.simulator.ebb_bench import EbbBench
    from hardware.simulator.firmware import GRBL
    from hardware.simulator.hpgl_bench import HpglBench
    from hardware.simulator.settings import for_machine

    match language_of(machine.dialect):
        case "ebb":
            return EbbBench(machine, **options)
        case "hpgl":
            return HpglBench(machine, **options)
    return Bench(for_machine(machine, options.get("firmware", GRBL)), **options)


def simulated(name: str, machine: "Machine") -> "DeviceBench":
    """Return a simulated controller of this machine. Raises PortError for an unknown option after the colon."""
    from hardware.simulator.firmware import FIRMWARES

    options: dict[str, Any] = {"fast": False}
    for option in name.partition(":")[2].split(","):
        key, _, value = option.partition("=")
        try:
            if key == "fast":
                options["fast"] = True
            elif key == "firmware":
                options["firmware"] = FIRMWARES[value]
            elif key in {"latency", "speed"}:
                options |= {"latency_s": float(value) / 1000} if key == "latency" else {"speed": float(value)}
            elif key:
                raise ValueError
        except (ValueError, KeyError):
            raise PortError(
                f"{name}: the simulator's options are fast, speed=N, latency=MS and firmware={'|'.join(FIRMWARES)},"
                " as in sim:fast"
            ) from None
    return bench_of(machine, **options)

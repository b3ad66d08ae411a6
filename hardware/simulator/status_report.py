"""Reports of the simulated controller: status, parameters, modes."""

from typing import TYPE_CHECKING

from hardware.simulator import settings

if TYPE_CHECKING:
    from hardware.simulator.machine_state import MachineState, Modes

BANNER = "Grbl 1.1h ['$' for help]"
HELP = "[HLP:$$ $# $G $I $N $x=val $Nx=line $J=line $SLP $C $X $H ~ ! ? ctrl-x]"
INCH = 25.4


def status(machine: "MachineState", now: float, free_bytes: int) -> str:
    """Return `<Idle|MPos:0.000,0.000,0.000|FS:0,0>`: state, position, and now and then offset and overrides."""
    mask, place, speed = int(machine.values[10]), machine.position(now), machine.speed(now)
    scale, decimals = (1 / INCH, 4) if machine.values[13] else (1.0, 3)
    shown, name = (place, "MPos") if mask & settings.POSITION else (machine.work(place), "WPos")
    fields = [machine.state_text(now), f"{name}:{_vector([v * scale for v in shown], decimals)}"]
    if mask & settings.BUFFERS:
        fields.append(f"Bf:{machine.planner.room - len(machine.planner.blocks)},{free_bytes}")
    fields.append(f"FS:{speed * 60 * scale:.0f},{machine.running if machine.spindle_on else 0:.0f}")
    if machine.report_offset <= 0:
        machine.report_offset = 10 if machine.planner.profile is None else 30
        fields.append(f"WCO:{_vector([v * scale for v in machine.offset], decimals)}")
    elif machine.report_overrides <= 0:
        machine.report_overrides = 10 if machine.planner.profile is None else 20
        feed, rapid = (f"{round(part * 100)}" for part in (machine.planner.feed, machine.planner.rapid))
        fields.append(f"Ov:{feed},{rapid},100" + _accessories(machine))
    machine.report_offset -= 1
    machine.report_overrides -= 1
    return f"<{'|'.join(fields)}>"


def parameters(machine: "MachineState") -> list[str]:
    """Return what `$#` prints."""
    rows = [f"[G{54 + at}:{_vector(offset)}]" for at, offset in enumerate(machine.systems)]
    rows += [f"[G{name}:{_vector(place)}]" for name, place in ((28, machine.g28), (30, machine.g30))]
    return [*rows, f"[G92:{_vector(machine.g92)}]", "[TLO:0.000]", "[PRB:0.000,0.000,0.000:0]"]


def modes(modes: "Modes", spindle: float, on: bool) -> str:
    """Return what `$G` prints."""
    motion = {0: "G0", 10: "G1", 20: "G2", 30: "G3", 800: "G80"}[modes.motion]
    units, distance = "G20" if modes.inches else "G21", "G91" if modes.relative else "G90"
    return (
        f"[GC:{motion} G{54 + modes.system} G{modes.plane // 10} {units} {distance} G94 {'M3' if on else 'M5'} M9"
        f" T{modes.tool} F{modes.feed:.0f} S{spindle:.0f}]"
    )


def _accessories(machine: "MachineState") -> str:
    on = ("S" if machine.spindle_on else "") + ("F" if machine.flood else "")
    return f"|A:{on}" if on else ""


def _vector(values: "list[float] | tuple[float, ...]", decimals: int = 3) -> str:
    return ",".join(f"{value + 0.0:.{decimals}f}" for value in values)

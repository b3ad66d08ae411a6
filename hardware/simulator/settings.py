"""The `$` settings of the simulated controller: their numbers, defaults and valid values."""

from typing import TYPE_CHECKING

from hardware.simulator.firmware import GRBL, Firmware

if TYPE_CHECKING:
    from hardware.machine import Machine

# Numbers and defaults as GRBL's interface.md lists them for `$$`.
DEFAULTS: dict[int, float] = {
    0: 10, 1: 25, 2: 0, 3: 0, 4: 0, 5: 0, 6: 0,
    10: 1, 11: 0.010, 12: 0.002, 13: 0,
    20: 0, 21: 0, 22: 0, 23: 0, 24: 25.0, 25: 500.0, 26: 250, 27: 1.0,
    30: 1000, 31: 0, 32: 0,
    100: 250.0, 101: 250.0, 102: 250.0,
    110: 500.0, 111: 500.0, 112: 500.0,
    120: 10.0, 121: 10.0, 122: 10.0,
    130: 200.0, 131: 200.0, 132: 200.0,
}  # fmt: skip
_DECIMALS = {11, 12, 24, 25, 27, 100, 101, 102, 110, 111, 112, 120, 121, 122, 130, 131, 132}

POSITION, BUFFERS, SPEEDS, OFFSET = 1, 2, 8, 32  # bits of $10; the last two are grblHAL's
ALL = 0xFFFF


def for_machine(machine: "Machine", firmware: Firmware = GRBL) -> dict[int, float]:
    """Return the settings of a controller for this machine, without homing and soft limits."""
    lift = machine.pen_lift
    lift_mm_min: float = getattr(lift, "feed_mm_min", None) or 1000.0
    travel, accel = machine.travel_mm_min, machine.accel_mm_s2
    x_mm_min, y_mm_min = travel if isinstance(travel, tuple) else (travel, travel)
    x_mm_s2, y_mm_s2 = accel if isinstance(accel, tuple) else (accel, accel)
    lift_mm_s2: float = getattr(lift, "accel_mm_s2", None) or min(x_mm_s2, y_mm_s2)
    return DEFAULTS | {
        1: 255,
        11: machine.junction_deviation_mm,
        100: 100.0, 101: 100.0, 102: 400.0,
        110: x_mm_min, 111: y_mm_min, 112: lift_mm_min,
        120: x_mm_s2, 121: y_mm_s2, 122: lift_mm_s2,
        130: machine.width_mm, 131: machine.height_mm, 132: 100.0,
    } | dict(firmware.settings)  # fmt: skip


def line(number: int, value: float) -> str:
    """Return `$110=500.000`; masks, switches and spindle speeds have no decimals."""
    return f"${number}={value:.3f}" if number in _DECIMALS else f"${number}={value:.0f}"


def refusal(number: int, value: float, now: dict[int, float]) -> int | None:
    """Return the error code with which GRBL refuses a value; None if it accepts it."""
    if number not in now:
        return 3
    if value < 0:
        return 4
    if number == 0 and value < 3:
        return 6
    if number == 20 and value and not now[22]:
        return 10
    return None

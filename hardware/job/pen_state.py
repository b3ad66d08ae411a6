"""Whether a line of G-code leaves the pen up or down, on a machine that lifts it by servo, Z axis or relay."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hardware.machine import Machine

_ON = {"M3", "M4", "M7", "M8", "M106"}
_OFF = {"M5", "M9", "M107"}
UP_SHARE = 0.4  # of the way down: up to here a pen counts as up, also with heights of its own


@dataclass(frozen=True)
class LiftCodes:
    """How the pen lift appears in G-code."""

    kind: str
    up: float = 0.0
    down: float = 1.0
    drops_powered: bool = True

    def is_down(self, was_down: bool, codes: set[str], values: dict[str, float], z_mm: float | None) -> bool:
        """Whether the pen is down after a line with these codes and values. Other lines leave it unchanged."""
        if self.kind == "z":
            return was_down if z_mm is None else self._share(z_mm) > UP_SHARE
        if self.kind == "relay":
            if codes & _ON:
                return self.drops_powered
            return not self.drops_powered if codes & _OFF else was_down
        if "S" in values and (codes & {"M3", "M4", "M280"} or not codes):
            return self._share(values["S"]) > UP_SHARE
        return was_down

    def _share(self, value: float) -> float:
        return (value - self.up) / (self.down - self.up)


def lift_of(machine: "Machine") -> LiftCodes:
    lift = machine.pen_lift
    if lift.kind == "z":
        return LiftCodes("z", lift.up_mm, lift.down_mm)
    if lift.kind == "servo":
        return LiftCodes("servo", lift.up, lift.down)
    return LiftCodes("relay", drops_powered=getattr(lift, "drops_when", "powered") == "powered")

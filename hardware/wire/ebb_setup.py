"""What the link to an EBB has to know of the machine: steps, speeds, and the pulses that move its pen."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardware.wire.motion_plan import MotionLimits

if TYPE_CHECKING:
    from hardware.controllers import EbbMechanics
    from hardware.machine import Machine


@dataclass(frozen=True)
class EbbSetup:
    """A machine as an EBB sees it."""

    board: "EbbMechanics"
    limits: MotionLimits
    travel_mm_s: float
    up: int  # pulses of the servo, 1/12 us
    down: int
    tolerance_mm: float = 0.02  # of chords instead of an arc


def setup_of(machine: "Machine") -> EbbSetup:
    """Return the setup of a machine whose dialect is `ebb`."""
    from hardware.planner import limits_of

    lift, limits = machine.pen_lift, limits_of(machine)
    return EbbSetup(
        board=machine.board,
        limits=MotionLimits(limits.accel_mm_s2, limits.deviation_mm, limits.speed_mm_s),
        travel_mm_s=machine.travel_feed_mm_min / 60,
        up=round(getattr(lift, "up", 0.0)),
        down=round(getattr(lift, "down", 0.0)),
        tolerance_mm=machine.tolerance_mm / 2,
    )

"""What the link to an HP-GL plotter has to know of the machine."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hardware.controllers import HpglPlotter
    from hardware.machine import Machine


@dataclass(frozen=True)
class HpglSetup:
    """A plotter as its link sees it."""

    plotter: "HpglPlotter"
    travel_mm_s: float
    settle_s: float
    tolerance_mm: float  # of chords instead of an arc


def hpgl_setup_of(machine: "Machine") -> HpglSetup:
    """Return the setup of a machine whose dialect is `hpgl`."""
    travel_mm_s, settle_s = machine.travel_feed_mm_min / 60, machine.pen_lift.settle_s
    return HpglSetup(machine.plotter, travel_mm_s, settle_s, machine.tolerance_mm / 2)

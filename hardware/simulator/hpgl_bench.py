"""A simulated HP-GL plotter at the end of a simulated cable."""

from typing import TYPE_CHECKING, Any

from hardware.simulator.bench import DeviceBench
from hardware.simulator.hpgl_plotter import SimulatedPlotter

if TYPE_CHECKING:
    from hardware.machine import Machine


class HpglBench(DeviceBench):
    """One plotter and its cable; `cable` is what `DeviceBench` takes."""

    def __init__(
        self,
        machine: "Machine",
        *,
        buffer_bytes: int | None = None,
        **cable: Any,
    ) -> None:
        self.simulated = SimulatedPlotter(machine, buffer_bytes or machine.plotter.buffer_bytes)
        self.byte_s = 10 / machine.plotter.baud
        super().__init__(self.simulated, **cable)

    def restart_board(self) -> None:
        self.simulated.restart()

"""A plot on a simulated HP-GL plotter, with scripted answers."""

from dataclasses import dataclass, field

from simulated_plot import SimulatedPlot, Watched, card

from hardware.drawing import Drawing
from hardware.job.prepare import from_drawing
from hardware.machine import Machine, load_machine
from hardware.simulator.hpgl_bench import HpglBench
from hardware.simulator.trace import strokes

HP_7475A = load_machine("hp_7475a").model_copy(update={"margin_mm": 0.0, "origin_mm": (60.0, 40.0)})


@dataclass
class HpglPlot(SimulatedPlot):
    """A bench with a plotter, a job, and all that happened."""

    machine: Machine = HP_7475A
    drawing: Drawing = field(default_factory=card)
    buffer_bytes: int = 1024

    def __post_init__(self) -> None:
        self.bench = HpglBench(self.machine, latency_s=self.latency_s, buffer_bytes=self.buffer_bytes)
        self.job = from_drawing(self.drawing, self.machine, "card")

    def open(self) -> Watched:
        return Watched(
            self.bench.open(), self.log, self.kill_after, lambda: self.kill_when(self), b";", self.patience_s
        )

    def pushed_home(self) -> None:
        """Do nothing: a plotter knows its place."""

    def pen_is_down(self) -> bool:
        return self.bench.simulated.is_down

    def draws_a_line(self) -> bool:
        return self.bench.simulated.busy_until > self.bench.simulated.now

    def drawn(self) -> list[list[tuple[float, float]]]:
        return strokes(self.bench.simulated.trace, self.machine)

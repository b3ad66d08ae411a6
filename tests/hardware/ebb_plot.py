"""A plot on a simulated EBB, with scripted answers."""

from dataclasses import dataclass, field

from simulated_plot import SimulatedPlot, Watched, card

from hardware.drawing import Drawing
from hardware.job.prepare import from_drawing
from hardware.machine import Machine
from hardware.pen_lift import ServoLift
from hardware.simulator.ebb_bench import EbbBench, EbbFault
from hardware.simulator.trace import is_down, strokes

AXIDRAW = Machine(
    name="AxiDraw",
    dialect="ebb",  # type: ignore[arg-type]
    width_mm=300,
    height_mm=218,
    bed_min_mm=(0, -218),
    origin_mm=(10, -200),
    travel_mm_min=10000,
    feed_mm_min=3000,
    accel_mm_s2=1000,
    pen_lift=ServoLift(kind="servo", up=20641, down=15248, settle_s=0.15),
)


@dataclass
class EbbPlot(SimulatedPlot):
    """A bench with an EBB, a job, and all that happened."""

    machine: Machine = AXIDRAW
    drawing: Drawing = field(default_factory=card)
    faults: tuple[EbbFault, ...] = ()  # type: ignore[assignment]
    version: tuple[int, int, int] = (2, 8, 1)

    def __post_init__(self) -> None:
        self.bench = EbbBench(self.machine, latency_s=self.latency_s, version=self.version, faults=self.faults)
        self.job = from_drawing(self.drawing, self.machine, "card")

    def open(self) -> Watched:
        return Watched(
            self.bench.open(), self.log, self.kill_after, lambda: self.kill_when(self), b"\r", self.patience_s
        )

    def pushed_home(self) -> None:
        self.bench.board.machine.push(0.0, 0.0)

    def pen_is_down(self) -> bool:
        return is_down(self.machine, 0.0, self.bench.board.machine.pen_value)

    def draws_a_line(self) -> bool:
        return self.bench.board.is_moving()

    def drawn(self) -> list[list[tuple[float, float]]]:
        return strokes(self.bench.board.machine.trace, self.machine)

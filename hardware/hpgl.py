"""Steps -> HP-GL, the language of HP's and Roland's pen plotters and of most cutters.

Instructions as in the *HP 7475A Interfacing and Programming Manual*: `PU` and `PD` raise and lower the pen and go to
places in plotter units, `SP` takes a pen of the carousel, `VS` sets the speed in cm/s, `IN` begins.
Arcs are written as chords, which every plotter draws. There is no wait: the dwell of a dot is the plotter's own.
"""

from collections.abc import Iterator

from hardware.arcs import arc_points
from hardware.drawing import Drawing, file_stem
from hardware.machine import Machine
from hardware.program import ArcTo, ChangePen, Dot, DrawTo, Lift, Lower, Park, Refill, Step, Travel, program

Units = tuple[int, int]
POINTS = 12  # in one PD, so that it fits into small buffers


def files(drawing: Drawing, machine: Machine) -> dict[str, str]:
    """Return the HP-GL of a drawing by file name: `drawing.hpgl`, and one file per pass such as `01-black.hpgl`.

    Raises ProgramError where the machine cannot draw it.
    """
    steps = program(drawing, machine)
    texts = {"drawing.hpgl": hpgl(steps, machine)}
    starts = [at for at, step in enumerate(steps) if isinstance(step, ChangePen)]
    for begin, end in zip(starts, [*starts[1:], len(steps)], strict=True):
        change = steps[begin]
        assert isinstance(change, ChangePen)
        texts[f"{file_stem(change.number, change.pen)}.hpgl"] = hpgl(steps[begin:end], machine)
    return texts


def hpgl(steps: tuple[Step, ...], machine: Machine) -> str:
    """Return a complete program, one instruction a line. Pens are taken from the carousel in the order of the passes.

    A plotter without a carousel gets no pauses, since HP-GL has none: use one file per pass.
    """
    return "".join(f"{each};\n" for each in _Writer(machine).instructions(steps))


class _Writer:
    """Writes steps, and keeps track of the pen and of the place in units."""

    def __init__(self, machine: Machine) -> None:
        self.machine, self.plotter = machine, machine.plotter
        self.at: Units | None = None
        self.place = machine.start_mm
        self.slot = 0
        self.drawn: list[Units] = []

    def instructions(self, steps: tuple[Step, ...]) -> Iterator[str]:
        yield from self.plotter.start
        for step in steps:
            if self.drawn and not isinstance(step, DrawTo | ArcTo):
                yield from self._flushed()
            yield from self._of(step)
        yield "PU"
        yield "SP0"

    def _of(self, step: Step) -> Iterator[str]:
        match step:
            case ChangePen():
                self.slot += step.insert or not self.slot
                yield f"SP{self.plotter.slot(self.slot)}"
                if self.plotter.has_speed:
                    yield self.plotter.speed(step.feed_mm_min / 60)
            case Travel(x, y) | Park(x, y):
                self.place, self.at = (x, y), self.plotter.units((x, y))
                yield f"PU{self.at[0]},{self.at[1]}"
            case Lower():
                yield "PD"
            case Dot():
                yield "PD"
                yield "PU"
            case Lift():
                yield "PU"
            case DrawTo(x, y):
                self._go([(x, y)])
            case ArcTo():
                end, centre = (step.x_mm, step.y_mm), (step.centre_x_mm, step.centre_y_mm)
                chords = arc_points(self.place, end, centre, step.clockwise, self.machine.tolerance_mm / 2)
                self._go([(x, y) for x, y in chords[1:].tolist()])
            case Refill() | _:
                pass

    def _go(self, points: list[tuple[float, float]]) -> None:
        for point in points:
            units = self.plotter.units(point)
            if units != self.at:
                self.drawn.append(units)
            self.place, self.at = point, units

    def _flushed(self) -> Iterator[str]:
        for begin in range(0, len(self.drawn), POINTS):
            part = self.drawn[begin : begin + POINTS]
            yield "PD" + ",".join(f"{x},{y}" for x, y in part)
        self.drawn = []

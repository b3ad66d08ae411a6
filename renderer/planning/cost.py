"""Strokes in numbers -> their cost: minutes of plotting, metres of ink, strokes.

The fit decides where the strokes really are. Here a few strokes of each layer are laid out at the usual distance for
their count, and the machine's own estimate of these is multiplied.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from hardware.arcs import spiral
from hardware.drawing import Drawing, Line, Pen, PenPass, length_mm
from hardware.estimate import estimate
from hardware.machine import Machine
from hardware.pen_lift import ServoLift
from hardware.planner import straight_s
from hardware.plurals import counted
from hardware.program import program
from renderer.spec import Budget, Kind, Traits, traits

# Length of the pen-up move from one stroke to the next, in square roots of the frame's area over the strokes of a pen.
# Measured over the tours of the gallery's sixteen artworks for real pens: dots 0.53 to 0.54, strokes 0.33 to 0.51.
DOT_GAP, STROKE_GAP = 0.53, 0.43
USUAL_NIBS = 60.0  # length of a line of equal tone, or of an outline
ZIGZAG, LONG_STEP_NIBS = 24, 4.0  # steps of a long line that are laid out, and how long they are
SAMPLE = 24  # strokes that are laid out: their mean time is exact within a few per cent
SLANT = math.radians(30)  # of the sample's strokes, so that both axes move
AMPLE_MM = 10_000.0  # side of a bed that any sample fits
# A gantry with a servo and Machine's default figures, for minutes where a spec names no machine.
USUAL = Machine(
    name="a usual gantry", width_mm=AMPLE_MM, height_mm=AMPLE_MM, pen_lift=ServoLift(kind="servo", up=650, down=400)
)


@dataclass(frozen=True)
class Sketch:
    """A layer in numbers: a count of strokes of a mean length, distributed evenly among some of these pens."""

    kind: Kind
    pens: tuple[Pen, ...]  # that it may use
    passes: int  # number of pens that it will use
    count: int
    length_mm: float  # from the first knot to the last; 0 for dots; of long lines, for each of their count
    spot_mm: float | None = None  # mean diameter of dots that have sizes
    screens: float | None = None  # of these, how many full screens all pens draw together; None: one each

    @property
    def traits(self) -> Traits:
        """The traits of the kind of stroke."""
        return traits(self.kind)

    @property
    def width_mm(self) -> float:
        """Usual width of a stroke."""
        spot_mm = self.spot_mm or self.traits.spot_mm
        if spot_mm is not None:
            return spot_mm
        return sum(pen.nib_mm for pen in self.pens) / len(self.pens)

    @property
    def ink_mm2(self) -> float:
        """Area that the strokes cover if none lies on another."""
        ends_mm2 = 0.0 if self.traits.is_long else math.pi * (self.width_mm / 2) ** 2
        count = self.strokes if self.traits.is_dots else self.count
        return count * (self.length_mm * self.width_mm + ends_mm2)

    @property
    def strokes(self) -> int:
        """Lines that the pens draw without being lifted."""
        if self.traits.has_sizes:
            return max(1, round(self.count * (self.passes if self.screens is None else self.screens)))
        if self.traits.tones and not self.traits.is_dots:
            whole_mm = self.count * self.length_mm
            return self.passes if self.traits.is_long else max(1, round(whole_mm / (USUAL_NIBS * self.width_mm)))
        return self.count

    def line(self, pen: Pen) -> Line:  # [S, 2] mm
        """A stroke as this pen draws it."""
        if self.traits.is_dots:
            return spiral(self.spot_mm or self.traits.spot_mm or pen.nib_mm, pen.nib_mm)
        if self.traits.is_long:
            return _zigzag(LONG_STEP_NIBS * pen.nib_mm)
        return _arc(self.count * self.length_mm / self.strokes, self.traits.turn)


@dataclass(frozen=True)
class Costs:
    """What a drawing costs."""

    minutes: float  # including pen lifts and pen changes
    change_minutes: float  # of these, the minutes for changing and refilling pens
    metres: float
    strokes: int
    changes: int  # of pens, including the first one

    def of(self, budget: Budget) -> float:
        """The cost in the budget's unit."""
        return float(getattr(self, budget.unit))


def costs(sketches: tuple[Sketch, ...], area_mm2: float, machine: Machine | None) -> Costs:
    """The cost of these layers on a frame of this area; on a usual gantry without a machine. Raises ProgramError."""
    machine = machine or USUAL
    moving_s = sum(_layer_s(sketch, area_mm2, machine) for sketch in sketches)
    changes = sum(sketch.passes for sketch in sketches)
    refills = sum(_refills(sketch) for sketch in sketches)
    change_s = (changes + refills) * machine.pen_change_s
    return Costs(
        (moving_s + change_s) / 60,
        change_s / 60,
        sum(_drawn_mm(sketch) for sketch in sketches) / 1000,
        sum(sketch.strokes for sketch in sketches),
        changes,
    )


def _layer_s(sketch: Sketch, area_mm2: float, machine: Machine) -> float:
    """Seconds of the machine: the strokes of each pen, and the way to where it is put in and back."""
    each = sketch.strokes / sketch.passes
    factor = DOT_GAP if sketch.traits.is_dots else STROKE_GAP
    gap_mm = 0.0 if sketch.traits.is_long else factor * math.sqrt(area_mm2 / max(each, 1))
    alike = _alike(sketch.pens)
    stroke_s = sum(n * _stroke_s(sketch.line(pen), gap_mm, pen, machine) for pen, n in alike) / len(sketch.pens)
    to_change_s = straight_s(math.sqrt(area_mm2), machine.travel_feed_mm_min / 60, _accel(machine))
    times = float(sketch.strokes)
    if sketch.traits.is_long:
        times = sketch.count * sketch.length_mm / (ZIGZAG * LONG_STEP_NIBS * sketch.width_mm)
    return times * stroke_s + 2 * sketch.passes * to_change_s


def _alike(pens: tuple[Pen, ...]) -> list[tuple[Pen, int]]:
    """One pen for each group that draws in the same time, and the size of the group."""
    found: dict[tuple[object, ...], list[Pen]] = {}
    for pen in pens:
        found.setdefault((pen.nib_mm, pen.feed_mm_min, pen.dwell_s, pen.up, pen.down), []).append(pen)
    return [(some[0], len(some)) for some in found.values()]


def _stroke_s(line: Line, gap_mm: float, pen: Pen, machine: Machine) -> float:
    """Seconds of one stroke among many, including the way to the next."""
    shape = tuple(map(tuple, line.round(3).tolist()))
    return _timed_s(shape, round(gap_mm, 2), pen.model_copy(update={"offset_mm": None, "max_draw_m": None}), machine)


@lru_cache(maxsize=512)
def _timed_s(shape: tuple[tuple[float, float], ...], gap_mm: float, pen: Pen, machine: Machine) -> float:
    line = np.array(shape)
    ample: dict[str, object] = {"width_mm": AMPLE_MM, "height_mm": AMPLE_MM, "origin_mm": (0.0, 0.0), "centre": False}
    ample |= {"park_mm": tuple(line[0] + AMPLE_MM / 4), "pen_change_mm": None, "margin_mm": 0.0, "rotate": 0}
    machine = machine.model_copy(update=ample)
    few, many = (_sample_s(line, count, gap_mm, pen, machine) for count in (2, 2 + SAMPLE))
    return (many - few) / SAMPLE


def _sample_s(line: Line, count: int, gap_mm: float, pen: Pen, machine: Machine) -> float:
    """Seconds of `count` strokes, back and forth, each beginning `gap_mm` from the end of the one before."""
    lines: list[Line] = []
    at = np.full(2, AMPLE_MM / 4)
    for number in range(count):
        stroke = line[::-1] if number % 2 else line
        lines.append(stroke - stroke[0] + at)
        way = gap_mm if number % 2 else -gap_mm  # there and back: the sample stays on its sheet
        at = lines[-1][-1] + way * np.array([math.sin(SLANT), math.cos(SLANT)])
    drawing = Drawing(AMPLE_MM / 2, AMPLE_MM / 2, "#ffffff", (PenPass("sample", pen, tuple(lines)),))
    return estimate(program(drawing, machine), machine).seconds


def _refills(sketch: Sketch) -> int:
    """The number of times that pens run dry."""
    metres = _drawn_mm(sketch) / sketch.passes / 1000
    dry = [max(0, math.ceil(metres / pen.max_draw_m - 1e-6) - 1) for pen in sketch.pens if pen.max_draw_m is not None]
    return round(sketch.passes * sum(dry) / len(sketch.pens))


def _drawn_mm(sketch: Sketch) -> float:
    """The length that all strokes draw, mm."""
    return (sketch.strokes if sketch.traits.has_sizes else sketch.count) * _mean_mm(sketch)


def _mean_mm(sketch: Sketch) -> float:
    """The length that one stroke draws, mm; for dots, that of their spiral."""
    if not sketch.traits.is_dots:
        return sketch.length_mm
    return sum(length_mm(sketch.line(pen)) for pen in sketch.pens) / len(sketch.pens)


def _zigzag(step_mm: float) -> Line:
    """So many steps of a long line, with the corners of one that wanders."""
    turns = np.tile([0.9, -0.9, -0.6, 0.6], ZIGZAG // 4)
    heading = SLANT + np.cumsum(turns)
    steps = np.column_stack([np.cos(heading), np.sin(heading)]) * step_mm
    return np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)])


def _arc(long_mm: float, turn: float) -> Line:
    """A line [S, 2] mm of this length that turns evenly."""
    share = np.linspace(0, 1, 2 if turn == 0 else 33)
    heading = SLANT + turn * (share[:-1] + share[1:]) / 2
    steps = np.column_stack([np.cos(heading), np.sin(heading)]) * (long_mm / len(heading))
    return np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)])


def _accel(machine: Machine) -> float:
    accel = machine.accel_mm_s2
    return min(accel) if isinstance(accel, tuple) else float(accel)


def unit_text(budget: Budget) -> str:
    """A budget in words: `60 minutes`, `1 stroke`."""
    amount = f"{budget.amount:,.3g}" if budget.unit != "strokes" else f"{budget.amount:,.0f}"
    return f"{amount} {budget.unit[:-1] if budget.amount == 1 else budget.unit}"


def parts(found: Costs) -> Iterator[str]:
    """Costs in words: `52 minutes`, `31 m`, `2,400 strokes`."""
    yield f"about {counted(round(found.minutes), 'minute')} with {counted(found.changes, 'pen change')}"
    yield f"{found.metres:.3g} m"
    yield f"{found.strokes:,} strokes"

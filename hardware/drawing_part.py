"""A part of a drawing: a range of its strokes or a region of its sheet; and pauses, after so many metres or minutes."""

import re
from dataclasses import dataclass, replace

import numpy as np

from hardware import toolpath
from hardware.drawing import Drawing, Line, PenPass
from hardware.plurals import counted
from hardware.program import ProgramError
from hardware.toolpath.cut import inside

_RANGE = re.compile(r"(\d+)-(\d*)|(\d+)")
_REGION = re.compile(r"([\d.]+),([\d.]+),([\d.]+)[x,]([\d.]+)")
_PAUSE = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(m|min)?")
_MOST = 10_000.0  # metres or minutes between pauses


class PartError(ProgramError):
    """A part that a drawing does not have; the message says what it has."""


@dataclass(frozen=True)
class PauseEvery:
    """How much each pen draws until the plot pauses, so that it can be shaken or sharpened: metres or minutes."""

    metres: float | None = None
    minutes: float | None = None


@dataclass(frozen=True)
class DrawingPart:
    """What is plotted of a drawing."""

    strokes: tuple[int, int | None] | None = None  # first and last, counted from 1 through all passes
    region_mm: tuple[float, float, float, float] | None = None  # left, top, width, height on the sheet
    pause_every: PauseEvery = PauseEvery()


WHOLE = DrawingPart()


def stroke_range(text: str) -> tuple[int, int | None]:
    """Return the first and last stroke of `100-250`, `100-` or `100`. Raises ValueError."""
    found = _RANGE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is not a range of strokes; write 100-250, 100- or 100")
    first = int(found[1] or found[3])
    last = first if found[3] else (int(found[2]) if found[2] else None)
    if first < 1 or (last is not None and last < first):
        raise ValueError(f"{text!r} is not a range of strokes; they are counted from 1, the smaller number first")
    return first, last


def region(text: str) -> tuple[float, float, float, float]:
    """Return left, top, width and height in mm of `20,30,100x80`. Raises ValueError."""
    found = _REGION.fullmatch(re.sub(r"\s", "", text))
    try:
        left, top, width, height = (float(number) for number in (found.groups() if found else ()))
    except ValueError:
        raise ValueError(f"{text!r} is not a region; write left,top,width x height in mm, as in 20,30,100x80") from None
    if min(width, height) <= 0:
        raise ValueError(f"{text!r} has no area; write left,top,width x height in mm, as in 20,30,100x80")
    return left, top, width, height


def pause_every(text: str) -> PauseEvery:
    """Return the metres of `5` or `5m`, or the minutes of `12min`. Raises ValueError."""
    found = _PAUSE.fullmatch(re.sub(r"\s", "", text).lower())
    if found is None:
        raise ValueError(f"{text!r} is neither metres nor minutes; write 5 or 5m for metres, 12min for minutes")
    most = float(found[1])
    least = 0.1 if found[2] == "min" else 0.01
    if not least <= most <= _MOST:
        unit = "minutes" if found[2] == "min" else "metres"
        raise ValueError(f"{text!r} is out of range; write {least:g} to {_MOST:g} {unit}")
    return PauseEvery(minutes=most) if found[2] == "min" else PauseEvery(metres=most)


def part_of(drawing: Drawing, part: DrawingPart) -> Drawing:
    """Return the part of a drawing, with its pauses by metres. Strokes keep their order and place. Raises PartError.

    Pauses by minutes depend on the machine: `hardware.job.prepare.from_drawing` adds them.
    """
    if part.strokes is not None:
        drawing = _numbered(drawing, *part.strokes)
    if part.region_mm is not None:
        drawing = _within(drawing, part.region_mm)
    if part.pause_every.metres is not None:
        drawing = toolpath.split(_paused(drawing, part.pause_every.metres))
    return drawing


def _numbered(drawing: Drawing, first: int, last: int | None) -> Drawing:
    count = sum(len(one.lines) for one in drawing.passes)
    if first > count:
        raise PartError(f"the drawing has {counted(count, 'stroke')}, so there is none from {first} on")
    passes, begin = [], 1
    for one in drawing.passes:
        numbers = range(begin, begin + len(one.lines))
        begin += len(one.lines)
        passes.append(_kept(one, [at for at, n in enumerate(numbers) if n >= first and (last is None or n <= last)]))
    return _drawn(drawing, passes)


def _within(drawing: Drawing, region_mm: tuple[float, float, float, float]) -> Drawing:
    left, top, width, height = region_mm
    low, high = np.array([left, top]), np.array([left + width, top + height])
    passes = []
    for one in drawing.passes:
        pieces = [(at, piece) for at, line in enumerate(one.lines) for piece in inside(line, low, high)]
        passes.append(_kept(one, [at for at, _ in pieces], tuple(piece for _, piece in pieces)))
    if not any(one.lines for one in passes):
        size = f"{drawing.width_mm:g} x {drawing.height_mm:g} mm"
        raise PartError(f"there is nothing in the region {left:g},{top:g},{width:g}x{height:g} of the sheet, {size}")
    return _drawn(drawing, passes)


def _kept(one: PenPass, places: list[int], lines: tuple[Line, ...] | None = None) -> PenPass:
    """Return the pass with the lines at these places, or with pieces of them."""
    return replace(
        one,
        lines=tuple(one.lines[at] for at in places) if lines is None else lines,
        colours=None if one.colours is None else tuple(one.colours[at] for at in places),
        widths_mm=None if one.widths_mm is None else tuple(one.widths_mm[at] for at in places),
    )


def _drawn(drawing: Drawing, passes: list[PenPass]) -> Drawing:
    return replace(drawing, passes=tuple(one for one in passes if one.lines))


def _paused(drawing: Drawing, every_m: float) -> Drawing:
    def paused(one: PenPass) -> PenPass:
        most = min(every_m, one.pen.max_draw_m or every_m)
        return replace(one, pen=one.pen.model_copy(update={"max_draw_m": most}))

    return replace(drawing, passes=tuple(map(paused, drawing.passes)))

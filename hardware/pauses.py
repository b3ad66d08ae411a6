"""Pauses after so many minutes of each pen: long strokes are divided, and the steps get stops between strokes."""

from dataclasses import replace

from hardware.drawing import Drawing, Line, PenPass
from hardware.estimate import timed
from hardware.machine import Machine
from hardware.program import ArcTo, ChangePen, DrawTo, Park, Refill, Step, Travel
from hardware.toolpath.cut import parts


def with_short_strokes(drawing: Drawing, machine: Machine, minutes: float) -> Drawing:
    """Return the drawing with the strokes divided that take longer than these minutes at the feed of their pen."""

    def divided(one: PenPass) -> PenPass:
        most_mm = minutes * (one.pen.feed_mm_min or machine.feed_mm_min)
        if one.is_free:
            return one
        lines: tuple[Line, ...] = tuple(piece for line in one.lines for piece in parts(line, most_mm))
        return replace(one, lines=lines)

    return replace(drawing, passes=tuple(map(divided, drawing.passes)))


def with_pauses(steps: tuple[Step, ...], machine: Machine, minutes: float) -> tuple[Step, ...]:
    """Return the steps with a stop before the stroke with which a pen would be in use for more than these minutes.

    The time counts from the last stop, with travel and lifts. Each stop allows at least one stroke.
    """
    made: list[Step] = []
    used_s = drawn_mm = 0.0
    number, pen = 0, None
    for stroke in _strokes(steps, machine):
        first = stroke.steps[0]
        if isinstance(first, Travel) and pen is not None and used_s > 0 and used_s + stroke.seconds > 60 * minutes:
            made += [Park(*machine.changes_at_mm), Refill(number, pen, drawn_mm)]
            used_s = drawn_mm = 0.0
        if isinstance(first, ChangePen):
            number, pen = first.number, first.pen
        if isinstance(first, Refill) or (isinstance(first, ChangePen) and first.insert):
            used_s = drawn_mm = 0.0
        elif isinstance(first, Travel):
            used_s, drawn_mm = used_s + stroke.seconds, drawn_mm + stroke.drawn_mm
        made += stroke.steps
    return tuple(made)


class _Stroke:
    """A travel and the steps up to the next, or one step that is not part of a stroke."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.seconds = 0.0
        self.drawn_mm = 0.0


def _strokes(steps: tuple[Step, ...], machine: Machine) -> list[_Stroke]:
    made: list[_Stroke] = []
    for each in timed(steps, machine):
        if isinstance(each.step, Travel | Park | ChangePen | Refill) or not made:
            made.append(_Stroke())
        made[-1].steps.append(each.step)
        made[-1].seconds += each.seconds
        made[-1].drawn_mm += each.way_mm if isinstance(each.step, DrawTo | ArcTo) else 0.0
    return made

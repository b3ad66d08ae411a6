"""Series of numbers -> charts, as coordinates in an SVG: how the loss fell, and what each further pen is worth."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from hardware.pen import Pen
from renderer.result import PenChoice, Step

WIDTH, HEIGHT = 420, 230  # of a chart, in units of about a pixel on a phone
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 8, 10, 30
_MOST_POINTS = 400  # of a line: more than there are pixels

# --- the loss over the steps ---


@dataclass(frozen=True)
class Curve:
    """A layer's loss over its steps, as an SVG chart shows it, with a logarithmic y axis."""

    name: str
    lines: tuple[tuple[str, str, float, float], ...]  # name, path, first and last value
    x_ticks: tuple[tuple[float, str], ...]  # place, label
    y_ticks: tuple[tuple[float, str], ...]


def by_layer(history: Sequence[Step]) -> list[list[Step]]:
    """The steps of each layer, in the order of the layers."""
    layers = sorted({step.layer for step in history})
    return [[step for step in history if step.layer == layer] for layer in layers]


def curve(steps: Sequence[Step]) -> Curve:
    """The chart of one layer: the loss, and each term where there are several."""
    names = list(dict.fromkeys(name for step in steps for name, _ in step.terms))
    series = {"loss": [(step.step, step.loss) for step in steps]}
    if len(names) > 1:
        series |= {name: [(s.step, dict(s.terms)[name]) for s in steps if name in dict(s.terms)] for name in names}
    seen = [value for points in series.values() for _, value in points if _drawable(value)]
    low, high = _span(seen)
    first, last = min(step.step for step in steps), max(step.step for step in steps)

    def x(step: float) -> float:
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * (step - first) / max(1, last - first)

    def y(value: float) -> float:
        return _TOP + (HEIGHT - _TOP - _BOTTOM) * (math.log(high) - math.log(value)) / (math.log(high) - math.log(low))

    lines = tuple(
        (name, _path([(x(step), y(value)) for step, value in points if _drawable(value)]), points[0][1], points[-1][1])
        for name, points in series.items()
    )
    x_ticks = tuple((x(step), f"{step:g}") for step in _round_steps(first, last))
    return Curve(
        steps[0].layer_name, lines, x_ticks, tuple((y(value), f"{value:g}") for value in _round_values(low, high))
    )


def _drawable(value: float) -> bool:
    return math.isfinite(value) and value > 0


def _span(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values, default=0.1), max(values, default=1.0)
    return low / 1.1, max(high, low * 1.5) * 1.1


def _path(points: list[tuple[float, float]]) -> str:
    thinned = points[:: math.ceil(len(points) / _MOST_POINTS)] if points else []
    if points and thinned[-1] != points[-1]:
        thinned.append(points[-1])
    return "M" + " ".join(f"{x:.1f},{y:.1f}" for x, y in thinned) if thinned else ""


def _round_values(low: float, high: float) -> list[float]:
    """Round values for a logarithmic axis: each power of ten, and as many of its multiples as fit."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    if high / low < 2.5:
        multiples: tuple[float, ...] = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8)
    elif high / low < 10:
        multiples = (1, 1.5, 2, 3, 5, 7)
    else:
        multiples = (1, 2, 5) if high / low < 300 else (1,)
    return [value for decade in decades for m in multiples if low <= (value := m * 10.0**decade) <= high]


def _round_steps(first: int, last: int) -> list[int]:
    """About four round numbers between two steps."""
    raw = max(1.0, (last - first) / 4)
    power = 10 ** math.floor(math.log10(raw))
    width = max(1, int(next(m * power for m in (1, 2, 5, 10) if m * power >= raw)))
    return list(range(-(-first // width) * width, last + 1, width))


# --- what each pen is worth ---

_SEEN = 0.01  # a share of the difference that is worth mentioning


@dataclass(frozen=True)
class Stair:
    """The difference that is left with this number of pens."""

    pen: Pen | None  # the last one picked; none at the first stair
    share: float  # of the difference without any pen
    x: float  # of its centre
    label: str  # below it; most have none
    used: bool
    here: bool  # whether it is the last pen that is used


@dataclass(frozen=True)
class Stairs:
    """The difference that is left after each pick of a rack, as an SVG chart shows it."""

    layers: str
    stairs: tuple[Stair, ...]
    used_path: str
    spare_path: str  # of the pens that are not used
    mark: tuple[float, float]  # place of the number of pens used
    radius: float  # of a pen's swatch
    y_ticks: tuple[tuple[float, str], ...]
    reading: str


def stairs(one: PenChoice) -> Stairs:
    """The chart of one choice of pens. There must be some difference to lower."""
    choice, shares = one.choice, one.choice.shares
    wide = (WIDTH - _LEFT - _RIGHT) / len(shares)

    def x(number: float) -> float:
        return _LEFT + wide * number

    def y(share: float) -> float:
        return _TOP + (HEIGHT - _TOP - _BOTTOM - 16) * (1 - share)

    corners = [(x(n + side), y(share)) for n, share in enumerate(shares) for side in (0, 1)]
    turn = 2 * (choice.used + 1)
    labels = _labels(len(choice.pens), choice.used)
    return Stairs(
        layers=" and ".join(one.layers),
        stairs=tuple(
            Stair(pen, share, x(n + 0.5), str(n) if n in labels else "", n <= choice.used, n == choice.used)
            for n, (pen, share) in enumerate(zip((None, *choice.pens), shares, strict=True))
        ),
        used_path=_path(corners[:turn]),
        spare_path=_path(corners[turn - 1 :]),
        mark=(x(choice.used + 0.5), y(shares[choice.used])),
        radius=min(6.0, wide / 2 - 1),
        y_ticks=tuple((y(share), f"{share:.0%}") for share in (0, 0.25, 0.5, 0.75, 1)),
        reading=_reading(choice.pens, shares, choice.used),
    )


def _labels(count: int, used: int) -> set[int]:
    """The numbers below the stairs: the number used, and round numbers that fit."""
    every = 1 if count <= 12 else 5
    near = 0 if every == 1 else max(1, count // 25)
    return {number for number in range(0, count + 1, every) if abs(number - used) > near} | {used}


def _reading(pens: Sequence[Pen], shares: Sequence[float], used: int) -> str:
    """`With 8 pens, 12% of the difference is left. The 8th, red, lowers it by 2%; a 9th, tan, would lower it by 1%.`"""
    saved = [_points(before - after) for before, after in itertools.pairwise(shares)]
    text = f"With {used} {'pen' if used == 1 else 'pens'}, {shares[used]:.0%} of the difference is left. "
    text += f"The {_ordinal(used)}, {pens[used - 1].name}, lowers it by {saved[used - 1]}"
    if used < len(pens):
        article = "an" if used + 1 in (8, 11, 18) else "a"
        text += f"; {article} {_ordinal(used + 1)}, {pens[used].name}, would lower it by {saved[used]}"
    enough = next(number for number, share in enumerate(shares) if share - shares[used] < _SEEN)
    if enough < used:
        text += f". {enough or 'No'} {'pen' if enough == 1 else 'pens'} would work almost as well"
    return text + "."


def _points(share: float) -> str:
    return f"{share:.0%}" if share >= _SEEN else "less than 1%"


def _ordinal(number: int) -> str:
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"

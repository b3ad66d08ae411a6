"""Puts the trips of a brush to its well into the lines of a job.

The lines of a trip lead to the next stroke and belong to it, so that a stroke that is drawn again is dipped for again.
They raise and lower the brush as that stroke does. For the job, the brush is up all the while: it is not on the paper.
"""

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import takewhile
from typing import TYPE_CHECKING

from hardware.job.gcode_job import Line, MachineSetup, Point, Stop
from hardware.wire import gcode_text

if TYPE_CHECKING:
    from hardware.machine import Machine
    from hardware.stations import PaintWell, Reload

TURNS, CHORDS, ROUND = 2, 12, 0.5  # of stirring: turns, chords of each, and radius as a share of the well's


def with_trips(
    lines: tuple[Line, ...],
    stops: tuple[Stop, ...],
    brushes: "list[Reload | None]",
    machine: "Machine",
    setup: MachineSetup,
) -> tuple[tuple[Line, ...], tuple[Stop, ...]]:
    """Return lines and stops with the trips that the brushes make, of which there is one or none for each part."""
    if not any(brushes):
        return lines, stops
    from hardware.reloading import due

    before: dict[int, list[Line]] = {}
    for part, how in enumerate(brushes):
        strokes = _strokes(lines, part)
        if how is None or not strokes:
            continue
        lengths = [sum(lines[at].mm for at in each if lines[at].is_draw) for each in strokes]
        for number in due(how, lengths):
            own = strokes[number]
            lowered = next(at for at in own if lines[at].down)
            begins = next((at for at in own if lines[at].is_travel), lowered)
            before[begins] = list(_trip(lines, own, begins, how, machine, setup, washes=number == 0))
    return _inserted(lines, stops, before)


def _strokes(lines: tuple[Line, ...], part: int) -> list[list[int]]:
    """Return the lines of each stroke of a part that touches the paper."""
    found: dict[int, list[int]] = {}
    for at, line in enumerate(lines):
        if line.part == part:
            found.setdefault(line.stroke, []).append(at)
    return [own for _, own in sorted(found.items()) if any(lines[at].down for at in own)]


def _trip(
    lines: tuple[Line, ...], own: list[int], begins: int, how: "Reload", machine: "Machine", setup: MachineSetup,
    *, washes: bool,
) -> Iterator[Line]:  # fmt: skip
    """Yield the lines of a trip: to the water if it is the first, to the paint, and the feed as it was."""
    stations = {station.name: station for station in machine.stations}
    stroke = [lines[at] for at in own]
    here, feed = lines[begins], setup.feed_mm_min
    lowered = next(at for at, line in enumerate(stroke) if line.down)
    lower = list(takewhile(lambda line: line.down and not line.is_draw, stroke[lowered:]))
    touching = max(at for at in own if lines[at].down)
    after = takewhile(_is_still, lines[touching + 1 :])  # the wait after it counts to the next stroke
    lift = [line for line in after if line.part == here.part]
    assert how.station is not None
    if washes and how.wash is not None:
        yield from _visit(stations[how.wash], lower, lift, here, feed, setup, stirs=True, dip_s=0.0, wipes=True)
    well, wipes = stations[how.station], how.wipe == "edge"
    yield from _visit(well, lower, lift, here, feed, setup, stirs=how.stir, dip_s=how.dip_s, wipes=wipes)
    before = lines[begins - 1].feed_mm_min if begins else 0.0
    if not here.is_travel:  # the stroke begins where the one before it ended
        fast = f" F{setup.travel_mm_min:g}" if setup.needs_travel_feed else ""
        yield _way("G0", (here.x_mm, here.y_mm), fast, here, (well.x_mm, well.y_mm), 0.0)
    if before:
        yield _of(f"G1 F{before:g}", here, feed_mm_min=before)


def _is_still(line: Line) -> bool:
    """Whether a line neither moves the brush over the paper nor lowers it."""
    return not (line.down or line.is_draw or line.is_travel)


def _visit(
    station: "PaintWell", lower: list[Line], lift: list[Line], here: Line, feed: float, setup: MachineSetup,
    *, stirs: bool, dip_s: float, wipes: bool,
) -> Iterator[Line]:  # fmt: skip
    """Yield the lines that dip the brush into a well."""
    centre, at = (station.x_mm, station.y_mm), (station.x_mm, station.y_mm)
    fast = f" F{setup.travel_mm_min:g}" if setup.needs_travel_feed else ""
    yield _way("G0", centre, fast, here, (here.x_mm, here.y_mm), 0.0)
    for line in lower:
        yield replace(_of(line.text, here), z_mm=line.z_mm, dwell_s=line.dwell_s, x_mm=at[0], y_mm=at[1])
    down_mm = lower[-1].z_mm if lower else 0.0
    ways = [*(_round(station) if stirs else ()), *([_edge(station)] if wipes else ())]
    if dip_s > 0:
        yield replace(_of(_dwell(dip_s, lower), here), dwell_s=dip_s, x_mm=at[0], y_mm=at[1], z_mm=down_mm)
    for end in ways:
        yield replace(_way("G1", end, f" F{feed:g}", here, at, feed), z_mm=down_mm)
        at = end
    for line in lift:
        yield replace(_of(line.text, here), z_mm=line.z_mm, dwell_s=line.dwell_s, x_mm=at[0], y_mm=at[1])


def _round(station: "PaintWell") -> Iterator[Point]:
    radius = ROUND * station.radius_mm
    for number in range(TURNS * CHORDS + 1):
        angle = math.tau * number / CHORDS
        yield station.x_mm + radius * math.cos(angle), station.y_mm + radius * math.sin(angle)


def _edge(station: "PaintWell") -> Point:
    return station.x_mm, station.y_mm + station.radius_mm


def _dwell(seconds: float, like: list[Line]) -> str:
    """Return a wait as this job writes it: `G4 P` in seconds, or in milliseconds as Marlin does."""
    waits = [line for line in like if line.text.startswith("G4 P") and line.dwell_s]
    in_ms = any(float(line.text[4:]) > 10 * line.dwell_s for line in waits)
    return f"G4 P{gcode_text.number(1000 * seconds if in_ms else seconds)}"


def _way(word: str, end: Point, rest: str, here: Line, begin: Point, feed: float) -> Line:
    text = f"{word} X{end[0]:.3f} Y{end[1]:.3f}{rest}"
    made = _of(text, here, feed_mm_min=feed or here.feed_mm_min)
    return replace(made, is_travel=True, x_mm=end[0], y_mm=end[1], mm=math.dist(begin, end))


def _of(text: str, here: Line, *, feed_mm_min: float | None = None) -> Line:
    feed = here.feed_mm_min if feed_mm_min is None else feed_mm_min
    return Line(
        text, here.number, here.part, here.stroke, False, x_mm=here.x_mm, y_mm=here.y_mm, feed_mm_min=feed, is_trip=True
    )


def _inserted(
    lines: tuple[Line, ...], stops: tuple[Stop, ...], before: dict[int, list[Line]]
) -> tuple[tuple[Line, ...], tuple[Stop, ...]]:
    made: list[Line] = []
    moved: dict[int, int] = {}
    for at, line in enumerate(lines):
        moved[at] = len(made)
        made += before.get(at, [])
        made.append(line)
    moved[len(lines)] = len(made)
    return tuple(made), tuple(replace(stop, line=moved[stop.line]) for stop in stops)


def trip_before(lines: tuple[Line, ...], line: int) -> list[str]:
    """Return the texts of the last trip before a line, within its part; none if a trip follows at once."""
    part = lines[line].part if line < len(lines) else -1
    if next((each.is_trip for each in lines[line:] if each.is_trip or each.is_travel or each.is_draw), False):
        return []
    end = next((at for at in range(line - 1, -1, -1) if lines[at].is_trip and lines[at].part == part), None)
    if end is None:
        return []
    begin = end
    while begin > 0 and lines[begin - 1].is_trip and lines[begin - 1].stroke == lines[end].stroke:
        begin -= 1
    return [each.text for each in lines[begin : end + 1]]

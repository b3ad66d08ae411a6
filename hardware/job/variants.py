"""Variants of a job: some of its passes, in the air, or once around its outline."""

import math
from collections.abc import Iterable
from dataclasses import replace

from hardware.job.gcode_job import GcodeJob, JobError, JobPart, Line, Stop


def selected(
    job: GcodeJob, *, only: Iterable[int] = (), first: int = 1, air: bool = False, outline: bool = False
) -> GcodeJob:
    """Return the job with some passes only, in the air, or as its outline. Raises JobError."""
    wanted = set(only) or set(range(first, len(job.parts) + 1))
    if only or first > 1:
        job = only_parts(job, wanted)
    if outline:
        return outlined(job)
    return in_the_air(job) if air else job


def in_the_air(job: GcodeJob) -> GcodeJob:
    """Return the job with the pen up: lowerings are omitted, draws become travel, stops are kept. Raises JobError."""
    if any(line.is_lowering and line.is_draw for line in job.lines):
        raise JobError("this G-code lowers the pen while it moves, so it cannot run in the air")
    kept: list[Line] = []
    places: dict[int, int] = {}
    for at, line in enumerate(job.lines):
        places[at] = len(kept)
        if not line.is_lowering and not line.is_trip:
            kept.append(replace(line, down=False, is_draw=False, is_travel=line.is_travel or line.is_draw))
    places[len(job.lines)] = len(kept)
    stops = tuple(replace(stop, line=places[stop.line]) for stop in job.stops)
    return replace(job, title=f"{job.title}, in the air", lines=tuple(kept), stops=stops)


def outlined(job: GcodeJob, number: str = "outline") -> GcodeJob:
    """Return a job that goes once around the drawing with the pen up. Raises JobError."""
    bounds = job.bounds(drawn=True)
    if bounds is None:
        raise JobError("the job draws nothing, so it has no outline")
    left, bottom, right, top = bounds
    corners = [(left, bottom), (right, bottom), (right, top), (left, top), (left, bottom), job.setup.park_mm]
    feed = f" F{job.setup.travel_mm_min:g}" if job.setup.needs_travel_feed else ""
    lines, at = [], job.setup.park_mm
    for x, y in corners:
        mm = math.dist(at, (x, y))
        seconds = mm / (job.setup.travel_mm_min / 60)
        lines.append(
            Line(f"G0 X{x:.3f} Y{y:.3f}{feed}", 0, 0, 0, False, is_travel=True, x_mm=x, y_mm=y, mm=mm, seconds=seconds)
        )
        at = (x, y)
    part = JobPart(number, "#808080", 0, 0.0, sum(line.seconds for line in lines))
    return replace(job, title=f"outline of {job.title}", lines=tuple(lines), parts=(part,), stops=())


def only_parts(job: GcodeJob, wanted: set[int]) -> GcodeJob:
    """Return the job with these parts only, numbered from 1; lines before the first part are kept. Raises JobError."""
    if not wanted & set(range(1, len(job.parts) + 1)):
        raise JobError(f"the job has passes 1 to {len(job.parts)}, but not {', '.join(map(str, sorted(wanted)))}")
    numbers = sorted(number - 1 for number in wanted if 0 < number <= len(job.parts))
    renamed = {old: new for new, old in enumerate(numbers)}
    shift = {old: sum(job.parts[n].strokes for n in range(old) if n not in renamed) for old in numbers}
    kept: list[Line] = []
    places: dict[int, int] = {}
    for at, line in enumerate(job.lines):
        places[at] = len(kept)
        if line.part < 0:
            kept.append(replace(line, stroke=0))
        elif line.part in renamed:
            kept.append(replace(line, part=renamed[line.part], stroke=line.stroke - shift[line.part]))
    stops = [replace(s, line=places[s.line], part=renamed[s.part]) for s in job.stops if s.part in renamed]
    if job.stops and not any(stop.is_pen and stop.part == 0 for stop in stops):  # its pen was already in the machine
        first = next(at for at, line in enumerate(kept) if line.part == 0)
        stops.insert(0, Stop(first, 0, is_pen=True))
    return replace(job, lines=tuple(kept), parts=tuple(job.parts[n] for n in numbers), stops=tuple(stops))

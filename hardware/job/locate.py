"""Where a plot stopped, from the position of the head and the lines that the controller has acknowledged."""

import math
from dataclasses import dataclass

from hardware.job.gcode_job import GcodeJob, Line, Point
from hardware.wire import gcode_text

NEAR_MM = 0.03  # a controller reports its position in full steps


@dataclass(frozen=True)
class JobPosition:
    """A position within or before a line. `exact`: the position of the head matches the line."""

    line: int
    place: Point
    exact: bool = True


def near(a: Point, b: Point) -> bool:
    return math.dist(a, b) <= NEAR_MM


def certainly_executed(job: GcodeJob, acked: int) -> int:
    """Return how many lines are certainly executed: dwells and pen moves are acknowledged after all motion."""
    for at in range(acked - 1, -1, -1):
        if waits_for_motion(job.lines[at]):
            return at + 1
    return 0


def waits_for_motion(line: Line) -> bool:
    return line.text.startswith("G4") or (line.text[0] == "M" and line.text.split()[0] in _SYNCS)


_SYNCS = {"M3", "M4", "M5", "M7", "M8", "M9", "M280", "M400", "M106", "M107"}


def stopped_at(
    job: GcodeJob, acked: int, sent: int, place: Point, blocks: int = 16, *, down: bool | None = None
) -> JobPosition:
    """Return the earliest line that may be executing and on which the head is, so that no line is left out.

    `down`: whether the pen was down meanwhile; None if not known.
    """
    first = max(certainly_executed(job, acked), acked - blocks - 1, 0)
    for at in range(first, sent):
        if down is not None and is_down_before(job, at) != down:
            continue
        line, before = job.lines[at], job.place_before(at)
        if not (line.is_draw or line.is_travel):
            if before is not None and math.dist(before, place) <= NEAR_MM:
                return JobPosition(at, place)
            continue
        if distance(line, before, place) <= NEAR_MM:
            return JobPosition(at, place)
    before = job.place_before(sent)
    if before is None:  # no motion has been sent
        return JobPosition(first, place)
    if math.dist(before, place) <= NEAR_MM and down in {None, is_down_before(job, sent)}:
        return JobPosition(sent, place)
    return JobPosition(first, place, exact=False)


def at_rest(job: GcodeJob, acked: int, sent: int, place: Point, down: bool | None) -> tuple[JobPosition, JobPosition]:
    """Return the earliest and the latest position that fit a controller at rest.

    It has executed all lines up to an unknown one, after which the head is at `place` with the pen `down` (None if not
    known). The two differ where a dot may or may not have been drawn.
    """
    fitting = []
    for done in range(acked, sent + 1):
        before = job.place_before(done)
        if before is not None and math.dist(before, place) > NEAR_MM:
            continue
        if down is None or is_down_before(job, done) == down:
            fitting.append(JobPosition(done, place))
    if not fitting:
        position = stopped_at(job, acked, sent, place)
        return position, position
    return fitting[0], fitting[-1]


def distance(line: Line, before: Point | None, place: Point) -> float:
    """Return how far a position is from the path of a line that begins at `before`, mm."""
    end = (line.x_mm, line.y_mm)
    if before is None:
        return math.dist(end, place)
    if line.centre_mm is not None:
        return abs(math.dist(line.centre_mm, place) - math.dist(line.centre_mm, before))
    length2 = math.dist(before, end) ** 2
    if length2 == 0:
        return math.dist(end, place)
    along = sum((p - b) * (e - b) for p, b, e in zip(place, before, end, strict=True)) / length2
    along = min(max(along, 0.0), 1.0)
    return math.dist((before[0] + along * (end[0] - before[0]), before[1] + along * (end[1] - before[1])), place)


def lowering_lines(job: GcodeJob, line: int) -> list[str]:
    """Return the lines that lowered the pen for this line's stroke, with their waits, to lower it again."""
    found: list[str] = []
    for each in job.lines[job.start_of_stroke(line) : line]:
        if each.is_draw or each.is_travel:
            if found:
                break
        elif each.down:
            found.append(each.text)
    return found


def is_down_before(job: GcodeJob, line: int) -> bool:
    return line > 0 and job.lines[line - 1].down


def text_from(line: Line, place: Point) -> str:
    """Return the line's text for a head already on its way: an arc's centre is relative to where it continues."""
    if line.centre_mm is None:
        return line.text
    words = [
        f"{letter}{gcode_text.number(value)}" for letter, value in gcode_text.words(line.text) if letter not in "IJR"
    ]  # keeps its end and feed
    centre = (line.centre_mm[0] - place[0], line.centre_mm[1] - place[1])
    return " ".join([*words, f"I{gcode_text.number(centre[0])}", f"J{gcode_text.number(centre[1])}"])


def with_changed_value(text: str, letter: str, by: float) -> str:
    """Return the line with the value of one letter changed by that much."""
    return " ".join(
        f"{each}{gcode_text.number(value + by if each == letter else value)}" for each, value in gcode_text.words(text)
    )

"""Which lines of a job are known to be carried out, from the positions that the controller reports.

A reply that does not come leaves open whether the line was lost or only its `ok`. Lines are absolute, so a lost line
shows only in the path: without it, the head would go straight from the end of the line before to the end of the next.
A report on the path, and off that shortcut, proves the lines at both ends of it.

Reports also show that a reply is missing before anything has to wait for it. GRBL acknowledges a motion before it
begins (protocol.c), so that a head on a line that is not acknowledged has outrun its replies. In the wait after a pen
move, on the other hand, the controller has acknowledged exactly the lines before that wait.
"""

import math

from hardware.job import locate
from hardware.job.gcode_job import GcodeJob, Line, Point
from hardware.job.locate import NEAR_MM, is_down_before

BLOCKS = 17  # lines that may be executing although they are acknowledged: the planner, and one that waits for it
AHEAD = 3  # lines sent and not acknowledged, so that the controller does not rest for want of lines
OFF_MM = 2 * NEAR_MM  # so far from a shortcut a position is certainly not on it


class Evidence:
    """Collects reports during a plot. `take` is called for each, and `unproven` says what remains open."""

    def __init__(self, job: GcodeJob) -> None:
        self._job = job
        self._proven: set[int] = set()
        self.in_step_at = 0  # all replies to the lines before this one have arrived, as a report showed
        self.is_behind = False  # a reply is missing

    def take(self, place: Point, down: bool | None, acked: int, sent: int, *, rests: bool) -> None:
        """Take a report: where the head is, whether the pen is down (None: not known), whether the head rests."""
        first = max(acked - BLOCKS, 0)
        on = [at for at in range(first, sent) if self._is_inside(at, place)]
        if len(on) == 1 and down in {None, is_down_before(self._job, on[0])}:
            self._prove_path(on[0], place, down)
            self.is_behind |= on[0] >= acked
        self._prove_end(first, sent, place, down)
        if rests and self._waits_at(acked, place, down) and sent - acked >= AHEAD:
            self.in_step_at = acked

    def unproven(self, first: int, last: int) -> int | None:
        """Return the first line from `first` to before `last` that may have been lost; None if all were executed."""
        return next((at for at in range(first, last) if at not in self._proven and not self._is_harmless(at)), None)

    def _waits_at(self, at: int, place: Point, down: bool | None) -> bool:
        """Whether the controller is in this line, the wait after a pen move, if the head rests here."""
        lines = self._job.lines
        if down is None or not 0 < at < len(lines) or not lines[at].text.startswith("G4"):
            return False
        moved = lines[at - 1].down == down and is_down_before(self._job, at - 1) != down
        return moved and self._is_at_end(at, place, down)

    def _is_inside(self, at: int, place: Point) -> bool:
        """Whether a position is on this motion, away from its ends."""
        line, before = self._job.lines[at], self._job.place_before(at)
        if before is None or not _moves(line) or math.dist(before, (line.x_mm, line.y_mm)) < NEAR_MM:
            return False
        ends = min(math.dist(place, before), math.dist(place, (line.x_mm, line.y_mm)))
        return ends > OFF_MM and locate.distance(line, before, place) <= NEAR_MM

    def _prove_path(self, at: int, place: Point, down: bool | None) -> None:
        """Prove the motion that the head is on, and what led to it."""
        earlier, later = self._motion_before(at), self._motion_after(at)
        if later is None or self._off_shortcut(at, later, place):
            self._proven.add(at)
        if earlier is not None and self._off_shortcut(earlier, at, place):
            self._proven.add(earlier)
        if down is not None:
            self._proven.update(self._last_pen_move(at))

    def _prove_end(self, first: int, sent: int, place: Point, down: bool | None) -> None:
        """Prove what must have happened for the head to be at the end of a motion with the pen like this."""
        fitting = [at for at in range(first + 1, sent + 1) if self._is_at_end(at, place, down)]
        motions = {self._motion_before(at) for at in fitting}
        if len(motions) != 1 or None in motions:  # it may rest at the start of a loop, or at its end
            return
        self._proven.update(each for each in motions if each is not None)
        if down is not None:
            self._proven.update(self._last_pen_move(fitting[-1]))

    def _is_at_end(self, at: int, place: Point, down: bool | None) -> bool:
        end = self._job.place_before(at)
        return end is not None and math.dist(end, place) <= NEAR_MM and down in {None, is_down_before(self._job, at)}

    def _motion_before(self, at: int) -> int | None:
        return next((n for n in range(at - 1, -1, -1) if _moves(self._job.lines[n])), None)

    def _motion_after(self, at: int) -> int | None:
        return next((n for n in range(at + 1, len(self._job.lines)) if _moves(self._job.lines[n])), None)

    def _last_pen_move(self, at: int) -> list[int]:
        """Return the lines before this one that gave the pen its state: the last pen move and its waits."""
        state, found = is_down_before(self._job, at), []
        for n in range(at - 1, -1, -1):
            if _moves(self._job.lines[n]) or self._job.lines[n].down != state:
                break
            found.append(n)
        return found

    def _off_shortcut(self, skipped: int, at: int, place: Point) -> bool:
        """Whether a position is off the straight way that leaves out the end of the motion `skipped`."""
        start, line = self._job.place_before(skipped), self._job.lines[at]
        if start is None or line.centre_mm is not None:
            return start is not None
        return locate.distance(line, start, place) > OFF_MM

    def _is_harmless(self, at: int) -> bool:
        """Whether the sheet is the same without a line: a mode, a pen move or a way that changes nothing."""
        job, line = self._job, self._job.lines[at]
        if not _moves(line):
            waits = line.text.startswith("G4") and self._draws_lines(at)
            return line.text in job.setup.header or waits or (not line.down and not is_down_before(job, at))
        start, after = job.place_before(at), self._motion_after(at)
        later = None if after is None else job.lines[after]
        if later is None or line.is_draw != later.is_draw:
            return False
        if line.is_travel or start is None:
            return line.is_travel
        if line.centre_mm or later.centre_mm:
            return False
        return locate.distance(later, start, (line.x_mm, line.y_mm)) <= NEAR_MM

    def _draws_lines(self, at: int) -> bool:
        """Whether the stroke of this line is more than a dot, so that a wait in it leaves no mark."""
        job = self._job
        own = range(job.start_of_stroke(at), job.after_stroke(at))
        return any(job.lines[n].is_draw for n in own)


def _moves(line: Line) -> bool:
    return line.is_draw or line.is_travel

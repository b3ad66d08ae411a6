"""The time left: the planned time, corrected by the pace so far."""

from hardware.job.gcode_job import GcodeJob

TRUSTED_S = 60.0  # after this much planned work, the pace so far counts as much as the plan


class Pace:
    """Estimates the seconds left: the planned time, scaled by how the work so far compares with its plan."""

    def __init__(self, job: GcodeJob) -> None:
        self._left_s = [0.0] * (len(job.lines) + 1)
        for at in range(len(job.lines) - 1, -1, -1):
            self._left_s[at] = self._left_s[at + 1] + job.lines[at].seconds
        self._drawn_mm = [0.0] * (len(job.lines) + 1)
        for at, line in enumerate(job.lines):
            self._drawn_mm[at + 1] = self._drawn_mm[at] + (line.mm if line.is_draw else 0.0)
        self._planned_s, self._took_s = 0.0, 0.0

    def compare(self, first: int, after: int, seconds: float) -> None:
        """Set how long the lines from `first` to before `after` have taken so far."""
        self._planned_s = self._left_s[first] - self._left_s[after]
        self._took_s = seconds

    def factor(self) -> float:
        """Return the ratio of real to planned time; close to 1 while little is known."""
        return (self._took_s + TRUSTED_S) / (self._planned_s + TRUSTED_S)

    def left_s(self, line: int) -> float:
        return self._left_s[line] * self.factor()

    def drawn_mm(self, line: int) -> float:
        """Return the mm drawn by all lines before this one."""
        return self._drawn_mm[line]

"""The pens of a plot: which are done, which draws, which are to come, and when each was put in."""

from collections.abc import Callable
from typing import Any

from hardware.job.gcode_job import GcodeJob as Lines


class PenLog:
    """Rows for the queue, one for each pass."""

    def __init__(self, lines: Lines, earlier: list[dict[str, Any]], now: Callable[[], float]) -> None:
        """`earlier`: the rows of the same plot before it was resumed."""
        fresh = [
            {"name": part.name, "colour": part.colour, "strokes": part.strokes,
             "metres": round(part.drawn_mm / 1000, 2), "minutes": round(part.seconds / 60, 2),
             "began": None, "ended": None, "skipped": False}
            for part in lines.parts
        ]  # fmt: skip
        self.lines = lines
        self.rows = earlier if len(earlier) == len(fresh) else fresh
        self._now = now

    def begin(self, number: int) -> None:
        """The pen of this pass, from 1, is in and begins to draw; the passes before it are done."""
        self._end_before(number)
        self.rows[number - 1] |= {"began": self.rows[number - 1]["began"] or self._now(), "ended": None}

    def skip(self, number: int) -> None:
        """A person skips the strokes of this pass."""
        self._end_before(number)
        self.rows[number - 1]["skipped"] = True

    def end(self) -> None:
        """The plot is drawn."""
        self._end_before(len(self.rows) + 1)

    def _end_before(self, number: int) -> None:
        for row in self.rows[: number - 1]:
            row["ended"] = row["ended"] or (self._now() if row["began"] else None)

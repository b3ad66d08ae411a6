"""Progress and errors of a plot, as the queue keeps them and people read them."""

from typing import Any

from hardware.job.gcode_job import GcodeJob as Lines
from hardware.plotting.events import Finished, PlotProgress
from hardware.plurals import counted
from hardware.wire.link_errors import CableOut, Silent


def progress_row(progress: PlotProgress, lines: Lines) -> dict[str, Any]:
    """The progress of a plot as the queue keeps it. The time left counts the pen changes to come, as the plan does."""
    share = progress.drawn_mm / progress.total_mm if progress.total_mm else 0.0
    left_s = round(progress.left_s + _changes_left_s(progress, lines))
    text = f"pen {progress.number} of {progress.passes}, stroke {progress.stroke} of {progress.strokes}"
    return {
        "text": text, "share": round(share, 4), "stroke": progress.stroke, "strokes": progress.strokes,
        "drawn_m": round(progress.drawn_mm / 1000, 3), "left_s": left_s, "pen": progress.pen,
        "number": progress.number, "passes": progress.passes,
        "x_mm": round(progress.x_mm, 2), "y_mm": round(progress.y_mm, 2), "machine": progress.machine_state,
    }  # fmt: skip


def _changes_left_s(progress: PlotProgress, lines: Lines) -> float:
    return lines.setup.pen_change_s * sum(stop.is_pen and stop.line >= progress.line for stop in lines.stops)


def stop_reason(end: Finished | BaseException, faults: list[str]) -> str:
    """Why a plot stopped, for people."""
    match end:
        case Silent():
            return f"the port has not answered within {end.seconds:.0f} s"
        case CableOut():
            return f"the port has disappeared ({end.why})"
        case Finished(outcome="emergency"):
            return "emergency stop: the position may be lost"
        case Finished():
            last = f": {faults[-1]}" if faults else ""
            return f"stopped after {end.strokes} of {counted(end.of_strokes, 'stroke')}{last}"
        case _:
            return f"the plot failed: {' '.join(str(end).split()) or type(end).__name__}"

"""Progress and errors of a plot, as the queue keeps them and people read them."""

from typing import Any

from hardware.plotting.events import Finished, PlotProgress
from hardware.wire.link_errors import CableOut, Silent


def progress_row(progress: PlotProgress) -> dict[str, Any]:
    """The progress of a plot as the queue keeps it."""
    share = progress.drawn_mm / progress.total_mm if progress.total_mm else 0.0
    text = f"pen {progress.number} of {progress.passes}, stroke {progress.stroke} of {progress.strokes}"
    return {
        "text": text, "share": round(share, 4), "stroke": progress.stroke, "strokes": progress.strokes,
        "drawn_m": round(progress.drawn_mm / 1000, 3), "left_s": round(progress.left_s), "pen": progress.pen,
        "x_mm": round(progress.x_mm, 2), "y_mm": round(progress.y_mm, 2), "machine": progress.machine_state,
    }  # fmt: skip


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
            return f"stopped after {end.strokes} of {end.of_strokes} strokes{last}"
        case _:
            return f"the plot failed: {' '.join(str(end).split()) or type(end).__name__}"

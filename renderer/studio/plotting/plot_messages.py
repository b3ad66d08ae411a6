"""What a plot tells of itself, as the queue keeps it and people read it."""

from typing import Any

from hardware.plotting.events import Finished, PlotProgress
from hardware.wire.link_errors import CableOut, Silent


def progress_row(progress: PlotProgress) -> dict[str, Any]:
    """What the queue keeps of how far a plot is."""
    share = progress.drawn_mm / progress.total_mm if progress.total_mm else 0.0
    text = f"pen {progress.number} of {progress.passes}, stroke {progress.stroke} of {progress.strokes}"
    return {
        "text": text, "share": round(share, 4), "stroke": progress.stroke, "strokes": progress.strokes,
        "drawn_m": round(progress.drawn_mm / 1000, 3), "left_s": round(progress.left_s), "pen": progress.pen,
        "x_mm": round(progress.x_mm, 2), "y_mm": round(progress.y_mm, 2), "machine": progress.machine_state,
    }  # fmt: skip


def stop_reason(end: Finished | BaseException, faults: list[str]) -> str:
    """Why it stopped, as a person wants to read it."""
    match end:
        case Silent():
            return f"nothing answers at the port within {end.seconds:.0f} s"
        case CableOut():
            return f"the port went away ({end.why})"
        case Finished(outcome="emergency"):
            return "emergency stop: the position may be lost"
        case Finished():
            last = f": {faults[-1]}" if faults else ""
            return f"stopped after {end.strokes} of {end.of_strokes} strokes{last}"
        case _:
            return f"the plot could not go on: {' '.join(str(end).split()) or type(end).__name__}"

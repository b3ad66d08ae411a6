"""Durations and amounts as text for people."""

import math

from hardware.plurals import counted


def duration_text(seconds: float) -> str:
    """Return a duration as `0:41`, `12:05` or `5:12:40`, rounded up to seconds."""
    rounded = max(0, math.ceil(seconds))
    hours, rest = divmod(rounded, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"


def amount_text(strokes: int, drawn_mm: float) -> str:
    """Return `500 strokes, 6.41 m`, without the length if it is below 5 mm, as for dots."""
    of = counted(strokes, "stroke")
    return f"{of}, {drawn_mm / 1000:.2f} m" if drawn_mm >= 5 else of

"""Times and amounts as people read them."""

import math


def duration_text(seconds: float) -> str:
    """`0:41`, `12:05`, `5:12:40`."""
    whole = max(0, math.ceil(seconds))
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"


def amount_text(strokes: int, drawn_mm: float) -> str:
    """`500 strokes, 6.41 m`; dots have no length."""
    counted = f"{strokes} stroke{'' if strokes == 1 else 's'}"
    return f"{counted}, {drawn_mm / 1000:.2f} m" if drawn_mm >= 5 else counted

"""Folds the messages of a controller that come again and again."""

from collections.abc import Callable
from dataclasses import dataclass

FORGOTTEN_S = 60.0  # after this long without it, a message counts as a new one
MENTIONED = {10, 100, 1000, 10000}  # how often it has come when it is shown again


@dataclass
class _Count:
    times: int
    shown: int  # its count when it was last shown
    last_at: float


class RepeatedNotes:
    """Shows a message when it first comes and when it has come 10, 100 ... times; `close` shows the final counts."""

    def __init__(self, show: Callable[[str], None], now: Callable[[], float]) -> None:
        self._show, self._now = show, now
        self._counts: dict[str, _Count] = {}

    def take(self, text: str) -> None:
        now = self._now()
        count = self._counts.get(text)
        if count is None or now - count.last_at > FORGOTTEN_S:
            if count is not None:
                self._conclude(text, count)
            self._counts[text] = _Count(1, 1, now)
            self._show(text)
            return
        count.times, count.last_at = count.times + 1, now
        if count.times in MENTIONED:
            self._conclude(text, count)

    def close(self) -> None:
        for text, count in self._counts.items():
            self._conclude(text, count)
        self._counts.clear()

    def _conclude(self, text: str, count: _Count) -> None:
        if count.times > count.shown:
            count.shown = count.times
            self._show(f"{text} ({count.times} times)")

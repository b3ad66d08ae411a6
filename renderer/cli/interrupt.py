"""How Ctrl-C stops a render."""

import signal
from types import FrameType
from typing import Any

from renderer.cli.printing import say


class Interrupt:
    """Ctrl-C once asks the fit to stop; twice, or with nothing to keep yet, it raises KeyboardInterrupt."""

    def __init__(self) -> None:
        self.asked = False
        self.worth_keeping = False
        self._announced = False
        self._before: Any = None

    def __enter__(self) -> "Interrupt":
        self._before = signal.signal(signal.SIGINT, self._take)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._before)

    def __call__(self) -> bool:
        """Whether to stop. Called between two steps, so that it can print, which a signal handler must not do."""
        if self.asked and not self._announced:
            self._announced = True
            say("stopping and keeping the drawing so far; Ctrl-C again ends at once")
        return self.asked

    def _take(self, _number: int, _frame: FrameType | None) -> None:
        if self.asked or not self.worth_keeping:
            raise KeyboardInterrupt
        self.asked = True

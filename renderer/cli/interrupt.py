"""How Ctrl-C stops a render."""

import signal
from types import FrameType
from typing import Any

from renderer.cli.printing import say


class Interrupt:
    """Ctrl-C once asks the fit to stop; twice, or with nothing to keep yet, it ends all with KeyboardInterrupt."""

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
        """Whether to stop. Asked between two steps, so it can speak; a signal handler must not."""
        if self.asked and not self._announced:
            self._announced = True
            say("stopping, and keeping what there is; Ctrl-C again to end at once")
        return self.asked

    def _take(self, _number: int, _frame: FrameType | None) -> None:
        if self.asked or not self.worth_keeping:
            raise KeyboardInterrupt
        self.asked = True

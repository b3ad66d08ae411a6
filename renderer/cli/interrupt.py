"""How Ctrl-C, and SIGTERM, which a container or a service sends, stop a render."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from renderer.cli.printing import say


class Interrupt:
    """Ctrl-C once asks the fit to stop; twice, or with nothing to keep yet, it raises KeyboardInterrupt.

    SIGTERM does the same. While modules are being imported, the exception waits, as they could turn it into another.
    """

    def __init__(self) -> None:
        self.asked = False
        self.worth_keeping = False
        self._announced = False
        self._importing = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Interrupt":
        self._before = {number: signal.signal(number, self._take) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextmanager
    def importing(self) -> Iterator[None]:
        """Let Ctrl-C wait until the modules that are imported inside are complete."""
        self._importing = True
        try:
            yield
        finally:
            self._importing = False
        if self.asked:
            raise KeyboardInterrupt

    def __call__(self) -> bool:
        """Whether to stop. Called between two steps, so that it can print, which a signal handler must not do."""
        if self.asked and not self._announced:
            self._announced = True
            say("stopping and keeping the drawing so far; Ctrl-C again ends at once")
        return self.asked

    def _take(self, _number: int, _frame: FrameType | None) -> None:
        if not self._importing and (self.asked or not self.worth_keeping):
            raise KeyboardInterrupt
        self.asked = True

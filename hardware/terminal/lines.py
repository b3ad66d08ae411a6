"""A plot without a terminal: plain lines for people, or JSON lines for programs."""

import json
import sys
import time
from typing import TextIO

from hardware.plotting.events import PlotEvent, PlotProgress, Prompt
from hardware.terminal import event_text

EVERY_S = 5.0


class PlainLines:
    """A line for each event, and one every few seconds. A write error ends this observer, not the plot."""

    def __init__(self, to: TextIO | None = None) -> None:
        self._to = to or sys.stderr
        self._written_at = time.monotonic()

    def __call__(self, event: PlotEvent) -> None:
        if isinstance(event, PlotProgress):
            now = time.monotonic()
            if event.state == "drawing" and now - self._written_at >= EVERY_S:
                self._written_at = now
                self._write(event_text.progress(event))
        elif isinstance(event, Prompt):
            for row in event_text.question(event):
                self._write(row)
        elif text := event_text.line(event):
            self._write(text)

    def _write(self, text: str) -> None:
        self._to.write(text + "\n")
        self._to.flush()


class JsonLines:
    """Each event as a line of JSON."""

    def __init__(self, to: TextIO | None = None) -> None:
        self._to = to or sys.stdout

    def __call__(self, event: PlotEvent) -> None:
        self._to.write(json.dumps(event.as_json(), ensure_ascii=False) + "\n")
        self._to.flush()

"""The progress of a render: bars on a terminal, a line every few seconds elsewhere."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn
from rich.progress import Progress as Bar

from renderer.cli.printing import clock, console, say, size
from renderer.progress import Progress

EVERY_S = 5.0  # between two lines
REFRESH_S = 0.1  # between two updates of a bar: a fit makes hundreds of steps a second
LIKENESS_S = 1.0  # between two measurements of the likeness, each of which draws the picture
COUNTED = {"placing", "fitting"}  # stages that report how far they are


@contextmanager
def watching(name: str) -> Iterator["FitBars | FitLines"]:
    """Bars if stderr is a terminal, or else lines."""
    if console().is_terminal and not console().is_dumb_terminal:
        with FitBars(name, console()) as bars:
            yield bars
    else:
        yield FitLines(name)


class FitBars:
    """A bar for each layer that is fitted: steps, likeness, time left."""

    def __init__(self, name: str, console: Console) -> None:
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[count]}", justify="right"),
            TextColumn("{task.fields[aside]}"),
            console=console,
            expand=True,
        )
        self._name = name
        self._task: TaskID | None = None
        self._shown: tuple[Any, ...] = ()
        self._began = self._looked = self._measured = 0.0
        self._likeness = math.nan

    def __enter__(self) -> "FitBars":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def starts(self) -> None:
        """Draw a bar without a count, because the first step can be seconds away."""
        self._begin((), f"{self._name}: starting")

    def report(self, progress: Progress) -> None:
        """Draw the progress of the render."""
        shown = (progress.stage, progress.layer)
        if shown != self._shown:
            self._begin(shown, f"{self._name}: {_stage(progress)}")
        now, last = time.monotonic(), progress.step == progress.steps
        self._began = now if progress.step <= 1 else self._began
        if self._task is None or (now - self._looked < REFRESH_S and not last):
            return
        self._looked = now
        if last or now - self._measured >= LIKENESS_S:
            self._likeness, self._measured = progress.likeness(), now
        known = progress.stage in COUNTED and progress.steps > 0
        self._bar.update(
            self._task,
            total=progress.steps if known else None,
            completed=progress.step,
            count=f"{progress.step}/{progress.steps}" if known else "",
            aside=_aside(progress, self._likeness, now - self._began),
        )

    def fetched(self, what: str, done: int, total: int | None) -> None:
        """Draw how much of a file is fetched."""
        if self._shown != (what,):
            self._begin((what,), f"{self._name}: fetching {what}")
        if self._task is not None:
            amount = f"{size(done)} of {size(total)}" if total else size(done)
            self._bar.update(self._task, total=total, completed=done, count=amount)

    def _begin(self, shown: tuple[Any, ...], text: str) -> None:
        """Begin a new bar. The bar of a fitted layer stays above it; any other bar is removed."""
        if self._task is not None and self._shown[:1] != ("fitting",):
            self._bar.remove_task(self._task)
        self._task = self._bar.add_task(text, total=None, count="", aside="")
        self._shown, self._looked, self._measured = shown, 0.0, 0.0


def _aside(progress: Progress, likeness: float, seconds: float) -> str:
    """The likeness and the time left; `seconds` since the layer's first step, which is not counted: it may compile.

    The loss is left out: its terms change their meaning as edges harden, so it may rise while the drawing improves.
    """
    parts = [f"{likeness:.0%} of the picture's tones"] if math.isfinite(likeness) else []
    if progress.stage in COUNTED and 2 < progress.step < progress.steps:
        parts.append(f"{clock(seconds / (progress.step - 1) * (progress.steps - progress.step))} left")
    return ", ".join(parts)


class FitLines:
    """A line for each stage, and one every few seconds."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._shown: tuple[Any, ...] = ()
        self._said = self._began = 0.0

    def starts(self) -> None:
        """Print a line at once, because the first step can be seconds away."""
        say(f"{self._name}: starting")

    def report(self, progress: Progress) -> None:
        """Print the progress of the render, if the stage is new or some time has passed."""
        now, shown = time.monotonic(), (progress.stage, progress.layer)
        last = progress.stage == "fitting" and progress.step == progress.steps
        self._began = now if progress.step <= 1 else self._began
        if shown != self._shown:
            self._shown = shown
        elif now - self._said < EVERY_S and not last:
            return
        self._said = now
        counted = progress.stage == "fitting" or (progress.stage == "placing" and progress.step > 0)
        count = f" {progress.step}/{progress.steps}" if counted else ""
        aside = _aside(progress, progress.likeness(), now - self._began)
        say(f"{self._name}: {_stage(progress)}{count}{', ' + aside if aside else ''}")

    def fetched(self, what: str, done: int, total: int | None) -> None:
        """Print how much of a file is fetched."""
        now = time.monotonic()
        if self._shown == (what,) and now - self._said < EVERY_S:
            return
        self._shown, self._said = (what,), now
        say(f"{self._name}: fetching {what}, {size(done)}{' of ' + size(total) if total else ''}")


def _stage(progress: Progress) -> str:
    layer = f"{progress.layer_name} ({progress.layer + 1} of {progress.layers})"
    match progress.stage:
        case "target":
            return "reading the target"
        case "placing":
            return f"placing {layer}"
        case "fitting":
            return layer
        case "settling":
            return f"settling {layer}"
        case "drawing":
            return "drawing"

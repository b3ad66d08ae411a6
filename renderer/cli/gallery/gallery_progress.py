"""The progress of a build: a bar for each work on a terminal, a line for each start and end elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from renderer.cli.printing import console, say
from renderer.gallery.build import BuildMessage
from renderer.manifest import duration

EVERY_S = 15.0  # between two lines of one work


@contextmanager
def watching(count: int) -> Iterator["GalleryBars | GalleryLines"]:
    """Bars if stderr is a terminal, or else lines."""
    if console().is_terminal and not console().is_dumb_terminal:
        from rich.progress import BarColumn, Progress, TextColumn

        columns = TextColumn("{task.description}"), BarColumn(bar_width=None), TextColumn("{task.fields[aside]}")
        with Progress(*columns, console=console(), expand=True) as bar:
            yield GalleryBars(bar, count)
    else:
        yield GalleryLines(count)


class GalleryLines:
    """A line when a work starts, one now and then, one when it ends."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._ended = 0
        self._said: dict[str, float] = {}

    def report(self, message: BuildMessage) -> None:
        """Print a message that is worth a line."""
        if message.is_last:
            self._ended += 1
            say(f"[{self._ended}/{self._count}] {message.name}: {_end_text(message.content)}")
        elif time.monotonic() - self._said.get(message.name, float("-inf")) > EVERY_S:
            self._said[message.name] = time.monotonic()
            say(f"{message.name}: {_step_text(message.content)}")


class GalleryBars:
    """A bar for each work that is rendered; a line above them for each that has ended."""

    def __init__(self, bar: Any, count: int) -> None:
        self._bar = bar
        self._count = count
        self._ended = 0
        self._tasks: dict[str, Any] = {}

    def report(self, message: BuildMessage) -> None:
        """Draw the progress of a work."""
        if message.is_last:
            self._ended += 1
            self._bar.console.print(
                f"[{self._ended}/{self._count}] {message.name}: {_end_text(message.content)}", markup=False
            )
            if message.name in self._tasks:
                self._bar.remove_task(self._tasks.pop(message.name))
            return
        if message.name not in self._tasks:
            self._tasks[message.name] = self._bar.add_task(message.name, total=1.0, aside="")
        content = message.content
        share = (content["layer"] + content["step"] / max(1, content["steps"])) / max(1, content["layers"])
        self._bar.update(self._tasks[message.name], completed=min(1.0, share), aside=_step_text(content))


def _step_text(content: dict[str, Any]) -> str:
    count = f" {content['step']}/{content['steps']}" if content["steps"] else ""
    return f"{content['stage']} {content['layer_name']}{count}"


def _end_text(content: dict[str, Any]) -> str:
    if "failed" in content:
        return f"failed: {content['failed']}"
    done = content["done"]
    metrics, cost = done["metrics"], done["cost"]
    afar = "" if metrics["psnr_blurred"] is None else f"{metrics['psnr_blurred']:.1f} dB from afar, "
    return f"done in {duration(cost['seconds'])}; {afar}{done['bytes'] / 1000:.0f} kB"

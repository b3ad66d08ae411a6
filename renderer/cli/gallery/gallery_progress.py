"""How the building of a gallery is watched: a bar a work on a terminal, a line for each start and end elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from renderer.cli.show import console, say
from renderer.gallery.build import Word
from renderer.manifest import duration

EVERY_S = 15.0  # between two lines of one work


@contextmanager
def watching(count: int) -> Iterator["Bars | Lines"]:
    """The right watch for where stderr goes."""
    if console().is_terminal and not console().is_dumb_terminal:
        from rich.progress import BarColumn, Progress, TextColumn

        columns = TextColumn("{task.description}"), BarColumn(bar_width=None), TextColumn("{task.fields[aside]}")
        with Progress(*columns, console=console(), expand=True) as bar:
            yield Bars(bar, count)
    else:
        yield Lines(count)


class Lines:
    """A line when a work begins, one every so often, one when it ends."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._ended = 0
        self._said: dict[str, float] = {}

    def hears(self, word: Word) -> None:
        """Says what is worth a line."""
        if word.is_last:
            self._ended += 1
            say(f"[{self._ended}/{self._count}] {word.name}: {_end(word.told)}")
        elif time.monotonic() - self._said.get(word.name, float("-inf")) > EVERY_S:
            self._said[word.name] = time.monotonic()
            say(f"{word.name}: {_stand(word.told)}")


class Bars:
    """A bar for each work that is rendered; a line above them for each that has ended."""

    def __init__(self, bar: Any, count: int) -> None:
        self._bar = bar
        self._count = count
        self._ended = 0
        self._tasks: dict[str, Any] = {}

    def hears(self, word: Word) -> None:
        """Draws how a work stands."""
        if word.is_last:
            self._ended += 1
            self._bar.console.print(f"[{self._ended}/{self._count}] {word.name}: {_end(word.told)}", markup=False)
            if word.name in self._tasks:
                self._bar.remove_task(self._tasks.pop(word.name))
            return
        if word.name not in self._tasks:
            self._tasks[word.name] = self._bar.add_task(word.name, total=1.0, aside="")
        told = word.told
        share = (told["layer"] + told["step"] / max(1, told["steps"])) / max(1, told["layers"])
        self._bar.update(self._tasks[word.name], completed=min(1.0, share), aside=_stand(told))


def _stand(told: dict[str, Any]) -> str:
    count = f" {told['step']}/{told['steps']}" if told["steps"] else ""
    return f"{told['stage']} {told['layer_name']}{count}"


def _end(told: dict[str, Any]) -> str:
    if "failed" in told:
        return f"failed: {told['failed']}"
    done = told["done"]
    metrics, cost = done["metrics"], done["cost"]
    afar = "" if metrics["psnr_blurred"] is None else f"{metrics['psnr_blurred']:.1f} dB from afar, "
    return f"done in {duration(cost['seconds'])}; {afar}{done['bytes'] / 1000:.0f} kB"

"""A plot on a terminal: its progress, its passes and the keys, refreshed a few times per second."""

import time
from collections import deque
from contextlib import suppress
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from hardware.job.formatting import duration_text
from hardware.job.gcode_job import GcodeJob
from hardware.plotting.events import (
    Answered,
    Connected,
    Finished,
    Note,
    PassBegun,
    PlotEvent,
    PlotFault,
    PlotProgress,
    Prompt,
)
from hardware.plurals import counted
from hardware.terminal import event_text

REFRESH_S = 0.1
MOST_PASSES = 8
MOST_NOTES = 4
IN_A_QUESTION = 3, 2  # passes and notes shown beside a question, so that all its answers fit
FAULT = "bold red"
_STATES = {
    "connecting": "connecting", "drawing": "drawing", "waiting": "waiting for you",
    "pausing": "pausing at the next pen-up", "stopped": "stopped", "recovering": "recovering", "done": "done",
}  # fmt: skip
_COLOURS = {"drawing": "green", "waiting": "yellow", "pausing": "yellow", "stopped": "red", "done": "green"}


class Screen:
    """An observer that draws the plot's progress on a terminal."""

    def __init__(self, job: GcodeJob, console: Console) -> None:
        self._job = job
        self._console = console
        self._live = Live(console=console, auto_refresh=False, transient=False)
        self._progress: PlotProgress | None = None
        self._prompt: Prompt | None = None
        self._notes: deque[Text] = deque(maxlen=MOST_NOTES)
        self._who = ""
        self._drawn_at = 0.0
        self._ended: Finished | None = None

    def __enter__(self) -> "Screen":
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # the terminal is gone
            self._live.update(self._view(), refresh=True)
            self._live.stop()

    def __call__(self, event: PlotEvent) -> None:
        at_once = True
        match event:
            case PlotProgress():
                self._progress, at_once = event, event.state == "done"
            case Prompt():
                self._prompt = event
                if event.kind in {"fault", "origin"} and self._notes and self._notes[-1].style == FAULT:
                    self._notes.pop()  # the question repeats it
            case Answered():
                self._prompt = None
            case Connected():
                self._who = f"{event.firmware}, {event.port}"
                if event.reset:
                    self._note("the controller restarted when the port was opened", "yellow")
            case Note():
                self._note(event.text, {"info": "", "warning": "yellow", "error": "bold red"}[event.level])
            case PlotFault():
                self._note(event_text.line(event) or "", FAULT)
            case Finished():
                self._ended = event
            case PassBegun():
                self._note(f"pen {event.number} is in: {event.pen}", "")
        now = time.monotonic()
        if at_once or now - self._drawn_at >= REFRESH_S:
            self._drawn_at = now
            self._live.update(self._view(), refresh=True)

    def _note(self, text: str, style: str) -> None:
        self._notes.append(Text(text, style=style))

    def _view(self) -> RenderableType:
        rows: list[RenderableType] = [self._head(), Text()]
        if self._progress:
            rows += [self._bar(self._progress), self._figures(self._progress), Text()]
        passes, notes = IN_A_QUESTION if self._prompt else (MOST_PASSES, MOST_NOTES)
        notes_shown = list(self._notes)[-notes:]
        rows += [self._passes(passes), *([Text(), *notes_shown] if notes_shown else []), Text()]
        if self._ended:
            rows.append(Text(event_text.line(self._ended) or "", style="bold"))
        elif self._prompt:
            rows.append(self._question(self._prompt))
        else:
            rows.append(_keys(("p", "pause"), ("P", "pause at once"), ("q", "stop"), ("e", "EMERGENCY STOP")))
        return Group(*rows)

    def _head(self) -> Text:
        return Text.assemble((self._job.title, "bold"), f" on {self._job.machine}", (f"  {self._who}", "dim"))

    def _bar(self, progress: PlotProgress) -> RenderableType:
        total = max(self._job.seconds, 1e-9)
        done = 1.0 if progress.state == "done" else _share(self._job, progress.line) / total
        table = Table.grid(expand=True, padding=(0, 1))
        table.add_column(ratio=1)
        table.add_column(justify="right", width=5)
        table.add_row(ProgressBar(total=1.0, completed=done), f"{done:.0%}")
        return table

    def _figures(self, progress: PlotProgress) -> RenderableType:
        table = Table.grid(expand=True, padding=(0, 2))
        for _ in range(3):
            table.add_column(no_wrap=True)
        table.add_column(justify="right", no_wrap=True)
        table.add_row(
            f"stroke {progress.stroke} of {progress.strokes}",
            event_text.metres(progress),
            f"{duration_text(progress.elapsed_s)} drawn, {duration_text(progress.left_s)} left",
            f"{progress.machine_state} x {progress.x_mm:.1f} y {progress.y_mm:.1f}",
        )
        state = Text(_STATES[progress.state], style=_COLOURS.get(progress.state, ""))
        return Group(table, state)

    def _passes(self, most: int) -> RenderableType:
        table = Table.grid(padding=(0, 2))
        for justify in ("left", "left", "right", "right", "right"):
            table.add_column(justify=justify, no_wrap=True)
        now = self._progress.number if self._progress else 0
        done = self._progress is not None and self._progress.state == "done"
        first = max(0, min(now - 1 - most // 2, len(self._job.parts) - most))
        shown: list[tuple[int, Any]] = list(enumerate(self._job.parts, 1))[first : first + most]
        for number, part in shown:
            mark = "✓" if number < now or done else "▸" if number == now else " "
            spot = Text("● ", style=part.colour) if self._console.color_system else Text("")
            style = "bold" if number == now and not done else "dim" if number < now or done else ""
            metres = f"{part.drawn_mm / 1000:.2f} m" if part.drawn_mm >= 5 else "dots"
            table.add_row(
                Text(f" {mark} {number}", style=style), spot + Text(part.name, style=style),
                counted(part.strokes, "stroke"), metres, duration_text(part.seconds),
            )  # fmt: skip
        if len(self._job.parts) > len(shown):
            table.add_row("", Text(f"{counted(len(self._job.parts), 'pen')} in all", style="dim"))
        return table

    def _question(self, prompt: Prompt) -> RenderableType:
        pen = "The pen is up." if prompt.pen_up else "The pen may be down: lift it by hand."
        rows: list[RenderableType] = [Text(f"{event_text.sentence(prompt.text)} {pen}"), Text()]
        table = Table.grid(padding=(0, 2))
        for choice in prompt.choices:
            key = "arrows + -" if choice.key == "nudge" else event_text.KEYS[choice.key]
            key = f"Enter or {key}" if choice.key == prompt.default else key
            label = "move the pen by 0.1; + and - for its height" if choice.key == "nudge" else choice.label
            table.add_row(Text(key, style="bold"), label)
        table.add_row(Text("e", style="bold red"), "EMERGENCY STOP")
        rows.append(table)
        colour = prompt.pen.colour if prompt.pen and self._console.color_system else "yellow"
        return Panel(Group(*rows), title=Text(prompt.title, style="bold"), title_align="left", border_style=colour)


def _share(job: GcodeJob, line: int) -> float:
    return sum(each.seconds for each in job.lines[:line])


def _keys(*pairs: tuple[str, str]) -> Text:
    parts = [part for key, what in pairs for part in ((key, "bold"), f" {what}   ")]
    return Text.assemble(*parts)

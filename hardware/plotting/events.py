"""The events that a plot reports: frozen records, each of which can be written as JSON."""

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

State = Literal["connecting", "drawing", "waiting", "pausing", "stopped", "recovering", "done"]


@dataclass(frozen=True)
class PlotEvent:
    """An event that a plot reports."""

    def as_json(self) -> dict[str, Any]:
        """`{"event": "PassBegun", ...}`, plain values only. A PlotFault is `"Fault"`, a PlotProgress `"Progress"`."""
        return {"event": type(self).__name__.removeprefix("Plot")} | dataclasses.asdict(self)


@dataclass(frozen=True)
class Connected(PlotEvent):
    """A controller has answered. `reset`: it restarted when the port was opened, and lost its position."""

    port: str
    firmware: str
    buffer_bytes: int
    reset: bool


@dataclass(frozen=True)
class Note(PlotEvent):
    """A message to people."""

    text: str
    level: Literal["info", "warning", "error"] = "info"


@dataclass(frozen=True)
class PassBegun(PlotEvent):
    """The pen of this pass is inserted and travels to its first stroke."""

    number: int  # of the pass among those of this plot, from 1
    passes: int
    pen: str
    colour: str
    strokes: int
    drawn_mm: float
    seconds: float


@dataclass(frozen=True)
class PlotProgress(PlotEvent):
    """How far the plot is, a few times per second; the machine's position is in work coordinates."""

    state: State
    number: int  # of the pass, from 1; 0 before the first
    passes: int
    pen: str
    stroke: int  # strokes finished
    strokes: int
    line: int  # lines acknowledged
    lines: int
    drawn_mm: float
    total_mm: float
    elapsed_s: float  # without the time spent waiting for people
    left_s: float
    machine_state: str
    x_mm: float
    y_mm: float


@dataclass(frozen=True)
class PromptChoice:
    """One answer to a prompt."""

    key: str
    label: str


@dataclass(frozen=True)
class WantedPen:
    """The pen that a prompt asks for, and what it will draw."""

    number: int
    name: str
    colour: str
    drawn_mm: float
    seconds: float
    strokes: int


@dataclass(frozen=True)
class Prompt(PlotEvent):
    """A question. The plot waits, with the pen up if possible, until `Control.answer` gives one of the choices.

    Kinds: `pen` (insert it), `pause` (a person or the G-code asked for it), `fault` (a fault occurred), `origin` (where
    is the machine?), `resume` (how to continue an earlier plot), `setting` (may a setting be changed?), `state` (the
    controller is not ready). An empty `default` means that only a choice answers.
    """

    id: int
    kind: Literal["pen", "pause", "fault", "origin", "resume", "setting", "state"]
    title: str
    text: str
    choices: tuple[PromptChoice, ...]
    default: str
    pen: WantedPen | None = None
    pen_up: bool = True  # as far as is known

    def as_json(self) -> dict[str, Any]:
        return super().as_json() | {"choices": [dataclasses.asdict(choice) for choice in self.choices]}


@dataclass(frozen=True)
class Answered(PlotEvent):
    """A prompt is closed."""

    id: int
    choice: str


@dataclass(frozen=True)
class PlotFault(PlotEvent):
    """A fault occurred, and the stream has stopped."""

    what: str  # `error:33`, `ALARM:1`, `port`, `reset`, `garbled`, `silent`
    line: int  # number in the file, from 1; 0 if the fault concerns no line
    text: str  # of that line
    meaning: str
    remedy: str


@dataclass(frozen=True)
class Finished(PlotEvent):
    """The plot has ended. `outcome`: `done`, `aborted` or `emergency`."""

    outcome: Literal["done", "aborted", "emergency"]
    strokes: int
    of_strokes: int
    elapsed_s: float
    text: str

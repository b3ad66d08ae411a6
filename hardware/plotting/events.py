"""What a plot reports: frozen records, each of which can be written as JSON."""

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

State = Literal["connecting", "drawing", "waiting", "pausing", "stopped", "recovering", "done"]


@dataclass(frozen=True)
class PlotEvent:
    """Anything that a plot reports."""

    def as_json(self) -> dict[str, Any]:
        """`{"event": "PassBegun", ...}`, plain values only. A PlotFault is `"Fault"`, a PlotProgress `"Progress"`."""
        return {"event": type(self).__name__.removeprefix("Plot")} | dataclasses.asdict(self)


@dataclass(frozen=True)
class Connected(PlotEvent):
    """A controller answers. `reset`: it restarted as the port was opened, so what it knew of its place is gone."""

    port: str
    firmware: str
    buffer_bytes: int
    reset: bool


@dataclass(frozen=True)
class Note(PlotEvent):
    """Something that people should know."""

    text: str
    level: Literal["info", "warning", "error"] = "info"


@dataclass(frozen=True)
class PassBegun(PlotEvent):
    """The pen of this pass is in, and goes to its first stroke."""

    number: int  # of the pass among those of this plot, from 1
    passes: int
    pen: str
    colour: str
    strokes: int
    drawn_mm: float
    seconds: float


@dataclass(frozen=True)
class PlotProgress(PlotEvent):
    """How far it is, a few times a second; the machine's place in work coordinates."""

    state: State
    number: int  # of the pass, from 1; 0 before the first
    passes: int
    pen: str
    stroke: int  # finished
    strokes: int
    line: int  # acknowledged
    lines: int
    drawn_mm: float
    total_mm: float
    elapsed_s: float  # without the time in which people were waited for
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
    """A question: the plot waits, pen up wherever it can be reached, until `Control.answer` gives one of the choices.

    Kinds: `pen` (put it in), `pause` (a person or the G-code asked for it), `fault` (something went wrong), `origin`
    (where is the machine?), `resume` (how to go on with an earlier plot).
    """

    id: int
    kind: Literal["pen", "pause", "fault", "origin", "resume"]
    title: str
    text: str
    choices: tuple[PromptChoice, ...]
    default: str
    pen: WantedPen | None = None
    pen_up: bool = True  # as far as can be known

    def as_json(self) -> dict[str, Any]:
        return super().as_json() | {"choices": [dataclasses.asdict(choice) for choice in self.choices]}


@dataclass(frozen=True)
class Answered(PlotEvent):
    """A prompt is closed."""

    id: int
    choice: str


@dataclass(frozen=True)
class PlotFault(PlotEvent):
    """Something went wrong, and the stream has stopped."""

    what: str  # `error:33`, `ALARM:1`, `port`, `reset`, `garbled`, `silent`
    line: int  # of the file, from 1; 0 where none is concerned
    text: str  # that line
    meaning: str
    remedy: str


@dataclass(frozen=True)
class Finished(PlotEvent):
    """The plot is over. `outcome`: `done`, `aborted` or `emergency`."""

    outcome: Literal["done", "aborted", "emergency"]
    strokes: int
    of_strokes: int
    elapsed_s: float
    text: str

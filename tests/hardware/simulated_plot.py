"""A plot against the simulated controller, with scripted answers; and what is to hold after whatever happened."""

import contextlib
import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from samples import BLACK, RED, SERVO

from hardware.drawing import Drawing, PenPass
from hardware.job.gcode_job import GcodeJob
from hardware.job.prepare import from_drawing
from hardware.machine import Machine
from hardware.plotting.control import Control
from hardware.plotting.events import Finished, Note, PlotEvent, PlotFault, Prompt
from hardware.plotting.journal import read
from hardware.plotting.pen_guard import rescue
from hardware.plotting.plot import Plot
from hardware.plotting.resume import Resume
from hardware.plotting.session import PlotOptions
from hardware.simulator import Bench, InjectedFault, SimPort
from hardware.simulator.firmware import GRBL, Firmware
from hardware.simulator.settings import for_machine
from hardware.simulator.trace import Dwell, Move, Spindle, is_down, strokes

Point = tuple[float, float]
MOST_S = 3600.0  # of virtual time, after which a plot counts as stuck
NEAR_MM = 0.06  # a step of 0.01 mm, and the tolerance of the lines
Answer = str | Callable[["SimulatedPlot", Prompt], str | None]


def wave(x_mm: float, y_mm: float, points: int = 24) -> np.ndarray:
    along = np.linspace(0, 30, points)
    return np.column_stack([x_mm + along, y_mm + 3 * np.sin(along / 2.5)])


def small_card() -> Drawing:
    """Two pens, each with two waves and a dot between them."""
    kept = [PenPass(part.layer, part.pen, part.lines[:3]) for part in card().passes]
    return Drawing(100, 80, "#ffffff", tuple(kept), "card")


def card() -> Drawing:
    """Two pens, each with three waves and three dots."""

    def lines(left_mm: float) -> tuple[np.ndarray, ...]:
        dots = [np.array([[left_mm + 8 * n, 60.0]]) for n in range(3)]
        waves = [wave(left_mm, 15 + 12 * n) for n in range(3)]
        return (waves[0], dots[0], waves[1], dots[1], dots[2], waves[2])

    passes = (PenPass("first", BLACK, lines(10.0)), PenPass("second", RED, lines(50.0)))
    return Drawing(100, 80, "#ffffff", passes, "card")


class Killed(BaseException):
    """The plotting program is gone, as by SIGKILL: nothing is tidied up."""


class Watched:
    """A port that notes what goes over it, in order with the events."""

    def __init__(
        self,
        port: SimPort,
        log: list[tuple[str, object]],
        kill_after: int | None,
        kills: Callable[[], bool],
        line_end: bytes = b"\n",
        patience_s: float = MOST_S,
    ) -> None:
        self._patience_s = patience_s
        self._port, self._log, self._left, self._kills, self._line_end = port, log, kill_after, kills, line_end

    def write(self, content: bytes) -> None:
        if self._kills():
            raise Killed
        if self._left is not None and content.endswith(self._line_end):
            self._left -= 1
            if self._left < 0:
                raise Killed
        self._log.append(("write", content))
        self._port.write(content)

    def read(self, timeout_s: float) -> bytes:
        if self._port.now() > self._patience_s:
            raise Killed("it waits for ever")
        content = self._port.read(timeout_s)
        if content:
            self._log.append(("read", content))
        return content

    def __getattr__(self, name: str) -> object:
        return getattr(self._port, name)


class GuardedPort:
    """The simulator's port as a guard uses it."""

    def __init__(self, port: SimPort) -> None:
        self._port = port

    def write(self, content: bytes) -> None:
        self._port.write(content)

    def listen(self, seconds: float) -> str:
        heard, until = b"", self._port.now() + seconds
        while self._port.now() < until - 1e-9:
            heard += self._port.read(until - self._port.now())
        return heard.decode("latin-1")


@dataclass
class SimulatedPlot:
    """A bench, a job, and all that happened."""

    machine: Machine = SERVO
    drawing: Drawing = field(default_factory=card)
    faults: tuple[InjectedFault, ...] = ()
    answers: dict[str, list[Answer]] = field(default_factory=dict)  # to prompts by kind; the default where none is left
    settings: dict[int, float] = field(default_factory=dict)
    firmware: Firmware = GRBL
    options: PlotOptions = field(default_factory=PlotOptions)
    latency_s: float = 0.001
    patience_s: float = MOST_S
    kill_after: int | None = None  # so many lines written
    kill_when: Callable[["SimulatedPlot"], bool] = lambda _: False
    killed_at: float = 0.0
    bench: Bench = field(init=False)
    job: GcodeJob = field(init=False)
    events: list[PlotEvent] = field(default_factory=list)
    prompts: list[Prompt] = field(default_factory=list)
    pen_down_at_prompts: list[Prompt] = field(default_factory=list)
    log: list[tuple[str, object]] = field(default_factory=list)
    reported_at: list[float] = field(default_factory=list)  # when a message, a fault or a question was reported, s
    unplugged: list[tuple[float, float]] = field(default_factory=list)  # from a report until it is plugged in again, s
    seen_at: list[list[float]] = field(default_factory=list)  # when any event was, s; a list for each run
    watchers: list[Callable[[Control, PlotEvent], None]] = field(default_factory=list)  # called with the control
    observers: list[Callable[[PlotEvent], None]] = field(default_factory=list)  # called like any observer
    plot: Plot | None = None
    control: Control = field(default_factory=Control)

    def __post_init__(self) -> None:
        values = for_machine(self.machine, self.firmware) | self.settings
        self.bench = Bench(values, latency_s=self.latency_s, faults=self.faults, firmware=self.firmware)
        self.job = from_drawing(self.drawing, self.machine, "card")

    def open(self) -> Watched:
        return Watched(self.bench.open(), self.log, self.kill_after, lambda: self.kill_when(self))

    def run(self, journal: Path | None = None, *, resumes: bool = False) -> Finished:
        control = self.control = Control(*self.observers)
        self.seen_at.append([])
        control.watch(lambda event: self._see(control, event))
        known = Resume(read(journal)) if resumes and journal else None
        self.plot = Plot(self.job, self.open, control, journal, self.options)  # type: ignore[arg-type]
        link_send = self.plot.session.link.send
        self.plot.session.link.send = self._noted(link_send)  # type: ignore[method-assign]
        return self.plot.run(resumed=known)

    def _noted(self, send: Callable[..., None]) -> Callable[..., None]:
        def noted(text: str, tag: int | None = None) -> None:
            self.log.append(("line", tag) if tag is not None else ("own", text))
            send(text, tag)

        return noted

    def _see(self, control: Control, event: PlotEvent) -> None:
        self.events.append(event)
        self.log.append(("event", event))
        self.seen_at[-1].append(self.bench.now())
        if isinstance(event, PlotFault) and event.what == "port":
            self.unplugged.append((self.bench.now(), self.bench.plugged_at))
        if isinstance(event, Note | PlotFault | Prompt | Finished):
            self.reported_at.append(self.bench.now())
        for watcher in self.watchers:
            watcher(control, event)
        if isinstance(event, Prompt):
            self.prompts.append(event)
            if self.pen_is_down() and event.pen_up:
                self.pen_down_at_prompts.append(event)
            left = self.answers.get(event.kind)
            answer = left.pop(0) if left else event.default or event.choices[0].key
            if callable(answer):
                answer = answer(self, event) or event.default
            if answer == "here":  # a person moves the pen there by hand, its tip on the paper
                self.pushed_home()
            if answer == "none yet":
                return
            if answer not in {choice.key for choice in event.choices}:
                raise Killed(f"{answer!r} does not answer {event}")
            control.answer(event.id, answer)

    def pushed_home(self) -> None:
        """Move the machine to 0, 0 by hand."""
        self.bench.controller.machine.push(0.0, 0.0, 0.0)

    def killed(
        self,
        journal: Path,
        after: int | None = None,
        *,
        is_guarded: bool = False,
        guard_after_s: float = 0.0,
        resumes: bool = False,
    ) -> None:
        """The plotting program dies once it has written so many lines; the machine carries out what it has.

        With a guard, that stops the machine and lifts the pen, as soon as it notices.
        """
        self.kill_after = after
        with contextlib.suppress(Killed):
            self.run(journal, resumes=resumes)
        self.kill_after, self.kill_when = None, lambda _: False
        if self.plot and self.plot.session.journal:
            self.plot.session.journal.close()  # which takes nothing back: it is written without a buffer
        self.killed_at = self.bench.now()
        if is_guarded and self.bench.port is not None:
            self.bench.wait(guard_after_s)
            rescue(GuardedPort(self.bench.port), str(journal), list(self.job.setup.lift))
        self.bench.port = None
        self.bench.wait(60.0)

    def resumed(self, journal: Path, after: int | None = None) -> Finished:
        """Kill the plot after so many lines, and resume it. Of the questions and events, those since then are kept."""
        self.killed(journal, after)
        self.prompts.clear()
        self.events.clear()
        return self.run(journal, resumes=True)

    def at_stroke(self, number: int, press: Callable[[Control], None]) -> None:
        """Let a person press something once, as this stroke is drawn."""
        left = [press]

        def watch(control: Control, event: PlotEvent) -> None:
            if left and len(self.drawn()) == number and self.pen_is_down() and self.draws_a_line():
                left.pop()(control)

        self.watchers.append(watch)

    # --- what is to hold ---

    def pen_is_down(self) -> bool:
        state = self.bench.controller.machine
        return is_down(self.machine, state.bed(self.bench.now())[2], state.pen_value)

    def draws_a_line(self) -> bool:
        planner = self.bench.controller.machine.planner
        return bool(planner.profile) and abs(planner.blocks[0].unit[2]) < 0.5

    def drawn(self) -> list[list[Point]]:
        return strokes(self.bench.controller.machine.trace, self.machine)

    def wanted(self) -> list[list[Point]]:
        """The lines of the job, on the bed."""
        found: dict[int, list[Point]] = {}
        before: Point = (0.0, 0.0)
        for line in self.job.lines:
            here = (line.x_mm, line.y_mm)
            if line.is_lowering:
                found.setdefault(line.stroke, [before])
            if line.is_draw:
                found.setdefault(line.stroke, [before]).append(here)
            if line.is_draw or line.is_travel:
                before = here
        return [found[stroke] for stroke in sorted(found)]

    def times_drawn(self) -> list[float]:
        """How often each wanted stroke was drawn: its drawn length, as a share of its own; of a dot, touches."""
        drawn = self.drawn()
        return [_times(stroke, drawn) for stroke in self.wanted()]

    def strays(self) -> list[Point]:
        """Places where ink is that should be none."""
        wanted = [sample for stroke in self.wanted() for sample in samples(stroke)]
        where = np.array(wanted)
        return [
            point
            for stroke in self.drawn()
            for point in samples(stroke)
            if np.hypot(*(where - point).T).min() > NEAR_MM + 0.1
        ]

    def longest_silence_s(self) -> float:
        """The longest time of a run without any event."""
        gaps = (after - before for run in self.seen_at for before, after in itertools.pairwise(run))
        return max(gaps, default=0.0)

    def silent_standstills(self, most_s: float = 1.0) -> list[tuple[float, float]]:
        """When the pen stood still on the paper, from and to in s, and nothing was reported within this time.

        Without a cable nothing can be known: there it is enough that people were asked to plug it in.
        """
        return [
            (begun, ended)
            for begun, ended in self._standstills()
            if ended - begun > most_s
            and not any(begun - 0.1 <= at <= begun + most_s for at in self.reported_at)
            and not any(at <= begun <= back for at, back in self.unplugged)
        ]

    def _standstills(self) -> Iterator[tuple[float, float]]:
        """Times without motion while the pen touches the paper."""
        begun: float | None = None
        for event in self.bench.controller.machine.trace:
            at = event.at if isinstance(event, Spindle) else event.begun
            if begun is not None and not isinstance(event, Dwell):
                yield begun, at
            begun = begun if isinstance(event, Dwell) else None
            ended = event.at if isinstance(event, Spindle) else event.ended
            z, value = (event.end[2], event.spindle) if isinstance(event, Move) else (event.place[2], pen_value(event))
            if not isinstance(event, Dwell) and is_down(self.machine, z, value):
                begun = ended
        if begun is not None:
            yield begun, self.bench.now()

    def notes(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Note)]

    def reported_faults(self) -> list[str]:
        return [event.what for event in self.events if isinstance(event, PlotFault)]

    def lines_between_fault_and_answer(self) -> list[object]:
        """Lines of the job that were sent after a fault was reported and before a person had answered."""
        sent, stopped = [], False
        for what, content in self.log:
            if what == "event" and isinstance(content, PlotFault):
                stopped = True
            elif what == "event" and type(content).__name__ == "Answered":
                stopped = False
            elif what == "line" and stopped:
                sent.append(content)
        return sent


def pen_value(event: Spindle | Dwell) -> float:
    return event.value if isinstance(event, Spindle) else event.spindle


def samples(stroke: list[Point], every_mm: float = 0.2) -> list[Point]:
    made = [stroke[0]]
    for a, b in itertools.pairwise(stroke):
        count = max(int(math.dist(a, b) / every_mm), 1)
        made += [(a[0] + (b[0] - a[0]) * n / count, a[1] + (b[1] - a[1]) * n / count) for n in range(1, count + 1)]
    return made


def _times(stroke: list[Point], drawn: list[list[Point]]) -> float:
    if len(stroke) == 1:
        return sum(len(each) == 1 and math.dist(each[0], stroke[0]) < NEAR_MM for each in drawn)
    whole = sum(math.dist(a, b) for a, b in itertools.pairwise(stroke))
    place = np.array(samples(stroke, 0.05))
    covered = 0.0
    for each in drawn:
        for a, b in itertools.pairwise(each):
            middle = ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2)
            if np.hypot(*(place - middle).T).min() < NEAR_MM:
                covered += math.dist(a, b)
    return covered / whole


def all_drawn_once(session: SimulatedPlot) -> bool:
    """Whether every stroke was drawn once, and nothing else."""
    return all(abs(times - 1) < 0.02 for times in session.times_drawn()) and not session.strays()


__all__ = ["Dwell", "Move", "SimulatedPlot", "Spindle", "all_drawn_once", "card"]

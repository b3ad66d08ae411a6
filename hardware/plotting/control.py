"""How a plot is watched and steered: the one interface for a terminal, a web page, another process and the tests.

A plot runs in one thread and is steered from any other, through a `Control`:

    control = Control()
    control.watch(print)                       # called with each event, in the plot's thread
    threading.Thread(target=plot, args=(..., control)).start()
    control.pause()                            # at the next pen-up; pause(now=True) at once
    control.resume()
    control.unpause()                          # the same, but leaves other questions than that of a pause open
    control.answer(prompt.id, "done")          # to a Prompt event, with one of its choices
    control.answer(prompt.id, "nudge", x=0.5)  # some choices take numbers and leave the prompt open
    control.abort()                            # stops, keeps the position, lifts the pen, parks
    control.emergency()                        # stops this instant; works while all else is stuck

Rules that callers may rely on:

- Every event is a frozen dataclass of `hardware.plotting.events`; `as_json()` gives plain values.
- Commands never block and never fail. What makes no sense at the moment (an answer to a prompt that is closed) is
  left out. They take effect within a twentieth of a second, `emergency` before it returns.
- An observer that raises is dropped, and the others get a Note; the plot goes on. So it does if all of them are gone:
  a prompt then waits until somebody watches again. `control.prompt` is the open prompt, `control.last` the last
  Progress, for those who come late.
- An observer may call any command, also from inside the call that brings it the event.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Literal

from hardware.plotting.events import Note, PlotEvent, PlotProgress, Prompt

Observer = Callable[[PlotEvent], object]


@dataclass(frozen=True)
class Command:
    """What somebody wants."""

    name: Literal["pause", "pause now", "resume", "unpause", "abort", "emergency", "answer"]
    prompt: int = 0
    choice: str = ""
    values: dict[str, float] = field(default_factory=dict)


class Control:
    """Events out, commands in. See the module's text for its rules."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = list(observers)
        self._commands: SimpleQueue[Command] = SimpleQueue()
        self._stop: Callable[[], None] | None = None
        self.prompt: Prompt | None = None
        self.last: PlotProgress | None = None
        self.in_emergency = False

    # --- for those who watch and steer ---

    def watch(self, observer: Observer) -> None:
        """Calls it with each event from now on."""
        self._observers.append(observer)

    def unwatch(self, observer: Observer) -> None:
        if observer in self._observers:
            self._observers.remove(observer)

    def pause(self, *, now: bool = False) -> None:
        """Stops at the next pen-up, parks and asks; `now` stops in the middle of a line, and lifts the pen there."""
        self._commands.put(Command("pause now" if now else "pause"))

    def resume(self) -> None:
        """Goes on after a pause: the default answer to its prompt."""
        self._commands.put(Command("resume"))

    def unpause(self) -> None:
        """Takes a pause back that has not come yet, or goes on after it; a question for a pen, say, stays open."""
        self._commands.put(Command("unpause"))

    def abort(self) -> None:
        """Ends the plot so that it can be resumed: position kept, pen up, parked."""
        self._commands.put(Command("abort"))

    def emergency(self) -> None:
        """Stops the machine this instant, from whatever thread this is called in."""
        self.in_emergency = True
        if self._stop:
            self._stop()
        self._commands.put(Command("emergency"))

    def answer(self, prompt: int, choice: str, **values: float) -> None:
        """Answers an open prompt."""
        self._commands.put(Command("answer", prompt, choice, values))

    # --- for the plot ---

    def emit(self, event: PlotEvent) -> None:
        """Calls each observer with it."""
        if isinstance(event, PlotProgress):
            self.last = event
        for observer in tuple(self._observers):
            try:
                observer(event)
            except Exception as error:
                self.unwatch(observer)
                self.emit(Note(f"an observer failed and is told no more: {type(error).__name__}: {error}", "warning"))

    def on_emergency(self, stop: Callable[[], None] | None) -> None:
        """What stops the machine at once; it is called in other threads."""
        self._stop = stop

    def take(self, wait_s: float = 0.0) -> Command | None:
        """The next command, if there is one, or comes within this time."""
        try:
            return self._commands.get(timeout=wait_s) if wait_s else self._commands.get_nowait()
        except Empty:
            return None

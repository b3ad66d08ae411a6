"""How to observe and control a plot: the same interface for a terminal, a web page, another process and the tests.

A plot runs in one thread and is controlled from any other, through a `Control`:

    control = Control()
    control.watch(print)                       # called with each event, in the thread of the plot
    threading.Thread(target=plot, args=(..., control)).start()
    control.pause()                            # at the next pen-up; pause(now=True) at once
    control.resume()
    control.unpause()                          # the same, but answers no question except that of a pause
    control.answer(prompt.id, "done")          # answers a Prompt event with one of its choices
    control.answer(prompt.id, "nudge", x=0.5)  # some choices take numbers and leave the prompt open
    control.abort()                            # stops, keeps the position, lifts the pen, parks
    control.emergency()                        # stops this instant, even while everything else is stuck

Rules that callers may rely on:

- Every event is a frozen dataclass of `hardware.plotting.events`; `as_json()` returns plain values.
- Commands never block and never fail. A command that makes no sense at the moment, such as an answer to a closed
  prompt, is ignored. Commands take effect within 50 ms; `emergency` takes effect before it returns.
- An observer that raises is removed, and the others receive a Note; the plot continues. It also continues without any
  observer: a prompt then waits until somebody observes it again. For observers that join late, `control.prompt` is the
  open prompt and `control.last` the last PlotProgress.
- An observer may call any command, even from inside the call that delivers the event.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Literal

from hardware.plotting.events import Note, PlotEvent, PlotProgress, Prompt

Observer = Callable[[PlotEvent], object]


@dataclass(frozen=True)
class Command:
    """A command from outside, such as a terminal or a page."""

    name: Literal["pause", "pause now", "resume", "unpause", "abort", "emergency", "answer"]
    prompt: int = 0
    choice: str = ""
    values: dict[str, float] = field(default_factory=dict)


class Control:
    """Events out, commands in. The module's docstring gives the rules."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = list(observers)
        self._commands: SimpleQueue[Command] = SimpleQueue()
        self._stop: Callable[[], None] | None = None
        self.prompt: Prompt | None = None
        self.last: PlotProgress | None = None
        self.in_emergency = False

    # --- for observers and controllers ---

    def watch(self, observer: Observer) -> None:
        """Call the observer with each event from now on."""
        self._observers.append(observer)

    def unwatch(self, observer: Observer) -> None:
        if observer in self._observers:
            self._observers.remove(observer)

    def pause(self, *, now: bool = False) -> None:
        """Stop at the next pen-up, park and ask; with `now`, stop in the middle of a line and lift the pen there."""
        self._commands.put(Command("pause now" if now else "pause"))

    def resume(self) -> None:
        """Continue after a pause: the default answer to its prompt."""
        self._commands.put(Command("resume"))

    def unpause(self) -> None:
        """Cancel a pause that has not begun, or continue after it. Other questions, such as for a pen, stay open."""
        self._commands.put(Command("unpause"))

    def abort(self) -> None:
        """End the plot so that it can be resumed: position kept, pen up, parked."""
        self._commands.put(Command("abort"))

    def emergency(self) -> None:
        """Stop the machine this instant, from any thread."""
        self.in_emergency = True
        if self._stop:
            self._stop()
        self._commands.put(Command("emergency"))

    def answer(self, prompt: int, choice: str, **values: float) -> None:
        """Answer an open prompt."""
        self._commands.put(Command("answer", prompt, choice, values))

    # --- for the plot ---

    def emit(self, event: PlotEvent) -> None:
        """Call each observer with an event."""
        if isinstance(event, PlotProgress):
            self.last = event
        for observer in tuple(self._observers):
            try:
                observer(event)
            except Exception as error:
                self.unwatch(observer)
                self.emit(Note(f"an observer failed and was removed: {type(error).__name__}: {error}", "warning"))

    def on_emergency(self, stop: Callable[[], None] | None) -> None:
        """Set the function that stops the machine at once; it is called in other threads."""
        self._stop = stop

    def take(self, wait_s: float = 0.0) -> Command | None:
        """Return the next command, waiting up to this time; None if there is none."""
        try:
            return self._commands.get(timeout=wait_s) if wait_s else self._commands.get_nowait()
        except Empty:
            return None

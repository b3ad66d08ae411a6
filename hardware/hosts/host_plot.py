"""A program and a host -> a plot there: sent, started, followed, paused and ended through the same `Control` as others.

The host draws by itself. If the connection fails, its job goes on, and the plot here ends with a message that says so.
"""

import time
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from hardware.hosts.host_program import HostProgram, HostStop
from hardware.hosts.host_request import HostError, HostGone, HostRefused, HostRequests
from hardware.hosts.host_status import Host, HostStatus
from hardware.hosts.moonraker import Moonraker
from hardware.hosts.octoprint import OctoPrint
from hardware.job.gcode_job import JobPart
from hardware.plotting.control import Command, Control
from hardware.plotting.events import (
    Answered,
    Connected,
    Finished,
    Note,
    PassBegun,
    PlotProgress,
    Prompt,
    PromptChoice,
    State,
    WantedPen,
)
from hardware.wire.host_address import HostAddress

AHEAD_BYTES = 2000  # that a host may have read beyond a pause
ACTIVE = {"starting", "drawing", "pausing", "paused"}
_STATES: dict[str, State] = {"paused": "waiting", "pausing": "pausing", "drawing": "drawing", "done": "done"}


@dataclass(frozen=True)
class HostPatience:
    """How long a host may take, in seconds: between questions, to begin, to obey, and to be out of reach."""

    poll_s: float = 1.0
    start_s: float = 30.0
    obey_s: float = 10.0
    lost_s: float = 60.0


def host_at(address: HostAddress) -> Host:
    """Return the host at this address; nothing is sent yet."""
    requests = HostRequests(address)
    return Moonraker(address, requests) if address.kind == "moonraker" else OctoPrint(address, requests)


class HostPlot:
    """One plot by a host. `run` carries it out."""

    def __init__(
        self, program: HostProgram, host: Host, control: Control, patience: HostPatience | None = None
    ) -> None:
        self._program, self._host, self._control = program, host, control
        self._patience = patience or HostPatience()
        self._name = host.address.text
        self._size = max(len(program.text.encode()), 1)
        self._at_byte = 0  # of its file; a host forgets it with the job
        self._has_begun = False  # the host has been seen at work
        self._asked = 0  # stops that are behind us
        self._prompts = 0
        self._part = 0
        self._lost_at: float | None = None
        self._obeyed_at = -1e9  # when it was last asked to continue
        self._began_at = time.monotonic()
        self._waited_s = 0.0
        self._stop_fault = ""

    def run(self) -> Finished:
        """Send the program, start it and follow it to its end. Raises HostError."""
        finished = self._run()
        self._control.emit(finished)
        return finished

    def _run(self) -> Finished:
        firmware = self._host.greet()
        self._control.emit(Connected(self._name, firmware, 0, reset=False))
        file = self._host.upload(self._program.file, self._program.text)
        self._say(f"sent as {file}, {self._size} bytes; the machine draws it by itself")
        if (early := self._control.take()) is not None and early.name in {"abort", "emergency"}:
            return self._finished("aborted", "stopped before it began; nothing is drawn")
        self._control.on_emergency(self._stop_at_once)
        self._began_at = time.monotonic()
        try:
            self._host.start(file)
        except HostGone as gone:  # it may have begun all the same
            self._say(f"{gone}; looking whether it has begun", "warning")
        try:
            return self._followed(file)
        except HostError:
            if self._control.in_emergency:  # after which a host refuses what it is asked
                return self._emergency()
            raise
        finally:
            self._control.on_emergency(None)

    def _followed(self, file: str) -> Finished:
        while True:
            status = self._status()
            if status is not None and (ended := self._ended(status, file)) is not None:
                return ended
            if status is not None:
                self._report(status)
                if status.state == "paused" and self._is_new_pause(status):
                    ended = self._asked_for(status)
                    if ended is not None:
                        return ended
                    continue
            command = self._control.take(self._patience.poll_s)
            if command is not None and (ended := self._obeyed(command)) is not None:
                return ended

    def _status(self) -> HostStatus | None:
        """Return what the host does; None while it is out of reach. Raises HostError after `lost_s`."""
        try:
            status = self._host.status()
        except HostGone as gone:
            now = time.monotonic()
            if self._lost_at is None:
                self._lost_at = now
                self._say(f"{gone}; the job goes on there; trying again for {self._patience.lost_s:g} s", "warning")
            if now - self._lost_at >= self._patience.lost_s:
                raise HostError(
                    f"{self._name}: out of reach for {self._patience.lost_s:g} s; {self._goes_on()}"
                ) from None
            return None
        except HostError as fault:
            raise HostError(f"{fault}. Whether the job goes on is not known; look at the machine") from None
        if self._lost_at is not None:
            self._lost_at = None
            self._say("the connection is back")
        self._at_byte = status.at_byte or self._at_byte
        return status

    def _goes_on(self) -> str:
        return f"the job goes on there: follow or stop it on its page, {self._host.address.url}, or at the machine"

    def _ended(self, status: HostStatus, file: str) -> Finished | None:
        """Return the end of the plot, if this is one. Raises HostError for a failure."""
        if status.state == "failed":
            why = f": {status.message}" if status.message else ""
            raise HostError(f"{self._name}: the machine has failed{why}; lift the pen by hand if it is down")
        if status.file and status.file != file:
            if self._has_begun or status.state in ACTIVE:
                raise HostError(f"{self._name}: has {status.file} now instead of {file}; this plot has ended there")
        elif status.state == "done":
            self._report(HostStatus("done", file, self._size))
            return self._finished("done", "done: the machine has drawn the whole file")
        elif status.state in ACTIVE:
            self._has_begun = True
            return None
        if self._has_begun or status.state == "cancelled":
            return self._finished("aborted", f"the job was cancelled on {self._name}; the pen may be down")
        if time.monotonic() - self._began_at > self._patience.start_s:
            raise HostError(f"{self._name}: has {file}, but did not begin within {self._patience.start_s:g} s")
        return None

    def _is_new_pause(self, status: HostStatus) -> bool:
        """Whether it has paused since it was asked to continue, which it may not have done yet."""
        late = time.monotonic() - self._obeyed_at > self._patience.obey_s
        return late or self._reached(status) > self._asked

    def _reached(self, status: HostStatus) -> int:
        return bisect_right([stop.at_byte for stop in self._program.stops], status.at_byte)

    def _asked_for(self, status: HostStatus) -> Finished | None:
        """Ask a person, until an answer comes or somebody continues at the host. Return the end, if it ends."""
        reached, began_at = self._reached(status), time.monotonic()
        stop = self._program.stops[reached - 1] if reached > self._asked else None
        self._asked = max(self._asked, reached)
        prompt = self._prompt(stop)
        self._control.prompt = prompt
        self._control.emit(prompt)
        try:
            choice = self._answer(prompt)
        finally:
            self._control.prompt = None
            self._waited_s += time.monotonic() - began_at
        self._control.emit(Answered(prompt.id, choice))
        if choice == "emergency":
            return self._emergency()
        if choice == "abort":
            return self._cancelled()
        if choice != "elsewhere":
            self._tried("continue", self._host.resume)
            self._obeyed_at = time.monotonic()
        return None

    def _prompt(self, stop: HostStop | None) -> Prompt:
        self._prompts += 1
        abort = PromptChoice("abort", f"end the job on {self._name}")
        if stop is None:
            go = PromptChoice("go-on", "continue")
            text = "the machine has paused where it was"
            return Prompt(self._prompts, "pause", "paused", text, (go, abort), "go-on", pen_up=False)
        if not stop.is_pen:
            go = PromptChoice("go-on", "continue")
            return Prompt(self._prompts, "pause", "paused", stop.text, (go, abort), "go-on", pen_up=False)
        part = self._program.parts[stop.part]
        pen = WantedPen(stop.part + 1, part.name, part.colour, part.drawn_mm, part.seconds, part.strokes)
        done = PromptChoice("done", "the pen is in: draw")
        title = f"pen {stop.part + 1} of {len(self._program.parts)}: {part.name}"
        return Prompt(self._prompts, "pen", title, stop.text, (done, abort), "done", pen)

    def _answer(self, prompt: Prompt) -> str:
        """Return the key of a choice, `emergency`, or `elsewhere` if the host no longer pauses."""
        keys = {choice.key for choice in prompt.choices}
        while True:
            command = self._control.take(self._patience.poll_s)
            if command is None:
                status = self._status()
                if status is not None and status.state != "paused":
                    return "elsewhere"
            elif command.name == "answer" and command.prompt == prompt.id and command.choice in keys:
                return command.choice
            elif command.name == "resume" or (command.name == "unpause" and prompt.kind == "pause"):
                return prompt.default
            elif command.name in {"abort", "emergency"}:
                return command.name

    def _obeyed(self, command: Command) -> Finished | None:
        match command.name:
            case "pause" | "pause now":
                self._obeyed_at = -1e9
                self._tried("pause", self._host.pause)
            case "abort":
                return self._cancelled()
            case "emergency":
                return self._emergency()
        return None

    def _tried(self, what: str, request: Callable[[], None]) -> None:
        """Send a request, and report if it fails: the next status shows whether it was obeyed."""
        try:
            request()
        except HostError as fault:
            self._say(f"cannot {what}: {fault}", "warning")

    def _cancelled(self) -> Finished:
        """End the job on the host and lift the pen. Raises HostError if the host is out of reach."""
        try:
            self._host.cancel()
        except HostGone as gone:
            raise HostError(f"{gone} It was not asked to stop, or has not answered: {self._goes_on()}") from None
        except HostRefused as refusal:
            self._say(f"{refusal}", "warning")
        end = time.monotonic() + self._patience.start_s
        while (status := self._status()) is None or status.state in ACTIVE:
            if time.monotonic() > end:
                raise HostError(f"{self._name}: still draws {self._patience.start_s:g} s after it was asked to stop")
            time.sleep(min(self._patience.poll_s, 0.2))
        text = f"stopped: the job on {self._name} is ended"
        if self._control.in_emergency:
            return self._emergency()
        try:
            self._host.run(self._program.lift)
        except HostError as fault:
            self._say(f"the pen was not lifted: {fault}", "warning")
            return self._finished("aborted", f"{text}; lift the pen by hand if it is down")
        return self._finished("aborted", f"{text}, and the pen is lifted")

    def _stop_at_once(self) -> None:
        try:
            self._host.stop_at_once()
        except HostError as fault:
            self._stop_fault = str(fault)

    def _emergency(self) -> Finished:
        if self._stop_fault:
            text = f"the emergency stop has not reached the machine: use its switch ({self._stop_fault})"
        else:
            text = "emergency stop: the machine has lost its position; lift the pen by hand"
        return self._finished("emergency", text)

    def _report(self, status: HostStatus) -> None:
        program, at = self._program, min(status.at_byte, self._size)
        number = program.part_at(at) if status.state in {*ACTIVE, "done"} else 0
        if status.state == "drawing":
            self._asked = max(self._asked, self._reached(HostStatus("drawing", "", at - AHEAD_BYTES)))
            if number > self._part:
                self._part = number
                self._begun(number, program.parts[number - 1])
        share = at / self._size
        total_mm = sum(part.drawn_mm for part in program.parts)
        self._control.emit(
            PlotProgress(
                state=_STATES.get(status.state, "connecting"),
                number=number,
                passes=len(program.parts),
                pen=program.parts[number - 1].name if number else "",
                stroke=program.strokes_at(at),
                strokes=len(program.ends),
                line=program.text.count("\n", 0, at),
                lines=program.text.count("\n"),
                drawn_mm=share * total_mm,
                total_mm=total_mm,
                elapsed_s=self._elapsed_s(),
                left_s=(1 - share) * program.seconds,
                machine_state=status.state,
                x_mm=0.0,  # a host reports no position here
                y_mm=0.0,
            )
        )

    def _begun(self, number: int, part: JobPart) -> None:
        passes = len(self._program.parts)
        self._control.emit(PassBegun(number, passes, part.name, part.colour, part.strokes, part.drawn_mm, part.seconds))

    def _elapsed_s(self) -> float:
        return time.monotonic() - self._began_at - self._waited_s

    def _finished(self, outcome: Literal["done", "aborted", "emergency"], text: str) -> Finished:
        strokes = len(self._program.ends)
        drawn = strokes if outcome == "done" else self._program.strokes_at(self._at_byte)
        return Finished(outcome, drawn, strokes, self._elapsed_s(), text)

    def _say(self, text: str, level: Literal["info", "warning", "error"] = "info") -> None:
        self._control.emit(Note(text, level))

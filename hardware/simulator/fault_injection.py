"""Faults on demand: what happens, and before which line of G-code."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from hardware.simulator.controller import Controller
from hardware.simulator.grbl_parser import GrblError

Kind = Literal["error", "alarm", "unplug", "reset", "power_cut", "garble", "mute", "deafen"]


@dataclass(frozen=True)
class InjectedFault:
    """A fault that occurs once, before the line of this number (counted since power-on) is executed.

    `error` and `alarm` reply with that code, `unplug` unplugs the cable for `seconds` (with `resets`, the board
    restarts when it is plugged in again), `reset` presses the board's button, `power_cut` cuts its power for `seconds`,
    `garble` replaces the next reply by `text`, `mute` drops the next reply, `deafen` drops the line itself and its
    reply.
    """

    line: int
    kind: Kind
    code: int = 0
    seconds: float = 0.0
    resets: bool = False
    text: str = "\xfe\x00k"


BOOTLOADER_S = 1.5  # of an Arduino, which ignores input meanwhile


class FaultInjector:
    """Observes the lines that a controller accepts and injects the faults. `unplug` unplugs the cable."""

    def __init__(
        self, controller: Controller, unplug: Callable[[float, bool], None], faults: tuple[InjectedFault, ...]
    ) -> None:
        self._unplug = unplug
        self.waiting = list(faults)
        self._replacement: list[str | None] = []
        controller.on_line = self._line
        controller.on_say = self._say

    def _line(self, controller: Controller, number: int, _: str) -> None:
        for fault in [each for each in self.waiting if each.line <= number]:
            self.waiting.remove(fault)
            self._do(fault, controller)

    def _say(self, text: str) -> str | None:
        if self._replacement and (text == "ok" or text.startswith("error:")):
            return self._replacement.pop()
        return text

    def _do(self, fault: InjectedFault, controller: Controller) -> None:
        match fault.kind:
            case "error":
                raise GrblError(fault.code)
            case "alarm":
                controller.alarm(fault.code)
            case "unplug":
                self._unplug(fault.seconds, fault.resets)
            case "reset":
                controller.power_cut(BOOTLOADER_S)
            case "power_cut":
                controller.power_cut(fault.seconds)
            case "garble":
                self._replacement.append(fault.text)
            case "mute":
                self._replacement.append(None)
            case "deafen":
                self._replacement.append(None)
                raise GrblError(1)

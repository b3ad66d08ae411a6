"""A simulated EBB at the end of a simulated cable, and its faults."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from hardware.simulator.bench import DeviceBench
from hardware.simulator.ebb_board import EbbBoard

if TYPE_CHECKING:
    from hardware.machine import Machine

EbbFaultKind = Literal["unplug", "power_cut", "button", "garble", "mute", "deafen", "stall"]


@dataclass(frozen=True)
class EbbFault:
    """A fault that occurs once, before the command for the FIFO of this number, counted from 1, is parsed.

    `unplug` unplugs the cable for `seconds` (with `resets`, the board restarts), `power_cut` cuts the supply of the
    motors for `seconds`, `button` presses the board's button, `garble` replaces the next `OK`, `mute` drops it,
    `deafen` drops the command, `stall` holds up what the board hears for `seconds`, as a slow USB does.
    """

    move: int
    kind: EbbFaultKind
    seconds: float = 0.0
    resets: bool = False


class EbbBench(DeviceBench):
    """One EBB and its cable; `cable` is what `DeviceBench` takes."""

    byte_s = 1e-6  # over USB, where the speed of the port means nothing

    def __init__(
        self,
        machine: "Machine",
        *,
        version: tuple[int, int, int] = (2, 8, 1),
        faults: tuple[EbbFault, ...] = (),
        **cable: Any,
    ) -> None:
        self.board = EbbBoard(machine, version)
        super().__init__(self.board, **cable)
        self.waiting = list(faults)
        self._replies: list[Callable[[str], str | None]] = []
        self.board.on_move, self.board.on_say = self._before_move, self._say

    def restart_board(self) -> None:
        self.board.stop()
        self.board.restart()

    def _before_move(self, board: EbbBoard, number: int) -> bool:
        heard = True
        for fault in [each for each in self.waiting if each.move <= number]:
            self.waiting.remove(fault)
            heard = self._occur(fault) and heard
        return heard

    def _occur(self, fault: EbbFault) -> bool:
        """Let a fault occur; return whether the board still hears the command."""
        match fault.kind:
            case "unplug":
                self.unplug(fault.seconds, fault.resets)
                return False
            case "power_cut":
                self.board.dark_until = self.board.now + fault.seconds
            case "button":
                self.board.button = True
            case "garble":
                self._replies.append(lambda _: "O\xfe\r\n")
            case "mute":
                self._replies.append(lambda _: None)
            case "deafen":
                return False
            case "stall":
                self.board.hold_up(fault.seconds)
        return True

    def _say(self, text: str) -> str | None:
        if self._replies and text == "OK\r\n":
            return self._replies.pop(0)(text)
        return text

"""A simulated HP-GL plotter on RS-232 in virtual time: a buffer of some bytes, instructions, a carousel, a pen.

Bytes that find the buffer full are lost, as on a real plotter without a handshake. Instructions as in the *HP 7475A
Interfacing and Programming Manual*: `IN PU PD PA SP VS OA OI OE`, and `ESC.B`, `ESC.K`, `ESC.L`, which never wait.
"""

import math
import re
from typing import TYPE_CHECKING

from hardware.simulator.trace import Move, Spindle, Trace
from hardware.simulator.virtual_device import VirtualDevice

if TYPE_CHECKING:
    from hardware.machine import Machine

PEN_S, CHANGE_S = 0.06, 4.0
Point = tuple[float, float]


class SimulatedPlotter(VirtualDevice):
    """A plotter with its carousel and its buffer."""

    def __init__(self, machine: "Machine", buffer_bytes: int = 1024) -> None:
        super().__init__()
        self.machine, self.plotter, self.size = machine, machine.plotter, buffer_bytes
        self.trace: Trace = []
        self.pens: list[int] = []  # as they were taken from the carousel
        self.lost_bytes = self.most_bytes = self.errors = 0
        self._escape = b""
        self.restart()

    def restart(self) -> None:
        """Begin as after power-on: the pen is up at 0, 0, and the buffer is empty."""
        self.buffer = bytearray()
        self.at, self.is_down, self.speed_mm_s = (0, 0), False, 381.0
        self.busy_until = self.now

    @property
    def place(self) -> tuple[float, float, float]:
        return (*self.plotter.place(self.at), 0.0)

    def _events(self) -> list[float]:
        return [max(self.busy_until, self.now)] if b";" in self.buffer else []

    def _happen(self) -> None:
        self._take_arrived()
        if b";" in self.buffer and self.busy_until <= self.now:
            text, _, self.buffer = self.buffer.partition(b";")
            self._execute(text.decode("latin-1").strip())

    def _say(self, text: str) -> None:
        self._out.append((self.now, text.encode("ascii") + b"\r"))

    def _take(self, content: bytes) -> None:
        for byte in content:
            if self._escape or byte == 0x1B:
                self._escape += bytes([byte])
                if len(self._escape) == 3:
                    self._escape, known = b"", self._escape
                    self._control(known[2:].decode("latin-1"))
            elif len(self.buffer) >= self.size:
                self.lost_bytes += 1
            else:
                self.buffer.append(byte)
        self.most_bytes = max(self.most_bytes, len(self.buffer))

    def _control(self, letter: str) -> None:
        if letter == "B":
            self._say(str(self.size - len(self.buffer)))
        elif letter == "L":
            self._say(str(self.size))
        elif letter == "K":
            self.buffer.clear()

    def _execute(self, text: str) -> None:
        name, numbers = text[:2].upper(), [int(n) for n in re.findall(r"-?\d+", text[2:])]
        if name in {"PU", "PD", "PA"}:
            if name != "PA":
                self._set_pen(name == "PD")
            for u, v in zip(numbers[::2], numbers[1::2], strict=False):
                self._go((u, v))
        elif name == "SP":
            self._set_pen(False)
            self.pens.append(numbers[0] if numbers else 0)
            self.busy_until = self.now + CHANGE_S
        elif name == "VS":
            self.speed_mm_s = 10.0 * numbers[0]
        elif name == "OA":
            self._say(f"{self.at[0]},{self.at[1]},{int(self.is_down)}")
        elif name == "OI":
            self._say("7475A")
        elif name not in {"IN", "PS", ""}:
            self.errors += 1

    def _set_pen(self, down: bool) -> None:
        if down != self.is_down:
            self.is_down = down
            self.trace.append(Spindle(self.busy_until, float(down), self.place))
            self.busy_until = max(self.busy_until, self.now) + PEN_S

    def _go(self, units: tuple[int, int]) -> None:
        begun, start = max(self.busy_until, self.now), self.place
        self.at = units
        speed = self.speed_mm_s if self.is_down else self.machine.travel_feed_mm_min / 60
        self.busy_until = begun + math.dist(start, self.place) / speed
        if start != self.place:
            self.trace.append(Move(begun, self.busy_until, start, self.place, float(self.is_down)))

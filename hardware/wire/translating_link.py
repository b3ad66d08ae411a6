"""What the links share that read lines of G-code themselves and speak another language to their controller."""

from abc import ABC, abstractmethod

from hardware.wire.gcode_ops import OpReader, Point
from hardware.wire.line_port import POLL_S
from hardware.wire.link import LinkBase
from hardware.wire.link_errors import Silent
from hardware.wire.port import Port
from hardware.wire.replies import Vector


class TranslatingLink(LinkBase, ABC):
    """Keeps the place after all lines that were handed over, and how far the work coordinates are shifted, mm.

    The work coordinates are those of the machine, except during the pass of a pen that sits elsewhere.
    """

    waits = False

    def __init__(self, port: Port, travel_mm_s: float, tolerance_mm: float) -> None:
        super().__init__(port)
        self.shifted: Point = (0.0, 0.0)
        self._reader = OpReader(travel_mm_s, tolerance_mm)
        self._halted = False  # by an emergency: nothing more is sent

    @abstractmethod
    def send(self, text: str, tag: int | None = None) -> None: ...

    @abstractmethod
    def poll(self, timeout_s: float, *, asks: bool = True) -> None: ...

    def run(self, lines: list[str] | tuple[str, ...], patience_s: float | None = None) -> None:
        """Hand over lines of the sender's own, each after the previous one is acknowledged. Raises LinkError."""
        assert not self.outstanding
        begun = self.port.now()
        for text in lines:
            self.send(text)
            while self.outstanding:
                self.poll(POLL_S)
                if patience_s is not None and self.port.now() - begun > patience_s:
                    raise Silent(patience_s)

    def accept(self) -> None:
        """Do nothing: the next answer of the controller shows what became of a command."""

    def emergency(self) -> None:
        """Stop at once, from any thread, and send nothing more."""
        self._halted = True
        super().emergency()

    # --- places ---

    def place(self) -> Vector:
        """Return the position by the last report, in work coordinates, mm."""
        x, y, z = self.status.place
        return x - self.shifted[0], y - self.shifted[1], z

    def work_offset(self) -> Vector:
        return (*self.shifted, 0.0)

    def shift(self, x_mm: float, y_mm: float, z_mm: float) -> None:
        """Reduce the work coordinates by this much, for a pen that sits elsewhere. A stop cancels the shift."""
        (x, y), (u, v) = self.shifted, self._reader.at
        self.shifted, self._reader.at = (x + x_mm, y + y_mm), (u - x_mm, v - y_mm)

    def unshift(self) -> None:
        (x, y), (u, v) = self.shifted, self._reader.at
        self.shifted, self._reader.at = (0.0, 0.0), (u + x, v + y)

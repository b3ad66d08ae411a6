"""A plotter or cutter that speaks HP-GL, on RS-232: instructions as its buffer has room.

As in the *HP 7475A Interfacing and Programming Manual* (RS-232-C): `ESC.B` asks for the free bytes of the buffer and is
answered at once, `ESC.L` for its size, `ESC.K` discards what is in it. `OA` is an instruction like any other, whose
answer says that all before it is done and where the pen is; `OI` names the plotter. Other plotters hold the computer by
XON and XOFF or by a line; then what was written counts as taken, and only a clock says when it is done.
"""

from collections import deque
from typing import TYPE_CHECKING

from hardware.wire import gcode_text
from hardware.wire.gcode_ops import PenOp, Point, ToolOp, WayOp
from hardware.wire.line_port import POLL_S, SentLine
from hardware.wire.link import Greeting
from hardware.wire.link_errors import Silent, UnclearReply
from hardware.wire.port import Port
from hardware.wire.replies import Status
from hardware.wire.translating_link import TranslatingLink

if TYPE_CHECKING:
    from hardware.wire.hpgl_setup import HpglSetup

ESC = b"\x1b."
ASK_S = 0.05  # between two questions for room
SILENCE_S = 4.0  # without an answer to ESC.B, which comes while it plots
PLOT_S = 120.0  # the longest instruction
MOST_LINES = 64
LATE_S = 1.0


class Hpgl(TranslatingLink):
    """Sends lines as instructions, and acknowledges each once the plotter has taken it out of its buffer."""

    at_once = ESC + b"K" + b"PU;"  # discards what is in its buffer; the line on the way is finished

    def __init__(self, port: Port, setup: "HpglSetup") -> None:
        super().__init__(port, setup.travel_mm_s, setup.tolerance_mm)
        self.setup, self.plotter = setup, setup.plotter
        self.asks = setup.plotter.handshake == "query"
        self.size = setup.plotter.buffer_bytes
        self.most_bytes = 0  # highest number in its buffer
        self._unsent: deque[bytes] = deque()
        self._ends: deque[tuple[int, Point]] = deque()  # of each outstanding line: bytes by its end, and its place
        self._handed = self._written = self._taken = 0  # bytes, since the beginning
        self._answer_to = b""
        self._heard = b""
        self._asked_at = port.now() - ASK_S
        self._speed = ""
        self._busy_until = 0.0

    # --- greeting ---

    def greet(self) -> Greeting:
        """Ask for the plotter's name and the size of its buffer. Raises Silent if it is asked and says nothing."""
        self.port.write(ESC + b"(")
        if not self.asks:
            self._begin()
            return Greeting("an HP-GL plotter that is not asked", False, self.size)
        answer = self._ask(ESC + b"L", SILENCE_S)
        self.size = int(answer) if answer.isdigit() else self.size
        return self.identify(reset=False)

    def identify(self, *, reset: bool) -> Greeting:
        name = self._ask(b"OI;", PLOT_S)
        self._begin()
        self._where()
        return Greeting(f"HP-GL plotter {name}", reset, self.size)

    def _begin(self) -> None:
        self._write(b"".join(each.encode("ascii") + b";" for each in self.plotter.start))

    def _ask(self, question: bytes, patience_s: float) -> str:
        """Ask, and return the answer, a line that ends with a carriage return. Raises Silent."""
        self._heard = b""
        self._write(question)
        begun = self.port.now()
        while b"\r" not in self._heard:
            if self.port.now() - begun > patience_s:
                raise Silent(patience_s)
            self._read(POLL_S)
        line, _, self._heard = self._heard.partition(b"\r")
        return line.strip().decode("latin-1")

    # --- lines ---

    def fits(self, text: str) -> bool:
        return len(self._unsent) < 8 and len(self.outstanding) < MOST_LINES

    def send(self, text: str, tag: int | None = None) -> None:
        """Hand a line over. Raises ValueError for one that is not understood."""
        content = self._instructions(text)
        self.outstanding.append(SentLine(len(content), tag, text))
        self._handed += len(content)
        self._ends.append((self._handed, self._reader.at))
        if content:
            self._unsent.append(content)

    def _instructions(self, text: str) -> bytes:
        before, op = self._reader.at, self._reader.read(text)
        made: list[str] = []
        match op:
            case WayOp(points, mm_s, draws):
                speed = self.plotter.speed(mm_s) if draws and self.plotter.has_speed else self._speed
                if speed != self._speed:
                    made.append(speed)
                    self._speed = speed
                for x, y in points:
                    u, v = self.plotter.units((x + self.shifted[0], y + self.shifted[1]))
                    made.append(f"{'PD' if draws else 'PU'}{u},{v}")
                self._spend(before, points, mm_s)
            case PenOp(value):
                made.append("PD" if value else "PU")
                self._busy_until = max(self._busy_until, self.port.now()) + self.setup.settle_s
            case ToolOp(number):
                made.append(f"SP{number}")
        return "".join(f"{each};" for each in made).encode("ascii")

    def _spend(self, begin: Point, points: tuple[Point, ...], mm_s: float) -> None:
        """Add the time of a way to that for which the plotter is busy, for plotters that are not asked."""
        way = 0.0
        for point in points:
            way += ((point[0] - begin[0]) ** 2 + (point[1] - begin[1]) ** 2) ** 0.5
            begin = point
        self._busy_until = max(self._busy_until, self.port.now()) + way / mm_s

    def poll(self, timeout_s: float, *, asks: bool = True) -> None:
        """Write what the buffer has room for, and read. Raises LinkError for any fault."""
        if self._halted:
            self._read(timeout_s)
        elif not self.asks:
            self._write_all()
        else:
            self._keep_supplied(timeout_s)
        self.on_poll()
        self._acknowledge_taken()

    def _write_all(self) -> None:
        """Write everything; the port itself waits while the plotter holds it."""
        while self._unsent:
            self._write(self._unsent.popleft())
        self._written = self._taken = self._handed
        self._read(0.0)

    def _keep_supplied(self, timeout_s: float) -> None:
        if not self.outstanding and not self._unsent:
            self._read(timeout_s)
            return
        if self.port.now() - self._asked_at < ASK_S:
            self._read(min(timeout_s, ASK_S))
            if self.port.now() - self._asked_at < ASK_S:
                return
        self._asked_at = self.port.now()
        room = self._ask(ESC + b"B", SILENCE_S)
        if not room.isdigit():
            raise UnclearReply(room, self.outstanding.oldest.tag)
        self._taken = self._written - max(self.size - int(room), 0)
        left = min(int(room), self.size) - len(b"OA;")
        while self._unsent and len(self._unsent[0]) <= left:
            content = self._unsent.popleft()
            left -= len(content)
            self._written += len(content)
            self._write(content)
        self.most_bytes = max(self.most_bytes, self._written - self._taken)

    def _acknowledge_taken(self) -> None:
        while self._ends and self._ends[0][0] <= self._taken:
            _, place = self._ends.popleft()
            self._at(place)
            self._acknowledge()

    # --- bytes ---

    def _write(self, content: bytes) -> None:
        self._lines.write(content)

    def _read(self, timeout_s: float) -> None:
        self._heard += self._lines.read(timeout_s)

    # --- motion ---

    def finish(self) -> None:
        """Wait until all is plotted. Raises LinkError."""
        while self.outstanding:
            self.poll(POLL_S)
        if self.asks:
            self._where()
            return
        while self.port.now() < self._busy_until + LATE_S:
            self._read(POLL_S)

    def _where(self) -> None:
        """Wait until all is plotted, and take the position (OA)."""
        values = self._ask(b"OA;", PLOT_S).split(",")
        try:
            x, y = self.plotter.place((float(values[0]), float(values[1])))
        except (ValueError, IndexError):
            raise UnclearReply(",".join(values), None) from None
        self.status = Status("Idle", None, (x, y, 0.0))
        self._reader.at = self.place()[:2]

    def _at(self, place: Point) -> None:
        x, y = place[0] + self.shifted[0], place[1] + self.shifted[1]
        self.status = Status("Run" if self._unsent else "Idle", None, (x, y, 0.0))

    def settle(self) -> int:
        """Wait until it has plotted what it has. Return how many lines were not sent."""
        missing = len(self.outstanding)
        self._forget()
        if self.asks:
            self._where()
        return missing

    def stop(self, *, alarmed: bool = False) -> None:
        """Discard what is in its buffer (ESC.K), raise the pen, and take the position."""
        self._forget()
        self._write(self.at_once)
        if self.asks:
            self._where()
        self.shifted = (0.0, 0.0)

    def reset(self) -> None:
        self._halted = False
        self.stop()

    def _forget(self) -> None:
        self.outstanding.clear()
        self._unsent.clear()
        self._ends.clear()
        self._handed = self._written = self._taken = 0
        self._speed = ""

    # --- places ---

    def home(self) -> None:
        """Do nothing: a plotter finds its place when it is switched on."""

    def jog(self, x_mm: float, y_mm: float, z_mm: float, feed_mm_min: float) -> None:
        x, y = self._reader.at
        self.run([f"G0 {gcode_text.axis_words(x + x_mm, y + y_mm, None)}"])
        self.finish()

    def set_origin(self, x_mm: float, y_mm: float, z_mm: float | None) -> None:
        """Let the pen be at this place, for this plot: its own origin cannot be moved."""
        x, y, _ = self.status.place
        self.shifted = (x - x_mm, y - y_mm)
        self._reader.at = (x_mm, y_mm)

"""A scripted stand-in for a Marlin board: numbers, checksums, `Resend:`, `busy:`, `ok`; it moves nothing."""

import re
from collections import deque


class MarlinBoard:
    """A port. Faults by the number of the line, each once, separated by commas: `corrupt` makes a checksum fail, `busy`
    is slow, `unknown` does not know the command, `start` restarts, `swallow` loses the line, `mute` its `ok`, `deaf` it
    and all that follow. With `waits` it prints `wait` each second in which it has nothing to do (NO_TIMEOUTS).
    """

    def __init__(self, faults: dict[int, str] | None = None, *, waits: bool = False) -> None:
        self.waits = waits
        self.is_deaf = False
        self._rested_at = 0.0
        self.faults = dict(faults or {})
        self.lines: list[str] = []  # that were carried out, in order
        self.place = [0.0, 0.0, 0.0]
        self.wrong: list[str] = []
        self._out: deque[tuple[float, bytes]] = deque()
        self._time = 0.0
        self._last = 0
        self._pending = b""
        self._relative = False

    is_virtual = True

    def now(self) -> float:
        return self._time

    def pass_time(self, seconds: float) -> None:
        self._time += seconds

    def close(self) -> None:
        pass

    def write(self, content: bytes) -> None:
        self._pending += content
        while b"\n" in self._pending:
            line, self._pending = self._pending.split(b"\n", 1)
            if text := line.decode("ascii"):
                self._rested_at = self._time
                self._take(text)

    def read(self, timeout_s: float) -> bytes:
        if self._out and self._out[0][0] <= self._time + timeout_s:
            at, content = self._out.popleft()
            self._time = max(self._time, at)
            return content
        if self.waits and not self._out and self._rested_at + 1.0 <= self._time + timeout_s:
            self._time = self._rested_at = max(self._time, self._rested_at + 1.0)
            return b"wait\n"
        self._time += timeout_s
        return b""

    def _say(self, *lines: str, after_s: float = 0.02) -> None:
        for line in lines:
            self._out.append((max(self._time + after_s, self._out[-1][0] if self._out else 0.0), line.encode() + b"\n"))

    def _take(self, text: str) -> None:
        if self.is_deaf:
            return
        if text == "M115":
            self._say("FIRMWARE_NAME:Marlin 2.1.2 SOURCE_CODE_URL:x MACHINE_TYPE:plotter", "ok")
            return
        numbered = re.fullmatch(r"N(\d+) (.*)\*(\d+)", text)
        if numbered is None:
            self.wrong.append(text)
            return
        number, body, checksum = int(numbered[1]), numbered[2], int(numbered[3])
        right = 0
        for byte in text.rsplit("*", 1)[0].encode():
            right ^= byte
        fault, _, later = self.faults.pop(number, "").partition(",") if not body.startswith("M110") else ("", "", "")
        if later:
            self.faults[number] = later
        if fault in {"swallow", "deaf"}:
            self.is_deaf = fault == "deaf"
            return
        if checksum != right or fault == "corrupt":
            self._say(f"Error:checksum mismatch, Last Line: {self._last}", f"Resend: {self._last + 1}", "ok")
            return
        if body.startswith("M110"):
            self._last = int(body.split("N")[-1])
            self._say("ok")
            return
        if number != self._last + 1:
            self._say(f"Error:Line Number is not Last Line Number+1, Last Line: {self._last}",
                      f"Resend: {self._last + 1}", "ok")  # fmt: skip
            return
        self._last = number
        if fault == "start":
            self._last = 0
            self._say("start", "echo:Marlin 2.1.2")
            return
        if fault == "unknown":
            self._say(f'echo:Unknown command: "{body}"', "ok")
            return
        if fault == "busy":
            for second in range(1, 30):
                self._say("echo:busy: processing", after_s=2.0 * second)
        self._carry_out(body)
        if fault != "mute":
            self._say("ok")

    def _carry_out(self, body: str) -> None:
        self.lines.append(body)
        if body in {"G90", "G91"}:
            self._relative = body == "G91"
        if body == "M114":
            x, y, z = self.place
            self._say(f"X:{x:.2f} Y:{y:.2f} Z:{z:.2f} E:0.00 Count X:0 Y:0 Z:0")
        if body[:2] in {"G0", "G1"} or body.startswith("G92"):
            for axis, value in re.findall(r"([XYZ])(-?[\d.]+)", body):
                at = "XYZ".index(axis)
                self.place[at] = float(value) + (self.place[at] if self._relative and body[:3] != "G92" else 0.0)

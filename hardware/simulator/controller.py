"""A GRBL 1.1 controller as a sender sees it, in virtual time: input and its timing determine actions and replies.

Written from GRBL's published documents (interface.md, commands.md, settings.md, jogging.md, laser_mode.md), and for
alarms from what protocol.c and report.c do. The main program is a generator that yields what it waits for. Realtime
characters act between its steps, as they do between the check points of real GRBL. Not simulated: probing, tool
lengths, parking, M4 in laser mode.
"""

from collections.abc import Callable, Iterator

from hardware.simulator import settings, status_report
from hardware.simulator.firmware import GRBL, Firmware
from hardware.simulator.grbl_parser import GrblError, strip
from hardware.simulator.interpreter import Interpreter, Wait
from hardware.simulator.machine_state import MachineState
from hardware.simulator.virtual_device import VirtualDevice

LINE_BYTES = 80  # GRBL's line buffer, of which one byte ends the line
REALTIME = {0x18, ord("!"), ord("?"), ord("~")}
PARSING_S = 0.001  # to parse and plan a line
REPORT_S = 0.005  # until a status report is sent (interface.md: about 5 to 20 ms)
CRITICAL = {1, 2}  # hard and soft limits: only a reset leads out of these alarms


class Controller(VirtualDevice):
    """A board with GRBL.

    `on_line` is called before each line of G-code is executed, with its number from 1; see
    `hardware.simulator.fault_injection`.
    """

    def __init__(
        self, values: dict[int, float] | None = None, *, force_origin: bool = False, firmware: Firmware = GRBL
    ) -> None:
        super().__init__()
        self.firmware = firmware
        self.machine = MachineState(values or settings.DEFAULTS | dict(firmware.settings), force_origin)
        self.on_line: Callable[[Controller, int, str], None] = lambda *_: None
        self.on_say: Callable[[str], str | None] = lambda text: text
        self.lines = 0  # lines of G-code accepted since power-on
        self.lost_bytes = 0
        self.most_bytes = 0  # highest fill of the receive buffer
        self.powered = True
        self.dialog_s = PARSING_S  # until a `$` line is carried out
        self._back_at = 0.0  # when the power comes back
        self._blocked_until: float | None = None  # after an alarm
        self._after_alarm: Callable[[], None] = lambda: None
        self._reset_asked = False  # by a Ctrl-X that arrived while it was blocked
        self._rx = bytearray()
        self._line = bytearray()  # the line being read
        self._wait: Wait = 0.0
        self._main: Iterator[Wait] = iter(())
        self.boot(alarmed=self.machine.homing)

    # --- the wire ---

    def say(self, text: str, delay_s: float = 0.0) -> None:
        reply = self.on_say(text)
        if reply is not None and self.powered:
            self._out.append((self.now + delay_s, reply.encode("latin-1") + b"\r\n"))

    def message(self, text: str) -> None:
        self.say(self.firmware.message.format(text=text))

    # --- time ---

    def _events(self) -> list[float]:
        times: list[float] = []
        profile = self.machine.planner.profile
        if profile is not None:
            times.append(profile.ends)
        if self._blocked_until is not None:
            times.append(self._blocked_until)
        elif isinstance(self._wait, float) and not self.machine.suspended and self.powered:
            times.append(self._wait)
        if not self.powered:
            times.append(self._back_at)
        return times

    def _happen(self) -> None:
        machine = self.machine
        if not self.powered and self._back_at <= self.now:
            self.powered = True
            self.boot(alarmed=machine.homing)
        if self._blocked_until is not None and self._blocked_until <= self.now:
            self._blocked_until = None
            self._after_alarm()
        self._take_arrived()
        profile = machine.planner.profile
        if profile is not None and profile.ends <= self.now:
            machine.end_of_profile(self.now)
        self._run()

    def _run(self) -> None:
        """Run the main program until it waits for something that has not happened."""
        while self._runs and self._ready():
            main = self._main
            wait = next(main, self.now)
            if main is not self._main:  # it was reset meanwhile
                continue
            self._wait = wait
            if not isinstance(self._wait, float):  # it waits for a line, for room or for the end of all motion
                self.machine.start(self.now)

    @property
    def _runs(self) -> bool:
        return self.powered and self._blocked_until is None and not self.machine.suspended

    def _ready(self) -> bool:
        return self._wait <= self.now if isinstance(self._wait, float) else self._wait()

    # --- input ---

    def _take(self, content: bytes) -> None:
        """Take bytes: realtime characters act at once; bytes that do not fit into the buffer are lost."""
        if not self.powered:
            return
        for byte in content:
            if byte in REALTIME or byte > 0x7E:
                self._realtime(byte)
            elif len(self._rx) >= self.firmware.rx_bytes:
                self.lost_bytes += 1
            else:
                self._rx.append(byte)
                if byte in b"\r\n":
                    self._run()
        self.most_bytes = max(self.most_bytes, len(self._rx))
        self._run()

    def _realtime(self, byte: int) -> None:
        machine = self.machine
        if byte == 0x18:
            self.reset()
        elif byte == ord("?"):
            if not machine.is_critical and machine.state != "Home" and self._blocked_until is None:
                free = self.firmware.rx_bytes - len(self._rx)
                self.say(status_report.status(machine, self.now, free, self.firmware), REPORT_S)
        elif machine.is_critical:
            return
        elif byte == ord("~"):
            machine.resume(self.now)
        elif byte == ord("!"):
            machine.feed_hold(self.now)
        elif byte == 0x84:
            if machine.door(self.now):
                self.message("Check Door")
        elif byte == 0x85:
            if machine.state == "Jog":
                machine.feed_hold(self.now)
        elif byte >= 0x90:
            machine.override(byte, self.now)

    def reset(self) -> None:
        """Reset at once (Ctrl-X). In motion the position may be lost: alarm 3."""
        if self._blocked_until is not None:
            self._reset_asked = True
            return
        in_motion = self.machine.is_moving(self.now)
        alarmed = in_motion or self.machine.state in {"Alarm", "Sleep"}
        code = 6 if self.machine.state == "Home" else 3
        self.machine.halt(self.now)
        if in_motion:
            self.machine.state = "Alarm"
            self._print_alarm(code, lambda: self.boot(alarmed=True))
        else:
            self.boot(alarmed)

    def power_cut(self, seconds: float = 0.0) -> None:
        """Cut the power for some seconds. Only the settings survive, and the motors are released."""
        self.machine.power_off(self.now)
        self._out.clear()
        self._arriving.clear()
        self._rx.clear()
        self.powered = False
        self._main, self._wait = iter(()), self._never
        self._blocked_until = None
        self._back_at = self.now + seconds

    def _never(self) -> bool:
        return False

    def alarm(self, code: int) -> None:
        """Raise an alarm, such as a limit switch (1). The position may be lost."""
        self.machine.halt(self.now)
        self.machine.spindle_on, self.machine.state, self.machine.is_critical = False, "Alarm", code in CRITICAL
        self._main, self._wait = self._loop(), self.now
        self._line.clear()
        self._print_alarm(code, self._ask_for_reset if code in CRITICAL else self._obey_reset)

    def _print_alarm(self, code: int, after: Callable[[], None]) -> None:
        """Print an alarm and do nothing for a while (report.c, report_alarm_message); then call `after`."""
        self.say(f"ALARM:{code}")
        self._blocked_until, self._after_alarm, self._reset_asked = self.now + self.firmware.alarm_s, after, False

    def _ask_for_reset(self) -> None:
        """Discard every reset that came before, and wait for another (protocol.c, critical events)."""
        self.message("Reset to continue")
        self._reset_asked = False

    def _obey_reset(self) -> None:
        if self._reset_asked:
            self.boot(alarmed=True)

    def boot(self, alarmed: bool) -> None:
        """Start: clear the buffers, reset the state, send the banner."""
        self._rx.clear()
        self._line.clear()
        self.machine.reset_state(alarmed)
        self.say("")
        self.say(self.firmware.banner)
        if alarmed:
            self.message("'$H'|'$X' to unlock")
        self._main = self._loop()
        self._wait = self.now

    # --- the main program ---

    def _loop(self) -> Iterator[Wait]:
        interpreter = Interpreter(self)
        main = self._main
        if self.machine.state == "Idle":
            yield from interpreter.startup()
        while True:
            yield self._has_line
            text = self._line.decode("latin-1")
            line = text.strip() if text.startswith("$/") and self.firmware.config else strip(text)
            self._line.clear()
            yield self.now + (self.dialog_s if line[:1] == "$" else PARSING_S)
            try:
                if len(line) >= LINE_BYTES:
                    raise GrblError(11)
                if line and line[0] != "$":
                    self.lines += 1
                    self.on_line(self, self.lines, line)
                if self._main is not main:  # reset by this line
                    return
                yield from interpreter.execute(line)
                if self._main is not main:
                    return
                self.say("ok")
            except GrblError as refused:
                self.say(f"error:{refused.code}")

    def _has_line(self) -> bool:
        """Read bytes until a line is complete, which frees the receive buffer. Return whether it is complete."""
        while self._rx:
            byte = self._rx.pop(0)
            if byte in b"\r\n":
                return True
            self._line.append(byte)
        return False

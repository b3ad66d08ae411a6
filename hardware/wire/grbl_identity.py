"""What a GRBL controller says of itself: greeting, version, settings, modes.

Relatives of GRBL answer too: grblHAL, FluidNC and the boards of drawing machines. Their rows differ a little.
"""

import re
from contextlib import suppress

from hardware.wire.grbl_stream import ASK, INCH_DECIMALS, INCH_MM, RESET, GrblStream
from hardware.wire.line_port import POLL_S, SentLine
from hardware.wire.link import Greeting
from hardware.wire.link_errors import Alarmed, LineRefused, Silent, UnclearReply
from hardware.wire.replies import Vector

GREETING_S = 3.0  # the bootloader of an Arduino takes up to two seconds
QUIET_S, DRAIN_S = 0.15, 8.0  # without a byte, all has arrived; the longest time until a reply arrives
READY = {"Idle", "Alarm"}
REPORTS_OFFSET = 32  # bit of grblHAL's $10
# Settings that FluidNC has in its configuration file instead of `$$`, by GRBL's numbers (MachineConfig, Stepping)
IN_CONFIG = {1: "stepping/idle_ms", 11: "junction_deviation_mm", 12: "arc_tolerance_mm", 13: "report_inches"}
ALWAYS_ON = 255  # of idle_ms and $1; FluidNC releases its motors after any other time, also a longer one


class GrblIdentity(GrblStream):
    """The dialogue with which a plot begins, in addition to the stream of lines."""

    _greeted_with = ""  # its banner
    _reports_offset = True  # in its status reports, now and then

    def greet(self) -> Greeting:
        """Wait for a banner or a status report. Raises Silent if neither arrives, and TooOld.

        A controller that is neither idle nor locked answers no `$I` and `$$` (commands.md): its settings stay unknown.
        """
        reset = self._hear_first()
        if not reset and self.status.state not in READY:
            return Greeting("Grbl", False)
        return self.identify(reset=reset)

    def _hear_first(self) -> bool:
        """Wait for a first sign of the controller; return whether it has just started."""
        self._awaits_banner = True
        begun, seen, asked, woken = self.port.now(), self._seen, -1.0, False
        while self._banner is None and self._seen == seen:
            now = self.port.now()
            if now - begun > GREETING_S:
                self._awaits_banner = False
                raise Silent(GREETING_S)
            if not woken and now - begun > GREETING_S * 2 / 3:
                woken = True  # after a limit, it answers nothing but a reset
                self._lines.write(RESET)
            if now - asked > 0.5:
                asked = now
                self._lines.write(ASK)
            with suppress(Alarmed):
                self._listen(POLL_S)
        reset = self._restarted()
        while reset and self._hears_something(0.3):
            pass
        self._awaits_banner = False
        self._banner, self._greeted_with = None, self._banner or ""
        return reset

    def _restarted(self) -> bool:
        return self._banner is not None

    def _hears_something(self, seconds: float) -> bool:
        """Whether something arrives within this time."""
        before = self._lines.heard_at
        self._listen(seconds)
        return self._lines.heard_at != before

    def identify(self, *, reset: bool) -> Greeting:
        """Return what an idle or locked controller says of itself. Raises LinkError."""
        self._drain()
        built = self._ask_for("$I", r"\[(?!HLP:)")
        options = next((row[5:-1].split(",") for row in built if row.startswith("[OPT:")), ["", "", "128"])
        size = int(options[2]) if len(options) > 2 and options[2].isdigit() else 128
        self.room = max(size, 32) - 1
        settings, firmware = self.read_settings(), _firmware(built, self._greeted_with)
        if firmware.startswith("FluidNC"):
            settings |= self._read_config()
        if firmware.startswith("grblHAL"):
            self._reports_offset = bool(int(settings.get(10, REPORTS_OFFSET)) & REPORTS_OFFSET)
        return Greeting(firmware, reset, size, settings, options[0])

    def _drain(self) -> None:
        """Complete half a line that an earlier host may have sent, and wait until all replies have arrived.

        `$` makes it a line that GRBL discards. Raises Silent if that is not answered: a line that is forgotten would
        let every later reply be taken for that of the line before.
        """
        self.outstanding.clear()  # of another host, or lost by a reset
        self.outstanding.append(SentLine(2, None, "$"))
        self._lines.write(b"$\n")
        begun = self.port.now()
        while self.outstanding or self.port.now() - self._lines.heard_at < QUIET_S:
            if self.port.now() - begun > DRAIN_S:
                raise Silent(DRAIN_S)
            with suppress(LineRefused, UnclearReply):
                self._listen(POLL_S)

    def _ask_for(self, text: str, pattern: str) -> list[str]:
        """Ask like `ask`, but take an `ok` before the first row like this for the reply to an earlier line.

        A controller that prints no such row has answered once it stays idle without a word. Raises Silent after a time.
        """
        until = self.port.now() + 2 * DRAIN_S
        try:
            rows = self.ask(text)
            while not any(re.match(pattern, row) for row in rows):
                self.outstanding.append(SentLine(len(text) + 1, None, text))
                while self.outstanding:
                    self.poll(POLL_S)
                    if self.port.now() > until:
                        raise Silent(2 * DRAIN_S)
                rows = list(self._infos)
        except LineRefused:  # a firmware without this command
            return []
        except UnclearReply:
            self.outstanding.clear()
            rows = list(self._infos)
        return [row for row in rows if re.match(pattern, row)]

    def modes(self) -> dict[str, float]:
        """Return the parser's words, such as F: 1800, and codes with the value 1, such as M3: 1 (commands.md, $G)."""
        rows = self._ask_for("$G", r"\[GC:")
        found: dict[str, float] = {}
        for word in rows[-1][4:-1].split() if rows else ():
            value = word[0] in "TFS"
            found[word[0] if value else word] = float(word[1:]) if value else 1.0
        return found

    def read_settings(self) -> dict[int, float]:
        """Return what `$$` lists, by number. Settings are in mm; reports are in inches with $13=1 (settings.md)."""
        found = [re.fullmatch(r"\$(\d+)=([\d.+-]+)(?: .*)?", row) for row in self.ask("$$")]
        settings = {int(match[1]): float(match[2]) for match in found if match}
        self._read_unit(settings)
        return settings

    def _read_unit(self, settings: dict[int, float]) -> None:
        if 13 in settings:
            self._unit_mm = INCH_MM if settings[13] == 1 else 1.0

    def _read_config(self) -> dict[int, float]:
        """Return the settings that FluidNC prints only by their names: `$/report_inches=true` (RuntimeSetting.cpp)."""
        found: dict[int, float] = {}
        for number, name in IN_CONFIG.items():
            with suppress(LineRefused, ValueError):
                rows = [row.partition("=")[2] for row in self.ask(f"$/{name}") if row.startswith(f"$/{name}=")]
                value = {"true": 1.0, "false": 0.0}.get(rows[0]) if rows else None
                found |= {number: float(rows[0]) if value is None else value} if rows else {}
        if found.get(1, ALWAYS_ON) > ALWAYS_ON:
            found[1] = ALWAYS_ON - 1.0
        self._read_unit(found)
        return found

    def read_offset(self) -> Vector:
        """Return the current offset from `$#` and `$G`: the work coordinate system, G92 and the tool length, mm."""
        modes, rows = self.modes(), self._ask_for("$#", r"\[G54:")
        known = {row[1:-1].partition(":")[0]: row[1:-1].partition(":")[2] for row in rows}
        system = next((f"G{number}" for number in range(54, 60) if f"G{number}" in modes), "G54")
        parts = [known[name] for name in (system, "G92") if name in known]
        shift = known.get("TLO", "0")  # of z, unless it has a number for each axis
        parts.append(shift if "," in shift else f"0,0,{shift}")
        inches = any(len(value.partition(".")[2]) == INCH_DECIMALS for value in parts[0].split(","))
        unit = self._unit_mm or (INCH_MM if inches else 1.0)
        x, y, z = (sum(float(part.split(",")[axis]) for part in parts) * unit for axis in range(3))
        return x, y, z

    def change_setting(self, number: int, value: float) -> dict[int, float]:
        """Write a setting by send-and-wait; return all settings as they are then. Raises LinkError."""
        self.run([f"${number}={value:g}"])
        return self.read_settings()

    def ask(self, text: str) -> list[str]:
        """Send a line and return what the controller prints before its `ok`. Raises LinkError."""
        self._infos.clear()
        self.run([text])
        return list(self._infos)


def _firmware(built: list[str], banner: str) -> str:
    """Return `Grbl 1.1h.20190830`, `grblHAL 1.1f.20240101`, `FluidNC v3.7.8`: from `$I`, else from the banner.

    The board of a drawing machine adds its name to one of them: `Grbl 1.1h.20190830 (DrawCore V2.09)`.
    """
    rows = {row[1:-1].partition(":")[0]: row[1:-1].partition(":")[2] for row in built}
    version, _, own = rows.get("VER", "").partition(":")
    if found := re.search(r"FluidNC v?[\d.]+\w*", f"{version} {banner}"):
        return found[0]
    name = rows.get("FIRMWARE", "grblHAL" if banner.startswith("GrblHAL") else "Grbl")
    board = re.search(r"(?:DrawCore|iDraw)\w*(?: V?[\d.]+)?", banner)
    own = own or (board[0] if board else "")
    if version:
        return f"{name} {version}" + (f" ({own})" if own else "")
    return banner.partition(" [")[0] or (f"Grbl {built[0][1:-1]}" if built else "Grbl of an unknown version")

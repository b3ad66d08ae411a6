"""What a GRBL controller says of itself: greeting, version, settings, modes.

Relatives of GRBL answer too: grblHAL, FluidNC and the boards of drawing machines. Their rows differ a little.
"""

import re
from contextlib import suppress

from hardware.wire.grbl_stream import ASK, RESET, GrblStream
from hardware.wire.line_port import POLL_S, SentLine
from hardware.wire.link import Greeting
from hardware.wire.link_errors import Alarmed, LineRefused, Silent, UnclearReply

GREETING_S = 3.0  # the bootloader of an Arduino takes up to two seconds
QUIET_S, DRAIN_S = 0.15, 8.0  # without a byte, all has arrived; the longest time until a reply arrives
READY = {"Idle", "Alarm"}
INCH_MM = 25.4


class GrblIdentity(GrblStream):
    """The dialogue with which a plot begins, in addition to the stream of lines."""

    _greeted_with = ""  # its banner

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
        settings = self.read_settings()
        return Greeting(_firmware(built, self._greeted_with), reset, size, settings, options[0])

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
        self._unit_mm = INCH_MM if settings.get(13) == 1 else 1.0
        return settings

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
    """Return `Grbl 1.1h.20190830`, `grblHAL 1.1f.20240101`, `FluidNC v3.7.8`: from `$I`, else from the banner."""
    rows = {row[1:-1].partition(":")[0]: row[1:-1].partition(":")[2] for row in built}
    version, _, own = rows.get("VER", "").partition(":")
    if found := re.search(r"FluidNC v?[\d.]+\w*", f"{version} {banner}"):
        return found[0]
    name = rows.get("FIRMWARE", "Grbl")
    if version:
        return f"{name} {version}" + (f" ({own})" if own else "")
    return banner.partition(" [")[0] or (f"Grbl {built[0][1:-1]}" if built else "Grbl of an unknown version")

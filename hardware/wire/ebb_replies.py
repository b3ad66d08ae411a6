"""The commands of an EBB that the link uses, and its replies, as the EBB command set documents them.

Source: *EBB (EiBotBoard) Command Set* by Evil Mad Science, for firmware 3 (evil-mad.github.io/EggBot/ebb.html) and for
2.8.1 (evil-mad.github.io/EggBot/ebb2.html); an anchor such as `#SM` names the section. Line ends differ from command
to command in what firmware 3 calls legacy syntax, so replies are read line by line and empty lines are skipped.
"""

import re
from dataclasses import dataclass, field
from typing import Literal

Reply = Literal["ok", "line"]  # ends with `OK`, or is a single line without it

MOST_BYTES = 64  # of a command, with its carriage return (#syntax)
MOST_STEPS_MS = 25  # steps of a motor in a millisecond (#SM)
MOST_PIECE_MS = 100  # so that a stop never waits long behind a command

BUTTON, POWER_LOST, PEN_UP, BUSY = 0x20, 0x40, 0x10, 0x0F  # bits of QG (#QG); BUSY: executing, motors, FIFO
PLUGGED_IN = 200  # of 1023 at the motors' supply (#QC), as NextDraw's own software asks; a plugged-in one has 300

QUERIES: dict[str, tuple[Reply, str]] = {
    "V": ("line", r"(?:V,)?EBB.*Firmware Version (\d+)\.(\d+)\.(\d+)"),  # #V
    "QG": ("line", r"([0-9A-F]{2})"),  # #QG
    "QS": ("ok", r"(-?\d+),(-?\d+)"),  # #QS
    "QC": ("ok", r"(\d+),(\d+)"),  # #QC
    "QL": ("ok", r"(\d+)"),  # #QL
    "QE": ("ok", r"(\d+),(\d+)"),  # #QE, from 2.8.0 on
    "QU,2": ("ok", r"QU,(\d+)"),  # #QU, from 3.0 on
    "ES": ("ok", r"(\d)(?:,.*)?"),  # #ES; 2.x adds the steps that were left
}

Version = tuple[int, int, int]


@dataclass
class BoardCommand:
    """A command on its way. `lines` are those of the job that are finished with it; `ms` its time in the FIFO."""

    text: str
    reply: Reply = "ok"
    pattern: str | None = None  # of the line that a query returns; None: only `OK` is expected
    queued: bool = False  # it goes through the FIFO of moves
    ms: int = 0
    lines: int = 0
    is_moving: bool = False  # the machine moves when it begins
    before: tuple[int, int] = (0, 0)  # counters of the motors before it, and after it
    after: tuple[int, int] = (0, 0)
    heard: list[str] = field(default_factory=list)
    sent_at: float = 0.0
    error: str = ""

    @property
    def found(self) -> tuple[str, ...]:
        """What a query returned, by the groups of its pattern; empty if the reply is not like it."""
        for text in self.heard:
            if self.pattern and (match := re.fullmatch(self.pattern, text)):
                return match.groups()
        return ()

    def take(self, text: str) -> bool:
        """Take a line of the reply; return whether the reply is complete."""
        if text.startswith("!"):
            self.error = text
            return True
        if self.reply == "line":
            self.heard.append(text)
            return True
        if text == "OK":
            return True
        self.heard.append(text)
        return False

    @property
    def is_clear(self) -> bool:
        """Whether the reply is one that the board sends to this command."""
        return not self.error and (bool(self.found) if self.pattern else not self.heard)


def query(text: str) -> BoardCommand:
    reply, pattern = QUERIES[text]
    return BoardCommand(text, reply, pattern)


def move(ms: int, before: tuple[int, int], after: tuple[int, int]) -> BoardCommand:
    """Return the command that makes these steps at an even rate; without steps, it is a wait (#SM)."""
    text = f"SM,{ms},{after[0] - before[0]},{after[1] - before[1]}"
    return BoardCommand(text, queued=True, ms=ms, before=before, after=after)


def pen(up: bool, pin: int, at: tuple[int, int], ms: int = 0) -> BoardCommand:
    """Return the command that raises or lowers the pen to where SC,4 and SC,5 say, and then waits (#SP).

    A pen that is there already makes it a wait, which unlike `SM` leaves motors off that are off (#EM).
    """
    rest = f",{ms or 1},{pin}" if pin != 1 else f",{ms}" if ms else ""
    return BoardCommand(f"SP,{int(up)}{rest}", queued=True, ms=ms, before=at, after=at)

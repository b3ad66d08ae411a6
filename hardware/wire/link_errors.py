"""Faults between the program and a controller. Each stops the stream; `recover` decides what follows."""

from dataclasses import dataclass


class LinkError(Exception):
    """A fault after which no more lines can be sent until it is handled."""


@dataclass
class LineRefused(LinkError):
    """The controller discarded a line: `error:N`. `tag` is its number; None for a line of the sender's own."""

    code: int
    tag: int | None
    text: str


@dataclass
class Alarmed(LinkError):
    """The controller has stopped everything: `ALARM:N`."""

    code: int


@dataclass
class Restarted(LinkError):
    """An unexpected banner: the board was reset or lost power."""

    banner: str


@dataclass
class CableOut(LinkError):
    """The port is gone."""

    why: str


@dataclass
class UnclearReply(LinkError):
    """A reply is unreadable or missing: a line may be lost."""

    text: str  # what was read; empty if nothing arrived
    tag: int | None


@dataclass
class Silent(LinkError):
    """The controller does not answer at all."""

    seconds: float


@dataclass
class TooOld(LinkError):
    """A GRBL before 1.1, whose reports and commands differ."""

    version: str

    def __str__(self) -> str:
        return (
            f"GRBL {self.version} is too old: it has neither the reports nor the jogging that a plot needs; write GRBL"
            " 1.1 to the board (github.com/gnea/grbl), which runs on the same boards"
        )


@dataclass
class Halted(LinkError):
    """The controller reports a state in which it draws nothing and that the sender did not request."""

    state: str


@dataclass
class PowerLost(LinkError):
    """The motors have lost their supply, so that the board counts steps that nothing makes.

    `tag` is the last line that was carried out when they had it for certain; None if there is none.
    """

    tag: int | None

    def __str__(self) -> str:
        return "the motors have lost their power, and with it the position"

"""What can go wrong between the program and a controller. Each stops the stream; `recover` decides what follows."""

from dataclasses import dataclass


class LinkError(Exception):
    """No more lines can be sent until somebody has dealt with this."""


@dataclass
class LineRefused(LinkError):
    """The controller threw a line away: `error:N`. `tag` says which; None: one of the sender's own."""

    code: int
    tag: int | None
    text: str


@dataclass
class Alarmed(LinkError):
    """The controller has stopped everything: `ALARM:N`."""

    code: int


@dataclass
class Restarted(LinkError):
    """An unexpected banner: the board was reset, or had no power."""

    banner: str


@dataclass
class CableOut(LinkError):
    """The port is gone."""

    why: str


@dataclass
class UnclearReply(LinkError):
    """A reply that cannot be read, or has not come: a line may be lost."""

    text: str  # what was read; empty: nothing came
    tag: int | None


@dataclass
class Silent(LinkError):
    """The controller does not answer at all."""

    seconds: float


@dataclass
class Halted(LinkError):
    """The controller reports a state in which it draws nothing, and that the sender has not asked for."""

    state: str

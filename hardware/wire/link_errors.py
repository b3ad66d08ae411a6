"""What can go wrong on the wire. Each stops the stream; what to do then is the plot's affair."""

from dataclasses import dataclass


class Trouble(Exception):
    """Something that keeps lines from being sent on."""


class Ended(Exception):
    """Somebody has ended the plot: `aborted` or `emergency`."""

    def __init__(self, outcome: str) -> None:
        super().__init__(outcome)
        self.outcome = outcome


@dataclass
class Refused(Trouble):
    """The controller threw a line away: `error:N`. `tag` says which; None: one of the sender's own."""

    code: int
    tag: int | None
    text: str


@dataclass
class Alarmed(Trouble):
    """The controller has stopped everything: `ALARM:N`."""

    code: int


@dataclass
class Restarted(Trouble):
    """A banner without being asked for: the board was reset, or had no power."""

    banner: str


@dataclass
class CableOut(Trouble):
    """The port is gone."""

    why: str


@dataclass
class Doubt(Trouble):
    """A reply that cannot be read, or has not come: a line may be lost."""

    text: str  # what was read; empty: nothing came
    tag: int | None


@dataclass
class Silent(Trouble):
    """The controller answers nothing at all."""

    seconds: float


@dataclass
class Halted(Trouble):
    """The controller reports a state in which it draws nothing, and that the sender has not asked for."""

    state: str


class PauseNow(Trouble):
    """A person wants it to stop at once."""

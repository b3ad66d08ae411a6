"""What interrupts a plot because a person wants it."""


class Ended(Exception):
    """Somebody has ended the plot: `aborted` or `emergency`."""

    def __init__(self, outcome: str) -> None:
        super().__init__(outcome)
        self.outcome = outcome


class PauseNow(Exception):
    """A person wants it to stop at once."""

"""One value that the program worked out."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Decision:
    """A field that the spec left open, what it became, and why."""

    field: str  # dotted: `layers.0.curves.count`
    value: str
    why: str

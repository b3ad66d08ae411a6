"""A value that the program planned."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Decision:
    """A field that the spec left open, its value, and the reason."""

    field: str  # dotted: `layers.0.curves.count`
    value: str
    why: str

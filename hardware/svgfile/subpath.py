"""Parts of paths. Points are complex numbers, x + y i, in the path's own units."""

from dataclasses import dataclass, field
from typing import Any

# a line is its end. A curve is a QuadraticBezier, a CubicBezier or an Arc of svgelements, which has no types
Segment = complex | Any


@dataclass
class Subpath:
    """A part of a path that is drawn without lifting the pen."""

    start: complex
    segments: list[Segment] = field(default_factory=list)
    closed: bool = False

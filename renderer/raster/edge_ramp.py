"""How strokes fade at their edges."""

from dataclasses import dataclass


@dataclass(frozen=True)
class EdgeRamp:
    """The ramp of coverage across the edge of a stroke, pixels."""

    softness_px: float = 1.3  # a ramp of this width has the variance of a pixel's box, as in a viewer's anti-aliasing
    gaussian: bool = False


SHARP = EdgeRamp()  # that of the finished drawing
